//! Streams: held, moved on, waited in.

use std::time::Duration;

use sqlx::PgConnection;

use super::{
    super::{
        Blocked, Claim, OrderingStore, Place, Rank, Slot, Stream,
        verdict::{Entry, PATIENCE, SKIPPED, TRY_AGAIN, Verdict, first_mark, judge, waits},
    },
    PgStore,
    row::{At, Row, date, micros, tenant, tenant_of, text, until},
    sqlx,
    tx::{PgTx, again},
};
use crate::Error;

impl OrderingStore for PgStore {
    async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, Error> {
        self.list_blocked(after, limit).await.map_err(Error::store)
    }

    async fn skip(&self, stream: &Stream, rank: &Rank) -> Result<bool, Error> {
        let Some(previous) = rank.previous() else { return Ok(false) };
        again(|| self.try_skip(stream, &previous)).await.map_err(Error::store)
    }
}

impl PgStore {
    async fn list_blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, sqlx::Error> {
        // Who holds the stream waits for nothing, nor does who comes next.
        const SQL: &str = "select source, tenant, consumer, name, (array_agg(rank order by rank, since))[1],
                (array_agg(since order by rank, since))[1], count(*)
            from @table_waiting@end as w
            where ($2::bytea is null or (source, tenant, consumer, name) > ($2, $3, $4, $5)) and wait >= 0
            and not exists (
                select from @table_stream@end as s join @table_event@end as e using (source, tenant, consumer, token)
                where (s.source, s.tenant, s.consumer, s.name) = (w.source, w.tenant, w.consumer, w.name)
                and s.lease_until > @time and e.id = w.id)
            group by source, tenant, consumer, name having bool_or(@time - since >= wait)
            order by source, tenant, consumer, name limit $6";
        type Found = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, i64, i64);
        let at = self.at();
        let found: Vec<Found> = sqlx::query_as(at.sql.get(SQL))
            .bind(at.now)
            .bind(after.map(|s| s.source.as_bytes()))
            .bind(after.map(|s| tenant(s.tenant.as_deref())))
            .bind(after.map(|s| s.consumer.as_bytes()))
            .bind(after.map(|s| s.name.as_bytes()))
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        let blocked = found.into_iter().map(|(source, tenant, consumer, name, rank, since, waiting)| {
            let stream = Stream {
                source: text(source)?,
                tenant: tenant_of(tenant)?,
                consumer: text(consumer)?,
                name: text(name)?,
            };
            Ok(Blocked::new(stream, Rank::bytes(rank), date(since), waiting.cast_unsigned()))
        });
        blocked.collect()
    }

    /// Marks a stream without a mark, before there is a transaction whose end could undo it.
    pub(super) async fn mark_first(&self, slot: &Slot) -> Result<(), sqlx::Error> {
        let Some((place, mark)) = slot.place.as_ref().and_then(|place| Some((place, first_mark(place)?))) else {
            return Ok(());
        };
        Row::of_stream(slot, &place.stream)
            .query(
                self.at(),
                "insert into @table_stream@end as s (source, tenant, consumer, name, rank, forget_at)
                select $1, $2, $3, $4, $7, @now + $8 where @wait
                on conflict (source, tenant, consumer, name) do update
                set rank = excluded.rank, forget_at = greatest(s.forget_at, excluded.forget_at)
                where s.rank is null",
            )
            .bind(mark.as_bytes())
            .bind(micros(slot.remember))
            .execute(self.pool())
            .await?;
        Ok(())
    }

    async fn try_skip(&self, stream: &Stream, previous: &Rank) -> Result<bool, sqlx::Error> {
        let mut tx = PgTx::begin(self.pool()).await?;
        let moved = Row::from(stream)
            .query(
                self.at(),
                "insert into @table_stream@end as s (source, tenant, consumer, name, rank, forget_at)
                select $1, $2, $3, $4, $7, @now + $8 where @wait
                on conflict (source, tenant, consumer, name) do update
                set rank = excluded.rank, forget_at = greatest(s.forget_at, excluded.forget_at)
                where s.rank is null or s.rank < excluded.rank",
            )
            .bind(previous.as_bytes())
            .bind(micros(SKIPPED))
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if moved > 0 {
            reach(&mut tx, self.at(), stream.into(), previous).await?;
        }
        tx.commit().await?;
        Ok(moved > 0)
    }
}

type Seen = (Option<Vec<u8>>, bool, Option<i64>, i64);

