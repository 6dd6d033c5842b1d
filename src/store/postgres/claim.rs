//! Keys: taken, held, done, forgotten.

use std::time::Duration;

use sqlx::PgConnection;

use super::{
    super::{
        Claim, Grant, Held, IdempotencyStore, Key, Slot, Token,
        verdict::{Entry, TRY_AGAIN, done},
    },
    PgStore, order,
    row::{At, Row, micros, token as number, until},
    sqlx,
    tx::{PgTx, again, is_busy},
};
use crate::{Answer, Error};

impl IdempotencyStore for PgStore {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        match again(|| self.try_claim(slot)).await {
            Err(e) if is_busy(&e) => Ok(Claim::Busy { retry_after: TRY_AGAIN }),
            claim => claim.map_err(Error::store),
        }
    }

    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        let Some(token) = number(token) else { return Ok(Held::Lost) };
        again(|| self.try_extend(slot, token, lease)).await.map_err(Error::store)
    }

    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        let Some(token) = number(token) else { return Ok(Held::Lost) };
        again(|| self.try_complete(slot, token, answer)).await.map_err(Error::store)
    }

    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        let Some(token) = number(token) else { return Ok(Held::Lost) };
        again(|| self.try_release(slot, token)).await.map_err(Error::store)
    }

    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        again(|| self.try_forget(key)).await.map_err(Error::store)
    }

    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.purge_all(limit).await.map_err(Error::store)
    }
}

impl PgStore {
    async fn try_claim(&self, slot: &Slot) -> Result<Claim<Grant>, sqlx::Error> {
        let turn = Row::from(&slot.key).turn(self.at());
        // Most claims are of a new key, and one statement.
        if slot.place.is_none() && !slot.twins {
            let token: Option<(i64,)> = Row::from(&slot.key)
                .select(
                    self.at(),
                    "insert into @table_event@end (source, tenant, consumer, id, token, lease_until)
                    select $1, $2, $3, $4, nextval('@table_token@end'), @now + $8 where @turn
                    on conflict (source, tenant, consumer, id) do nothing returning token",
                )
                .bind(turn)
                .bind(micros(slot.lease))
                .fetch_optional(self.pool())
                .await?;
            if let Some((token,)) = token {
                return Ok(Claim::Granted(Grant::new(Token(token.cast_unsigned()))));
            }
            // Most others are of one that is done or held, which needs no lock to be seen.
            let seen = Row::from(&slot.key).select(self.at(), SEEN).fetch_optional(self.pool()).await?;
            if let Some(refused) = seen.map(|seen| judge(seen, slot)).transpose()?.flatten() {
                return Ok(refused);
            }
        }
        let mut tx = PgTx::begin(self.pool()).await?;
        let claim = match self.take(&mut tx, slot, Some(turn), false).await? {
            Err(refused) => refused,
            Ok(entry) => {
                let token = hold(&mut tx, self.at(), slot).await?;
                order::hold(&mut tx, self.at(), slot, Some(token)).await?;
                let twin = twin(&mut tx, self.at(), slot).await?;
                Claim::Granted(Grant { token: Token(token.cast_unsigned()), twin, gap: entry.is_after_gap() })
            }
        };
        // A refusal may have noted who waits.
        tx.commit().await?;
        Ok(claim)
    }

