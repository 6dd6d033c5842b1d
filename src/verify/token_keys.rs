//! The public keys of tokens, by the name that a token calls them by.

use std::{borrow::Cow, time::Duration};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::RsaPublicKeyComponents,
};
use data_encoding::BASE64URL_NOPAD;
use pki_types::{CertificateDer, SubjectPublicKeyInfoDer, pem::PemObject};
use time::OffsetDateTime;
use webpki::EndEntityCert;

use super::{public_key::PublicKey, ring::Ring};
use crate::{
    Error, ErrorKind, KeyId, KeyMaterial,
    body::json::{self, Members},
    provider::{Algorithm, Jwt, JwtAlgorithm, JwtKeys},
};

/// How long a key is kept, where its server says nothing, and in any case.
const USUAL: Duration = Duration::from_secs(3_600);
const LEAST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(86_400);
/// For how long a set is taken to be whole: a name that is not in it is made up.
const WHOLE: Duration = Duration::from_secs(60);
/// Nothing says since when a key has been good.
const EVER: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
/// Of one set.
const MOST: usize = 32;

const NO_KEY: Error = Error::new(ErrorKind::KeyUntrusted, "what stands there is no key that signs such tokens");

/// What a verifier has learned, of all its schemes.
#[derive(Debug, Default)]
pub(super) struct TokenKeys {
    keys: Ring<PublicKey>,
    /// The sets that were fetched only just now.
    sets: Ring<()>,
}

impl TokenKeys {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether what stands there was learned, and is good now.
    pub(super) fn has(&self, id: &KeyId, now: OffsetDateTime) -> bool {
        let (url, name) = (&*id.url, id.id.as_deref());
        self.keys.get(url, name, now).is_some() || self.sets.get(url, name, now).is_some()
    }

    /// Whether the key that a token names made the signature.
    pub(super) fn verify(
        &self,
        jwt: &Jwt,
        kid: Option<&str>,
        signed: &[u8],
        signature: &[u8],
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        let kid = kid.ok_or(Error::new(ErrorKind::MalformedHeader, "the token names no key"))?;
        let id = id(jwt, kid)?;
        let key = match jwt.keys {
            JwtKeys::Set(url) => self.keys.get(url, Some(kid), now),
            _ => self.keys.get(&id.url, id.id.as_deref(), now),
        };
        match key {
            Some(key) => Ok(key.signs(signed, signature)),
            None if self.sets.get(&id.url, None, now).is_some() => {
                Err(Error::new(ErrorKind::KeyUntrusted, "there is no key of that name"))
            }
            None => Err(Error::needs_key(id)),
        }
    }

    /// Takes in what was had for a key of such tokens; `None` if they have none there.
    pub(super) fn learn(
        &self,
        jwt: &Jwt,
        id: &KeyId,
        material: &KeyMaterial,
        now: OffsetDateTime,
    ) -> Option<Result<(), Error>> {
        let until = now + material.max_age.unwrap_or(USUAL).clamp(LEAST, LONGEST);
        let algorithm = jwt.algorithm;
        let one = |key: Result<PublicKey, Error>| key.map(|key| self.keys.put(id.clone(), key, EVER, until));
        match jwt.keys {
            JwtKeys::Set(url) if id.url == url && id.id.is_none() => {
                Some(set(algorithm, &material.bytes).map(|keys| {
                    for (kid, key) in keys {
                        self.keys.put(KeyId::new(url).with_id(kid), key, EVER, until);
                    }
                    self.sets.put(id.clone(), (), now, now + WHOLE);
                }))
            }
            JwtKeys::Each(prefix) if id.id.is_none() && id.url.strip_prefix(prefix).is_some_and(is_name) => {
                Some(one(pem(algorithm, &material.bytes)))
            }
            JwtKeys::Asked(url) if id.url == url => {
                let kid = id.id.as_deref()?;
                Some(one(asked(algorithm, kid, &material.bytes).ok_or(NO_KEY)))
            }
            _ => None,
        }
    }
}

