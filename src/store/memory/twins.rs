//! Which of what is done had the same payload.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, hash_map::Entry},
    hash::{Hash, Hasher},
};

use super::id::{Id, Second, head};
use crate::store::Slot;

/// What a mark keeps of a fingerprint: the head of a SHA-256. Whoever can make two payloads that share it could have sent
/// the same one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Print {
    Nothing,
    /// To tell other payloads under the same id.
    Told([u8; 14]),
    /// To find the same payload under other ids, too.
    Sought([u8; 14]),
}

impl Print {
    pub(super) fn of(slot: &Slot) -> Self {
        match slot.fingerprint {
            None => Self::Nothing,
            Some(print) if slot.twins => Self::Sought(head(print)),
            Some(print) => Self::Told(head(print)),
        }
    }

    /// Whether both are known, and not the same.
    pub(super) fn differs(self, other: Option<[u8; 32]>) -> bool {
        match (self, other) {
            (Self::Told(one) | Self::Sought(one), Some(other)) => one != head(other),
            _ => false,
        }
    }
}

/// What all marks have in common that are twins: the payload, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Twin {
    print: [u8; 14],
    scope: [u8; 6],
}

impl Twin {
    fn of(key: Id, print: Print) -> Option<Self> {
        match print {
            Print::Sought(print) => Some(Self { print, scope: key.scope() }),
            Print::Nothing | Print::Told(_) => None,
        }
    }
}

impl Hash for Twin {
    /// A part of both tells enough: one payload may come in many scopes. Who sends chooses the print, so the map's own
    /// hash is a keyed one.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ([a, b, c, d, e, f, g, h, ..], [i, j, k, l, m, n]) = (self.print, self.scope);
        let scope = u64::from_le_bytes([i, j, k, l, m, n, 0, 0]);
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ scope);
    }
}

/// Which keys share a fingerprint, of those that were asked to be told apart by it.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// One that bears the fingerprint, which nearly always is the only one.
    one: HashMap<Twin, (Id, Second)>,
    /// The fingerprint, and what else bears it, the longest remembered first.
    more: BTreeSet<(Twin, Reverse<Second>, Id)>,
}

impl Twins {
    pub(super) fn put(&mut self, key: Id, print: Print, until: Second) {
        let Some(twin) = Twin::of(key, print) else { return };
        match self.one.entry(twin) {
            Entry::Vacant(none) => _ = none.insert((key, until)),
            Entry::Occupied(_) => _ = self.more.insert((twin, Reverse(until), key)),
        }
    }

    /// What was put so.
    pub(super) fn remove(&mut self, key: Id, print: Print, until: Second) {
        let Some(twin) = Twin::of(key, print) else { return };
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
    fn beside(&self, twin: Twin) -> impl Iterator<Item = &(Twin, Reverse<Second>, Id)> {
        self.more.range((twin, Reverse(Second::LAST), Id::FIRST)..).take_while(move |(t, _, _)| *t == twin)
    }

    /// Whether another key with this fingerprint stands.
    pub(super) fn stands_beside(&self, key: Id, print: Print, now: Second) -> bool {
        let Some(twin) = Twin::of(key, print) else { return false };
        let Some((one, until)) = self.one.get(&twin) else { return false };
        // Of the others two are enough: one of them is not the key itself, and lasts longest.
        *one != key && *until > now
            || self.beside(twin).take(2).any(|(_, until, bearer)| *bearer != key && until.0 > now)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use time::Duration;

    use super::*;
    use crate::{
        place::Key,
        store::memory::id::{Names, Now},
    };

    fn second(n: i64) -> Second {
        Now::new(Duration::seconds(n), Duration::ZERO).second()
    }

    fn twin(names: &Names, tenant: &str, print: u8) -> Twin {
        let key = names.of_key(&Key::new("github", "default", "1").tenant(tenant));
        Twin::of(key, Print::Sought([print; 14])).unwrap()
    }

    #[test]
    fn one_payload_in_many_scopes_does_not_gather_in_one_place() {
        let (names, state) = (Names::default(), RandomState::new());
        let hash = |tenant: u8, print| state.hash_one(twin(&names, &tenant.to_string(), print));
        assert_ne!(hash(1, 7), hash(2, 7));
        assert_ne!(hash(1, 7), hash(1, 8));
        assert_eq!(hash(1, 7), hash(1, 7));
    }

    #[test]
    fn whoever_is_left_is_found() {
        let names = Names::default();
        let [a, b, c] = ["a", "b", "c"].map(|id| names.of_key(&Key::new("github", "default", id)));
        let (print, [first, early, late]) = (Print::Sought([7; 14]), [0, 1, 2].map(second));
        let mut twins = Twins::default();
        twins.put(a, print, early);
        assert!(!twins.stands_beside(a, print, first) && twins.stands_beside(b, print, first));
        twins.put(b, print, late);
        assert!(twins.stands_beside(a, print, early) && !twins.stands_beside(b, print, early));
        twins.remove(a, print, early);
        assert!(!twins.stands_beside(b, print, early) && twins.stands_beside(c, print, early));
        assert!(!twins.stands_beside(c, Print::Told([7; 14]), early) && !twins.stands_beside(c, print, late));
        // One that is over is nobody's twin, wherever it stands.
        twins.put(a, print, early);
        assert!(twins.stands_beside(b, print, first) && !twins.stands_beside(b, print, early));
        twins.remove(a, print, early);
        twins.remove(b, print, late);
        assert!(twins.one.is_empty() && twins.more.is_empty());
    }
}
