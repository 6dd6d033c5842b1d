//! Any two lists of parts: their identities are the same if and only if the parts are.
#![no_main]

use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderValue, Request};
use inhook::{
    Provider, Verifier,
    provider::{At, Scheme, StaticToken},
};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const TOKEN: Scheme = Scheme::Token(StaticToken::bare(At::Header("x-token")));
const SHAPES: [&[At]; 4] = [
    &[At::Json("/0")],
    &[At::Json("/0"), At::Json("/1")],
    &[At::Json("/0"), At::Optional(&At::Json("/1")), At::Optional(&At::Json("/2"))],
    &[At::Json("/0"), At::Optional(&At::Json("/1")), At::PayloadDigest],
];

fn verifiers() -> &'static [Verifier; 4] {
    static ALL: OnceLock<[Verifier; 4]> = OnceLock::new();
    ALL.get_or_init(|| {
        SHAPES.map(|shape| {
            let provider = Provider::new("acme", TOKEN).identity(shape).payload(At::Json("/3"));
            Verifier::new(&provider, "secret").unwrap()
        })
    })
}

fuzz_target!(|data: &[u8]| {
    // 0xFF is in no text.
    let texts: Vec<_> = data.split(|b| *b == 0xff).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    let (one, other) = texts.split_at(texts.len() / 2);
    let part = |list: &[String], at: usize| list.get(at).cloned().unwrap_or_default();
    for (shape, verifier) in verifiers().iter().enumerate() {
        let [(a, left), (b, right)] = [one, other].map(|list| {
            let parts = [0, 1, 2, 3].map(|at| part(list, at));
            let ids = [(); 2].map(|()| id(verifier, &parts));
            assert_eq!(ids[0], ids[1]);
            let [id, _] = ids;
            (parts, id)
        });
        let counted: &[usize] = [&[0][..], &[0, 1], &[0, 1, 2], &[0, 1, 3]][shape];
        let needed = if shape == 1 { 2 } else { 1 };
        assert_eq!(left.is_some(), a[..needed].iter().all(|part| !part.is_empty()));
        let (Some(left), Some(right)) = (left, right) else { continue };
        assert_eq!(left == right, counted.iter().all(|at| a[*at] == b[*at]), "{a:?} {b:?}: {left} {right}");
    }
});

fn id(verifier: &Verifier, parts: &[String; 4]) -> Option<String> {
    let [a, b, c, payload] = parts;
    let body = json!({"0": a, "1": b, "2": c, "3": payload}).to_string();
    let mut request = Request::new(Bytes::from(body));
    request.headers_mut().insert("x-token", HeaderValue::from_static("secret"));
    let event = verifier.verify(&request).unwrap().into_events().remove(0);
    event.id().map(|id| id.into_owned())
}
