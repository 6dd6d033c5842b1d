//! What never comes, or comes late: stores, bodies, tenants, and whoever has to hear of it in time.

use std::sync::atomic::AtomicBool;

use inhook::{
    Handlers, Tenant,
    provider::{At, Make, SLACK},
};

use super::*;

/// Each would keep its place else, until no room is left and every event is refused.
#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_keeps_no_place_for_ever() {
    let (world, silent) = (World::in_tokio_time(), Arc::new(AtomicBool::new(true)));
    let hushed = silent.clone();
    let store = Watched::pausing(world.store.clone(), move |_| match hushed.load(Ordering::SeqCst) {
        true => Box::pin(std::future::pending()),
        false => Box::pin(std::future::ready(Ok(()))),
    });
    let receiver =
        world.over(&STRIPE, store).in_flight(4).handle(Handlers::new().otherwise(Calls::default().handler()));
    let receiver = receiver.unwrap();
    for n in 0..4 {
        assert_eq!(send(&receiver, &stripe(&format!("evt_{n}"), "a.b").build()).await, error(503, "busy"));
    }
    assert_eq!(send(&receiver, &stripe("evt_4", "a.b").build()).await, error(503, "capacity"));
    silent.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(send(&receiver, &stripe("evt_5", "a.b").build()).await, plain(200));
    let (silent, last) = (["refused: store"; 4], ["handled"]);
    assert_eq!(world.ends(), [&["refused: capacity"][..], &silent, &last].concat());
}

/// Slack waits for three seconds, whatever takes them: the look-up of a tenant or the handler.
#[tokio::test(start_paused = true)]
async fn all_that_is_waited_for_fits_into_what_the_provider_waits() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let resolver = async |_: &http::request::Parts| {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        Ok(Some(Tenant::new("acme", verifier(&SLACK))))
    };
    let seen = calls.clone();
    let handler = async move |_: Event| {
        tokio::time::sleep(Duration::from_secs(2)).await;
        seen.next();
        Ok(())
    };
    let receiver = Receiver::tenants(resolver, world.store.clone()).clock(Hands::default().clock());
    let receiver = receiver.handle(Handlers::new().otherwise(handler)).unwrap();
    let begun = tokio::time::Instant::now();
    let request = sent(&SLACK, r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"a"}}"#).build();
    assert_eq!(send(&receiver, &request).await, error(503, "busy"));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((send(&receiver, &request).await, calls.count()), (plain(200), 1));
}

/// A function in a provider's data, and a clock, are the user's own, too.
#[tokio::test]
async fn what_panics_while_a_request_is_verified_is_an_answer() {
    const ODD: Provider = STRIPE.identity(&[At::Made(&At::Json("/id"), Make(|_| panic!("expected")))]);
    let world = World::new();
    let ok = || Handlers::new().otherwise(async |_: Event| Ok(()));
    let body = r#"{"id":"evt_1","type":"a.b","created":1,"data":{"object":{}}}"#;
    let receiver = world.receiver(&ODD).handle(ok()).unwrap();
    assert_eq!(send(&receiver, &sent(&ODD, body).build()).await, error(500, "config"));
    let receiver = world.receiver(&STRIPE).clock(Clock::new(|| panic!("expected"))).handle(ok()).unwrap();
    assert_eq!(send(&receiver, &sent(&STRIPE, body).build()).await, error(500, "config"));
    assert_eq!(world.ends(), ["refused: config", "refused: config"]);
}
