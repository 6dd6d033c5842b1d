//! What has gone wrong in other receivers of webhooks, each as a test of this one.

mod handshakes;
#[cfg(feature = "asymmetric")]
mod keys;
mod receiver;

use std::{collections::BTreeMap, sync::Mutex};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Request};
use inhook::{
    ErrorKind, Event, Field, Provider, Secret, Tolerance, Verifier,
    provider::{
        ALL, At, Digest, GITHUB, MAILGUN, MANDRILL, OKTA, Part, SHOPIFY, SLACK, STANDARD_WEBHOOKS, STRIPE, SVIX,
        Scheme, StaticToken, Syntax, TWILIO, by_name,
    },
    testing::{Signed, handshakes, signed, verifier_for},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha1::Sha1;
use time::{Duration, OffsetDateTime};

/// Text, base64 and hexadecimal digits in one.
pub(crate) const SECRET: &str = "5CA1ab1e5ca1ab1e";
const BASE: &str = "https://example.com";

/// Made once: keys take long to make without optimisation.
pub(crate) fn verifier(provider: &Provider, secret: &str) -> Verifier {
    static MADE: Mutex<BTreeMap<(String, String), Verifier>> = Mutex::new(BTreeMap::new());
    if by_name(provider.name()).is_none() {
        return verifier_for(provider, secret);
    }
    let name = (provider.name().to_owned(), secret.to_owned());
    MADE.lock().unwrap().entry(name).or_insert_with(|| verifier_for(provider, secret)).clone()
}

pub(crate) fn draft(provider: &Provider) -> Signed {
    fitting(
        provider,
        json!({"id": "1", "type": "a", "event-data": {"id": "1"}, "data": {"events": []}, "events": [], "entry": []}),
    )
}

fn fitting(provider: &Provider, body: Value) -> Signed {
    fitted(provider, SECRET, body)
}

/// With whatever the provider's scheme or envelope must find in a body.
pub(crate) fn fitted(provider: &Provider, secret: &str, mut body: Value) -> Signed {
    let form = |id: &Value, kind: &Value| {
        let pairs = [("data[id]", id), ("type", kind), ("fired_at", id), ("SmsStatus", kind)];
        serde_urlencoded::to_string(pairs.map(|(name, value)| (name, value.as_str().unwrap_or_default()))).unwrap()
    };
    match provider.name() {
        "adyen" => body["notificationItems"] = json!([{"NotificationRequestItem": {"pspReference": body["id"]}}]),
        "braintree" => {
            return signed(provider, secret, format!("bt_payload={}", HEXLOWER.encode(body.to_string().as_bytes())));
        }
        "dropbox_sign" => body["event"] = json!({"event_type": body["type"], "event_time": "1"}),
        "azure_event_grid" => body = json!([body]),
        "microsoft_graph" => body = json!({"value": [body]}),
        "gocardless" | "xero" => body = json!({"events": [body]}),
        "klaviyo" => body = json!({"data": [body]}),
        "sendgrid" => {
            let event = json!({"sg_event_id": body["id"], "event": body["type"], "timestamp": 1});
            return signed(provider, secret, json!([event]).to_string());
        }
        "aws_sns" => body = json!({"Message": body.to_string(), "MessageId": body["id"], "Type": "Notification"}),
        "discord" => body["type"] = json!(2),
        "discord_events" => body["event"] = json!({"type": body["type"]}),
        "mailchimp" | "twilio" => return signed(provider, secret, form(&body["id"], &body["type"])),
        name if name.starts_with("hubspot") => body = json!([body]),
        _ => {}
    }
    signed(provider, secret, body.to_string())
}

fn verdict(provider: &Provider, request: &Request<Bytes>) -> Result<(), ErrorKind> {
    verifier(provider, SECRET).authenticate(request).map(drop).map_err(|e| e.kind())
}

/// The header that a provider's proof stands in, for those that have one.
fn proof(provider: &Provider) -> Option<&'static str> {
    Some(match provider.name() {
        "adyen_platform" => "hmacsignature",
        "aws_eventbridge" => "x-api-key",
        "chargebee" | "okta" => "authorization",
        "checkout" => "cko-signature",
        "cloudflare_stream" => "webhook-signature",
        "coinbase_commerce" => "x-cc-webhook-signature",
        "discord" | "discord_events" => "x-signature-ed25519",
        "docusign" => "x-docusign-signature-1",
        "dropbox" => "x-dropbox-signature",
        "flutterwave" => "flutterwave-signature",
        "github" => "x-hub-signature-256",
        "gocardless" => "webhook-signature",
        "lemon_squeezy" => "x-signature",
        "mandrill" => "x-mandrill-signature",
        "mollie" => "x-mollie-signature",
        "paddle" => "paddle-signature",
        "paypal" => "paypal-transmission-sig",
        "sendgrid" | "sendgrid_inbound" => "x-twilio-email-event-webhook-signature",
        "svix_v1a" => "svix-signature",
        "wise" => "x-signature-sha256",
        "adobe_commerce" => "x-adobe-commerce-webhook-signature",
        "paystack" => "x-paystack-signature",
        "razorpay" => "x-razorpay-signature",
        "shopify" => "x-shopify-hmac-sha256",
        "shopify_events" => "shopify-hmac-sha256",
        "slack" => "x-slack-signature",
        "square" => "x-square-hmacsha256-signature",
        "standard_webhooks" | "standard_webhooks_v1a" | "zapier_connections" => "webhook-signature",
        "stripe" => "stripe-signature",
        "svix" | "clerk" => "svix-signature",
        "websub" | "websub_sha1" => "x-hub-signature",
        "x" => "x-twitter-webhooks-signature",
        "xero" => "x-xero-signature",
        _ => return None,
    })
}

