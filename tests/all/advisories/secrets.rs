//! The same, where a secret is what went wrong.

use http::HeaderMap;
use inhook::{
    Handlers, Receiver, Secret,
    provider::{At, Digest, Hmac, OKTA, Part, StaticToken, Syntax},
    store::MemoryStore,
};

use super::*;

/// symfony#65768, CVE-2026-21894, GHSA-xff3-5c9p-2mr4: an empty secret turned the check off, or was the
/// key that everybody knows. There is no verifier without a secret to begin with.
#[test]
fn an_empty_secret_is_an_error() {
    for provider in ALL {
        for secret in ["", "  ", "\n"] {
            let built = Verifier::builder(provider).secret(secret).public_base(BASE).public_key("public-key").build();
            // Where requests are meant for somebody, that is missing too.
            let kind = built.unwrap_err().kind();
            assert!([ErrorKind::InvalidSecret, ErrorKind::Config].contains(&kind), "{provider:?} {kind}");
        }
        let built = Verifier::builder(provider).public_base(BASE).public_key("public-key").build();
        match built.map_err(|e| e.kind()) {
            Err(ErrorKind::InvalidSecret | ErrorKind::Config) => {}
            // Where keys are fetched there is none to forget; Plaid's tokens name nobody besides.
            Ok(_) => assert!(!provider.has_secret() && provider.name() == "plaid", "{provider:?}"),
            Err(other) => panic!("{provider:?}: {other}"),
        }
    }
    for provider in [&STANDARD_WEBHOOKS, &SVIX] {
        assert_eq!(Verifier::new(provider, "whsec_").unwrap_err().kind(), ErrorKind::InvalidSecret);
    }
}

/// CVE-2026-45754: a configured secret that was never used.
#[test]
fn another_secret_refuses() {
    for provider in ALL {
        let request = draft(provider).build();
        assert!(verifier(provider, SECRET).authenticate(&request).is_ok(), "{provider:?}");
        let refused = verifier(provider, "0ddba11c0ffee0de").authenticate(&request).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::BadSignature, "{provider:?}");
    }
}

/// CVE-2022-36885 and others: tokens were compared byte by byte, so that time told how much was right. Comparison in
/// constant time is in one place; here, that tokens of any length are compared at all.
#[test]
fn tokens_are_compared_whole() {
    let token = |provider: &Provider, text: &str| {
        verdict(provider, &with(&draft(provider).build(), "authorization", text)).is_ok()
    };
    let bearer = Provider::new("acme", Scheme::Token(StaticToken::bearer()));
    assert!(token(&OKTA, SECRET) && token(&bearer, &format!("Bearer {SECRET}")));
    for wrong in [&SECRET[..15], &format!("{SECRET}x"), "x", &SECRET.to_lowercase()] {
        assert!(!token(&OKTA, wrong) && !token(&bearer, &format!("Bearer {wrong}")), "{wrong}");
    }
}

/// The same by construction: nobody can compare secrets by `==`, and nothing can be made to print or keep one.
#[test]
fn a_secret_has_no_equality_and_no_text() {
    use std::{fmt::Display, marker::PhantomData};

    struct Of<T>(PhantomData<T>);
    trait Otherwise {
        const EQ: bool = false;
        const DISPLAY: bool = false;
        const SERIALIZE: bool = false;
    }
    impl<T> Otherwise for Of<T> {}
    // What a type has of its own goes before what a trait would give it.
    macro_rules! has {
        ($name:ident, $bound:path) => {
            impl<T: $bound> Of<T> {
                const $name: bool = true;
            }
        };
    }
    has!(EQ, PartialEq);
    has!(DISPLAY, Display);
    has!(SERIALIZE, serde::Serialize);
    assert_eq!([Of::<String>::EQ, Of::<String>::DISPLAY, Of::<String>::SERIALIZE], [true; 3]);
    assert_eq!([Of::<Secret>::EQ, Of::<Secret>::DISPLAY, Of::<Secret>::SERIALIZE], [false; 3]);
    assert_eq!([Of::<Verifier>::EQ, Of::<Verifier>::DISPLAY, Of::<Verifier>::SERIALIZE], [false; 3]);
}

