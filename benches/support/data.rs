//! What senders send: bodies of a size, an invoice of Stripe's shape, a pull request of GitHub's.

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http::{HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;

use super::ideal;

pub(crate) const SIZES: [usize; 5] = [256, 1024, 4096, 65_536, 1_048_576];

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request, and what a bare HMAC of its body needs.
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) key: ideal::Key,
    /// Over the body alone, whatever the scheme signs.
    pub(crate) raw_tag: [u8; 32],
}

impl Sent {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn raw(&self) {
        assert!(ideal::raw(&self.key, &self.body, &self.raw_tag));
    }
}

pub(crate) fn github(body: Bytes) -> Sent {
    let signature = format!("sha256={}", HEXLOWER.encode(&ideal::tag(&ideal::key(SECRET.as_bytes()), &[&body])));
    let own = [
        ("x-github-event", "pull_request"),
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-github-hook-id", "292430182"),
        ("x-hub-signature-256", &signature),
    ];
    sent("GitHub-Hookshot/044aadd", &own, body, SECRET.as_bytes())
}

pub(crate) fn stripe(body: Bytes) -> Sent {
    let now = OffsetDateTime::now_utc().unix_timestamp().to_string();
    let tag = ideal::tag(&ideal::key(SECRET.as_bytes()), &[now.as_bytes(), b".", &body]);
    let signature = format!("t={now},v1={},v0={}", HEXLOWER.encode(&tag), HEXLOWER.encode(&[7; 32]));
    let own = [
        ("stripe-signature", &*signature),
        ("cache-control", "no-cache"),
        ("x-forwarded-host", "example.com"),
        ("x-request-id", "f058ebd6-02f7-4d3f-942e-904344e8cde5"),
    ];
    sent("Stripe/1.0 (+https://stripe.com/docs/webhooks)", &own, body, SECRET.as_bytes())
}

pub(crate) fn standard_webhooks(body: Bytes) -> Sent {
    let now = OffsetDateTime::now_utc().unix_timestamp().to_string();
    let key = BASE64.decode(SECRET.trim_start_matches("whsec_").as_bytes()).unwrap();
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let tag = ideal::tag(&ideal::key(&key), &[id.as_bytes(), b".", now.as_bytes(), b".", &body]);
    let signature = format!("v1,{}", BASE64.encode(&tag));
    let own = [
        ("webhook-id", id),
        ("webhook-timestamp", &now),
        ("webhook-signature", &signature),
        ("x-request-id", "f058ebd6-02f7-4d3f-942e-904344e8cde5"),
    ];
    sent("Svix-Webhooks/1.62.0", &own, body, &key)
}

/// With the seven headers that nearly all requests bear.
fn sent(agent: &str, own: &[(&'static str, &str)], body: Bytes, key: &[u8]) -> Sent {
    let length = body.len().to_string();
    let common = [
        ("host", "example.com"),
        ("user-agent", agent),
        ("accept", "*/*"),
        ("content-type", "application/json"),
        ("content-length", &length),
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-proto", "https"),
    ];
    let headers = common
        .iter()
        .chain(own)
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
    let key = ideal::key(key);
    let raw_tag = ideal::tag(&key, &[&body]);
    Sent { headers: headers.collect(), body, key, raw_tag }
}

/// A small event of Stripe's shape, filled up to a size.
pub(crate) fn body(size: usize) -> Bytes {
    named_body("evt_1", size)
}

/// The same under an id of its own.
pub(crate) fn named_body(id: &str, size: usize) -> Bytes {
    let start = format!(
        concat!(
            r#"{{"id":"{}","object":"event","api_version":"2026-10-28","created":1763712000,"livemode":false,"#,
            r#""pending_webhooks":1,"request":null,"type":"test.event","data":{{"object":{{"x":""#,
        ),
        id
    );
    let end = r#""}}}"#;
    Bytes::from(format!("{start}{}{end}", "x".repeat(size - start.len() - end.len())))
}

/// About 8 KiB, indented as Stripe sends it.
pub(crate) fn invoice() -> Bytes {
    Bytes::from_static(include_bytes!("../payloads/invoice.json"))
}

/// About 20 KiB, on one line as GitHub sends it.
pub(crate) fn pull_request() -> Bytes {
    Bytes::from_static(include_bytes!("../payloads/pull_request.json"))
}
