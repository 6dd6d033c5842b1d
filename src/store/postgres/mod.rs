//! A store in PostgreSQL, for any number of machines.
//!
//! [`sqlx`](https://docs.rs/sqlx) is the driver, re-exported here, so that a handler in a transaction can be written
//! against the same version. A later major version of it is a later major version of this crate.

mod claim;
mod dead;
mod order;
mod purge;
mod row;
mod schema;
mod sql;
mod tx;
mod write;

use std::{fmt, sync::Arc, time::Duration};

pub use sqlx;
use sqlx::PgPool;

use self::{row::At, sql::Statements};
pub use self::{schema::MIGRATIONS, tx::PgTx};
use crate::{Clock, Error, ErrorKind};

/// What a name in PostgreSQL may be long, less the longest that is put behind a prefix.
const LONGEST: usize = 63 - 30;

/// Remembers in PostgreSQL 13 or later: durable, shared by any number of processes, transactional.
///
/// It keeps tables of its own beside yours, in the schema `public` and with names that begin with `inhook_` unless
/// [`builder`](Self::builder) says otherwise. What it remembers of an event is ids and digests; a
/// [dead letter](super::DeadLetterStore) holds the whole event, personal data included, so guard the database as you
/// guard that.
///
/// # Handlers in a transaction
/// The mark is inserted first, in the transaction that the handler writes through, at READ COMMITTED. Whoever wants the
/// same key, or the same stream, waits for that transaction's end, for at most [`wait`](PgBuilder::wait); in vain, a
/// claim or a transaction is [`Claim::Busy`](super::Claim::Busy), and any other verb fails with
/// [`Store`](crate::ErrorKind::Store). Other keys wait for nothing. A connection of the pool is in use until the
/// transaction has ended, and one for each that waits: the pool must be larger than the handlers that run at once.
///
/// A handler that leaves its transaction without a statement for longer than [`idle`](PgBuilder::idle) is cut off by
/// PostgreSQL, and rolled back. Nor may a handler end the transaction itself; one that does is an error. A commit that
/// fails for a deadlock or a serialization failure is an error too, and the provider sends again: the handler cannot be
/// run a second time from here. What the store does before and after the handler, it tries again by itself.
///
/// # Time
/// Leases and marks are timed by the database's clock, so machines may disagree about the time, unless
/// [`clock`](Self::clock) says otherwise.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use inhook::store::{PgStore, postgres::sqlx::PgPool};
///
/// let pool = PgPool::connect("postgres://app@db.internal/app").await?;
/// let store = PgStore::new(pool).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PgStore {
    pool: PgPool,
    clock: Option<Clock>,
    sql: Arc<Statements>,
    wait: Arc<str>,
    idle: Arc<str>,
}

impl PgStore {
    /// Keeps its tables in the database of a pool of yours, and makes them or brings them up to date if need be.
    ///
    /// # Errors
    /// As those of [`PgBuilder::open`].
    pub async fn new(pool: PgPool) -> Result<Self, Error> {
        Self::builder(pool).open().await
    }

    /// The same, with more to say about it.
    pub fn builder(pool: PgPool) -> PgBuilder {
        PgBuilder {
            pool,
            schema: "public".to_owned(),
            prefix: "inhook_".to_owned(),
            migrate: true,
            wait: Duration::from_secs(2),
            idle: Duration::from_secs(60),
        }
    }

    /// Reads the time from there and not from the database: for tests. All who share the tables must agree on it.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The connections, for queries of your own.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    fn at(&self) -> At<'_> {
        let now = self.clock.as_ref().map(|clock| {
            let now = clock.now().unix_timestamp_nanos() / 1000;
            i64::try_from(now).unwrap_or_default()
        });
        At { sql: &self.sql, now, wait: &self.wait }
    }
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// Where a [`PgStore`] keeps its tables, and how long it waits.
#[must_use]
pub struct PgBuilder {
    pool: PgPool,
    schema: String,
    prefix: String,
    migrate: bool,
    wait: Duration,
    idle: Duration,
}

impl PgBuilder {
    /// The schema that the tables are in, `public` unless said. One that is not there is made, if the pool's user may.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// What the tables' names begin with, `inhook_` unless said.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Whether the tables are made and brought up to date here, which is so unless said. If not, [`MIGRATIONS`] have to
    /// be run before.
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// For how long a lock is waited for: a key or stream that is in somebody's transaction; 2 s unless said. Stay well
    /// below the provider's deadline.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// For how long a handler may leave its transaction without a statement; 60 s unless said. After that PostgreSQL
    /// closes the connection and rolls back, so that others get their turn.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) if a name is not made of lower-case letters, digits and underscores, with no
    /// digit first, or is longer than 33; if a time is below a millisecond or above 24 days; if the server is older than
    /// version 13, the connections have `synchronous_commit` off, or the tables are of another version than this crate's
    /// (and not to be migrated); [`Store`](crate::ErrorKind::Store) if the database fails.
    pub async fn open(self) -> Result<PgStore, Error> {
        let named = |name: &str| {
            let first = name.bytes().next().is_some_and(|c| !c.is_ascii_digit());
            let plain = name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_');
            first && plain && name.len() <= LONGEST
        };
        if !named(&self.schema) || !named(&self.prefix) {
            return Err(Error::new(ErrorKind::Config, "a schema or prefix must be like `inhook_1`, 33 bytes at most"));
        }
        let (Some(wait), Some(idle)) = (millis(self.wait), millis(self.idle)) else {
            return Err(Error::new(ErrorKind::Config, "a wait must be from 1 ms to 24 days"));
        };
        let sql = Arc::new(Statements::new(&self.schema, &self.prefix));
        let store = PgStore { pool: self.pool, clock: None, sql, wait, idle };
        schema::inspect(&store.pool).await?;
        if self.migrate {
            schema::migrate(&store.pool, store.at(), &self.schema, &self.prefix).await?;
        } else {
            schema::check(&store.pool, store.at()).await?;
        }
        Ok(store)
    }
}

impl fmt::Debug for PgBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgBuilder")
            .field("schema", &self.schema)
            .field("prefix", &self.prefix)
            .field("migrate", &self.migrate)
            .field("wait", &self.wait)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

/// As PostgreSQL reads it; zero would be for ever.
fn millis(span: Duration) -> Option<Arc<str>> {
    let millis = i32::try_from(span.as_millis()).ok().filter(|millis| *millis > 0)?;
    Some(millis.to_string().into())
}
