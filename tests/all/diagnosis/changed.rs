//! What was changed on the way, body or address.

use inhook::provider::{SQUARE, TRELLO, TWILIO};

use super::*;

#[test]
fn a_changed_body_is_told_from_a_forged_one() {
    let text = |request: &Request<Bytes>| String::from_utf8(request.body().to_vec()).unwrap();
    let is_json = |text: &str| text.starts_with(['{', '[']);
    let written = |pretty: bool| {
        move |text: String| {
            let value = serde_json::from_str::<serde_json::Value>(&text).ok().filter(|_| is_json(&text))?;
            Some(if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap())
        }
    };
    type Change = Box<dyn Fn(String) -> Option<String>>;
    let changes: [(BodyChange, Change); 6] = [
        (BodyChange::EndAdded, Box::new(|text| Some(text + "\n"))),
        (BodyChange::EndAdded, Box::new(|text| Some(text + "\r\n"))),
        (BodyChange::MarkAdded, Box::new(|text| Some(format!("\u{feff}{text}")))),
        (BodyChange::Base64, Box::new(|text| Some(BASE64.encode(text.as_bytes())))),
        (BodyChange::JsonString, Box::new(|text| Some(serde_json::to_string(&text).unwrap()))),
        (BodyChange::Rewritten, Box::new(written(true))),
    ];
    for (change, make) in changes {
        let mut seen = 0;
        for provider in ALL {
            let request = genuine(provider);
            let Some(body) = make(text(&request)) else { continue };
            let changed = with_body(&request, body);
            if !refuses(provider, &changed) {
                continue;
            }
            let diagnosis = of(provider, &changed);
            if diagnosis.findings() != [Finding::Body { secret: whose(provider), change }] {
                // What a token stands in, or nothing but a form is taken from, has another reason.
                assert!(
                    diagnosis.findings().iter().all(|f| matches!(f, Finding::Missing { .. })),
                    "{provider:?} {change:?}: {diagnosis}"
                );
                continue;
            }
            seen += 1;
        }
        assert!(seen >= 40, "{change:?} was seen at {seen} providers");
    }
}

