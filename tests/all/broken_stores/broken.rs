//! One store with any of the bugs.

use std::{
    collections::{HashMap, HashSet},
    sync::MutexGuard,
};

use inhook::{
    Event,
    store::{Blocked, DeadLetter, DeadLetterStore, Gap, Grant, Key, Order, OrderingStore, Place, Rank, Stream},
};
use time::OffsetDateTime;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bug {
    None,
    // Once.
    NoFencing,
    FencesTheKeyOnly,
    LooksThenActs,
    MarksBeforeTheEffect,
    TokensStartAnewForEachKey,
    ReleasesNothing,
    ExtendsNothing,
    LosesAnswers,
    ConflictWhileHeld,
    // Scope.
    IgnoresTenant,
    IgnoresConsumer,
    JoinsColumns,
    FoldsCase,
    // Memory.
    ForgetsEarly,
    PurgesWhatStands,
    PurgesTooMuch,
    IgnoresGeneration,
    SeesTwinsEverywhere,
    SeesNoTwins,
    SeesNoGap,
    // Order.
    IgnoresOrder,
    StaleApplies,
    ForgetsTombstones,
    MovesTheMarkOnRelease,
    NeverWaits,
    WaitsTooLong,
    ProceedsWhereItBlocks,
    ForgetsWhereItBegan,
    PassesOver,
    WaitsAnew,
    SkipsNothing,
    ListsNothingBlocked,
    ListsOnePageOnly,
    // Dead letters.
    BuriesForAnybody,
    MovesTheMarkOnBurial,
    ListsTheNewestFirst,
    DiscardsTheMark,
    // Transactions.
    WritesOutsideOfTheTransaction,
    KeepsWhatIsDropped,
    TellsNoTwinInATransaction,
    TellsNoGapInATransaction,
    CommitsNoMark,
    BeginsTwice,
    RollsBackToDone,
}

/// A [`MemoryStore`] with one bug, and transactions that are good enough for one process.
#[derive(Clone)]
pub(super) struct Broken {
    pub(super) bug: Bug,
    pub(super) inner: MemoryStore,
    pub(super) notes: Arc<Mutex<Notes>>,
    pub(super) time: ManualClock,
}

#[derive(Default)]
pub(super) struct Notes {
    holders: HashMap<Key, Token>,
    prints: HashMap<Key, [u8; 32]>,
    seen: HashSet<Key>,
    /// What was granted under another key than it was asked for.
    granted_as: HashMap<Token, Key>,
    /// The key's own count, where tokens are no sequence of the store's.
    tokens: HashMap<(Key, Token), Token>,
    counts: HashMap<Key, u64>,
    /// In which something was completed.
    pub(super) streams: HashSet<Stream>,
    /// Since when what is busy in a sequence has waited.
    busy: HashMap<Key, OffsetDateTime>,
    /// What was let go of, and is another event from then on.
    pub(super) anew: HashSet<Key>,
    pub(super) rows: u64,
}

impl Broken {
    pub(super) fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    fn key(&self, key: &Key) -> Key {
        match self.bug {
            Bug::IgnoresTenant => Key::new(&*key.source, &*key.consumer, &*key.id),
            Bug::IgnoresConsumer => {
                let mut key = key.clone();
                key.consumer.clear();
                key
            }
            Bug::JoinsColumns => {
                let tenant = key.tenant.iter().map(|tenant| format!("{tenant}/")).collect::<String>();
                Key::new("", "", format!("{}/{tenant}{}/{}", key.source, key.consumer, key.id))
            }
            Bug::FoldsCase => {
                let mut key = key.clone();
                key.id = key.id.to_lowercase();
                key
            }
            _ => key.clone(),
        }
    }

