//! Why a request was refused: the report that [`Verifier::diagnose`](crate::Verifier::diagnose) gives.
//!
//! A refused request says `bad_signature` and nothing more, for whoever sent it must learn nothing. Whoever runs the
//! receiver may learn more: the known mistakes are tried one by one, offline, on a request that was kept, and the report
//! says which of them would have made the signature right.
//!
//! ```
//! use inhook::{Verifier, diagnosis::{BodyChange, Finding}, provider::STRIPE};
//! # use inhook::testing::signed;
//!
//! let verifier = Verifier::new(&STRIPE, "whsec_from_the_dashboard")?;
//! # let sent = signed(&STRIPE, "whsec_from_the_dashboard", "{\n  \"id\": \"evt_1\"\n}").build();
//! # let refused = http::Request::from_parts(sent.into_parts().0, bytes::Bytes::from_static(b"{\"id\":\"evt_1\"}"));
//! let diagnosis = verifier.diagnose(&refused);
//! println!("{diagnosis}");
//! assert_eq!(diagnosis.findings(), [Finding::Body { secret: Some(0), change: BodyChange::Rewritten }]);
//! # Ok::<(), inhook::Error>(())
//! ```
//!
//! # For operators, never for senders
//! **A diagnosis is an oracle.** It tells whoever reads it how close a forgery came and how the secret is written, and it
//! costs up to some hundred times what a refusal costs. So nothing in this crate calls it: not a receiver, not an adapter.
//! Call it from a command line, a test, or a page behind your own log-in, on requests that you kept or saw; never on the
//! way of a request that nobody has authenticated, and never put a word of it into an answer. It shows no secret and no
//! signature, so it may stand in a log.
//!
//! # What it does not know
//! Mistakes are tried one at a time (an address may differ in host and path at once, and a time that is out of tolerance
//! is always told beside another mistake). What cannot be undone cannot be tried: a body whose members were sorted anew,
//! or bytes that a text decoder has replaced. A forgery, and a request signed by a secret that is not known here, look
//! alike: no finding explains either.

mod say;

use std::time::Duration;

use crate::{
    ErrorKind, KeyId,
    provider::{Digest, Encoding},
};

/// Why a request was refused, as far as known mistakes explain it.
///
/// `Display` is for people, a sentence or two a finding; [`findings`](Self::findings) are for programs. Neither holds a
/// secret or a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Diagnosis {
    pub(crate) provider: &'static str,
    pub(crate) refused: Option<ErrorKind>,
    pub(crate) why: String,
    pub(crate) secret: Option<usize>,
    pub(crate) standing: Standing,
    pub(crate) findings: Vec<Finding>,
    pub(crate) complete: bool,
}

/// What a verifier judges by, as far as a report tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Secrets that it was given.
    Secrets,
    /// Keys that are fetched.
    Keys,
    /// Nothing: it is a handshake that no key proves.
    Nothing,
}

impl Diagnosis {
    /// Whether it is authentic as it stands.
    pub fn is_genuine(&self) -> bool {
        self.refused.is_none()
    }

    /// Why it is refused; `None` if it is not.
    pub fn refused(&self) -> Option<ErrorKind> {
        self.refused
    }

    /// Which secret it is authentic by, in the order the builder was given them; `None` if it is not, or for a handshake
    /// that no secret proves, and by a key that was fetched.
    pub fn which_secret(&self) -> Option<usize> {
        self.secret
    }

    /// What was found; empty for an authentic request, and where no known mistake explains why it is refused.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether a mistake was found that, undone, makes the signature right: then it is known what to repair. Other
    /// findings are [hints](Finding::is_proof).
    pub fn is_explained(&self) -> bool {
        self.findings.iter().any(Finding::is_proof)
    }

