//! CloudEvents: three modes of one event, under any scheme.

use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, Request};
use inhook::{
    ErrorKind, Event, Field, Provider, Verifier,
    dangerous::event_from_record,
    provider::{At, CLOUDEVENTS, Digest, Handshake, Hmac, Scheme, StaticToken, Syntax},
    testing::{check_provider, signed},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use time::macros::datetime;

const SECRET: &str = "5ca1ab1e";
const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";
const HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

fn request(content_type: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request<Bytes> {
    let mut request = Request::post("https://example.com/in").header("authorization", format!("Bearer {SECRET}"));
    request = request.header("content-type", content_type);
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request.body(body.into()).unwrap()
}

fn read(request: &Request<Bytes>) -> Result<Vec<Event>, ErrorKind> {
    let verifier = Verifier::new(&CLOUDEVENTS, SECRET).unwrap();
    verifier.verify(request).map(|delivery| delivery.into_events()).map_err(|e| e.kind())
}

fn one(request: &Request<Bytes>) -> Event {
    let mut events = read(request).unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

const BINARY: [(&str, &str); 4] = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "a.b")];

#[test]
fn all_attributes_are_read_in_each_mode() {
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "/s", "type": "a.b", "time": "2026-11-21T06:41:00.5Z",
        "subject": "größe", "dataschema": "https://example.com/v2", "sequence": 7, "data": {"n": 1.50},
    });
    let mut headers: Vec<(&str, &str)> = BINARY.into();
    headers.extend([
        ("ce-time", "2026-11-21T06:41:00.5Z"),
        ("ce-subject", "gr%C3%B6%C3%9Fe"),
        ("ce-dataschema", "https://example.com/v2"),
        ("ce-sequence", "7"),
    ]);
    let modes = [
        request(STRUCTURED, &[], event.to_string()),
        request(BATCHED, &[], json!([event]).to_string()),
        request("application/json", &headers, r#"{"n":1.5}"#),
    ];
    for request in modes {
        let event = one(&request);
        assert_eq!((event.label.as_deref(), event.kind.as_deref()), (Some("1"), Some("a.b")));
        assert_eq!(event.occurred_at, Some(datetime!(2026-11-21 06:41:00.5 UTC)));
        assert_eq!(event.version.as_deref(), Some("https://example.com/v2"));
        assert_eq!(event.raw().as_bytes(), br#"{"n":1.5}"#);
        for (name, value) in [("subject", "größe"), ("sequence", "7"), ("id", "1"), ("specversion", "1.0")] {
            assert_eq!(event.attribute(name).as_deref(), Some(value), "{name}");
        }
        for none in ["data", "data_base64", "other", "", "Subject", "sub ject", "é"] {
            assert_eq!(event.attribute(none), None, "{none}");
        }
        assert!(!event.covers(Field::Identity) && !event.covers(Field::Kind));
    }
}

/// What binary mode would bring as the body.
#[test]
fn data_is_what_it_stands_for() {
    let data = |more: Value| {
        let mut event = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "a"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let events = read(&request(STRUCTURED, &[], event.to_string()))?;
        // Decoded data is no part of the body, and a record keeps it all the same.
        let kept = event_from_record(&events[0].to_record()).unwrap();
        assert_eq!(kept.raw(), events[0].raw());
        Ok(kept.raw().as_bytes().to_vec())
    };
    assert_eq!(data(json!({"data": "text"})).unwrap(), b"\"text\"");
    for json_type in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"] {
        assert_eq!(data(json!({"datacontenttype": json_type, "data": "text"})).unwrap(), b"\"text\"");
    }
    assert_eq!(
        data(json!({"datacontenttype": "text/xml", "data": "<a b=\"ü\"/>"})).unwrap(),
        "<a b=\"ü\"/>".as_bytes()
    );
    assert_eq!(data(json!({"datacontenttype": "text/xml", "data": {"a": 1}})).unwrap(), b"{\"a\":1}");
    assert_eq!(data(json!({"data_base64": BASE64.encode(b"\x00\xff")})).unwrap(), b"\x00\xff");
    assert_eq!(data(json!({})).unwrap(), b"");
    assert_eq!(data(json!({"data": null})).unwrap(), b"");
    for broken in [json!({"data": 1, "data_base64": ""}), json!({"data_base64": "%"}), json!({"data_base64": 1})] {
        assert_eq!(data(broken), Err(ErrorKind::Envelope));
    }
}

