//! HTTP Message Signatures: the examples of RFC 9421 (appendix B) and RFC 9530, and what must not pass for one.

use bytes::Bytes;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use inhook::{
    ErrorKind, Field, Provider, Tolerance, Verifier,
    provider::{At, HttpAlgorithm, HttpSignature, KeyForm, Part, Scheme},
    testing::{check_provider, signed},
};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

const CREATED: i64 = 1_618_884_473;
const DIGEST: &str =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
const SECRET: &str = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";

const fn provider(scheme: HttpSignature) -> Provider {
    Provider::new("acme", Scheme::HttpSignature(scheme)).identity(&[At::Json("/id")])
}

/// The request of appendix B.2, with this signature.
fn published(label: &str, input: &str, signature: &str) -> Request<Bytes> {
    let request = Request::post("/foo?param=Value&Pet=dog")
        .header("host", "example.com")
        .header("date", "Tue, 20 Apr 2021 02:07:55 GMT")
        .header("content-type", "application/json")
        .header("content-digest", DIGEST)
        .header("content-length", "18")
        .header("signature-input", format!("{label}={input}"))
        .header("signature", format!("{label}=:{signature}:"));
    request.body(Bytes::from_static(br#"{"hello": "world"}"#)).unwrap()
}

fn at(secs: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(CREATED + secs).unwrap()
}

#[track_caller]
fn verdict(provider: &Provider, key: &str, base: &str, request: &Request<Bytes>) -> Result<(), ErrorKind> {
    let verifier = Verifier::builder(provider).secret(key).public_base(base).build().unwrap();
    verifier.authenticate_at(request, at(1)).map(|_| ()).map_err(|e| e.kind())
}

/// Holds, and no longer with any one character of the signature, of a signed header or of the address changed.
#[track_caller]
fn holds(provider: &Provider, key: &str, base: &str, request: &Request<Bytes>, headers: &[&'static str]) {
    assert_eq!(verdict(provider, key, base, request), Ok(()));
    let refused = |request: &Request<Bytes>, what: &str| {
        assert!(verdict(provider, key, base, request).is_err(), "{what}");
    };
    for name in headers.iter().copied().chain(["signature", "signature-input"]) {
        let value = request.headers()[name].to_str().unwrap().to_owned();
        for at in (0..value.len()).step_by(if name == "signature" { 7 } else { 1 }) {
            let mut bytes = value.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let mut changed = request.clone();
            changed.headers_mut().insert(name, http::HeaderValue::from_bytes(&bytes).unwrap());
            refused(&changed, &format!("{name} with character {at} changed"));
        }
        let mut without = request.clone();
        without.headers_mut().remove(name);
        refused(&without, &format!("no {name}"));
    }
}

/// Appendix B.2.5.
#[test]
fn the_published_hmac_holds() {
    const PARTS: &[Part] = &[Part::Header("date"), Part::Header("content-type")];
    let scheme = HttpSignature::new(HttpAlgorithm::HmacSha256).key(KeyForm::Base64).covers(PARTS);
    let input = r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let request = published("sig-b25", input, "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
    holds(&provider(scheme), SECRET, "https://example.com", &request, &["date", "content-type"]);
    assert!(verdict(&provider(scheme), SECRET, "https://example.org", &request).is_err());
}

#[cfg(feature = "asymmetric")]
mod public {
    use super::*;

    const ED25519: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----";
    const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf\n\
        w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==\n\
        -----END PUBLIC KEY-----";
    const RSA_PSS: &str = "-----BEGIN PUBLIC KEY-----\n\
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2\n\
        +QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+\n\
        oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq\n\
        gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W\n\
        Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4\n\
        aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI\n\
        2wIDAQAB\n\
        -----END PUBLIC KEY-----";

    /// Appendix B.2.6.
    #[test]
    fn the_published_ed25519_holds() {
        const PARTS: &[Part] =
            &[Part::Method, Part::Path, Part::Header("content-type"), Part::Header("content-length")];
        let scheme = HttpSignature::new(HttpAlgorithm::Ed25519).covers(PARTS);
        let input = r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
        let signature = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
        let request = published("sig-b26", input, signature);
        holds(&provider(scheme), ED25519, "https://example.com", &request, &["date", "content-type", "content-length"]);
    }

    /// Appendix B.2.1 to B.2.3.
    #[test]
    fn the_published_rsa_pss_holds() {
        let base = "https://example.com";
        let scheme = |parts| provider(HttpSignature::new(HttpAlgorithm::RsaPssSha512).covers(parts));
        let minimal = published(
            "sig-b21",
            r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
            "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==",
        );
        // It covers nothing, and so it proves nothing.
        assert_eq!(verdict(&scheme(&[Part::Method]), RSA_PSS, base, &minimal), Err(ErrorKind::Unexpected));
        let selective = published(
            "sig-b22",
            r#"("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
            "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==",
        );
        holds(&scheme(&[Part::Body]), RSA_PSS, base, &selective, &["content-digest"]);
        let full = published(
            "sig-b23",
            r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
            "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==",
        );
        let all = [Part::Method, Part::Url, Part::Body, Part::Header("date")];
        holds(&scheme(Box::leak(Box::new(all))), RSA_PSS, base, &full, &["date", "content-digest"]);
        let mut other = full.clone();
        *other.body_mut() = Bytes::from_static(br#"{"hello": "World"}"#);
        assert_eq!(verdict(&scheme(&[Part::Body]), RSA_PSS, base, &other), Err(ErrorKind::BadSignature));
    }

    /// Appendix B.3: what a proxy passes on of its client.
    #[test]
    fn the_published_p256_holds() {
        const PARTS: &[Part] = &[Part::Method, Part::Url, Part::Header("client-cert")];
        const CERTIFICATE: &str = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";
        let input =
            r#"("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256""#;
        let signature = "xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==";
        let mut request = published("ttrp", input, signature);
        request.headers_mut().insert("client-cert", CERTIFICATE.parse().unwrap());
        let scheme = HttpSignature::new(HttpAlgorithm::EcdsaP256Sha256).covers(PARTS);
        holds(&provider(scheme), P256, "https://service.internal.example", &request, &["client-cert"]);
        // Another algorithm with the same key is no signature, and neither is its key a secret.
        let hmac = HttpSignature::new(HttpAlgorithm::HmacSha256).covers(PARTS);
        let base = "https://service.internal.example";
        assert_eq!(verdict(&provider(hmac), P256.trim(), base, &request), Err(ErrorKind::BadSignature));
    }
}

const ACME: Provider = provider(
    HttpSignature::new(HttpAlgorithm::HmacSha256)
        .covers(&[Part::Method, Part::Url, Part::Body, Part::Header("x-acme-event")])
        .tag("acme"),
)
.tolerance(300, 60);

#[test]
fn the_data_holds_up() {
    check_provider(&ACME);
    check_provider(&provider(HttpSignature::new(HttpAlgorithm::HmacSha256)));
    check_provider(&provider(HttpSignature::new(HttpAlgorithm::HmacSha256).covers(&[Part::Path]).label("only")));
}

#[cfg(feature = "asymmetric")]
#[test]
fn the_data_of_private_keys_holds_up() {
    for algorithm in [
        HttpAlgorithm::Ed25519,
        HttpAlgorithm::EcdsaP256Sha256,
        HttpAlgorithm::RsaPssSha512,
        HttpAlgorithm::RsaV15Sha256,
    ] {
        check_provider(&provider(HttpSignature::new(algorithm)));
    }
}

fn acme() -> Request<Bytes> {
    signed(&ACME, "secret", r#"{"id":"1"}"#).at(at(0)).build()
}

fn change(name: &'static str, from: &str, to: &str) -> Result<(), ErrorKind> {
    let mut request = acme();
    let value = request.headers()[name].to_str().unwrap();
    assert!(value.contains(from), "{value}");
    let changed = value.replacen(from, to, 1).parse().unwrap();
    request.headers_mut().insert(name, changed);
    verdict(&ACME, "secret", "https://example.com", &request)
}

#[test]
fn what_has_to_be_covered_is_known() {
    let verifier = Verifier::builder(&ACME).secret("secret").public_base("https://example.com").build().unwrap();
    let request = acme();
    let verified = verifier.authenticate_at(&request, at(0)).unwrap();
    for field in [Field::Body, Field::Url, Field::Identity, Field::Header("x-acme-event")] {
        assert!(verified.covers(field), "{field:?}");
    }
    assert!(!verified.covers(Field::Header("date")));
    assert_eq!(verified.signed_at(), Some(at(0)));
}

#[test]
fn a_signature_that_covers_less_or_calls_itself_otherwise_is_refused() {
    const INPUT: &str = "signature-input";
    for part in ["\"@method\" ", "\"@target-uri\" ", "\"content-digest\" ", " \"x-acme-event\""] {
        assert_eq!(change(INPUT, part, ""), Err(ErrorKind::Unexpected), "{part}");
    }
    for (from, to, kind) in [
        ("hmac-sha256", "none", ErrorKind::WrongAlgorithm),
        ("hmac-sha256", "hmac-sha512", ErrorKind::WrongAlgorithm),
        ("\"hmac-sha256\"", "hmac-sha256", ErrorKind::WrongAlgorithm),
        ("tag=\"acme\"", "tag=\"other\"", ErrorKind::MalformedHeader),
        (";tag=\"acme\"", "", ErrorKind::MalformedHeader),
        ("sig1=", "sig2=", ErrorKind::MalformedHeader),
        ("(", "", ErrorKind::MalformedHeader),
        ("created=", "created=1", ErrorKind::BadSignature),
        ("keyid=\"test\"", "keyid=\"x\"", ErrorKind::BadSignature),
        ("\"@method\"", "\"@method\";req", ErrorKind::Unexpected),
        ("\"@method\"", "\"@method\" \"@method\"", ErrorKind::MalformedHeader),
        ("\"@method\"", "\"@method\" \"@status\"", ErrorKind::MalformedHeader),
    ] {
        assert_eq!(change(INPUT, from, to), Err(kind), "{from} {to}");
    }
}

#[test]
fn a_digest_is_of_the_body_or_the_body_is_not_covered() {
    let resign = |digest: &str, body: &'static [u8]| {
        // Whoever holds the key may say what they like of the body.
        let scheme = HttpSignature::new(HttpAlgorithm::HmacSha256).covers(&[Part::Header("content-digest")]);
        let signer = provider(scheme);
        let mut request = signed(&signer, "secret", body).header("content-digest", digest).at(at(0)).build();
        *request.body_mut() = Bytes::from_static(body);
        verdict(
            &provider(HttpSignature::new(HttpAlgorithm::HmacSha256).covers(&[Part::Body])),
            "secret",
            "https://example.com",
            &request,
        )
    };
    let right = format!("sha-256=:{}:", BASE64.encode(&Sha256::digest(b"{}")));
    assert_eq!(resign(&right, b"{}"), Ok(()));
    assert_eq!(resign(&format!("md5=:AAAA:, {right}"), b"{}"), Ok(()));
    assert_eq!(resign(&right, b"{ }"), Err(ErrorKind::BadSignature));
    assert_eq!(resign(&format!("{right}, sha-512=:AAAA:"), b"{}"), Err(ErrorKind::BadSignature));
    assert_eq!(resign("md5=:AAAA:", b"{}"), Err(ErrorKind::Unexpected));
    assert_eq!(resign("sha-256=abc", b"{}"), Err(ErrorKind::MalformedHeader));
    assert_eq!(resign("sha-256=(:AAAA:)", b"{}"), Err(ErrorKind::MalformedHeader));
    assert_eq!(resign("sha-256=::", b"{}"), Err(ErrorKind::BadSignature));
    assert_eq!(resign(DIGEST, br#"{"hello": "world"}"#), Ok(()));
}

#[test]
fn times_are_judged_by_the_clock_that_is_passed_in() {
    let verifier = |tolerance| {
        let builder = Verifier::builder(&ACME).secret("secret").public_base("https://example.com");
        builder.tolerance(tolerance).build().unwrap()
    };
    let request = acme();
    let judge =
        |tolerance, secs| verifier(tolerance).authenticate_at(&request, at(secs)).map(|_| ()).map_err(|e| e.kind());
    assert_eq!(judge(Tolerance::Provider, 300), Ok(()));
    assert_eq!(judge(Tolerance::Provider, 301), Err(ErrorKind::StaleTimestamp));
    assert_eq!(judge(Tolerance::Provider, -61), Err(ErrorKind::FutureTimestamp));
    assert_eq!(judge(Tolerance::within(Duration::HOUR.unsigned_abs()), 3600), Ok(()));
    assert_eq!(judge(Tolerance::Unlimited, 1_000_000), Ok(()));
}

/// `expires` counts whatever the tolerance is.
#[test]
fn a_signature_ends_when_it_says_so() {
    let provider = provider(HttpSignature::new(HttpAlgorithm::HmacSha256).covers(&[Part::Method]));
    let judge = |parameters: &str| {
        let input = format!("(\"@method\");{parameters}");
        let text = format!("\"@method\": POST\n\"@signature-params\": {input}");
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
        mac.update(text.as_bytes());
        let signature = BASE64.encode(&mac.finalize().into_bytes());
        verdict(&provider, "secret", "https://example.com", &published("s", &input, &signature))
    };
    assert_eq!(judge(&format!("expires={}", CREATED + 2)), Ok(()));
    assert_eq!(judge(&format!("expires={}", CREATED + 1)), Err(ErrorKind::StaleTimestamp));
    assert_eq!(judge("created=1;nonce=\"n\""), Ok(()));
    for bad in ["expires=\"1\"", "expires=-1", "expires=1.5", "expires"] {
        assert_eq!(judge(bad), Err(ErrorKind::MalformedHeader), "{bad}");
    }
}

#[test]
fn one_of_several_signatures_is_enough_and_none_vouches_for_another() {
    let mut request = acme();
    let own = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    let (input, signature) = (own("signature-input"), own("signature"));
    let both = format!("proxy=(\"@method\");created=1;tag=\"proxy\", {input}, other=(\"@path\");tag=\"acme\"");
    request.headers_mut().insert("signature-input", both.parse().unwrap());
    request.headers_mut().insert("signature", format!("proxy=:AAAA:, other=:AAAA:, {signature}").parse().unwrap());
    assert_eq!(verdict(&ACME, "secret", "https://example.com", &request), Ok(()));
    request.headers_mut().append("signature", signature.parse().unwrap());
    assert_eq!(verdict(&ACME, "secret", "https://example.com", &request), Err(ErrorKind::MalformedHeader));
}
