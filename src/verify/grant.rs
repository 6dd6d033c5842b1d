//! Who may ask whether this address is its owner's, where no secret says so: by what the verifier was told.

use std::num::NonZeroU32;

use super::{Verifier, VerifierBuilder, judge::REFUSED};
use crate::{
    Error, Incoming,
    provider::{At, Proof, WEB_HOOK_ORIGIN, locate},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Grants {
    origins: Vec<String>,
    rate: Option<NonZeroU32>,
    topics: Vec<String>,
}

impl Grants {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let names = |text: &String| !text.trim().is_empty() && !text.contains('*');
        if !self.origins.iter().all(names) {
            return Err("an allowed origin is a host's name");
        }
        if self.topics.iter().any(String::is_empty) {
            return Err("a topic is an address");
        }
        Ok(())
    }
}

impl VerifierBuilder {
    /// A sender that may have events delivered here, as it calls itself when it
    /// [asks](crate::provider::Handshake::web_hook_origin), such as `eventemitter.example.com`; call it again for others.
    /// Case does not count. Whoever is not named is refused: there is no name for all.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.grants.origins.push(origin.into());
        self
    }

    /// How many requests a minute an allowed sender is told it may make; as many as it likes, unless said. It is what
    /// the sender is told, not a limit that is kept here.
    pub fn allow_rate(mut self, per_minute: NonZeroU32) -> Self {
        self.grants.rate = Some(per_minute);
        self
    }

    /// A topic that was subscribed to, by its exact address (WebSub); call it again for others. A hub's question about
    /// another one is answered with no.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.grants.topics.push(topic.into());
        self
    }
}

impl Verifier {
    /// Whether such a question may be answered.
    pub(super) fn permit(&self, proof: Proof, request: &Incoming<'_>) -> Result<(), Error> {
        let grants = &self.0.grants;
        let permitted = match proof {
            Proof::Origin(known) => {
                let origin = locate::find(At::Header(WEB_HOOK_ORIGIN), request, false)?.ok_or(locate::missing())?;
                let all = known.iter().copied().chain(grants.origins.iter().map(String::as_str));
                all.into_iter().any(|name| origin.eq_ignore_ascii_case(name.as_bytes()))
            }
            Proof::Topic { at, known } => {
                let topic = locate::find(at, request, false)?.ok_or(locate::missing())?;
                grants.topics.iter().any(|name| *topic == *name.as_bytes()) == known
            }
            _ => false,
        };
        if permitted { Ok(()) } else { Err(REFUSED) }
    }

    /// How many requests a minute a sender is told it may make.
    pub(crate) fn rate(&self) -> Option<NonZeroU32> {
        self.0.grants.rate
    }
}
