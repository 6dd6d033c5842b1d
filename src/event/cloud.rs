//! CloudEvents over HTTP: which of the three modes a request is in, and what its events are.

use std::{borrow::Cow, collections::HashMap};

use bytes::Bytes;
use data_encoding::BASE64;
use http::HeaderMap;
use percent_encoding::percent_decode;
use serde_json::value::RawValue;

use super::{
    Event,
    read::{ENVELOPE, Scene, Shared},
};
use crate::{
    Error, ErrorKind,
    body::{
        self,
        json::{self, Picked, Pointers},
    },
    provider::At,
};

enum Mode {
    Binary,
    Structured,
    Batched,
}

impl Mode {
    /// What the content type says. Formats other than JSON are not read.
    fn of(headers: &HeaderMap) -> Result<Self, Error> {
        const FORMAT: Error = Error::new(ErrorKind::MediaType, "CloudEvents in another format than JSON");
        let essence = body::essence(headers).to_ascii_lowercase();
        match essence.strip_prefix(b"application/cloudevents") {
            None => Ok(Self::Binary),
            Some(b"+json") => Ok(Self::Structured),
            Some(b"-batch+json") => Ok(Self::Batched),
            Some(_) => Err(FORMAT),
        }
    }
}

impl Shared<'_> {
    /// The events of a request, in its order.
    pub(super) fn cloud_events(
        &self,
        scene: &Scene<'_>,
        body: &Bytes,
        pointers: &Pointers,
    ) -> Result<Vec<Event>, Error> {
        let mode = Mode::of(scene.headers)?;
        if let Mode::Binary = mode {
            let scene = Scene { binary: true, item: None, ..*scene };
            complete(&scene)?;
            return Ok(vec![self.around(body.clone(), &scene, body.clone())]);
        }
        let text = str::from_utf8(json::without_mark(body)).map_err(|e| ENVELOPE("it is not UTF-8").because(e))?;
        let items = match mode {
            Mode::Batched => json::items(text).ok_or(ENVELOPE("the batch is no list"))?,
            _ => vec![text.trim_ascii()],
        };
        let mut events = Vec::with_capacity(items.len());
        for item in items {
            if !item.starts_with('{') {
                return Err(ENVELOPE("a CloudEvent is an object"));
            }
            let picked = pointers.pick(item.as_bytes()).map_err(|e| ENVELOPE("an event is not JSON").because(e))?;
            let scene = Scene { item: Some(&picked), ..*scene };
            complete(&scene)?;
            let whole = body.slice_ref(item.as_bytes());
            events.push(self.around(data(&picked, &whole)?, &scene, whole));
        }
        Ok(events)
    }
}

/// Whether it has what each CloudEvent has, and is of the version that is read here.
fn complete(scene: &Scene<'_>) -> Result<(), Error> {
    let says = |name| scene.text(At::Attribute(name));
    if says("specversion").as_deref() != Some("1.0") {
        return Err(ENVELOPE("it is no CloudEvent of version 1.0"));
    }
    for name in ["id", "source", "type"] {
        let is_text = scene.item.is_none_or(|item| item.raw(name).is_some_and(|raw| raw.starts_with('"')));
        if !is_text || says(name).is_none() {
            return Err(ENVELOPE("a CloudEvent has `id`, `source` and `type`"));
        }
    }
    Ok(())
}

/// An event's data as binary mode would bring it; empty where there is none.
fn data(item: &Picked<'_, '_>, whole: &Bytes) -> Result<Bytes, Error> {
    let is_text = |raw: &str| raw.starts_with('"');
    match (item.raw("data"), item.raw("data_base64")) {
        (None, None) => Ok(Bytes::new()),
        (Some(_), Some(_)) => Err(ENVELOPE("its data is there twice")),
        (None, Some(raw)) => {
            let text = json::scalar(raw).filter(|_| is_text(raw)).ok_or(ENVELOPE("`data_base64` is no text"))?;
            let data = BASE64.decode(text.as_bytes()).map_err(|e| ENVELOPE("`data_base64` is no base64").because(e))?;
            Ok(Bytes::from(data))
        }
        // Text of another type stands in a JSON string.
        (Some(raw), None) if is_text(raw) && !item.text("datacontenttype").is_none_or(|t| is_json(&t)) => {
            json::scalar(raw).map(|text| Bytes::from(text.into_owned())).ok_or(ENVELOPE("`data` is no text"))
        }
        (Some(raw), None) => Ok(whole.slice_ref(raw.as_bytes())),
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

/// An attribute in binary mode: its header's value without quotes, and percent-decoded once. `None` too for one that comes
/// twice or is not UTF-8 then.
pub(super) fn in_header(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(format!("ce-{name}")).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let text = match value.as_bytes().trim_ascii() {
        [b'"', quoted @ .., b'"'] => Cow::Owned(unquoted(quoted)?),
        [b'"', ..] => return None,
        plain => Cow::Borrowed(plain),
    };
    percent_decode(&text).decode_utf8().ok().map(Cow::into_owned)
}

/// What stands between the quotes of an HTTP quoted string; `None` if it would have ended before.
fn unquoted(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = quoted.iter();
    let mut text = Vec::with_capacity(quoted.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => text.push(*bytes.next()?),
            b'"' => return None,
            byte => text.push(*byte),
        }
    }
    Some(text)
}

impl<P> Event<P> {
    /// An attribute of the CloudEvent that it came as, extensions too, by its name in lower case: `subject`, `sequence`,
    /// `partitionkey`. `None` if there is none, and for what is no CloudEvent. In binary mode attributes are headers, which
    /// hardly any scheme signs.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !is_name || name == "data" {
            return None;
        }
        let found = match Mode::of(self.headers()).ok()? {
            Mode::Binary => in_header(self.headers(), name),
            Mode::Structured | Mode::Batched => {
                let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(self.envelope()).ok()?;
                json::scalar(members.get(name)?.get()).map(Cow::into_owned)
            }
        };
        found.filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(value: &[u8]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("ce-subject", HeaderValue::from_bytes(value).unwrap());
        in_header(&headers, "subject")
    }

    #[test]
    fn a_header_is_unquoted_and_decoded_once() {
        let cases: [(&[u8], Option<&str>); 12] = [
            (b"Euro%20%E2%82%AC%20%F0%9F%98%80", Some("Euro \u{20ac} \u{1f600}")),
            (b"%2541", Some("%41")),
            (b"\"a b\"", Some("a b")),
            (b"\"a\\\"b%20c\"", Some("a\"b c")),
            (b"100%", Some("100%")),
            (b"  x  ", Some("x")),
            (b"\"", None),
            (b"\"a", None),
            (b"\"a\"b\"", None),
            (b"\"a\\\"", None),
            (b"%ff", None),
            (b"%C0%A0", None),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value).as_deref(), expected, "{}", String::from_utf8_lossy(value));
        }
    }
}
