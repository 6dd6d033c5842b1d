//! What a provider signs, and where the signature stands.

#[cfg(feature = "http-signatures")]
use super::HttpSignature;
#[cfg(feature = "asymmetric")]
use super::PublicKey;
use super::{At, Custom, Jwt, JwtKeys, StaticToken};

/// How a request proves that it is genuine.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Scheme {
    /// A keyed hash over parts of the request.
    Hmac(Hmac),
    /// A static credential, which covers nothing but itself.
    Token(StaticToken),
    /// A signed token, which covers itself, and the body or the address where it names their hash.
    Jwt(Jwt),
    /// A signature that names what it covers, as RFC 9421 has it.
    #[cfg(feature = "http-signatures")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "http-signatures")))]
    HttpSignature(HttpSignature),
    /// Judged by a function, for what no data can say.
    Custom(Custom),
    /// A signature by a private key, over parts of the request.
    #[cfg(feature = "asymmetric")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
    PublicKey(PublicKey),
}

impl Scheme {
    /// Where its proof stands.
    pub(crate) fn place(&self) -> At {
        match self {
            Self::Hmac(hmac) => hmac.signature,
            Self::Token(token) => token.at,
            Self::Jwt(jwt) => jwt.at,
            #[cfg(feature = "http-signatures")]
            Self::HttpSignature(_) => At::Header("signature"),
            Self::Custom(custom) => custom.at,
            #[cfg(feature = "asymmetric")]
            Self::PublicKey(scheme) => scheme.template.signature,
        }
    }

    /// Where else a proof of its may stand.
    pub(crate) fn others(&self) -> &'static [At] {
        match self {
            Self::Hmac(hmac) => hmac.others,
            Self::Token(_) => &[],
            Self::Jwt(jwt) => jwt.others,
            #[cfg(feature = "http-signatures")]
            Self::HttpSignature(_) => &[],
            Self::Custom(custom) => custom.others,
            #[cfg(feature = "asymmetric")]
            Self::PublicKey(scheme) => scheme.template.others,
        }
    }

    /// What it vouches for: parts of the request, and places in it.
    pub(crate) fn covers(&self) -> (&'static [Part], Vec<At>) {
        match self {
            Self::Hmac(hmac) => hmac.covers(),
            Self::Token(_) => (&[], Vec::new()),
            Self::Jwt(jwt) => (jwt.covers(), Vec::new()),
            #[cfg(feature = "http-signatures")]
            Self::HttpSignature(scheme) => (scheme.parts, Vec::new()),
            Self::Custom(custom) => (custom.covers, custom.covers_places.to_vec()),
            #[cfg(feature = "asymmetric")]
            Self::PublicKey(PublicKey { read: Some(_), covers: (parts, places), .. }) => (parts, places.to_vec()),
            #[cfg(feature = "asymmetric")]
            Self::PublicKey(scheme) => scheme.template.covers(),
        }
    }

    /// What is signed and where it stands, for a scheme that says so by a template.
    pub(crate) fn template(&self) -> Option<&Hmac> {
        match self {
            Self::Hmac(hmac) => Some(hmac),
            #[cfg(feature = "asymmetric")]
            Self::PublicKey(PublicKey { template, read: None, .. }) => Some(template),
            _ => None,
        }
    }

    /// Whether its keys are named by requests, and told by nobody.
    pub(crate) fn fetches(&self) -> bool {
        match self {
            #[cfg(feature = "asymmetric")]
            Self::PublicKey(scheme) => matches!(scheme.keys, super::Keys::Fetched(_)),
            Self::Jwt(jwt) => jwt.keys != JwtKeys::Secret,
            _ => false,
        }
    }
}

