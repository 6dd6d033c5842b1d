//! The other direction, for tests: from the same data, by the same templates and keys, to a request that bears a proof.

use bytes::Bytes;
use data_encoding::BASE64;
use http::Request;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

#[cfg(feature = "asymmetric")]
use super::PrivateKey;
#[cfg(feature = "http-signatures")]
use super::sign_http;
use super::{
    judge::tag_text,
    keys::{Key, key},
    mac::Mac,
    message::Message,
    put::{put, put_in_each},
    sign_token::{self, Hand, Instead},
    signature::encode,
};
#[cfg(feature = "asymmetric")]
use crate::provider::{Keys, PublicKey};
use crate::{
    Error, ErrorKind, Incoming, Secret,
    provider::{
        At, Custom, Hmac, Jwt, JwtKeys, Putter, Scheme, StaticToken, Syntax, Tagger, TimeUnit, TokenForm, Unsigned,
    },
};

/// Puts proofs into requests as one scheme of a provider does.
pub(crate) struct Signer(Proof);

enum Proof {
    Hmac(Hmac, Vec<Mac>),
    Token(StaticToken, Secret),
    Custom(Custom, Box<Key>),
    Jwt(Jwt, Box<Hand>),
    #[cfg(feature = "http-signatures")]
    Http(crate::provider::HttpSignature, Box<Hand>),
    #[cfg(feature = "asymmetric")]
    Public(PublicKey, Vec<PrivateKey>),
}

/// What differs from one request to the next.
#[derive(Clone, Copy)]
pub(crate) struct Stamps<'a> {
    /// Scheme and host as the sender sees them.
    pub(crate) base: &'a str,
    pub(crate) at: OffsetDateTime,
    /// What to write for the time, if it shall not be `at`.
    pub(crate) time: Option<&'a str>,
    /// The id to sign, for a scheme that signs one.
    pub(crate) id: &'a str,
    /// For a scheme that names one beside its signature.
    pub(crate) public_key: &'a str,
    /// Whom it is meant for, by name.
    pub(crate) expected: &'a [(String, String)],
    /// What a token says beside what it should, or in place of it.
    pub(crate) instead: &'a Instead,
}

impl Signer {
    /// `others` sign too, where the scheme's syntax has room for several signatures.
    pub(crate) fn new(scheme: &Scheme, secret: &Secret, others: &[Secret]) -> Result<Self, Error> {
        let all = || std::iter::once(secret).chain(others);
        Ok(Self(match scheme {
            Scheme::Hmac(hmac) => {
                let mut macs = Vec::new();
                for secret in all() {
                    if let Key::Mac(mac) = key(scheme, secret)? {
                        macs.push(mac);
                    }
                }
                Proof::Hmac(*hmac, macs)
            }
            Scheme::Token(token) => Proof::Token(*token, secret.clone()),
            Scheme::Custom(custom) => Proof::Custom(*custom, Box::new(key(scheme, secret)?)),
            #[cfg(feature = "http-signatures")]
            Scheme::HttpSignature(data) => Proof::Http(*data, Box::new(Hand::of(scheme, secret)?)),
            Scheme::Jwt(jwt) => Proof::Jwt(*jwt, Box::new(Hand::of(scheme, secret)?)),
            #[cfg(feature = "asymmetric")]
            Scheme::PublicKey(public) => {
                const NO_KEY: Error = Error::new(ErrorKind::InvalidSecret, "no private key can be made of it");
                let algorithm = *public.algorithms.first().ok_or(NO_KEY)?;
                let key = |secret: &Secret| PrivateKey::of(algorithm, secret.expose()).map_err(|_| NO_KEY);
                Proof::Public(*public, all().map(key).collect::<Result<_, _>>()?)
            }
        }))
    }

    /// With the key as it is, which is how handshakes with a key of their own are signed.
    pub(crate) fn with_key(hmac: &Hmac, key: &[u8]) -> Option<Self> {
        Some(Self(Proof::Hmac(*hmac, vec![Mac::new(hmac.digest, key)?])))
    }