/// Mandrill's handshake is signed with a key that everybody knows: good for an empty batch, and for nothing else.
#[test]
fn a_well_known_key_brings_nothing() {
    let forged = signed(&MANDRILL, "test-webhook", r#"[{"_id":"1","event":"open","ts":1}]"#).build();
    assert_eq!(verdict(&MANDRILL, &forged), Err(ErrorKind::BadSignature));
    let two_fields = "mandrill_events=%5B%7B%22_id%22%3A%221%22%7D%5D&mandrill_events=%5B%5D";
    let request = signed(&MANDRILL, "test-webhook", two_fields).build();
    let delivery = verifier(&MANDRILL, SECRET).verify(&request);
    assert!(delivery.is_ok_and(|delivery| delivery.events().is_empty()));
}

/// django-anymail v1.4: a secret stood in an error report. Neither errors nor events hold one, nor the proof itself.
#[tokio::test]
async fn nothing_printed_holds_a_secret() {
    for provider in ALL {
        let verifier = verifier(provider, SECRET);
        let request = draft(provider).header("cookie", "sid=hunter2").header("proxy-authorization", "hunter2");
        let request = request.header("x-request-id", "1").build();
        let delivery = verifier.verify(&request).unwrap();
        let refused = verifier.authenticate((&HeaderMap::new(), request.body())).err();
        let builder = Verifier::builder(provider).secret(SECRET);
        let printed = format!(
            "{delivery:?} {refused:?} {verifier:?} {builder:?} {:?} {:?} {:?}",
            Secret::from(SECRET),
            draft(provider),
            verifier.authenticate(&request)
        );
        assert!(!printed.contains(SECRET) && !printed.contains("hunter2"), "{provider:?}: {printed}");
        for event in delivery.events() {
            gives_nothing_away(provider, event);
        }
        let handlers = Handlers::new().otherwise(async |event: Event| {
            gives_nothing_away(provider, &event);
            Ok(())
        });
        let receiver = Receiver::builder(verifier, MemoryStore::new()).handle(handlers).unwrap();
        // A handler that panics is a failure.
        assert!(receiver.receive(request).await.status().is_success(), "{provider:?}");
    }
}

fn gives_nothing_away(provider: &Provider, event: &Event) {
    let names: Vec<_> = event.headers().keys().map(|name| name.as_str()).collect();
    for name in ["authorization", "cookie", "proxy-authorization"].into_iter().chain(proof(provider)) {
        assert!(!names.contains(&name), "{provider:?}: {names:?}");
    }
    assert!(names.contains(&"x-request-id"), "{provider:?}: {names:?}");
    let record = String::from_utf8(event.to_record()).unwrap();
    assert!(!record.contains(&BASE64.encode(b"hunter2")), "{provider:?}");
}

/// The same for a proof in a header that does not say that it holds one, and in the second place.
#[tokio::test]
async fn a_proof_is_not_handed_on_wherever_it_stands() {
    const HMAC: Hmac = Hmac::new(Digest::Sha256)
        .over(&[Part::Body])
        .signature(At::Header("x-one"), Syntax::Bare)
        .or_at(&[At::Header("x-two")]);
    let provider = Provider::new("acme", Scheme::Hmac(HMAC)).identity(&[At::Json("/id")]);
    let verifier = verifier(&provider, SECRET);
    let mut request = signed(&provider, SECRET, r#"{"id":"1"}"#).build();
    let proof = request.headers_mut().remove("x-one").unwrap();
    for name in ["x-two", "x-three"] {
        request.headers_mut().insert(name, proof.clone());
    }
    let delivery = verifier.verify(&request).unwrap();
    let kept = |event: &Event| event.headers().keys().filter(|name| name.as_str().starts_with("x-")).count() == 1;
    assert!(kept(&delivery.events()[0]), "{:?}", delivery.events()[0].headers());
    let handlers = Handlers::new().otherwise(async move |event: Event| match kept(&event) {
        true => Ok(()),
        false => Err("a proof was handed on".into()),
    });
    let receiver = Receiver::builder(verifier, MemoryStore::new()).handle(handlers).unwrap();
    assert_eq!(receiver.receive(request).await.status(), 200);
}
