//! Any headers, in a request of nobody's and over those of a genuine one, for every provider: no panic, nothing passes
//! that was not signed, and what a signature is said to vouch for cannot be changed.
#![no_main]

use std::sync::OnceLock;

use bytes::Bytes;
use http::Request;
use inhook::{Delivery, Event, Field, Verified, Verifier};
use inhook_fuzz::{Known, NOW, Text, known, verifier};
use libfuzzer_sys::fuzz_target;

struct Genuine {
    known: &'static Known,
    /// With another secret before the right one.
    rotated: Verifier,
    request: Request<Bytes>,
    names: Vec<&'static str>,
}

fn genuine() -> &'static [Genuine] {
    static GENUINE: OnceLock<Vec<Genuine>> = OnceLock::new();
    GENUINE.get_or_init(|| {
        let of = |known: &'static Known| {
            let request = known.genuine()?;
            let twice = verifier(known.provider, &[known.secret, known.secret]);
            let rotated = twice.unwrap_or_else(|| known.verifier.clone());
            let names = request.headers().keys().map(|name| &*name.to_string().leak()).collect();
            assert!(known.verifier.authenticate_at(&request, NOW).is_ok(), "{:?}", known.provider);
            Some(Genuine { known, rotated, request, names })
        };
        let all: Vec<_> = known().iter().filter_map(of).collect();
        assert!(all.len() + 3 > known().len(), "the bodies suit too few providers");
        all
    })
}

fuzz_target!(|data: &[u8]| {
    let nobodys = Text::of(data).request();
    for known in known() {
        if let Ok(verified) = known.verifier.authenticate_at(&nobodys, NOW) {
            assert_eq!(verified.which_secret(), None, "{:?}", known.provider);
            drop(verified.delivery());
        }
        drop(inhook::dangerous::unverified(&known.verifier, &nobodys));
    }
    for genuine in genuine() {
        let changed = changed(&genuine.request, Text::of(data));
        for verifier in [&genuine.known.verifier, &genuine.rotated] {
            if let Ok(verified) = verifier.authenticate_at(&changed, NOW)
                && verified.which_secret().is_some()
            {
                let original = verifier.authenticate_at(&genuine.request, NOW).expect("it is genuine");
                same(genuine, &changed, original, verified);
            }
        }
    }
});

/// The genuine request with these headers in place of its own, and another target and body if they are said.
fn changed(genuine: &Request<Bytes>, text: Text<'_>) -> Request<Bytes> {
    let mut request = genuine.clone();
    *request.method_mut() = text.method;
    if let Some(target) = text.target {
        *request.uri_mut() = target;
    }
    for (name, _) in &text.headers {
        request.headers_mut().remove(name);
    }
    for (name, value) in text.headers {
        request.headers_mut().append(name, value);
    }
    if !text.body.is_empty() {
        *request.body_mut() = Bytes::copy_from_slice(text.body);
    }
    request
}

fn same(genuine: &Genuine, changed: &Request<Bytes>, original: Verified<'_>, verified: Verified<'_>) {
    let provider = genuine.known.provider;
    let request = &genuine.request;
    if verified.covers(Field::Body) {
        assert_eq!(request.body(), changed.body(), "{provider:?}");
    }
    if verified.covers(Field::Url) {
        assert_eq!(request.uri().path_and_query(), changed.uri().path_and_query(), "{provider:?}");
    }
    for name in &genuine.names {
        if verified.covers(Field::Header(name)) {
            let value = |r: &Request<Bytes>| r.headers().get(*name).map(|v| v.as_bytes().trim_ascii().to_vec());
            assert_eq!(value(request), value(changed), "{provider:?} {name}");
        }
    }
    let vouched = [Field::Payload, Field::Identity, Field::Kind, Field::Label, Field::Time].map(|f| verified.covers(f));
    // Whatever else it may be, it is no other event.
    let (Ok(before), Ok(after)) = (original.delivery(), verified.delivery()) else { return };
    let [payload, identity, kind, label, time] = vouched;
    let keep = |delivery: Delivery| -> Vec<_> {
        let told = |e: Event| {
            let id = identity.then(|| e.id().map(|id| id.into_owned()));
            let (kind, label) = (kind.then_some(e.kind.clone()), label.then_some(e.label.clone()));
            (payload.then(|| e.raw().as_bytes().to_vec()), id, kind, label, time.then_some(e.occurred_at))
        };
        delivery.into_events().into_iter().map(told).collect()
    };
    let (before, after) = (keep(before), keep(after));
    if payload {
        assert_eq!(before, after, "{provider:?}");
    } else {
        assert!(before.iter().zip(&after).all(|(a, b)| a == b), "{provider:?}: {before:?} {after:?}");
    }
}