    /// Writes time, id and proof into the request; all else must be in it already.
    pub(crate) fn sign(&self, request: &mut Request<Bytes>, stamps: Stamps<'_>) -> Result<(), Error> {
        match &self.0 {
            Proof::Token(token, secret) => {
                let secret = secret.expose();
                match token.form {
                    TokenForm::Bare => put(request, token.at, secret),
                    TokenForm::Each { list, field } => put_in_each(request, list, field, secret),
                    TokenForm::Bearer => put(request, token.at, &[b"Bearer ", secret].concat()),
                    TokenForm::Basic => put(request, token.at, format!("Basic {}", BASE64.encode(secret)).as_bytes()),
                }
            }
            Proof::Custom(custom, key) => {
                const CANNOT: Error =
                    Error::new(ErrorKind::Config, "the scheme does not say how such a request is made");
                let tag = |parts: &[&[u8]], encoding| tag_text(Some(key), parts, encoding);
                let sign = custom.sign.ok_or(CANNOT)?;
                let put = |request: &mut Request<Bytes>, at, value: &[u8]| put(request, at, value).ok();
                sign(&mut unsigned(request, stamps, &tag, put)).ok_or(CANNOT)
            }
            #[cfg(feature = "http-signatures")]
            Proof::Http(data, key) => sign_http::sign(data, request, stamps, |text| key.sign(text.as_bytes())),
            Proof::Jwt(jwt, key) => {
                let kid = (jwt.keys != JwtKeys::Secret).then_some(sign_token::KID);
                let unsigned = sign_token::unsigned(jwt, kid, request, stamps)?;
                let signature = key.sign(unsigned.as_bytes());
                put(request, jwt.at, sign_token::whole(jwt, &unsigned, &signature).as_bytes())
            }
            #[cfg(feature = "asymmetric")]
            Proof::Public(public, keys) => {
                const CANNOT: Error = Error::new(ErrorKind::Config, "such a request cannot be signed");
                if let Some((sign, _)) = public.sign {
                    let tag = |parts: &[&[u8]], encoding| {
                        let signature = keys.first().and_then(|key| key.sign(&parts.concat()).ok());
                        signature.map_or(String::new(), |bytes| encode(encoding, &bytes))
                    };
                    let put = |request: &mut Request<Bytes>, at, value: &[u8]| put(request, at, value).ok();
                    return sign(&mut unsigned(request, stamps, &tag, put)).ok_or(CANNOT);
                }
                if let Some((at, name)) = public.named {
                    put(request, at, name.as_bytes())?;
                }
                if let Keys::Fetched(data) = &public.keys {
                    put(request, data.at, data.example.as_bytes())?;
                }
                fill(&public.template, request, stamps, |message| {
                    let statement = message.whole(public.template.parts)?;
                    let sign = |key: &PrivateKey| key.sign(&statement).map_err(|_| CANNOT);
                    keys.iter().map(sign).collect()
                })
            }
            Proof::Hmac(hmac, macs) => fill(hmac, request, stamps, |message| {
                let sign = |mac: &Mac| {
                    let mut fed = Ok(());
                    let tag = mac.tag(|mac| fed = message.feed(hmac.parts, mac));
                    fed.map(|()| tag.as_bytes().to_vec())
                };
                macs.iter().map(sign).collect()
            }),
        }
    }
}

fn unsigned<'a>(request: &'a mut Request<Bytes>, stamps: Stamps<'a>, tag: &'a Tagger<'a>, put: Putter) -> Unsigned<'a> {
    let Stamps { base, at, time, public_key, expected, .. } = stamps;
    Unsigned { request, base, at, time, tag, put, write: write_time, public_key, expected }
}

/// A time in this unit; `None` if it cannot be written.
fn write_time(at: OffsetDateTime, unit: TimeUnit) -> Option<String> {
    match unit {
        TimeUnit::Seconds => Some(at.unix_timestamp().to_string()),
        TimeUnit::Millis => Some((at.unix_timestamp_nanos() / 1_000_000).to_string()),
        TimeUnit::Rfc3339 => at.format(&Rfc3339).ok(),
        TimeUnit::Utc => Some(at.to_offset(UtcOffset::UTC).format(&Rfc3339).ok()?.trim_end_matches('Z').to_owned()),
    }
}

/// Writes time, id and signatures, each over what the verifier will read.
fn fill(
    hmac: &Hmac,
    request: &mut Request<Bytes>,
    stamps: Stamps<'_>,
    sign: impl FnOnce(&Message<'_>) -> Result<Vec<Vec<u8>>, Error>,
) -> Result<(), Error> {
    let mut pairs = Vec::new();
    let mut place = |at: At, text: &str| match at {
        At::SignaturePair(name) => {
            pairs.push(format!("{name}={text}"));
            Ok(())
        }
        At::SignatureTime => {
            pairs.push(text.to_owned());
            Ok(())
        }
        at => put(request, at, text.as_bytes()),
    };
    let mut time = None;
    if let Some((at, unit)) = hmac.timestamp {
        const NO_TIME: Error = Error::new(ErrorKind::Config, "no time of RFC 3339");
        let written = || write_time(stamps.at, unit).ok_or(NO_TIME);
        let text = stamps.time.map_or_else(written, |text| Ok(text.to_owned()))?;
        place(at, &text)?;
        time = Some(text);
    }
    if hmac.id != At::Nowhere {
        place(hmac.id, stamps.id)?;
    }
    let incoming = Incoming::from(&*request);
    let message = Message {
        request: &incoming,
        base: Some(stamps.base),
        timestamp: time.as_deref().map(|text| text.as_bytes().into()),
        id: Some(stamps.id.as_bytes().into()),
        expected: stamps.expected,
    };
    let tags: Vec<String> = sign(&message)?.iter().map(|bytes| encode(hmac.encoding, bytes)).collect();
    put(request, hmac.signature, together(hmac.syntax, pairs, &tags).as_bytes())
}

fn together(syntax: Syntax, mut pairs: Vec<String>, tags: &[String]) -> String {
    let first = tags.first().map_or("", String::as_str);
    match syntax {
        Syntax::Bare => first.to_owned(),
        Syntax::Prefixed(prefix) | Syntax::PrefixedOrBare(prefix) => format!("{prefix}{first}"),
        Syntax::List { separator, prefix } => {
            let elements: Vec<_> = tags.iter().map(|tag| format!("{prefix}{tag}")).collect();
            elements.join(&String::from(separator))
        }
        Syntax::Pairs { separator, signature, spaces } => {
            pairs.extend(tags.iter().map(|tag| format!("{signature}={tag}")));
            // Those that may write spaces do, and WorkOS's SDK for Python insists.
            pairs.join(&format!("{separator}{}", if spaces { " " } else { "" }))
        }
        Syntax::AfterTime { separator } => {
            pairs.extend_from_slice(tags);
            pairs.join(&String::from(separator))
        }
    }
}
