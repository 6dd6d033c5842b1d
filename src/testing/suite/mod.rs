//! The contract of the stores, each rule a function whose name says it.
#![expect(clippy::panic, reason = "a check speaks by panicking")]

mod dead_letters;
mod gaps;
mod idempotency;
mod memory;
mod ordered_transactions;
mod ordering;
mod probe;
mod sequence;
mod streams;
mod together;
mod transactions;

use std::time::Duration;

use self::probe::Trial;
pub use self::{
    dead_letters::{check_dead_letters, check_ordered_dead_letters},
    idempotency::check_idempotency,
    ordered_transactions::check_ordered_transactions,
    ordering::check_ordering,
    transactions::check_transactions,
};
use super::{StoreHarness, TransactionHarness};
use crate::{
    place::{Key, Order, Place, Rank},
    store::Slot,
};

/// Tries one rule after the other, each by its name.
macro_rules! rules {
    ($harness:ident: $($rule:ident),+ $(,)?) => {
        $( $rule(&mut Trial::of($harness, stringify!($rule))).await; )+
    };
}
use rules;

const SECOND: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(30);
const REMEMBER: Duration = Duration::from_secs(86_400);

fn key(id: impl Into<String>) -> Key {
    Key::new("source", "consumer", id)
}

fn slot(id: impl Into<String>) -> Slot {
    slot_of(key(id))
}

fn slot_of(key: Key) -> Slot {
    Slot::new(key, LEASE, REMEMBER)
}

fn printed(id: &str, print: u8) -> Slot {
    Slot { fingerprint: Some([print; 32]), ..slot(id) }
}

fn placed(id: impl Into<String>, stream: &str, rank: impl Into<Rank>, order: Order) -> Slot {
    Slot { place: Some(Place::new(stream, rank, order)), ..slot(id) }
}

fn last(id: impl Into<String>, stream: &str, rank: impl Into<Rank>, order: Order) -> Slot {
    Slot { place: Some(Place::new(stream, rank, order).last()), ..slot(id) }
}

/// Keys that look alike to whoever joins columns, trims, folds case, or normalises text.
fn alike() -> Vec<Key> {
    let mut keys = vec![key("")];
    let texts =
        ["a", "A", "a ", " a", "ab", "b", "\u{e9}", "e\u{301}", "a:b", "a/b", "a|b", "a\u{1f}b", "a%", "'", "\\"];
    for text in texts {
        keys.extend([key(text), Key::new(text, "consumer", "id"), Key::new("source", text, "id")]);
        keys.push(key("id").tenant(text));
    }
    for (source, consumer, id) in
        [("a", "bc", "d"), ("ab", "c", "d"), ("abc", "", "d"), ("a", "b", "cd"), ("", "abc", "d")]
    {
        let key = Key::new(source, consumer, id);
        keys.extend([key.clone(), key.clone().tenant(""), key.tenant("null")]);
    }
    for mark in [":", "/", "|", "-", "_", ".", ",", ";", " ", "\n", "\u{1f}"] {
        let joined = |a: &str, b: &str| format!("{a}{mark}{b}");
        keys.extend([Key::new(joined("a", "b"), "c", "d"), Key::new("a", joined("b", "c"), "d")]);
        keys.extend([Key::new("a", "b", joined("c", "d")), Key::new("a", "b", "d").tenant(joined("a", "c"))]);
    }
    let long = "x".repeat(319);
    keys.extend([key(format!("{long}1")), key(format!("{long}2"))]);
    keys
}
