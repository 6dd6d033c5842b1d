//! What a file is when it is opened: one schema, connections that write through, all that was kept in it.

use inhook::store::sqlite::sqlx::sqlite::SqliteSynchronous;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn many_who_open_a_new_file_at_once_make_one_schema() {
    // Going over to WAL, which SQLite does not wait for, collides once in a few dozen times.
    for _ in 0..20 {
        let (_dir, path) = file();
        let opening: Vec<_> = (0..12).map(|_| tokio::spawn(SqliteStore::open(path.clone()))).collect();
        let mut stores = Vec::new();
        for store in opening {
            stores.push(store.await.unwrap().unwrap());
        }
        complete(&stores[0], &slot("evt_1")).await;
        for store in &stores {
            assert!(matches!(store.claim(&slot("evt_1")).await.unwrap(), Claim::Duplicate(Some(_))));
        }
        let versions: Vec<i64> =
            sqlx::query_scalar("select version from inhook_schema").fetch_all(stores[0].pool()).await.unwrap();
        assert_eq!(versions, [1]);
    }
}

#[tokio::test]
async fn only_tables_of_its_own_name_are_made() {
    let (_dir, path) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    let names: Vec<String> =
        sqlx::query_scalar("select name from sqlite_schema").fetch_all(store.pool()).await.unwrap();
    assert!(names.len() > 6 && names.iter().all(|name| name.starts_with("inhook_") || name.starts_with("sqlite_")));
    let version: i64 = sqlx::query_scalar("pragma user_version").fetch_one(store.pool()).await.unwrap();
    assert_eq!(version, 0);
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused_and_left_alone() {
    let (_dir, path) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    sqlx::query("update inhook_schema set version = 2").execute(store.pool()).await.unwrap();
    assert_eq!(SqliteStore::open(&path).await.unwrap_err().kind(), ErrorKind::Config);
    let version: i64 = sqlx::query_scalar("select version from inhook_schema").fetch_one(store.pool()).await.unwrap();
    assert_eq!(version, 2);
}

#[tokio::test]
async fn opening_waits_for_no_handler() {
    let (_dir, path) = file();
    let first = SqliteStore::open(&path).await.unwrap();
    let tx = begin(&first, &slot("evt_1")).await;
    let second = SqliteStore::new(impatient(&path, 1).await).await.unwrap();
    first.commit(tx, &slot("evt_1"), None).await.unwrap();
    assert!(matches!(second.claim(&slot("evt_1")).await.unwrap(), Claim::Duplicate(None)));
}

#[tokio::test]
async fn every_connection_writes_through() {
    let (_dir, path) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut connections = Vec::new();
    for _ in 0..6 {
        connections.push(store.pool().acquire().await.unwrap());
    }
    for conn in &mut connections {
        let journal: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut **conn).await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("pragma synchronous").fetch_one(&mut **conn).await.unwrap();
        assert_eq!((journal.as_str(), synchronous), ("wal", 2));
    }
}

#[tokio::test]
async fn a_pool_that_could_lose_a_commit_is_refused() {
    let refused = async |options: SqliteConnectOptions| {
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        SqliteStore::new(pool).await.unwrap_err().kind()
    };
    let (_dir, path) = file();
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    assert_eq!(refused(options.clone()).await, ErrorKind::Config);
    let wal = options.journal_mode(SqliteJournalMode::Wal);
    assert_eq!(refused(wal.clone().synchronous(SqliteSynchronous::Normal)).await, ErrorKind::Config);
    assert_eq!(refused(SqliteConnectOptions::new().in_memory(true)).await, ErrorKind::Config);
    assert_eq!(SqliteStore::open(":memory:").await.unwrap_err().kind(), ErrorKind::Config);
    let extra = wal.synchronous(SqliteSynchronous::Extra);
    SqliteStore::new(SqlitePool::connect_with(extra).await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_an_error_of_the_store() {
    let dir = TempDir::new().unwrap();
    assert_eq!(SqliteStore::open(dir.path()).await.unwrap_err().kind(), ErrorKind::Store);
}

#[tokio::test]
async fn all_of_it_is_there_after_reopening() {
    let (_dir, path) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    let done = placed("evt_1", "cus_1", 7, Order::Latest);
    complete(&store, &done).await;
    let held = claim(&store, &slot("evt_2")).await;
    let buried = slot("evt_3");
    let grant = claim(&store, &buried).await;
    assert_eq!(store.bury(&buried, grant.token, &event(), "no such customer").await.unwrap(), Held::Yes);
    store.pool().close().await;

    let store = SqliteStore::open(&path).await.unwrap();
    let Claim::Duplicate(Some(answer)) = store.claim(&done).await.unwrap() else { panic!("forgotten") };
    assert_eq!(answer, Answer::text("done"));
    assert!(matches!(store.claim(&placed("evt_0", "cus_1", 6, Order::Latest)).await.unwrap(), Claim::Stale));
    assert!(matches!(store.claim(&slot("evt_2")).await.unwrap(), Claim::Busy { .. }));
    let letters = store.dead_letters(None, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].error.as_str(), &letters[0].key), (1, "no such customer", &buried.key));
    assert_eq!(letters[0].event.raw().as_bytes(), event().raw().as_bytes());
    assert!(claim(&store, &slot("evt_4")).await.token > grant.token);
    assert_eq!(store.complete(&slot("evt_2"), held.token, None).await.unwrap(), Held::Yes);
}

#[tokio::test]
async fn debug_shows_neither_file_nor_data() {
    let (_dir, path) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    complete(&store, &slot("evt_1")).await;
    let tx = begin(&store, &slot("evt_2")).await;
    let debug = format!("{store:?} {tx:?}");
    assert!(debug.starts_with("SqliteStore {") && debug.ends_with(" SqliteTx"), "{debug}");
    assert!(!debug.contains("inhook.db") && !debug.contains("evt_"), "{debug}");
}
