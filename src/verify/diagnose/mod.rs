//! Why a signature failed: the known mistakes, undone one by one before the code that judges every request.

mod address;
mod body;
mod hint;
mod key;
#[cfg(feature = "asymmetric")]
mod named;
mod proof;
mod style;
mod trial;
mod written;

use http::Uri;
use time::OffsetDateTime;

use self::trial::{Budget, Trial};
use super::{
    Verifier,
    judge::Judged,
    keys::{self, Key},
    scheme::Scheme,
    stamp::{Now, Stamp},
};
use crate::{
    Error, ErrorKind, Incoming, Secret,
    body::Kind,
    diagnosis::{AddressChange, Diagnosis, Finding, Mode, Standing, Writing},
    provider::{self, At, Digest, Part, Proof},
};

/// A longer body is judged as it is, and not changed.
const LONGEST_BODY: usize = 1 << 20;
const MOST_SECRETS: usize = 16;

#[cfg_attr(inhook_docs, doc(cfg(feature = "diagnose")))]
impl Verifier {
    /// Why a request is refused, by the machine's clock: see [`diagnosis`](crate::diagnosis).
    ///
    /// **For operators only.** It tells how close a forgery came, and costs up to a few hundred times what a refusal
    /// does, a second or two at most. Never call it on the way of a request that nobody has authenticated, and never
    /// answer a word of it to a sender.
    ///
    /// The request is the one that was refused, as the verifier saw it: body, headers, and the method and URI where the
    /// provider signs them.
    pub fn diagnose<'r>(&self, request: impl Into<Incoming<'r>>) -> Diagnosis {
        self.diagnose_at(request, OffsetDateTime::now_utc())
    }

    /// The same as of `now`: when the request came, for one that was kept.
    pub fn diagnose_at<'r>(&self, request: impl Into<Incoming<'r>>, now: OffsetDateTime) -> Diagnosis {
        self.diagnose_among(request, now, &[])
    }

    /// The same, and tries other secrets too, under names of the caller's: those of test mode, of other endpoints, or old
    /// ones. They make nothing authentic here; where one matches, its name is [told](Finding::OtherSecret).
    ///
    /// ```
    /// use inhook::{Verifier, diagnosis::Finding, provider::GITHUB};
    /// use time::OffsetDateTime;
    /// # use inhook::testing::signed;
    /// # let request = signed(&GITHUB, "the one of staging", "{}").build();
    ///
    /// let verifier = Verifier::new(&GITHUB, "the one of production")?;
    /// let others = [("staging", "the one of staging".into())];
    /// let diagnosis = verifier.diagnose_among(&request, OffsetDateTime::now_utc(), &others);
    /// assert_eq!(diagnosis.findings(), [Finding::OtherSecret { name: "staging".to_owned() }]);
    /// # Ok::<(), inhook::Error>(())
    /// ```
    pub fn diagnose_among<'r>(
        &self,
        request: impl Into<Incoming<'r>>,
        now: OffsetDateTime,
        others: &[(&str, Secret)],
    ) -> Diagnosis {
        let request = request.into();
        let mut diagnosis = Diagnosis {
            provider: self.provider(),
            refused: None,
            why: String::new(),
            secret: None,
            standing: if self.0.secrets.is_empty() { Standing::Keys } else { Standing::Secrets },
            findings: Vec::new(),
            complete: true,
        };
        let judged = self.decide(&request, Now::At(now));
        let judged = judged.and_then(|judged| self.has_borne(&request, &judged).map(|()| judged));
        match judged {
            Ok(judged) => {
                diagnosis.secret = judged.which;
                if !judged.proved && judged.which.is_none() {
                    diagnosis.standing = Standing::Nothing;
                }
            }
            Err(refused) => {
                let mut examiner = Examiner::new(self, &request, now);
                let judged = examiner.examine(&request, others);
                examiner.clock(judged, now);
                if !examiner.findings.iter().any(Finding::is_proof) {
                    examiner.otherwise(&refused, &request);
                }
                (diagnosis.refused, diagnosis.why) = (Some(refused.kind()), refused.to_string());
                (diagnosis.findings, diagnosis.complete) =
                    (examiner.findings, examiner.complete && !examiner.budget.spent);
            }
        }
        diagnosis
    }
}

struct Examiner<'v> {
    verifier: &'v Verifier,
    /// The request before all schemes.
    as_it_is: Trial,
    /// The request before each scheme alone.
    trials: Vec<(Scheme, Trial)>,
    budget: Budget,
    findings: Vec<Finding>,
    complete: bool,
}

/// Another hash than expected, how the proof was written, and the request with it written as it should be.
type Rewritten = (Option<(Digest, Digest)>, Writing, Trial);

/// Found: the signature is right under a mistake.
type Found = Option<(Judged, Finding)>;

