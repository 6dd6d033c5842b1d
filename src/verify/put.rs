//! Writing a value where a scheme will look for it.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    Error, ErrorKind,
    body::{Kind, form, json},
    provider::At,
};

const UNFIT: fn(&'static str) -> Error = |detail| Error::new(ErrorKind::Config, detail);

/// Puts `value` at a header, a query parameter, a string or number of a JSON body or a field of a form; what stood there goes.
pub(crate) fn put(request: &mut Request<Bytes>, at: At, value: &[u8]) -> Result<(), Error> {
    match at {
        At::Header(name) => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| UNFIT("no header's name").because(e))?;
            let value = HeaderValue::from_bytes(value).map_err(|e| UNFIT("a header cannot hold it").because(e))?;
            request.headers_mut().insert(name, value);
        }
        At::Query(name) => {
            let query = with_field(request.uri().query().unwrap_or_default().as_bytes(), name, value);
            let mut parts = request.uri().clone().into_parts();
            let target = format!("{}?{query}", request.uri().path());
            parts.path_and_query = Some(target.parse().map_err(|e| UNFIT("no query").because(e))?);
            *request.uri_mut() = Uri::from_parts(parts).map_err(|e| UNFIT("no address").because(e))?;
        }
        At::Json(pointer) | At::Number(pointer) if !Kind::of(request.headers()).is_form() => {
            const NO_OBJECT: Error = Error::new(ErrorKind::Config, "the body is no JSON object with room for it");
            let text = str::from_utf8(json::without_mark(request.body())).map_err(|_| NO_OBJECT)?;
            let string = String::from_utf8_lossy(value);
            let as_it_is = matches!(at, At::Number(_)) && json::is_number(&string);
            let new = if as_it_is { Some(string.into_owned()) } else { serde_json::to_string(&string).ok() };
            let text = edit(text, pointer, |_| new).ok_or(NO_OBJECT)?;
            *request.body_mut() = Bytes::from(text);
        }
        At::Form(name) if Kind::of(request.headers()) == Kind::Form => {
            *request.body_mut() = Bytes::from(with_field(request.body(), name, value));
        }
        _ => return Err(UNFIT("the request has no such place")),
    }
    Ok(())
}

/// The same at `field` in every item of the list at `list`; in one of its own where there is none.
pub(crate) fn put_in_each(request: &mut Request<Bytes>, list: &str, field: &str, value: &[u8]) -> Result<(), Error> {
    const NO_LIST: Error = Error::new(ErrorKind::Config, "the body has no list of objects there");
    let text = str::from_utf8(json::without_mark(request.body())).map_err(|_| NO_LIST)?;
    let quoted = serde_json::to_string(&String::from_utf8_lossy(value)).map_err(|e| NO_LIST.because(e))?;
    let all = |old: Option<&str>| {
        let items = json::items(old.unwrap_or("[]"))?;
        let items = if items.is_empty() { vec!["{}"] } else { items };
        let items: Option<Vec<_>> = items.into_iter().map(|item| edit(item, field, |_| Some(quoted.clone()))).collect();
        Some(format!("[{}]", items?.join(",")))
    };
    let text = edit(text, list, all).ok_or(NO_LIST)?;
    *request.body_mut() = Bytes::from(text);
    Ok(())
}

/// A form or query in which `name` stands once, at the end; all else as it was.
fn with_field(form: &[u8], name: &str, value: &[u8]) -> String {
    let named = |pair: &&[u8]| form::pairs(pair).any(|(n, _)| *n == *name.as_bytes());
    let others = form.split(|b| *b == b'&').filter(|pair| !pair.is_empty() && !named(pair));
    let mut fields: Vec<String> = others.map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    let encode = |text| percent_encode(text, NON_ALPHANUMERIC);
    fields.push(format!("{}={}", encode(name.as_bytes()), encode(value)));
    fields.join("&")
}

