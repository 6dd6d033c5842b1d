//! What README promises of the heap, where a count says it: a signature takes none of it, an envelope hardly any.

use allocation_counter::measure;
use bytes::Bytes;
use http::Request;
use inhook::{
    Provider,
    provider::{
        CLERK, GITHUB, LINE, RAZORPAY, SHOPIFY, SLACK, STANDARD_WEBHOOKS, STRIPE, SVIX, TELEGRAM, VERCEL, ZOOM,
    },
    testing::{signed, verifier_for},
};

const SECRET: &str = "c2VjcmV0c2VjcmV0";

fn request(provider: &Provider, body: impl Into<Bytes>) -> Request<Bytes> {
    signed(provider, SECRET, body).header("user-agent", "Sender/1.0").header("accept", "*/*").build()
}

#[test]
fn no_signature_allocates() {
    // Every syntax, encoding and hash, with and without a time, and a token.
    let providers = [
        &CLERK,
        &GITHUB,
        &LINE,
        &RAZORPAY,
        &SHOPIFY,
        &SLACK,
        &STANDARD_WEBHOOKS,
        &STRIPE,
        &SVIX,
        &TELEGRAM,
        &VERCEL,
        &ZOOM,
    ];
    for provider in providers {
        let verifier = verifier_for(provider, SECRET);
        for size in [256, 1 << 10, 4 << 10, 64 << 10, 1 << 20] {
            let body = format!(r#"{{"id":"1","type":"a","text":"{}"}}"#, "x".repeat(size));
            let request = request(provider, body);
            let mut passed = false;
            let taken = measure(|| passed = verifier.authenticate(&request).is_ok());
            assert_eq!((passed, taken.count_total), (true, 0), "{provider:?} {size}");
            let forged = request.map(|_| Bytes::from_static(b"{}"));
            let taken = measure(|| passed = verifier.authenticate(&forged).is_ok());
            assert!(taken.count_total == 0, "{provider:?} {size}: {taken:?}");
        }
    }
}

#[test]
fn an_envelope_takes_as_many_as_are_said() {
    let invoice = &include_bytes!("../../benches/payloads/invoice.json")[..];
    let pull_request = &include_bytes!("../../benches/payloads/pull_request.json")[..];
    for (provider, body, most) in [(&STRIPE, invoice, 6), (&GITHUB, pull_request, 7)] {
        let verifier = verifier_for(provider, SECRET);
        let request = request(provider, body);
        // What is made once a process is made before it is counted.
        let mut delivery = verifier.verify((request.headers(), request.body())).ok();
        let taken = measure(|| delivery = verifier.verify((request.headers(), request.body())).ok());
        assert_eq!(delivery.unwrap().events().len(), 1);
        assert!(taken.count_total <= most, "{provider:?}: {taken:?}");
    }
}
