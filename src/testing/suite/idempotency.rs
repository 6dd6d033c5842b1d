//! Claims, leases and tokens.

use super::{
    LEASE, REMEMBER, SECOND, StoreHarness, Trial, alike, memory, printed,
    probe::{Meet, name},
    rules, slot, slot_of,
};
use crate::{
    Answer,
    store::{Claim, Grant, IdempotencyStore as _, Slot, Token},
};

/// Checks a store against the contract of [`IdempotencyStore`](crate::store::IdempotencyStore).
///
/// # Panics
/// If the store breaks it: the message names the rule.
pub async fn check_idempotency<H: StoreHarness>(harness: &mut H) {
    rules!(harness:
        a_key_is_granted_once_and_is_a_duplicate_after_that,
        a_held_key_is_busy_until_its_lease_runs_out,
        a_released_key_is_free_and_its_token_stays_used,
        a_duplicate_gets_the_answer_that_was_stored,
        tokens_rise_and_none_is_used_twice,
        a_held_key_is_busy_whatever_its_fingerprint,
        a_key_whose_lease_ran_out_is_granted_anew,
        an_old_holder_is_told_lost_and_changes_nothing,
        a_token_of_nobody_or_of_another_key_is_lost,
        extend_holds_for_so_long_from_now,
        what_is_completed_cannot_be_released,
        keys_are_compared_column_by_column,
        a_conflict_needs_two_fingerprints_and_a_completed_mark,
        of_many_claims_at_once_one_is_granted,
        of_many_claims_of_a_lapsed_key_at_once_one_is_granted,
        claims_of_different_keys_at_once_get_different_tokens,
    );
    memory::check(harness).await;
}

async fn a_key_is_granted_once_and_is_a_duplicate_after_that<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let token = first.granted(&slot("a")).await;
    first.complete(&slot("a"), token, None).await;
    for store in [&first, &second, &first] {
        let answer = store.duplicate(&slot("a")).await;
        store.is("the answer", answer, None);
    }
    second.granted(&slot("b")).await;
}

async fn a_held_key_is_busy_until_its_lease_runs_out<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.granted(&slot("a")).await;
    for store in [&first, &second] {
        let retry_after = store.busy(&slot("a")).await;
        store.holds("a busy claim is worth another try within the lease", retry_after <= LEASE);
    }
    trial.advance(LEASE - SECOND).await;
    first.busy(&slot("a")).await;
    let retry_after = second.busy(&slot("a")).await;
    second.holds("a busy claim is worth another try once the lease has run out", retry_after <= 2 * SECOND);
}

async fn a_released_key_is_free_and_its_token_stays_used<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let old = first.granted(&slot("a")).await;
    first.release(&slot("a"), old).await;
    first.lost(&slot("a"), old).await;
    let new = second.granted(&slot("a")).await;
    second.holds("the new token is higher", new > old);
    first.lost(&slot("a"), old).await;
    second.complete(&slot("a"), new, None).await;
}

async fn a_duplicate_gets_the_answer_that_was_stored<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let json = serde_json::json!({ "text": "\u{e9} \u{1f980} \" \\ \u{7}", "list": [1, null, 0.5] });
    let answers = [
        None,
        Some(Answer::success()),
        Some(Answer::text("")),
        Some(Answer::text("x".repeat(100_000))),
        Some(first.ok("json", Answer::json(&json))),
    ];
    for (n, answer) in answers.iter().enumerate() {
        let slot = slot(n.to_string());
        let token = first.granted(&slot).await;
        first.complete(&slot, token, answer.as_ref()).await;
    }
    for (n, answer) in answers.into_iter().enumerate() {
        let stored = second.duplicate(&slot(n.to_string())).await;
        second.is("the stored answer", stored, answer);
    }
}

