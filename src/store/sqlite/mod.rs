//! A store in one file, for one machine with a disk.
//!
//! [`sqlx`](https://docs.rs/sqlx) is the driver, re-exported here, so that a handler in a transaction can be written
//! against the same version. A later major version of it is a later major version of this crate.

mod claim;
mod dead;
mod order;
mod row;
mod schema;
mod tx;
mod write;

use std::{fmt, path::Path, sync::Arc, time::Duration};

pub use sqlx;
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

pub use self::write::SqliteTx;
use crate::{Clock, Error};

/// How long [`SqliteStore::open`] has its connections wait for the writer.
const WAIT: Duration = Duration::from_secs(5);

/// Remembers in an SQLite file: durable, shared by the processes of one machine, transactional.
///
/// It keeps its own tables, all of whose names begin with `inhook_`, and lives beside yours. What it remembers of an
/// event is ids and digests; a [dead letter](super::DeadLetterStore) holds the whole event, personal data included, so
/// guard the file as you guard that.
///
/// # One writer
/// SQLite has one writer at a time. A handler in a transaction is that writer from before it starts until its
/// transaction has ended, and whatever else writes to the file waits for it, in this process or another: for at most the
/// connection's busy timeout (5 s, where [`open`](Self::open) set it). A claim or a transaction that has waited so long is
/// [`Claim::Busy`](super::Claim::Busy), any other verb fails with [`Store`](crate::ErrorKind::Store). So let a handler do
/// what is slow, such as calling somebody else's service, before or after its transaction; inside, write through the
/// connection that it was given and never through [`pool`](Self::pool), which would wait for the handler's own end. Reading
/// through the pool waits for nobody, and sees nothing that is not yet committed. Nor may a handler end the transaction
/// itself: what it wrote after that would stand without the mark.
///
/// # Time
/// Leases and marks are timed by the machine's clock unless [`clock`](Self::clock) says otherwise; all processes that
/// share the file must agree on the time. A clock that is set forward ends leases early, so that a second holder may be
/// granted what the first still works on; one that is set back makes a lease that nobody extends last longer by as much.
///
/// ```no_run
/// # async fn run() -> Result<(), inhook::Error> {
/// use inhook::store::SqliteStore;
///
/// let store = SqliteStore::open("webhooks.db").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
    clock: Clock,
    /// Whose turn it is to write, among those in this process: a fair queue, and no thread that polls.
    turn: Arc<Mutex<()>>,
    wait: Duration,
}

impl SqliteStore {
    /// Opens the file, or makes it, and its tables, with WAL and `synchronous = FULL`: once a verb is done, its effect
    /// survives a loss of power.
    ///
    /// # Errors
    /// [`Store`](crate::ErrorKind::Store) if that cannot be done; [`Config`](crate::ErrorKind::Config) if WAL is not to be
    /// had there, as in memory or on some network file systems, or if a later version of this crate has made the tables.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(WAIT);
        // Held until the pool has a connection of its own: closing the last one would write the log back.
        let first = enter_wal(&options).await?;
        // A connection within the process does not go stale, so it need not be tried each time.
        let pool = SqlitePoolOptions::new().acquire_timeout(WAIT).test_before_acquire(false).connect_lazy_with(options);
        let store = Self::new(pool).await?;
        first.close().await.map_err(Error::store)?;
        Ok(store)
    }

    /// Keeps its tables in the database of a pool of yours, and makes them if need be.
    ///
    /// The database must be in WAL mode, as `SqliteConnectOptions::journal_mode` sets it once and for all, and every
    /// connection must have `synchronous` at `FULL`, which is the default, or `EXTRA`. This is looked up on one of them
    /// and refused otherwise, never changed: the file is yours. The options' busy timeout is for how long a verb waits
    /// for its turn to write.
    ///
    /// # Errors
    /// [`Config`](crate::ErrorKind::Config) as said above, or if a later version of this crate has made the tables;
    /// [`Store`](crate::ErrorKind::Store) if the database fails.
    pub async fn new(pool: SqlitePool) -> Result<Self, Error> {
        let mut conn = pool.acquire().await.map_err(Error::store)?;
        let wait = schema::inspect(&mut conn).await?;
        schema::migrate(&mut conn).await?;
        drop(conn);
        Ok(Self { pool, clock: Clock::system(), turn: Arc::default(), wait })
    }

    /// Reads the time from there.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The connections, for queries of your own.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// In nanoseconds since 1970.
    fn now(&self) -> i64 {
        let now = self.clock.now().unix_timestamp_nanos();
        i64::try_from(now).unwrap_or(if now < 0 { i64::MIN } else { i64::MAX })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("clock", &self.clock).field("wait", &self.wait).finish_non_exhaustive()
    }
}

/// Going over to WAL needs the file for oneself, and SQLite does not wait for that.
async fn enter_wal(options: &SqliteConnectOptions) -> Result<SqliteConnection, Error> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal);
    let until = Instant::now() + WAIT;
    loop {
        match options.connect().await {
            Err(e) if write::is_busy(&e) && Instant::now() < until => sleep(Duration::from_millis(10)).await,
            opened => return opened.map_err(Error::store),
        }
    }
}
