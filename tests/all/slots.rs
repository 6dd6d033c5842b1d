//! What the tests of stores on disks and servers ask of them, again and again.

use std::{fmt::Debug, time::Duration};

use inhook::{
    Answer,
    store::{Claim, Grant, Held, IdempotencyStore, Key, Order, Place, Slot, Token},
};

pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const REMEMBER: Duration = Duration::from_secs(86_400);

pub(crate) fn slot(id: &str) -> Slot {
    Slot::new(Key::new("stripe", "orders", id), LEASE, REMEMBER)
}

pub(crate) fn placed(id: &str, stream: &str, rank: u64, order: Order) -> Slot {
    let mut slot = slot(id);
    slot.place = Some(Place::new(stream, rank, order));
    slot
}

/// Of a claim or a transaction that must be granted.
pub(crate) fn granted<G: Debug>(claim: Claim<G>) -> G {
    match claim {
        Claim::Granted(granted) => granted,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn claim(store: &impl IdempotencyStore, slot: &Slot) -> Grant {
    granted(store.claim(slot).await.unwrap())
}

pub(crate) async fn complete(store: &impl IdempotencyStore, slot: &Slot) -> Token {
    let token = claim(store, slot).await.token;
    assert_eq!(store.complete(slot, token, Some(&Answer::text("done"))).await.unwrap(), Held::Yes);
    token
}
