//! Requests that are no events.

use http::Method;
use inhook::{
    Handlers,
    provider::{MANDRILL, OKTA, SLACK},
    testing,
};

use super::*;

fn okta_get(token: &str) -> Request<Bytes> {
    let request = Request::get("https://example.com/hooks/okta").header("authorization", token);
    request.header("x-okta-verification-challenge", "a \"challenge\"").body(Bytes::new()).unwrap()
}

fn head() -> Request<Bytes> {
    Request::head("https://example.com/hooks/mandrill").body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn each_is_answered_as_its_provider_wants_and_carries_no_event() {
    let text = "text/plain; charset=utf-8";
    let json = "application/json";
    let challenge = sent(&SLACK, r#"{"type":"url_verification","challenge":"<b>abc</b>","token":"x"}"#);
    let rows = [
        (&SLACK, challenge.build(), "<b>abc</b>", Some(text)),
        (&SLACK, sent(&SLACK, "ssl_check=1&token=x").content_type(FORM).build(), "", None),
        (&OKTA, okta_get(SECRET), r#"{"verification":"a \"challenge\""}"#, Some(json)),
        (&MANDRILL, head(), "", None),
        (&MANDRILL, testing::handshakes(&MANDRILL, SECRET).pop().unwrap(), "", None),
    ];
    for (provider, request, body, content_type) in rows {
        let (world, calls) = (World::new(), Calls::default());
        let receiver = world.receiver(provider).handle(Handlers::new().otherwise(calls.handler())).unwrap();
        for _ in 0..2 {
            let response = receiver.receive(request.clone()).await;
            assert_eq!(said(&response), (200, body), "{provider:?}");
            assert_eq!(header(&response, "content-type"), content_type, "{provider:?}");
            let sniffing = content_type.map(|_| "nosniff");
            assert_eq!(header(&response, "x-content-type-options"), sniffing, "{provider:?}");
        }
        assert_eq!(world.ends(), ["handshake", "handshake"], "{provider:?}");
        let noted = world.observed.last();
        assert_eq!((noted.key, noted.provider.as_deref(), calls.count()), (None, Some(provider.name()), 0));
    }
}

#[tokio::test]
async fn one_that_is_not_proved_is_refused() {
    let forged = |body: &'static str| signed(&SLACK, "whsec_b3RoZXI=", body).at(NOW);
    // The key that everybody knows is good for an empty batch and nothing else.
    let known = signed(&MANDRILL, "test-webhook", r#"[{"event":"send","_id":"1","ts":1}]"#);
    let rows = [
        (&SLACK, forged(r#"{"type":"url_verification","challenge":"abc"}"#).build(), 401),
        (&SLACK, forged("ssl_check=1").content_type(FORM).build(), 401),
        (&OKTA, okta_get("whsec_other"), 401),
        (&MANDRILL, known.build(), 401),
    ];
    for (provider, request, status) in rows {
        let (world, calls) = (World::new(), Calls::default());
        let receiver = world.receiver(provider).handle(Handlers::new().otherwise(calls.handler())).unwrap();
        assert_eq!(send(&receiver, &request).await, error(status, "bad_signature"), "{provider:?}");
        assert_eq!((world.ends(), calls.count()), (vec!["refused: bad_signature".to_owned()], 0));
    }
}

#[tokio::test]
async fn a_batch_that_is_empty_and_signed_with_the_secret_is_a_success() {
    let world = World::new();
    let receiver = world.receiver(&MANDRILL).handle(Handlers::new().otherwise(Calls::default().handler())).unwrap();
    let mut request = sent(&MANDRILL, "[]").build();
    assert_eq!(send(&receiver, &request).await, plain(200));
    *request.method_mut() = Method::PUT;
    assert_eq!(send(&receiver, &request).await, error(405, "method"));
}
