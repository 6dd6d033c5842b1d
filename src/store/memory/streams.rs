//! How far each stream has come.

use std::{collections::BTreeMap, time::Duration};

use time::OffsetDateTime;

use super::{
    expiring::{Ends, Expiring},
    id::{Id, Map, Moment, Now, Second},
};
use crate::{
    Error,
    place::{Place, Rank, Stream, Token},
    store::{
        Blocked, Slot,
        verdict::{PATIENCE, SKIPPED, TRY_AGAIN, Verdict, first_mark, judge, waits},
    },
};

#[derive(Debug, Default)]
struct State {
    mark: Option<Rank>,
    tombstone: bool,
    holder: Option<Holder>,
    /// When it has seen nothing for long enough.
    idle: Second,
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    key: Id,
    token: Token,
    until: Moment,
    ends: Second,
}

impl Ends for State {
    fn ends(&self) -> Option<Second> {
        (!self.tombstone).then(|| self.holder.map_or(self.idle, |holder| self.idle.max(holder.ends)))
    }
}

/// An event in its stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) stream: Id,
    pub(super) key: Id,
}

/// What waits in a stream for what is missing before it.
#[derive(Debug)]
struct Waiting {
    stream: Stream,
    /// Two events may have one rank: each waits for itself.
    events: BTreeMap<(Rank, Id), Wait>,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    since: OffsetDateTime,
    lasts: Duration,
}

impl Wait {
    /// How much of it is left.
    fn left(self, now: Now) -> Option<Duration> {
        self.left_of(self.lasts, now)
    }

    /// For how much longer nothing higher passes over it.
    fn patience(self, now: Now) -> Option<Duration> {
        self.left_of(self.lasts.saturating_mul(PATIENCE), now)
    }

    fn left_of(self, lasts: Duration, now: Now) -> Option<Duration> {
        let waited = Duration::try_from(now.date() - self.since).unwrap_or_default();
        lasts.checked_sub(waited).filter(|left| !left.is_zero())
    }
}

/// What a stream says of a claim.
#[derive(Debug)]
pub(super) enum Turn {
    Now {
        /// After a predecessor that was waited for in vain.
        gap: bool,
    },
    Past,
    Later(Duration),
}

#[derive(Debug, Default)]
pub(super) struct Streams {
    all: Expiring<State>,
    waiting: Map<Waiting>,
    /// In all streams together.
    waits: usize,
}

impl Streams {
    /// Fails where it would have to remember more than `capacity`.
    pub(super) fn judge(
        &mut self,
        Event { stream: id, key }: Event,
        slot: &Slot,
        place: &Place,
        capacity: usize,
        now: Now,
    ) -> Result<Turn, Error> {
        let Some(state) = self.all.get(id) else {
            return if self.all.len() < capacity {
                Ok(Turn::Now { gap: false })
            } else {
                Err(Error::store("too many streams"))
            };
        };
        if let Some(left) = state.holder.and_then(|holder| now.left(holder.until)) {
            return Ok(Turn::Later(left));
        }
        let Some(mark) = &state.mark else { return Ok(Turn::Now { gap: false }) };
        match judge(place, mark, state.tombstone) {
            Verdict::Apply => Ok(Turn::Now { gap: false }),
            Verdict::Stale => {
                self.waits_no_longer(Event { stream: id, key }, &place.rank);
                Ok(Turn::Past)
            }
            Verdict::Wait(wait, on_gap) => {
                let noted = self.waits(Event { stream: id, key }, slot, place, wait, capacity, now)?;
                let left = waits(wait, on_gap, noted.left(now).unwrap_or_default());
                let left = left.or_else(|| self.lower(id, &place.rank, now).map(|left| left.max(TRY_AGAIN)));
                Ok(left.map_or(Turn::Now { gap: true }, Turn::Later))
            }
        }
    }

    fn waits(
        &mut self,
        Event { stream: id, key }: Event,
        slot: &Slot,
        place: &Place,
        lasts: Duration,
        capacity: usize,
        now: Now,
    ) -> Result<Wait, Error> {
        self.change(id, |state| state.seen(slot, now));
        let none = || Waiting { stream: slot.key.stream(&*place.stream), events: BTreeMap::new() };
        let waiting = self.waiting.entry(id).or_insert_with(none);
        let event = (place.rank.clone(), key);
        if let Some(wait) = waiting.events.get_mut(&event) {
            wait.lasts = lasts;
            return Ok(*wait);
        }
        if self.waits >= capacity {
            return Err(Error::store("too many events wait for their predecessors"));
        }
        let wait = Wait { since: now.date(), lasts };
        waiting.events.insert(event, wait);
        self.waits += 1;
        Ok(wait)
    }

    /// For how long the lowest that waits below this rank is not to be passed over, if any is.
    fn lower(&self, id: Id, rank: &Rank, now: Now) -> Option<Duration> {
        let mut lower = self.waiting.get(&id)?.events.range(..(rank.clone(), Id::FIRST));
        lower.find_map(|(_, wait)| wait.patience(now))
    }

    pub(super) fn waits_no_longer(&mut self, Event { stream: id, key }: Event, rank: &Rank) {
        let Some(waiting) = self.waiting.get_mut(&id) else { return };
        self.waits -= usize::from(waiting.events.remove(&(rank.clone(), key)).is_some());
        if waiting.events.is_empty() {
            self.waiting.remove(&id);
        }
    }

