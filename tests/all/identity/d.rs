//! Clouds, hubs and tokens in bodies.

use inhook::provider::{
    AWS_EVENTBRIDGE, AZURE_EVENT_GRID, AZURE_EVENT_GRID_CLOUDEVENTS, CLOUDEVENTS, CLOUDFLARE_STREAM, FIGMA,
    MICROSOFT_GRAPH, NOTION, SHOPIFY_EVENTS, TWILIO, WEBSUB, WEBSUB_SHA1, X, ZAPIER_CONNECTIONS,
};

use super::*;

pub(super) const COVERED: &[&str] = &[
    "aws_eventbridge",
    "azure_event_grid",
    "azure_event_grid_cloudevents",
    "cloudevents",
    "cloudflare_stream",
    "figma",
    "microsoft_graph",
    "notion",
    "shopify_events",
    "websub",
    "websub_sha1",
    "x",
    "zapier_connections",
];

fn only(provider: &Provider, body: impl Into<Bytes>) -> Event {
    events(provider, &draft(provider, body).build()).remove(0)
}

/// Source and id together, in whichever mode they come; one of the two alone is another event.
#[test]
fn cloud_events() {
    let body = r#"{"specversion":"1.0","id":"1","source":"/a","type":"t","data":{"n":1}}"#;
    let structured =
        |provider, body: &str| draft(provider, body.to_owned()).content_type("application/cloudevents+json");
    let batched = |provider, body: &str| {
        draft(provider, format!("[{body}]")).content_type("application/cloudevents-batch+json; charset=utf-8")
    };
    let binary = |provider, id: &str, source: &str| {
        draft(provider, r#"{"n":1}"#).header("ce-id", id).header("ce-source", source).kind("t")
    };
    for provider in [&CLOUDEVENTS, &AZURE_EVENT_GRID_CLOUDEVENTS] {
        for (old, new) in [(r#""id":"1""#, r#""id":"2""#), ("/a", "/b")] {
            let next = body.replace(old, new);
            holds(provider, structured(provider, body), batched(provider, body), structured(provider, &next));
            holds(provider, binary(provider, "1", "/a"), structured(provider, body), batched(provider, &next));
        }
        holds(provider, structured(provider, body), binary(provider, "%31", "\"/a\""), binary(provider, "1", "/b"));
        let two = format!("{body},{}", body.replace(r#""id":"1""#, r#""id":"2""#));
        let ids = ids(provider, &batched(provider, &two).build());
        assert_eq!((ids.len(), ids[0] == ids[1]), (2, false));
    }
}

/// The count of tries is a header; a topic of another name may use the same ids.
#[test]
fn azure_event_grid() {
    let event = |topic: &str, id: &str| format!(r#"[{{"topic":"{topic}","id":"{id}","eventType":"t","data":{{}}}}]"#);
    let request = |body: String| draft(&AZURE_EVENT_GRID, body);
    let first = request(event("/a", "1"));
    for next in [event("/b", "1"), event("/a", "2")] {
        holds(&AZURE_EVENT_GRID, first.clone(), first.clone().attempt(3), request(next));
    }
    assert_eq!(events(&AZURE_EVENT_GRID, &first.clone().attempt(3).build())[0].attempt, 3);
}

/// The version of what changed tells two changes apart; without one it is the notification's own id, and without either
/// nothing is made up.
#[test]
fn microsoft_graph() {
    let change = |etag: &str, more: &str| {
        format!(
            r#"{{"value":[{{"subscriptionId":"s1","changeType":"updated","resource":"Users/1/Messages/2","resourceData":{{"@odata.etag":"{etag}"}}{more}}}]}}"#
        )
    };
    let first = change("W/1", r#","id":"n1""#);
    let retry = change("W/1", r#","id":"n2""#);
    let others = [
        change("W/2", ""),
        first.replace("updated", "deleted"),
        first.replace("s1", "s2"),
        first.replace("/2\"", "/3\""),
    ];
    for next in others {
        let of = |body: &str| draft(&MICROSOFT_GRAPH, body.to_owned());
        holds(&MICROSOFT_GRAPH, of(&first), of(&retry), of(&next));
    }
    let bare = |id: &str| {
        let body = format!(r#"{{"value":[{{"subscriptionId":"s1","changeType":"created","resource":"r"{id}}}]}}"#);
        only(&MICROSOFT_GRAPH, body)
    };
    assert_eq!(bare(r#","id":"n1""#).id(), bare(r#","id":"n1""#).id());
    assert_ne!(bare(r#","id":"n1""#).id(), bare(r#","id":"n2""#).id());
    assert_eq!(bare("").id(), None);
    let lifecycle = only(&MICROSOFT_GRAPH, r#"{"value":[{"subscriptionId":"s1","lifecycleEvent":"missed"}]}"#);
    assert_eq!((lifecycle.id(), lifecycle.kind.as_deref()), (None, Some("missed")));
}

#[test]
fn x() {
    let body = r#"{"data":{"event_type":"post.create","event_uuid":"u1","payload":{"id":"1"}}}"#;
    holds(&X, draft(&X, body), draft(&X, body), draft(&X, body.replace("u1", "u2")));
    let older = only(&X, r#"{"for_user_id":"1","follow_events":[{"type":"follow"}]}"#);
    assert_eq!((older.id(), older.kind.as_deref()), (None, Some("follow_events")));
}

/// The count of tries is a part of what is sent, so another digest says nothing.
#[test]
fn notion() {
    let body = r#"{"id":"e1","type":"page.created","attempt_number":1,"entity":{"id":"p1"}}"#;
    let retry = body.replace("number\":1", "number\":2");
    holds(&NOTION, draft(&NOTION, body), draft(&NOTION, retry.clone()), draft(&NOTION, body.replace("e1", "e2")));
    assert_eq!(only(&NOTION, retry.clone()).attempt, 1);
    assert_eq!(events(&NOTION, &draft(&NOTION, retry).attempt(2).build())[0].attempt, 2);
}

/// A topic's content is whatever it is: two alike may be two.
#[test]
fn websub_says_no_id() {
    for provider in [&WEBSUB, &WEBSUB_SHA1] {
        for body in ["<feed/>", r#"{"id":"1"}"#, ""] {
            let event = only(provider, body);
            assert_eq!((event.id(), event.kind.as_deref(), event.raw().as_bytes()), (None, None, body.as_bytes()));
        }
    }
}

#[test]
fn figma() {
    let body = r#"{"webhook_id":"22","timestamp":"2020-02-23T20:27:16Z","event_type":"FILE_UPDATE","file_key":"k1"}"#;
    for (old, new) in [("22", "23"), ("16Z", "17Z"), ("UPDATE", "DELETE"), ("k1", "k2")] {
        holds(&FIGMA, draft(&FIGMA, body), draft(&FIGMA, body), draft(&FIGMA, body.replace(old, new)));
    }
}

/// Signed anew for every try.
#[test]
fn cloudflare_stream() {
    let body = r#"{"uid":"v1","status":{"state":"ready"},"modified":"2022-06-30T17:53:21Z"}"#;
    for (old, new) in [("v1", "v2"), ("ready", "error")] {
        let next = draft(&CLOUDFLARE_STREAM, body.replace(old, new));
        holds(&CLOUDFLARE_STREAM, draft(&CLOUDFLARE_STREAM, body).at(earlier()), draft(&CLOUDFLARE_STREAM, body), next);
    }
}

/// As Shopify's webhooks.
#[test]
fn shopify_events() {
    let body = r#"{"product":{"id":1}}"#;
    let first = draft(&SHOPIFY_EVENTS, body).label("w1").kind("product");
    let retry = first.clone().header("shopify-triggered-at", "2026-11-21T06:41:00Z");
    holds(&SHOPIFY_EVENTS, first.clone(), retry, draft(&SHOPIFY_EVENTS, body).label("w2"));
    holds(&SHOPIFY_EVENTS, first.clone(), first, draft(&SHOPIFY_EVENTS, body.replace(":1}", ":2}")).label("w1"));
}

#[test]
fn zapier_connections() {
    let body = r#"{"data":{}}"#;
    let first = draft(&ZAPIER_CONNECTIONS, body).label("m1");
    holds(&ZAPIER_CONNECTIONS, first.clone().at(earlier()), first, draft(&ZAPIER_CONNECTIONS, body).label("m2"));
}

/// A replay is meant to be handled again.
#[test]
fn aws_eventbridge() {
    let body = r#"{"id":"e1","detail-type":"t","detail":{"a":1}}"#;
    let replay = body.replace(r#""id""#, r#""replay-name":"r","id""#);
    for next in [body.replace("e1", "e2"), replay] {
        holds(
            &AWS_EVENTBRIDGE,
            draft(&AWS_EVENTBRIDGE, body),
            draft(&AWS_EVENTBRIDGE, body),
            draft(&AWS_EVENTBRIDGE, next),
        );
    }
    let event = only(&AWS_EVENTBRIDGE, body);
    assert_eq!((event.kind.as_deref(), event.raw().as_bytes()), (Some("t"), &br#"{"a":1}"#[..]));
}

/// A GET brings its fields in the address, which is signed.
#[test]
fn twilio_by_get() {
    let get = |query: &str| {
        let mut request = draft(&TWILIO, "").url(format!("https://example.com/hooks?{query}")).build();
        *request.method_mut() = Method::GET;
        request
    };
    let event = |query: &str| events(&TWILIO, &get(query)).remove(0);
    let sent = event("MessageSid=SM1&MessageStatus=sent&Body=a+b");
    assert_eq!((sent.label.as_deref(), sent.kind.as_deref()), (Some("SM1"), Some("sent")));
    assert_eq!(sent.raw().as_bytes(), b"MessageSid=SM1&MessageStatus=sent&Body=a+b");
    assert_eq!(sent.id(), event("MessageSid=SM1&MessageStatus=sent&Body=a+b").id());
    for next in ["MessageSid=SM2&MessageStatus=sent&Body=a+b", "MessageSid=SM1&MessageStatus=read&Body=a+b"] {
        assert_ne!(sent.id(), event(next).id());
    }
    let mut forged = get("MessageSid=SM1&MessageStatus=sent");
    *forged.uri_mut() = "https://example.com/hooks?MessageSid=SM1&MessageStatus=failed".parse().unwrap();
    assert!(verifier(&TWILIO, &forged).verify(&forged).is_err());
}
