//! More of payments, shops, mails and checks of identities.

use inhook::provider::{CLOUDINARY, CLOUDINARY_SHA1, RECURLY};

use super::*;

pub(super) const COVERED: &[&str] = &["cloudinary", "cloudinary_sha1", "recurly"];

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