fn with(request: &Request<Bytes>, name: &'static str, value: &str) -> Request<Bytes> {
    let mut request = request.clone();
    request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    request
}

/// RUSTSEC-2024-0010: only the shorter of the two was compared, so that an empty signature always passed.
#[test]
fn a_part_of_a_signature_is_none() {
    let request = draft(&STANDARD_WEBHOOKS).build();
    let good = request.headers()["webhook-signature"].to_str().unwrap().to_owned();
    let tag = BASE64.decode(good.strip_prefix("v1,").unwrap().as_bytes()).unwrap();
    for part in [&[][..], &tag[..1], &tag[..31], &[&tag[..], &[0]].concat()] {
        let forged = with(&request, "webhook-signature", &format!("v1,{}", BASE64.encode(part)));
        assert_eq!(verdict(&STANDARD_WEBHOOKS, &forged), Err(ErrorKind::BadSignature), "{} bytes", part.len());
    }
}

/// CVE-2026-47212, CVE-2026-45755, and what Appwrite did: a header that was never read, or whose absence passed.
#[test]
fn no_signature_is_no_pass() {
    for provider in ALL {
        let bare = Request::post("https://example.com/hooks").header("content-type", "application/json");
        let bare = bare.body(Bytes::from_static(b"{}")).unwrap();
        let refused = verifier(provider, SECRET).authenticate(&bare).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MissingHeader, "{provider:?}");
        let Some(name) = proof(provider) else { continue };
        let request = draft(provider).build();
        assert_eq!(verdict(provider, &with(&request, name, "")), Err(ErrorKind::MissingHeader), "{provider:?}");
        let mut twice = request.clone();
        twice.headers_mut().append(name, HeaderValue::from_static("other"));
        assert_eq!(verdict(provider, &twice), Err(ErrorKind::MalformedHeader), "{provider:?}");
    }
}

/// CVE-2026-45754: a configured secret that was never used.
#[test]
fn another_secret_refuses() {
    for provider in ALL {
        let request = draft(provider).build();
        assert!(verifier(provider, SECRET).authenticate(&request).is_ok(), "{provider:?}");
        let refused = verifier(provider, "0ddba11c0ffee0de").authenticate(&request).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::BadSignature, "{provider:?}");
    }
}

