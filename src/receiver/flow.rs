//! What happens to a delivery, event by event.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use time::OffsetDateTime;

use super::{
    answer,
    bind::bind_nonce,
    naming::Naming,
    work::{Rules, Turn, Work},
};
use crate::{
    Clock, Delivery, End, Error, ErrorKind, Event, Place, Report, Verifier,
    event::Brought,
    handlers::BoxFuture,
    provider::{At, Contract, Retries},
    report::Outcome,
    rt::{self, Caught, Detached},
    store::Key,
};

pub(super) type Observer = dyn Fn(&Outcome) + Send + Sync;

/// After so many claims some of what is over is removed, so that no store grows without somebody calling `purge`.
const CLAIMS_PER_PURGE: u32 = 1024;
const PURGED_AT_ONCE: u32 = 2048;

/// How often a busy key is asked for: first at once, then ever more rarely.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// How an event ended, and what it is remembered under.
struct Ended {
    end: End,
    twin: bool,
    key: Option<Key>,
}

impl From<End> for Ended {
    fn from(end: End) -> Self {
        Self { end, twin: false, key: None }
    }
}

/// How long a delivery's events may wait, all of them together.
struct Patience<'w> {
    limit: Duration,
    waited: &'w mut Duration,
    pause: Duration,
}

impl<'w> Patience<'w> {
    fn new(limit: Duration, waited: &'w mut Duration) -> Self {
        Self { limit, waited, pause: FIRST_PAUSE }
    }

