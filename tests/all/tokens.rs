//! JSON Web Tokens: the ways in which others let forged ones pass, each made by hand and refused.

#[cfg(feature = "asymmetric")]
#[path = "tokens/keys.rs"]
mod keys;

use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use inhook::{
    ErrorKind, Field, Provider, Tolerance, Verifier,
    provider::{ATLASSIAN_CONNECT, At, Jwt, JwtAlgorithm, JwtClaim, JwtKeys, MONDAY, NETLIFY, Scheme},
    testing::{check_provider, signed, verifier_for},
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime, macros::datetime};

const NOW: OffsetDateTime = datetime!(2026-11-21 06:41 UTC);
const SECRET: &str = "secret";
const BODY: &str = r#"{"id":"1"}"#;

const ACME: Provider = Provider::new(
    "acme",
    Scheme::Jwt(Jwt::new(JwtAlgorithm::Hs256).claims(&[
        JwtClaim::OneOf("iss", &["acme"]),
        JwtClaim::Expected("aud", "audience"),
        JwtClaim::Issued,
        JwtClaim::Expires,
        JwtClaim::BodyHash("sha256"),
    ])),
)
.expects(&["audience"])
.tolerance(300, 60)
.identity(&[At::Json("/id")]);

fn claims() -> String {
    let (now, hash) = (NOW.unix_timestamp(), HEXLOWER.encode(&Sha256::digest(BODY)));
    format!(r#"{{"iss":"acme","aud":"us","iat":{now},"exp":{},"sha256":"{hash}"}}"#, now + 60)
}

fn encode(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

fn mac(secret: &[u8], text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
}

/// Signed rightly, whatever it says.
fn token(header: &str, claims: &str) -> String {
    let text = format!("{}.{}", encode(header), encode(claims));
    format!("{text}.{}", mac(SECRET.as_bytes(), &text))
}

fn request(authorization: &str) -> Request<Bytes> {
    let request = Request::post("https://example.com/hooks").header("authorization", authorization);
    request.body(Bytes::from_static(BODY.as_bytes())).unwrap()
}

fn verifier() -> Verifier {
    Verifier::builder(&ACME).secret(SECRET).expect("audience", "us").build().unwrap()
}

fn verdict(authorization: &str) -> Result<(), ErrorKind> {
    verifier().authenticate_at(&request(authorization), NOW).map(drop).map_err(|e| e.kind())
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[test]
fn the_data_holds_up() {
    check_provider(&ACME);
}

#[test]
fn a_token_made_by_hand_is_taken() {
    assert_eq!(verdict(&format!("Bearer {}", token(HEADER, &claims()))), Ok(()));
    assert_eq!(verdict(&format!("bearer  {}", token(r#"{"alg":"HS256"}"#, &claims()))), Ok(()));
}

/// What a token says of its own algorithm decides nothing.
#[test]
fn a_token_without_a_signature_is_refused() {
    for alg in ["none", "None", "NONE", "nOnE"] {
        let text = format!("{}.{}", encode(&format!(r#"{{"alg":"{alg}"}}"#)), encode(&claims()));
        for token in [format!("{text}."), text.clone(), format!("{text}.{}", mac(b"", &text))] {
            let refused = verdict(&format!("Bearer {token}")).unwrap_err();
            assert!([ErrorKind::WrongAlgorithm, ErrorKind::MalformedHeader].contains(&refused), "{token}");
        }
    }
    let text = format!("{}.{}", encode(HEADER), encode(&claims()));
    assert_eq!(verdict(&format!("Bearer {text}.")), Err(ErrorKind::BadSignature));
    assert_eq!(verdict(&format!("Bearer {text}.{}", mac(b"", &text))), Err(ErrorKind::BadSignature));
}

/// Two readers would take two different things from such a token.
#[test]
fn a_token_that_can_be_read_in_two_ways_is_refused() {
    const MALFORMED: Result<(), ErrorKind> = Err(ErrorKind::MalformedHeader);
    let (good, all) = (token(HEADER, &claims()), claims());
    let twice = all.replacen('{', r#"{"aud":"them","#, 1);
    let escaped = all.replacen('{', r#"{"\u0061ud":"them","#, 1);
    for claims in [twice, escaped, format!("{all}{all}"), format!("[{all}]"), "null".to_owned(), String::new()] {
        assert_eq!(verdict(&format!("Bearer {}", token(HEADER, &claims))), MALFORMED, "{claims}");
    }
    for header in [
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"none","\u0061lg":"HS256"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","b64":true}"#,
    ] {
        assert_eq!(verdict(&format!("Bearer {}", token(header, &claims()))), MALFORMED, "{header}");
    }
    let parts: Vec<&str> = good.split('.').collect();
    for bad in [
        format!("{good}.{}", parts[2]),
        format!(".{good}"),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}==.{}", parts[0], parts[1], parts[2]),
        format!("{} .{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}", parts[1], parts[2]),
        format!("{good} {good}"),
        format!("{good},{good}"),
        "a".repeat(30_000),
        format!("{}.{}.{}", parts[0], "A".repeat(30_000), parts[2]),
    ] {
        let refused = verdict(&format!("Bearer {bad}")).unwrap_err();
        assert!([ErrorKind::MalformedHeader, ErrorKind::BadSignature].contains(&refused), "{bad}: {refused}");
    }
}

/// CVE-2026-40109: a signature that holds says nothing of whom a token is for.
#[test]
fn a_genuine_token_for_somebody_else_is_refused() {
    for (from, to) in [
        (r#""aud":"us""#, r#""aud":"them""#),
        (r#""aud":"us""#, r#""aud":["them"]"#),
        (r#""aud":"us""#, r#""audience":"us""#),
        (r#""iss":"acme""#, r#""iss":"other""#),
        (r#""iss":"acme","#, ""),
    ] {
        let claims = claims().replace(from, to);
        assert_eq!(verdict(&format!("Bearer {}", token(HEADER, &claims))), Err(ErrorKind::Unexpected), "{to}");
    }
}

/// Whoever leaves out what a token must name has no verifier.
#[test]
fn what_a_token_must_name_is_required() {
    for provider in [&ACME, &MONDAY, &ATLASSIAN_CONNECT] {
        let kind = |builder: inhook::VerifierBuilder| builder.build().map(drop).map_err(|e| e.kind());
        let builder = || Verifier::builder(provider).secret(SECRET);
        assert_eq!(kind(builder()), Err(ErrorKind::Config), "{provider:?}");
        assert_eq!(kind(builder().expect("nobody", "us")), Err(ErrorKind::Config), "{provider:?}");
        for empty in ["", " "] {
            let name = if provider.name() == "atlassian_connect" { "client_key" } else { "audience" };
            assert_eq!(kind(builder().expect(name, empty)), Err(ErrorKind::Config), "{provider:?}");
        }
    }
}

/// A tolerance is about age; no tolerance makes a token live on.
#[test]
fn a_token_ends_whatever_the_tolerance() {
    let claims = claims();
    let request = request(&format!("Bearer {}", token(HEADER, &claims)));
    for tolerance in [Tolerance::Provider, Tolerance::Unlimited, Tolerance::within(Duration::DAY.unsigned_abs())] {
        let verifier = Verifier::builder(&ACME).secret(SECRET).expect("audience", "us").tolerance(tolerance);
        let verifier = verifier.build().unwrap();
        let at =
            |by: i64| verifier.authenticate_at(&request, NOW + Duration::seconds(by)).map(drop).map_err(|e| e.kind());
        assert_eq!((at(59), at(60)), (Ok(()), Err(ErrorKind::StaleTimestamp)), "{tolerance:?}");
        assert_eq!((at(-60), at(-61)), (Ok(()), Err(ErrorKind::FutureTimestamp)), "{tolerance:?}");
    }
}

#[test]
fn what_a_token_vouches_for_is_known() {
    let covers = |provider: &Provider, body: &'static str, field| {
        let request = signed(provider, SECRET, body).build();
        verifier_for(provider, SECRET).authenticate(&request).unwrap().covers(field)
    };
    assert!(covers(&NETLIFY, BODY, Field::Body) && covers(&NETLIFY, BODY, Field::Identity));
    assert!(!covers(&NETLIFY, BODY, Field::Url));
    assert!(covers(&ATLASSIAN_CONNECT, BODY, Field::Url) && !covers(&ATLASSIAN_CONNECT, BODY, Field::Body));
    assert!(!covers(&MONDAY, BODY, Field::Body) && !covers(&MONDAY, BODY, Field::Url));
}

/// The path that Atlassian leaves out is that of the app's address.
#[test]
fn a_token_is_good_for_one_address_below_the_apps_own() {
    let sent = |url: &str| signed(&ATLASSIAN_CONNECT, SECRET, BODY).url(url).build();
    let verifier = |base: &str| {
        Verifier::builder(&ATLASSIAN_CONNECT).secret(SECRET).expect("client_key", "expected").public_base(base).build()
    };
    let request = sent("https://example.com/app/hook?x=1&jwt_=2");
    assert!(verifier("https://example.com").unwrap().authenticate(&request).is_ok());
    let below = verifier("https://example.com/app").unwrap();
    assert_eq!(below.authenticate(&request).unwrap_err().kind(), ErrorKind::BadSignature);
    let mut moved = sent("https://example.com/hook?x=1&jwt_=2");
    assert!(below.authenticate(&moved).is_ok());
    *moved.uri_mut() = "https://example.com/app/hook/?jwt_=2&x=1".parse().unwrap();
    assert!(below.authenticate(&moved).is_ok());
    *moved.uri_mut() = "https://example.com/app/hook?x=1&jwt_=2&admin=1".parse().unwrap();
    assert_eq!(below.authenticate(&moved).unwrap_err().kind(), ErrorKind::BadSignature);
    let refused = below.authenticate((moved.headers(), moved.body())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::MissingTarget);
}

/// A mistake in the data is found before the first request.
#[test]
fn data_that_proves_nothing_is_refused() {
    let built = |jwt: Jwt| {
        let provider = Provider::new("acme", Scheme::Jwt(jwt));
        Verifier::builder(&provider).secret(SECRET).build().map(drop).map_err(|e| e.kind())
    };
    const EXPIRES: &[JwtClaim] = &[JwtClaim::Expires];
    assert_eq!(built(Jwt::new(JwtAlgorithm::Hs256).claims(EXPIRES)), Ok(()));
    for (jwt, what) in [
        (Jwt::new(JwtAlgorithm::Hs256), "it never ends and binds nothing"),
        (Jwt::new(JwtAlgorithm::Hs256).claims(&[JwtClaim::OneOf("iss", &["a"])]), "it never ends"),
        (Jwt::new(JwtAlgorithm::Rs256).claims(EXPIRES), "nobody says where the keys are"),
        (Jwt::new(JwtAlgorithm::Rs256).keys(JwtKeys::Secret).claims(EXPIRES), "a public key is no secret"),
        (Jwt::new(JwtAlgorithm::Hs256).keys(JwtKeys::Set("https://a.example/")).claims(EXPIRES), "nor the other way"),
        (Jwt::new(JwtAlgorithm::Hs256).claims(&[JwtClaim::Expires, JwtClaim::Expected("aud", "x")]), "not expected"),
        (Jwt::new(JwtAlgorithm::Hs256).at(At::Json("/t")).claims(&[JwtClaim::BodyHash("h")]), "a hash of itself"),
        (Jwt::new(JwtAlgorithm::Hs256).at(At::Nowhere).claims(EXPIRES), "it stands nowhere"),
    ] {
        assert_eq!(built(jwt), Err(ErrorKind::Config), "{what}");
    }
}

proptest! {
    #[test]
    fn no_token_makes_it_panic(text in ".{0,200}", parts in prop::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let _judged = verdict_of_bytes(text.as_bytes());
        let _judged = verdict_of_bytes(format!("Bearer {}", parts.join(".")).as_bytes());
    }

    #[test]
    fn no_header_or_claims_make_it_panic(header in ".{0,80}", claims in ".{0,120}") {
        let judged = verdict(&format!("Bearer {}", token(&header, &claims)));
        prop_assert!(judged.is_err());
    }

    #[test]
    fn any_changed_bit_is_refused(at in 0usize..10_000, bit in 0u8..7) {
        let good = format!("Bearer {}", token(HEADER, &claims()));
        let at = "Bearer ".len() + at % (good.len() - "Bearer ".len());
        let mut bytes = good.into_bytes();
        bytes[at] ^= 1 << bit;
        prop_assert!(verdict_of_bytes(&bytes).is_err());
    }
}

/// What HTTP does not let through reaches nobody.
fn verdict_of_bytes(bytes: &[u8]) -> Result<(), ErrorKind> {
    let Ok(value) = http::HeaderValue::from_bytes(bytes) else { return Err(ErrorKind::MalformedHeader) };
    let mut request = request("");
    request.headers_mut().insert("authorization", value);
    verifier().authenticate_at(&request, NOW).map(drop).map_err(|e| e.kind())
}

/// For tests of one's own: a token that is signed rightly and says what it should not.
#[test]
fn a_token_can_be_made_to_say_something_else() {
    let sent = |name: &str, value: &str| {
        let request =
            signed(&ACME, SECRET, BODY).at(NOW).expected("audience", "us").claim("app", ["1"]).claim(name, value);
        verifier().authenticate_at(&request.build(), NOW).map(drop).map_err(|e| e.kind())
    };
    assert_eq!(sent("sub", "somebody"), Ok(()));
    assert_eq!(sent("aud", "them"), Err(ErrorKind::Unexpected));
    assert_eq!(sent("exp", "soon"), Err(ErrorKind::Unexpected));
}

#[test]
#[should_panic(expected = "no place for a claim")]
fn what_sends_no_token_claims_nothing() {
    signed(&inhook::provider::STRIPE, SECRET, "{}").claim("sub", "somebody").build();
}
