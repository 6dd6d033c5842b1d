//! Where a request keeps what is known about its events.

use std::ptr;

use super::TimeUnit;

/// A place in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// Not there at all.
    Nowhere,
    /// A header, by its name in lower case.
    Header(&'static str),
    /// A parameter of the URL's query, decoded.
    Query(&'static str),
    /// A JSON pointer into the event: into the item of a batch, else into the document. `""` is all of it.
    Json(&'static str),
    /// A JSON pointer to a number in the document: for a signed time that stands in the body as one. Its text is what is
    /// written there.
    Number(&'static str),
    /// A JSON pointer into the whole document, for what the items of a batch share.
    Document(&'static str),
    /// An attribute of a CloudEvent, by its name: a `ce-` header in binary mode, decoded, else a member of the event's JSON.
    /// Only for [cloud events](super::Provider::cloud_events).
    Attribute(&'static str),
    /// A field of a form, decoded; the last one of its name.
    Form(&'static str),
    /// The id that the scheme signed: see [`Hmac::id`](super::Hmac::id).
    SignedId,
    /// A pair of the signature's own header: see [`Syntax::Pairs`](super::Syntax::Pairs).
    SignaturePair(&'static str),
    /// The time that stands first in the signature's own header: see [`Syntax::AfterTime`](super::Syntax::AfterTime).
    SignatureTime,
    /// SHA-256 of the payload, in hexadecimal digits: beside an id that is not signed, never as the only identity.
    PayloadDigest,
    /// The day (UTC) of a Unix time in seconds, as `2026-11-21`.
    Day(&'static At),
    /// The first of these that is there.
    FirstOf(&'static [At]),
    /// All of these with the text between them; nowhere if one is missing.
    Joined(&'static [At], &'static str),
    /// Empty where it is missing: only within an [identity](super::Provider::identity).
    Optional(&'static At),
    /// What a function makes of the text at another place.
    Made(&'static At, Make),
    /// These characters.
    Text(&'static str),
    /// What the string at this JSON pointer into the event holds, unescaped: a message within a message. Only as a
    /// [payload](super::Provider::payload).
    Inner(&'static str),
    /// The name of the first of these members that is there, for a provider whose events differ by which member they
    /// have: JSON pointers into the event, of which the last name counts.
    NameOf(&'static [&'static str]),
}

/// A function for [`At::Made`]; `None` is nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Make(pub fn(&str) -> Option<String>);

impl PartialEq for Make {
    fn eq(&self, other: &Self) -> bool {
        ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Make {}

/// How one request brings its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Batch {
    /// One request, one event.
    One,
    /// The JSON array at this pointer; `""` is the document itself.
    List(&'static str),
    /// CloudEvents: the content type says whether one comes in headers and body, as a JSON document, or a JSON list of them.
    CloudEvents,
    /// One JSON value a line; a document that is one array brings its elements, one object itself.
    Lines,
}

/// What is read of a CloudEvent whatever its provider wants: the attributes that each must have, then those of its data.
pub(crate) const CLOUD_EVENT: [&str; 7] =
    ["specversion", "id", "source", "type", "data", "data_base64", "datacontenttype"];

/// Which try of the sender's a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// The provider does not say.
    Unknown,
    /// Counted from 1.
    Count(At),
    /// How many tries came before: absent at first.
    Retry(At),
}

/// For how long a provider itself sends again what was not answered with success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retries {
    /// Never: what waits inline for another event is lost, so order is refused there.
    Never,
    /// For so many hours after the first try.
    Hours(u32),
}

/// Where an event keeps what is known about it; filled by the methods of [`Provider`](super::Provider).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    /// The form field that holds the JSON document where the body is a form.
    pub(crate) form_json: Option<&'static str>,
    pub(crate) batch: Batch,
    pub(crate) label: At,
    pub(crate) identity: &'static [At],
    pub(crate) nonce: At,
    pub(crate) kind: At,
    pub(crate) time: At,
    pub(crate) time_unit: TimeUnit,
    pub(crate) payload: At,
    pub(crate) stable: At,
    pub(crate) version: At,
    pub(crate) attempt: Attempt,
}

impl Envelope {
    pub(crate) const EMPTY: Self = Self {
        form_json: None,
        batch: Batch::One,
        label: At::Nowhere,
        identity: &[],
        nonce: At::Nowhere,
        kind: At::Nowhere,
        time: At::Nowhere,
        time_unit: TimeUnit::Seconds,
        payload: At::Json(""),
        stable: At::PayloadDigest,
        version: At::Nowhere,
        attempt: Attempt::Unknown,
    };
}
