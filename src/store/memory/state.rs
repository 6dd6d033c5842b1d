//! The verbs, each on data that nobody else sees meanwhile.

use std::{collections::BTreeMap, time::Duration};

use time::OffsetDateTime;

use super::{
    expiring::{Ends, Expiring},
    id::{Id, Ids, Moment, Now, Second},
    marks::{Done, Marks},
    streams::{Event, Streams, Turn},
};
use crate::{
    Answer, Error,
    place::{Key, Rank, Stream, Token},
    store::{Blocked, Claim, Grant, Held, Slot},
};

/// How much of what is over each claim removes, of each sort: more than it adds.
const FREED_BY_A_CLAIM: usize = 2;

#[derive(Debug)]
pub(super) struct State {
    capacity: usize,
    /// Since 1970.
    origin: Option<time::Duration>,
    last_token: u64,
    marks: Marks,
    /// Apart from the marks, so that a redrive that is let go of leaves the mark as it was.
    held: Expiring<Holder>,
    streams: Streams,
    last_letter: u64,
    letters: BTreeMap<u64, Letter>,
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    token: Token,
    until: Moment,
    ends: Second,
}

impl Ends for Holder {
    fn ends(&self) -> Option<Second> {
        Some(self.ends)
    }
}

/// A dead letter, not yet read.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) key: Key,
    pub(super) record: Vec<u8>,
    pub(super) generation: u32,
    pub(super) error: String,
    pub(super) buried_at: OffsetDateTime,
}

