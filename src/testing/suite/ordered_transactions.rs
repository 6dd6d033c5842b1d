//! A stream's mark that stands and falls with what the handler wrote.

use super::{
    LEASE, REMEMBER, SECOND, TransactionHarness, Trial, key, last, ordering::SEQUENCE, placed, probe::name, rules,
    together::ahead,
};
use crate::{
    place::{Gap, Order},
    store::{Claim, OrderingStore, Slot, TransactionalStore},
};

/// Checks what [`TransactionalStore`] and [`OrderingStore`] promise together.
///
/// # Panics
/// If the store breaks it: the message names the rule.
pub async fn check_ordered_transactions<H: TransactionHarness<Store: OrderingStore>>(harness: &mut H) {
    rules!(harness:
        a_commit_moves_the_mark,
        a_rollback_leaves_the_mark,
        a_stream_that_is_held_by_a_claim_is_busy,
        a_stream_is_kept_until_the_transaction_has_ended,
        a_tombstone_is_committed_as_any,
        a_transaction_waits_for_its_predecessor,
        the_first_of_a_sequence_that_is_rolled_back_keeps_its_place,
        what_was_rolled_back_after_a_gap_has_waited_already,
    );
}

fn latest(id: &str, rank: u64) -> Slot {
    placed(id, "stream", rank, Order::Latest)
}

async fn a_commit_moves_the_mark<H: TransactionHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.committed(&latest("a", 5)).await;
    second.stale(&latest("b", 4)).await;
    first.not_begun(&latest("b", 4), "stale").await;
    second.done(&latest("c", 5)).await;
    second.done(&latest("d", 7)).await;
    first.not_begun(&latest("e", 6), "stale").await;
    first.committed(&latest("f", 7)).await;
    // A mark that is further already stays.
    first.committed(&placed("g", "stream", 1_u64, Order::Serial)).await;
    second.stale(&latest("h", 6)).await;
}

async fn a_rollback_leaves_the_mark<H: TransactionHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.committed(&latest("a", 1)).await;
    let tx = first.begun(&latest("b", 9)).await;
    first.rollback(tx).await;
    second.done(&latest("c", 2)).await;
    let tx = first.begun(&last("d", "stream", 9_u64, Order::Latest)).await;
    drop(tx);
    let tx = second.begun_soon(&latest("e", 3)).await;
    second.commit(tx, &latest("e", 3), None).await;
    first.stale(&latest("f", 2)).await;
}

async fn a_stream_that_is_held_by_a_claim_is_busy<H: TransactionHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let token = first.granted(&latest("a", 1)).await;
    for store in [&first, &second] {
        store.not_begun(&latest("b", 2), "busy").await;
    }
    first.complete(&latest("a", 1), token, None).await;
    second.committed(&latest("b", 2)).await;
    let lapsed = first.granted(&latest("c", 9)).await;
    trial.advance(LEASE + SECOND).await;
    second.committed(&latest("d", 3)).await;
    first.lost(&latest("c", 9), lapsed).await;
    second.committed(&latest("e", 4)).await;
}

async fn a_stream_is_kept_until_the_transaction_has_ended<H: TransactionHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let tx = first.begun(&latest("a", 5)).await;
    let (claim, ()) = ahead(second.claim(&latest("b", 4)), first.commit(tx, &latest("a", 5), None)).await;
    let fair = matches!(claim, Claim::Busy { .. } | Claim::Stale);
    second.holds("an older claim is busy or stale while a newer one is committed", fair);
    second.stale(&latest("b", 4)).await;

    let tx = first.begun(&latest("c", 7)).await;
    let (claim, ()) = ahead(second.begin(&latest("d", 6)), first.commit(tx, &latest("c", 7), None)).await;
    let fair = matches!(claim, Claim::Busy { .. } | Claim::Stale);
    second.holds("an older transaction is busy or stale while a newer one is committed", fair);
    second.not_begun(&latest("d", 6), "stale").await;

    let tx = first.begun(&latest("e", 9)).await;
    let (claim, ()) = ahead(second.begin(&latest("f", 8)), first.rollback(tx)).await;
    match claim {
        Claim::Granted(tx) => second.rollback(tx).await,
        Claim::Busy { .. } => {}
        claim => second.broken(format_args!("the second is {}, and the first was rolled back", name(&claim))),
    }
    let tx = second.begun_soon(&latest("f", 8)).await;
    second.commit(tx, &latest("f", 8), None).await;
}

