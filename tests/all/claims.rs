//! Any sequence of a store's verbs ends as in a model that is plain enough to be read against the contract.

mod model;

use std::time::Duration;

use inhook::{
    Answer,
    store::{Claim, Gap, Held, Key, MemoryStore, Order, OrderingStore, Place, Rank, Slot, Token},
    testing::ManualClock,
};
use proptest::{collection::vec, prelude::*, sample::select};
use time::{OffsetDateTime, macros::datetime};

use self::model::{Model, Verdict};

/// A whole second, and so is all that is added: a store may round, and here nothing is there to be rounded.
const START: OffsetDateTime = datetime!(2026-11-21 06:41 UTC);
const LONG: u64 = 10_000_000;
const UNTOLD: u64 = 31 * 86_400;

#[derive(Clone, Debug)]
enum Op {
    Claim(Ask),
    Extend(usize, u64),
    Complete(usize, Option<&'static str>),
    Release(usize),
    Forget(usize),
    Purge(u32),
    Advance(u64),
    Skip(usize, u64),
    Blocked,
}

#[derive(Clone, Debug)]
struct Ask {
    key: usize,
    print: Option<u8>,
    place: Option<(&'static str, u64, Order, bool)>,
    lease: u64,
    remember: u64,
    generation: u32,
}

/// Five in one scope, and two that are like the first in all but one column.
fn key(at: usize) -> Key {
    let (source, consumer) = ("source", "consumer");
    match at {
        0..=4 => Key::new(source, consumer, at.to_string()),
        5 => Key::new(source, consumer, "0").tenant(""),
        _ => Key::new(source, "other", "0"),
    }
}

fn ask() -> impl Strategy<Value = Ask> {
    let wait = Duration::from_secs(20);
    let orders = vec![
        Order::Serial,
        Order::Latest,
        Order::Sequence { wait, on_gap: Gap::Block },
        Order::Sequence { wait, on_gap: Gap::Proceed },
        Order::Sequence { wait: Duration::ZERO, on_gap: Gap::Proceed },
    ];
    let place = (select(vec!["a", "b"]), 0..7_u64, select(orders), proptest::bool::weighted(0.2));
    let what = (0..7_usize, proptest::option::of(0..2_u8), proptest::option::weighted(0.7, place));
    let times = (select(vec![10, 30]), select(vec![15, 60, 300]), prop_oneof![4 => Just(0), 1 => 1..3_u32]);
    (what, times).prop_map(|((key, print, place), (lease, remember, generation))| {
        // How long a stream is kept is what no two claims of it need agree on: that is tried elsewhere.
        let remember = if place.is_some() { LONG } else { remember };
        Ask { key, print, place, lease, remember, generation }
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        10 => ask().prop_map(Op::Claim),
        6 => (0..4_usize, select(vec![None, Some(""), Some("text")])).prop_map(|(at, text)| Op::Complete(at, text)),
        2 => (0..4_usize).prop_map(Op::Release),
        2 => (0..4_usize, select(vec![5, 40])).prop_map(|(at, lease)| Op::Extend(at, lease)),
        4 => select(vec![1, 9, 20, 70]).prop_map(Op::Advance),
        1 => (0..7_usize).prop_map(Op::Forget),
        1 => select(vec![0, 1, u32::MAX]).prop_map(Op::Purge),
        1 => (0..4_usize, 0..9_u64).prop_map(|(stream, rank)| Op::Skip(stream, rank)),
        1 => Just(Op::Blocked),
    ]
}

impl Ask {
    fn slot(&self, twins: bool) -> Slot {
        let mut slot = Slot::new(key(self.key), Duration::from_secs(self.lease), Duration::from_secs(self.remember));
        slot.fingerprint = self.print.map(|print| [print; 32]);
        slot.twins = twins;
        slot.generation = self.generation;
        slot.place = self.place.map(|(stream, rank, order, last)| {
            let place = Place::new(stream, rank, order);
            if last { place.last() } else { place }
        });
        slot
    }
}

/// Does all of it with both, and compares every outcome.
async fn play<S: OrderingStore>(store: S, time: ManualClock, twins: bool, ops: &[Op]) -> Result<(), TestCaseError> {
    assert_eq!(time.now(), START);
    let mut model = Model::new(twins);
    let (mut grants, mut last): (Vec<(Ask, Token)>, _) = (Vec::new(), Token(0));
    for op in ops {
        let grant = |at: usize| grants.len().checked_sub(at + 1).map(|at| grants[at].clone());
        match op {
            Op::Claim(ask) => {
                let expected = model.claim(ask);
                let found = match store.claim(&ask.slot(twins)).await.unwrap() {
                    Claim::Granted(grant) => {
                        prop_assert!(grant.token > last);
                        last = grant.token;
                        model.granted(ask, last);
                        grants.push((ask.clone(), last));
                        Verdict::Granted(grant.twin)
                    }
                    Claim::Duplicate(answer) => Verdict::Duplicate(answer),
                    Claim::Conflict => Verdict::Conflict,
                    Claim::Stale => Verdict::Stale,
                    Claim::Busy { retry_after } => {
                        prop_assert!(!retry_after.is_zero() && retry_after <= Duration::from_secs(40));
                        Verdict::Busy
                    }
                    other => return Err(TestCaseError::fail(format!("{other:?}"))),
                };
                prop_assert_eq!(found, expected, "{:?}", op);
            }
            Op::Extend(at, lease) => {
                let Some((ask, token)) = grant(*at) else { continue };
                let lasts = Duration::from_secs(*lease);
                let held = store.extend(&ask.slot(twins), token, lasts).await.unwrap();
                prop_assert_eq!(held, model.holds(&ask, token).unwrap_or(held), "{:?}", op);
                if held == Held::Yes {
                    model.granted(&Ask { lease: *lease, ..ask }, token);
                }
            }
            Op::Complete(at, text) => {
                let Some((ask, token)) = grant(*at) else { continue };
                let answer = text.map(|t| if t.is_empty() { Answer::success() } else { Answer::text(t) });
                let held = store.complete(&ask.slot(twins), token, answer.as_ref()).await.unwrap();
                prop_assert_eq!(held, model.holds(&ask, token).unwrap_or(held), "{:?}", op);
                if held == Held::Yes {
                    model.completed(&ask, answer);
                }
            }
            Op::Release(at) => {
                let Some((ask, token)) = grant(*at) else { continue };
                let held = store.release(&ask.slot(twins), token).await.unwrap();
                prop_assert_eq!(held, model.holds(&ask, token).unwrap_or(held), "{:?}", op);
                if held == Held::Yes {
                    model.released(&ask);
                }
            }
            Op::Forget(at) => {
                let known = model.forget(*at);
                prop_assert_eq!(store.forget(&key(*at)).await.unwrap(), known);
            }
            Op::Purge(limit) => {
                prop_assert!(store.purge(*limit).await.unwrap() <= u64::from(*limit));
                if *limit == u32::MAX {
                    prop_assert_eq!(store.purge(1).await.unwrap(), 0);
                }
            }
            Op::Advance(by) => {
                model.now += by;
                time.advance(Duration::from_secs(*by));
            }
            Op::Skip(at, rank) => {
                let stream = key([0, 0, 5, 6][*at]).stream(["a", "b", "a", "a"][*at]);
                let skipped = model.skip(&stream, *rank);
                prop_assert_eq!(store.skip(&stream, &Rank::from(*rank)).await.unwrap(), skipped, "{:?}", op);
            }
            Op::Blocked => {
                let found = store.blocked(None, u32::MAX).await.unwrap();
                prop_assert_eq!(&found, &model.blocked(&found));
            }
        }
    }
    prop_assert!(model.now < UNTOLD && grants.len() <= ops.len());
    // What stands at the end is what it should be, key by key.
    time.advance(Duration::from_secs(100));
    model.now += 100;
    for at in 0..7 {
        let ask = Ask { key: at, print: Some(0), place: None, lease: 10, remember: 15, generation: 0 };
        let (expected, found) = (model.claim(&ask), store.claim(&ask.slot(twins)).await.unwrap());
        prop_assert_eq!(matches!(found, Claim::Granted(_)), matches!(expected, Verdict::Granted(_)), "{:?}", expected);
    }
    let found = store.blocked(None, u32::MAX).await.unwrap();
    prop_assert_eq!(&found, &model.blocked(&found));
    Ok(())
}

fn run(play: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(play)
}

/// So rare that chance does not find it: of several whose leases are over, one whose key nobody took, and whose stream
/// somebody did.
#[test]
fn who_lost_the_stream_has_lost_the_claim() {
    let claim = |key, lease, place: Option<u64>| {
        let place = place.map(|rank| ("a", rank, Order::Serial, false));
        Op::Claim(Ask { key, print: None, place, lease, remember: LONG, generation: 0 })
    };
    for late in [Op::Complete(1, None), Op::Extend(1, 5), Op::Release(1)] {
        let before = [claim(0, 9, None), claim(2, 9, None), claim(1, 10, Some(1)), Op::Advance(11)];
        let after = [claim(0, 10, Some(2)), late, Op::Complete(0, None), claim(1, 10, Some(3))];
        let time = ManualClock::at(START);
        run(play(MemoryStore::new().clock(time.clock()), time, false, &[before, after].concat())).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_store_in_memory_does_as_the_model(ops in vec(op(), 1..80), twins in any::<bool>()) {
        let time = ManualClock::at(START);
        run(play(MemoryStore::new().clock(time.clock()), time, twins, &ops))?;
    }
}

#[cfg(feature = "sqlite")]
proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn a_store_in_a_file_does_as_the_model(ops in vec(op(), 40..80), twins in any::<bool>()) {
        let (time, dir) = (ManualClock::at(START), tempfile::tempdir().unwrap());
        run(async {
            let store = inhook::store::SqliteStore::open(dir.path().join("inhook.db")).await.unwrap();
            play(store.clock(time.clock()), time, twins, &ops).await
        })?;
    }
}

/// For a store that has no room in a `proptest!`: plays `count` sequences, each with a store of its own.
pub(crate) async fn plays<S: OrderingStore>(count: u32, mut store: impl AsyncFnMut(ManualClock) -> S) {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::default();
    for _ in 0..count {
        let (ops, twins) = (vec(op(), 40..80), any::<bool>()).new_tree(&mut runner).unwrap().current();
        let time = ManualClock::at(START);
        play(store(time.clone()).await, time, twins, &ops).await.unwrap_or_else(|e| panic!("{e}\n{ops:?}"));
    }
}