/// An HMAC over a template of the request's parts.
///
/// ```
/// use inhook::provider::{At, Digest, Encoding, Hmac, Part, Syntax, TimeUnit};
///
/// // x-acme-time: 1700000000
/// // x-acme-signature: v2=<base64 of the SHA-512 HMAC over "1700000000" + "." + body>
/// const ACME: Hmac = Hmac::new(Digest::Sha512)
///     .over(&[Part::Timestamp, Part::Text("."), Part::Body])
///     .signature(At::Header("x-acme-signature"), Syntax::Prefixed("v2="))
///     .encoding(Encoding::Base64)
///     .timestamp(At::Header("x-acme-time"), TimeUnit::Seconds);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Hmac {
    pub(crate) digest: Digest,
    pub(crate) key: KeyForm,
    pub(crate) parts: &'static [Part],
    pub(crate) plain: Option<Plain>,
    pub(crate) signature: At,
    pub(crate) others: &'static [At],
    pub(crate) syntax: Syntax,
    pub(crate) encoding: Encoding,
    pub(crate) timestamp: Option<(At, TimeUnit)>,
    pub(crate) id: At,
    pub(crate) repeats: bool,
}

impl Hmac {
    /// Over the body, in lower-case hexadecimal digits, keyed with the secret's text. Name the
    /// [`signature`](Self::signature)'s place, or building a verifier fails.
    pub const fn new(digest: Digest) -> Self {
        Self {
            digest,
            key: KeyForm::Text,
            parts: &[Part::Body],
            plain: None,
            signature: At::Nowhere,
            others: &[],
            syntax: Syntax::Bare,
            encoding: Encoding::Hex,
            timestamp: None,
            id: At::Nowhere,
            repeats: false,
        }
    }

    /// How the secret's text becomes the key.
    pub const fn key(mut self, form: KeyForm) -> Self {
        self.key = form;
        self
    }

    /// What is hashed, in order, with nothing between the parts.
    pub const fn over(mut self, parts: &'static [Part]) -> Self {
        self.parts = parts;
        self
    }

    /// Where the signature stands and how it is written there.
    pub const fn signature(mut self, at: At, syntax: Syntax) -> Self {
        self.signature = at;
        self.syntax = syntax;
        self
    }

    /// Other places where a signature may stand as well: one that holds is enough.
    pub const fn or_at(mut self, others: &'static [At]) -> Self {
        self.others = others;
        self
    }

    /// No HMAC but a plain hash of the secret followed by the parts, for providers that know no better.
    pub const fn plain_hash(mut self) -> Self {
        self.plain = Some(Plain::Before);
        self
    }

    /// No HMAC but a plain hash of the parts followed by the secret, which is no stronger than the hash is against two
    /// messages of one sum.
    pub const fn plain_hash_before_secret(mut self) -> Self {
        self.plain = Some(Plain::Behind);
        self
    }

    /// How the signature's bytes are written.
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Where the signed time stands: [`Part::Timestamp`] puts its text into the template, unless it stands in a JSON body
    /// that is signed as a whole. The provider's [tolerance](super::Provider::tolerance) judges its age.
    pub const fn timestamp(mut self, at: At, unit: TimeUnit) -> Self {
        self.timestamp = Some((at, unit));
        self
    }

    /// Where the signed id stands: [`Part::Id`] puts it into the template, and [`At::SignedId`] reads it.
    ///
    /// An id is only ever read where the scheme that held signed it, so that a second id beside it cannot stand in.
    pub const fn id(mut self, at: At) -> Self {
        self.id = at;
        self
    }

    fn covers(&self) -> (&'static [Part], Vec<At>) {
        (self.parts, vec![self.id, self.timestamp.map_or(At::Nowhere, |(at, _)| at)])
    }

    /// Takes a signature header that comes twice with one and the same value. A header that comes with two values is
    /// refused in any case.
    pub const fn repeated_lines(mut self) -> Self {
        self.repeats = true;
        self
    }
}

/// Where the secret stands in what is hashed, for a hash that is no HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    Before,
    Behind,
}

/// The hash that the HMAC is made with; pinned, never taken from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Digest {
    /// Still sound for an HMAC; only for providers that offer nothing else.
    Sha1,
    /// What nearly all providers use.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

