//! What an authentic request brings.

mod cloud;
mod delivery;
mod handshake;
mod headers;
mod read;
mod record;

use std::{borrow::Cow, fmt, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

pub(crate) use self::{delivery::Brought, record::event_from_record};
pub use self::{
    delivery::{Confirmation, Delivery, Reply},
    headers::Headers,
};
use crate::{
    Error, Incoming, Payload, Raw, Verifier,
    digest::Digest,
    object::kept_object,
    place::{Key, Place, Token},
    verify::{Coverage, Field},
};

impl Verifier {
    /// Both steps: [`authenticate`](Self::authenticate), then [`Verified::delivery`](crate::Verified::delivery).
    ///
    /// # Errors
    /// As both steps: see [`Error::status`] for what to answer.
    pub fn verify<'r>(&'r self, request: impl Into<Incoming<'r>>) -> Result<Delivery, Error> {
        self.authenticate(request)?.delivery()
    }
}

/// One event, authentic, with its payload decoded as `P`.
///
/// `Debug` prints no payload, no header's value and no id's digest beyond what is public here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<P = Raw> {
    /// The name of the provider that sent it.
    pub provider: Cow<'static, str>,
    /// Whose endpoint it came to, where a receiver serves several.
    pub tenant: Option<String>,
    /// The id that people look up; two different events may share it.
    pub label: Option<String>,
    /// What handlers are chosen by.
    pub kind: Option<String>,
    /// When it happened, which is not when it was sent.
    pub occurred_at: Option<OffsetDateTime>,
    /// The version of the payload's shape, where the provider says.
    pub version: Option<String>,
    /// From 1: which try of the sender's this is, where the provider says. It is not signed.
    pub attempt: u32,
    /// What the handler asked for.
    pub payload: P,
    pub(crate) inner: Inner,
}

/// What an event carries whatever its payload was decoded as.
#[derive(Clone)]
pub(crate) struct Inner {
    raw: Raw,
    whole: Bytes,
    identity: Option<Identity>,
    nonce: Option<String>,
    /// Whether the payload stays the same from retry to retry.
    stable: bool,
    digest: Digest,
    headers: Headers,
    covered: Arc<Coverage>,
    /// Whether the provider says a kind of its events.
    pub(crate) kinds: bool,
    pub(crate) remember: Duration,
    pub(crate) generation: u32,
    /// What it was buried under, if it is a dead letter.
    pub(crate) redriven: Option<Box<Key>>,
    pub(crate) place: Option<Box<Place>>,
    pub(crate) fence: Option<Token>,
    pub(crate) after_gap: bool,
}

/// The envelope around the payload is no more to be printed than the payload.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { raw, identity, headers, covered, generation, place, fence, .. } = self;
        let mut out = f.debug_struct("Inner");
        out.field("raw", raw).field("identity", identity).field("headers", headers).field("covered", covered);
        out.field("generation", generation).field("place", place).field("fence", fence).finish_non_exhaustive()
    }
}

/// What makes it the same event; the digest is only made when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    text: Text,
    then_digest: bool,
}

kept_object!(Identity { text, then_digest });

