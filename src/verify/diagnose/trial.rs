//! One request before one verifier, both as they would be without a mistake.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use time::OffsetDateTime;

#[cfg(feature = "asymmetric")]
use super::super::signature;
use super::super::{Verifier, build::Inner, judge::Judged, scheme::Scheme, stamp::Now};
use crate::{Error, Incoming, KeyId, request::Body};

/// What a diagnosis may hash in all, in bytes: a quarter of a second or so.
const MOST_HASHED: usize = 96 << 20;
/// How often it may judge in all.
const MOST_TRIALS: usize = 8_192;
/// What a trial costs besides its body.
const FLAT: usize = 512;
/// What a signature by a private key costs, in bytes that are hashed meanwhile.
#[cfg(feature = "asymmetric")]
const PUBLIC: usize = 64 << 10;
/// How many of a request are judged at most.
#[cfg(feature = "asymmetric")]
const MOST_SIGNATURES: usize = 16;

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
        Incoming { target, headers: &self.headers, received: None, body: Body::Borrowed(&self.body) }
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
    /// The key without which a trial could not be judged.
    pub(super) needed: Option<KeyId>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { bytes: MOST_HASHED, trials: MOST_TRIALS, spent: false, needed: None }
    }

    /// What holds, and by which of the trial's secrets, if not by a key that was learned; `None` too where nothing may be
    /// tried any more.
    pub(super) fn judge(&mut self, trial: &Trial) -> Option<(Option<usize>, Judged)> {
        let cost =
            trial.verifier.0.schemes.iter().fold(0, |sum: usize, scheme| sum.saturating_add(cost(scheme, trial)));
        match (self.bytes.checked_sub(cost), self.trials.checked_sub(1)) {
            (Some(bytes), Some(trials)) => (self.bytes, self.trials) = (bytes, trials),
            _ => {
                self.spent = true;
                return None;
            }
        }
        match trial.judge() {
            Ok(judged) => Some((judged.which, judged)),
            Err(refused) => {
                if let Some(key) = refused.key_needed() {
                    self.needed.get_or_insert_with(|| key.clone());
                }
                None
            }
        }
    }
}

fn cost(scheme: &Scheme, trial: &Trial) -> usize {
    // A key that was learned is one of the ring's.
    let keys = scheme.keys.len().max(usize::from(scheme.data.fetches()));
    keys.saturating_mul(trial.body.len().saturating_add(FLAT).saturating_add(curves(scheme, trial)))
}

/// What is not hashing, of each key.
#[cfg(feature = "asymmetric")]
fn curves(scheme: &Scheme, trial: &Trial) -> usize {
    if !scheme.data.fetches() && !scheme.has_public_keys() {
        return 0;
    }
    let signatures = match (scheme.data.template(), scheme.first(&trial.incoming())) {
        (Some(template), Ok(Some((_, text)))) => {
            signature::candidates(template.syntax, &text).take(MOST_SIGNATURES).count()
        }
        (None, Ok(Some((_, text)))) => text.split(|b| *b == b',').take(MOST_SIGNATURES).count(),
        _ => 0,
    };
    signatures.saturating_mul(PUBLIC)
}

#[cfg(not(feature = "asymmetric"))]
fn curves(_: &Scheme, _: &Trial) -> usize {
    0
}
