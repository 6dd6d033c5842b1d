//! Stores broken on purpose: each must fail, by the rule that it breaks, or the checks prove nothing.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use inhook::{
    Answer, Error, Event,
    store::{
        Begun, Blocked, Claim, DeadLetter, DeadLetterStore, Gap, Grant, Held, IdempotencyStore, Key, MemoryStore,
        Order, OrderingStore, Rank, Slot, Stream, Token, TransactionalStore,
    },
    testing::{
        ManualClock, StoreHarness, TransactionHarness, check_dead_letters, check_idempotency,
        check_ordered_dead_letters, check_ordered_transactions, check_ordering, check_transactions,
    },
};
use time::macros::datetime;

use crate::polls::once;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bug {
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
struct Broken {
    bug: Bug,
    inner: MemoryStore,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    holders: HashMap<Key, Token>,
    prints: HashMap<Key, [u8; 32]>,
    seen: HashSet<Key>,
    /// What was granted under another key than it was asked for.
    granted_as: HashMap<Token, Key>,
    /// The key's own count, where tokens are no sequence of the store's.
    tokens: HashMap<(Key, Token), Token>,
    counts: HashMap<Key, u64>,
    rows: u64,
}

impl Broken {
    fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
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

    fn slot(&self, slot: &Slot) -> Slot {
        let mut slot = slot.clone();
        slot.key = self.key(&slot.key);
        match self.bug {
            Bug::ForgetsEarly => slot.remember = slot.remember.saturating_sub(Duration::from_secs(10)),
            Bug::IgnoresGeneration => slot.generation = 0,
            Bug::SeesNoTwins => slot.twins = false,
            Bug::IgnoresOrder => slot.place = None,
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
        let claim = self.inner.claim(slot).await?;
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

/// What is written in a transaction counts once it is committed.
struct Tx {
    conn: Conn,
    store: Broken,
    /// Until it has ended.
    open: Option<(Slot, Token)>,
}

struct Conn {
    rows: u64,
    at_once: Option<Arc<Mutex<Notes>>>,
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some((slot, token)) = self.open.take()
            && !self.store.has(Bug::KeepsWhatIsDropped)
        {
            // A [`MemoryStore`] waits for nothing.
            let released = once(self.store.inner.release(&slot, token)).expect("it waits");
            assert_eq!(released.unwrap(), Held::Yes);
        }
    }
}

impl TransactionalStore for Broken {
    type Conn = Conn;
    type Tx = Tx;

    async fn begin(&self, slot: &Slot) -> Result<Claim<Begun<Tx>>, Error> {
        let mut slot = self.slot(slot);
        slot.lease = Duration::from_secs(1 << 40);
        let mut claim = self.inner.claim(&slot).await?;
        tokio::task::yield_now().await;
        if matches!(claim, Claim::Busy { .. }) && self.has(Bug::BeginsTwice) {
            slot.key.id.push_str(" twice");
            slot.place = None;
            claim = self.inner.claim(&slot).await?;
        }
        Ok(claim.map(|grant| {
            let at_once = self.has(Bug::WritesOutsideOfTheTransaction).then(|| self.notes.clone());
            let open = Some((slot, grant.token));
            let mut begun = Begun::new(Tx { conn: Conn { rows: 0, at_once }, store: self.clone(), open });
            begun.twin = grant.twin && !self.has(Bug::TellsNoTwinInATransaction);
            begun.gap = grant.gap && !self.has(Bug::TellsNoGapInATransaction);
            begun
        }))
    }

    async fn commit(&self, mut tx: Tx, _: &Slot, answer: Option<&Answer>) -> Result<(), Error> {
        let (slot, token) = tx.open.take().unwrap();
        self.notes().rows += tx.conn.rows;
        let held = match self.bug {
            Bug::CommitsNoMark => self.inner.release(&slot, token).await?,
            _ => self.inner.complete(&slot, token, answer).await?,
        };
        if held == Held::Yes { Ok(()) } else { Err(Error::store("lost")) }
    }

    async fn rollback(&self, mut tx: Tx) -> Result<(), Error> {
        let (slot, token) = tx.open.take().unwrap();
        let held = match self.bug {
            Bug::RollsBackToDone => self.inner.complete(&slot, token, None).await?,
            _ => self.inner.release(&slot, token).await?,
        };
        if held == Held::Yes { Ok(()) } else { Err(Error::store("lost")) }
    }
}

struct Harness {
    store: Broken,
    time: ManualClock,
}

impl Harness {
    fn new(bug: Bug) -> Self {
        let store = Broken { bug, inner: MemoryStore::new(), notes: Arc::default() };
        Self { store, time: ManualClock::at(datetime!(2026-01-31 23:59:59.7 UTC)) }
    }
}

impl StoreHarness for Harness {
    type Store = Broken;
    async fn fresh(&mut self) -> Broken {
        let inner = MemoryStore::new().clock(self.time.clock());
        self.store = Broken { bug: self.store.bug, inner, notes: Arc::default() };
        self.store.clone()
    }
    async fn second(&mut self) -> Broken {
        self.store.clone()
    }
    async fn advance(&mut self, by: Duration) {
        self.time.advance(by);
    }
}

impl TransactionHarness for Harness {
    async fn write(&self, conn: &mut Conn) {
        match &conn.at_once {
            Some(notes) => notes.lock().unwrap().rows += 1,
            None => conn.rows += 1,
        }
    }
    async fn written(&self) -> u64 {
        self.store.notes().rows
    }
}

/// What the check says of a store with this bug.
async fn verdict<F: Future<Output = ()> + Send + 'static>(bug: Bug, check: impl FnOnce(Harness) -> F) -> String {
    match tokio::spawn(check(Harness::new(bug))).await {
        Ok(()) => "it passes".to_owned(),
        Err(failed) => *failed.into_panic().downcast::<String>().unwrap(),
    }
}

/// Each store fails, by the rule whose name begins so; the one without a bug passes.
macro_rules! fails {
    ($check:ident: $($bug:ident => $rule:literal),+ $(,)?) => {
        let mut wrong = Vec::new();
        for (bug, expected) in [(Bug::None, "it passes"), $((Bug::$bug, concat!("the store breaks the contract: ", $rule))),+] {
            let verdict = verdict(bug, async |mut harness| $check(&mut harness).await).await;
            if !verdict.starts_with(expected) {
                wrong.push(format!("{bug:?}: {verdict}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    };
}

#[tokio::test]
async fn the_check_of_idempotency_finds_what_is_broken() {
    fails!(check_idempotency:
        NoFencing => "a released key is free and its token stays used",
        LooksThenActs => "of many claims at once one is granted",
        MarksBeforeTheEffect => "a held key is busy until its lease runs out",
        TokensStartAnewForEachKey => "tokens rise and none is used twice",
        ReleasesNothing => "a released key is free",
        ExtendsNothing => "extend holds for so long from now",
        LosesAnswers => "a duplicate gets the answer that was stored",
        ConflictWhileHeld => "a held key is busy whatever its fingerprint",
        IgnoresTenant => "keys are compared column by column",
        IgnoresConsumer => "keys are compared column by column",
        JoinsColumns => "keys are compared column by column",
        FoldsCase => "keys are compared column by column",
        ForgetsEarly => "a mark is remembered for so long from its completion",
        PurgesWhatStands => "a mark is remembered",
        PurgesTooMuch => "purge removes in chunks",
        IgnoresGeneration => "forget",
        SeesTwinsEverywhere => "a twin is told where it is asked for",
        SeesNoTwins => "a twin is told where it is asked for",
    );
}

#[tokio::test]
async fn the_check_of_order_finds_what_is_broken() {
    fails!(check_ordering:
        IgnoresOrder => "a stream has one holder at a time",
        StaleApplies => "latest drops what is older",
        ForgetsTombstones => "nothing of the same or a lower rank comes after a tombstone",
        MovesTheMarkOnRelease => "only completion moves the mark",
        IgnoresGeneration => "a redrive keeps the order",
        NeverWaits => "a claim that waits for its stream",
        SkipsNothing => "a sequence that blocks stands still until it is skipped",
        ListsNothingBlocked => "a sequence that blocks stands still until it is skipped",
        ListsOnePageOnly => "blocked streams are listed page by page",
        IgnoresTenant => "streams are compared column by column",
        IgnoresConsumer => "streams are compared column by column",
        WaitsTooLong => "a gap is waited for since the first claim",
        ProceedsWhereItBlocks => "a sequence that blocks stands still until it is skipped",
        SeesNoGap => "a sequence that proceeds leaves the missing one behind",
        FencesTheKeyOnly => "a lost holder of a stream changes nothing",
    );
}

#[tokio::test]
async fn the_check_of_dead_letters_finds_what_is_broken() {
    fails!(check_dead_letters:
        BuriesForAnybody => "who lost the claim buries nothing",
        ListsTheNewestFirst => "dead letters are listed page by page",
        DiscardsTheMark => "what is buried is completed",
        IgnoresGeneration => "a redriven event is of the next generation",
    );
    fails!(check_ordered_dead_letters:
        MovesTheMarkOnBurial => "a burial frees the stream and leaves its mark",
        StaleApplies => "a burial frees the stream",
    );
}

#[tokio::test]
async fn the_check_of_transactions_finds_what_is_broken() {
    fails!(check_transactions:
        WritesOutsideOfTheTransaction => "a rollback leaves nothing",
        KeepsWhatIsDropped => "a transaction that is dropped leaves nothing",
        TellsNoTwinInATransaction => "a transaction is told of its twin",
        CommitsNoMark => "a commit keeps mark answer and writes",
        BeginsTwice => "a second transaction is not granted",
        RollsBackToDone => "a rollback leaves nothing",
        IgnoresTenant => "a transaction is judged as a claim is",
        IgnoresGeneration => "a redrive that is rolled back leaves the mark",
        ForgetsEarly => "a mark of a transaction is remembered",
    );
    fails!(check_ordered_transactions:
        TellsNoGapInATransaction => "a transaction waits for its predecessor",
        RollsBackToDone => "a rollback leaves the mark",
        CommitsNoMark => "a commit moves the mark",
        IgnoresOrder => "a commit moves the mark",
        ForgetsTombstones => "a tombstone is committed as any",
        NeverWaits => "a transaction waits for its predecessor",
    );
}
