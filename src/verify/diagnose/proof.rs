//! Proofs that stand elsewhere, or are written otherwise, than they are looked for.

use std::{borrow::Cow, ops::RangeInclusive};

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode;

use super::super::signature::encode;
#[cfg(feature = "asymmetric")]
use crate::provider::{Algorithm, Keys};
#[cfg(feature = "http-signatures")]
use crate::provider::{HttpAlgorithm, HttpSignature};
use crate::{
    diagnosis::Writing,
    provider::{At, Encoding, Hmac, Part, Scheme, StaticToken, Syntax, TokenForm},
};

/// Headers that a diagnosis looks at, and the longest value.
const MOST_HEADERS: usize = 100;
const LONGEST_VALUE: usize = 4_096;

/// The headers that a scheme reads, its proof's first.
pub(super) fn read_by(scheme: &Scheme) -> Vec<&'static str> {
    let header = |at: At| match at {
        At::Header(name) => Some(name),
        _ => None,
    };
    let (parts, places) = scheme.covers();
    let signed = parts.iter().filter_map(|part| match part {
        Part::Header(name) => Some(*name),
        _ => None,
    });
    let mut names: Vec<_> = header(scheme.place()).into_iter().collect();
    for name in places.into_iter().filter_map(header).chain(signed).chain(besides(scheme)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The headers that tell of a signature.
fn besides(scheme: &Scheme) -> Vec<&'static str> {
    match scheme {
        #[cfg(feature = "asymmetric")]
        Scheme::PublicKey(public) => {
            let certificate = match public.keys {
                Keys::Fetched(data) => data.at,
                Keys::Told(_) => At::Nowhere,
            };
            let algorithm = public.named.map_or(At::Nowhere, |(at, _)| at);
            [certificate, algorithm]
                .into_iter()
                .filter_map(|at| if let At::Header(name) = at { Some(name) } else { None })
                .collect()
        }
        #[cfg(feature = "http-signatures")]
        Scheme::HttpSignature(data) if data.parts.contains(&Part::Body) => vec!["signature-input", "content-digest"],
        #[cfg(feature = "http-signatures")]
        Scheme::HttpSignature(_) => vec!["signature-input"],
        _ => Vec::new(),
    }
}

/// The headers with those that `names` lack put there from where a family of other names holds them, and where the first
/// of them was found: `svix-signature` for `webhook-signature`, `http_x_signature` for `x-signature`.
pub(super) fn renamed(names: &[&'static str], headers: &HeaderMap) -> Vec<(&'static str, String, HeaderMap)> {
    let lacking: Vec<_> = names.iter().copied().filter(|name| !headers.contains_key(*name)).collect();
    let Some(first) = lacking.first() else { return Vec::new() };
    let mut found = Vec::new();
    for other in headers.keys().take(MOST_HEADERS).filter(|other| !names.contains(&other.as_str())) {
        let other = other.as_str();
        let Some(family) = Family::of(first, other) else { continue };
        let mut all = headers.clone();
        for name in &lacking {
            let there = headers.keys().take(MOST_HEADERS).find(|key| family.has(name, key.as_str()));
            if let Some((name, value)) =
                HeaderName::from_bytes(name.as_bytes()).ok().zip(there.and_then(|key| headers.get(key)))
            {
                all.insert(name, value.clone());
            }
        }
        found.push((*first, other.to_owned(), all));
    }
    found
}

/// How names that belong together were changed.
enum Family<'n> {
    /// Dashes, and what servers put before a name, aside they are the same.
    Spelling,
    /// Another word before the same end.
    Prefix { expected: &'n str, found: &'n str },
}

impl<'n> Family<'n> {
    fn of(expected: &'n str, found: &'n str) -> Option<Self> {
        if plain(expected) == plain(found) {
            return Some(Self::Spelling);
        }
        let start = expected.char_indices().filter(|(_, c)| *c == '-').find_map(|(at, _)| {
            let end = expected.get(at..)?;
            Some((expected.get(..at)?, found.strip_suffix(end)?))
        });
        start.map(|(expected, found)| Self::Prefix { expected, found })
    }

    fn has(&self, expected: &str, found: &str) -> bool {
        match self {
            Self::Spelling => plain(expected) == plain(found),
            Self::Prefix { expected: before, found: prefix } => expected
                .strip_prefix(before)
                .is_some_and(|end| !end.is_empty() && found.strip_prefix(prefix) == Some(end)),
        }
    }
}

