//! How keys, streams, times and spans are written for Redis.

use std::{borrow::Cow, time::Duration};

use data_encoding::HEXLOWER;
use time::OffsetDateTime;

use super::super::{Key, Slot, Stream};

/// A century: added to any time of this age it is still counted exactly.
const FOR_EVER: u64 = 3_155_760_000_000_000;

/// What every name begins with; it holds the hash tag.
#[derive(Clone, Copy)]
pub(super) struct Names<'a>(pub(super) &'a str);

impl Names<'_> {
    pub(super) fn event(self, key: &Key) -> String {
        self.scoped("event", &key.source, key.tenant.as_deref(), &key.consumer, &key.id)
    }

    /// The ids that share a fingerprint, in the scope of `key`.
    pub(super) fn twins(self, key: &Key, fingerprint: &[u8]) -> String {
        self.scoped("twins", &key.source, key.tenant.as_deref(), &key.consumer, &HEXLOWER.encode(fingerprint))
    }

    /// The stream, what waits in it, and the list of those in which anything does.
    pub(super) fn stream(self, stream: &Stream) -> [String; 3] {
        let name = |kind| self.scoped(kind, &stream.source, stream.tenant.as_deref(), &stream.consumer, &stream.name);
        [name("stream"), name("waiting"), self.streams()]
    }

    pub(super) fn streams(self) -> String {
        self.only("streams")
    }

    pub(super) fn tokens(self) -> String {
        self.only("token")
    }

    pub(super) fn letters(self) -> String {
        self.only("dead_letters")
    }

    /// No column's name has a colon of its own, so that two never look alike.
    fn scoped(self, kind: &str, source: &str, tenant: Option<&str>, consumer: &str, last: &str) -> String {
        let (mark, tenant) = tenant.map_or(("", ""), |tenant| ("=", tenant));
        let (source, tenant, consumer) = (escaped(source), escaped(tenant), escaped(consumer));
        [self.0, kind, ":", &source, ":", mark, &tenant, ":", &consumer, ":", last].concat()
    }

    fn only(self, kind: &str) -> String {
        [self.0, kind].concat()
    }
}

fn escaped(column: &str) -> Cow<'_, str> {
    if column.contains([':', '%']) {
        return column.replace('%', "%25").replace(':', "%3A").into();
    }
    column.into()
}

/// The end of a column within a [`member`]; a zero byte in a column is followed by [`NO_END`].
const END: u8 = 1;
const NO_END: u8 = 0xff;

/// A stream as bytes that sort as streams do.
pub(super) fn member(stream: &Stream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut column = |mark: &[u8], text: &str| {
        bytes.extend_from_slice(mark);
        for byte in text.bytes() {
            bytes.push(byte);
            if byte == 0 {
                bytes.push(NO_END);
            }
        }
        bytes.extend([0, END]);
    };
    column(&[], &stream.source);
    match &stream.tenant {
        None => column(b"0", ""),
        Some(tenant) => column(b"1", tenant),
    }
    column(&[], &stream.consumer);
    column(&[], &stream.name);
    bytes
}

/// The stream that bytes of [`member`] are.
pub(super) fn stream_of(member: &[u8]) -> Option<Stream> {
    let (mut columns, mut column, mut bytes) = (Vec::new(), Vec::new(), member.iter().copied());
    while let Some(byte) = bytes.next() {
        match (byte, if byte == 0 { bytes.next()? } else { NO_END }) {
            (byte, NO_END) => column.push(byte),
            (_, END) => columns.push(String::from_utf8(std::mem::take(&mut column)).ok()?),
            _ => return None,
        }
    }
    let [source, tenant, consumer, name] = <[String; 4]>::try_from(columns).ok()?;
    let tenant = tenant.strip_prefix('1').map(str::to_owned);
    Some(Stream { source, tenant, consumer, name })
}

/// The stream of a slot that has a place.
pub(super) fn stream(slot: &Slot) -> Option<Stream> {
    slot.place.as_ref().map(|place| slot.key.stream(&*place.stream))
}

/// Rounded up; what is too long to be told apart from for ever is for ever.
pub(super) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_nanos().div_ceil(1000)).map_or(FOR_EVER, |span| span.min(FOR_EVER))
}

pub(super) fn date(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_apart() {
        let names = Names("{inhook}:");
        let name = |source: &str, consumer: &str, id: &str| names.event(&Key::new(source, consumer, id));
        assert_eq!(name("stripe", "default", "evt:1"), "{inhook}:event:stripe::default:evt:1");
        assert_ne!(name("a:b", "c", "d"), name("a", "b:c", "d"));
        assert_ne!(name("a:", "c", "d"), name("a%3A", "c", "d"));
        let key = Key::new("a", "b", "c");
        assert_ne!(names.event(&key), names.event(&key.clone().tenant("")));
        assert_ne!(names.event(&key.clone().tenant("=")), names.event(&key.tenant("")));
    }

    #[test]
    fn streams_as_bytes_sort_as_streams() {
        let mut streams = Vec::new();
        for source in ["", "a", "a\0", "a\0b", "ab", "a\u{1}", "\u{ff}"] {
            for consumer in ["", "b", "\0"] {
                for name in ["", "\0", "c"] {
                    let stream = Stream::new(source, consumer, name);
                    streams.extend([stream.clone().tenant(""), stream.clone().tenant("\0"), stream.clone()]);
                    streams.push(stream.tenant("t"));
                }
            }
        }
        streams.sort();
        let members: Vec<Vec<u8>> = streams.iter().map(member).collect();
        assert!(members.is_sorted());
        assert!(streams.iter().zip(&members).all(|(stream, member)| stream_of(member).as_ref() == Some(stream)));
        for nonsense in [&b"a"[..], b"a\0", b"a\0\x01", b"a\0\x02b\0\x01", b"\xf0\0\x01\0\x01\0\x01\0\x01"] {
            assert_eq!(stream_of(nonsense), None);
        }
    }

    #[test]
    fn spans_are_rounded_up_and_have_an_end() {
        assert_eq!(micros(Duration::from_nanos(1)), 1);
        assert_eq!(micros(Duration::from_secs(1)), 1_000_000);
        assert_eq!(micros(Duration::MAX), FOR_EVER);
        // Twice the longest from a date of ten years hence is still below 2^53.
        const { assert!(2 * FOR_EVER + 2_100_000_000_000_000 < 1 << 53) };
    }
}
