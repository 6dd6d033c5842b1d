//! Several processes at one database, and death by SIGKILL.

use super::*;
use crate::{
    processes::{Other, at_once, deliver, part, race, there},
    transactions::deliver_in_tx,
};

const SOCKET: &str = "INHOOK_TEST_PG_SOCKET";
const NAME: &str = "INHOOK_TEST_PG_DATABASE";

/// A part of the tests below, which start it in another process; by itself it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(part) = part() else { return };
    let database = Database { socket: std::env::var_os(SOCKET).unwrap().into(), name: std::env::var(NAME).unwrap() };
    if part != "killed in a transaction" {
        there("");
    }
    let store = store(&database, 10, PATIENCE).await;
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

async fn claims(store: PgStore) {
    let effect = async || affect(&mut store.pool().acquire().await.unwrap(), "evt_1").await;
    deliver(&store, &slot("evt_1"), effect).await;
}

async fn transactions(store: PgStore) {
    deliver_in_tx(&store, &slot("evt_1"), async |tx: &mut PgTx| affect(tx, "evt_1").await).await;
}

fn start(part: &str, database: &Database) -> Other {
    Other::start(module_path!(), part, &[(SOCKET, database.socket.as_ref()), (NAME, database.name.as_ref())])
}

/// Both make the tables and the deliveries at the same time.
async fn two(part: &str) {
    let Some(database) = database().await else { return };
    race(|| start(part, &database));
    let store = store(&database, 2, PATIENCE).await;
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
    let Some(database) = database().await else { return };
    let mut other = start("killed in a transaction", &database);
    other.there();
    let hasty = store(&database, 2, Duration::from_millis(50)).await;
    assert!(matches!(hasty.begin(&slot("evt_1")).await.unwrap(), Claim::Busy { .. }));
    other.kill();
    let store = store(&database, 2, PATIENCE).await;
    // Neither the mark nor the stream's place was kept, and a claim lasts as long as its lease.
    complete(&store, &placed("evt_1", "cus_1", 1, Order::Latest)).await;
    assert_eq!(effects(&store, "evt_1").await, 0);
    assert!(matches!(store.claim(&slot("evt_2")).await.unwrap(), Claim::Busy { .. }));
}
