//! The only code that judges signatures: no I/O, no panic, no clock of its own in the `_at` forms.

mod build;
mod locate;
mod mac;
mod message;
mod plan;
#[cfg(feature = "testing")]
mod put;
#[cfg(feature = "testing")]
mod sign;
mod signature;
mod stamp;

use std::{fmt, sync::Arc};

use http::{HeaderMap, Method};
use time::OffsetDateTime;

use self::{
    build::{Inner, Key, Scheme},
    mac::TokenHash,
    message::Message,
    plan::Plan,
    signature::Decoded,
    stamp::Stamp,
};
pub use self::{build::VerifierBuilder, plan::Field, stamp::Tolerance};
pub(crate) use self::plan::Coverage;
#[cfg(feature = "testing")]
pub(crate) use self::{
    locate::find,
    put::{edit, put},
    sign::{Signer, Stamps},
};
use crate::{
    Error, ErrorKind, Incoming, Provider, Secret, body,
    provider::{self, At, Handshake, Hmac, Part, Proof, Token, TokenForm, Verb, When},
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

    /// The provider's name.
    pub fn provider(&self) -> &'static str {
        self.0.provider.name()
    }

    /// The signature only, by the machine's clock: the body's shape is not looked at.
    ///
    /// # Errors
    /// Why it is refused; [`Error::status`] is what to answer, unless the provider's data says otherwise.
    pub fn authenticate<'r>(&'r self, request: impl Into<Incoming<'r>>) -> Result<Verified<'r>, Error> {
        self.authenticate_at(request, OffsetDateTime::now_utc())
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
        let request = request.into();
        let handshake = self.unsigned_handshake(&request)?;
        let judged = match handshake {
            Some(open) if open.proof == Proof::None => Judged { handshake, ..Judged::default() },
            _ => self.judge(&request, now).or_else(|refused| self.judge_handshake(&request, handshake, refused))?,
        };
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
        if *method != Method::POST && handshakes.peek().is_none() {
            return Err(Error::new(ErrorKind::Method, ""));
        }
        if handshakes.any(|h| h.proof == Proof::None) {
            return Ok(());
        }
        let accepts = self.0.provider.accepts;
        let read = *method != Method::POST || accepts.is_empty() || body::is_one_of(headers, accepts);
        if !read || !body::readable(headers) {
            return Err(Error::new(ErrorKind::MediaType, ""));
        }
        let there = |scheme: &Scheme| match scheme.place() {
            At::Header(name) => headers.get(name).is_some_and(|v| !v.as_bytes().trim_ascii().is_empty()),
            _ => true,
        };
        if self.0.schemes.iter().any(there) { Ok(()) } else { Err(locate::missing()) }
    }

    /// The methods that can bring something, for an `Allow` header.
    pub(crate) fn methods(&self) -> impl Iterator<Item = Method> {
        let others = self.0.provider.handshakes.iter().map(|h| verb(h.method)).filter(|m| *m != Method::POST);
        std::iter::once(Method::POST).chain(others)
    }

    pub(crate) fn data(&self) -> &Provider {
        &self.0.provider
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// For [`dangerous`](crate::dangerous).
    pub(crate) fn believe<'r>(&'r self, request: Incoming<'r>) -> Verified<'r> {
        Verified { verifier: self, request, judged: Judged::default() }
    }

    /// A handshake that is proved otherwise than events are, if the request looks like one.
    fn unsigned_handshake(&self, request: &Incoming<'_>) -> Result<Option<&'static Handshake>, Error> {
        let method = request.target.map_or(&Method::POST, |(method, _)| method);
        for handshake in self.0.provider.handshakes {
            if handshake.proof == Proof::Scheme || verb(handshake.method) != *method {
                continue;
            }
            let asked = match handshake.when {
                When::Always => true,
                When::Has(at) => locate::find(at, request, false)?.is_some(),
                When::Is(at, text) => locate::find(at, request, false)?.is_some_and(|t| *t == *text.as_bytes()),
            };
            if asked {
                return Ok(Some(handshake));
            }
        }
        Ok(None)
    }

    /// Tries a handshake's own key on what the secrets refused.
    fn judge_handshake(
        &self,
        request: &Incoming<'_>,
        handshake: Option<&'static Handshake>,
        refused: Error,
    ) -> Result<Judged, Error> {
        let Some(handshake) = handshake else { return Err(refused) };
        let key = self.0.handshake_keys.iter().find(|(text, _)| Proof::Key(text) == handshake.proof);
        let (Some((_, key)), Some(Scheme { data: provider::Scheme::Hmac(hmac), .. })) = (key, self.0.schemes.first())
        else {
            return Err(refused);
        };
        let signature = locate::find(hmac.signature, request, hmac.repeats)?.ok_or(locate::missing())?;
        let (message, _) = self.read(request, hmac, &signature)?;
        match which_key(hmac, std::slice::from_ref(key), &message, &signature)? {
            Some(_) => Ok(Judged { handshake: Some(handshake), ..Judged::default() }),
            None => Err(refused),
        }
    }

    fn judge(&self, request: &Incoming<'_>, now: OffsetDateTime) -> Result<Judged, Error> {
        for name in self.0.provider.requires {
            locate::find(At::Header(name), request, false)?.ok_or(locate::missing())?;
        }
        let mut first_trouble = None;
        for (at, scheme) in self.0.schemes.iter().enumerate() {
            let proof = match locate::find(scheme.place(), request, scheme.repeats()) {
                Ok(Some(proof)) => proof,
                Ok(None) => continue,
                Err(e) if e.kind() == ErrorKind::MalformedBody => {
                    first_trouble.get_or_insert(e);
                    continue;
                }
                Err(e) => return Err(e),
            };
            let judged = match &scheme.data {
                provider::Scheme::Hmac(hmac) => self.judge_hmac(request, hmac, scheme, &proof, now)?,
                provider::Scheme::Token(token) => self.judge_token(token, scheme, &proof)?,
            };
            return Ok(Judged { scheme: at, ..judged });
        }
        Err(first_trouble.unwrap_or(locate::missing()))
    }

    fn judge_hmac(
        &self,
        request: &Incoming<'_>,
        hmac: &Hmac,
        scheme: &Scheme,
        signature: &[u8],
        now: OffsetDateTime,
    ) -> Result<Judged, Error> {
        let (message, stamp) = self.read(request, hmac, signature)?;
        let Some(which) = which_key(hmac, &scheme.keys, &message, signature)? else {
            return Err(Error::new(ErrorKind::BadSignature, ""));
        };
        // Judged last: a time is only worth something once it is known who wrote it.
        if let (Some(stamp), Some((past, future))) = (stamp, self.0.tolerance) {
            stamp.judge(now, past, future)?;
        }
        Ok(Judged { which: Some(which), signed_at: stamp.map(Stamp::at), ..Judged::default() })
    }

    /// What the signature is over, and when it says that it was made.
    fn read<'a>(
        &'a self,
        request: &'a Incoming<'a>,
        hmac: &Hmac,
        signature: &'a [u8],
    ) -> Result<(Message<'a>, Option<Stamp>), Error> {
        let need = |at: At| locate::need(at, request, hmac.syntax, signature);
        let (mut timestamp, mut stamp, mut id) = (None, None, None);
        if let Some((at, unit)) = hmac.timestamp {
            let text = need(at)?;
            stamp = Some(Stamp::parse(&text, unit)?);
            timestamp = Some(text);
        }
        if hmac.id != At::Nowhere {
            let text = need(hmac.id)?;
            unambiguous(hmac, &text)?;
            id = Some(text);
        }
        Ok((Message { request, base: self.0.base.as_deref(), timestamp, id }, stamp))
    }

    fn judge_token(&self, token: &Token, scheme: &Scheme, claimed: &[u8]) -> Result<Judged, Error> {
        const MALFORMED: Error = Error::new(ErrorKind::MalformedHeader, "it is no credential of this scheme");
        let after = |name: &str| {
            let (scheme, rest) = claimed.split_at_checked(name.len()).ok_or(MALFORMED)?;
            let rest = rest.strip_prefix(b" ").ok_or(MALFORMED)?.trim_ascii();
            if scheme.eq_ignore_ascii_case(name.as_bytes()) { Ok(rest) } else { Err(MALFORMED) }
        };
        let hash = match token.form {
            TokenForm::Bare => TokenHash::of(claimed),
            TokenForm::Bearer => TokenHash::of(after("bearer")?),
            TokenForm::Basic => {
                let decoded = data_encoding::BASE64.decode(after("basic")?).map_err(|_| MALFORMED)?;
                TokenHash::of(&decoded)
            }
        };
        let mut which = None;
        for (at, key) in scheme.keys.iter().enumerate() {
            if matches!(key, Key::Token(token) if token.is(&hash)) && which.is_none() {
                which = Some(at);
            }
        }
        match which {
            Some(_) => Ok(Judged { which, ..Judged::default() }),
            None => Err(Error::new(ErrorKind::BadSignature, "")),
        }
    }
}

