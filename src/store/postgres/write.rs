//! Marks that are committed with what the handler writes.

use std::time::Duration;

use sqlx::PgConnection;

use super::{
    super::{
        Begun, Claim, Slot, TransactionalStore,
        verdict::{Entry, TRY_AGAIN},
    },
    PgStore, PgTx, claim, order,
    row::{At, Row, micros},
    sqlx,
    tx::{again, is_busy},
};
use crate::{Answer, Error, ErrorKind};

/// For so much longer than asked a transaction's mark is remembered: then what is known at the end of a handler that took
/// no longer changes no column that has an index, and PostgreSQL writes none of the indexes again.
const AHEAD: Duration = Duration::from_secs(1);

impl TransactionalStore for PgStore {
    type Conn = PgConnection;
    type Tx = PgTx;

    async fn begin(&self, slot: &Slot) -> Result<Claim<Begun<PgTx>>, Error> {
        match again(|| self.try_begin(slot)).await {
            Err(e) if is_busy(&e) => Ok(Claim::Busy { retry_after: TRY_AGAIN }),
            begun => begun.map_err(Error::store),
        }
    }

    async fn commit(&self, mut tx: PgTx, slot: &Slot, answer: Option<&Answer>) -> Result<(), Error> {
        let at = self.at();
        // This also fails where the handler passed over an error of its own, for which PostgreSQL would answer a commit
        // with a rollback and call it a success.
        let sealed = seal(&mut tx, at, slot, answer).await.map_err(Error::store)?;
        if !sealed || !order::advance(&mut tx, at, slot, None).await.map_err(Error::store)? {
            return Err(Error::new(ErrorKind::Store, "the transaction was ended before its commit"));
        }
        tx.commit().await.map_err(Error::store)
    }

    async fn rollback(&self, tx: PgTx) -> Result<(), Error> {
        tx.rollback().await.map_err(Error::store)
    }
}

impl PgStore {
    async fn try_begin(&self, slot: &Slot) -> Result<Claim<Begun<PgTx>>, sqlx::Error> {
        let at = self.at();
        let mut marked = false;
        let (mut tx, inserted, entry) = loop {
            let mut tx = PgTx::begin(self.pool()).await?;
            let inserted = self.mark_new(&mut tx, at, slot).await?;
            if inserted && slot.place.is_none() && !slot.twins {
                return Ok(Claim::Granted(Begun::new(tx)));
            }
            match self.take(&mut tx, slot, None, inserted).await? {
                Ok(Entry::First) if !marked => {
                    // A rollback must not undo it, so it is a statement of its own. Nothing is locked meanwhile.
                    tx.rollback().await?;
                    self.mark_first(slot).await?;
                    marked = true;
                }
                Ok(entry) => break (tx, inserted, entry),
                Err(refused) => {
                    // It may have noted who waits.
                    tx.commit().await?;
                    return Ok(refused);
                }
            }
        };
        let twin = claim::twin(&mut tx, at, slot).await?;
        if !inserted {
            mark(&mut tx, at, slot).await?;
        }
        order::hold(&mut tx, at, slot, None).await?;
        sqlx::query("select set_config('lock_timeout', current_setting('inhook.lock_timeout'), true)")
            .execute(&mut *tx)
            .await?;
        Ok(Claim::Granted(Begun { tx, twin, gap: entry.is_after_gap() }))
    }

    /// Inserts the mark, which waits for whoever is about to do the same, for no longer than this store waits for a
    /// lock. The handler has the lock timeout that it would have had.
    async fn mark_new(&self, conn: &mut PgConnection, at: At<'_>, slot: &Slot) -> Result<bool, sqlx::Error> {
        // `case` keeps to its order: the old timeout is noted before the new one is set.
        let done = Row::from(&slot.key)
            .select::<(String,)>(
                at,
                "insert into @table_event@end
                    (source, tenant, consumer, id, done_generation, forget_at, fingerprint, twins)
                select $1, $2, $3, $4, $7, @now + $8, $9, $10
                where case
                    when set_config('inhook.lock_timeout', current_setting('lock_timeout'), true) is null then false
                    when set_config('idle_in_transaction_session_timeout', $11, true) is null then false
                    else @wait end
                on conflict (source, tenant, consumer, id) do nothing
                returning set_config('lock_timeout', current_setting('inhook.lock_timeout'), true)",
            )
            .bind(i64::from(slot.generation))
            .bind(micros(slot.remember.saturating_add(AHEAD)))
            .bind(slot.fingerprint.as_ref().map(|f| &f[..]))
            .bind(slot.twins && slot.fingerprint.is_some())
            .bind(&*self.idle)
            .fetch_optional(conn)
            .await?;
        Ok(done.is_some())
    }
}

/// Puts the mark in a row that is locked.
async fn mark(conn: &mut PgConnection, at: At<'_>, slot: &Slot) -> Result<(), sqlx::Error> {
    Row::from(&slot.key)
        .query(
            at,
            "update @table_event@end set done_generation = $7, forget_at = @now + $8, fingerprint = $9, twins = $10,
                answer = null, token = null, lease_until = null
            where source = $1 and tenant = $2 and consumer = $3 and id = $4",
        )
        .bind(i64::from(slot.generation))
        .bind(micros(slot.remember))
        .bind(slot.fingerprint.as_ref().map(|f| &f[..]))
        .bind(slot.twins && slot.fingerprint.is_some())
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds to such a mark what is known at the end; `false` if this transaction did not put it there.
async fn seal(conn: &mut PgConnection, at: At<'_>, slot: &Slot, answer: Option<&Answer>) -> Result<bool, sqlx::Error> {
    let done = Row::from(&slot.key)
        .query(
            at,
            "update @table_event@end set answer = $7, forget_at = greatest(forget_at, @now + $8)
            where source = $1 and tenant = $2 and consumer = $3 and id = $4
            and xmin = pg_current_xact_id_if_assigned()::xid and done_generation = $9 and token is null",
        )
        .bind(answer.map(Answer::to_record))
        .bind(micros(slot.remember))
        .bind(i64::from(slot.generation))
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}