impl State {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            origin: None,
            last_token: 0,
            marks: Marks::default(),
            held: Expiring::default(),
            streams: Streams::default(),
            last_letter: 0,
            letters: BTreeMap::new(),
        }
    }

    pub(super) fn now(&mut self, since_1970: time::Duration) -> Now {
        let origin = *self.origin.get_or_insert_with(|| {
            // Above those of the process before this one, whose tokens may stand beside its user's data.
            self.last_token = u64::try_from(since_1970.whole_microseconds()).unwrap_or_default();
            since_1970
        });
        Now::new(since_1970, origin)
    }

    pub(super) fn claim(&mut self, ids: Ids, slot: &Slot, now: Now) -> Result<Claim<Grant>, Error> {
        for _ in 0..FREED_BY_A_CLAIM {
            self.marks.free(now);
            self.held.free(now.second());
            self.streams.free(now);
        }
        match self.marks.judge(ids.key, slot, now) {
            Some(Done::Same(answer)) => return Ok(Claim::Duplicate(answer)),
            Some(Done::Other) => return Ok(Claim::Conflict),
            None => {}
        }
        let holder = self.held.get(ids.key);
        if let Some(retry_after) = holder.and_then(|holder| now.left(holder.until)) {
            return Ok(Claim::Busy { retry_after });
        }
        let known = holder.is_some();
        let place = ids.stream.zip(slot.place.as_ref());
        let mut after_gap = false;
        if let Some((stream, place)) = place {
            match self.streams.judge(Event { stream, key: ids.key }, slot, place, self.capacity, now)? {
                Turn::Now { gap } => after_gap = gap,
                Turn::Past => return Ok(Claim::Stale),
                Turn::Later(retry_after) => return Ok(Claim::Busy { retry_after }),
            }
        }
        if !known && self.marks.len() + self.held.len() >= self.capacity {
            return Err(Error::store("the memory of ids is full"));
        }
        self.last_token = self.last_token.checked_add(1).ok_or_else(|| Error::store("no token is left"))?;
        let token = Token(self.last_token);
        self.hold(ids.key, token, slot.lease, now);
        if let Some((stream, place)) = place {
            self.streams.grant(Event { stream, key: ids.key }, slot, place, token, now);
        }
        let mut grant = Grant::new(token);
        grant.twin = self.marks.has_twin(ids.key, slot, now);
        grant.gap = after_gap;
        Ok(Claim::Granted(grant))
    }

    pub(super) fn extend(&mut self, ids: Ids, token: Token, lease: Duration, now: Now) -> Held {
        if !self.is_held(ids, token) {
            return Held::Lost;
        }
        self.hold(ids.key, token, lease, now);
        if let Some(stream) = ids.stream {
            self.streams.extend(Event { stream, key: ids.key }, token, lease, now);
        }
        Held::Yes
    }

    pub(super) fn complete(&mut self, ids: Ids, slot: &Slot, token: Token, answer: Option<&Answer>, now: Now) -> Held {
        if !self.is_held(ids, token) {
            return Held::Lost;
        }
        self.held.remove(ids.key);
        self.marks.put(ids, slot, answer, now);
        if let Some((stream, place)) = ids.stream.zip(slot.place.as_ref()) {
            self.streams.complete(stream, slot, place, now);
        }
        Held::Yes
    }

    pub(super) fn release(&mut self, ids: Ids, token: Token) -> Held {
        if !self.is_held(ids, token) {
            return Held::Lost;
        }
        self.held.remove(ids.key);
        if let Some(stream) = ids.stream {
            self.streams.release(stream);
        }
        Held::Yes
    }

    pub(super) fn forget(&mut self, key: Id, now: Now) -> bool {
        self.marks.forget(key, now)
    }

    pub(super) fn purge(&mut self, limit: u32, now: Now) -> u64 {
        let mut gone = 0;
        while gone < u64::from(limit)
            && (self.marks.free(now) || self.held.free(now.second()).is_some() || self.streams.free(now))
        {
            gone += 1;
        }
        gone
    }

    pub(super) fn blocked(&self, after: Option<&Stream>, limit: u32, now: Now) -> Vec<Blocked> {
        self.streams.blocked(after, usize::try_from(limit).unwrap_or(usize::MAX), now)
    }

    pub(super) fn skip(&mut self, stream: Id, rank: &Rank, now: Now) -> Result<bool, Error> {
        self.streams.skip(stream, rank, self.capacity, now)
    }

    pub(super) fn bury(
        &mut self,
        ids: Ids,
        slot: &Slot,
        token: Token,
        letter: impl FnOnce() -> Letter,
        now: Now,
    ) -> Result<Held, Error> {
        if !self.is_held(ids, token) {
            return Ok(Held::Lost);
        }
        if self.letters.len() >= self.capacity {
            return Err(Error::store("too many dead letters"));
        }
        self.last_letter = self.last_letter.checked_add(1).ok_or_else(|| Error::store("no id is left"))?;
        self.letters.insert(self.last_letter, letter());
        self.held.remove(ids.key);
        self.marks.put(ids, slot, None, now);
        if let Some((stream, place)) = ids.stream.zip(slot.place.as_ref()) {
            self.streams.release(stream);
            self.streams.waits_no_longer(Event { stream, key: ids.key }, &place.rank);
        }
        Ok(Held::Yes)
    }

    pub(super) fn letters(&self, after: Option<u64>, limit: u32) -> Vec<(u64, Letter)> {
        let Some(from) = after.map_or(Some(0), |after| after.checked_add(1)) else { return Vec::new() };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.letters.range(from..).take(limit).map(|(id, letter)| (*id, letter.clone())).collect()
    }

    pub(super) fn discard(&mut self, id: u64) -> bool {
        self.letters.remove(&id).is_some()
    }

    /// A lease that has run out is still the holder's until somebody else is granted the key or the stream: work that
    /// was late and met nobody is not done twice.
    fn is_held(&self, ids: Ids, token: Token) -> bool {
        self.held.get(ids.key).is_some_and(|holder| holder.token == token)
            && ids.stream.is_none_or(|stream| self.streams.is_held(stream, token))
    }

    fn hold(&mut self, key: Id, token: Token, lease: Duration, now: Now) {
        self.held.put(key, Holder { token, until: now.after(lease), ends: now.end(lease) });
    }
}
