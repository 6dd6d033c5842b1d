//! HTTP Message Signatures: what a signature has to cover, and by which algorithm.

use super::{KeyForm, Part};

/// A signature over parts of the request that it names itself
/// ([RFC 9421](https://www.rfc-editor.org/rfc/rfc9421)), in `Signature-Input` and `Signature`; the body is covered by its
/// hash in `Content-Digest` ([RFC 9530](https://www.rfc-editor.org/rfc/rfc9530)).
///
/// What it has to cover is said here, and one that covers less is refused. It may cover more. The algorithm is pinned,
/// and one that calls itself otherwise is refused. `expires` counts wherever it stands; `created` must be there where the
/// provider has a [tolerance](super::Provider::tolerance). Method, address and query are taken from the request line and
/// the verifier's [public base](crate::VerifierBuilder::public_base), never from a `Host` header.
///
/// ```
/// use inhook::{
///     Provider,
///     provider::{At, HttpAlgorithm, HttpSignature, Part, Scheme},
/// };
///
/// const ACME: Provider = Provider::new(
///     "acme",
///     Scheme::HttpSignature(
///         HttpSignature::new(HttpAlgorithm::HmacSha256).covers(&[Part::Method, Part::Url, Part::Body]).tag("acme"),
///     ),
/// )
/// .tolerance(300, 60)
/// .identity(&[At::Json("/id")]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HttpSignature {
    pub(crate) algorithm: HttpAlgorithm,
    pub(crate) key: KeyForm,
    pub(crate) parts: &'static [Part],
    pub(crate) tag: Option<&'static str>,
    pub(crate) label: Option<&'static str>,
}

impl HttpSignature {
    /// It has to cover method, address and body. The key is the secret's text for an HMAC, else a public key in PEM.
    pub const fn new(algorithm: HttpAlgorithm) -> Self {
        let key = match algorithm {
            HttpAlgorithm::HmacSha256 => KeyForm::Text,
            #[cfg(feature = "asymmetric")]
            _ => KeyForm::Pem,
        };
        Self { algorithm, key, parts: &[Part::Method, Part::Url, Part::Body], tag: None, label: None }
    }

    /// How the secret's text becomes the key.
    pub const fn key(mut self, form: KeyForm) -> Self {
        self.key = form;
        self
    }

    /// What it has to cover: method, URL, path, query, headers, and the body by its digest. A URL is covered by
    /// `@target-uri`, or by `@authority` with path and query; path and query by their own components, by
    /// `@request-target` or by `@target-uri`.
    pub const fn covers(mut self, parts: &'static [Part]) -> Self {
        self.parts = parts;
        self
    }

    /// Only signatures with this `tag` count: what one application of a key is told from another by.
    pub const fn tag(mut self, tag: &'static str) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Only the signature under this label counts. Labels are not signed, so this tells signatures apart and proves
    /// nothing.
    pub const fn label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }
}

/// How a message is signed, by the names of RFC 9421.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpAlgorithm {
    /// `hmac-sha256`.
    HmacSha256,
    /// `ed25519`.
    #[cfg(feature = "asymmetric")]
    Ed25519,
    /// `ecdsa-p256-sha256`, the two numbers one after the other.
    #[cfg(feature = "asymmetric")]
    EcdsaP256Sha256,
    /// `rsa-pss-sha512`.
    #[cfg(feature = "asymmetric")]
    RsaPssSha512,
    /// `rsa-v1_5-sha256`.
    #[cfg(feature = "asymmetric")]
    RsaV15Sha256,
}

impl HttpAlgorithm {
    /// How its public keys verify, if it has any.
    #[cfg(feature = "asymmetric")]
    pub(crate) const fn public(self) -> Option<super::Algorithm> {
        match self {
            Self::HmacSha256 => None,
            Self::Ed25519 => Some(super::Algorithm::Ed25519),
            Self::EcdsaP256Sha256 => Some(super::Algorithm::EcdsaP256Sha256Fixed),
            Self::RsaPssSha512 => Some(super::Algorithm::RsaPssSha512),
            Self::RsaV15Sha256 => Some(super::Algorithm::RsaPkcs1Sha256),
        }
    }

    /// The name that a signature's `alg` has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            #[cfg(feature = "asymmetric")]
            Self::Ed25519 => "ed25519",
            #[cfg(feature = "asymmetric")]
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            #[cfg(feature = "asymmetric")]
            Self::RsaPssSha512 => "rsa-pss-sha512",
            #[cfg(feature = "asymmetric")]
            Self::RsaV15Sha256 => "rsa-v1_5-sha256",
        }
    }
}