/// Which of `keys` made one of the signatures in `signature`. Every key is tried on every one.
fn which_key(hmac: &Hmac, keys: &[Key], message: &Message<'_>, signature: &[u8]) -> Result<Option<usize>, Error> {
    let len = mac::length(hmac.digest);
    if signature::candidates(hmac.syntax, signature).next().is_none() {
        return Err(Error::new(ErrorKind::MalformedHeader, "no signature of this scheme stands in it"));
    }
    let mut which = None;
    for (at, key) in keys.iter().enumerate() {
        let Key::Mac(mac) = key else { continue };
        let mut mac = mac.clone();
        message.feed(hmac, &mut mac)?;
        let tag = mac.finish();
        for claimed in signature::candidates(hmac.syntax, signature) {
            let Some(claimed) = Decoded::of(hmac.encoding, claimed, len) else { continue };
            if tag.is(claimed.as_bytes()) && which.is_none() {
                which = Some(at);
            }
        }
    }
    Ok(which)
}

/// `id.time.body` can be cut in two ways if the id may hold a dot: an id never holds what parts it from the next part.
fn unambiguous(hmac: &Hmac, id: &[u8]) -> Result<(), Error> {
    for pair in hmac.parts.windows(2) {
        if let [Part::Id, Part::Text(separator)] = pair
            && !separator.is_empty()
            && id.windows(separator.len()).any(|w| w == separator.as_bytes())
        {
            return Err(Error::new(ErrorKind::MalformedHeader, "the id holds the separator"));
        }
    }
    Ok(())
}