/// CVE-2026-45755: one bit of the body.
#[test]
fn one_bit_of_the_body_refuses() {
    // Not Mandrill: what it signs is what a form says, and `%5b` says the same as `%5B`.
    for provider in [&GITHUB, &SHOPIFY, &SLACK, &STANDARD_WEBHOOKS, &STRIPE, &SVIX] {
        let request = draft(provider).build();
        for bit in 0..request.body().len() * 8 {
            let mut body = request.body().to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            assert!(verdict(provider, &request.clone().map(|_| Bytes::from(body))).is_err(), "{provider:?} {bit}");
        }
    }
}

/// CVE-2026-48747: the hash was whatever the request asked for.
#[test]
fn the_request_does_not_choose_the_hash() {
    let request = draft(&GITHUB).build();
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(request.body());
    let weak = HEXLOWER.encode(&mac.finalize().into_bytes());
    for forged in [format!("sha1={weak}"), format!("sha256={weak}"), weak.clone(), format!("md5={weak}")] {
        assert!(verdict(&GITHUB, &with(&request, "x-hub-signature-256", &forged)).is_err(), "{forged}");
    }
    let mut old = with(&request, "x-hub-signature", &format!("sha1={weak}"));
    old.headers_mut().remove("x-hub-signature-256");
    assert_eq!(verdict(&GITHUB, &old), Err(ErrorKind::MissingHeader));
}

/// symfony#65768, CVE-2026-21894, GHSA-xff3-5c9p-2mr4: an empty secret turned the check off, or was the
/// key that everybody knows. There is no verifier without a secret to begin with.
#[test]
fn an_empty_secret_is_an_error() {
    for provider in ALL {
        for secret in ["", "  ", "\n"] {
            let built = Verifier::builder(provider).secret(secret).public_base(BASE).public_key("public-key").build();
            // Where requests are meant for somebody, that is missing too.
            let kind = built.unwrap_err().kind();
            assert!([ErrorKind::InvalidSecret, ErrorKind::Config].contains(&kind), "{provider:?} {kind}");
        }
        let built = Verifier::builder(provider).public_base(BASE).public_key("public-key").build();
        match built.map_err(|e| e.kind()) {
            Err(ErrorKind::InvalidSecret | ErrorKind::Config) => {}
            // Where keys are fetched there is none to forget; Plaid's tokens name nobody besides.
            Ok(_) => assert!(!provider.has_secret() && provider.name() == "plaid", "{provider:?}"),
            Err(other) => panic!("{provider:?}: {other}"),
        }
    }
    for provider in [&STANDARD_WEBHOOKS, &SVIX] {
        assert_eq!(Verifier::new(provider, "whsec_").unwrap_err().kind(), ErrorKind::InvalidSecret);
    }
}

/// GHSA-xff3-5c9p-2mr4: an order was paid by another provider's event.
#[test]
fn an_event_knows_its_provider() {
    let stripe = verifier(&STRIPE, SECRET).verify(&draft(&STRIPE).build()).unwrap().into_events().remove(0);
    let github = verifier(&GITHUB, SECRET).verify(&draft(&GITHUB).label("1").build()).unwrap().into_events().remove(0);
    assert_eq!((&*stripe.provider, &*github.provider), ("stripe", "github"));
    assert_ne!(stripe.key("billing").unwrap().source, github.key("billing").unwrap().source);
}

