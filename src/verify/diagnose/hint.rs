//! What can be seen without a right signature.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use super::{Finding, Mode, Proof, Verifier, key, proof};
use crate::{
    Incoming,
    body::json::{Pointers, without_mark},
    provider::{
        At,
        locate::{self, Spot},
    },
};

/// A handshake that is proved by a token of its own.
pub(super) fn handshake(verifier: &Verifier, request: &Incoming<'_>) -> Option<Finding> {
    let by_head = verifier.own_handshake(request, false).ok()?;
    let handshake = by_head.or(verifier.own_handshake(request, true).ok()?)?;
    matches!(handshake.proof, Proof::VerifyToken(_))
        .then(|| Finding::VerifyToken { configured: verifier.0.verify_token.is_some() })
}

/// What is refused although the signature is right, besides a time.
pub(super) fn incomplete(verifier: &Verifier, request: &Incoming<'_>) -> Vec<Finding> {
    let places = verifier.0.provider.headers().map(At::Header);
    let missing = places.filter(|at| !matches!(locate::find(*at, request, false), Ok(Some(_))));
    let mut found: Vec<_> = missing.map(|at| Finding::Missing { places: vec![place(at)], signed: true }).collect();
    if verifier.0.provider.needs_body && !verifier.0.by_get && request.body.as_bytes().is_empty() {
        found.push(Finding::NoBody);
    }
    found
}

pub(super) fn all(verifier: &Verifier, request: &Incoming<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(missing(verifier, request));
    let (headers, body) = (request.headers, request.body.as_bytes());
    let declared = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.trim().parse().ok());
    let received = body.len() as u64;
    if let Some(declared) = declared.filter(|declared| *declared != received) {
        found.push(Finding::Length { declared, received });
    }
    let encoding = headers.get(CONTENT_ENCODING).map(|v| v.as_bytes().to_ascii_lowercase());
    let starts: Option<&[u8]> = match encoding.as_deref() {
        Some(b"gzip" | b"x-gzip") => Some(b"\x1f\x8b"),
        Some(b"zstd") => Some(b"\x28\xb5\x2f\xfd"),
        _ => None,
    };
    if starts.is_some_and(|magic| !body.starts_with(magic)) {
        found.push(Finding::Decompressed);
    }
    if memchr::memmem::find(body, "\u{fffd}".as_bytes()).is_some() {
        found.push(Finding::Replaced);
    }
    let signature = verifier.0.schemes.first().and_then(|scheme| match scheme.data.place() {
        At::Header(name) => Some(name),
        _ => None,
    });
    // A public key was read when the verifier was built: it is what it looks like.
    let read = verifier.0.schemes.iter().any(|scheme| scheme.has_public_keys());
    for (secret, text) in verifier.0.secrets.iter().enumerate().filter(|_| !read) {
        if let Some(looks_like) = key::credential(text.expose(), signature.unwrap_or_default()) {
            found.push(Finding::Credential { secret, looks_like });
        }
    }
    found.extend(mode(verifier, request));
    found
}

/// Whatever a scheme reads and does not find. Of several schemes the one that finds its proof counts.
fn missing(verifier: &Verifier, request: &Incoming<'_>) -> Vec<Finding> {
    let found = |at: At| matches!(locate::find(at, request, true), Ok(Some(_)));
    let borne = verifier.0.schemes.iter().find(|scheme| !matches!(scheme.first(request), Ok(None)));
    let mut lacking = Vec::new();
    match borne {
        None => {
            let mut places = Vec::new();
            for scheme in &verifier.0.schemes {
                for spot in &scheme.places {
                    let at = match spot {
                        Spot::Header(named) => format!("the header `{}`", named.name),
                        Spot::Other(at) => place(*at),
                    };
                    if !places.contains(&at) {
                        places.push(at);
                    }
                }
            }
            lacking.push(Finding::Missing { places, signed: false });
        }
        Some(scheme) => {
            let proof = scheme.data.place();
            let read = proof::read_by(&scheme.data).into_iter().map(At::Header);
            for at in read.filter(|at| *at != proof && !found(*at)) {
                lacking.push(Finding::Missing { places: vec![place(at)], signed: false });
            }
        }
    }
    for at in verifier.0.provider.headers().map(At::Header).filter(|at| !found(*at)) {
        lacking.push(Finding::Missing { places: vec![place(at)], signed: false });
    }
    lacking
}

fn place(at: At) -> String {
    match at {
        At::Header(name) => format!("the header `{name}`"),
        At::Query(name) => format!("the query's `{name}`"),
        At::Form(name) => format!("the form's `{name}`"),
        At::Json(pointer) | At::Number(pointer) => format!("the body's `{pointer}`"),
        _ => "its place".to_owned(),
    }
}

/// Where events say that they are for trying out: Stripe's, Paystack's, Lemon Squeezy's.
fn mode(verifier: &Verifier, request: &Incoming<'_>) -> Option<Finding> {
    let mut pointers = Pointers::default();
    for pointer in ["/livemode", "/data/domain", "/meta/test_mode"] {
        pointers.add(pointer);
    }
    let picked = pointers.pick(without_mark(request.body.as_bytes())).ok()?;
    let of = |pointer, test: &str, live: &str| match picked.raw(pointer)? {
        said if said == test => Some(Mode::Test),
        said if said == live => Some(Mode::Live),
        _ => None,
    };
    let event = of("/livemode", "false", "true")
        .or_else(|| of("/data/domain", "\"test\"", "\"live\""))
        .or_else(|| of("/meta/test_mode", "true", "false"))?;
    let modes = verifier.0.secrets.iter().map(|secret| {
        let has = |word: &str| memchr::memmem::find(secret.expose(), word.as_bytes()).is_some();
        match (has("test_"), has("live_")) {
            (true, false) => Some(Mode::Test),
            (false, true) => Some(Mode::Live),
            _ => None,
        }
    });
    let modes: Vec<_> = modes.collect();
    let secrets = modes.first().copied().flatten().filter(|first| modes.iter().all(|mode| *mode == Some(*first)));
    (secrets != Some(event)).then_some(Finding::Mode { event, secrets })
}

/// Whether a text from a request holds a secret.
pub(super) fn holds_secret(verifier: &Verifier, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    verifier.0.secrets.iter().any(|secret| {
        let secret = secret.expose().to_ascii_lowercase();
        memchr::memmem::find(text.as_bytes(), &secret).is_some()
    })
}
