//! cargo run --example own_provider --features testing
//!
//! A provider that this crate does not know, written as data: what it signs, and where it puts things.

use bytes::Bytes;
use http::Request;
use inhook::{
    Field, Provider, Verifier,
    provider::{At, Attempt, Digest, Encoding, Hmac, KeyForm, Part, Retries, Scheme, Syntax, TimeUnit},
    testing::{check_provider, signed},
};

// x-acme-time: 1795243260123
// x-acme-signature: v2=<base64 of the SHA-512 HMAC over "POST\n/hooks\n1795243260123\n" and the body>
const ACME: Provider = Provider::new(
    "acme",
    Scheme::Hmac(
        Hmac::new(Digest::Sha512)
            .key(KeyForm::Base64After("acme_"))
            .over(&[
                Part::Method,
                Part::Text("\n"),
                Part::Path,
                Part::Text("\n"),
                Part::Timestamp,
                Part::Text("\n"),
                Part::Body,
            ])
            .signature(At::Header("x-acme-signature"), Syntax::Prefixed("v2="))
            .encoding(Encoding::Base64)
            .timestamp(At::Header("x-acme-time"), TimeUnit::Millis),
    ),
)
.docs("https://acme.example/docs/webhooks")
.tolerance(300, 60)
.label(At::Json("/event/id"))
.identity(&[At::Json("/event/id")])
.kind(At::Joined(&[At::Json("/event/object"), At::Json("/event/verb")], "."))
.time(At::Json("/event/at"), TimeUnit::Rfc3339)
.payload(At::Json("/event/data"))
.attempt(Attempt::Count(At::Header("x-acme-attempt")))
.deadline(10)
.retries(Retries::Hours(24));

fn main() -> Result<(), inhook::Error> {
    // Belongs in a test: it panics if the data does not hold up.
    check_provider(&ACME);

    // That the data is what Acme really does, only a request of Acme's can show. This one was recorded.
    let recorded = Request::post("https://hooks.example.com/hooks")
        .header("content-type", "application/json")
        .header("x-acme-time", "1795243260123")
        .header("x-acme-signature", RECORDED_SIGNATURE)
        .body(Bytes::from_static(RECORDED_BODY.as_bytes()))
        .map_err(inhook::Error::config)?;
    let verifier = Verifier::new(&ACME, RECORDED_SECRET)?;
    let then = time::OffsetDateTime::from_unix_timestamp(1_795_243_261).map_err(inhook::Error::config)?;
    let delivery = verifier.authenticate_at(&recorded, then)?.delivery()?;
    let event = &delivery.events()[0];
    println!("{:?}: {:?} with {:?}", event.label, event.kind, event.raw().json::<serde_json::Value>()?);
    assert_eq!(event.kind.as_deref(), Some("door.opened"));

    // Requests for the tests of your own handlers are made from the same data.
    let request = signed(&ACME, RECORDED_SECRET, r#"{"event":{}}"#).kind("door.closed").label("7").attempt(2).build();
    let delivery = verifier.verify(&request)?;
    let event = &delivery.events()[0];
    println!(
        "{:?}: {:?}, try {}, id signed: {}",
        event.label,
        event.kind,
        event.attempt,
        event.covers(Field::Identity)
    );
    Ok(())
}

const RECORDED_SECRET: &str = "acme_b3BlbiBzZXNhbWUsIG9wZW4gc2VzYW1l";
const RECORDED_BODY: &str =
    r#"{"event":{"id":"6","object":"door","verb":"opened","at":"2026-11-21T06:41:00Z","data":{"door":"front"}}}"#;
const RECORDED_SIGNATURE: &str =
    "v2=JChoEq7Hv0fU22MrwcuSv0++KoupI9m7gSJpTos1K3p0oqF8WuTMQGn6PGTdsXSjNu1ABUNfy//3RjLcuvrQjA==";
