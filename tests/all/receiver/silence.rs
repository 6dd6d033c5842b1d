//! `Debug` prints no secret, no signature, no cookie and no payload.

use inhook::{
    Handlers, Incoming, Tenant,
    provider::{GITHUB, MAILGUN, MANDRILL, SLACK},
    store::DeadLetterStore,
};

use super::*;

/// Not to be found in anything that is printed.
const HIDDEN: &str = "hunter2";

/// The signatures of a request, wherever they stand.
fn signatures(request: &Request<Bytes>) -> Vec<String> {
    let named = request.headers().iter().filter(|(name, _)| name.as_str().contains("signature"));
    let mut all: Vec<_> = named.map(|(_, value)| value.to_str().unwrap().to_owned()).collect();
    if let Ok(body) = serde_json::from_slice::<serde_json::Value>(request.body()) {
        all.extend(body["signature"]["signature"].as_str().map(str::to_owned));
    }
    all
}

fn check(what: impl std::fmt::Debug) {
    for text in [format!("{what:?}"), format!("{what:#?}")] {
        assert!(!text.contains(HIDDEN), "{text}");
    }
}

#[tokio::test]
async fn nothing_that_is_handed_out_prints_what_must_not_be_seen() {
    let body = format!(
        r#"{{"id":"evt_1","type":"a.b","event-data":{{"id":"1","event":"a.b"}},"_id":"1","event":"a.b","ts":1,"x":"{HIDDEN}"}}"#
    );
    for provider in [&STRIPE, &GITHUB, &MAILGUN, &MANDRILL, &SLACK] {
        let world = World::new();
        let secret = format!("whsec_{HIDDEN}");
        let draft = signed(provider, &*secret, body.clone()).at(NOW).second_secret(HIDDEN);
        let draft = draft.header("cookie", HIDDEN).header("x-old-signature", HIDDEN).header("authorization", HIDDEN);
        check(&draft);
        let request = draft.build();
        let signatures = signatures(&request);
        assert!(signatures.len() > 1, "{provider:?}");
        let check = |what: &dyn std::fmt::Debug| {
            check(what);
            let text = format!("{what:?}");
            assert!(!signatures.iter().any(|signature| text.contains(signature)), "{text}");
        };
        check(&Incoming::from(&request));
        let builder = Verifier::builder(provider).secret(&*secret).public_base("https://example.com");
        check(&builder);
        let verifier = builder.build().unwrap();
        check(&verifier);
        check(&Tenant::new("acme", verifier.clone()));
        check(&inhook::Secret::from(HIDDEN));
        let verified = verifier.authenticate_at(&request, NOW).unwrap();
        check(&verified);
        let delivery = verified.delivery().unwrap();
        check(&delivery);
        check(&delivery.events()[0].headers());
        check(&delivery.events()[0].raw());
        check(&delivery.events()[0]);

        let failing = async |event: Event| -> Result<(), Failure> {
            self::check(&event);
            Err(Failure::permanent("hopeless"))
        };
        let handlers = Handlers::new().otherwise(failing);
        check(&handlers);
        let builder = Receiver::builder(verifier, world.store.clone()).clock(world.time.clock()).dead_letters();
        let builder = builder.observe(|outcome| self::check(outcome));
        check(&builder);
        let receiver = builder.handle(handlers).unwrap();
        check(&receiver);
        check(&receiver.admit(&request.clone().into_parts().0).unwrap());
        let report = receiver.dispatch(delivery).await;
        check(&report);
        check(&report.into_response());
        check(&world.store);
        let letters = world.store.dead_letters(None, 1).await.unwrap();
        check(&letters);
        check(&letters[0].redrive());
        let mut forged = request.clone();
        *forged.body_mut() = Bytes::from(format!("{body} "));
        if let Err(error) = self::verifier(provider).authenticate_at(&forged, NOW) {
            check(&error);
        }
    }
}

#[tokio::test]
async fn an_envelope_that_cannot_be_read_is_not_quoted() {
    for body in [format!(r#"{{"id":{HIDDEN}"#), format!(r#"["{HIDDEN}"]"#), format!(r#"{{"{HIDDEN}"}}"#)] {
        let world = World::new();
        let builder = world.receiver(&STRIPE).observe(|outcome| check(outcome));
        let receiver = builder.handle(Handlers::new().otherwise(Calls::default().handler())).unwrap();
        assert_eq!(send(&receiver, &sent(&STRIPE, body).build()).await, error(500, "envelope"));
    }
}
