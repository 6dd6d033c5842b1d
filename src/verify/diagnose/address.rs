//! What an address was, perhaps, before a proxy or a router changed it.

use http::{HeaderMap, Uri, uri::Authority};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::diagnosis::AddressChange;

/// What must not stand in an address as it is; a percent sign is left alone.
const UNFIT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'|');
/// What a strict encoder writes by its number in a query.
const STRICT: &AsciiSet =
    &UNFIT.add(b'\'').add(b'(').add(b')').add(b'!').add(b'*').add(b',').add(b':').add(b'@').add(b'/');

/// Bases that the provider may have been given in place of this one.
pub(super) fn bases(base: &str, headers: &HeaderMap) -> Vec<(AddressChange, String)> {
    let Some((scheme, rest)) = base.split_once("://") else { return Vec::new() };
    let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut found = Vec::new();
    let other = if scheme == "https" { "http" } else { "https" };
    found.push((AddressChange::Scheme { signed: other }, format!("{other}://{authority}{prefix}")));
    let named: Option<Authority> = authority.parse().ok();
    let host = named.as_ref().map_or(authority, |a| a.host());
    let port = named.as_ref().and_then(|a| a.port_u16());
    for signed in [None, Some(443), Some(80), Some(8443), Some(8080)] {
        if signed != port {
            let port = signed.map_or(String::new(), |port| format!(":{port}"));
            found.push((AddressChange::Port { signed }, format!("{scheme}://{host}{port}{prefix}")));
        }
    }
    let mut hosts: Vec<String> = Vec::new();
    hosts.push(host.strip_prefix("www.").map_or_else(|| format!("www.{host}"), str::to_owned));
    for name in ["x-forwarded-host", "x-original-host", "host"] {
        // The list's first is what the client asked for.
        let value = headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        hosts.extend(value.split(',').next().map(|host| host.trim().to_owned()));
    }
    for signed in hosts {
        let known = found.iter().any(|(change, _)| *change == AddressChange::Host { signed: signed.clone() });
        if !known && signed != authority && signed.len() <= 255 && signed.parse::<Authority>().is_ok() {
            let base = format!("{scheme}://{signed}{prefix}");
            found.push((AddressChange::Host { signed }, base));
        }
    }
    if !prefix.is_empty() {
        found.push((AddressChange::PrefixAdded, format!("{scheme}://{authority}")));
    }
    if let Some(prefix) = headers.get("x-forwarded-prefix").and_then(|v| v.to_str().ok()).filter(|p| p.starts_with('/'))
    {
        found.push((AddressChange::PrefixRemoved, format!("{scheme}://{authority}{}", prefix.trim_end_matches('/'))));
    }
    found
}

/// Paths and queries that the provider may have sent in place of this one.
pub(super) fn targets(uri: &Uri, headers: &HeaderMap) -> Vec<(AddressChange, Uri)> {
    let (path, query) = (uri.path(), uri.query());
    let with_query = |path: &str| query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut found = Vec::new();
    let mut add = |change, target: String| {
        if let Ok(target) = target.parse::<Uri>()
            && target.path_and_query() != uri.path_and_query()
            && target.path_and_query().is_some()
        {
            found.push((change, target));
        }
    };
    match path.strip_suffix('/') {
        Some(bare) => add(AddressChange::SlashAdded, with_query(bare)),
        None => add(AddressChange::SlashRemoved, with_query(&format!("{path}/"))),
    }
    for header in ["x-original-uri", "x-forwarded-uri", "x-envoy-original-path", "x-original-url", "x-rewrite-url"] {
        let value = headers.get(header).and_then(|v| v.to_str().ok()).filter(|v| v.starts_with('/'));
        if let Some(target) = value {
            add(AddressChange::Rewritten { header }, target.to_owned());
        }
    }
    // One segment after another, as routers and proxies strip them.
    let mut rest = path;
    for _ in 0..4 {
        let Some(at) = rest.get(1..).and_then(|inner| inner.find('/')) else { break };
        rest = rest.get(at + 1..).unwrap_or_default();
        add(AddressChange::PrefixAdded, with_query(rest));
    }
    if let Some(query) = query {
        add(AddressChange::QueryAdded, path.to_owned());
        let mut pairs: Vec<&str> = query.split('&').collect();
        pairs.reverse();
        add(AddressChange::QuerySorted, format!("{path}?{}", pairs.join("&")));
        pairs.sort_unstable();
        add(AddressChange::QuerySorted, format!("{path}?{}", pairs.join("&")));
        add(AddressChange::Decoded, format!("{path}?{}", utf8_percent_encode(query, STRICT)));
        add(AddressChange::Decoded, format!("{path}?{}", query.replace('+', "%20")));
        add(AddressChange::Encoded, format!("{path}?{}", query.replace("%20", "+")));
        add(AddressChange::Encoded, format!("{path}?{}", decoded(query)));
    }
    add(AddressChange::Encoded, with_query(&decoded(path)));
    add(AddressChange::Decoded, with_query(&utf8_percent_encode(path, STRICT).to_string().replace("%2F", "/")));
    found
}

/// Decoded as far as an address can hold it.
fn decoded(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    utf8_percent_encode(&decoded, UNFIT).to_string()
}
