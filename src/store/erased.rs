use std::time::Duration;

use super::{Claim, DeadLetterStore, Grant, Held, IdempotencyStore, Key, Slot, Token};
use crate::{Answer, Error, Event, handlers::BoxFuture};

/// x
#[derive(Debug)]
pub struct BoxStore;

pub(crate) trait DynStore: Send + Sync {
    fn claim<'a>(&'a self, slot: &'a Slot) -> BoxFuture<'a, Result<Claim<Grant>, Error>>;
    fn extend<'a>(&'a self, slot: &'a Slot, token: Token, lease: Duration) -> BoxFuture<'a, Result<Held, Error>>;
    fn complete<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        answer: Option<&'a Answer>,
    ) -> BoxFuture<'a, Result<Held, Error>>;
    fn release<'a>(&'a self, slot: &'a Slot, token: Token) -> BoxFuture<'a, Result<Held, Error>>;
    fn forget<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, Error>>;
    fn purge(&self, limit: u32) -> BoxFuture<'_, Result<u64, Error>>;
}
pub(crate) trait DynGraves: Send + Sync {
    fn bury<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        event: &'a Event,
        error: &'a str,
    ) -> BoxFuture<'a, Result<Held, Error>>;
}
impl<S: DeadLetterStore> DynGraves for S {
    fn bury<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        event: &'a Event,
        error: &'a str,
    ) -> BoxFuture<'a, Result<Held, Error>> {
        Box::pin(DeadLetterStore::bury(self, slot, token, event, error))
    }
}
impl<S: IdempotencyStore> DynStore for S {
    fn claim<'a>(&'a self, slot: &'a Slot) -> BoxFuture<'a, Result<Claim<Grant>, Error>> {
        Box::pin(IdempotencyStore::claim(self, slot))
    }
    fn extend<'a>(&'a self, slot: &'a Slot, token: Token, lease: Duration) -> BoxFuture<'a, Result<Held, Error>> {
        Box::pin(IdempotencyStore::extend(self, slot, token, lease))
    }
    fn complete<'a>(
        &'a self,
        slot: &'a Slot,
        token: Token,
        answer: Option<&'a Answer>,
    ) -> BoxFuture<'a, Result<Held, Error>> {
        Box::pin(IdempotencyStore::complete(self, slot, token, answer))
    }
    fn release<'a>(&'a self, slot: &'a Slot, token: Token) -> BoxFuture<'a, Result<Held, Error>> {
        Box::pin(IdempotencyStore::release(self, slot, token))
    }
    fn forget<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(IdempotencyStore::forget(self, key))
    }
    fn purge(&self, limit: u32) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(IdempotencyStore::purge(self, limit))
    }
}
