//! Requests that must be refused, each made from one that is accepted.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};

use super::{
    place::{change, other_text, text},
    provider::{BASE, Check, SECRET, builder, told, verifier},
};
use crate::{
    ErrorKind, Field, Tolerance, Verified,
    provider::{At, Digest, Encoding, Hmac, Part, Scheme, Syntax},
    verify::{edit, put},
};

/// What a changed request is called: where a part of the proof is read from what was changed, it may be unreadable.
const FORGED: &[ErrorKind] =
    &[ErrorKind::BadSignature, ErrorKind::MalformedBody, ErrorKind::MalformedHeader, ErrorKind::MissingHeader];
const WRONG: &[ErrorKind] = &[ErrorKind::BadSignature, ErrorKind::MalformedHeader];

/// Whether several signatures can be sent at once.
pub(super) fn lists(scheme: &Scheme) -> bool {
    matches!(
        scheme.template(),
        Some(Hmac { syntax: Syntax::List { .. } | Syntax::Pairs { .. } | Syntax::AfterTime { .. }, .. })
    )
}

/// Every part that is signed, changed; and what is not signed, changed.
pub(super) fn parts(check: &Check<'_>) {
    let sample = check.sample().build();
    let parts = check.parts();
    for part in parts {
        match part {
            // What is expected is changed beside keys, and a token among tokens.
            Part::Text(_) | Part::Expected(_) | Part::Token => {}
            #[cfg(feature = "asymmetric")]
            Part::BodyCrc32 => changed_bodies(check, &sample),
            Part::Body | Part::BodyBase64 => changed_bodies(check, &sample),
            Part::SortedForm => changed_forms(check, &sample),
            Part::Method => {
                let mut request = sample.clone();
                *request.method_mut() = Method::PUT;
                check.refuses(&request, &[ErrorKind::BadSignature], "another method");
            }
            Part::Url => {
                changed_target(check, &sample, "/other", "another path");
                changed_target(check, &sample, &format!("{}?other=1", sample.uri().path()), "another query");
                let other = builder(check.provider)
                    .secret(told(check.provider, SECRET))
                    .public_base("https://example.org")
                    .build();
                match other {
                    Ok(other) => check.judge(&other, &sample, &[ErrorKind::BadSignature], "another host"),
                    Err(error) => check.fail("another public base", &format!("is refused: {error:?}")),
                }
            }
            Part::Path => changed_target(check, &sample, "/other", "another path"),
            Part::Query => {
                changed_target(check, &sample, &format!("{}?other=1", sample.uri().path()), "another query");
            }
            Part::Header(name) => {
                let mut request = sample.clone();
                request.headers_mut().insert(*name, HeaderValue::from_static("other"));
                check.refuses(&request, FORGED, "another signed header");
                request.headers_mut().remove(*name);
                check.refuses(&request, FORGED, "no signed header");
            }
            Part::Timestamp | Part::Id => {
                let Some(hmac) = check.scheme.template() else { continue };
                let at = if *part == Part::Id { hmac.id } else { hmac.timestamp.map_or(At::Nowhere, |(at, _)| at) };
                let text = text(check, &sample, at);
                let mut request = sample.clone();
                change(check, &mut request, at, &other_text(&text));
                check.refuses(&request, FORGED, &format!("another {part:?}"));
                change(check, &mut request, at, "");
                check.refuses(&request, FORGED, &format!("an empty {part:?}"));
                if let (At::SignaturePair(name), Syntax::Pairs { separator, .. }) = (at, hmac.syntax) {
                    let all = self::text(check, &sample, hmac.signature);
                    change(check, &mut request, hmac.signature, &format!("{all}{separator}{name}={text}"));
                    check.refuses(&request, &[ErrorKind::MalformedHeader], &format!("a {part:?} that comes twice"));
                }
            }
        }
    }
    for pair in parts.windows(2) {
        if let [Part::Id, Part::Text(separator)] = pair {
            let request = check.sample().id(format!("a{separator}b")).build();
            check.refuses(&request, &[ErrorKind::MalformedHeader], "an id that could be cut in two ways");
        }
    }
    let read_by_function =
        check.scheme.template().is_none() && !matches!(check.scheme, Scheme::Token(_) | Scheme::Custom(_));
    if parts.iter().any(weak) {
        if check.covers(Field::Body) {
            check.fail("a body of which a checksum is signed", "is said to be covered");
        }
    } else if !parts.iter().any(|part| matches!(part, Part::Body | Part::BodyBase64 | Part::SortedForm))
        && !read_by_function
    {
        let mut request = sample.clone();
        let room = if check.reads_body() { edit_body(&mut request) } else { true };
        if !check.reads_body() {
            *request.body_mut() = Bytes::from_static(b"{\"changed\":true}");
        }
        assert!(room, "a body with a proof in it has room for more");
        check.accepts(&request, "a changed body that is not signed");
        if check.covers(Field::Body) {
            check.fail("a body that is not signed", "is said to be covered");
        }
    } else if (parts.contains(&Part::Body) || parts.contains(&Part::BodyBase64)) && !check.covers(Field::Body) {
        check.fail("a signed body", "is said not to be covered");
    }
    for name in check.provider.requires {
        let mut request = sample.clone();
        request.headers_mut().remove(*name);
        check.refuses(&request, &[ErrorKind::MissingHeader], &format!("a request without `{name}`"));
    }
    for name in check.provider.bears {
        let mut request = sample.clone();
        request.headers_mut().remove(*name);
        let read = check.verifier.authenticate_at(&request, check.now).and_then(Verified::delivery);
        if !matches!(read, Err(e) if e.kind() == ErrorKind::MissingHeader) {
            check.fail(&format!("an event without `{name}`"), "is not refused for that");
        }
    }
}

