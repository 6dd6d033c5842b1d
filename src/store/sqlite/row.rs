//! How keys, times and spans stand in the tables.

use std::time::Duration;

use sqlx::{
    FromRow, Sqlite,
    query::{Query, QueryAs},
    sqlite::{SqliteArguments, SqliteRow},
};
use time::OffsetDateTime;

use super::{
    super::{Key, Slot, Stream, Token},
    sqlx,
};

/// The four columns that every table of events or streams begins with: `?1` to `?4` of a statement.
///
/// In SQL a tenant is `ifnull(?2, 0)` on its way in and `nullif(tenant, 0)` on its way out.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) source: &'a str,
    pub(super) tenant: Option<&'a str>,
    pub(super) consumer: &'a str,
    /// The event's id or the stream's name.
    pub(super) name: &'a str,
}

impl<'a> Row<'a> {
    pub(super) fn of_stream(slot: &'a Slot, name: &'a str) -> Self {
        Self { name, ..Self::from(&slot.key) }
    }

    pub(super) fn query(self, sql: &'static str) -> Query<'a, Sqlite, SqliteArguments> {
        sqlx::query(sql).bind(self.source).bind(self.tenant).bind(self.consumer).bind(self.name)
    }

    pub(super) fn select<O>(self, sql: &'static str) -> QueryAs<'a, Sqlite, O, SqliteArguments>
    where
        O: for<'r> FromRow<'r, SqliteRow>,
    {
        sqlx::query_as(sql).bind(self.source).bind(self.tenant).bind(self.consumer).bind(self.name)
    }
}

impl<'a> From<&'a Key> for Row<'a> {
    fn from(key: &'a Key) -> Self {
        Self { source: &key.source, tenant: key.tenant.as_deref(), consumer: &key.consumer, name: &key.id }
    }
}

impl<'a> From<&'a Stream> for Row<'a> {
    fn from(stream: &'a Stream) -> Self {
        Self {
            source: &stream.source,
            tenant: stream.tenant.as_deref(),
            consumer: &stream.consumer,
            name: &stream.name,
        }
    }
}

/// In nanoseconds; what is too long to be told apart from for ever is for ever.
pub(super) fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

pub(super) fn after(now: i64, span: Duration) -> i64 {
    now.saturating_add(nanos(span))
}

pub(super) fn until(now: i64, then: i64) -> Duration {
    Duration::from_nanos(u64::try_from(then.saturating_sub(now)).unwrap_or_default())
}

pub(super) fn date(nanos: i64) -> OffsetDateTime {
    // Every number of nanoseconds that fits is a date between 1677 and 2262.
    OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `None` for one that this store cannot have made.
pub(super) fn token(token: Token) -> Option<i64> {
    i64::try_from(token.0).ok()
}
