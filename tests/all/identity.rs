//! A retry is the same event, and the next event on the same object is another: for each provider, as it sends them.

mod a;

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderValue, Method, Request};
use inhook::{
    Event, Field, Handlers, Provider, Receiver, Verifier,
    dangerous::event_from_record,
    provider::{
        ALL, At, CLERK, Digest, GITHUB, Hmac, MAILGUN, MANDRILL, OKTA, Part, SHOPIFY, SLACK, STANDARD_WEBHOOKS, STRIPE,
        SVIX, Scheme, Syntax,
    },
    store::MemoryStore,
    testing::{Signed, event, signed, verifier_for},
};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

#[path = "identity/b.rs"]
mod b;
#[path = "identity/c.rs"]
mod c;
#[path = "identity/d.rs"]
mod d;

#[path = "identity/e.rs"]
mod e;
#[path = "identity/g.rs"]
mod g;

#[cfg(feature = "asymmetric")]
#[path = "identity/f.rs"]
mod f;

/// Text, base64 and hexadecimal digits in one.
const SECRET: &str = "5ca1ab1e";
const FORM: &str = "application/x-www-form-urlencoded";

fn draft(provider: &Provider, body: impl Into<Bytes>) -> Signed {
    signed(provider, SECRET, body)
}

/// What comes by GET comes to an address that takes it.
fn verifier(provider: &Provider, request: &Request<Bytes>) -> Verifier {
    if *request.method() != Method::GET {
        return verifier_for(provider, SECRET);
    }
    Verifier::builder(provider).secret(SECRET).public_base("https://example.com").by_get().build().unwrap()
}

/// A record keeps all that makes an event.
fn events(provider: &Provider, request: &Request<Bytes>) -> Vec<Event> {
    let events = verifier(provider, request).verify(request).unwrap().into_events();
    for event in &events {
        let kept = event_from_record(&event.to_record()).unwrap();
        assert_eq!(
            (kept.id(), kept.raw(), kept.envelope()),
            (event.id(), event.raw(), event.envelope()),
            "{provider:?}"
        );
    }
    events
}

fn ids(provider: &Provider, request: &Request<Bytes>) -> Vec<String> {
    let ids: Vec<_> = events(provider, request).iter().map(|event| event.id().unwrap().into_owned()).collect();
    assert_eq!(remembered(provider, request), ids, "{provider:?}");
    ids
}

/// What a receiver remembers the events under, which makes some of it on its way.
fn remembered(provider: &Provider, request: &Request<Bytes>) -> Vec<String> {
    let ids = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&ids);
    let receiver = Receiver::builder(verifier(provider, request), MemoryStore::new())
        .observe(move |outcome| note.lock().unwrap().extend(outcome.key.as_ref().map(|key| key.id.clone())))
        .handle(Handlers::new().otherwise(async |_: Event| Ok(())))
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(receiver.receive(request.clone()));
    mem::take(&mut ids.lock().unwrap())
}

fn id(provider: &Provider, request: &Request<Bytes>) -> String {
    let mut ids = ids(provider, request);
    assert_eq!(ids.len(), 1);
    ids.remove(0)
}

fn earlier() -> OffsetDateTime {
    OffsetDateTime::now_utc() - Duration::minutes(4)
}

/// First try and retry are the same; the next is another.
fn holds(provider: &Provider, first: Signed, retry: Signed, next: Signed) {
    let [first, retry, next] = [first, retry, next].map(|signed| id(provider, &signed.build()));
    assert_eq!(first, retry, "{provider:?}");
    assert_ne!(first, next, "{provider:?}");
}

const COVERED: &[&str] =
    &["clerk", "github", "mailgun", "mandrill", "okta", "shopify", "slack", "standard_webhooks", "stripe", "svix"];

#[test]
fn every_provider_has_a_test_here() {
    let covered = [COVERED, a::COVERED, b::COVERED, c::COVERED, d::COVERED, e::COVERED, g::COVERED];
    #[cfg(feature = "asymmetric")]
    let covered = [&covered[..], &[f::COVERED, e::public::COVERED]].concat();
    let covered: BTreeSet<_> = covered.concat().into_iter().collect();
    assert_eq!(ALL.iter().map(|p| p.name()).collect::<BTreeSet<_>>(), covered);
}

/// Each try is signed anew with a time of its own; counters in the body may have moved on.
#[test]
fn stripe() {
    let body = r#"{"id":"evt_1","type":"invoice.paid","pending_webhooks":2,"data":{"object":{"id":"in_1"}}}"#;
    let retry = body.replace("webhooks\":2", "webhooks\":1");
    let next = body.replace("evt_1", "evt_2");
    holds(&STRIPE, draft(&STRIPE, body).at(earlier()), draft(&STRIPE, retry), draft(&STRIPE, next));
    let thin = r#"{"id":"evt_9","object":"v2.core.event","type":"v1.x","related_object":{"id":"in_1"}}"#;
    let next = thin.replace("evt_9", "evt_8");
    holds(&STRIPE, draft(&STRIPE, thin).at(earlier()), draft(&STRIPE, thin), draft(&STRIPE, next));
}

