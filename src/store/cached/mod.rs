//! A memory of what is done, in front of any store.

mod known;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use time::OffsetDateTime;

use self::known::{Asked, Known};
use super::{
    Begun, Blocked, Claim, DeadLetter, DeadLetterStore, Grant, Held, IdempotencyStore, Key, OrderingStore, Rank, Slot,
    Stream, Token, TransactionalStore,
    memory::id::{Id, Names},
};
use crate::{Answer, Clock, Error, Event};

/// What is longer is asked for again: answers are short, and room is for ids.
const LONGEST: usize = 1024;

/// Any store, and in front of it a bounded memory of ids that it has completed: a sender that repeats itself is answered
/// without asking the store.
///
/// It says [`Claim::Duplicate`] only for what the store itself has said is one, or has completed or committed for this
/// handle, and only where the fingerprint is the same: everything else, a conflict included, is the store's to judge. It
/// never says that anything is free. The verbs are those of the store: whatever that keeps, this keeps.
///
/// # What it does not hear of
/// An id is known for [`ttl`](Self::ttl) at most, and for no longer than its [`Slot::remember`] where this process
/// completed it. For so long it does not hear what **another process** did to that id: one that is
/// [forgotten](IdempotencyStore::forget) there is still a duplicate here, and one that is redriven there is still answered
/// with the first answer. Forget by way of every process, or wait for `ttl`, before you have an event sent again. Nor does
/// it hear of a store that has lost what it had committed, or that forgot the id by time meanwhile.
///
/// ```
/// use inhook::store::{CachedStore, MemoryStore};
/// use std::time::Duration;
///
/// let store = CachedStore::new(MemoryStore::new()).capacity(10_000).ttl(Duration::from_secs(10));
/// ```
#[derive(Clone)]
pub struct CachedStore<S> {
    store: S,
    capacity: usize,
    ttl: Duration,
    clock: Clock,
    shared: Arc<(Names, Mutex<Known>)>,
}

impl<S> CachedStore<S> {
    /// In front of `store`: 100 000 ids, each for a minute at most. A clone shares them.
    pub fn new(store: S) -> Self {
        Self {
            store,
            capacity: 100_000,
            ttl: Duration::from_secs(60),
            clock: Clock::system(),
            shared: Arc::new((Names::default(), Mutex::new(Known::new()))),
        }
    }

    /// How many ids are known at most, at about 200 bytes each and up to a kilobyte more with an answer of its own. Of
    /// more, the first are asked for again.
    pub fn capacity(mut self, ids: usize) -> Self {
        self.capacity = ids;
        self
    }

    /// For how long an id is known at most: as long as other processes may be unheard.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Another clock to time the ttl by; the store has its own.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The store behind it.
    pub fn store(&self) -> &S {
        &self.store
    }

    fn id(&self, key: &Key) -> Id {
        self.shared.0.of_key(key)
    }

    /// Of a memory that a panic may have left half written nothing is known.
    fn with<T>(&self, verb: impl FnOnce(&mut Known) -> T) -> Option<T> {
        self.shared.1.lock().ok().map(|mut known| verb(&mut known))
    }

    /// What is known of the slot, or the moment at which the store is asked.
    fn look(&self, slot: &Slot) -> Result<Option<Answer>, Option<Asked>> {
        let (id, now) = (self.id(&slot.key), self.clock.now());
        self.with(|known| known.find(id, slot, now).ok_or_else(|| Some(known.ask(id, now)))).unwrap_or(Err(None))
    }

    fn ask(&self, slot: &Slot) -> Option<Asked> {
        let (id, now) = (self.id(&slot.key), self.clock.now());
        self.with(|known| known.ask(id, now))
    }

    /// What the store's verdict tells.
    fn heard<G>(&self, asked: Option<Asked>, slot: &Slot, claim: &Claim<G>) {
        let Some(asked) = asked else { return };
        match claim {
            Claim::Duplicate(answer) if is_short(answer.as_ref()) => {
                let until = self.until(asked, slot);
                self.with(|known| known.learn(asked, slot, answer.as_ref(), until, self.capacity));
            }
            // There is no mark, or one that this slot is above.
            Claim::Granted(_) => {
                self.with(|known| known.unlearn(asked.id));
            }
            _ => {}
        }
    }

    fn completed(&self, asked: Option<Asked>, slot: &Slot, answer: Option<&Answer>) {
        let Some(asked) = asked else { return };
        let until = self.until(asked, slot);
        self.with(|known| {
            if is_short(answer) {
                known.complete(asked, slot, answer, until, self.capacity);
            } else {
                known.unlearn(asked.id);
            }
        });
    }

