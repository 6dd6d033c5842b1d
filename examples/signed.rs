//! cargo run --example signed --features testing < tests/sdks/requests.jsonl
//!
//! Reads what to sign, one JSON object a line, and prints each as the request that the provider would have sent, one JSON
//! object a line: for tests in other languages, and for `tests/sdks`, where the vendors' own SDKs judge what is made here.
//! Without input it prints the request of GitHub's documentation.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{IsTerminal, Read},
};

use inhook::{
    Verifier,
    provider::{ALL, by_name},
    testing::signed,
};
use serde::{Deserialize, Serialize};

/// What to sign. Only `provider`, `secret` and `body` must be there.
#[derive(Deserialize)]
struct Wanted {
    provider: String,
    secret: String,
    body: String,
    url: Option<String>,
    kind: Option<String>,
    content_type: Option<String>,
    public_key: Option<String>,
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
    public_key: Option<String>,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
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
    let Wanted { provider, secret, body, url, kind, content_type, public_key, headers, case } = wanted;
    let Some(data) = by_name(&provider) else {
        let names: Vec<_> = ALL.iter().map(|provider| provider.name()).collect();
        return Err(format!("there is no provider `{provider}`, only {}", names.join(", ")).into());
    };
    // Says what is wrong with a secret; signing would panic.
    let verifier = Verifier::builder(data).secret(secret.as_str()).public_base("https://example.com");
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
        public_key,
        method: request.method().to_string(),
        url: request.uri().to_string(),
        headers: request.headers().iter().map(header).collect::<Result<_, _>>()?,
        body: String::from_utf8(request.body().to_vec())?,
    })
}
