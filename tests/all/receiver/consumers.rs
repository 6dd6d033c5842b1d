//! Several consumers, each with a memory of its own.

use inhook::{
    ErrorKind, Handlers, Place,
    provider::{GITHUB, SLACK},
    store::{DeadLetterStore, Order},
};

use super::*;

#[tokio::test]
async fn each_consumer_sees_every_event_once() {
    let world = World::new();
    for consumer in ["billing", "mail"] {
        let calls = Calls::default();
        let handlers = Handlers::new().otherwise(calls.handler());
        let receiver = world.receiver(&STRIPE).consumer(consumer).handle(handlers).unwrap();
        for _ in 0..2 {
            assert_eq!(send(&receiver, &stripe("evt_1", "a.b").build()).await, plain(200));
        }
        assert_eq!((calls.count(), world.observed.last().key.unwrap().consumer.as_str()), (1, consumer));
    }
}

/// The sender hears the one that has something to say, and hears it again.
#[tokio::test]
async fn what_one_of_several_consumers_answers_is_heard() {
    let world = World::new();
    for (first, second, heard) in [(Some("a"), None, "a"), (None, Some("b"), "b"), (Some("a"), Some("b"), "a")] {
        let says = |text: Option<&'static str>| {
            Handlers::new().otherwise(async move |_: Event| Ok(text.map_or_else(Answer::success, Answer::text)))
        };
        let receiver = both(&world, &STRIPE, says(first), says(second));
        let request = stripe(&format!("evt_{first:?}_{second:?}").replace('"', ""), "a.b").build();
        for _ in 0..2 {
            assert_eq!(send(&receiver, &request).await, (200, heard.to_owned()));
        }
    }
}

/// Two of one route: the first may fail or be slow, the second takes all.
fn both(world: &World, provider: &Provider, first: Handlers, second: Handlers) -> Receiver {
    let first = world.receiver(provider).consumer("first").dead_letters().handle(first).unwrap();
    first.also(world.receiver(provider).consumer("second").handle(second).unwrap()).unwrap()
}

#[tokio::test]
async fn of_several_consumers_each_fails_and_repeats_alone() {
    let (world, first, second) = (World::new(), Calls::default(), Calls::default());
    let receiver =
        both(&world, &STRIPE, Handlers::new().otherwise(first.failing(1)), Handlers::new().otherwise(second.handler()));
    let request = stripe("evt_1", "a.b").build();
    assert_eq!(send(&receiver, &request).await, error(500, "failed"));
    assert_eq!((first.count(), second.count()), (1, 1));
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!((first.count(), second.count()), (2, 1));
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!((first.count(), second.count()), (2, 1));
    assert_eq!(world.ends(), ["failed", "handled", "handled", "duplicate", "duplicate", "duplicate"]);
    let consumers: Vec<String> = world.observed.all().into_iter().map(|noted| noted.key.unwrap().consumer).collect();
    assert_eq!(consumers[..2], ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_does_not_hold_up_another_and_both_end_what_they_began() {
    let (world, first, second) = (World::in_tokio_time(), Calls::default(), Calls::default());
    let slow = first.clone();
    let slow = async move |_: Event| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        slow.next();
        Ok(())
    };
    let receiver = both(&world, &STRIPE, Handlers::new().otherwise(slow), Handlers::new().otherwise(second.handler()));
    let request = stripe("evt_1", "a.b").build();
    assert_eq!(send(&receiver, &request).await, error(503, "busy"));
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(receiver.close(Duration::from_secs(120)).await, 0);
    assert_eq!((first.count(), second.count()), (1, 1));
}

#[tokio::test]
async fn a_dead_letter_and_a_handshake_are_for_one_consumer_of_several() {
    let (world, first, second) = (World::new(), Calls::default(), Calls::default());
    let (failed, calls) = (first.clone(), first.clone());
    let once = async move |_: Event| if failed.next() == 1 { Err(Failure::permanent("no")) } else { Ok(()) };
    let receiver = both(&world, &STRIPE, Handlers::new().otherwise(once), Handlers::new().otherwise(second.handler()));
    assert_eq!(send(&receiver, &stripe("evt_1", "a.b").build()).await, plain(200));
    let letters = world.store.dead_letters(None, 10).await.unwrap();
    let report = receiver.dispatch(letters[0].redrive()).await;
    assert_eq!((report.outcomes().len(), report.settled()), (1, true));
    assert_eq!((calls.count(), second.count()), (2, 1));
    let other = world.receiver(&STRIPE).consumer("third").handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let fourth = world.receiver(&STRIPE).consumer("fourth").handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let report = other.also(fourth).unwrap().dispatch(letters[0].redrive()).await;
    assert_eq!((report.outcomes().len(), report.settled()), (1, false));

    let slack =
        both(&world, &SLACK, Handlers::new().otherwise(calls.handler()), Handlers::new().otherwise(second.handler()));
    let handshake = sent(&SLACK, r#"{"type":"url_verification","challenge":"abc"}"#).build();
    let before = world.ends().len();
    assert_eq!(said(&slack.receive(handshake).await).0, 200);
    assert_eq!(world.ends()[before..], ["handshake"]);
    assert_eq!((calls.count(), second.count()), (2, 1));
}

#[test]
fn consumers_of_one_route_have_names_of_their_own_and_suit_its_provider() {
    let world = World::new();
    let named = |provider: &Provider, name: &str| {
        let handlers = Handlers::new().otherwise(Calls::default().handler());
        world.receiver(provider).consumer(name).handle(handlers).unwrap()
    };
    let two = named(&STRIPE, "a").also(named(&STRIPE, "b")).unwrap();
    for other in [named(&STRIPE, "b"), named(&STRIPE, "c").also(named(&STRIPE, "a")).unwrap()] {
        assert_eq!(two.clone().also(other).unwrap_err().kind(), ErrorKind::Config);
    }
    let place = |_: &Event| Some(Place::new("s", 1_u64, Order::Serial));
    let ordered = world.receiver(&STRIPE).consumer("d").ordered_by(place);
    let ordered = ordered.handle(Handlers::new().otherwise(Calls::default().handler())).unwrap();
    assert_eq!(named(&GITHUB, "a").also(ordered).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_report_names_what_nobody_observes() {
    let verifier = Verifier::new(&STRIPE, SECRET).unwrap();
    let consumer = |name: &str| {
        let handlers = Handlers::new().otherwise(async |_: Event| Ok(()));
        Receiver::builder(verifier.clone(), MemoryStore::new()).consumer(name).handle(handlers).unwrap()
    };
    let one = consumer("one");
    let two = one.clone().also(consumer("two")).unwrap();
    for receiver in [one, two] {
        let request = stripe("evt_1", "a.b").at(OffsetDateTime::now_utc()).build();
        let report = receiver.dispatch(verifier.verify(&request).unwrap()).await;
        for outcome in report.outcomes() {
            assert_eq!(outcome.provider.as_deref(), Some("stripe"));
            assert_eq!((outcome.label.as_deref(), outcome.kind.as_deref()), (Some("evt_1"), Some("a.b")));
        }
    }
}
