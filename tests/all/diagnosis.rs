//! Each known mistake is made on purpose and named; what is genuine or forged is not taken for a mistake.

#[cfg(feature = "http-signatures")]
mod http_messages;
#[cfg(feature = "asymmetric")]
mod keys;

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use inhook::{
    Provider, Secret, Tolerance, Verifier,
    diagnosis::{AddressChange, BodyChange, Diagnosis, Finding, KeyMistake, Mode, Writing},
    provider::{
        ALL, Digest, Encoding, GITHUB, META, PAYSTACK, SLACK, SQUARE, STANDARD_WEBHOOKS, STRIPE, SVIX, TRELLO, TWILIO,
    },
    testing::signed,
};
use proptest::prelude::*;
use serde_json::json;
use sha1::Sha1;
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

/// The header that bears the proof, if one does: it differs with the secret and nothing else.
fn bearing(provider: &Provider) -> Option<HeaderName> {
    let request = genuine(provider);
    let other = forged(provider);
    let differs = |name: &&HeaderName| {
        name.as_str() != "content-type" && request.headers().get(*name) != other.headers().get(*name)
    };
    let mut names = request.headers().keys().filter(differs);
    let signs = |name: &&HeaderName| {
        let mut without = request.clone();
        without.headers_mut().remove(*name);
        let diagnosis = of(provider, &without);
        !diagnosis.is_explained() && diagnosis.to_string().contains(&format!("`{name}`"))
    };
    names.find(signs).cloned()
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
fn another_secret_is_told_by_its_name() {
    for provider in ALL {
        let request = genuine(provider);
        let others = [("old", told(provider, OTHER)), ("staging", told(provider, SECRET))];
        let diagnosis = verifier(provider, OTHER).diagnose_among(&request, NOW, &others);
        // Nobody is told a key that is fetched, so there is none to be told instead.
        if FETCHED.contains(&provider.name()) {
            assert!(diagnosis.findings().is_empty() && !diagnosis.is_genuine(), "{provider:?}: {diagnosis}");
            continue;
        }
        assert_eq!(diagnosis.findings(), [Finding::OtherSecret { name: "staging".to_owned() }], "{provider:?}");
        assert!(diagnosis.is_explained() && !diagnosis.is_genuine());
    }
}

#[test]
fn a_changed_body_is_told_from_a_forged_one() {
    let text = |request: &Request<Bytes>| String::from_utf8(request.body().to_vec()).unwrap();
    let is_json = |text: &str| text.starts_with(['{', '[']);
    let written = |pretty: bool| {
        move |text: String| {
            let value = serde_json::from_str::<serde_json::Value>(&text).ok().filter(|_| is_json(&text))?;
            Some(if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap())
        }
    };
    type Change = Box<dyn Fn(String) -> Option<String>>;
    let changes: [(BodyChange, Change); 6] = [
        (BodyChange::EndAdded, Box::new(|text| Some(text + "\n"))),
        (BodyChange::EndAdded, Box::new(|text| Some(text + "\r\n"))),
        (BodyChange::MarkAdded, Box::new(|text| Some(format!("\u{feff}{text}")))),
        (BodyChange::Base64, Box::new(|text| Some(BASE64.encode(text.as_bytes())))),
        (BodyChange::JsonString, Box::new(|text| Some(serde_json::to_string(&text).unwrap()))),
        (BodyChange::Rewritten, Box::new(written(true))),
    ];
    for (change, make) in changes {
        let mut seen = 0;
        for provider in ALL {
            let request = genuine(provider);
            let Some(body) = make(text(&request)) else { continue };
            let changed = with_body(&request, body);
            if !refuses(provider, &changed) {
                continue;
            }
            let diagnosis = of(provider, &changed);
            if diagnosis.findings() != [Finding::Body { secret: whose(provider), change }] {
                // What a token stands in, or nothing but a form is taken from, has another reason.
                assert!(
                    diagnosis.findings().iter().all(|f| matches!(f, Finding::Missing { .. })),
                    "{provider:?} {change:?}: {diagnosis}"
                );
                continue;
            }
            seen += 1;
        }
        assert!(seen >= 40, "{change:?} was seen at {seen} providers");
    }
}

#[test]
fn what_the_body_was_is_found_whoever_wrote_it() {
    let sent = [
        ("{\n  \"id\": 1,\n  \"b\": [\n    1.50,\n    {}\n  ]\n}", BodyChange::Rewritten),
        ("{\"id\": 1, \"b\": [1.50, {}]}", BodyChange::Rewritten),
        ("{\n\t\"id\": 1,\n\t\"b\": [\n\t\t1.50,\n\t\t{}\n\t]\n}\n", BodyChange::Rewritten),
        ("{\"id\":1,\"b\":[1.50,{}]}\n", BodyChange::EndRemoved),
        ("{\"id\":1,\"b\":[1.50,{}]}\r\n", BodyChange::EndRemoved),
        ("\u{feff}{\"id\":1,\"b\":[1.50,{}]}", BodyChange::MarkRemoved),
        ("payload=%7B%22id%22%3A1%2C%22b%22%3A%5B1.50%2C%7B%7D%5D%7D", BodyChange::FieldOnly),
    ];
    for (body, change) in sent {
        let request = signed(&GITHUB, SECRET, body).build();
        let changed = with_body(&request, "{\"id\":1,\"b\":[1.50,{}]}");
        assert_eq!(of(&GITHUB, &changed).findings(), [Finding::Body { secret: Some(0), change }], "{body}");
    }
    for (sent, received, change) in [
        (r#"{"a":"\u00fc<\/b>"}"#, r#"{"a":"ü</b>"}"#, BodyChange::Rewritten),
        (r#"{"a":"\u003cb\u003e"}"#, r#"{"a":"<b>"}"#, BodyChange::Rewritten),
        ("{\n\"a\":1}", "{\r\n\"a\":1}", BodyChange::CrLf),
        ("{\r\n\"a\":1}", "{\n\"a\":1}", BodyChange::Lf),
        ("{\"a\":\"ü\"}", "{\"a\":\"Ã¼\"}", BodyChange::Latin1),
        ("a=1+2&b=%C3%BC%26&c", "a=1 2&b=ü%26&c", BodyChange::FormDecoded),
        ("a=1&b=x y", "a=1%26b%3Dx+y", BodyChange::FormEncoded),
    ] {
        let request = signed(&GITHUB, SECRET, sent).content_type("text/plain").build();
        let findings = of(&GITHUB, &with_body(&request, received)).findings().to_vec();
        match change {
            // What is encoded and was plain text besides cannot be told from a field.
            BodyChange::FormDecoded => {
                assert!(findings.is_empty() || findings == [Finding::Body { secret: Some(0), change }])
            }
            _ => assert_eq!(findings, [Finding::Body { secret: Some(0), change }], "{sent}"),
        }
    }
    let request = signed(&GITHUB, SECRET, "a=1+2&b=%C3%BC").content_type("application/x-www-form-urlencoded").build();
    let decoded = with_body(&request, "a=1 2&b=ü");
    assert_eq!(of(&GITHUB, &decoded).findings(), [Finding::Body { secret: Some(0), change: BodyChange::FormDecoded }]);
}

#[test]
fn a_secret_that_was_copied_wrong_is_told() {
    for (wrong, mistake) in [
        (format!("\"{SECRET}\""), KeyMistake::Quotes),
        (format!("'{SECRET}'"), KeyMistake::Quotes),
        (format!("HOOK_SECRET={SECRET}"), KeyMistake::Assignment),
        (format!("export HOOK_SECRET=\"{SECRET}\""), KeyMistake::Assignment),
        (format!("\u{feff}{SECRET}"), KeyMistake::Mark),
    ] {
        let mut seen = 0;
        for provider in ALL {
            let builder = Verifier::builder(provider).secret(OTHER).secret(wrong.as_str());
            let built = builder.public_base("https://example.com").public_key("public-key").verify_token("t").build();
            // Where the key is base64 or digits such a text is refused at once.
            let Ok(verifier) = built else { continue };
            let diagnosis = by(&verifier, &genuine(provider));
            assert_eq!(
                diagnosis.findings(),
                [Finding::Key { secret: 1, mistake }],
                "{provider:?} {wrong}: {diagnosis}"
            );
            seen += 1;
        }
        assert!(seen >= 50, "{seen} providers");
    }
}

fn github(key: &[u8], body: &str) -> Request<Bytes> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(body.as_bytes());
    let mut request = signed(&GITHUB, SECRET, body.to_owned()).build();
    let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    request.headers_mut().insert("x-hub-signature-256", signature.parse().unwrap());
    request
}

#[test]
fn a_key_that_is_read_otherwise_there_is_told() {
    let text = "d2VsbCBrbm93bg==";
    for (key, mistake) in [
        (&b"well known"[..], KeyMistake::IsBase64),
        (b"d2VsbCBrbm93bg==\n", KeyMistake::WhiteSpaceThere),
        (b"d2VsbCBrbm93bg==\r\n", KeyMistake::WhiteSpaceThere),
        (b"\"d2VsbCBrbm93bg==\"", KeyMistake::QuotesThere),
    ] {
        let verifier = Verifier::new(&GITHUB, text).unwrap();
        assert_eq!(by(&verifier, &github(key, "{}")).findings(), [Finding::Key { secret: 0, mistake }]);
    }
    let key =
        |secret: &str, key: &[u8]| by(&Verifier::new(&GITHUB, secret).unwrap(), &github(key, "{}")).findings().to_vec();
    let is = |mistake| [Finding::Key { secret: 0, mistake }];
    assert_eq!(key("5ca1ab1e", b"\x5c\xa1\xab\x1e"), is(KeyMistake::IsHex));
    assert_eq!(key("whsec_d2VsbCBrbm93bg==", b"well known"), is(KeyMistake::IsBase64));
    assert_eq!(key("whsec_d2VsbCBrbm93bg", b"d2VsbCBrbm93bg"), is(KeyMistake::Prefix));
    assert_eq!(key("a%2Bb", b"a+b"), is(KeyMistake::PercentEncoded));
    assert_eq!(key("a&amp;b", b"a&b"), is(KeyMistake::HtmlEscaped));
    // Standard Webhooks decodes; a sender that does not signs with the text.
    let sent = Provider::new(
        "acme",
        inhook::provider::Scheme::Hmac(
            inhook::provider::Hmac::new(Digest::Sha256)
                .over(&[
                    inhook::provider::Part::Id,
                    inhook::provider::Part::Text("."),
                    inhook::provider::Part::Timestamp,
                    inhook::provider::Part::Text("."),
                    inhook::provider::Part::Body,
                ])
                .signature(
                    inhook::provider::At::Header("webhook-signature"),
                    inhook::provider::Syntax::List { separator: ' ', prefix: "v1," },
                )
                .encoding(Encoding::Base64)
                .timestamp(inhook::provider::At::Header("webhook-timestamp"), inhook::provider::TimeUnit::Seconds)
                .id(inhook::provider::At::Header("webhook-id")),
        ),
    );
    let request = signed(&sent, "whsec_d2VsbCBrbm93bg==", "{}").at(NOW).build();
    let verifier = Verifier::new(&STANDARD_WEBHOOKS, "whsec_d2VsbCBrbm93bg==").unwrap();
    assert_eq!(by(&verifier, &request).findings(), is(KeyMistake::IsText));
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
fn a_missing_or_renamed_header_is_told() {
    let mut seen = 0;
    for provider in ALL {
        // Box sends a second signature, which then is one of the first key's in another place.
        let Some(name) = bearing(provider).filter(|_| provider.name() != "box") else { continue };
        seen += 1;
        let mut request = genuine(provider);
        let value = request.headers_mut().remove(&name).unwrap();
        let diagnosis = of(provider, &request);
        assert!(!diagnosis.is_explained(), "{diagnosis}");
        assert!(
            matches!(diagnosis.findings(), [Finding::Missing { places, signed: false }, ..] if places.iter().any(|p| p.contains(name.as_str()))),
            "{provider:?}: {diagnosis}"
        );
        let found = format!("http_{}", name.as_str().replace('-', "_"));
        request.headers_mut().insert(HeaderName::try_from(&found).unwrap(), value);
        let findings = of(provider, &request).findings().to_vec();
        let [Finding::Renamed { secret, expected, found: told }] = &findings[..] else {
            panic!("{provider:?}: {findings:?}")
        };
        assert_eq!((*secret, *expected, told), (whose(provider), name.as_str(), &found), "{provider:?}");
    }
    assert!(seen >= 60, "{seen}");
    let request = signed(&SVIX, "whsec_c2VjcmV0", "{}").at(NOW).build();
    let verifier = Verifier::new(&STANDARD_WEBHOOKS, "whsec_c2VjcmV0").unwrap();
    assert!(
        matches!(by(&verifier, &request).findings(), [Finding::Renamed { expected: "webhook-signature", found, .. }] if found == "svix-signature")
    );
}

#[test]
fn what_must_come_besides_the_signature_is_told() {
    let mut request = signed(&GITHUB, SECRET, "{}").build();
    request.headers_mut().remove("x-github-delivery");
    let diagnosis = of(&GITHUB, &request);
    let missing = Finding::Missing { places: vec!["the header `x-github-delivery`".to_owned()], signed: true };
    assert_eq!((diagnosis.findings(), diagnosis.is_explained()), (&[missing][..], true));
    let request = signed(&GITHUB, SECRET, "").build();
    assert_eq!(of(&GITHUB, &request).findings(), [Finding::NoBody]);
    let mut request = signed(&SLACK, SECRET, "{}").at(NOW).build();
    request.headers_mut().remove("x-slack-request-timestamp");
    assert!(of(&SLACK, &request).to_string().contains("`x-slack-request-timestamp`"));
}

#[test]
fn a_signature_that_is_written_otherwise_is_told() {
    let mut seen = 0;
    for provider in ALL {
        let Some(name) = bearing(provider) else { continue };
        // Its hash stands in its signature, so a function reads that as a whole.
        if provider.name().starts_with("websub") {
            continue;
        }
        let request = genuine(provider);
        let text = request.headers()[&name].to_str().unwrap().to_owned();
        let signature = text.rsplit(['=', ',', ' ']).find(|part| part.len() >= 40).unwrap_or_default();
        if signature.is_empty() || HEXLOWER.decode(signature.as_bytes()).is_err() {
            continue;
        }
        // Discord's alone may be in capitals.
        let expected = if provider.name().starts_with("discord") { Encoding::HexOfEitherCase } else { Encoding::Hex };
        let encoding = |found| Writing::Encoding { found, expected };
        let bytes = HEXLOWER.decode(signature.as_bytes()).unwrap();
        for (other, writing) in [
            (signature.to_uppercase(), Writing::Capitals),
            (BASE64.encode(&bytes), encoding(Encoding::Base64)),
            (format!("\"{signature}\""), Writing::Around),
        ] {
            let mut request = request.clone();
            request.headers_mut().insert(&name, text.replace(signature, &other).parse().unwrap());
            if !refuses(provider, &request) {
                continue;
            }
            let findings = of(provider, &request).findings().to_vec();
            assert!(
                matches!(&findings[..], [Finding::Written { writing: told, .. }] if *told == writing),
                "{provider:?}: {findings:?}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 80, "{seen}");
    let mut request = signed(&GITHUB, SECRET, "{}").build();
    let bare = request.headers()["x-hub-signature-256"].to_str().unwrap()[7..].to_owned();
    request.headers_mut().insert("x-hub-signature-256", bare.parse().unwrap());
    let written = Finding::Written { secret: Some(0), header: "x-hub-signature-256", writing: Writing::Around };
    assert_eq!(of(&GITHUB, &request).findings(), [written]);
    let mut request = signed(&STRIPE, SECRET, "{}").at(NOW).build();
    let spaced = request.headers()["stripe-signature"].to_str().unwrap().replace(',', ", ");
    request.headers_mut().insert("stripe-signature", spaced.parse().unwrap());
    let written = Finding::Written { secret: Some(0), header: "stripe-signature", writing: Writing::Around };
    assert_eq!(of(&STRIPE, &request).findings(), [written]);
}

#[test]
fn a_weaker_hash_beside_is_told() {
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(b"{}");
    let sha1 = format!("sha1={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    for header in ["x-hub-signature", "x-hub-signature-256"] {
        let mut request = signed(&GITHUB, SECRET, "{}").build();
        request.headers_mut().remove("x-hub-signature-256");
        request.headers_mut().insert(header, sha1.parse().unwrap());
        let hash = Finding::Hash { secret: 0, header: header.to_owned(), used: Digest::Sha1, expected: Digest::Sha256 };
        assert_eq!(of(&GITHUB, &request).findings(), [hash]);
    }
}

#[test]
fn a_changed_address_is_told() {
    for provider in [&SQUARE, &TRELLO, &TWILIO] {
        let sent = |url: &str| {
            let body = if provider.name() == "twilio" { "SmsStatus=a&MessageSid=b" } else { "{}" };
            signed(provider, SECRET, body).url(url).at(NOW).build()
        };
        let seen = |base: &str, url: &str, received: &str| {
            let mut request = sent(url);
            *request.uri_mut() = received.parse().unwrap();
            let verifier = Verifier::builder(provider).secret(SECRET).public_base(base).build().unwrap();
            let findings = by(&verifier, &request).findings().to_vec();
            let [Finding::Address { secret: Some(0), changes }] = &findings[..] else {
                panic!("{provider:?} {url}: {findings:?}")
            };
            changes.clone()
        };
        const BASE: &str = "https://example.com";
        let url = |path: &str| format!("{BASE}{path}");
        assert_eq!(seen("http://example.com", &url("/a"), "/a"), [AddressChange::Scheme { signed: "https" }]);
        assert_eq!(seen(BASE, &url("/a/"), "/a"), [AddressChange::SlashRemoved]);
        assert_eq!(seen(BASE, &url("/a"), "/a/"), [AddressChange::SlashAdded]);
        assert_eq!(seen(BASE, &url("/a?b=1&a=2"), "/a?a=2&b=1"), [AddressChange::QuerySorted]);
        assert_eq!(seen(BASE, &url("/a"), "/a?x=1"), [AddressChange::QueryAdded]);
        assert_eq!(seen(BASE, &url("/a?b=x%20y"), "/a?b=x+y"), [AddressChange::Decoded]);
        assert_eq!(seen("https://example.com/api", &url("/api/a"), "/api/a"), [AddressChange::PrefixAdded]);
        assert_eq!(seen(BASE, &url("/a"), "/api/a"), [AddressChange::PrefixAdded]);
        let www = AddressChange::Host { signed: "www.example.com".to_owned() };
        assert_eq!(seen(BASE, "https://www.example.com/a", "/a"), std::slice::from_ref(&www));
        assert_eq!(seen(BASE, "https://www.example.com/a/", "/a"), [www, AddressChange::SlashRemoved]);
        if provider.name() != "twilio" {
            let port = |signed| [AddressChange::Port { signed }];
            assert_eq!(seen(BASE, "https://example.com:8443/a", "/a"), port(Some(8443)));
            assert_eq!(seen("https://example.com:3000", &url("/a"), "/a"), port(None));
        }
    }
    let mut request = signed(&SQUARE, SECRET, "{}").url("https://hooks.example.com/api/a").build();
    *request.uri_mut() = "/a".parse().unwrap();
    let seen = |name: &'static str, value: &'static str, base: &str| {
        let mut request = request.clone();
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        let verifier = Verifier::builder(&SQUARE).secret(SECRET).public_base(base).build().unwrap();
        by(&verifier, &request).findings().to_vec()
    };
    let address = |change| [Finding::Address { secret: Some(0), changes: vec![change] }];
    let there = "https://hooks.example.com";
    let host = AddressChange::Host { signed: "hooks.example.com".to_owned() };
    assert_eq!(seen("x-forwarded-prefix", "/api/", there), address(AddressChange::PrefixRemoved));
    assert_eq!(seen("x-original-uri", "/api/a", there), address(AddressChange::Rewritten { header: "x-original-uri" }));
    assert_eq!(seen("x-forwarded-host", "hooks.example.com", "https://10.0.0.1/api"), address(host));
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
