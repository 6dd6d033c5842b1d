//! What somebody who has seen one delivery can make of it without the secret.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use inhook::{
    Clock, ErrorKind, Event, Field, Handlers, Provider, Receiver, Twins, Verifier, dangerous,
    provider::{
        ADYEN, BITBUCKET, BRAINTREE, CONTENTFUL, GITHUB, MAILGUN, MANDRILL, RAZORPAY, SHOPIFY, SLACK,
        STANDARD_WEBHOOKS, SVIX, TWILIO, ZENDESK, ZOOM,
    },
    store::MemoryStore,
    testing::{event, handshakes, signed, verifier_for},
};
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};

const SECRET: &str = "c2VjcmV0c2VjcmV0";
const HEX: &str = "5ca1ab1e";
const FORM: &str = "application/x-www-form-urlencoded";

fn verifier(provider: &Provider) -> Verifier {
    Verifier::builder(provider).secret(SECRET).public_base("https://example.com").build().unwrap()
}

fn kind(provider: &Provider, request: &Request<Bytes>) -> Option<ErrorKind> {
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
        for empty in ["", " ", "\t"] {
            request.headers_mut().insert(name, HeaderValue::from_static(empty));
            assert_eq!(kind(provider, &request), Some(ErrorKind::MissingHeader), "{empty:?}");
        }
        request.headers_mut().remove(name);
        let missing = verifier(provider).verify(&request).unwrap_err();
        assert_eq!(
            (missing.kind(), missing.to_string()),
            (ErrorKind::MissingHeader, format!("missing_header: {name}"))
        );
    }
}

