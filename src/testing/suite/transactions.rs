//! A mark that stands and falls with what the handler wrote.

use super::{
    LEASE, REMEMBER, SECOND, TransactionHarness, Trial, key, printed,
    probe::{Probe, name},
    rules, slot,
    together::{ahead, breath, by_turns},
};
use crate::{
    Answer,
    store::{Claim, IdempotencyStore as _, Slot, TransactionalStore},
};

/// Checks a store against the contract of [`TransactionalStore`]; what is asked of every store is
/// [`check_idempotency`](super::check_idempotency)'s.
///
/// While a transaction is open nothing else is asked of the store, unless the transaction is ended meanwhile: a second
/// one may wait for the first.
///
/// # Panics
/// If the store breaks it: the message names the rule.
pub async fn check_transactions<H: TransactionHarness>(harness: &mut H) {
    rules!(harness:
        a_commit_keeps_mark_answer_and_writes,
        a_rollback_leaves_nothing,
        a_transaction_that_is_dropped_leaves_nothing,
        a_transaction_that_is_dropped_does_not_spoil_the_next,
        a_second_transaction_is_not_granted_before_the_first_has_ended,
        a_claim_is_not_granted_before_the_transaction_has_ended,
        of_many_transactions_at_once_one_writes,
        a_key_that_is_held_by_a_claim_is_busy,
        a_lapsed_claim_is_lost_to_a_transaction,
        a_transaction_is_judged_as_a_claim_is,
        a_mark_of_a_transaction_is_remembered_as_any,
        a_redrive_that_is_rolled_back_leaves_the_mark,
        a_transaction_is_told_of_its_twin,
    );
}

impl<S: TransactionalStore> Probe<S> {
    /// A begin that follows one that was dropped, which may take a moment to roll back.
    pub(super) async fn begun_soon(&self, slot: &Slot) -> S::Tx {
        for _ in 0..10_000 {
            match self.begin(slot).await {
                Claim::Granted(tx) => return tx,
                Claim::Busy { .. } => breath().await,
                other => self.broken(format_args!("{:?} is {}, not begun", slot.key, name(&other))),
            }
        }
        self.broken(format_args!("{:?} stays busy", slot.key))
    }

    pub(super) async fn committed(&self, slot: &Slot) {
        let tx = self.begun(slot).await;
        self.commit(tx, slot, None).await;
    }
}

async fn a_commit_keeps_mark_answer_and_writes<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let answers = [None, Some(Answer::success()), Some(Answer::text("done")), Answer::json(&[1, 2]).ok()];
    for (n, answer) in answers.iter().enumerate() {
        let slot = slot(n.to_string());
        let mut tx = first.begun(&slot).await;
        trial.write(&mut tx).await;
        first.commit(tx, &slot, answer.as_ref()).await;
    }
    first.is("how much is written", trial.written().await, 4);
    for (n, answer) in answers.into_iter().enumerate() {
        let slot = slot(n.to_string());
        let stored = second.duplicate(&slot).await;
        second.is("the stored answer", stored, answer.clone());
        match first.begin(&slot).await {
            Claim::Duplicate(stored) => first.is("the stored answer", stored, answer),
            other => first.broken(format_args!("{:?} is {}, not a duplicate", slot.key, name(&other))),
        }
    }
}

async fn a_transaction_is_told_of_its_twin<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let twin = |id: &str| Slot { twins: true, ..printed(id, 1) };
    first.begins_with_twin(&twin("a"), false).await;
    first.committed(&twin("a")).await;
    second.begins_with_twin(&twin("b"), true).await;
    second.begins_with_twin(&printed("c", 1), false).await;
}

