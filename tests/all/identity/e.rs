//! Senders that bear tokens, most of which say nothing of the event.

use inhook::provider::{ATLASSIAN_CONNECT, MONDAY, NETLIFY};

use super::{draft, earlier, events, holds, id};

pub(super) const COVERED: &[&str] = &["atlassian_connect", "monday", "netlify"];

/// As for Jira's other webhooks: the identifier is a header, which no token covers.
#[test]
fn atlassian_connect() {
    let body = r#"{"webhookEvent":"jira:issue_updated","timestamp":1760000000000,"issue":{"id":"1"}}"#;
    let first = draft(&ATLASSIAN_CONNECT, body).label("d1");
    let retry = first.clone().header("x-atlassian-webhook-retry", "1");
    holds(&ATLASSIAN_CONNECT, first.clone(), retry, draft(&ATLASSIAN_CONNECT, body).label("d2"));
    let other = draft(&ATLASSIAN_CONNECT, r#"{"webhookEvent":"jira:issue_deleted"}"#).label("d1");
    assert_ne!(id(&ATLASSIAN_CONNECT, &first.build()), id(&ATLASSIAN_CONNECT, &other.build()));
}

/// A deploy is the same through all of its states, and each of them is an event.
#[test]
fn netlify() {
    let body = r#"{"id":"d1","state":"building","updated_at":"2026-11-21T06:41:00.120Z"}"#;
    for next in [body.replace("building", "ready"), body.replace("06:41", "06:42"), body.replace("d1", "d2")] {
        holds(&NETLIFY, draft(&NETLIFY, body).at(earlier()), draft(&NETLIFY, body), draft(&NETLIFY, next));
    }
    // A form's submission has an id and nothing more.
    let form = r#"{"id":"f1","form_name":"contact","data":{}}"#;
    holds(&NETLIFY, draft(&NETLIFY, form), draft(&NETLIFY, form), draft(&NETLIFY, form.replace("f1", "f2")));
}

/// Nothing that is documented is the same on each try.
#[test]
fn monday() {
    let body = r#"{"event":{"type":"create_item","pulseId":1,"triggerUuid":"t"}}"#;
    assert_eq!(events(&MONDAY, &draft(&MONDAY, body).build())[0].id(), None);
}

#[cfg(feature = "asymmetric")]
pub(super) mod public {
    use inhook::{
        Event, Field, Json, Payload, Provider, PubSub,
        provider::{
            ATLASSIAN_CONNECT_INSTALL, ATLASSIAN_FORGE, At, Attempt, FIREBASE_AUTH, GOOGLE_OIDC, GOOGLE_PUBSUB, PLAID,
        },
    };

    use super::{draft, earlier, events, holds};

    pub(in super::super) const COVERED: &[&str] =
        &["atlassian_connect_install", "atlassian_forge", "firebase_auth", "google_oidc", "google_pubsub", "plaid"];

    /// The id is the message's, wrapped or in a header; a redelivery bears another token.
    #[test]
    fn google_pubsub() {
        let wrapped = |id| {
            let message = format!(r#"{{"data":"e30=","messageId":"{id}","publishTime":"2026-11-21T06:41:00Z"}}"#);
            format!(r#"{{"message":{message},"subscription":"projects/p/subscriptions/s","deliveryAttempt":2}}"#)
        };
        let first = draft(&GOOGLE_PUBSUB, wrapped("1")).attempt(2);
        holds(&GOOGLE_PUBSUB, first.clone().at(earlier()), first.clone(), draft(&GOOGLE_PUBSUB, wrapped("2")));
        let event = &events(&GOOGLE_PUBSUB, &first.build())[0];
        assert_eq!((event.label.as_deref(), event.attempt), (Some("1"), 2));
        assert!(event.raw().as_bytes().starts_with(br#"{"data":"e30=""#) && event.occurred_at.is_some());
        assert!(!event.covers(Field::Body) && !event.covers(Field::Identity) && !event.covers(Field::Payload));
        let unwrapped = |id| draft(&GOOGLE_PUBSUB, "{}").header("x-goog-pubsub-message-id", id);
        holds(&GOOGLE_PUBSUB, unwrapped("1").at(earlier()), unwrapped("1"), unwrapped("2"));
    }

    /// What handlers want of a message is its data, as a push wraps it and as Eventarc does.
    #[test]
    fn google_pubsub_s_data() {
        let message = r#"{"data":"eyJpZCI6N30=","attributes":{"shop":"7"},"messageId":"1"}"#;
        let wrapped = format!(r#"{{"message":{message},"subscription":"projects/p/subscriptions/s"}}"#);
        for provider in [&GOOGLE_PUBSUB, &GOOGLE_OIDC] {
            let event = &events(provider, &draft(provider, wrapped.clone()).build())[0];
            let PubSub { data: Json(data), attributes, .. } =
                PubSub::<Json<serde_json::Value>>::decode(event.kind.as_deref(), event.raw().clone()).unwrap();
            assert_eq!((&data["id"], &*attributes["shop"]), (&7.into(), "7"));
        }
        let unwrapped =
            draft(&GOOGLE_PUBSUB, r#"{"id":7}"#).header("x-goog-pubsub-message-id", "1").header("shop", "7");
        let event = &events(&GOOGLE_PUBSUB, &unwrapped.build())[0];
        assert_eq!(Json::<serde_json::Value>::decode(None, event.raw().clone()).unwrap().0["id"], 7);
        assert_eq!(event.headers()["shop"], "7");
    }

    /// What a CloudEvent is the same by stands in headers; whoever receives it says so.
    #[test]
    fn google_oidc() {
        const EVENTARC: Provider =
            GOOGLE_OIDC.named("eventarc").identity(&[At::Header("ce-source"), At::Header("ce-id")]);
        let sent = |id| draft(&EVENTARC, "{}").header("ce-source", "//storage").header("ce-id", id);
        holds(&EVENTARC, sent("1").at(earlier()), sent("1"), sent("2"));
        assert_eq!(events(&GOOGLE_OIDC, &draft(&GOOGLE_OIDC, "{}").build())[0].id(), None);
    }

    /// The same task in another queue is another; so is a job that is due again.
    #[test]
    fn google_s_tasks_and_jobs() {
        const TASKS: Provider = GOOGLE_OIDC
            .named("tasks")
            .label(At::Header("x-cloudtasks-taskname"))
            .identity(&[At::Header("x-cloudtasks-queuename"), At::Header("x-cloudtasks-taskname")])
            .attempt(Attempt::Retry(At::Header("x-cloudtasks-taskretrycount")));
        const JOBS: Provider = GOOGLE_OIDC
            .named("jobs")
            .identity(&[At::Header("x-cloudscheduler-jobname"), At::Header("x-cloudscheduler-scheduletime")]);
        let task = |queue, retries| {
            let named =
                draft(&TASKS, "{}").header("x-cloudtasks-queuename", queue).header("x-cloudtasks-taskname", "7");
            named.header("x-cloudtasks-taskretrycount", retries)
        };
        holds(&TASKS, task("q", "0").at(earlier()), task("q", "1"), task("r", "0"));
        let tries = ["0", "2"].map(|retries| events(&TASKS, &task("q", retries).build())[0].attempt);
        assert_eq!(tries, [1, 3]);
        assert_eq!(events(&TASKS, &task("q", "0").build())[0].label.as_deref(), Some("7"));
        let job = |due| {
            draft(&JOBS, "{}").header("x-cloudscheduler-jobname", "j").header("x-cloudscheduler-scheduletime", due)
        };
        let (now, next) = ("2026-11-21T06:41:00Z", "2026-11-21T06:42:00Z");
        holds(&JOBS, job(now).at(earlier()), job(now), job(next));
    }

    /// The event stands in the token, so that all of it is signed.
    #[test]
    fn firebase_auth() {
        let body = r#"{"event_id":"e1","event_type":"beforeSignIn","user_record":{"uid":"u1"}}"#;
        let next = body.replace("e1", "e2");
        holds(
            &FIREBASE_AUTH,
            draft(&FIREBASE_AUTH, body).at(earlier()),
            draft(&FIREBASE_AUTH, body),
            draft(&FIREBASE_AUTH, next),
        );
        let event: Event = events(&FIREBASE_AUTH, &draft(&FIREBASE_AUTH, body).build()).remove(0);
        assert_eq!((event.kind.as_deref(), event.label.as_deref()), (Some("beforeSignIn"), Some("e1")));
        for field in [Field::Identity, Field::Kind, Field::Payload] {
            assert!(event.covers(field), "{field:?}");
        }
        assert!(!event.covers(Field::Body));
        let claims = Json::<serde_json::Value>::decode(None, event.raw().clone()).unwrap().0;
        assert_eq!((&claims["user_record"]["uid"], &claims["iss"]), (&"u1".into(), &"expected".into()));
    }

    /// No part of these is known to be the same on each try, and two genuine ones may be alike.
    #[test]
    fn those_without_an_id() {
        for (provider, body) in [
            (&PLAID, r#"{"webhook_type":"ITEM","webhook_code":"ERROR","item_id":"i1"}"#),
            (&ATLASSIAN_FORGE, r#"{"eventType":"avi:jira:updated:issue"}"#),
            (&ATLASSIAN_CONNECT_INSTALL, r#"{"eventType":"uninstalled","clientKey":"c"}"#),
        ] {
            assert_eq!(events(provider, &draft(provider, body).build())[0].id(), None, "{provider:?}");
        }
    }
}
