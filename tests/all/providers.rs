//! Every provider's data holds up, and so do providers of the user's own, whatever their scheme; broken ones do not.

mod mistakes;

use std::panic;

use bytes::Bytes;
use http::Request;
use inhook::{
    ErrorKind, Provider, Verifier,
    provider::{
        ALL, At, Attempt, Batch, Digest, Encoding, Handshake, Hmac, KeyForm, Part, Retries, Scheme, StaticToken,
        Syntax, TWILIO, TimeUnit,
    },
    testing::{check_provider, signed},
};

const SIGNATURE: At = At::Header("x-signature");
const SIGNED_AT: At = At::Header("x-time");
const BODY: Hmac = Hmac::new(Digest::Sha256).signature(SIGNATURE, Syntax::Bare);

const fn hmac(hmac: Hmac) -> Provider {
    Provider::new("acme", Scheme::Hmac(hmac)).identity(&[At::Json("/id")]).label(At::Json("/id"))
}

const fn token(token: StaticToken) -> Provider {
    Provider::new("acme", Scheme::Token(token)).identity(&[At::Json("/id")])
}

#[test]
fn every_provider_holds_up() {
    ALL.iter().for_each(|provider| check_provider(provider));
}

#[test]
fn tokens_hold_up_wherever_they_stand() {
    check_provider(&token(StaticToken::bearer()));
    check_provider(&token(StaticToken::basic()));
    for at in [At::Header("x-token"), At::Query("token"), At::Json("/auth/token"), At::Form("token")] {
        check_provider(&Provider::new("acme", Scheme::Token(StaticToken::bare(at))));
    }
    let each = Scheme::Token(StaticToken::in_each("/all/items", "/auth/token", "/all/items/0/auth/token"));
    let each = Provider::new("acme", each).batch(Batch::List("/all/items"));
    check_provider(&each.identity(&[At::Json("/id")]));
    check_provider(&each.bears(&["x-delivery"]).identity(const { &[At::Header("x-delivery"), At::PayloadDigest] }));
}

#[test]
fn every_encoding_digest_and_key_holds_up() {
    let encodings = [Encoding::Hex, Encoding::Base64, Encoding::Base64Url, Encoding::Base64UrlUnpadded];
    for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512] {
        for encoding in encodings {
            check_provider(&hmac(Hmac::new(digest).signature(SIGNATURE, Syntax::Bare).encoding(encoding)));
        }
    }
    for key in [KeyForm::Text, KeyForm::Base64, KeyForm::Base64After("acme_"), KeyForm::HtmlText, KeyForm::Hex] {
        check_provider(&hmac(BODY.key(key)));
    }
}

#[test]
fn every_syntax_holds_up() {
    let pairs = Syntax::Pairs { separator: ';', signature: "sig", spaces: true };
    for syntax in [
        Syntax::Prefixed("v9="),
        Syntax::PrefixedOrBare("sha256="),
        Syntax::List { separator: '|', prefix: "v1:" },
        pairs,
    ] {
        check_provider(&hmac(BODY.signature(SIGNATURE, syntax)));
        check_provider(&hmac(BODY.signature(SIGNATURE, syntax).repeated_lines()));
        check_provider(&hmac(BODY.signature(At::Query("signature"), syntax)));
    }
    let in_pairs = BODY
        .signature(SIGNATURE, pairs)
        .timestamp(At::SignaturePair("time"), TimeUnit::Millis)
        .id(At::SignaturePair("id"))
        .over(&[Part::Id, Part::Text("/"), Part::Timestamp, Part::Text("/"), Part::Body]);
    check_provider(&hmac(in_pairs).tolerance(60, 5).identity(&[At::SignedId]));
    let after_time = BODY
        .signature(SIGNATURE, Syntax::AfterTime { separator: ';' })
        .timestamp(At::SignatureTime, TimeUnit::Millis)
        .over(&[Part::Timestamp, Part::Text("."), Part::Body]);
    check_provider(&hmac(after_time).tolerance(60, 5));
    check_provider(&hmac(after_time.signature(At::Query("signature"), Syntax::AfterTime { separator: ',' })));
}

