//! Each after the one before it.

use super::{
    LEASE, REMEMBER, SECOND, StoreHarness, Trial, key,
    ordering::{ALL_ORDERS, SEQUENCE},
    placed,
    probe::{Probe, name},
    rules, slot_of,
};
use crate::{
    place::{Gap, Key, Order, Place, Rank, Stream},
    store::{Blocked, Claim, OrderingStore, Slot},
};

pub(super) async fn check<H: StoreHarness<Store: OrderingStore>>(harness: &mut H) {
    rules!(harness:
        a_sequence_begins_anywhere_and_goes_on_one_by_one,
        the_first_of_a_sequence_keeps_its_place_though_it_fails,
        a_sequence_may_begin_at_what_nothing_is_below,
        where_a_sequence_began_is_forgotten_as_any_mark,
        a_sequence_that_blocks_stands_still_until_it_is_skipped,
        a_sequence_applies_in_order_whatever_the_order_of_arrival,
        a_gap_that_is_filled_blocks_nothing,
        skip_moves_a_mark_only_forward,
        a_blocked_stream_is_listed_with_what_waits_in_it,
        blocked_streams_are_listed_page_by_page,
        a_sequence_goes_on_where_a_number_is_no_longer_negative,
    );
}

pub(super) const WAIT: std::time::Duration = LEASE;

pub(super) fn blocking(rank: u64) -> Slot {
    placed(rank.to_string(), "stream", rank, SEQUENCE)
}

fn signed(rank: i64) -> Slot {
    placed(rank.to_string(), "stream", rank, SEQUENCE)
}

pub(super) fn proceeding(rank: u64) -> Slot {
    placed(rank.to_string(), "stream", rank, Order::Sequence { wait: WAIT, on_gap: Gap::Proceed })
}

pub(super) fn stream() -> Stream {
    key("").stream("stream")
}

impl<S: OrderingStore> Probe<S> {
    pub(super) async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Vec<Blocked> {
        let blocked = self.ok("blocked", self.store.blocked(after, limit).await);
        self.holds("a page is no longer than it may be", blocked.len() <= usize::try_from(limit).unwrap_or(usize::MAX));
        blocked
    }

    pub(super) async fn skip(&self, stream: &Stream, rank: impl Into<Rank>, expected: bool) {
        let skipped = self.ok("skip", self.store.skip(stream, &rank.into()).await);
        self.is("skip", skipped, expected);
    }

    pub(super) async fn nothing_is_blocked(&self) {
        let blocked = self.blocked(None, 100).await;
        self.is("what is blocked", blocked, Vec::new());
    }
}

async fn a_sequence_begins_anywhere_and_goes_on_one_by_one<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    first.done(&blocking(254)).await;
    second.stale(&blocking(253)).await;
    second.busy(&blocking(256)).await;
    second.done(&placed("equal", "stream", 254_u64, SEQUENCE)).await;
    for rank in 255..260 {
        second.done(&blocking(rank)).await;
    }
    first.stale(&blocking(253)).await;
    first.nothing_is_blocked().await;
}

async fn the_first_of_a_sequence_keeps_its_place_though_it_fails<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    for released in [true, false] {
        for one_lower in [false, true] {
            let (first, second) = trial.pair().await;
            let token = first.granted(&blocking(5)).await;
            if released {
                first.release(&blocking(5), token).await;
            } else {
                trial.advance(LEASE + SECOND).await;
            }
            second.busy(&blocking(6)).await;
            second.busy(&proceeding(7)).await;
            second.stale(&blocking(3)).await;
            if one_lower {
                first.done(&blocking(4)).await;
                second.busy(&blocking(6)).await;
            }
            for rank in [5, 6, 7] {
                first.done(&blocking(rank)).await;
            }
            second.nothing_is_blocked().await;
        }
    }
}

async fn a_sequence_may_begin_at_what_nothing_is_below<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let [lowest, next] = [i64::MIN, i64::MIN + 1].map(signed);
    let token = first.granted(&lowest).await;
    first.release(&lowest, token).await;
    second.busy(&next).await;
    first.done(&lowest).await;
    second.done(&next).await;
    // Bytes that are no number have none before them.
    let bytes = placed("bytes", "bytes", Rank::bytes(*b"v10"), SEQUENCE);
    let token = first.granted(&bytes).await;
    first.release(&bytes, token).await;
    second.busy(&placed("number", "bytes", 7_u64, SEQUENCE)).await;
    first.done(&bytes).await;
}

async fn a_sequence_goes_on_where_a_number_is_no_longer_negative<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    first.done(&signed(-2)).await;
    for rank in [0, 1] {
        second.busy(&signed(rank)).await;
    }
    first.done(&signed(-1)).await;
    trial.advance(WAIT + SECOND).await;
    // The next one waits for nothing.
    let blocked = first.blocked(None, 100).await;
    let waiting: Vec<_> = blocked.into_iter().map(|blocked| (blocked.rank, blocked.waiting)).collect();
    first.is("what waits", waiting, vec![(Rank::from(1_u64), 1)]);
    for rank in [0, 1] {
        second.done(&blocking(rank)).await;
    }
    second.nothing_is_blocked().await;
}

async fn where_a_sequence_began_is_forgotten_as_any_mark<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let token = first.granted(&blocking(5)).await;
    first.release(&blocking(5), token).await;
    trial.advance(REMEMBER - SECOND).await;
    second.purged(2).await;
    second.stale(&blocking(3)).await;
    trial.advance(2 * SECOND + REMEMBER).await;
    second.purged(2).await;
    second.done(&blocking(3)).await;
}

