//! Stores whose type does not show.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use super::{
    Blocked, Claim, DeadLetterStore, Grant, Held, IdempotencyStore, Key, OrderingStore, Rank, Slot, Stream, Token,
};
use crate::{Answer, Error, Event};

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Any [`IdempotencyStore`].
pub(crate) trait DynStore: Send + Sync {
    fn claim<'a>(&'a self, slot: &'a Slot) -> Boxed<'a, Claim<Grant>>;
    fn extend<'a>(&'a self, slot: &'a Slot, token: Token, lease: Duration) -> Boxed<'a, Held>;
    fn complete<'a>(&'a self, slot: &'a Slot, token: Token, answer: Option<&'a Answer>) -> Boxed<'a, Held>;
    fn release<'a>(&'a self, slot: &'a Slot, token: Token) -> Boxed<'a, Held>;
    fn forget<'a>(&'a self, key: &'a Key) -> Boxed<'a, bool>;
    fn purge(&self, limit: u32) -> Boxed<'_, u64>;
}

impl<S: IdempotencyStore> DynStore for S {
    fn claim<'a>(&'a self, slot: &'a Slot) -> Boxed<'a, Claim<Grant>> {
        Box::pin(IdempotencyStore::claim(self, slot))
    }
    fn extend<'a>(&'a self, slot: &'a Slot, token: Token, lease: Duration) -> Boxed<'a, Held> {
        Box::pin(IdempotencyStore::extend(self, slot, token, lease))
    }
    fn complete<'a>(&'a self, slot: &'a Slot, token: Token, answer: Option<&'a Answer>) -> Boxed<'a, Held> {
        Box::pin(IdempotencyStore::complete(self, slot, token, answer))
    }
    fn release<'a>(&'a self, slot: &'a Slot, token: Token) -> Boxed<'a, Held> {
        Box::pin(IdempotencyStore::release(self, slot, token))
    }
    fn forget<'a>(&'a self, key: &'a Key) -> Boxed<'a, bool> {
        Box::pin(IdempotencyStore::forget(self, key))
    }
    fn purge(&self, limit: u32) -> Boxed<'_, u64> {
        Box::pin(IdempotencyStore::purge(self, limit))
    }
}

/// Any [`OrderingStore`].
trait DynOrder: DynStore {
    fn blocked<'a>(&'a self, after: Option<&'a Stream>, limit: u32) -> Boxed<'a, Vec<Blocked>>;
    fn skip<'a>(&'a self, stream: &'a Stream, rank: &'a Rank) -> Boxed<'a, bool>;
}

impl<S: OrderingStore> DynOrder for S {
    fn blocked<'a>(&'a self, after: Option<&'a Stream>, limit: u32) -> Boxed<'a, Vec<Blocked>> {
        Box::pin(OrderingStore::blocked(self, after, limit))
    }
    fn skip<'a>(&'a self, stream: &'a Stream, rank: &'a Rank) -> Boxed<'a, bool> {
        Box::pin(OrderingStore::skip(self, stream, rank))
    }
}

/// Where a [`DeadLetterStore`] buries.
pub(crate) trait DynGraves: Send + Sync {
    fn bury<'a>(&'a self, slot: &'a Slot, token: Token, event: &'a Event, error: &'a str) -> Boxed<'a, Held>;
}

impl<S: DeadLetterStore> DynGraves for S {
    fn bury<'a>(&'a self, slot: &'a Slot, token: Token, event: &'a Event, error: &'a str) -> Boxed<'a, Held> {
        Box::pin(DeadLetterStore::bury(self, slot, token, event, error))
    }
}

/// Any store that keeps order, for where its type must not show; `handle_in_tx` and dead letters need the type.
#[derive(Clone)]
pub struct BoxStore(Arc<dyn DynOrder>);

impl BoxStore {
    /// A clone shares `store`.
    pub fn new(store: impl OrderingStore) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for BoxStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxStore")
    }
}

impl IdempotencyStore for BoxStore {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        self.0.claim(slot).await
    }
    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        self.0.extend(slot, token, lease).await
    }
    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        self.0.complete(slot, token, answer).await
    }
    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        self.0.release(slot, token).await
    }
    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        self.0.forget(key).await
    }
    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.0.purge(limit).await
    }
}

impl OrderingStore for BoxStore {
    async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, Error> {
        self.0.blocked(after, limit).await
    }
    async fn skip(&self, stream: &Stream, rank: &Rank) -> Result<bool, Error> {
        self.0.skip(stream, rank).await
    }
}
