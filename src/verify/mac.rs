//! Keyed hashes and tokens: made once a secret, compared in constant time.

use hmac::{
    Hmac, KeyInit,
    digest::{FixedOutput, Update},
};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::provider::{Digest, Plain};

/// The longest hash there is, in bytes.
pub(super) const LONGEST: usize = 64;

/// An HMAC whose key is already in; cloned for each message.
#[derive(Clone)]
pub(super) enum Mac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
    /// A plain hash that has taken in the secret.
    Plain(Sha256),
    /// What a plain hash takes in last.
    BeforeSecret(Weak, Zeroizing<Vec<u8>>),
}

/// Hashes that senders put a secret behind.
#[derive(Clone, Copy)]
pub(super) enum Weak {
    Sha1,
    Sha256,
}

/// A finished hash.
pub(super) struct Tag {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Mac {
    /// `None` never happens: an HMAC takes keys of any length.
    pub(super) fn new(digest: Digest, key: &[u8]) -> Option<Self> {
        Some(match digest {
            Digest::Sha1 => Self::Sha1(Hmac::new_from_slice(key).ok()?),
            Digest::Sha256 => Self::Sha256(Hmac::new_from_slice(key).ok()?),
            Digest::Sha384 => Self::Sha384(Hmac::new_from_slice(key).ok()?),
            Digest::Sha512 => Self::Sha512(Hmac::new_from_slice(key).ok()?),
        })
    }

    /// An HMAC, or a plain hash with the key before or behind what is signed, for a provider that calls that a signature;
    /// `None` for a hash that no provider makes one with.
    pub(super) fn of(digest: Digest, plain: Option<Plain>, key: &[u8]) -> Option<Self> {
        match (plain, digest) {
            (None, _) => Self::new(digest, key),
            (Some(Plain::Before), Digest::Sha256) => Some(Self::Plain(Sha256::new_with_prefix(key))),
            (Some(Plain::Behind), Digest::Sha1) => Some(Self::BeforeSecret(Weak::Sha1, key.to_vec().into())),
            (Some(Plain::Behind), Digest::Sha256) => Some(Self::BeforeSecret(Weak::Sha256, key.to_vec().into())),
            _ => None,
        }
    }

    /// The hash over all that `feed` puts in.
    #[inline]
    pub(super) fn tag(&self, feed: impl FnOnce(&mut dyn Update)) -> Tag {
        match self {
            Self::Sha1(mac) => finish(mac.clone(), feed),
            Self::Sha256(mac) => finish(mac.clone(), feed),
            Self::Sha384(mac) => finish(mac.clone(), feed),
            Self::Sha512(mac) => finish(mac.clone(), feed),
            Self::Plain(hash) => finish(hash.clone(), feed),
            Self::BeforeSecret(hash, secret) => {
                let all = |to: &mut dyn Update| {
                    feed(to);
                    to.update(secret);
                };
                match hash {
                    Weak::Sha1 => finish(Sha1::default(), all),
                    Weak::Sha256 => finish(Sha256::default(), all),
                }
            }
        }
    }
}

#[inline]
fn finish<H: Update + FixedOutput>(mut hash: H, feed: impl FnOnce(&mut dyn Update)) -> Tag {
    feed(&mut hash);
    Tag::of(&hash.finalize_fixed())
}

impl Tag {
    fn of(hash: &[u8]) -> Self {
        let mut bytes = [0; LONGEST];
        let len = hash.len().min(LONGEST);
        if let Some((to, from)) = bytes.get_mut(..len).zip(hash.get(..len)) {
            to.copy_from_slice(from);
        }
        Self { bytes, len }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Only the length, which is public, is compared in a time of its own.
    pub(super) fn is(&self, claimed: &[u8]) -> bool {
        equal(self.as_bytes(), claimed)
    }
}

#[cfg(any(feature = "diagnose", test))]
pub(super) const fn length(digest: Digest) -> usize {
    match digest {
        Digest::Sha1 => 20,
        Digest::Sha256 => 32,
        Digest::Sha384 => 48,
        Digest::Sha512 => 64,
    }
}

/// A token is compared by its hash, so that not even its length shows in the time that takes.
#[derive(Clone)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    pub(super) fn is(&self, claimed: &Self) -> bool {
        equal(&self.0, &claimed.0)
    }
}

/// In a time that tells nothing but the lengths: what differs is gathered by words before any of it is looked at, since
/// bytes take eight times as long.
fn equal(one: &[u8], other: &[u8]) -> bool {
    let ((words, rest), (others, left)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let differs = words.iter().zip(others).fold(0, |differs, (a, b)| differs | (word(a) ^ word(b)));
    // Tags are all words; what is left over of anything else is compared by bytes.
    one.len() == other.len() && bool::from(differs.ct_eq(&0) & rest.ct_eq(left))
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn tag(digest: Digest, key: &[u8], message: &[u8]) -> Tag {
        let mac = Mac::new(digest, key).unwrap();
        mac.tag(|mac| mac.update(message))
    }

    /// RFC 2202 and RFC 4231, test case 2.
    #[test]
    fn published_vectors_hold() {
        let hex = |digest| HEXLOWER.encode(tag(digest, b"Jefe", b"what do ya want for nothing?").as_bytes());
        assert_eq!(hex(Digest::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(hex(Digest::Sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(hex(Digest::Sha384).starts_with("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"));
        assert!(hex(Digest::Sha512).starts_with("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"));
    }

    /// FIPS 180's `abc`, of which the last letter is the secret.
    #[test]
    fn a_secret_behind_is_hashed_last() {
        let hex = |digest| {
            let mac = Mac::of(digest, Some(Plain::Behind), b"c")?;
            Some(HEXLOWER.encode(mac.tag(|mac| mac.update(b"ab")).as_bytes()))
        };
        assert_eq!(hex(Digest::Sha1).unwrap(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(hex(Digest::Sha256).unwrap().starts_with("ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"));
        assert!(hex(Digest::Sha512).is_none());
    }

    /// RUSTSEC-2024-0010: a comparison that stops at the shorter one lets the empty signature pass.
    #[test]
    fn neither_a_part_nor_an_extension_nor_another_bit_is_the_tag() {
        for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512] {
            let tag = tag(digest, b"k", b"m");
            let whole = tag.as_bytes().to_vec();
            assert!(tag.is(&whole) && whole.len() == length(digest));
            for at in 0..whole.len() {
                assert!(!tag.is(&whole[..at]));
                let mut other = whole.clone();
                other[at] ^= 1 << (at % 8);
                assert!(!tag.is(&other), "{at}");
            }
            assert!(!tag.is(&[whole.clone(), vec![0]].concat()));
            assert!(!tag.is(&[whole.clone(), whole].concat()));
        }
    }

    #[test]
    fn tokens_of_any_length_compare() {
        let hash = TokenHash::of(b"secret");
        assert!(hash.is(&TokenHash::of(b"secret")));
        for other in [&b""[..], b"secre", b"secrets", b"Secret"] {
            assert!(!hash.is(&TokenHash::of(other)));
        }
    }
}
