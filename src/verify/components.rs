//! The parts of a request as HTTP Message Signatures write them: one line each, in the order that the signature names.

use std::{borrow::Cow, fmt::Write};

use http::{HeaderName, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sfv::{BareItem, InnerList, Item, ListSerializer};

use crate::{Error, ErrorKind, Incoming, body::form, provider::Part};

const fn malformed(what: &'static str) -> Error {
    Error::new(ErrorKind::MalformedHeader, what)
}

/// Sets of it are encoded as a form's fields are, with `%20` for a space.
const FIELD: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// More than any sender covers.
const MOST: usize = 64;

/// What is signed: all lines of it. `base` is the public address, which alone is believed.
pub(super) fn text(list: &InnerList, request: &Incoming<'_>, base: Option<&str>) -> Result<String, Error> {
    if list.items.len() > MOST {
        return Err(malformed("the signature covers too many components"));
    }
    let mut text = String::with_capacity(512);
    for (at, item) in list.items.iter().enumerate() {
        if list.items.iter().take(at).any(|other| other == item) {
            return Err(malformed("the signature names a component twice"));
        }
        let name = name(item)?;
        let query = item.params.get("name").and_then(BareItem::as_string);
        let value = match (name, query) {
            ("@query-param", Some(query)) if item.params.len() == 1 => {
                let value = parameter(request, query.as_str())?;
                write_line(&mut text, &format!("\"@query-param\";name=\"{}\"", quoted(query.as_str())), &value);
                continue;
            }
            _ if !item.params.is_empty() => return Err(malformed("a component has a parameter that is not known")),
            (derived, _) if derived.starts_with('@') => self::derived(derived, request, base)?,
            (name, _) => header(name, request)?.into(),
        };
        write_line(&mut text, &format!("\"{name}\""), &value);
    }
    text.push_str("\"@signature-params\": ");
    text.push_str(&parameters(list).ok_or(malformed("the signature's parameters"))?);
    Ok(text)
}

fn write_line(text: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name}: {value}");
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The list with all that is said of it, in the one way of writing it.
fn parameters(list: &InnerList) -> Option<String> {
    let mut all = ListSerializer::new();
    let mut inner = all.inner_list();
    inner.items(&list.items);
    let _written = inner.finish().parameters(&list.params);
    all.finish()
}

/// A component's name, which is written in lower case.
fn name(item: &Item) -> Result<&str, Error> {
    let name = item.bare_item.as_string().ok_or(malformed("a component is named by a string"))?.as_str();
    if name.bytes().any(|b| b.is_ascii_uppercase()) { Err(malformed("a component's name")) } else { Ok(name) }
}

/// Whether all that a provider wants covered is.
pub(super) fn covers(list: &InnerList, parts: &[Part]) -> bool {
    let has =
        |name: &str| list.items.iter().any(|item| item.params.is_empty() && self::name(item).is_ok_and(|n| n == name));
    let target = has("@target-uri");
    let path = target || has("@request-target") || has("@path");
    let query = target || has("@request-target") || has("@query");
    parts.iter().all(|part| match part {
        Part::Method => has("@method"),
        Part::Url => target || (has("@authority") && path && query),
        Part::Path => path,
        Part::Query => query,
        Part::Body => has("content-digest"),
        Part::Header(name) => has(name),
        _ => false,
    })
}

/// A header's values, with a comma between them.
fn header(name: &str, request: &Incoming<'_>) -> Result<String, Error> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed("a component's name"))?;
    let mut values = request.headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Err(Error::new(ErrorKind::MissingHeader, "a header that is signed is not there"));
    }
    let mut joined = String::new();
    for (at, value) in values.enumerate() {
        let value = value.as_bytes().trim_ascii();
        if !value.is_ascii() {
            return Err(malformed("a header that is signed is no text"));
        }
        joined.push_str(if at > 0 { ", " } else { "" });
        joined.push_str(&String::from_utf8_lossy(value));
    }
    Ok(joined)
}

fn derived<'a>(name: &str, request: &'a Incoming<'_>, base: Option<&'a str>) -> Result<Cow<'a, str>, Error> {
    const NO_BASE: Error = Error::new(ErrorKind::Config, "the signature covers the address: say `public_base`");
    let (method, uri) = target(request)?;
    let base_uri = || base.and_then(|base| base.parse::<Uri>().ok()).ok_or(NO_BASE);
    let prefix =
        base.and_then(|base| base.split_once("://")?.1.find('/').and_then(|at| base.split_once("://")?.1.get(at..)));
    let prefix = prefix.unwrap_or_default();
    let path = format!("{prefix}{}", uri.path());
    let query = uri.query().map(|query| format!("?{query}"));
    Ok(match name {
        "@method" => method.into(),
        "@scheme" => base_uri()?.scheme_str().unwrap_or_default().to_ascii_lowercase().into(),
        "@authority" => authority(&base_uri()?).ok_or(NO_BASE)?.into(),
        "@target-uri" => {
            let base = base.ok_or(NO_BASE)?;
            format!("{base}{}", uri.path_and_query().map_or("/", |pq| pq.as_str())).into()
        }
        "@request-target" => format!("{path}{}", query.unwrap_or_default()).into(),
        "@path" => path.into(),
        "@query" => query.unwrap_or_else(|| "?".to_owned()).into(),
        _ => return Err(malformed("a component that no request has")),
    })
}

