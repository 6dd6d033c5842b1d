//! What a stream's mark says of an event: the one rule, for every store that reads the mark and writes after that.

use std::{cmp::Ordering, time::Duration};

use super::{Gap, Order, Place, Rank};

/// For how long a mark is kept that was set by hand in a stream without events.
pub(super) const SKIPPED: Duration = Duration::from_secs(31 * 86_400);

pub(super) enum Verdict {
    Apply,
    Stale,
    /// A predecessor is missing: for how long it is waited for, and what comes then.
    Wait(Duration, Gap),
}

pub(super) fn judge(place: &Place, mark: &Rank, tombstone: bool) -> Verdict {
    let to_mark = place.rank.cmp(mark);
    if tombstone && (to_mark.is_lt() || to_mark.is_eq() && !place.last) {
        return Verdict::Stale;
    }
    match (place.order, to_mark) {
        (Order::Serial, _) => Verdict::Apply,
        (_, Ordering::Less) => Verdict::Stale,
        (Order::Latest, _) | (_, Ordering::Equal) => Verdict::Apply,
        (Order::Sequence { .. }, _) if mark.next().as_ref() == Some(&place.rank) => Verdict::Apply,
        (Order::Sequence { wait, on_gap }, Ordering::Greater) => Verdict::Wait(wait, on_gap),
    }
}
