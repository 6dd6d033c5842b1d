//! What is over, removed bit by bit.

use super::{PgStore, sqlx, tx::again};

/// How many rows a statement of `purge` removes at most: what it locks is let go of soon, and whoever commits meanwhile
/// waits for little. With 1000 the slowest hundredth of claims took 2.5 times as long as without a purge, with these 1.7.
const CHUNK: u64 = 250;

/// `$2` is how many, `$3` the earliest end to look at. What somebody is at is left for the next time.
const PURGE: [&str; 4] = [
    // Marks, unless a redrive holds the key: then the claim is over first.
    "with gone as (
        delete from @table_event@end where ctid = any(array(
            select ctid from @table_event@end
            where forget_at >= $3 and forget_at <= @time and (token is null or lease_until <= @time)
            order by forget_at limit $2 for update skip locked))
        returning forget_at as until)
    select count(*), max(until) from gone",
    "with gone as (
        delete from @table_event@end where ctid = any(array(
            select ctid from @table_event@end
            where lease_until >= $3 and lease_until <= @time and done_generation is null
            order by lease_until limit $2 for update skip locked))
        returning lease_until as until)
    select count(*), max(until) from gone",
    // A redrive's claim that ran out leaves the mark as it was. They are few: each time all are looked at.
    "with gone as (
        update @table_event@end set token = null, lease_until = null where ctid = any(array(
            select ctid from @table_event@end
            where lease_until >= $3 and lease_until <= @time and done_generation is not null
            order by lease_until limit $2 for update skip locked))
        returning 1)
    select count(*), null::bigint from gone",
    "with gone as (
        delete from @table_stream@end where ctid = any(array(
            select ctid from @table_stream@end
            where not tombstone and forget_at >= $3 and forget_at <= @time and (token is null or lease_until <= @time)
            order by forget_at limit $2 for update skip locked))
        returning forget_at as until)
    select count(*), max(until) from gone",
];

impl PgStore {
    /// Removes at most so many of what is over, and says how many it did.
    pub(super) async fn purge_all(&self, limit: u32) -> Result<u64, sqlx::Error> {
        let limit = u64::from(limit);
        let mut removed = 0;
        for sql in PURGE {
            // Where the last chunk ended: an index still holds what was removed, and looking past it takes ever longer.
            let mut from = i64::MIN;
            while removed < limit {
                let chunk = (limit - removed).min(CHUNK);
                let (done, last) = again(|| self.purge_chunk(sql, from, chunk)).await?;
                removed += done;
                from = last.unwrap_or(from);
                if done < chunk {
                    break;
                }
            }
        }
        Ok(removed)
    }

    /// How many it removed, and the last end among them.
    async fn purge_chunk(&self, sql: &'static str, from: i64, chunk: u64) -> Result<(u64, Option<i64>), sqlx::Error> {
        let at = self.at();
        let (removed, last): (i64, _) = sqlx::query_as(at.sql.get(sql))
            .bind(at.now)
            .bind(i64::try_from(chunk).unwrap_or(i64::MAX))
            .bind(from)
            .fetch_one(self.pool())
            .await?;
        Ok((removed.cast_unsigned(), last))
    }
}
