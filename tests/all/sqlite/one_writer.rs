//! One connection writes at a time, and what a transaction wrote is there or not.

use inhook::store::Gap;

use super::*;

/// As another process would, with a connection of its own to the same file.
async fn two(path: &Path) -> (SqliteStore, SqliteStore) {
    let first = with_effects(SqliteStore::new(impatient(path, 2).await).await.unwrap()).await;
    (first, SqliteStore::new(impatient(path, 2).await).await.unwrap())
}

#[tokio::test]
async fn whoever_waits_in_vain_is_busy_or_fails() {
    let (_dir, path) = file();
    let (first, second) = two(&path).await;
    let held = claim(&second, &slot("evt_0")).await;
    let mut tx = begin(&first, &slot("evt_1")).await;
    affect(&mut tx, "evt_1").await;
    for store in [&first, &second] {
        for other in ["evt_1", "evt_2"] {
            assert!(matches!(store.claim(&slot(other)).await.unwrap(), Claim::Busy { .. }));
            assert!(matches!(store.begin(&slot(other)).await.unwrap(), Claim::Busy { .. }));
        }
        let error = store.complete(&slot("evt_0"), held.token, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(store.extend(&slot("evt_0"), held.token, LEASE).await.is_err());
        assert!(store.release(&slot("evt_0"), held.token).await.is_err());
        assert!(store.bury(&slot("evt_0"), held.token, &event(), "").await.is_err());
        assert!(store.forget(&slot("evt_0").key).await.is_err());
        assert!(store.discard(1).await.is_err());
        assert!(store.purge(1).await.is_err());
        // Who reads waits for nobody.
        assert_eq!(effects(store, "evt_1").await, 0);
        assert!(store.dead_letters(None, 1).await.unwrap().is_empty());
        assert!(store.blocked(None, 1).await.unwrap().is_empty());
    }
    first.commit(tx, &slot("evt_1"), Some(&Answer::text("done"))).await.unwrap();
    for store in [&first, &second] {
        let Claim::Duplicate(answer) = store.begin(&slot("evt_1")).await.unwrap() else { panic!("twice") };
        assert_eq!((answer, effects(store, "evt_1").await), (Some(Answer::text("done")), 1));
    }
    assert_eq!(second.complete(&slot("evt_0"), held.token, None).await.unwrap(), Held::Yes);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let (_dir, path) = file();
    let pool = impatient(&path, 1).await;
    let store = with_effects(SqliteStore::new(pool).await.unwrap()).await;
    let slot = placed("evt_1", "cus_1", 5, Order::Latest);
    for _ in 0..3 {
        let mut tx = begin(&store, &slot).await;
        affect(&mut tx, "evt_1").await;
        drop(tx);
    }
    let mut tx = begin(&store, &slot).await;
    affect(&mut tx, "evt_1").await;
    store.rollback(tx).await.unwrap();
    assert_eq!(effects(&store, "evt_1").await, 0);
    // The stream's mark is where it was: nowhere.
    complete(&store, &placed("evt_0", "cus_1", 4, Order::Latest)).await;
    let mut tx = begin(&store, &slot).await;
    affect(&mut tx, "evt_1").await;
    store.commit(tx, &slot, None).await.unwrap();
    assert_eq!(effects(&store, "evt_1").await, 1);
    assert!(matches!(store.claim(&placed("evt_0", "cus_1", 4, Order::Latest)).await.unwrap(), Claim::Duplicate(_)));
    assert!(matches!(store.claim(&placed("evt_2", "cus_1", 4, Order::Latest)).await.unwrap(), Claim::Stale));
}

#[tokio::test]
async fn a_sequence_has_begun_whatever_becomes_of_the_transaction() {
    let (_dir, path) = file();
    let store = SqliteStore::new(impatient(&path, 1).await).await.unwrap();
    let sequence = Order::Sequence { wait: LEASE, on_gap: Gap::Block };
    let nth = |rank: u64| placed(&format!("evt_{rank}"), "cus_1", rank, sequence);
    drop(begin(&store, &nth(5)).await);
    assert!(matches!(store.begin(&nth(6)).await.unwrap(), Claim::Busy { .. }));
    assert!(matches!(store.begin(&nth(3)).await.unwrap(), Claim::Stale));
    for rank in [5, 6] {
        let tx = begin(&store, &nth(rank)).await;
        store.commit(tx, &nth(rank), None).await.unwrap();
    }
}

#[tokio::test]
async fn a_handler_that_panics_leaves_nothing() {
    let (_dir, path) = file();
    let store = with_effects(SqliteStore::new(impatient(&path, 1).await).await.unwrap()).await;
    let handler = tokio::spawn({
        let store = store.clone();
        async move {
            let mut tx = begin(&store, &slot("evt_1")).await;
            affect(&mut tx, "evt_1").await;
            panic!("on purpose");
        }
    });
    assert!(handler.await.unwrap_err().is_panic());
    assert_eq!(effects(&store, "evt_1").await, 0);
    drop(begin(&store, &slot("evt_1")).await);
}

#[tokio::test]
async fn a_late_holder_has_lost_what_a_transaction_took() {
    let (_dir, path) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    let slot = placed("evt_1", "cus_1", 5, Order::Serial);
    let late = claim(&store, &slot).await;
    let other = placed("evt_2", "cus_1", 6, Order::Serial);
    assert!(matches!(store.begin(&other).await.unwrap(), Claim::Busy { .. }));
    let store = store.clock(Clock::new(|| OffsetDateTime::now_utc() + LEASE));
    let tx = begin(&store, &other).await;
    store.rollback(tx).await.unwrap();
    // Rolled back, it had never begun: the late holder is still the last.
    assert_eq!(store.extend(&slot, late.token, Duration::ZERO).await.unwrap(), Held::Yes);
    let tx = begin(&store, &other).await;
    store.commit(tx, &other, None).await.unwrap();
    assert_eq!(store.complete(&slot, late.token, None).await.unwrap(), Held::Lost);
    assert_eq!(store.release(&slot, late.token).await.unwrap(), Held::Lost);
    let tx = begin(&store, &slot).await;
    store.commit(tx, &slot, None).await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_was_ended_from_within_is_not_a_success() {
    let (_dir, path) = file();
    let store = with_effects(SqliteStore::new(impatient(&path, 1).await).await.unwrap()).await;
    for end in ["rollback", "commit", "rollback; begin"] {
        let mut tx = begin(&store, &slot(end)).await;
        sqlx::raw_sql(end).execute(&mut *tx).await.unwrap();
        assert_eq!(store.commit(tx, &slot(end), None).await.unwrap_err().kind(), ErrorKind::Store);
        // Its only connection is as good as new.
        complete(&store, &slot(&format!("after {end}"))).await;
    }
    assert!(matches!(store.claim(&slot("commit")).await.unwrap(), Claim::Duplicate(None)));
    drop(begin(&store, &slot("rollback")).await);
}

#[tokio::test]
async fn a_full_disk_costs_one_event_its_try_and_no_more() {
    let (_dir, path) = file();
    let store = with_effects(SqliteStore::new(impatient(&path, 1).await).await.unwrap()).await;
    let limit = "pragma max_page_count = 64";
    sqlx::raw_sql(limit).execute(store.pool()).await.unwrap();
    let mut tx = begin(&store, &slot("evt_1")).await;
    let fill = sqlx::query("insert into effects (id) values (hex(zeroblob(1000000)))").execute(&mut *tx).await;
    assert_eq!(fill.unwrap_err().as_database_error().unwrap().code().unwrap(), "13");
    drop(tx);
    complete(&store, &slot("evt_2")).await;
    complete(&store, &slot("evt_1")).await;
    assert_eq!(effects(&store, "evt_1").await, 0);
}

#[tokio::test]
async fn a_handler_may_set_savepoints() {
    use sqlx::Connection as _;

    let (_dir, path) = file();
    let store = with_effects(SqliteStore::open(&path).await.unwrap()).await;
    let mut tx = begin(&store, &slot("evt_1")).await;
    affect(&mut tx, "kept").await;
    let mut inner = tx.begin().await.unwrap();
    sqlx::query("insert into effects (id) values ('undone')").execute(&mut *inner).await.unwrap();
    inner.rollback().await.unwrap();
    store.commit(tx, &slot("evt_1"), None).await.unwrap();
    assert_eq!((effects(&store, "kept").await, effects(&store, "undone").await), (1, 0));
}
