//! What is remembered, for how long, and what a redrive does to it.

use super::{LEASE, REMEMBER, SECOND, StoreHarness, Trial, key, printed, rules, slot, slot_of};
use crate::{
    Answer,
    store::{IdempotencyStore as _, Slot},
};

pub(super) async fn check<H: StoreHarness>(harness: &mut H) {
    rules!(harness:
        a_mark_is_remembered_for_so_long_from_its_completion,
        each_mark_is_remembered_for_as_long_as_its_slot_says,
        purge_removes_in_chunks_and_nothing_early,
        purge_leaves_what_is_held,
        forget_makes_a_completed_key_free,
        forget_leaves_a_held_key,
        a_higher_generation_is_granted_over_a_mark,
        a_redrive_that_is_let_go_of_leaves_the_mark,
        a_redrive_that_is_completed_replaces_the_mark,
        a_mark_of_a_lower_generation_is_no_conflict,
        a_twin_is_told_where_it_is_asked_for,
        only_what_is_completed_and_remembered_is_a_twin,
        a_twin_is_of_the_same_source_tenant_and_consumer,
    );
}

fn redrive(slot: Slot, generation: u32) -> Slot {
    Slot { generation, ..slot }
}

fn twin(id: &str, print: u8) -> Slot {
    Slot { twins: true, ..printed(id, print) }
}

async fn a_mark_is_remembered_for_so_long_from_its_completion<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let answer = Answer::text("still here");
    let token = first.granted(&slot("a")).await;
    trial.advance(LEASE - SECOND).await;
    first.complete(&slot("a"), token, Some(&answer)).await;
    trial.advance(REMEMBER - SECOND).await;
    second.purged(100).await;
    for store in [&first, &second] {
        let stored = store.duplicate(&slot("a")).await;
        store.is("the stored answer", stored, Some(answer.clone()));
    }
    trial.advance(2 * SECOND).await;
    second.done(&slot("a")).await;
    trial.advance(REMEMBER - SECOND).await;
    first.purged(100).await;
    first.duplicate(&slot("a")).await;
}

async fn each_mark_is_remembered_for_as_long_as_its_slot_says<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let long = Slot { remember: 31 * REMEMBER, ..slot("long") };
    first.done(&long).await;
    first.done(&slot("short")).await;
    trial.advance(REMEMBER + SECOND).await;
    second.purged(100).await;
    second.granted(&slot("short")).await;
    second.duplicate(&long).await;
    trial.advance(30 * REMEMBER - 2 * SECOND).await;
    second.purged(100).await;
    second.duplicate(&long).await;
    trial.advance(2 * SECOND).await;
    second.granted(&long).await;
}

async fn purge_removes_in_chunks_and_nothing_early<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let long = |n: u32| Slot { remember: 2 * REMEMBER, ..slot(format!("long {n}")) };
    for n in 0..10 {
        first.done(&slot(n.to_string())).await;
        first.done(&long(n)).await;
    }
    let early = second.purged(100).await;
    second.is("how much is purged early", early, 0);
    trial.advance(REMEMBER + SECOND).await;
    let nothing = first.ok("purge", first.store.purge(0).await);
    first.is("a purge of nothing", nothing, 0);
    let one = first.ok("purge", first.store.purge(1).await);
    first.holds("a purge of one removes one at most", one <= 1);
    // A store may have freed some, or all, by itself.
    let gone = one + second.purged(4).await;
    second.holds("no more is purged than was over", gone <= 10);
    for n in 0..10 {
        second.duplicate(&long(n)).await;
        first.granted(&slot(n.to_string())).await;
    }
}

async fn purge_leaves_what_is_held<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let lapsed = first.granted(&slot("lapsed")).await;
    trial.advance(LEASE + SECOND).await;
    let held = first.granted(&slot("held")).await;
    let gone = second.purged(100).await;
    second.holds("no more is purged than was over", gone <= 1);
    first.busy(&slot("held")).await;
    first.complete(&slot("held"), held, None).await;
    let again = second.granted(&slot("lapsed")).await;
    first.holds("the new token is higher", again > lapsed);
    first.lost(&slot("lapsed"), lapsed).await;
}

async fn forget_makes_a_completed_key_free<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let unknown = first.ok("forget", first.store.forget(&key("a")).await);
    first.is("forgetting what was never claimed", unknown, false);
    first.done(&redrive(printed("a", 1), 3)).await;
    let known = second.ok("forget", second.store.forget(&key("a")).await);
    second.is("forgetting a completed key", known, true);
    let again = first.ok("forget", first.store.forget(&key("a")).await);
    first.is("forgetting it twice", again, false);
    first.done(&printed("a", 2)).await;
    let stored = second.duplicate(&printed("a", 2)).await;
    second.is("the answer", stored, None);
}

async fn forget_leaves_a_held_key<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    let token = store.granted(&slot("a")).await;
    let forgotten = store.ok("forget", store.store.forget(&key("a")).await);
    store.is("forgetting a held key", forgotten, false);
    store.busy(&slot("a")).await;
    store.complete(&slot("a"), token, None).await;
    // The mark goes, whoever redrives it stays.
    let token = store.granted(&redrive(slot("a"), 1)).await;
    let forgotten = store.ok("forget", store.store.forget(&key("a")).await);
    store.is("forgetting a completed key that is redriven", forgotten, true);
    store.busy(&slot("a")).await;
    store.release(&redrive(slot("a"), 1), token).await;
    store.granted(&slot("a")).await;
}

