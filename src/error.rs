//! What can go wrong, and what a provider is told then.

use std::{error, fmt};

use http::StatusCode;

use crate::KeyId;

type Source = Box<dyn error::Error + Send + Sync>;

/// Why something was refused or failed.
///
/// It never holds a secret or a signature. The source of a [`Payload`](ErrorKind::Payload) error is the decoder's own,
/// and may quote a value that did not fit. `Display` is one line and does not repeat [`source`](error::Error::source).
#[derive(thiserror::Error)]
#[error("{kind}{}{detail}", if detail.is_empty() { "" } else { ": " })]
pub struct Error {
    kind: ErrorKind,
    detail: &'static str,
    #[source]
    source: Option<Source>,
}

/// The reason of an [`Error`]; `Display` and [`as_str`](Self::as_str) never change, so both can label a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request comes from an address that is not allowed, or not by HTTPS where only that is.
    Address,
    /// The signature or token is not one that a configured secret makes.
    BadSignature,
    /// More requests are in flight than the receiver was told to take, or it is closing.
    Capacity,
    /// What a builder was given does not fit together. With tenants it can also be found per request.
    Config,
    /// Authentic, but no envelope can be read from it.
    Envelope,
    /// The signed timestamp is further in the future than the tolerance.
    FutureTimestamp,
    /// The body was cut off, or did not arrive in time.
    Incomplete,
    /// A secret is empty, blank, or not in the form that its provider uses.
    InvalidSecret,
    /// The key that a request names is not known, or cannot be had now: see [`Error::key_needed`].
    KeyUnavailable,
    /// The key that a request names is nobody's to trust: its address is not one of the provider's, its certificate does
    /// not lead to a trusted root, is not valid now, or bears another name.
    KeyUntrusted,
    /// The signature stands in the body, and the body cannot be read.
    MalformedBody,
    /// A header (or field) that authentication needs cannot be read, or comes more than once.
    MalformedHeader,
    /// The body is of a type that this provider does not send.
    MediaType,
    /// The method is neither POST nor one of the provider's handshakes.
    Method,
    /// A header (or field) that authentication needs is absent or empty.
    MissingHeader,
    /// The scheme signs method or URL, and the caller handed over headers and body only.
    MissingTarget,
    /// No tenant goes with the request.
    NoTenant,
    /// The payload is not what the handler's type expects.
    Payload,
    /// A signature's one-time token came with another event before.
    Replay,
    /// The signed timestamp is older than the tolerance.
    StaleTimestamp,
    /// The store failed.
    Store,
    /// The body is longer than the limit.
    TooLarge,
    /// The address that a provider wants visited before it sends events could not be.
    Unconfirmed,
    /// It is signed, and what is signed is not what the verifier was told to [expect](crate::VerifierBuilder::expect), or
    /// lacks what it has to say: it is meant for somebody else.
    Unexpected,
    /// The request names an algorithm that its provider does not sign with.
    WrongAlgorithm,
}

impl ErrorKind {
    /// The name in snake case: stable, made for a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::BadSignature => "bad_signature",
            Self::Capacity => "capacity",
            Self::Config => "config",
            Self::Envelope => "envelope",
            Self::FutureTimestamp => "future_timestamp",
            Self::Incomplete => "incomplete",
            Self::InvalidSecret => "invalid_secret",
            Self::KeyUnavailable => "key_unavailable",
            Self::KeyUntrusted => "key_untrusted",
            Self::MalformedBody => "malformed_body",
            Self::MalformedHeader => "malformed_header",
            Self::MediaType => "media_type",
            Self::Method => "method",
            Self::MissingHeader => "missing_header",
            Self::MissingTarget => "missing_target",
            Self::NoTenant => "no_tenant",
            Self::Payload => "payload",
            Self::Replay => "replay",
            Self::StaleTimestamp => "stale_timestamp",
            Self::Store => "store",
            Self::TooLarge => "too_large",
            Self::Unconfirmed => "unconfirmed",
            Self::Unexpected => "unexpected",
            Self::WrongAlgorithm => "wrong_algorithm",
        }
    }

    /// What to answer, unless the provider's data says otherwise.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadSignature
            | Self::FutureTimestamp
            | Self::KeyUntrusted
            | Self::Replay
            | Self::StaleTimestamp
            | Self::Unexpected
            | Self::WrongAlgorithm => StatusCode::UNAUTHORIZED,
            Self::MalformedBody | Self::MalformedHeader | Self::MissingHeader => StatusCode::BAD_REQUEST,
            Self::Address => StatusCode::FORBIDDEN,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoTenant => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            // No 408 for what came too slowly: many a sender takes any 4xx for final.
            Self::Capacity | Self::Incomplete | Self::KeyUnavailable | Self::Store | Self::Unconfirmed => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Config | Self::Envelope | Self::InvalidSecret | Self::MissingTarget | Self::Payload => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// For a store, and for a tenant resolver whose database cannot be reached: answered 503, so that the provider sends
    /// again.
    pub fn store(source: impl Into<Source>) -> Self {
        Self::new(ErrorKind::Store, "").because(source)
    }

    /// For a [`Payload`](crate::Payload): answered 500, or buried where there are dead letters.
    pub fn payload(source: impl Into<Source>) -> Self {
        Self::new(ErrorKind::Payload, "").because(source)
    }

    /// For a tenant resolver whose configuration cannot be used: answered 500. A look-up that failed is
    /// [`store`](Self::store).
    pub fn config(source: impl Into<Source>) -> Self {
        Self::new(ErrorKind::Config, "").because(source)
    }

    /// For a [`KeySource`](crate::KeySource): answered 503, so that the provider sends again.
    pub fn key_source(source: impl Into<Source>) -> Self {
        Self::new(ErrorKind::KeyUnavailable, "").because(source)
    }

    /// For a [`Confirm`](crate::Confirm): answered 503, so that the provider asks again.
    pub fn unconfirmed(source: impl Into<Source>) -> Self {
        Self::new(ErrorKind::Unconfirmed, "").because(source)
    }

    /// A request cannot be judged without this key.
    #[cfg(feature = "asymmetric")]
    pub(crate) fn needs_key(id: KeyId) -> Self {
        Self::new(ErrorKind::KeyUnavailable, "").because(Needed(id))
    }

    /// The key without which the request cannot be judged: fetch it, [teach](crate::Verifier::learn) it to the verifier
    /// and authenticate once more. A [`Receiver`](crate::Receiver) does so by itself.
    pub fn key_needed(&self) -> Option<&KeyId> {
        self.source.as_ref()?.downcast_ref::<Needed>().map(|Needed(id)| id)
    }

    pub(crate) const fn new(kind: ErrorKind, detail: &'static str) -> Self {
        Self { kind, detail, source: None }
    }

    pub(crate) fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The reason, to match on.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to answer, unless the provider's data says otherwise: [`ErrorKind::status`].
    pub const fn status(&self) -> StatusCode {
        self.kind.status()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is not known")]
struct Needed(KeyId);

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.kind);
        if !self.detail.is_empty() {
            out.field("detail", &self.detail);
        }
        if let Some(source) = &self.source {
            out.field("source", source);
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_does_not_repeat_the_source() {
        let error = Error::store("the disk is full");
        assert_eq!(error.to_string(), "store");
        assert_eq!(error::Error::source(&error).unwrap().to_string(), "the disk is full");
        assert_eq!(Error::new(ErrorKind::Config, "no secret").to_string(), "config: no secret");
    }

    #[test]
    fn an_error_is_small() {
        assert!(size_of::<Error>() <= 40);
    }
}
