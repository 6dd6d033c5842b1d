//! What makes two deliveries the same event: twins, one-time tokens, keys, consumers, tenants.

use std::collections::HashMap;

use http::request::Parts;
use inhook::{
    ErrorKind, Handlers, Place, Tenant, Twins,
    provider::{GITHUB, MAILGUN, OKTA, SLACK},
    store::{DeadLetterStore, Order},
};

use super::*;

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

#[tokio::test(start_paused = true)]
async fn tenants_that_are_not_found_in_time_are_not_waited_for() {
    let start = tokio::time::Instant::now();
    let hung = async |_: &Parts| std::future::pending::<Result<Option<Tenant>, Error>>().await;
    let handlers = Handlers::new().otherwise(Calls::default().handler());
    let receiver = Receiver::tenants(hung, World::new().store).handle(handlers).unwrap();
    let response = receiver.receive(stripe("evt_1", "a.b").build()).await;
    assert_eq!((said(&response), retry_after(&response)), ((503, "store"), Some(1)));
    assert_eq!(start.elapsed().as_secs(), 2);
}

fn to(path: &str, signed: Signed) -> Request<Bytes> {
    signed.url(format!("https://example.com/hooks/{path}")).build()
}

async fn resolve(head: &Parts) -> Result<Option<Tenant>, Error> {
    tokio::task::yield_now().await;
    let id = head.uri.path().trim_start_matches("/hooks/");
    Ok(match id {
        "acme" | "umbrella" => Some(Tenant::new(id, verifier(&STRIPE))),
        "octo" => Some(Tenant::new(id, verifier(&GITHUB))),
        "hooli" => Some(Tenant::new(id, verifier(&OKTA))),
        "down" => return Err(Error::store("the tenants' database is away")),
        "broken" => return Err(Error::config("the secret has no form")),
        _ => None,
    })
}

#[tokio::test]
async fn tenants_are_verified_each_by_its_own_and_kept_apart() {
    let (world, calls) = (World::new(), Calls::default());
    let seen = calls.clone();
    let handler = async move |event: Event| {
        seen.next();
        Ok(Answer::text(event.tenant.unwrap()))
    };
    let known = Arc::new(HashMap::from([("acme", verifier(&STRIPE)), ("umbrella", verifier(&STRIPE))]));
    let closure = async move |head: &Parts| {
        let id = head.uri.path().trim_start_matches("/hooks/");
        tokio::task::yield_now().await;
        Ok(known.get(id).map(|verifier| Tenant::new(id, verifier.clone())))
    };
    let build = |by: Builder<MemoryStore>| by.clock(world.time.clock()).observe(world.observed.note());
    let by_fn =
        build(Receiver::tenants(resolve, world.store.clone())).handle(Handlers::new().otherwise(handler.clone()));
    let by_closure = build(Receiver::tenants(closure, MemoryStore::new())).handle(Handlers::new().otherwise(handler));
    for receiver in [by_fn.unwrap(), by_closure.unwrap()] {
        for tenant in ["acme", "umbrella"] {
            for _ in 0..2 {
                let request = to(tenant, stripe("evt_1", "a.b"));
                assert_eq!(send(&receiver, &request).await, error(200, tenant));
            }
            let noted = world.observed.last();
            assert_eq!((&*noted.end, noted.tenant.as_deref()), ("duplicate", Some(tenant)));
            assert_eq!(noted.key, Some(Key::new("stripe", "default", "evt_1").tenant(tenant)));
        }
    }
    assert_eq!(calls.count(), 4);
}

