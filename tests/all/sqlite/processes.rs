//! Several processes at one file, and death by SIGKILL.

use super::*;
use crate::{
    processes::{Other, at_once, deliver, part, race, there},
    transactions::deliver_in_tx,
};

const FILE: &str = "INHOOK_TEST_SQLITE_FILE";

/// A part of the tests below, which start it in another process; by itself it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(part) = part() else { return };
    let path = std::env::var(FILE).unwrap();
    if part != "killed in a transaction" {
        there("");
    }
    let store = with_effects(SqliteStore::open(path).await.unwrap()).await;
    match part.as_str() {
        "claims" => at_once(|| claims(store.clone())).await,
        "transactions" => at_once(|| transactions(store.clone())).await,
        "killed in a transaction" => {
            claim(&store, &slot("evt_2")).await;
            let mut tx = begin(&store, &placed("evt_1", "cus_1", 9, Order::Latest)).await;
            affect(&mut tx, "evt_1").await;
            there("");
        }
        other => panic!("{other}"),
    }
}

async fn claims(store: SqliteStore) {
    let insert = || sqlx::query("insert into effects (id) values ('evt_1')").execute(store.pool());
    deliver(&store, &slot("evt_1"), async || insert().await.unwrap()).await;
}

async fn transactions(store: SqliteStore) {
    deliver_in_tx(&store, &slot("evt_1"), async |tx: &mut SqliteTx| affect(tx, "evt_1").await).await;
}

fn start(part: &str, path: &Path) -> Other {
    Other::start(module_path!(), part, &[(FILE, path.as_os_str())])
}

/// Both make the file, its tables and the deliveries at the same time.
async fn two(part: &str) {
    let (_dir, path) = file();
    race(|| start(part, &path));
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(effects(&store, "evt_1").await, 1);
    assert!(matches!(store.claim(&slot("evt_1")).await.unwrap(), Claim::Duplicate(None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_deliveries_to_two_processes_take_effect_once() {
    two("claims").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_deliveries_to_two_processes_commit_once() {
    two("transactions").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_in_a_transaction_leaves_nothing_half_done() {
    let (_dir, path) = file();
    let mut other = start("killed in a transaction", &path);
    other.there();
    let store = SqliteStore::new(impatient(&path, 2).await).await.unwrap();
    assert!(matches!(store.begin(&slot("evt_1")).await.unwrap(), Claim::Busy { .. }));
    other.kill();
    assert_eq!(effects(&store, "evt_1").await, 0);
    // Neither the mark nor the stream's place was kept, and a claim lasts as long as its lease.
    complete(&store, &placed("evt_1", "cus_1", 1, Order::Latest)).await;
    assert!(matches!(store.claim(&slot("evt_2")).await.unwrap(), Claim::Busy { .. }));
    let store = store.clock(Clock::new(|| OffsetDateTime::now_utc() + LEASE));
    complete(&store, &slot("evt_2")).await;
    let sound: String = sqlx::query_scalar("pragma integrity_check").fetch_one(store.pool()).await.unwrap();
    assert_eq!(sound, "ok");
}
