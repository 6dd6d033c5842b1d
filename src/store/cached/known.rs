//! What is known to be completed.

use std::collections::VecDeque;

use time::OffsetDateTime;

use super::super::{
    Slot,
    memory::id::{Id, Map},
};
use crate::Answer;

/// How many counts of changes there are: a change of one id disturbs few others.
const COUNTS: usize = 256;

/// A mark that a store was seen to have.
#[derive(Debug)]
struct Mark {
    generation: u32,
    /// That of the slot it was seen by, so that it says nothing of another.
    print: Option<[u8; 32]>,
    answer: Option<Answer>,
    from: OffsetDateTime,
    until: OffsetDateTime,
}

impl Mark {
    /// Whether the store would still say that `slot` is a duplicate of it. A clock that went back is not trusted.
    fn covers(&self, slot: &Slot, now: OffsetDateTime) -> bool {
        let same = slot.fingerprint.is_none() || slot.fingerprint == self.print;
        same && slot.generation <= self.generation && self.from <= now && now < self.until
    }
}

/// The moment at which the store was asked about an id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) id: Id,
    pub(super) at: OffsetDateTime,
    count: u64,
}

#[derive(Debug)]
pub(super) struct Known {
    all: Map<Mark>,
    /// The oldest first; at least one for each mark.
    order: VecDeque<Id>,
    /// How often something became of the ids that share a count: what the store said before that is no longer known.
    counts: Vec<u64>,
}

impl Known {
    pub(super) fn new() -> Self {
        Self { all: Map::default(), order: VecDeque::new(), counts: vec![0; COUNTS] }
    }

    pub(super) fn ask(&self, id: Id, at: OffsetDateTime) -> Asked {
        Asked { id, at, count: self.counts.get(place(id)).copied().unwrap_or_default() }
    }

    /// What was answered, if it is known to be done.
    pub(super) fn find(&self, id: Id, slot: &Slot, now: OffsetDateTime) -> Option<Option<Answer>> {
        self.all.get(&id).filter(|mark| mark.covers(slot, now)).map(|mark| mark.answer.clone())
    }

    /// The store has said that it is done, to what was asked then.
    pub(super) fn learn(
        &mut self,
        asked: Asked,
        slot: &Slot,
        answer: Option<&Answer>,
        until: OffsetDateTime,
        capacity: usize,
    ) {
        let later = self.all.get(&asked.id).is_some_and(|mark| mark.generation > slot.generation);
        if later || self.counts.get(place(asked.id)) != Some(&asked.count) {
            return;
        }
        let mark = Mark {
            generation: slot.generation,
            print: slot.fingerprint,
            answer: answer.cloned(),
            from: asked.at,
            until,
        };
        if self.all.insert(asked.id, mark).is_none() {
            self.order.push_back(asked.id);
        }
        while self.order.len() > capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }

    /// Something has become of it: what was known is not any more, nor what anybody was told before.
    pub(super) fn unlearn(&mut self, id: Id) {
        self.all.remove(&id);
        if let Some(count) = self.counts.get_mut(place(id)) {
            *count = count.wrapping_add(1);
        }
    }

    /// This process has completed it, unless something else has become of it meanwhile.
    pub(super) fn complete(
        &mut self,
        asked: Asked,
        slot: &Slot,
        answer: Option<&Answer>,
        until: OffsetDateTime,
        capacity: usize,
    ) {
        let untouched = self.counts.get(place(asked.id)) == Some(&asked.count);
        self.unlearn(asked.id);
        if untouched {
            self.learn(self.ask(asked.id, asked.at), slot, answer, until, capacity);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.all.len(), self.order.len())
    }
}

fn place(id: Id) -> usize {
    usize::try_from(id.head() % COUNTS as u64).unwrap_or_default()
}
