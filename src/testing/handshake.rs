//! What a provider asks before it sends events.

use bytes::Bytes;
use http::{Method, Request};

use super::{
    provider::{ORIGIN, TOPIC, VERIFY_TOKEN},
    signed::{FORM, signed},
};
use crate::{
    Error, ErrorKind, Provider, Secret,
    provider::{At, Echo, Proof, Scheme, Verb, When},
    verify::{Signer, put},
};

/// What `provider` asks before it sends events, one request for each [handshake](crate::provider::Handshake) of its
/// data: proved as the provider proves it, with `challenge` (or its [sample](crate::provider::Handshake::sample)) wherever it wants an answer, and where it has one `verify-token` as the
/// verify token, `sender.example` as the origin and `https://example.com/topic` as the topic.
///
/// # Panics
/// For a secret that the provider cannot use, and for a handshake whose data contradicts itself.
#[expect(clippy::panic, reason = "a helper for tests")]
pub fn handshakes(provider: &Provider, secret: impl Into<Secret>) -> Vec<Request<Bytes>> {
    let secret = secret.into();
    let request = |handshake: &crate::provider::Handshake| {
        let (mut places, method) = (Vec::new(), method(handshake.method));
        match handshake.when {
            When::Always => {}
            When::Has(at) => {
                places.push((at, if matches!(handshake.proof, Proof::Origin(_)) { ORIGIN } else { handshake.sample }))
            }
            When::Is(at, text) => places.push((at, text)),
        }
        match handshake.echo {
            Echo::Empty | Echo::Grant => {}
            Echo::Text(at) | Echo::Json(_, at) | Echo::Header(_, at) => places.push((at, handshake.sample)),
            Echo::MadeJson(_) | Echo::MadeText(_) => {
                places.extend(handshake.reads.iter().map(|at| (*at, handshake.sample)))
            }
        }
        places.extend(handshake.also);
        if let Proof::VerifyToken(at) = handshake.proof {
            places.push((at, VERIFY_TOKEN));
        }
        if let Proof::Topic { at, known } = handshake.proof {
            places.push((at, if known { TOPIC } else { "https://example.com/another" }));
        }
        let mut base = signed(provider, secret.clone(), "");
        if places.iter().any(|(at, _)| matches!(at, At::Form(_))) {
            base = base.content_type(FORM);
        }
        let scheme = base.choose();
        let mut draft = base.draft(&scheme, method);
        for (at, text) in places {
            if let Err(error) = put(&mut draft.request, at, text.as_bytes()) {
                panic!("a handshake of `{}` has no such place: {error:?}", provider.name);
            }
        }
        let signer = match (handshake.proof, &scheme) {
            (Proof::None | Proof::VerifyToken(_) | Proof::Origin(_) | Proof::Topic { .. }, _) => return draft.request,
            (Proof::Key(key), Scheme::Hmac(hmac)) => {
                Signer::with_key(hmac, key.as_bytes()).ok_or(Error::new(ErrorKind::Config, "a handshake's key"))
            }
            _ => Signer::new(&scheme, &secret, &[]),
        };
        base.sign(draft, signer)
    };
    provider.handshakes.iter().map(request).collect()
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Head => Method::HEAD,
        Verb::Options => Method::OPTIONS,
        Verb::Post => Method::POST,
    }
}
