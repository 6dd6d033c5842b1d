//! What proxies say of whom they forward for.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue};

use super::Forwarder;
use crate::{Error, ErrorKind};

const UNREADABLE: Error = Error::new(ErrorKind::Address, "a proxy's header cannot be read");

/// One step of a request's way, as the proxy that took it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop {
    client: Option<String>,
    proto: Option<String>,
}

impl Hop {
    pub(super) fn client(&self) -> Result<IpAddr, Error> {
        const HIDDEN: Error = Error::new(ErrorKind::Address, "the proxy does not say whom it forwards for");
        let text = self.client.as_deref().ok_or(HIDDEN)?;
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).filter(|text| text.contains(':'));
        let address = bare.unwrap_or(text).parse().ok();
        // Some proxies add the port.
        let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
        address.map(|address: IpAddr| address.to_canonical()).ok_or(HIDDEN)
    }

    pub(super) fn is_https(&self) -> bool {
        self.proto.as_deref().is_some_and(|proto| proto.eq_ignore_ascii_case("https"))
    }
}

/// The steps from the last one on, at most so many.
pub(super) fn hops(by: Forwarder, headers: &HeaderMap, most: usize) -> Result<Vec<Hop>, Error> {
    let texts = |name| headers.get_all(name).iter().map(HeaderValue::to_str).collect::<Result<Vec<_>, _>>();
    match by {
        Forwarder::XForwarded => {
            let list = |name| Ok::<_, Error>(listed(&texts(name).map_err(|_| UNREADABLE)?));
            let (clients, protos) = (list("x-forwarded-for")?, list("x-forwarded-proto")?);
            // Nothing says which of several a proxy wrote: any but `https` counts against it.
            let https = |proto: &&String| proto.eq_ignore_ascii_case("https");
            let proto = protos.iter().find(|proto| !https(proto)).or(protos.first()).cloned();
            let hop = |client: &String| Hop { client: Some(client.clone()), proto: proto.clone() };
            Ok(clients.iter().rev().take(most).map(hop).collect())
        }
        Forwarder::Forwarded => {
            let mut all = Vec::new();
            for text in texts("forwarded").map_err(|_| UNREADABLE)? {
                all.extend(elements(text).ok_or(UNREADABLE)?);
            }
            Ok(all.into_iter().rev().take(most).collect())
        }
    }
}

/// The values of a list that may stand on several lines; of an empty one nothing is said.
fn listed(lines: &[&str]) -> Vec<String> {
    let values = lines.iter().flat_map(|line| line.split(','));
    values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

/// The elements of RFC 7239, section 4; `None` for what its grammar does not allow: a quote that a client left open must
/// not swallow what a proxy writes behind it.
fn elements(text: &str) -> Option<Vec<Hop>> {
    let mut hops = vec![Hop::default()];
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(',') {
            hops.push(Hop::default());
            rest = after.trim_start();
            continue;
        }
        if let Some(after) = rest.strip_prefix(';') {
            rest = after.trim_start();
            continue;
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let (value, after) = after.split_at(after.find([',', ';', ' ', '\t', '"']).unwrap_or(after.len()));
                (value.to_owned(), after)
            }
        };
        rest = after.trim_start();
        if !(rest.is_empty() || rest.starts_with([',', ';'])) || !is_token(name) {
            return None;
        }
        let hop = hops.last_mut()?;
        let slot = match () {
            () if name.eq_ignore_ascii_case("for") => &mut hop.client,
            () if name.eq_ignore_ascii_case("proto") => &mut hop.proto,
            () => continue,
        };
        // Each comes once in an element.
        if slot.replace(value).is_some() {
            return None;
        }
    }
    // A list may have empty elements, which say nothing.
    hops.retain(|hop| *hop != Hop::default());
    Some(hops)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// What stands before the closing quote, unescaped, and what comes behind it.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    loop {
        match chars.next()? {
            (at, '"') => return Some((value, text.get(at + 1..)?)),
            (_, '\\') => value.push(chars.next()?.1),
            (_, c) => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(client: &str, proto: &str) -> Hop {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Hop { client: some(client), proto: some(proto) }
    }

    /// The examples of RFC 7239, section 4 and 7.1.
    #[test]
    fn elements_are_read_as_the_rfc_says() {
        assert_eq!(elements("for=\"_gazonk\""), Some(vec![hop("_gazonk", "")]));
        assert_eq!(elements("For=\"[2001:db8:cafe::17]:4711\""), Some(vec![hop("[2001:db8:cafe::17]:4711", "")]));
        assert_eq!(elements("for=192.0.2.60;proto=http;by=203.0.113.43"), Some(vec![hop("192.0.2.60", "http")]));
        assert_eq!(
            elements("for=192.0.2.43, for=198.51.100.17"),
            Some(vec![hop("192.0.2.43", ""), hop("198.51.100.17", "")])
        );
        assert_eq!(
            elements("for=192.0.2.43,for=\"[2001:db8::17]\";proto=https;, ,"),
            Some(vec![hop("192.0.2.43", ""), hop("[2001:db8::17]", "https")])
        );
        assert_eq!(elements("for=\"a\\\"b,c\""), Some(vec![hop("a\"b,c", "")]));
        assert_eq!(elements(""), Some(vec![]));
        for text in [
            "for",
            "for=\"a",
            "for=\"a, for=192.0.2.1",
            "for=\"a, for=\"[::1]\"",
            "for=a b",
            "f or=a",
            "=a",
            "for=a;for=b",
        ] {
            assert_eq!(elements(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_may_have_a_port() {
        let address = |text: &str| hop(text, "").client().ok().map(|address| address.to_string());
        for (text, is) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:47011", "192.0.2.1"),
            ("2001:db8::17", "2001:db8::17"),
            ("[2001:db8::17]", "2001:db8::17"),
            ("[2001:db8::17]:4711", "2001:db8::17"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ] {
            assert_eq!(address(text).as_deref(), Some(is), "{text}");
        }
        for text in [
            "",
            "unknown",
            "_hidden",
            "localhost",
            "192.0.2",
            "192.0.2.1:",
            "[192.0.2.1]",
            "fe80::1%eth0",
            "0300.0.2.1",
            "[::1",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