fn plain(name: &str) -> String {
    let name = name.replace('_', "-");
    let mut rest = &*name;
    for prefix in ["http-", "x-original-", "x-forwarded-", "original-", "x-"] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    rest.to_owned()
}

/// The headers' values, as many as are looked at.
pub(super) fn values(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    let values = headers.iter().take(MOST_HEADERS).map(|(name, value)| (name.as_str(), value.as_bytes().trim_ascii()));
    values.filter(|(_, value)| !value.is_empty() && value.len() <= LONGEST_VALUE)
}

/// Whatever in `text` could be a signature of so many bytes, and how it is written.
pub(super) fn loosely(text: &[u8], lengths: &RangeInclusive<usize>) -> Vec<(Writing, Vec<u8>)> {
    const MOST: usize = 24;
    let decoded: Cow<'_, [u8]> = percent_decode(text).into();
    let mut found: Vec<(Writing, Vec<u8>)> = Vec::new();
    let separates = |b: &u8| matches!(b, b',' | b';' | b' ' | b'|' | b'&');
    let elements = std::iter::once(&*decoded).chain(decoded.split(separates)).take(64);
    for element in elements {
        let starts = std::iter::once(0).chain(element.iter().enumerate().filter_map(|(at, b)| {
            // What stands before a signature is short.
            (matches!(b, b'=' | b':') && at < 32).then_some(at + 1)
        }));
        for start in starts {
            let piece = element.get(start..).unwrap_or_default().trim_ascii();
            let piece = unquoted(piece);
            let Some((writing, bytes)) = read(piece, lengths) else { continue };
            if found.len() < MOST && found.iter().all(|(_, known)| *known != bytes) {
                found.push((writing, bytes));
            }
        }
    }
    found
}

fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner.trim_ascii(),
        _ => text,
    }
}

/// The expected encoding is not known yet: it is put in by [`told`].
fn read(text: &[u8], lengths: &RangeInclusive<usize>) -> Option<(Writing, Vec<u8>)> {
    let of = |encoding| Writing::Encoding { found: encoding, expected: encoding };
    let right = |bytes: &Vec<u8>| lengths.contains(&bytes.len());
    if let Some(bytes) = HEXLOWER_PERMISSIVE.decode(text).ok().filter(right) {
        let capitals = text.iter().any(u8::is_ascii_uppercase);
        return Some((if capitals { Writing::Capitals } else { of(Encoding::Hex) }, bytes));
    }
    let alphabets = [
        (BASE64, of(Encoding::Base64)),
        (BASE64_NOPAD, Writing::Padding),
        (BASE64URL, of(Encoding::Base64Url)),
        (BASE64URL_NOPAD, of(Encoding::Base64UrlUnpadded)),
    ];
    alphabets.into_iter().find_map(|(a, writing)| Some((writing, a.decode(text).ok().filter(right)?)))
}

/// How it is written, by what was expected.
pub(super) fn told(writing: Writing, expected: Encoding) -> Writing {
    let url = |encoding| matches!(encoding, Encoding::Base64Url | Encoding::Base64UrlUnpadded);
    match writing {
        Writing::Capitals | Writing::Encoding { found: Encoding::Hex, .. } if expected == Encoding::HexOfEitherCase => {
            Writing::Around
        }
        Writing::Padding | Writing::Encoding { found: Encoding::Base64, .. }
            if expected == Encoding::Base64PaddedOrNot =>
        {
            Writing::Around
        }
        Writing::Padding if expected == Encoding::HexOfEitherCase => {
            Writing::Encoding { found: Encoding::Base64, expected }
        }
        Writing::Capitals if expected == Encoding::Hex => Writing::Capitals,
        Writing::Capitals => Writing::Encoding { found: Encoding::Hex, expected },
        Writing::Padding if expected == Encoding::Hex => Writing::Encoding { found: Encoding::Base64, expected },
        Writing::Encoding { found, .. } if found == expected => Writing::Around,
        Writing::Encoding { found, .. } if url(found) && url(expected) => Writing::Padding,
        Writing::Encoding { found, .. } => Writing::Encoding { found, expected },
        other => other,
    }
}

