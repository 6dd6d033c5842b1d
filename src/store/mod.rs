//! What remembers: which events are done, which are being handled, and how far each stream has come.
//!
//! A store of your own implements [`IdempotencyStore`], and whichever of [`OrderingStore`], [`TransactionalStore`] and
//! [`DeadLetterStore`] it can keep. Write plain `async fn`s; the `check_*` functions of `inhook::testing` (feature
//! `testing`) prove the contract that stands at each verb here, `examples/own_store.rs` is a whole one.
//!
//! # The contract
//! - Every verb is **one atomic step**: never look first and write then.
//! - **Time is the store's**: what is passed in are durations.
//! - A [`Token`] comes from one sequence a store and is never used twice. A holder whose key, or whose stream, was
//!   granted to somebody else since is told [`Held::Lost`], and nothing is changed. A store may say `Lost` as soon as
//!   the lease has run out.
//! - A mark is never forgotten before its [`remember`](Slot::remember) has passed. A store that is full answers an error.
//! - Source, tenant, consumer and id are compared one by one: joined into one text, two keys could look alike.

mod cached;
mod erased;
mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
mod shared;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod verdict;

use std::{future::Future, ops::DerefMut, time::Duration};

use time::OffsetDateTime;

pub(crate) use self::erased::{DynGraves, DynStore};
#[cfg(feature = "postgres")]
pub use self::postgres::PgStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
pub use self::{cached::CachedStore, erased::BoxStore, memory::MemoryStore};
pub use crate::place::{Gap, Key, Order, Place, Rank, Stream, Token};
use crate::{Answer, Delivery, Error, Event};

/// What a store is asked to hold.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Slot {
    /// What the event is remembered under.
    pub key: Key,
    /// SHA-256 of what stays the same of it from retry to retry; compared only where both sides have one.
    pub fingerprint: Option<[u8; 32]>,
    /// Whether to look for the fingerprint under other keys, and say so in [`Grant::twin`].
    pub twins: bool,
    /// Only ever `Some` for a store that is an [`OrderingStore`].
    pub place: Option<Place>,
    /// For how long nobody else gets it, by the store's clock.
    pub lease: Duration,
    /// For how long it is remembered once it is completed.
    pub remember: Duration,
    /// Raised by a redrive: a mark of a lower generation is neither a duplicate nor a conflict. Order is kept.
    pub generation: u32,
}

impl Slot {
    /// A slot of generation 0 with no fingerprint and no place.
    pub fn new(key: Key, lease: Duration, remember: Duration) -> Self {
        Self { key, fingerprint: None, twins: false, place: None, lease, remember, generation: 0 }
    }
}

/// What became of a claim.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Claim<G> {
    /// It is the caller's: handle it.
    Granted(G),
    /// Completed before, with what was answered then.
    Duplicate(Option<Answer>),
    /// Completed before under the same key, with another fingerprint.
    Conflict,
    /// Its stream has already gone past this rank.
    Stale,
    /// Somebody else holds the key (whatever its fingerprint: they may yet fail) or its stream, or a predecessor is
    /// missing. Never a success.
    Busy {
        /// When it is worth another try; above zero.
        retry_after: Duration,
    },
}

impl<G> Claim<G> {
    /// The same claim with what `f` makes of the grant: for stores around other stores.
    pub fn map<H>(self, f: impl FnOnce(G) -> H) -> Claim<H> {
        match self {
            Self::Granted(grant) => Claim::Granted(f(grant)),
            Self::Duplicate(answer) => Claim::Duplicate(answer),
            Self::Conflict => Claim::Conflict,
            Self::Stale => Claim::Stale,
            Self::Busy { retry_after } => Claim::Busy { retry_after },
        }
    }
}

/// A claim that was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// What the later verbs name it by.
    pub token: Token,
    /// The same fingerprint stands, completed and not yet forgotten, under another key of the same source, tenant and
    /// consumer. Only looked for where [`Slot::twins`] asks.
    pub twin: bool,
    /// It comes after a gap: a predecessor was waited for in vain, and [`Gap::Proceed`] goes on without.
    pub gap: bool,
}

impl Grant {
    /// A grant without a twin, after no gap.
    pub fn new(token: Token) -> Self {
        Self { token, twin: false, gap: false }
    }
}

/// A transaction that holds a mark.
#[derive(Debug)]
#[non_exhaustive]
pub struct Begun<T> {
    /// What the handler writes through.
    pub tx: T,
    /// As [`Grant::twin`].
    pub twin: bool,
    /// As [`Grant::gap`].
    pub gap: bool,
}

impl<T> Begun<T> {
    /// One without a twin, after no gap.
    pub fn new(tx: T) -> Self {
        Self { tx, twin: false, gap: false }
    }
}

/// Whether the token still held when the verb was done; with `Lost` nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Held {
    /// It did, and the verb took effect.
    Yes,
    /// It did not.
    Lost,
}

