//! Public keys: what is told of those that a verifier was given, and of those that it learns.

use data_encoding::{BASE64URL, BASE64URL_NOPAD};
use inhook::{
    StaticKeys, Trust, VerifierBuilder,
    provider::{
        ATLASSIAN_FORGE, AWS_SNS, FIREBASE_AUTH, GOOGLE_PUBSUB, PAYPAL, PLAID, SENDGRID, STANDARD_WEBHOOKS_V1A, WISE,
    },
    testing::{TEST_ROOT, certificates, public_key, token_keys},
};

use super::*;

/// Of each kind of place that keys are fetched from.
const LEARNERS: [&Provider; 6] = [&AWS_SNS, &PAYPAL, &ATLASSIAN_FORGE, &FIREBASE_AUTH, &GOOGLE_PUBSUB, &PLAID];

fn known(provider: &Provider) -> StaticKeys {
    let keys = certificates(provider, SECRET);
    token_keys(provider, SECRET).iter().fold(keys, |keys, (id, material)| keys.with(id.clone(), material.clone()))
}

/// Before it has learned anything, and told to expect what requests for tests are meant for.
fn unlearned(provider: &Provider) -> Verifier {
    expecting(provider, "expected").build().unwrap()
}

fn expecting(provider: &Provider, value: &str) -> VerifierBuilder {
    let builder = Verifier::builder(provider);
    match provider.name() {
        "paypal" => builder.expect("webhook_id", value).trust(Trust::roots(TEST_ROOT).unwrap()),
        "aws_sns" => {
            let topic = if value == "expected" { "arn:aws:sns:us-east-1:123456789012:test" } else { value };
            builder.expect("topic_arn", topic).trust(Trust::roots(TEST_ROOT).unwrap())
        }
        "atlassian_forge" => builder.expect("audience", value),
        "firebase_auth" => builder.expect("audience", value).expect("issuer", value),
        "google_pubsub" => builder.expect("audience", value).expect("service_account_email", value),
        _ => builder,
    }
}

fn taught(verifier: Verifier, provider: &Provider) -> Verifier {
    for (id, material) in known(provider).iter() {
        verifier.learn_at(id, material.clone(), NOW).unwrap();
    }
    verifier
}

