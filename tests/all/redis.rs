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
        Claim, Grant, Held, IdempotencyStore, Key, Order, OrderingStore, Place, RedisStore, Slot, Token,
        redis::redis::{AsyncCommands as _, aio::ConnectionManager, cmd},
    },
};
use time::OffsetDateTime;

use self::server::Server;

const LEASE: Duration = Duration::from_secs(60);
const REMEMBER: Duration = Duration::from_secs(86_400);

fn slot(id: &str) -> Slot {
    Slot::new(Key::new("stripe", "orders", id), LEASE, REMEMBER)
}

fn placed(id: &str, stream: &str, rank: u64, order: Order) -> Slot {
    let mut slot = slot(id);
    slot.place = Some(Place::new(stream, rank, order));
    slot
}

/// Seen from so much later.
fn later(store: RedisStore, by: Duration) -> RedisStore {
    store.clock(Clock::new(move || OffsetDateTime::now_utc() + by))
}

async fn claim(store: &RedisStore, slot: &Slot) -> Grant {
    match store.claim(slot).await.unwrap() {
        Claim::Granted(grant) => grant,
        other => panic!("{other:?}"),
    }
}

async fn complete(store: &RedisStore, slot: &Slot) -> Token {
    let token = claim(store, slot).await.token;
    assert_eq!(store.complete(slot, token, Some(&Answer::text("done"))).await.unwrap(), Held::Yes);
    token
}

async fn is_duplicate(store: &RedisStore, slot: &Slot) -> bool {
    matches!(store.claim(slot).await.unwrap(), Claim::Duplicate(_))
}
