use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{At, Custom, Digest, Encoding, Exhibit, Genuine, Part, Provider, Scheme, TimeUnit, Unsigned};
use crate::Error;

const SIGNATURE: &str = "x-contentful-signature";
const SIGNED: &str = "x-contentful-signed-headers";
const TIMESTAMP: &str = "x-contentful-timestamp";
const TOPIC: &str = "x-contentful-topic";

/// More headers than any webhook of Contentful's lists.
const MOST: usize = 64;

/// [Contentful](https://www.contentful.com/developers/docs/webhooks/request-verification/): webhooks and app events of an
/// environment with request verification. The kind is the topic, such as `ContentManagement.Entry.publish`.
///
/// The signature covers method, path, query, body and the headers that a header lists, which must list itself and the
/// time. The query is escaped twice. What stands behind a second question mark is not signed, so such an address is
/// refused. An age of the whole tolerance is too old already, as for Contentful's own library, which does not look at
/// future times at all.
///
/// Whether the topic is among the headers listed is the sender's choice, so it is not counted as signed. The identity is
/// Contentful's own key, and the payload's digest. A webhook's body can be changed by a template, and has no id then.
pub const CONTENTFUL: Provider = Provider::new(
    "contentful",
    Scheme::Custom(
        Custom::new(At::Header(SIGNATURE), Digest::Sha256, judge)
            .covers(
                &[Part::Method, Part::Path, Part::Query, Part::Body],
                &[At::Header(SIGNED), At::Header(TIMESTAMP)],
            )
            .signed_by(sign, r#"{"sys":{"type":"Entry","id":"e1","version":1}}"#),
    ),
)
.docs("https://www.contentful.com/developers/docs/webhooks/request-verification/")
.accepts(&["application/json"])
.tolerance(30, 30)
.exclusive_tolerance()
.label(At::Json("/sys/id"))
.identity(&[At::Header("x-contentful-idempotency-key"), At::PayloadDigest])
.kind(At::Header(TOPIC))
.time(At::Json("/sys/updatedAt"), TimeUnit::Rfc3339);

fn judge(exhibit: &Exhibit<'_>) -> Result<Option<Genuine>, Error> {
    const UNREADABLE: Error = Exhibit::malformed("the list of signed headers cannot be read");
    let claimed = exhibit.header(SIGNATURE)?.ok_or(Exhibit::missing())?;
    let list = exhibit.header(SIGNED)?.ok_or(Exhibit::missing())?;
    let time = exhibit.header(TIMESTAMP)?.ok_or(Exhibit::missing())?;
    let mut names: Vec<&str> = str::from_utf8(list).map_err(|_| UNREADABLE)?.split(',').collect();
    if !names.contains(&SIGNED) || !names.contains(&TIMESTAMP) {
        return Err(UNREADABLE);
    }
    names.sort_unstable();
    // What is signed holds each value that is named, so a long value named time and again would fill the memory.
    if names.len() > MOST || names.windows(2).any(|pair| matches!(pair, [one, next] if one == next)) {
        return Err(UNREADABLE);
    }
    let mut headers = Vec::with_capacity(names.len());
    for name in names {
        headers.push((name, exhibit.header(name)?.ok_or(Exhibit::missing())?));
    }
    const TWICE: Error = Exhibit::malformed("a part of the address is not signed");
    let head = canonical(exhibit.method()?, exhibit.path_and_query()?, &headers).ok_or(TWICE)?;
    let made = exhibit.is_made_of(&[&head, exhibit.body()], Encoding::Hex, claimed);
    Ok(made.then(|| Genuine::at(time, TimeUnit::Millis)))
}

fn sign(request: &mut Unsigned<'_>) -> Option<()> {
    let mut names = vec![SIGNED, TIMESTAMP];
    names.extend(request.request().headers().contains_key(TOPIC).then_some(TOPIC));
    let time = request.time(TimeUnit::Millis)?;
    request.set_header(TIMESTAMP, &time)?;
    request.set_header(SIGNED, &names.join(","))?;
    let sent = request.request();
    let value = |name| Some((name, sent.headers().get(name)?.as_bytes()));
    let headers: Vec<_> = names.into_iter().map(value).collect::<Option<_>>()?;
    let target = sent.uri().path_and_query().map_or("/", |pq| pq.as_str());
    let head = canonical(sent.method().as_str(), target, &headers)?;
    let tag = request.tag(&[&head, sent.body()], Encoding::Hex);
    request.set_header(SIGNATURE, &tag)
}

/// All that is signed but the body; `None` for an address with two question marks.
fn canonical(method: &str, target: &str, headers: &[(&str, &[u8])]) -> Option<Vec<u8>> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if query.contains('?') {
        return None;
    }
    let mut address = utf8_percent_encode(path, ADDRESS).to_string();
    if !query.is_empty() {
        let once = utf8_percent_encode(query, COMPONENT).to_string();
        address.push('?');
        address.extend(utf8_percent_encode(&once, ADDRESS));
    }
    let mut head = format!("{method}\n{address}\n").into_bytes();
    for (at, (name, value)) in headers.iter().enumerate() {
        if at > 0 {
            head.push(b';');
        }
        head.extend_from_slice(name.as_bytes());
        head.push(b':');
        head.extend_from_slice(value);
    }
    head.push(b'\n');
    Some(head)
}

/// What is escaped in a part of an address.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*');

/// What is escaped in an address as a whole: a percent sign too.
const ADDRESS: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'#');

#[cfg(test)]
mod tests {
    use super::*;

    fn head(target: &str) -> Option<String> {
        canonical("POST", target, &[("a", b"1"), ("b", b"2 3")]).map(|head| String::from_utf8(head).unwrap())
    }

    #[test]
    fn a_query_is_escaped_twice_and_a_path_once() {
        assert_eq!(head("/api/x").as_deref(), Some("POST\n/api/x\na:1;b:2 3\n"));
        assert_eq!(head("/api/x?").as_deref(), Some("POST\n/api/x\na:1;b:2 3\n"));
        let query = head("/api/x?a=1&b=\u{fc}").unwrap();
        assert!(query.starts_with("POST\n/api/x?a%253D1%2526b%253D%25C3%25BC\n"), "{query}");
        let path = head("/a%20b;c,d:e@f&g=h+i$j-k_l.m!n~o*p'q(r)").unwrap();
        assert!(path.starts_with("POST\n/a%2520b;c,d:e@f&g=h+i$j-k_l.m!n~o*p'q(r)\n"), "{path}");
    }

    #[test]
    fn what_would_go_unsigned_is_refused() {
        assert_eq!(head("/api/x?a=1?b=2"), None);
    }
}
