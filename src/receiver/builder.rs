//! Putting a receiver together; the last call names the guarantee.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, header::CONTENT_LENGTH, request::Parts};

use super::{
    Inner, Receiver, Tenant,
    confirm::{Confirm, DynConfirm},
    fetch::Fetcher,
    flow::{Flow, Observer},
    gate::Gate,
    naming::{KeyBy, Naming, OrderBy},
    work::{Graves, InTx, Plain, Rules, Work},
};
#[cfg(feature = "addresses")]
use crate::Senders;
use crate::{
    AsyncFunc, Clock, Delivery, Error, ErrorKind, Event, Handlers, KeySource, Outcome, Place, TxHandlers, Verifier,
    handlers::BoxFuture,
    request::first_value,
    store::{DeadLetterStore, IdempotencyStore, OrderingStore, TransactionalStore},
};

const CONFIG: fn(&'static str) -> Error = |detail| Error::new(ErrorKind::Config, detail);

pub(super) type Resolve = dyn for<'h> Fn(&'h Parts) -> BoxFuture<'h, Result<Option<Tenant>, Error>> + Send + Sync;

/// Where verifiers come from.
pub(super) enum Source {
    One(Verifier),
    Tenants(Box<Resolve>),
}

impl Source {
    pub(super) fn tenants<F>(resolver: F) -> Self
    where
        for<'h> F: AsyncFunc<(&'h Parts,), Result<Option<Tenant>, Error>, Fut: Send> + Clone + Send + Sync + 'static,
    {
        Self::Tenants(Box::new(move |head| {
            let resolver = resolver.clone();
            Box::pin(async move {
                let future: BoxFuture<'_, Result<Option<Tenant>, Error>> = Box::pin(resolver.call((head,)));
                future.await
            })
        }))
    }

    pub(super) fn only(&self) -> Option<&Verifier> {
        match self {
            Self::One(verifier) => Some(verifier),
            Self::Tenants(_) => None,
        }
    }

    /// What the head alone can be refused for.
    pub(super) fn admit(&self, head: &Parts, body_limit: usize) -> Result<(), Error> {
        if let Self::One(verifier) = self {
            verifier.admits(&head.method, &head.headers)?;
        }
        match declared_length(&head.headers) {
            Some(length) if length > body_limit as u64 => Err(Error::new(ErrorKind::TooLarge, "")),
            _ => Ok(()),
        }
    }

    /// Whether what was verified elsewhere is this endpoint's.
    pub(super) fn owns(&self, delivery: &Delivery) -> Result<(), Error> {
        let Delivery { events, contract, tenant, .. } = delivery;
        match (self, tenant) {
            (Self::Tenants(_), None) => Err(Error::new(ErrorKind::NoTenant, "")),
            (Self::One(_), Some(_)) => Err(CONFIG("this receiver has no tenants")),
            (Self::One(verifier), None)
                if contract.provider != verifier.provider()
                    && events.as_ref().iter().any(|e| e.inner.redriven.is_some()) =>
            {
                Err(CONFIG("the dead letter is of another provider"))
            }
            _ => Ok(()),
        }
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    first_value(headers, CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(verifier) => verifier.fmt(f),
            Self::Tenants(_) => f.write_str("Tenants"),
        }
    }
}

/// What is made of a payload that was handled before under another id, where the id is not signed: a delivery that
/// somebody saw and sent once more, or two events that look alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Twins {
    /// Handled, and not looked for.
    Allow,
    /// Handled, and said in [`Outcome::twin`].
    #[default]
    Flag,
    /// Refused as a [replay](ErrorKind::Replay): only where no two genuine events have one payload.
    Reject,
}

/// Puts a [`Receiver`] together. The last call names the guarantee: [`handle`](Self::handle) or
/// [`handle_in_tx`](Self::handle_in_tx).
#[must_use]
pub struct Builder<S> {
    source: Source,
    store: Arc<S>,
    graves: Graves,
    consumer: String,
    lease: Duration,
    timeout: Duration,
    read_timeout: Duration,
    resolve_timeout: Duration,
    body_limit: usize,
    most: usize,
    #[cfg(feature = "addresses")]
    senders: Option<Senders>,
    twins: Twins,
    clock: Clock,
    observer: Option<Box<Observer>>,
    key_by: Option<Box<KeyBy>>,
    ordered_by: Option<Box<OrderBy>>,
    keys: Option<Arc<Fetcher>>,
    confirm: Option<Arc<dyn DynConfirm>>,
}

