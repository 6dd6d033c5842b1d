//! Any request, all the way through a receiver, as it came and once more with a genuine signature: no panic, and an answer
//! that is one of the documented ones.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    pin::pin,
    sync::Once,
    task::{Context, Poll, Waker},
};

use http::Response;
use inhook::{Answer, End, Failure, Handlers, Outcome, Receiver, provider::ALL, store::MemoryStore};
use proptest::{collection::btree_map, sample::select, test_runner::TestRunner};
use serde_json::Value;

use super::*;
use crate::advisories::{SECRET, fitted, verifier};

const LIMIT: usize = 4096;
const TYPES: [&str; 4] = ["application/json", FORM, "multipart/form-data; boundary=xx", "text/plain"];

/// What providers look for, so that chance finds some of it.
const NAMES: [&str; 24] = [
    "id",
    "type",
    "event",
    "data",
    "events",
    "entry",
    "action",
    "challenge",
    "token",
    "timestamp",
    "signature",
    "payload",
    "object",
    "value",
    "kind",
    "created",
    "ts",
    "_id",
    "event_id",
    "created_at",
    "status",
    "uuid",
    "eventId",
    "event_type",
];
const WORDS: [&str; 10] =
    ["a", "a.b", "PING", "url_verification", "1", "1790000000", "2026-11-21T06:41:00Z", "", "secret", "unsubscribe"];

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// How each event ended, whether that is settled, and whether it is remembered.
    static ENDS: RefCell<Vec<(&'static str, bool, bool)>> = const { RefCell::new(Vec::new()) };
}

/// `None` where the helper for tests says, by a panic, that this provider sends no such body.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info)
            }
        }));
    });
    QUIET.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work)).ok();
    QUIET.set(false);
    done
}

fn receiver(provider: &Provider) -> Receiver {
    let handlers = Handlers::new()
        .on("a.*", async |event: Event| match event.raw().as_bytes().len() % 4 {
            0 => Err("not yet".into()),
            1 => Err(Failure::permanent("never")),
            len => Ok(Answer::json(&len).unwrap()),
        })
        .otherwise(async |_: Event| Ok(()));
    Receiver::builder(verifier(provider, SECRET), MemoryStore::with_capacity(64))
        .body_limit(LIMIT)
        .dead_letters()
        .observe(|outcome: &Outcome| {
            assert!(!matches!(outcome.end, End::Panicked | End::TimedOut), "{outcome:?}");
            let end = (outcome.end.as_str(), outcome.end.settled(), outcome.key.is_some());
            ENDS.with_borrow_mut(|ends| ends.push(end));
        })
        .handle(handlers)
        .unwrap()
}

/// Without a runtime nothing waits.
fn answered(receiver: &Receiver, request: &Request<Bytes>) -> Result<Response<Bytes>, TestCaseError> {
    ENDS.take();
    let Poll::Ready(response) = pin!(receiver.receive(request.clone())).poll(&mut Context::from_waker(Waker::noop()))
    else {
        return Err(TestCaseError::fail("it waits"));
    };
    let status = response.status();
    let known = [200, 201, 202, 204, 400, 401, 403, 404, 405, 406, 410, 413, 415, 429, 500, 503];
    prop_assert!(known.contains(&status.as_u16()), "{response:?}");
    ENDS.with_borrow(|ends| {
        // Success if and only if everything is done or kept; an empty batch is.
        prop_assert_eq!(status.is_success(), ends.iter().all(|(_, settled, _)| *settled), "{:?} {:?}", ends, response);
        Ok::<_, TestCaseError>(())
    })?;
    if !status.is_success() {
        let said = str::from_utf8(response.body()).unwrap();
        prop_assert!(said.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && said.len() < 20, "{said}");
    }
    prop_assert_eq!(status == 503, response.headers().contains_key("retry-after"));
    prop_assert!(status != 405 || response.headers().contains_key("allow"));
    prop_assert!(request.body().len() <= LIMIT || !status.is_success());
    Ok(response)
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        2 => "\\PC{0,12}".prop_map(Value::from),
        6 => select(WORDS.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let members = btree_map(select(NAMES.to_vec()), inner.clone(), 0..7);
        let object = members.prop_map(|all| all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        prop_oneof![1 => vec(inner, 0..3).prop_map(Value::Array), 3 => object.prop_map(Value::Object)]
    })
}

