//! The parts of a request that a signature can cover.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header::AsHeaderName, request::Parts};

use crate::digest::Digest;

/// A request as it was received: body untouched, still compressed if it came so.
///
/// Made from a whole request, or from what a handler has at hand:
///
/// ```
/// use bytes::Bytes;
/// use http::HeaderMap;
/// use inhook::Incoming;
///
/// fn incoming<'r>(headers: &'r HeaderMap, body: &'r Bytes) -> Incoming<'r> {
///     (headers, body).into()
/// }
/// # incoming(&HeaderMap::new(), &Bytes::new());
/// ```
///
/// Headers and body alone are not enough for a provider that signs its URL: that is
/// [`MissingTarget`](crate::ErrorKind::MissingTarget), never a pass.
#[derive(Clone)]
pub struct Incoming<'r> {
    pub(crate) target: Option<(&'r Method, &'r Uri)>,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) received: Option<&'r Received>,
    pub(crate) body: Body<'r>,
}

impl<'r> Incoming<'r> {
    /// What a receiver got, its headers taken out of the head.
    pub(crate) fn received(head: &'r Parts, received: &'r Received, body: &'r Bytes) -> Self {
        let target = Some((&head.method, &head.uri));
        Self { target, headers: &received.headers, received: Some(received), body: Body::Borrowed(body) }
    }

    /// The body, and its digest, to be made while it is read for its signature; `None` where nobody will ask for that.
    pub(crate) fn digested(&self) -> Option<(&Bytes, &'r Digest)> {
        Some((self.body.as_bytes(), self.received?.digest.as_ref()?))
    }
}

/// What whoever receives a request keeps of it for its events.
pub(crate) struct Received {
    /// Shared with them, which saves a copy.
    pub(crate) headers: Arc<HeaderMap>,
    /// Of the body, where it is going to be asked for.
    pub(crate) digest: Option<Digest>,
}

/// Borrowed where it can be: the first clone of `Bytes` made from a vector allocates.
#[derive(Clone)]
pub(crate) enum Body<'r> {
    Borrowed(&'r Bytes),
    Owned(Bytes),
}

impl Body<'_> {
    pub(crate) fn as_bytes(&self) -> &Bytes {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// Up to how many headers comparing their names takes less time than hashing one; measured.
const FEW: usize = 16;

/// The first value of a header.
#[inline]
pub(crate) fn first_value<N>(headers: &HeaderMap, name: N) -> Option<&HeaderValue>
where
    N: AsHeaderName,
    HeaderName: PartialEq<N>,
{
    match headers.len() {
        0..=FEW => headers.iter().find(|(other, _)| **other == name).map(|(_, value)| value),
        _ => headers.get(name),
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("body_bytes", &self.body.as_bytes().len()).finish_non_exhaustive()
    }
}

impl<'r> From<&'r Request<Bytes>> for Incoming<'r> {
    fn from(request: &'r Request<Bytes>) -> Self {
        Self {
            target: Some((request.method(), request.uri())),
            headers: request.headers(),
            received: None,
            body: Body::Borrowed(request.body()),
        }
    }
}

impl<'r> From<(&'r Parts, Bytes)> for Incoming<'r> {
    fn from((head, body): (&'r Parts, Bytes)) -> Self {
        Self {
            target: Some((&head.method, &head.uri)),
            headers: &head.headers,
            received: None,
            body: Body::Owned(body),
        }
    }
}

impl<'r> From<(&'r Parts, &'r Bytes)> for Incoming<'r> {
    fn from((head, body): (&'r Parts, &'r Bytes)) -> Self {
        Self {
            target: Some((&head.method, &head.uri)),
            headers: &head.headers,
            received: None,
            body: Body::Borrowed(body),
        }
    }
}

impl<'r> From<(&'r HeaderMap, Bytes)> for Incoming<'r> {
    fn from((headers, body): (&'r HeaderMap, Bytes)) -> Self {
        Self { target: None, headers, received: None, body: Body::Owned(body) }
    }
}

impl<'r> From<(&'r HeaderMap, &'r Bytes)> for Incoming<'r> {
    fn from((headers, body): (&'r HeaderMap, &'r Bytes)) -> Self {
        Self { target: None, headers, received: None, body: Body::Borrowed(body) }
    }
}
