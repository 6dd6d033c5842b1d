//! Keys and certificates that must not be believed.

use time::{Duration, OffsetDateTime};

use super::{
    keys::{ALONE, STRANGER, certificates},
    provider::{Check, SECRET, builder, told},
};
use crate::{
    ErrorKind, KeyId, KeyMaterial, Verifier,
    provider::{Algorithm, At, Certificates, Keys, PublicKey, Scheme},
    verify::put,
};

/// Addresses that look like one of a service's, for a reader who does not look closely.
fn look_alikes(good: &str) -> Vec<String> {
    let rest = good.strip_prefix("https://").unwrap_or(good);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    vec![
        format!("http://{rest}"),
        format!("https://evil.example/{path}"),
        format!("https://{host}.evil.example/{path}"),
        format!("https://evil-{host}/{path}"),
        format!("https://evil.example#{host}/{path}"),
        format!("https://evil.example?{host}/{path}"),
        format!("https://evil.example/{host}/{path}"),
        format!("https://evil.example\\.{host}/{path}"),
        format!("https://{host}@evil.example/{path}"),
        format!("https://evil@{host}/{path}"),
        format!("https://evil:evil@{host}/{path}"),
        format!("https://{host}:443/{path}"),
        format!("https://{host}:8443/{path}"),
        format!("https://{host}./{path}"),
        format!("https://{host}/../{path}"),
        format!("https://{host}//{path}"),
        format!("https://{host}/%2e%2e/{path}"),
        format!("https://bucket.s3.amazonaws.com/{path}"),
        format!("https://s3.amazonaws.com/{host}/{path}"),
        format!("https://127.0.0.1/{path}"),
        format!("{good}?evil"),
        format!("{good}#evil"),
        format!("file:///{path}"),
        path.to_owned(),
    ]
}

/// All of it, for a scheme of public keys.
pub(super) fn keys(check: &Check<'_>) {
    let Scheme::PublicKey(scheme) = &check.scheme else { return };
    match &scheme.keys {
        Keys::Told(_) => told_keys(check, scheme),
        Keys::Fetched(data) => fetched_keys(check, data),
    }
    if let Some((at, name)) = scheme.named {
        for other in ["none", "SHA1withRSA", "HS256", &name.to_lowercase(), &name.to_uppercase()] {
            let mut request = check.sample().build();
            if other != name && put(&mut request, at, other.as_bytes()).is_ok() {
                check.refuses(&request, &[ErrorKind::WrongAlgorithm], &format!("the algorithm `{other}`"));
            }
        }
    }
    for name in check.provider.expects {
        let request = check.sample().expected(name, "somebody else").build();
        let why = &[ErrorKind::BadSignature, ErrorKind::Unexpected];
        check.refuses(&request, why, &format!("a request for another `{name}`"));
        let built = Verifier::builder(check.provider).build();
        if built.is_ok() {
            check.fail(&format!("a verifier that expects no `{name}`"), "is built");
        }
    }
}

fn told_keys(check: &Check<'_>, scheme: &PublicKey) {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256Sha256, Algorithm::EcdsaP256Sha256Fixed, RSA] {
        if scheme.algorithms.contains(&algorithm) {
            continue;
        }
        let algorithms: &'static [Algorithm] = match algorithm {
            Algorithm::Ed25519 => &[Algorithm::Ed25519],
            Algorithm::EcdsaP256Sha256 => &[Algorithm::EcdsaP256Sha256],
            Algorithm::EcdsaP256Sha256Fixed => &[Algorithm::EcdsaP256Sha256Fixed],
            _ => &[RSA],
        };
        let foreign = PublicKey { algorithms, ..*scheme };
        let request = check.sample().scheme(Scheme::PublicKey(foreign)).build();
        check.refuses(&request, WRONG, &format!("a signature by {algorithm:?}"));
    }
    let key = told(check.provider, SECRET);
    for wrong in [SECRET, "whsec_c2VjcmV0", "whsk_c2VjcmV0", "AAAA", "00"] {
        if let Ok(_built) = builder(check.provider).secret(wrong).build() {
            // What is text, digits and base64 all in one is a key of 32 bytes for a scheme of such keys.
            if wrong != SECRET {
                check.fail(&format!("the key {wrong:?}"), "is taken");
            }
        }
    }
    if scheme.algorithms.contains(&RSA) {
        // Of two keys there are, any text is one.
        return;
    }
    // Whoever knows the public key must not be able to sign with it, by whatever means of secrets.
    let request = check.sample().secret(key).build();
    check.refuses(&request, WRONG, "a request signed with the public key's text");
}

