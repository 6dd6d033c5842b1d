//! A map that knows what in it is over.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::id::{Id, Map, Second};

/// When something may be removed.
pub(super) trait Ends {
    /// `None`: never.
    fn ends(&self) -> Option<Second>;
}

/// Times mostly come in order, so a heap takes them in constant time, at 20 bytes each.
#[derive(Debug)]
pub(super) struct Expiring<V> {
    all: Map<V>,
    /// At least one for each that ends, no later than it does; more for what was put again or removed.
    due: BinaryHeap<Reverse<(Second, Id)>>,
}

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Self { all: Map::default(), due: BinaryHeap::new() }
    }
}

impl<V: Ends> Expiring<V> {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// What is there, over or not.
    pub(super) fn get(&self, id: Id) -> Option<&V> {
        self.all.get(&id)
    }

    pub(super) fn put(&mut self, id: Id, value: V) -> Option<V> {
        if let Some(end) = value.ends() {
            self.due.push(Reverse((end, id)));
        }
        let old = self.all.insert(id, value);
        // Never much longer than the map is large; the work is that of as many puts.
        if self.due.len() > 2 * self.all.len() + 64 {
            // Its room is kept: a small map comes here every sixty-odd puts.
            self.due.clear();
            self.due.extend(self.all.iter().filter_map(|(id, value)| Some(Reverse((value.ends()?, *id)))));
        }
        old
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<V> {
        self.all.remove(&id)
    }

    /// Removes one that is over.
    pub(super) fn free(&mut self, now: Second) -> Option<(Id, V)> {
        while let Some(Reverse((due, id))) = self.due.peek().copied()
            && due <= now
        {
            self.due.pop();
            let over = |value: &V| value.ends().is_some_and(|end| end <= now);
            if self.all.get(&id).is_some_and(over) {
                return self.all.remove(&id).map(|value| (id, value));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use time::Duration;

    use super::*;
    use crate::{
        place::Key,
        store::memory::id::{Names, Now},
    };

    impl Ends for Second {
        fn ends(&self) -> Option<Second> {
            Some(*self)
        }
    }

    fn second(n: i64) -> Second {
        Now::new(Duration::seconds(n), Duration::ZERO).second()
    }

    fn id(n: u32) -> Id {
        static NAMES: LazyLock<Names> = LazyLock::new(Names::default);
        NAMES.of_key(&Key::new("", "", n.to_string()))
    }

    #[test]
    fn what_is_over_goes_and_nothing_else() {
        let mut all = Expiring::default();
        for (n, end) in [(1, 30), (2, 10), (3, 20)] {
            all.put(id(n), second(end));
        }
        all.put(id(2), second(40));
        assert_eq!(all.free(second(9)), None);
        assert_eq!(all.free(second(30)), Some((id(3), second(20))));
        assert_eq!(all.free(second(30)), Some((id(1), second(30))));
        assert_eq!(all.free(second(39)), None);
        assert_eq!(all.free(second(40)), Some((id(2), second(40))));
        assert_eq!(all.len(), 0);
    }

    #[test]
    fn the_queue_stays_about_as_long_as_the_map() {
        let mut all = Expiring::default();
        for n in 0..10_000 {
            all.put(id(n % 10), second(i64::from(n)));
        }
        assert!(all.due.len() <= 2 * 10 + 64);
        assert_eq!((0..11).filter_map(|_| all.free(second(10_000))).count(), 10);
    }
}