fn first(provider: &Provider, request: &Request<Bytes>) -> Option<Event> {
    verifier(provider, SECRET).verify(request).ok()?.into_events().into_iter().next()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// CVE-2026-32053: the id was drawn anew each time the event was read.
    #[test]
    fn reading_twice_is_the_same_event(id in "\\PC{0,40}", kind in "[a-z.]{1,20}", n in any::<i64>()) {
        let body = json!({
            "id": id, "type": kind, "_id": id, "event": kind, "ts": n, "event_id": id, "data": {"events": [{"uuid": id}]},
            "event-data": {"id": id, "timestamp": n, "event": kind}, "events": [{"webhookEventId": id, "type": kind}],
            "entry": [{"id": id, "changes": [{"field": kind, "value": {"messages": [{"id": id}]}}]}], "eventId": id,
        });
        for provider in ALL {
            let request = fitting(provider, body.clone()).build();
            let [one, two] = [(); 2].map(|()| first(provider, &request).unwrap());
            prop_assert_eq!(one.id(), two.id());
            prop_assert_eq!((one.label, one.kind, one.occurred_at), (two.label, two.kind, two.occurred_at));
        }
    }

    /// CVE-2023-50728: an exception where nobody expected one took the process down.
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200), header in "\\PC{0,80}") {
        for provider in ALL {
            let request = draft(provider).build().map(|_| Bytes::from(body.clone()));
            drop(verifier(provider, SECRET).verify(&request));
            drop(inhook::dangerous::unverified(&verifier(provider, SECRET), &request));
            if let (Some(name), Ok(value)) = (proof(provider), HeaderValue::from_bytes(header.as_bytes())) {
                let mut request = draft(provider).build();
                request.headers_mut().insert(name, value);
                prop_assert!(verifier(provider, SECRET).verify(&request).is_err());
            }
        }
    }
}

/// PageSpace #2199: a captured delivery came again under a fresh id, which nothing signs. It cannot pass for the first
/// one's retry, and it is told apart by nothing but that id: the payload's digest, which is signed, is the same.
#[test]
fn an_unsigned_id_is_never_all_there_is() {
    for (provider, header) in [(&GITHUB, "x-github-delivery"), (&SHOPIFY, "x-shopify-webhook-id")] {
        let request = draft(provider).label("1").build();
        let id = |request| first(provider, request).unwrap().id().unwrap().into_owned();
        let (genuine, replayed) = (id(&request), id(&with(&request, header, "2")));
        let digest = |id: &str| id.split_once('|').unwrap().1.to_owned();
        assert_eq!(digest(&genuine), digest(&replayed), "{provider:?}");
        assert!(!first(provider, &request).unwrap().covers(Field::Label));
    }
}

/// CVE-2023-50728: JSON that is no object, or deep.
#[test]
fn odd_json_is_no_event_and_no_panic() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{}1{}", r#"{"data":"#.repeat(50_000), "}".repeat(50_000));
    for body in ["1", "null", "true", "\"x\"", "[]", "[1,{}]", "", " ", "{", &deep, &nested] {
        for provider in [&GITHUB, &SLACK, &STANDARD_WEBHOOKS, &STRIPE] {
            if body.is_empty() && provider.name() == "github" {
                // Refused before its signature is looked at.
                continue;
            }
            let request = signed(provider, SECRET, body.to_owned()).build();
            let verified = verifier(provider, SECRET);
            let verified = verified.authenticate(&request).unwrap();
            match verified.delivery() {
                Ok(_) => assert!(body == nested, "{provider:?} {:.20}", body),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Envelope, "{provider:?} {:.20}", body),
            }
        }
    }
}

/// Several libraries panicked at `i64::MIN`, one of them before it knew who sent it; others took what is no time at all.
#[test]
fn extreme_timestamps_are_refused() {
    for (provider, name) in [(&STANDARD_WEBHOOKS, "webhook-timestamp"), (&SLACK, "x-slack-request-timestamp")] {
        let request = draft(provider).build();
        for text in [i64::MIN.to_string(), i64::MAX.to_string(), u64::MAX.to_string(), "NaN".into(), "1e9".into()] {
            assert!(verdict(provider, &with(&request, name, &text)).is_err(), "{text}");
        }
    }
    let request = draft(&STRIPE).build();
    for text in ["-9223372036854775808", "-1", "+1", "0x10", "1_0", "1 0", "", "99999999999999999999"] {
        let forged = with(&request, "stripe-signature", &format!("t={text},v1={}", "0".repeat(64)));
        assert!(verdict(&STRIPE, &forged).is_err(), "{text}");
    }
}