#[tokio::test]
async fn what_was_verified_elsewhere_says_whose_it_is() {
    let (world, calls) = (World::new(), Calls::default());
    let build = || {
        let built = Receiver::tenants(resolve, world.store.clone()).clock(world.time.clock());
        built.observe(world.observed.note())
    };
    let receiver = build().handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let verified = || verifier(&STRIPE).verify(&stripe("evt_1", "a.b").at(OffsetDateTime::now_utc()).build()).unwrap();
    let heard = receiver.dispatch(verified()).await.into_response();
    assert_eq!(said(&heard), (404, "no_tenant"));
    for tenant in ["acme", "umbrella", "acme"] {
        assert!(receiver.dispatch(verified().of_tenant(tenant)).await.settled());
        let noted = world.observed.last();
        assert_eq!(noted.tenant.as_deref(), Some(tenant));
        assert_eq!(noted.key, Some(Key::new("stripe", "default", "evt_1").tenant(tenant)));
    }
    assert_eq!(world.ends(), ["refused: no_tenant", "handled", "handled", "duplicate"]);
    // It is one of `receive`'s.
    assert_eq!(send(&receiver, &to("acme", stripe("evt_1", "a.b"))).await, plain(200));
    assert_eq!((&*world.observed.last().end, calls.count()), ("duplicate", 2));
    // What does not go together is found here, too.
    let place = |_: &Event| Some(Place::new("x", 1_u64, Order::Serial));
    let ordered = build().ordered_by(place).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let push = sent(&GITHUB, "{}").at(OffsetDateTime::now_utc()).build();
    let report = ordered.dispatch(verifier(&GITHUB).verify(&push).unwrap().of_tenant("octo")).await;
    assert_eq!(said(&report.into_response()), (500, "config"));
    let alone = world.receiver(&STRIPE).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    assert_eq!(said(&alone.dispatch(verified().of_tenant("acme")).await.into_response()), (500, "config"));
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_tenant_that_is_not_there_or_does_not_fit_is_refused() {
    let (world, calls) = (World::new(), Calls::default());
    let place = |_: &Event| Some(Place::new("x", 1_u64, Order::Serial));
    let receiver = Receiver::tenants(resolve, world.store.clone())
        .clock(world.time.clock())
        .observe(world.observed.note())
        .ordered_by(place)
        .handle(Handlers::new().otherwise(calls.handler()))
        .unwrap();
    let with = |method: &'static str, path: &str| {
        let mut request = to(path, stripe("evt_1", "a.b"));
        *request.method_mut() = method.parse().unwrap();
        request
    };
    let mut unsigned = with("POST", "acme");
    unsigned.headers_mut().remove("stripe-signature");
    let octo = to("octo", sent(&GITHUB, "{}"));
    // Who, status, word, provider; a tenant is named where it is known.
    let rows = [
        (with("POST", "nobody"), 404, "no_tenant", None, None),
        (with("POST", "down"), 503, "store", None, None),
        (with("POST", "broken"), 500, "config", None, None),
        (octo, 500, "config", Some("github"), Some("octo")),
        (with("PUT", "acme"), 405, "method", Some("stripe"), Some("acme")),
        (with("PUT", "hooli"), 405, "method", Some("okta"), Some("hooli")),
        (unsigned, 400, "missing_header", Some("stripe"), Some("acme")),
    ];
    for (request, status, word, provider, tenant) in rows {
        let response = receiver.receive(request).await;
        assert_eq!(said(&response), (status, word));
        assert_eq!(retry_after(&response), (status == 503).then_some(1));
        let allow = (status == 405).then_some(if provider == Some("okta") { "POST, GET" } else { "POST" });
        assert_eq!(header(&response, "allow"), allow, "{provider:?}");
        let noted = world.observed.last();
        assert_eq!((noted.provider.as_deref(), noted.tenant.as_deref()), (provider, tenant), "{word}");
    }
    assert_eq!((calls.count(), world.ends().len()), (0, 7));
    // A handshake is a tenant's too.
    let request = Request::get("https://example.com/hooks/hooli").header("authorization", SECRET);
    let request = request.header("x-okta-verification-challenge", "abc").body(Bytes::new()).unwrap();
    assert_eq!(send(&receiver, &request).await, error(200, r#"{"verification":"abc"}"#));
    let noted = world.observed.last();
    assert_eq!((&*noted.end, noted.tenant.as_deref()), ("handshake", Some("hooli")));
}
