//! The only code that judges signatures: no I/O, no panic, no clock of its own in the `_at` forms.

mod build;
#[cfg(feature = "asymmetric")]
mod certificate;
mod claims;
#[cfg(feature = "http-signatures")]
mod components;
#[cfg(feature = "diagnose")]
mod diagnose;
mod each;
mod grant;
mod html;
#[cfg(feature = "http-signatures")]
mod http_signature;
mod judge;
mod keys;
mod judge_jwt;
mod jws;
#[cfg(feature = "asymmetric")]
mod judge_public;
#[cfg(feature = "asymmetric")]
mod learn;
mod mac;
mod message;
mod plan;
#[cfg(all(feature = "asymmetric", feature = "testing"))]
mod private_key;
#[cfg(feature = "asymmetric")]
mod public_key;
mod query_hash;
#[cfg(feature = "testing")]
mod put;
#[cfg(feature = "asymmetric")]
mod ring;
mod scheme;
#[cfg(feature = "testing")]
mod sign;
#[cfg(all(feature = "testing", feature = "http-signatures"))]
mod sign_http;
#[cfg(feature = "testing")]
mod sign_token;
mod signature;
mod stamp;
#[cfg(feature = "asymmetric")]
mod token_keys;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use time::OffsetDateTime;

#[cfg(feature = "asymmetric")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
pub use self::certificate::Trust;
pub(crate) use self::plan::Coverage;
#[cfg(all(feature = "asymmetric", feature = "testing"))]
pub(crate) use self::private_key::{PrivateKey, is_second};
#[cfg(all(feature = "asymmetric", feature = "testing"))]
pub(crate) use self::sign_token::KID;
use self::{
    build::Inner,
    judge::{Judged, tag_text, verb},
    jws::Jws,
    plan::Plan,
    scheme::Scheme,
    stamp::{Now, Stamp},
};
pub use self::{build::VerifierBuilder, plan::Field, stamp::Tolerance};
#[cfg(feature = "testing")]
pub(crate) use self::{
    put::{edit, put},
    sign::{Signer, Stamps},
    sign_token::Instead,
};
use crate::{
    Clock, Error, ErrorKind, Incoming, KeyId, KeyMaterial, Provider, Secret, body,
    provider::{
        self, At, Encoding, Handshake, Part, When,
        locate::{self, Named, Spot},
    },
    request::first_value,
};

/// Judges whether requests are genuine, for one provider and the secrets shared with it.
///
/// Building one is where keys are decoded and hashed; keep it. Cloning is cheap.
///
/// ```
/// use inhook::{Verifier, provider::STRIPE};
///
/// let verifier = Verifier::new(&STRIPE, "whsec_from_the_dashboard")?;
/// # let (headers, body) = (http::HeaderMap::new(), bytes::Bytes::new());
/// match verifier.verify((&headers, &body)) {
///     Ok(delivery) => println!("{} events", delivery.events().len()),
///     Err(refused) => println!("{}: {}", refused.status(), refused.kind()),
/// }
/// # Ok::<(), inhook::Error>(())
/// ```
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

static MACHINE: Clock = Clock::system();

impl Verifier {
    /// For a provider that needs one secret and nothing else.
    ///
    /// # Errors
    /// [`InvalidSecret`](ErrorKind::InvalidSecret) for an empty secret or one of another form;
    /// [`Config`](ErrorKind::Config) where the provider needs more: see [`builder`](Self::builder).
    pub fn new(provider: &Provider, secret: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder(provider).secret(secret).build()
    }

    /// For several secrets, a public address, or another tolerance.
    pub fn builder(provider: &Provider) -> VerifierBuilder {
        VerifierBuilder::new(provider)
    }

    /// Takes in a key that a request named: see [`Error::key_needed`]. A [`Receiver`](crate::Receiver) with a
    /// [key source](crate::Builder::keys) does so by itself. All clones learn at once.
    ///
    /// # Errors
    /// [`KeyUntrusted`](ErrorKind::KeyUntrusted) for a certificate that does not lead to a trusted root, is not valid now
    /// or bears another name, and for what is no key at all; [`Config`](ErrorKind::Config) where nothing of this
    /// provider's is fetched from there.
    pub fn learn(&self, id: &KeyId, material: KeyMaterial) -> Result<(), Error> {
        self.learn_at(id, material, OffsetDateTime::now_utc())
    }

    /// The same as of `now`.
    ///
    /// # Errors
    /// As [`learn`](Self::learn).
    pub fn learn_at(&self, id: &KeyId, material: KeyMaterial, now: OffsetDateTime) -> Result<(), Error> {
        #[cfg(feature = "asymmetric")]
        return self.0.learn(id, &material, now);
        #[cfg(not(feature = "asymmetric"))]
        {
            let _nothing_is_fetched = (id, material, now);
            Err(Error::new(ErrorKind::Config, "this provider has no key there"))
        }
    }

