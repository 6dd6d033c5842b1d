//! What waits for something that is missing: for how long, and what may pass over it.

use super::{
    LEASE, SECOND, StoreHarness, Trial, rules,
    sequence::{WAIT, blocking, proceeding, stream},
};
use crate::{
    place::Rank,
    store::{OrderingStore, Slot},
};

pub(super) async fn check<H: StoreHarness<Store: OrderingStore>>(harness: &mut H) {
    rules!(harness:
        a_gap_is_waited_for_since_the_first_claim,
        a_sequence_that_proceeds_leaves_the_missing_one_behind,
        what_waits_is_not_passed_over_by_what_is_higher,
        what_comes_next_is_not_passed_over_either,
        what_did_not_come_back_in_time_is_passed_over,
        what_failed_after_a_gap_has_waited_already,
        who_holds_a_stream_does_not_wait_in_it,
    );
}

async fn a_gap_is_waited_for_since_the_first_claim<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.done(&proceeding(1)).await;
    first.busy(&proceeding(3)).await;
    trial.advance(WAIT - 2 * SECOND).await;
    let retry_after = second.busy(&proceeding(3)).await;
    second.holds("a gap is worth another try once it has been waited for", retry_after <= WAIT);
    // Each rank waits for itself.
    second.busy(&proceeding(4)).await;
    trial.advance(3 * SECOND).await;
    first.busy(&proceeding(4)).await;
    first.granted(&proceeding(3)).await;
}

async fn a_sequence_that_proceeds_leaves_the_missing_one_behind<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    first.done(&proceeding(1)).await;
    first.busy(&proceeding(3)).await;
    trial.advance(WAIT + SECOND).await;
    let grant = first.grant(&proceeding(3)).await;
    first.holds("it comes after a gap", grant.gap);
    second.busy(&proceeding(2)).await;
    first.complete(&proceeding(3), grant.token, None).await;
    second.stale(&proceeding(2)).await;
    let next = second.grant(&proceeding(4)).await;
    second.holds("the next one comes after no gap", !next.gap);
    second.complete(&proceeding(4), next.token, None).await;
    second.nothing_is_blocked().await;
}

async fn what_waits_is_not_passed_over_by_what_is_higher<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    first.done(&proceeding(1)).await;
    for rank in [5, 3, 4] {
        first.busy(&proceeding(rank)).await;
    }
    trial.advance(WAIT + SECOND).await;
    for rank in [4, 5] {
        let retry_after = second.busy(&proceeding(rank)).await;
        second.holds("what was there first is waited for as long again", retry_after <= WAIT);
    }
    for (rank, gap) in [(3, true), (4, false), (5, false)] {
        let grant = first.grant(&proceeding(rank)).await;
        first.is("whether it comes after a gap", grant.gap, gap);
        first.complete(&proceeding(rank), grant.token, None).await;
    }
    second.nothing_is_blocked().await;
}

async fn what_comes_next_is_not_passed_over_either<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    for skipped in [true, false] {
        let (first, second) = trial.pair().await;
        first.done(&proceeding(1)).await;
        first.busy(&proceeding(3)).await;
        first.busy(&proceeding(4)).await;
        if skipped {
            second.skip(&stream(), 3_u64, true).await;
        } else {
            second.done(&proceeding(2)).await;
        }
        trial.advance(WAIT + SECOND).await;
        // It need not wait, but it is known to be there.
        let blocked = first.blocked(None, 100).await;
        let waiting: Vec<_> = blocked.into_iter().map(|blocked| (blocked.rank, blocked.waiting)).collect();
        first.is("what waits", waiting, vec![(Rank::from(4_u64), 1)]);
        first.busy(&proceeding(4)).await;
        second.done(&proceeding(3)).await;
        first.done(&proceeding(4)).await;
        second.nothing_is_blocked().await;
    }
}

async fn what_did_not_come_back_in_time_is_passed_over<H: StoreHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    first.done(&proceeding(1)).await;
    first.busy(&proceeding(3)).await;
    second.busy(&proceeding(4)).await;
    trial.advance(2 * WAIT - SECOND).await;
    second.busy(&proceeding(4)).await;
    trial.advance(2 * SECOND).await;
    let grant = second.grant(&proceeding(4)).await;
    second.holds("it comes after a gap", grant.gap);
    second.complete(&proceeding(4), grant.token, None).await;
    first.stale(&proceeding(3)).await;
    first.nothing_is_blocked().await;
}

async fn what_failed_after_a_gap_has_waited_already<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    for released in [true, false] {
        let (first, second) = trial.pair().await;
        let third = Slot { lease: 10 * SECOND, ..proceeding(3) };
        first.done(&proceeding(1)).await;
        first.busy(&third).await;
        first.busy(&proceeding(4)).await;
        trial.advance(WAIT + SECOND).await;
        let token = first.granted(&third).await;
        if released {
            first.release(&third, token).await;
        } else {
            trial.advance(11 * SECOND).await;
        }
        second.busy(&proceeding(4)).await;
        let grant = second.grant(&third).await;
        second.holds("it comes after a gap", grant.gap);
        second.complete(&third, grant.token, None).await;
        first.done(&proceeding(4)).await;
    }
}

async fn who_holds_a_stream_does_not_wait_in_it<H: StoreHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let waits = async || {
        let blocked = second.blocked(None, 100).await;
        blocked.into_iter().map(|blocked| (blocked.rank, blocked.waiting)).collect::<Vec<_>>()
    };
    first.done(&proceeding(1)).await;
    first.busy(&proceeding(3)).await;
    trial.advance(WAIT + SECOND).await;
    second.is("what waits", waits().await, vec![(Rank::from(3_u64), 1)]);
    let token = first.granted(&proceeding(3)).await;
    second.nothing_is_blocked().await;
    first.release(&proceeding(3), token).await;
    second.is("what waits", waits().await, vec![(Rank::from(3_u64), 1)]);
    first.busy(&blocking(5)).await;
    first.granted(&proceeding(3)).await;
    trial.advance(LEASE - SECOND).await;
    second.nothing_is_blocked().await;
    trial.advance(2 * SECOND).await;
    second.is("what waits", waits().await, vec![(Rank::from(3_u64), 2)]);
    second.done(&proceeding(3)).await;
    second.is("what waits", waits().await, vec![(Rank::from(5_u64), 1)]);
}
