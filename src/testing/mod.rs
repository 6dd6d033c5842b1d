//! For tests of your own: requests that a provider could have sent, events for handlers, and suites that a provider or a
//! store of your own passes or fails.
//!
//! Keep the feature `testing` out of what you ship: `[dev-dependencies] inhook = { version = "0.1", features = ["testing"] }`.
//!
//! # A store of your own
//! Implement [`StoreHarness`] for a type of your test, and call the check of each trait that the store implements. They
//! never sleep: time is what the harness says.
//!
//! | the store implements | call |
//! | --- | --- |
//! | [`IdempotencyStore`](crate::store::IdempotencyStore) | [`check_idempotency`] |
//! | [`OrderingStore`](crate::store::OrderingStore) | [`check_ordering`] |
//! | [`TransactionalStore`](crate::store::TransactionalStore) | [`check_transactions`], with a [`TransactionHarness`]; with order [`check_ordered_transactions`] too |
//! | [`DeadLetterStore`](crate::store::DeadLetterStore) | [`check_dead_letters`]; with order [`check_ordered_dead_letters`] too |
//!
//! They run on any runtime. Where claims must meet, they are polled by turns, and then made in tasks of the tokio
//! runtime that the check runs on, if the feature `tokio` is on, else in threads of their own: turn that feature on for a
//! store that needs tokio. A runtime with several workers shows more.

mod clock;
mod event;
mod fill;
#[cfg(feature = "asymmetric")]
mod foreign;
mod forge;
mod handshake;
mod harness;
#[cfg(feature = "asymmetric")]
mod keys;
mod place;
mod provider;
mod signed;
mod tokens;
mod suite;

#[cfg(feature = "asymmetric")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
pub use self::keys::{TEST_ROOT, certificates, public_key, token_keys};
pub use self::{
    clock::ManualClock,
    event::event,
    handshake::handshakes,
    harness::{StoreHarness, TransactionHarness},
    provider::{check_provider, verifier_for},
    signed::{Signed, signed},
    suite::{
        check_dead_letters, check_idempotency, check_ordered_dead_letters, check_ordered_transactions, check_ordering,
        check_transactions,
    },
};
