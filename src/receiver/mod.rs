//! A verifier, a store and handlers behind one route.

mod answer;
mod bind;
mod builder;
mod bury;
mod confirm;
mod fetch;
mod flow;
mod gate;
mod naming;
mod several;
mod work;

use std::{
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};

#[cfg(any(feature = "axum", feature = "actix"))]
pub(crate) use self::answer::refused;
use self::{
    answer::{failure, refusal},
    builder::{Resolve, Source},
    confirm::DynConfirm,
    fetch::Fetcher,
    flow::{Flow, patience},
    gate::{Gate, Pass},
};
pub use self::{
    builder::{Builder, Twins},
    confirm::Confirm,
};
use crate::{
    AsyncFunc, Delivery, End, Error, ErrorKind, Incoming, Report, Verifier,
    digest::Digest,
    report::Outcome,
    request::Received,
    rt::{self, Caught},
    store::IdempotencyStore,
};

/// Takes requests and answers them: authenticated, once, in order where asked, and with no success for an event that is
/// neither done nor kept.
///
/// It has no type parameter; clone it freely, the clones are one. With the features `tower`, `axum` or `actix` it is a
/// service or a handler of that stack (in axum `Router::new().route_service("/hooks", receiver)`, and not `post(receiver)`);
/// anywhere else, call [`receive`](Self::receive) from a handler of your own.
///
/// ```
/// use inhook::{Event, Handlers, Receiver, Verifier, provider::STRIPE, store::MemoryStore};
///
/// let receiver = Receiver::builder(Verifier::new(&STRIPE, "whsec_from_the_dashboard")?, MemoryStore::new()).handle(
///     Handlers::new().on("invoice.*", async |event: Event| {
///         println!("{:?} {:?}", event.kind, event.label);
///         Ok(())
///     }),
/// )?;
/// # Ok::<(), inhook::Error>(())
/// ```
#[derive(Clone)]
pub struct Receiver(Arc<Inner>);

struct Inner {
    source: Arc<Source>,
    flow: Arc<Flow>,
    /// Other consumers of the same route.
    more: Vec<Arc<Flow>>,
    gate: Arc<Gate>,
    keys: Option<Arc<Fetcher>>,
    confirm: Option<Arc<dyn DynConfirm>>,
    body_limit: usize,
    read_timeout: Duration,
    resolve_timeout: Duration,
    #[cfg(feature = "addresses")]
    senders: Option<crate::Senders>,
}

impl Inner {
    /// What the head alone can be refused for.
    fn admit(&self, head: &Parts) -> Result<(), Error> {
        #[cfg(feature = "addresses")]
        if let Some(senders) = &self.senders {
            senders.judge(head)?;
        }
        self.source.admit(head, self.body_limit)
    }
}

impl Receiver {
    /// One endpoint of one provider.
    pub fn builder<S: IdempotencyStore>(verifier: Verifier, store: S) -> Builder<S> {
        Builder::new(Source::One(verifier), store)
    }

