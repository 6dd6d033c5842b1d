//! What an event is remembered under, and where it stands among the others.

use std::time::Duration;

use time::OffsetDateTime;

/// What an event is remembered under: a column each, never joined into one string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Key {
    /// The provider's name.
    pub source: String,
    /// Whose endpoint it is, where one receiver serves several.
    pub tenant: Option<String>,
    /// Who remembers: two consumers each see every event once.
    pub consumer: String,
    /// What makes it the same event.
    pub id: String,
}

impl Key {
    /// A key of no tenant.
    pub fn new(source: impl Into<String>, consumer: impl Into<String>, id: impl Into<String>) -> Self {
        Self { source: source.into(), tenant: None, consumer: consumer.into(), id: id.into() }
    }

    /// The same key, of this tenant.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// The stream of this name within the key's source, tenant and consumer.
    pub fn stream(&self, name: impl Into<String>) -> Stream {
        Stream {
            source: self.source.clone(),
            tenant: self.tenant.clone(),
            consumer: self.consumer.clone(),
            name: name.into(),
        }
    }
}

/// A sequence of events that belong together, such as those of one customer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Stream {
    /// The provider's name.
    pub source: String,
    /// Whose endpoint it is, where one receiver serves several.
    pub tenant: Option<String>,
    /// Who remembers.
    pub consumer: String,
    /// The user's own name for it.
    pub name: String,
}

impl Stream {
    /// A stream of no tenant.
    pub fn new(source: impl Into<String>, consumer: impl Into<String>, name: impl Into<String>) -> Self {
        Self { source: source.into(), tenant: None, consumer: consumer.into(), name: name.into() }
    }

    /// The same stream, of this tenant.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }
}

/// A fencing token: proves that the caller still holds the claim. From one sequence a store, never used twice, and a
/// later claim's is higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Where an event stands in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The stream's name; its scope is that of the event's [`Key`].
    pub stream: String,
    /// Where it stands among the others.
    pub rank: Rank,
    /// What that means.
    pub order: Order,
    /// A tombstone: nothing of the same or a lower rank applies after it, however long ago it was. See [`Place::last`].
    pub last: bool,
}

impl Place {
    /// A place that is no tombstone.
    pub fn new(stream: impl Into<String>, rank: impl Into<Rank>, order: Order) -> Self {
        Self { stream: stream.into(), rank: rank.into(), order, last: false }
    }

    /// The same place as a tombstone: what ends the stream, such as a deletion.
    pub fn last(mut self) -> Self {
        self.last = true;
        self
    }
}

/// Bytes that sort as the events do: a store compares them and never reads them.
///
/// All ranks of one stream must be made the same way: numbers with numbers, of either type, and times with times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(Box<[u8]>);

impl Rank {
    /// Your own order-preserving bytes: versions, log positions, fixed-width strings.
    pub fn bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// For a store to keep and compare.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// This rank, and among equals that of `tie`: for times of one second's resolution with something finer beside
    /// them.
    pub fn then(self, tie: impl Into<Self>) -> Self {
        let tie = tie.into();
        Self([&*self.0, &*tie.0].concat().into())
    }

    /// The rank of the next number; `None` for the last one, and for bytes that are not from a number.
    pub fn next(&self) -> Option<Self> {
        Self::of_number(self.number()?.checked_add(1)?)
    }

    /// The rank of the number before; `None` for the first one, and for bytes that are not from a number.
    pub fn previous(&self) -> Option<Self> {
        Self::of_number(self.number()?.checked_sub(1)?)
    }

    fn of_number(n: i128) -> Option<Self> {
        u64::try_from(n).map(Self::from).or_else(|_| i64::try_from(n).map(Self::from)).ok()
    }

    /// Above all that are negative, so that numbers of both types sort together.
    fn of_bits(not_negative: bool, n: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = n.to_be_bytes();
        Self([not_negative.into(), a, b, c, d, e, f, g, h].into())
    }

    fn number(&self) -> Option<i128> {
        let [sign, a, b, c, d, e, f, g, h] = <[u8; 9]>::try_from(&*self.0).ok()?;
        let n = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        match sign {
            0 => Some(n.cast_signed().into()).filter(|n| *n < 0),
            1 => Some(n.into()),
            _ => None,
        }
    }
}

