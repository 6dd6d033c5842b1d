//! What holds for any input: any scheme that data can describe, any form, rank, kind and id.

mod covered;
mod received;
mod schemes;
mod times;

use std::collections::BTreeSet;

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, Uri, header::CONTENT_TYPE};
use inhook::{
    ErrorKind, Event, Provider, Verifier,
    provider::{At, Batch, Digest, Hmac as Scheme, Part, Scheme as AnyScheme, StaticToken, Syntax, WEBSUB},
    store::Rank,
    testing::signed,
};
use proptest::{collection::vec, prelude::*};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

const FORM: &str = "application/x-www-form-urlencoded";

fn mac<M: Mac>(mut mac: M, message: &[u8]) -> Vec<u8> {
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The bytes with one bit changed.
fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_form_is_what_another_parser_reads(
        fields in vec(("[a-c&=+% ]{0,3}|\\PC{0,3}", "[&=+%;]{0,5}|\\PC{0,12}"), 0..8),
        raw in "[ab&=+%0-9A-F;]{0,40}",
        bit in any::<usize>(),
    ) {
        const SIGNED: Provider = Provider::new(
            "acme",
            AnyScheme::Hmac(Scheme::new(Digest::Sha256).over(&[Part::SortedForm]).signature(At::Header("x-signature"), Syntax::Bare)),
        ).label(At::Form("a")).kind(At::Form("b"));
        let message = |body: &[u8]| {
            let mut fields: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            fields.into_iter().map(|(name, value)| name + &value).collect::<String>()
        };
        let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let verifier = Verifier::new(&SIGNED, "secret").unwrap();
        for body in [written, raw] {
            let signed = message(body.as_bytes());
            if signed.contains('\u{fffd}') {
                continue;
            }
            let tag = HEXLOWER.encode(&mac(Hmac::<Sha256>::new_from_slice(b"secret").unwrap(), signed.as_bytes()));
            let mut request = Request::new(Bytes::from(body.clone()));
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
            request.headers_mut().insert("x-signature", HeaderValue::from_str(&tag).unwrap());
            let event = verifier.verify(&request).unwrap().into_events().remove(0);
            let last = |name: &str| {
                let of_name = form_urlencoded::parse(body.as_bytes()).filter(|(n, _)| n == name);
                of_name.last().map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
            };
            prop_assert_eq!((event.label, event.kind), (last("a"), last("b")));
            if !body.is_empty() {
                let changed = flipped(body.as_bytes(), bit);
                let same = message(&changed) == signed;
                let passes = verifier.authenticate(&request.clone().map(|_| Bytes::from(changed))).is_ok();
                prop_assert!(same || !passes);
            }
        }
    }

    #[test]
    fn a_batch_passes_if_and_only_if_every_item_bears_a_secret(
        tokens in vec(proptest::option::of("secret|other|secre|secret |Secret|\\PC{0,8}"), 0..6),
        white in "[ \t\r\n]{0,3}", around in any::<bool>(),
    ) {
        const TOKEN: StaticToken = StaticToken::in_each("/l", "/t", "/l/0/t");
        const LISTED: Provider = Provider::new("acme", AnyScheme::Token(TOKEN)).batch(Batch::List("/l"));
        let verifier = Verifier::builder(&LISTED).secret("secret").secret("other").build().unwrap();
        let items: Vec<_> = tokens.iter().map(|token| serde_json::json!({"t": token, "n": {"t": "secret"}})).collect();
        let mut body = serde_json::json!({ "l": items });
        if around {
            body["t"] = "secret".into();
        }
        let request = Request::new(Bytes::from(body.to_string().replace(',', &format!(",{white}"))));
        let good = |token: &Option<String>| token.as_deref().is_some_and(|t| t == "secret" || t == "other");
        let verified = verifier.authenticate(&request);
        prop_assert_eq!(verified.is_ok(), !tokens.is_empty() && tokens.iter().all(good));
        if let Ok(verified) = verified {
            let first = usize::from(tokens[0].as_deref() == Some("other"));
            prop_assert_eq!(verified.which_secret(), Some(first));
            prop_assert_eq!(verified.delivery().unwrap().events().len(), tokens.len());
        }
    }

    #[test]
    fn a_hub_is_answered_for_the_very_topic_and_no_other(
        wanted in "https://[a-c./]{1,6}", asked in "https://[a-c./]{1,6}", challenge in "\\PC{1,30}", ends in any::<bool>(),
    ) {
        let verifier = Verifier::builder(&WEBSUB).secret("secret").topic(&wanted).build().unwrap();
        let mode = if ends { "unsubscribe" } else { "subscribe" };
        let query = [("hub.mode", mode), ("hub.topic", &asked), ("hub.challenge", &challenge)];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let request = Request::get(format!("https://example.com/in?{query}")).body(Bytes::new()).unwrap();
        match verifier.verify(&request) {
            Ok(delivery) => {
                prop_assert!((wanted == asked) != ends);
                prop_assert_eq!(delivery.reply().unwrap().body(), &challenge);
            }
            Err(refused) => {
                prop_assert!((wanted == asked) == ends);
                prop_assert_eq!(refused.kind(), ErrorKind::BadSignature);
            }
        }
    }

    #[test]
    fn ranks_sort_as_what_they_are_made_of(a in any::<(u64, i64)>(), b in any::<(u64, i64)>(), tie in any::<[u64; 2]>()) {
        prop_assert_eq!(Rank::from(a.0).cmp(&Rank::from(b.0)), a.0.cmp(&b.0));
        prop_assert_eq!(Rank::from(a.1).cmp(&Rank::from(b.1)), a.1.cmp(&b.1));
        let both = |n: u64, t: u64| Rank::from(n).then(t);
        prop_assert_eq!(both(a.0, tie[0]).cmp(&both(b.0, tie[1])), (a.0, tie[0]).cmp(&(b.0, tie[1])));
        let rank = Rank::from(a.0);
        prop_assert_eq!(rank.next(), a.0.checked_add(1).map(Rank::from));
        prop_assert_eq!(rank.previous(), a.0.checked_sub(1).map(Rank::from));
        prop_assert_eq!(Rank::from(a.1).next().and_then(|next| next.previous()), a.1.checked_add(1).map(|_| Rank::from(a.1)));
        prop_assert_eq!(Rank::bytes(rank.as_bytes()), rank);
        // The whole calendar, to the nanosecond.
        let time = |n: i64, nanos: u64| {
            let seconds = n.rem_euclid(2 * 253_402_300_799) - 253_402_300_799;
            OffsetDateTime::from_unix_timestamp(seconds.max(-377_705_116_800)).unwrap() + Duration::nanoseconds((nanos % 1_000_000_000) as i64)
        };
        let (x, y) = (time(a.1, tie[0]), time(b.1, tie[1]));
        prop_assert_eq!(Rank::from(x).cmp(&Rank::from(y)), x.cmp(&y));
        if let Some(elsewhere) = x.checked_to_offset(time::macros::offset!(+5:30)) {
            prop_assert_eq!(Rank::from(x), Rank::from(elsewhere));
        }
    }

    #[test]
    fn a_kind_goes_to_itself_or_to_the_longest_family(
        others in vec("[ab]([./:_][ab]?){0,2}\\*?", 0..4),
        kind in "[ab]([./:_][ab]{0,2}){0,4}\\*?",
        cuts in vec(0..14_usize, 0..6),
    ) {
        // Families of the kind itself among others, the whole kind and what is no family because of where it ends.
        let mut kinds: Vec<String> = cuts.iter().map(|at| format!("{}*", &kind[..kind.len().min(*at)])).collect();
        kinds.extend(others);
        if cuts.len() % 3 == 0 {
            kinds.push(kind.clone());
        }
        let picked = inhook::__private::pick(kinds.iter().map(String::as_str), Some(&kind));
        let mut families: Vec<&str> = Vec::new();
        // Every way to cut the kind behind a separator, the longest first.
        for at in (1..kind.len()).rev().filter(|at| matches!(kind.as_bytes()[at - 1], b'.' | b'/' | b':' | b'_')) {
            families.extend(kinds.iter().map(String::as_str).filter(|k| *k == format!("{}*", &kind[..at])));
        }
        let expected = kinds.iter().map(String::as_str).find(|k| *k == kind).or(families.first().copied());
        prop_assert_eq!(picked, expected);
        prop_assert_eq!(inhook::__private::pick(kinds.iter().map(String::as_str), None), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_two_lists_of_parts_are_one_id(lists in vec(vec("[|\\\\a]{0,3}|.{0,3}|[x|]{254,258}", 3), 2..12)) {
        let unlike: [&[At]; 3] = [
            &[At::Json("/0")],
            &[At::Json("/0"), At::Optional(&At::Json("/1")), At::Optional(&At::Json("/2"))],
            &[At::Json("/0"), At::Json("/1"), At::PayloadDigest],
        ];
        for (shape, identity) in unlike.into_iter().enumerate() {
            let provider = Provider::new("acme", AnyScheme::Token(StaticToken::bare(At::Header("x-token"))))
                .identity(identity)
                .payload(At::Json("/2"));
            let verifier = Verifier::new(&provider, "secret").unwrap();
            let mut parts = BTreeSet::new();
            let mut ids = BTreeSet::new();
            for list in &lists {
                let counted = if shape == 0 { &list[..1] } else { &list[..] };
                let (event, again) = (event(&verifier, list), event(&verifier, list));
                prop_assert_eq!(event.id(), again.id());
                let there = !list[0].is_empty() && (shape != 2 || !list[1].is_empty());
                prop_assert_eq!(event.id().is_some(), there);
                if let Some(id) = event.id() {
                    prop_assert!(id.len() <= 512);
                    prop_assert_eq!(ids.insert(id.into_owned()), parts.insert(counted.to_vec()));
                }
            }
        }
    }
}

/// All short ones over the signs that part and escape.
#[test]
fn no_two_lists_of_signs_are_one_id() {
    const PARTS: &[At] = &[At::Json("/0"), At::Optional(&At::Json("/1")), At::Optional(&At::Json("/2"))];
    let provider = Provider::new("acme", AnyScheme::Token(StaticToken::bare(At::Header("x-token")))).identity(PARTS);
    let verifier = Verifier::new(&provider, "secret").unwrap();
    let texts = ["", "|", "\\", "||", "|\\", "\\|", "\\\\", "a"];
    let mut ids = BTreeSet::new();
    for first in &texts[1..] {
        for (second, third) in texts.iter().flat_map(|second| texts.iter().map(move |third| (second, third))) {
            let list = [first, second, third].map(|text| (*text).to_owned());
            assert!(ids.insert(event(&verifier, &list).id().unwrap().into_owned()), "{list:?}");
        }
    }
}

/// A long id is remembered by its digest, which is no other event's id.
#[test]
fn a_digest_is_nobody_s_id() {
    let provider =
        Provider::new("acme", AnyScheme::Token(StaticToken::bare(At::Header("x-token")))).identity(&[At::Json("/0")]);
    let verifier = Verifier::new(&provider, "secret").unwrap();
    let id = |text: String| event(&verifier, &[text]).id().unwrap().into_owned();
    let long = id("x".repeat(257));
    assert_eq!(long.len(), 71);
    assert_ne!(id(long.clone()), long);
    assert_eq!(id("x".repeat(256)), "x".repeat(256));
}

/// An event whose JSON document is these texts, under their positions.
fn event(verifier: &Verifier, texts: &[String]) -> Event {
    let document: serde_json::Map<_, _> =
        texts.iter().enumerate().map(|(at, text)| (at.to_string(), text.clone().into())).collect();
    let mut request = Request::new(Bytes::from(serde_json::Value::from(document).to_string()));
    request.headers_mut().insert("x-token", HeaderValue::from_static("secret"));
    verifier.verify(&request).unwrap().into_events().remove(0)
}

/// It is hashed piece by piece: padding stands at its end alone.
#[test]
fn a_body_in_base64_is_one_text_however_long_it_is() {
    const OVER: Scheme = Scheme::new(Digest::Sha256).over(&[Part::Text("v1:"), Part::BodyBase64]);
    let provider = Provider::new("acme", AnyScheme::Hmac(OVER.signature(At::Header("x-signature"), Syntax::Bare)));
    let verifier = Verifier::new(&provider, "secret").unwrap();
    for len in [0, 1, 2, 3, 1023, 1024, 1025, 3071, 3072, 3073, 6143, 6144, 6145, 100_000] {
        let body: Vec<u8> = (0..len).map(|n| (n * 31 % 251) as u8).collect();
        let message = format!("v1:{}", BASE64.encode(&body));
        let tag = HEXLOWER.encode(&mac(Hmac::<Sha256>::new_from_slice(b"secret").unwrap(), message.as_bytes()));
        let request = Request::post("/").header("x-signature", tag).body(Bytes::from(body)).unwrap();
        assert!(verifier.authenticate(&request).is_ok(), "{len}");
    }
}