#[test]
fn what_the_body_was_is_found_whoever_wrote_it() {
    let sent = [
        ("{\n  \"id\": 1,\n  \"b\": [\n    1.50,\n    {}\n  ]\n}", BodyChange::Rewritten),
        ("{\"id\": 1, \"b\": [1.50, {}]}", BodyChange::Rewritten),
        ("{\n\t\"id\": 1,\n\t\"b\": [\n\t\t1.50,\n\t\t{}\n\t]\n}\n", BodyChange::Rewritten),
        ("{\"id\":1,\"b\":[1.50,{}]}\n", BodyChange::EndRemoved),
        ("{\"id\":1,\"b\":[1.50,{}]}\r\n", BodyChange::EndRemoved),
        ("\u{feff}{\"id\":1,\"b\":[1.50,{}]}", BodyChange::MarkRemoved),
        ("payload=%7B%22id%22%3A1%2C%22b%22%3A%5B1.50%2C%7B%7D%5D%7D", BodyChange::FieldOnly),
    ];
    for (body, change) in sent {
        let request = signed(&GITHUB, SECRET, body).build();
        let changed = with_body(&request, "{\"id\":1,\"b\":[1.50,{}]}");
        assert_eq!(of(&GITHUB, &changed).findings(), [Finding::Body { secret: Some(0), change }], "{body}");
    }
    for (sent, received, change) in [
        (r#"{"a":"\u00fc<\/b>"}"#, r#"{"a":"ü</b>"}"#, BodyChange::Rewritten),
        (r#"{"a":"\u003cb\u003e"}"#, r#"{"a":"<b>"}"#, BodyChange::Rewritten),
        ("{\n\"a\":1}", "{\r\n\"a\":1}", BodyChange::CrLf),
        ("{\r\n\"a\":1}", "{\n\"a\":1}", BodyChange::Lf),
        ("{\"a\":\"ü\"}", "{\"a\":\"Ã¼\"}", BodyChange::Latin1),
        ("a=1+2&b=%C3%BC%26&c", "a=1 2&b=ü%26&c", BodyChange::FormDecoded),
        ("a=1&b=x y", "a=1%26b%3Dx+y", BodyChange::FormEncoded),
    ] {
        let request = signed(&GITHUB, SECRET, sent).content_type("text/plain").build();
        let findings = of(&GITHUB, &with_body(&request, received)).findings().to_vec();
        match change {
            // What is encoded and was plain text besides cannot be told from a field.
            BodyChange::FormDecoded => {
                assert!(findings.is_empty() || findings == [Finding::Body { secret: Some(0), change }])
            }
            _ => assert_eq!(findings, [Finding::Body { secret: Some(0), change }], "{sent}"),
        }
    }
    let request = signed(&GITHUB, SECRET, "a=1+2&b=%C3%BC").content_type("application/x-www-form-urlencoded").build();
    let decoded = with_body(&request, "a=1 2&b=ü");
    assert_eq!(of(&GITHUB, &decoded).findings(), [Finding::Body { secret: Some(0), change: BodyChange::FormDecoded }]);
}

#[test]
fn a_changed_address_is_told() {
    for provider in [&SQUARE, &TRELLO, &TWILIO] {
        let sent = |url: &str| {
            let body = if provider.name() == "twilio" { "SmsStatus=a&MessageSid=b" } else { "{}" };
            signed(provider, SECRET, body).url(url).at(NOW).build()
        };
        let seen = |base: &str, url: &str, received: &str| {
            let mut request = sent(url);
            *request.uri_mut() = received.parse().unwrap();
            let verifier = Verifier::builder(provider).secret(SECRET).public_base(base).build().unwrap();
            let findings = by(&verifier, &request).findings().to_vec();
            let [Finding::Address { secret: Some(0), changes }] = &findings[..] else {
                panic!("{provider:?} {url}: {findings:?}")
            };
            changes.clone()
        };
        const BASE: &str = "https://example.com";
        let url = |path: &str| format!("{BASE}{path}");
        assert_eq!(seen("http://example.com", &url("/a"), "/a"), [AddressChange::Scheme { signed: "https" }]);
        assert_eq!(seen(BASE, &url("/a/"), "/a"), [AddressChange::SlashRemoved]);
        assert_eq!(seen(BASE, &url("/a"), "/a/"), [AddressChange::SlashAdded]);
        assert_eq!(seen(BASE, &url("/a?b=1&a=2"), "/a?a=2&b=1"), [AddressChange::QuerySorted]);
        assert_eq!(seen(BASE, &url("/a"), "/a?x=1"), [AddressChange::QueryAdded]);
        assert_eq!(seen(BASE, &url("/a?b=x%20y"), "/a?b=x+y"), [AddressChange::Decoded]);
        assert_eq!(seen("https://example.com/api", &url("/api/a"), "/api/a"), [AddressChange::PrefixAdded]);
        assert_eq!(seen(BASE, &url("/a"), "/api/a"), [AddressChange::PrefixAdded]);
        let www = AddressChange::Host { signed: "www.example.com".to_owned() };
        assert_eq!(seen(BASE, "https://www.example.com/a", "/a"), std::slice::from_ref(&www));
        assert_eq!(seen(BASE, "https://www.example.com/a/", "/a"), [www, AddressChange::SlashRemoved]);
        if provider.name() != "twilio" {
            let port = |signed| [AddressChange::Port { signed }];
            assert_eq!(seen(BASE, "https://example.com:8443/a", "/a"), port(Some(8443)));
            assert_eq!(seen("https://example.com:3000", &url("/a"), "/a"), port(None));
        }
    }
    let mut request = signed(&SQUARE, SECRET, "{}").url("https://hooks.example.com/api/a").build();
    *request.uri_mut() = "/a".parse().unwrap();
    let seen = |name: &'static str, value: &'static str, base: &str| {
        let mut request = request.clone();
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        let verifier = Verifier::builder(&SQUARE).secret(SECRET).public_base(base).build().unwrap();
        by(&verifier, &request).findings().to_vec()
    };
    let address = |change| [Finding::Address { secret: Some(0), changes: vec![change] }];
    let there = "https://hooks.example.com";
    let host = AddressChange::Host { signed: "hooks.example.com".to_owned() };
    assert_eq!(seen("x-forwarded-prefix", "/api/", there), address(AddressChange::PrefixRemoved));
    assert_eq!(seen("x-original-uri", "/api/a", there), address(AddressChange::Rewritten { header: "x-original-uri" }));
    assert_eq!(seen("x-forwarded-host", "hooks.example.com", "https://10.0.0.1/api"), address(host));
}