    /// One endpoint, many secrets: `resolver` says from the head of a request whose it is, and how it is verified;
    /// `None` is answered 404, an [`Error::store`] 503. It sees what nobody has verified: it may look up, not act. Before the
    /// tenant is known no provider is, so what goes wrong until then is a 503 even where another status
    /// [brings an event back](crate::Provider::again).
    ///
    /// **Each tenant must have a secret of its own**, or what the tenant is looked up by must be signed, as an address is
    /// by some: else whoever saw a delivery to one tenant sends it to another of the same secret, and it is genuine there.
    /// The shops of one Shopify app share its secret, and the shop's header is not signed: take them through one receiver,
    /// and read the shop from the payload.
    pub fn tenants<F, S>(resolver: F, store: S) -> Builder<S>
    where
        for<'h> F: AsyncFnOnce(&'h Parts) -> Result<Option<Tenant>, Error>
            + AsyncFunc<(&'h Parts,), Result<Option<Tenant>, Error>, Fut: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        S: IdempotencyStore,
    {
        Builder::new(Source::tenants(resolver), store)
    }

    /// Ask before the body is read: method, required headers, content type, declared length, capacity, and the sender's
    /// address where those are listed. What is not admitted is answered with the response given.
    ///
    /// Read at most [`Admitted::body_limit`] bytes, keep `Admitted` while you do, and drop it before
    /// [`receive`](Self::receive).
    ///
    /// # Errors
    /// The response to send: 405, 400, 403, 415, 413, or 503 or what else [brings an event back](crate::Provider::again).
    #[expect(clippy::result_large_err, reason = "the answer is what the caller sends")]
    pub fn admit(&self, head: &Parts) -> Result<Admitted, Response<Bytes>> {
        let admitted = self.0.gate.enter().and_then(|pass| {
            self.0.admit(head)?;
            let Inner { body_limit: limit, read_timeout, .. } = *self.0;
            Ok(Admitted { limit, read_timeout, spent: Duration::ZERO, pass })
        });
        admitted.map_err(|refused| self.refuse(refused))
    }

    /// The whole way, from the request as it was received to the answer. It never fails: whatever goes wrong is a status
    /// that makes the provider do the right thing. A body that is still a stream is for the adapters: in axum use
    /// `route_service`, or take `Bytes` in a handler of your own.
    ///
    /// Where nobody sets a limit on the age of a signed time, what was signed longer ago than its event is
    /// [remembered](crate::Provider::remember) is [stale](ErrorKind::StaleTimestamp): it may have been handled before. A
    /// verifier by itself takes it, and one with a [tolerance](crate::Tolerance) of its own goes by that.
    ///
    /// With the feature `tokio`, and on a runtime of tokio's whose timer is enabled, what has begun ends even if the
    /// caller's future is dropped, and a handler that is still at work when the provider is about to give up goes on
    /// after a 503.
    pub async fn receive(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (mut head, body) = request.into_parts();
        let admitted = match self.admit(&head) {
            Ok(admitted) => admitted,
            Err(refused) => return refused,
        };
        *self.take(&mut head, &body, admitted).await
    }

    /// What was admitted, now that its body is there. The headers may be taken out of the head.
    ///
    /// What is rare is boxed apart and nothing is awaited within a `match`, or every request's future would be as large as
    /// all of it.
    pub(crate) async fn take(&self, head: &mut Parts, body: &Bytes, mut admitted: Admitted) -> Box<Response<Bytes>> {
        if body.len() > admitted.limit {
            return Box::new(self.refuse(Error::new(ErrorKind::TooLarge, "")));
        }
        let delivery = match self.judge(head, body, &mut admitted.spent).await {
            Ok(delivery) => delivery,
            Err(refused) => return refused,
        };
        self.0.answer(delivery, admitted.pass, admitted.spent).await
    }

    /// For those who verify and answer themselves: what becomes of each event is in the report. Answer success only if
    /// it is [settled](Report::settled).
    ///
    /// It waits for handlers to the end, whatever the provider's deadline. A receiver that serves
    /// [tenants](Self::tenants) takes what is [of a tenant](Delivery::of_tenant) and refuses the rest as
    /// [`NoTenant`](ErrorKind::NoTenant); one that does not refuses what is of a tenant, and a dead letter of another
    /// provider. That, a dead letter of another consumer, and a provider that what was configured cannot work for, is
    /// [`Config`](ErrorKind::Config).
    pub async fn dispatch(&self, delivery: Delivery) -> Report {
        let (contract, tenant) = (Arc::clone(&delivery.contract), delivery.tenant.clone());
        let admitted = self.0.gate.enter().and_then(|pass| self.0.source.owns(&delivery).map(|()| pass));
        let reported = match admitted {
            Ok(pass) => self.0.dispatch(delivery, pass).await,
            Err(refused) => Err(refused),
        };
        reported.unwrap_or_else(|refused| {
            let outcome = Outcome::of_request(End::Refused(refused), Some(contract.provider.clone()), tenant);
            let response = Box::new(failure(&outcome.end, contract.again));
            self.0.flow.observe(&outcome);
            Report { outcomes: vec![outcome], response }
        })
    }

    /// Takes nothing new (503) and waits for what is under way. Gives the number still under way after `timeout`: their
    /// claims stay until their leases run out.
    #[cfg(feature = "tokio")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "tokio")))]
    pub async fn close(&self, timeout: Duration) -> usize {
        self.0.gate.close();
        rt::within(timeout, pin!(self.0.gate.empty())).await;
        self.0.gate.under_way()
    }

    fn verify<'r>(&self, verifier: &'r Verifier, request: impl Into<Incoming<'r>>) -> Result<Delivery, Error> {
        const PANICKED: Error =
            Error::new(ErrorKind::Config, "a function of the provider's data, or the clock, panicked");
        let clock = &self.0.flow.clock;
        let verified = || {
            let verified = verifier.authenticate_with(request, clock)?;
            if verified.may_be_forgotten(clock) {
                return Err(Error::new(ErrorKind::StaleTimestamp, "longer ago than its events are remembered"));
            }
            verified.delivery()
        };
        // Both can be the user's own; what they leave half done is dropped.
        catch_unwind(AssertUnwindSafe(verified)).unwrap_or(Err(PANICKED))
    }

    /// What the request brings, or what it is answered.
    async fn judge(
        &self,
        head: &mut Parts,
        body: &Bytes,
        spent: &mut Duration,
    ) -> Result<Delivery, Box<Response<Bytes>>> {
        let verifier = match &*self.0.source {
            Source::One(verifier) => verifier,
            Source::Tenants(resolve) => return Box::pin(self.judge_of_tenant(resolve, head, body, spent)).await,
        };
        let digest = verifier.plan().digests.then(Digest::default);
        let received = Received { headers: Arc::new(mem::take(&mut head.headers)), digest };
        match self.verify(verifier, Incoming::received(head, &received, body)) {
            Ok(delivery) if self.0.confirm.is_none() || delivery.confirmation().is_none() => Ok(delivery),
            judged => {
                head.headers = Arc::unwrap_or_clone(received.headers);
                Box::pin(self.settle(None, verifier, judged, (head, body), spent)).await
            }
        }
    }

    /// A request whose verifier has to be looked up first; its head has yet to be [admitted](Verifier::admits) by that.
    async fn judge_of_tenant(
        &self,
        resolve: &Resolve,
        head: &Parts,
        body: &Bytes,
        spent: &mut Duration,
    ) -> Result<Delivery, Box<Response<Bytes>>> {
        let resolved = {
            // Called within, since it may panic before it is awaited.
            let resolving = pin!(async { resolve(head).await?.ok_or(Error::new(ErrorKind::NoTenant, "")) });
            rt::timed(spent, pin!(rt::within(self.0.resolve_timeout, Caught(resolving)))).await
        };
        let Tenant { id, verifier } = match resolved {
            Some(Some(Ok(tenant))) => tenant,
            Some(Some(Err(refused))) => return Err(Box::new(self.refuse(refused))),
            Some(None) => return Err(Box::new(self.panicked())),
            None => {
                let refused = Error::new(ErrorKind::Store, "the tenants' resolver took too long");
                return Err(Box::new(self.refuse(refused)));
            }
        };
        let admitted = verifier.admits(&head.method, &head.headers).and_then(|()| self.0.suit(&verifier));
        let judged = admitted.and_then(|()| self.verify(&verifier, (head, body)));
        self.settle(Some(id), &verifier, judged, (head, body), spent).await
    }

    /// What needs more than the request: a key to be fetched, an address to be visited, a refusal to be said.
    async fn settle(
        &self,
        tenant: Option<String>,
        verifier: &Verifier,
        judged: Result<Delivery, Error>,
        request: (&Parts, &Bytes),
        spent: &mut Duration,
    ) -> Result<Delivery, Box<Response<Bytes>>> {
        let refuse = |refused: Error| {
            let outcome = Outcome::refused(refused, Some(verifier), tenant.clone());
            let response = refusal(&outcome, Some(verifier));
            self.0.flow.observe(&outcome);
            Box::new(response)
        };
        let judged = match judged {
            Err(refused) if refused.key_needed().is_some() => {
                let left = patience(verifier.data().deadline).saturating_sub(*spent);
                match rt::timed(spent, pin!(self.learn(verifier, refused, left))).await {
                    Ok(()) => self.verify(verifier, request),
                    Err(refused) => Err(refused),
                }
            }
            judged => judged,
        };
        let delivery = judged.map_err(refuse)?;
        if let (Some(by), Some(confirmation)) = (&self.0.confirm, delivery.confirmation()) {
            let left = patience(verifier.data().deadline).saturating_sub(*spent);
            rt::timed(spent, pin!(confirm::confirm(&**by, confirmation, left))).await.map_err(refuse)?;
        }
        Ok(match tenant {
            Some(tenant) => delivery.of_tenant(tenant),
            None => delivery,
        })
    }

    /// Fetches the key that a request could not be judged without.
    async fn learn(&self, verifier: &Verifier, refused: Error, patience: Duration) -> Result<(), Error> {
        match (&self.0.keys, refused.key_needed()) {
            (Some(keys), Some(id)) => keys.teach(verifier, id, self.0.flow.now(), patience).await,
            _ => Err(refused),
        }
    }

    /// The tenants' resolver did.
    fn panicked(&self) -> Response<Bytes> {
        let outcome = Outcome::of_request(End::Panicked, None, None);
        self.0.flow.observe(&outcome);
        failure(&outcome.end, None)
    }

    /// Observes a refusal and says what to answer.
    pub(crate) fn refuse(&self, refused: Error) -> Response<Bytes> {
        let verifier = self.0.source.only();
        let outcome = Outcome::refused(refused, verifier, None);
        let response = refusal(&outcome, verifier);
        self.0.flow.observe(&outcome);
        response
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("source", &self.0.source).finish_non_exhaustive()
    }
}

/// A request whose body may be read.
#[derive(Debug)]
#[must_use]
pub struct Admitted {
    limit: usize,
    read_timeout: Duration,
    /// Of its provider's patience, so far.
    pub(crate) spent: Duration,
    pass: Pass,
}

impl Admitted {
    /// How many bytes of the body to read; more than that is a 413.
    pub fn body_limit(&self) -> usize {
        self.limit
    }

    /// For how long to read; longer than that is a 503.
    pub fn read_timeout(&self) -> Duration {
        self.read_timeout
    }
}

/// Whose request it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tenant {
    /// What its events are remembered under.
    pub id: String,
    /// What its requests are verified by.
    pub verifier: Verifier,
}

impl Tenant {
    /// A tenant and its verifier. Keep verifiers: building one decodes and hashes its keys.
    pub fn new(id: impl Into<String>, verifier: Verifier) -> Self {
        Self { id: id.into(), verifier }
    }
}
