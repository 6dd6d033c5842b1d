//! Reading what a signature's header says.

use std::borrow::Cow;

#[cfg(feature = "asymmetric")]
use data_encoding::BASE64_NOPAD;
use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, Encoding as Alphabet, HEXLOWER};
use memchr::memchr;

use super::mac::{LONGEST, Tag};
use crate::{
    Error, ErrorKind, Incoming,
    provider::{
        At, Encoding, Syntax,
        locate::{self, Spot},
    },
};

/// Every signature that stands in `text`; what is no signature of this scheme is passed over.
pub(super) fn candidates(syntax: Syntax, text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bare = matches!(syntax, Syntax::PrefixedOrBare(_));
    let (separator, prefix, pair, spaces) = match syntax {
        Syntax::Bare => (None, "", None, false),
        Syntax::Prefixed(prefix) | Syntax::PrefixedOrBare(prefix) => (None, prefix, None, false),
        Syntax::List { separator, prefix } => (Some(separator), prefix, None, false),
        Syntax::Pairs { separator, signature, spaces } => (Some(separator), "", Some(signature), spaces),
        Syntax::AfterTime { separator } => (Some(separator), "", None, false),
    };
    let others = usize::from(matches!(syntax, Syntax::AfterTime { .. }));
    split(text, separator).skip(others).filter_map(move |element| {
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

/// The time before the signatures.
fn time(syntax: Syntax, text: &[u8]) -> Option<&[u8]> {
    let Syntax::AfterTime { separator } = syntax else { return None };
    split(text, Some(separator)).next().filter(|time| !time.is_empty())
}

/// What stands at a place, and must; a pair stands in `signature`.
#[inline(always)]
pub(super) fn need<'a>(
    spot: &Spot,
    request: &'a Incoming<'_>,
    syntax: Syntax,
    signature: &'a [u8],
) -> Result<Cow<'a, [u8]>, Error> {
    match spot {
        Spot::Header(named) => match locate::header(request, &named.name, false)? {
            None | Some([]) => Err(named.missing()),
            Some(value) => Ok(Cow::Borrowed(value)),
        },
        Spot::Other(At::SignaturePair(name)) => match pair(syntax, signature, name) {
            Ok(value) => Ok(Cow::Borrowed(value)),
            Err(Trouble::Repeated) => Err(locate::REPEATED),
            Err(Trouble::Missing) => Err(Error::new(ErrorKind::MalformedHeader, "the signature lacks a pair")),
        },
        Spot::Other(At::SignatureTime) => match time(syntax, signature) {
            Some(time) => Ok(Cow::Borrowed(time)),
            None => Err(Error::new(ErrorKind::MalformedHeader, "no time stands before the signature")),
        },
        Spot::Other(at) => locate::find(*at, request, false)?.ok_or(locate::missing()),
    }
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
        Encoding::Hex | Encoding::HexOfEitherCase => HEXLOWER,
        Encoding::Base64 | Encoding::Base64PaddedOrNot => BASE64,
        Encoding::Base64Url => BASE64URL,
        Encoding::Base64UrlUnpadded => BASE64URL_NOPAD,
    }
}

