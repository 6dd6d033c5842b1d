//! Each known mistake is made on purpose and named; what is genuine or forged is not taken for a mistake.

mod changed;
mod headers;
#[cfg(feature = "http-signatures")]
mod http_messages;
#[cfg(feature = "asymmetric")]
mod keys;
mod secrets;

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use inhook::{
    Provider, Secret, Tolerance, Verifier,
    diagnosis::{AddressChange, BodyChange, Diagnosis, Finding, KeyMistake, Mode, Writing},
    provider::{ALL, Digest, Encoding, GITHUB, META, PAYSTACK, STANDARD_WEBHOOKS, STRIPE},
    testing::signed,
};
use proptest::prelude::*;
use serde_json::json;
use sha2::Sha256;
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::advisories::{SECRET, draft, fitted, verifier};

const NOW: OffsetDateTime = datetime!(2026-11-21 06:41:00 UTC);
/// Text, base64 and hexadecimal digits, as long as `SECRET`; of the two RSA keys for tests it has the other one.
const OTHER: &str = "0DDba11c0ddba11a";
/// No secret of theirs is known to a verifier: it learns keys that are fetched.
const FETCHED: [&str; 8] = [
    "atlassian_connect_install",
    "atlassian_forge",
    "aws_sns",
    "firebase_auth",
    "google_oidc",
    "google_pubsub",
    "paypal",
    "plaid",
];

/// Whose signature a genuine request of its bears.
fn whose(provider: &Provider) -> Option<usize> {
    (!FETCHED.contains(&provider.name())).then_some(0)
}

/// What a verifier is told, to take what is signed with this.
fn told(provider: &Provider, secret: &str) -> Secret {
    #[cfg(feature = "asymmetric")]
    return inhook::testing::public_key(provider, secret).into();
    #[cfg(not(feature = "asymmetric"))]
    {
        let _is_the_same_for_all = provider;
        secret.into()
    }
}

fn genuine(provider: &Provider) -> Request<Bytes> {
    draft(provider).at(NOW).build()
}

fn by(verifier: &Verifier, request: &Request<Bytes>) -> Diagnosis {
    let diagnosis = verifier.diagnose_at(request, NOW);
    let said = format!("{diagnosis} {diagnosis:?}");
    assert!(!said.contains(SECRET) && !said.contains(OTHER), "{said}");
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let signature = value.rsplit(['=', ',', ' ']).find(|part| part.len() > 20);
        assert!(signature.is_none_or(|signature| !said.contains(signature)), "{name}: {said}");
    }
    diagnosis
}

fn forged(provider: &Provider) -> Request<Bytes> {
    let lists =
        json!({"id": "1", "type": "a", "event-data": {"id": "1"}, "data": {"events": []}, "events": [], "entry": []});
    fitted(provider, OTHER, lists).at(NOW).build()
}

fn of(provider: &Provider, request: &Request<Bytes>) -> Diagnosis {
    by(&verifier(provider, SECRET), request)
}

fn refuses(provider: &Provider, request: &Request<Bytes>) -> bool {
    verifier(provider, SECRET).authenticate_at(request, NOW).is_err()
}

fn with_body(request: &Request<Bytes>, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut request = request.clone();
    *request.body_mut() = body.into();
    request
}

#[test]
fn what_is_genuine_is_said_to_be() {
    for provider in ALL {
        let diagnosis = of(provider, &genuine(provider));
        assert!(diagnosis.is_genuine() && diagnosis.is_complete(), "{provider:?}: {diagnosis}");
        assert_eq!((diagnosis.which_secret(), diagnosis.findings()), (whose(provider), &[][..]), "{provider:?}");
        let by = whose(provider).map_or("a key that was fetched", |_| "secret 1");
        assert_eq!(diagnosis.to_string(), format!("{}: genuine, by {by}.", provider.name()));
    }
}

#[test]
fn a_forgery_is_no_mistake() {
    for provider in ALL {
        let forged = forged(provider);
        let diagnosis = of(provider, &forged);
        assert!(!diagnosis.is_genuine() && !diagnosis.is_explained(), "{provider:?}: {diagnosis}");
        assert_eq!(diagnosis.findings(), [], "{provider:?}");
        assert!(diagnosis.to_string().contains("forged"), "{diagnosis}");
    }
}

#[test]
fn a_time_out_of_tolerance_is_told_with_how_far() {
    let (mut seen, mut tokens) = (0, 0);
    for provider in ALL {
        for age in [Duration::days(3), Duration::days(-3)] {
            let request = draft(provider).at(NOW - age).build();
            if !refuses(provider, &request) {
                continue;
            }
            let diagnosis = of(provider, &request);
            if diagnosis.findings() == [Finding::Expired] {
                tokens += 1;
                continue;
            }
            let [Finding::Clock { age: told, .. }] = diagnosis.findings() else { panic!("{provider:?}: {diagnosis}") };
            assert_eq!((*told, diagnosis.is_explained()), (age, true), "{provider:?}");
            assert!(diagnosis.to_string().contains("3 days"), "{diagnosis}");
            seen += 1;
        }
    }
    assert!(seen >= 30 && (1..20).contains(&tokens), "{seen} {tokens}");
    // Beside another mistake it is told too.
    let request = signed(&STRIPE, SECRET, "{\"a\": 1}").at(NOW - Duration::minutes(7)).build();
    let findings = of(&STRIPE, &with_body(&request, "{\"a\":1}")).findings().to_vec();
    let tolerated = std::time::Duration::from_secs(300);
    assert_eq!(
        findings,
        [
            Finding::Body { secret: Some(0), change: BodyChange::Rewritten },
            Finding::Clock { age: Duration::minutes(7), tolerated }
        ]
    );
    // Whoever judges no time is told none.
    let verifier = Verifier::builder(&STRIPE).secret(OTHER).tolerance(Tolerance::Unlimited).build().unwrap();
    assert_eq!(by(&verifier, &request).findings(), []);
}

