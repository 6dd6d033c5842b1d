//! The stores that need no server keep their contract.

use std::{
    future::Future as _,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use inhook::{
    store::{BoxStore, Claim, DeadLetterStore, Held, IdempotencyStore, Key, MemoryStore, OrderingStore, Slot},
    testing::{
        ManualClock, StoreHarness, check_dead_letters, check_idempotency, check_ordered_dead_letters, check_ordering,
    },
};
use time::macros::datetime;

#[cfg(feature = "tokio")]
#[path = "../../examples/own_store.rs"]
#[allow(dead_code, reason = "its `main` is for those who run it")]
mod own_store;

/// A [`MemoryStore`], as it is or behind something else.
struct Memory<S> {
    store: MemoryStore,
    time: ManualClock,
    as_is: fn(MemoryStore) -> S,
}

fn memory<S>(as_is: fn(MemoryStore) -> S) -> Memory<S> {
    // Not a whole second: a store that rounds its times down forgets early.
    Memory { store: MemoryStore::new(), time: ManualClock::at(datetime!(2026-01-31 23:59:59.7 UTC)), as_is }
}

impl<S: IdempotencyStore> StoreHarness for Memory<S> {
    type Store = S;
    async fn fresh(&mut self) -> S {
        self.store = MemoryStore::new().clock(self.time.clock());
        (self.as_is)(self.store.clone())
    }
    async fn second(&mut self) -> S {
        (self.as_is)(self.store.clone())
    }
    async fn advance(&mut self, by: Duration) {
        self.time.advance(by);
    }
}

async fn check<S: OrderingStore>(as_is: fn(MemoryStore) -> S) {
    check_idempotency(&mut memory(as_is)).await;
    check_ordering(&mut memory(as_is)).await;
}

async fn check_burials<S: OrderingStore + DeadLetterStore>(as_is: fn(MemoryStore) -> S) {
    check_dead_letters(&mut memory(as_is)).await;
    check_ordered_dead_letters(&mut memory(as_is)).await;
}

#[tokio::test]
async fn memory_store() {
    check(|store| store).await;
    check_burials(|store| store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_store_on_several_threads() {
    check(|store| store).await;
}

#[test]
fn memory_store_without_a_runtime() {
    let mut checks = pin!(check(|store| store));
    // What is not ready gave way to others, and is at once.
    while checks.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
}

#[tokio::test]
async fn shared_store() {
    check(Arc::new).await;
    check_burials(Arc::new).await;
}

#[tokio::test]
async fn boxed_store() {
    check(BoxStore::new).await;
    check(|store| BoxStore::new(BoxStore::new(store))).await;
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn the_example_s_own_store() {
    own_store::prove().await;
}

#[tokio::test]
async fn memory_store_counts_what_it_purges() {
    let mut harness = memory(|store| store);
    let store = harness.fresh().await;
    let slot = |n: i32| Slot::new(Key::new("s", "c", n.to_string()), Duration::from_secs(30), Duration::from_secs(60));
    for n in 0..10 {
        let Claim::Granted(grant) = store.claim(&slot(n)).await.unwrap() else { panic!("not granted") };
        if n % 2 == 0 {
            assert_eq!(store.complete(&slot(n), grant.token, None).await.unwrap(), Held::Yes);
        }
    }
    harness.advance(Duration::from_secs(31)).await;
    assert_eq!(store.purge(3).await.unwrap(), 3);
    assert_eq!(store.purge(3).await.unwrap(), 2);
    assert_eq!(store.purge(3).await.unwrap(), 0);
    harness.advance(Duration::from_secs(30)).await;
    assert_eq!(store.purge(u32::MAX).await.unwrap(), 5);
    assert_eq!(store.purge(u32::MAX).await.unwrap(), 0);
}

#[test]
fn the_checks_can_be_sent_to_another_thread() {
    fn sent<T: Send>(_: T) {}
    sent(check(|store| store));
    sent(check_burials(|store| store));
}