/// Remembers which events have been handled.
///
/// # Errors
/// Every verb fails with [`Error::store`]; the receiver answers 503 then, and the provider sends again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store",
    note = "use `MemoryStore`, `SqliteStore`, `PgStore` or `RedisStore`, or implement `inhook::store::IdempotencyStore`"
)]
pub trait IdempotencyStore: Send + Sync + 'static {
    /// Takes the key, and its place in its stream, if both are free. Judged in this order:
    ///
    /// 1. The key is completed, in the slot's generation or a later one: [`Claim::Conflict`] if both fingerprints are
    ///    known and differ, else [`Claim::Duplicate`].
    /// 2. The key is held under a lease that has not run out: [`Claim::Busy`]. One that has run out is free.
    /// 3. With a place, see [`OrderingStore`].
    /// 4. [`Claim::Granted`], under a token higher than any before, and said to have a [twin](Grant::twin) where
    ///    [`Slot::twins`] asks and there is one.
    fn claim(&self, slot: &Slot) -> impl Future<Output = Result<Claim<Grant>, Error>> + Send;

    /// Holds key and stream for `lease` from now.
    fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> impl Future<Output = Result<Held, Error>> + Send;

    /// Marks the key as done for [`Slot::remember`], keeps the answer for duplicates, and moves the stream's mark to
    /// the slot's place unless it is further already.
    fn complete(
        &self,
        slot: &Slot,
        token: Token,
        answer: Option<&Answer>,
    ) -> impl Future<Output = Result<Held, Error>> + Send;

    /// As if it had never been claimed; the token stays used, and a sequence has [begun](OrderingStore). A key that was
    /// completed in a lower generation is completed again.
    fn release(&self, slot: &Slot, token: Token) -> impl Future<Output = Result<Held, Error>> + Send;

    /// Forgets a completed key, so that its next delivery is handled again; `false` where there was none. Streams stay
    /// as they are.
    fn forget(&self, key: &Key) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Removes at most `limit` of what is over: marks past their `remember`, claims whose lease has run out, streams
    /// without a tombstone that nobody holds and that are past the `remember` of every event that they have seen. Says how
    /// many.
    fn purge(&self, limit: u32) -> impl Future<Output = Result<u64, Error>> + Send;
}

/// Promises that every claim honours [`Slot::place`].
///
/// A stream has a mark: the highest rank that was completed in it, or what a sequence began just above. Only
/// [`complete`](IdempotencyStore::complete) and [`commit`](TransactionalStore::commit) move it, never a failed, released
/// or buried event. A claim with a place is judged in this order, in one step with its key:
///
/// 1. The stream is held under a lease that has not run out, by another key: [`Claim::Busy`].
/// 2. The mark is a tombstone and this rank is not above it (a second tombstone of an equal rank is): [`Claim::Stale`].
///    A higher rank applies and, when completed, takes the tombstone away unless it is one itself.
/// 3. [`Order::Latest`]: a rank below the mark is [`Claim::Stale`].
/// 4. [`Order::Sequence`]: where there is no mark, any rank is granted, and the mark is set to just below it in the same
///    step: to [`Rank::previous`], or to the empty rank if there is none. A rank below the mark is stale; the mark's own is
///    granted, and the next; after the empty rank any comes next that nothing is just below. A higher one is noted as
///    waiting since its first claim, and [`Claim::Busy`] until it has waited [`wait`](Order::Sequence::wait). Then
///    [`Gap::Block`] keeps it busy, and [`Gap::Proceed`] grants it, as one that comes after a [gap](Grant::gap), unless a
///    lower rank is noted whose first claim is not yet twice its own `wait` ago.
///
/// Else an event would be lost that fails at first, or that was told to wait: it would be stale when it comes back. So the
/// mark at which a sequence began stays whatever becomes of the claim that set it: released, lapsed, buried or rolled back.
/// It is forgotten as any is, once the [`remember`](Slot::remember) of every claim that came to it has passed. And what is
/// noted is noted until it is completed, committed, buried or stale, or the mark has come to its rank: who was granted and
/// failed has waited already.
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no order",
    note = "`ordered_by` needs a store that implements `inhook::store::OrderingStore`, such as `MemoryStore`, `SqliteStore`, `PgStore` or `RedisStore`"
)]
pub trait OrderingStore: IdempotencyStore {
    /// The streams in which an event has waited for longer than its `wait`, sorted, from just after `after`. What holds the
    /// stream under a lease that has not run out does not wait, nor does what comes next after the mark.
    fn blocked(&self, after: Option<&Stream>, limit: u32) -> impl Future<Output = Result<Vec<Blocked>, Error>> + Send;

    /// Moves the stream's mark to just below `rank` ([`Rank::previous`]), so that its next claim is granted; `false`
    /// where the mark stands there or further, or `rank` is not from a number.
    fn skip(&self, stream: &Stream, rank: &Rank) -> impl Future<Output = Result<bool, Error>> + Send;
}

