//! Dead letters: kept whole, until somebody has looked at them.

use super::{
    super::{DeadLetter, DeadLetterStore, Held, Key, Slot, Token},
    PgStore, claim, order,
    row::{Row, date, tenant_of, text, token as number},
    sqlx,
    tx::{PgTx, again},
};
use crate::{Error, Event};

impl DeadLetterStore for PgStore {
    async fn bury(&self, slot: &Slot, token: Token, event: &Event, error: &str) -> Result<Held, Error> {
        let Some(token) = number(token) else { return Ok(Held::Lost) };
        let record = event.to_record();
        again(|| self.try_bury(slot, token, &record, error)).await.map_err(Error::store)
    }

    async fn dead_letters(&self, after: Option<u64>, limit: u32) -> Result<Vec<DeadLetter>, Error> {
        // Ids begin at 1, and none is beyond what a column holds.
        let after = i64::try_from(after.unwrap_or_default()).unwrap_or(i64::MAX);
        type Found = (i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, i64, Vec<u8>, Vec<u8>, i64);
        let sql = self.at().sql.get(
            "select id, source, tenant, consumer, key, generation, event, error, buried_at
            from @table_dead_letter@end where id > $1 order by id limit $2",
        );
        let found: Vec<Found> = sqlx::query_as(sql)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await
            .map_err(Error::store)?;
        let letters =
            found.into_iter().map(|(id, source, tenant, consumer, key, generation, event, error, buried_at)| {
                let name = |bytes| text(bytes).map_err(Error::store);
                let key = Key {
                    source: name(source)?,
                    tenant: tenant_of(tenant).map_err(Error::store)?,
                    consumer: name(consumer)?,
                    id: name(key)?,
                };
                let generation = u32::try_from(generation).map_err(Error::store)?;
                DeadLetter::new(id.cast_unsigned(), key, &event, generation, name(error)?, date(buried_at))
            });
        letters.collect()
    }

    async fn discard(&self, id: u64) -> Result<bool, Error> {
        let Ok(id) = i64::try_from(id) else { return Ok(false) };
        let sql = self.at().sql.get("delete from @table_dead_letter@end where id = $1");
        let done = sqlx::query(sql).bind(id).execute(self.pool()).await.map_err(Error::store)?;
        Ok(done.rows_affected() > 0)
    }
}

impl PgStore {
    async fn try_bury(&self, slot: &Slot, token: i64, record: &[u8], error: &str) -> Result<Held, sqlx::Error> {
        let at = self.at();
        let mut tx = PgTx::begin(self.pool()).await?;
        let held =
            claim::finish(&mut tx, at, slot, token, None).await? && order::let_go(&mut tx, at, slot, token).await?;
        if held {
            order::stop_waiting(&mut tx, at, slot).await?;
            Row::from(&slot.key)
                .query(
                    at,
                    "insert into @table_dead_letter@end
                        (source, tenant, consumer, key, generation, event, error, buried_at)
                    values ($1, $2, $3, $4, $7, $8, $9, @now)",
                )
                .bind(i64::from(slot.generation))
                .bind(record)
                .bind(error.as_bytes())
                .execute(&mut *tx)
                .await?;
        }
        tx.settle(held).await
    }
}
