//! The tables, and what a database must be before they are trusted.

use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::{
    row::At,
    sqlx,
    tx::{PgTx, again},
};
use crate::{Error, ErrorKind};

/// The scripts that bring the tables from each version to the next, with the default prefix, for those who run their
/// own migrations: run those that were not, in order, with the store's schema first in `search_path`, and write how
/// many they are into `inhook_schema`. Only ever added to.
///
/// With another prefix, write that wherever `inhook_` stands.
pub const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// Any number will do that nobody else locks.
const LOCK: i64 = 0x696e_686f_6f6b;

/// Makes the tables or brings them up to date, whoever else does the same at this moment.
pub(super) async fn migrate(pool: &PgPool, at: At<'_>, schema: &str, prefix: &str) -> Result<(), Error> {
    if version(pool, at).await? == MIGRATIONS.len() {
        return Ok(());
    }
    again(|| run(pool, at, schema, prefix)).await.map_err(Error::store)?;
    check(pool, at).await
}

/// That they are there, and of this version.
pub(super) async fn check(pool: &PgPool, at: At<'_>) -> Result<(), Error> {
    if version(pool, at).await? == MIGRATIONS.len() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, "the database's tables are missing or of an earlier version"))
}

async fn run(pool: &PgPool, at: At<'_>, schema: &str, prefix: &str) -> Result<(), sqlx::Error> {
    let mut tx = PgTx::begin(pool).await?;
    // Until the transaction ends; one lock for all schemas, since making a schema has to wait its turn as well.
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
    let from = applied(&mut tx, at).await?.unwrap_or_default();
    if from >= MIGRATIONS.len() as i64 {
        return tx.rollback().await;
    }
    let there: bool = sqlx::query_scalar("select exists (select from pg_namespace where nspname = $1)")
        .bind(schema)
        .fetch_one(&mut *tx)
        .await?;
    // Even with `if not exists` this wants a right that a schema's user need not have.
    if !there {
        sqlx::raw_sql(AssertSqlSafe(format!("create schema \"{schema}\""))).execute(&mut *tx).await?;
    }
    let path = format!("set local search_path to \"{schema}\"; set local client_min_messages to warning");
    sqlx::raw_sql(AssertSqlSafe(path)).execute(&mut *tx).await?;
    for script in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or_default()) {
        sqlx::raw_sql(AssertSqlSafe(script.replace("inhook_", prefix))).execute(&mut *tx).await?;
    }
    sqlx::query(at.sql.get("update @table_schema@end set version = $1"))
        .bind(MIGRATIONS.len() as i32)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// How many of the scripts have run.
async fn version(pool: &PgPool, at: At<'_>) -> Result<usize, Error> {
    let mut conn = pool.acquire().await.map_err(Error::store)?;
    let Some(version) = applied(&mut conn, at).await.map_err(Error::store)? else { return Ok(0) };
    usize::try_from(version)
        .ok()
        .filter(|version| *version <= MIGRATIONS.len())
        .ok_or(Error::new(ErrorKind::Config, "the database's tables are of a version that this one does not know"))
}

async fn applied(conn: &mut PgConnection, at: At<'_>) -> Result<Option<i64>, sqlx::Error> {
    // Not by `to_regclass`, whose cache does not know what somebody made while one waited for the advisory lock.
    let there: bool = sqlx::query_scalar(
        "select exists (
            select from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where format('\"%s\".\"%s\"', n.nspname, c.relname) = $1)",
    )
    .bind(format!("{}schema\"", at.sql.tables()))
    .fetch_one(&mut *conn)
    .await?;
    if !there {
        return Ok(None);
    }
    let version: i32 = sqlx::query_scalar(at.sql.get("select version from @table_schema@end")).fetch_one(conn).await?;
    Ok(Some(version.into()))
}

/// Whether a commit survives a crash of the server.
pub(super) async fn inspect(pool: &PgPool) -> Result<(), Error> {
    let (version, synchronous): (i32, String) =
        sqlx::query_as("select current_setting('server_version_num')::int, current_setting('synchronous_commit')")
            .fetch_one(pool)
            .await
            .map_err(Error::store)?;
    if version < 130_000 {
        return Err(Error::new(ErrorKind::Config, "PostgreSQL is older than version 13"));
    }
    if synchronous == "off" {
        return Err(Error::new(ErrorKind::Config, "the pool's connections have synchronous_commit off"));
    }
    Ok(())
}
