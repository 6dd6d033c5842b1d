//! Messengers, work and content.

use inhook::provider::{
    AIRTABLE, ALCHEMY, ASANA, CALCOM, CLICKUP, CLOUDFLARE, CONTENTFUL, GHOST, GRAFANA, HEROKU, HUBSPOT, HUBSPOT_V1,
    HUBSPOT_V2, INTERCOM, KLAVIYO, LINE, META, ONFIDO, SANITY, TELEGRAM, TRELLO, TWILIO, TWITCH, WHATSAPP, ZENDESK,
    ZOOM,
};

use super::*;

pub(super) const COVERED: &[&str] = &[
    "airtable",
    "alchemy",
    "calcom",
    "clickup",
    "cloudflare",
    "ghost",
    "grafana",
    "heroku",
    "klaviyo",
    "onfido",
    "zendesk",
    "asana",
    "contentful",
    "hubspot",
    "hubspot_v1",
    "hubspot_v2",
    "intercom",
    "line",
    "meta",
    "sanity",
    "telegram",
    "trello",
    "twilio",
    "twitch",
    "whatsapp",
    "zoom",
];

fn only(provider: &Provider, body: impl Into<Bytes>) -> Event {
    events(provider, &draft(provider, body).build()).remove(0)
}

/// The page's id is in every entry; a message has one of its own, and a deleted message the same again.
#[test]
fn meta() {
    let entry = |event: &str| format!(r#"{{"object":"page","entry":[{{"id":"p1","time":1,"messaging":[{event}]}}]}}"#);
    let message = entry(r#"{"sender":{"id":"u1"},"timestamp":1760345644790,"message":{"mid":"m1","text":"a"}}"#);
    let others = [
        message.replace("m1", "m2"),
        message.replace("p1", "p2"),
        message.replace(r#""text":"a""#, r#""is_deleted":true"#),
        message.replace("}]}]}", r#"},{"message":{"mid":"m2"}}]}]}"#),
        entry(r#"{"sender":{"id":"u1"},"postback":{"mid":"m3"}}"#),
    ];
    for next in others {
        let retry = message.replace(r#""time":1"#, r#""time":2"#);
        holds(&META, draft(&META, message.clone()), draft(&META, retry), draft(&META, next));
    }
    for without in [
        entry(r#"{"reaction":{"mid":"m1"}}"#),
        entry(r#"{"read":{"watermark":1}}"#),
        r#"{"object":"page","entry":[{"id":"p1","time":1,"changes":[{"field":"feed","value":{"item":"like"}}]}]}"#
            .into(),
    ] {
        assert_eq!(only(&META, without).id(), None);
    }
}

/// A status bears the id of the message that it is about.
#[test]
fn whatsapp() {
    let entry =
        |value: &str| format!(r#"{{"entry":[{{"id":"w","changes":[{{"field":"messages","value":{value}}}]}}]}}"#);
    let message = entry(r#"{"messages":[{"id":"wamid.1","timestamp":"1760123210"}]}"#);
    let sent = entry(r#"{"statuses":[{"id":"wamid.1","status":"sent","timestamp":"1760123211"}]}"#);
    let two = entry(r#"{"messages":[{"id":"wamid.1","timestamp":"1760123210"},{"id":"wamid.2"}]}"#);
    for next in [&sent, &two, &message.replace("wamid.1", "wamid.3")] {
        holds(
            &WHATSAPP,
            draft(&WHATSAPP, message.clone()),
            draft(&WHATSAPP, message.clone()),
            draft(&WHATSAPP, next.clone()),
        );
    }
    let read = sent.replace(r#""sent""#, r#""read""#);
    holds(&WHATSAPP, draft(&WHATSAPP, sent.clone()), draft(&WHATSAPP, sent), draft(&WHATSAPP, read));
}

#[test]
fn telegram() {
    let body = r#"{"update_id":7,"message":{"message_id":1,"date":1760287325,"text":"a"}}"#;
    let edited = r#"{"update_id":8,"edited_message":{"message_id":1,"date":1760287325,"text":"b"}}"#;
    holds(&TELEGRAM, draft(&TELEGRAM, body), draft(&TELEGRAM, body), draft(&TELEGRAM, edited));
    let kind = |body: &'static str| only(&TELEGRAM, body).kind;
    assert_eq!(kind(body).as_deref(), Some("message"));
    assert_eq!(kind(edited).as_deref(), Some("edited_message"));
    assert_eq!(kind(r#"{"update_id":9,"message":null,"poll":{"id":"1"}}"#).as_deref(), Some("poll"));
    assert_eq!(kind(r#"{"update_id":9,"of_tomorrow":{}}"#), None);
}

/// A redelivery says that it is one.
#[test]
fn line() {
    let body = r#"{"destination":"U1","events":[{"type":"message","webhookEventId":"01A","deliveryContext":{"isRedelivery":false},"replyToken":"r"}]}"#;
    let again = body.replace("false", "true");
    holds(&LINE, draft(&LINE, body), draft(&LINE, again), draft(&LINE, body.replace("01A", "01B")));
    assert_eq!(events(&LINE, &draft(&LINE, r#"{"destination":"U1","events":[]}"#).build()).len(), 0);
}

/// The id is signed, and each try may bear a time of its own.
#[test]
fn twitch() {
    let body = r#"{"subscription":{"id":"s","status":"enabled","type":"channel.follow","version":"2"},"event":{}}"#;
    let first = draft(&TWITCH, body).label("t1");
    let retry = first.clone().attempt(3);
    holds(&TWITCH, first.at(earlier()), retry.clone(), draft(&TWITCH, body).label("t2"));
    let retry = &events(&TWITCH, &retry.build())[0];
    assert_eq!((retry.attempt, retry.covers(Field::Identity), retry.covers(Field::Kind)), (3, true, true));
}

/// What a message is stands in a header that nobody signs: it makes no handshake of an event.
#[test]
fn twitch_tells_a_challenge_by_what_is_signed() {
    let body = r#"{"subscription":{"type":"channel.follow"},"event":{}}"#;
    let request = draft(&TWITCH, body).header("twitch-eventsub-message-type", "webhook_callback_verification").build();
    assert_eq!(events(&TWITCH, &request).len(), 1);
}

/// Two people join in the same millisecond; a retry says the same.
#[test]
fn zoom() {
    let body = r#"{"event":"meeting.participant_joined","payload":{"account_id":"a","object":{"id":"1","participant":{"user_id":"u1"}}},"event_ts":1760328654300}"#;
    for (old, new) in [("u1", "u2"), ("654300", "654301"), ("joined", "left")] {
        holds(&ZOOM, draft(&ZOOM, body).at(earlier()), draft(&ZOOM, body), draft(&ZOOM, body.replace(old, new)));
    }
}

/// The count of tries is a part of what is sent.
#[test]
fn intercom() {
    let body = r#"{"id":"notif_1","topic":"ping","delivery_attempts":1,"data":{"item":{"id":"1"}}}"#;
    let retry = body.replace(r#"attempts":1"#, r#"attempts":2"#);
    holds(
        &INTERCOM,
        draft(&INTERCOM, body),
        draft(&INTERCOM, retry.clone()),
        draft(&INTERCOM, body.replace("notif_1", "notif_2")),
    );
    assert_eq!(events(&INTERCOM, &draft(&INTERCOM, retry).attempt(2).build())[0].attempt, 2);
}

/// Events have no id: the same change twice is told by its time.
#[test]
fn asana() {
    let event = |at: &str, what: &str| {
        format!(
            r#"{{"created_at":"2025-10-11T19:59:{at}Z","action":"{what}","resource":{{"gid":"1","resource_type":"task"}}}}"#
        )
    };
    let first = event("55.000", "changed");
    for next in [event("55.001", "changed"), event("55.000", "removed"), first.replace(r#""gid":"1""#, r#""gid":"2""#)]
    {
        let body = |event: &str| draft(&ASANA, format!(r#"{{"events":[{event}]}}"#));
        holds(&ASANA, body(&first), body(&first), body(&next));
        let both = format!(r#"{{"events":[{next},{first}]}}"#);
        assert_eq!(ids(&ASANA, &draft(&ASANA, both).build())[1], id(&ASANA, &body(&first).build()));
    }
}

/// Several webhooks of one address watch the same action.
#[test]
fn trello() {
    let body = r#"{"action":{"id":"a1","type":"updateCard","data":{"card":{"id":"c1"}}},"model":{"id":"m1"}}"#;
    let other_model = body.replace("m1", "m2");
    holds(&TRELLO, draft(&TRELLO, body), draft(&TRELLO, other_model), draft(&TRELLO, body.replace("a1", "a2")));
}

/// An id comes again for other events, and the bytes differ from try to try.
#[test]
fn hubspot() {
    let body = r#"[{"eventId":1,"subscriptionId":2,"subscriptionType":"contact.propertyChange","occurredAt":1760330700500,"attemptNumber":0,"objectId":3,"propertyName":"firstname","propertyValue":"a"}]"#;
    for provider in [&HUBSPOT, &HUBSPOT_V2, &HUBSPOT_V1] {
        for (old, new) in [
            (r#""eventId":1"#, r#""eventId":9"#),
            ("700500", "700501"),
            (r#""objectId":3"#, r#""objectId":4"#),
            ("firstname", "lastname"),
            (r#""objectId":3"#, r#""fromObjectId":3,"toObjectId":4"#),
        ] {
            let retry = draft(provider, body.replace(r#"Number":0"#, r#"Number":2"#));
            assert_eq!(events(provider, &retry.clone().build())[0].attempt, 3);
            holds(provider, draft(provider, body).at(earlier()), retry, draft(provider, body.replace(old, new)));
        }
    }
}

/// A message is told by its status; a call's requests are alike, and only the token tells them apart.
#[test]
fn twilio() {
    let message = "MessageSid=SM1&MessageStatus=sent&From=%2B1";
    let first = || draft(&TWILIO, message).header("i-twilio-idempotency-token", "t1");
    let again = draft(&TWILIO, message).header("i-twilio-idempotency-token", "t2");
    holds(&TWILIO, first(), again, draft(&TWILIO, message.replace("sent", "delivered")));
    holds(&TWILIO, first(), first(), draft(&TWILIO, message.replace("SM1", "SM2")));
    let digits = |token| {
        draft(&TWILIO, "CallSid=CA1&CallStatus=in-progress&Digits=1").header("i-twilio-idempotency-token", token)
    };
    holds(&TWILIO, digits("t1"), digits("t1"), digits("t2"));
}

/// Each publication has a key of its own; two versions are never one, whatever the key says, for nobody signs it.
#[test]
fn contentful() {
    const KEY: &str = "x-contentful-idempotency-key";
    let body = r#"{"sys":{"type":"Entry","id":"e1","version":1}}"#;
    let request =
        |body: &str, key| draft(&CONTENTFUL, body.to_owned()).kind("ContentManagement.Entry.publish").header(KEY, key);
    let soon = OffsetDateTime::now_utc() - Duration::seconds(20);
    holds(&CONTENTFUL, request(body, "k1").at(soon), request(body, "k1"), request(body, "k2"));
    holds(&CONTENTFUL, request(body, "k1"), request(body, "k1"), request(&body.replace(":1}", ":2}"), "k1"));
}

#[test]
fn sanity() {
    let body = r#"{"_id":"d1","_type":"post","_rev":"r1"}"#;
    let request = |body: &str, key| draft(&SANITY, body.to_owned()).label(key);
    holds(&SANITY, request(body, "k1").at(earlier()), request(body, "k1"), request(body, "k2"));
    holds(&SANITY, request(body, "k1"), request(body, "k1"), request(&body.replace("r1", "r2"), "k1"));
}

/// A ping says only that there is something to fetch.
#[test]
fn airtable() {
    let body = r#"{"base":{"id":"app1"},"webhook":{"id":"ach1"},"timestamp":"2025-10-11T16:26:40.123Z"}"#;
    for (old, new) in [("ach1", "ach2"), ("40.123", "40.124")] {
        holds(&AIRTABLE, draft(&AIRTABLE, body), draft(&AIRTABLE, body), draft(&AIRTABLE, body.replace(old, new)));
    }
}

/// Each has an id of its own, whatever else is alike.
#[test]
fn alchemy_heroku_and_klaviyo() {
    let hooks = r#"{"webhookId":"wh_1","id":"whevt_1","type":"ADDRESS_ACTIVITY","event":{}}"#;
    holds(
        &ALCHEMY,
        draft(&ALCHEMY, hooks),
        draft(&ALCHEMY, hooks),
        draft(&ALCHEMY, hooks.replace("whevt_1", "whevt_2")),
    );
    let release = r#"{"id":"e1","action":"create","data":{"id":"r1"},"webhook_metadata":{"attempt":{"id":"a1"}}}"#;
    let retry = release.replace("a1", "a2");
    holds(&HEROKU, draft(&HEROKU, release), draft(&HEROKU, retry), draft(&HEROKU, release.replace("e1", "e2")));
    let opened = r#"{"data":[{"external_id":"x1","topic":"event:klaviyo.opened_email"}]}"#;
    let sent_later = draft(&KLAVIYO, opened).header("klaviyo-timestamp", "Sat, 11 Oct 2025 16:26:40 GMT");
    holds(&KLAVIYO, draft(&KLAVIYO, opened), sent_later, draft(&KLAVIYO, opened.replace("x1", "x2")));
}

/// A booking has an id, and is created, moved and cancelled under it.
#[test]
fn calcom() {
    let body = r#"{"triggerEvent":"BOOKING_CREATED","createdAt":"2025-10-11T16:26:40.123Z","payload":{"uid":"b1"}}"#;
    for (old, new) in [("CREATED", "CANCELLED"), ("40.123", "40.124"), ("b1", "b2")] {
        holds(&CALCOM, draft(&CALCOM, body), draft(&CALCOM, body), draft(&CALCOM, body.replace(old, new)));
    }
}

/// One history item can be two events, and a deletion has none.
#[test]
fn clickup() {
    let body = r#"{"webhook_id":"w1","event":"taskUpdated","task_id":"t1","history_items":[{"id":"h1"}]}"#;
    for (old, new) in [("h1", "h2"), ("taskUpdated", "taskStatusUpdated"), ("w1", "w2")] {
        holds(&CLICKUP, draft(&CLICKUP, body), draft(&CLICKUP, body), draft(&CLICKUP, body.replace(old, new)));
    }
    assert_eq!(only(&CLICKUP, r#"{"webhook_id":"w1","event":"taskDeleted","task_id":"t1"}"#).id(), None);
}

/// What a trigger sends may have the ticket's id in it.
#[test]
fn zendesk() {
    let body = r#"{"id":"01F1","type":"zen:event-type:ticket.created","zendesk_event_version":"2022-11-06","detail":{"id":"1"}}"#;
    holds(
        &ZENDESK,
        draft(&ZENDESK, body).at(earlier()),
        draft(&ZENDESK, body),
        draft(&ZENDESK, body.replace("01F1", "01F2")),
    );
    assert_eq!(only(&ZENDESK, r#"{"id":"35436","note":"new"}"#).id(), None);
}

/// What happened is said by the alert's type; a message that is sent to try the address has none.
#[test]
fn cloudflare() {
    let attack = r#"{"name":"attack","text":"on","data":{},"ts":1760200000,"alert_type":"advanced_ddos_attack_l4_alert","alert_correlation_id":"c1","alert_event":"ALERT_STATE_EVENT_START"}"#;
    let event = only(&CLOUDFLARE, attack);
    assert_eq!((event.kind.as_deref(), event.label.as_deref()), (Some("advanced_ddos_attack_l4_alert"), Some("c1")));
    assert_eq!(event.occurred_at.map(|at| at.unix_timestamp()), Some(1_760_200_000));
    assert_eq!(only(&CLOUDFLARE, r#"{"text":"Hello World!"}"#).kind, None);
}

/// Nothing in them tells a retry from the same thing happening again, so nothing is made up.
#[test]
fn those_without_an_id() {
    let alerts = r#"{"status":"firing","groupKey":"g","alerts":[{"fingerprint":"c6","status":"firing","startsAt":"2025-10-11T16:20:00Z"}]}"#;
    let check = r#"{"payload":{"action":"check.completed","object":{"id":"check-1"}}}"#;
    let post = r#"{"post":{"current":{"id":"p1"},"previous":{}}}"#;
    let attack = r#"{"name":"attack","text":"on","ts":1760200000}"#;
    for (provider, body) in [(&GRAFANA, alerts), (&ONFIDO, check), (&GHOST, post), (&CLOUDFLARE, attack)] {
        assert_eq!(only(provider, body).id(), None, "{provider:?}");
    }
}
