//! Method, path and query as Atlassian hashes them, so that a token is good for one address only.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::{Digest as _, Sha256};

use crate::{Error, ErrorKind, Incoming, body::form};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The hash; `base` is the address that the provider knows, whose path it leaves out.
pub(super) fn of(request: &Incoming<'_>, base: Option<&str>) -> Result<[u8; 32], Error> {
    let (method, uri) = request.target.ok_or(Error::new(ErrorKind::MissingTarget, "the token covers the URL"))?;
    Ok(Sha256::digest(canonical(method.as_str(), uri.path(), uri.query().unwrap_or_default(), base)).into())
}

fn canonical(method: &str, path: &str, query: &str, base: Option<&str>) -> Vec<u8> {
    let mut text = method.to_ascii_uppercase().into_bytes();
    text.push(b'&');
    text.extend_from_slice(relative(path, base).as_bytes());
    text.push(b'&');
    // Bytes of UTF-8 sort as the characters do.
    let mut pairs: Vec<_> = form::pairs(query.as_bytes()).filter(|(name, _)| **name != *b"jwt").collect();
    pairs.sort();
    let mut last: Option<&Cow<'_, [u8]>> = None;
    for (name, value) in &pairs {
        if last == Some(name) {
            text.push(b',');
        } else {
            if last.is_some() {
                text.push(b'&');
            }
            text.extend(percent_encode(name, RESERVED).flat_map(str::bytes));
            text.push(b'=');
        }
        text.extend(percent_encode(value, RESERVED).flat_map(str::bytes));
        last = Some(name);
    }
    text
}

/// What follows the path of the base, from its slash on, without the slash at its end.
fn relative(path: &str, base: Option<&str>) -> String {
    let path_of = |base: &str| {
        base.split_once("://")
            .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)?.into()))
            .unwrap_or_default()
            .to_owned()
    };
    let base = base.map(path_of).unwrap_or_default();
    let under = path.strip_prefix(&base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let path = under.unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() { "/".to_owned() } else { path.replace('&', "%26") }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn hash(method: &str, path: &str, query: &str, base: Option<&str>) -> String {
        HEXLOWER.encode(&Sha256::digest(canonical(method, path, query, base)))
    }

    /// Atlassian's own examples, by its own library.
    #[test]
    fn published_hashes_come_out() {
        let query = "zee_last=param&repeated=parameter%201&first=param&repeated=parameter%202&jwt=zzz";
        assert_eq!(
            String::from_utf8(canonical("GET", "/path/to/service", query, None)).unwrap(),
            "GET&/path/to/service&first=param&repeated=parameter%201,parameter%202&zee_last=param"
        );
        assert_eq!(
            hash("GET", "/path/to/service", query, None),
            "e52bb281606c3bd9ca16cfe96fe2df78f5d9ffa126f06befd750dfa10fa1a897"
        );
        assert_eq!(
            hash("POST", "/jira/webhook/", "user_id=u%201&user_key=k*()", Some("https://a.example/jira")),
            "e2c9460bb2339aebd419a24ad0a4afce1c27df7246728f12de670370b6e23d1c"
        );
    }

    #[test]
    fn every_address_has_one_form() {
        let of = |path, query, base| String::from_utf8(canonical("post", path, query, base)).unwrap();
        assert_eq!(of("/", "", None), "POST&/&");
        assert_eq!(of("/a/", "b=2&a=1", None), "POST&/a&a=1&b=2");
        assert_eq!(of("/a&b=c", "x=y", None), "POST&/a%26b=c&x=y");
        assert_eq!(of("/a", "x=a+b&x=!'()*&y", None), "POST&/a&x=%21%27%28%29%2A,a%20b&y=");
        assert_eq!(of("/a", "A=1&a=z&a=b", None), "POST&/a&A=1&a=b,z");
        let base = Some("https://a.example/jira");
        assert_eq!(of("/jira", "", base), "POST&/&");
        assert_eq!(of("/jira/x", "", base), "POST&/x&");
        assert_eq!(of("/jirax", "", base), "POST&/jirax&");
        assert_eq!(of("/x", "", base), "POST&/x&");
        assert_eq!(of("/x", "jwt=a.b.c", Some("https://a.example")), "POST&/x&");
    }
}
