//! Keys that stand somewhere else: their names, and what is had for them.

use std::{fmt, time::Duration};

use bytes::Bytes;

/// Names a key that has to be fetched: see [`Error::key_needed`](crate::Error::key_needed).
///
/// Its address was held against the hosts and paths of the provider's data before this was made, so whatever a request
/// says, nothing else is ever fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct KeyId {
    /// Where it is had: an `https` address.
    pub url: String,
    /// Which of those had there, where the address alone does not say it.
    pub id: Option<String>,
}

impl KeyId {
    /// What stands at an address: a certificate, or a set of keys.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), id: None }
    }

    /// One of several that are had at the same address.
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        match &self.id {
            Some(id) => write!(f, " {id}"),
            None => Ok(()),
        }
    }
}

/// What was had for a [`KeyId`], as it came: certificates in PEM, a public key in PEM, a set of keys in JSON. The scheme
/// that asked knows how to read it; nothing is guessed from its bytes.
#[derive(Clone)]
#[non_exhaustive]
pub struct KeyMaterial {
    /// As it came.
    pub bytes: Bytes,
    /// For how long it may be kept, where its server says. A verifier keeps it no longer than it sees fit itself.
    pub max_age: Option<Duration>,
}

impl KeyMaterial {
    /// A document whose server says nothing of its age.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), max_age: None }
    }

    /// For how long it may be kept.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMaterial").field("bytes", &self.bytes.len()).field("max_age", &self.max_age).finish()
    }
}
