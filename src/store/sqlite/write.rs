//! One's turn to write.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use sqlx::{Connection as _, Sqlite, SqliteConnection, Transaction};
use tokio::{sync::OwnedMutexGuard, time::timeout};

use super::{super::Held, SqliteStore, sqlx};
use crate::{Error, ErrorKind};

const BUSY: Error = Error::new(ErrorKind::Store, "another transaction holds the database");

/// SQLite's `SQLITE_BUSY` and `SQLITE_LOCKED`, whatever the rest of the code says.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// A transaction that is the database's writer; dereferences to the connection.
///
/// Dropped, it rolls back before its connection is used again. Begin no further one on it but with
/// `sqlx::Connection::begin`, which sets a savepoint.
pub struct SqliteTx {
    tx: Transaction<'static, Sqlite>,
    // Dropped after the transaction.
    _turn: OwnedMutexGuard<()>,
}

impl SqliteTx {
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await.map_err(Error::store)
    }

    /// Commits if the token held, and rolls back what a part of the verb may have changed if not.
    pub(super) async fn settle(self, held: bool) -> Result<Held, Error> {
        if held {
            self.commit().await?;
            return Ok(Held::Yes);
        }
        self.rollback().await?;
        Ok(Held::Lost)
    }

    pub(super) async fn rollback(self) -> Result<(), Error> {
        self.tx.rollback().await.map_err(Error::store)
    }
}

impl Deref for SqliteTx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.tx
    }
}

impl DerefMut for SqliteTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }
}

impl fmt::Debug for SqliteTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteTx")
    }
}

impl SqliteStore {
    /// A transaction that may write; an error if somebody else kept the file for too long.
    pub(super) async fn write(&self) -> Result<SqliteTx, Error> {
        self.try_write().await?.ok_or(BUSY)
    }

    /// The same, but `None` if somebody else kept the file for too long.
    pub(super) async fn try_write(&self) -> Result<Option<SqliteTx>, Error> {
        let Ok(turn) = timeout(self.wait, Arc::clone(&self.turn).lock_owned()).await else {
            return Ok(None);
        };
        // Each pass but the last closes a connection; more than the pool has cannot be broken.
        for _ in 0..=self.pool.size() {
            // Writing from the start: a read that turns into a write cannot wait for its turn.
            match self.pool.begin_with("begin immediate").await {
                Ok(tx) => return Ok(Some(SqliteTx { tx, _turn: turn })),
                Err(e) if is_busy(&e) => return Ok(None),
                Err(sqlx::Error::InvalidSavePointStatement) => self.close_broken().await?,
                Err(e) => return Err(Error::store(e)),
            }
        }
        Err(BUSY)
    }

    /// sqlx counts a connection's transactions and does not see it when SQLite, for want of space or after an I/O
    /// error, or a handler, has ended one. Such a connection comes back from the pool and can begin nothing.
    async fn close_broken(&self) -> Result<(), Error> {
        let conn = self.pool.acquire().await.map_err(Error::store)?;
        if conn.is_in_transaction() {
            conn.close().await.map_err(Error::store)?;
        }
        Ok(())
    }
}
