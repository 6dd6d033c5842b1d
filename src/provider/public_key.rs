//! Schemes whose signatures anybody can check and one alone can make.

use std::fmt;

use super::{Algorithm, At, Encoding, Exhibit, Hmac, Host, KeyForm, Part, Pinned, Sign, Syntax, TimeUnit};
use crate::{Error, provider::Digest};

/// A signature by a private key over a template of the request's parts.
///
/// ```
/// use inhook::provider::{Algorithm, At, Encoding, KeyForm, Part, PublicKey, Syntax, TimeUnit};
///
/// // x-acme-time: 1700000000
/// // x-acme-signature: <hexadecimal digits of the signature over "1700000000" + body>
/// const ACME: PublicKey = PublicKey::new(&[Algorithm::Ed25519])
///     .key(KeyForm::Hex)
///     .over(&[Part::Timestamp, Part::Body])
///     .signature(At::Header("x-acme-signature"), Syntax::Bare)
///     .encoding(Encoding::Hex)
///     .timestamp(At::Header("x-acme-time"), TimeUnit::Seconds);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PublicKey {
    pub(crate) algorithms: &'static [Algorithm],
    pub(crate) keys: Keys,
    pub(crate) named: Option<(At, &'static str)>,
    /// What is signed and where it stands: the same for whichever kind of key.
    pub(crate) template: Hmac,
    pub(crate) read: Option<Read>,
    pub(crate) covers: (&'static [Part], &'static [At]),
    pub(crate) sign: Option<(Sign, &'static str)>,
}

/// Where the keys of a scheme come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    /// They are the verifier's secrets, written so.
    Told(KeyForm),
    /// A request says where its certificate stands.
    Fetched(&'static Certificates),
}

/// Which certificates a scheme's keys stand in.
///
/// A certificate is fetched from an address of the pinned form only, must be valid when the request comes, and must bear
/// one of the names: as an alternative name, or as its common name where it has none of those.
#[derive(Clone, Copy, Debug)]
pub struct Certificates {
    pub(crate) at: At,
    pub(crate) pinned: Pinned,
    /// An address of that form, for tests.
    pub(crate) example: &'static str,
    pub(crate) names: &'static [Host],
    pub(crate) roots: Roots,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Roots {
    /// The host that serves it vouches for it.
    Host,
    /// Those of the web whose subject holds this text, and these certificates in PEM.
    Of(&'static str, &'static [&'static str]),
}

impl Certificates {
    /// `at` is where a request says their address, and `example` is one of that form, which nobody need serve. Without [`roots`](Self::roots) the pinned host, which is reached by
    /// `https`, vouches for what it serves.
    pub const fn new(at: At, pinned: Pinned, example: &'static str, names: &'static [Host]) -> Self {
        Self { at, pinned, example, names, roots: Roots::Host }
    }

    /// They must lead to a root of the web whose subject holds `owner`, or to one of `others`, which are certificates in
    /// PEM.
    pub const fn roots(mut self, owner: &'static str, others: &'static [&'static str]) -> Self {
        self.roots = Roots::Of(owner, others);
        self
    }
}

/// Reads from a request what was signed, for what no template can say.
#[derive(Clone, Copy)]
pub struct Read(pub fn(&Exhibit<'_>) -> Result<Claim, Error>);

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read")
    }
}

/// What a request claims to have been signed, and by which key. `Debug` prints neither message nor signature.
#[derive(Clone)]
#[non_exhaustive]
pub struct Claim {
    /// How, of the algorithms that the scheme pins.
    pub algorithm: Algorithm,
    /// Where its certificate stands.
    pub key: String,
    /// What was signed.
    pub message: Vec<u8>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// When, if that is signed.
    pub time: Option<(Vec<u8>, TimeUnit)>,
    /// Whom it is meant for, by the name of what the verifier was told to [expect](crate::VerifierBuilder::expect).
    pub meant_for: Option<(&'static str, String)>,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("algorithm", &self.algorithm).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Claim {
    /// Of a message without a time, meant for anybody.
    pub fn new(algorithm: Algorithm, key: String, message: Vec<u8>, signature: Vec<u8>) -> Self {
        Self { algorithm, key, message, signature, time: None, meant_for: None }
    }
}

impl PublicKey {
    /// Over the body, in padded base64, by a key in PEM. Name the [`signature`](Self::signature)'s place, or building a
    /// verifier fails. Of several algorithms a request's is said by [`read_by`](Self::read_by).
    pub const fn new(algorithms: &'static [Algorithm]) -> Self {
        Self {
            algorithms,
            keys: Keys::Told(KeyForm::Pem),
            named: None,
            template: Hmac::new(Digest::Sha256).encoding(Encoding::Base64),
            read: None,
            covers: (&[], &[]),
            sign: None,
        }
    }

    /// How the key's text is written.
    pub const fn key(mut self, form: KeyForm) -> Self {
        self.keys = Keys::Told(form);
        self
    }

    /// The keys stand in certificates that requests name.
    pub const fn certificates(mut self, certificates: &'static Certificates) -> Self {
        self.keys = Keys::Fetched(certificates);
        self
    }

    /// A request must say this there: the name that its provider has for the algorithm.
    pub const fn named(mut self, at: At, name: &'static str) -> Self {
        self.named = Some((at, name));
        self
    }

    /// What is signed, in order, with nothing between the parts.
    pub const fn over(mut self, parts: &'static [Part]) -> Self {
        self.template = self.template.over(parts);
        self
    }

    /// Where the signature stands and how it is written there.
    pub const fn signature(mut self, at: At, syntax: Syntax) -> Self {
        self.template = self.template.signature(at, syntax);
        self
    }

    /// How the signature's bytes are written.
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.template = self.template.encoding(encoding);
        self
    }

    /// As [`Hmac::timestamp`].
    pub const fn timestamp(mut self, at: At, unit: TimeUnit) -> Self {
        self.template = self.template.timestamp(at, unit);
        self
    }

    /// As [`Hmac::id`].
    pub const fn id(mut self, at: At) -> Self {
        self.template = self.template.id(at);
        self
    }

    /// As [`Hmac::repeated_lines`].
    pub const fn repeated_lines(mut self) -> Self {
        self.template = self.template.repeated_lines();
        self
    }

    /// As [`Custom::signed_by`](super::Custom::signed_by), where a function [reads](Self::read_by) what was signed.
    pub const fn signed_by(mut self, sign: Sign, sample: &'static str) -> Self {
        self.sign = Some((sign, sample));
        self
    }

    /// What was signed is read by a function, which vouches for these parts of the request, and places in it.
    pub const fn read_by(mut self, read: Read, parts: &'static [Part], places: &'static [At]) -> Self {
        (self.read, self.covers) = (Some(read), (parts, places));
        self
    }
}
