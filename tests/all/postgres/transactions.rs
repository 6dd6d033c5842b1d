//! Whoever waits for another, whatever ends a transaction, and verbs that are dropped.

use inhook::store::Gap;

use super::*;
use crate::{polls::drop_after, transactions::all_or_nothing};

const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn whoever_waits_in_vain_is_busy_and_other_keys_wait_for_nothing() {
    let Some(database) = database().await else { return };
    let store = store(&database, 4, SHORT).await;
    let taken = placed("evt_1", "cus_1", 5, Order::Latest);
    let mut tx = begin(&store, &taken).await;
    affect(&mut tx, "evt_1").await;
    for busy in [&taken, &slot("evt_1"), &placed("evt_2", "cus_1", 6, Order::Latest)] {
        assert!(matches!(store.claim(busy).await.unwrap(), Claim::Busy { .. }));
        assert!(matches!(store.begin(busy).await.unwrap(), Claim::Busy { .. }));
    }
    complete(&store, &slot("evt_3")).await;
    assert_eq!(effects(&store, "evt_1").await, 0);
    store.commit(tx, &taken, Some(&Answer::text("done"))).await.unwrap();
    let Claim::Duplicate(answer) = store.begin(&taken).await.unwrap() else { panic!("twice") };
    assert_eq!((answer, effects(&store, "evt_1").await), (Some(Answer::text("done")), 1));
}

#[tokio::test]
async fn a_handler_has_its_own_lock_timeout_and_read_committed() {
    let Some(database) = database().await else { return };
    let options =
        database.options().options([("lock_timeout", "1234"), ("default_transaction_isolation", "serializable")]);
    let store = PgStore::builder(PgPool::connect_with(options).await.unwrap()).open().await.unwrap();
    let lapsed = Slot::new(slot("lapsed").key, Duration::ZERO, REMEMBER);
    claim(&store, &lapsed).await;
    for slot in [slot("new"), lapsed, placed("placed", "cus_1", 1, Order::Latest)] {
        let mut tx = begin(&store, &slot).await;
        let set: (String, String, String) = sqlx::query_as(
            "select current_setting('lock_timeout'), current_setting('transaction_isolation'),
                current_setting('idle_in_transaction_session_timeout')",
        )
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        assert_eq!(set, ("1234ms".to_owned(), "read committed".to_owned(), "1min".to_owned()));
        store.commit(tx, &slot, None).await.unwrap();
        let after: String = sqlx::query_scalar("select current_setting('idle_in_transaction_session_timeout')")
            .fetch_one(store.pool())
            .await
            .unwrap();
        assert_eq!(after, "0");
    }
}

#[tokio::test]
async fn a_transaction_that_is_dropped_or_panics_leaves_nothing() {
    let Some(database) = database().await else { return };
    let store = store(&database, 1, PATIENCE).await;
    let slot = placed("evt_1", "cus_1", 5, Order::Latest);
    for panics in [false, true, false] {
        let (store, slot) = (store.clone(), slot.clone());
        let handler = tokio::spawn(async move {
            let mut tx = begin(&store, &slot).await;
            affect(&mut tx, "evt_1").await;
            assert!(!panics, "on purpose");
        });
        assert_eq!(handler.await.is_err(), panics);
    }
    assert_eq!(effects(&store, "evt_1").await, 0);
    complete(&store, &placed("evt_0", "cus_1", 4, Order::Latest)).await;
    let mut tx = begin(&store, &slot).await;
    affect(&mut tx, "evt_1").await;
    store.commit(tx, &slot, None).await.unwrap();
    assert_eq!(effects(&store, "evt_1").await, 1);
    assert!(matches!(store.claim(&placed("evt_2", "cus_1", 4, Order::Latest)).await.unwrap(), Claim::Stale));
}

#[tokio::test]
async fn a_transaction_that_was_ended_from_within_is_not_a_success() {
    let Some(database) = database().await else { return };
    let store = store(&database, 1, PATIENCE).await;
    for end in ["rollback", "commit", "rollback; begin", "commit; begin"] {
        let mut tx = begin(&store, &slot(end)).await;
        sqlx::raw_sql(end).execute(&mut *tx).await.unwrap();
        assert_eq!(store.commit(tx, &slot(end), None).await.unwrap_err().kind(), ErrorKind::Store, "{end}");
        complete(&store, &slot(&format!("after {end}"))).await;
    }
}

