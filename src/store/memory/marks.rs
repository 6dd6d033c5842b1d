//! What is done.

use super::{
    expiring::{Ends, Expiring},
    id::{Id, Ids, Map, Now, Second},
    twins::{Print, Twins},
};
use crate::{Answer, store::Slot};

/// 24 bytes, beside the 16 of its name and the 20 of its place in the queue.
#[derive(Clone, Copy, Debug)]
struct Mark {
    until: Second,
    generation: u32,
    print: Print,
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
        if mark.print.differs(slot.fingerprint) {
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
        let mark = Mark { until, generation: slot.generation, print: Print::of(slot), answer: kept };
        if let Some(old) = self.all.put(ids.key, mark) {
            self.left(ids.key, old);
        }
        if let Some(answer) = apart {
            self.answers.insert(ids.key, answer);
        }
        self.twins.put(ids.key, mark.print, until);
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
        self.twins.remove(id, mark.print, mark.until);
    }

    /// Whether the slot's fingerprint stands under another key, where it asks for that.
    pub(super) fn has_twin(&self, id: Id, slot: &Slot, now: Now) -> bool {
        self.twins.stands_beside(id, Print::of(slot), now.second())
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
