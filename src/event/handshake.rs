//! Requests that are no events, and what they are answered.

use std::borrow::Cow;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE},
};

use super::{
    Confirmation, Reply,
    read::{ENVELOPE, Scene},
};
use crate::{
    Error,
    provider::{Challenge, Echo, Handshake, Proof, Verb, WEB_HOOK_ORIGIN, When},
    verify::Verified,
};

/// The answer, if it is one, and what its receiver has to visit.
pub(super) fn handshake(
    verified: &Verified<'_>,
    method: Option<&Method>,
    scene: &Scene<'_>,
) -> Result<Option<(Reply, Option<Confirmation>)>, Error> {
    let verb = match *method.unwrap_or(&Method::POST) {
        Method::GET => Verb::Get,
        Method::HEAD => Verb::Head,
        Method::OPTIONS => Verb::Options,
        _ => Verb::Post,
    };
    let says = |at, text| scene.text(at).as_deref() == Some(text);
    let asked = |h: &&Handshake| {
        h.method == verb
            // What nobody needs to sign may be signed.
            && (h.proof == Proof::Scheme || (h.proof == Proof::None && h.when.is_in_body()))
            && match h.when {
                When::Always => true,
                When::Has(at) => scene.text(at).is_some(),
                When::Is(at, text) => says(at, text),
            }
            && h.also.is_none_or(|(at, text)| says(at, text))
            && !scene.has(h.unless)
    };
    let provider = verified.verifier.data();
    let Some(handshake) = verified.handshake().or_else(|| provider.handshakes.iter().find(asked)) else {
        return Ok(None);
    };
    let confirmation = match handshake.confirm {
        None => None,
        Some((at, pinned)) => {
            let url = scene.text(at).ok_or(ENVELOPE("there is nothing to confirm"))?.into_owned();
            if !pinned.has(&url) {
                return Err(ENVELOPE("the address to visit is not one of the provider's"));
            }
            Some(Confirmation { url })
        }
    };
    let status = StatusCode::from_u16(handshake.status).unwrap_or_default();
    const UNSAID: fn() -> Error = || ENVELOPE("the handshake does not say what to answer");
    let text = |at| scene.text(at).map(Cow::into_owned);
    let challenge = Challenge {
        text: &text,
        tag: &|parts, encoding| verified.tag(parts, encoding),
        public_key: verified.public_key(),
    };
    let (kind, body) = match handshake.echo {
        Echo::Empty => {
            let mut reply = Response::new(Bytes::new());
            *reply.status_mut() = status;
            if status != StatusCode::OK {
                reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
            }
            return Ok(Some((reply, confirmation)));
        }
        Echo::Header(name, at) => {
            let value = HeaderValue::from_str(&text(at).ok_or_else(UNSAID)?).map_err(|_| UNSAID())?;
            let mut reply = Response::new(Bytes::new());
            reply.headers_mut().insert(name, value);
            return Ok(Some((reply, confirmation)));
        }
        Echo::Grant => return Ok(Some((grant(verified), confirmation))),
        Echo::Text(at) => (TEXT, text(at).ok_or_else(UNSAID)?),
        Echo::Json(field, at) => {
            let text = text(at).ok_or_else(UNSAID)?;
            (JSON, serde_json::json!({ field: text }).to_string())
        }
        Echo::MadeText(answer) => (TEXT, answer(&challenge).ok_or_else(UNSAID)?),
        Echo::MadeJson(answer) => (JSON, answer(&challenge).ok_or_else(UNSAID)?),
    };
    let mut reply = Response::new(Bytes::from(body));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // What is echoed is whatever the sender said: no browser shall take it for a page.
    reply.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    Ok(Some((reply, confirmation)))
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// Leave to send, for whoever asked: in the very answer, so that nobody's address need be visited.
fn grant(verified: &Verified<'_>) -> Reply {
    const ASKED_RATE: &str = "webhook-request-rate";
    let asked = verified.request.headers;
    let mut reply = Response::new(Bytes::new());
    let headers = reply.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static("POST"));
    if let Some(origin) = asked.get(WEB_HOOK_ORIGIN) {
        headers.insert("webhook-allowed-origin", origin.clone());
    }
    let rate = verified.verifier.rate().map(|rate| HeaderValue::from(rate.get()));
    let rate = rate.or_else(|| asked.contains_key(ASKED_RATE).then(|| HeaderValue::from_static("*")));
    if let Some(rate) = rate {
        headers.insert("webhook-allowed-rate", rate);
    }
    reply
}
