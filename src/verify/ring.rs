//! Keys that a verifier was taught, as long as they are good.

use std::sync::{Arc, PoisonError, RwLock};

use time::OffsetDateTime;

use crate::KeyId;

/// How many keys are kept: more than any provider uses at once.
const MOST: usize = 64;

/// What was made of each key's material.
#[derive(Debug)]
pub(super) struct Ring<T>(RwLock<Vec<Entry<T>>>);

#[derive(Debug)]
struct Entry<T> {
    id: KeyId,
    known: Arc<T>,
    from: OffsetDateTime,
    until: OffsetDateTime,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> Ring<T> {
    /// What is known under this name, if it is good now.
    pub(super) fn get(&self, url: &str, id: Option<&str>, now: OffsetDateTime) -> Option<Arc<T>> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.iter().find(|entry| entry.id.url == url && entry.id.id.as_deref() == id)?;
        (entry.from <= now && now < entry.until).then(|| Arc::clone(&entry.known))
    }

    /// Good from the first moment until just before the second. Where there is no room, what ends first goes.
    pub(super) fn put(&self, id: KeyId, known: T, from: OffsetDateTime, until: OffsetDateTime) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.id != id);
        if entries.len() >= MOST {
            let first = entries.iter().enumerate().min_by_key(|(_, entry)| entry.until).map(|(at, _)| at);
            first.map(|at| entries.swap_remove(at));
        }
        entries.push(Entry { id, known: Arc::new(known), from, until });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 06:41:00 UTC);

    #[test]
    fn a_key_is_good_for_its_time_and_no_longer() {
        let ring = Ring::default();
        assert!(ring.is_empty());
        ring.put(KeyId::new("https://a"), 1, NOW, NOW + Duration::HOUR);
        let at = |by: Duration| ring.get("https://a", None, NOW + by).map(|key| *key);
        assert_eq!((at(Duration::ZERO), at(Duration::minutes(59))), (Some(1), Some(1)));
        assert_eq!((at(Duration::HOUR), at(-Duration::SECOND)), (None, None));
        assert!(ring.get("https://a", Some("k"), NOW).is_none() && ring.get("https://b", None, NOW).is_none());
    }

    #[test]
    fn there_is_room_for_the_newest_and_never_for_more_than_so_many() {
        let ring = Ring::default();
        let put = |n: i64| {
            let id = KeyId::new("https://a").with_id(n.to_string());
            ring.put(id, n, NOW, NOW + Duration::HOUR + Duration::seconds(n));
        };
        (0..1000).for_each(put);
        let has = |n: i64| ring.get("https://a", Some(&n.to_string()), NOW).is_some();
        assert!((936..1000).all(has) && !(0..936).any(has));
    }
}