/// Vouches for nothing against somebody who means harm.
fn weak(_part: &Part) -> bool {
    #[cfg(feature = "asymmetric")]
    return matches!(_part, Part::BodyCrc32);
    #[cfg(not(feature = "asymmetric"))]
    false
}

fn edit_body(request: &mut Request<Bytes>) -> bool {
    put(request, At::Json("/changed"), b"yes").or_else(|_| put(request, At::Form("changed"), b"yes")).is_ok()
}

fn changed_bodies(check: &Check<'_>, sample: &Request<Bytes>) {
    let good = sample.body().to_vec();
    let with = |body: Vec<u8>, what: &str| {
        let mut request = sample.clone();
        *request.body_mut() = Bytes::from(body);
        check.refuses(&request, FORGED, what);
    };
    for at in 0..good.len() {
        let flipped = good.iter().enumerate().map(|(i, b)| if i == at { b ^ 1 } else { *b }).collect();
        with(flipped, &format!("a body with byte {at} changed"));
    }
    with([&good[..], b"\n"].concat(), "a body with a line break added");
    with([b" ", &good[..]].concat(), "a body with a space before it");
    with([b"\xef\xbb\xbf", &good[..]].concat(), "a body with a byte order mark before it");
    with(good.iter().take(good.len() / 2).copied().collect(), "half a body");
    with(Vec::new(), "no body");
}

fn changed_forms(check: &Check<'_>, sample: &Request<Bytes>) {
    let with = |body: String, what: &str| {
        let mut request = sample.clone();
        *request.body_mut() = Bytes::from(body);
        check.refuses(&request, FORGED, what);
    };
    let good = String::from_utf8_lossy(sample.body()).into_owned();
    with(format!("{good}&added=1"), "a form with a field added");
    with(format!("{good}x"), "a form with a value changed");
    with(format!("x{good}"), "a form with a name changed");
    with(String::new(), "no form");
    let mut request = sample.clone();
    request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    check.refuses(&request, FORGED, "a form that is said to be none");
}

fn changed_target(check: &Check<'_>, sample: &Request<Bytes>, target: &str, what: &str) {
    let mut request = sample.clone();
    match format!("{BASE}{target}").parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(error) => check.fail(what, &format!("cannot be made: {error}")),
    }
    check.refuses(&request, FORGED, what);
}

