//! What is kept of an event that no retry will help.

use bytes::Bytes;

use super::{LEASE, REMEMBER, SECOND, StoreHarness, Trial, probe::Probe, rules, slot_of};
use crate::{
    Error, ErrorKind, Event, Verifier, dangerous,
    place::{Gap, Order, Place, Token},
    provider::{At, Digest, Hmac, Provider, Scheme, Syntax, TimeUnit},
    store::{DeadLetter, DeadLetterStore, Held, OrderingStore, Slot},
};

/// Checks a store against the contract of [`DeadLetterStore`]; what is asked of every store is
/// [`check_idempotency`](super::check_idempotency)'s.
///
/// # Panics
/// If the store breaks it: the message names the rule.
pub async fn check_dead_letters<H: StoreHarness<Store: DeadLetterStore>>(harness: &mut H) {
    rules!(harness:
        what_is_buried_is_completed,
        a_dead_letter_brings_back_the_event_as_it_came,
        who_lost_the_claim_buries_nothing,
        dead_letters_are_listed_page_by_page_the_oldest_first,
        what_is_discarded_is_gone_and_its_mark_stays,
        dead_letters_are_never_forgotten,
        a_redriven_event_is_of_the_next_generation,
    );
}

/// Checks what [`DeadLetterStore`] and [`OrderingStore`] promise together.
///
/// # Panics
/// If the store breaks it: the message names the rule.
pub async fn check_ordered_dead_letters<H: StoreHarness<Store: DeadLetterStore + OrderingStore>>(harness: &mut H) {
    rules!(harness:
        a_burial_frees_the_stream_and_leaves_its_mark,
        the_first_of_a_sequence_that_is_buried_is_missing,
        what_is_buried_waits_no_longer,
        who_lost_the_stream_buries_nothing,
        a_redriven_event_is_stale_once_its_stream_has_gone_past_it,
    );
}

const SAMPLE: Provider = Provider::new(
    "sample",
    Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-sample-signature"), Syntax::Bare)),
)
.label(At::Json("/id"))
.identity(&[At::Json("/account"), At::Json("/id")])
.kind(At::Json("/type"))
.time(At::Json("/at"), TimeUnit::Seconds)
.payload(At::Json("/data"));

/// An event with something in each of its fields.
fn sample(id: &str) -> Result<Event, Error> {
    let body = serde_json::json!({
        "id": id, "account": "acct", "type": "thing.changed", "at": 1_700_000_000, "data": { "name": "\u{e9}\u{1f980}" },
    });
    let request = http::Request::post("/hook").header("x-sample", "one").header("x-sample", "two");
    let request = request.body(Bytes::from(body.to_string())).map_err(Error::config)?;
    let verifier = Verifier::new(&SAMPLE, "secret")?;
    let mut event = dangerous::unverified(&verifier, &request)?.into_events().pop();
    if let Some(event) = &mut event {
        event.tenant = Some("tenant".to_owned());
    }
    event.ok_or(Error::new(ErrorKind::Envelope, "no event"))
}

fn slot_for(event: &Event) -> Option<Slot> {
    Some(Slot { generation: event.inner.generation, ..slot_of(event.key("consumer")?) })
}

impl<S: DeadLetterStore> Probe<S> {
    fn sample(&self, id: &str) -> (Event, Slot) {
        let event = self.ok("the sample", sample(id));
        let slot = slot_for(&event).unwrap_or_else(|| self.broken("the sample has no identity"));
        (event, slot)
    }

    async fn bury(&self, slot: &Slot, token: Token, event: &Event, error: &str) -> Held {
        self.ok("bury", self.store.bury(slot, token, event, error).await)
    }

    /// Claimed and buried.
    async fn buried(&self, slot: &Slot, event: &Event, error: &str) {
        let token = self.granted(slot).await;
        let held = self.bury(slot, token, event, error).await;
        self.is("bury by the holder", held, Held::Yes);
    }

    async fn letters(&self, after: Option<u64>, limit: u32) -> Vec<DeadLetter> {
        let letters = self.ok("dead_letters", self.store.dead_letters(after, limit).await);
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        self.holds("a page is no longer than it may be", letters.len() <= most);
        letters
    }

    async fn only_letter(&self) -> DeadLetter {
        let mut letters = self.letters(None, 100).await;
        self.is("how many dead letters there are", letters.len(), 1);
        letters.pop().unwrap_or_else(|| self.broken("there is no dead letter"))
    }

    fn redriven(&self, letter: &DeadLetter) -> (Event, Slot) {
        let event = letter.redrive().into_events().pop();
        let event = event.unwrap_or_else(|| self.broken("a dead letter brings no event"));
        let slot = slot_for(&event).unwrap_or_else(|| self.broken("a dead letter's event has lost its identity"));
        (event, slot)
    }
}

