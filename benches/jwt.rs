//! Tokens by a key that is known: the library's own verify call with a key parsed beforehand, this crate, and the kept JWT
//! crate, which parses the key anew for each token.

mod support;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use inhook::{
    Provider,
    provider::{ATLASSIAN_CONNECT_INSTALL, GOOGLE_PUBSUB, PLAID},
    testing::{signed, token_keys, verifier_for},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use support::{Table, data};

const SECRET: &str = "bench";

fn main() {
    // The same key as in Google's set, in PEM.
    let keys = token_keys(&ATLASSIAN_CONNECT_INSTALL, SECRET);
    let (_, material) = keys.iter().next().unwrap();
    let pem = std::str::from_utf8(&material.bytes).unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = BASE64.decode(der.as_bytes()).unwrap();
    let decoding = DecodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    run("RS256", &GOOGLE_PUBSUB, "authorization", &key, &RSA_PKCS1_2048_8192_SHA256, (Algorithm::RS256, &decoding));

    let keys = token_keys(&PLAID, SECRET);
    let (_, material) = keys.iter().next().unwrap();
    let jwk: serde_json::Value = serde_json::from_slice(&material.bytes).unwrap();
    let number = |name: &str| BASE64URL_NOPAD.decode(jwk[name].as_str().unwrap().as_bytes()).unwrap();
    let key = [&[4][..], &number("x"), &number("y")].concat();
    let decoding = DecodingKey::from_ec_components(jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap()).unwrap();
    run("ES256", &PLAID, "plaid-verification", &key, &ECDSA_P256_SHA256_FIXED, (Algorithm::ES256, &decoding));
}

fn run(
    name: &str,
    provider: &Provider,
    header: &str,
    key: &[u8],
    algorithm: &'static dyn VerificationAlgorithm,
    (named, decoding): (Algorithm, &DecodingKey),
) {
    let request = signed(provider, SECRET, data::body(1024)).build();
    let now = time::OffsetDateTime::now_utc();
    let token = request.headers()[header].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let parsed = ParsedPublicKey::new(algorithm, key).unwrap();
    let verifier = verifier_for(provider, SECRET);
    let mut validation = Validation::new(named);
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    let mut table = Table::new(format!("JWT {name}"));
    table.case("aws-lc-rs, key parsed once", || parsed.verify_sig(text.as_bytes(), &signature).unwrap());
    table.case("inhook", || verifier.authenticate_at(&request, now).unwrap());
    table.case("jsonwebtoken", || jsonwebtoken::decode::<serde_json::Value>(&token, decoding, &validation).unwrap());
    table.run();
}
