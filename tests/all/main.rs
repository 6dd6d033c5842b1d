//! All of the crate's integration tests in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(feature = "testing")]
mod advisories;
#[cfg(feature = "testing")]
mod identity;
#[cfg(feature = "testing")]
mod providers;
mod structure;
#[cfg(feature = "testing")]
mod vectors;
