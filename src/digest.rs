//! What tells payloads apart.

use std::{fmt, sync::OnceLock};

use sha2::{Digest as _, Sha256};

/// SHA-256 of a payload, made at most once.
#[derive(Clone, Default)]
pub(crate) struct Digest(OnceLock<[u8; 32]>);

impl Digest {
    /// Always of the same payload.
    pub(crate) fn of(&self, payload: &[u8]) -> [u8; 32] {
        let digest = *self.0.get_or_init(|| Sha256::digest(payload).into());
        debug_assert_eq!(digest, <[u8; 32]>::from(Sha256::digest(payload)), "it was made of another payload");
        digest
    }

    /// Made while another hash is fed with the same payload, a block at a time in turn: neither can be hurried, but the
    /// processor works on both at once, and three quarters of the time are enough for them.
    pub(crate) fn beside(&self, payload: &[u8], mut other: impl FnMut(&[u8])) {
        const BLOCK: usize = 64;
        if self.0.get().is_some() {
            return other(payload);
        }
        let mut hash = Sha256::new();
        for block in payload.chunks(BLOCK) {
            other(block);
            hash.update(block);
        }
        let _only_made_here = self.0.set(hash.finalize().into());
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