#[test]
fn every_part_holds_up() {
    const TIMED: &[Part] = &[Part::Timestamp, Part::Body];
    const TARGET: &[Part] =
        &[Part::Method, Part::Path, Part::Text("?"), Part::Query, Part::Header("x-other"), Part::Body];
    check_provider(&hmac(BODY.over(TARGET)));
    check_provider(&hmac(BODY.over(&[Part::Url, Part::Text("\n"), Part::Body])));
    check_provider(&hmac(BODY.over(&[Part::SortedForm])).identity(&[At::Form("id")]));
    check_provider(&hmac(BODY.over(&[Part::Path, Part::SortedForm])).form_json("json"));
    for unit in [TimeUnit::Seconds, TimeUnit::Millis, TimeUnit::Rfc3339, TimeUnit::Utc] {
        for at in [At::Header("x-time"), At::Query("time"), At::Json("/time")] {
            check_provider(&hmac(BODY.over(TIMED).timestamp(at, unit)).tolerance(300, 30));
        }
    }
    for unit in [TimeUnit::Seconds, TimeUnit::Millis] {
        check_provider(&hmac(BODY.timestamp(At::Number("/sent/at"), unit)).tolerance(300, 30));
    }
    // A time without a tolerance is signed and not judged.
    check_provider(&hmac(BODY.over(TIMED).timestamp(At::Header("x-time"), TimeUnit::Seconds)));
    let in_body = BODY.signature(At::Json("/sig"), Syntax::Bare).over(&[Part::Id]).id(At::Json("/nonce"));
    check_provider(&hmac(in_body).nonce(At::SignedId));
    check_provider(&hmac(BODY.plain_hash()));
    for digest in [Digest::Sha1, Digest::Sha256] {
        let scheme = Hmac::new(digest).signature(SIGNATURE, Syntax::Bare).plain_hash_before_secret();
        check_provider(&hmac(scheme));
    }
}

/// Where the signature stands in a header, nothing of the body is read before it holds, its time neither.
#[test]
fn a_time_in_the_body_is_read_last() {
    let provider = hmac(BODY.timestamp(At::Number("/at"), TimeUnit::Seconds)).tolerance(300, 300);
    let verifier = Verifier::new(&provider, "secret").unwrap();
    let mut request = signed(&provider, "secret", "{}").build();
    assert!(verifier.authenticate(&request).is_ok());
    *request.body_mut() = Bytes::from_static(b"no JSON");
    assert_eq!(verifier.authenticate(&request).unwrap_err().kind(), ErrorKind::BadSignature);
}

/// A body that the first of two schemes cannot look into is judged by the second; if none finds a proof, that is why.
#[test]
fn what_one_scheme_cannot_read_is_judged_by_the_next() {
    let in_body = token(StaticToken::bare(At::Json("/token"))).or(Scheme::Hmac(BODY));
    let verifier = Verifier::new(&in_body, "secret").unwrap();
    let mut request = signed(&hmac(BODY), "secret", "no JSON").build();
    assert!(verifier.authenticate(&request).is_ok());
    request.headers_mut().remove("x-signature");
    assert_eq!(verifier.authenticate(&request).unwrap_err().kind(), ErrorKind::MalformedBody);
    *request.body_mut() = Bytes::from_static(b"{}");
    assert_eq!(verifier.authenticate(&request).unwrap_err().kind(), ErrorKind::MissingHeader);
}

#[test]
fn every_shape_holds_up() {
    const ITEMS: &[At] = &[At::Json("/a|b"), At::Optional(&At::Json("/c")), At::Day(&At::Json("/at"))];
    for batch in [Batch::One, Batch::Lines, Batch::List(""), Batch::List("/all/events")] {
        let provider = hmac(BODY).batch(batch).identity(ITEMS).requires(&["x-acme"]);
        check_provider(&provider.attempt(Attempt::Count(At::Header("x-attempt"))));
    }
    let named = hmac(BODY).kind(At::NameOf(&["/opened", "/closed", "/nested/one"]));
    check_provider(&named);
    let timed = BODY.over(&[Part::Timestamp, Part::Body]).timestamp(SIGNED_AT, TimeUnit::Millis);
    check_provider(&hmac(timed).tolerance(30, 30).exclusive_tolerance());
    let challenge = At::Query("challenge");
    let handshakes: &[Handshake] = &[
        Handshake::head(),
        Handshake::get(challenge).echo_text(challenge),
        Handshake::post(At::Json("/type"), "hello").echo_json("answer", At::Json("/question")),
    ];
    check_provider(&hmac(BODY).handshakes(handshakes.to_vec().leak()));
    // Nothing but forms, without JSON in them.
    let form = hmac(BODY).accepts(&["application/x-www-form-urlencoded"]);
    check_provider(&form.identity(&[At::Form("id"), At::PayloadDigest]));
    let either = hmac(BODY).or(Scheme::Token(StaticToken::bearer()));
    check_provider(&either.identity(&[At::Header("x-id"), At::PayloadDigest]));
}

