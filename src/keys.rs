//! Where keys that have to be fetched come from.

use std::{collections::HashMap, fmt, future::Future, sync::Arc};

use crate::{Error, ErrorKind, KeyId, KeyMaterial};

/// Fetches keys for a [`Receiver`](crate::Receiver): see [`Builder::keys`](crate::Builder::keys).
///
/// It is only asked for addresses that the provider's data allows, once for several requests that need the same key, and
/// not again soon after it has failed. It must follow no redirect and take no long answer: whoever can make it do so
/// chooses the key.
///
/// ```
/// use inhook::{Error, KeyId, KeyMaterial, KeySource};
///
/// struct OnDisk(std::path::PathBuf);
///
/// impl KeySource for OnDisk {
///     async fn fetch(&self, id: &KeyId) -> Result<KeyMaterial, Error> {
///         let name = id.url.rsplit('/').next().unwrap_or_default();
///         std::fs::read(self.0.join(name)).map(KeyMaterial::new).map_err(Error::key_source)
///     }
/// }
/// ```
pub trait KeySource: Send + Sync + 'static {
    /// What stands there.
    ///
    /// # Errors
    /// [`Error::key_source`] if it cannot be had, now or at all.
    fn fetch(&self, id: &KeyId) -> impl Future<Output = Result<KeyMaterial, Error>> + Send;
}

impl<K: KeySource> KeySource for Arc<K> {
    fn fetch(&self, id: &KeyId) -> impl Future<Output = Result<KeyMaterial, Error>> + Send {
        K::fetch(self, id)
    }
}

/// Keys that are known beforehand, for tests and for machines that may not fetch anything.
///
/// ```
/// use inhook::{KeyId, KeyMaterial, StaticKeys};
///
/// let url = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem";
/// let keys = StaticKeys::new().with(KeyId::new(url), KeyMaterial::new("-----BEGIN CERTIFICATE-----"));
/// ```
#[derive(Clone, Default)]
pub struct StaticKeys(HashMap<KeyId, KeyMaterial>);

impl StaticKeys {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more; the last one counts.
    pub fn with(mut self, id: KeyId, material: KeyMaterial) -> Self {
        self.0.insert(id, material);
        self
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyId, &KeyMaterial)> {
        self.0.iter()
    }

    /// What stands there, for those who [teach](crate::Verifier::learn) a verifier themselves.
    pub fn get(&self, id: &KeyId) -> Option<&KeyMaterial> {
        self.0.get(id)
    }
}

impl KeySource for StaticKeys {
    async fn fetch(&self, id: &KeyId) -> Result<KeyMaterial, Error> {
        self.get(id).cloned().ok_or(Error::new(ErrorKind::KeyUnavailable, "it is not among the keys that are known"))
    }
}

impl fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
