//! Whether a request is genuine: the bare HMAC, the least that the scheme needs, this crate, and others.

mod support;

use inhook::{
    Verifier,
    provider::{GITHUB, STANDARD_WEBHOOKS, STRIPE},
};
use support::{
    Table,
    data::{self, SECRET, SIZES},
    ideal,
};

fn main() {
    for size in SIZES {
        github(size);
        stripe(size);
        standard_webhooks(size);
    }
}

fn github(size: usize) {
    let sent = data::github(data::body(size));
    let (headers, body) = (&sent.headers, &sent.body);
    let verifier = Verifier::new(&GITHUB, SECRET).unwrap();
    let octo = octoevents::Verifier::new(octoevents::WebhookSecret::new(SECRET));
    let secret = webhook_verify::Secret::new(SECRET);
    let mut table = Table::new(format!("authenticate github {size} B"));
    table.case("raw", || sent.raw());
    table.case("ideal", || assert!(ideal::github(&sent.key, headers, body)));
    table.case("inhook", || verifier.authenticate((headers, body)).unwrap());
    table.case("octoevents verify", || {
        let signature = octoevents::Signature::try_from(&headers[ideal::GITHUB]).unwrap();
        octo.verify(&signature, body).unwrap();
    });
    table.case("octoevents authenticate", || octoevents::authenticate(&octo, headers, body.clone()).unwrap());
    table.case("webhook-verify", || {
        webhook_verify::verify(webhook_verify::Provider::GitHub, headers, body, &secret, Default::default()).unwrap();
    });
    table.case("webhookkit", || {
        let signature = headers[ideal::GITHUB].as_bytes().strip_prefix(b"sha256=").unwrap();
        webhookkit::verify_hmac_sha256(body, SECRET.as_bytes(), signature).unwrap();
    });
    table.run();
}

fn stripe(size: usize) {
    let sent = data::stripe(data::body(size));
    let (headers, body) = (&sent.headers, &sent.body);
    let verifier = Verifier::new(&STRIPE, SECRET).unwrap();
    let secret = webhook_verify::Secret::new(SECRET);
    let mut table = Table::new(format!("authenticate stripe {size} B"));
    table.case("raw", || sent.raw());
    table.case("ideal", || assert!(ideal::stripe(&sent.key, headers, body)));
    table.case("inhook", || verifier.authenticate((headers, body)).unwrap());
    table.case("webhook-verify", || {
        webhook_verify::verify(webhook_verify::Provider::Stripe, headers, body, &secret, Default::default()).unwrap();
    });
    // These two read the event as well: they offer nothing less.
    table.case("webhookkit, with a Value", || {
        webhookkit::verify_stripe_webhook(sent.text(), sent.header(&ideal::STRIPE), SECRET).unwrap()
    });
    table.case("async-stripe-webhook, typed", || {
        stripe_webhook::Webhook::construct_event(sent.text(), sent.header(&ideal::STRIPE), SECRET).unwrap()
    });
    table.run();
}

fn standard_webhooks(size: usize) {
    let sent = data::standard_webhooks(data::body(size));
    let (headers, body) = (&sent.headers, &sent.body);
    let verifier = Verifier::new(&STANDARD_WEBHOOKS, SECRET).unwrap();
    let secret = webhook_verify::Secret::new(SECRET);
    let official = standardwebhooks::Webhook::new(SECRET).unwrap();
    let mut table = Table::new(format!("authenticate standard_webhooks {size} B"));
    table.case("raw", || sent.raw());
    table.case("ideal", || assert!(ideal::standard_webhooks(&sent.key, headers, body)));
    table.case("inhook", || verifier.authenticate((headers, body)).unwrap());
    table.case("webhook-verify", || {
        let provider = webhook_verify::Provider::StandardWebhooks;
        webhook_verify::verify(provider, headers, body, &secret, Default::default()).unwrap();
    });
    table.case("standardwebhooks", || official.verify(body, headers).unwrap());
    table.run();
}
