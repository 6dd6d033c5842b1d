//! What no data can say: a function of a provider's own, in that provider's file.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;

use super::{At, Digest, Encoding, KeyForm, Part, TimeUnit, locate};
use crate::{
    Error, ErrorKind, Incoming,
    body::form::{self, Field},
};

/// A scheme that is keyed like an HMAC and judged by a function.
///
/// The function is asked once for each secret. It says what was hashed and where the signature stands; keys, hashing and
/// comparing stay here, in constant time.
#[derive(Clone, Copy)]
pub struct Custom {
    pub(crate) at: At,
    pub(crate) others: &'static [At],
    pub(crate) digest: Digest,
    pub(crate) key: KeyForm,
    pub(crate) judge: Judge,
    pub(crate) only_where: Option<(At, Fits)>,
    pub(crate) sign: Option<Sign>,
    pub(crate) sample: Option<&'static str>,
    pub(crate) covers: &'static [Part],
    pub(crate) covers_places: &'static [At],
}

/// Judges a request by one secret: genuine, not made with this secret, or unreadable.
pub type Judge = fn(&Exhibit<'_>) -> Result<Option<Genuine>, Error>;

/// Whether a request is one for a scheme, by what stands at a place.
pub type Fits = fn(Option<&[u8]>) -> bool;

/// Writes a signature into a request, for [`testing`](crate).
pub type Sign = fn(&mut Unsigned<'_>) -> Option<()>;

impl Custom {
    /// `at` is where a request shows that it is signed by this scheme; without it the request is refused before `judge`
    /// is asked.
    pub const fn new(at: At, digest: Digest, judge: Judge) -> Self {
        Self {
            at,
            others: &[],
            digest,
            key: KeyForm::Text,
            judge,
            only_where: None,
            sign: None,
            sample: None,
            covers: &[],
            covers_places: &[],
        }
    }

    /// Other places that show it just as well: one of them all is enough.
    pub const fn or_at(mut self, others: &'static [At]) -> Self {
        self.others = others;
        self
    }

    /// How the secret's text becomes the key.
    pub const fn key(mut self, form: KeyForm) -> Self {
        self.key = form;
        self
    }

    /// Judges only requests where what stands at `at` fits; others are for the [next](super::Provider::or) scheme. For a
    /// provider that says beside the signature which of several hashes it was made with.
    pub const fn only_where(mut self, at: At, fits: Fits) -> Self {
        self.only_where = Some((at, fits));
        self
    }

    /// What the signature vouches for: parts of the request, and places in it.
    pub const fn covers(mut self, parts: &'static [Part], places: &'static [At]) -> Self {
        self.covers = parts;
        self.covers_places = places;
        self
    }

    /// How such a request is made, so that `inhook::testing` can, and a body that it can be made with.
    pub const fn signed_by(mut self, sign: Sign, sample: &'static str) -> Self {
        (self.sign, self.sample) = (Some(sign), Some(sample));
        self
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom").field("at", &self.at).field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// A request that is not yet believed, and one secret to judge it by.
pub struct Exhibit<'a> {
    pub(crate) request: &'a Incoming<'a>,
    pub(crate) base: Option<&'a str>,
    pub(crate) which: usize,
    pub(crate) public_key: Option<&'a str>,
    pub(crate) made: &'a Made<'a>,
}

/// Whether the HMAC over these parts is one of those claimed, in this encoding.
pub(crate) type Made<'a> = dyn Fn(&[&[u8]], Encoding, &[&[u8]]) -> bool + 'a;

impl<'a> Exhibit<'a> {
    /// Which secret it is judged by, in the order they were given.
    pub fn which_secret(&self) -> usize {
        self.which
    }

    /// The public key that the verifier was [told](crate::VerifierBuilder::public_key).
    pub fn public_key(&self) -> Option<&'a str> {
        self.public_key
    }

    /// A header's value without the white space around it; absent and empty are one.
    ///
    /// # Errors
    /// [`MalformedHeader`](ErrorKind::MalformedHeader) if it comes more than once.
    pub fn header(&self, name: &str) -> Result<Option<&'a [u8]>, Error> {
        Ok(locate::header(self.request, name, false)?.filter(|value| !value.is_empty()))
    }

    /// A parameter of the URL's query, decoded.
    ///
    /// # Errors
    /// [`MissingTarget`](ErrorKind::MissingTarget) if the caller handed over no URL;
    /// [`MalformedHeader`](ErrorKind::MalformedHeader) if it comes more than once.
    pub fn query(&self, name: &'static str) -> Result<Option<Cow<'a, [u8]>>, Error> {
        locate::find(At::Query(name), self.request, false)
    }

    /// The method in capitals.
    ///
    /// # Errors
    /// [`MissingTarget`](ErrorKind::MissingTarget) if the caller handed over no method.
    pub fn method(&self) -> Result<&'a str, Error> {
        self.request.target.map(|(method, _)| method.as_str()).ok_or(NO_TARGET)
    }

    /// Path and query as received.
    ///
    /// # Errors
    /// [`MissingTarget`](ErrorKind::MissingTarget) if the caller handed over no URL.
    pub fn path_and_query(&self) -> Result<&'a str, Error> {
        let (_, uri) = self.request.target.ok_or(NO_TARGET)?;
        Ok(uri.path_and_query().map_or("/", |pq| pq.as_str()))
    }

    /// The public address: the configured [base](crate::VerifierBuilder::public_base), path and query as received.
    ///
    /// # Errors
    /// [`MissingTarget`](ErrorKind::MissingTarget) if the caller handed over no URL.
    pub fn url(&self) -> Result<String, Error> {
        Ok(format!("{}{}", self.base.unwrap_or_default(), self.path_and_query()?))
    }

    /// The body as received.
    pub fn body(&self) -> &'a [u8] {
        self.request.body.as_bytes()
    }

    /// The fields of a form, decoded, in order; `None` if the body is no form.
    pub fn fields(&self) -> Option<Vec<Field<'a>>> {
        form::fields(self.request.headers, self.request.body.as_bytes())
    }

    /// Whether `claimed`, written in this encoding, is the HMAC by this secret over `parts`, with nothing between them.
    pub fn is_made_of(&self, parts: &[&[u8]], encoding: Encoding, claimed: &[u8]) -> bool {
        self.is_any_of(parts, encoding, &[claimed])
    }

    /// Whether one of `claimed`, written in this encoding, is that HMAC. It is made once: where a request may bear any
    /// number of signatures, asking for each by itself would let a sender choose how often its body is hashed.
    pub fn is_any_of(&self, parts: &[&[u8]], encoding: Encoding, claimed: &[&[u8]]) -> bool {
        (self.made)(parts, encoding, claimed)
    }

    /// Something that the signature needs is not there.
    pub const fn missing() -> Error {
        locate::missing()
    }

    /// Something that the signature needs cannot be read.
    pub const fn malformed(what: &'static str) -> Error {
        Error::new(ErrorKind::MalformedHeader, what)
    }

    /// The signature stands in the body, and the body cannot be read.
    pub const fn malformed_body(what: &'static str) -> Error {
        Error::new(ErrorKind::MalformedBody, what)
    }
}