impl<'v> Examiner<'v> {
    fn new(verifier: &'v Verifier, request: &Incoming<'_>, now: OffsetDateTime) -> Self {
        let trial = Trial::new(verifier, request, now);
        let schemes = verifier.0.schemes.iter();
        Self {
            verifier,
            trials: schemes.map(|scheme| (scheme.clone(), trial.by(scheme))).collect(),
            as_it_is: trial,
            budget: Budget::new(),
            findings: Vec::new(),
            complete: true,
        }
    }

    /// What is known of the request once its mistake is undone.
    fn examine(&mut self, request: &Incoming<'_>, others: &[(&str, Secret)]) -> Option<Judged> {
        if let Some(finding) = hint::handshake(self.verifier, request) {
            self.findings.push(finding);
            return None;
        }
        if let Some((_, judged)) = self.budget.judge(&self.as_it_is) {
            self.findings.extend(hint::incomplete(self.verifier, request));
            return Some(judged);
        }
        if request.body.as_bytes().len() > LONGEST_BODY || self.verifier.0.secrets.len() > MOST_SECRETS {
            self.complete = false;
        }
        let trials = std::mem::take(&mut self.trials);
        let judged = trials.iter().find_map(|(scheme, trial)| {
            let found = self.one(scheme, trial, others);
            found.map(|(judged, finding)| {
                self.findings.push(finding);
                judged
            })
        });
        if judged.is_none() {
            self.findings = hint::all(self.verifier, request);
        }
        judged
    }

    /// The mistakes from the likeliest and cheapest on.
    fn one(&mut self, scheme: &Scheme, trial: &Trial, others: &[(&str, Secret)]) -> Found {
        let found = self.as_it_is(trial);
        // Whatever else is tried needs it too.
        if found.is_some() || self.budget.needed.is_some() {
            return found;
        }
        self.renamed(scheme, trial)
            .or_else(|| self.written(scheme, trial))
            .or_else(|| self.other_keys(scheme, trial))
            .or_else(|| self.other_secrets(scheme, trial, others))
            .or_else(|| self.other_addresses(scheme, trial))
            .or_else(|| self.other_bodies(trial))
    }

    /// What can be told of why it was refused, where no mistake was found.
    fn otherwise(&mut self, refused: &Error, request: &Incoming<'_>) {
        let judged_late = |scheme: &Scheme| match &scheme.data {
            provider::Scheme::Jwt(_) => true,
            #[cfg(feature = "asymmetric")]
            provider::Scheme::PublicKey(_) => true,
            _ => false,
        };
        match refused.kind() {
            // What is signed is judged last, once it is known who wrote it.
            ErrorKind::StaleTimestamp | ErrorKind::FutureTimestamp => self.findings = vec![Finding::Expired],
            ErrorKind::Unexpected if self.verifier.0.schemes.iter().all(judged_late) => {
                self.findings = vec![Finding::Unexpected];
            }
            #[cfg(feature = "asymmetric")]
            ErrorKind::KeyUntrusted => {
                self.findings.insert(0, Finding::KeyUntrusted { named: named::key(self.verifier, request) });
            }
            _ => {}
        }
        #[cfg(not(feature = "asymmetric"))]
        let _nothing_names_a_key = request;
        if let Some(key) = self.budget.needed.take() {
            self.findings.insert(0, Finding::KeyNeeded { key });
        }
    }

    fn as_it_is(&mut self, trial: &Trial) -> Found {
        let (secret, judged) = self.budget.judge(trial)?;
        Some((judged, Finding::OtherScheme { secret }))
    }

    fn renamed(&mut self, scheme: &Scheme, trial: &Trial) -> Found {
        for (expected, found, headers) in proof::renamed(&proof::read_by(&scheme.data), &trial.headers) {
            let trial = Trial { headers, ..trial.clone() };
            if let Some((secret, judged)) = self.budget.judge(&trial) {
                return Some((judged, Finding::Renamed { secret, expected, found }));
            }
        }
        None
    }

    fn written(&mut self, scheme: &Scheme, trial: &Trial) -> Found {
        let At::Header(header) = scheme.data.place() else { return None };
        for (found, text) in proof::values(&trial.headers) {
            for (hashes, writing, trial) in self.rewritten(scheme, trial, header, text) {
                let Some((secret, judged)) = self.budget.judge(&trial) else { continue };
                let found = found.to_owned();
                let finding = match hashes {
                    Some((used, expected)) => {
                        Finding::Hash { secret: secret.unwrap_or_default(), header: found, used, expected }
                    }
                    None if found == header => Finding::Written { secret, header, writing },
                    None => Finding::Renamed { secret, expected: header, found },
                };
                return Some((judged, finding));
            }
        }
        None
    }