    /// Whether there is nothing new to be had there now.
    pub(crate) fn has_learned(&self, id: &KeyId, now: OffsetDateTime) -> bool {
        #[cfg(feature = "asymmetric")]
        return self.0.ring.get(&id.url, id.id.as_deref(), now).is_some() || self.0.token_keys.has(id, now);
        #[cfg(not(feature = "asymmetric"))]
        {
            let _nothing_is_fetched = (id, now);
            false
        }
    }

    /// Whether it cannot judge anything before it has [learned](Self::learn) a key.
    pub(crate) fn must_learn(&self) -> bool {
        let fetches = self.0.schemes.iter().any(|scheme| scheme.data.fetches());
        #[cfg(feature = "asymmetric")]
        return fetches && self.0.ring.is_empty() && self.0.token_keys.is_empty();
        #[cfg(not(feature = "asymmetric"))]
        fetches
    }

    /// The provider's name.
    pub fn provider(&self) -> &'static str {
        self.0.provider.name()
    }

    /// The signature only, by the machine's clock: the body's shape is not looked at, nor headers that every event bears
    /// and that prove nothing (GitHub's event and delivery). Those are asked for by
    /// [`delivery`](Verified::delivery).
    ///
    /// # Errors
    /// Why it is refused; [`Error::status`] is what to answer, unless the provider's data says otherwise.
    pub fn authenticate<'r>(&'r self, request: impl Into<Incoming<'r>>) -> Result<Verified<'r>, Error> {
        self.authenticate_by(request.into(), Now::By(&MACHINE))
    }

    /// The same as of `now`.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub fn authenticate_at<'r>(
        &'r self,
        request: impl Into<Incoming<'r>>,
        now: OffsetDateTime,
    ) -> Result<Verified<'r>, Error> {
        self.authenticate_by(request.into(), Now::At(now))
    }

    /// The same by a clock, which is only asked where there is a time to judge.
    pub(crate) fn authenticate_with<'r>(
        &'r self,
        request: impl Into<Incoming<'r>>,
        clock: &Clock,
    ) -> Result<Verified<'r>, Error> {
        self.authenticate_by(request.into(), Now::By(clock))
    }

    fn authenticate_by<'r>(&'r self, request: Incoming<'r>, now: Now<'_>) -> Result<Verified<'r>, Error> {
        let judged = self.decide(&request, now)?;
        Ok(Verified { verifier: self, request, judged })
    }

    /// Whether the head alone can be refused: a method that nothing comes by, or no sign of a signature.
    pub(crate) fn admits(&self, method: &Method, headers: &HeaderMap) -> Result<(), Error> {
        let verb = |h: &Handshake| verb(h.method) == *method;
        let asked = |h: &Handshake| match h.when {
            When::Has(At::Header(name)) => headers.contains_key(name),
            _ => true,
        };
        let mut handshakes = self.0.provider.handshakes.iter().filter(|h| verb(h) && asked(h)).peekable();
        let brings = *method == if self.0.by_get { Method::GET } else { Method::POST };
        if !brings && handshakes.peek().is_none() {
            return Err(Error::new(ErrorKind::Method, ""));
        }
        if handshakes.any(|h| !h.proof.is_by_secret()) {
            return Ok(());
        }
        let accepts = self.0.provider.accepts;
        let essence = body::essence(headers);
        let read = *method != Method::POST || accepts.is_empty() || body::is_one_of(essence, accepts);
        if !read || !body::readable(essence) {
            return Err(Error::new(ErrorKind::MediaType, ""));
        }
        let says =
            |named: &Named| first_value(headers, &named.name).is_some_and(|v| !v.as_bytes().trim_ascii().is_empty());
        let mut needed = self.0.plan.required.iter().chain(&self.0.plan.borne).filter(|_| *method == Method::POST);
        if let Some(missing) = needed.find(|named| !says(named)) {
            return Err(missing.missing());
        }
        let there = |spot: &Spot| match spot {
            Spot::Header(name) => says(name),
            Spot::Other(_) => true,
        };
        let some = self.0.schemes.iter().any(|scheme| scheme.places.iter().any(there));
        if some { Ok(()) } else { Err(self.unsigned()) }
    }

    /// The methods that can bring something, for an `Allow` header.
    pub(crate) fn methods(&self) -> impl Iterator<Item = Method> {
        let asks = |method: &Method| self.0.provider.handshakes.iter().any(|h| verb(h.method) == *method);
        [Method::POST, Method::GET, Method::HEAD, Method::OPTIONS]
            .into_iter()
            .filter(move |method| *method == if self.0.by_get { Method::GET } else { Method::POST } || asks(method))
    }

    pub(crate) fn is_by_get(&self) -> bool {
        self.0.by_get
    }

    pub(crate) fn data(&self) -> &Provider {
        &self.0.provider
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// For [`dangerous`](crate::dangerous).
    pub(crate) fn believe<'r>(&'r self, request: Incoming<'r>) -> Verified<'r> {
        // Whichever scheme's id is there, signed or no longer so.
        let has_id = |scheme: &Scheme| match scheme.data.template() {
            Some(template) => locate::find(template.id, &request, true).is_ok_and(|id| id.is_some()),
            None => false,
        };
        let scheme = self.0.schemes.iter().position(has_id).unwrap_or_default();
        Verified { verifier: self, request, judged: Judged { scheme, ..Judged::default() } }
    }
}

