//! All in one process, behind one lock: a key and its stream are one step.

mod expiring;
pub(super) mod id;
mod marks;
mod state;
mod streams;
mod twins;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use self::{
    id::{Names, Now},
    state::{Letter, State},
};
use super::{
    Blocked, Claim, DeadLetter, DeadLetterStore, Grant, Held, IdempotencyStore, Key, OrderingStore, Rank, Slot, Stream,
    Token,
};
use crate::{Answer, Clock, Error, Event};

/// One process, lost with it: for tests, and for one server that can take a duplicate after a restart.
///
/// A clone shares what is remembered. An id takes about 100 bytes, some 200 where its sender signs no id and payloads have
/// to be told apart, and more with an answer of its own. What is over is freed by and by as claims come; what is not is
/// never forgotten, so a store that is full fails, and the receiver answers 503: give it room for all that comes within
/// [`Slot::remember`].
///
/// ```
/// use inhook::store::{Claim, IdempotencyStore, Key, MemoryStore, Slot};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), inhook::Error> {
/// let store = MemoryStore::new();
/// let key = Key::new("stripe", "billing", "evt_1");
/// let slot = Slot::new(key, Duration::from_secs(30), Duration::from_secs(31 * 86_400));
/// let Claim::Granted(grant) = store.claim(&slot).await? else { unreachable!() };
/// store.complete(&slot, grant.token, None).await?;
/// assert!(matches!(store.claim(&slot).await?, Claim::Duplicate(None)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<(Names, Mutex<State>)>,
    clock: Clock,
}

impl MemoryStore {
    /// For a million ids.
    pub fn new() -> Self {
        Self::with_capacity(1_000_000)
    }

    /// For `ids` ids, as many streams, as many events that wait for their predecessors, and as many dead letters.
    /// Nothing is allocated before it is needed.
    pub fn with_capacity(ids: usize) -> Self {
        Self { shared: Arc::new((Names::default(), Mutex::new(State::new(ids)))), clock: Clock::system() }
    }

    /// Another clock for this handle and its later clones.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn names(&self) -> &Names {
        &self.shared.0
    }

    fn with<T>(&self, verb: impl FnOnce(&mut State, Now) -> Result<T, Error>) -> Result<T, Error> {
        // The clock is the user's: whatever it does is done before the lock is taken.
        let at = self.clock.since_1970();
        let mut state = self.shared.1.lock().map_err(|_| Error::store("a thread panicked in this store"))?;
        let now = state.now(at);
        verb(&mut state, now)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl IdempotencyStore for MemoryStore {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        let ids = self.names().of_slot(slot);
        self.with(|state, now| state.claim(ids, slot, now))
    }

    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        let ids = self.names().of_slot(slot);
        self.with(|state, now| Ok(state.extend(ids, token, lease, now)))
    }

    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        let ids = self.names().of_slot(slot);
        self.with(|state, now| Ok(state.complete(ids, slot, token, answer, now)))
    }

    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        let ids = self.names().of_slot(slot);
        self.with(|state, _| Ok(state.release(ids, token)))
    }

    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        let id = self.names().of_key(key);
        self.with(|state, now| Ok(state.forget(id, now)))
    }

    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.with(|state, now| Ok(state.purge(limit, now)))
    }
}

impl OrderingStore for MemoryStore {
    async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, Error> {
        self.with(|state, now| Ok(state.blocked(after, limit, now)))
    }

    async fn skip(&self, stream: &Stream, rank: &Rank) -> Result<bool, Error> {
        let id = self.names().of_stream(stream);
        self.with(|state, now| state.skip(id, rank, now))
    }
}

impl DeadLetterStore for MemoryStore {
    async fn bury(&self, slot: &Slot, token: Token, event: &Event, error: &str) -> Result<Held, Error> {
        let (ids, record) = (self.names().of_slot(slot), event.to_record());
        self.with(|state, now| {
            let letter = || Letter {
                key: slot.key.clone(),
                record,
                generation: slot.generation,
                error: error.to_owned(),
                buried_at: now.date(),
            };
            state.bury(ids, slot, token, letter, now)
        })
    }

