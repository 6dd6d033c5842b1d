//! Payments, accounting, documents and files.

use inhook::{
    Field,
    provider::{
        ADYEN, ADYEN_PLATFORM, BOX, BRAINTREE, CHARGEBEE, CHECKOUT, COINBASE_COMMERCE, DOCUSIGN, DROPBOX, DROPBOX_SIGN,
        FLUTTERWAVE, GOCARDLESS, LEMON_SQUEEZY, MOLLIE, PADDLE, PAYSTACK, RAZORPAY, SQUARE, XERO,
    },
};

use super::{FORM, draft, earlier, events, holds, id, ids};

pub(super) const COVERED: &[&str] = &[
    "adyen",
    "adyen_platform",
    "box",
    "braintree",
    "chargebee",
    "checkout",
    "coinbase_commerce",
    "docusign",
    "dropbox",
    "dropbox_sign",
    "flutterwave",
    "gocardless",
    "lemon_squeezy",
    "mollie",
    "paddle",
    "paystack",
    "razorpay",
    "square",
    "xero",
];

/// Tries are numbered in headers that are not signed.
#[test]
fn square() {
    let body = r#"{"type":"payment.updated","event_id":"e1","data":{"type":"payment","id":"p1"}}"#;
    let retry = draft(&SQUARE, body).header("square-retry-number", "1");
    holds(&SQUARE, draft(&SQUARE, body), retry, draft(&SQUARE, body.replace("e1", "e2")));
}