async fn a_higher_generation_is_granted_over_a_mark<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let answer = Answer::text("the first");
    let token = first.granted(&slot("a")).await;
    first.complete(&slot("a"), token, Some(&answer)).await;
    let new = second.granted(&redrive(slot("a"), 1)).await;
    second.holds("the new token is higher", new > token);
    first.lost(&slot("a"), token).await;
    // The mark is judged before the holder.
    let stored = first.duplicate(&slot("a")).await;
    first.is("the stored answer", stored, Some(answer));
    first.busy(&redrive(slot("a"), 1)).await;
    first.busy(&redrive(slot("a"), 2)).await;
    second.complete(&redrive(slot("a"), 1), new, None).await;
}

async fn a_redrive_that_is_let_go_of_leaves_the_mark<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let answer = Answer::text("the first");
    let token = first.granted(&printed("a", 1)).await;
    first.complete(&printed("a", 1), token, Some(&answer)).await;
    let token = second.granted(&redrive(printed("a", 2), 1)).await;
    second.release(&redrive(printed("a", 2), 1), token).await;
    let stored = first.duplicate(&printed("a", 1)).await;
    first.is("the stored answer", stored, Some(answer.clone()));
    first.conflict(&printed("a", 2)).await;
    // The same where its holder is gone.
    second.granted(&redrive(printed("a", 2), 1)).await;
    trial.advance(LEASE + SECOND).await;
    first.purged(100).await;
    let stored = second.duplicate(&printed("a", 1)).await;
    second.is("the stored answer", stored, Some(answer));
    second.conflict(&printed("a", 2)).await;
    second.granted(&redrive(printed("a", 2), 1)).await;
}

async fn a_redrive_that_is_completed_replaces_the_mark<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    first.done(&slot("a")).await;
    trial.advance(REMEMBER - 2 * SECOND).await;
    let (redriven, answer) = (redrive(slot("a"), 2), Answer::text("the second"));
    let token = first.granted(&redriven).await;
    first.complete(&redriven, token, Some(&answer)).await;
    // Remembered from the second completion on.
    trial.advance(REMEMBER - SECOND).await;
    second.purged(100).await;
    for generation in [0, 1, 2] {
        let stored = second.duplicate(&redrive(slot("a"), generation)).await;
        second.is("the stored answer", stored, Some(answer.clone()));
    }
    second.granted(&redrive(slot("a"), 3)).await;
}

async fn a_mark_of_a_lower_generation_is_no_conflict<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    store.done(&printed("a", 1)).await;
    store.conflict(&printed("a", 2)).await;
    store.done(&redrive(printed("a", 2), 1)).await;
    store.duplicate(&redrive(printed("a", 2), 1)).await;
    store.conflict(&redrive(printed("a", 1), 1)).await;
    store.conflict(&printed("a", 1)).await;
    store.duplicate(&printed("a", 2)).await;
}

async fn a_twin_is_told_where_it_is_asked_for<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let grant = first.grant(&twin("a", 1)).await;
    first.is("the first one's twin", grant.twin, false);
    first.complete(&twin("a", 1), grant.token, None).await;
    let grant = second.grant(&twin("b", 1)).await;
    second.is("the second one's twin", grant.twin, true);
    second.complete(&twin("b", 1), grant.token, None).await;
    let asked = first.grant(&twin("c", 1)).await;
    first.is("the third one's twin", asked.twin, true);
    let unasked = first.grant(&printed("d", 1)).await;
    first.is("the twin of one that did not ask", unasked.twin, false);
    let other = first.grant(&twin("e", 2)).await;
    first.is("the twin of another fingerprint", other.twin, false);
    let none = first.grant(&Slot { twins: true, ..slot("f") }).await;
    first.is("the twin of no fingerprint", none.twin, false);
}

async fn only_what_is_completed_and_remembered_is_a_twin<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    let held = store.granted(&twin("a", 1)).await;
    let grant = store.grant(&twin("b", 1)).await;
    store.is("the twin of what is held", grant.twin, false);
    store.release(&twin("b", 1), grant.token).await;
    store.complete(&twin("a", 1), held, None).await;
    let itself = store.grant(&redrive(twin("a", 1), 1)).await;
    store.is("the twin of itself", itself.twin, false);
    store.release(&redrive(twin("a", 1), 1), itself.token).await;
    let grant = store.grant(&twin("b", 1)).await;
    store.is("the twin of what is completed", grant.twin, true);
    store.release(&twin("b", 1), grant.token).await;
    store.ok("forget", store.store.forget(&key("a")).await);
    let grant = store.grant(&twin("b", 1)).await;
    store.is("the twin of what is forgotten", grant.twin, false);
    store.complete(&twin("b", 1), grant.token, None).await;
    trial.advance(REMEMBER + SECOND).await;
    let grant = store.grant(&twin("c", 1)).await;
    store.is("the twin of what is over", grant.twin, false);
}

async fn a_twin_is_of_the_same_source_tenant_and_consumer<H: StoreHarness>(trial: &mut Trial<'_, H>) {
    let store = trial.fresh().await;
    let of = |key| Slot { twins: true, fingerprint: Some([1; 32]), ..slot_of(key) };
    store.done(&of(key("a"))).await;
    let keys = [
        crate::place::Key::new("another", "consumer", "b"),
        crate::place::Key::new("source", "another", "b"),
        key("b").tenant(""),
        key("b").tenant("tenant"),
        key("c").tenant("another"),
    ];
    for key in keys {
        let grant = store.grant(&of(key.clone())).await;
        store.is("the twin in another scope", grant.twin, false);
        store.complete(&of(key), grant.token, None).await;
    }
    let grant = store.grant(&of(key("d").tenant("tenant"))).await;
    store.is("the twin in the same tenant", grant.twin, true);
}
