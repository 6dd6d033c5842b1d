//! All of the crate's integration tests in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(all(feature = "testing", feature = "axum", feature = "actix"))]
mod adapters;
#[cfg(all(feature = "testing", feature = "addresses"))]
mod addresses;
#[cfg(feature = "testing")]
mod advisories;
#[cfg(feature = "testing")]
mod allocations;
#[cfg(feature = "testing")]
mod broken_stores;
#[cfg(feature = "testing")]
mod cached;
#[cfg(all(feature = "testing", feature = "sqlite", feature = "postgres", feature = "redis"))]
mod differential;
#[cfg(all(feature = "testing", feature = "axum", feature = "actix"))]
mod disconnect;
#[cfg(feature = "testing")]
mod claims;
#[cfg(all(feature = "testing", feature = "http-signatures"))]
mod http_signatures;
#[cfg(feature = "testing")]
mod cloud;
#[cfg(all(feature = "testing", feature = "diagnose"))]
mod diagnosis;
#[cfg(feature = "testing")]
mod identity;
#[cfg(any(feature = "testing", feature = "postgres", feature = "sqlite"))]
mod polls;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "testing")]
mod peers;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
mod processes;
#[cfg(feature = "testing")]
mod properties;
#[cfg(feature = "testing")]
mod providers;
#[cfg(all(feature = "testing", feature = "tokio"))]
mod receiver;
#[cfg(feature = "redis")]
mod redis;
#[cfg(all(feature = "testing", feature = "tokio", feature = "asymmetric"))]
mod public_keys;
#[cfg(feature = "testing")]
mod replays;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
mod slots;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "testing")]
mod stores;
mod published;
mod structure;
#[cfg(feature = "testing")]
mod tokens;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod transactions;
#[cfg(feature = "testing")]
mod vectors;
