//! One row of the table of answers after the other.

use http::{HeaderValue, Method, header::CONTENT_LENGTH};
use inhook::{
    Handlers, Twins,
    provider::{GHOST, OKTA, SLACK, STANDARD_WEBHOOKS, TWILIO},
    store::DeadLetterStore,
};
use tokio::sync::Semaphore;

use super::*;

#[tokio::test]
async fn a_duplicate_hears_what_was_answered_the_first_time() {
    let (world, calls) = (World::new(), Calls::default());
    let (json, text, nothing) = (calls.clone(), calls.clone(), calls.handler());
    let handlers = Handlers::new()
        .on("a.json", async move |event: Event| {
            json.next();
            Ok(Answer::json(&[event.kind])?)
        })
        .on("a.text", async move |_: Event| Ok(Answer::text(format!("call {}", text.next()))))
        .on("a.nothing", nothing);
    let receiver = world.receiver(&STRIPE).handle(handlers).unwrap();
    let rows = [
        ("a.json", r#"["a.json"]"#, Some("application/json")),
        ("a.text", "call 2", Some("text/plain; charset=utf-8")),
        ("a.nothing", "", None),
    ];
    for (kind, body, content_type) in rows {
        let signed = stripe(kind, kind);
        for at in [NOW, NOW + time::Duration::minutes(4)] {
            let response = receiver.receive(signed.clone().at(at).build()).await;
            assert_eq!((said(&response), header(&response, "content-type")), ((200, body), content_type), "{kind}");
        }
        let noted = world.observed.last();
        assert_eq!(noted.key, Some(Key::new("stripe", "default", kind)));
        assert_eq!((noted.label.as_deref(), noted.kind.as_deref()), (Some(kind), Some(kind)));
    }
    assert_eq!(calls.count(), 3);
    assert_eq!(world.ends(), ["handled", "duplicate", "handled", "duplicate", "handled", "duplicate"]);
}

#[tokio::test]
async fn another_payload_under_the_same_id_is_acknowledged_and_not_handled() {
    let (world, calls) = (World::new(), Calls::default());
    let receiver = world.receiver(&STRIPE).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let other = sent(&STRIPE, r#"{"id":"evt_1","type":"a.b","data":{"object":{"of":"somebody else"}}}"#);
    for request in [stripe("evt_1", "a.b").build(), other.build()] {
        assert_eq!(send(&receiver, &request).await, plain(200));
    }
    assert_eq!((world.ends(), calls.count()), (vec!["handled".to_owned(), "conflict".to_owned()], 1));
}

#[tokio::test]
async fn with_dead_letters_it_is_kept_once() {
    let (world, calls) = (World::new(), Calls::default());
    let handlers = Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&STRIPE).dead_letters().handle(handlers).unwrap();
    let other = |of: u8| sent(&STRIPE, format!(r#"{{"id":"evt_1","type":"a.b","data":{{"object":{of}}}}}"#)).build();
    for request in [stripe("evt_1", "a.b").build(), other(1), other(1), other(2)] {
        assert_eq!(send(&receiver, &request).await, plain(200));
    }
    assert_eq!(world.ends(), ["handled", "conflict", "conflict", "conflict"]);
    let letters = world.store.dead_letters(None, 10).await.unwrap();
    let kept: Vec<_> = letters.iter().map(|letter| letter.event.raw().as_bytes()).collect();
    assert_eq!((kept, calls.count()), (vec![&b"1"[..], b"2"], 1));
    assert!(receiver.dispatch(letters[0].redrive()).await.settled());
    assert_eq!((&*world.observed.last().end, calls.count()), ("handled", 2));
}

#[tokio::test]
async fn a_kind_that_nobody_handles_is_acknowledged_and_not_remembered() {
    let (world, calls) = (World::new(), Calls::default());
    let request = stripe("evt_1", "a.b").build();
    let before = world.receiver(&STRIPE).handle(Handlers::new().on("c.d", calls.handler())).unwrap();
    assert_eq!(send(&before, &request).await, plain(200));
    let after = world.receiver(&STRIPE).handle(Handlers::new().on("a.*", calls.handler())).unwrap();
    assert_eq!(send(&after, &request).await, plain(200));
    assert_eq!((world.ends(), calls.count()), (vec!["unhandled".to_owned(), "handled".to_owned()], 1));
}

#[tokio::test]
async fn an_event_that_does_not_say_its_kind_is_not_one_that_nobody_asked_for() {
    let (world, calls) = (World::new(), Calls::default());
    let request = sent(&STRIPE, r#"{"id":"evt_1"}"#).build();
    let picky = world.receiver(&STRIPE).handle(Handlers::new().on("a.*", calls.handler())).unwrap();
    assert_eq!(send(&picky, &request).await, error(500, "envelope"));
    assert_eq!((world.ends(), calls.count()), (vec!["refused: envelope".to_owned()], 0));
    let any = world.receiver(&STRIPE).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    assert_eq!(send(&any, &request).await, plain(200));
}

#[tokio::test]
async fn what_is_refused_hears_why_in_one_word() {
    let good = || stripe("evt_1", "a.b");
    let changed = |change: fn(&mut Request<Bytes>)| {
        let mut request = good().build();
        change(&mut request);
        request
    };
    let minutes = time::Duration::minutes;
    let long = sent(&STRIPE, format!(r#"{{"id":"{}"}}"#, "x".repeat(200)));
    let declared = |length: &'static str| {
        let mut request = good().build();
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static(length));
        request
    };
    let rows = [
        (changed(|r| *r.method_mut() = Method::PUT), 405, "method"),
        (changed(|r| *r.method_mut() = Method::HEAD), 405, "method"),
        (changed(|r| drop(r.headers_mut().remove("stripe-signature"))), 400, "missing_header"),
        (
            changed(|r| drop(r.headers_mut().insert("stripe-signature", HeaderValue::from_static(" ")))),
            400,
            "missing_header",
        ),
        (
            changed(|r| drop(r.headers_mut().insert("stripe-signature", HeaderValue::from_static("t=1")))),
            400,
            "malformed_header",
        ),
        (
            changed(|r| assert!(r.headers_mut().append("stripe-signature", HeaderValue::from_static("t=1,v1=00")))),
            400,
            "malformed_header",
        ),
        (changed(|r| *r.body_mut() = Bytes::from_static(b"{}")), 401, "bad_signature"),
        (good().at(NOW - minutes(6)).build(), 401, "stale_timestamp"),
        (good().at(NOW + minutes(6)).build(), 401, "future_timestamp"),
        (good().content_type("text/xml").build(), 415, "media_type"),
        (good().content_type("multipart/form-data; boundary=x").build(), 415, "media_type"),
        (long.build(), 413, "too_large"),
        (declared("129"), 413, "too_large"),
        (sent(&STRIPE, "[1]").build(), 500, "envelope"),
        (sent(&STRIPE, "{").build(), 500, "envelope"),
    ];
    let (world, calls) = (World::new(), Calls::default());
    let handlers = Handlers::new().otherwise(calls.handler());
    let receiver = world.receiver(&STRIPE).body_limit(128).handle(handlers).unwrap();
    for (request, status, word) in rows {
        let response = receiver.receive(request).await;
        assert_eq!(said(&response), (status, word));
        assert_eq!(header(&response, "content-type"), Some("text/plain; charset=utf-8"), "{word}");
        assert_eq!(header(&response, "allow"), (status == 405).then_some("POST"), "{word}");
        assert_eq!(retry_after(&response), None, "{word}");
        let noted = world.observed.last();
        assert_eq!((noted.end, noted.provider), (format!("refused: {word}"), Some("stripe".to_owned())));
        assert_eq!((noted.key, noted.tenant), (None, None));
    }
    assert_eq!((calls.count(), world.ends().len()), (0, 15));
    // Nothing of that was remembered.
    assert_eq!(send(&receiver, &declared("128")).await, plain(200));
}

#[tokio::test]
async fn a_wrong_method_is_told_all_that_there_are() {
    let world = World::new();
    let receiver = world.receiver(&OKTA).handle(Handlers::new().otherwise(Calls::default().handler())).unwrap();
    let request = Request::delete("https://example.com/").body(Bytes::new()).unwrap();
    let response = receiver.receive(request).await;
    assert_eq!((said(&response), header(&response, "allow")), ((405, "method"), Some("POST, GET")));
}

#[tokio::test]
async fn statuses_of_the_providers_own_are_kept() {
    const OWN: Provider = STANDARD_WEBHOOKS.success(204).refused(406);
    let (world, calls) = (World::new(), Calls::default());
    let handlers = Handlers::new().on("a.text", async |_: Event| Ok(Answer::text("hi"))).otherwise(calls.handler());
    let receiver = world.receiver(&OWN).handle(handlers).unwrap();
    let event = |kind: &str| sent(&OWN, format!(r#"{{"type":"{kind}"}}"#));
    assert_eq!(send(&receiver, &event("a.b").build()).await, plain(204));
    // 204 carries no body.
    assert_eq!(send(&receiver, &event("a.text").build()).await, error(200, "hi"));
    let mut forged = event("a.b").build();
    *forged.body_mut() = Bytes::from_static(b"{}");
    assert_eq!(send(&receiver, &forged).await, error(406, "bad_signature"));
    let old = event("a.b").at(NOW - time::Duration::minutes(6));
    assert_eq!(send(&receiver, &old.build()).await, error(406, "stale_timestamp"));
    // What is wrong with the request, not with its signature, is answered as everywhere.
    forged.headers_mut().remove("webhook-signature");
    assert_eq!(send(&receiver, &forged).await, error(400, "missing_header"));
}

#[tokio::test]
async fn a_store_that_is_down_is_a_503_and_nothing_is_handled() {
    let (world, calls) = (World::new(), Calls::default());
    let store = Watched::new(world.store.clone(), |verb| match verb {
        "claim" => Err(Error::store("the disk is full")),
        _ => Ok(()),
    });
    let receiver = world.over(&STRIPE, store).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let response = receiver.receive(stripe("evt_1", "a.b").build()).await;
    assert_eq!((said(&response), retry_after(&response)), ((503, "store"), Some(1)));
    assert_eq!((world.ends(), calls.count()), (vec!["refused: store".to_owned()], 0));
}

/// A store that fails to complete for as long as there are permits.
fn incomplete(world: &World, times: usize) -> (Watched, Arc<Semaphore>) {
    let left = Arc::new(Semaphore::new(times));
    let down = left.clone();
    let store = Watched::new(world.store.clone(), move |verb| match (verb, down.try_acquire()) {
        ("complete", Ok(once)) => {
            once.forget();
            Err(Error::store("gone"))
        }
        _ => Ok(()),
    });
    (store, left)
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_cannot_be_written_is_tried_again_and_not_the_handler() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let (store, left) = incomplete(&world, 5);
    let receiver = world.over(&STRIPE, store).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let request = stripe("evt_1", "a.b").build();
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!(left.available_permits(), 0);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!((world.ends(), calls.count()), (vec!["handled".to_owned(), "duplicate".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_is_not_written_within_a_lease_is_no_success() {
    let (world, calls) = (World::in_tokio_time(), Calls::default());
    let (store, left) = incomplete(&world, 1000);
    let receiver = world.over(&PATIENT, store).handle(Handlers::new().otherwise(calls.handler())).unwrap();
    let request = stripe("evt_1", "a.b").build();
    let start = tokio::time::Instant::now();
    assert_eq!(send(&receiver, &request).await, error(503, "store"));
    assert_eq!(start.elapsed().as_secs(), 60);
    // Nobody knows whether it was written, so the claim runs out by itself.
    left.forget_permits(1000);
    assert_eq!(send(&receiver, &request).await, plain(200));
    assert_eq!((world.ends(), calls.count()), (vec!["refused: store".to_owned(), "handled".to_owned()], 2));
}

#[test]
fn without_a_runtime_a_mark_is_tried_again_at_once() {
    let (world, calls) = (World::new(), Calls::default());
    for (failing, status) in [(2, 200), (1000, 503)] {
        let (store, left) = incomplete(&world, failing);
        let receiver = world.over(&STRIPE, store).handle(Handlers::new().otherwise(calls.handler())).unwrap();
        let request = stripe(&format!("evt_{failing}"), "a.b").build();
        let Some(response) = crate::polls::once(receiver.receive(request)) else { panic!("it waits") };
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(failing - left.available_permits(), failing.min(3));
    }
    assert_eq!(calls.count(), 2);
}

#[tokio::test]
async fn a_claim_that_cannot_be_given_back_does_not_hide_why_the_handler_failed() {
    let world = World::new();
    let store = Watched::new(world.store.clone(), |verb| match verb {
        "release" => Err(Error::store("gone")),
        _ => Ok(()),
    });
    let handlers = Handlers::new().otherwise(Calls::default().failing(1));
    let receiver = world.over(&STRIPE, store).handle(handlers).unwrap();
    assert_eq!(send(&receiver, &stripe("evt_1", "a.b").build()).await, error(500, "failed"));
    assert_eq!(world.ends(), ["failed"]);
}

#[test]
fn what_does_not_fit_together_is_found_when_it_is_built() {
    use inhook::{
        Place,
        provider::{DROPBOX, GITHUB},
        store::Order,
    };
    let ok = || Handlers::new().otherwise(Calls::default().handler());
    let builder = || World::new().receiver(&STRIPE);
    let place = |_: &Event| Some(Place::new("stream", 1_u64, Order::Serial));
    let unidentified = |world: &World| world.over(&SLACK.identity(&[]), transactions::Ledger::default());
    let tx = || inhook::TxHandlers::new().otherwise(Calls::default().handler());
    let world = World::new();
    let rows: Vec<(&str, Result<Receiver, Error>)> = vec![
        ("no handler", builder().handle(Handlers::new())),
        (
            "a kind twice",
            builder().handle(ok().on("a.b", Calls::default().handler()).on("a.b", Calls::default().handler())),
        ),
        ("otherwise twice", builder().handle(ok().otherwise(Calls::default().handler()))),
        ("a bare star", builder().handle(ok().on("*", Calls::default().handler()))),
        ("a star within", builder().handle(ok().on("a.*.b", Calls::default().handler()))),
        ("an empty kind", builder().handle(ok().on("", Calls::default().handler()))),
        (
            "kinds where there are none",
            world.receiver(&DROPBOX).handle(Handlers::new().on("a", Calls::default().handler())),
        ),
        ("no consumer", builder().consumer("").handle(ok())),
        ("a consumer of ours", builder().consumer("inhook.nonce").handle(ok())),
        ("no lease", builder().lease(Duration::ZERO).handle(ok())),
        ("no timeout", builder().timeout(Duration::ZERO).handle(ok())),
        ("no time to read", builder().read_timeout(Duration::ZERO).handle(ok())),
        ("no body", builder().body_limit(0).handle(ok())),
        ("nothing in flight", builder().in_flight(0).handle(ok())),
        ("order without retries", world.receiver(&GITHUB).ordered_by(place).handle(ok())),
        ("order of what is posted once", world.receiver(&GHOST).ordered_by(place).handle(ok())),
        ("no identity in a transaction", unidentified(&world).handle_in_tx(tx())),
    ];
    for (what, built) in rows {
        assert_eq!(built.map(drop).unwrap_err().kind(), inhook::ErrorKind::Config, "{what}");
    }
    assert!(builder().twins(Twins::Reject).ordered_by(place).handle(ok()).is_ok());
    assert!(unidentified(&world).handle(ok()).is_ok());
    assert!(unidentified(&world).key_by(|_| Some("1".to_owned())).handle_in_tx(tx()).is_ok());
}

/// What a slash command or an interaction is answered is what its sender sees; a second try sees the same.
#[tokio::test]
async fn a_command_is_answered_in_json() {
    #[derive(serde::Deserialize)]
    struct Command {
        text: String,
    }
    let (world, calls) = (World::new(), Calls::default());
    let seen = calls.clone();
    let deploy = async move |event: Event<inhook::Form<Command>>| {
        seen.next();
        let text = format!("deploying {}", event.payload.0.text);
        Ok(Answer::json(&serde_json::json!({ "response_type": "ephemeral", "text": text }))?)
    };
    let pressed = async |event: Event<inhook::Json<serde_json::Value>>| {
        let id = event.payload.0["actions"][0]["action_id"].clone();
        Ok(Answer::json(&serde_json::json!({ "text": id }))?)
    };
    let handlers = Handlers::new().on("/deploy", deploy).on("block_actions", pressed);
    let receiver = world.receiver(&SLACK).handle(handlers).unwrap();
    let command = sent(&SLACK, "command=%2Fdeploy&text=api+v2&trigger_id=1.2").content_type(FORM).build();
    for _ in 0..2 {
        let response = receiver.receive(command.clone()).await;
        assert_eq!(said(&response), (200, r#"{"response_type":"ephemeral","text":"deploying api v2"}"#));
        assert_eq!(header(&response, "content-type"), Some("application/json"));
    }
    let press = r#"{"type":"block_actions","trigger_id":"1.3","actions":[{"action_id":"go"}]}"#;
    let response = receiver.receive(sent(&SLACK, press).content_type(FORM).build()).await;
    assert_eq!(said(&response), (200, r#"{"text":"go"}"#));
    assert_eq!((calls.count(), world.ends()), (1, vec!["handled".into(), "duplicate".into(), "handled".into()]));
}

/// The query of an event by GET is decoded as the form that a POST would bring.
#[tokio::test]
async fn an_event_by_get_has_its_query_for_payload() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Message {
        message_sid: String,
        body: String,
    }
    let (world, calls) = (World::new(), Calls::default());
    let seen = calls.clone();
    let received = async move |event: Event<inhook::Form<Message>>| {
        seen.next();
        Ok(Answer::text(format!("{} {}", event.payload.0.message_sid, event.payload.0.body)))
    };
    let verifier =
        Verifier::builder(&TWILIO).secret(SECRET).public_base("https://example.com").by_get().build().unwrap();
    let builder = Receiver::builder(verifier, world.store.clone()).observe(world.observed.note());
    let receiver = builder.handle(Handlers::new().on("received", received)).unwrap();
    let at = "https://example.com/hooks/twilio?MessageSid=SM1&SmsStatus=received&Body=a+%2B";
    let mut get = sent(&TWILIO, "").url(at).build();
    *get.method_mut() = Method::GET;
    for _ in 0..2 {
        assert_eq!(said(&receiver.receive(get.clone()).await), (200, "SM1 a +"));
    }
    assert_eq!((calls.count(), world.ends()), (1, vec!["handled".into(), "duplicate".into()]));
    *get.uri_mut() = at.replace("SM1", "SM2").parse().unwrap();
    assert_eq!(receiver.receive(get).await.status(), 401);
}