/// The id is a header that is signed, the same on every try.
#[test]
fn standard_webhooks_and_kin() {
    let body = r#"{"type":"user.updated","timestamp":"2026-11-21T06:41:00Z","data":{"id":"u_1"}}"#;
    for provider in [&STANDARD_WEBHOOKS, &SVIX, &CLERK] {
        let first = draft(provider, body).label("msg_1");
        holds(provider, first.clone().at(earlier()), first, draft(provider, body).label("msg_2"));
    }
}

/// A redelivery by hand bears the same id and signature. Neither id nor event name is signed, so the payload counts too.
#[test]
fn github() {
    let body = r#"{"action":"edited","issue":{"id":1}}"#;
    let first = draft(&GITHUB, body).label("g1").kind("issues.edited");
    let redelivery = first.clone().header("x-github-hook-id", "7").header("x-forwarded-for", "192.0.2.1");
    holds(&GITHUB, first.clone(), redelivery, draft(&GITHUB, body).label("g2"));
    let edited_twice = draft(&GITHUB, r#"{"action":"edited","issue":{"id":1,"n":2}}"#).label("g1");
    assert_ne!(id(&GITHUB, &first.build()), id(&GITHUB, &edited_twice.build()));
}

/// The topic, the time and the address of the shop are not signed; neither is the id.
#[test]
fn shopify() {
    let body = r#"{"id":1,"total":"9.99"}"#;
    let first = draft(&SHOPIFY, body).label("w1").kind("orders/updated");
    let retry = first.clone().header("x-shopify-triggered-at", "2026-11-21T06:41:00Z");
    holds(&SHOPIFY, first, retry, draft(&SHOPIFY, body).label("w2").kind("orders/updated"));
}

/// The payload is the form's field, so its digest is not the body's.
#[test]
fn github_s_forms() {
    let form =
        |body: &str| draft(&GITHUB, format!("payload={body}")).content_type(FORM).label("g1").kind("issues.edited");
    assert_ne!(id(&GITHUB, &form("%7B%22n%22%3A1%7D").build()), id(&GITHUB, &form("%7B%22n%22%3A2%7D").build()));
}

/// Of a provider of one's own, whose GETs have no body: what is in their query tells them apart.
#[test]
fn what_comes_by_get_has_its_own_digest() {
    const BY_GET: Provider = Provider::new(
        "acme",
        Scheme::Hmac(
            Hmac::new(Digest::Sha256)
                .over(&[Part::Body, Part::Text("."), Part::Query])
                .signature(At::Header("x-signature"), Syntax::Bare),
        ),
    )
    .identity(&[At::Form("order"), At::PayloadDigest])
    .accepts(&[FORM])
    .by_get();
    let get = |query: &str| {
        let mut mac = <hmac::Hmac<Sha256> as hmac::KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap();
        hmac::Mac::update(&mut mac, format!(".{query}").as_bytes());
        let signature = HEXLOWER.encode(&hmac::Mac::finalize(mac).into_bytes());
        let request = Request::get(format!("/hook?{query}")).header("x-signature", signature);
        request.body(Bytes::new()).unwrap()
    };
    let [paid, shipped] = ["order=1&status=paid", "order=1&status=shipped"].map(get);
    assert_ne!(id(&BY_GET, &paid), id(&BY_GET, &shipped));
}

/// Retries say why in headers that are not signed; interactions have an id of their own.
#[test]
fn slack() {
    let body = r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"message","channel":"C1","ts":"1.2"}}"#;
    let retry = draft(&SLACK, body).attempt(2).header("x-slack-retry-reason", "http_timeout");
    holds(&SLACK, draft(&SLACK, body).at(earlier()), retry.clone(), draft(&SLACK, body.replace("Ev1", "Ev2")));
    assert_eq!(events(&SLACK, &retry.build())[0].attempt, 2);
    let form = |trigger| draft(&SLACK, format!("command=%2Fdeploy&trigger_id={trigger}")).content_type(FORM);
    holds(&SLACK, form("t1").at(earlier()), form("t1"), form("t2"));
    let click = |trigger| draft(&SLACK, format!(r#"{{"type":"block_actions","trigger_id":"{trigger}"}}"#));
    let click = |trigger| click(trigger).content_type(FORM);
    holds(&SLACK, click("t1").at(earlier()), click("t1"), click("t2"));
}

/// An id is unique within a day. It is not signed; the token that is signed is good for one event.
#[test]
fn mailgun() {
    let body = r#"{"event-data":{"id":"m1","event":"opened","timestamp":1760345644.79,"message":{"size":1}}}"#;
    let tomorrow = body.replace("1760345644.79", "1760432044.79");
    let first = draft(&MAILGUN, body);
    // Signed anew, with another token and time: Mailgun does not say whether it does so.
    holds(&MAILGUN, first.clone().at(earlier()), draft(&MAILGUN, body), draft(&MAILGUN, tomorrow));
    holds(&MAILGUN, first.clone(), first, draft(&MAILGUN, body.replace("m1", "m2")));
    let form = || draft(&MAILGUN, "event=opened&recipient=a%40example.com").content_type(FORM);
    let first = form();
    holds(&MAILGUN, first.clone().at(earlier()), first, form());
}

/// `_id` is the message's: what happened to it, when and where from makes the event.
#[test]
fn mandrill() {
    let click = r#"{"_id":"m1","event":"click","ts":1760345644,"url":"https://a.example/","ip":"192.0.2.1"}"#;
    let others = [
        click.replace("click", "open"),
        click.replace("1760345644", "1760345645"),
        click.replace("a.example", "b.example"),
        click.replace("192.0.2.1", "192.0.2.2"),
        click.replace(r#","ip":"192.0.2.1""#, ""),
        click.replace("m1", "m2"),
    ];
    for next in &others {
        let again = click.replace(r#","url""#, r#", "url""#);
        holds(&MANDRILL, draft(&MANDRILL, click), draft(&MANDRILL, again), draft(&MANDRILL, next.clone()));
    }
    // The batch comes again with one more event in it.
    let batch = |events: &[&str]| ids(&MANDRILL, &draft(&MANDRILL, format!("[{}]", events.join(","))).build());
    let first = batch(&[click, &others[0]]);
    assert_eq!(batch(&[click, &others[0], &others[1]])[..2], first);
    assert_ne!(first[0], first[1]);
}

/// Events about the block list have no id: none is made up for them.
#[test]
fn mandrill_without_an_id() {
    let request = draft(&MANDRILL, r#"{"type":"blacklist","action":"add","ts":1760345644}"#).build();
    let event = &events(&MANDRILL, &request)[0];
    assert_eq!((event.id(), event.kind.as_deref()), (None, Some("blacklist.add")));
}

/// A batch, each event with an id of its own; nothing is signed.
#[test]
fn okta() {
    let body = |event: &str, uuid| format!(r#"{{"eventId":"{event}","data":{{"events":[{{"uuid":"{uuid}"}}]}}}}"#);
    holds(&OKTA, draft(&OKTA, body("e1", "u1")), draft(&OKTA, body("e2", "u1")), draft(&OKTA, body("e1", "u2")));
}

/// What is not signed can be changed by whoever saw one delivery, and then it must not make another event of it, or the
/// event must not have been the provider's to begin with: an unsigned id stands beside the payload's digest.
#[test]
fn headers_that_are_not_signed_make_no_other_event() {
    let body = r#"{"id":"evt_1","event_id":"Ev1","type":"a","data":{"events":[{"uuid":"u"}]},"event-data":{"id":"m"}}"#;
    for provider in [&STRIPE, &SLACK, &OKTA, &STANDARD_WEBHOOKS, &SVIX, &CLERK] {
        let mut request = draft(provider, body).build();
        let first = id(provider, &request);
        for name in ["user-agent", "x-request-id", "x-event-id", "idempotency-key", "x-github-delivery", "date"] {
            request.headers_mut().insert(name, HeaderValue::from_static("changed"));
        }
        assert_eq!(id(provider, &request), first, "{provider:?}");
    }
}

#[test]
fn whether_an_identity_is_signed_is_known() {
    let signs = |provider: &Provider, body: &'static str| {
        events(provider, &draft(provider, body).build())[0].covers(Field::Identity)
    };
    for (provider, body) in [(&STRIPE, r#"{"id":"1"}"#), (&SVIX, "{}"), (&SLACK, r#"{"event_id":"1"}"#)] {
        assert!(signs(provider, body), "{provider:?}");
    }
    for (provider, body) in [(&GITHUB, "{}"), (&SHOPIFY, "{}"), (&MAILGUN, "{}")] {
        assert!(!signs(provider, body), "{provider:?}");
    }
}

/// No id can be written so that it is taken for two others, and a long one is as good as a short one.
#[test]
fn parts_of_an_identity_are_told_apart() {
    let click = |id: &str, event: &str| {
        let body = format!(r#"{{"_id":"{id}","event":"{event}","ts":1}}"#);
        self::id(&MANDRILL, &draft(&MANDRILL, body).build())
    };
    assert_ne!(click("a|b", "c"), click("a", "b|c"));
    assert_ne!(click(r"a\\|b", "c"), click(r"a\\", "b|c"));
    let long = "x".repeat(10_000);
    let bounded = |id: &str| self::id(&STRIPE, &draft(&STRIPE, format!(r#"{{"id":"{id}"}}"#)).build());
    assert_eq!(bounded(&long), bounded(&long));
    assert_ne!(bounded(&long), bounded(&format!("{long}y")));
    assert!(bounded(&long).len() <= 256);
}

#[test]
fn an_event_for_a_test_is_one_of_its_own() {
    assert_ne!(event("a", "{}").id(), event("a", "{}").id());
}