    /// Locks the key's row, which is there after this and is the caller's to fill, and the stream's, and says how the slot
    /// is come to; or says why it cannot be had. `turn` is for who takes a token after this; `inserted` says
    /// that the caller has made the key's row just now.
    pub(super) async fn take<G>(
        &self,
        tx: &mut PgTx,
        slot: &Slot,
        turn: Option<i64>,
        mut inserted: bool,
    ) -> Result<Result<Entry, Claim<G>>, sqlx::Error> {
        let row = Row::from(&slot.key);
        let at = self.at();
        while !inserted {
            // Insert first: of two at once, one waits here for the other's end.
            let made = row
                .query(
                    at,
                    "insert into @table_event@end (source, tenant, consumer, id, token, lease_until)
                    select $1, $2, $3, $4, 0, 0 where @turn
                    on conflict (source, tenant, consumer, id) do nothing",
                )
                .bind(turn)
                .execute(&mut **tx)
                .await?;
            inserted = made.rows_affected() > 0;
            if inserted {
                break;
            }
            let seen = row.select(at, SEEN_LOCKED).fetch_optional(&mut **tx).await?;
            // Else somebody has removed it since.
            if let Some(seen) = seen {
                if let Some(refused) = judge(seen, slot)? {
                    return Ok(Err(refused));
                }
                break;
            }
        }
        let judged = order::refusal(tx, at, slot).await?;
        if judged.is_err() && inserted {
            row.query(
                at,
                "delete from @table_event@end
                where source = $1 and tenant = $2 and consumer = $3 and id = $4",
            )
            .execute(&mut **tx)
            .await?;
        }
        Ok(judged)
    }

    async fn try_extend(&self, slot: &Slot, token: i64, lease: Duration) -> Result<Held, sqlx::Error> {
        const SQL: &str = "update @table_event@end set lease_until = @now + $8
            where source = $1 and tenant = $2 and consumer = $3 and id = $4 and token = $7 and @wait";
        let query = |at| Row::from(&slot.key).query(at, SQL).bind(token).bind(micros(lease));
        if slot.place.is_none() {
            return query(self.at()).execute(self.pool()).await.map(|done| held(done.rows_affected() > 0));
        }
        let mut tx = PgTx::begin(self.pool()).await?;
        let there = query(self.at()).execute(&mut *tx).await?.rows_affected() > 0
            && order::extend(&mut tx, self.at(), slot, token, lease).await?;
        tx.settle(there).await
    }

    async fn try_complete(&self, slot: &Slot, token: i64, answer: Option<&Answer>) -> Result<Held, sqlx::Error> {
        if slot.place.is_none() {
            let mut conn = self.pool().acquire().await?;
            return finish(&mut conn, self.at(), slot, token, answer).await.map(held);
        }
        let mut tx = PgTx::begin(self.pool()).await?;
        let there = finish(&mut tx, self.at(), slot, token, answer).await?
            && order::advance(&mut tx, self.at(), slot, Some(token)).await?;
        tx.settle(there).await
    }

    async fn try_release(&self, slot: &Slot, token: i64) -> Result<Held, sqlx::Error> {
        let mut tx = PgTx::begin(self.pool()).await?;
        let there = let_go(&mut tx, self.at(), &slot.key, token).await?
            && order::let_go(&mut tx, self.at(), slot, token).await?;
        tx.settle(there).await
    }

