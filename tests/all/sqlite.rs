//! What only a file can do: schema, reopening, one writer, other processes, power loss by SIGKILL.

mod cancelled;
#[cfg(feature = "testing")]
mod contract;
mod keys;
mod one_writer;
mod opening;
mod processes;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use inhook::{
    Answer, Clock, ErrorKind, Event, Verifier, dangerous,
    provider::STRIPE,
    store::{
        Claim, DeadLetterStore, Held, IdempotencyStore, Order, OrderingStore, Slot, TransactionalStore,
        sqlite::{
            SqliteStore, SqliteTx,
            sqlx::{
                self, SqlitePool,
                sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
            },
        },
    },
};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::{
    slots::{LEASE, REMEMBER, claim, complete, granted, placed, slot},
    transactions::begin,
};

fn file() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("inhook.db");
    (dir, path)
}

/// A pool of `size` whose connections do not wait for the writer.
async fn impatient(path: &Path, size: u32) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::ZERO);
    SqlitePoolOptions::new().max_connections(size).connect_with(options).await.unwrap()
}

async fn affect(tx: &mut SqliteTx, id: &str) {
    sqlx::query("insert into effects (id) values (?1)").bind(id).execute(&mut **tx).await.unwrap();
}

async fn effects(store: &SqliteStore, id: &str) -> i64 {
    sqlx::query_scalar("select count(*) from effects where id = ?1").bind(id).fetch_one(store.pool()).await.unwrap()
}

async fn with_effects(store: SqliteStore) -> SqliteStore {
    sqlx::query("create table if not exists effects (id text not null)").execute(store.pool()).await.unwrap();
    store
}

fn event() -> Event {
    let verifier = Verifier::new(&STRIPE, "whsec_c2VjcmV0").unwrap();
    let body =
        bytes::Bytes::from_static(br#"{"id":"evt_1","type":"invoice.paid","created":1790000000,"data":{"object":{}}}"#);
    let headers = http::HeaderMap::new();
    dangerous::unverified(&verifier, (&headers, body)).unwrap().into_events().remove(0)
}