/// Digits into as many bytes as there is room for, eight at once: no hash has a length that eight does not divide.
fn hex(either_case: bool, text: &[u8], room: &mut [u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut wrong = 0;
    for (four, eight) in room.as_chunks_mut::<4>().0.iter_mut().zip(text.as_chunks::<8>().0) {
        let written = u64::from_be_bytes(*eight);
        let digits = if either_case { written | ((written >> 1) & (0x20 * ONES)) } else { written };
        // Letters have a bit that numbers lack, and stand nine before their value.
        let halves = (digits & (0x0f * ONES)) + 9 * ((digits >> 6) & ONES);
        // Written anew, which is right for what is no more than 15.
        let is_letter = ((halves + 6 * ONES) >> 4) & ONES;
        wrong |= (digits ^ (halves + 0x30 * ONES + 0x27 * is_letter)) | (halves & (0xf0 * ONES));
        let bytes = (halves | (halves >> 4)) & 0x00ff_00ff_00ff_00ff;
        let pairs = (bytes | (bytes >> 8)) & 0x0000_ffff_0000_ffff;
        let [.., a, b, c, d] = (pairs | (pairs >> 16)).to_be_bytes();
        *four = [a, b, c, d];
    }
    text.len() == 2 * room.len() && wrong == 0
}

const STANDARD: [u8; 256] = values(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const URL: [u8; 256] = values(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
/// What no digit of base64 is worth.
const NONE: u8 = 64;

/// What each character is worth.
#[expect(clippy::indexing_slicing, reason = "in a constant: out of bounds would not compile")]
const fn values(alphabet: &[u8; 64]) -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut at = 0;
    while at < alphabet.len() {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    values
}

/// Into exactly as many bytes as there is room for, with nothing in the bits that are left over. What is claimed is no
/// secret, so a table may be read by it.
fn base64(alphabet: &[u8; 256], padding: bool, text: &[u8], room: &mut [u8]) -> bool {
    let Some((digits, pad)) = text.split_at_checked((room.len() * 8).div_ceil(6)) else { return false };
    if pad != if padding { b"==".get(..(3 - room.len() % 3) % 3).unwrap_or_default() } else { b"" } {
        return false;
    }
    let mut wrong = 0;
    let mut together = |digits: &[u8]| {
        digits.iter().fold(0, |bits, c| {
            let value = alphabet.get(usize::from(*c)).copied().unwrap_or(NONE);
            wrong |= value;
            (bits << 6) | u32::from(value)
        })
    };
    let (fours, rest) = digits.as_chunks::<4>();
    let (threes, last) = room.as_chunks_mut::<3>();
    for (three, four) in threes.iter_mut().zip(fours) {
        let [_, a, b, c] = together(four).to_be_bytes();
        *three = [a, b, c];
    }
    let [_, a, b, c] = (together(rest) << (6 * (4 - rest.len()))).to_be_bytes();
    let left = match last {
        [] => 0,
        [x] => {
            *x = a;
            b | c
        }
        [x, y, ..] => {
            (*x, *y) = (a, b);
            c
        }
    };
    wrong < NONE && left == 0
}

/// Whether `text` is this tag, canonically written; without allocation.
#[inline]
pub(super) fn is_of(tag: &Tag, encoding: Encoding, text: &[u8]) -> bool {
    let mut room = [0; LONGEST];
    let room = room.get_mut(..tag.as_bytes().len());
    room.is_some_and(|room| read(encoding, text, room) && tag.is(room))
}

/// Into as many bytes as there is room for: `false` for what is not so many in this encoding, canonically written.
#[inline]
fn read(encoding: Encoding, text: &[u8], room: &mut [u8]) -> bool {
    match encoding {
        Encoding::Hex => hex(false, text, room),
        Encoding::HexOfEitherCase => hex(true, text, room),
        Encoding::Base64 => base64(&STANDARD, true, text, room),
        Encoding::Base64PaddedOrNot => base64(&STANDARD, text.len().is_multiple_of(4), text, room),
        Encoding::Base64Url => base64(&URL, true, text, room),
        Encoding::Base64UrlUnpadded => base64(&URL, false, text, room),
    }
}

/// A signature of at most `most` bytes, canonically written.
#[cfg(feature = "asymmetric")]
pub(super) fn decode(encoding: Encoding, text: &[u8], most: usize) -> Option<Vec<u8>> {
    if text.len() > 2 * most {
        return None;
    }
    let bytes = match encoding {
        Encoding::HexOfEitherCase => HEXLOWER.decode(&text.to_ascii_lowercase()),
        Encoding::Base64PaddedOrNot => BASE64.decode(text).or_else(|_| BASE64_NOPAD.decode(text)),
        encoding => alphabet(encoding).decode(text),
    };
    bytes.ok().filter(|bytes| !bytes.is_empty() && bytes.len() <= most)
}

pub(super) fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    alphabet(encoding).encode(bytes)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER_PERMISSIVE;

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
        assert_eq!(all(AFTER_TIME, "1,a,,b"), [&b"a"[..], b"", b"b"]);
        assert!(all(AFTER_TIME, "a").is_empty());
    }

    const AFTER_TIME: Syntax = Syntax::AfterTime { separator: ',' };

    #[test]
    fn a_time_stands_first_or_nowhere() {
        assert_eq!((time(AFTER_TIME, b"12,a"), time(AFTER_TIME, b"12")), (Some(&b"12"[..]), Some(&b"12"[..])));
        assert_eq!((time(AFTER_TIME, b",a"), time(AFTER_TIME, b""), time(STRIPE, b"12,a")), (None, None, None));
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

    fn bytes(encoding: Encoding, text: &[u8], len: usize) -> Option<Vec<u8>> {
        let mut room = vec![0; len];
        read(encoding, text, &mut room).then_some(room)
    }

    #[test]
    fn only_one_way_of_writing_is_taken() {
        let hex = |text: &str| bytes(Encoding::Hex, text.as_bytes(), 4);
        assert_eq!(hex("00ff19a5"), Some(vec![0, 255, 0x19, 0xa5]));
        for bad in ["00FF19a5", "00ff19a", "00ff19a50", "00ff19a500", "+0ff19a5", "", "é0019a5"] {
            assert_eq!(hex(bad), None, "{bad}");
        }
        for c in 0..=u8::MAX {
            let text = [b'0', c, b'0', b'0', c, b'0', b'f', b'f'];
            let known = HEXLOWER.decode(&text).ok();
            assert_eq!(bytes(Encoding::Hex, &text, 4), known, "{c}");
            let known = HEXLOWER_PERMISSIVE.decode(&text).ok();
            assert_eq!(bytes(Encoding::HexOfEitherCase, &text, 4), known, "{c}");
        }
        for (encoding, alphabet) in [
            (Encoding::Base64, BASE64),
            (Encoding::Base64Url, BASE64URL),
            (Encoding::Base64UrlUnpadded, BASE64URL_NOPAD),
        ] {
            for len in [20, 30, 32, 64] {
                let tag: Vec<u8> = (0..len).map(|n| (n * 37 + 11) as u8).collect();
                let text = alphabet.encode(&tag).into_bytes();
                for at in 0..text.len() {
                    for c in 0..=u8::MAX {
                        let mut text = text.clone();
                        text[at] = c;
                        let known = alphabet.decode(&text).ok().filter(|known| known.len() == len);
                        assert_eq!(bytes(encoding, &text, len), known, "{encoding:?} {len} {at} {c}");
                    }
                }
                for wrong in [[&*text, b"="].concat(), [&*text, b"A"].concat(), text[1..].to_vec(), Vec::new()] {
                    assert!(bytes(encoding, &wrong, len).is_none());
                }
            }
        }
        let b64 = |text: &str| bytes(Encoding::Base64, text.as_bytes(), 20).is_some();
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
