//! From bytes to events: the signature, and what the envelope says; the payload is only parsed where that is said.

mod support;

use std::borrow::Cow;

use inhook::{
    Json, Verifier,
    provider::{GITHUB, STRIPE},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use support::{
    Table,
    data::{self, SECRET},
    ideal,
};

/// What a hand-written reader of Stripe's envelope would take from it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read to be parsed")]
struct Envelope<'b> {
    #[serde(borrow)]
    id: Cow<'b, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'b, str>,
    created: i64,
    #[serde(borrow)]
    data: Data<'b>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read to be parsed")]
struct Data<'b> {
    #[serde(borrow)]
    object: &'b RawValue,
}

/// Some of an invoice, as a handler would.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read to be parsed")]
struct Invoice {
    id: String,
    customer: String,
    amount_paid: i64,
    currency: String,
    number: Option<String>,
}

fn main() {
    stripe();
    github();
}

fn stripe() {
    let sent = data::stripe(data::invoice());
    let (headers, body) = (&sent.headers, &sent.body);
    let verifier = Verifier::new(&STRIPE, SECRET).unwrap();
    let secret = webhook_verify::Secret::new(SECRET);
    let mut table = Table::new(format!("envelope of Stripe's invoice.paid, {} B", body.len()));
    table.case("raw", || sent.raw());
    table.case("ideal", || {
        assert!(ideal::stripe(&sent.key, headers, body));
        serde_json::from_slice::<Envelope<'_>>(body).unwrap();
    });
    table.case("inhook", || verifier.verify((headers, body)).unwrap());
    table.case("inhook, typed", || {
        let event = verifier.verify((headers, body)).unwrap().into_events().remove(0);
        event.decode::<Json<Invoice>>().unwrap()
    });
    table.case("webhook-verify, with a Value", || {
        webhook_verify::verify(webhook_verify::Provider::Stripe, headers, body, &secret, Default::default()).unwrap();
        serde_json::from_slice::<serde_json::Value>(body).unwrap()
    });
    table.case("webhookkit, with a Value", || {
        webhookkit::verify_stripe_webhook(sent.text(), sent.header(&ideal::STRIPE), SECRET).unwrap()
    });
    table.case("async-stripe-webhook, typed", || {
        stripe_webhook::Webhook::construct_event(sent.text(), sent.header(&ideal::STRIPE), SECRET).unwrap()
    });
    table.run();
}

fn github() {
    let sent = data::github(data::pull_request());
    let (headers, body) = (&sent.headers, &sent.body);
    let verifier = Verifier::new(&GITHUB, SECRET).unwrap();
    let secret = webhook_verify::Secret::new(SECRET);
    let octo = octoevents::Verifier::new(octoevents::WebhookSecret::new(SECRET));
    let mut table = Table::new(format!("envelope of GitHub's pull_request.opened, {} B", body.len()));
    table.case("raw", || sent.raw());
    table.case("inhook", || verifier.verify((headers, body)).unwrap());
    // Which hashes the payload, since GitHub does not sign its delivery's id.
    table.case("inhook, with its id", || {
        verifier.verify((headers, body)).unwrap().events()[0].id().unwrap().into_owned()
    });
    table.case("octoevents, with EventMeta", || {
        let envelope = octoevents::authenticate(&octo, headers, body.clone()).unwrap();
        octoevents::EventMeta::decode(&envelope).unwrap()
    });
    table.case("webhook-verify, with a Value", || {
        webhook_verify::verify(webhook_verify::Provider::GitHub, headers, body, &secret, Default::default()).unwrap();
        serde_json::from_slice::<serde_json::Value>(body).unwrap()
    });
    table.run();
}