impl<S: IdempotencyStore> Builder<S> {
    pub(super) fn new(source: Source, store: S) -> Self {
        Self {
            source,
            store: Arc::new(store),
            graves: None,
            consumer: "default".to_owned(),
            lease: Duration::from_secs(60),
            timeout: Duration::from_secs(300),
            read_timeout: Duration::from_secs(10),
            resolve_timeout: Duration::from_secs(2),
            body_limit: 1 << 20,
            most: 1024,
            #[cfg(feature = "addresses")]
            senders: None,
            twins: Twins::default(),
            clock: Clock::system(),
            observer: None,
            key_by: None,
            ordered_by: None,
            keys: None,
            confirm: None,
        }
    }

    /// Who remembers: two consumers of one store each see every event once, over routes of their own or
    /// [one](Receiver::also). Two receivers that share a store and have
    /// nothing to do with each other must differ in this, or in their provider's [name](crate::Provider::named). `default` unless said; names that start with
    /// `inhook.` are taken.
    pub fn consumer(mut self, name: impl Into<String>) -> Self {
        self.consumer = name.into();
        self
    }

    /// For how long a claim outlives its holder's death, 60 seconds unless said: until then nobody else begins the same
    /// event. While a handler runs it is renewed every third of this; without the feature `tokio` it is not, and must be
    /// longer than the slowest handler.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// For how long a handler may run, 5 minutes unless said; then it is dropped where it stands, and the event is free
    /// for the next try.
    #[cfg(feature = "tokio")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "tokio")))]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// For how long an adapter reads a body before it answers 503, 10 seconds unless said.
    #[cfg(feature = "tokio")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "tokio")))]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// For how long the resolver of [tenants](Receiver::tenants) may take, 2 seconds unless said; longer is a 503.
    #[cfg(feature = "tokio")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "tokio")))]
    pub fn resolve_timeout(mut self, timeout: Duration) -> Self {
        self.resolve_timeout = timeout;
        self
    }