/// The JSON text with what `change` makes of the value at `pointer`. Objects on the way are made where they are missing;
/// values aside are left as they were written. `None` where something else than an object is in the way, or an array that
/// is shorter.
pub(crate) fn edit(text: &str, pointer: &str, change: impl FnOnce(Option<&str>) -> Option<String>) -> Option<String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let Some(path) = pointer.strip_prefix('/') else { return change(Some(text)) };
    let (name, rest) = path.find('/').map_or((path, ""), |at| path.split_at(at));
    if let Some(items) = json::items(text) {
        // Only what is there already.
        let at: usize = name.parse().ok()?;
        let mut items: Vec<Cow<'_, str>> = items.into_iter().map(Cow::Borrowed).collect();
        let item = items.get_mut(at)?;
        *item = Cow::Owned(if rest.is_empty() { change(Some(&**item))? } else { edit(item, rest, change)? });
        return Some(format!("[{}]", items.join(",")));
    }
    let Members(members) = serde_json::from_str(text).ok()?;
    let old = members.iter().rev().find(|(n, _)| n == name).map(|(_, raw)| raw.get());
    let new = if rest.is_empty() { change(old)? } else { edit(old.unwrap_or("{}"), rest, change)? };
    let mut out = Vec::with_capacity(members.len() + 1);
    if old.is_none() {
        out.push(member(name, &new)?);
    }
    for (n, raw) in &members {
        out.push(member(n, if n == name { &new } else { raw.get() })?);
    }
    Some(format!("{{{}}}", out.join(",")))
}

fn member(name: &str, value: &str) -> Option<String> {
    Some(format!("{}:{value}", serde_json::to_string(name).ok()?))
}

/// An object's members, in order and each as it was written.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(ReadMembers)
    }
}

struct ReadMembers;

impl<'t> Visitor<'t> for ReadMembers {
    type Value = Members<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, pointer: &str) -> Option<String> {
        edit(text, pointer, |_| Some("1".to_owned()))
    }

    #[test]
    fn only_the_one_value_is_written_anew() {
        assert_eq!(with(r#"{"a": {"b":1.50}, "c":[ ]}"#, "/c").as_deref(), Some(r#"{"a":{"b":1.50},"c":1}"#));
        assert_eq!(
            with(r#"{"a":{"x":9007199254740993}}"#, "/a/b").as_deref(),
            Some(r#"{"a":{"b":1,"x":9007199254740993}}"#)
        );
        assert_eq!(with("", "/a/b").as_deref(), Some(r#"{"a":{"b":1}}"#));
        assert_eq!(with(r#"{"a":1,"a":2}"#, "/a").as_deref(), Some(r#"{"a":1,"a":1}"#));
        assert_eq!(with("[1]", "").as_deref(), Some("1"));
        for (text, pointer) in [("[]", "/a"), (r#"{"a":"x"}"#, "/a/b"), ("{", "/a")] {
            assert_eq!(with(text, pointer), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_written_as_one_and_anything_else_as_a_string() {
        let with = |value: &str| {
            let mut request = Request::new(Bytes::from_static(b"{\"t\":0}"));
            put(&mut request, At::Number("/t"), value.as_bytes()).unwrap();
            String::from_utf8(request.into_body().to_vec()).unwrap()
        };
        assert_eq!(with("17"), r#"{"t":17}"#);
        assert_eq!(with("+17"), r#"{"t":"+17"}"#);
        assert_eq!(with(""), r#"{"t":""}"#);
    }

    #[test]
    fn a_field_stands_once_and_reads_back() {
        let form = with_field(b"a=1&t%6Fken=old&b=%2F&token=older", "token", b"n\xffw&=");
        assert_eq!(form, "a=1&b=%2F&token=n%FFw%26%3D");
        assert_eq!(form::pairs(form.as_bytes()).last().unwrap().1.as_ref(), b"n\xffw&=");
    }
}