async fn tokens_rise_and_none_is_used_twice<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let mut highest = None;
    for round in 0..4 {
        for (n, store) in [&first, &second].into_iter().enumerate() {
            let (kept, released) = (slot(format!("{round} {n}")), slot("released"));
            let token = store.granted(&kept).await;
            store.holds("a token is higher than all before", Some(token) > highest);
            store.complete(&kept, token, None).await;
            let next = store.granted(&released).await;
            store.holds("a token is higher than all before", next > token);
            store.release(&released, next).await;
            let lapsed = store.granted(&slot("lapsed")).await;
            store.holds("a token is higher than all before", lapsed > next);
            highest = Some(lapsed);
            trial.advance(LEASE + SECOND).await;
            store.purged(100).await;
        }
    }
}

async fn a_held_key_is_busy_whatever_its_fingerprint<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    let token = store.granted(&printed("a", 1)).await;
    for other in [printed("a", 1), printed("a", 2), slot("a")] {
        store.busy(&other).await;
    }
    store.release(&printed("a", 1), token).await;
    store.done(&printed("a", 2)).await;
    store.conflict(&printed("a", 1)).await;
}

async fn a_key_whose_lease_ran_out_is_granted_anew<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let old = first.granted(&slot("a")).await;
    trial.advance(LEASE + SECOND).await;
    let new = second.granted(&slot("a")).await;
    second.holds("the new token is higher", new > old);
    second.complete(&slot("a"), new, None).await;
    first.duplicate(&slot("a")).await;
}

async fn an_old_holder_is_told_lost_and_changes_nothing<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let slot = slot("a");
    let old = first.granted(&slot).await;
    trial.advance(LEASE + SECOND).await;
    let new = second.granted(&slot).await;
    first.lost(&slot, old).await;
    // Still held, and for no longer than it was.
    let retry_after = first.busy(&slot).await;
    first.holds("an old holder extends nothing", retry_after <= LEASE);
    let answer = Answer::text("in time");
    second.complete(&slot, new, Some(&answer)).await;
    first.lost(&slot, old).await;
    let stored = first.duplicate(&slot).await;
    first.is("the stored answer", stored, Some(answer));

    let slot = super::slot("b");
    let old = first.granted(&slot).await;
    trial.advance(LEASE + SECOND).await;
    let new = second.granted(&slot).await;
    second.release(&slot, new).await;
    first.lost(&slot, old).await;
    first.granted(&slot).await;
}

async fn a_token_of_nobody_or_of_another_key_is_lost<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    store.lost(&slot("never claimed"), Token(1)).await;
    let (a, b) = (store.granted(&slot("a")).await, store.granted(&slot("b")).await);
    store.lost(&slot("a"), b).await;
    store.lost(&slot("b"), a).await;
    store.lost(&slot("c"), a).await;
    for token in [0, b.0 + 1, u64::MAX >> 1] {
        store.lost(&slot("a"), Token(token)).await;
    }
    store.granted(&slot("c")).await;
    store.complete(&slot("a"), a, None).await;
    store.complete(&slot("b"), b, None).await;
}

async fn extend_holds_for_so_long_from_now<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let token = first.granted(&slot("a")).await;
    for _ in 0..3 {
        trial.advance(LEASE - SECOND).await;
        first.extend(&slot("a"), token, LEASE).await;
        let retry_after = second.busy(&slot("a")).await;
        second.holds("a lease is extended from now on", retry_after > LEASE - SECOND && retry_after <= LEASE);
    }
    trial.advance(LEASE - SECOND).await;
    second.busy(&slot("a")).await;
    trial.advance(2 * SECOND).await;
    second.granted(&slot("a")).await;
}

async fn what_is_completed_cannot_be_released<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    let (slot, answer) = (slot("a"), Answer::text("the first"));
    let token = store.granted(&slot).await;
    store.complete(&slot, token, Some(&answer)).await;
    store.lost(&slot, token).await;
    let stored = store.duplicate(&slot).await;
    store.is("the stored answer", stored, Some(answer));
}

