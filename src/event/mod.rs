//! What an authentic request brings.

mod cloud;
mod digest;
mod handshake;
mod read;
mod record;

use std::{
    borrow::Cow,
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

use self::digest::Digest;
pub(crate) use self::record::event_from_record;
use crate::{
    Error, Incoming, Payload, Raw, Verifier,
    place::{Key, Place, Token},
    provider::Contract,
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

/// What one authentic request brought; only a [`Verifier`] makes one.
#[derive(Clone, Debug)]
#[must_use]
pub struct Delivery {
    pub(crate) events: Brought,
    /// Boxed, since few have one.
    pub(crate) reply: Option<Box<Reply>>,
    pub(crate) confirmation: Option<Confirmation>,
    /// Whose endpoint it came to, where a receiver serves several.
    pub(crate) tenant: Option<String>,
    pub(crate) contract: Arc<Contract>,
}

/// What a provider wants visited before it sends events: AWS SNS, for each subscription.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmation {
    /// The address to GET, which is one of the provider's own. Whoever visits it subscribes.
    pub url: String,
}

/// It holds a token.
impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation").finish_non_exhaustive()
    }
}

/// Most requests bring one event, which needs no list.
#[derive(Clone, Debug)]
pub(crate) enum Brought {
    /// Boxed, since it goes from hand to hand.
    One(Box<Event>),
    Many(Vec<Event>),
}

impl Brought {
    pub(crate) fn as_ref(&self) -> &[Event] {
        match self {
            Self::One(event) => std::slice::from_ref(event),
            Self::Many(events) => events,
        }
    }

    pub(crate) fn as_mut(&mut self) -> &mut [Event] {
        match self {
            Self::One(event) => std::slice::from_mut(event),
            Self::Many(events) => events,
        }
    }

    /// In the order they came.
    pub(crate) fn into_each(self) -> impl Iterator<Item = Box<Event>> {
        let (one, many) = match self {
            Self::One(event) => (Some(event), Vec::new()),
            Self::Many(events) => (None, events),
        };
        one.into_iter().chain(many.into_iter().map(Box::new))
    }
}

/// What a provider wants to hear back.
pub type Reply = Response<Bytes>;

impl Delivery {
    fn of(events: Brought, contract: Arc<Contract>) -> Self {
        Self { events, reply: None, confirmation: None, tenant: None, contract }
    }

    /// For what nobody waits for.
    pub(crate) fn of_record(event: Event) -> Self {
        let contract = Arc::new(Contract::of_record(event.provider.clone()));
        Self { tenant: event.tenant.clone(), ..Self::of(Brought::One(Box::new(event)), contract) }
    }

    /// The same delivery, to the endpoint of this tenant: what a receiver that serves
    /// [tenants](crate::Receiver::tenants) remembers it under in [`dispatch`](crate::Receiver::dispatch).
    pub fn of_tenant(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        for event in self.events.as_mut() {
            event.tenant = Some(id.clone());
        }
        self.tenant = Some(id);
        self
    }

    /// None for a handshake, several for a batch.
    pub fn events(&self) -> &[Event] {
        self.events.as_ref()
    }

    /// The same, to own.
    pub fn into_events(self) -> Vec<Event> {
        match self.events {
            Brought::One(event) => vec![*event],
            Brought::Many(events) => events,
        }
    }

    /// What this handshake wants visited; nothing here does so by itself. A [`Receiver`](crate::Receiver) does if it was
    /// given somebody [to do it](crate::Builder::confirm_by).
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }

    /// A handshake's answer; such a request brings no event.
    pub fn reply(&self) -> Option<&Reply> {
        self.reply.as_deref()
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    text: Text,
    then_digest: bool,
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
        let at = text.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let within = at.checked_add(text.len()).is_some_and(|end| end <= whole.len());
        if within { Self::Part(whole.slice_ref(text.as_bytes())) } else { Self::Own(text.into_owned()) }
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
        Some(if *then_digest { format!("{text}{}", self.inner.digest.hex(self.raw().as_bytes())).into() } else { text })
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
    fn with<Q>(self, payload: Q) -> Event<Q> {
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
        let payload = P::decode(self.kind.as_deref(), self.inner.raw.clone())?;
        Ok(self.with(payload))
    }
}

/// Longer ids than this are remembered by their digest, so that they fit any database's index.
const LONGEST_ID: usize = 256;
const DIGESTED: &str = "sha256:";

fn bounded(id: &str) -> Cow<'_, str> {
    // One that looks like the digest of another must not pass for it.
    if id.len() <= LONGEST_ID && !id.starts_with(DIGESTED) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("{DIGESTED}{}", Digest::default().hex(id.as_bytes())))
}

/// Headers as they were received; `Debug` prints their names and no value.
///
/// Looking at them for the first time puts them into a map, which most handlers never do.
#[derive(Clone, Default)]
pub struct Headers(Arc<Listed>);

#[derive(Default)]
struct Listed {
    list: Vec<(HeaderName, HeaderValue)>,
    map: OnceLock<HeaderMap>,
}

impl Headers {
    fn new(list: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self(Arc::new(Listed { list, map: OnceLock::new() }))
    }
}

impl Deref for Headers {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        self.0.map.get_or_init(|| self.0.list.iter().cloned().collect())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.list.iter().map(|(name, _)| name)).finish()
    }
}
