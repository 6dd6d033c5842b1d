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
pub mod store;

pub use answer::Answer;
pub use clock::Clock;
pub use error::{Error, ErrorKind};
pub use event::{Delivery, Event, Headers, Reply};
pub use payload::{Events, Form, Json, Payload, Raw};
pub use provider::Provider;
pub use request::Incoming;
pub use secret::Secret;
pub use verify::{Field, Tolerance, Verified, Verifier, VerifierBuilder};

#[doc(hidden)]
pub mod __private {
    pub use crate::payload::pick;
}
