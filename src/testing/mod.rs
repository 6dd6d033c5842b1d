//! For tests of your own.

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
