//! Signatures by private keys over 1 KiB: the library's own verify call with a key parsed beforehand, this crate, the same
//! call with a key parsed each time, and ring.

mod support;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http::{HeaderMap, HeaderName, HeaderValue};
use inhook::{
    Provider, Verifier,
    provider::{DISCORD, SENDGRID, WISE},
};
use support::{Table, data};

const TIME: &str = "1760149339";

/// A key in each form that somebody wants.
struct Key {
    spki: Vec<u8>,
    /// As ring takes it.
    bytes: Vec<u8>,
    algorithm: &'static dyn VerificationAlgorithm,
    ring: &'static dyn ring::signature::VerificationAlgorithm,
}

fn main() {
    let random = SystemRandom::new();
    let body = Bytes::from(data::body(1024));
    let timed = [TIME.as_bytes(), &body].concat();

    let pair = Ed25519KeyPair::generate().unwrap();
    let signature = pair.sign(&timed).as_ref().to_vec();
    let bytes = pair.public_key().as_ref().to_vec();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let text = HEXLOWER.encode(&bytes);
    let key = Key { spki: spki.as_ref().to_vec(), bytes, algorithm: &ED25519, ring: &ring::signature::ED25519 };
    let sent = [("x-signature-ed25519", HEXLOWER.encode(&signature)), ("x-signature-timestamp", TIME.to_owned())];
    run("Ed25519", &DISCORD, &text, &sent, &body, &key, &timed, &signature);

    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let signature = pair.sign(&random, &timed).unwrap().as_ref().to_vec();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let key = Key {
        spki: spki.as_ref().to_vec(),
        bytes: pair.public_key().as_ref().to_vec(),
        algorithm: &ECDSA_P256_SHA256_ASN1,
        ring: &ring::signature::ECDSA_P256_SHA256_ASN1,
    };
    let sent = [
        ("x-twilio-email-event-webhook-signature", BASE64.encode(&signature)),
        ("x-twilio-email-event-webhook-timestamp", TIME.to_owned()),
    ];
    run("ECDSA P-256", &SENDGRID, &BASE64.encode(&key.spki), &sent, &body, &key, &timed, &signature);

    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &random, &body, &mut signature).unwrap();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let key = Key {
        spki: spki.as_ref().to_vec(),
        bytes: pair.public_key().as_ref().to_vec(),
        algorithm: &RSA_PKCS1_2048_8192_SHA256,
        ring: &ring::signature::RSA_PKCS1_2048_8192_SHA256,
    };
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", BASE64.encode(&key.spki));
    let sent = [("x-signature-sha256", BASE64.encode(&signature))];
    run("RSA-2048", &WISE, &pem, &sent, &body, &key, &body, &signature);
}

#[expect(clippy::too_many_arguments, reason = "it is called thrice, right above")]
fn run(
    title: &str,
    provider: &Provider,
    secret: &str,
    sent: &[(&'static str, String)],
    body: &Bytes,
    key: &Key,
    message: &[u8],
    signature: &[u8],
) {
    let header =
        |(name, value): &(&'static str, String)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    let headers: HeaderMap = sent.iter().map(header).collect();
    let verifier = Verifier::new(provider, secret).unwrap();
    let parsed = ParsedPublicKey::new(key.algorithm, &key.spki).unwrap();
    let unparsed = UnparsedPublicKey::new(key.algorithm, &key.spki);
    let ring = ring::signature::UnparsedPublicKey::new(key.ring, &key.bytes);
    let mut table = Table::new(format!("{title} 1024 B"));
    table.case("aws-lc-rs", || parsed.verify_sig(message, signature).unwrap());
    table.case("inhook", || verifier.authenticate((&headers, body)).unwrap());
    table.case("aws-lc-rs, key parsed each time", || unparsed.verify(message, signature).unwrap());
    table.case("ring", || ring.verify(message, signature).unwrap());
    table.run();
}