#[test]
fn hints_are_no_proofs() {
    let verifier = Verifier::new(&STRIPE, "sk_test_x").unwrap();
    let mut request = signed(&STRIPE, OTHER, "{\"livemode\":true,\"name\":\"\u{fffd}\"}").at(NOW).build();
    request.headers_mut().insert("content-length", "7".parse().unwrap());
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let diagnosis = by(&verifier, &request);
    let received = request.body().len() as u64;
    assert_eq!(
        diagnosis.findings(),
        [
            Finding::Length { declared: 7, received },
            Finding::Decompressed,
            Finding::Replaced,
            Finding::Credential { secret: 0, looks_like: "an API key of Stripe's" },
            Finding::Mode { event: Mode::Live, secrets: Some(Mode::Test) },
        ]
    );
    assert!(!diagnosis.is_explained());
    let request = signed(&PAYSTACK, "sk_live_y", "{\"data\":{\"domain\":\"live\"}}").build();
    let mode = |secret: &str| by(&Verifier::new(&PAYSTACK, secret).unwrap(), &request).findings().to_vec();
    assert_eq!(mode("sk_test_x"), [Finding::Mode { event: Mode::Live, secrets: Some(Mode::Test) }]);
    assert_eq!(mode("sk_live_x"), []);
    let verifier = Verifier::builder(&META).secret(SECRET);
    let ask =
        Request::get("https://example.com/?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1").body(Bytes::new());
    let ask = ask.unwrap();
    let none = Finding::VerifyToken { configured: false };
    assert_eq!(by(&verifier.build().unwrap(), &ask).findings(), [none]);
    let verifier = Verifier::builder(&META).secret(SECRET).verify_token("t").build().unwrap();
    assert_eq!(by(&verifier, &ask).findings(), [Finding::VerifyToken { configured: true }]);
}

/// Deeply nested, long, and many secrets: it gives up, says so, and is done in bounded work.
#[test]
fn work_is_bounded() {
    let body = format!("{}1{}", "[".repeat(500_000), "]".repeat(500_000));
    let mut builder = Verifier::builder(&GITHUB);
    for n in 0..40 {
        builder = builder.secret(format!("{SECRET}{n}"));
    }
    let verifier = builder.build().unwrap();
    let diagnosis = by(&verifier, &signed(&GITHUB, OTHER, body).build());
    assert!(!diagnosis.is_complete() && diagnosis.findings().is_empty());
    let long = signed(&GITHUB, SECRET, vec![b' '; (1 << 20) + 1]).build();
    let diagnosis = of(&GITHUB, &with_body(&long, long.body().slice(1..)));
    assert!(diagnosis.is_complete());
    let diagnosis = of(&GITHUB, &with_body(&long, [&**long.body(), b"\n"].concat()));
    assert!(!diagnosis.is_complete() && !diagnosis.is_explained());
    let many: HeaderMap = (0..1_000)
        .map(|n| (HeaderName::try_from(format!("x-{n}-signature-256")).unwrap(), HeaderValue::from_static("sha256=00")))
        .collect();
    let mut request = signed(&GITHUB, OTHER, "{}").build();
    request.headers_mut().extend(many);
    assert!(!of(&GITHUB, &request).is_explained());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_makes_it_panic_or_tell(
        at in 0..ALL.len(),
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "[\\[\\]{}\",:\\\\ua0-9 \r\n]{0,200}".prop_map(String::into_bytes),
            "([a-c%+=& ü]|%[0-9a-fA-F]{2}){0,80}".prop_map(String::into_bytes),
        ],
        headers in proptest::collection::vec(("[a-z_-]{1,20}", proptest::collection::vec(32_u8..127, 0..60)), 0..6),
        path in "/[!-~&&[^#\"<>\\\\^`{|}]]{0,60}",
        keep in any::<bool>(),
        form in any::<bool>(),
    ) {
        let mut request = genuine(ALL[at]);
        if !keep {
            *request.body_mut() = body.into();
        }
        if let Ok(uri) = path.parse() {
            *request.uri_mut() = uri;
        }
        if form {
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        for (name, value) in headers {
            let name = HeaderName::try_from(name).unwrap();
            request.headers_mut().append(name, HeaderValue::from_bytes(&value).unwrap());
        }
        // A secret in a place that is told otherwise.
        request.headers_mut().insert("x-forwarded-host", HeaderValue::from_str(&format!("{SECRET}.example.com")).unwrap());
        let diagnosis = of(ALL[at], &request);
        prop_assert_eq!(diagnosis.is_genuine(), !refuses(ALL[at], &request));
        let bare = verifier(ALL[at], SECRET).diagnose_at((request.headers(), request.body()), NOW);
        prop_assert!(!bare.to_string().contains(SECRET));
    }
}