    /// Whether all that is known was tried: not for a body of more than a mebibyte, and not for more than sixteen secrets
    /// or more work than a diagnosis may cost.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

/// One thing that is wrong with a request, or with how it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The signature is right, but its time is out of tolerance: a clock is wrong, or it is an old request.
    Clock {
        /// How old it is by the receiver's clock; below zero it is that far in the future.
        age: time::Duration,
        /// The most that is tolerated on that side.
        tolerated: Duration,
    },
    /// The signature is right, but a time beside it that counts for itself says that it has expired or is not valid yet,
    /// by the receiver's clock: a token's, or an HTTP message signature's.
    Expired,
    /// The signature is right, but what it vouches for is not meant for this verifier, or says what it must not: see
    /// [`expect`](crate::VerifierBuilder::expect).
    Unexpected,
    /// The signature is right, but a header is missing that comes with every request of this provider's; or the
    /// signature, or something it covers, stands nowhere.
    Missing {
        /// Where it was looked for; one of these is enough.
        places: Vec<String>,
        /// Whether the signature is right without it.
        signed: bool,
    },
    /// The signature is right, but the body is empty, and this provider sends no such request.
    NoBody,
    /// The signature was made with the key that a configured secret would be if it were written or read otherwise.
    Key {
        /// Which secret, in the order the builder was given them.
        secret: usize,
        /// What is wrong with it.
        mistake: KeyMistake,
    },
    /// The signature was made with another secret, of those that the diagnosis was given beside the verifier's.
    OtherSecret {
        /// What the caller calls it.
        name: String,
    },
    /// The signature is over another body, which can be made from the one that was handed over.
    Body {
        /// Whose signature it is; `None` for a key that was fetched.
        secret: Option<usize>,
        /// What became of the body.
        change: BodyChange,
    },
    /// The signature is over another address.
    Address {
        /// Whose signature it is; `None` for a key that was fetched.
        secret: Option<usize>,
        /// How the signed address differs; at most two at once.
        changes: Vec<AddressChange>,
    },
    /// A right signature stands in another header.
    Renamed {
        /// Whose signature it is; `None` for a key that was fetched.
        secret: Option<usize>,
        /// Where it belongs.
        expected: &'static str,
        /// Where it stands.
        found: String,
    },
    /// A right signature is written in another way.
    Written {
        /// Whose signature it is; `None` for a key that was fetched.
        secret: Option<usize>,
        /// The header.
        header: &'static str,
        /// How it is written.
        writing: Writing,
    },
    /// A signature is there that a secret of yours made, but with another hash: an older signature that the provider
    /// sends beside the one that counts, or another setting there.
    Hash {
        /// Whose signature it is.
        secret: usize,
        /// The header that bears it.
        header: String,
        /// What it was made with.
        used: Digest,
        /// What counts.
        expected: Digest,
    },
    /// Another of the provider's schemes holds; the request bears the proof of an earlier one too, which does not, and
    /// that is the one that counts.
    OtherScheme {
        /// By which secret; `None` for a key that was fetched.
        secret: Option<usize>,
    },
    /// It asks to prove the address by a verify token, which differs from the one entered at the provider, or was not
    /// configured.
    VerifyToken {
        /// Whether the verifier has one.
        configured: bool,
    },
    /// A hint: the body is not as long as its head says, so something read or changed it on the way.
    Length {
        /// What `content-length` says.
        declared: u64,
        /// What was handed over.
        received: u64,
    },
    /// A hint: the head says that the body is compressed, and it is not. Something has decompressed it.
    Decompressed,
    /// A hint: in the body stand characters that decoders put where they cannot read. The bytes that were signed are lost.
    Replaced,
    /// A hint: the event says which mode it is of, and test and live mode have secrets of their own.
    Mode {
        /// What the event says.
        event: Mode,
        /// What the secrets say, where they do.
        secrets: Option<Mode>,
    },
    /// A hint: nothing can be tried before this key is known. Nothing is ever fetched for a diagnosis: fetch it,
    /// [teach](crate::Verifier::learn_at) it to the verifier, and ask again.
    KeyNeeded {
        /// Its name, at an address that the provider's data allows.
        key: KeyId,
    },
    /// A hint: the request names a key where this provider has none. Nothing is fetched from there.
    KeyUntrusted {
        /// The host of the certificate that it names, or the name of a token's key; empty if it cannot be shown.
        named: String,
    },
    /// A hint: a configured secret looks like a credential of another kind.
    Credential {
        /// Which secret.
        secret: usize,
        /// What it looks like.
        looks_like: &'static str,
    },
}