/// The proof itself: gone, twice, or not quite right.
pub(super) fn proof(check: &Check<'_>) {
    let sample = check.sample().build();
    let at = check.scheme.place();
    if matches!((&check.scheme, at), (Scheme::Custom(_), At::Json(_) | At::Form(_))) {
        // Where such a proof is written is known to its function alone.
        return;
    }
    let good = text(check, &sample, at);
    let with = |text: &[u8]| {
        let mut request = sample.clone();
        put(&mut request, at, text).is_ok().then_some(request)
    };
    let refused = |text: &[u8], why: &[ErrorKind], what: &str| {
        // A value that the place cannot hold reaches nobody.
        if let Some(request) = with(text) {
            check.refuses(&request, why, what);
        }
    };
    absent(check, &sample, at);
    doubled(check, &sample, at, &good);
    let encoding = check.scheme.template().map(|template| template.encoding);
    let length = match encoding {
        // Its padding may be left out.
        Some(Encoding::Base64PaddedOrNot) => good.trim_end_matches('=').len(),
        _ => good.len(),
    };
    for end in 1..length {
        let cut = good.as_bytes().iter().take(end).copied().collect::<Vec<_>>();
        refused(&cut, FORGED, &format!("a proof cut to {end} characters"));
    }
    for more in ["0", "=", "A", "=="] {
        refused(format!("{good}{more}").as_bytes(), WRONG, &format!("a proof with {more:?} behind it"));
        refused(format!("{more}{good}").as_bytes(), FORGED, &format!("a proof with {more:?} before it"));
    }
    if encoding != Some(Encoding::HexOfEitherCase) {
        refused(good.to_uppercase().as_bytes(), FORGED, "a proof in capitals");
    }
    let long = "a".repeat(20_000);
    for junk in ["junk", "=", ",", "a,b", "v1,", "v1=", "sha256=", "Bearer", "Basic %%", "\u{e9}", &long] {
        refused(junk.as_bytes(), FORGED, &format!("the proof {:?}", junk.chars().take(20).collect::<String>()));
    }
    refused(b"\xff\xfe", FORGED, "a proof that is no text");
    if let Scheme::Hmac(hmac) = &check.scheme {
        algorithms(check, hmac);
    }
    if let Some(template) = check.scheme.template() {
        positions(check, template, &sample, &good);
    }
}

fn absent(check: &Check<'_>, sample: &Request<Bytes>, at: At) {
    const NONE: &[ErrorKind] = &[ErrorKind::MissingHeader];
    let mut request = sample.clone();
    for other in check.scheme.others() {
        if let At::Header(name) = other {
            request.headers_mut().remove(*name);
        }
    }
    if put(&mut request, at, b"").is_ok() {
        check.refuses(&request, NONE, "an empty proof");
    }
    match at {
        At::Header(name) => {
            request.headers_mut().remove(name);
        }
        At::Json(pointer) => {
            let text = String::from_utf8_lossy(sample.body()).into_owned();
            *request.body_mut() = edit(&text, pointer, |_| Some("null".to_owned())).unwrap_or_default().into();
        }
        _ => return,
    }
    check.refuses(&request, NONE, "a request without proof");
}

fn doubled(check: &Check<'_>, sample: &Request<Bytes>, at: At, good: &str) {
    let At::Header(name) = at else { return };
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
    let lines = |values: [&str; 2]| {
        let mut request = sample.clone();
        request.headers_mut().remove(&name);
        for value in values {
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers_mut().append(&name, value);
            }
        }
        request
    };
    const TWICE: &[ErrorKind] = &[ErrorKind::MalformedHeader];
    check.refuses(&lines([good, "junk"]), TWICE, "a proof with another one after it");
    check.refuses(&lines(["junk", good]), TWICE, "a proof with another one before it");
    match &check.scheme {
        scheme if scheme.template().is_some_and(|t| t.repeats) => {
            check.accepts(&lines([good, good]), "a proof that comes twice")
        }
        _ => check.refuses(&lines([good, good]), TWICE, "a proof that comes twice"),
    }
}