    /// The longest body in bytes, 1 MiB unless said; what is longer is a 413. GitHub sends up to 25 MiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How many requests are taken at once, 1,024 unless said, bodies being read and handlers that outlived their answer
    /// included; the next one is a 503.
    pub fn in_flight(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Takes requests from these addresses only, judged by the head before the body is read; others are a 403. Beside the
    /// signature, never in its place.
    #[cfg(feature = "addresses")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "addresses")))]
    pub fn from_addresses(mut self, senders: Senders) -> Self {
        self.senders = Some(senders);
        self
    }

    /// What is made of a payload that was handled before under another id, where the id is not signed: it is
    /// [flagged](Twins::Flag) unless said. Where [`key_by`](Self::key_by) says what is the same, nothing is looked for.
    pub fn twins(mut self, twins: Twins) -> Self {
        self.twins = twins;
        self
    }

    /// What signed timestamps are judged by. Leases go by the store's own clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sees every outcome once, refused requests too, on the request's task: be quick. If it panics, that is all.
    pub fn observe(mut self, observer: impl Fn(&Outcome) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Where keys are had that a provider's requests name (PayPal, AWS SNS): asked for one that the verifier does not
    /// know, after its address was held against the provider's hosts. Then the request is judged once more.
    ///
    /// A key is fetched once for all requests that wait for it, kept by the verifier, and not asked for again within half
    /// a minute after it could not be had; of made-up keys at most 30 a minute are asked for at all. Until it is there
    /// the answer is 503.
    pub fn keys(mut self, source: impl KeySource) -> Self {
        self.keys = Some(Arc::new(Fetcher::new(source)));
        self
    }

    /// Who visits the address that a provider asks for before it sends events (AWS SNS). Without this nobody does: the
    /// handshake is answered with success, and the subscription waits for you.
    ///
    /// [`dispatch`](Receiver::dispatch) leaves it to its caller: [`Delivery::confirmation`].
    pub fn confirm_by(mut self, by: impl Confirm) -> Self {
        self.confirm = Some(Arc::new(by));
        self
    }

    /// What makes two events the same, in place of what the provider's data says. Scoped to provider, tenant and consumer
    /// for you; `None`, or an empty text, is no identity, so the event may be handled twice. Do not make it from the
    /// payload alone: two genuine events can look alike. One of more than 256 bytes is remembered by its digest.
    pub fn key_by(mut self, id: impl Fn(&Event) -> Option<String> + Send + Sync + 'static) -> Self {
        self.key_by = Some(Box::new(id));
        self
    }

    /// Which stream an event belongs to, and where it stands there; `None`: in no stream, so that it is handled in no order
    /// at all. Scoped to provider, tenant and consumer for you. A stream's name of more than 256 bytes is shortened to its
    /// digest, and a longer rank refused.
    ///
    /// Refused at build for a provider that never sends again by itself: what has to wait would be lost.
    ///
    /// ```
    /// use inhook::{Event, Place, store::Order};
    ///
    /// fn place(event: &Event) -> Option<Place> {
    ///     let user: serde_json::Value = event.raw().json().ok()?;
    ///     let place = Place::new(user["id"].as_str()?, event.occurred_at?, Order::Latest);
    ///     Some(if event.kind.as_deref() == Some("user.deleted") { place.last() } else { place })
    /// }
    /// ```
    pub fn ordered_by(mut self, place: impl Fn(&Event) -> Option<Place> + Send + Sync + 'static) -> Self
    where
        S: OrderingStore,
    {
        self.ordered_by = Some(Box::new(place));
        self
    }

    /// Buries in this store what fails [for good](crate::Failure::permanent), and payloads that cannot be decoded;
    /// answered as success once that is committed.
    pub fn dead_letters(mut self) -> Self
    where
        S: DeadLetterStore,
    {
        self.graves = Some(Arc::clone(&self.store) as _);
        self
    }

    /// At least once, duplicates dropped. Once only, and in order, as long as no handler outlives its lease, and the
    /// machine does not die between the handler's last effect and the mark; [`Event::fence`] lets your own writes be
    /// fenced.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) for what does not fit together.
    pub fn handle(mut self, handlers: Handlers) -> Result<Receiver, Error> {
        let mut table = handlers.into_table();
        table.check()?;
        let work = Plain { store: Arc::clone(&self.store), graves: self.graves.take(), table };
        self.build(Box::new(work), false)
    }

    /// Exactly once, for what a handler writes through its connection: its writes, the mark and the stream's place commit
    /// together or not at all.
    ///
    /// An event that nothing identifies is handled under a fresh id, so at least once.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) for what does not fit together, and where nothing ever identifies an event.
    pub fn handle_in_tx(mut self, handlers: TxHandlers<S::Conn>) -> Result<Receiver, Error>
    where
        S: TransactionalStore,
    {
        let mut table = handlers.into_table();
        table.check()?;
        let work = InTx { store: Arc::clone(&self.store), graves: self.graves.take(), table };
        self.build(Box::new(work), true)
    }

    fn build(self, work: Box<dyn Work>, in_tx: bool) -> Result<Receiver, Error> {
        let Self { source, consumer, lease, timeout, read_timeout, resolve_timeout, body_limit, most, .. } = self;
        if consumer.is_empty() || consumer.starts_with("inhook.") {
            return Err(CONFIG("a consumer has a name, and none that starts with `inhook.`"));
        }
        if [lease, timeout, read_timeout, resolve_timeout].contains(&Duration::ZERO) || body_limit == 0 || most == 0 {
            return Err(CONFIG("lease, timeouts and limits are above zero"));
        }
        let flow = Flow {
            work,
            in_tx,
            naming: Naming {
                consumer,
                lease,
                twins: self.twins != Twins::Allow,
                key_by: self.key_by,
                ordered_by: self.ordered_by,
            },
            rules: Rules { timeout, reject_twins: self.twins == Twins::Reject, same_again: true },
            clock: self.clock,
            observer: self.observer,
            claims: std::sync::atomic::AtomicU32::new(0),
        };
        if let Some(verifier) = source.only() {
            flow.suits(verifier)?;
            if verifier.must_learn() && self.keys.is_none() {
                return Err(CONFIG("this provider's keys have to be fetched: say `keys`"));
            }
        }
        let (source, flow, gate) = (Arc::new(source), Arc::new(flow), Gate::new(most));
        #[cfg(feature = "addresses")]
        let senders = self.senders;
        Ok(Receiver(Arc::new(Inner {
            source,
            flow,
            more: Vec::new(),
            gate,
            keys: self.keys,
            confirm: self.confirm,
            body_limit,
            read_timeout,
            resolve_timeout,
            #[cfg(feature = "addresses")]
            senders,
        })))
    }
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("source", &self.source)
            .field("consumer", &self.consumer)
            .finish_non_exhaustive()
    }
}