/// A mark is not for ever; a signature that says when it was made is not either.
#[tokio::test]
async fn who_waits_for_a_mark_to_be_forgotten_has_waited_in_vain() {
    const SENT: OffsetDateTime = datetime!(2026-10-01 0:00 UTC);
    for provider in [&ZOOM, &ZENDESK, &SLACK] {
        let now = Arc::new(AtomicI64::new(0));
        let clock = {
            let now = now.clone();
            Clock::new(move || SENT + time::Duration::seconds(now.load(Ordering::SeqCst)))
        };
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let handlers = Handlers::new().otherwise(async move |_: Event| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let store = MemoryStore::new().clock(clock.clone());
        let receiver = Receiver::builder(verifier(provider), store).clock(clock).handle(handlers).unwrap();
        let body = r#"{"event":"a.b","event_ts":1,"type":"a.b","id":"1","event_id":"1","zendesk_event_version":"1"}"#;
        let request = signed(provider, SECRET, body).at(SENT).build();
        const DAYS: i64 = 31 * 86_400;
        for (after, status) in [(0, 200), (1, 200), (DAYS - 300, 200), (DAYS - 299, 401), (DAYS, 401), (2 * DAYS, 401)]
        {
            now.store(after, Ordering::SeqCst);
            let answered = receiver.receive(request.clone()).await.status();
            let status = if provider.name() == SLACK.name() && after > 300 { 401 } else { status };
            assert_eq!((answered.as_u16(), calls.load(Ordering::SeqCst)), (status, 1), "{} {after}", provider.name());
        }
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

fn ids(provider: &Provider, requests: impl IntoIterator<Item = Request<Bytes>>) -> BTreeSet<String> {
    let verifier = verifier_for(provider, SECRET);
    let events = requests.into_iter().flat_map(move |request| verifier.verify(&request).unwrap().into_events());
    events.map(|event| event.id().unwrap().into_owned()).collect()
}

fn with_body(request: &Request<Bytes>, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut request = request.clone();
    *request.body_mut() = body.into();
    request
}

/// Fields are signed, not how they were written: however they are, it is the same event, and so is its record.
#[test]
fn a_form_that_is_signed_by_its_fields_is_one_event_however_it_is_written() {
    let first = signed(&TWILIO, SECRET, "MessageSid=SM1&MessageStatus=delivered&To=x").build();
    let written = [
        "MessageSid=SM1&MessageStatus=delivered&To=x",
        "To=x&MessageStatus=delivered&MessageSid=SM1",
        "MessageSid=SM%31&MessageStatus=delivered&To=x",
        "MessageSid=SM1&MessageStatus=delivered&To=x&To=x",
        "&MessageSid=SM1&MessageStatus=delivered&&To=x&",
    ];
    assert_eq!(ids(&TWILIO, written.map(|body| with_body(&first, body))).len(), 1);
    let event = verifier(&TWILIO).verify(&with_body(&first, written[1])).unwrap().into_events().remove(0);
    let kept = dangerous::event_from_record(&event.to_record()).unwrap();
    assert_eq!((kept.id(), kept.to_record()), (event.id(), event.to_record()));
    let other = signed(&TWILIO, SECRET, "MessageSid=SM1&MessageStatus=delivered&To=y").build();
    assert_eq!(ids(&TWILIO, [first, other]).len(), 2);
}

/// How many of both requests are handled, and how many are known for twins.
async fn handled(verifier: Verifier, twins: Twins, requests: [&Request<Bytes>; 2]) -> [usize; 2] {
    let counts = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let [handled, known] = counts.clone();
    let handlers = Handlers::new().otherwise(async move |_: Event| {
        handled.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let builder = Receiver::builder(verifier, MemoryStore::new()).twins(twins);
    let builder = builder.observe(move |outcome| _ = known.fetch_add(usize::from(outcome.twin), Ordering::SeqCst));
    let receiver = builder.handle(handlers).unwrap();
    for request in requests {
        let _by_whatever_status = receiver.receive(request.clone()).await;
    }
    counts.map(|count| count.load(Ordering::SeqCst))
}

/// Where one field ends and the next begins is not signed either: whatever is made of it is known for a twin.
#[tokio::test]
async fn a_form_that_is_cut_otherwise_is_a_twin() {
    let first = signed(&TWILIO, SECRET, "Body=a&MessageSid=SM1&MessageStatus=read").build();
    let mut cut = with_body(&first, "BodyaMessageSidSM1=&MessageStatus=read");
    for named in [false, true] {
        if named {
            cut.headers_mut().insert("i-twilio-idempotency-token", HeaderValue::from_static("another"));
        }
        assert_eq!(kind(&TWILIO, &cut), None);
        assert_eq!(handled(verifier(&TWILIO), Twins::Flag, [&first, &cut]).await, [2, 1]);
        assert_eq!(handled(verifier(&TWILIO), Twins::Reject, [&first, &cut]).await, [1, 1]);
    }
    let event = verifier(&TWILIO).verify(&first).unwrap().into_events().remove(0);
    assert!(!event.covers(Field::Identity) && !event.covers(Field::Label) && !event.covers(Field::Kind));
}

/// An event is no more new without the id that nobody signed than under another one.
#[tokio::test]
async fn an_unsigned_id_that_is_taken_away_leaves_a_twin() {
    for (provider, name) in [(&RAZORPAY, "x-razorpay-event-id"), (&BITBUCKET, "x-request-uuid")] {
        let first = signed(provider, SECRET, r#"{"event":"a"}"#).header(name, "1").build();
        let [mut bare, mut other] = [first.clone(), first.clone()];
        bare.headers_mut().remove(name);
        other.headers_mut().insert(name, HeaderValue::from_static("2"));
        // Spoilt, it is another, and not gone.
        let mut spoilt = first.clone();
        spoilt.headers_mut().insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(ids(provider, [first.clone(), spoilt.clone()]).len(), 2, "{provider:?}");
        assert_eq!(handled(verifier(provider), Twins::Reject, [&first, &spoilt]).await, [1, 1], "{provider:?}");
        for next in [bare, other] {
            assert_eq!(handled(verifier(provider), Twins::Flag, [&first, &next]).await, [2, 1], "{provider:?}");
            assert_eq!(handled(verifier(provider), Twins::Reject, [&first, &next]).await, [1, 1], "{provider:?}");
            assert_eq!(handled(verifier(provider), Twins::Allow, [&first, &next]).await, [2, 0], "{provider:?}");
        }
    }
}

/// The fields are joined by colons: one that moves over into what tells events apart would make another event.
#[test]
fn no_colon_moves_into_an_identity() {
    let item = |reference: &str, account: &str, order: &str| {
        json!({"notificationItems": [{"NotificationRequestItem": {
            "pspReference": reference, "merchantAccountCode": account, "merchantReference": order,
            "eventCode": "AUTHORISATION", "success": "true", "amount": {"value": 1000, "currency": "EUR"},
        }}]})
    };
    let first = signed(&ADYEN, HEX, item("791", "Acme", "order:1").to_string()).build();
    let verifier = Verifier::new(&ADYEN, HEX).unwrap();
    assert!(verifier.verify(&first).is_ok());
    let body: Value = serde_json::from_slice(first.body()).unwrap();
    let signature = &body["notificationItems"][0]["NotificationRequestItem"]["additionalData"]["hmacSignature"];
    // 791::Acme:order:1 again.
    let mut moved = item("791:", "order", "1");
    moved["notificationItems"][0]["NotificationRequestItem"]["originalReference"] = json!("Acme");
    moved["notificationItems"][0]["NotificationRequestItem"]["additionalData"] = json!({"hmacSignature": signature});
    let refused = verifier.verify(&with_body(&first, moved.to_string())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::MalformedBody);
}

/// Both forms of it hold under one signature.
#[test]
fn a_payload_with_its_last_line_break_and_without_it_is_one_event() {
    let first = signed(&BRAINTREE, SECRET, "bt_payload=PG4vPg%3D%3D%0A").build();
    let text = str::from_utf8(first.body()).unwrap();
    let bare = with_body(&first, text.replace("%0A", ""));
    assert_ne!(bare.body(), first.body());
    assert_eq!(ids(&BRAINTREE, [first, bare]).len(), 1);
}

/// What is hashed holds every value that is named: few names must not make much of it.
#[test]
fn a_header_is_named_once_among_those_that_are_signed() {
    let first = signed(&CONTENTFUL, SECRET, "{}").build();
    assert_eq!(kind(&CONTENTFUL, &first), None);
    let named = first.headers()["x-contentful-signed-headers"].to_str().unwrap().to_owned();
    let many: Vec<_> = (0..64).map(|n| format!("h{n}")).collect();
    for more in ["host,host".to_owned(), "x-contentful-timestamp".to_owned(), many.join(",")] {
        let mut request = first.clone();
        let headers = request.headers_mut();
        many.iter()
            .for_each(|name| _ = headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("v")));
        headers.insert("host", HeaderValue::from_static("v"));
        headers.insert("x-contentful-signed-headers", HeaderValue::try_from(format!("{named},{more}")).unwrap());
        assert_eq!(kind(&CONTENTFUL, &request), Some(ErrorKind::MalformedHeader), "{more}");
    }
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
