//! Faults that other receivers in Rust had at the end of 2026, each as a test of this one. Those that advisories have too
//! (the extreme timestamp, the empty secret) stand among the advisories.

mod receiver;

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request};
use inhook::{
    ErrorKind, Provider, Verifier,
    provider::{
        ALL, At, CLERK, Digest, GITHUB, Hmac as Signs, MAILGUN, MANDRILL, Part, SHOPIFY, SLACK, STANDARD_WEBHOOKS,
        STRIPE, SVIX, Scheme, Syntax, TWILIO, TimeUnit,
    },
    testing::{Signed, signed},
};
use sha1::Sha1;
use sha2::Sha256;
use time::OffsetDateTime;

const SECRET: &str = "c2VjcmV0c2VjcmV0";
const BASE: &str = "https://example.com";
const FORM: &str = "application/x-www-form-urlencoded";
const BODY: &str = r#"{"id":"1","type":"a","event-data":{"id":"1"},"data":{"events":[{"uuid":"1"}]}}"#;

/// Written as Paddle writes it: `ts=…;h1=…;h1=…`.
const PADDLE_LIKE: Provider = Provider::new(
    "acme",
    Scheme::Hmac(
        Signs::new(Digest::Sha256)
            .over(&[Part::Timestamp, Part::Text(":"), Part::Body])
            .signature(At::Header("acme-signature"), Syntax::Pairs { separator: ';', signature: "h1", spaces: false })
            .timestamp(At::SignaturePair("ts"), TimeUnit::Seconds),
    ),
)
.tolerance(300, 300)
.identity(&[At::Json("/id")]);

fn verifier(provider: &Provider) -> Verifier {
    Verifier::builder(provider).secret(SECRET).public_base(BASE).build().unwrap()
}

fn draft(provider: &Provider) -> Signed {
    signed(provider, SECRET, BODY)
}

fn verdict(provider: &Provider, request: &Request<Bytes>) -> Result<(), ErrorKind> {
    verifier(provider).authenticate(request).map(drop).map_err(|e| e.kind())
}

fn with(request: &Request<Bytes>, name: &'static str, value: impl AsRef<[u8]>) -> Request<Bytes> {
    let mut request = request.clone();
    request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
    request
}

