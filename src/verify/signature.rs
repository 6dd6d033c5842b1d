//! Reading what a signature's header says.

use std::borrow::Cow;

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, Encoding as Alphabet, HEXLOWER};
use memchr::memchr;

use super::mac::LONGEST;
use crate::{
    Error, ErrorKind, Incoming,
    provider::{
        At, Encoding, Syntax,
        locate::{self, Spot},
    },
};

/// Base64 says the length of its output only up to its padding.
const SLACK: usize = 2;

/// Every signature that stands in `text`; what is no signature of this scheme is passed over.
pub(super) fn candidates(syntax: Syntax, text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bare = matches!(syntax, Syntax::PrefixedOrBare(_));
    let (separator, prefix, pair, spaces) = match syntax {
        Syntax::Bare => (None, "", None, false),
        Syntax::Prefixed(prefix) | Syntax::PrefixedOrBare(prefix) => (None, prefix, None, false),
        Syntax::List { separator, prefix } => (Some(separator), prefix, None, false),
        Syntax::Pairs { separator, signature, spaces } => (Some(separator), "", Some(signature), spaces),
    };
    split(text, separator).filter_map(move |element| {
        let element = if spaces { element.trim_ascii_start() } else { element };
        match pair {
            Some(name) => value_of(element, name),
            None => element.strip_prefix(prefix.as_bytes()).or(bare.then_some(element)),
        }
    })
}

/// The value behind `name` in a list of pairs, where exactly one has it.
pub(super) fn pair<'t>(syntax: Syntax, text: &'t [u8], name: &str) -> Result<&'t [u8], Trouble> {
    let Syntax::Pairs { separator, spaces, .. } = syntax else { return Err(Trouble::Missing) };
    let mut values = split(text, Some(separator)).filter_map(|element| {
        let element = if spaces { element.trim_ascii_start() } else { element };
        value_of(element, name)
    });
    let value = values.next().ok_or(Trouble::Missing)?;
    if values.next().is_some() { Err(Trouble::Repeated) } else { Ok(value) }
}

/// What stands at a place, and must; a pair stands in `signature`.
pub(super) fn need<'a>(
    spot: &Spot,
    request: &'a Incoming<'_>,
    syntax: Syntax,
    signature: &'a [u8],
) -> Result<Cow<'a, [u8]>, Error> {
    if let Spot::Other(At::SignaturePair(name)) = spot {
        return match pair(syntax, signature, name) {
            Ok(value) => Ok(Cow::Borrowed(value)),
            Err(Trouble::Repeated) => Err(locate::REPEATED),
            Err(Trouble::Missing) => Err(Error::new(ErrorKind::MalformedHeader, "the signature lacks a pair")),
        };
    }
    spot.find(request, false)?.ok_or(locate::missing())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Missing,
    Repeated,
}

/// The elements between separators; all of it where there is none.
fn split(text: &[u8], separator: Option<char>) -> impl Iterator<Item = &[u8]> {
    let separator = separator.and_then(|c| u8::try_from(c).ok());
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = separator.and_then(|separator| memchr(separator, text));
        let (element, after) = end.and_then(|end| text.split_at_checked(end)).unwrap_or((text, &[]));
        rest = end.and_then(|_| after.get(1..));
        Some(element)
    })
}

fn value_of<'t>(element: &'t [u8], name: &str) -> Option<&'t [u8]> {
    element.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

fn alphabet(encoding: Encoding) -> Alphabet {
    match encoding {
        Encoding::Hex => HEXLOWER,
        Encoding::Base64 => BASE64,
        Encoding::Base64Url => BASE64URL,
        Encoding::Base64UrlUnpadded => BASE64URL_NOPAD,
    }
}

/// Lower-case digits into as many bytes as there is room for. Without a branch a digit, which is twice as fast as a
/// table.
fn hex(text: &[u8], room: &mut [u8]) -> bool {
    let (pairs, odd) = text.as_chunks::<2>();
    if pairs.len() != room.len() || !odd.is_empty() {
        return false;
    }
    let mut wrong = 0;
    for ([high, low], byte) in pairs.iter().zip(room) {
        let ((high, a), (low, b)) = (digit(*high), digit(*low));
        *byte = (high << 4) | low;
        wrong |= u8::from(a | b);
    }
    wrong == 0
}

