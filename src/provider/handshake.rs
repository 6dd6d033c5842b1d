//! How a provider proves that an endpoint is its owner's, before it sends events there.

use super::At;

/// A request that is no event: it is answered as its provider wants, and never reaches a handler.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    pub(crate) method: Verb,
    pub(crate) when: When,
    pub(crate) proof: Proof,
    pub(crate) echo: Echo,
}

impl Handshake {
    /// A POST in which `at` says `value`, signed like any event.
    pub const fn post(at: At, value: &'static str) -> Self {
        Self { method: Verb::Post, when: When::Is(at, value), proof: Proof::Scheme, echo: Echo::Empty }
    }

    /// A GET that carries `at`, authenticated like any event.
    pub const fn get(at: At) -> Self {
        Self { method: Verb::Get, when: When::Has(at), proof: Proof::Scheme, echo: Echo::Empty }
    }

    /// A HEAD, which nobody signs: it says that the address answers, and nothing else.
    pub const fn head() -> Self {
        Self { method: Verb::Head, when: When::Always, proof: Proof::None, echo: Echo::Empty }
    }

    /// Signed with this well-known key in place of the secret. Whoever knows it can make such a request, so it must
    /// be one that brings nothing.
    pub const fn signed_with(mut self, key: &'static str) -> Self {
        self.proof = Proof::Key(key);
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    Empty,
    Text(At),
    Json(&'static str, At),
}
