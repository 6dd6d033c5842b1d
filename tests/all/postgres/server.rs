//! A PostgreSQL of this test run's own.

#[path = "../../../examples/support/postgres.rs"]
mod own;

use std::{
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use inhook::store::postgres::sqlx::{
    self, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::processes::without;

/// The server, which ends when this process does, or why there is none.
fn server() -> Result<&'static own::Server, &'static str> {
    static SERVER: OnceLock<Result<own::Server, String>> = OnceLock::new();
    let settings = ["max_connections=300", "fsync=off", "deadlock_timeout=100ms"];
    SERVER.get_or_init(|| own::Server::start(&settings)).as_ref().map_err(String::as_str)
}

/// A database of one test.
#[derive(Clone)]
pub(crate) struct Database {
    pub(super) socket: PathBuf,
    pub(super) name: String,
}

impl Database {
    pub(super) fn options(&self) -> PgConnectOptions {
        own::options(&self.socket).database(&self.name)
    }

    pub(crate) async fn pool(&self, size: u32) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(size).acquire_timeout(Duration::from_secs(60));
        pool.connect_with(self.options()).await.unwrap()
    }
}

/// A new one, or `None`, which leaves the test undone, where there is no PostgreSQL and nobody insists on it.
pub(crate) async fn database() -> Option<Database> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = match tokio::task::spawn_blocking(server).await.unwrap() {
        Ok(server) => server,
        Err(why) => {
            without("PostgreSQL", why);
            return None;
        }
    };
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let mut conn = PgConnection::connect_with(&server.options()).await.unwrap();
    let sql = format!("create database {name} strategy file_copy");
    let made = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await;
    if made.is_err() {
        // Before version 15 there is but one strategy.
        let sql = format!("create database {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    }
    conn.close().await.unwrap();
    Some(Database { socket: server.folder.clone(), name })
}