fn with(request: &Request<Bytes>, name: &'static str, value: &str) -> Request<Bytes> {
    let mut request = request.clone();
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

#[test]
fn a_key_that_has_yet_to_be_fetched_is_named_and_not_fetched() {
    for provider in LEARNERS {
        let verifier = unlearned(provider);
        let request = genuine(provider);
        // Its address is the provider's, and stands in the request.
        let diagnosis = verifier.diagnose_at(&request, NOW);
        let [Finding::KeyNeeded { key }] = diagnosis.findings() else { panic!("{provider:?}: {diagnosis}") };
        assert_eq!(known(provider).iter().map(|(id, _)| id).collect::<Vec<_>>(), [key], "{provider:?}");
        assert!(!diagnosis.is_explained() && !diagnosis.is_genuine() && diagnosis.is_complete(), "{diagnosis}");
        let said = diagnosis.to_string();
        assert!(said.contains(&key.url) && said.contains("`learn`") && !said.contains("forged"), "{said}");
        // Once it is known, the same request is judged.
        assert!(by(&taught(verifier, provider), &request).is_genuine(), "{provider:?}");
    }
}

#[test]
fn what_a_key_is_called_cannot_spoil_a_log() {
    let header = BASE64URL_NOPAD.encode(br#"{"alg":"ES256","kid":"a\nb\u001b"}"#);
    let request = with(&genuine(&PLAID), "plaid-verification", &format!("{header}.e30.AAAA"));
    let diagnosis = unlearned(&PLAID).diagnose_at(&request, NOW);
    // No key is called so: it is neither named nor asked for.
    assert!(!diagnosis.findings().iter().any(|finding| matches!(finding, Finding::KeyNeeded { .. })), "{diagnosis}");
    let said = format!("{diagnosis} {diagnosis:?}");
    assert!(!said.contains("a\nb") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_key_of_somebody_elses_is_named() {
    let untrusted = |provider: &Provider, request: &Request<Bytes>, host: &str| {
        let diagnosis = taught(unlearned(provider), provider).diagnose_at(request, NOW);
        assert_eq!(diagnosis.findings(), [Finding::KeyUntrusted { named: host.to_owned() }], "{diagnosis}");
        assert!(!diagnosis.is_explained() && diagnosis.to_string().contains("forged"), "{diagnosis}");
    };
    let cert = |url: &str| with(&genuine(&PAYPAL), "paypal-cert-url", url);
    untrusted(&PAYPAL, &cert("https://keys.evil.example/v1/notifications/certs/CERT-1"), "keys.evil.example");
    untrusted(&PAYPAL, &cert("http://api.paypal.com/v1/notifications/certs/CERT-1"), "api.paypal.com");
    untrusted(&PAYPAL, &cert("nowhere at all"), "");
    let mut message: serde_json::Value = serde_json::from_slice(genuine(&AWS_SNS).body()).unwrap();
    message["SigningCertURL"] = "https://sns.evil.example/SimpleNotificationService-1.pem".into();
    untrusted(&AWS_SNS, &with_body(&genuine(&AWS_SNS), message.to_string()), "sns.evil.example");
    for (kid, shown) in [("stranger", "stranger"), ("a b", "")] {
        let header = BASE64URL_NOPAD.encode(json!({"alg": "RS256", "kid": kid}).to_string().as_bytes());
        let request = with(&genuine(&ATLASSIAN_FORGE), "authorization", &format!("Bearer {header}.e30.AAAA"));
        untrusted(&ATLASSIAN_FORGE, &request, shown);
    }
}

#[test]
fn what_is_meant_for_another_is_told() {
    for provider in [&AWS_SNS, &ATLASSIAN_FORGE, &FIREBASE_AUTH, &GOOGLE_PUBSUB] {
        let verifier = taught(expecting(provider, "another").build().unwrap(), provider);
        let diagnosis = by(&verifier, &genuine(provider));
        assert_eq!(
            (diagnosis.findings(), diagnosis.is_explained()),
            (&[Finding::Unexpected][..], true),
            "{provider:?}"
        );
        // Whoever did not sign it is told nothing of the kind.
        assert_eq!(by(&verifier, &forged(provider)).findings(), [], "{provider:?}");
    }
    // Of PayPal's the webhook's id is a part of what is signed: it cannot be told from a forgery, and the report says so.
    let verifier = taught(expecting(&PAYPAL, "another").build().unwrap(), &PAYPAL);
    let diagnosis = by(&verifier, &genuine(&PAYPAL));
    assert!(diagnosis.findings().is_empty() && diagnosis.to_string().contains("told to expect"), "{diagnosis}");
}

#[test]
fn a_signature_of_a_private_key_that_is_written_otherwise_is_told() {
    let mut seen = 0;
    for (provider, header, expected) in [
        (&WISE, "x-signature-sha256", Encoding::Base64),
        (&PAYPAL, "paypal-transmission-sig", Encoding::Base64),
        (&STANDARD_WEBHOOKS_V1A, "webhook-signature", Encoding::Base64),
        (&SENDGRID, "x-twilio-email-event-webhook-signature", Encoding::Base64PaddedOrNot),
    ] {
        let request = genuine(provider);
        let text = request.headers()[header].to_str().unwrap().to_owned();
        let signature = text.rsplit(',').next().unwrap();
        let bytes = BASE64.decode(signature.as_bytes()).unwrap();
        let hex = Writing::Encoding { found: Encoding::Hex, expected };
        for (other, writing) in [
            (HEXLOWER.encode(&bytes), hex),
            (HEXLOWER.encode(&bytes).to_uppercase(), hex),
            (format!("'{signature}'"), Writing::Around),
            (signature.trim_end_matches('=').to_owned(), Writing::Padding),
            (BASE64URL.encode(&bytes), Writing::Encoding { found: Encoding::Base64Url, expected }),
        ] {
            let request = with(&request, header, &text.replace(signature, &other));
            // Of some there is no padding, of some it may be left out, and some look the same in both alphabets.
            if !refuses(provider, &request) {
                continue;
            }
            let written = Finding::Written { secret: whose(provider), header, writing };
            assert_eq!(of(provider, &request).findings(), [written], "{provider:?}");
            seen += 1;
        }
    }
    assert!(seen >= 14, "{seen}");
    // A token is looked for behind its word.
    let request = genuine(&GOOGLE_PUBSUB);
    let token = request.headers()["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    for other in [token.clone(), format!("\"{token}\""), format!("JWT {token}"), format!("Bearer \"{token}\"")] {
        let written = Finding::Written { secret: None, header: "authorization", writing: Writing::Around };
        let diagnosis = of(&GOOGLE_PUBSUB, &with(&request, "authorization", &other));
        assert_eq!(diagnosis.findings(), [written], "{diagnosis}");
    }
}

#[test]
fn a_header_that_tells_of_a_certificate_is_missed() {
    for name in ["paypal-cert-url", "paypal-auth-algo", "paypal-transmission-time"] {
        let mut request = genuine(&PAYPAL);
        request.headers_mut().remove(name);
        let missing = Finding::Missing { places: vec![format!("the header `{name}`")], signed: false };
        assert_eq!(of(&PAYPAL, &request).findings(), [missing]);
    }
    let mut request = genuine(&PAYPAL);
    let url = request.headers_mut().remove("paypal-cert-url").unwrap();
    request.headers_mut().insert("http_paypal_cert_url", url);
    let found = "http_paypal_cert_url".to_owned();
    let renamed = Finding::Renamed { secret: None, expected: "paypal-cert-url", found };
    assert_eq!(of(&PAYPAL, &request).findings(), [renamed]);
}

/// Many signatures by many keys cost many times what one does, and are counted.
#[test]
fn signatures_by_private_keys_are_counted() {
    let mut builder = Verifier::builder(&STANDARD_WEBHOOKS_V1A);
    for n in 0..4 {
        builder = builder.secret(public_key(&STANDARD_WEBHOOKS_V1A, &format!("{SECRET}{n}")));
    }
    let verifier = builder.build().unwrap();
    let one = forged(&STANDARD_WEBHOOKS_V1A);
    let signature = one.headers()["webhook-signature"].to_str().unwrap().to_owned();
    assert!(verifier.diagnose_at(&one, NOW).is_complete());
    let many = with(&one, "webhook-signature", &vec![signature; 16].join(" "));
    let diagnosis = verifier.diagnose_at(&many, NOW);
    assert!(!diagnosis.is_complete() && diagnosis.findings().is_empty(), "{diagnosis}");
}
