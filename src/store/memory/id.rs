//! Names and times, as small as a store of ten million of them wants.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher, RandomState},
    time::Duration,
};

use time::OffsetDateTime;

use crate::{
    place::{Key, Stream},
    store::Slot,
};

/// What stands for a key or a stream: 80 bits of a keyed hash of its columns, and 48 of those before the last alone, so
/// that nobody can choose ids that are taken for one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Id([u8; 16]);

impl Id {
    /// None sorts before it.
    pub(super) const FIRST: Self = Self([0; 16]);

    pub(in crate::store) fn head(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// The same for all keys of one source, tenant and consumer.
    pub(super) fn scope(self) -> [u8; 6] {
        let [.., a, b, c, d, e, f] = self.0;
        [a, b, c, d, e, f]
    }
}

impl Hash for Id {
    /// Half of it tells enough.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.head());
    }
}

/// A map by ids, which are hashes already.
pub(in crate::store) type Map<V> = HashMap<Id, V, BuildHasherDefault<Head>>;

#[derive(Default)]
pub(in crate::store) struct Head(u64);

impl Hasher for Head {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, head: u64) {
        self.0 = head;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Makes ids, by a key of its own.
#[derive(Debug, Default)]
pub(in crate::store) struct Names(RandomState);

impl Names {
    pub(in crate::store) fn of_key(&self, key: &Key) -> Id {
        Scope::of_key(self, key).id(key.id.as_bytes())
    }

    pub(super) fn of_stream(&self, stream: &Stream) -> Id {
        Scope::new(self, &stream.source, stream.tenant.as_deref(), &stream.consumer).id(stream.name.as_bytes())
    }

    pub(super) fn of_slot(&self, slot: &Slot) -> Ids {
        let scope = Scope::of_key(self, &slot.key);
        Ids {
            key: scope.id(slot.key.id.as_bytes()),
            stream: slot.place.as_ref().map(|place| scope.id(place.stream.as_bytes())),
        }
    }
}

/// The hash of the columns that come before the last, which all names of one slot have in common.
struct Scope(DefaultHasher);

impl Scope {
    fn of_key(names: &Names, key: &Key) -> Self {
        Self::new(names, &key.source, key.tenant.as_deref(), &key.consumer)
    }

    /// The lengths go first, so that no columns are taken for others; the last one's needs not be told.
    fn new(names: &Names, source: &str, tenant: Option<&str>, consumer: &str) -> Self {
        let mut hash = names.0.build_hasher();
        let lengths =
            [source.len() as u64, tenant.map_or(u64::MAX, |tenant| tenant.len() as u64), consumer.len() as u64];
        hash.write(lengths.map(u64::to_le_bytes).as_flattened());
        for column in [source, tenant.unwrap_or_default(), consumer] {
            hash.write(column.as_bytes());
        }
        Self(hash)
    }

    fn id(&self, last: &[u8]) -> Id {
        let mut hash = self.0.clone();
        hash.write(last);
        let first = hash.finish();
        hash.write_u64(first);
        let ([a, b, c, d, e, f, g, h], [i, j, ..]) = (first.to_le_bytes(), hash.finish().to_le_bytes());
        let [k, l, m, n, o, p, ..] = self.0.finish().to_le_bytes();
        Id([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }
}

/// What a slot is looked up by; made before the store is locked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    pub(super) key: Id,
    pub(super) stream: Option<Id>,
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

/// Since the store was first used: a date costs ten times as much to reckon with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(time::Duration);

/// The present, as one verb sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    since_1970: time::Duration,
    /// Since the store was first used.
    since: time::Duration,
}

impl Now {
    /// Both since 1970.
    pub(super) fn new(at: time::Duration, origin: time::Duration) -> Self {
        Self { since_1970: at, since: at - origin }
    }

    pub(super) fn date(self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH.saturating_add(self.since_1970)
    }

    /// The second that has begun.
    pub(super) fn second(self) -> Second {
        second(self.since.whole_seconds().saturating_sub(i64::from(self.since.subsec_nanoseconds() < 0)))
    }

    pub(super) fn after(self, lasts: Duration) -> Moment {
        Moment(self.since.saturating_add(time::Duration::try_from(lasts).unwrap_or(time::Duration::MAX)))
    }

    /// The first second that begins no earlier than the end of what lasts so long.
    pub(super) fn end(self, lasts: Duration) -> Second {
        let until = self.since.saturating_add(time::Duration::try_from(lasts).unwrap_or(time::Duration::MAX));
        second(until.whole_seconds().saturating_add(i64::from(until.subsec_nanoseconds() > 0)))
    }

    /// How long it is to then; `None` once it has come.
    pub(super) fn left(self, moment: Moment) -> Option<Duration> {
        Duration::try_from(moment.0.saturating_sub(self.since)).ok().filter(|left| !left.is_zero())
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
        let names = Names::default();
        let key = |source: &str, consumer: &str, id: &str| names.of_key(&Key::new(source, consumer, id));
        assert_ne!(key("a", "bc", "d"), key("ab", "c", "d"));
        assert_ne!(key("a", "b", ""), key("a", "", "b"));
        let untold = Key::new("a", "b", "c");
        assert_ne!(names.of_key(&untold), names.of_key(&untold.clone().tenant("")));
        assert_eq!(names.of_key(&untold), names.of_stream(&untold.stream("c")));
        assert_ne!(names.of_key(&untold), Names::default().of_key(&untold));
    }

    #[test]
    fn nothing_is_over_early() {
        let origin = datetime!(2026-01-01 0:00:00.5 UTC) - OffsetDateTime::UNIX_EPOCH;
        for days in [-1, 0, 1] {
            let at = origin + time::Duration::days(days);
            let now = Now::new(at, origin);
            for (lasts, later) in [(0, 0), (1, 1000), (999, 1000), (1000, 1000), (1001, 2000)] {
                let end = now.end(Duration::from_millis(lasts));
                let then = |ms: i64| Now::new(at + time::Duration::milliseconds(ms), origin).second();
                assert!(end <= then(later) && (later == 0 || end > then(later - 1)), "{days} {lasts}");
            }
        }
    }

    #[test]
    fn what_lasts_for_ever_is_never_over() {
        let origin = datetime!(2026-01-01 0:00 UTC) - OffsetDateTime::UNIX_EPOCH;
        let now = Now::new(origin, origin);
        assert_eq!(now.end(Duration::MAX), Second(u32::MAX));
        assert_eq!(now.left(now.after(Duration::ZERO)), None);
        assert_eq!(now.left(now.after(Duration::from_secs(2))), Some(Duration::from_secs(2)));
    }
}
