//! More of payments, shops, mails and checks of identities.

use inhook::provider::{
    AZURE_DEVOPS, BIGCOMMERCE, BREVO, CLOUDINARY, CLOUDINARY_SHA1, DOCKER_HUB, GUMROAD, MERCADO_PAGO, POSTMARK,
    QUICKBOOKS, QUICKBOOKS_LEGACY, QUICKNODE, RECURLY, REVENUECAT, REVENUECAT_SIGNED, SUMSUB, VERIFF,
};

use super::*;

pub(super) const COVERED: &[&str] = &[
    "azure_devops",
    "bigcommerce",
    "brevo",
    "cloudinary",
    "cloudinary_sha1",
    "docker_hub",
    "gumroad",
    "mercado_pago",
    "postmark",
    "quickbooks",
    "quickbooks_legacy",
    "quicknode",
    "recurly",
    "revenuecat",
    "revenuecat_signed",
    "sumsub",
    "veriff",
];

/// Every try is signed anew; the id is the object's.
#[test]
fn recurly() {
    let body = r#"{"id":"a1","object_type":"account","site_id":"s1","event_type":"updated","event_time":"2026-11-21T06:41:00Z"}"#;
    for (old, new) in [("a1", "a2"), ("updated", "closed"), (":00Z", ":01Z"), ("account", "invoice"), ("s1", "s2")] {
        let next = draft(&RECURLY, body.replace(old, new));
        holds(&RECURLY, draft(&RECURLY, body).at(earlier()), draft(&RECURLY, body), next);
    }
    let event = &events(&RECURLY, &draft(&RECURLY, body).build())[0];
    assert_eq!((event.kind.as_deref(), event.label.as_deref()), (Some("account.updated"), Some("a1")));
    assert!(event.covers(Field::Identity) && event.covers(Field::Kind) && event.covers(Field::Payload));
}

/// Nothing tells a retry from the next notification of the same asset.
#[test]
fn cloudinary_says_no_id() {
    for provider in [&CLOUDINARY, &CLOUDINARY_SHA1] {
        let body = r#"{"notification_type":"upload","public_id":"p1","timestamp":"2026-11-21T06:41:00+00:00"}"#;
        let event = &events(provider, &draft(provider, body).build())[0];
        assert_eq!((event.id(), event.kind.as_deref(), event.label.as_deref()), (None, Some("upload"), Some("p1")));
        assert!(event.covers(Field::Kind) && event.covers(Field::Payload));
    }
}

/// A notification's id is not signed: the object's is, and the signature is good for one event.
#[test]
fn mercado_pago() {
    let send = |body: &str, id: &str| {
        draft(&MERCADO_PAGO, body.to_owned()).url(format!("https://example.com/hooks?data.id={id}&type=payment"))
    };
    let body = r#"{"id":1,"type":"payment","action":"payment.updated","data":{"id":"7"}}"#;
    let first = send(body, "7");
    for next in [send(&body.replace(":1,", ":2,"), "7"), send(body, "8")] {
        holds(&MERCADO_PAGO, first.clone().at(earlier()), first.clone(), next);
    }
    let event = &events(&MERCADO_PAGO, &first.build())[0];
    assert_eq!((event.kind.as_deref(), event.label.as_deref()), (Some("payment.updated"), Some("7")));
    for field in [Field::Body, Field::Identity, Field::Kind, Field::Payload, Field::Time, Field::Url] {
        assert!(!event.covers(field), "{field:?}");
    }
    assert!(event.covers(Field::Label) && event.covers(Field::Header("x-request-id")));
}

