//! The same, where a signature or its time is what went wrong.

use http::header::CONTENT_TYPE;
use inhook::{
    Tolerance,
    provider::{At, Digest, Part, Syntax, TWILIO},
};

use super::*;

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
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let nearly = [format!("+{now}"), format!("{now}.0"), format!(" {now}"), format!("{now}e0"), format!("-{now}")];
    let texts =
        ["-9223372036854775808", "9223372036854775807", "abc", "NaN", "0x10", "1_0", "", "99999999999999999999"];
    // Signed, as the senders' libraries sign them: `abc` was read as no number, and hashed as `NaN`.
    for text in nearly.into_iter().chain(texts.map(str::to_owned)) {
        for hashed in [&*text, "NaN"] {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(&[hashed.as_bytes(), b".", request.body()].concat());
            let tag = HEXLOWER.encode(&mac.finalize().into_bytes());
            let signed = with(&request, "stripe-signature", &format!("t={text},v1={tag}"));
            assert_eq!(verdict(&STRIPE, &signed), Err(ErrorKind::MalformedHeader), "{text:?} {hashed}");
        }
    }
}

/// What a proxy reads and what is hashed must be one: a header that is signed stands once, even if both say the same.
#[test]
fn a_signed_header_stands_once() {
    const PARTS: &[Part] = &[Part::Header("x-account"), Part::Body];
    let hmac = inhook::provider::Hmac::new(Digest::Sha256).signature(At::Header("x-signature"), Syntax::Bare);
    let provider = Provider::new("acme", Scheme::Hmac(hmac.over(PARTS)));
    let request = draft(&provider).header("x-account", "1").build();
    assert_eq!(verdict(&provider, &request), Ok(()));
    for other in ["1", "2"] {
        let mut twice = request.clone();
        twice.headers_mut().append("x-account", HeaderValue::from_static(other));
        assert_eq!(verdict(&provider, &twice), Err(ErrorKind::MalformedHeader), "{other}");
    }
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

/// Twilio signs address and fields as one text, so that a form by POST and its query by GET could pass for one another.
#[test]
fn a_form_is_not_taken_for_a_query_nor_a_query_for_a_form() {
    let refused = |verifier: &Verifier, request: &Request<Bytes>| verifier.verify(request).unwrap_err().kind();
    let by_post = verifier(&TWILIO, SECRET);
    let by_get = Verifier::builder(&TWILIO).secret(SECRET).public_base("https://example.com").by_get().build().unwrap();
    let sent = |url: &str, method: http::Method, body: &'static str| {
        let mut request = signed(&TWILIO, SECRET, body).url(url).build();
        *request.method_mut() = method;
        request
    };
    let (here, there) = ("https://example.com/in?src=sms", "https://example.com/in?SmsSid=1&SmsStatus=sent");
    let posted = sent(here, http::Method::POST, "SmsSid=1&SmsStatus=sent");
    assert!(by_post.verify(&posted).is_ok());
    let got = sent(there, http::Method::GET, "");
    assert_eq!(by_get.verify(&got).unwrap().events().len(), 1);
    assert_eq!((refused(&by_get, &posted), refused(&by_post, &got)), (ErrorKind::Method, ErrorKind::Method));
    assert_eq!(refused(&by_get, &sent(here, http::Method::GET, "SmsSid=1&SmsStatus=sent")), ErrorKind::MalformedBody);
    assert_eq!(refused(&by_post, &sent(there, http::Method::POST, "")), ErrorKind::MalformedBody);
    // Whoever writes a message writes a part of what is signed, and with it the rest of an address.
    let text =
        "AccountSid=AC1&Body=%26MessageSid%3DSMforged%26MessageStatus%3Ddelivered%26z%3D&From=1&SmsStatus=received";
    let posted = sent(here, http::Method::POST, text);
    let moved = "https://example.com/in?src=smsAccountSidAC1Body&MessageSid=SMforged&MessageStatus=delivered&z=From1SmsStatusreceived";
    let mut forged = sent(moved, http::Method::GET, "");
    assert_eq!(forged.headers()["x-twilio-signature"], posted.headers()["x-twilio-signature"]);
    *forged.headers_mut() = posted.headers().clone();
    assert_eq!(refused(&by_post, &forged), ErrorKind::Method);
}

/// A form of no fields is signed like no form at all: whose hash is signed must have that asked for.
#[test]
fn a_body_is_not_taken_for_a_form_without_fields() {
    let verifier = verifier(&TWILIO, SECRET);
    let json = HeaderValue::from_static("application/json");
    let sent = signed(&TWILIO, SECRET, r#"{"a":1}"#).header(CONTENT_TYPE, json).url("https://example.com/in").build();
    assert_eq!(verifier.verify(&sent).unwrap().events().len(), 1);
    for (body, kind) in
        [("&", ErrorKind::BadSignature), ("a=1", ErrorKind::BadSignature), ("", ErrorKind::MalformedBody)]
    {
        let mut forged = sent.clone();
        forged.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        *forged.body_mut() = Bytes::from_static(body.as_bytes());
        assert_eq!(verifier.verify(&forged).unwrap_err().kind(), kind, "{body}");
    }
    let empty = signed(&TWILIO, SECRET, "&").url("https://example.com/in").build();
    assert_eq!(verifier.verify(&empty).unwrap_err().kind(), ErrorKind::MalformedBody);
}

/// twilio-php#861: the hash of the body stood in the address twice. One is signed as any text, and which of them counts
/// must not be a matter of who reads it.
#[test]
fn a_hash_of_the_body_stands_in_the_address_once() {
    let json = HeaderValue::from_static("application/json");
    let address = |query: &str| format!("https://example.com/in?{query}");
    let hash = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
    let sent = |query: &str| {
        // An empty body, so that nothing is put into the address, and then the one that is sent.
        let bare = signed(&TWILIO, SECRET, "").header(CONTENT_TYPE, &json).url(address(query)).build();
        verdict(&TWILIO, &bare.map(|_| Bytes::from_static(br#"{"a":1}"#)))
    };
    assert_eq!(sent(&format!("a=b&bodySHA256={hash}")), Ok(()));
    assert_eq!(sent(&format!("bodySHA256={hash}&a=b")), Ok(()));
    let other = "0".repeat(64);
    for twice in [[hash, hash], [hash, &other], [&other, hash]] {
        let query = format!("bodySHA256={}&bodySHA256={}", twice[0], twice[1]);
        assert_eq!(sent(&query), Err(ErrorKind::MalformedHeader), "{query}");
    }
    assert_eq!(sent(&format!("bodySHA256={other}")), Err(ErrorKind::BadSignature));
    assert_eq!(sent("a=b"), Err(ErrorKind::MissingHeader));
}