#[tokio::test]
async fn an_error_that_a_handler_passes_over_is_not_a_success() {
    let Some(database) = database().await else { return };
    let store = store(&database, 1, PATIENCE).await;
    let mut tx = begin(&store, &slot("evt_1")).await;
    affect(&mut tx, "evt_1").await;
    assert!(sqlx::raw_sql("select 1 / 0").execute(&mut *tx).await.is_err());
    assert_eq!(store.commit(tx, &slot("evt_1"), None).await.unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(effects(&store, "evt_1").await, 0);
    complete(&store, &slot("evt_1")).await;
}

#[tokio::test]
async fn a_holder_that_is_stuck_is_cut_off() {
    let Some(database) = database().await else { return };
    let pool = database.pool(3).await;
    let store = PgStore::builder(pool).wait(PATIENCE).idle(SHORT).open().await.unwrap();
    let stuck = begin(&store, &slot("evt_1")).await;
    // Waits until the server has rolled the first back.
    let tx = begin(&store, &slot("evt_1")).await;
    store.commit(tx, &slot("evt_1"), None).await.unwrap();
    assert_eq!(store.commit(stuck, &slot("evt_1"), None).await.unwrap_err().kind(), ErrorKind::Store);
    for n in 0..5 {
        complete(&store, &slot(&n.to_string())).await;
    }
}

#[tokio::test]
async fn a_late_holder_has_lost_what_a_transaction_took() {
    let Some(database) = database().await else { return };
    let store = store(&database, 2, PATIENCE).await;
    let mut slot = placed("evt_1", "cus_1", 5, Order::Serial);
    slot.lease = Duration::ZERO;
    let late = claim(&store, &slot).await;
    let other = placed("evt_2", "cus_1", 6, Order::Serial);
    let tx = begin(&store, &other).await;
    store.rollback(tx).await.unwrap();
    assert_eq!(store.extend(&slot, late.token, Duration::ZERO).await.unwrap(), Held::Yes);
    let tx = begin(&store, &other).await;
    store.commit(tx, &other, None).await.unwrap();
    assert_eq!(store.complete(&slot, late.token, None).await.unwrap(), Held::Lost);
    assert_eq!(store.release(&slot, late.token).await.unwrap(), Held::Lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_was_the_victim_of_a_deadlock_is_tried_again() {
    let Some(database) = database().await else { return };
    let store = store(&database, 4, PATIENCE).await;
    let (one, two) = (placed("evt_1", "cus_1", 1, Order::Serial), placed("evt_2", "cus_1", 2, Order::Serial));
    complete(&store, &one).await;
    // Has the stream, and will want the key that the claim has by then. The claim waits for the longer time, so it is
    // the other that detects the deadlock first, unless that one's own check is put off.
    let mut tx = store.pool().begin().await.unwrap();
    sqlx::raw_sql("set local deadlock_timeout = '60s'; select from inhook_stream for update")
        .execute(&mut *tx)
        .await
        .unwrap();
    let claiming = tokio::spawn({
        let (store, two) = (store.clone(), two.clone());
        async move { store.claim(&two).await }
    });
    while waiting(&store).await == 0 {
        tokio::task::yield_now().await;
    }
    let blocked = sqlx::query(
        "insert into inhook_event (source, tenant, consumer, id, token, lease_until)
        values ('stripe', '', 'orders', 'evt_2', 0, 0) on conflict do nothing",
    );
    blocked.execute(&mut *tx).await.unwrap();
    let deadlocks = "select 1 from inhook_event where id = 'evt_2'";
    assert_eq!(sqlx::query(deadlocks).execute(&mut *tx).await.unwrap().rows_affected(), 1);
    tx.rollback().await.unwrap();
    let grant = granted(claiming.await.unwrap().unwrap());
    assert_eq!(store.complete(&two, grant.token, None).await.unwrap(), Held::Yes);
}

/// How many connections wait for a lock.
async fn waiting(store: &PgStore) -> i64 {
    let sql = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    sqlx::query_scalar(sql).fetch_one(store.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_key_draws_its_token_when_it_is_its_turn() {
    let Some(database) = database().await else { return };
    let store = store(&database, 6, PATIENCE).await;
    let tx = begin(&store, &slot("evt_1")).await;
    let claims: Vec<_> = (0..3)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.claim(&slot("evt_1")).await.unwrap() })
        })
        .collect();
    while waiting(&store).await < 3 {
        tokio::task::yield_now().await;
    }
    // One waits for the transaction, with a token; the others for that one, and without.
    let drawn = "select case when is_called then last_value else 0 end from inhook_token";
    let drawn: i64 = sqlx::query_scalar(drawn).fetch_one(store.pool()).await.unwrap();
    assert_eq!(drawn, 1);
    store.rollback(tx).await.unwrap();
    let mut grants = 0;
    for claim in claims {
        grants += usize::from(matches!(claim.await.unwrap(), Claim::Granted(_)));
    }
    assert_eq!(grants, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_cannot_be_put_in_order_are_tried_again() {
    let Some(database) = database().await else { return };
    let options = database.options().options([("default_transaction_isolation", "serializable")]);
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(16).connect_with(options).await.unwrap();
    let store = PgStore::builder(pool).wait(PATIENCE).open().await.unwrap();
    for round in 0..10 {
        let claims: Vec<_> = (0..16)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.claim(&slot(&round.to_string())).await.unwrap() })
            })
            .collect();
        let mut grants = 0;
        for claim in claims {
            grants += usize::from(matches!(claim.await.unwrap(), Claim::Granted(_)));
        }
        assert_eq!(grants, 1);
    }
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_wherever_it_was_dropped() {
    let Some(database) = database().await else { return };
    let store = store(&database, 1, PATIENCE).await;
    all_or_nothing(&store, async |tx: &mut PgTx, id: &str| affect(tx, id).await, async |id| effects(&store, id).await)
        .await;
}

