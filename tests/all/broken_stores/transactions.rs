//! Transactions of a broken store, which are good enough for one process.

use std::ops::{Deref, DerefMut};

use inhook::store::{Begun, TransactionalStore};

use super::*;
use crate::polls::once;

/// What is written in a transaction counts once it is committed.
pub(super) struct Tx {
    conn: Conn,
    store: Broken,
    /// Until it has ended.
    open: Option<(Slot, Token)>,
}

pub(super) struct Conn {
    pub(super) rows: u64,
    pub(super) at_once: Option<Arc<Mutex<Notes>>>,
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some((slot, token)) = self.open.take()
            && !self.store.has(Bug::KeepsWhatIsDropped)
        {
            // The store in memory waits for nothing.
            let released = once(self.store.inner.release(&slot, token)).expect("it waits");
            assert_eq!(released.unwrap(), Held::Yes);
        }
    }
}

impl TransactionalStore for Broken {
    type Conn = Conn;
    type Tx = Tx;

    async fn begin(&self, slot: &Slot) -> Result<Claim<Begun<Tx>>, Error> {
        let mut slot = self.slot(slot);
        slot.lease = Duration::from_secs(1 << 40);
        let mut claim = self.inner.claim(&slot).await?;
        tokio::task::yield_now().await;
        if matches!(claim, Claim::Busy { .. }) && self.has(Bug::BeginsTwice) {
            slot.key.id.push_str(" twice");
            slot.place = None;
            claim = self.inner.claim(&slot).await?;
        }
        Ok(claim.map(|grant| {
            let at_once = self.has(Bug::WritesOutsideOfTheTransaction).then(|| self.notes.clone());
            let open = Some((slot, grant.token));
            let mut begun = Begun::new(Tx { conn: Conn { rows: 0, at_once }, store: self.clone(), open });
            begun.twin = grant.twin && !self.has(Bug::TellsNoTwinInATransaction);
            begun.gap = grant.gap && !self.has(Bug::TellsNoGapInATransaction);
            begun
        }))
    }

    async fn commit(&self, mut tx: Tx, _: &Slot, answer: Option<&Answer>) -> Result<(), Error> {
        let (slot, token) = tx.open.take().unwrap();
        self.notes().rows += tx.conn.rows;
        self.notes().streams.extend(slot.place.as_ref().map(|place| slot.key.stream(&*place.stream)));
        let held = match self.bug {
            Bug::CommitsNoMark => self.inner.release(&slot, token).await?,
            _ => self.inner.complete(&slot, token, answer).await?,
        };
        if held == Held::Yes { Ok(()) } else { Err(Error::store("lost")) }
    }

    async fn rollback(&self, mut tx: Tx) -> Result<(), Error> {
        let (slot, token) = tx.open.take().unwrap();
        self.notes().anew.insert(slot.key.clone());
        let held = match self.bug {
            Bug::RollsBackToDone => self.inner.complete(&slot, token, None).await?,
            _ => self.inner.release(&slot, token).await?,
        };
        if held == Held::Yes { Ok(()) } else { Err(Error::store("lost")) }
    }
}