impl Finding {
    /// Whether a signature was found right under this mistake; otherwise it is a hint of what may be wrong.
    pub fn is_proof(&self) -> bool {
        match self {
            Self::Missing { signed, .. } => *signed,
            Self::VerifyToken { configured } => !configured,
            Self::Length { .. }
            | Self::Decompressed
            | Self::Replaced
            | Self::Mode { .. }
            | Self::Credential { .. }
            | Self::KeyNeeded { .. }
            | Self::KeyUntrusted { .. } => false,
            _ => true,
        }
    }
}

/// What is wrong with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyMistake {
    /// The key is the secret's text decoded as base64; here it is taken as it is, or decoded otherwise.
    IsBase64,
    /// The key is the secret's text decoded as hexadecimal digits; here it is taken as it is, or decoded otherwise.
    IsHex,
    /// The key is the secret's text as it is; here it is decoded.
    IsText,
    /// The key is the text without the prefix it has here.
    Prefix,
    /// The configured text has quotes around it that do not belong to the secret.
    Quotes,
    /// The configured text begins with a name and an equals sign, as in a file of environment variables.
    Assignment,
    /// The configured text begins with a byte order mark.
    Mark,
    /// The configured text is percent-encoded.
    PercentEncoded,
    /// The configured text is escaped for HTML.
    HtmlEscaped,
    /// At the provider white space or a line's end was entered around the secret.
    WhiteSpaceThere,
    /// At the provider quotes were entered around the secret.
    QuotesThere,
}

/// What became of a body between its sender and the verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyChange {
    /// JSON was parsed and written anew, with other white space or escapes.
    Rewritten,
    /// A line's end, or other white space, at its end was added.
    EndAdded,
    /// A line's end at its end was taken away.
    EndRemoved,
    /// Lines that ended with a line feed now end with carriage return and line feed.
    CrLf,
    /// Lines that ended with carriage return and line feed now end with a line feed.
    Lf,
    /// A byte order mark was added.
    MarkAdded,
    /// A byte order mark was taken away.
    MarkRemoved,
    /// A form was decoded.
    FormDecoded,
    /// It was encoded as a form once more.
    FormEncoded,
    /// Of a form's field only the value is left.
    FieldOnly,
    /// It is still in base64, as some function runtimes hand bodies over.
    Base64,
    /// It was put into a JSON string.
    JsonString,
    /// Its bytes were read as Latin-1 and written as UTF-8.
    Latin1,
}

/// How the address that was signed differs from the one that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressChange {
    /// It begins with the other of `http` and `https`.
    Scheme {
        /// What it begins with.
        signed: &'static str,
    },
    /// It names a port, or names none.
    Port {
        /// The one it names.
        signed: Option<u16>,
    },
    /// It is on another host.
    Host {
        /// That host; empty if it cannot be shown.
        signed: String,
    },
    /// It ends its path with a slash.
    SlashRemoved,
    /// It does not end its path with a slash.
    SlashAdded,
    /// Its path begins with what something has taken away.
    PrefixRemoved,
    /// Its path lacks what stands at its beginning here: twice, or put there by something on the way.
    PrefixAdded,
    /// Its path or query is what a proxy's header says that it was.
    Rewritten {
        /// That header.
        header: &'static str,
    },
    /// Its query has the parameters in another order.
    QuerySorted,
    /// It has no query.
    QueryAdded,
    /// Its path or query is percent-encoded where here it is not.
    Decoded,
    /// Its path or query is not percent-encoded where here it is.
    Encoded,
}

/// How a signature is written that should be written otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Writing {
    /// In capital hexadecimal digits.
    Capitals,
    /// In another encoding.
    Encoding {
        /// The one it is in.
        found: Encoding,
        /// The one that counts.
        expected: Encoding,
    },
    /// Without the padding, or with padding that does not belong there.
    Padding,
    /// With the right characters, but without what must stand before them, or with quotes, spaces or something else around
    /// them.
    Around,
}

/// Whether an event or a secret is for trying out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// For trying out.
    Test,
    /// In earnest.
    Live,
}
