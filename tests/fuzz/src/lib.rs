//! What the targets share: verifiers for every provider, and requests from bytes.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::{Once, OnceLock},
};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use inhook::{
    Provider, Verifier,
    provider::ALL,
    testing::{Signed, public_key, signed, verifier_for},
};
use serde_json::json;
use sha2::Sha256;
use time::{OffsetDateTime, macros::datetime};

/// Not a whole second, so that rounding shows.
pub const NOW: OffsetDateTime = datetime!(2026-11-21 06:41:00.7 UTC);
pub const BASE: &str = "https://example.com";
pub const FORM: &str = "application/x-www-form-urlencoded";

/// One that is text and base64, one that is hexadecimal digits: every scheme takes one of them.
const SECRETS: [&str; 2] = ["c2VjcmV0c2VjcmV0", "6b6579206f66207465737473"];

/// A provider with a secret that it takes.
pub struct Known {
    pub provider: &'static Provider,
    pub secret: &'static str,
    pub verifier: Verifier,
}

/// Every provider, in the order of `ALL`.
pub fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        ALL.iter()
            .map(|provider| {
                let built = SECRETS.iter().find_map(|secret| Some((*secret, verifier(provider, &[secret])?)));
                let (secret, verifier) = built.expect("one of the secrets fits");
                Known { provider, secret, verifier }
            })
            .collect()
    })
}

/// Of those that sign with a private key, the verifier is given the public half. With several secrets there is none for
/// a provider that must be told what to expect.
pub fn verifier(provider: &Provider, secrets: &[&str]) -> Option<Verifier> {
    if let [secret] = secrets {
        return quietly(|| verifier_for(provider, secret));
    }
    let builder = Verifier::builder(provider).public_base(BASE).verify_token("verify-token").public_key("public-key");
    let builder = builder.allow_origin("sender.example").topic("https://example.com/topic");
    secrets.iter().fold(builder, |builder, secret| builder.secret(public_key(provider, secret))).build().ok()
}

/// The one that `byte` chooses.
pub fn one(byte: u8) -> &'static Known {
    let known = known();
    &known[usize::from(byte) % known.len()]
}

impl Known {
    pub fn draft(&self, body: impl Into<Bytes>) -> Signed {
        signed(self.provider, self.secret, body).at(NOW)
    }
}

/// Bodies of every shape that providers send, harmless only as long as nobody reads their text as something else.
fn bodies() -> Vec<String> {
    let text = "&payload=%7B%22id%22%3A%222%22%7D&mandrill_events=%5B%5D&command=%2Fx&trigger_id=9&ssl_check=1&x=";
    let item = |more: serde_json::Value| {
        let mut item = json!({
            "id": "1", "event_id": "1", "_id": "1", "uuid": "1", "type": "a", "event": "a", "ts": 1, "text": text,
            "action": "created", "resource": {"gid": "1"}, "webhookEventId": "1", "eventID": "1", "timestamp": 1,
        });
        item.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
        item
    };
    let one = || item(json!({}));
    let data = json!({"data": {"id": "1", "events": [one()]}, "event-data": {"id": "1", "event": "a", "timestamp": 1}});
    let lists = json!({
        "events": [one()], "entry": [{"id": "1", "time": 1, "changes": [one()]}],
        "value": [one()],
        "eventNotifications": [one()],
        "event": {"event_type": "a", "event_time": "1", "event_hash": "1"},
        "notificationItems": [{"NotificationRequestItem": {"pspReference": "1", "eventCode": "A", "success": "true"}}],
    });
    vec![
        item(data).to_string(),
        item(lists).to_string(),
        json!([one()]).to_string(),
        json!({"data": [one()]}).to_string(),
        format!("data%5Bid%5D=1&type=a&fired_at=1&SmsStatus=a&MessageSid=1&text={}", text.replace('&', "%26")),
        format!("bt_payload={}", data_encoding::HEXLOWER.encode(one().to_string().as_bytes())),
    ]
}

impl Known {
    /// One that this provider could have sent; with an event in it, if one of the bodies is an event to it.
    pub fn genuine(&self) -> Option<Request<Bytes>> {
        let all = bodies().into_iter().rev().filter_map(|body| {
            let request = build(self.draft(body))?;
            let events = self.verifier.authenticate_at(&request, NOW).ok()?.delivery().map_or(0, |d| d.events().len());
            Some((events, request))
        });
        all.max_by_key(|(events, _)| *events.min(&1)).map(|(_, request)| request)
    }
}

thread_local! { static QUIET: Cell<bool> = const { Cell::new(false) }; }

/// `None` where the helper for tests says, by a panic, that this provider sends no such body.
pub fn build(draft: Signed) -> Option<Request<Bytes>> {
    quietly(|| draft.build())
}

/// `None` where a helper for tests panics, which is how it says no.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                abort(info);
            }
        }));
    });
    QUIET.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work)).ok();
    QUIET.set(false);
    done
}

/// What a request's text says: `METHOD target`, lines of headers, an empty line, the body. What HTTP does not allow is
/// passed over.
pub struct Text<'t> {
    pub method: Method,
    pub target: Option<Uri>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: &'t [u8],
}

impl<'t> Text<'t> {
    pub fn of(data: &'t [u8]) -> Self {
        let (first, mut rest) = line(data);
        let mut words = first.split(|b| *b == b' ');
        let method = words.next().and_then(|m| Method::from_bytes(m).ok()).unwrap_or(Method::POST);
        let target = words.next().and_then(|t| Uri::try_from(t).ok());
        let mut headers = Vec::new();
        loop {
            let (this, after) = line(rest);
            rest = after;
            if this.is_empty() {
                return Self { method, target, headers, body: rest };
            }
            let at = this.iter().position(|b| *b == b':').unwrap_or(this.len());
            let (name, value) = this.split_at(at);
            let value = value.strip_prefix(b":").unwrap_or(value);
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.strip_prefix(b" ").unwrap_or(value)))
            {
                headers.push((name, value));
            }
        }
    }

    pub fn request(self) -> Request<Bytes> {
        let mut request = Request::new(Bytes::copy_from_slice(self.body));
        *request.method_mut() = self.method;
        if let Some(target) = self.target {
            *request.uri_mut() = target;
        }
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        request
    }
}

/// The first line, and what comes after it.
pub fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|b| *b == b'\n') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

/// Made without the crate.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
