//! What a signature vouches for stays as it was signed: whichever bit of a genuine request is another, of whichever
//! provider, it is refused, or says the same wherever `covers` says that it must.

use http::HeaderName;
use inhook::{Field, provider::ALL};

use super::*;
use crate::advisories::{SECRET, draft, verifier};

/// What is signed by its fields may be written otherwise.
fn said(event: &Event, by_fields: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let raw = event.raw().as_bytes();
    if !by_fields {
        return vec![(raw.to_vec(), Vec::new())];
    }
    let fields = form_urlencoded::parse(raw).map(|(name, value)| (name.into_owned().into(), value.into_owned().into()));
    fields.collect()
}

/// Whether all of `one` that it vouches for is the same of `other`.
fn agree(one: &Event, other: &Event) -> bool {
    let by_fields = one.covers(Field::Payload) && !one.covers(Field::Body);
    let fields = [
        (Field::Identity, one.id() == other.id()),
        (Field::Kind, one.kind == other.kind),
        (Field::Label, one.label == other.label),
        (Field::Time, one.occurred_at == other.occurred_at),
        (Field::Payload, said(one, by_fields) == said(other, by_fields)),
    ];
    fields.into_iter().all(|(field, same)| same || !one.covers(field))
}

/// The request with one bit of each byte changed, one after the other: of its body, of each header and of its address.
fn changed(request: &Request<Bytes>) -> impl Iterator<Item = (String, Request<Bytes>)> {
    let bit = |bytes: &[u8], at: usize| flipped(bytes, 8 * at + (5 * at + 2) % 8);
    let body =
        (0..request.body().len()).map(move |at| ("body".to_owned(), request.clone().map(|body| bit(&body, at).into())));
    let headers = request.headers().iter().flat_map(move |(name, value)| {
        (0..value.len()).filter_map(move |at| {
            let mut request = request.clone();
            request.headers_mut().insert(name, HeaderValue::from_bytes(&bit(value.as_bytes(), at)).ok()?);
            Some((name.to_string(), request))
        })
    });
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let address = (1..target.len()).filter_map(move |at| {
        let target = String::from_utf8(bit(target.as_bytes(), at)).ok()?;
        let mut request = request.clone();
        *request.uri_mut() = format!("https://example.com{target}").parse().ok()?;
        Some(("address".to_owned(), request))
    });
    body.chain(headers).chain(address)
}

#[test]
fn whatever_is_vouched_for_is_as_it_was_signed() {
    let (mut refused, mut taken) = (0, 0);
    for provider in ALL {
        let verifier = verifier(provider, SECRET);
        let request = draft(provider).url("https://example.com/hooks/in?a=1&b=%2f").build();
        let verified = verifier.authenticate(&request).unwrap();
        let (body, url) = (verified.covers(Field::Body), verified.covers(Field::Url));
        let names: Vec<&'static HeaderName> =
            request.headers().keys().map(|name| &*Box::leak(Box::new(name.clone()))).collect();
        let headers: Vec<_> = names.into_iter().filter(|name| verified.covers(Field::Header(name.as_str()))).collect();
        let right = verified.delivery().unwrap().into_events();
        for (what, other) in changed(&request) {
            let Ok(delivery) = verifier.verify(&other) else {
                refused += 1;
                continue;
            };
            taken += 1;
            let signed = match &*what {
                "body" => body,
                "address" => url,
                name => headers.iter().any(|header| header.as_str() == name),
            };
            assert!(!signed, "{provider:?}: {what}: {other:?}");
            let found = delivery.into_events();
            let first = right.first().zip(found.first());
            assert!(first.is_none_or(|(right, found)| agree(right, found)), "{provider:?}: {what}: {other:?}");
            let counted = right.iter().all(|event| event.covers(Field::Payload));
            assert!(!counted || right.len() == found.len(), "{provider:?}: {what}: {other:?}");
        }
    }
    // Both ends are met: much is vouched for, and what is not is free to be another.
    assert!(refused > 10_000 && taken > 5_000, "{refused} {taken}");
}
