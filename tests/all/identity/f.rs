//! Those who sign with a private key.

use inhook::{
    Json, Payload, S3Records,
    provider::{
        AWS_SNS, DISCORD, DISCORD_EVENTS, PAYPAL, SENDGRID, SENDGRID_INBOUND, STANDARD_WEBHOOKS_V1A, SVIX_V1A, WISE,
    },
};
use serde_json::{Value, json};

use super::*;

pub(super) const COVERED: &[&str] = &[
    "adobe_commerce",
    "aws_sns",
    "discord",
    "discord_events",
    "paypal",
    "sendgrid",
    "sendgrid_inbound",
    "standard_webhooks_v1a",
    "svix_v1a",
    "wise",
];

#[test]
fn standard_webhooks_and_kin() {
    let body = r#"{"type":"user.updated","timestamp":"2026-11-21T06:41:00Z","data":{"id":"u_1"}}"#;
    for provider in [&STANDARD_WEBHOOKS_V1A, &SVIX_V1A] {
        let first = draft(provider, body).label("msg_1");
        holds(provider, first.clone().at(earlier()), first, draft(provider, body).label("msg_2"));
    }
}

#[test]
fn discord() {
    let body = r#"{"id":"846462639134605312","application_id":"1","type":2,"token":"t","version":1}"#;
    let next = body.replace("605312", "605313");
    holds(&DISCORD, draft(&DISCORD, body).at(earlier()), draft(&DISCORD, body), draft(&DISCORD, next));
    let event = &events(&DISCORD, &draft(&DISCORD, body).build())[0];
    assert_eq!(event.kind.as_deref(), Some("2"));
    assert_eq!(event.occurred_at.unwrap().to_string(), "2021-05-24 19:00:19.685 +00:00:00");
}

/// No id: what it says, and when.
#[test]
fn discord_events() {
    let body = r#"{"version":1,"application_id":"1","type":1,"event":{"type":"ENTITLEMENT_CREATE","timestamp":"2024-10-18T14:42:53.064834","data":{"id":"1"}}}"#;
    let later = body.replace("53.064834", "53.064835");
    let other = body.replace(r#"{"id":"1"}"#, r#"{"id":"2"}"#);
    for next in [later, other] {
        let retry = draft(&DISCORD_EVENTS, body);
        holds(&DISCORD_EVENTS, retry.clone().at(earlier()), retry, draft(&DISCORD_EVENTS, next));
    }
}

/// A batch that comes again may be cut otherwise; each event in it has its own id.
#[test]
fn sendgrid() {
    let one = r#"{"email":"a@example.com","event":"open","sg_event_id":"e1","timestamp":1}"#;
    let two = one.replace("e1", "e2");
    let first = ids(&SENDGRID, &draft(&SENDGRID, format!("[{one},\r\n{two}]\r\n")).build());
    let again = ids(&SENDGRID, &draft(&SENDGRID, format!("[{two}]\r\n")).at(earlier()).build());
    assert_eq!(first, ["e1", "e2"]);
    assert_eq!(again, ["e2"]);
}

/// A mail's own id is whatever its sender wrote. What its reader needs is there: the form's bytes, and their boundary.
#[test]
#[cfg(feature = "multipart")]
fn sendgrid_inbound() {
    let form = "--xYz\r\nContent-Disposition: form-data; name=\"headers\"\r\n\r\nMessage-ID: <1@example.org>\r\n\
                --xYz\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nHello\r\n--xYz--\r\n";
    let (kind, cut) = ("multipart/form-data; boundary=xYz", &form[..form.len() - 12]);
    let event = events(&SENDGRID_INBOUND, &draft(&SENDGRID_INBOUND, form).content_type(kind).build()).remove(0);
    assert_eq!((event.id(), event.label.as_deref(), event.kind.as_deref()), (None, None, None));
    assert_eq!(event.raw().as_bytes(), form.as_bytes());
    assert_eq!(event.headers()["content-type"], kind);
    assert!(event.covers(Field::Body) && event.covers(Field::Payload));
    let broken = draft(&SENDGRID_INBOUND, cut).content_type(kind).build();
    let refused = verifier_for(&SENDGRID_INBOUND, SECRET).verify(&broken).unwrap_err();
    assert_eq!(refused.kind(), inhook::ErrorKind::Envelope);
}

/// Whether a retry bears the transmission's first id is not said; the event's is in the body.
#[test]
fn paypal() {
    let body = r#"{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"C-1"}}"#;
    let next = body.replace("WH-1", "WH-2");
    holds(&PAYPAL, draft(&PAYPAL, body).at(earlier()), draft(&PAYPAL, body), draft(&PAYPAL, next));
}

/// A message's text is the payload, so that what S3, EventBridge or a Lambda function publishes is read as itself.
#[test]
fn aws_sns_s_messages() {
    let payload = |message: Value| {
        let body = json!({"Type": "Notification", "MessageId": "m1", "Message": message.to_string()});
        events(&AWS_SNS, &draft(&AWS_SNS, body.to_string()).build()).remove(0).raw().clone()
    };
    let object = json!({"key": "a+b%2Fc", "size": 3, "eTag": "d41d", "sequencer": "0055AED6DCD90281E5"});
    let record = json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-west-2", "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-21T06:41:00.000Z", "s3": {"bucket": {"name": "b"}, "object": object},
    });
    let S3Records { records, .. } = S3Records::decode(None, payload(json!({"Records": [record]}))).unwrap();
    assert_eq!((records.len(), &*records[0].key, records[0].size), (1, "a b/c", Some(3)));
    let test = payload(json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}));
    assert!(S3Records::decode(None, test).unwrap().records.is_empty());
    for event in [
        json!({"version": "0", "id": "e", "detail-type": "State change", "source": "aws.ec2", "detail": {"state": "stopped"}}),
        json!({"version": "1.0", "requestContext": {"condition": "Success"}, "responsePayload": "\"quoted\" ü"}),
    ] {
        assert_eq!(Json::<Value>::decode(None, payload(event.clone())).unwrap().0, event);
    }
}

