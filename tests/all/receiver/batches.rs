//! Several events in one request.

use std::collections::HashSet;

use inhook::{
    Handlers, Place, Twins,
    provider::{At, MANDRILL, OKTA},
    store::{Gap, Order},
};

use super::*;

/// `[uuid, stream]` for each event.
fn okta(events: &[[&str; 2]]) -> Request<Bytes> {
    let event = |[uuid, stream]: &[&str; 2]| {
        format!(r#"{{"uuid":"{uuid}","eventType":"user.{uuid}","published":"2026-11-21T06:41:00Z","of":"{stream}"}}"#)
    };
    let events: Vec<_> = events.iter().map(event).collect();
    let body = format!(r#"{{"eventId":"e","eventTypeVersion":"1.0","data":{{"events":[{}]}}}}"#, events.join(","));
    sent(&OKTA, body).build()
}

fn by_field(event: &Event) -> Option<Place> {
    let of: serde_json::Value = event.raw().json().unwrap();
    let stream = of["of"].as_str().unwrap();
    (!stream.is_empty()).then(|| Place::new(stream, 1_u64, Order::Serial))
}

/// Handles in order, and fails for those that it is told to.
#[derive(Clone, Default)]
struct Log {
    handled: Arc<Mutex<Vec<String>>>,
    failing: Arc<Mutex<HashSet<&'static str>>>,
}

impl Log {
    fn handlers(&self) -> Handlers {
        let log = self.clone();
        Handlers::new().otherwise(async move |event: Event| {
            let kind = event.kind.clone().unwrap();
            if log.failing.lock().unwrap().contains(&*kind) {
                return Err("told so".into());
            }
            log.handled.lock().unwrap().push(kind);
            Ok(Answer::text("nobody hears this"))
        })
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.handled.lock().unwrap()).join(" ")
    }
}

#[tokio::test]
async fn events_are_handled_in_the_order_of_the_request() {
    let (world, log) = (World::new(), Log::default());
    let receiver = world.receiver(&OKTA).handle(log.handlers()).unwrap();
    let batch = okta(&[["c", ""], ["a", ""], ["b", ""]]);
    assert_eq!(send(&receiver, &batch).await, plain(200));
    assert_eq!(log.take(), "user.c user.a user.b");
    let keys: Vec<_> = world.observed.all().into_iter().map(|noted| noted.key.unwrap().id).collect();
    assert_eq!(keys, ["c", "a", "b"]);
    // One alone can be answered.
    assert_eq!(send(&receiver, &okta(&[["d", ""]])).await, error(200, "nobody hears this"));
}

#[tokio::test]
async fn a_failure_skips_the_rest_of_its_stream_and_nothing_else() {
    let (world, log) = (World::new(), Log::default());
    let receiver = world.receiver(&OKTA).ordered_by(by_field).handle(log.handlers()).unwrap();
    let batch = okta(&[["1", "x"], ["2", "y"], ["3", "x"], ["4", "y"], ["5", ""], ["6", "x"]]);
    log.failing.lock().unwrap().insert("user.3");
    assert_eq!(send(&receiver, &batch).await, error(500, "failed"));
    assert_eq!(log.take(), "user.1 user.2 user.4 user.5");
    assert_eq!(world.ends(), ["handled", "handled", "failed", "handled", "handled", "skipped"]);
    // Sent again, only what is left is handled.
    log.failing.lock().unwrap().clear();
    assert_eq!(send(&receiver, &batch).await, plain(200));
    assert_eq!(log.take(), "user.3 user.6");
    assert_eq!(world.ends()[6..], ["duplicate", "duplicate", "handled", "duplicate", "duplicate", "handled"]);
}

#[tokio::test]
async fn without_order_a_failure_skips_nothing() {
    let (world, log) = (World::new(), Log::default());
    let receiver = world.receiver(&MANDRILL).handle(log.handlers()).unwrap();
    let body = r#"[{"_id":"1","event":"send","ts":1},{"_id":"1","event":"click","ts":2,"url":"u"},{"_id":"1","event":"open","ts":2}]"#;
    let batch = sent(&MANDRILL, body).build();
    log.failing.lock().unwrap().insert("click");
    assert_eq!(send(&receiver, &batch).await, error(500, "failed"));
    assert_eq!(log.take(), "send open");
    log.failing.lock().unwrap().clear();
    assert_eq!(send(&receiver, &batch).await, plain(200));
    assert_eq!(log.take(), "click");
}

#[tokio::test(start_paused = true)]
async fn a_batch_hears_the_worst_that_happened() {
    let (world, log) = (World::new(), Log::default());
    let receiver = world.receiver(&OKTA).ordered_by(by_field).handle(log.handlers()).unwrap();
    let slot =
        |id: &str| Slot::new(Key::new("okta", "default", id), Duration::from_secs(600), Duration::from_secs(600));
    let _granted = world.store.claim(&slot("busy")).await.unwrap();
    log.failing.lock().unwrap().insert("user.fails");
    // Busy is better than failed, and worse than done.
    let response = receiver.receive(okta(&[["busy", ""], ["1", ""]])).await;
    assert_eq!((said(&response), retry_after(&response)), ((503, "busy"), Some(600)));
    assert_eq!(send(&receiver, &okta(&[["fails", ""], ["busy", ""], ["2", ""]])).await, error(500, "failed"));
    assert_eq!(send(&receiver, &okta(&[["busy", "x"], ["3", "x"]])).await, error(503, "busy"));
    assert_eq!(log.take(), "user.1 user.2");
    assert_eq!(world.ends()[5..], ["busy", "skipped"]);
}

#[tokio::test]
async fn a_refused_replay_hides_no_failure_and_holds_up_no_stream() {
    // The uuid is no part of this payload, so that two events can be alike.
    const ALIKE: Provider = OKTA.payload(At::Json("/of"));
    let place = |_: &Event| Some(Place::new("x", 1_u64, Order::Serial));
    let (world, log) = (World::new(), Log::default());
    let receiver = world.receiver(&ALIKE).twins(Twins::Reject).ordered_by(place).handle(log.handlers()).unwrap();
    assert_eq!(send(&receiver, &okta(&[["1", "p"]])).await.0, 200);
    log.failing.lock().unwrap().insert("user.4");
    // 401 would keep the provider from sending what failed.
    assert_eq!(send(&receiver, &okta(&[["2", "p"], ["3", "q"], ["4", "r"]])).await, error(500, "failed"));
    assert_eq!(log.take(), "user.1 user.3");
    assert_eq!(send(&receiver, &okta(&[["4", "r"], ["2", "p"]])).await, error(500, "failed"));
    // Nor where it comes last, and nothing is skipped before it.
    let unordered = world.receiver(&ALIKE).twins(Twins::Reject).handle(log.handlers()).unwrap();
    assert_eq!(send(&unordered, &okta(&[["4", "r"], ["2", "p"]])).await, error(500, "failed"));
    assert!(world.ends().ends_with(&["failed".to_owned(), "refused: replay".to_owned()]));
    log.failing.lock().unwrap().clear();
    assert_eq!(send(&receiver, &okta(&[["2", "p"], ["3", "q"], ["4", "r"]])).await, error(401, "replay"));
    assert_eq!(log.take(), "user.4");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_later_event_of_its_own_batch_does_not_hold_it_up() {
    let (world, log) = (World::in_tokio_time(), Log::default());
    let order = Order::Sequence { wait: Duration::from_secs(86_400), on_gap: Gap::Block };
    let place = move |event: &Event| {
        let of: serde_json::Value = event.raw().json().unwrap();
        Some(Place::new("x", of["of"].as_str()?.parse::<u64>().ok()?, order))
    };
    let receiver = world.receiver(&OKTA).ordered_by(place).handle(log.handlers()).unwrap();
    assert_eq!(send(&receiver, &okta(&[["a", "1"]])).await.0, 200);
    // Its provider sends the same again, in the same order.
    let batch = okta(&[["d", "4"], ["c", "3"], ["b", "2"]]);
    for _ in 0..2 {
        assert_eq!(send(&receiver, &batch).await, error(503, "busy"));
    }
    assert_eq!(send(&receiver, &batch).await, plain(200));
    assert_eq!(log.take(), "user.a user.b user.c user.d");
    // What comes after one that failed is skipped all the same, and so is what stands beside it; not what stands before it.
    log.failing.lock().unwrap().insert("user.e");
    let batch = okta(&[["e", "5"], ["f", "6"], ["g", "5"], ["h", "4"]]);
    assert_eq!(send(&receiver, &batch).await, error(500, "failed"));
    assert!(
        world.ends().ends_with(&["failed", "skipped", "skipped", "handled"].map(str::to_owned)),
        "{:?}",
        world.ends()
    );
}
