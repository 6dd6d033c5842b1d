//! One at a time, and nothing older after something newer.

use super::{
    LEASE, REMEMBER, SECOND, StoreHarness, Trial, gaps,
    idempotency::granted,
    key, last, placed,
    probe::{Meet, name},
    rules, sequence, slot, streams,
};
use crate::{
    place::{Gap, Order},
    store::{Claim, IdempotencyStore as _, OrderingStore, Slot},
};

/// Checks a store against the contract of [`OrderingStore`]; what is asked of every store is
/// [`check_idempotency`](super::check_idempotency)'s.
///
/// # Panics
/// If the store breaks it: the message names the rule.
pub async fn check_ordering<H: StoreHarness<Store: OrderingStore>>(harness: &mut H) {
    rules!(harness:
        a_stream_has_one_holder_at_a_time,
        of_many_events_of_a_stream_at_once_one_is_granted,
        serial_events_apply_in_any_order,
        latest_drops_what_is_older_and_takes_an_equal,
        a_duplicate_is_one_before_it_is_stale,
        only_completion_moves_the_mark,
        the_mark_never_moves_back,
        a_redrive_keeps_the_order,
        forgetting_an_event_leaves_its_stream,
        nothing_of_the_same_or_a_lower_rank_comes_after_a_tombstone,
        a_tombstone_comes_after_its_equal_and_again,
        a_tombstone_goes_only_when_something_higher_is_completed,
        a_tombstone_outlives_everything,
        latest_ends_alike_whatever_the_order_of_arrival,
        a_deletion_wins_whatever_the_order_of_arrival,
    );
    streams::check(harness).await;
    sequence::check(harness).await;
    gaps::check(harness).await;
}

pub(super) const SEQUENCE: Order = Order::Sequence { wait: LEASE, on_gap: Gap::Block };
pub(super) const POLICIES: [Order; 3] = [Order::Serial, Order::Latest, SEQUENCE];

pub(super) const ALL_ORDERS: [[u64; 3]; 6] = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];

fn latest(id: &str, rank: u64) -> Slot {
    placed(id, "stream", rank, Order::Latest)
}

async fn a_stream_has_one_holder_at_a_time<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    for order in POLICIES {
        let (first, second) = trial.pair().await;
        let (a, b) = (placed("a", "stream", 1_u64, order), placed("b", "stream", 2_u64, order));
        let token = first.granted(&a).await;
        for store in [&first, &second] {
            let retry_after = store.busy(&b).await;
            store.holds("a busy claim is worth another try within the lease", retry_after <= LEASE);
        }
        second.granted(&placed("c", "another stream", 2_u64, order)).await;
        second.granted(&slot("d")).await;
        first.complete(&a, token, None).await;
        let token = second.granted(&b).await;
        first.busy(&placed("e", "stream", 3_u64, order)).await;
        second.release(&b, token).await;
        first.granted(&b).await;
    }
}

async fn of_many_events_of_a_stream_at_once_one_is_granted<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let mut left: Vec<Slot> = (0..16).map(|n| placed(n.to_string(), "stream", 7_u64, Order::Serial)).collect();
    for meet in Meet::BOTH.into_iter().cycle() {
        if left.is_empty() {
            break;
        }
        let claims = first.claim_at_once(&second, left.clone(), meet).await;
        first.is("how many are granted", claims.iter().filter_map(granted).count(), 1);
        first.is("how many are busy", claims.iter().filter(|c| name(c) == "busy").count(), left.len() - 1);
        let mut rest = Vec::new();
        for (slot, claim) in left.into_iter().zip(claims) {
            match claim {
                Claim::Granted(grant) => second.complete(&slot, grant.token, None).await,
                _ => rest.push(slot),
            }
        }
        left = rest;
    }
}

async fn serial_events_apply_in_any_order<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    for arrival in ALL_ORDERS {
        let store = trial.fresh().await;
        for rank in arrival {
            store.done(&placed(rank.to_string(), "stream", rank, Order::Serial)).await;
        }
    }
}

async fn latest_drops_what_is_older_and_takes_an_equal<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    first.done(&latest("a", 5)).await;
    for store in [&first, &second, &first] {
        store.stale(&latest("older", 4)).await;
    }
    second.done(&latest("equal", 5)).await;
    second.done(&latest("far newer", 256)).await;
    first.stale(&latest("newer than the first", 6)).await;
    // Ranks are compared as bytes.
    let bytes = |id: &str, rank: &[u8]| placed(id, "bytes", crate::place::Rank::bytes(rank), Order::Latest);
    first.done(&bytes("b1", b"\x7f\xff")).await;
    second.done(&bytes("b2", b"\x80")).await;
    second.stale(&bytes("b3", b"\x7f\xff\xff")).await;
    second.done(&bytes("b4", b"\x80\x00")).await;
    first.stale(&bytes("b5", b"\x80")).await;
}

async fn a_duplicate_is_one_before_it_is_stale<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.done(&latest("a", 1)).await;
    first.done(&latest("b", 2)).await;
    second.duplicate(&latest("a", 1)).await;
    let held = first.granted(&latest("c", 3)).await;
    second.duplicate(&latest("a", 1)).await;
    // The holder is judged before the mark.
    second.busy(&latest("older", 1)).await;
    first.complete(&latest("c", 3), held, None).await;
    second.stale(&latest("older", 1)).await;
}

