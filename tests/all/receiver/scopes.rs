//! What makes two deliveries the same event: twins, one-time tokens, keys.

use inhook::{
    Handlers, Twins,
    provider::{GITHUB, MAILGUN, RAZORPAY, SLACK},
};

use super::*;

/// Whoever looks on sees when nobody signs with the old one any more.
#[tokio::test]
async fn which_secret_it_was_is_told() {
    let (world, told) = (World::new(), Arc::new(Mutex::new(Vec::new())));
    let verifier = Verifier::builder(&STRIPE).secret("whsec_old").secret("whsec_new").build().unwrap();
    let note = told.clone();
    let builder = Receiver::builder(verifier, world.store.clone()).clock(Hands::default().clock());
    let builder = builder.observe(move |outcome| note.lock().unwrap().push(outcome.secret));
    let receiver = builder.handle(Handlers::new().otherwise(async |_: Event| Ok(()))).unwrap();
    for secret in ["whsec_old", "whsec_new", "whsec_other"] {
        let _answer = send(&receiver, &signed(&STRIPE, secret, r#"{"id":"evt_1","type":"a.b"}"#).at(NOW).build()).await;
    }
    assert_eq!(*told.lock().unwrap(), [Some(0), Some(1), None]);
}

/// A store that failed once holds nothing back.
#[tokio::test]
async fn a_one_time_token_that_could_not_be_marked_is_free_again() {
    let (world, calls) = (World::new(), Calls::default());
    let completed = Calls::default();
    let store = Watched::new(world.store.clone(), move |verb| {
        if verb == "complete" && completed.next() == 1 { Err(Error::store("once")) } else { Ok(()) }
    });
    let receiver = world.over(&MAILGUN, store).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let request = sent(&MAILGUN, r#"{"event-data":{"id":"1","event":"a","timestamp":1}}"#).build();
    assert_eq!(send(&receiver, &request).await, error(503, "store"));
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn what_one_time_tokens_leave_is_purged_too() {
    let (world, purges) = (World::new(), Calls::default());
    let purged = purges.clone();
    let store = Watched::new(world.store.clone(), move |verb| {
        if verb == "purge" {
            purged.next();
        }
        Ok(())
    });
    let handlers = Handlers::new().on("other", Calls::default().handler());
    let receiver = world.over(&MAILGUN, store).handle(handlers).unwrap();
    for n in 0..1024 {
        let body = format!(r#"{{"event-data":{{"id":"{n}","event":"opened","timestamp":1}}}}"#);
        assert_eq!(send(&receiver, &sent(&MAILGUN, body).label(format!("t{n}")).build()).await, plain(200));
    }
    tokio::task::yield_now().await;
    assert_eq!(purges.count(), 1);
}

/// Its payload must not be bound to a try that nobody can repeat.
#[test]
fn what_nothing_identifies_is_taken_again_after_its_process_has_died() {
    let (hands, store) = (Hands::default(), MemoryStore::new());
    let store = store.clock(hands.clock());
    let (begun, seen) = std::sync::mpsc::channel();
    let receiver = |handlers| {
        let builder = Receiver::builder(verifier(&RAZORPAY), store.clone()).clock(hands.clock()).twins(Twins::Reject);
        builder.handle(handlers).unwrap()
    };
    let hangs = receiver(Handlers::new().otherwise(async move |_: Event| -> Result<(), Failure> {
        begun.send(()).unwrap();
        std::future::pending().await
    }));
    let mut request = sent(&RAZORPAY, r#"{"event":"a.b"}"#).build();
    request.headers_mut().remove("x-razorpay-event-id");
    let process = tokio::runtime::Runtime::new().unwrap();
    let first = request.clone();
    process.spawn(async move { send(&hangs, &first).await });
    seen.recv().unwrap();
    process.shutdown_background();
    hands.forward(3600);
    let process = tokio::runtime::Runtime::new().unwrap();
    let works = receiver(Handlers::new().otherwise(async |_: Event| Ok(())));
    assert_eq!(process.block_on(send(&works, &request)), plain(200));
    assert_eq!(process.block_on(send(&works, &request)), error(401, "replay"));
}

/// An index of a database has room for so much.
#[tokio::test]
async fn a_long_key_of_one_s_own_is_remembered_by_its_digest() {
    let (world, calls) = (World::new(), Calls::default());
    let receiver = world.receiver(&STRIPE).key_by(|event| Some(event.label.clone()?.repeat(1000)));
    let receiver = receiver.handle(Handlers::new().otherwise(calls.handler())).unwrap();
    for (id, count) in [("evt_1", 1), ("evt_1", 1), ("evt_2", 2)] {
        assert_eq!(send(&receiver, &stripe(id, "a.b").build()).await, plain(200));
        let key = world.observed.last().key.unwrap();
        assert_eq!((key.id.len(), calls.count()), ("sha256:".len() + 64, count), "{}", key.id);
    }
}

#[tokio::test]
async fn a_payload_under_another_unsigned_id_is_a_twin() {
    let push = |delivery: &str| sent(&GITHUB, r#"{"ref":"main"}"#).kind("push").label(delivery).build();
    let rows = [
        (Twins::Allow, plain(200), false, 2),
        (Twins::Flag, plain(200), true, 2),
        (Twins::Reject, error(401, "replay"), true, 1),
    ];
    for (twins, heard, twin, handled) in rows {
        let (world, calls) = (World::new(), Calls::default());
        let handlers = Handlers::new().otherwise(calls.failing(1));
        let receiver = world.receiver(&GITHUB).twins(twins).handle(handlers).unwrap();
        // What failed is no twin of what comes next.
        assert_eq!(send(&receiver, &push("0")).await, error(500, "failed"));
        assert_eq!(send(&receiver, &push("1")).await, plain(200));
        assert!(!world.observed.last().twin);
        assert_eq!(send(&receiver, &push("2")).await, heard, "{twins:?}");
        assert_eq!((world.observed.last().twin, calls.count() - 1), (twin, handled), "{twins:?}");
        // A redelivery bears the same id, and is no twin.
        assert_eq!(send(&receiver, &push("1")).await, plain(200));
        assert_eq!(world.observed.last().end, "duplicate");
        // A refusal leaves nothing behind.
        assert_eq!(send(&receiver, &push("2")).await, heard, "{twins:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_twins_at_once_one_is_refused() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let push = |delivery: &str| sent(&GITHUB, r#"{"ref":"main"}"#).kind("push").label(delivery).build();
    let seen = calls.clone();
    let slow = async move |_: Event| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if seen.next() == 1 { Err("not yet".into()) } else { Ok(()) }
    };
    let handlers = Handlers::new().otherwise(slow);
    let receiver = world.receiver(&GITHUB).twins(Twins::Reject).handle(handlers).unwrap();
    for status in [500, 200] {
        let (one, two) = (push("1"), push("2"));
        let (one, two) = tokio::join!(send(&receiver, &one), send(&receiver, &two));
        assert_eq!((one.0, two), (status, error(401, "replay")));
    }
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn where_the_id_is_signed_two_events_may_be_alike() {
    let world = World::new();
    let handlers = Handlers::new().otherwise(Calls::default().handler());
    let receiver = world.receiver(&STRIPE).twins(Twins::Reject).handle(handlers).unwrap();
    for id in ["1", "2"] {
        let body = format!(r#"{{"id":"{id}","type":"a.b","data":{{"object":{{}}}}}}"#);
        assert_eq!(send(&receiver, &sent(&STRIPE, body).build()).await, plain(200));
        assert!(!world.observed.last().twin);
    }
}

fn mailgun(id: &str) -> Signed {
    sent(&MAILGUN, format!(r#"{{"event-data":{{"event":"opened","id":"{id}","timestamp":1763707260.5}}}}"#))
}

#[tokio::test]
async fn a_one_time_token_is_good_for_one_event() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = Handlers::new().otherwise(calls.failing(1));
    let receiver = world.receiver(&MAILGUN).handle(handlers).unwrap();
    let (genuine, forged) = (mailgun("a"), mailgun("a").build());
    let stolen = genuine.clone().label("b").build();
    let genuine = genuine.build();
    assert_eq!(send(&receiver, &genuine).await, error(500, "failed"));
    // The token is bound, to this event alone: it can come again, another cannot.
    let response = receiver.receive(stolen.clone()).await;
    assert_eq!((said(&response), retry_after(&response)), ((401, "replay"), None));
    assert_eq!(send(&receiver, &genuine).await, plain(200));
    assert_eq!(send(&receiver, &genuine).await, plain(200));
    assert_eq!(send(&receiver, &stolen).await, error(401, "replay"));
    // Another token for the same event is the provider's own retry.
    assert_eq!(send(&receiver, &forged).await, plain(200));
    assert_eq!(world.ends(), ["failed", "refused: replay", "handled", "duplicate", "refused: replay", "duplicate"]);
    assert_eq!(calls.count(), 2);
}

/// The same signature beside another event.
fn refilled(genuine: &Request<Bytes>, from: &str, to: &str) -> Request<Bytes> {
    let mut forged = genuine.clone();
    let body = str::from_utf8(forged.body()).unwrap();
    assert!(body.contains(from));
    *forged.body_mut() = body.replace(from, to).into();
    forged
}

#[tokio::test]
async fn a_one_time_token_is_used_up_by_an_event_that_nobody_handles() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = Handlers::new().on("unsubscribed", calls.handler());
    let receiver = world.receiver(&MAILGUN).handle(handlers).unwrap();
    let genuine = mailgun("a").build();
    assert_eq!(send(&receiver, &genuine).await, plain(200));
    let forged = refilled(&refilled(&genuine, "opened", "unsubscribed"), r#""id":"a""#, r#""id":"b""#);
    assert_eq!(send(&receiver, &forged).await, error(401, "replay"));
    assert_eq!(send(&receiver, &genuine).await, plain(200));
    assert_eq!(
        (world.ends(), calls.count()),
        (["unhandled", "refused: replay", "unhandled"].map(str::to_owned).to_vec(), 0)
    );
}

#[tokio::test]
async fn a_one_time_token_is_good_for_one_payload() {
    let (world, calls) = (World::new(), Calls::default());
    let receiver = world.receiver(&MAILGUN).handle(Handlers::new().otherwise(calls.failing(1))).unwrap();
    let genuine = mailgun("a").build();
    assert_eq!(send(&receiver, &genuine).await, error(500, "failed"));
    // Same token, same id: what it says is not signed.
    let forged = refilled(&genuine, "opened", "unsubscribed");
    assert_eq!(send(&receiver, &forged).await, error(401, "replay"));
    assert_eq!(send(&receiver, &genuine).await, plain(200));
    assert_eq!(send(&receiver, &forged).await, error(401, "replay"));
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_one_time_token_does_not_stand_between_two_consumers() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = || Handlers::new().otherwise(calls.handler());
    let first = world.receiver(&MAILGUN).consumer("one").handle(handlers()).unwrap();
    let second = world.receiver(&MAILGUN).consumer("two").key_by(|e| e.kind.clone()).handle(handlers()).unwrap();
    let third = world.receiver(&MAILGUN).consumer("three").key_by(|_| None).handle(handlers()).unwrap();
    let event = mailgun("a").build();
    for receiver in [&first, &second, &third] {
        assert_eq!(send(receiver, &event).await, plain(200));
    }
    assert_eq!(calls.count(), 3);
}

/// Whoever held it for too long may have been overtaken, and by another event: it is looked whose the token is by now.
#[tokio::test(start_paused = true)]
async fn a_one_time_token_that_was_lost_on_the_way_is_looked_at_again() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = || Handlers::new().otherwise(calls.handler());
    let genuine = mailgun("a");
    let stolen = genuine.clone().label("b").build();
    let (time, other, once) =
        (world.time.clone(), world.receiver(&MAILGUN).handle(handlers()).unwrap(), Calls::default());
    let store = Watched::pausing(world.store.clone(), move |verb| {
        if verb != "complete" || once.next() > 1 {
            return Box::pin(std::future::ready(Ok(())));
        }
        let (time, other, stolen) = (time.clone(), other.clone(), stolen.clone());
        Box::pin(async move {
            time.forward(61);
            assert_eq!(send(&other, &stolen).await, plain(200));
            Ok(())
        })
    });
    let receiver = world.over(&MAILGUN, store).handle(handlers()).unwrap();
    assert_eq!(send(&receiver, &genuine.build()).await, error(401, "replay"));
    assert_eq!((world.ends(), calls.count()), (["handled", "refused: replay"].map(str::to_owned).to_vec(), 1));
}

/// Whose events are told apart by the user may well be alike.
#[tokio::test]
async fn where_key_by_says_what_is_the_same_nothing_else_does() {
    let (world, calls) = (World::new(), Calls::default());
    let builder = world.receiver(&GITHUB).twins(Twins::Reject).key_by(|event| event.label.clone());
    let receiver = builder.handle(Handlers::new().otherwise(calls.handler())).unwrap();
    for (delivery, end) in [("1", "handled"), ("2", "handled"), ("1", "duplicate")] {
        let push = sent(&GITHUB, r#"{"ref":"main"}"#).kind("push").label(delivery).build();
        assert_eq!(send(&receiver, &push).await, plain(200));
        let noted = world.observed.last();
        assert_eq!((&*noted.end, noted.twin), (end, false));
    }
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn key_by_says_what_is_the_same() {
    let (world, calls) = (World::new(), Calls::default());
    let by_object = |event: &Event| {
        let object: serde_json::Value = event.raw().json().ok()?;
        Some(object["of"].as_str()?.to_owned())
    };
    let handlers = Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&STRIPE).key_by(by_object).handle(handlers).unwrap();
    let event = |id: &str, of: &str| {
        sent(&STRIPE, format!(r#"{{"id":"{id}","type":"a.b","data":{{"object":{{"of":{of}}}}}}}"#)).build()
    };
    assert_eq!(send(&receiver, &event("1", r#""x""#)).await, plain(200));
    assert_eq!(send(&receiver, &event("2", r#""x""#)).await, plain(200));
    assert_eq!(world.ends(), ["handled", "duplicate"]);
    assert_eq!(world.observed.last().key, Some(Key::new("stripe", "default", "x")));
    // No identity, and an empty one, are one: handled each time, and it can be counted.
    for nothing in ["null", r#""""#] {
        for _ in 0..2 {
            assert_eq!(send(&receiver, &event("3", nothing)).await, plain(200));
            let noted = world.observed.last();
            assert_eq!((&*noted.end, noted.key), ("handled", None));
        }
    }
    assert_eq!(calls.count(), 5);
}

#[tokio::test]
async fn what_nothing_identifies_is_handled_each_time() {
    let (world, calls) = (World::new(), Calls::default());
    let seen = calls.clone();
    let handler = async move |event: Event| {
        seen.next();
        assert_eq!((event.fence(), event.id()), (None, None));
        Ok(Answer::json(&["option"])?)
    };
    let receiver = world.receiver(&SLACK).handle(Handlers::new().on("block_suggestion", handler)).unwrap();
    let request = sent(&SLACK, r#"{"type":"block_suggestion","value":"x"}"#).content_type(FORM).build();
    for _ in 0..2 {
        assert_eq!(send(&receiver, &request).await, error(200, r#"["option"]"#));
    }
    assert_eq!((world.ends(), calls.count()), (vec!["handled".to_owned(); 2], 2));
    assert_eq!(world.observed.last().key, None);
}
