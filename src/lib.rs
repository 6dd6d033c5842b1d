//! Receive webhooks: authenticate them, take each once, in order where you ask, and lose none.
//!
//! ```
//! use inhook::{Event, Handlers, Json, Receiver, Verifier, provider::STRIPE, store::MemoryStore};
//!
//! #[derive(serde::Deserialize)]
//! struct Invoice {
//!     id: String,
//! }
//!
//! let handlers = Handlers::new().on("invoice.paid", async |event: Event<Json<Invoice>>| {
//!     println!("{} is paid", event.payload.0.id);
//!     Ok(())
//! });
//! let stripe = Receiver::builder(Verifier::new(&STRIPE, "whsec_from_the_dashboard")?, MemoryStore::new())
//!     .handle(handlers)?;
//! // With the feature `axum`: Router::new().route_service("/hooks/stripe", stripe)
//! // Anywhere else, from a handler of yours: let response = stripe.receive(request).await;
//! # Ok::<(), inhook::Error>(())
//! ```
//!
//! # The five nouns
//! - A [`Verifier`] turns bytes into a [`Delivery`], or says why not. It needs nothing else here: no store, no runtime.
//! - A [store](store) remembers what is done and who is at it.
//! - [`Handlers`] say what is done with which kind of event.
//! - A [`Receiver`] is the three behind a route: the one way a request goes.
//! - A worker, which handles later what was stored at once, is not here yet.
//!
//! # The one way
//! ```text
//! head → admit (limits) → body → authenticate → envelope (0..n events) → claim (once, in order) → handler → answer
//! ```
//! Nothing of a body is parsed before the signature holds, unless the signature stands in it or is that of a form's
//! fields. No success is answered for an event that is neither done nor kept. What is guaranteed when something dies
//! halfway stands under
#![cfg_attr(any(doc, doctest), doc = "[Which guarantee do I have?](_guarantees)")]
#![cfg_attr(
    any(doc, doctest),
    doc = "What changes where a program only runs while it answers: [In functions](_functions)."
)]
//!
//! # What it does not do
//! - Other databases: [stores](store) of your own are welcome, and `testing` has suites that prove them.
//! - A durable inbox with a worker: not yet. Until then handlers run before the answer.
//! - Sending webhooks, and models of other people's payloads: never. Payloads are your own types.
//!
//! # Features
//! Default is none; each adds and none takes away.
//!
//! | feature | for |
//! | --- | --- |
//! | `tokio` | work that outlives its connection, timeouts, lease renewal, waiting for a busy holder, `close` |
//! | `tower` | `Receiver` as a service for hyper and others |
//! | `axum` | the same with axum's nesting, and the `Webhook` extractor |
//! | `actix` | a handler, an extractor and conversions for actix-web 4 |
//! | `sqlite` | `SqliteStore`: embedded, durable, transactional |
//! | `postgres` | `PgStore`: shared by many machines, durable, transactional |
//! | `redis` | `RedisStore`: shared by many machines, fast, as durable as the Redis is |
//! | `asymmetric` | providers that sign with a private key: Discord, SendGrid, PayPal, AWS SNS, Google Pub/Sub and others |
//! | `fetch` | `HttpKeys`: fetches certificates and sets of keys from their providers' own hosts, and confirms SNS subscriptions |
//! | `http-signatures` | HTTP Message Signatures (RFC 9421) with a digest of the body; with `asymmetric` by public keys too |
//! | `multipart` | multipart forms, which Mailgun's routes send |
//! | `addresses` | `Senders`: who may send by network address, and what a listed proxy says counts |
//! | `testing` | signed requests for every provider, conformance suites for your own store or provider |
//!
//! # Versions
//! Public types come from `http` 1, `bytes` 1, `serde` 1 and `time` 0.3: a new major version of one of them is a new
//! major version here. Those of `axum`, `actix-web`, `sqlx` and `redis` stand only in the modules of their features; a new major
//! version of one of those is a new minor version here before 1.0, and says so in the change log.
#![cfg_attr(inhook_docs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "tokio", feature = "diagnose")),
    allow(
        rustdoc::private_intra_doc_links,
        rustdoc::broken_intra_doc_links,
        reason = "what a feature adds is there with it"
    )
)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![warn(clippy::todo, clippy::dbg_macro, clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

// A module uses only modules that stand above it, as a request travels.
mod clock;
mod object;
mod key_id;
mod error;
mod keys;
mod secret;
mod digest;
mod request;
#[cfg(feature = "addresses")]
mod address;
mod body;
pub mod provider;
#[cfg(feature = "diagnose")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "diagnose")))]
pub mod diagnosis;
mod verify;
mod place;
mod payload;
mod pubsub;
mod s3;
mod event;
pub mod dangerous;
mod answer;
mod func;
mod handlers;
mod rt;
pub mod store;
mod report;
mod receiver;
#[cfg(feature = "fetch")]
mod http_keys;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "axum")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "axum")))]
pub mod axum;
#[cfg(feature = "actix")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "actix")))]
pub mod actix;
#[cfg(feature = "testing")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "testing")))]
pub mod testing;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("docs/guarantees.md")]
pub mod _guarantees {}

#[cfg(any(doc, doctest))]
#[doc = include_str!("docs/functions.md")]
pub mod _functions {}

#[cfg(feature = "addresses")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "addresses")))]
pub use address::{Forwarder, OverTls, PeerAddr, Senders};
pub use answer::Answer;
pub use clock::Clock;
pub use error::{Error, ErrorKind};
pub use event::{Confirmation, Delivery, Event, Headers, Reply};
pub use func::AsyncFunc;
pub use handlers::{Failure, Handlers, TxHandlers};
#[cfg(feature = "fetch")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "fetch")))]
pub use http_keys::HttpKeys;
pub use key_id::{KeyId, KeyMaterial};
pub use keys::{KeySource, StaticKeys};
pub use payload::{Events, Form, Json, Payload, Raw};
pub use place::{Gap, Order, Place, Rank};
pub use provider::Provider;
pub use pubsub::PubSub;
pub use receiver::{Admitted, Builder, Confirm, Receiver, Tenant, Twins};
pub use report::{End, Outcome, Report};
pub use request::Incoming;
pub use s3::{S3Record, S3Records};
pub use secret::Secret;
#[cfg(feature = "asymmetric")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
pub use verify::Trust;
pub use verify::{Field, Tolerance, Verified, Verifier, VerifierBuilder};

#[doc(hidden)]
pub mod __private {
    pub use crate::payload::pick;
}
