//! What somebody who has seen one delivery can make of it without the secret.

use http::{HeaderMap, HeaderValue, Request};
use inhook::{
    ErrorKind, Provider, Verifier, dangerous,
    provider::{GITHUB, MAILGUN, MANDRILL, SHOPIFY, SLACK, STANDARD_WEBHOOKS, SVIX},
    testing::{event, handshakes, signed},
};

const SECRET: &str = "c2VjcmV0c2VjcmV0";
const FORM: &str = "application/x-www-form-urlencoded";

fn verifier(provider: &Provider) -> Verifier {
    Verifier::builder(provider).secret(SECRET).public_base("https://example.com").build().unwrap()
}

fn kind(provider: &Provider, request: &Request<bytes::Bytes>) -> Option<ErrorKind> {
    verifier(provider).verify(request).err().map(|e| e.kind())
}

/// Without the id that its identity is made of, an event would be handled as often as it comes.
#[test]
fn an_id_that_is_not_signed_cannot_be_taken_away_or_spoilt() {
    for (provider, name) in [(&GITHUB, "x-github-delivery"), (&SHOPIFY, "x-shopify-webhook-id")] {
        let mut request = signed(provider, SECRET, r#"{"id":1}"#).build();
        assert_eq!(kind(provider, &request), None);
        request.headers_mut().insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(kind(provider, &request), Some(ErrorKind::MalformedHeader));
        request.headers_mut().remove(name);
        assert_eq!(kind(provider, &request), Some(ErrorKind::MissingHeader));
    }
}

/// The content type is not signed: text within signed JSON must not become the event.
#[test]
fn json_does_not_become_a_form() {
    let body = r#"{"text":"x&payload=%7B%22type%22%3A%22forged%22%7D&y"}"#;
    for provider in [&GITHUB, &SLACK] {
        let mut request = signed(provider, SECRET, body).build();
        request.headers_mut().insert("content-type", HeaderValue::from_static(FORM));
        assert_eq!(kind(provider, &request), Some(ErrorKind::Envelope));
    }
}

/// A handshake may be proved by nobody's secret, so it says that it is one, and brings nothing.
#[test]
fn a_handshake_says_that_it_is_one() {
    let verifier = verifier(&MANDRILL);
    for request in handshakes(&MANDRILL, SECRET) {
        let verified = verifier.authenticate(&request).unwrap();
        assert!(verified.is_handshake() && verified.which_secret().is_none());
        assert!(verified.delivery().unwrap().events().is_empty());
    }
    let genuine = signed(&MANDRILL, SECRET, r#"[{"_id":"1","event":"open","ts":1}]"#).build();
    assert!(!verifier.authenticate(&genuine).unwrap().is_handshake());
}

#[test]
fn a_form_of_very_many_fields_is_refused_before_it_is_believed() {
    let body = "a&".repeat(500_000);
    let request = Request::post("https://example.com/").header("content-type", FORM).body(body.into()).unwrap();
    assert_eq!(kind(&MAILGUN, &request), Some(ErrorKind::MalformedBody));
}

/// A header that nobody signed must not make a record that nobody can read.
#[test]
fn times_at_the_calendars_end_are_dropped_or_kept_but_never_harm() {
    let body = r#"{"type":"a","timestamp":"9999-12-31T23:59:59-23:59"}"#;
    let request = signed(&STANDARD_WEBHOOKS, SECRET, body).build();
    let event = verifier(&STANDARD_WEBHOOKS).verify(&request).unwrap().into_events().remove(0);
    let again = dangerous::event_from_record(&event.to_record()).unwrap();
    assert_eq!((event.occurred_at, event.id()), (again.occurred_at, again.id()));
}

/// What was recorded and is read again without its signature is the same event, whichever scheme had signed it.
#[test]
fn an_unverified_event_is_the_one_that_was_verified() {
    let form = "timestamp=1700000000&event=opened&token=abc&signature=x";
    let mailgun = signed(&MAILGUN, SECRET, form).content_type(FORM).build();
    let mut unbranded = signed(&STANDARD_WEBHOOKS, SECRET, "{}").build();
    for (provider, request) in [(&MAILGUN, mailgun), (&SVIX, unbranded.clone())] {
        let verifier = verifier(provider);
        let live = verifier.verify(&request).unwrap().into_events().remove(0);
        let believed = dangerous::unverified(&verifier, &request).unwrap().into_events().remove(0);
        assert!(live.id().is_some());
        assert_eq!(live.id(), believed.id());
    }
    let id = unbranded.headers()["webhook-id"].clone();
    unbranded.headers_mut().clone_from(&HeaderMap::new());
    unbranded.headers_mut().insert("webhook-id", id.clone());
    let verifier = verifier(&SVIX);
    let events = dangerous::unverified(&verifier, &unbranded).unwrap().into_events();
    assert_eq!(events[0].id().as_deref(), id.to_str().ok());
}

/// Two services that sign alike do not share what is remembered, once each has a name.
#[test]
fn a_name_of_its_own_is_a_scope_of_its_own() {
    const ACME: Provider = STANDARD_WEBHOOKS.named("acme");
    let request = signed(&STANDARD_WEBHOOKS, SECRET, r#"{"type":"a"}"#).build();
    let key = |provider| verifier(provider).verify(&request).unwrap().events()[0].key("default").unwrap();
    assert_eq!(
        (key(&ACME).source, key(&STANDARD_WEBHOOKS).source),
        ("acme".to_owned(), "standard_webhooks".to_owned())
    );
    assert_eq!(key(&ACME).id, key(&STANDARD_WEBHOOKS).id);
    assert!(event("a", "{}").id().is_some());
}