    /// Waits a while for what is busy; `false` if its provider is about to give up.
    async fn lasts(&mut self, retry_after: Duration) -> bool {
        let rest = self.pause.min(retry_after.max(FIRST_PAUSE));
        if *self.waited + rest > self.limit || !rt::sleep(rest).await {
            return false;
        }
        *self.waited += rest;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// The streams of a delivery in which an event did not settle: the lowest of each.
#[derive(Default)]
struct Stopped(HashMap<String, Place>);

impl Stopped {
    fn at(&mut self, place: Place) {
        match self.0.get_mut(&place.stream) {
            Some(lowest) if lowest.rank <= place.rank => {}
            Some(lowest) => *lowest = place,
            None => _ = self.0.insert(place.stream.clone(), place),
        }
    }

    /// In a sequence what is below may be what was waited for: skipped, neither would ever be handled.
    fn holds_up(&self, place: &Place) -> bool {
        let lowest = self.0.get(&place.stream);
        lowest.is_some_and(|lowest| lowest.rank <= place.rank || !place.order.is_sequence())
    }
}

/// What the caller is told in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Answer,
    Report,
}

/// What has yet to be waited for: small, so that whoever waits is small.
pub(super) enum Begun {
    Ended(Box<Report>),
    One(BoxFuture<'static, Report>, Arc<Contract>),
    /// Several consumers, each on its own.
    Several(BoxFuture<'static, Report>),
}

impl Begun {
    /// All of it, whether or not the caller stays.
    pub(super) async fn ended(self) -> Report {
        match self {
            Self::Ended(report) => *report,
            Self::Several(all) => all.await,
            // Handlers and stores are caught one by one: what panicked here is nothing that anybody knows.
            Self::One(all, contract) => Detached::new(all).await.unwrap_or_else(|| {
                let outcomes = vec![Outcome::of_request(End::Panicked, Some(contract.provider.clone()), None)];
                let response = Box::new(answer::response(&outcomes, true, &contract));
                Report { outcomes, response }
            }),
        }
    }
}

/// All but the verifier: what every delivery goes through.
pub(super) struct Flow {
    pub(super) work: Box<dyn Work>,
    pub(super) in_tx: bool,
    pub(super) naming: Naming,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    pub(super) observer: Option<Box<Observer>>,
    pub(super) claims: AtomicU32,
}

impl Flow {
    pub(super) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    pub(super) fn observe(&self, outcome: &Outcome) {
        if let Some(observer) = &self.observer {
            // Whoever only looks on changes nothing of what a provider is told.
            let _seen_or_panicked = catch_unwind(AssertUnwindSafe(|| observer(outcome)));
        }
    }

    /// Whether what was configured can work for this provider. Known when the receiver is built, or, with tenants, when
    /// the tenant is.
    pub(super) fn suits(&self, verifier: &Verifier) -> Result<(), Error> {
        let provider = verifier.data();
        if provider.envelope.kind == At::Nowhere && !self.work.handles(None) {
            return Err(Error::new(ErrorKind::Config, "this provider says no kinds: take its events with `otherwise`"));
        }
        self.fits(provider.retries != Retries::Never, !provider.envelope.identity.is_empty())
    }

    /// The same for a delivery that was verified elsewhere, and whether a dead letter is this consumer's.
    pub(super) fn takes(&self, delivery: &Delivery) -> Result<(), Error> {
        let Delivery { events, contract, .. } = delivery;
        let own = |event: &Event| {
            event.inner.redriven.as_ref().is_none_or(|key| **key == self.naming.key(event, key.id.clone()))
        };
        if !events.as_ref().iter().all(own) {
            return Err(Error::new(ErrorKind::Config, "the dead letter is another receiver's"));
        }
        self.fits(contract.retries, contract.identified)
    }

    fn fits(&self, retries: bool, identified: bool) -> Result<(), Error> {
        if self.naming.ordered_by.is_some() && !retries {
            return Err(Error::new(ErrorKind::Config, "order: this provider never sends again what has to wait"));
        }
        if self.in_tx && !identified && self.naming.key_by.is_none() {
            return Err(Error::new(ErrorKind::Config, "nothing identifies an event here: say `key_by`"));
        }
        Ok(())
    }

    /// Every event of a delivery, to be waited for; `pass` is kept until all are done.
    pub(super) fn begin(self: &Arc<Self>, delivery: Delivery, told: Told, pass: impl Send + 'static) -> Begun {
        let Delivery { events, reply, tenant, secret, contract, .. } = delivery;
        if let Some(reply) = reply {
            let provider = Some(contract.provider.clone());
            let outcome = Outcome { secret, ..Outcome::of_request(End::Handshake, provider, tenant) };
            self.observe(&outcome);
            return Begun::Ended(Box::new(Report { outcomes: vec![outcome], response: reply }));
        }
        let all = Box::pin(Arc::clone(self).all(events, secret, Arc::clone(&contract), told, pass));
        Begun::One(all, contract)
    }

    async fn all(
        self: Arc<Self>,
        events: Brought,
        secret: Option<usize>,
        contract: Arc<Contract>,
        told: Told,
        pass: impl Send,
    ) -> Report {
        // Names that nobody looks at need not be copied.
        let named = told == Told::Report || self.observer.is_some();
        let patience = patience(contract.deadline);
        let mut outcomes = Vec::with_capacity(events.as_ref().len());
        let mut stopped = Stopped::default();
        let mut waited = Duration::ZERO;
        for event in events.into_each() {
            // Said before the event is given away.
            outcomes.push(match named {
                true => Outcome { secret, ..Outcome::of(&event, End::Panicked) },
                false => Outcome::of_request(End::Panicked, None, None),
            });
            let mut place = None;
            let caught = {
                let patience = Patience::new(patience, &mut waited);
                let turn = pin!(self.one(event, contract.identified, &mut place, &stopped, patience));
                Caught(turn).await
            };
            let Some(outcome) = outcomes.last_mut() else { continue };
            if let Some(Ended { end, twin, key }) = caught {
                (outcome.end, outcome.twin, outcome.key) = (end, twin, key);
            }
            if let Some(place) = place
                && answer::holds_up(&outcome.end)
            {
                stopped.at(*place);
            }
            self.observe(outcome);
        }
        drop(pass);
        if self.purge_is_due() {
            let flow = Arc::clone(&self);
            Box::pin(rt::aside(async move { flow.purge().await })).await;
        }
        let response = Box::new(answer::response(&outcomes, outcomes.len() == 1, &contract));
        Report { outcomes, response }
    }

    /// Says the event's place before anything is done with it, so that it is known even if that panics.
    async fn one(
        &self,
        mut event: Box<Event>,
        has_ids: bool,
        place: &mut Option<Box<Place>>,
        stopped: &Stopped,
        mut patience: Patience<'_>,
    ) -> Ended {
        event.inner.place = match self.naming.place(&event) {
            Ok(place) => place,
            Err(refused) => return End::Refused(refused).into(),
        };
        place.clone_from(&event.inner.place);
        if place.as_ref().is_some_and(|place| stopped.holds_up(place)) {
            return End::Skipped.into();
        }
        // Before anything is made of it: an event that nobody handles uses up its token, too.
        if event.nonce().is_some() {
            self.claims.fetch_add(1, Ordering::Relaxed);
            if let Some(end) = Box::pin(self.bind(&event, &mut patience)).await {
                let key = self.naming.id(&event).map(|id| self.naming.key(&event, id));
                return Ended { end, twin: false, key };
            }
        }
        if !self.work.handles(event.kind.as_deref()) {
            // It is kept: whoever redrives it where nobody takes it would throw away all that there is of it.
            if event.inner.redriven.is_some() {
                return End::Refused(Error::new(ErrorKind::Config, "no handler takes the dead letter's kind")).into();
            }
            // An event of no kind, where its provider has kinds, is not one that nobody asked for.
            if event.kind.is_none() && event.inner.kinds {
                return End::Refused(Error::new(ErrorKind::Envelope, "the event does not say its kind")).into();
            }
            // Where the next one waits for it, it takes its place all the same.
            if !event.place().is_some_and(|place| place.order.is_sequence()) {
                return End::Unhandled.into();
            }
        }
        let (slot, identified) = self.naming.slot(&event);
        // Rejecting twins takes a mark for each payload, too.
        self.claims.fetch_add(if slot.twins && self.rules.reject_twins { 2 } else { 1 }, Ordering::Relaxed);
        // Without the id that such events have, and that nobody signs, it is to be known for a twin all the same.
        let twin = has_ids && slot.twins && slot.fingerprint.is_some();
        let claimed = identified || slot.place.is_some() || twin;
        let rules = Rules { same_again: identified, ..self.rules };
        let (end, twin) = loop {
            let turn = match claimed {
                true => self.work.turn(&slot, event, rules).await,
                false => self.work.unclaimed(&slot, event, rules).await,
            };
            match turn {
                Ok(Turn::Ended { end, twin }) => break (end, twin),
                Ok(Turn::Busy(retry_after, _)) if !patience.lasts(retry_after).await => {
                    break (End::Busy { retry_after }, false);
                }
                Ok(Turn::Busy(_, back)) => event = back,
                Err(refused) => break (End::Refused(refused), false),
            }
        };
        Ended { end, twin, key: identified.then_some(slot.key) }
    }

    /// Why the event's one-time token is not good for it; `None` if it is, or there is none.
    async fn bind(&self, event: &Event, patience: &mut Patience<'_>) -> Option<End> {
        let nonce = event.nonce().filter(|_| event.inner.generation == 0)?;
        loop {
            match bind_nonce(self.work.store(), nonce, event, self.naming.lease).await {
                Ok(None) => return None,
                Ok(Some(Turn::Ended { end, .. })) => return Some(end),
                Ok(Some(Turn::Busy(retry_after, ()))) if !patience.lasts(retry_after).await => {
                    return Some(End::Busy { retry_after });
                }
                Ok(Some(Turn::Busy(..))) => {}
                Err(e) => return Some(End::Refused(e)),
            }
        }
    }

    fn purge_is_due(&self) -> bool {
        let due = self.claims.load(Ordering::Relaxed) >= CLAIMS_PER_PURGE;
        due && self.claims.swap(0, Ordering::Relaxed) >= CLAIMS_PER_PURGE
    }

    async fn purge(&self) {
        // What cannot be removed now can be later; the events are done all the same.
        let _removed_or_not = self.work.store().purge(PURGED_AT_ONCE).await;
    }
}

/// The provider's deadline, less what an answer needs on its way.
pub(super) fn patience(deadline: Duration) -> Duration {
    deadline - (deadline / 4).min(Duration::from_secs(1))
}
