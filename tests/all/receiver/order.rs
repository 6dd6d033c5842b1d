//! Events of one stream, through the receiver.

use inhook::{
    Handlers, Place,
    provider::{BUILDKITE, SLACK, STANDARD_WEBHOOKS},
    store::{DeadLetterStore, Gap, Order},
};
use tokio::sync::Notify;

use super::*;

fn user(kind: &str, id: &str, minute: u8) -> Request<Bytes> {
    let body =
        format!(r#"{{"type":"user.{kind}","timestamp":"2026-11-21T06:{minute:02}:00Z","data":{{"id":"{id}"}}}}"#);
    sent(&STANDARD_WEBHOOKS, body).build()
}

fn whole(event: &Event) -> Option<Place> {
    let user: serde_json::Value = event.raw().json().ok()?;
    let place = Place::new(user["data"]["id"].as_str()?, event.occurred_at?, Order::Latest);
    Some(if event.kind.as_deref() == Some("user.deleted") { place.last() } else { place })
}

#[tokio::test]
async fn what_is_older_than_the_newest_applied_is_acknowledged_and_not_handled() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(whole).handle(handlers).unwrap();
    for (kind, id, minute) in [
        ("updated", "a", 5),
        ("created", "a", 4),
        ("updated", "b", 1),
        ("renamed", "a", 5),
        ("deleted", "a", 7),
        // However late it comes, it does not bring back what was deleted; not even of the same minute.
        ("updated", "a", 6),
        ("updated", "a", 7),
        ("deleted", "a", 7),
        ("created", "a", 8),
    ] {
        assert_eq!(send(&receiver, &user(kind, id, minute)).await, plain(200));
    }
    let expected = ["handled", "stale", "handled", "handled", "handled", "stale", "stale", "handled", "handled"];
    assert_eq!((world.ends(), calls.count()), (expected.map(str::to_owned).to_vec(), 6));
}

#[tokio::test]
async fn a_tombstone_outlives_what_is_remembered_of_its_events() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(whole).handle(handlers).unwrap();
    assert_eq!(send(&receiver, &user("deleted", "a", 7)).await, plain(200));
    world.time.forward(400 * 86_400);
    world.store.purge(u32::MAX).await.unwrap();
    assert_eq!(send(&receiver, &user("updated", "a", 6)).await, plain(200));
    assert_eq!((world.ends(), calls.count()), (vec!["handled".to_owned(), "stale".to_owned()], 1));
}

#[tokio::test]
async fn an_event_that_failed_moves_nothing() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = Handlers::new().otherwise(calls.failing(1));
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(whole).handle(handlers).unwrap();
    assert_eq!(send(&receiver, &user("deleted", "a", 7)).await, error(500, "failed"));
    assert_eq!(send(&receiver, &user("updated", "a", 6)).await, plain(200));
    assert_eq!(world.ends(), ["failed", "handled"]);
}

#[tokio::test(start_paused = true)]
async fn events_of_one_stream_are_kept_apart_and_others_are_not() {
    let place = |event: &Event| Some(Place::new(whole(event)?.stream, 1_u64, Order::Serial));
    let world = World::in_tokio_time();
    let log = Arc::new(Mutex::new(Vec::new()));
    let written = log.clone();
    let handler = async move |event: Event| {
        let name = format!("{} {}", event.place().unwrap().stream, event.kind.as_deref().unwrap());
        written.lock().unwrap().push(format!("{name} begins"));
        tokio::time::sleep(Duration::from_secs(1)).await;
        written.lock().unwrap().push(format!("{name} ends"));
        Ok(())
    };
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(place).handle(Handlers::new().otherwise(handler));
    let receiver = receiver.unwrap();
    let mut senders = tokio::task::JoinSet::new();
    for (kind, id) in [("1", "a"), ("2", "a"), ("3", "b")] {
        let receiver = receiver.clone();
        senders.spawn(async move { assert_eq!(send(&receiver, &user(kind, id, 1)).await, plain(200)) });
    }
    while let Some(sent) = senders.join_next().await {
        sent.unwrap();
    }
    let log = log.lock().unwrap();
    assert_eq!(log[..2], ["a user.1 begins", "b user.3 begins"]);
    assert_eq!(log[4..], ["a user.2 begins", "a user.2 ends"]);
}

