//! What a token says, held against what it must say.

use std::{borrow::Cow, time::Duration};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::{
    jws, query_hash,
    stamp::{Now, Stamp},
};
use crate::{
    Error, ErrorKind, Incoming,
    body::json::{self, Members},
    provider::{Jwt, JwtClaim, TimeUnit, locate},
};

/// How far two clocks may be apart: what a token's times allow into the future. Nothing is added to its expiry.
const LEEWAY: Duration = Duration::from_secs(60);

const WRONG: Error = Error::new(ErrorKind::Unexpected, "");

/// What the verifier alone knows.
pub(super) struct Known<'a> {
    pub(super) expected: &'a [(String, String)],
    pub(super) base: Option<&'a str>,
}

/// When it was issued, if it says so; an error if it says anything that it must not, or lacks something.
///
/// Only for a token whose signature holds.
pub(super) fn judge(
    jwt: &Jwt,
    claims: &[u8],
    request: &Incoming<'_>,
    known: &Known<'_>,
    now: Now<'_>,
) -> Result<Option<Stamp>, Error> {
    let claims = jws::members(claims)?;
    for claim in jwt.claims {
        says(&claims, *claim, request, known)?;
    }
    if let Some(expiry) = time(&claims, "exp")? {
        // At the very second it is too old already.
        expiry.judge(now, Duration::ZERO, Duration::MAX, false)?;
    }
    let issued = time(&claims, "iat")?;
    for early in [time(&claims, "nbf")?, issued].into_iter().flatten() {
        early.judge(now, Duration::MAX, LEEWAY, true)?;
    }
    Ok(issued)
}

fn says(claims: &Members<'_>, claim: JwtClaim, request: &Incoming<'_>, known: &Known<'_>) -> Result<(), Error> {
    let text = |name: &str| claims.text(name).ok_or(Error::new(ErrorKind::Unexpected, "a claim is missing"));
    let holds = match claim {
        JwtClaim::OneOf(name, all) => all.contains(&&*text(name)?),
        JwtClaim::Expected(name, what) => {
            let mut right = known.expected.iter().filter(|(name, _)| name == what).map(|(_, value)| value.as_str());
            let said = named(claims.raw(name).unwrap_or("null"));
            right.any(|value| said.iter().any(|said| said == value))
        }
        JwtClaim::True(name) => claims.raw(name) == Some("true"),
        JwtClaim::Some(name) => !text(name)?.is_empty(),
        JwtClaim::Same(name, at) => {
            let said = text(name)?;
            locate::find(at, request, false)?.is_some_and(|there| *there == *said.as_bytes())
        }
        JwtClaim::Expires => claims.raw("exp").is_some(),
        JwtClaim::Issued => claims.raw("iat").is_some(),
        JwtClaim::BodyHash(name) => return hash(&text(name)?, &Sha256::digest(request.body.as_bytes())),
        JwtClaim::UrlHash(name) => return hash(&text(name)?, &query_hash::of(request, known.base)?),
    };
    if holds { Ok(()) } else { Err(WRONG) }
}

/// A text, or each text of a list.
fn named(raw: &str) -> Vec<Cow<'_, str>> {
    let text = |raw| Some(raw).filter(|raw: &&str| raw.starts_with('"')).and_then(json::scalar);
    if raw.starts_with('[') {
        json::items(raw).unwrap_or_default().into_iter().filter_map(text).collect()
    } else {
        text(raw).into_iter().collect()
    }
}

/// A hash that is none is a wrong claim; one of something else is a forgery.
fn hash(claimed: &str, right: &[u8]) -> Result<(), Error> {
    let claimed = HEXLOWER.decode(claimed.as_bytes()).ok().filter(|hash| hash.len() == right.len());
    let same: bool = claimed.ok_or(WRONG)?.as_slice().ct_eq(right).into();
    if same { Ok(()) } else { Err(Error::new(ErrorKind::BadSignature, "the hash is of something else")) }
}

