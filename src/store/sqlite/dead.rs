//! Dead letters: kept whole, until somebody has looked at them.

use super::{
    super::{DeadLetter, DeadLetterStore, Held, Key, Slot, Token},
    SqliteStore, claim, order,
    row::{Row, date, token as number},
    sqlx,
};
use crate::{Error, Event};

impl DeadLetterStore for SqliteStore {
    async fn bury(&self, slot: &Slot, token: Token, event: &Event, error: &str) -> Result<Held, Error> {
        let Some(token) = number(token) else { return Ok(Held::Lost) };
        let record = event.to_record();
        let mut tx = self.write().await?;
        let now = self.now();
        let held = claim::finish(&mut tx, slot, token, None, now).await? && order::let_go(&mut tx, slot, token).await?;
        order::stop_waiting(&mut tx, slot).await?;
        Row::from(&slot.key)
            .query(
                "insert into inhook_dead_letter (source, tenant, consumer, key, generation, event, error, buried_at)
                values (?1, ifnull(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .bind(i64::from(slot.generation))
            .bind(record)
            .bind(error)
            .bind(now)
            .execute(&mut *tx)
            .await
            .map_err(Error::store)?;
        tx.settle(held).await
    }

    async fn dead_letters(&self, after: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, Error> {
        // Ids begin at 1, and none is beyond what a column holds.
        let after = i64::try_from(after.unwrap_or_default()).unwrap_or(i64::MAX);
        type Found = (i64, String, Option<String>, String, String, i64, Vec<u8>, String, i64);
        let found: Vec<Found> = sqlx::query_as(
            "select id, source, nullif(tenant, 0), consumer, key, generation, event, error, buried_at
            from inhook_dead_letter where id > ?1 order by id limit ?2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await
        .map_err(Error::store)?;
        let letters =
            found.into_iter().map(|(id, source, tenant, consumer, key, generation, event, error, buried_at)| {
                let key = Key { source, tenant, consumer, id: key };
                let generation = u32::try_from(generation).map_err(Error::store)?;
                DeadLetter::new(id.cast_unsigned(), key, &event, generation, error, date(buried_at))
            });
        letters.collect()
    }

    async fn discard(&self, id: u64) -> Result<bool, Error> {
        let Ok(id) = i64::try_from(id) else { return Ok(false) };
        let mut tx = self.write().await?;
        let done = sqlx::query("delete from inhook_dead_letter where id = ?1")
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(Error::store)?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }
}
