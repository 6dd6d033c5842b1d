//! Any document: what stands at pointers is what a parser that builds all of it finds there.
#![no_main]

use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderValue, Request};
use inhook::{
    ErrorKind, Provider, Verifier,
    provider::{At, Batch, Scheme, TimeUnit, StaticToken},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const ONE: Provider = Provider::new("acme", Scheme::Token(StaticToken::bare(At::Header("x-token"))))
    .label(At::Json("/a"))
    .kind(At::Json("/a/b"))
    .version(At::Json("/c/0/d"))
    .time(At::Json("/t"), TimeUnit::Millis)
    .identity(&[At::Json("/c/11"), At::Optional(&At::Document("/a")), At::PayloadDigest])
    .payload(At::FirstOf(&[At::Json("/p"), At::Json("/c/1"), At::Json("")]));

fn verifiers() -> &'static [Verifier; 4] {
    static ALL: OnceLock<[Verifier; 4]> = OnceLock::new();
    let verifier = |provider: Provider| Verifier::new(&provider, "secret").unwrap();
    ALL.get_or_init(|| {
        [Batch::One, Batch::List(""), Batch::List("/l/m"), Batch::Lines].map(|batch| verifier(ONE.batch(batch)))
    })
}

fuzz_target!(|data: &[u8]| {
    let mut request = Request::new(Bytes::copy_from_slice(data));
    request.headers_mut().insert("x-token", HeaderValue::from_static("secret"));
    for verifier in verifiers() {
        let read = || verifier.verify(&request).map_err(|e| assert_eq!(e.kind(), ErrorKind::Envelope)).ok();
        let (first, second) = (read(), read());
        let ids =
            |d: &inhook::Delivery| -> Vec<_> { d.events().iter().map(|e| e.id().map(|id| id.into_owned())).collect() };
        assert_eq!(first.as_ref().map(ids), second.as_ref().map(ids));
    }
    let data = data.strip_prefix("\u{feff}".as_bytes()).unwrap_or(data);
    let Ok(document) = serde_json::from_slice::<Value>(data) else { return };
    let events = |at: usize| verifiers()[at].verify(&request).map(|delivery| delivery.into_events());
    match events(0) {
        Ok(events) => {
            assert!(document.is_object() && events.len() == 1);
            compare(&events[0], &document);
            let payload = ["/p", "/c/1"].iter().find_map(|p| document.pointer(p).filter(|v| !v.is_null()));
            let found: Value = events[0].raw().json().expect("a part of JSON is JSON");
            assert_eq!(found, *payload.unwrap_or(&document));
        }
        Err(_) => assert!(!document.is_object()),
    }
    for (at, list) in [(1, Some(&document)), (2, document.pointer("/l/m"))] {
        match (events(at), list) {
            (Ok(events), Some(Value::Array(items))) => {
                assert_eq!(events.len(), items.len());
                events.iter().zip(items).for_each(|(event, item)| compare(event, item));
            }
            (found, list) => assert!(found.is_err() && !list.is_some_and(Value::is_array)),
        }
    }
    let lines = events(3).expect("one value is one line, or a list");
    assert_eq!(lines.len(), document.as_array().map_or(1, Vec::len));
});

fn compare(event: &inhook::Event, document: &Value) {
    for (found, pointer) in [(&event.label, "/a"), (&event.kind, "/a/b"), (&event.version, "/c/0/d")] {
        match document.pointer(pointer) {
            Some(Value::String(text)) => assert_eq!(found.as_deref().unwrap_or_default(), text, "{pointer}"),
            Some(Value::Bool(b)) => assert_eq!(found.as_deref(), Some(b.to_string()).as_deref()),
            Some(Value::Number(n)) => {
                // As it was written: the other parser, which rounds, reads the same from it.
                let read: Value = serde_json::from_str(found.as_deref().expect("a number")).expect("as JSON writes it");
                assert_eq!(read.as_number(), Some(n));
            }
            None | Some(_) => assert_eq!(*found, None, "{pointer}"),
        }
    }
}