/// Where in `whole` it stands; `None` for what is no part of it, but was copied or decoded.
fn range_in(whole: &Bytes, part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// Text that may be a part of a body, which then is not copied.
#[derive(Clone)]
enum Text {
    Own(String),
    Part(Bytes),
}

impl Text {
    /// Text that perhaps stands in `whole`.
    fn of(text: Cow<'_, str>, whole: &Bytes) -> Self {
        match range_in(whole, text.as_bytes()) {
            Some(part) => Self::Part(whole.slice(part)),
            None => Self::Own(text.into_owned()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::Part(bytes) => str::from_utf8(bytes).unwrap_or_default(),
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::Own)
    }
}

impl<P> Event<P> {
    /// What makes it the same event as another one, the same on every retry. `None`: nothing does, so it may be handled
    /// twice.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        let Identity { text, then_digest } = self.inner.identity.as_ref()?;
        let text = bounded(text.as_str());
        if !then_digest {
            return Some(text);
        }
        let digest = self.inner.digest.of(self.raw().as_bytes());
        let mut id = String::with_capacity(text.len() + 2 * digest.len());
        id.push_str(&text);
        HEXLOWER.encode_append(&digest, &mut id);
        Some(id.into())
    }

    /// The payload's bytes, whatever it was decoded as.
    pub fn raw(&self) -> &Raw {
        &self.inner.raw
    }

    /// The whole event around the payload: the body, or the item of a batch.
    pub fn envelope(&self) -> &Bytes {
        &self.inner.whole
    }

    /// As received, less the signature, credentials and cookies. Ask [`covers`](Self::covers) before one is trusted.
    pub fn headers(&self) -> &Headers {
        &self.inner.headers
    }

    /// Whether the signature vouches for it; what it does not cover, anybody who saw one delivery can change.
    pub fn covers(&self, field: Field) -> bool {
        self.inner.covered.has(field)
    }

    /// Grows with each holder of this event's claim: write it beside your data and refuse a lower one. `None` in a
    /// transaction, and where nothing was claimed.
    pub fn fence(&self) -> Option<Token> {
        self.inner.fence
    }

    /// Events before this one in its [sequence](crate::Order::Sequence) were waited for in vain, and
    /// [`Gap::Proceed`](crate::Gap::Proceed) went on without: fetch the present state from the provider here, in place of
    /// applying this change to what has missed others. They are stale if they still come.
    pub fn after_gap(&self) -> bool {
        self.inner.after_gap
    }

    /// `None` unless the receiver was told [`ordered_by`](crate::Builder::ordered_by).
    pub fn place(&self) -> Option<&Place> {
        self.inner.place.as_deref()
    }

    /// What `consumer` remembers it under, for [`forget`](crate::store::IdempotencyStore::forget).
    pub fn key(&self, consumer: &str) -> Option<Key> {
        Some(self.key_of(consumer, self.id()?.into_owned()))
    }

    pub(crate) fn key_of(&self, consumer: &str, id: String) -> Key {
        let key = Key::new(self.provider.clone(), consumer, id);
        match &self.tenant {
            Some(tenant) => key.tenant(tenant.clone()),
            None => key,
        }
    }

    /// The one-time token that the signature vouches for in place of the body.
    pub(crate) fn nonce(&self) -> Option<&str> {
        self.inner.nonce.as_deref()
    }

    /// SHA-256 of what stays the same of it from retry to retry.
    pub(crate) fn fingerprint(&self) -> Option<[u8; 32]> {
        self.inner.stable.then(|| self.inner.digest.of(self.raw().as_bytes()))
    }

    /// The same event around another payload.
    #[inline]
    pub(crate) fn with<Q>(self, payload: Q) -> Event<Q> {
        let Self { provider, tenant, label, kind, occurred_at, version, attempt, payload: _, inner } = self;
        Event { provider, tenant, label, kind, occurred_at, version, attempt, payload, inner }
    }
}

impl Event {
    /// Reads the payload as another type.
    ///
    /// # Errors
    /// [`Payload`](crate::ErrorKind::Payload) if it is not what the type expects.
    pub fn decode<P: Payload>(self) -> Result<Event<P>, Error> {
        let payload = self.decoded()?;
        Ok(self.with(payload))
    }

    /// The payload alone, since a whole event in a `Result` would be copied once more.
    pub(crate) fn decoded<P: Payload>(&self) -> Result<P, Error> {
        P::decode(self.kind.as_deref(), self.inner.raw.clone())
    }
}

/// Longer ids than this are remembered by their digest, so that they fit any database's index.
pub(crate) const LONGEST_ID: usize = 256;
const DIGESTED: &str = "sha256:";

pub(crate) fn bounded(id: &str) -> Cow<'_, str> {
    // One that looks like the digest of another must not pass for it.
    if id.len() <= LONGEST_ID && !id.starts_with(DIGESTED) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("{DIGESTED}{}", HEXLOWER.encode(&Digest::default().of(id.as_bytes()))))
}
