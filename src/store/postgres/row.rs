//! How keys, times and spans stand in the tables.

use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::{
    FromRow, Postgres,
    postgres::{PgArguments, PgRow},
    query::{Query, QueryAs},
};
use time::OffsetDateTime;

use super::{
    super::{Key, Slot, Stream, Token},
    sql::Statements,
    sqlx,
};

/// The longest span there is: added to any time of this age it still fits.
const FOR_EVER: i64 = i64::MAX / 2;

/// What every statement needs to know: where the tables are and what time it is.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) sql: &'a Statements,
    /// The time, where it is not the database's.
    pub(super) now: Option<i64>,
    /// For how long a lock is waited for, as PostgreSQL reads it.
    pub(super) wait: &'a str,
}

/// The four columns that every table of events or streams begins with: `$1` to `$4` of a statement.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    source: &'a str,
    tenant: Option<&'a str>,
    consumer: &'a str,
    /// The event's id or the stream's name.
    name: &'a str,
}

impl<'a> Row<'a> {
    pub(super) fn of_stream(slot: &'a Slot, name: &'a str) -> Self {
        Self { name, ..Self::from(&slot.key) }
    }

    /// What claims of one key lock before they draw a token, so that whoever gets the key later has the higher one: an
    /// insert that waits for another's end has drawn its own long before.
    pub(super) fn turn(self, at: At<'_>) -> i64 {
        let mut digest = Sha256::new().chain_update(at.sql.tables());
        for name in [self.source.as_bytes(), &tenant(self.tenant), self.consumer.as_bytes(), self.name.as_bytes()] {
            digest.update(name.len().to_be_bytes());
            digest.update(name);
        }
        digest.finalize().iter().take(8).fold(0, |turn, byte| turn << 8 | i64::from(*byte))
    }

    /// Binds `$1` to `$6`.
    pub(super) fn query(self, at: At<'a>, sql: &'static str) -> Query<'a, Postgres, PgArguments> {
        sqlx::query(at.sql.get(sql))
            .bind(self.source.as_bytes())
            .bind(tenant(self.tenant))
            .bind(self.consumer.as_bytes())
            .bind(self.name.as_bytes())
            .bind(at.now)
            .bind(at.wait)
    }

    /// The same, for what it returns.
    pub(super) fn select<O>(self, at: At<'a>, sql: &'static str) -> QueryAs<'a, Postgres, O, PgArguments>
    where
        O: for<'r> FromRow<'r, PgRow>,
    {
        sqlx::query_as(at.sql.get(sql))
            .bind(self.source.as_bytes())
            .bind(tenant(self.tenant))
            .bind(self.consumer.as_bytes())
            .bind(self.name.as_bytes())
            .bind(at.now)
            .bind(at.wait)
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

pub(super) fn tenant(tenant: Option<&str>) -> Vec<u8> {
    tenant.map(|tenant| [b"=", tenant.as_bytes()].concat()).unwrap_or_default()
}

/// The name that bytes of a table are.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, sqlx::Error> {
    String::from_utf8(bytes).map_err(|e| sqlx::Error::Decode(e.into()))
}

/// The tenant that bytes of a table are.
pub(super) fn tenant_of(mut bytes: Vec<u8>) -> Result<Option<String>, sqlx::Error> {
    if bytes.is_empty() {
        return Ok(None);
    }
    text(bytes.split_off(1)).map(Some)
}

/// In microseconds, rounded up; what is too long to be told apart from for ever is for ever.
pub(super) fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_nanos().div_ceil(1000)).map_or(FOR_EVER, |span| span.min(FOR_EVER))
}

pub(super) fn until(now: i64, then: i64) -> Duration {
    Duration::from_micros(u64::try_from(then.saturating_sub(now)).unwrap_or_default())
}

pub(super) fn date(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `None` for one that this store cannot have made.
pub(super) fn token(token: Token) -> Option<i64> {
    i64::try_from(token.0).ok()
}
