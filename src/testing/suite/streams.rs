//! Whose a stream is, and for how long.

use super::{
    LEASE, REMEMBER, SECOND, StoreHarness, Trial, alike,
    ordering::{POLICIES, SEQUENCE},
    placed, rules, slot_of,
};
use crate::{
    place::{Key, Order, Place},
    store::{OrderingStore, Slot},
};

pub(super) async fn check<H: StoreHarness<Store: OrderingStore>>(harness: &mut H) {
    rules!(harness:
        streams_are_compared_column_by_column,
        the_lease_of_a_stream_is_that_of_its_holder,
        a_lost_holder_of_a_stream_changes_nothing,
        a_claim_that_waits_for_its_stream_holds_nothing,
        purge_removes_a_stream_that_saw_nothing_for_long_enough,
        a_stream_is_kept_for_as_long_as_any_of_its_events_says,
        purge_leaves_a_stream_that_is_held,
    );
}

async fn streams_are_compared_column_by_column<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let mut held = Vec::new();
    // A stream of each name, in the scope of the key that it is the id of.
    let on = |key: &Key, id: &str, rank: u64| {
        let place = Place::new(&*key.id, rank, Order::Latest);
        Slot { place: Some(place), ..slot_of(Key { id: id.into(), ..key.clone() }) }
    };
    for (n, key) in alike().iter().enumerate() {
        let slot = on(key, &format!("first of {n}"), u64::try_from(n).unwrap_or_default() + 1);
        held.push((first.granted(&slot).await, slot));
    }
    for (token, slot) in held {
        first.complete(&slot, token, None).await;
    }
    for (n, key) in alike().iter().enumerate() {
        let rank = u64::try_from(n).unwrap_or_default();
        second.stale(&on(key, &format!("older of {n}"), rank)).await;
        second.done(&on(key, &format!("equal of {n}"), rank + 1)).await;
    }
}

async fn the_lease_of_a_stream_is_that_of_its_holder<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    for order in POLICIES {
        let (first, second) = trial.pair().await;
        let (a, b) = (placed("a", "stream", 1_u64, order), placed("b", "stream", 1_u64, order));
        let token = first.granted(&a).await;
        trial.advance(LEASE - SECOND).await;
        second.busy(&b).await;
        first.extend(&a, token, LEASE).await;
        trial.advance(LEASE - SECOND).await;
        let retry_after = second.busy(&b).await;
        second.holds("a busy claim is worth another try once the lease has run out", retry_after <= 2 * SECOND);
        trial.advance(2 * SECOND).await;
        second.done(&b).await;
    }
}

async fn a_lost_holder_of_a_stream_changes_nothing<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let on = |id: &str, rank: u64| placed(id, "stream", rank, Order::Latest);
    let old = first.granted(&on("old", 9)).await;
    trial.advance(LEASE + SECOND).await;
    let new = second.granted(&on("new", 1)).await;
    first.lost(&on("old", 9), old).await;
    first.busy(&on("other", 2)).await;
    second.complete(&on("new", 1), new, None).await;
    first.lost(&on("old", 9), old).await;
    let next = second.granted(&on("next", 2)).await;
    first.lost(&on("old", 9), old).await;
    second.release(&on("next", 2), next).await;
    first.lost(&on("old", 9), old).await;
    // Nothing of the old one's came through: neither its rank nor its mark.
    second.done(&on("next", 2)).await;
    second.done(&on("old", 9)).await;
}

async fn a_claim_that_waits_for_its_stream_holds_nothing<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let on = |id: &str, rank: u64| placed(id, "stream", rank, SEQUENCE);
    let token = first.granted(&on("1", 1)).await;
    second.busy(&on("2", 2)).await;
    first.complete(&on("1", 1), token, None).await;
    // Neither a holder nor a gap leaves a claim behind.
    first.done(&on("2", 2)).await;
    second.busy(&on("4", 4)).await;
    first.done(&on("3", 3)).await;
    first.done(&on("4", 4)).await;
    second.stale(&on("late", 1)).await;
    second.stale(&on("late", 1)).await;
}

async fn purge_removes_a_stream_that_saw_nothing_for_long_enough<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let on = |id: &str, rank: u64| placed(id, "stream", rank, Order::Latest);
    first.done(&on("a", 5)).await;
    trial.advance(REMEMBER - SECOND).await;
    second.purged(2).await;
    second.stale(&on("older", 4)).await;
    first.done(&on("b", 6)).await;
    trial.advance(REMEMBER - SECOND).await;
    second.purged(2).await;
    second.stale(&on("older", 5)).await;
    trial.advance(2 * SECOND + REMEMBER).await;
    second.purged(2).await;
    second.done(&on("older", 5)).await;
}

async fn a_stream_is_kept_for_as_long_as_any_of_its_events_says<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let on = |id: &str, rank: u64, order| placed(id, "stream", rank, order);
    for shorter in ["done", "let go of", "waiting"] {
        let (first, second) = trial.pair().await;
        first.done(&Slot { remember: 3 * REMEMBER, ..on("a", 5, Order::Latest) }).await;
        match shorter {
            "done" => first.done(&on("b", 1, Order::Serial)).await,
            "let go of" => {
                let token = first.granted(&on("b", 6, Order::Latest)).await;
                first.release(&on("b", 6, Order::Latest), token).await;
            }
            _ => drop(first.busy(&on("b", 7, SEQUENCE)).await),
        }
        trial.advance(2 * REMEMBER).await;
        second.purged(2).await;
        second.stale(&on("older", 4, Order::Latest)).await;
    }
}

async fn purge_leaves_a_stream_that_is_held<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let long = Slot { lease: 3 * REMEMBER, ..placed("a", "stream", 1_u64, Order::Serial) };
    let token = first.granted(&long).await;
    trial.advance(2 * REMEMBER).await;
    second.purged(100).await;
    second.busy(&placed("b", "stream", 2_u64, Order::Serial)).await;
    first.complete(&long, token, None).await;
    second.done(&placed("b", "stream", 2_u64, Order::Serial)).await;
}