async fn a_tombstone_is_committed_as_any<H: TransactionHarness<Store: OrderingStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.committed(&latest("a", 5)).await;
    first.committed(&last("b", "stream", 5_u64, Order::Latest)).await;
    second.not_begun(&latest("c", 5), "stale").await;
    second.stale(&latest("c", 5)).await;
    trial.advance(1000 * REMEMBER).await;
    second.purged(100).await;
    second.not_begun(&latest("c", 5), "stale").await;
    second.committed(&latest("d", 6)).await;
    first.committed(&latest("e", 6)).await;
}

async fn a_transaction_waits_for_its_predecessor<H: TransactionHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let proceed = Order::Sequence { wait: LEASE, on_gap: Gap::Proceed };
    for (stream, order) in [("blocks", SEQUENCE), ("proceeds", proceed)] {
        first.committed(&placed(format!("{stream} 1"), stream, 1_u64, order)).await;
        second.not_begun(&placed(format!("{stream} 3"), stream, 3_u64, order), "busy").await;
    }
    trial.advance(LEASE + SECOND).await;
    second.not_begun(&placed("blocks 3", "blocks", 3_u64, SEQUENCE), "busy").await;
    let after = placed("proceeds 3", "proceeds", 3_u64, proceed);
    match second.ok("begin", second.store.begin(&after).await) {
        Claim::Granted(begun) => {
            second.holds("it comes after a gap", begun.gap);
            second.commit(begun.tx, &after, None).await;
        }
        other => second.broken(format_args!("{:?} is {}, not begun", after.key, name(&other))),
    }
    first.not_begun(&placed("proceeds 2", "proceeds", 2_u64, proceed), "stale").await;
    let blocked = first.ok("blocked", first.store.blocked(None, 100).await);
    first.is("the blocked streams", blocked.into_iter().map(|b| b.stream).collect(), vec![key("").stream("blocks")]);
    first.committed(&placed("blocks 2", "blocks", 2_u64, SEQUENCE)).await;
    second.committed(&placed("blocks 3", "blocks", 3_u64, SEQUENCE)).await;
    let blocked = first.ok("blocked", first.store.blocked(None, 100).await);
    first.is("what is blocked", blocked, Vec::new());
}

async fn the_first_of_a_sequence_that_is_rolled_back_keeps_its_place<H: TransactionHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    for (stream, dropped) in [("rolled back", false), ("dropped", true)] {
        let nth = |rank: u64| placed(format!("{stream} {rank}"), stream, rank, SEQUENCE);
        let tx = first.begun(&nth(5)).await;
        if dropped {
            drop(tx);
        } else {
            first.rollback(tx).await;
        }
        second.not_begun(&nth(6), "busy").await;
        second.busy(&nth(7)).await;
        let tx = second.begun_soon(&nth(5)).await;
        second.commit(tx, &nth(5), None).await;
        first.committed(&nth(6)).await;
        first.done(&nth(7)).await;
    }
    let blocked = first.ok("blocked", first.store.blocked(None, 100).await);
    first.is("what is blocked", blocked, Vec::new());
}

async fn what_was_rolled_back_after_a_gap_has_waited_already<H: TransactionHarness<Store: OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let proceed = Order::Sequence { wait: LEASE, on_gap: Gap::Proceed };
    let nth = |rank: u64| placed(rank.to_string(), "stream", rank, proceed);
    first.committed(&nth(1)).await;
    for rank in [3, 4] {
        first.not_begun(&nth(rank), "busy").await;
    }
    trial.advance(LEASE + SECOND).await;
    second.not_begun(&nth(4), "busy").await;
    let tx = first.begun(&nth(3)).await;
    first.rollback(tx).await;
    second.not_begun(&nth(4), "busy").await;
    first.committed(&nth(3)).await;
    second.committed(&nth(4)).await;
    let blocked = first.ok("blocked", first.store.blocked(None, 100).await);
    first.is("what is blocked", blocked, Vec::new());
}
