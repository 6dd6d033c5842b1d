//! Tokens that must be refused, each signed as rightly as one that is accepted.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::provider::Check;
use crate::{
    ErrorKind,
    provider::{At, Jwt, JwtClaim, Scheme},
    verify::{Instead, put},
};

pub(super) fn check(check: &Check<'_>) {
    let Scheme::Jwt(jwt) = check.scheme else { return };
    headers(check, &jwt);
    for claim in jwt.claims {
        self::claim(check, *claim);
    }
    times(check, &jwt);
    places(check, &jwt);
    window(check, &jwt);
}

/// One that says this under a name; what is no JSON is not there.
fn refused(check: &Check<'_>, name: &'static str, json: &str, why: &[ErrorKind]) {
    let instead = Instead { claims: vec![(name.to_owned(), json.to_owned())], header: None };
    check.refuses(&check.sample().instead(instead).build(), why, &format!("a token whose `{name}` is {json:?}"));
}

fn headers(check: &Check<'_>, jwt: &Jwt) {
    const WRONG: &[ErrorKind] = &[ErrorKind::WrongAlgorithm];
    const MALFORMED: &[ErrorKind] = &[ErrorKind::MalformedHeader];
    let name = jwt.algorithm.name();
    let with = |header: &'static str, why: &[ErrorKind]| {
        let instead = Instead { header: Some(header), claims: Vec::new() };
        check.refuses(&check.sample().instead(instead).build(), why, &format!("a token with the header {header}"));
    };
    for other in [
        "{}",
        r#"{"alg":"none"}"#,
        r#"{"alg":"NONE"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":"HS512","kid":"test"}"#,
        r#"{"alg":"RS512","kid":"test"}"#,
        r#"{"alg":["HS256","RS256","ES256"],"kid":"test"}"#,
    ] {
        with(other, WRONG);
    }
    for (other, header) in [
        ("HS256", r#"{"alg":"HS256","kid":"test"}"#),
        ("RS256", r#"{"alg":"RS256","kid":"test"}"#),
        ("ES256", r#"{"alg":"ES256","kid":"test"}"#),
    ] {
        if other != name {
            with(header, WRONG);
        }
    }
    let extended = match name {
        "HS256" => r#"{"alg":"HS256","kid":"test","crit":["exp"],"exp":1}"#,
        "RS256" => r#"{"alg":"RS256","kid":"test","crit":["exp"],"exp":1}"#,
        _ => r#"{"alg":"ES256","kid":"test","crit":["exp"],"exp":1}"#,
    };
    with(extended, MALFORMED);
}

fn claim(check: &Check<'_>, claim: JwtClaim) {
    const WRONG: &[ErrorKind] = &[ErrorKind::Unexpected];
    const OTHERS: [&str; 7] = ["", r#""somebody-else""#, r#""""#, "null", "1", "{}", "[]"];
    match claim {
        JwtClaim::OneOf(name, _) | JwtClaim::Expected(name, _) | JwtClaim::Same(name, _) => {
            OTHERS.iter().for_each(|json| refused(check, name, json, WRONG));
        }
        JwtClaim::True(name) => {
            ["", "false", r#""true""#, "1", "null"].iter().for_each(|json| refused(check, name, json, WRONG));
        }
        JwtClaim::Some(name) => ["", r#""""#, "null", "1"].iter().for_each(|json| refused(check, name, json, WRONG)),
        JwtClaim::Expires => refused(check, "exp", "", WRONG),
        JwtClaim::Issued => refused(check, "iat", "", WRONG),
        JwtClaim::BodyHash(name) | JwtClaim::UrlHash(name) => {
            OTHERS.iter().for_each(|json| refused(check, name, json, WRONG));
            let other = format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(b"something else")));
            refused(check, name, &other, &[ErrorKind::BadSignature]);
        }
    }
}

/// What a token says of its own time counts, whether it has to say it or not.
fn times(check: &Check<'_>, jwt: &Jwt) {
    let now = check.now.unix_timestamp();
    for name in ["exp", "nbf", "iat"] {
        for json in ["null", "true", "-1", r#""1""#, "[]"] {
            refused(check, name, json, &[ErrorKind::Unexpected]);
        }
        if name != "exp" {
            refused(check, name, &(now + 61).to_string(), &[ErrorKind::FutureTimestamp]);
        }
    }
    for past in [now, now - 1, 0] {
        refused(check, "exp", &past.to_string(), &[ErrorKind::StaleTimestamp]);
    }
    if jwt.claims.contains(&JwtClaim::Expires) {
        let old = check.sample().at(check.now - time::Duration::hours(2)).build();
        check.refuses(&old, &[ErrorKind::StaleTimestamp], "a token that ended long ago");
    }
}

/// Wherever it may stand, it counts.
fn places(check: &Check<'_>, jwt: &Jwt) {
    for place in jwt.others {
        let mut request = check.sample().build();
        let At::Header(name) = jwt.at else { continue };
        let Some(value) = request.headers_mut().remove(name) else { continue };
        let token = value.as_bytes().rsplit(|b| *b == b' ').next().unwrap_or_default();
        match put(&mut request, *place, token) {
            Ok(()) => check.accepts(&request, &format!("a token at {place:?}")),
            Err(error) => check.fail("a token at its other place", &format!("cannot be written: {error:?}")),
        }
    }
}

/// Both ends of the provider's window are inside.
fn window(check: &Check<'_>, jwt: &Jwt) {
    let Some(past) = check.provider.past.filter(|_| jwt.claims.contains(&JwtClaim::Issued)) else { return };
    let at = |at| check.sample().at(at).build();
    check.accepts(&at(check.now - past), "a token as old as the tolerance");
    let old = at(check.now - past - time::Duration::SECOND);
    check.refuses(&old, &[ErrorKind::StaleTimestamp], "a token older than the tolerance");
}
