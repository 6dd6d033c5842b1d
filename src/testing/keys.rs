//! Key pairs and certificates for tests, which everybody knows.

use serde_json::json;

use super::signed::signed_expect;
use crate::{
    KeyId, KeyMaterial, Provider, Secret, StaticKeys, Trust, VerifierBuilder,
    provider::{Certificates, JwtAlgorithm, JwtKeys, KeyForm, Keys, PublicKey, Scheme},
    verify::{KID, PrivateKey, is_second},
};

/// The root of [`certificates`], in PEM, for [`Trust::roots`]. Anybody can have a certificate of it: the keys are
/// published with this crate.
pub const TEST_ROOT: &str = include_str!("keys/root.pem");
const LEAVES: [&str; 2] = [include_str!("keys/a.pem"), include_str!("keys/b.pem")];
/// Led to the root, and bears another name.
pub(super) const STRANGER: &str = include_str!("keys/stranger.pem");
/// Bears the right names, and vouches for itself.
pub(super) const ALONE: &str = include_str!("keys/alone.pem");

/// What a verifier of `provider` has to be given as its secret, so that it takes what [`signed`](super::signed) makes with
/// this one: the public key that goes with it, written as the provider writes it, if it signs with a private key, and
/// `secret` itself for any other. Of RSA keys there are two, and two texts may well be the same one.
///
/// ```
/// use inhook::{Verifier, provider::DISCORD, testing::{public_key, signed}};
///
/// let verifier = Verifier::new(&DISCORD, public_key(&DISCORD, "any text"))?;
/// verifier.verify(&signed(&DISCORD, "any text", r#"{"type":2,"id":"1"}"#).build())?;
/// # Ok::<(), inhook::Error>(())
/// ```
///
/// # Panics
/// If the provider's keys are written in a form that no public key has.
#[expect(clippy::panic, reason = "a helper for tests")]
pub fn public_key(provider: &Provider, secret: &str) -> String {
    let told = provider.schemes().find_map(|scheme| match scheme {
        Scheme::PublicKey(PublicKey { keys: Keys::Told(form), algorithms: [algorithm, ..], .. }) => {
            Some((*form, *algorithm))
        }
        #[cfg(feature = "http-signatures")]
        Scheme::HttpSignature(data) => Some((data.key, data.algorithm.public()?)),
        _ => None,
    });
    let Some((form, algorithm)) = told else { return secret.to_owned() };
    match PrivateKey::of(algorithm, secret.as_bytes()).and_then(|key| key.public(form)) {
        Ok(text) => text,
        Err(_) => panic!("provider `{}`: no public key is written in its form", provider.name),
    }
}

/// What stands at the addresses of certificates that [`signed`](super::signed) names when it is given this secret, for a
/// verifier that trusts [`TEST_ROOT`]: valid from 2020 to 2045, with the names of PayPal's signer and of AWS SNS. There
/// are two, and two texts may well be the same one.
pub fn certificates(provider: &Provider, secret: impl Into<Secret>) -> StaticKeys {
    let leaf = leaf(&secret.into());
    fetched(provider).fold(StaticKeys::new(), |keys, data| keys.with(KeyId::new(data.example), KeyMaterial::new(leaf)))
}

/// The certificate of the RSA key that belongs to a secret.
fn leaf(secret: &Secret) -> &'static str {
    let [first, second] = LEAVES;
    if is_second(secret.expose()) { second } else { first }
}

/// The certificates that a provider's schemes have.
pub(super) fn fetched(provider: &Provider) -> impl Iterator<Item = &Certificates> {
    provider.schemes().filter_map(|scheme| match scheme {
        Scheme::PublicKey(scheme) => match &scheme.keys {
            Keys::Fetched(data) => Some(*data),
            Keys::Told(_) => None,
        },
        _ => None,
    })
}

/// With all that a test's verifier needs besides its secrets.
pub(super) fn equip(provider: &Provider, builder: VerifierBuilder) -> VerifierBuilder {
    let builder = provider.expects.iter().fold(builder, |builder, name| builder.expect(*name, signed_expect(name)));
    match (fetched(provider).next(), Trust::roots(TEST_ROOT)) {
        (Some(_), Ok(root)) => builder.trust(root),
        _ => builder,
    }
}

/// What stands where the tokens' keys are that [`signed`](super::signed) makes with this secret, for a provider whose
/// tokens are signed by a private key: a JWK set, a key in PEM or whatever else its server has, for a receiver's
/// [`keys`](crate::Builder::keys), to be [learned](crate::Verifier::learn), or to be served to others. Empty for any
/// other provider. Of RSA keys there are two, and two texts may well be the same one.
///
/// ```
/// use inhook::{Verifier, provider::ATLASSIAN_FORGE, testing::{signed, token_keys}};
///
/// let verifier = Verifier::builder(&ATLASSIAN_FORGE).expect("audience", "ari:cloud:ecosystem::app/1").build()?;
/// for (id, material) in token_keys(&ATLASSIAN_FORGE, "any text").iter() {
///     verifier.learn(id, material.clone())?;
/// }
/// let request = signed(&ATLASSIAN_FORGE, "any text", r#"{"eventType":"avi:jira:created:issue"}"#);
/// verifier.verify(&request.expected("audience", "ari:cloud:ecosystem::app/1").build())?;
/// # Ok::<(), inhook::Error>(())
/// ```
///
/// # Panics
/// Never: there is a key for any text.
#[expect(clippy::panic, reason = "a helper for tests")]
pub fn token_keys(provider: &Provider, secret: impl Into<Secret>) -> StaticKeys {
    let secret = secret.into();
    provider.schemes().fold(StaticKeys::new(), |keys, scheme| {
        let Scheme::Jwt(jwt) = scheme else { return keys };
        let Some(algorithm) = jwt.algorithm.public() else { return keys };
        let made =
            PrivateKey::of(algorithm, secret.expose()).and_then(|key| Ok((key.public(KeyForm::Pem)?, key.jwk(KID)?)));
        let Ok((pem, jwk)) = made else { panic!("no key can be made of the secret") };
        let (id, text) = match jwt.keys {
            // Google's server has certificates at some addresses and JWK sets at others, and each reader takes one form.
            JwtKeys::Set(url) if url.contains("/x509/") && jwt.algorithm == JwtAlgorithm::Rs256 => {
                (KeyId::new(url), json!({ KID: leaf(&secret) }).to_string())
            }
            JwtKeys::Set(url) => (KeyId::new(url), json!({ "keys": [jwk] }).to_string()),
            JwtKeys::Each(prefix) => (KeyId::new(format!("{prefix}{KID}")), pem),
            JwtKeys::Asked(url) => (KeyId::new(url).with_id(KID), jwk.to_string()),
            JwtKeys::Secret | JwtKeys::Unsaid => return keys,
        };
        keys.with(id, KeyMaterial::new(text))
    })
}
