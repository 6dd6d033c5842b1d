//! The flow over a store in memory: how each delivery ends, and what its provider hears.

mod again;
mod answers;
mod batches;
mod consumers;
mod failures;
mod handshakes;
mod leases;
mod life;
mod order;
mod patience;
mod scopes;
mod silence;
mod tenants;
mod transactions;

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, header::RETRY_AFTER};
use inhook::{
    Answer, Builder, Clock, End, Error, Event, Failure, Outcome, Provider, Receiver, Verifier,
    provider::STRIPE,
    store::{Claim, Grant, Held, IdempotencyStore, Key, MemoryStore, Slot, Token},
    testing::{Signed, signed},
};
use time::{OffsetDateTime, macros::datetime};

/// A secret in every form that a provider uses.
const SECRET: &str = "whsec_c2VjcmV0";
const NOW: OffsetDateTime = datetime!(2026-11-21 06:41 UTC);
const FORM: &str = "application/x-www-form-urlencoded";
/// Waits for longer than any handler here takes.
const PATIENT: Provider = STRIPE.deadline(3600);

/// A clock that stands still until it is told.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn clock(&self) -> Clock {
        let seconds = self.0.clone();
        Clock::new(move || NOW + time::Duration::seconds(seconds.load(Ordering::SeqCst)))
    }

    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A clock that goes as tokio's does, so not at all while that one is paused.
fn tokio_clock() -> Clock {
    let start = tokio::time::Instant::now();
    Clock::new(move || NOW + start.elapsed())
}

/// What was observed: how each event ended, and the outcome's other fields.
#[derive(Clone, Default)]
struct Observed(Arc<Mutex<Vec<Noted>>>);

#[derive(Clone, Debug)]
struct Noted {
    end: String,
    provider: Option<String>,
    tenant: Option<String>,
    key: Option<Key>,
    label: Option<String>,
    kind: Option<String>,
    twin: bool,
}

impl Observed {
    fn note(&self) -> impl Fn(&Outcome) + Send + Sync + 'static {
        let all = self.0.clone();
        move |outcome| {
            let end = match &outcome.end {
                End::Refused(error) => format!("refused: {}", error.kind()),
                end => end.as_str().to_owned(),
            };
            let Outcome { provider, tenant, key, label, kind, twin, .. } = outcome;
            let (provider, tenant, key) = (provider.clone(), tenant.clone(), key.clone());
            let (label, kind, twin) = (label.clone(), kind.clone(), *twin);
            all.lock().unwrap().push(Noted { end, provider: provider.map(Into::into), tenant, key, label, kind, twin });
        }
    }

    fn all(&self) -> Vec<Noted> {
        self.0.lock().unwrap().clone()
    }

    fn last(&self) -> Noted {
        self.all().pop().unwrap()
    }

    fn ends(&self) -> Vec<String> {
        self.all().into_iter().map(|noted| noted.end).collect()
    }
}

/// A store, its clock, and who watches the receivers over it.
#[derive(Clone)]
struct World {
    store: MemoryStore,
    time: Hands,
    observed: Observed,
}

impl World {
    fn new() -> Self {
        let time = Hands::default();
        Self { store: MemoryStore::new().clock(time.clock()), time, observed: Observed::default() }
    }

    /// Whose leases run out as tokio's time passes.
    fn in_tokio_time() -> Self {
        Self { store: MemoryStore::new().clock(tokio_clock()), ..Self::new() }
    }

    fn receiver(&self, provider: &Provider) -> Builder<MemoryStore> {
        self.over(provider, self.store.clone())
    }

    fn over<S: IdempotencyStore>(&self, provider: &Provider, store: S) -> Builder<S> {
        let built = Receiver::builder(verifier(provider), store);
        built.clock(Hands::default().clock()).observe(self.observed.note())
    }

    fn ends(&self) -> Vec<String> {
        self.observed.ends()
    }
}

fn verifier(provider: &Provider) -> Verifier {
    Verifier::builder(provider).secret(SECRET).public_base("https://example.com").build().unwrap()
}

/// An event of Stripe's, which stands for all that say id and kind in their signed body.
fn stripe(id: &str, kind: &str) -> Signed {
    sent(&STRIPE, format!(r#"{{"id":"{id}","type":"{kind}","created":1,"data":{{"object":{{"of":"{id}"}}}}}}"#))
}

fn sent(provider: &Provider, body: impl Into<Bytes>) -> Signed {
    signed(provider, SECRET, body).at(NOW)
}

/// Status and body.
fn said(response: &Response<Bytes>) -> (u16, &str) {
    (response.status().as_u16(), str::from_utf8(response.body()).unwrap())
}

fn header<'r>(response: &'r Response<Bytes>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

fn retry_after(response: &Response<Bytes>) -> Option<u64> {
    header(response, RETRY_AFTER.as_str())?.parse().ok()
}

async fn send(receiver: &Receiver, request: &Request<Bytes>) -> (u16, String) {
    let response = receiver.receive(request.clone()).await;
    let (status, body) = said(&response);
    (status, body.to_owned())
}

fn plain(status: u16) -> (u16, String) {
    (status, String::new())
}

fn error(status: u16, word: &str) -> (u16, String) {
    (status, word.to_owned())
}

/// How often a handler was called, and what with.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Calls {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// From 1.
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A handler that does nothing else.
    fn handler(
        &self,
    ) -> impl FnOnce(Event) -> std::future::Ready<Result<(), Failure>> + Clone + Send + Sync + 'static + use<> {
        let calls = self.clone();
        move |_| {
            calls.next();
            std::future::ready(Ok(()))
        }
    }

    /// A handler that fails this often first.
    fn failing(
        &self,
        times: usize,
    ) -> impl FnOnce(Event) -> std::future::Ready<Result<(), Failure>> + Clone + Send + Sync + 'static + use<> {
        let calls = self.clone();
        move |_| std::future::ready(if calls.next() <= times { Err("not yet".into()) } else { Ok(()) })
    }
}

type Step = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A store before whose verbs something happens.
#[derive(Clone)]
struct Watched {
    store: MemoryStore,
    before: Arc<dyn Fn(&'static str) -> Step + Send + Sync>,
}

impl Watched {
    fn new(store: MemoryStore, before: impl Fn(&'static str) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        Self::pausing(store, move |verb| Box::pin(std::future::ready(before(verb))))
    }

    fn pausing(store: MemoryStore, before: impl Fn(&'static str) -> Step + Send + Sync + 'static) -> Self {
        Self { store, before: Arc::new(before) }
    }
}

impl IdempotencyStore for Watched {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        (self.before)("claim").await?;
        self.store.claim(slot).await
    }
    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        (self.before)("extend").await?;
        self.store.extend(slot, token, lease).await
    }
    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        (self.before)("complete").await?;
        self.store.complete(slot, token, answer).await
    }
    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        (self.before)("release").await?;
        self.store.release(slot, token).await
    }
    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        (self.before)("forget").await?;
        self.store.forget(key).await
    }
    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        (self.before)("purge").await?;
        self.store.purge(limit).await
    }
}
