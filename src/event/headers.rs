//! What came beside the body, less what proves or gives away anything.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
};
use memchr::memchr_iter;

use crate::verify::Verified;

/// With these an app built on Atlassian's Forge acts for itself, or for the user.
const FORGE_TOKENS: &str = "x-forge-oauth-";

/// Headers as they were received; `Debug` prints their names and no value.
///
/// Looking at them for the first time puts them into a map, which most handlers never do.
#[derive(Clone, Default)]
pub struct Headers(Arc<Listed>);

#[derive(Default)]
struct Listed {
    origin: Origin,
    map: OnceLock<HeaderMap>,
}

enum Origin {
    /// Those to hand on.
    Kept(Vec<(HeaderName, HeaderValue)>),
    /// All of them, which nobody sees before they are sifted, and those of them that prove who sent them.
    Received(Arc<HeaderMap>, Arc<[&'static str]>),
}

impl Default for Origin {
    fn default() -> Self {
        Self::Kept(Vec::new())
    }
}

impl Headers {
    /// What is handed on of an authentic request's.
    pub(super) fn of(verified: &Verified<'_>) -> Self {
        let (all, proofs) = (verified.request.headers, &verified.verifier.plan().proofs);
        let origin = match verified.request.received {
            Some(received) => Origin::Received(Arc::clone(&received.headers), Arc::clone(proofs)),
            None => {
                let mut list = Vec::with_capacity(all.len());
                list.extend(sifted(all, proofs));
                Origin::Kept(list)
            }
        };
        Self(Arc::new(Listed { origin, map: OnceLock::new() }))
    }

    /// Such as were handed on before.
    pub(super) fn kept(headers: HeaderMap) -> Self {
        Self(Arc::new(Listed { origin: Origin::default(), map: OnceLock::from(headers) }))
    }
}

impl Deref for Headers {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        let Listed { origin, map } = &*self.0;
        map.get_or_init(|| match origin {
            Origin::Kept(list) => list.iter().cloned().collect(),
            Origin::Received(all, proofs) => sifted(all, proofs).collect(),
        })
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

/// Copies of all that would not let their reader sign, log in, or pass for the sender.
fn sifted(all: &HeaderMap, proofs: &[&str]) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let gives_away = |name: &HeaderName| {
        // Old signatures that are sent beside the one that counts are no better.
        says_signature(name.as_str())
            || name.as_str().starts_with(FORGE_TOKENS)
            || [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(name)
            || proofs.contains(&name.as_str())
    };
    all.iter().filter(move |(name, _)| !gives_away(name)).map(|(name, value)| (name.clone(), value.clone()))
}

/// Most names have no `g`, and looking for one letter is quick.
fn says_signature(name: &str) -> bool {
    memchr_iter(b'g', name.as_bytes())
        .any(|g| name.get(g.wrapping_sub(2)..).is_some_and(|at| at.starts_with("signature")))
}