const NO_TARGET: Error = Error::new(ErrorKind::MissingTarget, "the signature covers the URL");

impl fmt::Debug for Exhibit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exhibit").field("request", self.request).finish_non_exhaustive()
    }
}

/// The secret made it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genuine {
    pub(crate) time: Option<(Box<[u8]>, TimeUnit)>,
}

impl Genuine {
    /// It says nothing of when.
    pub const fn new() -> Self {
        Self { time: None }
    }

    /// When it was signed, by what was signed: judged by the tolerance.
    pub fn at(text: &[u8], unit: TimeUnit) -> Self {
        Self { time: Some((text.into(), unit)) }
    }
}

/// A request that is to be signed.
pub struct Unsigned<'a> {
    pub(crate) request: &'a mut Request<Bytes>,
    pub(crate) base: &'a str,
    pub(crate) at: OffsetDateTime,
    pub(crate) time: Option<&'a str>,
    pub(crate) tag: &'a Tagger<'a>,
    pub(crate) put: Putter,
    pub(crate) write: WriteTime,
    pub(crate) public_key: &'a str,
    pub(crate) expected: &'a [(String, String)],
}

/// Writes a value to a place, if the request has it.
pub(crate) type Putter = fn(&mut Request<Bytes>, At, &[u8]) -> Option<()>;

/// A time in this unit; `None` if it cannot be written.
pub(crate) type WriteTime = fn(OffsetDateTime, TimeUnit) -> Option<String>;

/// The HMAC over these parts, in this encoding.
pub(crate) type Tagger<'a> = dyn Fn(&[&[u8]], Encoding) -> String + 'a;

impl Unsigned<'_> {
    /// The request as it is so far.
    pub fn request(&self) -> &Request<Bytes> {
        self.request
    }

    /// The public address that it is sent to.
    pub fn url(&self) -> String {
        let pq = self.request.uri().path_and_query();
        format!("{}{}", self.base, pq.map_or("/", |pq| pq.as_str()))
    }

    /// The public key that goes with the secret.
    pub fn public_key(&self) -> &str {
        self.public_key
    }

    /// Whom it is meant for, by the name of what verifiers are told to [expect](crate::VerifierBuilder::expect).
    pub fn expected(&self, name: &str) -> Option<&str> {
        self.expected.iter().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    /// The time of signing, in this unit; `None` if the calendar ends before it.
    pub fn time(&self, unit: TimeUnit) -> Option<String> {
        match self.time {
            Some(text) => Some(text.to_owned()),
            None => (self.write)(self.at, unit),
        }
    }

    /// The HMAC over `parts`, with nothing between them, in this encoding.
    pub fn tag(&self, parts: &[&[u8]], encoding: Encoding) -> String {
        (self.tag)(parts, encoding)
    }

    /// Sets a header; `None` if HTTP allows no such value.
    pub fn set_header(&mut self, name: &'static str, value: &str) -> Option<()> {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        self.request.headers_mut().insert(name, HeaderValue::from_str(value).ok()?);
        Some(())
    }

    /// Writes `value` to a header, a query parameter, a string of a JSON body or a field of a form; `None` if the request
    /// has no such place.
    pub fn put(&mut self, at: At, value: &str) -> Option<()> {
        (self.put)(self.request, at, value.as_bytes())
    }

    /// Adds a parameter to the URL's query; `None` if a URL cannot hold it.
    pub fn add_query(&mut self, name: &'static str, value: &str) -> Option<()> {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let uri = self.request.uri();
        let before = uri.query().filter(|query| !query.is_empty()).map(|query| format!("{query}&"));
        let target = format!("{}?{}{}={}", uri.path(), before.unwrap_or_default(), encode(name), encode(value));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(target.parse().ok()?);
        *self.request.uri_mut() = Uri::from_parts(parts).ok()?;
        Some(())
    }

    /// The fields of the body if it is a form, decoded, in order.
    pub fn fields(&self) -> Option<Vec<Field<'_>>> {
        form::fields(self.request.headers(), self.request.body())
    }

    /// Sets the body.
    pub fn set_body(&mut self, body: impl Into<Bytes>) {
        *self.request.body_mut() = body.into();
    }
}

impl fmt::Debug for Unsigned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned").field("at", &self.at).finish_non_exhaustive()
    }
}
