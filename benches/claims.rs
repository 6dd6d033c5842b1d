//! The store in memory: what a claim costs beside an insert into a bare hash map, and how much room an id takes; and what
//! a memory in front of a store takes to answer for a completed id.

mod support;

use std::{collections::HashMap, hint::black_box, time::Duration};

use cpu_time::ThreadTime;
use inhook::store::{CachedStore, Claim, Held, IdempotencyStore, Key, MemoryStore, Slot};
use support::{median, now, rounds};

/// How many at once, between two looks at the clock.
const TURN: usize = 2000;

fn main() {
    for remembered in [10_000, 1_000_000, 10_000_000] {
        let title = format!("claims, {remembered} remembered");
        if support::asked(&title) {
            println!("\n{title}");
            claims(remembered);
        }
    }
    if support::asked("cached") {
        println!("\ncached");
        cached();
    }
}

/// As many as there is room for, asked for in an order that no cache of the processor's likes.
fn cached() {
    let store = CachedStore::new(MemoryStore::new()).ttl(Duration::from_secs(3600));
    (0..100_000).for_each(|n| complete(&store, &slot(n)));
    let turns = (0..rounds()).map(|round| {
        let slots: Vec<Slot> = (0..TURN).map(|n| slot((n + round * TURN) * 7919 % 100_000)).collect();
        each(|| {
            for slot in &slots {
                assert!(matches!(now(store.claim(slot)).unwrap(), Claim::Duplicate(None)));
            }
        })
    });
    println!("{:34}{:>11.1} ns", "duplicate", median(turns));
}

fn claims(remembered: usize) {
    let store = MemoryStore::with_capacity(usize::MAX);
    let took = allocation_counter::measure(|| (0..remembered).for_each(|n| complete(&store, &slot(n))));
    let mut bare: HashMap<String, ()> = (0..remembered).map(|n| (id(n), ())).collect();
    let (mut inserts, mut claims, mut completes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds() {
        let first = remembered + round * TURN;
        let ids: Vec<String> = (first..first + TURN).map(id).collect();
        let slots: Vec<Slot> = (first..first + TURN).map(slot).collect();
        inserts.push(each(|| {
            for id in ids {
                assert!(bare.insert(id, ()).is_none());
            }
        }));
        let mut tokens = Vec::with_capacity(TURN);
        claims.push(each(|| {
            for slot in &slots {
                let Claim::Granted(grant) = now(store.claim(slot)).unwrap() else { panic!("not granted") };
                tokens.push(grant.token);
            }
        }));
        completes.push(each(|| {
            for (slot, token) in slots.iter().zip(tokens) {
                assert_eq!(now(store.complete(slot, token, None)).unwrap(), Held::Yes);
            }
        }));
    }
    let insert = median(inserts.iter().copied());
    let beside = |of: &[f64]| median(of.iter().zip(&inserts).map(|(a, b)| a - 1.5 * b));
    println!("{:34}{insert:>11.1} ns", "bare insert of the id");
    for (name, turns) in [("claim", &claims), ("complete", &completes)] {
        let more = beside(turns);
        println!("{name:34}{:>11.1} ns{more:>11.1} ns more than 1.5 inserts", median(turns.iter().copied()));
    }
    let unsigned = MemoryStore::with_capacity(usize::MAX);
    let more = allocation_counter::measure(|| (0..remembered).for_each(|n| complete(&unsigned, &unsigned_slot(n))));
    for (name, took) in [("an id takes", took), ("one that is not signed takes", more)] {
        println!("{name:34}{:>11.1} B", took.bytes_current as f64 / remembered as f64);
    }
    black_box((bare, unsigned));
}

fn complete(store: &impl IdempotencyStore, slot: &Slot) {
    let Claim::Granted(grant) = now(store.claim(slot)).unwrap() else { panic!("not granted") };
    assert_eq!(now(store.complete(slot, grant.token, None)).unwrap(), Held::Yes);
}

fn slot(n: usize) -> Slot {
    Slot::new(Key::new("stripe", "default", id(n)), Duration::from_secs(30), Duration::from_secs(31 * 86_400))
}

/// Of a sender that signs no id, so that payloads have to be told apart.
fn unsigned_slot(n: usize) -> Slot {
    let mut slot = slot(n);
    slot.twins = true;
    slot.fingerprint = Some(std::array::from_fn(|at| n.to_le_bytes().get(at).copied().unwrap_or_default()));
    slot
}

fn id(n: usize) -> String {
    format!("evt_{n:024x}")
}

/// Nanoseconds of this thread's time for one of a turn.
fn each(work: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    work();
    start.elapsed().as_nanos() as f64 / TURN as f64
}
