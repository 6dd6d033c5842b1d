//! Code, deployments, forms, calendars, identities: how each of these sends again.

use inhook::{
    Field, Provider,
    provider::{
        AUTH0, AUTH0_LOGS, BITBUCKET, BUILDKITE, BUILDKITE_SIGNED, CALENDLY, CIRCLECI, GITLAB, GITLAB_SIGNED, IFTTT,
        JIRA, LINEAR, MAILCHIMP, MUX, OPENAI, PAGERDUTY, REPLICATE, RESEND, SENTRY, SUPABASE, TYPEFORM, VERCEL,
        WOOCOMMERCE, WORKOS, ZAPIER,
    },
};
use time::{Duration, OffsetDateTime};

use super::{FORM, draft, earlier, events, holds, id, ids};

pub(super) const COVERED: &[&str] = &[
    "auth0",
    "auth0_logs",
    "bitbucket",
    "buildkite",
    "buildkite_signed",
    "calendly",
    "circleci",
    "gitlab",
    "gitlab_signed",
    "ifttt",
    "jira",
    "linear",
    "mailchimp",
    "mux",
    "openai",
    "pagerduty",
    "replicate",
    "resend",
    "sentry",
    "supabase",
    "typeform",
    "vercel",
    "woocommerce",
    "workos",
    "zapier",
];

/// An id in the signed body, the same on every try, and another for the next event on the same object.
fn body_id(provider: &Provider, body: &str, id: &str, other: &str) {
    let next = body.replace(id, other);
    assert_ne!(body, next);
    holds(provider, draft(provider, body.to_owned()), draft(provider, body.to_owned()), draft(provider, next));
}

/// Nothing makes two requests of it the same, however alike they are.
fn has_none(provider: &Provider, body: &'static str) {
    let request = draft(provider, body).label("1").build();
    assert_eq!(events(provider, &request)[0].id(), None, "{provider:?}");
}

