//! The same, where a handshake is what went wrong.

use http::{Method, StatusCode, header::CONTENT_TYPE};
use inhook::provider::{
    AZURE_EVENT_GRID, BRAINTREE, CLOUDEVENTS, FIGMA, META, MICROSOFT_GRAPH, NOTION, STRIPE as OTHER_PROVIDER, WEBSUB,
    WEBSUB_SHA1, WHATSAPP, X,
};

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

fn asks(method: Method, target: &str, headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(format!("{BASE}{target}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body.to_owned())).unwrap()
}

fn answer(provider: &Provider, request: &Request<Bytes>) -> Result<inhook::Reply, ErrorKind> {
    let delivery = verifier(provider, SECRET).verify(request).map_err(|e| e.kind())?;
    assert!(delivery.events().is_empty());
    Ok(delivery.reply().unwrap().clone())
}

/// CVE-2023-46735 and the like: what a stranger says is repeated, and must not be a page to anybody's browser.
#[test]
fn what_is_repeated_is_plain_text() {
    let page = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%0d%0aSet-Cookie:x";
    let topic = "https%3A%2F%2Fexample.com%2Ftopic";
    let subscribe = format!("/in?hub.mode=subscribe&hub.topic={topic}&hub.challenge={page}");
    let graph = asks(Method::POST, &format!("/in?validationToken={page}"), &[("content-type", "text/html")], "");
    for (provider, request) in [(&MICROSOFT_GRAPH, graph), (&WEBSUB, asks(Method::GET, &subscribe, &[], ""))] {
        let reply = answer(provider, &request).unwrap();
        assert_eq!(reply.status(), StatusCode::OK);
        assert_eq!(reply.body(), "<script>alert(1)</script>\r\nSet-Cookie:x", "{provider:?}");
        assert_eq!(reply.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers().len(), 2);
    }
}

/// bolt-js #2898: a question beside an event let the event pass unsigned.
#[test]
fn a_question_beside_an_event_brings_no_event() {
    let forged = r#"{"value":[{"subscriptionId":"1","changeType":"updated","clientState":"guess"}]}"#;
    let json = [("content-type", "application/json")];
    let graph = asks(Method::POST, "/in?validationToken=x", &json, forged);
    assert_eq!(answer(&MICROSOFT_GRAPH, &graph).unwrap().body(), "x");
    assert_eq!(verdict(&MICROSOFT_GRAPH, &asks(Method::POST, "/in", &json, forged)), Err(ErrorKind::BadSignature));
    // A validation among events is no validation, and one before events is answered and nothing else.
    let validation =
        json!({"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "c"}});
    let first =
        signed(&AZURE_EVENT_GRID, SECRET, json!([validation, {"id": "1", "eventType": "t"}]).to_string()).build();
    assert_eq!(answer(&AZURE_EVENT_GRID, &first).unwrap().body(), r#"{"validationResponse":"c"}"#);
    let second =
        signed(&AZURE_EVENT_GRID, SECRET, json!([{"id": "1", "eventType": "t"}, validation]).to_string()).build();
    assert_eq!(verifier(&AZURE_EVENT_GRID, SECRET).verify(&second).unwrap().events().len(), 2);
    let token = asks(Method::POST, "/in", &json, r#"{"verification_token":"x","id":"1","type":"page.created"}"#);
    assert_eq!(answer(&NOTION, &token).unwrap().body(), "");
}

/// CVE-2026-32096: an address that a request named was visited. Here nobody visits any, and no answer names one.
#[test]
fn no_address_that_a_question_names_is_repeated() {
    let callback = "https://evil.example/confirm";
    let origin = [("webhook-request-origin", "sender.example"), ("webhook-request-callback", callback)];
    let reply = answer(&CLOUDEVENTS, &asks(Method::OPTIONS, "/in", &origin, "")).unwrap();
    assert!(!format!("{reply:?}").contains("evil"));
    let validation = json!([{"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "c", "validationUrl": callback}}]);
    let reply = answer(&AZURE_EVENT_GRID, &signed(&AZURE_EVENT_GRID, SECRET, validation.to_string()).build()).unwrap();
    assert_eq!(reply.body(), r#"{"validationResponse":"c"}"#);
}

/// The question whether one may send is answered to those who were named, by whole names.
#[test]
fn leave_to_send_is_for_those_who_were_named() {
    let ask = |origin: &str, more: &[(&str, &str)]| {
        let headers = [&[("webhook-request-origin", origin)], more].concat();
        answer(&CLOUDEVENTS, &asks(Method::OPTIONS, "/in", &headers, ""))
    };
    let reply = ask("Sender.Example", &[]).unwrap();
    let said = |reply: &inhook::Reply, name: &str| reply.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    assert_eq!(said(&reply, "allow").as_deref(), Some("POST"));
    assert_eq!(said(&reply, "webhook-allowed-origin").as_deref(), Some("Sender.Example"));
    assert_eq!(said(&reply, "webhook-allowed-rate"), None);
    let rated = ask("sender.example", &[("webhook-request-rate", "120")]).unwrap();
    assert_eq!(said(&rated, "webhook-allowed-rate").as_deref(), Some("*"));
    for stranger in
        ["evil.example", "sender.example.evil.example", "xsender.example", "sender.exampl", "*", "sender.example,x"]
    {
        assert_eq!(ask(stranger, &[]).unwrap_err(), ErrorKind::BadSignature, "{stranger}");
    }
    let two = ask("sender.example", &[("webhook-request-origin", "evil.example")]);
    assert_eq!(two.unwrap_err(), ErrorKind::MalformedHeader);
    let slow = Verifier::builder(&CLOUDEVENTS).secret(SECRET).allow_origin("a.example");
    let slow = slow.allow_rate(std::num::NonZeroU32::new(60).unwrap()).build().unwrap();
    let request = asks(Method::OPTIONS, "/in", &[("webhook-request-origin", "a.example")], "");
    let delivery = slow.verify(&request).unwrap();
    assert_eq!(said(delivery.reply().unwrap(), "webhook-allowed-rate").as_deref(), Some("60"));
    for all in ["*", "*.example", "", " "] {
        let built = Verifier::builder(&CLOUDEVENTS).secret(SECRET).allow_origin(all).build();
        assert_eq!(built.unwrap_err().kind(), ErrorKind::Config, "{all:?}");
    }
    // An OPTIONS of a browser's is none of these, nor is one to a provider that never asks so.
    for (provider, headers) in [(&CLOUDEVENTS, &[("origin", "https://sender.example")][..]), (&OTHER_PROVIDER, &[])] {
        assert!(verdict(provider, &asks(Method::OPTIONS, "/in", headers, "")).is_err(), "{provider:?}");
    }
}

/// X signs its events as it wants its challenge to be signed: whoever asks must not be given an event's signature.
#[test]
fn a_challenge_signs_nothing_that_could_be_an_event() {
    let ask = |token: &str| answer(&X, &asks(Method::GET, &format!("/in?crc_token={token}"), &[], ""));
    let event = r#"{"follow_events":[]}"#;
    let encoded = serde_urlencoded::to_string([("crc_token", event)]).unwrap();
    let refused = answer(&X, &asks(Method::GET, &format!("/in?{encoded}"), &[], ""));
    assert_eq!(refused.unwrap_err(), ErrorKind::Envelope);
    for bad in
        ["%7B%7D", "%5B%5D", "%EF%BB%BF%7B%7D", "a%20b", "a+b", "%22x%22", "a%0Ab", "%00", "%FF", &"a".repeat(257)]
    {
        assert!(ask(bad).is_err(), "{bad}");
    }
    let said: Value = serde_json::from_slice(ask("abc-DEF_123").unwrap().body()).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(b"abc-DEF_123");
    assert_eq!(said, json!({"response_token": format!("sha256={}", BASE64.encode(&mac.finalize().into_bytes()))}));
}

/// What a plain token's signature is good for: not for an event, whatever it says.
#[test]
fn a_signed_challenge_is_no_event() {
    for token in ["1", "null", "true", "abc", "abc="] {
        let request = asks(Method::GET, &format!("/in?crc_token={token}"), &[], "");
        let reply: Value = serde_json::from_slice(answer(&X, &request).unwrap().body()).unwrap();
        let signature = reply["response_token"].as_str().unwrap();
        for kind in ["application/json", "text/plain", FORM] {
            let headers = [("content-type", kind), ("x-twitter-webhooks-signature", signature)];
            let replayed = verifier(&X, SECRET).verify(&asks(Method::POST, "/in", &headers, token));
            assert_eq!(replayed.unwrap_err().kind(), ErrorKind::Envelope, "{token} {kind}");
        }
    }
    assert!(answer(&X, &asks(Method::GET, "/in?crc_token=a%3D1", &[], "")).is_err());
    for token in ["20f9f8ed05f77439fe955c977e4c8a53", "00000000000000000001"] {
        let asked = answer(&BRAINTREE, &asks(Method::GET, &format!("/in?bt_challenge={token}"), &[], "")).unwrap();
        let signature = str::from_utf8(asked.body()).unwrap();
        for more in ["", "%0A"] {
            let body = format!("bt_payload={token}{more}&bt_signature={signature}&other=x");
            let replayed =
                verifier(&BRAINTREE, SECRET).verify(&asks(Method::POST, "/in", &[("content-type", FORM)], &body));
            let refused = if more.is_empty() { ErrorKind::MalformedBody } else { ErrorKind::BadSignature };
            assert_eq!(replayed.unwrap_err().kind(), refused, "{token}");
        }
    }
}

/// A stranger asked a hub to begin or end a subscription, and the hub asks here.
#[test]
fn no_stranger_begins_or_ends_a_subscription() {
    let ask = |provider: &Provider, mode: &str, topic: &str| {
        let query = [("hub.mode", mode), ("hub.topic", topic), ("hub.challenge", "c")];
        let query = serde_urlencoded::to_string(query).unwrap();
        answer(provider, &asks(Method::GET, &format!("/in?{query}"), &[], "")).map(|reply| reply.body().clone())
    };
    const WANTED: &str = "https://example.com/topic";
    for provider in [&WEBSUB, &WEBSUB_SHA1] {
        assert_eq!(ask(provider, "subscribe", WANTED).unwrap(), "c");
        assert_eq!(ask(provider, "unsubscribe", "https://example.com/old").unwrap(), "c");
        assert_eq!(ask(provider, "denied", WANTED).unwrap(), "");
        let others = ["https://example.com/topic/", "https://EXAMPLE.com/topic", "https://example.com", "x", ""];
        for other in others {
            assert!(ask(provider, "subscribe", other).is_err(), "{other}");
        }
        assert_eq!(ask(provider, "unsubscribe", WANTED), Err(ErrorKind::BadSignature));
        assert!(ask(provider, "publish", WANTED).is_err());
    }
}

/// CVE-2026-28454: a token that nobody had set was any token. Here who was told none answers nobody.
#[test]
fn no_verify_token_is_not_any_verify_token() {
    for provider in [&META, &WHATSAPP] {
        let builder = || Verifier::builder(provider).secret(SECRET);
        let (untold, told) = (builder().build().unwrap(), builder().verify_token("right").build().unwrap());
        let ask = |verifier: &Verifier, token: &str| {
            let query = format!("/in?hub.mode=subscribe&hub.challenge=c{token}");
            let delivery = verifier.verify(&asks(Method::GET, &query, &[], ""));
            delivery.map(|delivery| delivery.reply().is_some()).map_err(|e| e.kind())
        };
        assert_eq!(ask(&told, "&hub.verify_token=right"), Ok(true), "{provider:?}");
        for token in
            ["&hub.verify_token=right", "&hub.verify_token=wrong", "&hub.verify_token=righ", "&hub.verify_token=0"]
        {
            assert_eq!(ask(&untold, token), Err(ErrorKind::BadSignature), "{provider:?} {token}");
            let others = ask(&told, token) == Ok(true);
            assert_eq!(others, token.ends_with("=right"), "{provider:?} {token}");
        }
        for none in ["", "&hub.verify_token=", "&hub.verify_token=right&hub.verify_token=right"] {
            assert!(ask(&untold, none).is_err() && ask(&told, none).is_err(), "{provider:?} {none}");
        }
        for blank in ["", " ", " right"] {
            assert_eq!(builder().verify_token(blank).build().unwrap_err().kind(), ErrorKind::InvalidSecret);
        }
    }
}

/// CVE-2026-48747, WebSub's own trap: the hash is whatever the request names.
#[test]
fn a_hub_does_not_choose_a_weak_hash() {
    let body = "<feed/>";
    let with = |provider: &Provider, text: String| {
        verdict(provider, &asks(Method::POST, "/in", &[("x-hub-signature", &text)], body))
    };
    let mut weak = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    weak.update(body.as_bytes());
    let weak = HEXLOWER.encode(&weak.finalize().into_bytes());
    assert_eq!(with(&WEBSUB_SHA1, format!("sha1={weak}")), Ok(()));
    for forged in [
        format!("sha1={weak}"),
        format!("sha256={weak}"),
        format!("sha384={weak}"),
        format!("sha512={weak}"),
        weak.clone(),
    ] {
        assert!(with(&WEBSUB, forged.clone()).is_err(), "{forged}");
    }
    for name in ["md5", "sha224", "none", "SHA1", ""] {
        assert!(with(&WEBSUB_SHA1, format!("{name}={weak}")).is_err(), "{name}");
    }
}

/// CVE-2022-36885 and others: every token is compared whole, in every item of a batch.
#[test]
fn every_item_bears_the_secret() {
    let state = |text: Value| json!({"subscriptionId": "1", "changeType": "updated", "clientState": text});
    let post = |items: Value| {
        let headers = [("content-type", "application/json")];
        verdict(&MICROSOFT_GRAPH, &asks(Method::POST, "/in", &headers, &json!({ "value": items }).to_string()))
    };
    let good = || state(SECRET.into());
    assert_eq!(post(json!([good(), good(), good()])), Ok(()));
    for bad in [
        Value::from("guess"),
        "".into(),
        Value::Null,
        1.into(),
        json!([SECRET]),
        SECRET[1..].into(),
        SECRET.to_lowercase().into(),
    ] {
        for at in 1..3 {
            let mut items = vec![good(), good(), good()];
            items[at] = state(bad.clone());
            assert_eq!(post(items.into()), Err(ErrorKind::BadSignature), "{bad} {at}");
        }
    }
    for odd in [json!([good(), 1]), json!([good(), [SECRET]]), json!([good(), SECRET]), json!([good(), null])] {
        assert!(post(odd.clone()).is_err(), "{odd}");
    }
    assert!(post(json!({"0": good()})).is_err());
    // A number is no secret, whatever digits it is written with; nor beside one that is.
    let digits = verifier(&MICROSOFT_GRAPH, "12345678");
    let said = |items: [Value; 2]| {
        let body = json!({ "value": items.map(&state) }).to_string();
        digits.authenticate(&asks(Method::POST, "/in", &[("content-type", "application/json")], &body)).is_ok()
    };
    let (text, number) = (|| Value::from("12345678"), || Value::from(12_345_678));
    assert!(said([text(), text()]) && !said([number(), text()]) && !said([text(), number()]));
    // Of a name that comes twice one counts, for the judge and for the reader alike.
    let twice = format!(r#"{{"value":[{{"clientState":"guess"}}],"value":[{}]}}"#, good());
    let headers = [("content-type", "application/json")];
    let events = verifier(&MICROSOFT_GRAPH, SECRET).verify(&asks(Method::POST, "/in", &headers, &twice)).unwrap();
    assert_eq!(events.events()[0].kind.as_deref(), Some("updated"));
    let twice = format!(r#"{{"value":[{}],"value":[{{"clientState":"guess"}}]}}"#, good());
    assert_eq!(verdict(&MICROSOFT_GRAPH, &asks(Method::POST, "/in", &headers, &twice)), Err(ErrorKind::BadSignature));
}

/// A ping that nobody who knows the passcode sent is answered as any forgery is.
#[test]
fn a_ping_needs_the_passcode() {
    let ping = |passcode: &str| {
        let body = json!({"event_type": "PING", "passcode": passcode, "webhook_id": "1"}).to_string();
        answer(&FIGMA, &asks(Method::POST, "/in", &[("content-type", "application/json")], &body)).map(|_| ())
    };
    assert_eq!((ping(SECRET), ping("guess")), (Ok(()), Err(ErrorKind::BadSignature)));
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
