//! Holders that are slow, late or dead, and who waits for them.

use std::sync::atomic::AtomicBool;

use inhook::{Handlers, provider::STANDARD_WEBHOOKS};
use tokio::{
    sync::{Notify, Semaphore},
    time::{Instant, sleep},
};

use super::*;

fn one(provider: &Provider) -> Request<Bytes> {
    sent(provider, r#"{"id":"evt_1","type":"a.b"}"#).build()
}

/// A handler that takes so many seconds, and answers with the number of its call.
fn slow(
    calls: &Calls,
    seconds: u64,
) -> impl FnOnce(Event) -> Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>> + Clone + Send + Sync + use<> {
    let calls = calls.clone();
    move |_| {
        Box::pin(async move {
            let call = calls.next();
            sleep(Duration::from_secs(seconds)).await;
            Ok(Answer::text(format!("call {call}")))
        })
    }
}

async fn both(receiver: &Receiver, request: &Request<Bytes>) -> [Response<Bytes>; 2] {
    let (first, second) = (receiver.clone(), receiver.clone());
    let (one, two) = (request.clone(), request.clone());
    let first = tokio::spawn(async move { first.receive(one).await });
    let second = tokio::spawn(async move { second.receive(two).await });
    [first.await.unwrap(), second.await.unwrap()]
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_keeps_its_claim_and_whoever_waits_hears_its_answer() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let handlers = Handlers::new().otherwise(slow(&calls, 200));
    let receiver = world.receiver(&PATIENT).lease(Duration::from_secs(30)).handle(handlers).unwrap();
    for response in both(&receiver, &one(&PATIENT)).await {
        assert_eq!(said(&response), (200, "call 1"));
    }
    assert_eq!((world.ends(), calls.count()), (vec!["handled".to_owned(), "duplicate".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_in_vain_is_told_to_come_back_before_the_provider_gives_up() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(slow(&calls, 100))).unwrap();
    let start = Instant::now();
    for response in both(&receiver, &one(&STRIPE)).await {
        assert_eq!(said(&response), (503, "busy"));
        assert!((1..=60).contains(&retry_after(&response).unwrap()), "{response:?}");
    }
    // The deadline is 10 seconds, and an answer needs its time.
    assert!((8..=9).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(world.ends(), ["busy"]);
    // It was not cut short, and the retry hears what it answered.
    sleep(Duration::from_secs(95)).await;
    assert_eq!(send(&receiver, &one(&STRIPE)).await, error(200, "call 1"));
    assert_eq!((world.ends()[1..].to_vec(), calls.count()), (vec!["handled".to_owned(), "duplicate".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn handlers_that_outlived_their_answer_count_as_in_flight() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let handlers = Handlers::new().otherwise(slow(&calls, 100));
    let receiver = world.receiver(&STRIPE).in_flight(1).handle(handlers).unwrap();
    assert_eq!(send(&receiver, &one(&STRIPE)).await, error(503, "busy"));
    assert_eq!(send(&receiver, &one(&STRIPE)).await, error(503, "capacity"));
    sleep(Duration::from_secs(95)).await;
    assert_eq!(send(&receiver, &one(&STRIPE)).await, error(200, "call 1"));
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_died_is_followed_once_its_lease_is_over() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let slot = Slot::new(Key::new("stripe", "default", "evt_1"), Duration::from_secs(5), Duration::from_secs(60));
    let _granted = world.store.claim(&slot).await.unwrap();
    let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let start = Instant::now();
    assert_eq!(send(&receiver, &one(&STRIPE)).await, plain(200));
    assert!((5_000..5_300).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_handler_goes_on_while_its_lease_is_renewed() {
    // One connection, which the handler holds when the renewal wants it.
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let pool = Arc::new(Semaphore::new(1));
    let (handlers_pool, seen) = (pool.clone(), calls.clone());
    let store = Watched::pausing(world.store.clone(), move |verb| {
        let pool = pool.clone();
        Box::pin(async move {
            if verb == "extend" {
                drop(pool.acquire().await);
            }
            Ok(())
        })
    });
    let handler = async move |_: Event| {
        let connection = handlers_pool.acquire().await?;
        seen.next();
        sleep(Duration::from_secs(25)).await;
        drop(connection);
        sleep(Duration::from_secs(25)).await;
        Ok(())
    };
    let receiver =
        world.over(&PATIENT, store).lease(Duration::from_secs(30)).handle(Handlers::new().otherwise(handler));
    let start = Instant::now();
    assert_eq!(send(&receiver.unwrap(), &one(&PATIENT)).await, plain(200));
    assert_eq!((start.elapsed().as_secs(), calls.count()), (50, 1));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_tried_again() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let first = AtomicBool::new(true);
    let store = Watched::new(world.store.clone(), move |verb| match verb {
        "extend" if first.swap(false, Ordering::SeqCst) => Err(Error::store("away")),
        _ => Ok(()),
    });
    let handlers = Handlers::new().otherwise(slow(&calls, 200));
    let receiver = world.over(&PATIENT, store).lease(Duration::from_secs(30)).handle(handlers).unwrap();
    for response in both(&receiver, &one(&PATIENT)).await {
        assert_eq!(said(&response), (200, "call 1"));
    }
}

/// Somebody else begins the same event while the handler is paused past its lease.
async fn overtake(world: &World) {
    let slot = Slot::new(Key::new("stripe", "default", "evt_1"), Duration::from_secs(600), Duration::from_secs(600));
    world.time.forward(61);
    assert!(matches!(world.store.claim(&slot).await.unwrap(), Claim::Granted(_)));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlived_its_lease_does_not_complete() {
    let world = World::new();
    let overtaken = world.clone();
    let handler = async move |_: Event| {
        overtake(&overtaken).await;
        Ok(())
    };
    let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(handler)).unwrap();
    let response = receiver.receive(one(&STRIPE)).await;
    assert_eq!((said(&response), retry_after(&response)), ((503, "lost"), Some(1)));
    // The other one's claim stands: the next is busy, not handled, not a duplicate.
    assert_eq!(send(&receiver, &one(&STRIPE)).await, error(503, "busy"));
    assert_eq!(world.ends(), ["lost", "busy"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_whose_lease_is_lost_is_stopped_at_its_renewal() {
    let (world, dropped) = (World::new(), Calls::default());
    let (overtaken, witness) = (world.clone(), dropped.clone());
    let handler = async move |_: Event| {
        let _guard = Dropped(witness.clone());
        overtake(&overtaken).await;
        std::future::pending::<Result<(), Failure>>().await
    };
    let receiver = world.receiver(&PATIENT).handle(Handlers::new().otherwise(handler)).unwrap();
    let start = Instant::now();
    assert_eq!(send(&receiver, &one(&PATIENT)).await, error(503, "lost"));
    assert_eq!((start.elapsed().as_secs(), dropped.count()), (20, 1));
}

struct Dropped(Calls);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.next();
    }
}

#[tokio::test]
async fn each_holder_of_an_event_has_a_higher_fence() {
    let fences = Arc::new(Mutex::new(Vec::new()));
    let seen = fences.clone();
    let handler = async move |event: Event| {
        let mut seen = seen.lock().unwrap();
        seen.push(event.fence().unwrap());
        if seen.len() < 3 { Err("not yet".into()) } else { Ok(()) }
    };
    let receiver = World::new().receiver(&STRIPE).handle(Handlers::new().otherwise(handler)).unwrap();
    for status in [500, 500, 200] {
        assert_eq!(send(&receiver, &one(&STRIPE)).await.0, status);
    }
    assert!(fences.lock().unwrap().is_sorted_by(|a, b| a < b), "{fences:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_are_one_effect_and_nobody_hears_of_it_before_it_is_done() {
    let (world, log) = (World::new(), Arc::new(Mutex::new(Vec::new())));
    let (written, done) = (log.clone(), log.clone());
    let go = Arc::new(Notify::new());
    let (wait, arrived) = (go.clone(), Arc::new(Semaphore::new(0)));
    // The handler ends only once all the others have asked for its key.
    let asked = arrived.clone();
    let store = Watched::new(world.store.clone(), move |verb| {
        match verb {
            "claim" => asked.add_permits(1),
            "complete" => done.lock().unwrap().push("completed"),
            _ => {}
        }
        Ok(())
    });
    let handler = async move |_: Event| {
        wait.notified().await;
        written.lock().unwrap().push("effect");
        Ok(Answer::text("done"))
    };
    let receiver = world.over(&PATIENT, store).handle(Handlers::new().otherwise(handler)).unwrap();
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (receiver, log) = (receiver.clone(), log.clone());
        senders.spawn(async move {
            let heard = send(&receiver, &one(&PATIENT)).await;
            log.lock().unwrap().push("heard");
            heard
        });
    }
    arrived.acquire_many(64).await.unwrap().forget();
    go.notify_one();
    while let Some(heard) = senders.join_next().await {
        assert_eq!(heard.unwrap(), error(200, "done"));
    }
    let log = log.lock().unwrap();
    assert_eq!((&log[..2], log.len()), (&["effect", "completed"][..], 66));
    let ends = world.ends();
    assert_eq!(ends.iter().filter(|end| *end == "handled").count(), 1);
    assert_eq!(ends.iter().filter(|end| *end == "duplicate").count(), 63);
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_removed_without_anybody_waiting_for_it() {
    let (world, purges) = (World::in_tokio_time(), Calls::default());
    let seen = purges.clone();
    let store = Watched::pausing(world.store.clone(), move |verb| {
        let seen = seen.clone();
        Box::pin(async move {
            if verb == "purge" {
                seen.next();
                sleep(Duration::from_secs(3600)).await;
            }
            Ok(())
        })
    });
    let receiver = world.over(&STANDARD_WEBHOOKS, store).handle(Handlers::new().otherwise(Calls::default().handler()));
    let receiver = receiver.unwrap();
    let start = Instant::now();
    for _ in 0..2500 {
        assert_eq!(send(&receiver, &one(&STANDARD_WEBHOOKS)).await, plain(200));
    }
    tokio::task::yield_now().await;
    assert_eq!((purges.count(), start.elapsed()), (2, Duration::ZERO));
    assert_eq!(receiver.close(Duration::from_secs(1)).await, 0);
}