/// Whoever saw one notification can put any body under its signature: a second event is refused, and the same is not.
#[test]
fn a_signature_of_mercado_pago_s_is_good_for_one_event() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let receiver = Receiver::builder(verifier_for(&MERCADO_PAGO, SECRET), MemoryStore::new())
        .handle(Handlers::new().otherwise(async |_: Event| Ok(())))
        .unwrap();
    let status = |request: &Request<Bytes>| runtime.block_on(receiver.receive(request.clone())).status().as_u16();
    let body = r#"{"id":1,"action":"payment.updated"}"#;
    let first = draft(&MERCADO_PAGO, body).url("https://example.com/hooks?data.id=7").build();
    assert_eq!((status(&first), status(&first)), (200, 200));
    for other in [body.replace(":1,", ":2,"), body.replace("updated", "created")] {
        let forged = first.clone().map(|_| Bytes::from(other));
        assert_eq!(status(&forged), 401, "{forged:?}");
        // Something beside the signature makes it no other one.
        let mut forged = forged;
        let text = format!("{},v2=x", forged.headers()["x-signature"].to_str().unwrap());
        forged.headers_mut().insert("x-signature", HeaderValue::from_str(&text).unwrap());
        assert_eq!(status(&forged), 401, "{forged:?}");
    }
}

/// Each change has an id of its own.
#[test]
fn quickbooks() {
    let event = |id: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"intuit.a","type":"qbo.invoice.updated.v1","intuitentityid":"95"}}"#
        )
    };
    let of = |events: &str| draft(&QUICKBOOKS, format!("[{events}]"));
    holds(&QUICKBOOKS, of(&event("1")), of(&event("1")), of(&event("2")));
    let elsewhere = event("1").replace("intuit.a", "intuit.b");
    holds(&QUICKBOOKS, of(&event("1")), of(&event("1")), of(&elsewhere));
    let both = ids(&QUICKBOOKS, &of(&format!("{},{}", event("2"), event("1"))).build());
    assert_eq!(both[1], id(&QUICKBOOKS, &of(&event("1")).build()));
}