/// A retry bears the id of the first try.
#[test]
fn aws_sns() {
    let body =
        r#"{"Type":"Notification","MessageId":"m1","Message":"{\"id\":7}","Timestamp":"2026-11-21T06:41:00.000Z"}"#;
    let next = body.replace("m1", "m2");
    holds(&AWS_SNS, draft(&AWS_SNS, body), draft(&AWS_SNS, body), draft(&AWS_SNS, next));
    let event = &events(&AWS_SNS, &draft(&AWS_SNS, body).build())[0];
    assert_eq!(event.raw().as_bytes(), br#"{"id":7}"#);
    assert!(event.covers(Field::Payload) && event.covers(Field::Identity) && !event.covers(Field::Body));
}

/// When it was sent may be another time on a retry; when it happened is not.
#[test]
fn wise() {
    let body = r#"{"data":{"resource":{"id":1},"occurred_at":"2021-08-23T10:12:50Z"},"subscription_id":"s","event_type":"transfers#state-change","sent_at":"2021-08-23T10:12:50Z"}"#;
    let retry = body.replace(r#"sent_at":"2021-08-23T10:12:50"#, r#"sent_at":"2021-08-23T10:13:50"#);
    let next = body.replace(r#"occurred_at":"2021-08-23T10:12:50"#, r#"occurred_at":"2021-08-23T10:12:51"#);
    assert_ne!(body, retry);
    holds(&WISE, draft(&WISE, body), draft(&WISE, retry), draft(&WISE, next));
}

/// It asks once and waits, and nothing says which event it is.
#[test]
fn adobe_commerce_has_none() {
    let request = draft(&inhook::provider::ADOBE_COMMERCE, r#"{"product":{"sku":"a"}}"#).build();
    assert_eq!(events(&inhook::provider::ADOBE_COMMERCE, &request)[0].id(), None);
}
