//! What only servers can do: expiry, memory, other processes, death by SIGKILL, shards, replicas.

#[path = "redis/cluster.rs"]
mod cluster;
#[cfg(feature = "testing")]
#[path = "redis/contract.rs"]
mod contract;
#[path = "redis/expiry.rs"]
mod expiry;
#[path = "redis/failover.rs"]
mod failover;
#[path = "redis/processes.rs"]
mod processes;
#[path = "redis/server.rs"]
pub(crate) mod server;
#[path = "redis/shards.rs"]
mod shards;
#[path = "redis/trust.rs"]
mod trust;

use std::time::Duration;

use inhook::{
    Answer, Clock, ErrorKind, Event, Verifier, dangerous,
    provider::STRIPE,
    store::{
        Claim, DeadLetterStore, Held, IdempotencyStore, Order, OrderingStore, Place, RedisStore, Slot, Token,
        redis::{
            Connection,
            redis::{AsyncCommands as _, cmd},
        },
    },
};
use time::OffsetDateTime;

use self::server::Server;
use crate::slots::{LEASE, REMEMBER, claim, complete, placed, slot};

/// Seen from so much later.
fn later<C: Connection>(store: RedisStore<C>, by: Duration) -> RedisStore<C> {
    store.clock(Clock::new(move || OffsetDateTime::now_utc() + by))
}

async fn is_duplicate(store: &impl IdempotencyStore, slot: &Slot) -> bool {
    matches!(store.claim(slot).await.unwrap(), Claim::Duplicate(_))
}

fn event() -> Event {
    let verifier = Verifier::new(&STRIPE, "whsec_c2VjcmV0").unwrap();
    let body = br#"{"id":"evt_1","type":"invoice.paid","created":1790000000,"data":{"object":{}}}"#;
    let headers = http::HeaderMap::new();
    let delivery = dangerous::unverified(&verifier, (&headers, bytes::Bytes::from_static(body))).unwrap();
    delivery.into_events().remove(0)
}
