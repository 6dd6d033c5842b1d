//! What only a server can do: schema, waiting for each other, being cut off, other processes, death by SIGKILL.

#[cfg(feature = "testing")]
#[path = "postgres/contract.rs"]
mod contract;
#[cfg(feature = "testing")]
#[path = "postgres/handlers.rs"]
mod handlers;
#[path = "postgres/processes.rs"]
mod processes;
#[path = "postgres/schema.rs"]
mod schema;
#[path = "postgres/server.rs"]
mod server;
#[path = "postgres/transactions.rs"]
mod transactions;

use std::time::Duration;

use inhook::{
    Answer, ErrorKind,
    store::{
        Claim, Grant, Held, IdempotencyStore, Key, Order, OrderingStore, Place, Slot, TransactionalStore,
        postgres::{
            MIGRATIONS, PgStore, PgTx,
            sqlx::{self, PgConnection, PgPool},
        },
    },
};

use self::server::{Database, database};

const LEASE: Duration = Duration::from_secs(60);
const REMEMBER: Duration = Duration::from_secs(86_400);
/// For a lock that somebody is sure to let go of.
const PATIENCE: Duration = Duration::from_secs(30);

fn slot(id: &str) -> Slot {
    Slot::new(Key::new("stripe", "orders", id), LEASE, REMEMBER)
}

fn placed(id: &str, stream: &str, rank: u64, order: Order) -> Slot {
    let mut slot = slot(id);
    slot.place = Some(Place::new(stream, rank, order));
    slot
}

/// Of a claim or a transaction that must be granted.
fn granted<G: std::fmt::Debug>(claim: Claim<G>) -> G {
    match claim {
        Claim::Granted(granted) => granted,
        other => panic!("{other:?}"),
    }
}

async fn claim(store: &PgStore, slot: &Slot) -> Grant {
    granted(store.claim(slot).await.unwrap())
}

async fn begin(store: &PgStore, slot: &Slot) -> PgTx {
    granted(store.begin(slot).await.unwrap()).tx
}

async fn complete(store: &PgStore, slot: &Slot) {
    let grant = claim(store, slot).await;
    assert_eq!(store.complete(slot, grant.token, Some(&Answer::text("done"))).await.unwrap(), Held::Yes);
}

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
