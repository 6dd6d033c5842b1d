//! What only a server can do: schema, waiting for each other, being cut off, other processes, death by SIGKILL.

#[cfg(feature = "testing")]
mod contract;
#[cfg(feature = "testing")]
mod handlers;
mod processes;
mod schema;
mod server;
mod transactions;

use std::time::Duration;

use inhook::{
    Answer, ErrorKind,
    store::{
        Claim, Held, IdempotencyStore, Key, Order, OrderingStore, Slot, TransactionalStore,
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
    store
}

async fn affect(conn: &mut PgConnection, id: &str) {
    sqlx::query("insert into effects (id) values ($1)").bind(id).execute(conn).await.unwrap();
}

async fn effects(store: &PgStore, id: &str) -> i64 {
    sqlx::query_scalar("select count(*) from effects where id = $1").bind(id).fetch_one(store.pool()).await.unwrap()
}