async fn what_is_buried_is_completed<H: StoreHarness<Store: DeadLetterStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    let token = first.granted(&slot).await;
    let held = first.bury(&slot, token, &event, "it cannot be read").await;
    first.is("bury by the holder", held, Held::Yes);
    let stored = second.duplicate(&slot).await;
    second.is("the stored answer", stored, None);
    first.lost(&slot, token).await;
    let again = first.bury(&slot, token, &event, "again").await;
    first.is("a second burial", again, Held::Lost);
    second.only_letter().await;
    trial.advance(REMEMBER - SECOND).await;
    second.purged(100).await;
    second.duplicate(&slot).await;
    trial.advance(2 * SECOND).await;
    second.granted(&slot).await;
}

async fn a_dead_letter_brings_back_the_event_as_it_came<H: StoreHarness<Store: DeadLetterStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    let why = format!("no such field: \u{e9} ' \" {}", "x".repeat(10_000));
    first.buried(&slot, &event, &why).await;
    let letter = second.only_letter().await;
    second.is("its key", &letter.key, &slot.key);
    second.is("why it was buried", &letter.error, &why);
    for found in [&letter.event, &second.redriven(&letter).0] {
        second.is("the provider", &found.provider, &event.provider);
        second.is("the tenant", &found.tenant, &event.tenant);
        second.is("the label", &found.label, &event.label);
        second.is("the kind", &found.kind, &event.kind);
        second.is("when it happened", found.occurred_at, event.occurred_at);
        second.is("the version", &found.version, &event.version);
        second.is("the attempt", found.attempt, event.attempt);
        second.is("the payload", found.payload.as_bytes(), event.payload.as_bytes());
        second.is("the envelope", found.envelope(), event.envelope());
        second.is("the id", found.id(), event.id());
        second.is("the headers", &**found.headers(), &**event.headers());
    }
}

async fn who_lost_the_claim_buries_nothing<H: StoreHarness<Store: DeadLetterStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    let old = first.granted(&slot).await;
    trial.advance(LEASE + SECOND).await;
    let new = second.granted(&slot).await;
    for token in [old, Token(new.0 + 1), Token(0)] {
        let held = first.bury(&slot, token, &event, "too late").await;
        first.is("bury by somebody else", held, Held::Lost);
    }
    first.busy(&slot).await;
    second.is("how many dead letters there are", second.letters(None, 100).await.len(), 0);
    second.release(&slot, new).await;
    let held = second.bury(&slot, new, &event, "too late").await;
    second.is("bury by somebody else", held, Held::Lost);
    first.granted(&slot).await;
    first.is("how many dead letters there are", first.letters(None, 100).await.len(), 0);
}

async fn dead_letters_are_listed_page_by_page_the_oldest_first<H: StoreHarness<Store: DeadLetterStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let names = ["e", "b", "d", "a", "c"];
    for (store, name) in [&first, &second].into_iter().cycle().zip(names) {
        let (event, slot) = store.sample(name);
        store.buried(&slot, &event, name).await;
        trial.advance(5 * SECOND).await;
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = second.letters(after, 2).await;
        after = page.last().map(|letter| letter.id);
        listed.extend(page);
        if after.is_none() || listed.len() > names.len() {
            break;
        }
    }
    second.is("the letters of all pages", listed.iter().map(|l| l.error.as_str()).collect(), names.to_vec());
    for pair in listed.windows(2) {
        if let [older, newer] = pair {
            second.holds("ids rise", older.id < newer.id);
            let apart = newer.buried_at - older.buried_at;
            second.holds("it is known when each was buried", apart > 4 * SECOND && apart < 6 * SECOND);
        }
    }
    second.is("the page after the last", second.letters(listed.last().map(|l| l.id), 2).await.len(), 0);
}

async fn what_is_discarded_is_gone_and_its_mark_stays<H: StoreHarness<Store: DeadLetterStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    first.buried(&slot, &event, "a").await;
    let (other, other_slot) = first.sample("b");
    first.buried(&other_slot, &other, "b").await;
    let letters = first.letters(None, 100).await;
    let [_, discarded] = letters.as_slice() else {
        first.broken(format_args!("there are {} dead letters, not 2", letters.len()))
    };
    let gone = second.ok("discard", second.store.discard(discarded.id).await);
    second.is("discarding a letter", gone, true);
    let again = first.ok("discard", first.store.discard(discarded.id).await);
    first.is("discarding it twice", again, false);
    first.is("what is left", first.only_letter().await.error, "a".to_owned());
    first.duplicate(&other_slot).await;
    // Whoever lists from just after the last one must not miss the next.
    let (event, slot) = first.sample("c");
    first.buried(&slot, &event, "c").await;
    let newer = second.letters(Some(discarded.id), 100).await;
    second.is("what came later", newer.iter().map(|l| l.error.as_str()).collect(), vec!["c"]);
}

async fn dead_letters_are_never_forgotten<H: StoreHarness<Store: DeadLetterStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    first.buried(&slot, &event, "a").await;
    trial.advance(1000 * REMEMBER).await;
    second.purged(100).await;
    first.only_letter().await;
    // The event came once more, long after: another burial, another letter.
    second.buried(&slot, &event, "b").await;
    let letters = first.letters(None, 100).await;
    first.is("the dead letters", letters.iter().map(|l| l.error.as_str()).collect(), vec!["a", "b"]);
}