async fn keys_are_compared_column_by_column<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let keys = alike();
    let mut tokens = Vec::new();
    for key in &keys {
        tokens.push(first.granted(&slot_of(key.clone())).await);
    }
    for (n, (key, token)) in keys.iter().zip(tokens).enumerate() {
        first.complete(&slot_of(key.clone()), token, Some(&Answer::text(n.to_string()))).await;
    }
    for (n, key) in keys.iter().enumerate() {
        let stored = second.duplicate(&slot_of(key.clone())).await;
        second.is("the stored answer", stored, Some(Answer::text(n.to_string())));
    }
    for (n, forgotten) in keys.iter().enumerate() {
        first.is("forget", first.ok("forget", first.store.forget(forgotten).await), true);
        if let Some(next) = keys.get(n + 1) {
            first.duplicate(&slot_of(next.clone())).await;
        }
        first.granted(&slot_of(forgotten.clone())).await;
    }
}

async fn a_conflict_needs_two_fingerprints_and_a_completed_mark<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.done(&printed("a", 1)).await;
    for store in [&first, &second] {
        store.conflict(&printed("a", 2)).await;
        store.duplicate(&printed("a", 1)).await;
        store.duplicate(&slot("a")).await;
    }
    first.done(&slot("b")).await;
    second.duplicate(&printed("b", 1)).await;
    second.duplicate(&printed("b", 2)).await;
    // Over with what is remembered.
    trial.advance(REMEMBER + SECOND).await;
    second.done(&printed("a", 2)).await;
    first.conflict(&printed("a", 1)).await;
}

async fn of_many_claims_at_once_one_is_granted<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    for (round, meet) in Meet::BOTH.into_iter().cycle().take(6).enumerate() {
        let slot = slot(round.to_string());
        let claims = first.claim_at_once(&second, vec![slot.clone(); 64], meet).await;
        let granted: Vec<Token> = claims.iter().filter_map(granted).collect();
        first.is("how many are granted", granted.len(), 1);
        first.is("how many are busy", claims.iter().filter(|claim| name(claim) == "busy").count(), 63);
        for token in granted {
            second.complete(&slot, token, None).await;
        }
        let claims = first.claim_at_once(&second, vec![slot; 64], meet).await;
        first.is("how many are duplicates", claims.iter().filter(|c| name(c) == "a duplicate").count(), 64);
    }
}

async fn of_many_claims_of_a_lapsed_key_at_once_one_is_granted<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    for meet in Meet::BOTH {
        let (first, second) = trial.pair().await;
        let old = first.granted(&slot("a")).await;
        trial.advance(LEASE + SECOND).await;
        let claims = first.claim_at_once(&second, vec![slot("a"); 64], meet).await;
        first.is("how many are granted", claims.iter().filter_map(granted).count(), 1);
        first.is("how many are busy", claims.iter().filter(|claim| name(claim) == "busy").count(), 63);
        first.lost(&slot("a"), old).await;
    }
}

async fn claims_of_different_keys_at_once_get_different_tokens<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    for meet in Meet::BOTH {
        let (first, second) = trial.pair().await;
        let slots: Vec<Slot> = (0..64).map(|n| slot(n.to_string())).collect();
        let claims = first.claim_at_once(&second, slots.clone(), meet).await;
        let mut tokens: Vec<Token> = claims.iter().filter_map(granted).collect();
        first.is("how many are granted", tokens.len(), 64);
        for (slot, token) in slots.iter().zip(&tokens) {
            first.complete(slot, *token, None).await;
        }
        tokens.sort_unstable();
        tokens.dedup();
        first.is("how many tokens there are", tokens.len(), 64);
    }
}

pub(super) fn granted(claim: &Claim<Grant>) -> Option<Token> {
    match claim {
        Claim::Granted(grant) => Some(grant.token),
        _ => None,
    }
}
