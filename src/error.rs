//! What can go wrong, and what a provider is told then.

use std::{error, fmt};

use http::StatusCode;

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
    /// The signature or token is not one that a configured secret makes.
    BadSignature,
    /// More requests are in flight than the receiver was told to take, or it is closing.
    Capacity,
    /// A signed token does not say what it must: it was made for somebody else, or by somebody else.
    Claims,
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
    /// It is signed by an algorithm that does not count.
    WrongAlgorithm,
}

impl ErrorKind {
    /// The name in snake case: stable, made for a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::Capacity => "capacity",
            Self::Claims => "claims",
            Self::Config => "config",
            Self::Envelope => "envelope",
            Self::FutureTimestamp => "future_timestamp",
            Self::Incomplete => "incomplete",
            Self::InvalidSecret => "invalid_secret",
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
            Self::WrongAlgorithm => "wrong_algorithm",
        }
    }

    /// What to answer, unless the provider's data says otherwise.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadSignature
            | Self::Claims
            | Self::FutureTimestamp
            | Self::StaleTimestamp
            | Self::Replay
            | Self::WrongAlgorithm => StatusCode::UNAUTHORIZED,
            Self::MalformedBody | Self::MalformedHeader | Self::MissingHeader => StatusCode::BAD_REQUEST,
            Self::Incomplete => StatusCode::REQUEST_TIMEOUT,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoTenant => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Capacity | Self::Store => StatusCode::SERVICE_UNAVAILABLE,
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
    /// For a store: answered 503, so that the provider sends again.
    pub fn store(source: impl Into<Source>) -> Self {
        Self::new(ErrorKind::Store, "").because(source)
    }

    /// For a [`Payload`](crate::Payload): answered 500, or buried where there are dead letters.
    pub fn payload(source: impl Into<Source>) -> Self {
        Self::new(ErrorKind::Payload, "").because(source)
    }

    /// For a tenant resolver whose configuration cannot be used or looked up: answered 500.
    pub fn config(source: impl Into<Source>) -> Self {
        Self::new(ErrorKind::Config, "").because(source)
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
