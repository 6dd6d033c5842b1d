//! All of the way, with the store in memory and a handler that does nothing: what it costs beyond signature and envelope.

mod support;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Request};
use inhook::{
    Event, Handlers, Json, Provider, Receiver, Verifier,
    provider::{GITHUB, STRIPE},
    store::MemoryStore,
};
use serde::Deserialize;
use support::{
    Table,
    data::{self, SECRET, Sent},
    now,
};

static PARSED: AtomicUsize = AtomicUsize::new(0);

/// Counts how often it is parsed.
struct Counted;

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: serde::Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        PARSED.fetch_add(1, Ordering::Relaxed);
        serde_json::Value::deserialize(json).map(|_| Self)
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    // Signed anew for each, in all rows alike: no two events have the same payload.
    rows("receive, 1024 B, GitHub: ids unsigned", &GITHUB, |id| {
        let mut sent = request(&data::github(data::named_body(&format!("{id:024x}"), 1024)));
        let id = HeaderValue::try_from(format!("72d3162e-cc78-11e3-81ab-{id:012x}")).unwrap();
        sent.headers_mut().insert("x-github-delivery", id);
        sent
    });
    rows("receive, 1024 B, Stripe: ids signed", &STRIPE, |id| {
        request(&data::stripe(data::named_body(&format!("evt_{id:024x}"), 1024)))
    });
}

/// Every request under an id of its own, unless it says otherwise.
fn rows(title: &str, provider: &'static Provider, sent: impl Fn(u64) -> Request<Bytes>) {
    let verifier = Verifier::new(provider, SECRET).unwrap();
    let receiver = |handlers: Handlers| {
        Receiver::builder(verifier.clone(), MemoryStore::with_capacity(100_000_000)).handle(handlers).unwrap()
    };
    let empty = receiver(Handlers::new().otherwise(async |_: Event| Ok(())));
    let typed = receiver(Handlers::new().otherwise(async |_: Event<Json<Counted>>| Ok(())));
    let ids = AtomicU64::new(8);
    let fresh = || sent(ids.fetch_add(1, Ordering::Relaxed));
    let mut table = Table::new(title);
    let received = |receiver: &Receiver, request| assert!(now(receiver.receive(request)).status().is_success());
    table.case_with("signature and envelope", fresh, |request| verifier.verify(&request).unwrap());
    table.case_with("receive", fresh, |request| received(&empty, request));
    table.case_with("receive, payload parsed", fresh, |request| received(&typed, request));
    table.case_with("receive, a duplicate", || sent(7), |request| received(&typed, request));
    table.run();
    let parsed = PARSED.load(Ordering::Relaxed);
    assert!(now(typed.receive(sent(7))).status().is_success());
    assert_eq!(PARSED.load(Ordering::Relaxed), parsed, "a duplicate was parsed");
}

fn request(sent: &Sent) -> Request<Bytes> {
    let mut request = Request::new(sent.body.clone());
    *request.method_mut() = http::Method::POST;
    request.headers_mut().clone_from(&sent.headers);
    request
}