    async fn dead_letters(&self, after: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, Error> {
        let letters = self.with(|state, _| Ok(state.letters(after, limit)))?;
        let read = |(id, letter): (u64, Letter)| {
            DeadLetter::new(id, letter.key, &letter.record, letter.generation, letter.error, letter.buried_at)
        };
        letters.into_iter().map(read).collect()
    }

    async fn discard(&self, id: u64) -> Result<bool, Error> {
        self.with(|state, _| Ok(state.discard(id)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use time::OffsetDateTime;

    use super::*;
    use crate::{
        ErrorKind,
        place::{Gap, Order, Place},
    };

    const LEASE: Duration = Duration::from_secs(30);
    const REMEMBER: Duration = Duration::from_secs(3600);

    fn store(capacity: usize) -> (MemoryStore, Arc<AtomicI64>) {
        let seconds = Arc::new(AtomicI64::new(0));
        let clock = seconds.clone();
        let now = move || OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(clock.load(Ordering::SeqCst));
        (MemoryStore::with_capacity(capacity).clock(Clock::new(now)), seconds)
    }

    fn slot(id: u32) -> Slot {
        Slot::new(Key::new("source", "consumer", id.to_string()), LEASE, REMEMBER)
    }

    async fn complete(store: &MemoryStore, slot: &Slot) {
        let Claim::Granted(grant) = store.claim(slot).await.unwrap() else { panic!("not granted") };
        assert_eq!(store.complete(slot, grant.token, None).await.unwrap(), Held::Yes);
    }

    #[tokio::test]
    async fn a_full_store_fails_and_forgets_nothing_until_it_is_over() {
        let (store, seconds) = store(3);
        for id in 0..3 {
            complete(&store, &slot(id)).await;
        }
        assert_eq!(store.claim(&slot(3)).await.unwrap_err().kind(), ErrorKind::Store);
        for id in 0..3 {
            assert!(matches!(store.claim(&slot(id)).await.unwrap(), Claim::Duplicate(None)));
        }
        seconds.store(3600, Ordering::SeqCst);
        for id in 3..6 {
            complete(&store, &slot(id)).await;
        }
    }

    #[tokio::test]
    async fn what_is_over_is_freed_as_claims_come() {
        let (store, seconds) = store(1000);
        for id in 0..100 {
            complete(&store, &slot(id)).await;
        }
        seconds.store(3600, Ordering::SeqCst);
        for id in 100..150 {
            complete(&store, &slot(id)).await;
        }
        assert_eq!(store.purge(u32::MAX).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn claims_that_nobody_finished_take_room_until_their_lease_is_over() {
        let (store, seconds) = store(1);
        let _granted = store.claim(&slot(0)).await.unwrap();
        assert!(store.claim(&slot(1)).await.is_err());
        seconds.store(30, Ordering::SeqCst);
        complete(&store, &slot(1)).await;
    }

    /// Whoever wrote one beside their data refuses what comes with a lower one.
    #[tokio::test]
    async fn tokens_go_on_above_those_of_the_process_before() {
        let mut last = None;
        for second in [0, 1, 60] {
            let (store, seconds) = store(1000);
            seconds.store(second, Ordering::SeqCst);
            for id in 0..1000 {
                let Claim::Granted(grant) = store.claim(&slot(id)).await.unwrap() else { panic!("not granted") };
                assert!(last.replace(grant.token) < Some(grant.token));
            }
        }
    }

    #[tokio::test]
    async fn streams_and_what_waits_in_them_are_bounded_too() {
        let (store, _) = store(2);
        let sequence = Order::Sequence { wait: LEASE, on_gap: Gap::Block };
        let placed = |id: u32, stream: &str, rank: u64| {
            let mut slot = slot(id);
            slot.place = Some(Place::new(stream, rank, sequence));
            slot
        };
        complete(&store, &placed(0, "a", 1)).await;
        assert!(matches!(store.claim(&placed(1, "a", 3)).await.unwrap(), Claim::Busy { .. }));
        assert!(matches!(store.claim(&placed(2, "a", 4)).await.unwrap(), Claim::Busy { .. }));
        assert!(store.claim(&placed(3, "a", 5)).await.is_err());
        complete(&store, &placed(4, "a", 2)).await;
        // 3 is to come next, and not to be passed over.
        assert!(store.claim(&placed(3, "a", 5)).await.is_err());
        assert!(store.skip(&slot(0).key.stream("a"), &4_u64.into()).await.unwrap());
        assert!(matches!(store.claim(&placed(3, "a", 5)).await.unwrap(), Claim::Busy { .. }));
        assert!(store.skip(&slot(0).key.stream("b"), &7_u64.into()).await.unwrap());
        assert!(store.skip(&slot(0).key.stream("c"), &7_u64.into()).await.is_err());
        assert!(store.claim(&placed(5, "c", 1)).await.is_err());
    }

    #[tokio::test]
    async fn a_stream_that_was_only_claimed_leaves_nothing() {
        let (store, _) = store(1);
        for stream in ["a", "b", "c"] {
            let mut slot = slot(0);
            slot.place = Some(Place::new(stream, 1_u64, Order::Serial));
            let Claim::Granted(grant) = store.claim(&slot).await.unwrap() else { panic!("not granted") };
            assert_eq!(store.release(&slot, grant.token).await.unwrap(), Held::Yes);
        }
    }
}