    /// What was noted of it stays until it is done: who fails has waited already.
    pub(super) fn grant(
        &mut self,
        Event { stream: id, key }: Event,
        slot: &Slot,
        place: &Place,
        token: Token,
        now: Now,
    ) {
        self.change(id, |state| {
            state.mark = state.mark.take().or_else(|| first_mark(place));
            state.seen(slot, now);
            state.hold(key, token, slot.lease, now);
        });
    }

    pub(super) fn is_held(&self, id: Id, token: Token) -> bool {
        self.all.get(id).and_then(|state| state.holder).is_some_and(|holder| holder.token == token)
    }

    pub(super) fn extend(&mut self, Event { stream: id, key }: Event, token: Token, lease: Duration, now: Now) {
        self.change(id, |state| state.hold(key, token, lease, now));
    }

    /// Lets go of it, and of a stream that has seen nothing else.
    pub(super) fn release(&mut self, id: Id) {
        self.change(id, |state| state.holder = None);
        if self.all.get(id).is_some_and(|state| state.mark.is_none()) {
            self.all.remove(id);
        }
    }

    pub(super) fn complete(&mut self, id: Id, slot: &Slot, place: &Place, now: Now) {
        self.change(id, |state| {
            state.holder = None;
            state.seen(slot, now);
            match state.mark.as_ref().map(|mark| place.rank.cmp(mark)) {
                Some(std::cmp::Ordering::Less) => {}
                Some(std::cmp::Ordering::Equal) => state.tombstone |= place.last,
                Some(std::cmp::Ordering::Greater) | None => {
                    (state.mark, state.tombstone) = (Some(place.rank.clone()), place.last);
                }
            }
        });
        self.moved(id);
    }

    pub(super) fn skip(&mut self, id: Id, rank: &Rank, capacity: usize, now: Now) -> Result<bool, Error> {
        let Some(to) = rank.previous() else { return Ok(false) };
        match self.all.get(id) {
            Some(state) if state.mark.as_ref().is_some_and(|mark| *mark >= to) => return Ok(false),
            None if self.all.len() >= capacity => return Err(Error::store("too many streams")),
            _ => {}
        }
        self.change(id, |state| {
            state.mark = Some(to);
            state.idle = state.idle.max(now.end(SKIPPED));
        });
        self.moved(id);
        Ok(true)
    }

    /// Removes one that is over.
    pub(super) fn free(&mut self, now: Now) -> bool {
        let Some((id, _)) = self.all.free(now.second()) else { return false };
        if let Some(waiting) = self.waiting.remove(&id) {
            self.waits -= waiting.events.len();
        }
        true
    }

    /// The whole list is sorted for each page: it is short, unless much stands still.
    pub(super) fn blocked(&self, after: Option<&Stream>, limit: usize, now: Now) -> Vec<Blocked> {
        let listed = self.waiting.iter().filter(|(_, waiting)| after.is_none_or(|after| waiting.stream > *after));
        let mut blocked: Vec<Blocked> =
            listed.filter_map(|(id, waiting)| waiting.blocked(self.all.get(*id)?, now)).collect();
        blocked.sort_by(|a, b| a.stream.cmp(&b.stream));
        blocked.truncate(limit);
        blocked
    }

    /// What the mark has come to or gone past waits for nothing any more. Nor does what comes next, but nothing is to pass
    /// over that.
    fn moved(&mut self, id: Id) {
        let (Some(waiting), Some(state)) = (self.waiting.get_mut(&id), self.all.get(id)) else { return };
        let Some(mark) = &state.mark else { return };
        while let Some(first) = waiting.events.first_entry()
            && first.key().0 <= *mark
        {
            first.remove();
            self.waits -= 1;
        }
        if waiting.events.is_empty() {
            self.waiting.remove(&id);
        }
    }

    fn change(&mut self, id: Id, change: impl FnOnce(&mut State)) {
        let mut state = self.all.remove(id).unwrap_or_default();
        change(&mut state);
        self.all.put(id, state);
    }
}

impl State {
    /// An event that is remembered for less shortens nothing: what was done before it is remembered too.
    fn seen(&mut self, slot: &Slot, now: Now) {
        self.idle = self.idle.max(now.end(slot.remember));
    }

    fn hold(&mut self, key: Id, token: Token, lease: Duration, now: Now) {
        self.holder = Some(Holder { key, token, until: now.after(lease), ends: now.end(lease) });
    }
}

impl Waiting {
    fn blocked(&self, state: &State, now: Now) -> Option<Blocked> {
        let next = state.mark.as_ref().and_then(Rank::next);
        let holder = state.holder.filter(|holder| now.left(holder.until).is_some()).map(|holder| holder.key);
        let (mut lowest, mut over, mut waiting) = (None, false, 0);
        for ((rank, key), wait) in &self.events {
            if holder != Some(*key) && next.as_ref() != Some(rank) {
                lowest = lowest.or(Some((rank, wait)));
                over |= wait.left(now).is_none();
                waiting += 1;
            }
        }
        let (rank, wait) = lowest.filter(|_| over)?;
        Some(Blocked::new(self.stream.clone(), rank.clone(), wait.since, waiting))
    }
}
