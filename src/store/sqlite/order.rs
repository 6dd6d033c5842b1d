//! Streams: held, moved on, waited in.

use std::time::Duration;

use sqlx::SqliteConnection;

use super::{
    super::{
        Blocked, Claim, OrderingStore, Place, Rank, Slot, Stream,
        verdict::{Entry, PATIENCE, SKIPPED, TRY_AGAIN, Verdict, first_mark, judge, waits},
    },
    SqliteStore,
    row::{Row, after, date, nanos, until},
    sqlx,
};
use crate::Error;

impl OrderingStore for SqliteStore {
    async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, Error> {
        // `since` stands in the row that `min` is from. Who holds the stream waits for nothing, nor does who comes next.
        const SQL: &str =
            "select source, nullif(tenant, 0), consumer, name, min(rank), since, count(*) from inhook_waiting as w
            where (?1 is null or (source, tenant, consumer, name) > (?1, ifnull(?2, 0), ?3, ?4)) and wait >= 0
            and not exists (
                select 1 from inhook_stream as s join inhook_event as e using (source, tenant, consumer, token)
                where s.source = w.source and s.tenant = w.tenant and s.consumer = w.consumer and s.name = w.name
                and s.lease_until > ?5 and e.id = w.id)
            group by source, tenant, consumer, name having sum(?5 - since >= wait) > 0
            order by source, tenant, consumer, name limit ?6";
        type Found = (String, Option<String>, String, String, Vec<u8>, i64, i64);
        let query = sqlx::query_as(SQL)
            .bind(after.map(|s| &*s.source))
            .bind(after.and_then(|s| s.tenant.as_deref()))
            .bind(after.map(|s| &*s.consumer))
            .bind(after.map(|s| &*s.name));
        let found: Vec<Found> =
            query.bind(self.now()).bind(i64::from(limit)).fetch_all(self.pool()).await.map_err(Error::store)?;
        let blocked = found.into_iter().map(|(source, tenant, consumer, name, rank, since, waiting)| {
            let stream = Stream { source, tenant, consumer, name };
            Blocked::new(stream, Rank::bytes(rank), date(since), waiting.cast_unsigned())
        });
        Ok(blocked.collect())
    }

    async fn skip(&self, stream: &Stream, rank: &Rank) -> Result<bool, Error> {
        let Some(previous) = rank.previous() else { return Ok(false) };
        let mut tx = self.write().await?;
        let moved = Row::from(stream)
            .query(
                "insert into inhook_stream (source, tenant, consumer, name, rank, forget_at)
                values (?1, ifnull(?2, 0), ?3, ?4, ?5, ?6)
                on conflict do update set rank = excluded.rank, forget_at = max(forget_at, excluded.forget_at)
                where rank is null or rank < excluded.rank",
            )
            .bind(previous.as_bytes())
            .bind(after(self.now(), SKIPPED))
            .execute(&mut *tx)
            .await
            .map_err(Error::store)?
            .rows_affected();
        if moved > 0 {
            reach(&mut tx, stream.into(), &previous).await?;
        }
        tx.commit().await?;
        Ok(moved > 0)
    }
}

type Seen = (Option<Vec<u8>>, bool, Option<i64>);

/// Why the place cannot be had, or how it is come to if it can or there is none.
pub(super) async fn refusal<G>(
    conn: &mut SqliteConnection,
    slot: &Slot,
    now: i64,
) -> Result<Result<Entry, Claim<G>>, Error> {
    let Some(place) = &slot.place else { return Ok(Ok(Entry::InTurn)) };
    let row = Row::of_stream(slot, &place.stream);
    let seen: Option<Seen> = row
        .select(
            "select rank, tombstone, lease_until from inhook_stream
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4",
        )
        .fetch_optional(&mut *conn)
        .await
        .map_err(Error::store)?;
    let Some((mark, tombstone, lease_until)) = seen else { return Ok(Ok(Entry::unmarked(place))) };
    // By another key: this one's lease has run out, and with it that of its stream.
    if let Some(lease_until) = lease_until.filter(|at| *at > now) {
        return Ok(Err(Claim::Busy { retry_after: until(now, lease_until) }));
    }
    let Some(mark) = mark.map(Rank::bytes) else { return Ok(Ok(Entry::unmarked(place))) };
    match judge(place, &mark, tombstone) {
        Verdict::Apply => Ok(Ok(Entry::InTurn)),
        Verdict::Stale => {
            stop_waiting(conn, slot).await?;
            Ok(Err(Claim::Stale))
        }
        Verdict::Wait(wait, on_gap) => {
            let left = note(conn, slot, place, wait, now).await?;
            let left = match waits(wait, on_gap, left) {
                None => lower(conn, slot, place, now).await?,
                left => left,
            };
            Ok(left.map_or(Ok(Entry::AfterGap), |retry_after| Err(Claim::Busy { retry_after })))
        }
    }
}

