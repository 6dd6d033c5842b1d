//! Form bodies, decoded to bytes: text that is not UTF-8 must not look like text that is.

use std::borrow::Cow;

use http::HeaderMap;
use percent_encoding::percent_decode;

use super::Kind;

/// More than any sender uses. Forms are read before they are believed, and each field takes forty times its least size.
pub(super) const MOST_FIELDS: usize = 1_000;

pub(crate) type Field<'b> = (Cow<'b, [u8]>, Cow<'b, [u8]>);

/// The fields of a form in the order they came; `None` if the body is no form, or a multipart one that is broken (or
/// that this build cannot read).
pub(crate) fn fields<'b>(headers: &HeaderMap, body: &'b bytes::Bytes) -> Option<Vec<Field<'b>>> {
    of_kind(Kind::of(headers), headers, body)
}

/// The same of a body whose kind is known.
pub(crate) fn of_kind<'b>(kind: Kind, _headers: &HeaderMap, body: &'b bytes::Bytes) -> Option<Vec<Field<'b>>> {
    match kind {
        Kind::Plain => None,
        Kind::Form => few(body),
        #[cfg(feature = "multipart")]
        Kind::Multipart => super::multipart::fields(_headers, body),
        #[cfg(not(feature = "multipart"))]
        Kind::Multipart => None,
    }
}

/// The fields of a URL-encoded form or query; `None` if there are more than any sender sends.
pub(crate) fn few(text: &[u8]) -> Option<Vec<Field<'_>>> {
    let fields: Vec<_> = pairs(text).take(MOST_FIELDS + 1).collect();
    (fields.len() <= MOST_FIELDS).then_some(fields)
}

/// The pairs of a URL-encoded form or query.
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = Field<'_>> {
    text.split(|b| *b == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(at);
        (decode(name), decode(value.strip_prefix(b"=").unwrap_or(value)))
    })
}

/// The last value of this name: where a sender merges fields of its users' with its own, its own come last.
pub(crate) fn last<'f, 'b>(fields: &'f [Field<'b>], name: &str) -> Option<&'f Cow<'b, [u8]>> {
    fields.iter().rev().find(|(n, _)| **n == *name.as_bytes()).map(|(_, value)| value)
}

/// What is signed of a form where a signature covers its fields: names and values in order with nothing between them, each
/// pair once. Neither the order in which they came nor how they were escaped shows in it.
pub(crate) fn canonical(fields: &[Field<'_>]) -> Vec<u8> {
    let mut fields: Vec<&Field<'_>> = fields.iter().collect();
    fields.sort_unstable();
    fields.dedup();
    fields.into_iter().flat_map(|(name, value)| name.iter().chain(value.iter()).copied()).collect()
}

fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'+') {
        return percent_decode(text).into();
    }
    let spaced: Vec<u8> = text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_as_a_form() {
        let fields: Vec<_> = pairs(b"a=1+2&b=%26%3D&&c&=x&a=%ff%zz").collect();
        let expected: [(&[u8], &[u8]); 5] =
            [(b"a", b"1 2"), (b"b", b"&="), (b"c", b""), (b"", b"x"), (b"a", b"\xff%zz")];
        assert_eq!(fields.iter().map(|(n, v)| (&**n, &**v)).collect::<Vec<_>>(), expected);
        assert_eq!(last(&fields, "a").unwrap().as_ref(), b"\xff%zz");
        assert_eq!(last(&fields, "d"), None);
    }

    #[test]
    fn canonically_pairs_are_sorted_and_come_once() {
        let of = |form: &str| canonical(&pairs(form.as_bytes()).collect::<Vec<_>>());
        assert_eq!(of("b=2&a=2&a=1&a=2&c="), b"a1a2b2c");
        assert_eq!(of("c&a=%31&b=2&a=2"), b"a1a2b2c");
    }
}
