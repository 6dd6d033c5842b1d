//! What tells payloads apart.

use std::{fmt, sync::OnceLock};

use sha2::{Digest as _, Sha256};

/// SHA-256 of a payload, made at most once; or of what was signed of it, where that is not its bytes.
#[derive(Clone, Default)]
pub(crate) struct Digest {
    made: OnceLock<[u8; 32]>,
    of_signed: bool,
}

impl Digest {
    /// Of what was signed of a payload whose bytes anybody can write otherwise.
    pub(crate) fn of_signed(text: &[u8]) -> Self {
        Self::kept_of_signed(Sha256::digest(text).into())
    }

    pub(crate) fn kept_of_signed(digest: [u8; 32]) -> Self {
        Self { made: OnceLock::from(digest), of_signed: true }
    }

    /// What cannot be made of the payload again.
    pub(crate) fn to_keep(&self) -> Option<&[u8; 32]> {
        self.made.get().filter(|_| self.of_signed)
    }

    /// Always of the same payload.
    pub(crate) fn of(&self, payload: &[u8]) -> [u8; 32] {
        let made = || <[u8; 32]>::from(Sha256::digest(payload));
        let digest = *self.made.get_or_init(made);
        debug_assert!(self.of_signed || digest == made(), "it was made of another payload");
        digest
    }

    /// Made while another hash is fed with the same payload, a block at a time in turn: neither can be hurried, but the
    /// processor works on both at once, and three quarters of the time are enough for them.
    pub(crate) fn beside(&self, payload: &[u8], mut other: impl FnMut(&[u8])) {
        const BLOCK: usize = 64;
        if self.made.get().is_some() {
            return other(payload);
        }
        let mut hash = Sha256::new();
        for block in payload.chunks(BLOCK) {
            other(block);
            hash.update(block);
        }
        let _only_made_here = self.made.set(hash.finalize().into());
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_another_it_is_the_same_and_the_other_misses_nothing() {
        for len in [0, 1, 63, 64, 65, 128, 1000] {
            let payload: Vec<u8> = (0..len).map(|n| n as u8).collect();
            let (digest, mut fed) = (Digest::default(), Vec::new());
            for _ in 0..2 {
                digest.beside(&payload, |block| fed.extend_from_slice(block));
            }
            assert_eq!(fed, payload.repeat(2));
            assert_eq!(digest.of(&payload), Digest::default().of(&payload));
        }
    }
}