    pub(super) fn slot(&self, slot: &Slot) -> Slot {
        let mut slot = slot.clone();
        slot.key = self.key(&slot.key);
        let is_sequence = slot.place.as_ref().is_some_and(|place| matches!(place.order, Order::Sequence { .. }));
        match self.bug {
            Bug::ForgetsEarly => slot.remember = slot.remember.saturating_sub(Duration::from_secs(10)),
            Bug::IgnoresGeneration => slot.generation = 0,
            Bug::SeesNoTwins => slot.twins = false,
            Bug::IgnoresOrder => slot.place = None,
            Bug::WaitsAnew if is_sequence && self.notes().anew.contains(&slot.key) => slot.key.id.push_str(" anew"),
            _ => {}
        }
        if let Some(place) = &mut slot.place {
            match (self.bug, place.order) {
                (Bug::StaleApplies, Order::Latest) | (Bug::NeverWaits, Order::Sequence { .. }) => {
                    place.order = Order::Serial;
                }
                (Bug::WaitsTooLong, Order::Sequence { wait, on_gap }) => {
                    place.order = Order::Sequence { wait: wait * 2, on_gap };
                }
                (Bug::ProceedsWhereItBlocks, Order::Sequence { wait, .. }) => {
                    place.order = Order::Sequence { wait, on_gap: Gap::Proceed };
                }
                (Bug::ForgetsTombstones, _) => place.last = false,
                (Bug::ForgetsWhereItBegan, _) if !self.notes().streams.contains(&slot.key.stream(&*place.stream)) => {
                    place.order = Order::Serial;
                }
                _ => {}
            }
        }
        slot
    }

    /// The slot and the token that the inner store knows.
    fn known(&self, slot: &Slot, token: Token) -> (Slot, Token) {
        let (mut slot, notes) = (self.slot(slot), self.notes());
        let token = notes.tokens.get(&(slot.key.clone(), token)).copied().unwrap_or(token);
        if let Some(key) = notes.granted_as.get(&token) {
            slot.key = key.clone();
        }
        (slot, token)
    }

    fn holder(&self, slot: &Slot, token: Token) -> Token {
        self.notes().holders.get(&slot.key).copied().unwrap_or(token)
    }

    async fn claim_once(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        let mut claim = self.inner.claim(slot).await?;
        if let (Bug::PassesOver, Claim::Busy { .. }, Some(place)) = (self.bug, &claim, &slot.place)
            && let Order::Sequence { wait, on_gap: Gap::Proceed } = place.order
        {
            // It looks at nobody but itself.
            let now = self.time.now();
            let since = *self.notes().busy.entry(slot.key.clone()).or_insert(now);
            if now - since >= wait {
                let mut at_once = slot.clone();
                at_once.place = Some(Place::new(&*place.stream, place.rank.clone(), Order::Serial));
                claim = self.inner.claim(&at_once).await?;
                claim = claim.map(|mut grant| {
                    grant.gap = true;
                    grant
                });
            }
        }
        if let Claim::Granted(grant) = &claim {
            self.notes().holders.insert(slot.key.clone(), grant.token);
        }
        Ok(claim)
    }
}

