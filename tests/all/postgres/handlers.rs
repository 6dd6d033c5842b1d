//! Whole deliveries: what a handler wrote, the mark and the place are there together or not at all.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::Request;
use inhook::{
    Event, Failure, Place, Receiver, Twins, TxHandlers, Verifier,
    provider::{GITHUB, STRIPE},
    testing::signed,
};

use super::*;

const SECRET: &str = "whsec_test";

fn request(id: &str) -> Request<Bytes> {
    signed(&STRIPE, SECRET, format!(r#"{{"id":"{id}","type":"a.b","data":{{"object":{{"id":"x"}}}}}}"#)).build()
}

fn receiver(store: &PgStore, consumer: &str, handlers: TxHandlers<PgConnection>) -> Receiver {
    let receiver = Receiver::builder(Verifier::new(&STRIPE, SECRET).unwrap(), store.clone()).consumer(consumer);
    let place = |event: &Event| Some(Place::new("all", event.id()?.len() as u64, Order::Serial));
    receiver.ordered_by(place).timeout(Duration::from_millis(300)).dead_letters().handle_in_tx(handlers).unwrap()
}

/// Writes, and then does as it is told the first time.
fn handlers(trouble: &'static str) -> TxHandlers<PgConnection> {
    let calls = Arc::new(AtomicUsize::new(0));
    TxHandlers::new().otherwise_tx(async move |db: &mut PgConnection, event: Event| {
        affect(db, event.label.as_deref().unwrap()).await;
        if calls.fetch_add(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        match trouble {
            "fails" => Err(Failure::from("on purpose")),
            "panics" => panic!("on purpose"),
            "hangs" => std::future::pending().await,
            "hangs in a statement" => {
                sqlx::query("select pg_sleep(1)").execute(db).await?;
                Ok(())
            }
            "is buried" => Err(Failure::permanent("on purpose")),
            "breaks its transaction" => {
                assert!(sqlx::query("select 1 / 0").execute(db).await.is_err());
                Ok(())
            }
            _ => Ok(()),
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_handler_nothing_is_half_done() {
    let Some(database) = database().await else { return };
    // One connection: whatever it was left in, the next one has it.
    let store = store(&database, 1, PATIENCE).await;
    let rows = [
        ("is done", 200, 1, 200),
        ("fails", 500, 0, 200),
        ("panics", 500, 0, 200),
        ("hangs", 500, 0, 200),
        ("hangs in a statement", 500, 0, 200),
        ("breaks its transaction", 503, 0, 200),
        ("is buried", 200, 0, 200),
    ];
    for (trouble, first, effects_then, second) in rows {
        let receiver = receiver(&store, "orders", handlers(trouble));
        assert_eq!(receiver.receive(request(trouble)).await.status(), first, "{trouble}");
        // Every handler has written, so its transaction has an id.
        let idle = sqlx::query_scalar("select pg_current_xact_id_if_assigned() is null");
        let idle: bool = idle.fetch_one(store.pool()).await.unwrap();
        assert!(idle, "{trouble} leaves a transaction open");
        assert_eq!(effects(&store, trouble).await, effects_then, "{trouble}");
        assert_eq!(receiver.receive(request(trouble)).await.status(), second, "{trouble}");
        let once = i64::from(trouble != "is buried");
        assert_eq!(effects(&store, trouble).await, once, "{trouble}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_of_one_route_commit_each_for_itself() {
    let Some(database) = database().await else { return };
    let store = store(&database, 4, PATIENCE).await;
    let both = receiver(&store, "orders", handlers("fails")).also(receiver(&store, "mail", handlers(""))).unwrap();
    for (status, count) in [(500, 1), (200, 2), (200, 2)] {
        assert_eq!(both.receive(request("evt_1")).await.status(), status);
        assert_eq!(effects(&store, "evt_1").await, count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_leaves_changes_nothing() {
    let Some(database) = database().await else { return };
    let store = store(&database, 4, PATIENCE).await;
    let (begun, go) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (started, wait) = (begun.clone(), go.clone());
    let slow = TxHandlers::new().otherwise_tx(async move |db: &mut PgConnection, event: Event| {
        affect(db, event.label.as_deref().unwrap()).await;
        started.notify_one();
        wait.notified().await;
        Ok(())
    });
    let receiver = receiver(&store, "orders", slow);
    let leaves = tokio::spawn({
        let receiver = receiver.clone();
        async move { receiver.receive(request("evt_1")).await }
    });
    begun.notified().await;
    leaves.abort();
    assert!(leaves.await.unwrap_err().is_cancelled());
    go.notify_one();
    assert_eq!(receiver.close(PATIENCE).await, 0);
    assert_eq!(effects(&store, "evt_1").await, 1);
    assert!(matches!(
        store.claim(&Slot::new(Key::new("stripe", "orders", "evt_1"), LEASE, REMEMBER)).await.unwrap(),
        Claim::Duplicate(Some(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_twins_at_once_one_is_refused() {
    let Some(database) = database().await else { return };
    let store = store(&database, 4, PATIENCE).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let (begun, go) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (started, wait, counted) = (begun.clone(), go.clone(), calls.clone());
    let handlers = TxHandlers::new().otherwise_tx(async move |db: &mut PgConnection, event: Event| {
        affect(db, event.label.as_deref().unwrap()).await;
        match counted.fetch_add(1, Ordering::SeqCst) {
            0 => {
                started.notify_one();
                wait.notified().await;
                Err(Failure::from("on purpose"))
            }
            _ => Ok(()),
        }
    });
    let receiver = Receiver::builder(Verifier::new(&GITHUB, SECRET).unwrap(), store.clone());
    let receiver = receiver.twins(Twins::Reject).handle_in_tx(handlers).unwrap();
    // The id is not signed: whoever has seen the one can send the other.
    let request = |id: &str| signed(&GITHUB, SECRET, r#"{"action":"opened"}"#).label(id).build();
    let (first, one) = (receiver.clone(), request("one"));
    let first = tokio::spawn(async move { first.receive(one).await.status() });
    begun.notified().await;
    assert_eq!(receiver.receive(request("two")).await.status(), 401);
    go.notify_one();
    assert_eq!(first.await.unwrap(), 500);
    // What failed is nobody's twin.
    for (id, status) in [("two", 200), ("two", 200), ("one", 401)] {
        assert_eq!(receiver.receive(request(id)).await.status(), status, "{id}");
    }
    assert_eq!((effects(&store, "one").await, effects(&store, "two").await), (0, 1));
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