/// What has to be fetched for a key.
fn id(jwt: &Jwt, kid: &str) -> Result<KeyId, Error> {
    match jwt.keys {
        JwtKeys::Set(url) => Ok(KeyId::new(url)),
        JwtKeys::Asked(url) if is_name(kid) => Ok(KeyId::new(url).with_id(kid)),
        JwtKeys::Each(prefix) if is_name(kid) => Ok(KeyId::new(format!("{prefix}{kid}"))),
        _ => Err(Error::new(ErrorKind::KeyUntrusted, "no key is called that")),
    }
}

/// Nothing that would lead an address anywhere else, or break out of a line of a log.
fn is_name(kid: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=64).contains(&kid.len()) && !kid.starts_with('.') && kid.bytes().all(plain)
}

/// The keys of a JWK set that sign by this algorithm, or of certificates in PEM by name.
fn set(algorithm: JwtAlgorithm, text: &[u8]) -> Result<Vec<(String, PublicKey)>, Error> {
    let members = json::members(text).ok_or(NO_KEY)?;
    let keys: Vec<_> = match members.raw("keys") {
        Some(list) => {
            let known = |raw: &str| {
                let jwk = json::members(raw.as_bytes())?;
                Some((jwk.text("kid")?.into_owned(), jwk_key(algorithm, &jwk)?))
            };
            // Of other kinds of keys there may be any number among them.
            json::items(list).ok_or(NO_KEY)?.into_iter().filter_map(known).take(MOST).collect()
        }
        None => {
            let known =
                |(kid, text): (&str, Cow<'_, str>)| Some((kid.to_owned(), pem(algorithm, text.as_bytes()).ok()?));
            members.texts().filter_map(known).take(MOST).collect()
        }
    };
    if keys.is_empty() { Err(NO_KEY) } else { Ok(keys) }
}

/// A JWK alone, or as the `key` of an answer.
fn asked(algorithm: JwtAlgorithm, kid: &str, text: &[u8]) -> Option<PublicKey> {
    let answer = json::members(text)?;
    let jwk = match answer.raw("key") {
        Some(raw) => json::members(raw.as_bytes())?,
        None => answer,
    };
    let named = jwk.text("kid").is_some_and(|name| name == kid);
    let current = matches!(jwk.raw("expired_at"), None | Some("null"));
    if named && current { jwk_key(algorithm, &jwk) } else { None }
}

fn jwk_key(algorithm: JwtAlgorithm, jwk: &Members<'_>) -> Option<PublicKey> {
    let says = |name: &str, right: &str| jwk.raw(name).is_none() || jwk.text(name).is_some_and(|text| text == right);
    if !says("alg", algorithm.name()) || !says("use", "sig") {
        return None;
    }
    let number = |name: &str| BASE64URL_NOPAD.decode(jwk.text(name)?.as_bytes()).ok();
    match (algorithm, &*jwk.text("kty")?) {
        (JwtAlgorithm::Rs256, "RSA") => {
            let components = RsaPublicKeyComponents { n: number("n")?, e: number("e")? };
            let der: PublicKeyX509Der<'_> = components.as_der().ok()?;
            PublicKey::new(Algorithm::RsaPkcs1Sha256, der.as_ref()).ok()
        }
        (JwtAlgorithm::Es256, "EC") if jwk.text("crv")? == "P-256" => {
            let (x, y) = (number("x")?, number("y")?);
            let point = [&[4], &*x, &*y].concat();
            if x.len() == 32 && y.len() == 32 {
                PublicKey::new(Algorithm::EcdsaP256Sha256Fixed, &point).ok()
            } else {
                None
            }
        }
        _ => None,
    }
}

/// A public key in PEM, or the certificate that holds one, whose issuer and dates say nothing: it counts because of
/// where it stands.
fn pem(algorithm: JwtAlgorithm, text: &[u8]) -> Result<PublicKey, Error> {
    let algorithm = algorithm.public().ok_or(NO_KEY)?;
    let info = match SubjectPublicKeyInfoDer::from_pem_slice(text) {
        Ok(info) => info,
        Err(_) => {
            let certificate = CertificateDer::from_pem_slice(text).map_err(|_| NO_KEY)?;
            EndEntityCert::try_from(&certificate).map_err(|_| NO_KEY)?.subject_public_key_info()
        }
    };
    PublicKey::new(algorithm, &info).map_err(|e| NO_KEY.because(e))
}
