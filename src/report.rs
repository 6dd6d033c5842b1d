//! What became of a request.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::Response;

use crate::{Answer, Error, Failure, store::Key};

/// What became of each event of one delivery, in its order.
#[derive(Debug)]
#[must_use]
pub struct Report {
    pub(crate) outcomes: Vec<Outcome>,
    /// Boxed, since it goes from hand to hand.
    pub(crate) response: Box<Response<Bytes>>,
}

impl Report {
    /// One for each event; one alone for a handshake, and where there was no room for the whole delivery.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Everything is done or kept: any 2xx is right. Otherwise only a failure makes the provider send again,
    /// and of some providers [one status](crate::Provider::again) alone: [`into_response`](Self::into_response) says it.
    pub fn settled(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.end.settled())
    }

    /// What [`Receiver::receive`](crate::Receiver::receive) would have answered.
    pub fn into_response(self) -> Response<Bytes> {
        *self.response
    }
}

/// One event's end, or that of a request that never became an event.
///
/// `Debug` prints no payload and no secret; a failure's own text is whatever the handler put into it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// `None` where the tenant, and so the provider, was not found.
    pub provider: Option<Cow<'static, str>>,
    /// Whose endpoint it came to.
    pub tenant: Option<String>,
    /// Which of the verifier's secrets matched, in the order that its builder was given them: once the old one is seen no
    /// more, its rotation is over. `None` where nothing was proved, and for a key that was fetched.
    pub secret: Option<usize>,
    /// What it is remembered under. `None` of an event that was handled, failed or was buried says that nothing identifies
    /// it, so that it may be handled twice; what never came so far has none either.
    pub key: Option<Key>,
    /// The id that people look up.
    pub label: Option<String>,
    /// What handlers are chosen by.
    pub kind: Option<String>,
    /// The same payload was handled before under another id that is not signed.
    pub twin: bool,
    /// How it ended.
    pub end: End,
}

/// How an event, or a request that never became one, ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum End {
    /// By its handler, with this answer.
    Handled(Answer),
    /// Kept as a dead letter.
    Buried(Failure),
    /// It was handled before, with this answer.
    Duplicate(Option<Answer>),
    /// Another payload was handled before under the same id.
    Conflict,
    /// Its stream had gone past it: something newer was applied, or its sequence went on without it. The latter is kept
    /// where there are [dead letters](crate::Builder::dead_letters).
    Stale,
    /// No handler takes its kind.
    Unhandled,
    /// It was no event.
    Handshake,
    /// An earlier event of its stream, in the same request, did not settle.
    Skipped,
    /// Somebody else held it or its stream until the deadline.
    Busy {
        /// When it is worth another try.
        retry_after: Duration,
    },
    /// The handler outlived its lease, and somebody else has begun the same event.
    Lost,
    /// Its handler failed.
    Failed(Failure),
    /// Its handler panicked, or what else of yours was asked about it: `key_by`, `ordered_by`, tenants, the store.
    Panicked,
    /// Its handler took longer than it was given.
    TimedOut,
    /// Before any handler: the request, its signature, its envelope or the store.
    Refused(Error),
}

impl End {
    /// The name in snake case: stable, made for a metric's label.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Handled(_) => "handled",
            Self::Buried(_) => "buried",
            Self::Duplicate(_) => "duplicate",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Unhandled => "unhandled",
            Self::Handshake => "handshake",
            Self::Skipped => "skipped",
            Self::Busy { .. } => "busy",
            Self::Lost => "lost",
            Self::Failed(_) => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::Refused(_) => "refused",
        }
    }

    /// Done or kept, so that success may be answered.
    pub const fn settled(&self) -> bool {
        match self {
            Self::Handled(_)
            | Self::Buried(_)
            | Self::Duplicate(_)
            | Self::Conflict
            | Self::Stale
            | Self::Unhandled
            | Self::Handshake => true,
            Self::Skipped
            | Self::Busy { .. }
            | Self::Lost
            | Self::Failed(_)
            | Self::Panicked
            | Self::TimedOut
            | Self::Refused(_) => false,
        }
    }
}