/// Locks the stream's row, which is there after this, and says why the place cannot be had, or, if it can or there is
/// none, how it is come to.
pub(super) async fn refusal<G>(
    conn: &mut PgConnection,
    at: At<'_>,
    slot: &Slot,
) -> Result<Result<Entry, Claim<G>>, sqlx::Error> {
    let Some(place) = &slot.place else { return Ok(Ok(Entry::InTurn)) };
    let row = Row::of_stream(slot, &place.stream);
    let (mark, tombstone, lease_until, now) = loop {
        // Insert first: of two at once, one waits here for the other's end.
        let made = row
            .query(
                at,
                "insert into @table_stream@end (source, tenant, consumer, name, forget_at)
                select $1, $2, $3, $4, @now + $7 where @wait
                on conflict (source, tenant, consumer, name) do nothing",
            )
            .bind(micros(slot.remember))
            .execute(&mut *conn)
            .await?;
        if made.rows_affected() > 0 {
            return Ok(Ok(Entry::unmarked(place)));
        }
        let seen: Option<Seen> = row
            .select(
                at,
                "select rank, tombstone, lease_until, @now from @table_stream@end
                where source = $1 and tenant = $2 and consumer = $3 and name = $4 and @wait for update",
            )
            .fetch_optional(&mut *conn)
            .await?;
        // Else somebody has removed it since.
        if let Some(seen) = seen {
            break seen;
        }
    };
    // By another key: this one's lease has run out, and with it that of its stream.
    if let Some(lease_until) = lease_until.filter(|at| *at > now) {
        return Ok(Err(Claim::Busy { retry_after: until(now, lease_until) }));
    }
    let Some(mark) = mark.map(Rank::bytes) else { return Ok(Ok(Entry::unmarked(place))) };
    match judge(place, &mark, tombstone) {
        Verdict::Apply => Ok(Ok(Entry::InTurn)),
        Verdict::Stale => {
            stop_waiting(conn, at, slot).await?;
            Ok(Err(Claim::Stale))
        }
        Verdict::Wait(wait, on_gap) => {
            let left = note(conn, at, slot, place, wait).await?;
            let left = match waits(wait, on_gap, left) {
                None => lower(conn, at, slot, place).await?,
                left => left,
            };
            Ok(left.map_or(Ok(Entry::AfterGap), |retry_after| Err(Claim::Busy { retry_after })))
        }
    }
}

/// For how long the lowest that waits below the place is not to be passed over, if any is.
async fn lower(
    conn: &mut PgConnection,
    at: At<'_>,
    slot: &Slot,
    place: &Place,
) -> Result<Option<Duration>, sqlx::Error> {
    let until_passed: Option<(i64, i64, i64)> = Row::of_stream(slot, &place.stream)
        .select(
            at,
            "select since, greatest(wait, -1 - wait), @now from @table_waiting@end
            where source = $1 and tenant = $2 and consumer = $3 and name = $4 and rank < $7
            and @now - since < $8 * greatest(wait, -1 - wait) order by rank limit 1",
        )
        .bind(place.rank.as_bytes())
        .bind(i64::from(PATIENCE))
        .fetch_optional(conn)
        .await?;
    Ok(until_passed.map(|(since, wait, now)| {
        let passed = since.saturating_add(wait.saturating_mul(PATIENCE.into()));
        until(now, passed).max(TRY_AGAIN)
    }))
}

/// Notes that the event waits, and says for how long it still has to.
async fn note(
    conn: &mut PgConnection,
    at: At<'_>,
    slot: &Slot,
    place: &Place,
    wait: Duration,
) -> Result<Duration, sqlx::Error> {
    let row = Row::of_stream(slot, &place.stream);
    let (since, now): (i64, i64) = row
        .select(
            at,
            "insert into @table_waiting@end (source, tenant, consumer, name, rank, id, since, wait)
            select $1, $2, $3, $4, $7, $8, @now, $9 where @wait
            on conflict (source, tenant, consumer, name, rank, id) do update set wait = excluded.wait
            returning since, @now",
        )
        .bind(place.rank.as_bytes())
        .bind(slot.key.id.as_bytes())
        .bind(micros(wait))
        .fetch_one(&mut *conn)
        .await?;
    // The stream has seen something.
    row.query(
        at,
        "update @table_stream@end set forget_at = greatest(forget_at, @now + $7)
        where source = $1 and tenant = $2 and consumer = $3 and name = $4 and @wait",
    )
    .bind(micros(slot.remember))
    .execute(conn)
    .await?;
    Ok(until(now, since.saturating_add(micros(wait))))
}