#[tokio::test]
async fn a_verb_that_is_dropped_leaves_no_transaction_open() {
    let Some(database) = database().await else { return };
    let store = store(&database, 1, PATIENCE).await;
    for polls in 0..40 {
        let slot = placed(&format!("evt_{polls}"), &format!("cus_{polls}"), 5, Order::Latest);
        let _whole = drop_after(polls, async { drop(store.claim(&slot).await.unwrap()) }).await;
        // By statements that begin nothing: what they do must be done once they have returned.
        let mut ids = Vec::new();
        for _ in 0..2 {
            let id: i64 = sqlx::query_scalar("select txid_current()").fetch_one(store.pool()).await.unwrap();
            ids.push(id);
        }
        assert_ne!(ids[0], ids[1], "still open after {polls} polls");
    }
}

/// A mark that is being handled once more.
async fn redriven(store: &PgStore) -> (Slot, Token) {
    complete(store, &slot("evt_1")).await;
    let mut redrive = slot("evt_1");
    redrive.generation = 1;
    let token = claim(store, &redrive).await.token;
    (redrive, token)
}

/// What `verb` comes to, which has to wait for a change that somebody else commits meanwhile.
async fn meanwhile<T: Send + 'static>(
    store: &PgStore,
    change: &'static str,
    verb: impl Future<Output = T> + Send + 'static,
) -> T {
    let mut tx = store.pool().begin().await.unwrap();
    assert_eq!(sqlx::query(change).execute(&mut *tx).await.unwrap().rows_affected(), 1);
    let verb = tokio::spawn(verb);
    while waiting(store).await == 0 {
        tokio::task::yield_now().await;
    }
    tx.commit().await.unwrap();
    verb.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_mark_is_forgotten_while_it_is_let_go_of_leaves_nothing() {
    let Some(database) = database().await else { return };
    let store = store(&database, 4, PATIENCE).await;
    let (redrive, token) = redriven(&store).await;
    let forget = "update inhook_event set done_generation = null, forget_at = null, fingerprint = null, answer = null";
    let other = store.clone();
    let released = meanwhile(&store, forget, async move { other.release(&redrive, token).await });
    assert_eq!(released.await.unwrap(), Held::Yes);
    let rows: i64 = sqlx::query_scalar("select count(*) from inhook_event").fetch_one(store.pool()).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_whose_claim_is_let_go_of_while_it_is_forgotten_is_forgotten() {
    let Some(database) = database().await else { return };
    let store = store(&database, 4, PATIENCE).await;
    let (redrive, _) = redriven(&store).await;
    let release = "update inhook_event set token = null, lease_until = null";
    let other = store.clone();
    assert!(meanwhile(&store, release, async move { other.forget(&redrive.key).await }).await.unwrap());
    claim(&store, &slot("evt_1")).await;
}

/// Where it began is written beside the transactions, which wait for one another.
#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_that_many_begin_at_once_has_begun_once() {
    let Some(database) = database().await else { return };
    let sequence = Order::Sequence { wait: Duration::from_secs(3600), on_gap: Gap::Block };
    for (round, size) in [1, 2, 8].into_iter().enumerate() {
        let store = store(&database, size, PATIENCE).await;
        let stream = format!("cus_{round}");
        let nth = |rank: u64| placed(&format!("{stream} {rank}"), &stream, rank, sequence);
        let mut tasks = tokio::task::JoinSet::new();
        for slot in (1..=8).map(nth) {
            let store = store.clone();
            tasks.spawn(async move {
                for tries in 0.. {
                    match store.begin(&slot).await.unwrap() {
                        Claim::Granted(begun) if tries < 2 => store.rollback(begun.tx).await.unwrap(),
                        Claim::Granted(begun) => return store.commit(begun.tx, &slot, None).await.map(|()| true),
                        Claim::Stale => return Ok(false),
                        _ => tokio::time::sleep(Duration::from_millis(5)).await,
                    }
                }
                unreachable!()
            });
        }
        let ends: Vec<bool> = tasks.join_all().await.into_iter().map(Result::unwrap).collect();
        // What is below the first is stale, and nothing above it is.
        assert!(ends.iter().filter(|done| **done).count() >= 1, "{ends:?}");
        assert!(matches!(store.begin(&nth(8)).await.unwrap(), Claim::Duplicate(_)));
        complete(&store, &nth(9)).await;
    }
}