/// A stream that stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocked {
    /// Which one.
    pub stream: Stream,
    /// The lowest that waits: what [`OrderingStore::skip`] wants.
    pub rank: Rank,
    /// When that one was first claimed.
    pub since: OffsetDateTime,
    /// How many wait, those included that have not waited long enough to be blocked.
    pub waiting: u64,
}

impl Blocked {
    /// For a store to make.
    pub fn new(stream: Stream, rank: Rank, since: OffsetDateTime, waiting: u64) -> Self {
        Self { stream, rank, since, waiting }
    }
}

/// Marks events in the transaction that a handler writes through.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no transactions to share with a handler",
    note = "`handle_in_tx` needs a store that implements `inhook::store::TransactionalStore`, such as `SqliteStore` or `PgStore`; `handle` does not"
)]
pub trait TransactionalStore: IdempotencyStore {
    /// What a handler writes through.
    type Conn: Send + 'static;
    /// Rolls back when dropped; its connection never goes back to a pool with the transaction open.
    type Tx: DerefMut<Target = Self::Conn> + Send + 'static;

    /// Begins a transaction that already holds the completed mark of `slot`, judged as by
    /// [`claim`](IdempotencyStore::claim). There is no lease and no token: until it ends nobody else gets the key or its
    /// stream, and [`Slot::lease`] bounds nothing. Where it [begins](OrderingStore) a sequence, that is written before, in a
    /// step of its own.
    fn begin(&self, slot: &Slot) -> impl Future<Output = Result<Claim<Begun<Self::Tx>>, Error>> + Send;

    /// Keeps the answer, moves the stream's mark to the slot's place, and commits with the handler's writes.
    fn commit(
        &self,
        tx: Self::Tx,
        slot: &Slot,
        answer: Option<&Answer>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// As if it had never begun, but for a sequence that [began](OrderingStore) with it.
    fn rollback(&self, tx: Self::Tx) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Keeps what no retry will help, until somebody has looked at it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no dead letters",
    note = "`dead_letters` needs a store that implements `inhook::store::DeadLetterStore`"
)]
pub trait DeadLetterStore: IdempotencyStore {
    /// Keeps the event, and completes its claim in the same step, with no answer. It does not move the stream's mark.
    fn bury(
        &self,
        slot: &Slot,
        token: Token,
        event: &Event,
        error: &str,
    ) -> impl Future<Output = Result<Held, Error>> + Send;

    /// The oldest first, from just after the one with this id.
    fn dead_letters(
        &self,
        after: Option<u64>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, Error>> + Send;

    /// Removes one; `false` where there was none. The event's mark stays.
    fn discard(&self, id: u64) -> impl Future<Output = Result<bool, Error>> + Send;
}

/// An event that no retry would have helped.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter {
    /// From one sequence a store.
    pub id: u64,
    /// What the event is remembered under.
    pub key: Key,
    /// The event as it came. It holds personal data, as the provider sent it.
    pub event: Event,
    /// Why it was buried.
    pub error: String,
    /// When, by the store's clock.
    pub buried_at: OffsetDateTime,
    generation: u32,
}

impl DeadLetter {
    /// For a store to make, from the record that [`Event::to_record`] made and the buried slot's generation.
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if `record` is not one.
    pub fn new(
        id: u64,
        key: Key,
        record: &[u8],
        generation: u32,
        error: impl Into<String>,
        buried_at: OffsetDateTime,
    ) -> Result<Self, Error> {
        let event = crate::dangerous::event_from_record(record)?;
        Ok(Self { id, key, event, error: error.into(), buried_at, generation })
    }

    /// The event once more, in the next generation, so that it is not a duplicate; it is stale if its stream has gone
    /// past it. It is remembered under [`key`](Self::key), so only a receiver of its provider, its consumer and, if it has
    /// one, its tenant takes it. [`dispatch`](crate::Receiver::dispatch) it, and [`discard`](DeadLetterStore::discard) this letter once the report
    /// is settled; a kind that no handler takes is not. One that ended as [`Stale`](crate::End::Stale) was gone past, and
    /// nothing was done with it: look before you discard that.
    ///
    /// ```
    /// use inhook::{End, Error, Receiver, store::DeadLetterStore};
    ///
    /// /// Those that are there now: what fails for good once more is buried anew.
    /// async fn redrive<S: DeadLetterStore>(store: &S, receiver: &Receiver) -> Result<(), Error> {
    ///     for letter in store.dead_letters(None, 1000).await? {
    ///         let report = receiver.dispatch(letter.redrive()).await;
    ///         let stale = report.outcomes().iter().any(|outcome| matches!(outcome.end, End::Stale));
    ///         if report.settled() && !stale {
    ///             store.discard(letter.id).await?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn redrive(&self) -> Delivery {
        let mut event = self.event.clone();
        event.inner.generation = self.generation.saturating_add(1);
        event.inner.redriven = Some(Box::new(self.key.clone()));
        Delivery::of_record(event)
    }
}
