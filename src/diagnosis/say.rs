//! The report in plain sentences.

use std::{fmt, time::Duration};

use super::{AddressChange, BodyChange, Diagnosis, Finding, KeyMistake, Mode, Standing, Writing};
use crate::provider::{Digest, Encoding};

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(_) = self.refused else {
            return match (self.secret, self.standing) {
                (None, Standing::Nothing) => {
                    write!(f, "{}: genuine, a handshake that no secret proves.", self.provider)
                }
                (secret, _) => write!(f, "{}: genuine, by {}.", self.provider, whose(secret)),
            };
        };
        write!(f, "{}: refused ({}).", self.provider, self.why)?;
        for finding in &self.findings {
            write!(f, "\n- {finding}")?;
        }
        let needs_key = self.findings.iter().any(|finding| matches!(finding, Finding::KeyNeeded { .. }));
        if self.standing == Standing::Keys && !self.is_explained() && !needs_key {
            f.write_str(
                "\n- No known mistake makes the signature right. Either it is meant for somebody else (compare what the \
                 verifier was told to expect, if anything), or the request was changed on its way beyond what can be \
                 undone, or it is forged.",
            )?;
        } else if !self.is_explained() && !needs_key {
            f.write_str(
                "\n- No known mistake makes the signature right. Either a secret was used that is not configured here \
                 (compare it with the one at the provider, for this very endpoint), or the request was changed on its \
                 way beyond what can be undone, or it is forged.",
            )?;
        }
        if !self.complete {
            f.write_str("\n- Not everything was tried: the body is too long, or there are too many secrets.")?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock { age, tolerated } => clock(f, *age, *tolerated),
            Self::Expired => f.write_str(
                "The signature is right, but by this machine's clock what it signs has expired or is not valid yet. A clock \
                 is wrong, the request was held up, or it is an old one that somebody sent again.",
            ),
            Self::Unexpected => f.write_str(
                "The signature is right, but what it signs is meant for somebody else, or says what it must not. Compare \
                 what the verifier was told to expect with what the provider was given.",
            ),
            Self::Missing { places, signed: true } => write!(
                f,
                "The signature is right, but nothing stands in {}, which comes with every request of this provider. \
                 Something on the way drops it, or the caller did not pass it on.",
                places.join(" or ")
            ),
            Self::Missing { places, signed: false } => write!(
                f,
                "Nothing stands in {}. Something on the way drops it, the request is not one of this provider's, or \
                 signing is not turned on there.",
                places.join(" or ")
            ),
            Self::NoBody => f.write_str(
                "The signature is right for an empty body, which this provider never sends. Something has read the body \
                 before.",
            ),
            Self::Key { secret, mistake } => write!(f, "Secret {} is not configured as it should be: {mistake}", secret + 1),
            Self::OtherSecret { name } => write!(f, "It was signed with another secret: `{name}`."),
            Self::Body { secret, change } => {
                write!(f, "The body is not the one that was signed (with {}): {change}", whose(*secret))
            }
            Self::Address { secret, changes } => {
                write!(f, "The address is not the one that was signed (with {}):", whose(*secret))?;
                for change in changes {
                    write!(f, " {change}")?;
                }
                f.write_str(" Set `public_base` to what the provider was given, and hand over the URI as it was received.")
            }
            Self::Renamed { secret, expected, found } => write!(
                f,
                "A right signature (of {}) stands in the header `{found}`, and is looked for in `{expected}`. \
                 Something has renamed it, or this is the wrong provider's constant.",
                whose(*secret)
            ),
            Self::Written { secret, header, writing } => {
                write!(f, "The signature in `{header}` is right (by {}), but written otherwise: {writing}", whose(*secret))
            }
            Self::Hash { secret, header, used, expected } => write!(
                f,
                "The header `{header}` bears a right signature (of secret {}), but made with {}, which does not count: {} \
                 does. Have the provider send that one, or let it through.",
                secret + 1,
                hash(*used),
                hash(*expected)
            ),
            Self::OtherScheme { secret } => write!(
                f,
                "Another of this provider's proofs in the request is right (by {}), but one that counts before it is not.",
                whose(*secret)
            ),
            Self::VerifyToken { configured: true } => f.write_str(
                "The provider asks to prove the address with a verify token, and it is not the one that is configured.",
            ),
            Self::VerifyToken { configured: false } => f.write_str(
                "The provider asks to prove the address with a verify token, and none is configured: say `verify_token`.",
            ),
            Self::Length { declared, received } => write!(
                f,
                "The head says that the body has {declared} bytes, and {received} were handed over: something read or \
                 changed it before."
            ),
            Self::Decompressed => f.write_str(
                "The head says that the body is compressed, and it is not: something has decompressed it. It is signed as \
                 it is sent.",
            ),
            Self::Replaced => f.write_str(
                "The body holds characters that stand for what could not be read: it was taken for text somewhere, and \
                 the bytes that were signed are lost.",
            ),
            Self::Mode { event, secrets: Some(secrets) } => write!(
                f,
                "The event is of {} mode, and the secret of {} mode. Each has a secret of its own.",
                mode(*event),
                mode(*secrets)
            ),
            Self::Mode { event, secrets: None } => write!(
                f,
                "The event is of {} mode: make sure that the secret is that mode's, for test and live have secrets of \
                 their own.",
                mode(*event)
            ),
            Self::KeyNeeded { key } => {
                write!(f, "It cannot be judged before the key at `{}` is known", key.url)?;
                // Its name is the sender's to choose.
                if let Some(id) = &key.id {
                    write!(f, ", the one called {id:?}")?;
                }
                f.write_str(". A diagnosis fetches nothing: `learn` it, and ask again.")
            }
            Self::KeyUntrusted { named } => {
                let named: &dyn fmt::Display = if named.is_empty() { &"a name that cannot be shown" } else { named };
                write!(
                    f,
                    "It names a key that is none of this provider's ({named}). Nothing is fetched from there. It is forged, or \
                     of another provider's, or its key was withdrawn."
                )
            }
            Self::Credential { secret, looks_like } => {
                write!(f, "Secret {} looks like {looks_like}, which signs no webhooks.", secret + 1)
            }
        }
    }
}

