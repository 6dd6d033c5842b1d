//! Tokens taken apart, as strictly as their form is written down: three parts, one way of writing each, one algorithm.
//!
//! The few lines of splitting are our own: the kept JWT crate parses the key anew for every token, asks a clock of its
//! own, takes a name that comes twice and knows no `crit`.

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;

use crate::{
    Error, ErrorKind,
    body::json::{self, Members},
    provider::JwtAlgorithm,
};

/// More than any sender uses.
const LONGEST: usize = 16 * 1024;
/// The longest name of a key.
const LONGEST_KID: usize = 256;

const NO_TOKEN: Error = Error::new(ErrorKind::MalformedHeader, "it is no token");

/// A token of the right algorithm, whose signature nobody has looked at yet.
#[derive(Debug)]
pub(super) struct Jws<'t> {
    /// What is signed: its first two parts with the dot between them.
    pub(super) signed: &'t [u8],
    pub(super) signature: Vec<u8>,
    /// The name of the key, if it says one.
    pub(super) kid: Option<String>,
    claims: &'t [u8],
}

impl<'t> Jws<'t> {
    /// Takes a token apart. Nothing that its header says chooses the algorithm or brings a key.
    pub(super) fn read(token: &'t [u8], algorithm: JwtAlgorithm) -> Result<Self, Error> {
        if token.len() > LONGEST {
            return Err(Error::new(ErrorKind::MalformedHeader, "the token is too long"));
        }
        let mut parts = token.split(|b| *b == b'.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NO_TOKEN);
        };
        let signed = token.get(..header.len() + 1 + claims.len()).ok_or(NO_TOKEN)?;
        let text = decode(header)?;
        let header = json::members(&text).ok_or(NO_TOKEN)?;
        if header.text("alg").as_deref() != Some(algorithm.name()) {
            return Err(Error::new(ErrorKind::WrongAlgorithm, ""));
        }
        if header.raw("crit").is_some() || header.raw("b64").is_some() {
            return Err(Error::new(ErrorKind::MalformedHeader, "the token asks for an extension"));
        }
        let kid = match header.raw("kid") {
            None => None,
            Some(_) => Some(header.text("kid").filter(|kid| (1..=LONGEST_KID).contains(&kid.len())).ok_or(NO_TOKEN)?),
        };
        // A signature that is none is a wrong one.
        let signature = decode(signature).map_err(|_| Error::new(ErrorKind::BadSignature, ""))?;
        Ok(Self { signed, signature, kid: kid.map(Cow::into_owned), claims })
    }

    /// What it says; to be asked once the signature holds.
    pub(super) fn claims(&self) -> Result<Vec<u8>, Error> {
        decode(self.claims)
    }
}

/// The members of a token's second part, each of which comes once.
pub(super) fn members(claims: &[u8]) -> Result<Members<'_>, Error> {
    json::members(claims).ok_or(NO_TOKEN)
}

/// No padding, no bits left over, no white space.
fn decode(part: &[u8]) -> Result<Vec<u8>, Error> {
    BASE64URL_NOPAD.decode(part).map_err(|_| NO_TOKEN)
}

/// What stands behind the name of an authentication scheme, of which the case says nothing.
pub(super) fn behind<'t>(scheme: &str, text: &'t [u8]) -> Result<&'t [u8], Error> {
    const OTHER: Error = Error::new(ErrorKind::MalformedHeader, "it is no credential of this scheme");
    if scheme.is_empty() {
        return Ok(text);
    }
    let (name, rest) = text.split_at_checked(scheme.len()).ok_or(OTHER)?;
    let rest = rest.strip_prefix(b" ").ok_or(OTHER)?.trim_ascii();
    if name.eq_ignore_ascii_case(scheme.as_bytes()) { Ok(rest) } else { Err(OTHER) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.{}", encode(header), encode(claims), encode("signature1"))
    }

    fn kind(token: &str) -> Result<(), ErrorKind> {
        Jws::read(token.as_bytes(), JwtAlgorithm::Rs256).map(|_| ()).map_err(|e| e.kind())
    }

    #[test]
    fn a_token_is_taken_apart() {
        let text = token(r#"{"alg":"RS256","kid":"k\u0031","typ":"JWT"}"#, r#"{"a":1}"#);
        let jws = Jws::read(text.as_bytes(), JwtAlgorithm::Rs256).unwrap();
        assert_eq!((jws.kid.as_deref(), &*jws.signature), (Some("k1"), &b"signature1"[..]));
        assert_eq!(jws.claims().unwrap(), br#"{"a":1}"#);
        assert_eq!(jws.signed, text.rsplit_once('.').unwrap().0.as_bytes());
    }

    #[test]
    fn another_algorithm_is_refused_before_any_key_is_looked_for() {
        for alg in ["none", "None", "HS256", "RS512", "rs256", "ES256", ""] {
            let text = token(&format!(r#"{{"alg":"{alg}","kid":"k"}}"#), "{}");
            assert_eq!(kind(&text), Err(ErrorKind::WrongAlgorithm), "{alg}");
        }
        for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["RS256"]}"#, r#"{"alg":256}"#] {
            assert_eq!(kind(&token(header, "{}")), Err(ErrorKind::WrongAlgorithm), "{header}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_no_token() {
        const MALFORMED: Result<(), ErrorKind> = Err(ErrorKind::MalformedHeader);
        let good = token(r#"{"alg":"RS256"}"#, "{}");
        assert_eq!(kind(&good), Ok(()));
        for bad in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            format!("{good}."),
            format!("{good}.{good}"),
            format!(".{good}"),
            good.replacen('.', "=.", 1),
            good.replacen('.', " .", 1),
            good.rsplit_once('.').unwrap().0.to_owned(),
            "a".repeat(20_000),
            format!("{}.{}", "a".repeat(9_000), "a.".repeat(4_000)),
        ] {
            assert_eq!(kind(&bad), MALFORMED, "{bad:?}");
        }
        for header in [
            r#"{"alg":"RS256","alg":"RS256"}"#,
            r#"{"alg":"RS256","\u0061lg":"none"}"#,
            r#"{"alg":"RS256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"RS256","crit":null}"#,
            r#"{"alg":"RS256","b64":false}"#,
            r#"{"alg":"RS256","kid":""}"#,
            r#"{"alg":"RS256","kid":7}"#,
            r#"{"alg":"RS256","kid":null}"#,
            r#"[{"alg":"RS256"}]"#,
            r#"{"alg":"RS256"}{}"#,
            r#"{"alg":"RS256""#,
            "null",
            "",
        ] {
            assert_eq!(kind(&token(header, "{}")), MALFORMED, "{header}");
        }
        // The last character has bits that say nothing: they are nought.
        let loose = format!("{}B", &good[..good.len() - 1]);
        for bad in [format!("{good}="), format!("{good}\n"), format!("{good}*"), loose] {
            assert_eq!(kind(&bad), Err(ErrorKind::BadSignature), "{bad:?}");
        }
    }

    #[test]
    fn a_credential_stands_behind_its_scheme() {
        for good in ["Bearer t", "bearer t", "BEARER   t"] {
            assert_eq!(behind("Bearer", good.as_bytes()).unwrap(), b"t");
        }
        for bad in ["", "t", "Bearer", "Bearert", "Bearer\tt", "JWT t", "Bearer,t"] {
            assert!(behind("Bearer", bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(behind("", b"t").unwrap(), b"t");
    }
}
