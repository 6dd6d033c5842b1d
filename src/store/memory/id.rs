//! Names and times, as small as a store of ten million of them wants.

use std::{
    hash::{Hash, Hasher},
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::{
    place::{Key, Stream},
    store::Slot,
};

/// What stands for a key or a stream: the head of the SHA-256 of its columns, each behind its length. Whoever chooses
/// ids would have to find a collision of 128 bits of it to be taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id([u8; 16]);

impl Id {
    /// None sorts before it.
    pub(super) const FIRST: Self = Self([0; 16]);

    pub(super) fn of_key(key: &Key) -> Self {
        Self::of(&key.source, key.tenant.as_deref(), &key.consumer, key.id.as_bytes())
    }

    pub(super) fn of_stream(stream: &Stream) -> Self {
        Self::of(&stream.source, stream.tenant.as_deref(), &stream.consumer, stream.name.as_bytes())
    }

    /// A fingerprint within the scope of its key.
    pub(super) fn of_print(key: &Key, print: &[u8; 32]) -> Self {
        Self::of(&key.source, key.tenant.as_deref(), &key.consumer, print)
    }

    fn of(source: &str, tenant: Option<&str>, consumer: &str, last: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for column in [Some(source.as_bytes()), tenant.map(str::as_bytes), Some(consumer.as_bytes()), Some(last)] {
            // No text is as long as that.
            hash.update(column.map_or(usize::MAX, <[u8]>::len).to_le_bytes());
            hash.update(column.unwrap_or_default());
        }
        Self(head(hash.finalize().into()))
    }
}

impl Hash for Id {
    /// Half of it tells enough; maps are keyed at random, so nobody can choose ids that pile up.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// What a slot is looked up by; made before the store is locked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    pub(super) key: Id,
    pub(super) stream: Option<Id>,
    /// Only where the slot asks for twins and has a fingerprint.
    pub(super) twin: Option<Id>,
}

impl Ids {
    pub(super) fn of(slot: &Slot) -> Self {
        let key = &slot.key;
        let stream = |name: &str| Id::of(&key.source, key.tenant.as_deref(), &key.consumer, name.as_bytes());
        Self {
            key: Id::of_key(key),
            stream: slot.place.as_ref().map(|place| stream(&place.stream)),
            twin: slot.fingerprint.filter(|_| slot.twins).map(|print| Id::of_print(key, &print)),
        }
    }
}

/// The first bytes of a digest.
pub(super) fn head<const N: usize>(digest: [u8; 32]) -> [u8; N] {
    let mut head = [0; N];
    head.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    head
}

/// A whole second, 68 years around the store's first: half the size of a time, and what is over is never over early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Second(u32);

impl Second {
    /// None comes after it.
    pub(super) const LAST: Self = Self(u32::MAX);
}

/// The present, as one verb sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) at: OffsetDateTime,
    /// When the store was first used.
    pub(super) origin: OffsetDateTime,
}

impl Now {
    /// The second that has begun.
    pub(super) fn second(self) -> Second {
        let since = self.at - self.origin;
        second(since.whole_seconds().saturating_sub(i64::from(since.subsec_nanoseconds() < 0)))
    }

    pub(super) fn after(self, lasts: Duration) -> OffsetDateTime {
        self.at.saturating_add(time::Duration::try_from(lasts).unwrap_or(time::Duration::MAX))
    }

    /// The first second that begins no earlier than `at`.
    pub(super) fn end(self, at: OffsetDateTime) -> Second {
        let until = at - self.origin;
        second(until.whole_seconds().saturating_add(i64::from(until.subsec_nanoseconds() > 0)))
    }

    /// How long it is to `at`; `None` once it has come.
    pub(super) fn left(self, at: OffsetDateTime) -> Option<Duration> {
        Duration::try_from(at - self.at).ok().filter(|left| !left.is_zero())
    }
}

/// The origin stands in the middle, since a clock may go backwards.
fn second(seconds: i64) -> Second {
    let from_middle = seconds.saturating_add(1 << 31).max(0);
    Second(u32::try_from(from_middle).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn columns_are_told_apart() {
        let key = |source: &str, consumer: &str, id: &str| Id::of_key(&Key::new(source, consumer, id));
        assert_ne!(key("a", "bc", "d"), key("ab", "c", "d"));
        assert_ne!(key("a", "b", ""), key("a", "", "b"));
        let untold = Key::new("a", "b", "c");
        assert_ne!(Id::of_key(&untold), Id::of_key(&untold.clone().tenant("")));
        assert_eq!(Id::of_key(&untold), Id::of_stream(&untold.stream("c")));
    }

    #[test]
    fn nothing_is_over_early() {
        let origin = datetime!(2026-01-01 0:00:00.5 UTC);
        for days in [-1, 0, 1] {
            let now = Now { at: origin + time::Duration::days(days), origin };
            for (lasts, later) in [(0, 0), (1, 1000), (999, 1000), (1000, 1000), (1001, 2000)] {
                let end = now.end(now.after(Duration::from_millis(lasts)));
                let then = |ms: i64| Now { at: now.at + time::Duration::milliseconds(ms), origin }.second();
                assert!(end <= then(later) && (later == 0 || end > then(later - 1)), "{days} {lasts}");
            }
        }
    }

    #[test]
    fn what_lasts_for_ever_is_never_over() {
        let origin = datetime!(2026-01-01 0:00 UTC);
        let now = Now { at: origin, origin };
        assert_eq!(now.end(now.after(Duration::MAX)), Second(u32::MAX));
        assert_eq!(now.left(now.at), None);
        assert_eq!(now.left(now.after(Duration::from_secs(2))), Some(Duration::from_secs(2)));
    }
}
