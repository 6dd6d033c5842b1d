//! The tables, and what a database must be before they are trusted.

use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};

use super::sqlx;
use crate::{Error, ErrorKind};

/// The script that brings the tables from each version to the next; only ever added to.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// Makes the tables or brings them up to date, whoever else does the same at this moment.
pub(super) async fn migrate(conn: &mut SqliteConnection) -> Result<(), Error> {
    // Opening a database that is up to date waits for no writer.
    if version(conn).await? == MIGRATIONS.len() {
        return Ok(());
    }
    let mut tx = conn.begin_with("begin immediate").await.map_err(Error::store)?;
    let from = version(&mut tx).await?;
    for script in MIGRATIONS.into_iter().skip(from) {
        sqlx::raw_sql(script).execute(&mut *tx).await.map_err(Error::store)?;
    }
    sqlx::query("update inhook_schema set version = ?1")
        .bind(i64::try_from(MIGRATIONS.len()).map_err(Error::store)?)
        .execute(&mut *tx)
        .await
        .map_err(Error::store)?;
    tx.commit().await.map_err(Error::store)
}

/// How many of the scripts have run.
async fn version(conn: &mut SqliteConnection) -> Result<usize, Error> {
    let there: bool = sqlx::query_scalar(
        "select exists (select 1 from sqlite_schema where type = 'table' and name = 'inhook_schema')",
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(Error::store)?;
    if !there {
        return Ok(0);
    }
    let version: i64 =
        sqlx::query_scalar("select version from inhook_schema").fetch_one(conn).await.map_err(Error::store)?;
    usize::try_from(version)
        .ok()
        .filter(|version| (1..=MIGRATIONS.len()).contains(version))
        .ok_or(Error::new(ErrorKind::Config, "the database's tables are of a version that this one does not know"))
}

/// Whether a commit survives a loss of power; if so, for how long a connection waits for the writer.
pub(super) async fn inspect(conn: &mut SqliteConnection) -> Result<Duration, Error> {
    let journal: String =
        sqlx::query_scalar("pragma journal_mode").fetch_one(&mut *conn).await.map_err(Error::store)?;
    if !journal.eq_ignore_ascii_case("wal") {
        return Err(Error::new(ErrorKind::Config, "the database's journal mode is not WAL"));
    }
    let synchronous: i64 =
        sqlx::query_scalar("pragma synchronous").fetch_one(&mut *conn).await.map_err(Error::store)?;
    if synchronous < 2 {
        return Err(Error::new(ErrorKind::Config, "the pool's connections are not set to synchronous = FULL"));
    }
    let millis: i64 = sqlx::query_scalar("pragma busy_timeout").fetch_one(conn).await.map_err(Error::store)?;
    Ok(Duration::from_millis(u64::try_from(millis).unwrap_or_default()))
}