async fn a_rollback_leaves_nothing<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    for _ in 0..3 {
        let mut tx = first.begun(&slot("a")).await;
        trial.write(&mut tx).await;
        trial.write(&mut tx).await;
        first.rollback(tx).await;
        first.is("how much is written", trial.written().await, 0);
    }
    let token = second.granted(&slot("a")).await;
    second.release(&slot("a"), token).await;
    let mut tx = first.begun(&slot("a")).await;
    trial.write(&mut tx).await;
    first.commit(tx, &slot("a"), None).await;
    second.duplicate(&slot("a")).await;
    first.is("how much is written", trial.written().await, 1);
}

async fn a_transaction_that_is_dropped_leaves_nothing<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    for store in [&first, &second, &first] {
        let mut tx = store.begun_soon(&slot("a")).await;
        trial.write(&mut tx).await;
        drop(tx);
    }
    let tx = second.begun_soon(&slot("a")).await;
    second.rollback(tx).await;
    second.is("how much is written", trial.written().await, 0);
    second.granted(&slot("a")).await;
}

async fn a_transaction_that_is_dropped_does_not_spoil_the_next<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    // More than any pool has connections.
    for n in 0..100 {
        let mut tx = store.begun_soon(&slot("dropped")).await;
        trial.write(&mut tx).await;
        drop(tx);
        let kept = slot(n.to_string());
        let tx = store.begun_soon(&kept).await;
        store.commit(tx, &kept, None).await;
    }
    store.is("how much is written", trial.written().await, 0);
    store.done(&slot("dropped")).await;
}

async fn a_second_transaction_is_not_granted_before_the_first_has_ended<H: TransactionHarness>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let answer = Answer::text("the first");
    for (id, other) in [("a", &first), ("b", &second)] {
        let tx = first.begun(&slot(id)).await;
        let (claim, ()) = ahead(other.begin(&slot(id)), first.commit(tx, &slot(id), Some(&answer))).await;
        match claim {
            Claim::Busy { .. } => {}
            Claim::Duplicate(stored) => other.is("the stored answer", stored, Some(answer.clone())),
            claim => other.broken(format_args!("the second is {}, and the first was committed", name(&claim))),
        }
        other.not_begun(&slot(id), "a duplicate").await;
    }
    for (id, other) in [("c", &first), ("d", &second)] {
        let tx = first.begun(&slot(id)).await;
        let (claim, ()) = ahead(other.begin(&slot(id)), first.rollback(tx)).await;
        match claim {
            Claim::Busy { .. } => {}
            Claim::Granted(tx) => other.rollback(tx).await,
            claim => other.broken(format_args!("the second is {}, and the first was rolled back", name(&claim))),
        }
        let tx = other.begun_soon(&slot(id)).await;
        other.commit(tx, &slot(id), None).await;
    }
}

async fn a_claim_is_not_granted_before_the_transaction_has_ended<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    for (id, other) in [("a", &first), ("b", &second)] {
        let tx = first.begun(&slot(id)).await;
        let (claim, ()) = ahead(other.claim(&slot(id)), first.commit(tx, &slot(id), None)).await;
        let fair = matches!(claim, Claim::Busy { .. } | Claim::Duplicate(None));
        other.holds("a claim is busy or a duplicate while a transaction is committed", fair);
        other.duplicate(&slot(id)).await;
    }
    for (id, other) in [("c", &first), ("d", &second)] {
        let tx = first.begun(&slot(id)).await;
        let (claim, ()) = ahead(other.claim(&slot(id)), first.rollback(tx)).await;
        match claim {
            Claim::Granted(grant) => other.complete(&slot(id), grant.token, None).await,
            Claim::Busy { .. } => other.done(&slot(id)).await,
            claim => other.broken(format_args!("the claim is {}, and nothing was committed", name(&claim))),
        }
    }
}