/// CVE-2022-36885 and others: tokens were compared byte by byte, so that time told how much was right. Comparison in
/// constant time is in one place; here, that tokens of any length are compared at all.
#[test]
fn tokens_are_compared_whole() {
    let token = |provider: &Provider, text: &str| {
        verdict(provider, &with(&draft(provider).build(), "authorization", text)).is_ok()
    };
    let bearer = Provider::new("acme", Scheme::Token(StaticToken::bearer()));
    assert!(token(&OKTA, SECRET) && token(&bearer, &format!("Bearer {SECRET}")));
    for wrong in [&SECRET[..15], &format!("{SECRET}x"), "x", &SECRET.to_lowercase()] {
        assert!(!token(&OKTA, wrong) && !token(&bearer, &format!("Bearer {wrong}")), "{wrong}");
    }
}

/// django-anymail v1.4: a secret stood in an error report. Neither errors nor events hold one, nor the proof itself.
#[test]
fn nothing_printed_holds_a_secret() {
    for provider in ALL {
        let verifier = verifier(provider, SECRET);
        let request = draft(provider).header("cookie", "sid=hunter2").header("proxy-authorization", "hunter2").build();
        let delivery = verifier.verify(&request).unwrap();
        let refused = verifier.authenticate((&HeaderMap::new(), request.body())).err();
        let builder = Verifier::builder(provider).secret(SECRET);
        let printed = format!(
            "{delivery:?} {refused:?} {verifier:?} {builder:?} {:?} {:?} {:?}",
            Secret::from(SECRET),
            draft(provider),
            verifier.authenticate(&request)
        );
        assert!(!printed.contains(SECRET) && !printed.contains("hunter2"), "{provider:?}: {printed}");
        for event in delivery.events() {
            let names: Vec<_> = event.headers().keys().map(|name| name.as_str()).collect();
            for name in ["authorization", "cookie", "proxy-authorization"].into_iter().chain(proof(provider)) {
                assert!(!names.contains(&name), "{provider:?}: {names:?}");
            }
            let record = String::from_utf8(event.to_record()).unwrap();
            assert!(!record.contains(&BASE64.encode(b"hunter2")), "{provider:?}");
        }
    }
}

/// bolt-js #2898: `ssl_check=1` skipped the signature, and then the rest was handled all the same.
#[test]
fn a_handshake_brings_no_event() {
    let body = "ssl_check=1&command=%2Fdeploy&trigger_id=1";
    let form = "application/x-www-form-urlencoded";
    let delivery = verifier(&SLACK, SECRET).verify(&signed(&SLACK, SECRET, body).content_type(form).build()).unwrap();
    assert!(delivery.events().is_empty() && delivery.reply().is_some());
    let forged = signed(&SLACK, "other", body).content_type(form).build();
    assert_eq!(verdict(&SLACK, &forged), Err(ErrorKind::BadSignature));
    for provider in ALL {
        for request in handshakes(provider, SECRET) {
            let delivery = verifier(provider, SECRET).verify(&request).unwrap();
            assert!(delivery.events().is_empty() && delivery.reply().is_some(), "{provider:?}");
        }
    }
}

