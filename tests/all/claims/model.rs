//! A store that is plain enough to be read against the contract.

use std::collections::{BTreeMap, HashMap};

use inhook::store::{Blocked, Stream};

use super::*;

#[derive(Debug)]
struct Mark {
    until: u64,
    generation: u32,
    print: Option<u8>,
    answer: Option<Answer>,
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    key: usize,
    token: Token,
    until: u64,
}

#[derive(Debug, Default)]
struct Line {
    /// -1 stands for the empty rank.
    mark: Option<i64>,
    tombstone: bool,
    holder: Option<Holder>,
    /// By rank and key.
    waiting: BTreeMap<(i64, usize), Wait>,
}

#[derive(Debug)]
struct Wait {
    since: u64,
    lasts: u64,
}

/// What a claim comes to; a grant says whether there is a twin.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Granted(bool),
    Duplicate(Option<Answer>),
    Conflict,
    Stale,
    Busy,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) now: u64,
    twins: bool,
    marks: HashMap<Key, Mark>,
    held: HashMap<Key, Holder>,
    lines: HashMap<Stream, Line>,
}

impl Model {
    pub(super) fn new(twins: bool) -> Self {
        Self { twins, ..Self::default() }
    }

    pub(super) fn claim(&mut self, ask: &Ask) -> Verdict {
        let (key, now) = (key(ask.key), self.now);
        if let Some(mark) = self.marks.get(&key).filter(|m| m.until > now && m.generation >= ask.generation) {
            return match (mark.print, ask.print) {
                (Some(a), Some(b)) if a != b => Verdict::Conflict,
                _ => Verdict::Duplicate(mark.answer.clone()),
            };
        }
        if self.held.get(&key).is_some_and(|h| h.until > now) {
            return Verdict::Busy;
        }
        if let Some((name, rank, order, last)) = ask.place {
            let rank = rank.cast_signed();
            let line = self.lines.entry(key.stream(name)).or_default();
            if line.holder.is_some_and(|h| h.until > now) {
                return Verdict::Busy;
            }
            let mark = line.mark.unwrap_or(rank);
            let dead = line.tombstone && (rank < mark || (rank == mark && !last && line.mark.is_some()));
            if dead || (rank < mark && order != Order::Serial) {
                line.waiting.remove(&(rank, ask.key));
                return Verdict::Stale;
            }
            if let Order::Sequence { wait, on_gap } = order
                && rank > mark + 1
            {
                let lasts = wait.as_secs();
                let noted = line.waiting.entry((rank, ask.key)).or_insert(Wait { since: now, lasts });
                noted.lasts = lasts;
                if now - noted.since < lasts || on_gap == Gap::Block {
                    return Verdict::Busy;
                }
                if line.waiting.range(..(rank, 0)).any(|(_, lower)| now - lower.since < 2 * lower.lasts) {
                    return Verdict::Busy;
                }
            }
        }
        let scope = |k: &Key| k.stream("");
        let same = |(k, m): (&Key, &Mark)| {
            *k != key && scope(k) == scope(&key) && m.until > now && m.print.is_some() && m.print == ask.print
        };
        Verdict::Granted(self.twins && self.marks.iter().any(same))
    }

    pub(super) fn granted(&mut self, ask: &Ask, token: Token) {
        let holder = Holder { key: ask.key, token, until: self.now + ask.lease };
        let key = key(ask.key);
        if let Some((name, rank, order, _)) = ask.place {
            let line = self.lines.entry(key.stream(name)).or_default();
            line.holder = Some(holder);
            if let Order::Sequence { .. } = order {
                line.mark.get_or_insert(rank.cast_signed() - 1);
            }
        }
        self.held.insert(key, holder);
    }

    /// `Some(Held::Yes)` and `Some(Held::Lost)` are certain; once a lease has run out, a store may say either, unless
    /// somebody else was granted key or stream.
    pub(super) fn holds(&self, ask: &Ask, token: Token) -> Option<Held> {
        let key = key(ask.key);
        let Some(holder) = self.held.get(&key).filter(|h| h.token == token) else { return Some(Held::Lost) };
        if let Some((name, ..)) = ask.place
            && self.lines[&key.stream(name)].holder.is_none_or(|h| h.token != token)
        {
            return Some(Held::Lost);
        }
        (holder.until > self.now).then_some(Held::Yes)
    }

    fn let_go(&mut self, ask: &Ask) -> Option<&mut Line> {
        let key = key(ask.key);
        self.held.remove(&key);
        let line = self.lines.get_mut(&key.stream(ask.place?.0))?;
        line.holder = None;
        Some(line)
    }

    pub(super) fn released(&mut self, ask: &Ask) {
        self.let_go(ask);
    }

    pub(super) fn completed(&mut self, ask: &Ask, answer: Option<Answer>) {
        let until = self.now + ask.remember;
        self.marks.insert(key(ask.key), Mark { until, generation: ask.generation, print: ask.print, answer });
        let (Some(line), Some((_, rank, _, last))) = (self.let_go(ask), ask.place) else { return };
        let rank = rank.cast_signed();
        match line.mark {
            Some(mark) if rank < mark => {}
            Some(mark) if rank == mark => line.tombstone |= last,
            _ => (line.mark, line.tombstone) = (Some(rank), last),
        }
        line.moved();
    }

    pub(super) fn forget(&mut self, at: usize) -> bool {
        self.marks.remove(&key(at)).is_some_and(|mark| mark.until > self.now)
    }

    pub(super) fn skip(&mut self, stream: &Stream, rank: u64) -> bool {
        let to = rank.cast_signed() - 1;
        let line = self.lines.entry(stream.clone()).or_default();
        if line.mark.is_some_and(|mark| mark >= to) {
            return false;
        }
        line.mark = Some(to);
        line.moved();
        true
    }

    /// Of several that wait with the lowest rank, any may be the one that is told of.
    pub(super) fn blocked(&self, found: &[Blocked]) -> Vec<Blocked> {
        let blocked = self.lines.iter().filter_map(|(stream, line)| {
            let waits = line.waits(self.now);
            let &(rank, Wait { since: first, .. }) = waits.first()?;
            waits.iter().find(|(_, wait)| self.now - wait.since >= wait.lasts)?;
            let lowest = waits.iter().filter(|(r, _)| *r == rank);
            let times: Vec<_> = lowest.map(|(_, wait)| START + Duration::from_secs(wait.since)).collect();
            let said = found.iter().find(|b| b.stream == *stream).map(|b| b.since).filter(|at| times.contains(at));
            let since = said.unwrap_or(START + Duration::from_secs(*first));
            Some(Blocked::new(stream.clone(), Rank::from(rank.cast_unsigned()), since, waits.len() as u64))
        });
        let mut blocked: Vec<_> = blocked.collect();
        blocked.sort_by(|a, b| a.stream.cmp(&b.stream));
        blocked
    }
}

impl Line {
    fn moved(&mut self) {
        let mark = self.mark.unwrap_or_default();
        self.waiting.retain(|(rank, _), _| *rank > mark);
    }

    /// What waits, without who holds the line and who comes next in it.
    fn waits(&self, now: u64) -> Vec<(i64, &Wait)> {
        let holder = self.holder.filter(|h| h.until > now).map(|h| h.key);
        let next = self.mark.map(|mark| mark + 1);
        let waits = self.waiting.iter().filter(|((rank, key), _)| Some(*rank) != next && Some(*key) != holder);
        waits.map(|((rank, _), wait)| (*rank, wait)).collect()
    }
}