async fn of_many_transactions_at_once_one_writes<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    for round in 1..=4 {
        let (trial, slot) = (&*trial, &slot(round.to_string()));
        let one = |store| async move {
            let store: &Probe<H::Store> = store;
            match store.begin(slot).await {
                Claim::Granted(mut tx) => {
                    trial.write(&mut tx).await;
                    store.commit(tx, slot, None).await;
                    "committed"
                }
                other => name(&other),
            }
        };
        let ends = by_turns([&first, &second].into_iter().cycle().take(16).map(one).collect()).await;
        first.is("how many committed", ends.iter().filter(|end| **end == "committed").count(), 1);
        let fair = ends.iter().all(|end| ["committed", "busy", "a duplicate"].contains(end));
        first.holds("the others are busy or duplicates", fair);
        first.is("how much is written", trial.written().await, round);
    }
}

async fn a_key_that_is_held_by_a_claim_is_busy<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let answer = Answer::text("claimed");
    let token = first.granted(&slot("a")).await;
    for store in [&first, &second] {
        store.not_begun(&slot("a"), "busy").await;
    }
    first.complete(&slot("a"), token, Some(&answer)).await;
    match second.begin(&slot("a")).await {
        Claim::Duplicate(stored) => second.is("the stored answer", stored, Some(answer)),
        other => second.broken(format_args!("a completed key is {}, not a duplicate", name(&other))),
    }
    let token = first.granted(&slot("b")).await;
    first.release(&slot("b"), token).await;
    second.committed(&slot("b")).await;
    first.lost(&slot("b"), token).await;
}

async fn a_lapsed_claim_is_lost_to_a_transaction<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let answer = Answer::text("in time");
    let old = first.granted(&slot("a")).await;
    trial.advance(LEASE + SECOND).await;
    let tx = second.begun(&slot("a")).await;
    second.commit(tx, &slot("a"), Some(&answer)).await;
    first.lost(&slot("a"), old).await;
    let stored = first.duplicate(&slot("a")).await;
    first.is("the stored answer", stored, Some(answer));
}

async fn a_transaction_is_judged_as_a_claim_is<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let tx = first.begun(&printed("a", 1)).await;
    first.commit(tx, &printed("a", 1), None).await;
    second.not_begun(&printed("a", 2), "a conflict").await;
    second.conflict(&printed("a", 2)).await;
    second.not_begun(&printed("a", 1), "a duplicate").await;
    second.not_begun(&slot("a"), "a duplicate").await;
    // Keys of other scopes are other keys.
    for key in [key("a").tenant(""), key("a").tenant("tenant"), key("A"), key("a ")] {
        second.committed(&super::slot_of(key)).await;
    }
    let forgotten = second.ok("forget", second.store.forget(&key("a")).await);
    second.is("forgetting a committed key", forgotten, true);
    first.committed(&printed("a", 2)).await;
}

async fn a_mark_of_a_transaction_is_remembered_as_any<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.committed(&slot("a")).await;
    trial.advance(REMEMBER - SECOND).await;
    second.purged(100).await;
    second.duplicate(&slot("a")).await;
    first.not_begun(&slot("a"), "a duplicate").await;
    trial.advance(2 * SECOND).await;
    second.purged(100).await;
    first.committed(&slot("a")).await;
}

async fn a_redrive_that_is_rolled_back_leaves_the_mark<H: TransactionHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let (old, new) = (Answer::text("the first"), Answer::text("the second"));
    let redriven = Slot { generation: 1, ..slot("a") };
    let tx = first.begun(&slot("a")).await;
    first.commit(tx, &slot("a"), Some(&old)).await;
    let mut tx = first.begun(&redriven).await;
    trial.write(&mut tx).await;
    first.rollback(tx).await;
    let stored = second.duplicate(&slot("a")).await;
    second.is("the stored answer", stored, Some(old));
    let tx = second.begun(&redriven).await;
    second.commit(tx, &redriven, Some(&new)).await;
    for slot in [&slot("a"), &redriven] {
        let stored = first.duplicate(slot).await;
        first.is("the stored answer", stored, Some(new.clone()));
        first.not_begun(slot, "a duplicate").await;
    }
    first.is("how much is written", trial.written().await, 0);
}