/// Authentic, and no CloudEvent of this version: never taken for one.
#[test]
fn what_is_no_cloud_event_is_none() {
    let whole = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "a"});
    for name in ["specversion", "id", "source", "type"] {
        for bad in [None, Some(Value::Null), Some("".into()), Some(1.into()), Some(json!(["1.0"]))] {
            let mut event = whole.clone();
            event.as_object_mut().unwrap().remove(name);
            event.as_object_mut().unwrap().extend(bad.map(|bad| (name.to_owned(), bad)));
            assert_eq!(read(&request(STRUCTURED, &[], event.to_string())).unwrap_err(), ErrorKind::Envelope, "{event}");
            let batch = json!([whole, event]).to_string();
            assert_eq!(read(&request(BATCHED, &[], batch)).unwrap_err(), ErrorKind::Envelope);
        }
        let others: Vec<_> = BINARY.into_iter().filter(|(header, _)| *header != format!("ce-{name}")).collect();
        assert_eq!(read(&request("text/plain", &others, "x")).unwrap_err(), ErrorKind::Envelope, "{name}");
        // Two are none, and so is what is no text.
        for bad in ["%ff", "\"", ""] {
            let header = format!("ce-{name}");
            let spoiled = [&others[..], &[(header.as_str(), bad)]].concat();
            assert_eq!(read(&request("text/plain", &spoiled, "x")).unwrap_err(), ErrorKind::Envelope, "{name} {bad}");
            let twice = [&BINARY[..], &[(header.as_str(), "1.0")]].concat();
            assert_eq!(read(&request("text/plain", &twice, "x")).unwrap_err(), ErrorKind::Envelope, "{name}");
        }
    }
    for version in ["0.3", "1", "1.1", "2.0"] {
        let mut event = whole.clone();
        event["specversion"] = version.into();
        assert_eq!(read(&request(STRUCTURED, &[], event.to_string())).unwrap_err(), ErrorKind::Envelope);
    }
    for body in ["", "[]", "1", "null", "{", "\u{feff}", "[{}]", "\"x\""] {
        assert_eq!(read(&request(STRUCTURED, &BINARY, body)).unwrap_err(), ErrorKind::Envelope, "{body}");
    }
    for body in ["", "{}", "1", "[1]", "[[]]", "[{}]", "[", "null"] {
        assert_eq!(read(&request(BATCHED, &BINARY, body)).unwrap_err(), ErrorKind::Envelope, "{body}");
    }
    assert_eq!(read(&request(BATCHED, &[], "[]")).unwrap().len(), 0);
    // Another format is for the sender to know of.
    for format in [
        "application/cloudevents",
        "application/cloudevents+avro",
        "application/cloudevents-batch",
        "Application/CloudEvents-Batch+xml",
    ] {
        assert_eq!(read(&request(format, &BINARY, "{}")).unwrap_err(), ErrorKind::MediaType, "{format}");
    }
}