fn sha256(message: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    message.iter().for_each(|part| mac.update(part));
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// paddle-rust-sdk, tideway: text was cut between the bytes of a character, and a time overflowed, in the process of
/// whoever asked. `from_str_radix` takes `+f` for a byte.
#[test]
fn odd_signatures_are_wrong_and_no_more() {
    let request = draft(&PADDLE_LIKE).build();
    let odd = ["aéa", "é", "+f+f", "0x", "\u{fffd}", "==", "%00"].into_iter().flat_map(|text| {
        [text.to_owned(), text.repeat(16), format!("{text}{}", "0".repeat(64 - text.len())), "0".repeat(63) + text]
    });
    for text in odd {
        let forged = with(&request, "acme-signature", format!("ts=1790000000;h1={text}"));
        assert_eq!(verdict(&PADDLE_LIKE, &forged), Err(ErrorKind::BadSignature), "{text}");
        for (provider, header) in
            [(&STRIPE, "stripe-signature"), (&GITHUB, "x-hub-signature-256"), (&SVIX, "svix-signature")]
        {
            for prefix in ["", "sha256=", "t=1790000000,v1=", "v1,"] {
                assert!(verdict(provider, &with(&draft(provider).build(), header, format!("{prefix}{text}"))).is_err());
            }
        }
    }
    for time in ["8210266876799", "253402300800", "999999999999999999"] {
        let tag = sha256(&[time.as_bytes(), b":", BODY.as_bytes()]);
        let future = with(&request, "acme-signature", format!("ts={time};h1={tag}"));
        assert_eq!(verdict(&PADDLE_LIKE, &future), Err(ErrorKind::FutureTimestamp), "{time}");
    }
}

/// webhooksmith-actix: JSON was parsed before anything was verified.
#[test]
fn nothing_is_read_before_it_is_believed() {
    let no_json = Bytes::from_static(b"{\"id\":");
    for (provider, header, wrong) in [
        (&STRIPE, "stripe-signature", format!("t=1790000000,v1={}", "0".repeat(64))),
        (&GITHUB, "x-hub-signature-256", format!("sha256={}", "0".repeat(64))),
        (&SHOPIFY, "x-shopify-hmac-sha256", BASE64.encode(&[0; 32])),
    ] {
        let forged = with(&draft(provider).build(), header, wrong).map(|_| no_json.clone());
        assert_eq!(verdict(provider, &forged), Err(ErrorKind::BadSignature));
    }
}

/// fraiseql, agnt5: the body was hashed as text, so that bytes that are none were hashed as a sign that stands for them, or
/// not at all. standardwebhooks, svix, webhookkit, async-stripe, slack-morphism and others: such a body was refused.
#[test]
fn bytes_are_signed_as_they_are() {
    for provider in [&CLERK, &GITHUB, &SHOPIFY, &SLACK, &STANDARD_WEBHOOKS, &STRIPE, &SVIX] {
        let signs = signed(provider, SECRET, "{\"id\":\"\u{fffd}\"}").build();
        for other in [&b"{\"id\":\"\xff\"}"[..], b"{\"id\":\"\xff\xfe\xfd\"}", b"{\"id\":\"\"}"] {
            let changed = signs.clone().map(|_| Bytes::from_static(other));
            assert_eq!(verdict(provider, &changed), Err(ErrorKind::BadSignature), "{provider:?}");
        }
        let binary = signed(provider, SECRET, &b"\x00\xff\xfe\x80"[..]).build();
        assert_eq!(verdict(provider, &binary), Ok(()), "{provider:?}");
        let empty = signed(provider, SECRET, "").build();
        assert!(verdict(provider, &empty.map(|_| Bytes::from_static(b"\xff"))).is_err(), "{provider:?}");
    }
}

/// fraiseql: a body that was no text was left out, so that a signature of the address alone was good for any.
#[test]
fn a_signature_of_the_address_is_good_for_no_body() {
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(b"https://example.com/hooks/mandrill");
    let bare = BASE64.encode(&mac.finalize().into_bytes());
    let request = with(&draft(&MANDRILL).build(), "x-mandrill-signature", bare);
    for (body, kind, expected) in [
        (&b"mandrill_events=%ff"[..], FORM, ErrorKind::BadSignature),
        (b"\xff", FORM, ErrorKind::BadSignature),
        (b"\xff", "application/json", ErrorKind::MalformedBody),
        (b"mandrill_events=[]", "text/plain", ErrorKind::MalformedBody),
    ] {
        let request = with(&request, "content-type", kind).map(|_| Bytes::from_static(body));
        assert_eq!(verdict(&MANDRILL, &request), Err(expected), "{kind}");
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(b"https://example.com/hooks/twilio");
    let bare = BASE64.encode(&mac.finalize().into_bytes());
    let request = with(&signed(&TWILIO, SECRET, "a=1").build(), "x-twilio-signature", bare);
    for (body, kind, expected) in [
        (&b"\xff\xfe"[..], FORM, ErrorKind::BadSignature),
        (b"Body=%ff&MessageSid=SM1&MessageStatus=read", FORM, ErrorKind::BadSignature),
        (b"\xff", "application/json", ErrorKind::MissingHeader),
        (b"MessageSid=SM1&MessageStatus=read", "text/plain", ErrorKind::MissingHeader),
        (b"", FORM, ErrorKind::MalformedBody),
    ] {
        let request = with(&request, "content-type", kind).map(|_| Bytes::from_static(body));
        assert_eq!(verdict(&TWILIO, &request), Err(expected), "{kind} {body:?}");
    }
}

/// ryu-webhook-ingress: no time, or one that could not be read, was fresh.
#[test]
fn no_time_is_not_now() {
    let request = draft(&SLACK).build();
    let mut untimed = request.clone();
    untimed.headers_mut().remove("x-slack-request-timestamp");
    assert_eq!(verdict(&SLACK, &untimed), Err(ErrorKind::MissingHeader));
    for text in ["soon", "", "1790000000.5", "+1790000000"] {
        let tag = format!("v0={}", sha256(&[b"v0:", text.as_bytes(), b":", BODY.as_bytes()]));
        let request = with(&with(&request, "x-slack-request-timestamp", text), "x-slack-signature", tag);
        let expected = if text.is_empty() { ErrorKind::MissingHeader } else { ErrorKind::MalformedHeader };
        assert_eq!(verdict(&SLACK, &request), Err(expected), "{text}");
    }
    let tag = sha256(&[b":", BODY.as_bytes()]);
    for untimed in [format!("h1={tag}"), format!("ts=;h1={tag}")] {
        let request = with(&draft(&PADDLE_LIKE).build(), "acme-signature", untimed);
        assert_eq!(verdict(&PADDLE_LIKE, &request), Err(ErrorKind::MalformedHeader));
    }
}

/// paddle-rust-sdk: ten years ahead was as good as now. tideway, hookline, serenity: any age was.
#[test]
fn times_are_judged_both_ways() {
    let now = OffsetDateTime::now_utc();
    for provider in [&CLERK, &MAILGUN, &PADDLE_LIKE, &SLACK, &STANDARD_WEBHOOKS, &STRIPE, &SVIX] {
        let at = |by: i64| {
            let request = draft(provider).at(now + time::Duration::days(by)).build();
            verifier(provider).authenticate_at(&request, now).map(drop).map_err(|e| e.kind())
        };
        assert_eq!((at(0), at(3650)), (Ok(()), Err(ErrorKind::FutureTimestamp)), "{provider:?}");
        assert_eq!(
            (at(-1), at(-3650)),
            (Err(ErrorKind::StaleTimestamp), Err(ErrorKind::StaleTimestamp)),
            "{provider:?}"
        );
    }
}

/// tower-github-webhook: any text before the `=` would do.
#[test]
fn a_prefix_is_the_one_it_has_to_be() {
    let request = draft(&GITHUB).build();
    let tag = sha256(&[BODY.as_bytes()]);
    assert_eq!(verdict(&GITHUB, &with(&request, "x-hub-signature-256", format!("sha256={tag}"))), Ok(()));
    for prefix in ["", "=", "sha1=", "SHA256=", "sha512=", "x=", " sha256 =", "sha256=sha256="] {
        let forged = with(&request, "x-hub-signature-256", format!("{prefix}{tag}"));
        assert!(verdict(&GITHUB, &forged).is_err(), "{prefix}");
    }
}

/// async-stripe, qhook, fraiseql, stripe-pay-server, hook0: of several signatures the last one counted. paddle-rust-sdk: a
/// header of more than two parts was refused. webhook-verify, rocket-webhook: one that could not be read spoiled the rest.
#[test]
fn one_good_signature_among_others_is_enough() {
    let time = OffsetDateTime::now_utc().unix_timestamp().to_string();
    let others = ["0".repeat(64), "zz".to_owned(), String::new(), "é".repeat(32), "A".repeat(64), "=".to_owned()];
    for (provider, header, separator, join, name) in
        [(&STRIPE, "stripe-signature", ".", ",", "v1"), (&PADDLE_LIKE, "acme-signature", ":", ";", "h1")]
    {
        let good = format!("{name}={}", sha256(&[time.as_bytes(), separator.as_bytes(), BODY.as_bytes()]));
        let stamp = if name == "v1" { format!("t={time}") } else { format!("ts={time}") };
        for other in &others {
            let other = format!("{name}={other}");
            for order in [[&good, &other, &other], [&other, &good, &other], [&other, &other, &good]] {
                let all =
                    [&[&stamp], &order[..]].concat().into_iter().map(String::as_str).collect::<Vec<_>>().join(join);
                let request = with(&draft(provider).build(), header, &all);
                assert_eq!(verdict(provider, &request), Ok(()), "{all}");
            }
        }
    }
    let request = draft(&STANDARD_WEBHOOKS).build();
    let good = request.headers()["webhook-signature"].to_str().unwrap().to_owned();
    for other in ["v1,", "v1,!!!", "v1", "v1a,AAAA", "v2,x", "", "v1,AAAA"] {
        for all in [format!("{good} {other}"), format!("{other} {good}"), format!("{other} {good} {other}")] {
            assert_eq!(verdict(&STANDARD_WEBHOOKS, &with(&request, "webhook-signature", &all)), Ok(()), "{all}");
        }
    }
}
