//! Keys: taken, held, done, forgotten.

use std::time::Duration;

use sqlx::SqliteConnection;

use super::{
    super::{
        Claim, Grant, Held, IdempotencyStore, Key, Slot, Token,
        verdict::{Entry, TRY_AGAIN, done},
    },
    SqliteStore, order,
    row::{Row, after, token as number, until},
    sqlx,
};
use crate::{Answer, Error};

impl IdempotencyStore for SqliteStore {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        let Some(mut tx) = self.try_write().await? else {
            return Ok(Claim::Busy { retry_after: TRY_AGAIN });
        };
        // Only now: the wait for one's turn is not part of the lease.
        let now = self.now();
        let claim = match refusal(&mut tx, slot, now).await? {
            Err(refused) => refused,
            Ok(entry) => {
                let token = take(&mut tx, slot, after(now, slot.lease)).await?;
                order::hold(&mut tx, slot, now, Some((token, after(now, slot.lease)))).await?;
                let twin = twin(&mut tx, slot, now).await?;
                Claim::Granted(Grant { token: Token(token.cast_unsigned()), twin, gap: entry.is_after_gap() })
            }
        };
        // A refusal may have noted who waits.
        tx.commit().await?;
        Ok(claim)
    }

    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        let Some(token) = number(token) else { return Ok(Held::Lost) };
        let mut tx = self.write().await?;
        let lease_until = after(self.now(), lease);
        let held = Row::from(&slot.key)
            .query(
                "update inhook_event set lease_until = ?6
                where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and id = ?4 and token = ?5",
            )
            .bind(token)
            .bind(lease_until)
            .execute(&mut *tx)
            .await
            .map_err(Error::store)?
            .rows_affected();
        let held = held > 0 && order::extend(&mut tx, slot, token, lease_until).await?;
        tx.settle(held).await
    }

    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        let Some(token) = number(token) else { return Ok(Held::Lost) };
        let mut tx = self.write().await?;
        let now = self.now();
        let held =
            finish(&mut tx, slot, token, answer, now).await? && order::advance(&mut tx, slot, Some(token), now).await?;
        tx.settle(held).await
    }

    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        let Some(token) = number(token) else { return Ok(Held::Lost) };
        let mut tx = self.write().await?;
        let held = let_go(&mut tx, &slot.key, token).await? && order::let_go(&mut tx, slot, token).await?;
        tx.settle(held).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        let now = self.now();
        // One that is being handled once more stays held.
        const FREE: &str = "delete from inhook_event
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and id = ?4
            and forget_at > ?5 and token is null";
        const HELD: &str = "update inhook_event
            set done_generation = null, forget_at = null, fingerprint = null, twins = 0, answer = null
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and id = ?4
            and forget_at > ?5 and token is not null";
        let mut forgotten = 0;
        for sql in [FREE, HELD] {
            let done = Row::from(key).query(sql).bind(now).execute(&mut *tx).await.map_err(Error::store)?;
            forgotten += done.rows_affected();
        }
        tx.commit().await?;
        Ok(forgotten > 0)
    }

    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        let mut tx = self.write().await?;
        let now = self.now();
        let limit = u64::from(limit);
        let mut removed = 0;
        for sql in PURGE {
            let left = i64::try_from(limit.saturating_sub(removed)).map_err(Error::store)?;
            let done = sqlx::query(sql).bind(now).bind(left).execute(&mut *tx).await.map_err(Error::store)?;
            removed += done.rows_affected();
        }
        tx.commit().await?;
        Ok(removed)
    }
}

/// `?1` is now, `?2` how many.
const PURGE: [&str; 4] = [
    // Marks, unless a redrive holds the key: then the claim is over first.
    "delete from inhook_event where (source, tenant, consumer, id) in (
        select source, tenant, consumer, id from inhook_event
        where forget_at <= ?1 and (token is null or lease_until <= ?1) order by forget_at limit ?2)",
    "delete from inhook_event where (source, tenant, consumer, id) in (
        select source, tenant, consumer, id from inhook_event
        where lease_until <= ?1 and done_generation is null order by lease_until limit ?2)",
    // A redrive's claim that ran out leaves the mark as it was.
    "update inhook_event set token = null, lease_until = null where (source, tenant, consumer, id) in (
        select source, tenant, consumer, id from inhook_event
        where lease_until <= ?1 and done_generation is not null order by lease_until limit ?2)",
    "delete from inhook_stream where (source, tenant, consumer, name) in (
        select source, tenant, consumer, name from inhook_stream
        where tombstone = 0 and forget_at <= ?1 and (token is null or lease_until <= ?1) order by forget_at limit ?2)",
];

type Seen = (Option<i64>, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>);

