use std::{future::Future, sync::Arc, time::Duration};

use super::{
    Begun, Blocked, Claim, DeadLetter, DeadLetterStore, Grant, Held, IdempotencyStore, Key, OrderingStore, Rank, Slot,
    Stream, Token, TransactionalStore,
};
use crate::{Answer, Error, Event};

impl<S: IdempotencyStore> IdempotencyStore for Arc<S> {
    fn claim(&self, slot: &Slot) -> impl Future<Output = Result<Claim<Grant>, Error>> + Send {
        S::claim(self, slot)
    }
    fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> impl Future<Output = Result<Held, Error>> + Send {
        S::extend(self, slot, token, lease)
    }
    fn complete(
        &self,
        slot: &Slot,
        token: Token,
        answer: Option<&Answer>,
    ) -> impl Future<Output = Result<Held, Error>> + Send {
        S::complete(self, slot, token, answer)
    }
    fn release(&self, slot: &Slot, token: Token) -> impl Future<Output = Result<Held, Error>> + Send {
        S::release(self, slot, token)
    }
    fn forget(&self, key: &Key) -> impl Future<Output = Result<bool, Error>> + Send {
        S::forget(self, key)
    }
    fn purge(&self, limit: u32) -> impl Future<Output = Result<u64, Error>> + Send {
        S::purge(self, limit)
    }
}

impl<S: OrderingStore> OrderingStore for Arc<S> {
    fn blocked(&self, after: Option<&Stream>, limit: u32) -> impl Future<Output = Result<Vec<Blocked>, Error>> + Send {
        S::blocked(self, after, limit)
    }
    fn skip(&self, stream: &Stream, rank: &Rank) -> impl Future<Output = Result<bool, Error>> + Send {
        S::skip(self, stream, rank)
    }
}

impl<S: TransactionalStore> TransactionalStore for Arc<S> {
    type Conn = S::Conn;
    type Tx = S::Tx;
    fn begin(&self, slot: &Slot) -> impl Future<Output = Result<Claim<Begun<S::Tx>>, Error>> + Send {
        S::begin(self, slot)
    }
    fn commit(
        &self,
        tx: S::Tx,
        slot: &Slot,
        answer: Option<&Answer>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        S::commit(self, tx, slot, answer)
    }
    fn rollback(&self, tx: S::Tx) -> impl Future<Output = Result<(), Error>> + Send {
        S::rollback(self, tx)
    }
}

impl<S: DeadLetterStore> DeadLetterStore for Arc<S> {
    fn bury(
        &self,
        slot: &Slot,
        token: Token,
        event: &Event,
        error: &str,
    ) -> impl Future<Output = Result<Held, Error>> + Send {
        S::bury(self, slot, token, event, error)
    }
    fn dead_letters(
        &self,
        after: Option<u64>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, Error>> + Send {
        S::dead_letters(self, after, limit)
    }
    fn discard(&self, id: u64) -> impl Future<Output = Result<bool, Error>> + Send {
        S::discard(self, id)
    }
}
