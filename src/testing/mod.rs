//! For tests of your own: requests that a provider could have sent, events for handlers, and suites that a provider of
//! your own passes or fails.
//!
//! Keep the feature `testing` out of what you ship: `[dev-dependencies] inhook = { version = "0.1", features = ["testing"] }`.

mod event;
mod fill;
mod forge;
mod handshake;
mod provider;
mod signed;

pub use self::{
    event::event,
    handshake::handshakes,
    provider::check_provider,
    signed::{Signed, signed},
};
