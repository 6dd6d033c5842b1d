//! One provider, put together from what it signs, where it puts things and what it wants to hear.

use std::{fmt, time::Duration};

#[cfg(feature = "asymmetric")]
use super::Algorithm;
use super::{At, Attempt, Batch, Envelope, Handshake, Retries, Scheme, TimeUnit};

const DAY: u64 = 86_400;

/// What comes with success where a handler says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thanks {
    Nothing,
    Text(&'static str),
    Json(&'static str),
}

/// One service that sends webhooks, as data.
#[derive(Clone, Copy)]
pub struct Provider {
    pub(crate) name: &'static str,
    pub(crate) docs: &'static str,
    /// Tried in order: the first whose signature is there judges the request, and nothing falls through to the next.
    pub(crate) schemes: [Option<Scheme>; 3],
    pub(crate) requires: &'static [&'static str],
    pub(crate) bears: &'static [&'static str],
    pub(crate) accepts: &'static [&'static str],
    pub(crate) past: Option<Duration>,
    pub(crate) future: Duration,
    pub(crate) past_is_inclusive: bool,
    pub(crate) envelope: Envelope,
    pub(crate) handshakes: &'static [Handshake],
    pub(crate) needs_body: bool,
    pub(crate) by_get: bool,
    pub(crate) needs_public_key: bool,
    pub(crate) expects: &'static [&'static str],
    pub(crate) success: u16,
    pub(crate) thanks: Thanks,
    pub(crate) refused: u16,
    pub(crate) again: Option<u16>,
    pub(crate) deadline: Duration,
    pub(crate) retries: Retries,
    pub(crate) remember: Duration,
}

impl Provider {
    /// `name` is lower-case snake case and scopes all that is remembered: never change it once it is in use.
    pub const fn new(name: &'static str, scheme: Scheme) -> Self {
        Self {
            name,
            docs: "",
            schemes: [Some(scheme), None, None],
            requires: &[],
            bears: &[],
            accepts: &[],
            past: None,
            future: Duration::from_secs(300),
            past_is_inclusive: true,
            envelope: Envelope::EMPTY,
            handshakes: &[],
            needs_body: false,
            by_get: false,
            needs_public_key: false,
            expects: &[],
            success: 200,
            thanks: Thanks::Nothing,
            refused: 401,
            again: None,
            deadline: Duration::from_secs(5),
            retries: Retries::Hours(24 * 31),
            remember: Duration::from_secs(31 * DAY),
        }
    }

    /// The same provider under another name: for two senders that sign alike (Standard Webhooks, Svix), or two endpoints
    /// of one, whose receivers share a store. What is remembered is scoped by this name, so without it an id of the one
    /// would be a duplicate of the other's.
    ///
    /// ```
    /// use inhook::{Provider, provider::STANDARD_WEBHOOKS};
    ///
    /// const ACME: Provider = STANDARD_WEBHOOKS.named("acme");
    /// const GLOBEX: Provider = STANDARD_WEBHOOKS.named("globex");
    /// ```
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Where the provider documents this.
    pub const fn docs(mut self, url: &'static str) -> Self {
        self.docs = url;
        self
    }

    /// Another scheme that the same provider uses, just as strong: it judges a request that bears its signature and
    /// none of the schemes before it.
    ///
    /// # Panics
    /// At compile time, in a `const`: for more than three schemes.
    #[expect(clippy::panic, reason = "a mistake in a constant, found when it is compiled")]
    pub const fn or(mut self, scheme: Scheme) -> Self {
        match &mut self.schemes {
            [_, slot @ None, _] | [_, _, slot @ None] => *slot = Some(scheme),
            _ => panic!("at most three schemes"),
        }
        self
    }

    /// Proved by this scheme alone, in place of its own: for a sender whose header or query parameter you name yourself, or
    /// one behind something that signs for it. Remembered under the same name.
    ///
    /// ```
    /// use inhook::{
    ///     Provider,
    ///     provider::{At, CLOUDEVENTS, Scheme, StaticToken},
    /// };
    ///
    /// const ACME: Provider = CLOUDEVENTS.named("acme").scheme(Scheme::Token(StaticToken::bare(At::Header("x-acme-key"))));
    /// ```
    pub const fn scheme(mut self, scheme: Scheme) -> Self {
        self.schemes = [Some(scheme), None, None];
        self
    }