/// How a public key's signatures are made; pinned, never taken from the request.
#[cfg(feature = "asymmetric")]
#[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519, as in RFC 8032.
    Ed25519,
    /// ECDSA over P-256 with SHA-256; the signature in DER.
    EcdsaP256Sha256,
    /// The same with the signature in 64 bytes, as tokens have it (`ES256`).
    EcdsaP256Sha256Fixed,
    /// RSA of 2,048 to 8,192 bits with PKCS #1 v1.5 and SHA-256 (`RS256`).
    RsaPkcs1Sha256,
    /// RSA of 2,048 to 8,192 bits with PSS and SHA-512.
    RsaPssSha512,
    /// PKCS #1 v1.5 with SHA-1, which no longer withstands an attacker who chooses what is signed; only for providers that
    /// offer nothing else.
    RsaPkcs1Sha1,
}

/// How a secret's text becomes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyForm {
    /// Its bytes as they are, prefix and all.
    Text,
    /// Standard base64 with padding.
    Base64,
    /// The same behind a prefix that may be left out, such as `whsec_`.
    Base64After(&'static str),
    /// The same if the prefix is there, else its bytes as they are.
    Base64AfterOrText(&'static str),
    /// Its bytes with the five characters that HTML escapes unescaped (`&amp;` is `&`), as WordPress reads a setting.
    HtmlText,
    /// The SHA-1 of its bytes.
    Sha1,
    /// Hexadecimal digits of either case.
    Hex,
    /// A public key behind `-----BEGIN PUBLIC KEY-----`.
    #[cfg(feature = "asymmetric")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
    Pem,
}

/// One part of what is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// These characters.
    Text(&'static str),
    /// The body as received.
    Body,
    /// The body in padded base64.
    BodyBase64,
    /// The CRC-32 of the body as a decimal number, which protects it from nobody who means harm.
    #[cfg(feature = "asymmetric")]
    #[cfg_attr(inhook_docs, doc(cfg(feature = "asymmetric")))]
    BodyCrc32,
    /// What the verifier was told to [expect](crate::VerifierBuilder::expect) under this name.
    Expected(&'static str),
    /// The text of the scheme's [timestamp](Hmac::timestamp) as received.
    Timestamp,
    /// The text of the scheme's [id](Hmac::id) as received.
    Id,
    /// A header's value as received; it must be there once.
    Header(&'static str),
    /// The method in capitals.
    Method,
    /// The public address: the configured [base](crate::VerifierBuilder::public_base), path and query as received.
    Url,
    /// The path as received.
    Path,
    /// The query as received, without its question mark; empty where there is none.
    Query,
    /// What a token says that [is the event](super::Jwt::is_the_event); nothing else that is signed has this part.
    Token,
    /// The body's form fields, sorted by name: each name and value, decoded, with nothing between them.
    SortedForm,
}

/// How signatures are written in their header or field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Syntax {
    /// The signature alone.
    Bare,
    /// Behind a prefix that pins hash and version: `sha256=…`.
    Prefixed(&'static str),
    /// Behind this prefix, or alone where the sender leaves it out.
    PrefixedOrBare(&'static str),
    /// A list in which each signature stands behind this prefix, and others are passed over: `v1,… v1,… v1a,…`.
    List {
        /// Between the elements.
        separator: char,
        /// Version and whatever parts it from the signature.
        prefix: &'static str,
    },
    /// `name=value` pairs: `t=…,v1=…,v1=…`. Other names are passed over; [`At::SignaturePair`] reads one.
    Pairs {
        /// Between the pairs.
        separator: char,
        /// The name that signatures stand behind, once or several times.
        signature: &'static str,
        /// Whether spaces after a separator are passed over.
        spaces: bool,
    },
    /// The signed time first, then signatures, with nothing to name them: `1663103925004,ad24…,9f3b…`.
    /// [`At::SignatureTime`] reads the time.
    AfterTime {
        /// Between all of them.
        separator: char,
    },
}

/// How a signature's bytes are written; no other alphabet, case or padding is taken than is said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// Lower-case hexadecimal digits.
    Hex,
    /// Hexadecimal digits of either case.
    HexOfEitherCase,
    /// Standard alphabet, padded.
    Base64,
    /// Standard alphabet, padded or not.
    Base64PaddedOrNot,
    /// URL alphabet, padded.
    Base64Url,
    /// URL alphabet, unpadded.
    Base64UrlUnpadded,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// `2026-11-21T06:41:00Z`.
    Rfc3339,
    /// `2026-11-21T06:41:00.25`, which names no offset and means UTC.
    Utc,
}