fn whose(secret: Option<usize>) -> String {
    secret.map_or_else(|| "a key that was fetched".to_owned(), |secret| format!("secret {}", secret + 1))
}

fn clock(f: &mut fmt::Formatter<'_>, age: time::Duration, tolerated: Duration) -> fmt::Result {
    let (off, side) = if age.is_negative() {
        (age.unsigned_abs(), "in the future by this machine's clock")
    } else {
        (age.unsigned_abs(), "old by this machine's clock")
    };
    write!(
        f,
        "The signature is right, but it is {} {side}, and at most {} is tolerated. ",
        span(off),
        span(tolerated)
    )?;
    f.write_str(if off.as_secs() > 10 * 365 * 86_400 {
        "So far off is no clock: the time is in another unit than this provider's."
    } else if age.is_negative() {
        "This machine's clock is slow, or the sender's is fast."
    } else {
        "This machine's clock is fast, the request was held up, or it is an old one that somebody sent again."
    })
}

fn span(span: Duration) -> String {
    match (span.as_secs(), span.subsec_millis()) {
        (0, millis) => format!("{millis} ms"),
        (secs @ 1..120, _) => format!("{secs} s"),
        (secs @ 120..7_200, _) => format!("{} min {} s", secs / 60, secs % 60),
        (secs @ 7_200..172_800, _) => format!("{} h {} min", secs / 3_600, secs % 3_600 / 60),
        (secs, _) => format!("{} days", secs / 86_400),
    }
}

fn hash(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "SHA-1",
        Digest::Sha256 => "SHA-256",
        Digest::Sha384 => "SHA-384",
        Digest::Sha512 => "SHA-512",
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "test",
        Mode::Live => "live",
    }
}

