//! Marks that are committed with what the handler writes.

use sqlx::SqliteConnection;

use super::{
    super::{
        Begun, Claim, Slot, TransactionalStore,
        verdict::{Entry, TRY_AGAIN},
    },
    SqliteStore, SqliteTx, claim, order, sqlx,
};
use crate::{Answer, Error, ErrorKind};

impl TransactionalStore for SqliteStore {
    type Conn = SqliteConnection;
    type Tx = SqliteTx;

    async fn begin(&self, slot: &Slot) -> Result<Claim<Begun<SqliteTx>>, Error> {
        let mut marked = false;
        loop {
            let Some(mut tx) = self.try_write().await? else {
                return Ok(Claim::Busy { retry_after: TRY_AGAIN });
            };
            let now = self.now();
            let entry = match claim::refusal(&mut tx, slot, now).await? {
                Ok(entry) => entry,
                Err(refused) => {
                    // It may have noted who waits.
                    tx.commit().await?;
                    return Ok(refused);
                }
            };
            if entry == Entry::First && !marked {
                // A rollback must not undo it, so it is a transaction of its own.
                order::mark_first(&mut tx, slot, now).await?;
                tx.commit().await?;
                marked = true;
                continue;
            }
            let twin = claim::twin(&mut tx, slot, now).await?;
            claim::mark(&mut tx, slot, now).await?;
            order::hold(&mut tx, slot, now, None).await?;
            return Ok(Claim::Granted(Begun { tx, twin, gap: entry.is_after_gap() }));
        }
    }

    async fn commit(&self, mut tx: SqliteTx, slot: &Slot, answer: Option<&Answer>) -> Result<(), Error> {
        let now = self.now();
        if !claim::seal(&mut tx, slot, answer, now).await? || !order::advance(&mut tx, slot, None, now).await? {
            // SQLite ends a transaction by itself when the disk is full, and a handler can do it by hand.
            return Err(Error::new(ErrorKind::Store, "the transaction was ended before its commit"));
        }
        tx.commit().await
    }

    async fn rollback(&self, tx: SqliteTx) -> Result<(), Error> {
        tx.rollback().await
    }
}
