//! Any request, all the way through a receiver, as it came and once more with a genuine signature: no panic, and an answer
//! that is one of the documented ones.
#![no_main]

use std::{
    cell::RefCell,
    future::Future,
    pin::pin,
    sync::OnceLock,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use inhook::{
    Answer, Clock, End, Event, Failure, Handlers, Outcome, Place, Receiver, Verifier,
    store::{MemoryStore, Order},
};
use inhook_fuzz::{FORM, Known, NOW, Text, build, known};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 4096;
const TYPES: [&str; 3] = ["application/json", FORM, "multipart/form-data; boundary=xx"];

thread_local! { static ENDS: RefCell<Vec<(&'static str, bool)>> = const { RefCell::new(Vec::new()) }; }

fn handlers() -> Handlers {
    Handlers::new()
        .on("a.*", async |event: Event| {
            let len = event.raw().as_bytes().len();
            match len % 4 {
                0 => Ok(Answer::success()),
                1 => Ok(Answer::json(&len).expect("a number")),
                2 => Err(Failure::permanent("never")),
                _ => Err("not yet".into()),
            }
        })
        .otherwise(async |event: Event| {
            assert!(event.fence().is_some() || event.id().is_none());
            Ok(())
        })
}

fn receiver(known: &Known) -> Receiver {
    let builder = |verifier: Verifier| {
        Receiver::builder(verifier, MemoryStore::with_capacity(64).clock(Clock::new(|| NOW)))
            .clock(Clock::new(|| NOW))
            .body_limit(LIMIT)
            .dead_letters()
            .observe(|outcome: &Outcome| {
                let settled = outcome.end.settled();
                assert!(!matches!(outcome.end, End::Panicked | End::TimedOut), "{outcome:?}");
                ENDS.with_borrow_mut(|ends| ends.push((outcome.end.as_str(), settled)));
            })
    };
    let place = |event: &Event| Some(Place::new("s", event.occurred_at?, Order::Latest));
    let ordered = builder(known.verifier.clone()).ordered_by(place).handle(handlers());
    // Not where the provider never sends again by itself.
    ordered.or_else(|_| builder(known.verifier.clone()).handle(handlers())).expect("it fits together")
}

fn receivers() -> &'static [(&'static Known, Receiver)] {
    static ALL: OnceLock<Vec<(&'static Known, Receiver)>> = OnceLock::new();
    ALL.get_or_init(|| known().iter().map(|known| (known, receiver(known))).collect())
}

/// Without a runtime nothing waits.
fn receive(receiver: &Receiver, request: Request<Bytes>) -> Response<Bytes> {
    match pin!(receiver.receive(request)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response,
        Poll::Pending => panic!("it waits"),
    }
}

fuzz_target!(|data: &[u8]| {
    let [which, kind, text @ ..] = data else { return };
    let receivers = receivers();
    let (known, receiver) = &receivers[usize::from(*which) % receivers.len()];
    let plain = Text::of(text).request();
    // Nobody signed it, and only a handshake can do without.
    let response = answered(receiver, plain.clone());
    let handshake = ENDS.with_borrow(|ends| ends.iter().all(|(end, _)| *end == "handshake"));
    assert!(handshake || !response.status().is_success(), "{:?} {response:?}", known.provider);
    if plain.body().len() > LIMIT {
        return;
    }
    let Some(mut signed) = build(known.draft(plain.body().clone()).content_type(TYPES[usize::from(*kind) % 3])) else {
        return;
    };
    for (name, value) in plain.headers() {
        if !signed.headers().contains_key(name) {
            signed.headers_mut().append(name, value.clone());
        }
    }
    answered(receiver, signed.clone());
    answered(receiver, signed);
});

fn answered(receiver: &Receiver, request: Request<Bytes>) -> Response<Bytes> {
    ENDS.with_borrow_mut(Vec::clear);
    let (head, body) = request.clone().into_parts();
    let admitted = receiver.admit(&head).map(|admitted| assert_eq!(admitted.body_limit(), LIMIT)).is_ok();
    ENDS.with_borrow_mut(Vec::clear);
    let by_options = *request.method() == Method::OPTIONS;
    let response = receive(receiver, request);
    let status = response.status();
    // 429 is what brings some events back.
    let known = [200, 201, 202, 204, 400, 401, 404, 405, 413, 415, 429, 500, 503];
    // What is not genuine is answered as its provider wants it.
    let forged = [&b"bad_signature"[..], b"stale_timestamp", b"future_timestamp"].contains(&&**response.body());
    assert!(known.contains(&status.as_u16()) || (forged && status.is_client_error()), "{response:?}");
    ENDS.with_borrow(|ends| {
        // Success if and only if everything is done or kept; an empty batch is.
        assert_eq!(status.is_success(), ends.iter().all(|(_, settled)| *settled), "{ends:?} {response:?}");
        if !status.is_success() {
            let body = str::from_utf8(response.body()).expect("a word of ours");
            assert!(body.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && body.len() < 20, "{body}");
        }
    });
    let comes_back = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    assert_eq!(comes_back, response.headers().contains_key("retry-after"));
    // A handshake by OPTIONS says it too.
    let says_methods = status == StatusCode::METHOD_NOT_ALLOWED || (by_options && status.is_success());
    assert!(says_methods || !response.headers().contains_key("allow"), "{response:?}");
    assert!(status != StatusCode::METHOD_NOT_ALLOWED || response.headers().contains_key("allow"), "{response:?}");
    assert!(admitted || !status.is_success());
    assert!(body.len() <= LIMIT || !status.is_success());
    response
}