/// For how long the lowest that waits below the place is not to be passed over, if any is.
async fn lower(conn: &mut SqliteConnection, slot: &Slot, place: &Place, now: i64) -> Result<Option<Duration>, Error> {
    let until_passed: Option<(i64, i64)> = Row::of_stream(slot, &place.stream)
        .select(
            "select since, max(wait, -1 - wait) from inhook_waiting
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4 and rank < ?5
            and ?6 - since < ?7 * max(wait, -1 - wait) order by rank limit 1",
        )
        .bind(place.rank.as_bytes())
        .bind(now)
        .bind(PATIENCE)
        .fetch_optional(conn)
        .await
        .map_err(Error::store)?;
    Ok(until_passed.map(|(since, wait)| {
        let passed = since.saturating_add(wait.saturating_mul(PATIENCE.into()));
        until(now, passed).max(TRY_AGAIN)
    }))
}

/// Notes that the event waits, and says for how long it still has to.
async fn note(
    conn: &mut SqliteConnection,
    slot: &Slot,
    place: &Place,
    wait: Duration,
    now: i64,
) -> Result<Duration, Error> {
    let row = Row::of_stream(slot, &place.stream);
    let since: (i64,) = row
        .select(
            "insert into inhook_waiting (source, tenant, consumer, name, rank, id, since, wait)
            values (?1, ifnull(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8)
            on conflict do update set wait = excluded.wait returning since",
        )
        .bind(place.rank.as_bytes())
        .bind(&*slot.key.id)
        .bind(now)
        .bind(nanos(wait))
        .fetch_one(&mut *conn)
        .await
        .map_err(Error::store)?;
    // The stream has seen something.
    row.query(
        "update inhook_stream set forget_at = max(forget_at, ?5)
        where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4",
    )
    .bind(after(now, slot.remember))
    .execute(conn)
    .await
    .map_err(Error::store)?;
    Ok(until(now, after(since.0, wait)))
}

pub(super) async fn stop_waiting(conn: &mut SqliteConnection, slot: &Slot) -> Result<(), Error> {
    let Some(place) = &slot.place else { return Ok(()) };
    Row::of_stream(slot, &place.stream)
        .query(
            "delete from inhook_waiting
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4 and rank = ?5 and id = ?6",
        )
        .bind(place.rank.as_bytes())
        .bind(&*slot.key.id)
        .execute(conn)
        .await
        .map_err(Error::store)?;
    Ok(())
}

/// Where the mark has come to `rank`, neither that nor what comes next waits any longer; but nothing is to pass over the
/// latter, so that is still noted.
async fn reach(conn: &mut SqliteConnection, row: Row<'_>, rank: &Rank) -> Result<(), Error> {
    const GONE: &str = "delete from inhook_waiting
        where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4 and rank <= ?5";
    const NEXT: &str = "update inhook_waiting set wait = -1 - wait
        where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4 and rank = ?5 and wait >= 0";
    row.query(GONE).bind(rank.as_bytes()).execute(&mut *conn).await.map_err(Error::store)?;
    if let Some(next) = rank.next() {
        row.query(NEXT).bind(next.as_bytes()).execute(conn).await.map_err(Error::store)?;
    }
    Ok(())
}

/// Marks a stream without a mark, before there is a transaction whose end could undo it.
pub(super) async fn mark_first(conn: &mut SqliteConnection, slot: &Slot, now: i64) -> Result<(), Error> {
    let Some((place, mark)) = slot.place.as_ref().and_then(|place| Some((place, first_mark(place)?))) else {
        return Ok(());
    };
    Row::of_stream(slot, &place.stream)
        .query(
            "insert into inhook_stream (source, tenant, consumer, name, rank, forget_at)
            values (?1, ifnull(?2, 0), ?3, ?4, ?5, ?6)
            on conflict do update set rank = excluded.rank, forget_at = max(forget_at, excluded.forget_at)
            where rank is null",
        )
        .bind(mark.as_bytes())
        .bind(after(now, slot.remember))
        .execute(conn)
        .await
        .map_err(Error::store)?;
    Ok(())
}

/// Takes the slot's stream for a token and its lease, or, in a transaction, from whoever's lease has run out.
pub(super) async fn hold(
    conn: &mut SqliteConnection,
    slot: &Slot,
    now: i64,
    lease: Option<(i64, i64)>,
) -> Result<(), Error> {
    let Some(place) = &slot.place else { return Ok(()) };
    Row::of_stream(slot, &place.stream)
        .query(
            "insert into inhook_stream (source, tenant, consumer, name, token, lease_until, forget_at, rank)
            values (?1, ifnull(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8)
            on conflict do update set token = excluded.token, lease_until = excluded.lease_until,
                forget_at = max(forget_at, excluded.forget_at), rank = ifnull(rank, excluded.rank)",
        )
        .bind(lease.map(|(token, _)| token))
        .bind(lease.map(|(_, until)| until))
        .bind(after(now, slot.remember))
        .bind(first_mark(place).as_ref().map(Rank::as_bytes))
        .execute(conn)
        .await
        .map_err(Error::store)?;
    Ok(())
}

/// `false` if the token does not hold the slot's stream.
pub(super) async fn extend(
    conn: &mut SqliteConnection,
    slot: &Slot,
    token: i64,
    lease_until: i64,
) -> Result<bool, Error> {
    let Some(place) = &slot.place else { return Ok(true) };
    let done = Row::of_stream(slot, &place.stream)
        .query(
            "update inhook_stream set lease_until = ?6
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4 and token = ?5",
        )
        .bind(token)
        .bind(lease_until)
        .execute(conn)
        .await
        .map_err(Error::store)?;
    Ok(done.rows_affected() > 0)
}

/// Moves the mark to the slot's place and frees the stream; `false` if the token (in a transaction: nobody) does not
/// hold it.
pub(super) async fn advance(
    conn: &mut SqliteConnection,
    slot: &Slot,
    token: Option<i64>,
    now: i64,
) -> Result<bool, Error> {
    let Some(place) = &slot.place else { return Ok(true) };
    let row = Row::of_stream(slot, &place.stream);
    let done = row
        .query(
            "update inhook_stream set
                tombstone = case when rank is null or ?6 > rank then ?7 when ?6 = rank then tombstone or ?7 else tombstone end,
                rank = max(ifnull(rank, ?6), ?6),
                token = null, lease_until = null, forget_at = max(forget_at, ?8)
            where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4 and token is ?5",
        )
        .bind(token)
        .bind(place.rank.as_bytes())
        .bind(place.last)
        .bind(after(now, slot.remember))
        .execute(&mut *conn)
        .await
        .map_err(Error::store)?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    reach(conn, row, &place.rank).await?;
    Ok(true)
}

/// Frees the slot's stream and leaves its mark; `false` if the token does not hold it.
pub(super) async fn let_go(conn: &mut SqliteConnection, slot: &Slot, token: i64) -> Result<bool, Error> {
    // Nothing is left of a stream that has no mark; nobody waits in one.
    const NEW: &str = "delete from inhook_stream
        where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4 and token = ?5 and rank is null";
    const AGAIN: &str = "update inhook_stream set token = null, lease_until = null
        where source = ?1 and tenant = ifnull(?2, 0) and consumer = ?3 and name = ?4 and token = ?5";
    let Some(place) = &slot.place else { return Ok(true) };
    for sql in [NEW, AGAIN] {
        let row = Row::of_stream(slot, &place.stream);
        let done = row.query(sql).bind(token).execute(&mut *conn).await.map_err(Error::store)?;
        if done.rows_affected() > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
