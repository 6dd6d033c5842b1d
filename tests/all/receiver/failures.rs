//! Handlers that fail, panic or hang, and where what fails for good is kept.

use inhook::{
    Handlers, Json, Place,
    provider::{SLACK, STANDARD_WEBHOOKS},
    store::{DeadLetterStore, Order},
};

use super::*;

fn one() -> Request<Bytes> {
    stripe("evt_1", "a.b").build()
}

#[tokio::test]
async fn a_failure_gives_the_event_back() {
    let (world, calls) = (World::new(), Calls::default());
    let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(calls.failing(2))).unwrap();
    assert_eq!(send(&receiver, &one()).await, error(500, "failed"));
    assert_eq!(send(&receiver, &one()).await, error(500, "failed"));
    assert_eq!(send(&receiver, &one()).await, plain(200));
    assert_eq!(send(&receiver, &one()).await, plain(200));
    assert_eq!((world.ends(), calls.count()), (ends(["failed", "failed", "handled", "duplicate"]), 3));
}

fn ends<const N: usize>(of: [&str; N]) -> Vec<String> {
    of.map(str::to_owned).to_vec()
}

#[tokio::test]
async fn a_panic_gives_the_event_back() {
    for waits in [false, true] {
        let (world, calls) = (World::new(), Calls::default());
        let seen = calls.clone();
        let handler = async move |_: Event| {
            if waits {
                tokio::task::yield_now().await;
            }
            assert!(seen.next() > 1, "a handler's bug");
            Ok(())
        };
        let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(handler)).unwrap();
        assert_eq!(send(&receiver, &one()).await, error(500, "panicked"));
        assert_eq!(send(&receiver, &one()).await, plain(200));
        assert_eq!(world.ends(), ["panicked", "handled"]);
    }
}