    /// Headers, besides those that its scheme needs, without which a request is not one of this provider's: asked for
    /// beside the signature, as Shopify's own libraries do. What only the event needs, it [bears](Self::bears).
    pub const fn requires(mut self, headers: &'static [&'static str]) -> Self {
        self.requires = headers;
        self
    }

    /// Headers that every event bears and that prove nothing: an authentic request without one is refused as
    /// [`MissingHeader`](crate::ErrorKind::MissingHeader) when its envelope is read, since an unsigned id that somebody
    /// took away must not make it another event.
    pub const fn bears(mut self, headers: &'static [&'static str]) -> Self {
        self.bears = headers;
        self
    }

    /// Those that it [requires](Self::requires) or [bears](Self::bears).
    pub(crate) fn headers(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.requires.iter().chain(self.bears).copied()
    }

    /// Nothing of this provider's comes without a body, however well it is signed; [by GET](Self::by_get) nothing comes
    /// with one in any case.
    pub const fn needs_body(mut self) -> Self {
        self.needs_body = true;
        self
    }

    /// The content types that it sends, without parameters; any unless said. `application/json` stands for all that are
    /// JSON. Others are refused before the body is read.
    pub const fn accepts(mut self, types: &'static [&'static str]) -> Self {
        self.accepts = types;
        self
    }

    /// How old, and how far in the future, a signed timestamp may be, in seconds, both inclusive. Without this nothing
    /// is judged by its age. Where the future is 0, no [tolerance](crate::Tolerance::Within) of a verifier's own makes it
    /// more.
    pub const fn tolerance(mut self, past: u64, future: u64) -> Self {
        self.past = Some(Duration::from_secs(past));
        self.future = Duration::from_secs(future);
        self
    }

    /// An age of the whole tolerance is too old already.
    pub const fn exclusive_tolerance(mut self) -> Self {
        self.past_is_inclusive = false;
        self
    }

    /// The id that people look up; it says nothing about sameness.
    pub const fn label(mut self, at: At) -> Self {
        self.envelope.label = at;
        self
    }

    /// What makes two deliveries the same event: all of these together, the same on every retry, different for the next
    /// event on the same object. Empty: nothing does.
    pub const fn identity(mut self, places: &'static [At]) -> Self {
        self.envelope.identity = places;
        self
    }

    /// A signed token that is good for one event, for schemes that sign neither the body nor the id.
    pub const fn nonce(mut self, at: At) -> Self {
        self.envelope.nonce = at;
        self
    }

    /// What handlers are chosen by.
    pub const fn kind(mut self, at: At) -> Self {
        self.envelope.kind = at;
        self
    }

    /// When it happened, which is not when it was sent. Text in RFC 3339 is read whatever the `unit`.
    pub const fn time(mut self, at: At, unit: TimeUnit) -> Self {
        self.envelope.time = at;
        self.envelope.time_unit = unit;
        self
    }

    /// The part that a handler decodes; all of the event unless said.
    pub const fn payload(mut self, at: At) -> Self {
        self.envelope.payload = at;
        self
    }

    /// No part of the payload stays the same from retry to retry, so that another payload under the same id says
    /// nothing.
    pub const fn unstable_payload(mut self) -> Self {
        self.envelope.stable = At::Nowhere;
        self
    }

    /// The version of the payload's shape.
    pub const fn version(mut self, at: At) -> Self {
        self.envelope.version = at;
        self
    }

    /// Which try of the sender's a request is.
    pub const fn attempt(mut self, attempt: Attempt) -> Self {
        self.envelope.attempt = attempt;
        self
    }

    /// Where a body is a form, its JSON document stands in this field.
    pub const fn form_json(mut self, field: &'static str) -> Self {
        self.envelope.form_json = Some(field);
        self
    }

    /// How one request brings several events.
    pub const fn batch(mut self, batch: Batch) -> Self {
        self.envelope.batch = batch;
        self
    }

    /// Events come as [CloudEvents](https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md)
    /// 1.0 in any of the three modes of HTTP, whatever proves them. `source` and `id` together identify one, `type` is its
    /// kind, `time` when it happened, `dataschema` its version, and its data, decoded, the payload. What names the mode and,
    /// in binary mode, all attributes are headers, which hardly any scheme signs: none is said to be
    /// [covered](crate::Event::covers), and where the body is signed one that is an event itself is not taken for another's
    /// data. Other attributes: [`Event::attribute`](crate::Event::attribute).
    pub const fn cloud_events(mut self) -> Self {
        self.envelope = Envelope {
            batch: Batch::CloudEvents,
            label: At::Attribute("id"),
            identity: &[At::Attribute("source"), At::Attribute("id")],
            kind: At::Attribute("type"),
            time: At::Attribute("time"),
            time_unit: TimeUnit::Rfc3339,
            version: At::Attribute("dataschema"),
            ..Envelope::EMPTY
        };
        self
    }

    /// Events come by GET where an endpoint [was told so](crate::VerifierBuilder::by_get), with their fields in the URL's
    /// query: it is read as the form that a POST would bring. Only where that is signed, or nothing is.
    pub const fn by_get(mut self) -> Self {
        self.by_get = true;
        self
    }

    /// Requests that are no events.
    pub const fn handshakes(mut self, handshakes: &'static [Handshake]) -> Self {
        self.handshakes = handshakes;
        self
    }

    /// The status that says "taken"; 200 unless said.
    pub const fn success(mut self, status: u16) -> Self {
        self.success = status;
        self
    }

    /// The plain text that has to come with the success of an event whose handler gave no answer of its own.
    pub const fn success_text(mut self, text: &'static str) -> Self {
        self.thanks = Thanks::Text(text);
        self
    }

    /// The JSON that has to come with the success of an event whose handler gave no answer of its own.
    pub const fn success_json(mut self, json: &'static str) -> Self {
        self.thanks = Thanks::Json(json);
        self
    }

    /// Its verifiers have to be told a [public key](crate::VerifierBuilder::public_key) beside the secret.
    pub const fn needs_public_key(mut self) -> Self {
        self.needs_public_key = true;
        self
    }

    /// The same provider, of whose algorithms only these are taken: [`AWS_SNS`](super::AWS_SNS) without SHA-1, say.
    #[cfg(feature = "asymmetric")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
    pub const fn only(mut self, algorithms: &'static [Algorithm]) -> Self {
        let [first, second, third] = &mut self.schemes;
        if let Some(Scheme::PublicKey(scheme)) = first {
            scheme.algorithms = algorithms;
        }
        if let Some(Scheme::PublicKey(scheme)) = second {
            scheme.algorithms = algorithms;
        }
        if let Some(Scheme::PublicKey(scheme)) = third {
            scheme.algorithms = algorithms;
        }
        self
    }

    /// What its verifiers have to be told to [expect](crate::VerifierBuilder::expect), by name: for a provider whose
    /// genuine requests anybody can have sent to anybody.
    pub const fn expects(mut self, names: &'static [&'static str]) -> Self {
        self.expects = names;
        self
    }

    /// The status of a request whose signature or timestamp is refused; 401 unless said.
    pub const fn refused(mut self, status: u16) -> Self {
        self.refused = status;
        self
    }

    /// The one status after which it surely sends again: said, with a `Retry-After`, in place of 500 for what failed and
    /// 503 for what has to wait, where one of them would make an end of the event.
    pub const fn again(mut self, status: u16) -> Self {
        self.again = Some(status);
        self
    }

    /// For how many seconds this provider waits for an answer; 5 unless said.
    pub const fn deadline(mut self, secs: u64) -> Self {
        self.deadline = Duration::from_secs(secs);
        self
    }

    /// For how long this provider sends again by itself.
    pub const fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// For how many days the same event may come again, by hand too; 31 unless said, and never less than the
    /// provider's own [retries](Self::retries).
    pub const fn remember(mut self, days: u64) -> Self {
        self.remember = Duration::from_secs(days * DAY);
        self
    }

    /// Whether its verifiers are given a secret, or a key, at all: not where requests name certificates of the
    /// provider's own, which are fetched.
    pub fn has_secret(&self) -> bool {
        !self.schemes().all(Scheme::fetches)
    }

    /// The name under which [`by_name`](super::by_name) finds it, if it is one of [`ALL`](super::ALL).
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}