/// Signed rightly, with another hash or in another writing.
fn algorithms(check: &Check<'_>, hmac: &Hmac) {
    for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512] {
        if digest != hmac.digest && hmac.plain.is_none() {
            let request = check.sample().scheme(Scheme::Hmac(Hmac { digest, ..*hmac })).build();
            check.refuses(&request, WRONG, &format!("a signature made with {digest:?}"));
        }
    }
    if hmac.plain.is_some() {
        let request = check.sample().scheme(Scheme::Hmac(Hmac { plain: None, ..*hmac })).build();
        check.refuses(&request, WRONG, "an HMAC where a plain hash is due");
    }
    let encoding = if hmac.encoding == Encoding::Hex { Encoding::Base64 } else { Encoding::Hex };
    let request = check.sample().scheme(Scheme::Hmac(Hmac { encoding, ..*hmac })).build();
    check.refuses(&request, WRONG, &format!("a signature written in {encoding:?}"));
}

/// The right signature counts wherever it stands among others, and they count for nothing without it.
fn positions(check: &Check<'_>, hmac: &Hmac, sample: &Request<Bytes>, good: &str) {
    let (separator, before, head) = match hmac.syntax {
        Syntax::List { separator, prefix } => (separator, prefix.to_owned(), 0),
        Syntax::Pairs { separator, signature, .. } => (separator, format!("{signature}="), 0),
        // The time stays where it is.
        Syntax::AfterTime { separator } => (separator, String::new(), good.find(separator).map_or(0, |at| at + 1)),
        Syntax::Bare | Syntax::Prefixed(_) | Syntax::PrefixedOrBare(_) => return,
    };
    let (head, good) = good.split_at_checked(head).unwrap_or(("", good));
    let (right, others): (Vec<_>, Vec<_>) =
        good.split(separator).map(str::trim_start).partition(|element| element.starts_with(&before));
    let wrong: String = right.concat().chars().rev().collect();
    let junk = [format!("{before}junk"), format!("{before}{wrong}"), before, "zz".to_owned(), String::new()];
    let junk: Vec<&str> = others.into_iter().chain(junk.iter().map(String::as_str)).collect();
    let with = |elements: &[&str]| {
        let mut request = sample.clone();
        let text = format!("{head}{}", elements.join(&String::from(separator)));
        match put(&mut request, hmac.signature, text.as_bytes()) {
            Ok(()) => request,
            Err(error) => check.fail("a list of signatures", &format!("cannot be written: {error:?}")),
        }
    };
    for at in 0..=junk.len() {
        let (before, after) = junk.split_at(at);
        check.accepts(
            &with(&[before, &right, after].concat()),
            &format!("the right signature as number {at} of several"),
        );
    }
    check.refuses(&with(&junk), &[ErrorKind::BadSignature], "a list without the right signature");
}

/// Times that no sender means, each signed as if one did.
pub(super) fn times(check: &Check<'_>) {
    let Some(Hmac { timestamp: Some(_), .. }) = check.scheme.template() else { return };
    const NO_TIME: &[ErrorKind] =
        &[ErrorKind::MalformedHeader, ErrorKind::MissingHeader, ErrorKind::StaleTimestamp, ErrorKind::FutureTimestamp];
    let strict = verifier(check.provider, &[SECRET], Tolerance::within(Duration::from_secs(300)));
    let (now, extremes) = (check.now.unix_timestamp(), [i64::MIN, -1, 0, 1, i64::MAX]);
    let numbers = extremes.iter().map(ToString::to_string).chain([u64::MAX.to_string(), i128::MAX.to_string()]);
    let texts = ["", "NaN", "inf", "1e9", "0x10", "1_0", "1.8e9", "\u{661}", "null", "2027-13-01T00:00:00Z"];
    // The present time in nanoseconds is right in no unit; nor is what a lenient reader would take for the present.
    let lenient =
        [format!("+{now}"), format!("-{now}"), format!("{now}.0"), format!("{now} 0"), format!("{now}000000000")];
    for text in numbers.chain(texts.map(str::to_owned)).chain(lenient) {
        let request = check.sample().time(&text).build();
        check.judge(&strict, &request, NO_TIME, &format!("the timestamp {text:?}"));
    }
}