#[derive(Clone, Debug)]
enum Body {
    Any(Vec<u8>),
    Text(String),
    /// As the provider sends it, as far as that can be.
    Fitted(Value),
}

fn body() -> impl Strategy<Value = Body> {
    let pairs = vec((select(NAMES.to_vec()), "\\PC{0,8}"), 0..8);
    prop_oneof![
        1 => vec(any::<u8>(), 0..200).prop_map(Body::Any),
        1 => Just(Body::Any(vec![b' '; LIMIT + 1])),
        2 => json().prop_map(|json| Body::Text(json.to_string())),
        1 => pairs.prop_map(|pairs| Body::Text(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())),
        5 => json().prop_map(|json| Body::Fitted(if json.is_object() { json } else { serde_json::json!({ "id": json }) })),
    ]
}

fn signed_by(provider: &Provider, body: &Body, kind: &str) -> Option<Request<Bytes>> {
    quietly(|| match body {
        Body::Any(bytes) => signed(provider, SECRET, bytes.clone()).content_type(kind).build(),
        Body::Text(text) => signed(provider, SECRET, text.clone()).content_type(kind).build(),
        Body::Fitted(json) => fitted(provider, SECRET, json.clone()).build(),
    })
}

#[test]
fn every_answer_is_a_documented_one() {
    let (genuine, believed, handled, again) = (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    let add = |counter: &Cell<usize>, n: usize| counter.set(counter.get() + n);
    let header = (
        select(["x-signature", "stripe-signature", "authorization", "content-length", "webhook-id"].to_vec()),
        "\\PC{0,40}",
    );
    let case = (select(ALL.to_vec()), body(), select(TYPES.to_vec()), vec(header, 0..3));
    let config = ProptestConfig { source_file: Some(file!()), ..ProptestConfig::with_cases(1500) };
    let tried = TestRunner::new(config).run(&case, |(provider, body, kind, headers)| {
        let receiver = receiver(provider);
        let bytes = match &body {
            Body::Any(bytes) => Bytes::from(bytes.clone()),
            Body::Text(text) => Bytes::from(text.clone()),
            Body::Fitted(json) => Bytes::from(json.to_string()),
        };
        let mut plain = Request::post("https://example.com/hooks").header(CONTENT_TYPE, kind).body(bytes).unwrap();
        for (name, value) in &headers {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                plain.headers_mut().append(*name, value);
            }
        }
        // Nobody signed it, and only a handshake can do without.
        let response = answered(&receiver, &plain)?;
        let handshake = ENDS.with_borrow(|ends| ends.iter().all(|(end, ..)| *end == "handshake"));
        prop_assert!(handshake || !response.status().is_success(), "{response:?}");
        let Some(request) = signed_by(provider, &body, kind) else { return Ok(()) };
        add(&genuine, 1);
        answered(&receiver, &request)?;
        let first = ENDS.take();
        let count = |ends: &[(&str, bool, bool)], name| ends.iter().filter(|(end, ..)| *end == name).count();
        add(&believed, usize::from(count(&first, "refused") == 0));
        add(&handled, count(&first, "handled"));
        answered(&receiver, &request)?;
        let second = ENDS.take();
        // What is remembered is done once, however often it comes.
        prop_assert!(
            !second.iter().any(|(end, _, remembered)| *end == "handled" && *remembered),
            "{first:?} {second:?}"
        );
        add(&again, count(&second, "duplicate"));
        Ok(())
    });
    tried.unwrap_or_else(|e| panic!("{e}"));
    let counts = [genuine, believed, handled, again].map(Cell::into_inner);
    // Most are taken, and most of those are events: it is not refusals alone that are tried.
    assert!(counts[0] > 1000 && counts[1] > 700 && counts[2] > 400 && counts[3] > 100, "{counts:?}");
}
