//! Public keys and certificates' signatures: parsed once, by one library, with the algorithm pinned.

use aws_lc_rs::{
    digest,
    error::KeyRejected,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
    },
};

use crate::provider::Algorithm;

/// A key that verifies by one algorithm and no other.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    key: ParsedPublicKey,
    algorithm: Algorithm,
}

impl PublicKey {
    /// From a DER `SubjectPublicKeyInfo`; for Ed25519 its 32 bytes, and for P-256 its point, will do as well.
    pub(crate) fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyRejected> {
        Ok(Self { key: ParsedPublicKey::new(library(algorithm), bytes)?, algorithm })
    }

    /// Whether it is the signature of the message. It is over public data, so nothing of this need be in constant time.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// The same for a message in pieces. Only Ed25519, which reads its message twice, needs them in one.
    pub(crate) fn verifies_parts<'p>(&self, parts: impl Iterator<Item = &'p [u8]>, signature: &[u8]) -> bool {
        let Some(digest) = hash(self.algorithm) else {
            let message: Vec<u8> = parts.flatten().copied().collect();
            return self.verifies(&message, signature);
        };
        let mut hash = digest::Context::new(digest);
        parts.for_each(|part| hash.update(part));
        self.key.verify_digest_sig(&hash.finish(), signature).is_ok()
    }
}

fn library(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        Algorithm::Ed25519 => &ED25519,
        Algorithm::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
        Algorithm::EcdsaP256Sha256Fixed => &ECDSA_P256_SHA256_FIXED,
        Algorithm::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RsaPkcs1Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    }
}

fn hash(algorithm: Algorithm) -> Option<&'static digest::Algorithm> {
    match algorithm {
        Algorithm::Ed25519 => None,
        Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP256Sha256Fixed | Algorithm::RsaPkcs1Sha256 => {
            Some(&digest::SHA256)
        }
        Algorithm::RsaPkcs1Sha1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
    }
}
