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

use crate::{provider::Contract, verify::Verified};

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
    /// All of them, which nobody sees before they are sifted.
    Received(Arc<HeaderMap>, Arc<Contract>),
}

impl Default for Origin {
    fn default() -> Self {
        Self::Kept(Vec::new())
    }
}

impl Headers {
    /// What is handed on of an authentic request's.
    pub(super) fn of(verified: &Verified<'_>) -> Self {
        let contract = &verified.verifier.plan().contract;
        let origin = match verified.request.received {
            Some(received) => Origin::Received(Arc::clone(received), Arc::clone(contract)),
            None => {
                let headers = verified.request.headers;
                let mut list = Vec::with_capacity(headers.len());
                list.extend(sifted(headers, contract).map(|(name, value)| (name.clone(), value.clone())));
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
            Origin::Received(all, contract) => {
                sifted(all, contract).map(|(name, value)| (name.clone(), value.clone())).collect()
            }
        })
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

/// Nothing that would let its reader sign, log in, or pass for the sender.
fn sifted<'h>(
    headers: &'h HeaderMap,
    contract: &'h Contract,
) -> impl Iterator<Item = (&'h HeaderName, &'h HeaderValue)> {
    headers.iter().filter(|(name, _)| {
        // Old signatures that are sent beside the one that counts are no better.
        let gives_away = says_signature(name.as_str())
            || name.as_str().starts_with(FORGE_TOKENS)
            || [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(name)
            || contract.proofs.contains(&name.as_str());
        !gives_away
    })
}

/// Most names have no `g`, and looking for one letter is quick.
fn says_signature(name: &str) -> bool {
    memchr_iter(b'g', name.as_bytes())
        .any(|g| name.get(g.wrapping_sub(2)..).is_some_and(|at| at.starts_with("signature")))
}