async fn only_completion_moves_the_mark<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let token = first.granted(&latest("released", 9)).await;
    first.release(&latest("released", 9), token).await;
    second.done(&latest("a", 1)).await;
    first.granted(&latest("lapsed", 9)).await;
    trial.advance(LEASE + SECOND).await;
    second.done(&latest("b", 2)).await;
    second.purged(100).await;
    second.done(&latest("c", 3)).await;
    first.stale(&latest("older", 2)).await;
}

async fn the_mark_never_moves_back<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.done(&latest("a", 5)).await;
    second.done(&placed("b", "stream", 1_u64, Order::Serial)).await;
    first.stale(&latest("c", 4)).await;
    second.done(&latest("d", 5)).await;
}

async fn a_redrive_keeps_the_order<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    store.done(&latest("a", 1)).await;
    let redriven = Slot { generation: 1, ..latest("a", 1) };
    let token = store.granted(&redriven).await;
    store.release(&redriven, token).await;
    store.done(&latest("b", 2)).await;
    store.stale(&redriven).await;
    store.duplicate(&latest("a", 1)).await;
}

async fn forgetting_an_event_leaves_its_stream<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    store.done(&latest("a", 1)).await;
    store.done(&latest("b", 2)).await;
    for id in ["a", "b"] {
        let forgotten = store.ok("forget", store.store.forget(&key(id)).await);
        store.is("forgetting a completed key", forgotten, true);
    }
    store.stale(&latest("a", 1)).await;
    store.done(&latest("b", 2)).await;
}

async fn nothing_of_the_same_or_a_lower_rank_comes_after_a_tombstone<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    for (n, buried) in POLICIES.into_iter().enumerate() {
        let stream = format!("stream {n}");
        first.done(&last(format!("{n} last"), &stream, 5_u64, buried)).await;
        for (m, order) in POLICIES.into_iter().enumerate() {
            second.stale(&placed(format!("{n} {m} equal"), &stream, 5_u64, order)).await;
            second.stale(&placed(format!("{n} {m} lower"), &stream, 4_u64, order)).await;
            second.stale(&last(format!("{n} {m} last"), &stream, 4_u64, order)).await;
        }
        second.done(&placed(format!("{n} higher"), &stream, 6_u64, buried)).await;
    }
}

async fn a_tombstone_comes_after_its_equal_and_again<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    for order in POLICIES {
        let store = trial.fresh().await;
        store.done(&placed("a", "stream", 5_u64, order)).await;
        store.done(&last("b", "stream", 5_u64, order)).await;
        store.stale(&placed("c", "stream", 5_u64, order)).await;
        store.done(&last("d", "stream", 5_u64, order)).await;
        store.stale(&placed("c", "stream", 5_u64, order)).await;
    }
}

async fn a_tombstone_goes_only_when_something_higher_is_completed<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    for order in POLICIES {
        let (first, second) = trial.pair().await;
        first.done(&last("a", "stream", 5_u64, order)).await;
        let higher = placed("b", "stream", 6_u64, order);
        let token = first.granted(&higher).await;
        first.release(&higher, token).await;
        second.stale(&placed("c", "stream", 5_u64, order)).await;
        first.done(&higher).await;
        second.done(&placed("d", "stream", 6_u64, order)).await;
        second.done(&last("e", "stream", 7_u64, order)).await;
        first.stale(&placed("f", "stream", 7_u64, order)).await;
    }
}

async fn a_tombstone_outlives_everything<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    for (n, order) in POLICIES.into_iter().enumerate() {
        first.done(&placed(format!("{n} a"), &n.to_string(), 5_u64, order)).await;
        first.done(&last(format!("{n} b"), &n.to_string(), 5_u64, order)).await;
    }
    for _ in 0..4 {
        trial.advance(1000 * REMEMBER).await;
        second.purged(100).await;
        for (n, order) in POLICIES.into_iter().enumerate() {
            second.stale(&placed(format!("{n} a"), &n.to_string(), 5_u64, order)).await;
        }
    }
}

async fn latest_ends_alike_whatever_the_order_of_arrival<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    for arrival in ALL_ORDERS {
        let (first, second) = trial.pair().await;
        let mut applied = 0;
        for rank in arrival {
            let slot = latest(&rank.to_string(), rank);
            if rank > applied {
                first.done(&slot).await;
                applied = rank;
            } else {
                second.stale(&slot).await;
            }
        }
        first.is("the last applied", applied, 3);
    }
}

async fn a_deletion_wins_whatever_the_order_of_arrival<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    for order in [Order::Serial, Order::Latest] {
        for arrival in ALL_ORDERS {
            let store = trial.fresh().await;
            // An update, and an update of the same second as the deletion.
            let events = [
                placed("1", "stream", 1_u64, order),
                placed("2", "stream", 2_u64, order),
                last("3", "stream", 2_u64, order),
            ];
            let mut deleted = false;
            for n in arrival {
                for slot in events.iter().filter(|slot| slot.key.id == n.to_string()) {
                    let token = match store.claim(slot).await {
                        Claim::Granted(grant) => grant.token,
                        Claim::Stale => continue,
                        other => store.broken(format_args!("{:?} is {}", slot.key, name(&other))),
                    };
                    store.complete(slot, token, None).await;
                    deleted = slot.place.as_ref().is_some_and(|place| place.last);
                }
            }
            store.holds("it is deleted in the end", deleted);
        }
    }
}
