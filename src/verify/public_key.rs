//! Public keys: parsed once, by one library, with the algorithm pinned.

use std::fmt;

use aws_lc_rs::{
    digest::{Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512},
    error::KeyRejected,
    rsa::PublicEncryptingKey,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA512,
        VerificationAlgorithm,
    },
};
use hmac::digest::Update;

use crate::provider::Algorithm;

/// A key that verifies by one algorithm and no other.
#[derive(Clone)]
pub(crate) struct PublicKey(ParsedPublicKey);

/// A message as an algorithm wants it: its hash, or all of it.
pub(crate) enum Statement {
    Hash(Digest),
    Whole(Vec<u8>),
}

impl PublicKey {
    /// From a DER `SubjectPublicKeyInfo`, of RSA one of 2,048 bits at least; for Ed25519 its 32 bytes, and for P-256 its point, will do as well.
    pub(crate) fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyRejected> {
        use Algorithm::{RsaPkcs1Sha1, RsaPkcs1Sha256, RsaPssSha512};
        if matches!(algorithm, RsaPkcs1Sha1 | RsaPkcs1Sha256 | RsaPssSha512) {
            // It would refuse each signature of a short key, and say nothing of why.
            PublicEncryptingKey::from_der(bytes)?;
        }
        ParsedPublicKey::new(library(algorithm), bytes).map(Self)
    }

    /// Whether the signature is over this. All of it is public, so nothing need be in constant time.
    #[inline]
    pub(crate) fn signed(&self, statement: &Statement, signature: &[u8]) -> bool {
        match statement {
            Statement::Hash(hash) => self.0.verify_digest_sig(hash, signature).is_ok(),
            Statement::Whole(message) => self.0.verify_sig(message, signature).is_ok(),
        }
    }

    /// Whether the signature is over this message, of whose hashing the library takes care.
    #[inline]
    pub(crate) fn signs(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }

    /// Whether anybody could sign for it: Ed25519 knows a few such keys, which nobody's dashboard shows. Under one of
    /// them an empty signature is right for one message of eight, or more.
    pub(crate) fn is_weak(&self, algorithm: Algorithm) -> bool {
        if algorithm != Algorithm::Ed25519 {
            return false;
        }
        let mut signature = [0; 64];
        signature[0] = 1;
        (0..128_u8).any(|n| self.0.verify_sig(&[n], &signature).is_ok())
    }
}

impl Statement {
    /// What `feed` puts together.
    #[inline]
    pub(crate) fn of<E>(algorithm: Algorithm, feed: impl FnOnce(&mut dyn Update) -> Result<(), E>) -> Result<Self, E> {
        let hash = match algorithm {
            // It reads its message twice.
            Algorithm::Ed25519 => {
                let mut whole = Whole(Vec::new());
                feed(&mut whole)?;
                return Ok(Self::Whole(whole.0));
            }
            Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP256Sha256Fixed | Algorithm::RsaPkcs1Sha256 => &SHA256,
            Algorithm::RsaPssSha512 => &SHA512,
            Algorithm::RsaPkcs1Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        };
        let mut hash = Hash(Context::new(hash));
        feed(&mut hash)?;
        Ok(Self::Hash(hash.0.finish()))
    }
}

struct Hash(Context);

impl Update for Hash {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

struct Whole(Vec<u8>);

impl Update for Whole {
    fn update(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }
}

fn library(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        Algorithm::Ed25519 => &ED25519,
        Algorithm::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
        Algorithm::EcdsaP256Sha256Fixed => &ECDSA_P256_SHA256_FIXED,
        Algorithm::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
        Algorithm::RsaPkcs1Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// RFC 8032, section 7.1, tests 1 and 3.
    #[test]
    fn published_vectors_hold() {
        for (key, message, signature) in [
            (
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            ),
        ] {
            let key = PublicKey::new(Algorithm::Ed25519, &hex(key)).unwrap();
            assert!(key.signed(&Statement::Whole(hex(message)), &hex(signature)));
            assert!(!key.signed(&Statement::Whole(b"other".to_vec()), &hex(signature)));
            assert!(!key.is_weak(Algorithm::Ed25519));
        }
    }

    /// Points of order 1, 2 and 4: keys under which anybody can sign.
    #[test]
    fn keys_that_anybody_signs_for_are_weak() {
        let (zero, ff) = ("0".repeat(62), "f".repeat(60));
        for key in [format!("01{zero}"), format!("ec{ff}7f"), format!("00{zero}")] {
            let Ok(key) = PublicKey::new(Algorithm::Ed25519, &hex(&key)) else { continue };
            assert!(key.is_weak(Algorithm::Ed25519));
        }
    }

    #[test]
    fn a_key_of_another_kind_is_none() {
        assert!(PublicKey::new(Algorithm::RsaPkcs1Sha256, &[0; 32]).is_err());
        assert!(PublicKey::new(Algorithm::EcdsaP256Sha256, &[4; 65]).is_err());
        assert!(PublicKey::new(Algorithm::Ed25519, &[1; 31]).is_err());
    }
}
