//! Providers that an event only comes back from after one status.

use inhook::{
    Handlers, Tolerance,
    provider::{AZURE_DEVOPS, BREVO, SUPABASE, TYPEFORM},
    testing::signed,
};

use super::*;

#[tokio::test(start_paused = true)]
async fn whatever_is_to_come_again_hears_the_one_status_that_brings_it_back() {
    const OWN: Provider = STRIPE.again(429);
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let handlers = Handlers::new()
        .on("a.fails", async |_: Event| -> Result<(), Failure> { Err("not today".into()) })
        .on("a.panics", async |_: Event| -> Result<(), Failure> { panic!("expected") })
        .on("a.lasts", async |_: Event| -> Result<(), Failure> { std::future::pending().await })
        .otherwise(calls.handler());
    let receiver = world.receiver(&OWN).handle(handlers).unwrap();
    let event = |kind: &str| sent(&OWN, format!(r#"{{"id":"{kind}","type":"{kind}"}}"#)).build();
    for (kind, why) in [("a.fails", "failed"), ("a.panics", "panicked"), ("a.lasts", "busy")] {
        let response = receiver.receive(event(kind)).await;
        assert_eq!((said(&response), retry_after(&response)), ((429, why), Some(1)), "{kind}");
    }
    // What will never be taken is refused as everywhere.
    let mut forged = event("a.b");
    *forged.body_mut() = Bytes::from_static(b"{}");
    assert_eq!(send(&receiver, &forged).await, error(401, "bad_signature"));
    assert_eq!(send(&receiver, &event("a.b")).await, plain(200));
    receiver.close(Duration::ZERO).await;
    let verifier = Verifier::builder(&OWN).secret(SECRET).tolerance(Tolerance::Unlimited).build().unwrap();
    let dispatched = receiver.dispatch(verifier.verify(&event("a.b")).unwrap()).await.into_response();
    for response in [receiver.receive(event("a.b")).await, dispatched] {
        assert_eq!((said(&response), retry_after(&response)), ((429, "capacity"), Some(1)));
    }
}

#[tokio::test]
async fn a_handler_that_fails_loses_nothing_of_theirs() {
    let rows = [
        (&AZURE_DEVOPS, "user:password", r#"{"id":"1","eventType":"git.push"}"#, 503),
        (&BREVO, "user:password", r#"{"event":"delivered","message-id":"1"}"#, 429),
        (&SUPABASE, "v1,whsec_c2VjcmV0", r#"{"metadata":{"uuid":"1","name":"before-user-created"}}"#, 503),
        (&TYPEFORM, "secret", r#"{"event_id":"1","event_type":"form_response"}"#, 503),
    ];
    for (provider, secret, body, status) in rows {
        let (world, calls) = (World::new(), Calls::default());
        let handlers = Handlers::new().otherwise(calls.failing(1));
        let verifier = Verifier::new(provider, secret).unwrap();
        let builder = Receiver::builder(verifier, world.store.clone()).clock(world.time.clock());
        let receiver = builder.handle(handlers).unwrap();
        let request = signed(provider, secret, body).at(NOW).build();
        let response = receiver.receive(request.clone()).await;
        assert_eq!((said(&response), retry_after(&response)), ((status, "failed"), Some(1)), "{}", provider.name());
        assert!(receiver.receive(request).await.status().is_success());
        assert_eq!(calls.count(), 2);
    }
}