#[tokio::test]
async fn code_of_the_users_own_that_panics_is_an_answer_too() {
    let world = World::new();
    let ok = || Handlers::new().otherwise(Calls::default().handler());
    let receiver = world.receiver(&STRIPE).key_by(|_| panic!("key_by")).handle(ok()).unwrap();
    assert_eq!(send(&receiver, &one()).await, error(500, "panicked"));
    let receiver = world.receiver(&STRIPE).ordered_by(|_| panic!("ordered_by")).handle(ok()).unwrap();
    assert_eq!(send(&receiver, &one()).await, error(500, "panicked"));
    let store = Watched::new(world.store.clone(), |_| panic!("store"));
    let receiver = world.over(&STRIPE, store).handle(ok()).unwrap();
    assert_eq!(send(&receiver, &one()).await, error(500, "panicked"));
    assert_eq!(world.ends(), ["panicked", "panicked", "panicked"]);
    assert_eq!(world.observed.last().provider.as_deref(), Some("stripe"));
    // An observer changes nothing of what a provider hears.
    let receiver = world.receiver(&STRIPE).observe(|_| panic!("observe")).handle(ok()).unwrap();
    assert_eq!(send(&receiver, &one()).await, plain(200));
    assert_eq!(send(&receiver, &stripe("evt_1", "a.b").at(NOW - time::Duration::hours(1)).build()).await.0, 401);
    let tenants = Receiver::tenants(async |_: &http::request::Parts| panic!("resolver"), world.store.clone());
    let receiver = tenants.observe(world.observed.note()).handle(ok()).unwrap();
    assert_eq!(send(&receiver, &one()).await, error(500, "panicked"));
    assert_eq!(world.ends().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_dropped_and_gives_the_event_back() {
    let (world, calls) = (World::new(), Calls::default());
    let (seen, dropped) = (calls.clone(), Calls::default());
    let witness = dropped.clone();
    let handler = async move |_: Event| {
        let guard = Guard(witness.clone());
        if seen.next() == 1 {
            std::future::pending::<()>().await;
        }
        drop(guard);
        Ok(())
    };
    let timeout = Duration::from_secs(2);
    let receiver = world.receiver(&STRIPE).timeout(timeout).handle(Handlers::new().otherwise(handler)).unwrap();
    let start = tokio::time::Instant::now();
    assert_eq!(send(&receiver, &one()).await, error(500, "timed_out"));
    assert!(start.elapsed() >= timeout && start.elapsed() < timeout + Duration::from_millis(10));
    assert_eq!(dropped.count(), 1);
    assert_eq!(send(&receiver, &one()).await, plain(200));
    assert_eq!(world.ends(), ["timed_out", "handled"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_while_it_is_dropped_gives_the_event_back() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let (world, calls) = (World::new(), Calls::default());
    let seen = calls.clone();
    let handler = async move |_: Event| {
        if seen.next() == 1 {
            let _armed = Bomb;
            std::future::pending::<()>().await;
        }
        Ok(())
    };
    let builder = world.receiver(&STRIPE).timeout(Duration::from_secs(2));
    let receiver = builder.handle(Handlers::new().otherwise(handler)).unwrap();
    assert_eq!(send(&receiver, &one()).await, error(500, "timed_out"));
    assert_eq!(send(&receiver, &one()).await, plain(200));
    assert_eq!(world.ends(), ["timed_out", "handled"]);
}

#[tokio::test]
async fn a_failure_that_panics_when_it_says_why_is_buried_all_the_same() {
    #[derive(Debug)]
    struct Mute;
    impl std::fmt::Display for Mute {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("expected")
        }
    }
    impl std::error::Error for Mute {}
    let world = World::new();
    let handler = async |_: Event| -> Result<(), Failure> { Err(Failure::permanent(Mute)) };
    let receiver = world.receiver(&STRIPE).dead_letters().handle(Handlers::new().otherwise(handler)).unwrap();
    assert_eq!(send(&receiver, &one()).await, plain(200));
    let letters = world.store.dead_letters(None, 10).await.unwrap();
    assert_eq!(
        letters.iter().map(|letter| &*letter.error).collect::<Vec<_>>(),
        ["the failure panicked when it was to say why"]
    );
}

/// Whoever redrives it would discard it once the report is settled.
#[tokio::test]
async fn a_dead_letter_that_nobody_takes_any_more_is_not_settled() {
    let world = World::new();
    let receiver = world.receiver(&STRIPE).dead_letters().handle(Handlers::new().on("a.b", hopeless)).unwrap();
    assert_eq!(send(&receiver, &one()).await, plain(200));
    let letter = world.store.dead_letters(None, 1).await.unwrap().remove(0);
    let without = world.receiver(&STRIPE).handle(Handlers::new().on("c.d", hopeless)).unwrap();
    for _ in 0..2 {
        assert!(!without.dispatch(letter.redrive()).await.settled());
    }
    let with = world.receiver(&STRIPE).handle(Handlers::new().on("a.b", async |_: Event| Ok(()))).unwrap();
    assert!(with.dispatch(letter.redrive()).await.settled());
    assert_eq!(world.ends(), ["buried", "refused: config", "refused: config", "handled"]);
}

struct Guard(Calls);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.next();
    }
}

async fn hopeless(_: Event) -> Result<(), Failure> {
    Err(Failure::permanent("no such customer"))
}

#[tokio::test]
async fn what_fails_for_good_is_buried_before_success_is_answered() {
    let world = World::new();
    let receiver = world.receiver(&STRIPE).dead_letters().handle(Handlers::new().otherwise(hopeless)).unwrap();
    assert_eq!(send(&receiver, &one()).await, plain(200));
    assert_eq!(send(&receiver, &one()).await, plain(200));
    assert_eq!(world.ends(), ["buried", "duplicate"]);
    let letters = world.store.dead_letters(None, 10).await.unwrap();
    let [letter] = &*letters else { panic!("{letters:?}") };
    assert_eq!((&*letter.error, letter.buried_at), ("no such customer", NOW));
    assert_eq!(letter.key, Key::new("stripe", "default", "evt_1"));
    assert_eq!(letter.event.raw().as_bytes(), br#"{"of":"evt_1"}"#);
}

#[tokio::test]
async fn without_dead_letters_it_is_tried_again() {
    let world = World::new();
    let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(hopeless)).unwrap();
    assert_eq!(send(&receiver, &one()).await, error(500, "failed"));
    assert_eq!(send(&receiver, &one()).await, error(500, "failed"));
    assert!(world.store.dead_letters(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_payload_that_cannot_be_decoded_is_buried_or_tried_again() {
    let world = World::new();
    let handlers = || Handlers::new().otherwise(async |_: Event<Json<u64>>| Ok(()));
    let receiver = world.receiver(&STRIPE).handle(handlers()).unwrap();
    assert_eq!(send(&receiver, &one()).await, error(500, "failed"));
    let receiver = world.receiver(&STRIPE).dead_letters().handle(handlers()).unwrap();
    assert_eq!(send(&receiver, &one()).await, plain(200));
    let letters = world.store.dead_letters(None, 10).await.unwrap();
    // Whoever looks at it is told what was expected, not only that something was.
    assert!(letters[0].error.starts_with("payload: ") && letters[0].error.contains("expected u64"), "{letters:?}");
    // Not so what the handler itself could not read: it says whether that is for good.
    let by_hand = async |event: Event| event.raw().json::<u64>().map(|_| ()).map_err(Failure::from);
    let receiver = world.receiver(&STRIPE).dead_letters().handle(Handlers::new().otherwise(by_hand)).unwrap();
    assert_eq!(send(&receiver, &stripe("evt_2", "a.b").build()).await, error(500, "failed"));
}

#[tokio::test(start_paused = true)]
async fn a_burial_that_fails_is_no_success() {
    // Room for one dead letter, and for one id: the first is forgotten in time, its letter stays.
    let world = World::new();
    let store = MemoryStore::with_capacity(1).clock(world.time.clock());
    let receiver = world.over(&PATIENT, store.clone()).dead_letters().handle(Handlers::new().otherwise(hopeless));
    let receiver = receiver.unwrap();
    assert_eq!(send(&receiver, &one()).await, plain(200));
    world.time.forward(32 * 86_400);
    let next = stripe("evt_2", "a.b").build();
    assert_eq!(send(&receiver, &next).await, error(503, "store"));
    // It is free at once, not when its lease is over.
    let first = store.dead_letters(None, 1).await.unwrap().remove(0);
    assert!(store.discard(first.id).await.unwrap());
    assert_eq!(send(&receiver, &next).await, plain(200));
}

#[tokio::test]
async fn a_dead_letter_is_handled_when_it_is_redriven() {
    let (world, calls) = (World::new(), Calls::default());
    let broken = world.receiver(&STRIPE).dead_letters().handle(Handlers::new().otherwise(hopeless)).unwrap();
    assert_eq!(send(&broken, &one()).await, plain(200));
    let first = world.store.dead_letters(None, 10).await.unwrap().remove(0);
    // Still hopeless: another letter, and this one may go.
    assert!(broken.dispatch(first.redrive()).await.settled());
    assert!(world.store.discard(first.id).await.unwrap());
    let letter = world.store.dead_letters(None, 10).await.unwrap().remove(0);
    assert!(letter.id > first.id);
    // Not yet: it stays.
    let fixed = world.receiver(&STRIPE).dead_letters().handle(Handlers::new().otherwise(calls.failing(1))).unwrap();
    assert!(!fixed.dispatch(letter.redrive()).await.settled());
    let report = fixed.dispatch(letter.redrive()).await;
    assert!(report.settled() && matches!(report.outcomes()[0].end, End::Handled(_)), "{report:?}");
    assert!(world.store.discard(letter.id).await.unwrap());
    // Whatever comes late is a duplicate, the letter too.
    assert_eq!(send(&fixed, &one()).await, plain(200));
    assert!(matches!(fixed.dispatch(letter.redrive()).await.outcomes()[0].end, End::Duplicate(_)));
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_dead_letter_that_its_stream_has_gone_past_is_stale() {
    let (world, calls) = (World::new(), Calls::default());
    let place = |event: &Event| Some(Place::new("users", event.occurred_at?, Order::Latest));
    let event = |minute: u8| {
        let body = format!(r#"{{"type":"user.updated","timestamp":"2026-11-21T06:{minute:02}:00Z"}}"#);
        sent(&STANDARD_WEBHOOKS, body).build()
    };
    let build = || world.receiver(&STANDARD_WEBHOOKS).dead_letters().ordered_by(place);
    let broken = build().handle(Handlers::new().otherwise(hopeless)).unwrap();
    let fixed = build().handle(Handlers::new().otherwise(calls.handler())).unwrap();
    assert_eq!(send(&broken, &event(1)).await, plain(200));
    let letter = world.store.dead_letters(None, 1).await.unwrap().remove(0);
    assert_eq!(send(&fixed, &event(2)).await, plain(200));
    let report = fixed.dispatch(letter.redrive()).await;
    assert!(report.settled() && matches!(report.outcomes()[0].end, End::Stale), "{report:?}");
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn what_nothing_identifies_is_buried_too() {
    let world = World::new();
    let request = sent(&SLACK, r#"{"type":"block_suggestion"}"#).build();
    let receiver = world.receiver(&SLACK).dead_letters().handle(Handlers::new().otherwise(hopeless)).unwrap();
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!(world.ends(), ["buried", "buried"]);
    assert_eq!(world.observed.last().key, None);
    let letters = world.store.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.len(), 2);
    let calls = Calls::default();
    let fixed = world.receiver(&SLACK).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    assert!(fixed.dispatch(letters[0].redrive()).await.settled());
    assert_eq!(calls.count(), 1);
    // The letter is identified by what it was buried under: once more, and it is a duplicate; the other is another.
    let again = fixed.dispatch(letters[0].redrive()).await;
    assert!(matches!(again.outcomes()[0].end, End::Duplicate(_)), "{again:?}");
    assert!(fixed.dispatch(letters[1].redrive()).await.settled());
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_dead_letter_stays_with_its_consumer_and_its_provider() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = || Handlers::new().otherwise(calls.handler());
    let billing = world.receiver(&STRIPE).consumer("billing").dead_letters();
    let billing = billing.handle(Handlers::new().otherwise(hopeless)).unwrap();
    assert_eq!(send(&billing, &one()).await, plain(200));
    let letter = world.store.dead_letters(None, 10).await.unwrap().remove(0);
    let mail = world.receiver(&STRIPE).consumer("mail").handle(handlers()).unwrap();
    let elsewhere = world.receiver(&SLACK).consumer("billing").handle(handlers()).unwrap();
    for other in [mail, elsewhere] {
        let report = other.dispatch(letter.redrive()).await;
        assert!(!report.settled());
        assert_eq!(said(&report.into_response()), (500, "config"));
    }
    assert_eq!(calls.count(), 0);
    // Whatever makes it the same event by now.
    let fixed = world.receiver(&STRIPE).consumer("billing").key_by(|_| Some("x".to_owned())).handle(handlers());
    let fixed = fixed.unwrap();
    for _ in 0..2 {
        assert!(fixed.dispatch(letter.redrive()).await.settled());
        assert_eq!(world.observed.last().key, Some(letter.key.clone()));
    }
    assert_eq!(calls.count(), 1);
}
