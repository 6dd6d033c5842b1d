//! Any body, signed, of every provider and content type: it is read or refused as an envelope, and read twice it is the
//! same.
#![no_main]

use std::collections::BTreeMap;

use inhook::{Delivery, ErrorKind, Events, Form, Json, dangerous::event_from_record, testing::handshakes};
use inhook_fuzz::{FORM, NOW, build, one};
use libfuzzer_sys::fuzz_target;

const TYPES: [&str; 5] = ["", "application/json", FORM, "multipart/form-data; boundary=xx", "text/plain;;=\""];

/// What a genuine request can be refused for, because of what its body says.
const SAID_WITHIN: [ErrorKind; 6] = [
    ErrorKind::MalformedBody,
    ErrorKind::MissingHeader,
    ErrorKind::MalformedHeader,
    ErrorKind::KeyUnavailable,
    ErrorKind::KeyUntrusted,
    ErrorKind::Unexpected,
];

inhook::events! {
    enum Kinds {
        "a" => A(Json<serde_json::Value>),
        "a.*" => Family(Form<BTreeMap<String, String>>),
    }
}

fuzz_target!(|data: &[u8]| {
    let [which, kind, body @ ..] = data else { return };
    let known = one(*which);
    let mut draft = known.draft(body.to_vec());
    if let Some(said) = TYPES[usize::from(*kind) % TYPES.len()..].first().filter(|said| !said.is_empty()) {
        draft = draft.content_type(said);
    }
    // The id is drawn once a draft: both are of one.
    let Some(request) = build(draft) else { return };
    let verified = match known.verifier.authenticate_at(&request, NOW) {
        Ok(verified) => verified,
        Err(refused) => {
            // A body may say where its key is, or whom it is meant for: none that is known here.
            assert!(SAID_WITHIN.contains(&refused.kind()), "{refused:?}");
            return;
        }
    };
    let Ok(first) = verified.delivery().map_err(|e| assert_eq!(e.kind(), ErrorKind::Envelope, "{e:?}")) else { return };
    let second = known.verifier.authenticate_at(&request, NOW).unwrap().delivery().unwrap();
    assert_eq!(told(&first), told(&second));
    assert!(first.reply().is_none() || first.events().is_empty());
    for event in first.into_events() {
        let kept = event_from_record(&event.to_record()).expect("a record is read");
        assert_eq!(kept.to_record(), event.to_record());
        assert_eq!((kept.id(), kept.raw()), (event.id(), event.raw()));
        drop(event.clone().decode::<Json<serde_json::Value>>());
        drop(event.clone().decode::<Form<Vec<(String, String)>>>());
        assert_eq!(Kinds::KINDS, ["a", "a.*"]);
        match event.decode::<Kinds>().map(|event| event.payload) {
            Ok(Kinds::A(Json(value))) => drop(value),
            Ok(Kinds::Family(Form(fields))) => drop(fields),
            Ok(Kinds::Other(raw)) => assert_eq!(raw, *kept.raw()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Payload),
        }
    }
    if body.is_empty() {
        handshakes(known.provider, known.secret).iter().for_each(|request| drop(known.verifier.verify(request)));
    }
});

fn told(delivery: &Delivery) -> Vec<String> {
    let told = |e: &inhook::Event| format!("{:?} {:?} {e:?} {:?}", e.id(), e.key("c"), e.raw().as_bytes());
    delivery.events().iter().map(told).collect()
}