impl AsRef<Verifier> for Verifier {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("provider", &self.0.provider.name).finish_non_exhaustive()
    }
}

/// An authentic request that nobody has read yet.
#[must_use]
pub struct Verified<'r> {
    pub(crate) verifier: &'r Verifier,
    pub(crate) request: Incoming<'r>,
    judged: Judged,
}

impl Verified<'_> {
    /// Which secret matched, in the order the builder was given them; `None` for a handshake that no secret proves, and
    /// for a key that was fetched.
    pub fn which_secret(&self) -> Option<usize> {
        self.judged.which
    }

    /// Whether it only asks whether the address is its owner's. Some such requests are proved by no secret of yours, so
    /// **nothing in one is worth anything** but what [`delivery`](Self::delivery) says to answer: it brings no event.
    pub fn is_handshake(&self) -> bool {
        self.judged.handshake.is_some()
    }

    /// When it was signed, where the scheme says: the time of the try, not of the event.
    pub fn signed_at(&self) -> Option<OffsetDateTime> {
        self.judged.stamp.and_then(Stamp::at)
    }

    /// Whether the signature vouches for it; what it does not cover, anybody who saw one delivery can change.
    pub fn covers(&self, field: Field) -> bool {
        self.coverage().is_some_and(|c| c.has(field))
    }

    /// Whether the headers are there without which a provider's request brings nothing.
    pub(crate) fn is_whole(&self) -> Result<(), Error> {
        self.verifier.has_borne(&self.request, &self.judged)
    }

    /// Whether it was signed so long ago that what was remembered of it then may be forgotten: it would pass for new.
    pub(crate) fn may_be_forgotten(&self, clock: &Clock) -> bool {
        /// By how much a sender's clock may be ahead.
        const AHEAD: Duration = Duration::from_secs(300);
        let inner = &self.verifier.0;
        let remembered = inner.provider.remember.saturating_sub(AHEAD);
        let outlives = |stamp: Stamp| stamp.judge(Now::By(clock), remembered, Duration::MAX, true).is_err();
        inner.ends_with_its_mark && self.judged.stamp.is_some_and(outlives)
    }

    /// A handshake that was proved otherwise than events are.
    pub(crate) fn handshake(&self) -> Option<&'static Handshake> {
        self.judged.handshake
    }

    pub(crate) fn coverage(&self) -> Option<&Arc<Coverage>> {
        if !self.judged.proved {
            return None;
        }
        self.verifier.0.plan.coverage.get(self.judged.scheme)
    }

    /// Whether it was signed by a form's fields, which leaves open how they were written.
    pub(crate) fn is_by_fields(&self) -> bool {
        self.judged.proved && self.scheme().is_some_and(|scheme| scheme.data.covers().0.contains(&Part::SortedForm))
    }

    /// What the scheme signed as the event's id.
    pub(crate) fn signed_id(&self) -> Option<String> {
        let hmac = self.scheme()?.data.template()?;
        let id = match hmac.id {
            At::Nowhere => return None,
            At::SignaturePair(name) => {
                let signature = locate::find(hmac.signature, &self.request, hmac.repeats).ok()??;
                signature::pair(hmac.syntax, &signature, name).ok()?.to_vec()
            }
            at => locate::find(at, &self.request, false).ok()??.into_owned(),
        };
        String::from_utf8(id).ok()
    }

    /// What a token says that is the event; `None` where the body is.
    pub(crate) fn token(&self) -> Result<Option<Bytes>, Error> {
        let Some(scheme @ Scheme { data: provider::Scheme::Jwt(jwt), .. }) = self.scheme() else { return Ok(None) };
        if !jwt.is_the_event || self.judged.handshake.is_some() {
            return Ok(None);
        }
        let (place, text) = scheme.first(&self.request)?.ok_or(locate::missing())?;
        let token = if place == 0 { jws::behind(jwt.behind, &text)? } else { &text };
        Ok(Some(Jws::read(token, jwt.algorithm)?.claims()?.into()))
    }

    /// An HMAC with the secret that matched, for answering a handshake.
    pub(crate) fn tag(&self, parts: &[&[u8]], encoding: Encoding) -> String {
        let keys = self.scheme().map(|scheme| &*scheme.keys).unwrap_or_default();
        tag_text(keys.get(self.judged.which.unwrap_or_default()), parts, encoding)
    }

    pub(crate) fn public_key(&self) -> Option<&str> {
        self.verifier.0.public_key.as_deref()
    }

    /// The scheme that held; the first where none was asked.
    fn scheme(&self) -> Option<&Scheme> {
        self.verifier.0.schemes.get(self.judged.scheme)
    }
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("provider", &self.verifier.0.provider.name)
            .field("which_secret", &self.judged.which)
            .field("signed_at", &self.signed_at())
            .finish_non_exhaustive()
    }
}