impl IdempotencyStore for Broken {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        let mut slot = self.slot(slot);
        if self.has(Bug::LooksThenActs) {
            let free = !self.notes().seen.contains(&slot.key);
            tokio::task::yield_now().await;
            if free && !self.notes().seen.insert(slot.key.clone()) {
                // Too late, and nobody looks again.
                let asked = slot.key.clone();
                slot.key.id = format!("{} by {:?}", asked.id, self.notes().granted_as.len());
                let claim = self.claim_once(&slot).await?;
                if let Claim::Granted(grant) = &claim {
                    self.notes().granted_as.insert(grant.token, slot.key);
                }
                return Ok(claim);
            }
        }
        let mut claim = self.claim_once(&slot).await?;
        match (&mut claim, self.bug) {
            (Claim::Granted(grant), Bug::MarksBeforeTheEffect) => {
                let held = self.inner.complete(&slot, grant.token, None).await?;
                assert_eq!(held, Held::Yes);
            }
            (Claim::Granted(grant), Bug::TokensStartAnewForEachKey) => {
                let mut notes = self.notes();
                let count = notes.counts.entry(slot.key.clone()).or_default();
                *count += 1;
                let token = Token(*count);
                notes.tokens.insert((slot.key, token), grant.token);
                grant.token = token;
            }
            (Claim::Granted(grant), Bug::SeesTwinsEverywhere) => grant.twin = slot.twins,
            (Claim::Granted(grant), Bug::SeesNoGap) => grant.gap = false,
            (Claim::Granted(_), Bug::ConflictWhileHeld) => {
                if let Some(print) = slot.fingerprint {
                    self.notes().prints.insert(slot.key, print);
                }
            }
            (Claim::Busy { .. }, Bug::ConflictWhileHeld) => {
                let differs = slot.fingerprint.is_some_and(|new| self.notes().prints.get(&slot.key) != Some(&new));
                return Ok(if differs { Claim::Conflict } else { claim });
            }
            _ => {}
        }
        Ok(claim)
    }

    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        let (slot, token) = self.known(slot, token);
        if self.has(Bug::ExtendsNothing) {
            // It only looks whether the token still holds.
            return self.inner.extend(&slot, token, Duration::from_secs(1)).await;
        }
        self.inner.extend(&slot, token, lease).await
    }

    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        let (mut slot, token) = self.known(slot, token);
        self.notes().streams.extend(slot.place.as_ref().map(|place| slot.key.stream(&*place.stream)));
        match self.bug {
            Bug::NoFencing => self.inner.complete(&slot, self.holder(&slot, token), answer).await,
            Bug::MarksBeforeTheEffect => Ok(Held::Yes),
            Bug::FencesTheKeyOnly => {
                let held = self.inner.complete(&slot, token, answer).await?;
                slot.place = None;
                match self.inner.claim(&slot).await? {
                    Claim::Granted(free) if held == Held::Lost => self.inner.complete(&slot, free.token, answer).await,
                    _ => Ok(held),
                }
            }
            Bug::LosesAnswers => self.inner.complete(&slot, token, None).await,
            _ => self.inner.complete(&slot, token, answer).await,
        }
    }

    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        let (slot, token) = self.known(slot, token);
        match self.bug {
            Bug::NoFencing => self.inner.release(&slot, self.holder(&slot, token)).await,
            Bug::WaitsAnew => {
                self.notes().anew.insert(slot.key.clone());
                self.inner.release(&slot, token).await
            }
            Bug::ReleasesNothing => self.inner.extend(&slot, token, slot.lease).await,
            Bug::MovesTheMarkOnRelease if slot.place.is_some() => {
                let held = self.inner.complete(&slot, token, None).await?;
                self.inner.forget(&slot.key).await?;
                Ok(held)
            }
            _ => self.inner.release(&slot, token).await,
        }
    }

    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        self.inner.forget(&self.key(key)).await
    }

    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        if self.has(Bug::PurgesWhatStands) {
            let keys: Vec<Key> = self.notes().holders.keys().cloned().collect();
            for key in keys {
                self.inner.forget(&key).await?;
            }
        }
        self.inner.purge(if self.has(Bug::PurgesTooMuch) { u32::MAX } else { limit }).await
    }
}

impl OrderingStore for Broken {
    async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, Error> {
        match self.bug {
            Bug::ListsNothingBlocked => Ok(Vec::new()),
            Bug::ListsOnePageOnly if after.is_some() => Ok(Vec::new()),
            _ => self.inner.blocked(after, limit).await,
        }
    }

    async fn skip(&self, stream: &Stream, rank: &Rank) -> Result<bool, Error> {
        if self.has(Bug::SkipsNothing) { Ok(true) } else { self.inner.skip(stream, rank).await }
    }
}

impl DeadLetterStore for Broken {
    async fn bury(&self, slot: &Slot, token: Token, event: &Event, error: &str) -> Result<Held, Error> {
        let (slot, token) = self.known(slot, token);
        let token = if self.has(Bug::BuriesForAnybody) { self.holder(&slot, token) } else { token };
        let held = self.inner.bury(&slot, token, event, error).await?;
        match self.bug {
            Bug::DiscardsTheMark => _ = self.inner.forget(&slot.key).await?,
            Bug::MovesTheMarkOnBurial if slot.place.is_some() => {
                let mut moves = slot;
                moves.key.id.push_str(" moves");
                if let Claim::Granted(grant) = self.inner.claim(&moves).await? {
                    _ = self.inner.complete(&moves, grant.token, None).await?;
                }
            }
            _ => {}
        }
        Ok(held)
    }

    async fn dead_letters(&self, after: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, Error> {
        let mut letters = self.inner.dead_letters(after, limit).await?;
        if self.has(Bug::ListsTheNewestFirst) {
            letters.reverse();
        }
        Ok(letters)
    }

    async fn discard(&self, id: u64) -> Result<bool, Error> {
        self.inner.discard(id).await
    }
}
