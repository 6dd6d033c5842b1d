//! The same, where a receiver is what went wrong.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use http::{Method, Response, StatusCode};
use inhook::{End, Handlers, Outcome, Receiver, Twins, store::MemoryStore};

use super::*;

/// As [`SECRET`], and another.
const OTHER: &str = "0ddba11c0ddba11c";

/// A receiver that counts what reaches a handler, and writes down how each event ended.
struct Hook {
    receiver: Receiver,
    handled: Arc<AtomicUsize>,
    ends: Arc<Mutex<Vec<String>>>,
}

impl Hook {
    fn new(provider: &Provider) -> Self {
        Self::with(provider, Twins::default())
    }

    fn with(provider: &Provider, twins: Twins) -> Self {
        let (handled, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, list) = (Arc::clone(&handled), Arc::clone(&ends));
        let handlers = Handlers::new().otherwise(async move |_: Event| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let told = |outcome: &Outcome| match &outcome.end {
            End::Refused(error) => error.kind().to_string(),
            end if outcome.twin => format!("{} twin", end.as_str()),
            end => end.as_str().to_owned(),
        };
        let receiver = Receiver::builder(verifier(provider, SECRET), MemoryStore::new())
            .body_limit(4096)
            .twins(twins)
            .observe(move |outcome| list.lock().unwrap().push(told(outcome)))
            .handle(handlers)
            .unwrap();
        Self { receiver, handled, ends }
    }

    async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.receiver.receive(request.clone()).await
    }

    async fn status(&self, request: &Request<Bytes>) -> StatusCode {
        self.answer(request).await.status()
    }

    fn handled(&self) -> usize {
        self.handled.load(Ordering::SeqCst)
    }

    fn ends(&self) -> Vec<String> {
        std::mem::take(&mut self.ends.lock().unwrap())
    }
}

/// PageSpace #2199: a fresh id that nothing signs made a captured delivery new. It is known for a twin, and refused where
/// no two genuine events look alike.
#[tokio::test]
async fn a_fresh_unsigned_id_does_not_hide_a_replay() {
    for (provider, header) in [(&GITHUB, "x-github-delivery"), (&SHOPIFY, "x-shopify-webhook-id")] {
        let request = draft(provider).label("1").build();
        let replayed = with(&request, header, "2");
        let flag = Hook::new(provider);
        flag.answer(&request).await;
        flag.answer(&request).await;
        flag.answer(&replayed).await;
        assert_eq!(flag.ends(), ["handled", "duplicate", "handled twin"], "{provider:?}");
        let reject = Hook::with(provider, Twins::Reject);
        assert_eq!(reject.status(&request).await, StatusCode::OK);
        assert_eq!(reject.status(&replayed).await, StatusCode::UNAUTHORIZED);
        assert_eq!((reject.handled(), reject.ends()), (1, vec!["handled".to_owned(), "replay".to_owned()]));
    }
}

/// CVE-2026-42294: the whole body was read, of any length, from anybody. What the head gives away is refused by it.
#[tokio::test]
async fn the_head_alone_refuses_what_it_can() {
    for provider in ALL {
        let hook = Hook::new(provider);
        let admit = |request: &Request<Bytes>| {
            let (head, _) = request.clone().into_parts();
            hook.receiver.admit(&head).map(|admitted| admitted.body_limit()).map_err(|refused| refused.status())
        };
        let request = draft(provider).build();
        assert_eq!(admit(&request), Ok(4096), "{provider:?}");
        for length in ["4097", "140737488355328", "18446744073709551615"] {
            let long = with(&request, "content-length", length);
            assert_eq!(admit(&long), Err(StatusCode::PAYLOAD_TOO_LARGE), "{provider:?} {length}");
        }
        let mut put = request.clone();
        *put.method_mut() = Method::PUT;
        assert_eq!(admit(&put), Err(StatusCode::METHOD_NOT_ALLOWED), "{provider:?}");
        if let Some(name) = proof(provider) {
            let mut unsigned = request.clone();
            unsigned.headers_mut().remove(name);
            assert_eq!(admit(&unsigned), Err(StatusCode::BAD_REQUEST), "{provider:?}");
        }
        let long = request.map(|_| Bytes::from(vec![b' '; 4097]));
        assert_eq!(hook.status(&long).await, StatusCode::PAYLOAD_TOO_LARGE, "{provider:?}");
        assert_eq!(hook.handled(), 0);
    }
}

