//! JSON Web Tokens: where one stands, what signs it, what it must say.

use super::{At, Part};

/// A JSON Web Token ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)) in its compact form, three parts with dots
/// between them.
///
/// One algorithm is pinned and no other taken, whatever a token says of itself. `exp` and `nbf` count wherever a token
/// has them, and an `iat` in the future is refused, all by the clock that the verifier is asked with; a
/// [tolerance](super::Provider::tolerance) changes nothing about that. A token vouches for itself alone, unless one of its
/// claims is a hash of the body or of the address.
///
/// ```
/// use inhook::provider::{At, JwtClaim, Jwt, JwtAlgorithm};
///
/// // x-acme-token: eyJhbGciOiJIUzI1NiJ9…, which says {"iss":"acme","aud":"…","exp":…,"sha256":"…"}
/// const ACME: Jwt = Jwt::new(JwtAlgorithm::Hs256).at(At::Header("x-acme-token")).claims(&[
///     JwtClaim::OneOf("iss", &["acme"]),
///     JwtClaim::Expected("aud", "audience"),
///     JwtClaim::Expires,
///     JwtClaim::BodyHash("sha256"),
/// ]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Jwt {
    pub(crate) at: At,
    pub(crate) others: &'static [At],
    pub(crate) behind: &'static str,
    pub(crate) algorithm: JwtAlgorithm,
    pub(crate) keys: JwtKeys,
    pub(crate) claims: &'static [JwtClaim],
    pub(crate) is_the_event: bool,
}

impl Jwt {
    /// `Authorization: Bearer <token>`, which has to say nothing; an HMAC is by the secret. For another algorithm say where
    /// its [`keys`](Self::keys) are, or building a verifier fails.
    pub const fn new(algorithm: JwtAlgorithm) -> Self {
        let keys = match algorithm {
            JwtAlgorithm::Hs256 => JwtKeys::Secret,
            JwtAlgorithm::Rs256 | JwtAlgorithm::Es256 => JwtKeys::Unsaid,
        };
        Self {
            at: At::Header("authorization"),
            others: &[],
            behind: "Bearer",
            algorithm,
            keys,
            claims: &[],
            is_the_event: false,
        }
    }

    /// It stands here, with nothing before it.
    pub const fn at(mut self, at: At) -> Self {
        self.at = at;
        self.behind = "";
        self
    }

    /// What comes before it in the `Authorization` header: a name of which the case says nothing, and a space; `""` is
    /// nothing at all.
    pub const fn behind(mut self, scheme: &'static str) -> Self {
        self.behind = scheme;
        self
    }

    /// Other places where it may stand instead, with nothing before it: the first that is there counts.
    pub const fn or_at(mut self, others: &'static [At]) -> Self {
        self.others = others;
        self
    }

    /// Where the keys come from, for the algorithms that have public ones.
    pub const fn keys(mut self, keys: JwtKeys) -> Self {
        self.keys = keys;
        self
    }

    /// What it must say.
    pub const fn claims(mut self, claims: &'static [JwtClaim]) -> Self {
        self.claims = claims;
        self
    }

    /// What it says is the event: places in JSON, and the payload, are read from it and not from the body.
    pub const fn is_the_event(mut self) -> Self {
        self.is_the_event = true;
        self
    }

    /// What it vouches for besides itself.
    pub(crate) fn covers(&self) -> &'static [Part] {
        let has = |rule: fn(&JwtClaim) -> bool| self.claims.iter().any(rule);
        if self.is_the_event {
            return &[Part::Token];
        }
        match (has(|c| matches!(c, JwtClaim::BodyHash(_))), has(|c| matches!(c, JwtClaim::UrlHash(_)))) {
            (true, true) => &[Part::Body, Part::Method, Part::Path, Part::Query],
            (true, false) => &[Part::Body],
            (false, true) => &[Part::Method, Part::Path, Part::Query],
            (false, false) => &[],
        }
    }

    /// The names of what a verifier has to be told to expect.
    pub(crate) fn expects(&self) -> impl Iterator<Item = &'static str> {
        self.claims.iter().filter_map(|claim| match claim {
            JwtClaim::Expected(_, name) => Some(*name),
            _ => None,
        })
    }
}

/// What a token is signed with; `none` is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256, by the secret.
    Hs256,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// ECDSA over P-256 with SHA-256, the two numbers one after the other.
    Es256,
}

impl JwtAlgorithm {
    /// The name by which a token's header calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// How its public keys verify, if it has any.
    #[cfg(feature = "asymmetric")]
    pub(crate) const fn public(self) -> Option<super::Algorithm> {
        match self {
            Self::Hs256 => None,
            Self::Rs256 => Some(super::Algorithm::RsaPkcs1Sha256),
            Self::Es256 => Some(super::Algorithm::EcdsaP256Sha256Fixed),
        }
    }
}

/// Where the key that a token names by its `kid` comes from; never from an address or a key within the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtKeys {
    /// The verifier's secrets, each of which is tried: for HMACs.
    Secret,
    /// A set of keys at this address: a JWK set, or certificates in PEM by `kid`.
    Set(&'static str),
    /// One key for each `kid`, in PEM, at the address that starts so and ends with it. It is 64 letters, digits, `-`, `_`
    /// and `.` at most, and does not start with a dot.
    Each(&'static str),
    /// One key for each `kid`, a JWK alone or under `key`, for which this address has to be asked in a way that only a
    /// source of the user's own knows: by a login, say. The `kid` is of the same form as for [`Each`](Self::Each).
    Asked(&'static str),
    /// Not said yet.
    Unsaid,
}

/// Something that a token must say, among its top members. Texts are compared as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtClaim {
    /// One of these texts stands under this name.
    OneOf(&'static str, &'static [&'static str]),
    /// What the verifier was told to [expect](crate::VerifierBuilder::expect) by the second name stands under the first:
    /// alone, or in a list, as an audience may.
    Expected(&'static str, &'static str),
    /// `true` stands under this name.
    True(&'static str),
    /// Some text stands under this name.
    Some(&'static str),
    /// The text under this name is the one at a place of the request.
    Same(&'static str, At),
    /// There is an `exp`.
    Expires,
    /// There is an `iat`, of which the provider's [tolerance](super::Provider::tolerance) judges the age.
    Issued,
    /// The SHA-256 of the body, in lower-case hexadecimal digits, stands under this name.
    BodyHash(&'static str),
    /// The SHA-256 of method, path and query, written as
    /// [Atlassian](https://developer.atlassian.com/cloud/jira/platform/understanding-jwt/#qsh) writes them, in
    /// lower-case hexadecimal digits, stands under this name. Where the verifier's
    /// [public base](crate::VerifierBuilder::public_base) has a path, what follows it is the path.
    UrlHash(&'static str),
}