pub(super) async fn stop_waiting(conn: &mut PgConnection, at: At<'_>, slot: &Slot) -> Result<(), sqlx::Error> {
    let Some(place) = &slot.place else { return Ok(()) };
    Row::of_stream(slot, &place.stream)
        .query(
            at,
            "delete from @table_waiting@end
            where source = $1 and tenant = $2 and consumer = $3 and name = $4 and rank = $7 and id = $8 and @wait",
        )
        .bind(place.rank.as_bytes())
        .bind(slot.key.id.as_bytes())
        .execute(conn)
        .await?;
    Ok(())
}

/// Where the mark has come to `rank`, neither that nor what comes next waits any longer; but nothing is to pass over the
/// latter, so that is still noted.
async fn reach(conn: &mut PgConnection, at: At<'_>, row: Row<'_>, rank: &Rank) -> Result<(), sqlx::Error> {
    let next = rank.next();
    row.query(
        at,
        "with gone as (
            delete from @table_waiting@end
            where source = $1 and tenant = $2 and consumer = $3 and name = $4 and rank <= $7)
        update @table_waiting@end set wait = -1 - wait
        where source = $1 and tenant = $2 and consumer = $3 and name = $4 and rank = $8 and wait >= 0",
    )
    .bind(rank.as_bytes())
    .bind(next.as_ref().map(Rank::as_bytes))
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the slot's stream, whose row is locked, for a token, or, in a transaction, from whoever's lease has run out.
pub(super) async fn hold(
    conn: &mut PgConnection,
    at: At<'_>,
    slot: &Slot,
    token: Option<i64>,
) -> Result<(), sqlx::Error> {
    let Some(place) = &slot.place else { return Ok(()) };
    Row::of_stream(slot, &place.stream)
        .query(
            at,
            "update @table_stream@end set token = $7, lease_until = case when $7::bigint is not null then @now + $8 end,
                forget_at = greatest(forget_at, @now + $9), rank = coalesce(rank, $10)
            where source = $1 and tenant = $2 and consumer = $3 and name = $4 and @wait",
        )
        .bind(token)
        .bind(micros(slot.lease))
        .bind(micros(slot.remember))
        .bind(first_mark(place).as_ref().map(Rank::as_bytes))
        .execute(conn)
        .await?;
    Ok(())
}

/// `false` if the token does not hold the slot's stream.
pub(super) async fn extend(
    conn: &mut PgConnection,
    at: At<'_>,
    slot: &Slot,
    token: i64,
    lease: Duration,
) -> Result<bool, sqlx::Error> {
    let Some(place) = &slot.place else { return Ok(true) };
    let done = Row::of_stream(slot, &place.stream)
        .query(
            at,
            "update @table_stream@end set lease_until = @now + $8
            where source = $1 and tenant = $2 and consumer = $3 and name = $4 and token = $7 and @wait",
        )
        .bind(token)
        .bind(micros(lease))
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Moves the mark to the slot's place and frees the stream; `false` if the token (in a transaction: nobody) does not
/// hold it.
pub(super) async fn advance(
    conn: &mut PgConnection,
    at: At<'_>,
    slot: &Slot,
    token: Option<i64>,
) -> Result<bool, sqlx::Error> {
    let Some(place) = &slot.place else { return Ok(true) };
    let row = Row::of_stream(slot, &place.stream);
    let done = row
        .query(
            at,
            "update @table_stream@end set
                tombstone = case when rank is null or $8 > rank then $9
                    when $8 = rank then tombstone or $9 else tombstone end,
                rank = greatest(rank, $8),
                token = null, lease_until = null, forget_at = greatest(forget_at, @now + $10)
            where source = $1 and tenant = $2 and consumer = $3 and name = $4
            and token is not distinct from $7 and @wait",
        )
        .bind(token)
        .bind(place.rank.as_bytes())
        .bind(place.last)
        .bind(micros(slot.remember))
        .execute(&mut *conn)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    reach(conn, at, row, &place.rank).await?;
    Ok(true)
}

/// Frees the slot's stream and leaves its mark; `false` if the token does not hold it.
pub(super) async fn let_go(conn: &mut PgConnection, at: At<'_>, slot: &Slot, token: i64) -> Result<bool, sqlx::Error> {
    // Nothing is left of a stream that has no mark; nobody waits in one.
    const NEW: &str = "delete from @table_stream@end
        where source = $1 and tenant = $2 and consumer = $3 and name = $4 and token = $7 and rank is null and @wait";
    const AGAIN: &str = "update @table_stream@end set token = null, lease_until = null
        where source = $1 and tenant = $2 and consumer = $3 and name = $4 and token = $7 and @wait";
    let Some(place) = &slot.place else { return Ok(true) };
    for sql in [NEW, AGAIN] {
        let row = Row::of_stream(slot, &place.stream);
        if row.query(at, sql).bind(token).execute(&mut *conn).await?.rows_affected() > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