impl fmt::Display for KeyMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IsBase64 => "the sender decodes it as base64 and signs with those bytes.",
            Self::IsHex => "the sender decodes it as hexadecimal digits and signs with those bytes.",
            Self::IsText => "the sender signs with its text as it is, without decoding it.",
            Self::Prefix => "the sender signs without the prefix that it begins with here.",
            Self::Quotes => "take the quotes around it away.",
            Self::Assignment => "a name and an equals sign stand before it; take them away.",
            Self::Mark => "a byte order mark stands before it; save the file without one.",
            Self::PercentEncoded => "it is percent-encoded here; configure it decoded.",
            Self::HtmlEscaped => "it is escaped for HTML here; configure it unescaped.",
            Self::WhiteSpaceThere => {
                "white space or a line's end was entered around it at the provider; enter it there once more without."
            }
            Self::QuotesThere => "quotes were entered around it at the provider; enter it there once more without.",
        })
    }
}

impl fmt::Display for BodyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rewritten => "its JSON was parsed and written anew.",
            Self::EndAdded => "a line's end or other white space was added at its end.",
            Self::EndRemoved => "a line's end was taken away at its end.",
            Self::CrLf => "its line feeds became carriage return and line feed.",
            Self::Lf => "its carriage returns before line feeds were taken away.",
            Self::MarkAdded => "a byte order mark was put before it.",
            Self::MarkRemoved => "the byte order mark before it was taken away.",
            Self::FormDecoded => "the form was decoded.",
            Self::FormEncoded => "it was encoded as a form once more.",
            Self::FieldOnly => "only the value of its form's field was handed over.",
            Self::Base64 => "it is still in base64; decode it before it is handed over.",
            Self::JsonString => "it was put into a JSON string.",
            Self::Latin1 => "it was read as Latin-1 and written as UTF-8.",
        })?;
        f.write_str(" Hand over the bytes as they were received, before any middleware parses them.")
    }
}

impl fmt::Display for AddressChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme { signed } => write!(f, "It begins with `{signed}`."),
            Self::Port { signed: Some(port) } => write!(f, "It names the port {port}."),
            Self::Port { signed: None } => f.write_str("It names no port."),
            Self::Host { signed } if signed.is_empty() => f.write_str("It is on another host."),
            Self::Host { signed } => write!(f, "It is on the host `{signed}`."),
            Self::SlashRemoved => f.write_str("Its path ends with a slash, which was taken away."),
            Self::SlashAdded => f.write_str("Its path does not end with the slash that it has here."),
            Self::PrefixRemoved => f.write_str("Its path begins with a prefix that was taken away."),
            Self::PrefixAdded => f.write_str("Its path lacks the prefix that it has here."),
            Self::Rewritten { header } => write!(f, "Its path is what `{header}` says that it was."),
            Self::QuerySorted => f.write_str("Its query has the parameters in another order."),
            Self::QueryAdded => f.write_str("It has no query."),
            Self::Decoded => f.write_str("It is percent-encoded, which was undone."),
            Self::Encoded => f.write_str("It is not percent-encoded, as it is here."),
        }
    }
}

impl fmt::Display for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capitals => f.write_str("in capitals; lower-case digits count."),
            Self::Encoding { found, expected } => {
                write!(f, "in {}; {} counts.", encoding(*found), encoding(*expected))
            }
            Self::Padding => f.write_str("its base64 has not the padding that it should have."),
            Self::Around => f.write_str(
                "what should stand before it is missing or another, or there are quotes or spaces around it.",
            ),
        }
    }
}

fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "lower-case hexadecimal digits",
        Encoding::HexOfEitherCase => "hexadecimal digits",
        Encoding::Base64 | Encoding::Base64PaddedOrNot => "base64",
        Encoding::Base64Url | Encoding::Base64UrlUnpadded => "base64 for URLs",
    }
}
