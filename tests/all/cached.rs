//! A memory in front of a store passes what the store passes, and never says of anything that it is done when it is not.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use inhook::{
    Answer, Error,
    store::{CachedStore, Claim, Grant, Held, IdempotencyStore, Key, MemoryStore, Slot, Token, TransactionalStore},
    testing::{
        ManualClock, StoreHarness, TransactionHarness, check_dead_letters, check_idempotency,
        check_ordered_dead_letters, check_ordering,
    },
};

use crate::polls::once;

const LEASE: Duration = Duration::from_secs(30);
const REMEMBER: Duration = Duration::from_secs(86_400);

/// No longer than what the suites leave of a mark when they look at it.
const TTL: Duration = Duration::from_secs(1);

/// Another harness, with a memory in front of each store: of its own, as in another process.
pub(crate) struct Cached<H>(pub(crate) H, ManualClock);

impl<H> Cached<H> {
    pub(crate) fn new(harness: H) -> Self {
        Self(harness, ManualClock::new())
    }

    fn before<S>(&self, store: S) -> CachedStore<S> {
        CachedStore::new(store).ttl(TTL).clock(self.1.clock())
    }
}

impl<H: StoreHarness> StoreHarness for Cached<H> {
    type Store = CachedStore<H::Store>;

    async fn fresh(&mut self) -> Self::Store {
        let store = self.0.fresh().await;
        self.before(store)
    }

    async fn second(&mut self) -> Self::Store {
        let store = self.0.second().await;
        self.before(store)
    }

    async fn advance(&mut self, by: Duration) {
        self.0.advance(by).await;
        self.1.advance(by);
    }
}

impl<H: TransactionHarness> TransactionHarness for Cached<H> {
    async fn write(&self, conn: &mut <H::Store as TransactionalStore>::Conn) {
        self.0.write(conn).await;
    }

    async fn written(&self) -> u64 {
        self.0.written().await
    }
}

#[derive(Default)]
struct Memory(MemoryStore, ManualClock);

impl StoreHarness for Memory {
    type Store = MemoryStore;

    async fn fresh(&mut self) -> MemoryStore {
        self.0 = MemoryStore::new().clock(self.1.clock());
        self.0.clone()
    }

    async fn second(&mut self) -> MemoryStore {
        self.0.clone()
    }

    async fn advance(&mut self, by: Duration) {
        self.1.advance(by);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn before_a_store_in_memory_it_passes_the_suites() {
    let mut harness = Cached::new(Memory::default());
    check_idempotency(&mut harness).await;
    check_ordering(&mut harness).await;
    check_dead_letters(&mut harness).await;
    check_ordered_dead_letters(&mut harness).await;
}

#[tokio::test]
async fn before_a_store_in_memory_it_does_as_the_model() {
    crate::claims::plays(400, async |time| {
        CachedStore::new(MemoryStore::new().clock(time.clock())).ttl(TTL).clock(time.clock())
    })
    .await;
}

/// A store that counts how often it is asked, holds its answers back when it is told to, and fails when it is told to.
#[derive(Clone)]
struct Watched {
    store: MemoryStore,
    asked: Arc<AtomicUsize>,
    gate: Arc<tokio::sync::Semaphore>,
    /// Whether what is completed is, and an error is answered all the same.
    fails: Arc<Mutex<Option<bool>>>,
}

impl Watched {
    async fn through<T>(&self, answer: T) -> T {
        drop(self.gate.acquire().await.unwrap());
        answer
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

impl IdempotencyStore for Watched {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let claim = self.store.claim(slot).await;
        self.through(claim).await
    }
    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        self.store.extend(slot, token, lease).await
    }
    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        let fails = *self.fails.lock().unwrap();
        if fails == Some(false) {
            return Err(Error::store("it failed"));
        }
        let held = self.store.complete(slot, token, answer).await;
        let held = if fails == Some(true) { Err(Error::store("it failed, and did it")) } else { held };
        self.through(held).await
    }
    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        self.store.release(slot, token).await
    }
    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        let forgotten = self.store.forget(key).await;
        self.through(forgotten).await
    }
    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.store.purge(limit).await
    }
}

fn watched() -> (CachedStore<Watched>, Watched, ManualClock) {
    let time = ManualClock::new();
    let watched = Watched {
        store: MemoryStore::new().clock(time.clock()),
        asked: Arc::default(),
        gate: Arc::new(tokio::sync::Semaphore::new(1)),
        fails: Arc::default(),
    };
    (CachedStore::new(watched.clone()).clock(time.clock()), watched, time)
}

