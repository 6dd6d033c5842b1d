//! cargo run --example signed --all-features < tests/sdks/requests.jsonl
//!
//! Reads what to sign, one JSON object a line, and prints each as the request that the provider would have sent, one JSON
//! object a line: for tests in other languages, and for `tests/sdks`, where the vendors' own SDKs judge what is made here.
//! Without input it prints the request of GitHub's documentation.
//!
//! Providers that sign with a private key need the feature `asymmetric`; what judges their requests is printed beside
//! them: the `public_key`, or the `keys` that a server of theirs has, by address. With the feature `http-signatures` there
//! are senders of nobody's in particular too, who sign as RFC 9421 says: `rfc9421_` and the algorithm.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{IsTerminal, Read},
};

use inhook::{
    Provider, Verifier,
    provider::{ALL, by_name},
    testing::signed,
};
use serde::{Deserialize, Serialize};

/// What to sign. Only `provider`, `secret` and `body` must be there, and what the provider's verifier has to expect.
#[derive(Deserialize)]
struct Wanted {
    provider: String,
    secret: String,
    body: String,
    url: Option<String>,
    kind: Option<String>,
    content_type: Option<String>,
    public_key: Option<String>,
    /// Whom it is meant for, by the names that a verifier is told.
    #[serde(default)]
    expect: BTreeMap<String, String>,
    /// What its token says besides.
    #[serde(default)]
    claims: BTreeMap<String, serde_json::Value>,
    /// Others that the provider sends.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Told again with the request, for whoever reads it.
    #[serde(default)]
    case: String,
}

#[derive(Serialize)]
struct Made {
    case: String,
    provider: String,
    secret: String,
    expect: BTreeMap<String, String>,
    #[serde(flatten)]
    shown: Shown,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// What a provider shows to whoever judges its requests.
#[derive(Default, Serialize)]
struct Shown {
    public_key: Option<String>,
    /// What stands where keys and certificates are fetched.
    keys: BTreeMap<String, String>,
    /// Whom the certificates lead to.
    root: Option<&'static str>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = String::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin().read_to_string(&mut input)?;
    }
    if input.trim().is_empty() {
        input = r#"{"provider":"github","secret":"It's a Secret to Everybody","body":"Hello, World!"}"#.to_owned();
    }
    for line in input.lines().filter(|line| !line.trim().is_empty()) {
        println!("{}", serde_json::to_string(&make(serde_json::from_str(line)?)?)?);
    }
    Ok(())
}

fn make(wanted: Wanted) -> Result<Made, Box<dyn Error>> {
    let Wanted { provider, secret, body, url, kind, content_type, public_key, expect, claims, headers, case } = wanted;
    let Some(data) = by_name(&provider).or_else(|| generic(&provider)) else {
        let names: Vec<_> = ALL.iter().map(|provider| provider.name()).collect();
        return Err(format!("there is no provider `{provider}`, only {}", names.join(", ")).into());
    };
    let shown = shown(data, &secret)?;
    // Says what is wrong with a secret; signing would panic.
    let mut verifier = Verifier::builder(data).public_base("https://example.com");
    if shown.keys.is_empty() {
        verifier = verifier.secret(shown.public_key.as_ref().unwrap_or(&secret));
    }
    verifier = expect.iter().fold(verifier, |verifier, (name, value)| verifier.expect(name, value));
    verifier.public_key(public_key.as_deref().unwrap_or("public-key")).build()?;

    let mut request = signed(data, secret.as_str(), body);
    if let Some(url) = url {
        request = request.url(url);
    }
    if let Some(kind) = kind {
        request = request.kind(kind);
    }
    if let Some(content_type) = content_type {
        request = request.content_type(content_type);
    }
    if let Some(key) = &public_key {
        request = request.public_key(key);
    }
    for (name, value) in &expect {
        request = request.expected(name, value);
    }
    for (name, value) in claims {
        request = request.claim(name, value);
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.build();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Ok::<_, http::header::ToStrError>((name.to_string(), value.to_str()?.to_owned()))
    };
    Ok(Made {
        case,
        provider,
        secret,
        expect,
        shown: Shown { public_key: public_key.or(shown.public_key), ..shown },
        method: request.method().to_string(),
        url: request.uri().to_string(),
        headers: request.headers().iter().map(header).collect::<Result<_, _>>()?,
        body: String::from_utf8(request.body().to_vec())?,
    })
}

#[cfg(feature = "asymmetric")]
fn shown(provider: &Provider, secret: &str) -> Result<Shown, Box<dyn Error>> {
    use inhook::testing::{TEST_ROOT, certificates, public_key, token_keys};

    let (certificates, tokens) = (certificates(provider, secret), token_keys(provider, secret));
    let mut shown = Shown::default();
    for (id, material) in certificates.iter().chain(tokens.iter()) {
        shown.keys.insert(id.url.clone(), String::from_utf8(material.bytes.to_vec())?);
    }
    shown.root = certificates.iter().next().map(|_| TEST_ROOT);
    // The secret itself, where there is no private key.
    shown.public_key = Some(public_key(provider, secret)).filter(|key| key != secret);
    Ok(shown)
}

#[cfg(not(feature = "asymmetric"))]
fn shown(_: &Provider, _: &str) -> Result<Shown, Box<dyn Error>> {
    Ok(Shown::default())
}

/// Of no vendor, so that the crate has no constants for them.
#[cfg(feature = "http-signatures")]
fn generic(name: &str) -> Option<&'static Provider> {
    use inhook::provider::{HttpAlgorithm, HttpSignature, Scheme};

    const fn signing(name: &'static str, algorithm: HttpAlgorithm) -> Provider {
        Provider::new(name, Scheme::HttpSignature(HttpSignature::new(algorithm))).tolerance(300, 60)
    }
    static GENERIC: &[Provider] = &[
        signing("rfc9421_hmac_sha256", HttpAlgorithm::HmacSha256),
        #[cfg(feature = "asymmetric")]
        signing("rfc9421_ed25519", HttpAlgorithm::Ed25519),
        #[cfg(feature = "asymmetric")]
        signing("rfc9421_ecdsa_p256_sha256", HttpAlgorithm::EcdsaP256Sha256),
        #[cfg(feature = "asymmetric")]
        signing("rfc9421_rsa_pss_sha512", HttpAlgorithm::RsaPssSha512),
        #[cfg(feature = "asymmetric")]
        signing("rfc9421_rsa_v1_5_sha256", HttpAlgorithm::RsaV15Sha256),
    ];
    GENERIC.iter().find(|provider| provider.name() == name)
}

#[cfg(not(feature = "http-signatures"))]
fn generic(_: &str) -> Option<&'static Provider> {
    None
}