    fn until(&self, asked: Asked, slot: &Slot) -> OffsetDateTime {
        let lasts = self.ttl.min(slot.remember);
        asked.at.saturating_add(time::Duration::try_from(lasts).unwrap_or(time::Duration::MAX))
    }
}

fn is_short(answer: Option<&Answer>) -> bool {
    answer.is_none_or(|answer| answer.is_success() || answer.to_record().len() <= LONGEST)
}

impl<S: fmt::Debug> fmt::Debug for CachedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedStore")
            .field("store", &self.store)
            .field("capacity", &self.capacity)
            .field("ttl", &self.ttl)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// Unlearns an id when it goes, however it does.
struct Unlearns<'a, S>(&'a CachedStore<S>, Id);

impl<S> Drop for Unlearns<'_, S> {
    fn drop(&mut self) {
        self.0.with(|known| known.unlearn(self.1));
    }
}

impl<S: IdempotencyStore> IdempotencyStore for CachedStore<S> {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        let asked = match self.look(slot) {
            Ok(answer) => return Ok(Claim::Duplicate(answer)),
            Err(asked) => asked,
        };
        let claim = self.store.claim(slot).await?;
        self.heard(asked, slot, &claim);
        Ok(claim)
    }

    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        self.store.extend(slot, token, lease).await
    }

    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        let asked = self.ask(slot);
        let held = self.store.complete(slot, token, answer).await?;
        if held == Held::Yes {
            self.completed(asked, slot, answer);
        }
        Ok(held)
    }

    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        self.store.release(slot, token).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        let id = self.id(key);
        self.with(|known| known.unlearn(id));
        // What was said meanwhile may have been said before the store forgot.
        let _at_the_end = Unlearns(self, id);
        self.store.forget(key).await
    }

    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.store.purge(limit).await
    }
}

impl<S: OrderingStore> OrderingStore for CachedStore<S> {
    async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, Error> {
        self.store.blocked(after, limit).await
    }

    async fn skip(&self, stream: &Stream, rank: &Rank) -> Result<bool, Error> {
        self.store.skip(stream, rank).await
    }
}

impl<S: TransactionalStore> TransactionalStore for CachedStore<S> {
    type Conn = S::Conn;
    type Tx = S::Tx;

    async fn begin(&self, slot: &Slot) -> Result<Claim<Begun<S::Tx>>, Error> {
        let asked = match self.look(slot) {
            Ok(answer) => return Ok(Claim::Duplicate(answer)),
            Err(asked) => asked,
        };
        let claim = self.store.begin(slot).await?;
        self.heard(asked, slot, &claim);
        Ok(claim)
    }

    async fn commit(&self, tx: S::Tx, slot: &Slot, answer: Option<&Answer>) -> Result<(), Error> {
        let asked = self.ask(slot);
        self.store.commit(tx, slot, answer).await?;
        self.completed(asked, slot, answer);
        Ok(())
    }

    async fn rollback(&self, tx: S::Tx) -> Result<(), Error> {
        self.store.rollback(tx).await
    }
}

impl<S: DeadLetterStore> DeadLetterStore for CachedStore<S> {
    async fn bury(&self, slot: &Slot, token: Token, event: &Event, error: &str) -> Result<Held, Error> {
        let asked = self.ask(slot);
        let held = self.store.bury(slot, token, event, error).await?;
        if held == Held::Yes {
            self.completed(asked, slot, None);
        }
        Ok(held)
    }

    async fn dead_letters(&self, after: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, Error> {
        self.store.dead_letters(after, limit).await
    }

    async fn discard(&self, id: u64) -> Result<bool, Error> {
        self.store.discard(id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    #[tokio::test]
    async fn no_more_is_known_than_there_is_room_for() {
        let store = CachedStore::new(MemoryStore::new()).capacity(10);
        let slot =
            |n: u32| Slot::new(Key::new("s", "c", n.to_string()), Duration::from_secs(9), Duration::from_secs(9));
        for round in 0..5 {
            for n in 0..100 {
                if let Claim::Granted(grant) = store.claim(&slot(n)).await.unwrap() {
                    assert_eq!(store.complete(&slot(n), grant.token, None).await.unwrap(), Held::Yes);
                    assert_eq!(round, 0);
                }
                assert!(!store.forget(&slot(1000 + n).key).await.unwrap());
            }
            let (marks, order) = store.with(|known| known.len()).unwrap();
            assert!(marks <= 10 && order <= 10, "{marks} {order}");
        }
        let roomless = store.clone().capacity(0);
        assert!(matches!(roomless.claim(&slot(0)).await.unwrap(), Claim::Duplicate(None)));
        assert_eq!(store.with(|known| known.len()), Some((0, 0)));
    }
}