#[tokio::test(start_paused = true)]
async fn a_sequence_waits_for_what_is_missing() {
    let (world, calls) = (World::new(), Calls::default());
    let order = Order::Sequence { wait: Duration::from_secs(60), on_gap: Gap::Block };
    let place = move |event: &Event| {
        let minute = event.occurred_at?.minute();
        Some(Place::new("all", u64::from(minute), order))
    };
    let handlers = Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(place).handle(handlers).unwrap();
    let [one, two, three] = [1, 2, 3].map(|minute| user("updated", "a", minute));
    assert_eq!(send(&receiver, &one).await, plain(200));
    assert_eq!(send(&receiver, &three).await, error(503, "busy"));
    // What is missing comes while its follower waits.
    let follower = (receiver.clone(), three.clone());
    let waiting = tokio::spawn(async move { send(&follower.0, &follower.1).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(send(&receiver, &two).await, plain(200));
    assert_eq!(waiting.await.unwrap(), plain(200));
    assert_eq!(calls.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_told_that_it_comes_after_a_gap() {
    let (world, told) = (World::in_tokio_time(), Arc::new(Mutex::new(Vec::new())));
    let order = Order::Sequence { wait: Duration::from_secs(2), on_gap: Gap::Proceed };
    let place = move |event: &Event| Some(Place::new("all", u64::from(event.occurred_at?.minute()), order));
    let seen = told.clone();
    let handler = async move |event: Event| {
        seen.lock().unwrap().push((event.occurred_at.unwrap().minute(), event.after_gap()));
        Ok(())
    };
    let handlers = Handlers::new().otherwise(handler);
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(place).handle(handlers).unwrap();
    for minute in [1, 3, 2, 4] {
        assert_eq!(send(&receiver, &user("updated", "a", minute)).await, plain(200));
    }
    assert_eq!(*told.lock().unwrap(), [(1, false), (3, true), (4, false)]);
    assert_eq!(world.ends(), ["handled", "handled", "stale", "handled"]);
}

fn nth(n: u8) -> Request<Bytes> {
    sent(&STANDARD_WEBHOOKS, format!(r#"{{"type":"a.b","data":{{"n":{n}}}}}"#)).label(format!("msg_{n}")).build()
}

fn sequence(on_gap: Gap) -> impl Fn(&Event) -> Option<Place> + Send + Sync + 'static {
    let order = Order::Sequence { wait: Duration::from_secs(60), on_gap };
    move |event| {
        let event: serde_json::Value = event.raw().json().ok()?;
        Some(Place::new("stream", event["data"]["n"].as_u64()?, order))
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_of_a_sequence_that_fails_is_not_passed_over() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let handlers = Handlers::new().otherwise(calls.failing(1));
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(sequence(Gap::Block)).handle(handlers).unwrap();
    for (n, answer) in [(1, error(500, "failed")), (2, error(503, "busy")), (1, plain(200)), (2, plain(200))] {
        assert_eq!(send(&receiver, &nth(n)).await, answer, "{n}");
    }
    assert_eq!((world.ends().contains(&"stale".to_owned()), calls.count()), (false, 3));
}

#[tokio::test(start_paused = true)]
async fn what_was_told_to_come_back_is_not_passed_over() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let handlers = Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(sequence(Gap::Proceed)).handle(handlers).unwrap();
    assert_eq!(send(&receiver, &nth(1)).await, plain(200));
    for n in [4, 3] {
        assert_eq!(send(&receiver, &nth(n)).await, error(503, "busy"));
    }
    tokio::time::sleep(Duration::from_secs(40)).await;
    for (n, answer) in [(4, error(503, "busy")), (3, plain(200)), (4, plain(200)), (2, plain(200))] {
        assert_eq!(send(&receiver, &nth(n)).await, answer, "{n}");
    }
    // Only what never came is passed over.
    assert_eq!((world.ends().last().map(String::as_str), calls.count()), (Some("stale"), 3));
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_a_gap_need_not_wait_again() {
    let (world, seen) = (World::in_tokio_time(), Calls::default());
    let calls = seen.clone();
    let handlers = Handlers::new()
        .otherwise(async move |_: Event| if seen.next() == 2 { Err(Failure::from("once")) } else { Ok(()) });
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(sequence(Gap::Proceed)).handle(handlers).unwrap();
    assert_eq!(send(&receiver, &nth(1)).await, plain(200));
    for n in [3, 4] {
        assert_eq!(send(&receiver, &nth(n)).await, error(503, "busy"));
    }
    tokio::time::sleep(Duration::from_secs(61)).await;
    for (n, answer) in [(3, error(500, "failed")), (4, error(503, "busy")), (3, plain(200)), (4, plain(200))] {
        assert_eq!(send(&receiver, &nth(n)).await, answer, "{n}");
    }
    assert_eq!((world.ends().contains(&"stale".to_owned()), calls.count()), (false, 4));
}

#[tokio::test(start_paused = true)]
async fn order_holds_for_what_nothing_identifies_too() {
    let (world, begun) = (World::new(), Arc::new(Notify::new()));
    let end = Arc::new(Notify::new());
    let (started, wait, calls) = (begun.clone(), end.clone(), Calls::default());
    let seen = calls.clone();
    let handler = async move |_: Event| {
        if seen.next() == 1 {
            started.notify_one();
            wait.notified().await;
        }
        Ok(())
    };
    let place = |_: &Event| Some(Place::new("all", 1_u64, Order::Serial));
    let receiver = world.receiver(&SLACK).ordered_by(place).handle(Handlers::new().otherwise(handler)).unwrap();
    let request = sent(&SLACK, r#"{"type":"block_suggestion"}"#).build();
    let (first, same) = (receiver.clone(), request.clone());
    let first = tokio::spawn(async move { send(&first, &same).await });
    begun.notified().await;
    assert_eq!(send(&receiver, &request).await, error(503, "busy"));
    end.notify_one();
    first.await.unwrap();
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!((calls.count(), world.observed.last().key), (2, None));
}

/// It is known again by its payload: each retry would wait anew else, and leave another that waits.
#[tokio::test(start_paused = true)]
async fn what_nothing_identifies_goes_on_after_a_gap_too() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let place = |event: &Event| {
        let event: serde_json::Value = event.raw().json().ok()?;
        let order = Order::Sequence { wait: Duration::from_secs(60), on_gap: Gap::Proceed };
        Some(Place::new("stream", event["build"]["number"].as_u64()?, order))
    };
    let handlers = Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&BUILDKITE).ordered_by(place).handle(handlers).unwrap();
    let nth = |n: u8| sent(&BUILDKITE, format!(r#"{{"event":"build.finished","build":{{"number":{n}}}}}"#)).build();
    assert_eq!(send(&receiver, &nth(1)).await, plain(200));
    assert_eq!(send(&receiver, &nth(3)).await, error(503, "busy"));
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(send(&receiver, &nth(3)).await, plain(200));
    assert_eq!((calls.count(), world.observed.last().key), (2, None));
}

/// Success is answered for it, and nothing was done with it: somebody has to look.
#[tokio::test(start_paused = true)]
async fn what_its_sequence_went_past_is_kept() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(sequence(Gap::Proceed)).dead_letters();
    let receiver = receiver.handle(Handlers::new().otherwise(calls.handler())).unwrap();
    assert_eq!(send(&receiver, &nth(1)).await, plain(200));
    assert_eq!(send(&receiver, &nth(3)).await, error(503, "busy"));
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(send(&receiver, &nth(3)).await, plain(200));
    for _ in 0..2 {
        assert_eq!(send(&receiver, &nth(2)).await, plain(200));
        assert_eq!(world.observed.last().end, "stale");
    }
    let letters = world.store.dead_letters(None, 10).await.unwrap();
    let [letter] = &*letters else { panic!("{letters:?}") };
    assert_eq!((&*letter.error, letter.event.label.as_deref()), ("its sequence had gone past it", Some("msg_2")));
    // Redriven it is stale again, and not kept twice.
    let report = receiver.dispatch(letter.redrive()).await;
    assert!(matches!(report.outcomes()[0].end, End::Stale));
    assert_eq!((world.store.dead_letters(None, 10).await.unwrap().len(), calls.count()), (1, 2));
}

#[tokio::test]
async fn a_stream_s_long_name_is_shortened_and_a_long_rank_refused() {
    let world = World::new();
    let long = |n: usize| "x".repeat(n);
    let receiver = |stream: usize, rank: usize| {
        let place = move |_: &Event| Some(Place::new(long(stream), inhook::Rank::bytes(vec![0; rank]), Order::Latest));
        world.receiver(&STRIPE).ordered_by(place).handle(Handlers::new().otherwise(async |event: Event| {
            let stream = &event.place().unwrap().stream;
            assert!(stream.len() <= 256, "{} bytes", stream.len());
            Ok(())
        }))
    };
    for (n, (stream, rank, heard)) in
        [(256, 256, plain(200)), (6000, 1, plain(200)), (1, 257, error(500, "config"))].into_iter().enumerate()
    {
        let receiver = receiver(stream, rank).unwrap();
        assert_eq!(send(&receiver, &stripe(&format!("evt_{n}"), "a.b").build()).await, heard);
    }
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_nobody_handles_takes_its_place_in_a_sequence() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let place = |event: &Event| {
        let event: serde_json::Value = event.raw().json().ok()?;
        let order = Order::Sequence { wait: Duration::from_secs(1), on_gap: Gap::Block };
        Some(Place::new("stream", event["data"]["n"].as_u64()?, order))
    };
    let event = |n: u8, kind: &str| {
        sent(&STANDARD_WEBHOOKS, format!(r#"{{"type":"{kind}","data":{{"n":{n}}}}}"#)).label(format!("msg_{n}")).build()
    };
    let handlers = Handlers::new().on("a.b", calls.handler());
    let plain_receiver = world.receiver(&STANDARD_WEBHOOKS).ordered_by(place).handle(handlers).unwrap();
    for (n, kind) in [(1, "a.b"), (2, "c.d"), (3, "a.b")] {
        assert_eq!(send(&plain_receiver, &event(n, kind)).await, plain(200));
    }
    assert_eq!((world.ends(), calls.count()), (["handled", "unhandled", "handled"].map(str::to_owned).to_vec(), 2));
}