async fn a_sequence_that_blocks_stands_still_until_it_is_skipped<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    first.done(&blocking(1)).await;
    first.busy(&blocking(4)).await;
    first.nothing_is_blocked().await;
    trial.advance(WAIT + SECOND).await;
    first.busy(&blocking(4)).await;
    let blocked = second.blocked(None, 100).await;
    second.is("how many are blocked", blocked.len(), 1);
    for blocked in &blocked {
        second.is("the stream", &blocked.stream, &stream());
        second.skip(&blocked.stream, blocked.rank.clone(), true).await;
    }
    first.stale(&blocking(2)).await;
    first.done(&blocking(4)).await;
    second.stale(&blocking(3)).await;
    second.nothing_is_blocked().await;
    second.done(&blocking(5)).await;
}

async fn a_sequence_applies_in_order_whatever_the_order_of_arrival<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    for arrival in ALL_ORDERS {
        let (first, second) = trial.pair().await;
        first.done(&blocking(0)).await;
        let mut applied = Vec::new();
        // Each comes again until it is taken, as a provider's retries do.
        for _ in 0..3 {
            for rank in arrival {
                match second.claim(&blocking(rank)).await {
                    Claim::Granted(grant) => {
                        second.complete(&blocking(rank), grant.token, None).await;
                        applied.push(rank);
                    }
                    Claim::Busy { .. } | Claim::Duplicate(_) => {}
                    other => second.broken(format_args!("rank {rank} is {}", name(&other))),
                }
            }
        }
        second.is("what was applied", applied, vec![1, 2, 3]);
        first.nothing_is_blocked().await;
    }
}

async fn a_gap_that_is_filled_blocks_nothing<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.done(&blocking(1)).await;
    first.busy(&blocking(3)).await;
    trial.advance(WAIT + SECOND).await;
    second.done(&blocking(2)).await;
    first.done(&blocking(3)).await;
    second.nothing_is_blocked().await;
}

async fn skip_moves_a_mark_only_forward<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.done(&blocking(5)).await;
    second.skip(&stream(), 5_u64, false).await;
    second.skip(&stream(), 6_u64, false).await;
    second.skip(&stream(), Rank::bytes(*b"no number"), false).await;
    second.skip(&stream(), 0_u64, false).await;
    first.busy(&blocking(8)).await;
    second.skip(&stream(), 8_u64, true).await;
    second.skip(&stream(), 8_u64, false).await;
    first.stale(&blocking(6)).await;
    first.done(&blocking(8)).await;
    // Of another consumer, whose stream of the same name is another.
    let other = Stream::new("source", "another", "stream");
    first.busy(&blocking(10)).await;
    second.skip(&other, 10_u64, true).await;
    first.busy(&blocking(10)).await;
}

async fn a_blocked_stream_is_listed_with_what_waits_in_it<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let on = |stream: &str, rank: u64| placed(format!("{stream} {rank}"), stream, rank, SEQUENCE);
    first.done(&on("early", 1)).await;
    first.done(&on("late", 1)).await;
    first.busy(&on("early", 7)).await;
    trial.advance(10 * SECOND).await;
    first.busy(&on("late", 5)).await;
    first.busy(&on("late", 4)).await;
    trial.advance(WAIT - 5 * SECOND).await;
    let blocked = second.blocked(None, 100).await;
    second.is("how many are blocked", blocked.len(), 1);
    trial.advance(6 * SECOND).await;
    first.busy(&on("late", 3)).await;
    let blocked = second.blocked(None, 100).await;
    let [early, late] = blocked.as_slice() else {
        second.broken(format_args!("{} streams are blocked, not 2", blocked.len()))
    };
    second.is("the first stream", &early.stream, &key("").stream("early"));
    second.is("what it is to be skipped to", &early.rank, &Rank::from(7_u64));
    second.is("how many wait in it", early.waiting, 1);
    second.is("the second stream", &late.stream, &key("").stream("late"));
    second.is("what it is to be skipped to", &late.rank, &Rank::from(3_u64));
    second.is("how many wait in it", late.waiting, 3);
    let apart = late.since - early.since;
    let expected = WAIT + 11 * SECOND;
    second.holds("it waits since its first claim", apart > expected - SECOND && apart < expected + SECOND);
    // Passed over, none of them waits any more.
    first.skip(&late.stream, 9_u64, true).await;
    let blocked = second.blocked(None, 100).await;
    second.is("how many are blocked", blocked.len(), 1);
}

async fn blocked_streams_are_listed_page_by_page<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let scopes = [
        key(""),
        key("").tenant(""),
        key("").tenant("t"),
        Key::new("another", "consumer", ""),
        Key::new("source", "x", ""),
    ];
    let mut all = Vec::new();
    for (n, scope) in scopes.iter().enumerate() {
        for name in ["c", "a", "b"] {
            let on = |rank: u64| {
                let id = Key { id: format!("{n} {name} {rank}"), ..scope.clone() };
                Slot { place: Some(Place::new(name, rank, SEQUENCE)), ..slot_of(id) }
            };
            first.done(&on(1)).await;
            first.busy(&on(3)).await;
            all.push(scope.stream(name));
        }
    }
    trial.advance(WAIT + SECOND).await;
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = second.blocked(after.as_ref(), 2).await;
        after = page.last().map(|blocked| blocked.stream.clone());
        listed.extend(page.into_iter().map(|blocked| blocked.stream));
        if after.is_none() || listed.len() > all.len() {
            break;
        }
    }
    for scope in &scopes {
        let names: Vec<&str> =
            listed.iter().filter(|s| scope.stream(&*s.name) == **s).map(|s| s.name.as_str()).collect();
        second.is("the sorted streams of one scope", names, vec!["a", "b", "c"]);
    }
    listed.sort();
    all.sort();
    second.is("all pages together", listed, all);
}
