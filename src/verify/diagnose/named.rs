//! Keys that a request names, and nobody has.

use http::Uri;

use super::{
    super::{
        Verifier,
        jws::{self, Jws},
        scheme::Scheme,
    },
    hint,
};
use crate::{
    Incoming,
    provider::{self, Keys},
};

/// The longest name that is shown: a host's.
const LONGEST: usize = 253;

/// What the request calls its key; empty where it says none, and for what a log should not hold.
pub(super) fn key(verifier: &Verifier, request: &Incoming<'_>) -> String {
    let named = verifier.0.schemes.iter().find_map(|scheme| of(verifier, scheme, request));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let shown = |name: &String| name.len() <= LONGEST && name.bytes().all(plain) && !hint::holds_secret(verifier, name);
    named.filter(shown).unwrap_or_default()
}

fn of(verifier: &Verifier, scheme: &Scheme, request: &Incoming<'_>) -> Option<String> {
    match &scheme.data {
        provider::Scheme::PublicKey(public) => {
            let Keys::Fetched(_) = public.keys else { return None };
            let address = match public.read {
                Some(read) => (read.0)(&verifier.exhibit(request, 0, &|_, _, _| false)).ok()?.key,
                None => String::from_utf8(scheme.certificate.find(request, false).ok()??.into_owned()).ok()?,
            };
            let address: Uri = address.parse().ok()?;
            address.host().map(str::to_owned)
        }
        provider::Scheme::Jwt(jwt) => {
            let (place, text) = scheme.first(request).ok()??;
            let token = if place == 0 { jws::behind(jwt.behind, &text).ok()? } else { &text };
            Jws::read(token, jwt.algorithm).ok()?.kid
        }
        _ => None,
    }
}