/// Mandrill's handshake is signed with a key that everybody knows: good for an empty batch, and for nothing else.
#[test]
fn a_well_known_key_brings_nothing() {
    let forged = signed(&MANDRILL, "test-webhook", r#"[{"_id":"1","event":"open","ts":1}]"#).build();
    assert_eq!(verdict(&MANDRILL, &forged), Err(ErrorKind::BadSignature));
    let two_fields = "mandrill_events=%5B%7B%22_id%22%3A%221%22%7D%5D&mandrill_events=%5B%5D";
    let request = signed(&MANDRILL, "test-webhook", two_fields).build();
    let delivery = verifier(&MANDRILL, SECRET).verify(&request);
    assert!(delivery.is_ok_and(|delivery| delivery.events().is_empty()));
}

/// Svix's changelog: only the first signature counted, and one that could not be read ended the list.
#[test]
fn a_good_signature_counts_wherever_it_stands() {
    let request = draft(&SVIX).build();
    let good = request.headers()["svix-signature"].to_str().unwrap().to_owned();
    let junk = ["v1,junk", "", "v1", "junk", "v1a,AAAA", ",", "v1,"];
    for at in 0..=junk.len() {
        let mut list: Vec<&str> = junk.into();
        list.insert(at, &good);
        assert_eq!(verdict(&SVIX, &with(&request, "svix-signature", &list.join(" "))), Ok(()), "{at}");
    }
    let none = with(&request, "svix-signature", &junk.join(" "));
    assert_eq!(verdict(&SVIX, &none), Err(ErrorKind::BadSignature));
}

/// Svix's two sets of headers: one that is there is judged by itself, and the other cannot stand in for it.
#[test]
fn sets_of_headers_are_never_mixed() {
    let genuine = draft(&STANDARD_WEBHOOKS).label("1").build();
    assert_eq!(verdict(&SVIX, &genuine), Ok(()));
    assert_eq!(verdict(&SVIX, &with(&genuine, "svix-signature", "v1,junk")), Err(ErrorKind::MissingHeader));
    let mut doubled = with(&genuine, "svix-signature", "v1,junk");
    doubled.headers_mut().append("svix-signature", HeaderValue::from_static("v1,other"));
    assert_eq!(verdict(&SVIX, &doubled), Err(ErrorKind::MalformedHeader));
    // An id beside the set that held is not the event's.
    let event = first(&SVIX, &with(&genuine, "svix-id", "2")).unwrap();
    assert_eq!(event.label.as_deref(), Some("1"));
}

/// Every library of Standard Webhooks: `id.time.body` of one message is that of another, if an id may hold a dot.
#[test]
fn an_id_with_a_dot_is_refused() {
    let body = r#"1700000000.{"type":"a"}"#;
    let now = OffsetDateTime::UNIX_EPOCH + Duration::seconds(1_800_000_000);
    for label in ["a.1700000001", "a.", ".", "a.b.c"] {
        let request = signed(&STANDARD_WEBHOOKS, SECRET, body).label(label).at(now).build();
        let refused = verifier(&STANDARD_WEBHOOKS, SECRET).authenticate_at(&request, now).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MalformedHeader, "{label}");
    }
}

/// symfony#65710: the query was put in order before it was hashed.
#[test]
fn the_query_is_signed_as_received() {
    const PARTS: &[Part] = &[Part::Method, Part::Url, Part::Body];
    let hmac = inhook::provider::Hmac::new(Digest::Sha256).signature(At::Header("x-signature"), Syntax::Bare);
    let provider = Provider::new("acme", Scheme::Hmac(hmac.over(PARTS)));
    for query in ["b=1&a=2", "a=%7E&b=~", "a=1&a=2", "a=+&b=%20", "a", "", "x=%c3%bc"] {
        let request = draft(&provider).url(format!("{BASE}/in?{query}")).build();
        assert_eq!(verdict(&provider, &request), Ok(()), "{query}");
        for other in ["a=2&b=1", "a=~&b=~", "a=2&a=1", "a=%20&b=+", "a=", "x=%C3%BC"] {
            let mut forged = request.clone();
            *forged.uri_mut() = format!("{BASE}/in?{other}").parse().unwrap();
            assert_eq!(verdict(&provider, &forged), Err(ErrorKind::BadSignature), "{query} {other}");
        }
    }
}

/// CVE-2026-28465: the address that was signed was put together from what the request said of itself.
#[test]
fn the_address_is_not_taken_from_headers() {
    let elsewhere = signed(&MANDRILL, SECRET, "[]").url("https://evil.example/hooks/mandrill").build();
    let mut request = with(&elsewhere, "x-forwarded-host", "evil.example");
    request.headers_mut().insert("host", HeaderValue::from_static("evil.example"));
    assert_eq!(verdict(&MANDRILL, &request), Err(ErrorKind::BadSignature));
}