#[test]
fn what_does_not_hold_up_is_found() {
    const TIMED: Hmac = BODY.over(&[Part::Timestamp, Part::Body]).timestamp(At::Header("x-time"), TimeUnit::Seconds);
    let broken: [(Provider, &str); 14] = [
        (hmac(BODY).tolerance(300, 300), "a tolerance judges nothing"),
        (hmac(BODY).identity(&[At::Text("same")]), "the next event's too"),
        (hmac(TIMED).identity(&[At::Header("x-time")]), "sent again with a later timestamp"),
        (hmac(BODY).identity(&[At::SignedId]), "has no identity"),
        (hmac(BODY).identity(&[At::Json("/id"), At::SignaturePair("t")]), "has no identity"),
        (hmac(Hmac::new(Digest::Sha256)), "a signature stands in"),
        (hmac(BODY.signature(At::Json("/sig"), Syntax::Bare)), "over itself"),
        (hmac(BODY.signature(At::Query("sig"), Syntax::Bare).over(&[Part::Url])), "over itself"),
        (hmac(BODY.signature(SIGNATURE, Syntax::AfterTime { separator: ',' })), "is the signed time"),
        (hmac(TIMED.timestamp(At::SignatureTime, TimeUnit::Seconds)), "is the signed time"),
        (hmac(BODY).by_get(), "which is not signed"),
        (hmac(BODY).cloud_events().kind(At::Attribute("Type")), "an attribute is named in lower case"),
        (token(StaticToken::in_each("/l", "/t", "/l/1/t")), "the first token is not the first item's"),
        // The second scheme never judges: the first takes its header.
        (hmac(BODY).or(Scheme::Token(StaticToken::bare(SIGNATURE))), "is refused"),
    ];
    for (provider, finding) in broken {
        let found = panic::catch_unwind(|| check_provider(&provider)).unwrap_err();
        let message = found.downcast_ref::<String>().unwrap();
        assert!(message.starts_with("provider `acme`: ") && message.contains(finding), "{finding}: {message}");
    }
}

/// The form of Twilio's own documentation; its Python library made both signatures.
#[test]
fn twilio_takes_the_hash_that_it_names_and_no_other() {
    const SHA1: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    const SHA256: &str = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=";
    let body = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
    let verifier = Verifier::builder(&TWILIO).secret("12345").public_base("https://mycompany.com").build().unwrap();
    let verdict = |signature: &str, settings: &[&str]| {
        let mut request = Request::post("https://mycompany.com/myapp.php?foo=1&bar=2")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature);
        for settings in settings {
            request = request.header("x-twilio-webhooks-signature-settings", *settings);
        }
        let request = request.body(Bytes::from_static(body.as_bytes())).unwrap();
        verifier.authenticate(&request).map(drop).map_err(|e| e.kind())
    };
    for settings in [&[][..], &[""], &["key=k"], &["key=k,algorithm=HMAC_SHA1"]] {
        assert_eq!(verdict(SHA1, settings), Ok(()), "{settings:?}");
        assert_eq!(verdict(SHA256, settings), Err(ErrorKind::BadSignature), "{settings:?}");
    }
    assert_eq!(verdict(SHA256, &["key=k,algorithm=HMAC_SHA256"]), Ok(()));
    assert_eq!(verdict(SHA1, &["key=k,algorithm=HMAC_SHA256"]), Err(ErrorKind::BadSignature));
    for settings in [&["key=k,algorithm=none"][..], &["algorithm=HMAC_SHA512"], &["key=k", "algorithm=HMAC_SHA256"]] {
        for signature in [SHA1, SHA256] {
            assert_eq!(verdict(signature, settings), Err(ErrorKind::MalformedHeader), "{settings:?}");
        }
    }
}
