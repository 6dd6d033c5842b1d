//! What only a server can do: schema, waiting for each other, being cut off, other processes, death by SIGKILL.

#[cfg(feature = "testing")]
mod contract;
#[cfg(feature = "testing")]
mod handlers;
mod processes;
mod schema;
pub(crate) mod server;
mod transactions;

use std::time::Duration;

use inhook::{
    Answer, ErrorKind,
    store::{
        Claim, Held, IdempotencyStore, Key, Order, OrderingStore, Slot, Token, TransactionalStore,
        postgres::{
            MIGRATIONS, PgStore, PgTx,
            sqlx::{self, PgConnection, PgPool},
        },
    },
};

use self::server::{Database, database};
use crate::{
    slots::{LEASE, REMEMBER, claim, complete, granted, placed, slot},
    transactions::begin,
};

/// For a lock that somebody is sure to let go of.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store that waits so long for a lock, beside a table of effects.
async fn store(database: &Database, size: u32, wait: Duration) -> PgStore {
    let store = PgStore::builder(database.pool(size).await).wait(wait).open().await.unwrap();
    let mut conn = store.pool().acquire().await.unwrap();
    // Two who make the same table at once would collide.
    sqlx::raw_sql(
        "begin; select pg_advisory_xact_lock(1);
        create table if not exists effects (id text not null); commit",
    )
    .execute(&mut *conn)
    .await
    .unwrap();
    check_rows(&mut conn, "public").await;
    store
}

/// What is so of every row, and which a database that is used has no time to look at: see `schema.sql`.
async fn check_rows(conn: &mut PgConnection, schema: &str) {
    let sql = format!(
        "do $do$ begin
            set local search_path to {schema};
            perform pg_advisory_xact_lock(1);
            if exists (select from pg_constraint where conrelid = 'inhook_event'::regclass and contype = 'c') then
                return;
            end if;
            alter table inhook_event add check (
                (done_generation is null) = (forget_at is null) and (token is null) = (lease_until is null)
                and (done_generation is not null or token is not null));
            alter table inhook_stream add check (
                (token is null) = (lease_until is null) and (rank is not null or not tombstone));
        end $do$"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(conn).await.unwrap();
}

async fn affect(conn: &mut PgConnection, id: &str) {
    sqlx::query("insert into effects (id) values ($1)").bind(id).execute(conn).await.unwrap();
}

async fn effects(store: &PgStore, id: &str) -> i64 {
    sqlx::query_scalar("select count(*) from effects where id = $1").bind(id).fetch_one(store.pool()).await.unwrap()
}