const fn verb(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Head => Method::HEAD,
        Verb::Post => Method::POST,
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

#[derive(Clone, Copy, Default)]
struct Judged {
    scheme: usize,
    which: Option<usize>,
    signed_at: Option<OffsetDateTime>,
    handshake: Option<&'static Handshake>,
}

/// An authentic request that nobody has read yet.
#[must_use]
pub struct Verified<'r> {
    pub(crate) verifier: &'r Verifier,
    pub(crate) request: Incoming<'r>,
    judged: Judged,
}

impl Verified<'_> {
    /// Which secret matched, in the order the builder was given them; `None` for a handshake that no secret proves.
    pub fn which_secret(&self) -> Option<usize> {
        self.judged.which
    }

    /// When it was signed, where the scheme says: the time of the try, not of the event.
    pub fn signed_at(&self) -> Option<OffsetDateTime> {
        self.judged.signed_at
    }

    /// Whether the signature vouches for it; what it does not cover, anybody who saw one delivery can change.
    pub fn covers(&self, field: Field) -> bool {
        self.coverage().is_some_and(|c| c.has(field))
    }

    /// A handshake that was proved otherwise than events are.
    pub(crate) fn handshake(&self) -> Option<&'static Handshake> {
        self.judged.handshake
    }

    pub(crate) fn coverage(&self) -> Option<&Arc<Coverage>> {
        self.judged.which?;
        self.verifier.0.plan.coverage.get(self.judged.scheme)
    }

    /// The scheme that held; the first where none was asked.
    pub(crate) fn scheme(&self) -> Option<&provider::Scheme> {
        self.verifier.0.schemes.get(self.judged.scheme).map(|scheme| &scheme.data)
    }

    /// What the scheme signed as the event's id.
    pub(crate) fn signed_id(&self) -> Option<String> {
        let provider::Scheme::Hmac(hmac) = self.scheme()? else { return None };
        let signature = locate::find(hmac.signature, &self.request, hmac.repeats).ok()??;
        let id = locate::need(hmac.id, &self.request, hmac.syntax, &signature).ok()?;
        String::from_utf8(id.into_owned()).ok()
    }
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("provider", &self.verifier.0.provider.name)
            .field("which_secret", &self.judged.which)
            .field("signed_at", &self.judged.signed_at)
            .finish_non_exhaustive()
    }
}