fn slot(id: &str) -> Slot {
    Slot::new(Key::new("source", "consumer", id), LEASE, REMEMBER)
}

fn printed(id: &str, print: u8, generation: u32) -> Slot {
    let mut slot = slot(id);
    (slot.fingerprint, slot.generation) = (Some([print; 32]), generation);
    slot
}

async fn token<S: IdempotencyStore>(store: &S, slot: &Slot) -> Token {
    match store.claim(slot).await.unwrap() {
        Claim::Granted(grant) => grant.token,
        other => panic!("{other:?}"),
    }
}

async fn done<S: IdempotencyStore>(store: &S, slot: &Slot, answer: &str) {
    let token = token(store, slot).await;
    assert_eq!(store.complete(slot, token, Some(&Answer::text(answer))).await.unwrap(), Held::Yes);
}

async fn said<S: IdempotencyStore>(store: &S, slot: &Slot) -> Answer {
    match store.claim(slot).await.unwrap() {
        Claim::Duplicate(Some(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

/// As far as it comes without anybody's help.
fn begun<F: Future>(future: Pin<&mut F>) {
    assert!(once(future).is_none(), "it was not held back");
}

#[tokio::test]
async fn a_storm_of_retries_does_not_reach_the_store() {
    let (store, watched, time) = watched();
    done(&store, &slot("here"), "here").await;
    done(&watched, &slot("elsewhere"), "elsewhere").await;
    assert_eq!(watched.asked(), 2);
    for _ in 0..1000 {
        assert_eq!(said(&store, &slot("here")).await, Answer::text("here"));
        assert_eq!(said(&store.clone(), &slot("elsewhere")).await, Answer::text("elsewhere"));
    }
    assert_eq!(watched.asked(), 1, "once for what was completed elsewhere");
    time.advance(Duration::from_secs(60));
    said(&store, &slot("here")).await;
    assert_eq!(watched.asked(), 1, "known for a minute");
}

#[tokio::test]
async fn what_is_not_completed_is_asked_for_each_time() {
    let (store, watched, _) = watched();
    let held = token(&store, &slot("a")).await;
    for _ in 0..3 {
        assert!(matches!(store.claim(&slot("a")).await.unwrap(), Claim::Busy { .. }));
    }
    assert_eq!(store.release(&slot("a"), held).await.unwrap(), Held::Yes);
    let held = token(&store, &slot("a")).await;
    assert_eq!(store.complete(&slot("a"), Token(held.0 + 1), None).await.unwrap(), Held::Lost);
    assert!(matches!(store.claim(&slot("a")).await.unwrap(), Claim::Busy { .. }));
    *watched.fails.lock().unwrap() = Some(false);
    assert!(store.complete(&slot("a"), held, None).await.is_err());
    assert!(matches!(store.claim(&slot("a")).await.unwrap(), Claim::Busy { .. }));
    assert_eq!(watched.asked(), 7);
    // Done, and not known to be: the store is asked.
    *watched.fails.lock().unwrap() = Some(true);
    assert!(store.complete(&slot("a"), held, None).await.is_err());
    assert!(matches!(store.claim(&slot("a")).await.unwrap(), Claim::Duplicate(None)));
    assert_eq!(watched.asked(), 1);
}

#[tokio::test]
async fn a_conflict_and_a_redrive_are_the_store_s_to_judge() {
    let (store, watched, _) = watched();
    done(&store, &printed("a", 1, 0), "first").await;
    for _ in 0..3 {
        assert!(matches!(store.claim(&printed("a", 2, 0)).await.unwrap(), Claim::Conflict));
        assert_eq!(said(&store, &printed("a", 1, 0)).await, Answer::text("first"));
        assert_eq!(said(&store, &slot("a")).await, Answer::text("first"));
    }
    assert_eq!(watched.asked(), 4);
    // One that was learned without a fingerprint says nothing of a slot that has one.
    done(&watched, &printed("b", 1, 0), "first").await;
    said(&store, &slot("b")).await;
    assert!(matches!(store.claim(&printed("b", 2, 0)).await.unwrap(), Claim::Conflict));
    let redriven = printed("a", 2, 1);
    let held = token(&store, &redriven).await;
    assert_eq!(said(&store, &printed("a", 1, 0)).await, Answer::text("first"));
    assert_eq!(store.complete(&redriven, held, Some(&Answer::text("second"))).await.unwrap(), Held::Yes);
    assert_eq!(said(&store, &printed("a", 2, 0)).await, Answer::text("second"));
    assert!(matches!(store.claim(&printed("a", 1, 0)).await.unwrap(), Claim::Conflict));
    token(&store, &printed("a", 2, 2)).await;
}

#[tokio::test]
async fn what_was_said_before_a_forget_is_not_learned_after_it() {
    let (store, watched, _) = watched();
    done(&watched, &slot("a"), "first").await;
    // The store has answered, and the answer is still on its way.
    let shut = watched.gate.acquire().await.unwrap();
    let (told, asking) = (slot("a"), slot("a"));
    let mut claim = pin!(store.claim(&asking));
    begun(claim.as_mut());
    let mut forget = pin!(store.forget(&told.key));
    begun(forget.as_mut());
    drop(shut);
    watched.gate.add_permits(9);
    assert!(forget.await.unwrap());
    assert!(matches!(claim.await.unwrap(), Claim::Duplicate(Some(_))), "it was one when the store was asked");
    done(&store, &slot("a"), "second").await;
}

#[tokio::test]
async fn a_completion_that_a_forget_has_overtaken_is_not_learned() {
    let (store, watched, _) = watched();
    let (slot, answer) = (slot("a"), Answer::text("first"));
    let held = token(&store, &slot).await;
    let shut = watched.gate.acquire().await.unwrap();
    let mut complete = pin!(store.complete(&slot, held, Some(&answer)));
    begun(complete.as_mut());
    let mut forget = pin!(store.forget(&slot.key));
    begun(forget.as_mut());
    drop(shut);
    watched.gate.add_permits(9);
    assert!(forget.await.unwrap());
    assert_eq!(complete.await.unwrap(), Held::Yes);
    done(&store, &slot, "second").await;
}

#[tokio::test]
async fn what_was_said_before_a_redrive_is_not_learned_after_it() {
    let (store, watched, _) = watched();
    done(&watched, &slot("a"), "first").await;
    let mut redriven = slot("a");
    redriven.generation = 1;
    let held = token(&store, &redriven).await;
    let shut = watched.gate.acquire().await.unwrap();
    let asking = slot("a");
    let mut claim = pin!(store.claim(&asking));
    begun(claim.as_mut());
    let second = Answer::text("second");
    let mut complete = pin!(store.complete(&redriven, held, Some(&second)));
    begun(complete.as_mut());
    drop(shut);
    watched.gate.add_permits(9);
    assert_eq!(complete.await.unwrap(), Held::Yes);
    assert!(matches!(claim.await.unwrap(), Claim::Duplicate(Some(_))));
    assert_eq!(said(&store, &slot("a")).await, second);
}

#[tokio::test]
async fn a_forget_that_was_broken_off_is_believed() {
    let (store, watched, _) = watched();
    done(&store, &slot("a"), "first").await;
    {
        let _shut = watched.gate.acquire().await.unwrap();
        let told = slot("a");
        let mut forget = pin!(store.forget(&told.key));
        begun(forget.as_mut());
    }
    done(&store, &slot("a"), "second").await;
}

#[tokio::test]
async fn a_long_answer_is_not_kept_and_a_clock_that_goes_back_is_not_believed() {
    let (store, watched, time) = watched();
    let long = "x".repeat(2000);
    done(&store, &slot("a"), &long).await;
    assert_eq!(said(&store, &slot("a")).await, Answer::text(&*long));
    assert_eq!(watched.asked(), 2);
    done(&store, &slot("b"), "short").await;
    let earlier = time.now() - Duration::from_secs(1);
    said(&store.clone().clock(inhook::Clock::new(move || earlier)), &slot("b")).await;
    assert_eq!(watched.asked(), 2);
}

/// What has been forgotten is no duplicate for anybody who asks after that, whatever others hear at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_ask_while_it_is_forgotten_bring_nothing_back() {
    let store = CachedStore::new(MemoryStore::new());
    for round in 0..300 {
        done(&store, &slot("a"), &round.to_string()).await;
        let asks: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for _ in 0..20 {
                        match store.claim(&slot("a")).await.unwrap() {
                            Claim::Granted(grant) => {
                                assert_eq!(store.release(&slot("a"), grant.token).await.unwrap(), Held::Yes);
                            }
                            Claim::Duplicate(Some(answer)) => assert_eq!(answer, Answer::text(round.to_string())),
                            Claim::Busy { .. } => {}
                            other => panic!("{other:?}"),
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        assert!(store.forget(&slot("a").key).await.unwrap());
        match store.claim(&slot("a")).await.unwrap() {
            Claim::Granted(grant) => assert_eq!(store.release(&slot("a"), grant.token).await.unwrap(), Held::Yes),
            Claim::Busy { .. } => {}
            other => panic!("round {round}: {other:?}"),
        }
        for ask in asks {
            ask.await.unwrap();
        }
    }
}