/// Redeliveries without `X-Hub-Signature-256`: a reason of its own, so that it can be counted.
#[test]
fn a_missing_signature_is_told_from_a_wrong_one() {
    let mut request = draft(&GITHUB).build();
    request.headers_mut().remove("x-hub-signature-256");
    assert_eq!(verdict(&GITHUB, &request), Err(ErrorKind::MissingHeader));
    assert_eq!(verdict(&GITHUB, &signed(&GITHUB, "other", "{}").build()), Err(ErrorKind::BadSignature));
}

/// Stripe's libraries: no limit in the future, and a tolerance of zero or less turned the check off.
#[test]
fn the_window_is_as_narrow_ahead_as_behind() {
    let now = OffsetDateTime::now_utc();
    let at = |by: i64| verdict(&STRIPE, &draft(&STRIPE).at(now + Duration::seconds(by)).build());
    assert_eq!(at(10 * 365 * 86_400), Err(ErrorKind::FutureTimestamp));
    assert_eq!(at(-400), Err(ErrorKind::StaleTimestamp));
    let zero = Tolerance::within(std::time::Duration::ZERO);
    let strict = Verifier::builder(&STRIPE).secret(SECRET).tolerance(zero).build().unwrap();
    let request = draft(&STRIPE).at(now).build();
    assert!(strict.authenticate_at(&request, now).is_ok());
    let late = strict.authenticate_at(&request, now + Duration::SECOND).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::StaleTimestamp);
    let early = strict.authenticate_at(&request, now - Duration::SECOND).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::FutureTimestamp);
}

/// What Mailgun signs is good for any body: it is known not to be covered, and another token is another event's.
#[test]
fn what_is_not_signed_is_said_not_to_be() {
    let event = first(&MAILGUN, &draft(&MAILGUN).build()).unwrap();
    for field in [Field::Body, Field::Payload, Field::Kind, Field::Identity] {
        assert!(!event.covers(field), "{field:?}");
    }
}

/// Found by the fuzz target `headers`: the content type is not signed, so a JSON delivery that came once more as a form was
/// another event, and one of whatever somebody had written into its texts.
#[test]
fn json_is_not_read_as_a_form() {
    let text = "&payload=%7B%22action%22%3A%22forged%22%7D&command=%2Fforged&ssl_check=1&mandrill_events=%5B%5D";
    for provider in [&GITHUB, &SHOPIFY, &SLACK, &STANDARD_WEBHOOKS, &STRIPE, &SVIX] {
        for start in ["", " \n", "\u{feff}"] {
            let request =
                signed(provider, SECRET, format!(r#"{start}{{"id":"1","type":"a","text":"{text}"}}"#)).build();
            assert_eq!(verifier(provider, SECRET).verify(&request).unwrap().events().len(), 1, "{provider:?}");
            let form = with(&request, "content-type", "application/x-www-form-urlencoded; charset=utf-8");
            let refused = verifier(provider, SECRET).verify(&form).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Envelope, "{provider:?}");
        }
    }
}

/// Twilio signs address and fields alike, so that a form by POST and its query by GET could pass for one another.
#[test]
fn a_form_is_not_taken_for_a_query_nor_a_query_for_a_form() {
    let posted = signed(&TWILIO, SECRET, "SmsSid=1&SmsStatus=sent").build();
    let verifier = verifier(&TWILIO, SECRET);
    assert!(verifier.verify(&posted).is_ok());
    let mut got = posted;
    *got.method_mut() = http::Method::GET;
    assert_eq!(verifier.verify(&got).unwrap_err().kind(), ErrorKind::MalformedBody);
    let mut asked = signed(&TWILIO, SECRET, "").url("https://example.com/in?SmsSid=1&SmsStatus=sent").build();
    *asked.method_mut() = http::Method::GET;
    assert_eq!(verifier.verify(&asked).unwrap().events().len(), 1);
    *asked.method_mut() = http::Method::POST;
    assert_eq!(verifier.verify(&asked).unwrap_err().kind(), ErrorKind::MalformedBody);
}
