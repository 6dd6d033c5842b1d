use std::{fmt, sync::OnceLock};

use sha2::{Digest as _, Sha256};

/// SHA-256 of a payload, made at most once.
#[derive(Clone, Default)]
pub(super) struct Digest(OnceLock<[u8; 32]>);

impl Digest {
    pub(super) fn of(&self, payload: &[u8]) -> [u8; 32] {
        *self.0.get_or_init(|| Sha256::digest(payload).into())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}