/// Several companies in one request, each with changes that have no id.
#[test]
fn quickbooks_legacy() {
    let company = |realm: &str, id: &str, at: &str| {
        format!(
            r#"{{"realmId":"{realm}","dataChangeEvent":{{"entities":[{{"name":"Invoice","id":"{id}","operation":"Update","lastUpdated":"2026-11-21T06:41:{at}Z"}}]}}}}"#
        )
    };
    let of = |companies: &str| draft(&QUICKBOOKS_LEGACY, format!(r#"{{"eventNotifications":[{companies}]}}"#));
    let first = company("1", "95", "00");
    let more = first.replace("}]}}", r#"},{"name":"Customer","id":"7","operation":"Update"}]}}"#);
    for next in [company("2", "95", "00"), company("1", "96", "00"), company("1", "95", "01"), more] {
        holds(&QUICKBOOKS_LEGACY, of(&first), of(&first), of(&next));
        let both = ids(&QUICKBOOKS_LEGACY, &of(&format!("{next},{first}")).build());
        assert_eq!(both[1], id(&QUICKBOOKS_LEGACY, &of(&first).build()));
    }
    let request = draft(&QUICKBOOKS_LEGACY, "[]").build();
    assert!(verifier_for(&QUICKBOOKS_LEGACY, SECRET).authenticate(&request).is_ok());
    assert!(verifier_for(&QUICKBOOKS_LEGACY, SECRET).verify(&request).is_err());
}

/// Two changes of one order say the same, and so does their hash.
#[test]
fn bigcommerce() {
    let body = r#"{"store_id":"1","scope":"store/order/updated","data":{"type":"order","id":1},"hash":"3f9e"}"#;
    let first = draft(&BIGCOMMERCE, body).label("msg_1");
    holds(&BIGCOMMERCE, first.clone().at(earlier()), first, draft(&BIGCOMMERCE, body).label("msg_2"));
}

/// What a filter makes of a block has no id.
#[test]
fn quicknode_says_no_id() {
    let event = &events(&QUICKNODE, &draft(&QUICKNODE, r#"{"data":[{"number":"0x1"}]}"#).build())[0];
    assert_eq!((event.id(), event.kind.as_deref()), (None, None));
    assert!(event.covers(Field::Payload) && !event.covers(Field::Header("x-qn-nonce")));
}

/// A session has attempts, events and decisions, and can be decided again.
#[test]
fn veriff() {
    let body = r#"{"id":"s1","attemptId":"a1","feature":"selfid","code":7002,"action":"submitted"}"#;
    for (old, new) in [("s1", "s2"), ("a1", "a2"), ("submitted", "started"), ("7002", "7001")] {
        holds(&VERIFF, draft(&VERIFF, body), draft(&VERIFF, body), draft(&VERIFF, body.replace(old, new)));
    }
    let decision = r#"{"status":"success","verification":{"id":"s1","attemptId":"a1","code":9001,"status":"approved","decisionTime":"2026-11-21T06:41:00Z"}}"#;
    for (old, new) in [("s1", "s2"), ("approved", "declined"), (":00Z", ":01Z")] {
        holds(&VERIFF, draft(&VERIFF, decision), draft(&VERIFF, decision), draft(&VERIFF, decision.replace(old, new)));
    }
    let event = &events(&VERIFF, &draft(&VERIFF, decision).build())[0];
    assert_eq!((event.kind.as_deref(), event.label.as_deref()), (Some("approved"), Some("s1")));
    let stranger = draft(&VERIFF, r#"{"attemptId":"a1","checkType":"updated_result"}"#).build();
    assert_eq!(events(&VERIFF, &stranger)[0].id(), None);
}

/// Screenings, and what is decided by nobody, name their session otherwise.
#[test]
fn veriff_beside_decisions() {
    let screening =
        r#"{"checkType":"updated_result","attemptId":"a1","sessionId":"s1","matchStatus":"possible_match"}"#;
    let automatic = r#"{"status":"success","eventType":"fullauto","sessionId":"s1","attemptId":"a1","data":{"verification":{"decision":{"value":"approved"}}}}"#;
    for (body, kind) in [(screening, "updated_result"), (automatic, "fullauto")] {
        for (old, new) in [("s1", "s2"), ("a1", "a2"), ("possible_", "no_"), ("approved", "declined")] {
            if body.contains(old) {
                holds(&VERIFF, draft(&VERIFF, body), draft(&VERIFF, body), draft(&VERIFF, body.replace(old, new)));
            }
        }
        let event = &events(&VERIFF, &draft(&VERIFF, body).build())[0];
        assert_eq!((event.kind.as_deref(), event.label.as_deref()), (Some(kind), Some("s1")));
    }
}

/// A webhook that is sent again is the same.
#[test]
fn sumsub() {
    let body = r#"{"applicantId":"a1","type":"applicantReviewed","reviewStatus":"completed","createdAtMs":"2026-11-21 06:41:00.321"}"#;
    for (old, new) in [("a1", "a2"), ("Reviewed", "Pending"), (".321", ".322")] {
        holds(&SUMSUB, draft(&SUMSUB, body), draft(&SUMSUB, body), draft(&SUMSUB, body.replace(old, new)));
    }
    assert!(events(&SUMSUB, &draft(&SUMSUB, body).build())[0].covers(Field::Identity));
}

/// Signed anew on every try where it signs at all.
#[test]
fn revenuecat() {
    let body = r#"{"api_version":"1.0","event":{"id":"e1","type":"RENEWAL","app_user_id":"u1","event_timestamp_ms":1763707260000}}"#;
    for (provider, signs) in [(&REVENUECAT, false), (&REVENUECAT_SIGNED, true)] {
        let next = draft(provider, body.replace("e1", "e2"));
        holds(provider, draft(provider, body).at(earlier()), draft(provider, body), next);
        let event = &events(provider, &draft(provider, body).build())[0];
        assert_eq!((event.kind.as_deref(), event.version.as_deref()), (Some("RENEWAL"), Some("1.0")));
        assert_eq!((event.covers(Field::Identity), event.covers(Field::Payload)), (signs, signs), "{provider:?}");
    }
}

/// One message, and all that happens to it.
#[test]
fn postmark() {
    let body =
        r#"{"RecordType":"Open","MessageID":"m1","ReceivedAt":"2026-11-21T06:41:00Z","Recipient":"a@example.com"}"#;
    for (old, new) in [("m1", "m2"), ("Open", "Click"), (":00Z", ":01Z"), ("a@", "b@")] {
        holds(&POSTMARK, draft(&POSTMARK, body), draft(&POSTMARK, body), draft(&POSTMARK, body.replace(old, new)));
    }
    let inbound = r#"{"MessageID":"m1","Subject":"s"}"#;
    let next = draft(&POSTMARK, inbound.replace("m1", "m2"));
    holds(&POSTMARK, draft(&POSTMARK, inbound), draft(&POSTMARK, inbound), next);
}

/// The id is the webhook's; a batch brings the same events.
#[test]
fn brevo() {
    let body = r#"{"event":"opened","id":26224,"message-id":"<m1@example.com>","ts_event":1763707260,"email":"a@example.com"}"#;
    for (old, new) in [("m1", "m2"), ("opened", "click"), ("7260", "7261"), ("a@", "b@")] {
        let next = body.replace(old, new);
        holds(&BREVO, draft(&BREVO, body), draft(&BREVO, body), draft(&BREVO, next.clone()));
        let both = ids(&BREVO, &draft(&BREVO, format!("[{body},{next}]")).build());
        assert_eq!(both, [id(&BREVO, &draft(&BREVO, body).build()), id(&BREVO, &draft(&BREVO, next).build())]);
    }
    let marketing = draft(&BREVO, r#"{"event":"opened","id":26224,"camp_id":1,"ts_event":1763707260}"#).build();
    assert_eq!(events(&BREVO, &marketing)[0].id(), None);
}

#[test]
fn azure_devops() {
    let body =
        r#"{"id":"e1","subscriptionId":"s1","notificationId":1,"eventType":"git.push","resource":{"pushId":14}}"#;
    let other = body.replace("s1", "s2").replace(r#"Id":1,"#, r#"Id":2,"#);
    holds(&AZURE_DEVOPS, draft(&AZURE_DEVOPS, body), draft(&AZURE_DEVOPS, other), {
        draft(&AZURE_DEVOPS, body.replace("e1", "e2"))
    });
    let event = &events(&AZURE_DEVOPS, &draft(&AZURE_DEVOPS, body).build())[0];
    assert_eq!((event.kind.as_deref(), event.raw().as_bytes()), (Some("git.push"), &br#"{"pushId":14}"#[..]));
}

/// A retry says so in its form, so that its bytes differ. What can happen to one sale twice has no identity.
#[test]
fn gumroad() {
    let body = "seller_id=s&sale_id=1&price=500&resource_name=sale";
    let retry = draft(&GUMROAD, format!("{body}&retry_count=2"));
    assert_eq!(events(&GUMROAD, &retry.clone().build())[0].attempt, 3);
    let next = draft(&GUMROAD, body.replace("sale_id=1", "sale_id=2"));
    holds(&GUMROAD, draft(&GUMROAD, body), retry, next.clone());
    holds(&GUMROAD, draft(&GUMROAD, body), draft(&GUMROAD, "sale_id=1&price=500"), next);
    // A ping that is tried from the settings brings the last sale again, whose own retry may still be to come.
    holds(&GUMROAD, draft(&GUMROAD, body), draft(&GUMROAD, body), draft(&GUMROAD, format!("{body}&test=true")));
    let refund = &events(&GUMROAD, &draft(&GUMROAD, "sale_id=1").kind("refund").build())[0];
    assert_eq!((refund.id(), refund.kind.as_deref(), refund.label.as_deref()), (None, Some("refund"), Some("1")));
}

/// A push has no id.
#[test]
fn docker_hub_says_no_id() {
    let body = r#"{"push_data":{"pushed_at":1763707260,"tag":"latest"},"repository":{"repo_name":"acme/app"}}"#;
    let event = &events(&DOCKER_HUB, &draft(&DOCKER_HUB, body).build())[0];
    assert_eq!((event.id(), event.label.as_deref(), event.occurred_at.is_some()), (None, Some("acme/app"), true));
}