/// A hexadecimal digit's value, and whether it is none.
fn digit(c: u8) -> (u8, bool) {
    let (number, letter) = (c.wrapping_sub(b'0'), c.wrapping_sub(b'a'));
    (if number < 10 { number } else { letter.wrapping_add(10) }, number >= 10 && letter >= 6)
}

/// A signature's bytes, without allocation.
pub(super) struct Decoded {
    bytes: [u8; LONGEST + SLACK],
    len: usize,
}

impl Decoded {
    /// `None` for what is not `len` bytes in this encoding, canonically written.
    pub(super) fn of(encoding: Encoding, text: &[u8], len: usize) -> Option<Self> {
        let mut bytes = [0; LONGEST + SLACK];
        if encoding == Encoding::Hex {
            let room = bytes.get_mut(..len)?;
            return hex(text, room).then_some(Self { bytes, len });
        }
        let alphabet = alphabet(encoding);
        if text.len() != alphabet.encode_len(len) {
            return None;
        }
        let room = bytes.get_mut(..alphabet.decode_len(text.len()).ok()?)?;
        let written = alphabet.decode_mut(text, room).ok()?;
        (written == len).then_some(Self { bytes, len })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

pub(super) fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    alphabet(encoding).encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRIPE: Syntax = Syntax::Pairs { separator: ',', signature: "v1", spaces: false };

    fn all(syntax: Syntax, text: &str) -> Vec<&[u8]> {
        candidates(syntax, text.as_bytes()).collect()
    }

    #[test]
    fn each_syntax_finds_its_signatures_and_nothing_else() {
        assert_eq!(all(Syntax::Bare, "a,b"), [b"a,b"]);
        assert_eq!(all(Syntax::Prefixed("sha256="), "sha256=a=b"), [b"a=b"]);
        assert!(all(Syntax::Prefixed("sha256="), "sha1=a").is_empty());
        assert!(all(Syntax::Prefixed("sha256="), "SHA256=a").is_empty());
        let either = Syntax::PrefixedOrBare("sha256=");
        assert_eq!((all(either, "sha256=a=b"), all(either, "a=b")), (vec![&b"a=b"[..]], vec![&b"a=b"[..]]));
        let list = Syntax::List { separator: ' ', prefix: "v1," };
        assert_eq!(all(list, "v1a,x v1,a junk  v1,b v2,c"), [b"a", b"b"]);
        assert_eq!(all(STRIPE, "t=1,v1=a,v0=b,,v1,v1=c,v11=d"), [b"a", b"c"]);
        assert!(all(STRIPE, "t=1, v1=a").is_empty());
        assert_eq!(all(Syntax::Pairs { separator: ',', signature: "v1", spaces: true }, "t=1, v1=a"), [b"a"]);
    }

    #[test]
    fn a_pair_must_be_there_once() {
        assert_eq!(pair(STRIPE, b"v1=a,t=12", "t"), Ok(&b"12"[..]));
        assert_eq!(pair(STRIPE, b"t=,v1=a", "t"), Ok(&b""[..]));
        assert_eq!(pair(STRIPE, b"t=1,t=1", "t"), Err(Trouble::Repeated));
        for text in ["", "t", "T=1", "v1=a"] {
            assert_eq!(pair(STRIPE, text.as_bytes(), "t"), Err(Trouble::Missing));
        }
    }

    #[test]
    fn only_one_way_of_writing_is_taken() {
        let hex = |text: &str| Decoded::of(Encoding::Hex, text.as_bytes(), 2).map(|d| d.as_bytes().to_vec());
        assert_eq!(hex("00ff"), Some(vec![0, 255]));
        for bad in ["00FF", "00f", "00ff0", "00ff00", "+0ff", "", "é00"] {
            assert_eq!(hex(bad), None, "{bad}");
        }
        let b64 = |text: &str| Decoded::of(Encoding::Base64, text.as_bytes(), 20).is_some();
        assert!(b64("AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
        for bad in [
            "AAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAB=",
            "AAAAAAAAAAAAAAAAAAAAAAAAAA==",
            "____AAAAAAAAAAAAAAAAAAAAAAA=",
        ] {
            assert!(!b64(bad), "{bad}");
        }
    }
}