impl From<u64> for Rank {
    fn from(n: u64) -> Self {
        Self::of_bits(true, n)
    }
}

impl From<i64> for Rank {
    fn from(n: i64) -> Self {
        Self::of_bits(n >= 0, n.cast_unsigned())
    }
}

impl From<OffsetDateTime> for Rank {
    /// To the nanosecond, for any year that the type holds.
    fn from(at: OffsetDateTime) -> Self {
        let nanos = at.unix_timestamp_nanos().cast_unsigned() ^ (1 << 127);
        Self(nanos.to_be_bytes().into())
    }
}

/// What a rank means for when an event may be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// One at a time a stream, whichever comes first: events are kept apart and not sorted.
    Serial,
    /// One at a time, and what is older than the newest applied is acknowledged and not handled: only for kinds that
    /// carry the whole state. An equal rank applies.
    Latest,
    /// One at a time, each after the one whose rank is one less: only for ranks from consecutive integers. The first
    /// that a stream ever sees may have any rank, and the stream begins with it, whether or not it fails: what is higher
    /// waits for it as for any other, and what is more than one lower is stale. So is one that was passed over. Where it is known that
    /// streams begin at 1, [skip](crate::store::OrderingStore::skip) a new one to 1 before its first events come.
    Sequence {
        /// For how long an event waits for a missing one before it, by the store's clock.
        wait: Duration,
        /// What happens then.
        on_gap: Gap,
    },
}

impl Order {
    pub(crate) const fn is_sequence(self) -> bool {
        matches!(self, Self::Sequence { .. })
    }
}

/// What a stream does when a missing event has been waited for long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gap {
    /// It stands still, is listed as blocked, and goes on when it is skipped.
    Block,
    /// It goes on without; the missing one is stale when it comes. What has come and waits too is not passed over by what
    /// is higher, unless it has not come back within twice its wait. The handler is told by
    /// [`Event::after_gap`](crate::Event::after_gap), so that it can fetch the present state.
    Proceed,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn ranks_sort_as_what_they_are_made_of() {
        let numbers = [i64::MIN, -2, -1, 0, 1, i64::MAX];
        assert!(numbers.windows(2).all(|w| Rank::from(w[0]) < Rank::from(w[1])));
        assert_eq!(Rank::from(7_i64), Rank::from(7_u64));
        assert!(Rank::from(-1_i64) < Rank::from(0_u64) && Rank::from(i64::MAX) < Rank::from(u64::MAX));
        let times = [
            datetime!(-9999-01-01 0:00 UTC),
            datetime!(1969-12-31 23:59:59.9 UTC),
            datetime!(1970-01-01 0:00 UTC),
            datetime!(2026-11-21 7:00:00.000000001 +1),
            datetime!(2026-11-21 6:00:00.000000002 UTC),
            datetime!(9999-12-31 0:00 UTC),
        ];
        assert!(times.windows(2).all(|w| Rank::from(w[0]) < Rank::from(w[1])));
        let tied = Rank::from(times[3]).then(2_u64);
        assert!(Rank::from(times[3]).then(1_u64) < tied && tied < Rank::from(times[4]).then(0_u64));
    }

    #[test]
    fn only_numbers_have_neighbours() {
        assert_eq!(Rank::from(7_u64).next(), Some(Rank::from(8_u64)));
        assert_eq!(Rank::from(-1_i64).next(), Some(Rank::from(0_i64)));
        assert_eq!(Rank::from(i64::MIN).next(), Some(Rank::from(i64::MIN + 1)));
        assert_eq!(Rank::from(0_u64).previous(), Some(Rank::from(-1_i64)));
        assert_eq!(Rank::from(i64::MIN).previous(), None);
        assert_eq!(Rank::from(u64::MAX).next(), None);
        assert_eq!(Rank::bytes(*b"v10").next(), None);
        assert_eq!(Rank::bytes(*b"\0\0\0\0\0\0\0\0\x07").next(), None);
    }
}
