//! Limits, closing, dispatching by hand, and life without a runtime.

use std::{
    pin::pin,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use http::{HeaderValue, Method, header::CONTENT_LENGTH, request::Parts};
use inhook::{
    Handlers,
    provider::{GITHUB, MANDRILL, OKTA, SHOPIFY},
};
use tokio::sync::Notify;

use super::*;

fn head(request: Request<Bytes>) -> Parts {
    request.into_parts().0
}

#[tokio::test]
async fn a_request_can_be_refused_before_its_body_is_read() {
    let good = || head(stripe("evt_1", "a.b").build());
    let changed = |change: fn(&mut Parts)| {
        let mut head = good();
        change(&mut head);
        head
    };
    let rows = [
        (changed(|h| h.method = Method::GET), 405, "method", Some("POST"), None),
        (changed(|h| drop(h.headers.remove("stripe-signature"))), 400, "missing_header", None, None),
        (
            changed(|h| drop(h.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1048577")))),
            413,
            "too_large",
            None,
            None,
        ),
        (head(stripe("evt_1", "a.b").content_type("text/html").build()), 415, "media_type", None, None),
    ];
    let (world, calls) = (World::new(), Calls::default());
    let handlers = || Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&STRIPE).in_flight(1).handle(handlers()).unwrap();
    for (head, status, word, allow, retry) in rows {
        let refused = receiver.admit(&head).unwrap_err();
        assert_eq!(said(&refused), (status, word));
        assert_eq!((header(&refused, "allow"), retry_after(&refused)), (allow, retry));
        assert_eq!(world.observed.last().end, format!("refused: {word}"));
    }
    // As long as one is admitted there is no room for another, nor in `receive` and `dispatch`.
    let admitted = receiver.admit(&good()).unwrap();
    assert_eq!((admitted.body_limit(), admitted.read_timeout()), (1 << 20, Duration::from_secs(10)));
    let refused = receiver.admit(&good()).unwrap_err();
    assert_eq!((said(&refused), retry_after(&refused)), ((503, "capacity"), Some(1)));
    assert_eq!(send(&receiver, &stripe("evt_1", "a.b").build()).await, error(503, "capacity"));
    let delivery =
        || verifier(&STRIPE).authenticate_at(&stripe("evt_1", "a.b").build(), NOW).unwrap().delivery().unwrap();
    let report = receiver.dispatch(delivery()).await;
    assert!(!report.settled());
    let response = report.into_response();
    assert_eq!((said(&response), retry_after(&response)), ((503, "capacity"), Some(1)));
    assert_eq!(world.observed.last().provider.as_deref(), Some("stripe"));
    drop(admitted);
    assert_eq!(send(&receiver, &stripe("evt_1", "a.b").build()).await, plain(200));
    assert_eq!((calls.count(), world.ends().len()), (1, 8));
    // Handshakes are let in without what events need.
    let asks = |method: &'static str| head(Request::builder().method(method).body(Bytes::new()).unwrap());
    let mandrill = world.receiver(&MANDRILL).handle(handlers()).unwrap();
    assert!(mandrill.admit(&asks("HEAD")).is_ok());
    assert_eq!(header(&mandrill.admit(&asks("GET")).unwrap_err(), "allow"), Some("POST, HEAD"));
    let okta = world.receiver(&OKTA).handle(handlers()).unwrap();
    assert_eq!(said(&okta.admit(&asks("GET")).unwrap_err()).0, 405);
    let mut asked = asks("GET");
    asked.headers.insert("x-okta-verification-challenge", HeaderValue::from_static("abc"));
    assert_eq!(said(&okta.admit(&asked).unwrap_err()), (400, "missing_header"));
    asked.headers.insert("authorization", HeaderValue::from_static("anything"));
    assert!(okta.admit(&asked).is_ok());
    let shopify = world.receiver(&SHOPIFY).handle(handlers()).unwrap();
    let mut request = sent(&SHOPIFY, "{}").build();
    assert!(shopify.admit(&head(request.clone())).is_ok());
    request.headers_mut().remove("x-shopify-topic");
    assert_eq!(send(&shopify, &request).await, error(400, "missing_header"));
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_what_is_under_way_and_takes_nothing_new() {
    let (world, begun, end) = (World::in_tokio_time(), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (started, wait) = (begun.clone(), end.clone());
    let handler = async move |_: Event| {
        started.notify_one();
        wait.notified().await;
        Ok(())
    };
    let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(handler)).unwrap();
    let clone = receiver.clone();
    let request = tokio::spawn(async move { send(&clone, &stripe("evt_1", "a.b").build()).await });
    begun.notified().await;
    // The one who sent it leaves.
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    assert_eq!(receiver.close(Duration::from_secs(1)).await, 1);
    let response = receiver.receive(stripe("evt_2", "a.b").build()).await;
    assert_eq!((said(&response), retry_after(&response)), ((503, "capacity"), Some(1)));
    assert_eq!(said(&receiver.admit(&head(stripe("evt_2", "a.b").build())).unwrap_err()).0, 503);
    let clone = receiver.clone();
    let closing = tokio::spawn(async move { clone.close(Duration::from_secs(3600)).await });
    tokio::task::yield_now().await;
    assert!(!closing.is_finished());
    let start = tokio::time::Instant::now();
    end.notify_one();
    assert_eq!((closing.await.unwrap(), start.elapsed()), (0, Duration::ZERO));
    assert_eq!(world.observed.last().end, "handled");
}

#[tokio::test(start_paused = true)]
async fn what_is_dispatched_is_waited_for_to_the_end() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let seen = calls.clone();
    let handler = async move |_: Event| {
        tokio::time::sleep(Duration::from_secs(100)).await;
        if seen.next() == 1 { Err("not yet".into()) } else { Ok(()) }
    };
    let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(handler)).unwrap();
    let request = stripe("evt_1", "a.b").build();
    let verifier = verifier(&STRIPE);
    let delivery = || verifier.authenticate_at(&request, NOW).unwrap().delivery().unwrap();
    let report = receiver.dispatch(delivery()).await;
    assert!(!report.settled() && matches!(report.outcomes()[0].end, End::Failed(_)), "{report:?}");
    assert_eq!(said(&report.into_response()), (500, "failed"));
    let report = receiver.dispatch(delivery()).await;
    assert!(report.settled() && matches!(report.outcomes()[0].end, End::Handled(_)), "{report:?}");
    assert_eq!(report.outcomes().len(), 1);
    assert_eq!(said(&report.into_response()), (200, ""));
    assert!(receiver.dispatch(delivery()).await.settled());
    assert_eq!(world.ends(), ["failed", "handled", "duplicate"]);
    // A handshake that was dispatched has its answer in the report.
    let okta = world.receiver(&OKTA).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let request = Request::get("https://example.com/").header("authorization", SECRET);
    let request = request.header("x-okta-verification-challenge", "abc").body(Bytes::new()).unwrap();
    let report = okta.dispatch(super::verifier(&OKTA).verify(&request).unwrap()).await;
    assert!(report.settled() && matches!(report.outcomes()[0].end, End::Handshake));
    assert_eq!(said(&report.into_response()), (200, r#"{"verification":"abc"}"#));
}

/// A tiny executor, with no runtime around it.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let (mut future, waker) = (pin!(future), Waker::from(Arc::new(Unpark(thread::current()))));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn no_runtime_is_needed() {
    assert!(tokio::runtime::Handle::try_current().is_err());
    let (world, calls) = (World::new(), Calls::default());
    let (seen, later) = (calls.clone(), calls.clone());
    let handlers = Handlers::new()
        .on("at.once", calls.handler())
        .on("panics", async |_: Event| -> Result<(), Failure> { panic!("a handler's bug") })
        .on("fails", async |_: Event| -> Result<(), Failure> { Err("not yet".into()) })
        .on("later", async move |_: Event| {
            later.next();
            let woken = Arc::new(Notify::new());
            let waker = woken.clone();
            thread::spawn(move || waker.notify_one());
            woken.notified().await;
            Ok(())
        });
    let receiver = world.receiver(&STRIPE).handle(handlers).unwrap();
    let rows = [
        (stripe("1", "at.once"), plain(200)),
        (stripe("1", "at.once"), plain(200)),
        (stripe("2", "later"), plain(200)),
        (stripe("3", "panics"), error(500, "panicked")),
        (stripe("4", "fails"), error(500, "failed")),
        (stripe("4", "fails"), error(500, "failed")),
    ];
    for (signed, heard) in rows {
        assert_eq!(block_on(send(&receiver, &signed.build())), heard);
    }
    assert_eq!(seen.count(), 2);
    // Nobody can wait here, so whoever finds a holder is told so at once.
    let slot = Slot::new(Key::new("stripe", "default", "5"), Duration::from_secs(60), Duration::from_secs(60));
    let _granted = block_on(world.store.claim(&slot)).unwrap();
    let response = block_on(receiver.receive(stripe("5", "at.once").build()));
    assert_eq!((said(&response), retry_after(&response)), ((503, "busy"), Some(60)));
    assert_eq!(block_on(receiver.close(Duration::from_secs(1))), 0);
}

#[tokio::test]
async fn a_redelivery_to_a_receiver_in_its_place_is_no_business_of_the_first() {
    let (world, calls) = (World::new(), Calls::default());
    let build = || world.receiver(&GITHUB).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let request = sent(&GITHUB, "{}").build();
    let old = build();
    assert_eq!(send(&old, &request).await, plain(200));
    old.close(Duration::from_secs(1)).await;
    assert_eq!(send(&build(), &request).await, plain(200));
    assert_eq!((world.ends(), calls.count()), (vec!["handled".to_owned(), "duplicate".to_owned()], 1));
}