/// The signature as the scheme wants to read it, beside whatever else stood in its header.
pub(super) fn rightly(hmac: &Hmac, text: &[u8], signature: &[u8]) -> Option<HeaderValue> {
    let signature = encode(hmac.encoding, signature);
    let text = match hmac.syntax {
        Syntax::Bare => signature,
        Syntax::Prefixed(prefix) | Syntax::PrefixedOrBare(prefix) | Syntax::List { prefix, .. } => {
            format!("{prefix}{signature}")
        }
        Syntax::Pairs { separator, signature: name, .. } => {
            let text = String::from_utf8_lossy(text);
            let others = text
                .split([',', ';', ' ', '&'])
                .map(|pair| pair.trim().trim_matches('"'))
                .filter(|pair| pair.split_once('=').is_some_and(|(n, value)| n != name && !value.is_empty()));
            let mut pairs: Vec<String> = others.map(str::to_owned).collect();
            pairs.push(format!("{name}={signature}"));
            pairs.join(&String::from(separator))
        }
        Syntax::AfterTime { separator } => {
            let text = String::from_utf8_lossy(text);
            let time = text.split([',', ';', ' ', '&']).next().unwrap_or_default();
            format!("{time}{separator}{signature}")
        }
    };
    HeaderValue::from_str(&text).ok()
}

/// The signature alone, in each encoding: for a scheme whose own only its function knows.
pub(super) fn bare(signature: &[u8]) -> impl Iterator<Item = (Encoding, HeaderValue)> {
    let all = [Encoding::Hex, Encoding::Base64, Encoding::Base64Url, Encoding::Base64UrlUnpadded];
    all.into_iter().filter_map(|encoding| Some((encoding, HeaderValue::from_str(&encode(encoding, signature)).ok()?)))
}

/// Whatever in a header could be the token.
pub(super) fn tokens(text: &[u8]) -> Vec<Vec<u8>> {
    let mut found = vec![text.to_vec(), unquoted(text).to_vec(), percent_decode(text).collect()];
    if let Some(at) = text.iter().position(|b| matches!(b, b' ' | b'=' | b':')) {
        let rest = unquoted(text.get(at + 1..).unwrap_or_default().trim_ascii());
        found.push(rest.to_vec());
        found.extend(BASE64.decode(rest).ok());
    }
    found.extend(BASE64.decode(text).ok());
    found
}

/// How long an algorithm's signatures are, in bytes.
#[cfg(feature = "asymmetric")]
pub(super) const fn lengths(algorithm: Algorithm) -> RangeInclusive<usize> {
    match algorithm {
        Algorithm::Ed25519 | Algorithm::EcdsaP256Sha256Fixed => 64..=64,
        // Nearly all of them.
        Algorithm::EcdsaP256Sha256 => 66..=72,
        Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPssSha512 | Algorithm::RsaPkcs1Sha1 => 256..=1024,
    }
}

/// A signed token as its scheme wants to read it.
pub(super) fn behind(name: &str, text: &[u8]) -> Option<HeaderValue> {
    if text.iter().filter(|b| **b == b'.').count() != 2 {
        return None;
    }
    let text = if name.is_empty() { text.to_vec() } else { [name.as_bytes(), b" ", text].concat() };
    HeaderValue::from_bytes(&text).ok()
}

/// Under the first label that the request has, each signature that could stand in `text`.
#[cfg(feature = "http-signatures")]
pub(super) fn labelled(data: &HttpSignature, headers: &HeaderMap, text: &[u8]) -> Vec<(Writing, HeaderValue)> {
    let lengths = match data.algorithm {
        HttpAlgorithm::HmacSha256 => 32..=32,
        #[cfg(feature = "asymmetric")]
        other => match other.public() {
            Some(algorithm) => lengths(algorithm),
            None => return Vec::new(),
        },
    };
    let input = headers.get("signature-input").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some((label, _)) = input.split_once('=') else { return Vec::new() };
    let found = loosely(text.strip_suffix(b":").unwrap_or(text), &lengths);
    let value = |signature: &[u8]| HeaderValue::from_str(&format!("{}=:{}:", label.trim(), BASE64.encode(signature)));
    let values = found
        .into_iter()
        .filter_map(|(writing, signature)| Some((told(writing, Encoding::Base64), value(&signature).ok()?)));
    values.collect()
}

/// A token as its scheme wants to read it; not one that stands in a body.
pub(super) fn borne(token: &StaticToken, text: &[u8]) -> Option<HeaderValue> {
    let text = match token.form {
        TokenForm::Bare => text.to_vec(),
        TokenForm::Bearer => [b"Bearer ", text].concat(),
        TokenForm::Basic => format!("Basic {}", BASE64.encode(text)).into_bytes(),
        TokenForm::Each { .. } => return None,
    };
    HeaderValue::from_bytes(&text).ok()
}