/// CVE-2023-46735: an error's text said what had been sent.
#[tokio::test]
async fn no_refusal_repeats_what_was_sent() {
    let mark = "<script>alert(1)</script>";
    for provider in ALL {
        let hook = Hook::new(provider);
        // monday.com asks an unsigned question, which is answered as JSON that no browser takes for a page.
        let asked = if provider.name() == "monday" { "question" } else { "challenge" };
        let body = format!(r#"{{"id":"{mark}","type":"{mark}","{asked}":"{mark}"}}"#);
        let address = format!("{BASE}/hooks?scriptalert=1");
        let forged =
            fitted(provider, OTHER, json!({"id": "1", "type": "a"})).header("x-mark", mark).url(address).build();
        let marked = proof(provider).map(|name| with(&forged, name, mark));
        let other = forged.clone().map(|_| Bytes::from(body.clone()));
        // Where the body is not signed, and nothing is read from it, it may be anything.
        let covered = verifier(provider, SECRET).authenticate(&draft(provider).build()).unwrap().covers(Field::Body);
        let no_json = covered.then(|| draft(provider).build().map(|_| Bytes::from(mark)));
        for request in [forged, other].into_iter().chain(no_json).chain(marked) {
            let response = hook.answer(&request).await;
            assert!(!response.status().is_success(), "{provider:?}");
            let said = str::from_utf8(response.body()).unwrap();
            assert!(said.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{provider:?}: {said}");
            assert!(response.headers().values().all(|value| !value.to_str().unwrap().contains("alert")));
        }
    }
}

/// yap #1571: the check was there, and mounted on three routes of 33. Here the handler is behind it, or there is no
/// handler: whatever is not signed with the secret reaches none.
#[tokio::test]
async fn no_handler_sees_what_is_not_signed() {
    let body = || json!({"id": "1", "type": "a", "event-data": {"id": "1"}, "data": {"events": [{"uuid": "1"}]}});
    let mut events = 0;
    for provider in ALL {
        let hook = Hook::new(provider);
        for secret in [OTHER, "decade00decade00"] {
            let forged = fitted(provider, secret, body()).build();
            assert!(hook.status(&forged).await.is_client_error(), "{provider:?}");
        }
        assert_eq!((hook.handled(), hook.ends()), (0, vec!["bad_signature".to_owned(); 2]), "{provider:?}");
        // Nor does it leave anything behind that the genuine one would be taken for: munster's ids were anybody's to claim.
        hook.answer(&fitted(provider, SECRET, body()).build()).await;
        let ends = hook.ends();
        // Some have no event in such a body.
        assert!(ends.iter().all(|end| end == "handled" || end == "envelope"), "{provider:?}: {ends:?}");
        events += hook.handled();
    }
    assert!(events > 100, "{events}");
}

/// bolt-js #2898: what looked like a handshake was handled all the same.
#[tokio::test]
async fn a_handshake_reaches_no_handler() {
    for provider in ALL {
        let hook = Hook::new(provider);
        for request in handshakes(provider, SECRET) {
            assert!(hook.status(&request).await.is_success(), "{provider:?} {request:?}");
            assert_eq!((hook.handled(), hook.ends()), (0, vec!["handshake".to_owned()]), "{provider:?}");
        }
    }
    let hook = Hook::new(&SLACK);
    let ssl = "ssl_check=1&command=%2Fdeploy&trigger_id=1";
    let form = "application/x-www-form-urlencoded";
    let check = signed(&SLACK, SECRET, ssl).content_type(form).build();
    assert_eq!((hook.status(&check).await, hook.handled()), (StatusCode::OK, 0));
    let forged = signed(&SLACK, "other", ssl).content_type(form).build();
    assert_eq!((hook.status(&forged).await, hook.handled()), (StatusCode::UNAUTHORIZED, 0));
}

/// Convoy #2747: it was looked first and inserted then, so that deliveries that came together were both handled.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_is_handled() {
    let hook = Arc::new(Hook::new(&STRIPE));
    let request = draft(&STRIPE).build();
    let begin = Arc::new(tokio::sync::Barrier::new(64));
    let all = (0..64).map(|_| {
        let (hook, request, begin) = (Arc::clone(&hook), request.clone(), Arc::clone(&begin));
        tokio::spawn(async move {
            begin.wait().await;
            hook.status(&request).await
        })
    });
    for answer in all.collect::<Vec<_>>() {
        let status = answer.await.unwrap();
        // Whoever met the holder is told to come back, where nobody can wait for it.
        assert!(status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE, "{status}");
    }
    assert_eq!(hook.handled(), 1);
    assert_eq!(hook.status(&request).await, StatusCode::OK);
    assert_eq!(hook.handled(), 1);
}

/// Convoy #2392: what was verified was the body after it had been read and written anew. Only what was sent counts.
#[tokio::test]
async fn only_what_was_received_is_verified() {
    for provider in [&GITHUB, &SHOPIFY, &SLACK, &STANDARD_WEBHOOKS, &STRIPE] {
        let hook = Hook::new(provider);
        let request = signed(provider, SECRET, r#"{ "id":"1",  "type":"a","n":1.0,"s":"\u00e9" }"#).build();
        let value: Value = serde_json::from_slice(request.body()).unwrap();
        let anew = request.clone().map(|_| Bytes::from(value.to_string()));
        assert_eq!(hook.status(&anew).await, StatusCode::UNAUTHORIZED, "{provider:?}");
        assert_eq!(hook.status(&request).await, StatusCode::OK, "{provider:?}");
        assert_eq!(hook.handled(), 1);
    }
}

/// GitHub once sent redeliveries without their signature: that is told apart from a forgery, for whoever looks at it.
#[tokio::test]
async fn no_signature_and_a_wrong_one_are_two_reasons() {
    let hook = Hook::new(&GITHUB);
    let request = draft(&GITHUB).build();
    let mut unsigned = request.clone();
    unsigned.headers_mut().remove("x-hub-signature-256");
    assert_eq!(hook.status(&unsigned).await, StatusCode::BAD_REQUEST);
    let wrong = with(&request, "x-hub-signature-256", &format!("sha256={}", "0".repeat(64)));
    assert_eq!(hook.status(&wrong).await, StatusCode::UNAUTHORIZED);
    assert_eq!((hook.ends(), hook.handled()), (vec!["missing_header".to_owned(), "bad_signature".to_owned()], 0));
}
