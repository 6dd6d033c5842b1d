//! One delivery, several consumers.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
use http::Response;

use super::{
    Inner, Receiver, answer,
    flow::{Begun, Flow, Told, patience},
    gate::Pass,
};
use crate::{Delivery, Error, ErrorKind, Report, Verifier, handlers::BoxFuture, rt};

impl Receiver {
    /// The same route for one consumer more: whatever this receiver has authenticated goes to `other`'s handlers as well,
    /// at the same time. Each has a mark of its own in its own store, so one that failed is tried again alone: for the
    /// others the provider's retry is a duplicate. The provider is told success once all of them have settled, with the
    /// [answer](crate::Answer) of the first consumer that gave one, and its [report](Report) has the outcomes of this
    /// receiver first, then those of `other`.
    ///
    /// What comes before an event is this receiver's affair: allowed senders, verifier or tenants, limits, timeouts,
    /// `close`. Of `other` only what is done with events counts, its observer included.
    ///
    /// ```
    /// use inhook::{Event, Handlers, Receiver, Verifier, provider::STRIPE, store::MemoryStore};
    ///
    /// let (stripe, store) = (Verifier::new(&STRIPE, "whsec_from_the_dashboard")?, MemoryStore::new());
    /// let mail = Handlers::new().on("invoice.paid", async |_: Event| Ok(()));
    /// let books = Handlers::new().on("invoice.*", async |_: Event| Ok(()));
    ///
    /// let mail = Receiver::builder(stripe.clone(), store.clone()).consumer("mail").handle(mail)?;
    /// let books = Receiver::builder(stripe, store).consumer("books").handle(books)?;
    /// let both = mail.also(books)?;
    /// # Ok::<(), inhook::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if two have the same [name](crate::Builder::consumer), or what `other` was told does
    /// not fit this one's provider.
    pub fn also(self, other: Receiver) -> Result<Receiver, Error> {
        let Inner { source, flow, more, gate, body_limit, read_timeout, resolve_timeout, .. } = &*self.0;
        let mut more = more.clone();
        more.extend(other.0.flows().cloned());
        let mut names: Vec<&str> = self.0.flows().chain(other.0.flows()).map(|flow| &*flow.naming.consumer).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, next] if one == next)) {
            return Err(Error::new(ErrorKind::Config, "two consumers of one route have the same name"));
        }
        if let Some(verifier) = source.only() {
            more.iter().try_for_each(|flow| flow.suits(verifier))?;
        }
        Ok(Self(Arc::new(Inner {
            source: Arc::clone(source),
            flow: Arc::clone(flow),
            more,
            gate: Arc::clone(gate),
            body_limit: *body_limit,
            read_timeout: *read_timeout,
            resolve_timeout: *resolve_timeout,
            keys: self.0.keys.clone(),
            confirm: self.0.confirm.clone(),
            #[cfg(feature = "addresses")]
            senders: self.0.senders.clone(),
        })))
    }
}

impl Inner {
    pub(super) fn flows(&self) -> impl Iterator<Item = &Arc<Flow>> {
        std::iter::once(&self.flow).chain(&self.more)
    }

    /// Whether what was configured can work for this provider, for all of them.
    pub(super) fn suit(&self, verifier: &Verifier) -> Result<(), Error> {
        self.flows().try_for_each(|flow| flow.suits(verifier))
    }

    /// The answer, at the latest shortly before the provider gives up.
    pub(super) fn answer(
        &self,
        delivery: Delivery,
        pass: Pass,
        spent: Duration,
    ) -> impl Future<Output = Box<Response<Bytes>>> + Send + use<> {
        let (again, deadline) = (delivery.contract.again, delivery.contract.deadline);
        let patience = patience(deadline).saturating_sub(spent);
        // A handshake is the route's.
        let work = if self.more.is_empty() || delivery.reply.is_some() {
            self.flow.begin(delivery, Told::Answer, pass)
        } else {
            let flows = self.flows().cloned().collect();
            Begun::Several(Box::pin(together(flows, delivery, Told::Answer, pass)))
        };
        async move {
            let report = rt::within(patience, pin!(work.ended())).await;
            report.map_or_else(|| Box::new(answer::still_at_work(again)), |report| report.response)
        }
    }

    /// A dead letter goes to its own consumer alone.
    pub(super) async fn dispatch(&self, delivery: Delivery, pass: Pass) -> Result<Report, Error> {
        if self.more.is_empty() || delivery.reply.is_some() {
            self.flow.takes(&delivery)?;
            return Ok(self.flow.begin(delivery, Told::Report, pass).ended().await);
        }
        let redriven = delivery.events().iter().any(|event| event.inner.redriven.is_some());
        let mut flows = Vec::new();
        let mut refused = Ok(());
        for flow in self.flows() {
            match flow.takes(&delivery) {
                Ok(()) => flows.push(Arc::clone(flow)),
                Err(e) => refused = Err(e),
            }
        }
        if flows.is_empty() || !redriven {
            refused?;
        }
        Ok(together(flows, delivery, Told::Report, pass).await)
    }
}

/// All of them at the same time, each of which ends whether or not the caller stays.
async fn together(flows: Vec<Arc<Flow>>, delivery: Delivery, told: Told, pass: Pass) -> Report {
    let (contract, pass) = (Arc::clone(&delivery.contract), Arc::new(pass));
    let one = delivery.events().len() == 1;
    let under_way = flows.into_iter().map(|flow| -> BoxFuture<'static, Report> {
        let (delivery, pass) = (delivery.clone(), Arc::clone(&pass));
        Box::pin(flow.begin(delivery, told, pass).ended())
    });
    let mut under_way: Vec<_> = under_way.map(|work| (work, None)).collect();
    drop(pass);
    poll_fn(|cx| {
        for (work, done) in under_way.iter_mut().filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(report) = work.as_mut().poll(cx) {
                *done = Some(report);
            }
        }
        if under_way.iter().all(|(_, done)| done.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let reports = under_way.into_iter().filter_map(|(_, report)| report);
    let outcomes: Vec<_> = reports.flat_map(|report| report.outcomes).collect();
    let response = Box::new(answer::response(&outcomes, one, &contract));
    Report { outcomes, response }
}