/// Reference, event code and `success`: a modification has a reference of its own.
#[test]
fn adyen() {
    let item = |psp: &str, code: &str, success: &str| {
        format!(
            r#"{{"NotificationRequestItem":{{"pspReference":"{psp}","originalReference":"P0","eventCode":"{code}","success":"{success}","amount":{{"value":1,"currency":"EUR"}}}}}}"#
        )
    };
    let list = |items: &[String]| draft(&ADYEN, format!(r#"{{"notificationItems":[{}]}}"#, items.join(",")));
    let first = item("P1", "CAPTURE", "true");
    // What is not signed has no say: it may come again with another reason in it.
    let again = first.replace(r#""amount""#, r#""reason":"changed","amount""#);
    for next in [item("P2", "CAPTURE", "true"), item("P1", "CAPTURE_FAILED", "true"), item("P1", "CAPTURE", "false")] {
        holds(&ADYEN, list(std::slice::from_ref(&first)), list(std::slice::from_ref(&again)), list(&[next]));
    }
    let both = ids(&ADYEN, &list(&[first.clone(), item("P2", "CAPTURE", "true")]).build());
    assert_eq!((both.len(), &both[0]), (2, &id(&ADYEN, &list(&[first]).build())));
    assert_ne!(both[0], both[1]);
}

/// An object that changes brings another payload; whatever stands beside it may be another from try to try.
#[test]
fn adyen_platform() {
    let body = r#"{"type":"balancePlatform.transfer.updated","timestamp":"2026-01-01T00:00:00Z","data":{"id":"t1","status":"authorised"}}"#;
    let retry = body.replace("00:00:00Z", "00:00:09Z");
    let next = body.replace("authorised", "booked");
    holds(&ADYEN_PLATFORM, draft(&ADYEN_PLATFORM, body), draft(&ADYEN_PLATFORM, retry), draft(&ADYEN_PLATFORM, next));
    let other = body.replace("t1", "t2");
    holds(&ADYEN_PLATFORM, draft(&ADYEN_PLATFORM, body), draft(&ADYEN_PLATFORM, body), draft(&ADYEN_PLATFORM, other));
}

/// The id is a header that is not signed, so the payload counts too.
#[test]
fn razorpay() {
    let body = r#"{"event":"payment.captured","payload":{"payment":{"entity":{"id":"pay_1"}}}}"#;
    let first = draft(&RAZORPAY, body).label("r1");
    holds(&RAZORPAY, first.clone(), first.clone(), draft(&RAZORPAY, body).label("r2"));
    let forged = draft(&RAZORPAY, body.replace("pay_1", "pay_2")).label("r1");
    holds(&RAZORPAY, first.clone(), first, forged);
}

/// Each try is signed anew; a notification's id is that of one destination.
#[test]
fn paddle() {
    let body =
        r#"{"event_id":"evt_1","event_type":"transaction.paid","notification_id":"ntf_1","data":{"id":"txn_1"}}"#;
    let other_destination = body.replace("ntf_1", "ntf_2");
    let next = body.replace("evt_1", "evt_2");
    let before = time::OffsetDateTime::now_utc() - time::Duration::seconds(2);
    holds(&PADDLE, draft(&PADDLE, body).at(before), draft(&PADDLE, other_destination), draft(&PADDLE, next));
}

/// No id is known to be the event's: what happened to which object, and what it then was.
#[test]
fn lemon_squeezy() {
    let body = r#"{"meta":{"event_name":"subscription_updated","webhook_id":"w"},"data":{"type":"subscriptions","id":"1","attributes":{"status":"active"}}}"#;
    let retry = body.replace(r#""w""#, r#""v""#);
    for next in
        [body.replace("active", "past_due"), body.replace("updated", "resumed"), body.replace(r#""1""#, r#""2""#)]
    {
        let first = draft(&LEMON_SQUEEZY, body);
        holds(&LEMON_SQUEEZY, first, draft(&LEMON_SQUEEZY, retry.clone()), draft(&LEMON_SQUEEZY, next));
    }
}

/// The payload, which names kind, subject and second.
#[test]
fn braintree() {
    use data_encoding::BASE64;

    let form = |second: u32, id: &str| {
        let xml = format!(
            "<notification><kind>check</kind><timestamp>2026-01-01T00:00:{second:02}Z</timestamp><subject>{id}</subject></notification>"
        );
        let payload = BASE64.encode(xml.as_bytes()).replace('=', "%3D").replace('+', "%2B");
        draft(&BRAINTREE, format!("bt_payload={payload}%0A")).content_type(FORM)
    };
    holds(&BRAINTREE, form(1, "s1"), form(1, "s1"), form(2, "s1"));
    holds(&BRAINTREE, form(1, "s1"), form(1, "s1"), form(1, "s2"));
    let event = events(&BRAINTREE, &form(7, "s1").build()).remove(0);
    assert_eq!(event.kind.as_deref(), Some("check"));
    assert_eq!(event.occurred_at.map(|at| at.second()), Some(7));
}

/// The events have ids of their own; the request's is another when they are put together anew.
#[test]
fn gocardless() {
    let body = r#"{"events":[{"id":"EV1","resource_type":"payments","action":"failed"}],"meta":{"webhook_id":"WB1"}}"#;
    let (retry, next) = (body.replace("WB1", "WB2"), body.replace("EV1", "EV2"));
    holds(&GOCARDLESS, draft(&GOCARDLESS, body), draft(&GOCARDLESS, retry), draft(&GOCARDLESS, next));
}

/// The delivery's id and the count of tries stand around the event.
#[test]
fn coinbase_commerce() {
    let body = r#"{"id":"d1","attempt_number":1,"event":{"id":"e1","type":"charge:created","data":{"code":"C"}}}"#;
    let retry = draft(&COINBASE_COMMERCE, body.replace("d1", "d2")).attempt(2);
    let next = draft(&COINBASE_COMMERCE, body.replace("e1", "e2"));
    holds(&COINBASE_COMMERCE, draft(&COINBASE_COMMERCE, body), retry.clone(), next);
    assert_eq!(events(&COINBASE_COMMERCE, &retry.build())[0].attempt, 2);
}

/// Numbers and entropy are the batch's. An intent to receive brings nothing.
#[test]
fn xero() {
    let body = r#"{"events":[{"resourceId":"r1","eventDateUtc":"2026-01-01T00:00:00.913","eventType":"UPDATE","eventCategory":"INVOICE","tenantId":"t1"}],"firstEventSequence":1,"lastEventSequence":1,"entropy":"A"}"#;
    let retry = body.replace("Sequence\":1", "Sequence\":2").replace(r#""A""#, r#""B""#);
    let nexts = [("r1", "r2"), (".913", ".914"), ("UPDATE", "CREATE"), ("INVOICE", "CONTACT"), ("t1", "t2")];
    for (old, new) in nexts {
        let next = draft(&XERO, body.replace(old, new));
        holds(&XERO, draft(&XERO, body), draft(&XERO, retry.clone()), next);
    }
    let event = events(&XERO, &draft(&XERO, body).build()).remove(0);
    assert_eq!(event.occurred_at.map(|at| at.millisecond()), Some(913));
    assert!(events(&XERO, &draft(&XERO, r#"{"events":[],"entropy":"A"}"#).build()).is_empty());
}

/// Tries are counted in the body, outside the payload.
#[test]
fn docusign() {
    let body = r#"{"event":"recipient-completed","retryCount":0,"generatedDateTime":"2026-01-01T00:00:00.1Z","data":{"envelopeId":"e1","recipientId":"1"}}"#;
    let retry = draft(&DOCUSIGN, body.replace("retryCount\":0", "retryCount\":3"));
    let nexts = [("00.1Z", "00.2Z"), ("completed", "declined"), ("e1", "e2"), (r#""1""#, r#""2""#)];
    for (old, new) in nexts {
        holds(&DOCUSIGN, draft(&DOCUSIGN, body), retry.clone(), draft(&DOCUSIGN, body.replace(old, new)));
    }
    assert_eq!(events(&DOCUSIGN, &retry.build())[0].attempt, 4);
}

/// The delivery's id is another on every try, the event's is not.
#[test]
fn box_v2() {
    let body = r#"{"type":"webhook_event","id":"b1","trigger":"FILE.UPLOADED","source":{"id":"f1"}}"#;
    let first = draft(&BOX, body).at(earlier()).header("box-delivery-id", "d1");
    let retry = draft(&BOX, body).header("box-delivery-id", "d2");
    holds(&BOX, first, retry, draft(&BOX, body.replace("b1", "b2")));
}

/// Two events of one type in one second have one hash. What tells them apart is not signed, so the payload counts too.
#[test]
fn dropbox_sign() {
    let body = r#"{"event":{"event_type":"signature_request_sent","event_time":"1760274382"},"signature_request":{"signature_request_id":"s1","title":"NDA"}}"#;
    let nexts = [("s1", "s2"), ("NDA", "Lease"), ("82", "83"), ("_sent", "_viewed")];
    for (old, new) in nexts {
        let [first, retry, next] = [body.to_owned(), body.to_owned(), body.replace(old, new)]
            .map(|body| draft(&DROPBOX_SIGN, body).content_type(FORM));
        holds(&DROPBOX_SIGN, first, retry, next);
    }
    let request = draft(&DROPBOX_SIGN, body).build();
    assert!(!events(&DROPBOX_SIGN, &request)[0].covers(Field::Identity));
    let as_form = draft(&DROPBOX_SIGN, body).content_type(FORM).build();
    assert_eq!(id(&DROPBOX_SIGN, &request), id(&DROPBOX_SIGN, &as_form));
}

/// Which accounts have changed, and nothing that tells one time from another.
#[test]
fn dropbox_has_none() {
    let request = draft(&DROPBOX, r#"{"list_folder":{"accounts":["dbid:1"]}}"#).build();
    assert_eq!(events(&DROPBOX, &request)[0].id(), None);
}

/// What happened to which object, and what it then was: a reference alone comes again with the next event.
#[test]
fn paystack() {
    let body = r#"{"event":"transfer.failed","data":{"id":7,"reference":"r7","status":"failed","retries":1}}"#;
    let nexts = [("failed\"", "reversed\""), ("\"id\":7", "\"id\":8"), ("retries\":1", "retries\":2")];
    for (old, new) in nexts {
        let next = draft(&PAYSTACK, body.replacen(old, new, 1));
        holds(&PAYSTACK, draft(&PAYSTACK, body), draft(&PAYSTACK, body), next);
    }
    let unknown = draft(&PAYSTACK, r#"{"event":"customeridentification.success","data":{"email":"a@example.com"}}"#);
    assert_eq!(events(&PAYSTACK, &unknown.build())[0].id(), None);
}

/// The event's id stands in the body.
#[test]
fn checkout_and_chargebee() {
    let body = r#"{"id":"ev_1","type":"payment_captured","event_type":"invoice_updated","data":{"id":"pay_1"},"webhooks":[{"webhook_status":"scheduled"}]}"#;
    let retry = body.replace("scheduled", "re_scheduled");
    for provider in [&CHECKOUT, &CHARGEBEE] {
        let next = draft(provider, body.replace("ev_1", "ev_2"));
        holds(provider, draft(provider, body), draft(provider, retry.clone()), next);
    }
}

/// An object without an event around it has an id too, and it is not the event's.
#[test]
fn mollie() {
    let body = r#"{"resource":"event","id":"event_1","type":"payment-link.paid","entityId":"pl_1"}"#;
    holds(&MOLLIE, draft(&MOLLIE, body), draft(&MOLLIE, body), draft(&MOLLIE, body.replace("event_1", "event_2")));
    let object = draft(&MOLLIE, r#"{"resource":"payment-link","id":"pl_1"}"#).build();
    assert_eq!(events(&MOLLIE, &object)[0].id(), None);
}

/// The webhook's id, and whatever else there is in case it is not the event's.
#[test]
fn flutterwave() {
    let body =
        r#"{"webhook_id":"wbk_1","timestamp":1,"type":"transfer.disburse","data":{"id":"trf_1","status":"NEW"}}"#;
    let retry = draft(&FLUTTERWAVE, body.replace("timestamp\":1", "timestamp\":2"));
    for (old, new) in [("wbk_1", "wbk_2"), ("disburse", "retry"), ("NEW", "FAILED"), ("trf_1", "trf_2")] {
        let next = draft(&FLUTTERWAVE, body.replace(old, new));
        holds(&FLUTTERWAVE, draft(&FLUTTERWAVE, body), retry.clone(), next);
    }
}