    async fn try_forget(&self, key: &Key) -> Result<bool, sqlx::Error> {
        // Locked first: between two statements it may be taken or let go of.
        const LOCK: &str = "select token is not null from @table_event@end
            where source = $1 and tenant = $2 and consumer = $3 and id = $4 and forget_at > @now and @wait for update";
        const FREE: &str = "delete from @table_event@end
            where source = $1 and tenant = $2 and consumer = $3 and id = $4";
        // One that is being handled once more stays held.
        const HELD: &str = "update @table_event@end
            set done_generation = null, forget_at = null, fingerprint = null, twins = false, answer = null
            where source = $1 and tenant = $2 and consumer = $3 and id = $4";
        let row = Row::from(key);
        let mut tx = PgTx::begin(self.pool()).await?;
        let marked: Option<(bool,)> = row.select(self.at(), LOCK).fetch_optional(&mut *tx).await?;
        if let Some((held,)) = marked {
            row.query(self.at(), if held { HELD } else { FREE }).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(marked.is_some())
    }
}

fn held(there: bool) -> Held {
    if there { Held::Yes } else { Held::Lost }
}

type Seen = (Option<i64>, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>, i64);

macro_rules! seen {
    () => {
        "select done_generation, forget_at, fingerprint, answer, lease_until, @now from @table_event@end
        where source = $1 and tenant = $2 and consumer = $3 and id = $4 and @wait"
    };
}
const SEEN: &str = seen!();
const SEEN_LOCKED: &str = concat!(seen!(), " for update");

/// Why the key cannot be had, or `None` if it can.
fn judge<G>(seen: Seen, slot: &Slot) -> Result<Option<Claim<G>>, sqlx::Error> {
    let (generation, forget_at, fingerprint, answer, lease_until, now) = seen;
    if forget_at.is_some_and(|at| at > now)
        && let Some(generation) = generation
    {
        let refused = done(slot, generation, fingerprint.as_deref(), answer.as_deref());
        if let Some(refused) = refused.map_err(|e| sqlx::Error::Decode(e.into()))? {
            return Ok(Some(refused));
        }
    }
    Ok(lease_until.filter(|at| *at > now).map(|at| Claim::Busy { retry_after: until(now, at) }))
}

/// Takes the key, whose row is locked, under a new token.
async fn hold(conn: &mut PgConnection, at: At<'_>, slot: &Slot) -> Result<i64, sqlx::Error> {
    let token: (i64,) = Row::from(&slot.key)
        .select(
            at,
            "update @table_event@end set token = nextval('@table_token@end'), lease_until = @now + $7
            where source = $1 and tenant = $2 and consumer = $3 and id = $4 and @wait returning token",
        )
        .bind(micros(slot.lease))
        .fetch_one(conn)
        .await?;
    Ok(token.0)
}

/// Whether the same fingerprint is remembered under another key.
pub(super) async fn twin(conn: &mut PgConnection, at: At<'_>, slot: &Slot) -> Result<bool, sqlx::Error> {
    let Some(fingerprint) = slot.fingerprint.filter(|_| slot.twins) else { return Ok(false) };
    let found: Option<(i32,)> = Row::from(&slot.key)
        .select(
            at,
            "select 1 from @table_event@end
            where source = $1 and tenant = $2 and consumer = $3 and fingerprint = $7 and twins
            and id <> $4 and forget_at > @now and @wait limit 1",
        )
        .bind(&fingerprint[..])
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// Puts the mark in the claim's place; `false` if the claim is not there.
pub(super) async fn finish(
    conn: &mut PgConnection,
    at: At<'_>,
    slot: &Slot,
    token: i64,
    answer: Option<&Answer>,
) -> Result<bool, sqlx::Error> {
    let done = Row::from(&slot.key)
        .query(
            at,
            "update @table_event@end
            set done_generation = $8, forget_at = @now + $9, fingerprint = $10, twins = $11, answer = $12,
                token = null, lease_until = null
            where source = $1 and tenant = $2 and consumer = $3 and id = $4 and token = $7 and @wait",
        )
        .bind(token)
        .bind(i64::from(slot.generation))
        .bind(micros(slot.remember))
        .bind(slot.fingerprint.as_ref().map(|f| &f[..]))
        .bind(slot.twins && slot.fingerprint.is_some())
        .bind(answer.map(Answer::to_record))
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes the claim away, and leaves the mark of a lower generation; `false` if the claim is not there.
async fn let_go(conn: &mut PgConnection, at: At<'_>, key: &Key, token: i64) -> Result<bool, sqlx::Error> {
    const NEW: &str = "delete from @table_event@end
        where source = $1 and tenant = $2 and consumer = $3 and id = $4
        and token = $7 and done_generation is null and @wait";
    const AGAIN: &str = "update @table_event@end set token = null, lease_until = null
        where source = $1 and tenant = $2 and consumer = $3 and id = $4
        and token = $7 and done_generation is not null and @wait";
    // Somebody may forget the mark between the first two, and then nothing is to be left.
    for sql in [NEW, AGAIN, NEW] {
        if Row::from(key).query(at, sql).bind(token).execute(&mut *conn).await?.rows_affected() > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
