//! One table of requests, sent to each stack.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderValue, Method};
use inhook::{
    Answer, Clock, End, Event, Failure, Handlers, Provider, Verifier,
    provider::{At, CLOUDEVENTS, Digest, GITHUB, Hmac, MANDRILL, OKTA, Part, SLACK, STRIPE, Scheme, Syntax, TWILIO},
    store::MemoryStore,
    testing::{Signed, signed},
};
use time::{OffsetDateTime, macros::datetime};

use super::*;

const SECRET: &str = "whsec_c2VjcmV0";
const NOW: OffsetDateTime = datetime!(2026-11-21 06:41 UTC);
const TEXT: &str = "text/plain; charset=utf-8";
const LIMIT: usize = 1024;

/// Signs what a proxy or a framework could change on its way: method, path, query and a header's bytes.
const PICKY: Provider = Provider::new(
    "picky",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[
                Part::Method,
                Part::Text(" "),
                Part::Path,
                Part::Text("?"),
                Part::Query,
                Part::Text(" "),
                Part::Header("x-signed"),
                Part::Text(" "),
                Part::Body,
            ])
            .signature(At::Header("x-signature"), Syntax::Bare),
    ),
);

type Ends = Arc<Mutex<Vec<String>>>;

/// What every stack serves, each with a memory of its own.
fn receivers() -> (Vec<(&'static str, Receiver)>, Ends) {
    let ends = Ends::default();
    let receiver = |provider: &Provider, handlers: Handlers, store: MemoryStore, read: u64| {
        let verifier = Verifier::builder(provider).secret(SECRET).public_base("https://example.com");
        let verifier = verifier.allow_origin("sender.example");
        let verifier = if provider.name() == TWILIO.name() { verifier.by_get() } else { verifier }.build().unwrap();
        let ends = ends.clone();
        Receiver::builder(verifier, store)
            .clock(Clock::new(|| NOW))
            .body_limit(LIMIT)
            .read_timeout(Duration::from_millis(read))
            .observe(move |outcome| {
                let end = match &outcome.end {
                    End::Refused(error) => error.kind().as_str(),
                    end => end.as_str(),
                };
                ends.lock().unwrap().push(end.to_owned());
            })
            .handle(handlers)
            .unwrap()
    };
    let handlers = || {
        Handlers::new().on("fails", async |_: Event| -> Result<(), Failure> { Err("not yet".into()) }).otherwise(
            async |event: Event| {
                let seen = event.headers().get_all("x-seen").iter();
                let seen: Vec<_> = seen.map(|value| value.as_bytes().escape_ascii().to_string()).collect();
                Ok(if seen.is_empty() { Answer::success() } else { Answer::json(&seen)? })
            },
        )
    };
    let all = vec![
        ("stripe", receiver(&STRIPE, handlers(), MemoryStore::new(), 60_000)),
        ("github", receiver(&GITHUB, handlers(), MemoryStore::new(), 60_000)),
        ("slack", receiver(&SLACK, handlers(), MemoryStore::new(), 60_000)),
        ("okta", receiver(&OKTA, handlers(), MemoryStore::new(), 60_000)),
        ("mandrill", receiver(&MANDRILL, handlers(), MemoryStore::new(), 60_000)),
        ("cloudevents", receiver(&CLOUDEVENTS, handlers(), MemoryStore::new(), 60_000)),
        ("twilio", receiver(&TWILIO, handlers(), MemoryStore::new(), 60_000)),
        ("picky", receiver(&PICKY, handlers(), MemoryStore::new(), 60_000)),
        ("hasty", receiver(&STRIPE, handlers(), MemoryStore::new(), 20)),
        ("full", receiver(&STRIPE, handlers(), MemoryStore::with_capacity(0), 60_000)),
    ];
    (all, ends)
}

struct Row {
    what: &'static str,
    wire: Wire,
    answer: Answered,
    end: &'static str,
}

fn row(what: &'static str, wire: Wire, status: u16, body: &str, headers: &[(&str, &str)], end: &'static str) -> Row {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Row { what, wire, answer: Answered { status, headers: headers.collect(), body: body.to_owned() }, end }
}

fn refused(what: &'static str, wire: Wire, status: u16, word: &'static str) -> Row {
    row(what, wire, status, word, &[("content-type", TEXT)], word)
}

fn taken(what: &'static str, wire: Wire) -> Row {
    row(what, wire, 200, "", &[], "handled")
}

fn sent(provider: &Provider, path: &str, body: impl Into<Bytes>) -> Signed {
    signed(provider, SECRET, body).at(NOW).url(format!("https://example.com/api/hooks/{path}"))
}

fn stripe(id: &str) -> Signed {
    sent(&STRIPE, "stripe", format!(r#"{{"id":"{id}","type":"a.b"}}"#))
}

fn changed(mut request: Request<Bytes>, change: impl FnOnce(&mut Request<Bytes>)) -> Wire {
    change(&mut request);
    Wire::new(&request)
}

fn asks(method: &str, name: &str, headers: &[(&str, &str)]) -> Wire {
    let mut request = Request::builder().method(method).uri(format!("https://example.com/api/hooks/{name}"));
    for (header, value) in headers {
        request = request.header(*header, *value);
    }
    Wire::new(&request.body(Bytes::new()).unwrap())
}

fn signed_as_received() -> Vec<Row> {
    let picky = |path: &str| sent(&PICKY, path, "{}").header("x-signed", b"caf\xe9 \xff");
    let queries = [
        "picky",
        "picky?",
        "picky?a=1+2&b=%2F%2f&c&d=&&e=%zz&a=3",
        "picky?q=a%20b%2Bc&u=https://example.com/?x",
        "picky/a%2Fb",
        "picky/a%2fb%20c%25?x=%2F",
        "picky/~a-b_c.d!$&'()*,;=:@",
    ];
    let mut rows: Vec<_> = queries.iter().map(|path| taken(path, Wire::new(&picky(path).build()))).collect();
    let moved = |r: &mut Request<Bytes>| *r.uri_mut() = "https://example.com/api/hooks/picky?a=1%202".parse().unwrap();
    rows.push(refused("another query", changed(picky("picky?a=1+2").build(), moved), 401, "bad_signature"));
    let bytes = |r: &mut Request<Bytes>| {
        r.headers_mut().insert("x-signed", HeaderValue::from_bytes(b"caf\xe9 \xfe").unwrap());
    };
    rows.push(refused("another byte", changed(picky("picky").build(), bytes), 401, "bad_signature"));
    let batch = r#"[{"_id":"1","event":"send","ts":1}]"#;
    for path in ["mandrill?key=a%2Fb+c", "mandrill/x%2Fy"] {
        let signed = sent(&MANDRILL, path, batch.replace('1', &path.len().to_string()));
        rows.push(taken("a signed address under a prefix", Wire::new(&signed.build())));
    }
    rows
}

fn rows() -> Vec<Row> {
    let json = "application/json";
    let mut rows = signed_as_received();
    rows.extend([
        taken("an event", Wire::new(&stripe("1").build())),
        row("the same again", Wire::new(&stripe("1").build()), 200, "", &[], "duplicate"),
        taken("in chunks", Wire::chunked(&stripe("2").build())),
        row(
            "a header's values in their order",
            Wire::new(&stripe("3").header("x-seen", "b").header("x-seen", b"\xff").header("x-seen", "a, c").build()),
            200,
            r#"["b","\\xff","a, c"]"#,
            &[("content-type", json)],
            "handled",
        ),
        row(
            "the stored answer",
            Wire::new(&stripe("3").build()),
            200,
            r#"["b","\\xff","a, c"]"#,
            &[("content-type", json)],
            "duplicate",
        ),
        refused("a failure", Wire::new(&stripe("4").kind("fails").build()), 500, "failed"),
        taken(
            "a form",
            Wire::new(
                &sent(&GITHUB, "github", "payload=%7B%7D").content_type("application/x-www-form-urlencoded").build(),
            ),
        ),
        taken(
            "attributes in headers",
            Wire::new(&sent(&CLOUDEVENTS, "cloudevents", "<xml/>").content_type("text/xml").label("a%20b").build()),
        ),
        taken(
            "an event by GET",
            changed(sent(&TWILIO, "twilio?MessageSid=1&SmsStatus=received&Body=a+%2B", "").build(), |r| {
                *r.method_mut() = Method::GET;
            }),
        ),
        taken(
            "a batch",
            Wire::new(
                &sent(
                    &OKTA,
                    "okta",
                    r#"{"data":{"events":[{"uuid":"1","eventType":"a"},{"uuid":"2","eventType":"b"}]}}"#,
                )
                .build(),
            ),
        ),
    ]);
    // Handshakes.
    rows.extend([
        row(
            "a challenge by POST",
            Wire::new(&sent(&SLACK, "slack", r#"{"type":"url_verification","challenge":"abc"}"#).build()),
            200,
            "abc",
            &[("content-type", TEXT), ("x-content-type-options", "nosniff")],
            "handshake",
        ),
        row(
            "a challenge by GET",
            asks("GET", "okta", &[("authorization", SECRET), ("x-okta-verification-challenge", "abc")]),
            200,
            r#"{"verification":"abc"}"#,
            &[("content-type", json), ("x-content-type-options", "nosniff")],
            "handshake",
        ),
        row("a look by HEAD", asks("HEAD", "mandrill", &[]), 200, "", &[], "handshake"),
        row(
            "a question by OPTIONS",
            asks(
                "OPTIONS",
                "cloudevents",
                &[("webhook-request-origin", "sender.example"), ("webhook-request-rate", "10")],
            ),
            200,
            "",
            &[("allow", "POST"), ("webhook-allowed-origin", "sender.example"), ("webhook-allowed-rate", "*")],
            "handshake",
        ),
        refused(
            "a question by OPTIONS of somebody else",
            asks("OPTIONS", "cloudevents", &[("webhook-request-origin", "other.example")]),
            401,
            "bad_signature",
        ),
        refused(
            "a challenge by GET of somebody else",
            asks("GET", "okta", &[("authorization", "x"), ("x-okta-verification-challenge", "abc")]),
            401,
            "bad_signature",
        ),
    ]);
    // What is refused by its head; the rest of the body never comes.
    let long = || sent(&STRIPE, "stripe", format!(r#"{{"id":"{}"}}"#, "x".repeat(LIMIT))).build();
    let allow =
        |what, wire, allow| row(what, wire, 405, "method", &[("content-type", TEXT), ("allow", allow)], "method");
    rows.extend([
        allow("PUT", changed(stripe("5").build(), |r| *r.method_mut() = Method::PUT), "POST"),
        allow("GET", asks("GET", "stripe", &[]), "POST"),
        row("HEAD", asks("HEAD", "stripe", &[]), 405, "", &[("content-type", TEXT), ("allow", "POST")], "method"),
        allow("OPTIONS", asks("OPTIONS", "stripe", &[]), "POST"),
        allow("OPTIONS that asks nothing", asks("OPTIONS", "cloudevents", &[]), "POST, OPTIONS"),
        allow("PUT where GET is one", asks("PUT", "twilio", &[]), "GET"),
        allow("DELETE where others are", asks("DELETE", "mandrill", &[]), "POST, HEAD"),
        allow("a method that nobody knows", asks("PURGE", "okta", &[]), "POST, GET"),
        refused("a long body", Wire::new(&long()).only(0), 413, "too_large"),
        refused(
            "no signature",
            changed(stripe("5").build(), |r| drop(r.headers_mut().remove("stripe-signature"))).only(0),
            400,
            "missing_header",
        ),
        refused("another type", Wire::new(&stripe("5").content_type("text/xml").build()).only(0), 415, "media_type"),
    ]);
    // What is refused after it was read.
    let twice = |other: Option<&'static str>| {
        changed(stripe("6").build(), move |r| {
            let first = r.headers()["stripe-signature"].clone();
            r.headers_mut().append("stripe-signature", other.map_or(first, HeaderValue::from_static));
        })
    };
    rows.extend([
        taken("a signature twice", twice(None)),
        refused("two signatures", twice(Some("t=1,v1=00")), 400, "malformed_header"),
        refused(
            "a signature of no text",
            changed(stripe("7").build(), |r| {
                r.headers_mut().insert("stripe-signature", HeaderValue::from_bytes(b"\xff").unwrap());
            }),
            400,
            "malformed_header",
        ),
        refused(
            "another body",
            changed(stripe("7").build(), |r| *r.body_mut() = Bytes::from("{}")),
            401,
            "bad_signature",
        ),
        refused(
            "an old time",
            Wire::new(&stripe("7").at(NOW - Duration::from_secs(301)).build()),
            401,
            "stale_timestamp",
        ),
        refused("no envelope", Wire::new(&sent(&STRIPE, "stripe", "[]").build()), 500, "envelope"),
        refused("a long body in chunks", Wire::chunked(&long()), 413, "too_large"),
        row(
            "a body that does not come",
            Wire::new(&sent(&STRIPE, "hasty", r#"{"id":"8","type":"a.b"}"#).build()).only(5),
            503,
            "incomplete",
            &[("content-type", TEXT), ("retry-after", "1")],
            "incomplete",
        ),
        row(
            "chunks that are none",
            Wire::chunked(&stripe("8").build()).body(b"5\r\n{\"id\"\r\nzz\r\n"),
            503,
            "incomplete",
            &[("content-type", TEXT), ("retry-after", "1")],
            "incomplete",
        ),
        row(
            "a store that is full",
            Wire::new(&sent(&STRIPE, "full", r#"{"id":"9","type":"a.b"}"#).build()),
            503,
            "store",
            &[("content-type", TEXT), ("retry-after", "1")],
            "store",
        ),
        taken("an event after all that", Wire::new(&stripe("7").build())),
    ]);
    rows
}

#[tokio::test]
async fn every_stack_gives_the_same_answer() {
    for stack in ALL {
        let (receivers, ends) = receivers();
        let server = Server::start(stack, receivers).await;
        for Row { what, wire, answer, end } in rows() {
            assert_eq!(wire.send(server.at).await, answer, "{stack:?}: {what}");
            let ends = std::mem::take(&mut *ends.lock().unwrap());
            assert!(!ends.is_empty() && ends.iter().all(|e| e == end), "{stack:?}: {what}: {ends:?}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_no_event() {
    for stack in ALL {
        let (receivers, ends) = receivers();
        let closed: Vec<_> = receivers.iter().map(|(_, receiver)| receiver.clone()).collect();
        let server = Server::start(stack, receivers).await;
        let wire = Wire::new(&stripe("1").build()).cut(9);
        let mut stream = wire.write(server.at).await;
        // Some answer whoever has only stopped sending, some do not; nobody takes it for whole.
        let mut answer = Vec::new();
        let _read_or_reset = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{stack:?}: {answer:?}");
        for receiver in closed {
            assert_eq!(receiver.close(Duration::from_secs(60)).await, 0, "{stack:?}");
        }
        assert!(ends.lock().unwrap().iter().all(|end| end == "incomplete"), "{stack:?}: {ends:?}");
    }
}

#[test]
fn the_table_is_of_more_than_one_sort() {
    let mut statuses = BTreeMap::new();
    for row in rows() {
        *statuses.entry(row.answer.status).or_insert(0) += 1;
    }
    let all: Vec<_> = statuses.into_keys().collect();
    assert_eq!(all, [200, 400, 401, 405, 413, 415, 500, 503]);
}
