//! How a provider proves that an endpoint is its owner's, before it sends events there.

use std::fmt;

use super::{At, Encoding, Pinned, Tagger};

/// A request that is no event: it is answered as its provider wants, and never reaches a handler.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    pub(crate) method: Verb,
    pub(crate) when: When,
    pub(crate) also: Option<(At, &'static str)>,
    pub(crate) unless: At,
    pub(crate) status: u16,
    pub(crate) confirm: Option<(At, Pinned)>,
    pub(crate) proof: Proof,
    pub(crate) echo: Echo,
    /// The JSON that an answer's function reads.
    pub(crate) reads: &'static [At],
    /// What a sender could ask, for `inhook::testing`.
    pub(crate) sample: &'static str,
}

impl Handshake {
    const fn of(method: Verb, when: When, proof: Proof) -> Self {
        Self {
            method,
            when,
            also: None,
            unless: At::Nowhere,
            status: 200,
            confirm: None,
            proof,
            echo: Echo::Empty,
            reads: &[],
            sample: SAMPLE,
        }
    }

    /// A POST in which `at` says `value`, signed like any event.
    pub const fn post(at: At, value: &'static str) -> Self {
        Self::of(Verb::Post, When::Is(at, value), Proof::Scheme)
    }

    /// A GET that carries `at`, authenticated like any event.
    pub const fn get(at: At) -> Self {
        Self::of(Verb::Get, When::Has(at), Proof::Scheme)
    }

    /// A HEAD, which nobody signs: it says that the address answers, and nothing else.
    pub const fn head() -> Self {
        Self::of(Verb::Head, When::Always, Proof::None)
    }

    /// A POST that carries `at`, authenticated like any event.
    pub const fn post_with(at: At) -> Self {
        Self::of(Verb::Post, When::Has(at), Proof::Scheme)
    }

    /// Only where another place says `value`.
    pub const fn and(mut self, at: At, value: &'static str) -> Self {
        self.also = Some((at, value));
        self
    }

    /// Only where nothing stands at this place.
    pub const fn unless(mut self, at: At) -> Self {
        self.unless = at;
        self
    }

    /// Answered with this status in place of 200. An empty answer says that it is JSON, for Discord wants a type.
    pub const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Whoever owns the address has to visit another one, which stands at `at` and is handed on only if it is one of
    /// these: see [`Delivery::confirmation`](crate::Delivery::confirmation).
    pub const fn confirm(mut self, at: At, pinned: Pinned) -> Self {
        self.confirm = Some((at, pinned));
        self
    }

    /// Nobody signs it: it must bring nothing, and its answer tell nothing.
    pub const fn unsigned(mut self) -> Self {
        self.proof = Proof::None;
        self
    }

    /// Proved by the [verify token](crate::VerifierBuilder::verify_token) at `at`, in place of a signature. Refused where
    /// the verifier was told none.
    pub const fn verify_token(mut self, at: At) -> Self {
        self.proof = Proof::VerifyToken(at);
        self
    }

    /// Signed with this well-known key in place of the secret. Whoever knows it can make such a request, so it must
    /// be one that brings nothing.
    pub const fn signed_with(mut self, key: &'static str) -> Self {
        self.proof = Proof::Key(key);
        self
    }

    /// What such a request asks in tests, where not every text is a question that is answered.
    pub const fn sample(mut self, text: &'static str) -> Self {
        self.sample = text;
        self
    }

    /// Answered with the text at `at`.
    pub const fn echo_text(mut self, at: At) -> Self {
        self.echo = Echo::Text(at);
        self
    }

    /// Answered with a JSON object of one `field`: the text at `at`.
    pub const fn echo_json(mut self, field: &'static str, at: At) -> Self {
        self.echo = Echo::Json(field, at);
        self
    }
}

impl Handshake {
    /// Answered with an empty body, and the text at `at` in this header.
    pub const fn echo_header(mut self, name: &'static str, at: At) -> Self {
        self.echo = Echo::Header(name, at);
        self
    }

    /// Answered with the JSON that `answer` makes of what stands at `reads`; `None` is an envelope that cannot be read.
    pub const fn answer_json(mut self, reads: &'static [At], answer: fn(&Challenge<'_>) -> Option<String>) -> Self {
        (self.reads, self.echo) = (reads, Echo::MadeJson(answer));
        self
    }

    /// Answered with the text that `answer` makes of what stands at `reads`; `None` is an envelope that cannot be read.
    pub const fn answer_text(mut self, reads: &'static [At], answer: fn(&Challenge<'_>) -> Option<String>) -> Self {
        (self.reads, self.echo) = (reads, Echo::MadeText(answer));
        self
    }
}

const SAMPLE: &str = "challenge";

/// A handshake that waits for an answer of a provider's own making.
pub struct Challenge<'a> {
    pub(crate) text: &'a dyn Fn(At) -> Option<String>,
    pub(crate) tag: &'a Tagger<'a>,
    pub(crate) public_key: Option<&'a str>,
}

impl Challenge<'_> {
    /// The text at a place.
    pub fn text(&self, at: At) -> Option<String> {
        (self.text)(at)
    }

    /// The HMAC over `text`, in this encoding, with the secret that proved the request, else the first.
    pub fn tag(&self, text: &str, encoding: Encoding) -> String {
        (self.tag)(&[text.as_bytes()], encoding)
    }

    /// The public key that the verifier was told.
    pub fn public_key(&self) -> Option<&str> {
        self.public_key
    }
}

impl fmt::Debug for Challenge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Head,
    Post,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    Has(At),
    Is(At, &'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    None,
    Scheme,
    Key(&'static str),
    VerifyToken(At),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Echo {
    Empty,
    Text(At),
    Json(&'static str, At),
    Header(&'static str, At),
    MadeJson(fn(&Challenge<'_>) -> Option<String>),
    MadeText(fn(&Challenge<'_>) -> Option<String>),
}
