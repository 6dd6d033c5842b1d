//! From a secret's text to the key that judges or signs.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
#[cfg(feature = "asymmetric")]
use pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

#[cfg(feature = "asymmetric")]
use super::public_key::PublicKey;
use super::{
    html,
    mac::{Mac, TokenHash},
};
#[cfg(feature = "asymmetric")]
use crate::provider::Keys;
use crate::{
    Error, ErrorKind, Secret,
    provider::{self, Digest, KeyForm},
};

#[expect(clippy::large_enum_variant, reason = "nearly all are of the large one, and boxing it costs every request")]
#[derive(Clone)]
pub(super) enum Key {
    Mac(Mac),
    Token(TokenHash),
    #[cfg(feature = "asymmetric")]
    Public(PublicKey),
}

const WRONG: Error = Error::new(ErrorKind::InvalidSecret, "it is not in the form that this provider uses");

#[cfg(feature = "asymmetric")]
fn public_key(algorithm: provider::Algorithm, form: KeyForm, text: &[u8]) -> Result<Key, Error> {
    let bytes = decode(form, text).ok_or(WRONG)?;
    let key = PublicKey::new(algorithm, &bytes).map_err(|_| WRONG)?;
    if key.is_weak(algorithm) {
        return Err(Error::new(ErrorKind::InvalidSecret, "anybody can sign for this key"));
    }
    Ok(Key::Public(key))
}

pub(super) fn key(scheme: &provider::Scheme, secret: &Secret) -> Result<Key, Error> {
    let text = match scheme {
        // A file of PEM ends with a line break.
        #[cfg(feature = "asymmetric")]
        provider::Scheme::PublicKey(provider::PublicKey { keys: Keys::Told(KeyForm::Pem), .. }) => {
            secret.expose().trim_ascii()
        }
        #[cfg(all(feature = "http-signatures", feature = "asymmetric"))]
        provider::Scheme::HttpSignature(provider::HttpSignature { key: KeyForm::Pem, .. }) => {
            secret.expose().trim_ascii()
        }
        _ => plain(secret)?,
    };
    let (digest, form, side) = match scheme {
        provider::Scheme::Token(_) => return Ok(Key::Token(TokenHash::of(text))),
        provider::Scheme::Hmac(hmac) => (hmac.digest, hmac.key, hmac.plain),
        #[cfg(all(feature = "http-signatures", feature = "asymmetric"))]
        provider::Scheme::HttpSignature(scheme) if scheme.algorithm.public().is_some() => {
            return public_key(scheme.algorithm.public().ok_or(WRONG)?, scheme.key, text);
        }
        #[cfg(feature = "http-signatures")]
        provider::Scheme::HttpSignature(scheme) => (Digest::Sha256, scheme.key, None),
        provider::Scheme::Jwt(_) => (Digest::Sha256, KeyForm::Text, None),
        provider::Scheme::Custom(custom) => (custom.digest, custom.key, None),
        #[cfg(feature = "asymmetric")]
        provider::Scheme::PublicKey(scheme) => {
            let (Keys::Told(form), [algorithm]) = (scheme.keys, scheme.algorithms) else { return Err(WRONG) };
            return public_key(*algorithm, form, text);
        }
    };
    let bytes = decode(form, text).ok_or(WRONG)?;
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::InvalidSecret, "there is nothing behind its prefix"));
    }
    Mac::of(digest, side, &bytes).map(Key::Mac).ok_or(WRONG)
}

/// The secret's text, which nobody can have left empty or copied with the line's end.
pub(super) fn plain(secret: &Secret) -> Result<&[u8], Error> {
    let text = secret.expose();
    if text.trim_ascii().is_empty() {
        return Err(Error::new(ErrorKind::InvalidSecret, "it is empty"));
    }
    if text.trim_ascii().len() != text.len() {
        return Err(Error::new(ErrorKind::InvalidSecret, "there is white space around it"));
    }
    Ok(text)
}

pub(super) fn decode(form: KeyForm, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // Dashboards and SDKs differ on whether a secret's padding is shown.
    let base64 = |text: &[u8]| BASE64.decode(text).or_else(|_| BASE64_NOPAD.decode(text)).ok();
    let bytes = match form {
        KeyForm::Text => Some(text.to_vec()),
        KeyForm::Base64 => base64(text),
        KeyForm::Base64After(prefix) => base64(text.strip_prefix(prefix.as_bytes()).unwrap_or(text)),
        KeyForm::Base64AfterOrText(prefix) => match text.strip_prefix(prefix.as_bytes()) {
            Some(encoded) => base64(encoded),
            None => Some(text.to_vec()),
        },
        KeyForm::HtmlText => Some(html::unescape(text)),
        KeyForm::Sha1 => Some(Sha1::digest(text).to_vec()),
        KeyForm::Hex => HEXLOWER_PERMISSIVE.decode(text).ok(),
        #[cfg(feature = "asymmetric")]
        KeyForm::Pem => SubjectPublicKeyInfoDer::from_pem_slice(text).map(|key| key.to_vec()).ok(),
    };
    bytes.map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_may_be_given_as_it_is_shown_or_as_it_is_stored() {
        let key = |text: &str| decode(KeyForm::HtmlText, text.as_bytes()).unwrap().to_vec();
        assert_eq!(key("a&amp;b&lt;c&#039;"), b"a&b<c'");
        assert_eq!(key("a&b<c'"), b"a&b<c'");
    }
}