/// The envelope goes with any scheme. What a signature over the body vouches for is the body.
#[test]
fn any_scheme_carries_it() {
    const HMAC: Scheme = Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-signature"), Syntax::Bare));
    const ACME: Provider = Provider::new("acme", HMAC).cloud_events();
    check_provider(&ACME);
    check_provider(&CLOUDEVENTS.scheme(HMAC));
    // A question that would stand in a JSON body says nothing about data that is none.
    const ASKS: Provider = ACME.handshakes(&[Handshake::post(At::Json("/type"), "hello")]);
    check_provider(&ASKS);
    let xml = signed(&ASKS, SECRET, "<xml/>").content_type("text/xml").build();
    let events = Verifier::new(&ASKS, SECRET).unwrap().verify(&xml).unwrap().into_events();
    assert_eq!(events[0].raw().as_bytes(), b"<xml/>");
    check_provider(&CLOUDEVENTS.named("acme").scheme(Scheme::Token(StaticToken::bare(At::Header("x-acme-key")))));
    let verifier = Verifier::new(&ACME, SECRET).unwrap();
    let request = signed(&ACME, SECRET, r#"{"a":1}"#).label("a b%").kind("ü").build();
    assert_eq!(request.headers()["ce-id"], "a%20b%25");
    assert_eq!(request.headers()["ce-type"], "%C3%BC");
    let event = verifier.verify(&request).unwrap().into_events().remove(0);
    assert_eq!((event.label.as_deref(), event.kind.as_deref()), (Some("a b%"), Some("ü")));
    assert!(event.covers(Field::Body) && !event.covers(Field::Identity) && !event.covers(Field::Label));
    for content_type in [STRUCTURED, BATCHED] {
        let body = if content_type == BATCHED { "[{},{}]" } else { "{}" };
        let request = signed(&ACME, SECRET, body).content_type(content_type).label("1").kind("k").build();
        for event in verifier.verify(&request).unwrap().events() {
            assert_eq!((event.label.as_deref(), event.kind.as_deref()), (Some("1"), Some("k")));
        }
    }
    let built = Verifier::new(&ACME.kind(At::Attribute("Upper")), SECRET);
    assert_eq!(built.unwrap_err().kind(), ErrorKind::Config);
}

/// The content type is not signed: an event that came once in a signed body would come again with whatever attributes
/// somebody wrote into the headers.
#[test]
fn a_signed_event_is_not_the_data_of_another() {
    const HMAC: Scheme = Scheme::Hmac(Hmac::new(Digest::Sha256).signature(At::Header("x-signature"), Syntax::Bare));
    const ACME: Provider = Provider::new("acme", HMAC).cloud_events();
    let verifier = Verifier::new(&ACME, SECRET).unwrap();
    let event = r#"{"specversion":"1.0","id":"1","source":"/s","type":"a"}"#;
    for (mode, body) in
        [(STRUCTURED, event.to_owned()), (BATCHED, format!(" [{event}]")), (STRUCTURED, format!("\u{feff}{event}"))]
    {
        let genuine = signed(&ACME, SECRET, body.clone()).content_type(mode).build();
        assert_eq!(verifier.verify(&genuine).map(|d| d.events().len()).ok(), Some(1), "{body}");
        let mut forged = genuine;
        forged.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in BINARY {
            forged.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        assert_eq!(verifier.verify(&forged).unwrap_err().kind(), ErrorKind::Envelope, "{body}");
    }
    for data in ["{}", "[]", "[1]", r#"[{"id":"1"}]"#, r#"{"id":"1"}"#, "x", ""] {
        let request = signed(&ACME, SECRET, data).build();
        assert_eq!(verifier.verify(&request).unwrap().events()[0].raw().as_bytes(), data.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever an event says, each mode says it.
    #[test]
    fn modes_agree(
        id in "\\PC{1,20}", source in "\\PC{1,20}", kind in "[a-z.%\"\\\\ ]{1,20}", extension in "\\PC{0,20}",
        data in vec(any::<u8>(), 0..60), quoted in any::<bool>(),
    ) {
        let text = |text: &str| {
            let encoded = utf8_percent_encode(text, HEADER).to_string();
            if quoted { format!("\"{}\"", encoded.replace('\\', "\\\\")) } else { encoded }
        };
        let event = json!({
            "specversion": "1.0", "id": id, "source": source, "type": kind, "ext": extension,
            "data_base64": BASE64.encode(&data),
        });
        let headers = [("ce-specversion", "1.0".to_owned()), ("ce-id", text(&id)), ("ce-source", text(&source)),
            ("ce-type", text(&kind)), ("ce-ext", text(&extension))];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let modes = [
            request(STRUCTURED, &headers, event.to_string()),
            request(BATCHED, &[], format!(" [ {event} ] ")),
            request("application/octet-stream", &headers, data.clone()),
        ];
        let mut seen = BTreeMap::new();
        for request in &modes {
            let event = read(request).unwrap().remove(0);
            prop_assert_eq!(event.raw().as_bytes(), &data[..]);
            let attributes = (event.id().map(|id| id.into_owned()), event.kind.clone(), event.attribute("ext"));
            *seen.entry(attributes).or_insert(0) += 1;
        }
        prop_assert_eq!(seen.into_values().collect::<Vec<_>>(), vec![3]);
    }

    #[test]
    fn no_headers_and_no_body_make_it_panic(
        headers in vec(("(id|source|type|specversion|time|subject|dataschema)", vec(any::<u8>(), 0..20)), 0..8),
        body in vec(any::<u8>(), 0..120), json in "[\\[\\]{}\":,0-9a-z ]{0,60}", which in 0..4_usize,
    ) {
        let types = [STRUCTURED, BATCHED, "application/json", "application/cloudevents+json;x=\""];
        for body in [body, json.into_bytes()] {
            let mut request = request(types[which], &BINARY[..which], body);
            for (name, value) in &headers {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    request.headers_mut().append(HeaderName::from_bytes(format!("ce-{name}").as_bytes()).unwrap(), value);
                }
            }
            match read(&request) {
                Ok(events) => for event in events {
                    prop_assert!(event.id().is_some() && event.kind.is_some());
                    prop_assert_eq!(event.attribute("id"), event.label.clone());
                },
                Err(kind) => prop_assert!([ErrorKind::Envelope, ErrorKind::MediaType].contains(&kind), "{kind}"),
            }
        }
    }
}
