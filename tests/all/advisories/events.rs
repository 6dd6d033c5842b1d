//! The same, where an event is what went wrong.

use inhook::provider::MAILGUN;

use super::*;

/// GHSA-xff3-5c9p-2mr4: an order was paid by another provider's event.
#[test]
fn an_event_knows_its_provider() {
    let stripe = verifier(&STRIPE, SECRET).verify(&draft(&STRIPE).build()).unwrap().into_events().remove(0);
    let github = verifier(&GITHUB, SECRET).verify(&draft(&GITHUB).label("1").build()).unwrap().into_events().remove(0);
    assert_eq!((&*stripe.provider, &*github.provider), ("stripe", "github"));
    assert_ne!(stripe.key("billing").unwrap().source, github.key("billing").unwrap().source);
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
