//! What stands where a scheme looks for it, and something else there.

use bytes::Bytes;
use http::Request;

use super::provider::Check;
use crate::{
    Incoming,
    provider::{At, Hmac, Syntax, locate},
    verify::put,
};

/// What stands at one of the scheme's places.
pub(super) fn text(check: &Check<'_>, request: &Request<Bytes>, at: At) -> String {
    let at_place = |at| {
        let incoming = Incoming::from(request);
        let found = locate::find(at, &incoming, false).ok().flatten();
        found.map(|text| String::from_utf8_lossy(&text).into_owned())
    };
    let found = match (at, check.scheme.template()) {
        (At::SignaturePair(name), Some(Hmac { syntax: Syntax::Pairs { separator, .. }, signature, .. })) => {
            at_place(*signature).and_then(|pairs| {
                let mut values =
                    pairs.split(*separator).filter_map(|p| p.trim_start().strip_prefix(name)?.strip_prefix('='));
                values.next().map(str::to_owned)
            })
        }
        (At::SignatureTime, Some(Hmac { syntax: Syntax::AfterTime { separator }, signature, .. })) => {
            at_place(*signature).and_then(|all| all.split(*separator).next().map(str::to_owned))
        }
        (at, _) => at_place(at),
    };
    match found {
        Some(text) => text,
        None => check.fail(&format!("{at:?}"), "is not where it was written"),
    }
}

pub(super) fn change(check: &Check<'_>, request: &mut Request<Bytes>, at: At, new: &str) {
    let (place, text) = match (at, check.scheme.template()) {
        (At::SignaturePair(name), Some(hmac)) => {
            let all = text(check, request, hmac.signature);
            let old = text(check, request, at);
            (hmac.signature, all.replacen(&format!("{name}={old}"), &format!("{name}={new}"), 1))
        }
        (At::SignatureTime, Some(hmac)) => {
            let all = text(check, request, hmac.signature);
            (hmac.signature, all.replacen(&text(check, request, at), new, 1))
        }
        (at, _) => (at, new.to_owned()),
    };
    if let Err(error) = put(request, place, text.as_bytes()) {
        check.fail(&format!("{at:?}"), &format!("cannot be changed: {error:?}"));
    }
}

/// A text of the same form with its last digit or letter changed.
pub(super) fn other_text(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if let Some(last) = chars.iter_mut().rev().find(|c| c.is_ascii_alphanumeric()) {
        *last = if *last == '1' { '2' } else { '1' };
    }
    chars.into_iter().collect()
}
