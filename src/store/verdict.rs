//! What marks say of an event, its own and its stream's: one rule each, for every store that reads a mark and writes after
//! that.

use std::{cmp::Ordering, time::Duration};

use super::{Gap, Order, Place, Rank};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::{
    Answer, Error,
    store::{Claim, Slot},
};

/// For what is busy, and nobody knows how long.
pub(super) const TRY_AGAIN: Duration = Duration::from_secs(1);

/// For how long a mark is kept that was set by hand in a stream without events.
pub(super) const SKIPPED: Duration = Duration::from_secs(31 * 86_400);

/// What a mark that stands says of a slot; `None` if the slot is of a later generation.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) fn done<G>(
    slot: &Slot,
    generation: i64,
    fingerprint: Option<&[u8]>,
    answer: Option<&[u8]>,
) -> Result<Option<Claim<G>>, Error> {
    if generation < i64::from(slot.generation) {
        return Ok(None);
    }
    if slot.fingerprint.zip(fingerprint).is_some_and(|(asked, stored)| asked[..] != *stored) {
        return Ok(Some(Claim::Conflict));
    }
    Ok(Some(Claim::Duplicate(answer.map(Answer::from_record).transpose()?)))
}

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

/// For how long an event is still busy that has so much of its wait left; `None` if it goes on after the gap.
pub(super) fn waits(wait: Duration, on_gap: Gap, left: Duration) -> Option<Duration> {
    match on_gap {
        Gap::Proceed if left.is_zero() => None,
        // Only the missing one or an operator ends it, so there is no better guess.
        Gap::Block if left.is_zero() => Some(wait.max(TRY_AGAIN)),
        _ => Some(left),
    }
}
