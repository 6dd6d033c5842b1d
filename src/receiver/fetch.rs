//! Keys that a verifier does not know yet: fetched once for all who wait for them, and not over and over.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use time::OffsetDateTime;

use crate::{
    Error, ErrorKind, KeyId, KeyMaterial, KeySource, Verifier,
    handlers::BoxFuture,
    rt::{self, Caught},
};

/// How long what failed is not asked for again.
const REST: Duration = Duration::from_secs(30);
/// How many fetches begin within a minute. Providers change their keys a few times a year, so more than this is somebody
/// who makes up names of keys.
const MOST: u32 = 30;
/// How many keys are known to be none that somebody made up.
const KNOWN: usize = 64;
const MINUTE: Duration = Duration::from_secs(60);

/// A [`KeySource`] whose type nobody has to name.
trait Source: Send + Sync {
    fn fetch<'k>(&'k self, id: &'k KeyId) -> BoxFuture<'k, Result<KeyMaterial, Error>>;
}

impl<K: KeySource> Source for K {
    fn fetch<'k>(&'k self, id: &'k KeyId) -> BoxFuture<'k, Result<KeyMaterial, Error>> {
        Box::pin(KeySource::fetch(self, id))
    }
}

/// The way to one [`KeySource`].
pub(super) struct Fetcher {
    source: Box<dyn Source>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    flights: HashMap<KeyId, Arc<Flight>>,
    failed: HashMap<KeyId, (OffsetDateTime, ErrorKind)>,
    /// Those that some verifier has learned: they are fetched again, or for another tenant, whatever is made up meanwhile.
    known: Vec<KeyId>,
    /// When the minute that is counted began, and how many fetches of others since.
    counted: Option<(OffsetDateTime, u32)>,
}

/// One fetch that is under way.
#[derive(Default)]
struct Flight(Mutex<Landing>);

#[derive(Default)]
struct Landing {
    landed: Option<Landed>,
    waiting: Vec<Waker>,
}

#[derive(Clone)]
enum Landed {
    Had(KeyMaterial),
    Failed(ErrorKind),
    /// Whoever fetched went away.
    Left,
}

enum Part {
    Leads(Arc<Flight>),
    Follows(Arc<Flight>),
}

impl Fetcher {
    pub(super) fn new(source: impl KeySource) -> Self {
        Self { source: Box::new(source), state: Mutex::default() }
    }

    /// Has `verifier` learn the key, within `patience`.
    pub(super) async fn teach(
        &self,
        verifier: &Verifier,
        id: &KeyId,
        now: OffsetDateTime,
        patience: Duration,
    ) -> Result<(), Error> {
        let work = pin!(self.fly(verifier, id, now));
        let taught = rt::within(patience, work).await;
        taught.unwrap_or_else(|| {
            // Noted before the flight ends, so that nobody who waits for it begins another.
            self.fail(id, now, ErrorKind::KeyUnavailable);
            Err(SLOW)
        })
    }

    fn learn(&self, verifier: &Verifier, id: &KeyId, had: KeyMaterial, now: OffsetDateTime) -> Result<(), Error> {
        if let Err(refused) = verifier.learn_at(id, had, now) {
            // It will be no better for being fetched again at once.
            self.fail(id, now, ErrorKind::KeyUnavailable);
            // What a provider's own host serves says nothing about the request, and some never repeat what was a 4xx.
            return Err(Error::key_source(refused));
        }
        self.knows(id);
        Ok(())
    }

    fn knows(&self, id: &KeyId) {
        let mut state = self.state();
        if !state.known.contains(id) {
            if state.known.len() >= KNOWN {
                state.known.remove(0);
            }
            state.known.push(id.clone());
        }
    }

    async fn fly(&self, verifier: &Verifier, id: &KeyId, now: OffsetDateTime) -> Result<(), Error> {
        loop {
            match self.join(id, now)? {
                Part::Leads(flight) => return self.lead(verifier, id, now, &flight).await,
                Part::Follows(flight) => match flight.landed().await {
                    Landed::Had(material) => return self.learn(verifier, id, material, now),
                    Landed::Failed(kind) => return Err(Error::new(kind, "it could not be had just now")),
                    Landed::Left => {}
                },
            }
        }
    }

    fn join(&self, id: &KeyId, now: OffsetDateTime) -> Result<Part, Error> {
        let mut state = self.state();
        if let Some(flight) = state.flights.get(id) {
            return Ok(Part::Follows(Arc::clone(flight)));
        }
        // A clock that was put back must not make this last longer than it should.
        state.failed.retain(|_, (until, _)| *until > now && *until <= now + REST);
        if let Some((_, kind)) = state.failed.get(id) {
            return Err(Error::new(*kind, "it could not be had just now"));
        }
        if !state.known.contains(id) {
            let fits = |begun: OffsetDateTime| begun <= now && now < begun + MINUTE;
            let (begun, count) = state.counted.filter(|(begun, _)| fits(*begun)).unwrap_or((now, 0));
            if count >= MOST {
                return Err(Error::new(
                    ErrorKind::KeyUnavailable,
                    "too many unknown keys were asked for within a minute",
                ));
            }
            state.counted = Some((begun, count + 1));
        }
        let flight = Arc::new(Flight::default());
        state.flights.insert(id.clone(), Arc::clone(&flight));
        Ok(Part::Leads(flight))
    }

    /// The flight ends once `verifier` has learned: whoever comes later finds that it has, and fetches nothing.
    async fn lead(&self, verifier: &Verifier, id: &KeyId, now: OffsetDateTime, flight: &Flight) -> Result<(), Error> {
        let leader = Leader { fetcher: self, id, flight };
        if verifier.has_learned(id, now) {
            return Ok(());
        }
        let fetched = {
            let fetching = pin!(self.source.fetch(id));
            Caught(fetching).await.unwrap_or(Err(PANICKED))
        };
        let taught = match fetched {
            Ok(material) => {
                let learned = self.learn(verifier, id, material.clone(), now);
                flight.land(Landed::Had(material));
                learned
            }
            Err(e) => {
                self.fail(id, now, ErrorKind::KeyUnavailable);
                flight.land(Landed::Failed(ErrorKind::KeyUnavailable));
                // Whatever the source calls it, a key that could not be had says nothing about the request.
                Err(if e.kind() == ErrorKind::KeyUnavailable { e } else { Error::key_source(e) })
            }
        };
        drop(leader);
        taught
    }

    fn fail(&self, id: &KeyId, now: OffsetDateTime, kind: ErrorKind) {
        self.state().failed.insert(id.clone(), (now + REST, kind));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SLOW: Error = Error::new(ErrorKind::KeyUnavailable, "its server takes too long");
const PANICKED: Error = Error::new(ErrorKind::KeyUnavailable, "the key source panicked");

/// Ends the flight, however its leader ends.
struct Leader<'f> {
    fetcher: &'f Fetcher,
    id: &'f KeyId,
    flight: &'f Flight,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.fetcher.state().flights.remove(self.id);
        self.flight.land(Landed::Left);
    }
}

impl Flight {
    /// The first landing counts.
    fn land(&self, how: Landed) {
        let waiting = {
            let mut landing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            landing.landed.get_or_insert(how);
            std::mem::take(&mut landing.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    async fn landed(&self) -> Landed {
        poll_fn(|cx| {
            let mut landing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match &landing.landed {
                Some(landed) => Poll::Ready(landed.clone()),
                None => {
                    if !landing.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                        landing.waiting.push(cx.waker().clone());
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}
