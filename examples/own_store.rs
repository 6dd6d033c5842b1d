//! A store of your own, and the proof that it keeps the contract: `cargo run --example own_store --features tokio,testing`
//!
//! It is the least that a receiver asks for: order, transactions and dead letters are traits of their own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use inhook::{
    Answer, Clock, Error,
    store::{Claim, Grant, Held, IdempotencyStore, Key, Slot, Token},
    testing::{ManualClock, StoreHarness, check_idempotency},
};
use time::OffsetDateTime;

/// What a row of your database would be. Who handles it and what was handled are apart, so that a redrive that fails
/// leaves the mark as it was.
#[derive(Default)]
struct Row {
    done: Option<Done>,
    held: Option<(Token, OffsetDateTime)>,
}

struct Done {
    until: OffsetDateTime,
    generation: u32,
    fingerprint: Option<[u8; 32]>,
    answer: Option<Answer>,
}

#[derive(Default)]
struct Table {
    last_token: u64,
    rows: HashMap<Key, Row>,
}

#[derive(Clone, Default)]
struct MyStore {
    table: Arc<Mutex<Table>>,
    clock: Clock,
}

impl MyStore {
    /// One verb, one atomic step: with a database, one statement or one transaction.
    fn step<T>(&self, verb: impl FnOnce(&mut Table, OffsetDateTime) -> T) -> Result<T, Error> {
        let mut table = self.table.lock().map_err(|_| Error::store("a thread panicked"))?;
        Ok(verb(&mut table, self.clock.now()))
    }

    fn held(&self, slot: &Slot, token: Token, verb: impl FnOnce(&mut Row, OffsetDateTime)) -> Result<Held, Error> {
        self.step(|table, now| match table.rows.get_mut(&slot.key) {
            Some(row) if row.held.is_some_and(|(holder, until)| holder == token && until > now) => {
                verb(row, now);
                Held::Yes
            }
            _ => Held::Lost,
        })
    }
}

impl IdempotencyStore for MyStore {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        self.step(|table, now| {
            let same = |done: &Done| done.until > now && done.fingerprint == slot.fingerprint;
            let twin = slot.twins
                && slot.fingerprint.is_some()
                && table.rows.iter().any(|(key, row)| {
                    let scope = key.stream("") == slot.key.stream("");
                    scope && *key != slot.key && row.done.as_ref().is_some_and(same)
                });
            let row = table.rows.entry(slot.key.clone()).or_default();
            if let Some(done) = row.done.as_ref().filter(|d| d.until > now && d.generation >= slot.generation) {
                let differs = done.fingerprint.zip(slot.fingerprint).is_some_and(|(old, new)| old != new);
                return if differs { Claim::Conflict } else { Claim::Duplicate(done.answer.clone()) };
            }
            if let Some((_, until)) = row.held.filter(|(_, until)| *until > now) {
                return Claim::Busy { retry_after: (until - now).unsigned_abs() };
            }
            table.last_token += 1;
            let token = Token(table.last_token);
            row.held = Some((token, now + slot.lease));
            let mut grant = Grant::new(token);
            grant.twin = twin;
            Claim::Granted(grant)
        })
    }
    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        self.held(slot, token, |row, now| row.held = Some((token, now + lease)))
    }
    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        let Slot { generation, fingerprint, remember, .. } = *slot;
        self.held(slot, token, |row, now| {
            let done = Done { until: now + remember, generation, fingerprint, answer: answer.cloned() };
            *row = Row { done: Some(done), held: None };
        })
    }
    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        self.held(slot, token, |row, _| row.held = None)
    }
    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        self.step(|table, now| {
            table.rows.get_mut(key).and_then(|row| row.done.take()).is_some_and(|done| done.until > now)
        })
    }
    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.step(|table, now| {
            let mut gone = 0;
            table.rows.retain(|_, row| {
                let marked = row.done.as_ref().is_some_and(|done| done.until > now);
                let held = row.held.is_some_and(|(_, until)| until > now);
                let goes = gone < u64::from(limit) && !marked && !held;
                gone += u64::from(goes);
                !goes
            });
            gone
        })
    }
}

#[derive(Default)]
struct Harness(MyStore, ManualClock);

impl StoreHarness for Harness {
    type Store = MyStore;
    async fn fresh(&mut self) -> MyStore {
        self.0 = MyStore { clock: self.1.clock(), ..MyStore::default() };
        self.0.clone()
    }
    async fn second(&mut self) -> MyStore {
        self.0.clone()
    }
    async fn advance(&mut self, by: Duration) {
        self.1.advance(by);
    }
}

/// Panics, and names the rule, if one is broken.
pub(crate) async fn prove() {
    check_idempotency(&mut Harness::default()).await;
}

#[tokio::main]
async fn main() {
    prove().await;
    println!("MyStore grants each event once, tells duplicates and lost leases apart, and forgets nothing early");
}
