//! What makes two deliveries the same event: twins, one-time tokens, keys, consumers, tenants.

use std::collections::HashMap;

use http::request::Parts;
use inhook::{
    Handlers, Place, Tenant, Twins,
    provider::{GITHUB, MAILGUN, OKTA, SLACK},
    store::Order,
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
