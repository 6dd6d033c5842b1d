//! The other half of public keys, for tests: made from a secret's text, so that the same text is the same key anywhere.

use aws_lc_rs::{
    agreement,
    encoding::{AsDer, PublicKeyX509Der},
    error::Unspecified,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        RSA_PKCS1_SHA256, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use x509_cert::der::{self, Reader, SliceReader, asn1::UintRef};

use crate::provider::{Algorithm, KeyForm};

/// Two keys that everybody knows, for making one takes long.
const FIRST: &str = include_str!("../testing/keys/a.key.pem");
const OTHER: &str = include_str!("../testing/keys/b.key.pem");

/// Which of two keys belongs to a text, as if by chance.
pub(crate) fn is_second(secret: &[u8]) -> bool {
    Sha256::new_with_prefix(b"RSA 2596 ").chain_update(secret).finalize().first().is_some_and(|byte| byte & 1 == 1)
}

/// A key that signs.
pub(crate) enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl PrivateKey {
    /// The key that belongs to this text; of RSA keys there are two, and the text says which.
    pub(crate) fn of(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Unspecified> {
        let seed = Sha256::digest(secret);
        Ok(match algorithm {
            Algorithm::Ed25519 => Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed)?),
            Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP256Sha256Fixed => {
                let fixed = algorithm == Algorithm::EcdsaP256Sha256Fixed;
                let signing = if fixed { &ECDSA_P256_SHA256_FIXED_SIGNING } else { &ECDSA_P256_SHA256_ASN1_SIGNING };
                let scalar = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, &seed)?;
                let public = scalar.compute_public_key()?;
                Self::Ecdsa(EcdsaKeyPair::from_private_key_and_public_key(signing, &seed, public.as_ref())?)
            }
            Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha1 | Algorithm::RsaPssSha512 => {
                let pem = if is_second(secret) { OTHER } else { FIRST };
                let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| Unspecified)?;
                let pss = algorithm == Algorithm::RsaPssSha512;
                let encoding: &'static dyn RsaEncoding = if pss { &RSA_PSS_SHA512 } else { &RSA_PKCS1_SHA256 };
                Self::Rsa(RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())?, encoding)
            }
        })
    }

    /// RSA signs with SHA-256, or with PSS and SHA-512.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        Ok(match self {
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Self::Ecdsa(key) => key.sign(&random, message)?.as_ref().to_vec(),
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &random, message, &mut signature)?;
                signature
            }
        })
    }

    /// Its public half as a JWK of this name; of Ed25519 there is none.
    pub(crate) fn jwk(&self, kid: &str) -> Result<Value, Unspecified> {
        let encode = |number: &[u8]| BASE64URL_NOPAD.encode(number);
        match self {
            Self::Ed25519(_) => Err(Unspecified),
            Self::Ecdsa(key) => {
                let (x, y) = key.public_key().as_ref().get(1..65).ok_or(Unspecified)?.split_at(32);
                let (x, y) = (encode(x), encode(y));
                Ok(json!({ "kid": kid, "kty": "EC", "alg": "ES256", "crv": "P-256", "use": "sig", "x": x, "y": y }))
            }
            Self::Rsa(key, _) => {
                let mut reader = SliceReader::new(key.public_key().as_ref()).map_err(|_| Unspecified)?;
                let numbers = reader.sequence(|reader| Ok::<_, der::Error>([reader.decode()?, reader.decode()?]));
                let [n, e] = numbers.map_err(|_| Unspecified)?.map(|number: UintRef<'_>| encode(number.as_bytes()));
                Ok(json!({ "kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": n, "e": e }))
            }
        }
    }

    /// Its public half as a dashboard shows it.
    pub(crate) fn public(&self, form: KeyForm) -> Result<String, Unspecified> {
        let der = |key: PublicKeyX509Der<'static>| key.as_ref().to_vec();
        let spki = match self {
            Self::Ed25519(key) => der(key.public_key().as_der()?),
            Self::Ecdsa(key) => der(key.public_key().as_der()?),
            Self::Rsa(key, _) => der(key.public_key().as_der()?),
        };
        let bytes = match self {
            Self::Ed25519(key) => key.public_key().as_ref().to_vec(),
            _ => spki.clone(),
        };
        Ok(match form {
            KeyForm::Hex => HEXLOWER.encode(&bytes),
            KeyForm::Base64 => BASE64.encode(&bytes),
            KeyForm::Base64After(prefix) => format!("{prefix}{}", BASE64.encode(&bytes)),
            KeyForm::Pem => {
                let text = BASE64.encode(&spki);
                let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
                format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"))
            }
            _ => return Err(Unspecified),
        })
    }
}