#[test]
fn an_id_in_the_signed_body() {
    body_id(&VERCEL, r#"{"id":"e1","type":"deployment.created","payload":{"deployment":{"id":"dpl_1"}}}"#, "e1", "e2");
    body_id(&TYPEFORM, r#"{"event_id":"e1","event_type":"form_response","form_response":{"token":"t"}}"#, "e1", "e2");
    body_id(&PAGERDUTY, r#"{"event":{"id":"e1","event_type":"incident.triggered","data":{"id":"Q1"}}}"#, "e1", "e2");
    body_id(&CIRCLECI, r#"{"id":"e1","type":"workflow-completed","workflow":{"id":"w1"}}"#, "e1", "e2");
    body_id(&AUTH0, r#"{"id":"evt_1","type":"user.updated","data":{"object":{"user_id":"u1"}}}"#, "evt_1", "evt_2");
    let body = r#"{"id":"event_1","event":"user.created","data":{"id":"user_1"}}"#;
    holds(&WORKOS, draft(&WORKOS, body).at(earlier() + Duration::minutes(2)), draft(&WORKOS, body), {
        draft(&WORKOS, body.replace("event_1", "event_2"))
    });
}

/// The signed header's id makes the event; the body's id is a label.
#[test]
fn standard_webhooks() {
    for provider in [&OPENAI, &GITLAB_SIGNED, &RESEND, &REPLICATE] {
        let body = r#"{"id":"evt_1","type":"batch.completed","object_kind":"push","status":"succeeded"}"#;
        let (first, next) = (draft(provider, body), draft(provider, body));
        holds(provider, first.clone().at(earlier()), first, next);
    }
}

/// The identifier is not signed, stays the same on a retry, and another Jira may draw the same.
#[test]
fn jira() {
    let body = r#"{"timestamp":1760144971100,"webhookEvent":"jira:issue_updated","issue":{"id":"1"}}"#;
    let first = draft(&JIRA, body).label("j1");
    let retry = first.clone().attempt(2);
    assert_eq!(events(&JIRA, &retry.clone().build())[0].attempt, 2);
    holds(&JIRA, first.clone(), retry, draft(&JIRA, body).label("j2"));
    let elsewhere = draft(&JIRA, body.replace(r#""id":"1""#, r#""id":"9""#)).label("j1");
    assert_ne!(id(&JIRA, &first.build()), id(&JIRA, &elsewhere.build()));
}

/// Two deliveries of one second have one id, and each is sent once.
#[test]
fn woocommerce() {
    let first = draft(&WOOCOMMERCE, r#"{"id":7,"status":"processing"}"#).label("d1").kind("order.updated");
    let same_second = draft(&WOOCOMMERCE, r#"{"id":7,"status":"completed"}"#).label("d1").kind("order.updated");
    holds(&WOOCOMMERCE, first.clone(), first.clone(), same_second);
    let later = draft(&WOOCOMMERCE, r#"{"id":7,"status":"processing"}"#).label("d2").kind("order.updated");
    holds(&WOOCOMMERCE, first.clone(), first, later);
}

/// The time of sending stands in the body, so the bytes of a retry differ and say nothing.
#[test]
fn linear() {
    let body = r#"{"type":"Issue","action":"update","createdAt":"2026-11-21T06:41:00Z","data":{"id":"i1"}}"#;
    let first = draft(&LINEAR, body).label("l1");
    let retry = first.clone().at(OffsetDateTime::now_utc() - Duration::seconds(30));
    holds(&LINEAR, first.clone(), retry, draft(&LINEAR, body).label("l2"));
    let replayed = draft(&LINEAR, body.replace("06:41:00", "06:42:00")).label("l1");
    assert_ne!(id(&LINEAR, &first.build()), id(&LINEAR, &replayed.build()));
    let revoked = draft(&LINEAR, r#"{"type":"OAuthApp","action":"revoked","createdAt":"2026-11-21T06:41:00Z"}"#);
    holds(&LINEAR, revoked.clone().label("l3"), revoked.clone().label("l3"), revoked.label("l4"));
}

/// What happened to which resource and when; every try is signed anew.
#[test]
fn calendly() {
    let body = r#"{"event":"invitee.created","created_at":"2026-11-21T06:41:00.1Z","payload":{"uri":"https://c/1"}}"#;
    let first = draft(&CALENDLY, body).at(earlier() + Duration::minutes(2));
    for next in [body.replace("created\"", "canceled\""), body.replace("c/1", "c/2"), body.replace("00.1Z", "00.2Z")] {
        holds(&CALENDLY, first.clone(), draft(&CALENDLY, body), draft(&CALENDLY, next));
    }
}

/// The webhook's UUID is made anew for every request, the idempotency key is not.
#[test]
fn gitlab() {
    let body = r#"{"object_kind":"push","ref":"refs/heads/main"}"#;
    let send = |key: &str, uuid| draft(&GITLAB, body).header("idempotency-key", key).label(uuid).kind("Push Hook");
    holds(&GITLAB, send("k1", "u1"), send("k1", "u2"), send("k2", "u3"));
}

/// The attempts so far stand in the body, beside what stays the same.
#[test]
fn mux() {
    let body = r#"{"type":"video.asset.ready","id":"e1","attempts":[],"data":{"id":"asset"}}"#;
    let retry = body.replace("[]", r#"[{"id":"a1"}]"#);
    let next = body.replace("e1", "e2");
    holds(&MUX, draft(&MUX, body).at(earlier()), draft(&MUX, retry.clone()), draft(&MUX, next));
    let payload = |body: &str| events(&MUX, &draft(&MUX, body.to_owned()).build())[0].raw().clone();
    assert_eq!(payload(body).as_bytes(), payload(&retry).as_bytes());
}

/// The webhook's id is drawn anew for every try; some hooks bring an id of their own.
#[test]
fn supabase() {
    let body = r#"{"metadata":{"uuid":"m1","name":"before-user-created"},"user":{"id":"u1"}}"#;
    let first = draft(&SUPABASE, body).label("w1").at(earlier());
    holds(&SUPABASE, first, draft(&SUPABASE, body).label("w2"), draft(&SUPABASE, body.replace("m1", "m2")));
    let email = draft(&SUPABASE, r#"{"user":{"id":"u1"},"email_data":{"token":"1"}}"#).build();
    assert_eq!(events(&SUPABASE, &email)[0].id(), None);
}

/// Each record has an id, whatever it comes with.
#[test]
fn auth0_logs() {
    let record = |id| format!(r#"{{"log_id":"{id}","data":{{"type":"s","date":"2026-11-21T06:41:00.000Z"}}}}"#);
    let (one, two) = (record("1"), record("2"));
    let ids = |body: String| ids(&AUTH0_LOGS, &draft(&AUTH0_LOGS, body).build());
    assert_eq!(ids(format!("{one}\n{two}\n")), ids(format!("[{one},{two}]")));
    assert_eq!(ids(one), ["1"]);
}

/// There is no id: only what says the same of the same second is the same.
#[test]
fn mailchimp() {
    let form = |body: &str| draft(&MAILCHIMP, body.to_owned()).content_type(FORM);
    let body = "type=profile&fired_at=2026-11-21+06%3A41%3A00&data%5Bid%5D=m1&data%5Bmerges%5D%5BFNAME%5D=A";
    for (from, to) in [("06%3A41%3A00", "06%3A41%3A01"), ("=m1", "=m2"), ("=A", "=B"), ("profile", "cleaned")] {
        holds(&MAILCHIMP, form(body), form(body), form(&body.replace(from, to)));
    }
    let campaign = "type=campaign&fired_at=2026-11-21+06%3A41%3A00&data%5Bsubject%5D=A";
    holds(&MAILCHIMP, form(campaign), form(campaign), form(&campaign.replace("=A", "=B")));
}

/// A request keeps its UUID through its attempts; it is not signed.
#[test]
fn bitbucket() {
    let body = r#"{"push":{"changes":[]},"repository":{"full_name":"acme/app"}}"#;
    let first = draft(&BITBUCKET, body).label("r1").kind("repo:push");
    let retry = first.clone().attempt(2);
    assert_eq!(events(&BITBUCKET, &retry.clone().build())[0].attempt, 2);
    holds(&BITBUCKET, first, retry, draft(&BITBUCKET, body).label("r2").kind("repo:push"));
}

#[test]
fn none() {
    has_none(&SENTRY, r#"{"action":"created","data":{"issue":{"id":"1"}}}"#);
    has_none(&ZAPIER, r#"{"event":"row.added"}"#);
    has_none(&BUILDKITE, r#"{"event":"build.finished","build":{"id":"b1","state":"passed"}}"#);
    has_none(&BUILDKITE_SIGNED, r#"{"event":"build.finished","build":{"id":"b1","state":"passed"}}"#);
    let request = draft(&IFTTT, r#"{"id":"1","event":"row.added"}"#).build();
    assert_eq!(events(&IFTTT, &request)[0].id(), None);
}

#[test]
fn whether_it_is_signed_is_known() {
    let signs = |provider: &Provider, body: &'static str| {
        events(provider, &draft(provider, body).build())[0].covers(Field::Identity)
    };
    for provider in
        [&VERCEL, &TYPEFORM, &PAGERDUTY, &WORKOS, &OPENAI, &GITLAB_SIGNED, &CALENDLY, &CIRCLECI, &MUX, &SUPABASE]
    {
        assert!(signs(provider, "{}"), "{provider:?}");
    }
    for provider in [&JIRA, &WOOCOMMERCE, &LINEAR, &GITLAB, &BITBUCKET, &AUTH0, &AUTH0_LOGS] {
        assert!(!signs(provider, "{}"), "{provider:?}");
    }
}
