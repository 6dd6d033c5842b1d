//! The same, where it is a receiver that goes wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use inhook::{
    Answer, Error, Event, Handlers, Json, Receiver, Tenant,
    store::{Claim, Grant, Held, IdempotencyStore, Key, MemoryStore, Slot, Token},
    testing::ManualClock,
};

use super::*;

/// Handlers that count.
fn counting() -> (Handlers, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let handlers = Handlers::new().otherwise(async move |_: Event| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    (handlers, count)
}

fn receiver(provider: &Provider, handlers: Handlers) -> Receiver {
    Receiver::builder(verifier(provider), MemoryStore::new()).handle(handlers).unwrap()
}

async fn status(receiver: &Receiver, request: &Request<Bytes>) -> StatusCode {
    receiver.receive(request.clone()).await.status()
}

/// tower-github-webhook, rocket-webhook: room was made for whatever length a stranger claimed, and the process aborted.
#[tokio::test]
async fn no_room_is_made_for_a_claimed_length() {
    let (handlers, count) = counting();
    let receiver = receiver(&GITHUB, handlers);
    for length in ["140737488355328", "18446744073709551615"] {
        let request = with(&draft(&GITHUB).build(), "content-length", length);
        assert_eq!(status(&receiver, &request).await, StatusCode::PAYLOAD_TOO_LARGE, "{length}");
    }
    // What is no length is not believed: the body is as long as it is.
    for length in ["18446744073709551616", "-1", "x"] {
        let request = with(&draft(&GITHUB).build(), "content-length", length);
        assert_eq!(status(&receiver, &request).await, StatusCode::OK, "{length}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

/// rocket-webhook: what was too long was cut, and then its signature was wrong. github-bot-sdk: what GitHub may send was
/// too long, and what has no repository was no event.
#[tokio::test]
async fn too_long_is_said_to_be_too_long() {
    let (handlers, count) = counting();
    let small = receiver(&GITHUB, counting().0);
    let large = Receiver::builder(verifier(&GITHUB), MemoryStore::new()).body_limit(25 << 20).handle(handlers).unwrap();
    let long = format!(r#"{{"zen":"{}"}}"#, "x".repeat(2 << 20));
    let request = signed(&GITHUB, SECRET, long).kind("ping").build();
    assert_eq!(status(&small, &request).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(status(&large, &request).await, StatusCode::OK);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

/// webhook-router: the secret was chosen by what stood in a body that nobody had verified.
#[tokio::test]
async fn a_body_does_not_choose_its_secret() {
    let resolver = async |head: &http::request::Parts| {
        let name = head.uri.path().trim_start_matches("/hooks/").to_owned();
        let secret = if name == "one" { SECRET } else { "b3RoZXJvdGhlcm90" };
        Ok(Some(Tenant::new(name, Verifier::new(&STRIPE, secret)?)))
    };
    let (handlers, count) = counting();
    let receiver = Receiver::tenants(resolver, MemoryStore::new()).handle(handlers).unwrap();
    let claims = r#"{"id":"1","type":"a","tenant":"one"}"#;
    let at = |tenant: &str| signed(&STRIPE, SECRET, claims).url(format!("{BASE}/hooks/{tenant}")).build();
    assert_eq!(status(&receiver, &at("other")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&receiver, &at("one")).await, StatusCode::OK);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

/// async-stripe-webhook: an event of another API version than the one compiled in, or a thin one, was refused after its
/// signature had passed.
#[tokio::test]
async fn an_event_of_another_shape_is_an_event() {
    #[derive(serde::Deserialize)]
    struct Invoice {
        #[expect(dead_code, reason = "it is missing")]
        subtotal: u64,
    }
    let bodies = [
        r#"{"id":"evt_1","type":"invoice.paid","api_version":"2031-01-01","data":{"object":{"lines":[{}]}}}"#,
        r#"{"id":"evt_2","object":"v2.core.event","type":"v1.billing.meter.error","created":"2026-11-21T06:41:00.1Z"}"#,
    ];
    let (handlers, count) = counting();
    let raw = receiver(&STRIPE, handlers);
    let typed = receiver(&STRIPE, Handlers::new().otherwise(async |_: Event<Json<Invoice>>| Ok(())));
    for body in bodies {
        let request = signed(&STRIPE, SECRET, body).build();
        assert_eq!(status(&raw, &request).await, StatusCode::OK, "{body}");
        // What the user's own type cannot take is not lost either: the provider sends it again.
        assert_eq!(status(&typed, &request).await, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
        assert_eq!(status(&typed, &request).await, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

/// A store that fails where it is told to.
#[derive(Clone, Default)]
struct Failing {
    store: MemoryStore,
    claim: Arc<AtomicBool>,
    complete: Arc<AtomicBool>,
}

impl Failing {
    fn or_not(when: &AtomicBool) -> Result<(), Error> {
        if when.load(Ordering::SeqCst) { Err(Error::store("the disk is full")) } else { Ok(()) }
    }
}

impl IdempotencyStore for Failing {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        Self::or_not(&self.claim)?;
        self.store.claim(slot).await
    }
    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        self.store.extend(slot, token, lease).await
    }
    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        Self::or_not(&self.complete)?;
        self.store.complete(slot, token, answer).await
    }
    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        self.store.release(slot, token).await
    }
    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        self.store.forget(key).await
    }
    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.store.purge(limit).await
    }
}

/// arcly-http: where the store failed, the handler ran unprotected. webhook-router, harn-vm, ryu, gewe: what could not be
/// kept was answered with success, or was a duplicate when it came again.
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_no_success() {
    let (store, (handlers, count)) = (Failing::default(), counting());
    let clock = ManualClock::new();
    let store = Failing { store: MemoryStore::new().clock(clock.clock()), ..store };
    let receiver = Receiver::builder(verifier(&STRIPE), store.clone()).handle(handlers).unwrap();
    let request = draft(&STRIPE).build();
    store.claim.store(true, Ordering::SeqCst);
    let response = receiver.receive(request.clone()).await;
    assert_eq!((response.status(), count.load(Ordering::SeqCst)), (StatusCode::SERVICE_UNAVAILABLE, 0));
    assert!(response.headers().contains_key("retry-after"));
    store.claim.store(false, Ordering::SeqCst);
    store.complete.store(true, Ordering::SeqCst);
    assert_eq!(status(&receiver, &request).await, StatusCode::SERVICE_UNAVAILABLE);
    store.complete.store(false, Ordering::SeqCst);
    clock.advance(Duration::from_secs(61));
    assert_eq!(status(&receiver, &request).await, StatusCode::OK);
    assert_eq!(count.load(Ordering::SeqCst), 2);
    assert_eq!(status(&receiver, &request).await, StatusCode::OK);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

/// webhookkit: an event was done before it was handled, so that its retry was a replay, and it was lost. github-bot-sdk and
/// others: the answer went out before the work began.
#[tokio::test]
async fn what_failed_comes_again() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let handlers = Handlers::new().otherwise(async move |_: Event| match counted.fetch_add(1, Ordering::SeqCst) {
        0 => Err("not yet".into()),
        1 => panic!("nor now"),
        _ => Ok(()),
    });
    let receiver = receiver(&STRIPE, handlers);
    let request = draft(&STRIPE).build();
    for expected in [500, 500, 200, 200] {
        assert_eq!(status(&receiver, &request).await.as_u16(), expected);
    }
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

/// idempotency-kit: who was late let go of what somebody else held by then, and a third began.
#[tokio::test]
async fn who_is_late_lets_go_of_nothing() {
    let clock = ManualClock::new();
    let store = MemoryStore::new().clock(clock.clock());
    let slot = Slot::new(Key::new("s", "c", "1"), Duration::from_secs(30), Duration::from_secs(3600));
    let Claim::Granted(first) = store.claim(&slot).await.unwrap() else { panic!("it is free") };
    clock.advance(Duration::from_secs(31));
    let Claim::Granted(second) = store.claim(&slot).await.unwrap() else { panic!("its lease is over") };
    assert_eq!(store.release(&slot, first.token).await.unwrap(), Held::Lost);
    assert_eq!(store.complete(&slot, first.token, None).await.unwrap(), Held::Lost);
    assert!(matches!(store.claim(&slot).await.unwrap(), Claim::Busy { .. }));
    assert_eq!(store.complete(&slot, second.token, None).await.unwrap(), Held::Yes);
    // The lease is short and the memory long: one time for both is too long for the one or too short for the other.
    clock.advance(Duration::from_secs(3500));
    assert!(matches!(store.claim(&slot).await.unwrap(), Claim::Duplicate(None)));
    // tideway's never forgot.
    clock.advance(Duration::from_secs(101));
    assert_eq!(store.purge(10).await.unwrap(), 1);
}

/// tideway: events were remembered by their bare ids, so that two providers' were one.
#[tokio::test]
async fn ids_belong_to_their_provider() {
    let (store, (handlers, count)) = (MemoryStore::new(), counting());
    let other = counting().0;
    let stripe = Receiver::builder(verifier(&STRIPE), store.clone()).handle(handlers).unwrap();
    let acme = Receiver::builder(verifier(&PADDLE_LIKE), store.clone()).handle(other).unwrap();
    assert_eq!(status(&acme, &draft(&PADDLE_LIKE).build()).await, StatusCode::OK);
    assert_eq!(status(&stripe, &draft(&STRIPE).build()).await, StatusCode::OK);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert!(ALL.iter().all(|provider| provider.name() != "acme"));
}

#[cfg(feature = "tokio")]
mod at_work {
    use tokio::{
        sync::Notify,
        time::{Instant, sleep},
    };

    use super::*;

    /// idempotency-kit: a caller that hung up left a claim behind. Here what has begun ends.
    #[tokio::test]
    async fn hanging_up_changes_nothing() {
        let (go, begun, (count, counted)) = (Arc::new(Notify::new()), Arc::new(Notify::new()), shared());
        let (wait, say) = (Arc::clone(&go), Arc::clone(&begun));
        let handlers = Handlers::new().otherwise(async move |_: Event| {
            say.notify_one();
            wait.notified().await;
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        let receiver = receiver(&STRIPE, handlers);
        let request = draft(&STRIPE).build();
        let (mine, sent) = (receiver.clone(), request.clone());
        let caller = tokio::spawn(async move { mine.receive(sent).await });
        begun.notified().await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        go.notify_one();
        assert_eq!(status(&receiver, &request).await, StatusCode::OK);
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    /// fraiseql: a duplicate of what was at work waited for as long as that took, on a connection of its own. webhookkit: it
    /// was told that all was done. tideway: a handler of more than five minutes was begun twice.
    #[tokio::test(start_paused = true)]
    async fn what_is_at_work_is_busy_however_long_it_takes() {
        let (count, counted) = shared();
        let handlers = Handlers::new().otherwise(async move |_: Event| {
            counted.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_secs(280)).await;
            Ok(())
        });
        let start = (OffsetDateTime::now_utc(), Instant::now());
        let clock = inhook::Clock::new(move || start.0 + start.1.elapsed());
        let store = MemoryStore::new().clock(clock.clone());
        let receiver = Receiver::builder(verifier(&STRIPE), store).clock(clock.clone()).handle(handlers).unwrap();
        let answer = async || {
            let request = draft(&STRIPE).at(clock.now()).build();
            let response = receiver.receive(request).await;
            (response.status().as_u16(), response.headers().contains_key("retry-after"))
        };
        // Each try is answered before the provider gives up.
        for _ in 0..20 {
            let began = Instant::now();
            assert_eq!(answer().await, (503, true));
            assert!(began.elapsed() < Duration::from_secs(10));
            sleep(Duration::from_secs(4)).await;
        }
        sleep(Duration::from_secs(100)).await;
        assert_eq!(answer().await, (200, false));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    fn shared() -> (Arc<AtomicUsize>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        (Arc::clone(&count), count)
    }
}

#[cfg(feature = "tower")]
mod bodies {
    use std::{
        io,
        pin::Pin,
        task::{Context, Poll},
    };

    use http_body::{Body, Frame, SizeHint};
    use tower::ServiceExt;

    use super::*;

    /// As from a network: it never says that it is at its end before it is asked, and claims to be endless.
    struct Sent {
        frames: Vec<Result<Bytes, io::Error>>,
        endless: bool,
        asked: Arc<AtomicUsize>,
    }

    impl Body for Sent {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.endless {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))));
            }
            if self.frames.is_empty() {
                return Poll::Ready(None);
            }
            Poll::Ready(Some(self.frames.remove(0).map(Frame::data)))
        }

        fn is_end_stream(&self) -> bool {
            false
        }

        fn size_hint(&self) -> SizeHint {
            let mut hint = SizeHint::new();
            hint.set_lower(1 << 47);
            hint
        }
    }

    async fn answer(request: &Request<Bytes>, frames: Vec<Result<Bytes, io::Error>>, endless: bool) -> (u16, usize) {
        let receiver = Receiver::builder(verifier(&GITHUB), MemoryStore::new()).body_limit(64 << 10);
        let receiver = receiver.handle(counting().0).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let body = Sent { frames, endless, asked: Arc::clone(&asked) };
        let status = receiver.oneshot(request.clone().map(|_| body)).await.unwrap().status();
        (status.as_u16(), asked.load(Ordering::SeqCst))
    }

    /// tower-github-webhook: a body in chunks was never at its end, and polled for ever; room was made for what it claimed.
    /// axum-standardwebhooks: one that broke off, or was too long, was a panic.
    #[tokio::test]
    async fn a_body_ends_breaks_off_or_is_too_long() {
        let request = draft(&GITHUB).build();
        let (head, tail) = (request.body().slice(..10), request.body().slice(10..));
        assert_eq!(answer(&request, vec![Ok(head.clone()), Ok(tail)], false).await, (200, 3));
        let forged = with(&request, "x-hub-signature-256", format!("sha256={}", "0".repeat(64)));
        assert_eq!(answer(&forged, vec![Ok(head.clone())], false).await, (401, 2));
        let broken = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(answer(&request, vec![Ok(head), Err(broken)], false).await, (503, 2));
        assert_eq!(answer(&request, Vec::new(), false).await, (400, 1));
    }

    /// webhook-verify, slack-morphism: all of a body was read, whatever its length and whoever sent it.
    #[tokio::test]
    async fn no_more_is_read_than_may_be_and_nothing_of_what_is_not_signed() {
        let request = draft(&GITHUB).build();
        assert_eq!(answer(&request, Vec::new(), true).await, (413, 65));
        let mut unsigned = request;
        unsigned.headers_mut().remove("x-hub-signature-256");
        assert_eq!(answer(&unsigned, Vec::new(), true).await, (400, 0));
    }

    /// axum-standardwebhooks, webhook-verify: the limit that a router had been given was passed over.
    #[cfg(feature = "axum")]
    #[tokio::test]
    async fn the_router_s_own_limit_holds() {
        use axum::{Router, extract::DefaultBodyLimit, routing::post};
        use inhook::axum::Webhook;

        let app = |limit: DefaultBodyLimit| {
            let hook = post(async |_: Webhook| "taken").layer(limit);
            Router::new().route("/hooks/github", hook).with_state(verifier(&GITHUB))
        };
        let long = signed(&GITHUB, SECRET, format!(r#"{{"zen":"{}"}}"#, "x".repeat(3 << 20))).build();
        let status = async |limit, request: &Request<Bytes>| {
            let request = request.clone().map(axum::body::Body::from);
            app(limit).oneshot(request).await.unwrap().status().as_u16()
        };
        assert_eq!(status(DefaultBodyLimit::disable(), &long).await, 200);
        assert_eq!(status(DefaultBodyLimit::max(1 << 20), &long).await, 413);
        assert_eq!(status(DefaultBodyLimit::max(10), &draft(&GITHUB).build()).await, 413);
    }
}
