//! The flow around a transaction, over a store that keeps its handlers' writes in a list.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use inhook::{
    Twins, TxHandlers,
    provider::{GITHUB, SLACK},
    store::{Begun, DeadLetter, DeadLetterStore, TransactionalStore},
};

use super::*;

/// Lines that handlers write, and a store in memory that the marks stand in.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    store: MemoryStore,
    lines: Arc<Mutex<Vec<String>>>,
}

/// What a handler writes through: nothing is seen before the commit.
#[derive(Default)]
pub(super) struct Page(Vec<String>);

pub(super) struct Open {
    page: Page,
    token: Token,
    key: Key,
}

impl Deref for Open {
    type Target = Page;
    fn deref(&self) -> &Page {
        &self.page
    }
}

impl DerefMut for Open {
    fn deref_mut(&mut self) -> &mut Page {
        &mut self.page
    }
}

impl Ledger {
    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

impl TransactionalStore for Ledger {
    type Conn = Page;
    type Tx = Open;

    async fn begin(&self, slot: &Slot) -> Result<Claim<Begun<Open>>, Error> {
        Ok(match self.store.claim(slot).await? {
            Claim::Granted(grant) => {
                let mut begun = Begun::new(Open { page: Page::default(), token: grant.token, key: slot.key.clone() });
                begun.twin = grant.twin;
                Claim::Granted(begun)
            }
            Claim::Duplicate(answer) => Claim::Duplicate(answer),
            Claim::Conflict => Claim::Conflict,
            Claim::Stale => Claim::Stale,
            Claim::Busy { retry_after } => Claim::Busy { retry_after },
            other => return Err(Error::store(format!("{other:?}"))),
        })
    }

    async fn commit(&self, tx: Open, slot: &Slot, answer: Option<&Answer>) -> Result<(), Error> {
        match self.store.complete(slot, tx.token, answer).await? {
            Held::Yes => self.lines.lock().unwrap().extend(tx.page.0),
            Held::Lost => return Err(Error::store("lost")),
        }
        Ok(())
    }

    async fn rollback(&self, tx: Open) -> Result<(), Error> {
        let slot = Slot::new(tx.key, Duration::ZERO, Duration::ZERO);
        let _freed_or_lost = self.store.release(&slot, tx.token).await?;
        Ok(())
    }
}

impl IdempotencyStore for Ledger {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        self.store.claim(slot).await
    }
    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        self.store.extend(slot, token, lease).await
    }
    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        self.store.complete(slot, token, answer).await
    }
    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        self.store.release(slot, token).await
    }
    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        self.store.forget(key).await
    }
    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.store.purge(limit).await
    }
}

impl DeadLetterStore for Ledger {
    async fn bury(&self, slot: &Slot, token: Token, event: &Event, error: &str) -> Result<Held, Error> {
        self.store.bury(slot, token, event, error).await
    }
    async fn dead_letters(&self, after: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, Error> {
        self.store.dead_letters(after, limit).await
    }
    async fn discard(&self, id: u64) -> Result<bool, Error> {
        self.store.discard(id).await
    }
}

fn handlers() -> TxHandlers<Page> {
    async fn write(page: &mut Page, event: Event) -> Result<Answer, Failure> {
        page.0.push(event.label.clone().unwrap_or_default());
        assert_eq!(event.fence(), None);
        tokio::task::yield_now().await;
        match event.kind.as_deref() {
            Some("fails") => Err("not yet".into()),
            Some("hopeless") => Err(Failure::permanent("hopeless")),
            Some("panics") => panic!("a handler's bug"),
            Some("hangs") => std::future::pending().await,
            _ => Ok(Answer::text("written")),
        }
    }
    TxHandlers::new().otherwise_tx(write).on("plain", async |_: Event| Ok(()))
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_writes_stays_if_and_only_if_it_ends_well() {
    let (world, ledger) = (World::new(), Ledger::default());
    let receiver =
        world.over(&STRIPE, ledger.clone()).timeout(Duration::from_secs(1)).handle_in_tx(handlers()).unwrap();
    let rows = [
        ("1", "a.b", error(200, "written")),
        ("1", "a.b", error(200, "written")),
        ("2", "fails", error(500, "failed")),
        ("3", "hopeless", error(500, "failed")),
        ("4", "panics", error(500, "panicked")),
        ("5", "hangs", error(500, "timed_out")),
        ("6", "plain", plain(200)),
        ("6", "plain", plain(200)),
    ];
    for (id, kind, heard) in rows {
        assert_eq!(send(&receiver, &stripe(id, kind).build()).await, heard, "{kind}");
    }
    assert_eq!(ledger.lines(), ["1"]);
    // Each of those that failed is free.
    for id in ["2", "3", "4", "5"] {
        let of = sent(&STRIPE, format!(r#"{{"id":"{id}","type":"a.b"}}"#)).build();
        assert_eq!(send(&receiver, &of).await, error(200, "written"));
    }
    assert_eq!(ledger.lines(), ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn what_fails_for_good_is_buried_after_its_writes_are_gone() {
    let (world, ledger) = (World::new(), Ledger::default());
    let receiver = world.over(&STRIPE, ledger.clone()).dead_letters().handle_in_tx(handlers()).unwrap();
    assert_eq!(send(&receiver, &stripe("1", "hopeless").build()).await, plain(200));
    assert_eq!(send(&receiver, &stripe("1", "hopeless").build()).await, plain(200));
    assert_eq!(world.ends(), ["buried", "duplicate"]);
    assert_eq!((ledger.lines().len(), ledger.dead_letters(None, 10).await.unwrap().len()), (0, 1));
}

#[tokio::test]
async fn what_nothing_identifies_is_written_each_time() {
    let (world, ledger) = (World::new(), Ledger::default());
    let receiver = world.over(&SLACK, ledger.clone()).handle_in_tx(handlers()).unwrap();
    let request = sent(&SLACK, r#"{"type":"block_suggestion"}"#).build();
    for _ in 0..2 {
        assert_eq!(send(&receiver, &request).await, error(200, "written"));
        assert_eq!(world.observed.last().key, None);
    }
    assert_eq!(ledger.lines().len(), 2);
}

#[tokio::test]
async fn a_twin_is_refused_before_its_handler() {
    let (world, ledger) = (World::new(), Ledger::default());
    let receiver = world.over(&GITHUB, ledger.clone()).twins(Twins::Reject).handle_in_tx(handlers()).unwrap();
    let push = |id: &str| sent(&GITHUB, "{}").label(id).build();
    assert_eq!(send(&receiver, &push("1")).await, error(200, "written"));
    assert_eq!(send(&receiver, &push("2")).await, error(401, "replay"));
    assert_eq!(ledger.lines(), ["1"]);
}
