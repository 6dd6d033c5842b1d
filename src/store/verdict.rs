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

/// For how many times its own wait, from its first claim on, nothing higher passes over what waits: whoever sent it was
/// told to come back after one.
pub(super) const PATIENCE: u32 = 2;

/// How a claim comes to what it can have.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    InTurn,
    /// A predecessor was waited for in vain.
    AfterGap,
    /// Of a sequence, in a stream that has no mark: its [`first_mark`] is to be set.
    First,
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl Entry {
    /// Into a stream without a mark.
    pub(super) fn unmarked(place: &Place) -> Self {
        if first_mark(place).is_some() { Self::First } else { Self::InTurn }
    }

    pub(super) fn is_after_gap(self) -> bool {
        self == Self::AfterGap
    }
}

/// What a stream without a mark is marked with when this place is granted in it, whatever becomes of the grant: else, while
/// the first of a sequence fails, the second would be taken for the first, and the first be stale when it comes again.
pub(super) fn first_mark(place: &Place) -> Option<Rank> {
    place.order.is_sequence().then(|| just_below(&place.rank))
}

/// The empty rank is below all.
fn just_below(rank: &Rank) -> Rank {
    rank.previous().unwrap_or_else(|| Rank::bytes([]))
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
        (Order::Sequence { .. }, _) if just_below(&place.rank) == *mark => Verdict::Apply,
        (Order::Sequence { wait, on_gap }, Ordering::Greater) => Verdict::Wait(wait, on_gap),
    }
}

/// For how long an event is still busy that has so much of its wait left; `None` if it goes on after the gap, as soon as
/// nothing lower waits that has [`PATIENCE`] left.
pub(super) fn waits(wait: Duration, on_gap: Gap, left: Duration) -> Option<Duration> {
    match on_gap {
        Gap::Proceed if left.is_zero() => None,
        // Only the missing one or an operator ends it, so there is no better guess.
        Gap::Block if left.is_zero() => Some(wait.max(TRY_AGAIN)),
        _ => Some(left),
    }
}
