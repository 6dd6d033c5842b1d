//! A scheme's data made ready for requests: names parsed, keys in, what every request asks worked out.

use std::borrow::Cow;

#[cfg(feature = "asymmetric")]
use super::certificate::Trust;
use super::{keys::Key, mac::TokenHash};
#[cfg(feature = "asymmetric")]
use crate::provider::Keys;
use crate::{
    Error, Incoming,
    provider::{
        self, At, Part,
        locate::{self, Spot},
    },
};

/// One way of proving who sent a request, with its keys.
#[derive(Clone)]
pub(super) struct Scheme {
    pub(super) data: provider::Scheme,
    /// In the order of the secrets.
    pub(super) keys: Vec<Key>,
    /// Where its proofs may stand.
    pub(super) places: Vec<Spot>,
    pub(super) timestamp: Spot,
    /// Whether the timestamp is a part of what is signed by itself, and not only within the body.
    pub(super) stamped: bool,
    pub(super) id: Spot,
    /// What parts the id from what is signed after it: not in any id.
    pub(super) separators: Vec<&'static [u8]>,
    /// Where a certificate's address stands, and who vouches for it.
    #[cfg(feature = "asymmetric")]
    pub(super) certificate: Spot,
    #[cfg(feature = "asymmetric")]
    pub(super) trust: Option<Trust>,
}

/// The number of a proof's place, and what stands there.
pub(super) type Borne<'a> = (usize, Cow<'a, [u8]>);

impl Scheme {
    pub(super) fn of(data: &provider::Scheme, keys: Vec<Key>) -> Self {
        let template = data.template();
        let parts = template.map_or(&[][..], |template| template.parts);
        let timestamp = template.and_then(|template| template.timestamp).map_or(At::Nowhere, |(at, _)| at);
        let behind_id = |pair: &[Part]| match pair {
            [Part::Id, Part::Text(separator)] if !separator.is_empty() => Some(separator.as_bytes()),
            _ => None,
        };
        let places = std::iter::once(data.place()).chain(data.others().iter().copied()).map(Spot::of).collect();
        Self {
            data: *data,
            keys,
            places,
            timestamp: Spot::of(timestamp),
            stamped: timestamp != At::Nowhere && parts.contains(&Part::Timestamp),
            id: Spot::of(template.map_or(At::Nowhere, |template| template.id)),
            separators: parts.windows(2).filter_map(behind_id).collect(),
            #[cfg(feature = "asymmetric")]
            certificate: Spot::of(match data {
                provider::Scheme::PublicKey(provider::PublicKey { keys: Keys::Fetched(data), .. }) => data.at,
                _ => At::Nowhere,
            }),
            #[cfg(feature = "asymmetric")]
            trust: None,
        }
    }

    /// Whether a header that comes twice with the same value is taken.
    fn repeats(&self) -> bool {
        self.data.template().is_some_and(|template| template.repeats)
    }

    /// The first of its proofs that a request bears, and the number of its place.
    #[inline(always)]
    pub(super) fn first<'a>(&self, request: &'a Incoming<'_>) -> Result<Option<Borne<'a>>, Error> {
        if let provider::Scheme::Custom(custom) = &self.data
            && let Some((at, fits)) = custom.only_where
            && !fits(locate::find(at, request, false)?.as_deref())
        {
            return Ok(None);
        }
        for (at, place) in self.places.iter().enumerate() {
            if let Some(text) = place.find(request, self.repeats())? {
                return Ok(Some((at, text)));
            }
        }
        Ok(None)
    }

    /// Those that it bears at the places after that one.
    #[inline(always)]
    pub(super) fn after<'a>(&self, at: usize, request: &'a Incoming<'_>) -> Result<Vec<Cow<'a, [u8]>>, Error> {
        match self.places.get(at + 1..) {
            None | Some([]) => Ok(Vec::new()),
            Some(others) => self.all(others, request),
        }
    }

    fn all<'a>(&self, places: &[Spot], request: &'a Incoming<'_>) -> Result<Vec<Cow<'a, [u8]>>, Error> {
        let found = places.iter().map(|place| place.find(request, self.repeats()));
        found.filter_map(Result::transpose).collect()
    }

    /// Whether it judges by public keys that the verifier was given.
    #[cfg(feature = "diagnose")]
    pub(super) fn has_public_keys(&self) -> bool {
        #[cfg(feature = "asymmetric")]
        return self.keys.iter().any(|key| matches!(key, Key::Public(_)));
        #[cfg(not(feature = "asymmetric"))]
        false
    }

    /// The number of the token that this is. All are compared.
    pub(super) fn knows(&self, hash: &TokenHash) -> Option<usize> {
        let mut which = None;
        for (at, key) in self.keys.iter().enumerate() {
            if matches!(key, Key::Token(token) if token.is(hash)) && which.is_none() {
                which = Some(at);
            }
        }
        which
    }
}
