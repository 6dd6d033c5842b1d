//! What only a server can do: expiry, memory, other processes, death by SIGKILL, hash slots.

#[cfg(feature = "testing")]
#[path = "redis/contract.rs"]
mod contract;
#[path = "redis/expiry.rs"]
mod expiry;
#[path = "redis/processes.rs"]
mod processes;
#[path = "redis/server.rs"]
mod server;
#[path = "redis/trust.rs"]
mod trust;

use std::time::Duration;

use inhook::{
    Answer, Clock, ErrorKind,
    store::{
        Claim, Held, IdempotencyStore, Order, OrderingStore, Place, RedisStore, Slot, Token,
        redis::redis::{AsyncCommands as _, aio::ConnectionManager, cmd},
    },
};
use time::OffsetDateTime;

use self::server::Server;
use crate::slots::{LEASE, REMEMBER, claim, complete, placed, slot};

/// Seen from so much later.
fn later(store: RedisStore, by: Duration) -> RedisStore {
    store.clock(Clock::new(move || OffsetDateTime::now_utc() + by))
}

async fn is_duplicate(store: &RedisStore, slot: &Slot) -> bool {
    matches!(store.claim(slot).await.unwrap(), Claim::Duplicate(_))
}