const RSA: Algorithm = Algorithm::RsaPkcs1Sha256;
const WRONG: &[ErrorKind] = &[ErrorKind::BadSignature, ErrorKind::MalformedHeader];

fn fetched_keys(check: &Check<'_>, data: &Certificates) {
    let signed = check.sample().build();
    let good = KeyId::new(data.example);
    for url in look_alikes(data.example) {
        let mut request = signed.clone();
        if url == data.example || put(&mut request, data.at, url.as_bytes()).is_err() {
            continue;
        }
        let why = &[ErrorKind::KeyUntrusted, ErrorKind::MissingHeader, ErrorKind::MalformedHeader];
        check.refuses(&request, why, &format!("a certificate at `{url}`"));
        let other = fresh(check);
        let taught = other.learn_at(&KeyId::new(&url), KeyMaterial::new(STRANGER), check.now);
        if taught.is_ok() {
            check.fail(&format!("a certificate from `{url}`"), "is learned");
        }
    }
    let mut request = signed.clone();
    if put(&mut request, data.at, b"").is_ok() {
        check.refuses(&request, &[ErrorKind::MissingHeader], "a request without a certificate's address");
    }
    let unknown = fresh(check);
    match unknown.authenticate_at(&signed, check.now) {
        Err(error) if error.key_needed() == Some(&good) && error.kind() == ErrorKind::KeyUnavailable => {}
        other => check.fail("a certificate that is not known", &format!("is {other:?}, and should be named")),
    }
    let never = [(STRANGER, "of another name"), (ALONE, "that vouches for itself"), ("", "that is none")];
    for (pem, what) in never {
        refused(check, &unknown, &good, pem, check.now, what);
    }
    let Some(leaf) = certificates(check.provider, SECRET).get(&good).cloned() else { return };
    let years = |n: i64| OffsetDateTime::UNIX_EPOCH + Duration::days(365 * n);
    for (at, what) in [(years(40), "that is not valid yet"), (years(90), "that is not valid any more")] {
        let taught = unknown.learn_at(&good, leaf.clone(), at);
        if taught.map_err(|e| e.kind()) != Err(ErrorKind::KeyUntrusted) {
            check.fail(&format!("a certificate {what}"), "is learned");
        }
    }
    // Believed then, and judged by the clock of each request.
    if let Err(error) = unknown.learn_at(&good, leaf, check.now) {
        check.fail("a good certificate", &format!("is not learned: {error:?}"));
    }
    for at in [years(40), years(90), check.now + Duration::days(2)] {
        let found = unknown.authenticate_at(&signed, at).map(drop).map_err(|e| e.kind());
        if found != Err(ErrorKind::KeyUnavailable) {
            check.fail("a certificate that was learned long ago", &format!("is {found:?}"));
        }
    }
    let authentic = unknown.authenticate_at(&signed, check.now).is_ok_and(|verified| verified.which_secret().is_none());
    if !authentic {
        check.fail("a certificate that was learned", "is not believed, or is said to be a secret");
    }
    if data.at == At::Nowhere {
        check.fail("a certificate's address", "stands nowhere");
    }
}

/// A verifier that knows no certificate.
fn fresh(check: &Check<'_>) -> Verifier {
    match builder(check.provider).build() {
        Ok(verifier) => verifier,
        Err(error) => check.fail("a verifier", &format!("cannot be built: {error:?}")),
    }
}

fn refused(check: &Check<'_>, verifier: &Verifier, id: &KeyId, pem: &'static str, at: OffsetDateTime, what: &str) {
    let taught = verifier.learn_at(id, KeyMaterial::new(pem), at);
    if taught.map_err(|e| e.kind()) != Err(ErrorKind::KeyUntrusted) {
        check.fail(&format!("a certificate {what}"), "is learned");
    }
}
