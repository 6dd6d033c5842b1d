//! One request before one verifier, both as they would be without a mistake.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use time::OffsetDateTime;

use super::super::{
    Verifier,
    build::{Inner, Scheme},
    judge::Judged,
    stamp::Now,
};
use crate::{Error, Incoming, request::Body};

/// What a diagnosis may hash in all, in bytes: a quarter of a second or so.
const MOST_HASHED: usize = 96 << 20;
/// How often it may judge in all.
const MOST_TRIALS: usize = 8_192;
/// What a trial costs besides its body.
const FLAT: usize = 512;

#[derive(Clone)]
pub(super) struct Trial {
    /// For schemes that judge a time of their own whatever the tolerance.
    pub(super) now: OffsetDateTime,
    pub(super) verifier: Verifier,
    pub(super) target: Option<(Method, Uri)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Trial {
    /// The request as it is, judged by its signature alone: no time is too old, and nothing else is asked for.
    pub(super) fn new(verifier: &Verifier, request: &Incoming<'_>, now: OffsetDateTime) -> Self {
        let mut verifier = verifier.clone();
        let inner = Arc::make_mut(&mut verifier.0);
        inner.tolerance = None;
        inner.provider.requires = &[];
        inner.plan.required.clear();
        inner.provider.needs_body = false;
        Self {
            now,
            verifier,
            target: request.target.map(|(method, uri)| (method.clone(), uri.clone())),
            headers: request.headers.clone(),
            body: request.body.as_bytes().clone(),
        }
    }

    /// The same before one of the schemes alone.
    pub(super) fn by(&self, scheme: &Scheme) -> Self {
        let mut trial = self.clone();
        trial.inner().schemes = vec![scheme.clone()];
        trial
    }

    pub(super) fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.verifier.0)
    }

    /// The scheme that is on trial.
    pub(super) fn scheme(&mut self) -> Option<&mut Scheme> {
        self.inner().schemes.first_mut()
    }

    pub(super) fn incoming(&self) -> Incoming<'_> {
        let target = self.target.as_ref().map(|(method, uri)| (method, uri));
        Incoming { target, headers: &self.headers, body: Body::Borrowed(&self.body) }
    }

    fn judge(&self) -> Result<Judged, Error> {
        self.verifier.judge(&self.incoming(), Now::At(self.now))
    }
}

/// How much may still be tried.
pub(super) struct Budget {
    bytes: usize,
    trials: usize,
    pub(super) spent: bool,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { bytes: MOST_HASHED, trials: MOST_TRIALS, spent: false }
    }

    /// What holds, and by which of the trial's secrets; `None` too where nothing may be tried any more.
    pub(super) fn judge(&mut self, trial: &Trial) -> Option<(usize, Judged)> {
        let keys: usize = trial.verifier.0.schemes.iter().map(|scheme| scheme.keys.len()).sum();
        let cost = keys.saturating_mul(trial.body.len().saturating_add(FLAT));
        match (self.bytes.checked_sub(cost), self.trials.checked_sub(1)) {
            (Some(bytes), Some(trials)) => (self.bytes, self.trials) = (bytes, trials),
            _ => {
                self.spent = true;
                return None;
            }
        }
        let judged = trial.judge().ok()?;
        Some((judged.which?, judged))
    }
}
