//! Receive webhooks.
#![cfg_attr(inhook_docs, feature(doc_cfg))]

mod clock;
mod error;
mod secret;
mod request;
mod body;
pub mod provider;
mod verify;
mod place;
mod payload;
mod event;
pub mod dangerous;
mod answer;
mod func;
mod handlers;
pub mod store;
mod report;
mod receiver;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "axum")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "axum")))]
pub mod axum;
#[cfg(feature = "actix")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "actix")))]
pub mod actix;
#[cfg(feature = "testing")]
pub mod testing;

pub use answer::Answer;
pub use clock::Clock;
pub use error::{Error, ErrorKind};
pub use event::{Delivery, Event, Headers, Reply};
pub use func::AsyncFunc;
pub use handlers::{Failure, Handlers, TxHandlers};
pub use payload::{Events, Form, Json, Payload, Raw};
pub use place::Place;
pub use provider::Provider;
pub use receiver::{Admitted, Builder, Receiver, Tenant, Twins};
pub use report::{End, Outcome, Report};
pub use request::Incoming;
pub use secret::Secret;
pub use verify::{Field, Tolerance, Verified, Verifier, VerifierBuilder};

#[doc(hidden)]
pub mod __private {
    pub use crate::payload::pick;
}
