//! HTTP message signatures, which no provider of the table has. Those with a secret: a public key is tried in the same
//! places, and one that is written otherwise builds no verifier.

use inhook::provider::{At, HttpAlgorithm, HttpSignature, Scheme};

use super::*;

const ACME: Provider = Provider::new("acme", Scheme::HttpSignature(HttpSignature::new(HttpAlgorithm::HmacSha256)))
    .tolerance(300, 60)
    .identity(&[At::Json("/id")]);
const BASE: &str = "https://example.com";

fn sent() -> Request<Bytes> {
    signed(&ACME, SECRET, "{\"id\": \"1\"}").url("https://example.com/hooks").at(NOW).build()
}

fn with_secret(secret: &str, base: &str) -> Verifier {
    Verifier::builder(&ACME).secret(secret).public_base(base).build().unwrap()
}

fn found(request: &Request<Bytes>) -> Vec<Finding> {
    by(&with_secret(SECRET, BASE), request).findings().to_vec()
}

#[test]
fn the_same_mistakes_are_told_of_http_messages() {
    let request = sent();
    assert!(by(&with_secret(SECRET, BASE), &request).is_genuine());
    let forged = by(&with_secret(OTHER, BASE), &request);
    assert!(forged.findings().is_empty() && forged.to_string().contains("forged"), "{forged}");
    let others = [("staging", SECRET.into())];
    let diagnosis = with_secret(OTHER, BASE).diagnose_among(&request, NOW, &others);
    assert_eq!(diagnosis.findings(), [Finding::OtherSecret { name: "staging".to_owned() }]);
    let quoted = by(&with_secret(&format!("\"{SECRET}\""), BASE), &request);
    assert_eq!(quoted.findings(), [Finding::Key { secret: 0, mistake: KeyMistake::Quotes }]);
    for (body, change) in [
        ("{\"id\":\"1\"}", BodyChange::Rewritten),
        ("{\"id\": \"1\"}\n", BodyChange::EndAdded),
        ("\u{feff}{\"id\": \"1\"}", BodyChange::MarkAdded),
    ] {
        assert_eq!(found(&with_body(&request, body)), [Finding::Body { secret: Some(0), change }]);
    }
    let wrong = by(&with_secret(SECRET, "http://example.com"), &request);
    let changes = vec![AddressChange::Scheme { signed: "https" }];
    assert_eq!(wrong.findings(), [Finding::Address { secret: Some(0), changes }]);
    let old = signed(&ACME, SECRET, "{}").url("https://example.com/hooks").at(NOW - Duration::days(3)).build();
    assert!(matches!(&found(&old)[..], [Finding::Clock { age, .. }] if *age == Duration::days(3)));
}

#[test]
fn the_headers_of_http_messages_are_missed_and_found_again() {
    for name in ["signature", "signature-input", "content-digest"] {
        let mut request = sent();
        let value = request.headers_mut().remove(name).unwrap();
        let missing = Finding::Missing { places: vec![format!("the header `{name}`")], signed: false };
        assert_eq!(found(&request), [missing]);
        let other = format!("x-original-{name}");
        request.headers_mut().insert(HeaderName::try_from(&other).unwrap(), value);
        assert_eq!(found(&request), [Finding::Renamed { secret: Some(0), expected: name, found: other }]);
    }
    let request = sent();
    let text = request.headers()["signature"].to_str().unwrap().to_owned();
    let (label, value) = text.split_once('=').unwrap();
    let bytes = BASE64.decode(value.trim_matches(':').as_bytes()).unwrap();
    let hex = Writing::Encoding { found: Encoding::Hex, expected: Encoding::Base64 };
    for (other, writing) in [
        (value.trim_matches(':').to_owned(), Writing::Around),
        (format!("{label}={}", value.trim_matches(':')), Writing::Around),
        (format!("{label}=:{}:", value.trim_matches([':', '='])), Writing::Padding),
        (format!("{label}=:{}:", HEXLOWER.encode(&bytes)), hex),
    ] {
        let mut request = request.clone();
        request.headers_mut().insert("signature", other.parse().unwrap());
        assert_eq!(found(&request), [Finding::Written { secret: Some(0), header: "signature", writing }], "{other}");
    }
}

/// What a signature says of its own end is judged last.
#[test]
fn a_signature_that_has_ended_is_told() {
    let input = format!("(\"@method\");expires={}", NOW.unix_timestamp() - 1);
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("\"@method\": POST\n\"@signature-params\": {input}").as_bytes());
    let signature = format!("s=:{}:", BASE64.encode(&mac.finalize().into_bytes()));
    let request =
        Request::post("/hooks").header("signature-input", format!("s={input}")).header("signature", signature);
    const ENDS: Provider = Provider::new(
        "ends",
        Scheme::HttpSignature(HttpSignature::new(HttpAlgorithm::HmacSha256).covers(&[inhook::provider::Part::Method])),
    )
    .identity(&[At::Json("/id")]);
    let verifier = Verifier::new(&ENDS, SECRET).unwrap();
    assert_eq!(by(&verifier, &request.body(Bytes::new()).unwrap()).findings(), [Finding::Expired]);
}
