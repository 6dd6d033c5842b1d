//! Transactions, and which of PostgreSQL's refusals are worth another try.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::{super::Held, sqlx};
use crate::rt::Detached;

/// How often a step is tried that PostgreSQL keeps taking back.
const TRIES: usize = 10;

/// A transaction that holds a mark; dereferences to the connection.
///
/// Dropped, it rolls back before its connection is used again. Begin no further one on it but with
/// `sqlx::Connection::begin`, which sets a savepoint, and do not drop that future half done: sqlx rolls back all of the
/// transaction then, and whatever is written after it stands by itself. The mark is refused in the end, so the event comes
/// again, and with it those writes.
pub struct PgTx(Transaction<'static, Postgres>);

impl PgTx {
    /// At READ COMMITTED, whatever the database's default is: a row that was waited for must be seen.
    pub(super) async fn begin(pool: &PgPool) -> Result<Self, sqlx::Error> {
        // It ends whoever is dropped: sqlx rolls nothing back for him who waits for BEGIN, and the pool would lend out a
        // connection on which no later claim is ever committed.
        let pool = pool.clone();
        let begun = Detached::new(Box::pin(async move {
            pool.begin_with("begin isolation level read committed read write").await.map(Self)
        }));
        begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.0.commit().await
    }

    /// Commits if the token held, and rolls back what a part of the verb may have changed if not.
    pub(super) async fn settle(self, held: bool) -> Result<Held, sqlx::Error> {
        if held {
            self.commit().await?;
            return Ok(Held::Yes);
        }
        self.rollback().await?;
        Ok(Held::Lost)
    }

    pub(super) async fn rollback(self) -> Result<(), sqlx::Error> {
        self.0.rollback().await
    }
}

impl Deref for PgTx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for PgTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl fmt::Debug for PgTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PgTx")
    }
}

fn code_is(error: &sqlx::Error, codes: &[&str]) -> bool {
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| codes.contains(&&*code))
}

/// A lock was waited for in vain.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    code_is(error, &["55P03"])
}

/// Tries a verb again that was rolled back for a deadlock or because it could not be put in order with others.
pub(super) async fn again<T, F>(mut verb: impl FnMut() -> F) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    for _ in 1..TRIES {
        match verb().await {
            Err(e) if code_is(&e, &["40001", "40P01"]) => {}
            done => return done,
        }
    }
    verb().await
}