    fn secrets(&self) -> impl Iterator<Item = &'v Secret> + use<'v> {
        self.verifier.0.secrets.iter().take(MOST_SECRETS)
    }

    /// With this key in a secret's place.
    fn with_key(&mut self, trial: &Trial, at: usize, key: Key) -> Option<Judged> {
        let mut trial = trial.clone();
        let scheme = trial.scheme()?;
        match (&scheme.data, scheme.keys.get_mut(at)) {
            // Its function may ask which secret it is.
            (provider::Scheme::Custom(_), Some(place)) => *place = key,
            _ => scheme.keys = vec![key],
        }
        self.budget.judge(&trial).map(|(_, judged)| judged)
    }

    fn other_keys(&mut self, scheme: &Scheme, trial: &Trial) -> Found {
        for (secret, text) in self.secrets().enumerate() {
            for (mistake, key) in key::others(&scheme.data, text.expose()) {
                if let Some(judged) = self.with_key(trial, secret, key) {
                    return Some((judged, Finding::Key { secret, mistake }));
                }
            }
        }
        None
    }

    fn other_secrets(&mut self, scheme: &Scheme, trial: &Trial, others: &[(&str, Secret)]) -> Found {
        if scheme.data.fetches() {
            return None;
        }
        for (name, secret) in others.iter().take(MOST_SECRETS) {
            let Ok(key) = keys::key(&scheme.data, secret) else { continue };
            if let Some(judged) = self.with_key(trial, 0, key) {
                return Some((judged, Finding::OtherSecret { name: (*name).to_owned() }));
            }
        }
        None
    }

    fn other_bodies(&mut self, trial: &Trial) -> Found {
        if trial.body.len() > LONGEST_BODY
            || matches!(trial.verifier.0.schemes.as_slice(), [Scheme { data: provider::Scheme::Token(_), .. }])
        {
            return None;
        }
        let mut found = None;
        let change = body::others(Kind::of(&trial.headers), &trial.body, |_, body| {
            found = self.budget.judge(&Trial { body, ..trial.clone() });
            // Nothing more is made where nothing more may be tried.
            found.is_some() || self.budget.spent
        });
        let (secret, judged) = found?;
        Some((judged, Finding::Body { secret, change: change? }))
    }

    fn other_addresses(&mut self, scheme: &Scheme, trial: &Trial) -> Found {
        let (parts, _) = scheme.data.covers();
        if !parts.iter().any(|part| matches!(part, Part::Url | Part::Path | Part::Query)) {
            return None;
        }
        let (method, uri) = trial.target.clone()?;
        let bases =
            trial.verifier.0.base.as_deref().map(|base| address::bases(base, &trial.headers)).unwrap_or_default();
        let targets = address::targets(&uri, &trial.headers);
        let mut judge = |base: Option<&String>, target: Option<&Uri>| {
            let mut trial = trial.clone();
            if let Some(base) = base {
                trial.inner().base = Some(base.clone());
            }
            if let Some(target) = target {
                trial.target = Some((method.clone(), target.clone()));
            }
            self.budget.judge(&trial)
        };
        // One change first, then one of each.
        let one_base = bases.iter().map(|base| (Some(base), None));
        let one_target = targets.iter().map(|target| (None, Some(target)));
        let both = bases.iter().flat_map(|base| targets.iter().map(move |target| (Some(base), Some(target))));
        let (base, target, (secret, judged)) = one_base.chain(one_target).chain(both).find_map(|(base, target)| {
            Some((base, target, judge(base.map(|(_, base)| base), target.map(|(_, target)| target))?))
        })?;
        let changes = base.map(|(change, _)| change).into_iter().chain(target.map(|(change, _)| change));
        Some((judged, Finding::Address { secret, changes: changes.map(|change| self.shown(change)).collect() }))
    }

    /// Without what is a sender's to choose and none of a log's to hold.
    fn shown(&self, change: &AddressChange) -> AddressChange {
        match change {
            AddressChange::Host { signed } if hint::holds_secret(self.verifier, signed) => {
                AddressChange::Host { signed: String::new() }
            }
            other => other.clone(),
        }
    }

    /// What is out of tolerance beside whatever else is wrong.
    fn clock(&mut self, judged: Option<Judged>, now: OffsetDateTime) {
        let Some((stamp, (past, future))) = judged.and_then(|j| j.stamp).zip(self.verifier.0.tolerance) else { return };
        if stamp.judge(Now::At(now), past, future, self.verifier.0.provider.past_is_inclusive).is_err()
            && let Some(at) = Stamp::at(stamp)
        {
            let age = now - at;
            let tolerated = if age.is_negative() { future } else { past };
            self.findings.push(Finding::Clock { age, tolerated });
        }
    }
}