/// Seconds since 1970, of which a fraction is left out.
fn time(claims: &Members<'_>, name: &str) -> Result<Option<Stamp>, Error> {
    const NO_TIME: Error = Error::new(ErrorKind::Unexpected, "a time that cannot be read");
    let Some(raw) = claims.raw(name) else { return Ok(None) };
    let (whole, fraction) = raw.split_once('.').unwrap_or((raw, "0"));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NO_TIME);
    }
    match Stamp::parse(whole.as_bytes(), TimeUnit::Seconds) {
        Ok(stamp) => Ok(Some(stamp)),
        Err(e) if e.kind() == ErrorKind::FutureTimestamp => Err(e),
        Err(_) => Err(NO_TIME),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use time::OffsetDateTime;

    use super::*;
    use crate::provider::JwtAlgorithm;

    const NOW: i64 = 1_800_000_000;

    fn kind(rules: &'static [JwtClaim], claims: &str) -> Result<(), ErrorKind> {
        let jwt = Jwt::new(JwtAlgorithm::Hs256).claims(rules);
        let expected = [("audience".to_owned(), "us".to_owned()), ("audience".to_owned(), "we".to_owned())];
        let (headers, body) = (HeaderMap::new(), Bytes::from_static(b"{}"));
        let (known, now) =
            (Known { expected: &expected, base: None }, OffsetDateTime::from_unix_timestamp(NOW).unwrap());
        let judged = judge(&jwt, claims.as_bytes(), &(&headers, &body).into(), &known, Now::At(now));
        judged.map(|_| ()).map_err(|e| e.kind())
    }

    fn at(name: &str, by: i64) -> Result<(), ErrorKind> {
        kind(&[], &format!(r#"{{"{name}":{}}}"#, NOW + by))
    }

    #[test]
    fn a_token_lives_until_the_second_that_it_names() {
        assert_eq!((at("exp", 1), at("exp", 0)), (Ok(()), Err(ErrorKind::StaleTimestamp)));
        assert_eq!((at("nbf", 60), at("nbf", 61)), (Ok(()), Err(ErrorKind::FutureTimestamp)));
        assert_eq!((at("iat", 60), at("iat", 61)), (Ok(()), Err(ErrorKind::FutureTimestamp)));
        assert_eq!((at("iat", -1_000_000), at("nbf", -1_000_000)), (Ok(()), Ok(())));
        assert_eq!(kind(&[], r#"{"exp":1800000000.9}"#), Err(ErrorKind::StaleTimestamp));
        assert_eq!(kind(&[], r#"{"exp":1800000001.0}"#), Ok(()));
    }

    #[test]
    fn a_time_is_a_number_of_digits() {
        for text in [r#""1800000100""#, "-1", "1.8e9", "18e8", "null", "true", "[]", "1800000100.5e1"] {
            for name in ["exp", "nbf", "iat"] {
                assert_eq!(kind(&[], &format!(r#"{{"{name}":{text}}}"#)), Err(ErrorKind::Unexpected), "{name} {text}");
            }
        }
        assert_eq!(kind(&[JwtClaim::Expires], "{}"), Err(ErrorKind::Unexpected));
        assert_eq!(kind(&[JwtClaim::Issued], "{}"), Err(ErrorKind::Unexpected));
    }

    #[test]
    fn an_audience_is_named_alone_or_in_a_list() {
        const RULE: &[JwtClaim] = &[JwtClaim::Expected("aud", "audience")];
        for good in [r#""us""#, r#""we""#, r#"["us"]"#, r#"["they","us"]"#, r#""\u0075s""#] {
            assert_eq!(kind(RULE, &format!(r#"{{"aud":{good}}}"#)), Ok(()), "{good}");
        }
        for bad in [r#""""#, r#""US""#, r#""us ""#, r#""us,we""#, "[]", r#"[["us"]]"#, r#"{"us":"us"}"#, "null", "1"] {
            assert_eq!(kind(RULE, &format!(r#"{{"aud":{bad}}}"#)), Err(ErrorKind::Unexpected), "{bad}");
        }
        assert_eq!(kind(RULE, "{}"), Err(ErrorKind::Unexpected));
        assert_eq!(kind(RULE, r#"{"AUD":"us"}"#), Err(ErrorKind::Unexpected));
        assert_eq!(kind(&[JwtClaim::Expected("iss", "issuer")], r#"{"iss":""}"#), Err(ErrorKind::Unexpected));
    }

    #[test]
    fn what_must_be_said_is_said_in_so_many_words() {
        const ISS: &[JwtClaim] = &[JwtClaim::OneOf("iss", &["a", "b"])];
        assert_eq!((kind(ISS, r#"{"iss":"b"}"#), kind(ISS, r#"{"iss":["b"]}"#)), (Ok(()), Err(ErrorKind::Unexpected)));
        const TRUE: &[JwtClaim] = &[JwtClaim::True("email_verified")];
        assert_eq!(kind(TRUE, r#"{"email_verified":true}"#), Ok(()));
        for bad in ["false", r#""true""#, "1", "null"] {
            assert_eq!(kind(TRUE, &format!(r#"{{"email_verified":{bad}}}"#)), Err(ErrorKind::Unexpected), "{bad}");
        }
        const SOME: &[JwtClaim] = &[JwtClaim::Some("sub")];
        assert_eq!((kind(SOME, r#"{"sub":"1"}"#), kind(SOME, r#"{"sub":""}"#)), (Ok(()), Err(ErrorKind::Unexpected)));
    }

    #[test]
    fn a_claim_that_comes_twice_makes_no_token() {
        for text in [r#"{"iss":"a","iss":"a"}"#, r#"{"iss":"a","\u0069ss":"b"}"#, "[]", "{", "{}{}", ""] {
            assert_eq!(kind(&[], text), Err(ErrorKind::MalformedHeader), "{text}");
        }
    }

    #[test]
    fn a_body_is_bound_by_its_hash() {
        const RULE: &[JwtClaim] = &[JwtClaim::BodyHash("sha256")];
        let right = HEXLOWER.encode(&Sha256::digest(b"{}"));
        let of = |hash: &str| kind(RULE, &format!(r#"{{"sha256":"{hash}"}}"#));
        assert_eq!(of(&right), Ok(()));
        assert_eq!(of(&HEXLOWER.encode(&Sha256::digest(b"{ }"))), Err(ErrorKind::BadSignature));
        for bad in ["", &right[1..], &right[..62], &right.to_uppercase(), &format!("{right}00")] {
            assert_eq!(of(bad), Err(ErrorKind::Unexpected), "{bad}");
        }
        assert_eq!(kind(RULE, "{}"), Err(ErrorKind::Unexpected));
    }
}