async fn a_redriven_event_is_of_the_next_generation<H: StoreHarness<Store: DeadLetterStore>>(trial: &mut Trial<'_, H>) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    first.buried(&slot, &event, "once").await;
    let letter = second.only_letter().await;
    let (again, redriven) = second.redriven(&letter);
    second.is("the key of what is redriven", &redriven.key, &slot.key);
    second.is("its generation", redriven.generation, 1);
    second.buried(&redriven, &again, "twice").await;
    first.duplicate(&slot).await;
    first.duplicate(&redriven).await;
    let letters = first.letters(Some(letter.id), 100).await;
    first.is("the later letters", letters.len(), 1);
    for letter in &letters {
        let (_, redriven) = first.redriven(letter);
        first.is("its generation", redriven.generation, 2);
        first.done(&redriven).await;
        second.duplicate(&redriven).await;
    }
    // A letter stays until somebody has looked at it.
    second.is("how many dead letters there are", second.letters(None, 100).await.len(), 2);
}

fn placed(slot: &Slot, rank: u64) -> Slot {
    Slot { place: Some(Place::new("stream", rank, Order::Latest)), ..slot.clone() }
}

async fn a_burial_frees_the_stream_and_leaves_its_mark<H: StoreHarness<Store: DeadLetterStore + OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    let token = first.granted(&placed(&slot, 9)).await;
    let next = placed(&first.sample("b").1, 1);
    second.busy(&next).await;
    let held = first.bury(&placed(&slot, 9), token, &event, "a").await;
    first.is("bury by the holder", held, Held::Yes);
    second.done(&next).await;
    second.stale(&placed(&first.sample("c").1, 0)).await;
    let (event, slot) = first.sample("d");
    first.buried(&placed(&slot, 9), &event, "d").await;
    second.done(&placed(&first.sample("e").1, 2)).await;
}

fn nth(slot: &Slot, rank: u64, on_gap: Gap) -> Slot {
    Slot { place: Some(Place::new("stream", rank, Order::Sequence { wait: LEASE, on_gap })), ..slot.clone() }
}

async fn the_first_of_a_sequence_that_is_buried_is_missing<H: StoreHarness<Store: DeadLetterStore + OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    first.buried(&nth(&slot, 5, Gap::Block), &event, "a").await;
    let next = nth(&first.sample("b").1, 6, Gap::Block);
    second.busy(&next).await;
    let (_, redriven) = second.redriven(&second.only_letter().await);
    first.done(&nth(&redriven, 5, Gap::Block)).await;
    second.done(&next).await;
}

async fn what_is_buried_waits_no_longer<H: StoreHarness<Store: DeadLetterStore + OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    first.done(&nth(&first.sample("a").1, 1, Gap::Proceed)).await;
    let (event, slot) = first.sample("b");
    let (third, fourth) = (nth(&slot, 3, Gap::Proceed), nth(&first.sample("c").1, 4, Gap::Proceed));
    first.busy(&third).await;
    second.busy(&fourth).await;
    trial.advance(LEASE + SECOND).await;
    second.busy(&fourth).await;
    first.buried(&third, &event, "b").await;
    second.done(&fourth).await;
    let blocked = first.ok("blocked", first.store.blocked(None, 100).await);
    first.is("what is blocked", blocked, Vec::new());
}

async fn who_lost_the_stream_buries_nothing<H: StoreHarness<Store: DeadLetterStore + OrderingStore>>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    let old = first.granted(&placed(&slot, 1)).await;
    trial.advance(LEASE + SECOND).await;
    let next = placed(&first.sample("b").1, 2);
    let new = second.granted(&next).await;
    let held = first.bury(&placed(&slot, 1), old, &event, "too late").await;
    first.is("bury by who lost the stream", held, Held::Lost);
    second.complete(&next, new, None).await;
    let held = first.bury(&placed(&slot, 1), old, &event, "too late").await;
    first.is("bury by who lost the stream", held, Held::Lost);
    first.is("how many dead letters there are", first.letters(None, 100).await.len(), 0);
    second.stale(&placed(&slot, 1)).await;
}

async fn a_redriven_event_is_stale_once_its_stream_has_gone_past_it<
    H: StoreHarness<Store: DeadLetterStore + OrderingStore>,
>(
    trial: &mut Trial<'_, H>,
) {
    let (first, second) = trial.pair().await;
    let (event, slot) = first.sample("a");
    first.buried(&placed(&slot, 5), &event, "a").await;
    let (_, redriven) = second.redriven(&second.only_letter().await);
    let token = second.granted(&placed(&redriven, 5)).await;
    second.release(&placed(&redriven, 5), token).await;
    first.done(&placed(&first.sample("b").1, 6)).await;
    second.stale(&placed(&redriven, 5)).await;
}
