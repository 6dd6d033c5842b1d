//! What is asked.

use std::time::Duration;

use inhook::store::{Gap, Key, Order, Place, Rank, Slot, Stream};
use proptest::{collection::vec, prelude::*, sample::select};

/// Longer than a case lasts.
const LONG: u64 = 1_000_000;
const FOR_EVER: u64 = u64::MAX;

#[derive(Clone, Debug)]
pub(super) struct Case {
    /// What is over is removed at once, everywhere: a store may do so, and none need.
    pub(super) purged: bool,
    /// Holders whose lease has run out come back.
    pub(super) late: bool,
    pub(super) asks: Vec<Ask>,
    pub(super) ops: Vec<Op>,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Claim(usize),
    /// A claim, and its completion at once.
    Handle(usize, Option<&'static str>),
    /// The claim of a dead letter.
    Redrive(usize),
    /// Rolled back, or committed with an answer.
    Transact(usize, Option<Option<&'static str>>),
    Extend(usize, u64),
    End(usize, End),
    Forget(usize),
    Purge(u32),
    Advance(u64),
    Skip(usize, u64),
    Blocked(Option<usize>, u32),
    Letters(Option<usize>, u32),
    Discard(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Complete(Option<&'static str>),
    Release,
    Bury,
}

#[derive(Clone, Debug)]
pub(super) struct Ask {
    key: usize,
    print: Option<u8>,
    twins: bool,
    place: Option<At>,
    lease: u64,
    remember: u64,
    generation: u32,
}

#[derive(Clone, Debug)]
struct At {
    stream: &'static str,
    rank: u64,
    order: Order,
    last: bool,
}

const KEYS: usize = 7;

/// All but one in one scope.
pub(super) fn key(at: usize) -> Key {
    match at {
        0..=5 => Key::new("source", "consumer", at.to_string()),
        _ => Key::new("source", "consumer", "0").tenant(""),
    }
}

pub(super) fn stream(at: usize) -> Stream {
    key([0, 0, 0, 6][at]).stream(["a", "b", "bytes", "a"][at])
}

/// Of a stream by the name of `bytes` ranks have no neighbours.
pub(super) fn rank(stream: &str, rank: u64) -> Rank {
    if stream == "bytes" { Rank::bytes([u8::try_from(rank).unwrap()]) } else { Rank::from(rank) }
}

pub(super) fn lasts(seconds: u64) -> Duration {
    if seconds == FOR_EVER { Duration::MAX } else { Duration::from_secs(seconds) }
}

impl Ask {
    pub(super) fn slot(&self, purged: bool) -> Slot {
        // Of a stream that is over only a purge says for certain that it is gone.
        let remember = if self.place.is_some() && !purged { LONG } else { self.remember };
        let mut slot = Slot::new(key(self.key), lasts(self.lease), lasts(remember));
        slot.fingerprint = self.print.map(|print| [print; 32]);
        slot.twins = self.twins;
        slot.generation = self.generation;
        slot.place = self.place.as_ref().map(|at| {
            let place = Place::new(at.stream, rank(at.stream, at.rank), at.order);
            if at.last { place.last() } else { place }
        });
        slot
    }

    /// What is noted of such a one a rollback undoes, for it was never told to wait.
    pub(super) fn is_granted_after_a_gap_at_once(&self) -> bool {
        let order = self.place.as_ref().map(|at| at.order);
        matches!(order, Some(Order::Sequence { wait: Duration::ZERO, on_gap: Gap::Proceed }))
    }
}

/// Events of one stream as they should be: each with a key and a rank of its own.
fn line() -> impl Strategy<Value = Vec<Ask>> {
    let (waits, gaps) = (vec(select(vec![5, 20]), 6), vec(proptest::bool::weighted(0.8), 6));
    let (lease, last) = (vec(select(vec![5, 30]), 6), proptest::option::weighted(0.2, 0..6_usize));
    (waits, gaps, lease, last).prop_map(|(waits, gaps, leases, last)| {
        let ask = |n: usize| {
            let on_gap = if gaps[n] { Gap::Proceed } else { Gap::Block };
            let order = Order::Sequence { wait: lasts(waits[n]), on_gap };
            let place = At { stream: "a", rank: n as u64, order, last: last == Some(n) };
            let (place, lease) = (Some(place), leases[n]);
            Ask { key: n, print: None, twins: false, place, lease, remember: 300, generation: 0 }
        };
        (0..6).map(ask).collect()
    })
}

fn ask() -> impl Strategy<Value = Ask> {
    let wait = prop_oneof![4 => Just(20), 5 => Just(5), 2 => Just(0), 1 => Just(FOR_EVER)];
    let sequence = (wait, select(vec![Gap::Block, Gap::Proceed, Gap::Proceed]))
        .prop_map(|(wait, on_gap)| Order::Sequence { wait: lasts(wait), on_gap });
    let order = prop_oneof![1 => Just(Order::Serial), 1 => Just(Order::Latest), 6 => sequence];
    let rank = prop_oneof![2 => 0..3_u64, 3 => 3..9_u64];
    let place = (prop_oneof![5 => Just("a"), 2 => Just("b"), 1 => Just("bytes")], rank, order);
    let place = (place, proptest::bool::weighted(0.12)).prop_map(|((stream, rank, order), last)| At {
        stream,
        rank,
        order,
        last,
    });
    let print = proptest::option::weighted(0.7, 0..2_u8);
    let what = (0..KEYS, print, proptest::bool::weighted(0.7), proptest::option::weighted(0.8, place));
    let lease = prop_oneof![10 => Just(5), 10 => Just(30), 1 => Just(FOR_EVER)];
    let remember = prop_oneof![3 => Just(15), 3 => Just(60), 2 => Just(300), 1 => Just(FOR_EVER)];
    let times = (lease, remember, prop_oneof![5 => Just(0), 1 => 1..3_u32]);
    (what, times).prop_map(|((key, print, twins, place), (lease, remember, generation))| Ask {
        key,
        print,
        twins,
        place,
        lease,
        remember,
        generation,
    })
}

fn op() -> impl Strategy<Value = Op> {
    let answer = select(vec![None, Some(""), Some("text")]);
    let limit = || select(vec![0, 1, 2, u32::MAX]);
    let end = prop_oneof![3 => answer.clone().prop_map(End::Complete), 2 => Just(End::Release), 2 => Just(End::Bury)];
    let transact = (0..8_usize, proptest::option::weighted(0.6, answer.clone()));
    prop_oneof![
        20 => (0..8_usize).prop_map(Op::Claim),
        12 => (0..8_usize, answer).prop_map(|(at, text)| Op::Handle(at, text)),
        12 => select(vec![1, 4, 5, 9, 16, 20, 41, 70]).prop_map(Op::Advance),
        16 => (0..3_usize, end).prop_map(|(at, end)| Op::End(at, end)),
        8 => transact.prop_map(|(at, end)| Op::Transact(at, end)),
        4 => (0..2_usize).prop_map(Op::Redrive),
        4 => (0..KEYS).prop_map(Op::Forget),
        3 => (0..4_usize, 0..10_u64).prop_map(|(stream, rank)| Op::Skip(stream, rank)),
        2 => (0..3_usize, select(vec![1, 5, 40, FOR_EVER])).prop_map(|(at, lease)| Op::Extend(at, lease)),
        2 => (proptest::option::of(0..4_usize), limit()).prop_map(|(after, limit)| Op::Blocked(after, limit)),
        1 => limit().prop_map(Op::Purge),
        1 => (proptest::option::of(0..2_usize), limit()).prop_map(|(after, limit)| Op::Letters(after, limit)),
        1 => (0..3_usize).prop_map(Op::Discard),
    ]
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let kind = prop_oneof![3 => Just((false, false)), 3 => Just((true, false)), 1 => Just((false, true))];
    let asks = prop_oneof![vec(ask(), 3..9), line()];
    (kind, asks, vec(op(), 10..60)).prop_map(|((purged, late), asks, ops)| Case { purged, late, asks, ops })
}
