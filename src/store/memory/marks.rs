//! What is done.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, hash_map::Entry},
};

use super::{
    expiring::{Ends, Expiring},
    id::{Id, Ids, Map, Now, Second, head},
};
use crate::{Answer, store::Slot};

/// 24 bytes, beside the 16 of its name and the 20 of its place in the queue.
#[derive(Clone, Copy, Debug)]
struct Mark {
    until: Second,
    generation: u32,
    /// The head of a SHA-256: whoever can make two payloads that share it could have sent the same one twice.
    print: Option<[u8; 14]>,
    answer: Kept,
}

/// Nearly all answers are plain success: only the others take room of their own.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Nothing,
    Success,
    Apart,
}

impl Ends for Mark {
    fn ends(&self) -> Option<Second> {
        Some(self.until)
    }
}

/// What a mark says of a slot.
#[derive(Debug)]
pub(super) enum Done {
    Same(Option<Answer>),
    Other,
}

#[derive(Debug, Default)]
pub(super) struct Marks {
    all: Expiring<Mark>,
    answers: Map<Answer>,
    twins: Twins,
}

impl Marks {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// `None` where nothing stands that is of the slot's generation or a later one.
    pub(super) fn judge(&self, id: Id, slot: &Slot, now: Now) -> Option<Done> {
        let stands = |mark: &&Mark| mark.until > now.second() && mark.generation >= slot.generation;
        let mark = self.all.get(id).filter(stands)?;
        if mark.print.zip(slot.fingerprint).is_some_and(|(old, new)| old != head(new)) {
            return Some(Done::Other);
        }
        Some(Done::Same(match mark.answer {
            Kept::Nothing => None,
            Kept::Success => Some(Answer::success()),
            Kept::Apart => self.answers.get(&id).cloned(),
        }))
    }

    pub(super) fn put(&mut self, ids: Ids, slot: &Slot, answer: Option<&Answer>, now: Now) {
        let until = now.end(slot.remember);
        let (kept, apart) = match answer {
            None => (Kept::Nothing, None),
            Some(answer) if answer.is_success() => (Kept::Success, None),
            Some(answer) => (Kept::Apart, Some(answer.clone())),
        };
        let mark = Mark { until, generation: slot.generation, print: slot.fingerprint.map(head), answer: kept };
        if let Some(old) = self.all.put(ids.key, mark) {
            self.left(ids.key, old);
        }
        if let Some(answer) = apart {
            self.answers.insert(ids.key, answer);
        }
        if let Some(twin) = ids.twin {
            self.twins.put(ids.key, twin, until);
        }
    }

    /// Whether there was one that stood.
    pub(super) fn forget(&mut self, id: Id, now: Now) -> bool {
        let Some(mark) = self.all.remove(id) else { return false };
        self.left(id, mark);
        mark.until > now.second()
    }

    /// Removes one that is over.
    pub(super) fn free(&mut self, now: Now) -> bool {
        let Some((id, mark)) = self.all.free(now.second()) else { return false };
        self.left(id, mark);
        true
    }

    fn left(&mut self, id: Id, mark: Mark) {
        if matches!(mark.answer, Kept::Apart) {
            self.answers.remove(&id);
        }
        self.twins.remove(id, mark.until);
    }

    /// Whether the same fingerprint stands under another key.
    pub(super) fn has_twin(&self, ids: Ids, now: Now) -> bool {
        ids.twin.is_some_and(|twin| self.twins.stands_beside(ids.key, twin, now.second()))
    }
}

/// Which keys share a fingerprint, of those that were asked to be told apart by it.
#[derive(Debug, Default)]
struct Twins {
    of: Map<Id>,
    /// One that bears the fingerprint, which nearly always is the only one.
    one: Map<(Id, Second)>,
    /// The fingerprint, and what else bears it, the longest remembered first.
    more: BTreeSet<(Id, Reverse<Second>, Id)>,
}

impl Twins {
    fn put(&mut self, key: Id, twin: Id, until: Second) {
        self.of.insert(key, twin);
        match self.one.entry(twin) {
            Entry::Vacant(none) => _ = none.insert((key, until)),
            Entry::Occupied(_) => _ = self.more.insert((twin, Reverse(until), key)),
        }
    }

    fn remove(&mut self, key: Id, until: Second) {
        let Some(twin) = self.of.remove(&key) else { return };
        if self.more.remove(&(twin, Reverse(until), key)) {
            return;
        }
        self.one.remove(&twin);
        let next = self.beside(twin).next().copied();
        if let Some(next @ (_, Reverse(until), key)) = next {
            self.more.remove(&next);
            self.one.insert(twin, (key, until));
        }
    }

    /// Those that are not the one.
    fn beside(&self, twin: Id) -> impl Iterator<Item = &(Id, Reverse<Second>, Id)> {
        self.more.range((twin, Reverse(Second::LAST), Id::FIRST)..).take_while(move |(t, _, _)| *t == twin)
    }

    fn stands_beside(&self, key: Id, twin: Id, now: Second) -> bool {
        let Some((one, until)) = self.one.get(&twin) else { return false };
        // Of the others two are enough: one of them is not the key itself, and lasts longest.
        *one != key && *until > now
            || self.beside(twin).take(2).any(|(_, until, bearer)| *bearer != key && until.0 > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_small() {
        assert!(size_of::<(Id, Mark)>() <= 40 && size_of::<(Second, Id)>() <= 20);
    }
}
