//! Stores broken on purpose: each must fail, by the rule that it breaks, or the checks prove nothing.

mod broken;
mod transactions;

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use inhook::{
    Answer, Error,
    store::{Claim, Held, IdempotencyStore, MemoryStore, Slot, Token},
    testing::{
        ManualClock, StoreHarness, TransactionHarness, check_dead_letters, check_idempotency,
        check_ordered_dead_letters, check_ordered_transactions, check_ordering, check_transactions,
    },
};
use time::macros::datetime;

use self::{
    broken::{Broken, Bug, Notes},
    transactions::Conn,
};

struct Harness {
    store: Broken,
    time: ManualClock,
}

impl Harness {
    fn new(bug: Bug) -> Self {
        let time = ManualClock::at(datetime!(2026-01-31 23:59:59.7 UTC));
        let store = Broken { bug, inner: MemoryStore::new(), notes: Arc::default(), time: time.clone() };
        Self { store, time }
    }
}

impl StoreHarness for Harness {
    type Store = Broken;
    async fn fresh(&mut self) -> Broken {
        let inner = MemoryStore::new().clock(self.time.clock());
        self.store = Broken { bug: self.store.bug, inner, notes: Arc::default(), time: self.time.clone() };
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
        ForgetsWhereItBegan => "the first of a sequence keeps its place though it fails",
        PassesOver => "what waits is not passed over by what is higher",
        WaitsAnew => "what failed after a gap has waited already",
        WaitsTooLong => "a sequence that blocks stands still until it is skipped",
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
        ForgetsWhereItBegan => "the first of a sequence that is rolled back keeps its place",
        WaitsAnew => "what was rolled back after a gap has waited already",
    );
}