/// The host in lower case, and the port unless it is the usual one.
fn authority(uri: &Uri) -> Option<String> {
    let host = uri.host()?.to_ascii_lowercase();
    let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    Some(match uri.port_u16() {
        Some(port) if port != usual => format!("{host}:{port}"),
        _ => host,
    })
}

/// The one value of a parameter of the query, decoded and encoded again.
fn parameter(request: &Incoming<'_>, name: &str) -> Result<String, Error> {
    let (_, uri) = target(request)?;
    let encode = |text: &[u8]| percent_encode(text, FIELD).to_string();
    let mut values = form::pairs(uri.query().unwrap_or_default().as_bytes()).filter(|(n, _)| encode(n) == name);
    let Some((_, value)) = values.next() else {
        return Err(Error::new(ErrorKind::MissingHeader, "a parameter that is signed is not there"));
    };
    if values.next().is_some() { Err(malformed("a parameter that is signed comes twice")) } else { Ok(encode(&value)) }
}

fn target<'a>(request: &'a Incoming<'_>) -> Result<(&'a str, &'a Uri), Error> {
    let (method, uri) = request.target.ok_or(Error::new(ErrorKind::MissingTarget, "the signature covers the URL"))?;
    Ok((method.as_str(), uri))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use sfv::{Dictionary, ListEntry, Parser};

    use super::*;

    fn list(input: &str) -> InnerList {
        let mut all: Dictionary = Parser::new(input).parse().unwrap();
        match all.pop().unwrap().1 {
            ListEntry::InnerList(list) => list,
            ListEntry::Item(_) => panic!("{input}"),
        }
    }

    fn request() -> Request<Bytes> {
        let builder =
            Request::post("https://ignored.example/path?a=1&b=%20x&q%2B=y&a2=1&a2=2").header("x-one", "  v  ");
        builder.header("x-two", "a").header("x-two", " b, c ").header("x-empty", "").body(Bytes::new()).unwrap()
    }

    fn lines(components: &str) -> Result<String, ErrorKind> {
        let request = request();
        let input = format!("sig=({components})");
        let base = Some("https://Example.COM:443/api");
        text(&list(&input), &Incoming::from(&request), base).map_err(|e| e.kind())
    }

    #[test]
    fn each_component_is_a_line() {
        for (component, value) in [
            (r#""@method""#, "POST"),
            (r#""@scheme""#, "https"),
            (r#""@authority""#, "example.com"),
            (r#""@target-uri""#, "https://Example.COM:443/api/path?a=1&b=%20x&q%2B=y&a2=1&a2=2"),
            (r#""@request-target""#, "/api/path?a=1&b=%20x&q%2B=y&a2=1&a2=2"),
            (r#""@path""#, "/api/path"),
            (r#""@query""#, "?a=1&b=%20x&q%2B=y&a2=1&a2=2"),
            (r#""@query-param";name="a""#, "1"),
            (r#""@query-param";name="b""#, "%20x"),
            (r#""@query-param";name="q%2B""#, "y"),
            (r#""x-one""#, "v"),
            (r#""x-two""#, "a, b, c"),
            (r#""x-empty""#, ""),
        ] {
            let expected = format!("{component}: {value}\n\"@signature-params\": ({component})");
            assert_eq!(lines(component), Ok(expected), "{component}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for component in [
            r#""@method" "@method""#,
            r#""x-one" "x-one""#,
            r#""X-One""#,
            r#""@status""#,
            r#""@nothing""#,
            r#""@query-param";name="a2""#,
            r#""@query-param""#,
            r#""@query-param";name="a";req"#,
            r#""@query-param";name=a"#,
            r#""x-one";sf"#,
            r#""x-one";bs"#,
            r#""x-one";key="a""#,
            r#""@method";req"#,
            r#""x one""#,
            r#""""#,
            "x-one",
            "1",
        ] {
            assert_eq!(lines(component), Err(ErrorKind::MalformedHeader), "{component}");
        }
        for component in [r#""x-none""#, r#""@query-param";name="none""#] {
            assert_eq!(lines(component), Err(ErrorKind::MissingHeader), "{component}");
        }
    }

    #[test]
    fn an_address_is_covered_in_more_than_one_way() {
        let covered = |components: &str, part| covers(&list(&format!("s=({components})")), &[part]);
        for components in [r#""@target-uri""#, r#""@authority" "@path" "@query""#, r#""@request-target" "@authority""#]
        {
            assert!(covered(components, Part::Url) && covered(components, Part::Query), "{components}");
        }
        for components in ["", r#""@authority" "@path""#, r#""@request-target""#, r#""@path" "@query""#] {
            assert!(!covered(components, Part::Url), "{components}");
        }
        assert!(!covered(r#""content-digest";key="sha-256""#, Part::Body));
        assert!(!covered(r#""@query-param";name="a""#, Part::Query) && !covered(r#""@path""#, Part::Method));
        assert!(!covered(r#""@method""#, Part::Timestamp));
    }
}
