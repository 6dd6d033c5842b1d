//! One receiver for many endpoints: whose is found by the request, and nothing of theirs is mixed.

use std::collections::HashMap;

use http::request::Parts;
use inhook::{
    Handlers, Place, Tenant,
    provider::{GITHUB, OKTA},
    store::Order,
};

use super::*;

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