/// Why the slot cannot be had, or, if it can, how it is come to.
pub(super) async fn refusal<G>(
    conn: &mut SqliteConnection,
    slot: &Slot,
    now: i64,
) -> Result<Result<Entry, Claim<G>>, Error> {
    let seen: Option<Seen> = Row::from(&slot.key)
        .select(
            "select done_generation, forget_at, fingerprint, answer, lease_until from inhook_event
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and id = ?4",
        )
        .fetch_optional(&mut *conn)
        .await
        .map_err(Error::store)?;
    if let Some((generation, forget_at, fingerprint, answer, lease_until)) = seen {
        if forget_at.is_some_and(|at| at > now)
            && let Some(generation) = generation
            && let Some(refused) = done(slot, generation, fingerprint.as_deref(), answer.as_deref())?
        {
            return Ok(Err(refused));
        }
        if let Some(lease_until) = lease_until.filter(|at| *at > now) {
            return Ok(Err(Claim::Busy { retry_after: until(now, lease_until) }));
        }
    }
    order::refusal(conn, slot, now).await
}

/// Takes the key under a new token.
async fn take(conn: &mut SqliteConnection, slot: &Slot, lease_until: i64) -> Result<i64, Error> {
    let token: i64 = sqlx::query_scalar("update inhook_counter set token = token + 1 returning token")
        .fetch_one(&mut *conn)
        .await
        .map_err(Error::store)?;
    Row::from(&slot.key)
        .query(
            "insert into inhook_event (source, tenant, consumer, id, token, lease_until)
            values (?1, ifnull(?2, 0), ?3, ?4, ?5, ?6)
            on conflict do update set token = excluded.token, lease_until = excluded.lease_until",
        )
        .bind(token)
        .bind(lease_until)
        .execute(conn)
        .await
        .map_err(Error::store)?;
    Ok(token)
}

/// Whether the same fingerprint is remembered under another key.
pub(super) async fn twin(conn: &mut SqliteConnection, slot: &Slot, now: i64) -> Result<bool, Error> {
    let Some(fingerprint) = slot.fingerprint.filter(|_| slot.twins) else { return Ok(false) };
    let found: Option<(i64,)> = Row::from(&slot.key)
        .select(
            "select 1 from inhook_event
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and fingerprint = ?5 and twins = 1
            and id <> ?4 and forget_at > ?6 limit 1",
        )
        .bind(&fingerprint[..])
        .bind(now)
        .fetch_optional(conn)
        .await
        .map_err(Error::store)?;
    Ok(found.is_some())
}

/// Puts the mark in the claim's place; `false` if the claim is not there.
pub(super) async fn finish(
    conn: &mut SqliteConnection,
    slot: &Slot,
    token: i64,
    answer: Option<&Answer>,
    now: i64,
) -> Result<bool, Error> {
    let done = Row::from(&slot.key)
        .query(
            "update inhook_event
            set done_generation = ?6, forget_at = ?7, fingerprint = ?8, twins = ?9, answer = ?10,
                token = null, lease_until = null
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and id = ?4 and token = ?5",
        )
        .bind(token)
        .bind(i64::from(slot.generation))
        .bind(after(now, slot.remember))
        .bind(slot.fingerprint.as_ref().map(|f| &f[..]))
        .bind(slot.twins && slot.fingerprint.is_some())
        .bind(answer.map(Answer::to_record))
        .execute(conn)
        .await
        .map_err(Error::store)?;
    Ok(done.rows_affected() > 0)
}

/// Takes the claim away, and leaves the mark of a lower generation; `false` if the claim is not there.
async fn let_go(conn: &mut SqliteConnection, key: &Key, token: i64) -> Result<bool, Error> {
    const NEW: &str = "delete from inhook_event
        where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and id = ?4
        and token = ?5 and done_generation is null";
    const AGAIN: &str = "update inhook_event set token = null, lease_until = null
        where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and id = ?4 and token = ?5";
    for sql in [NEW, AGAIN] {
        let done = Row::from(key).query(sql).bind(token).execute(&mut *conn).await.map_err(Error::store)?;
        if done.rows_affected() > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Puts the mark without a claim, for a transaction.
pub(super) async fn mark(conn: &mut SqliteConnection, slot: &Slot, now: i64) -> Result<(), Error> {
    Row::from(&slot.key)
        .query(
            "insert into inhook_event
                (source, tenant, consumer, id, done_generation, forget_at, fingerprint, twins)
            values (?1, ifnull(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8)
            on conflict do update set
                done_generation = excluded.done_generation, forget_at = excluded.forget_at,
                fingerprint = excluded.fingerprint, twins = excluded.twins, answer = null,
                token = null, lease_until = null",
        )
        .bind(i64::from(slot.generation))
        .bind(after(now, slot.remember))
        .bind(slot.fingerprint.as_ref().map(|f| &f[..]))
        .bind(slot.twins && slot.fingerprint.is_some())
        .execute(conn)
        .await
        .map_err(Error::store)?;
    Ok(())
}

/// Adds to such a mark what is known at the end; `false` if it is not there.
pub(super) async fn seal(
    conn: &mut SqliteConnection,
    slot: &Slot,
    answer: Option<&Answer>,
    now: i64,
) -> Result<bool, Error> {
    let done = Row::from(&slot.key)
        .query(
            "update inhook_event set answer = ?5, forget_at = ?6
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and id = ?4
            and done_generation = ?7 and token is null",
        )
        .bind(answer.map(Answer::to_record))
        .bind(after(now, slot.remember))
        .bind(i64::from(slot.generation))
        .execute(conn)
        .await
        .map_err(Error::store)?;
    Ok(done.rows_affected() > 0)
}
