//! Tokens as their signer makes them, for tests.

use bytes::Bytes;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::Request;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

#[cfg(feature = "asymmetric")]
use super::PrivateKey;
use super::{
    judge::tag_of,
    keys::{Key, key},
    put::put,
    query_hash,
    sign::Stamps,
};
use crate::{
    Error, Incoming, Secret,
    provider::{Jwt, JwtClaim, Scheme, locate},
};

/// How long one lives, in seconds.
const LIFE: i64 = 3600;

/// The first two parts of a token that says all that it must say.
pub(super) fn unsigned(
    jwt: &Jwt,
    kid: Option<&str>,
    request: &mut Request<Bytes>,
    stamps: Stamps<'_>,
) -> Result<String, Error> {
    let mut header = json!({ "alg": jwt.algorithm.name(), "typ": "JWT" });
    if let (Some(kid), Some(header)) = (kid, header.as_object_mut()) {
        header.insert("kid".to_owned(), kid.into());
    }
    let mut claims = Map::new();
    let now = stamps.at.unix_timestamp();
    let issued: Option<Value> = stamps.time.map_or(Some(now.into()), |text| serde_json::from_str(text).ok());
    if let Some(issued) = issued {
        claims.insert("iat".to_owned(), issued);
    }
    if jwt.is_the_event {
        let body = std::mem::replace(request.body_mut(), Bytes::from_static(b"{}"));
        let event: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
        claims.extend(event);
    }
    for claim in jwt.claims {
        if let JwtClaim::Same(_, at) = claim
            && locate::find(*at, &Incoming::from(&*request), false)?.is_none()
        {
            put(request, *at, b"test")?;
        }
    }
    let incoming = Incoming::from(&*request);
    for claim in jwt.claims {
        let (name, value): (&str, Value) = match claim {
            JwtClaim::OneOf(name, all) => (name, all.first().copied().unwrap_or_default().into()),
            JwtClaim::Expected(name, what) => {
                let told = stamps.expected.iter().find(|(other, _)| other == what);
                (name, told.map_or("", |(_, value)| value).into())
            }
            JwtClaim::True(name) => (name, true.into()),
            JwtClaim::Some(name) => (name, "test".into()),
            JwtClaim::Same(name, at) => {
                let there = locate::find(*at, &incoming, false)?.unwrap_or_default();
                (name, String::from_utf8_lossy(&there).into())
            }
            JwtClaim::Expires => ("exp", (now + LIFE).into()),
            JwtClaim::Issued => continue,
            JwtClaim::BodyHash(name) => (name, HEXLOWER.encode(&Sha256::digest(request.body())).into()),
            JwtClaim::UrlHash(name) => (name, HEXLOWER.encode(&query_hash::of(&incoming, Some(stamps.base))?).into()),
        };
        claims.insert(name.to_owned(), value);
    }
    let encode = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    if let Some(text) = stamps.instead.header {
        header = serde_json::from_str(text).unwrap_or_default();
    }
    for (name, text) in &stamps.instead.claims {
        claims.remove(name);
        if let Ok(value) = serde_json::from_str(text) {
            claims.insert(name.clone(), value);
        }
    }
    Ok(format!("{}.{}", encode(header), encode(claims.into())))
}

/// The whole token as it stands in its first place.
pub(super) fn whole(jwt: &Jwt, unsigned: &str, signature: &[u8]) -> String {
    let before = if jwt.behind.is_empty() { String::new() } else { format!("{} ", jwt.behind) };
    format!("{before}{unsigned}.{}", BASE64URL_NOPAD.encode(signature))
}

/// What a token says beside what it should, or in place of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Instead {
    /// Its header.
    pub(crate) header: Option<&'static str>,
    /// Claims by name, as JSON; what is no JSON is left out.
    pub(crate) claims: Vec<(String, String)>,
}

/// What signs: a secret, or a private key.
pub(super) enum Hand {
    Secret(Box<Key>),
    #[cfg(feature = "asymmetric")]
    Private(PrivateKey),
}

impl Hand {
    pub(super) fn of(scheme: &Scheme, secret: &Secret) -> Result<Self, Error> {
        #[cfg(feature = "asymmetric")]
        {
            let algorithm = match scheme {
                Scheme::Jwt(jwt) => jwt.algorithm.public(),
                #[cfg(feature = "http-signatures")]
                Scheme::HttpSignature(data) => data.algorithm.public(),
                _ => None,
            };
            if let Some(algorithm) = algorithm {
                const NO_KEY: Error = Error::new(crate::ErrorKind::InvalidSecret, "no private key can be made of it");
                return PrivateKey::of(algorithm, secret.expose()).map(Self::Private).map_err(|_| NO_KEY);
            }
        }
        key(scheme, secret).map(|key| Self::Secret(Box::new(key)))
    }

    /// Nothing, for a key that signs nothing.
    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Secret(key) => match &**key {
                Key::Mac(mac) => tag_of(mac, &[text]).as_bytes().to_vec(),
                _ => Vec::new(),
            },
            #[cfg(feature = "asymmetric")]
            Self::Private(key) => key.sign(text).unwrap_or_default(),
        }
    }
}

/// What a token calls its key, if it has one of its own.
pub(crate) const KID: &str = "test";
