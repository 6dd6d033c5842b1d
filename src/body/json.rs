//! One pass over a JSON text that picks the values at a few pointers and skips the rest without building it.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// JSON pointers to pick together; at most 64, of which `~` escapes are not read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pointers(Vec<Pointer>);

#[derive(Clone, Debug)]
struct Pointer {
    text: &'static str,
    segments: Vec<&'static str>,
}

impl Pointers {
    /// Adds one; all of the document (`""`) need not be picked.
    pub(crate) fn add(&mut self, text: &'static str) {
        if !text.is_empty() && self.0.iter().all(|p| p.text != text) {
            let segments = text.strip_prefix('/').unwrap_or(text).split('/').collect();
            self.0.push(Pointer { text, segments });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The values found, in the order of the pointers. Of a name that comes twice the last one counts, as for every
    /// parser that builds a map.
    pub(crate) fn pick<'t>(&self, text: &'t [u8]) -> Result<Picked<'_, 't>, serde_json::Error> {
        let mut values = Values::new(self.0.len());
        if !self.0.is_empty() {
            self.walk(text, u64::MAX, 0, values.as_mut())?;
        }
        Ok(Picked { pointers: self, values })
    }

    fn walk<'t>(
        &self,
        text: &'t [u8],
        mask: u64,
        depth: usize,
        values: &mut [Option<&'t RawValue>],
    ) -> Result<(), serde_json::Error> {
        let mut json = serde_json::Deserializer::from_slice(text);
        Walk { pointers: &self.0, mask, depth, values }.deserialize(&mut json)?;
        json.end()
    }
}

/// What [`Pointers::pick`] found.
#[derive(Debug)]
pub(crate) struct Picked<'p, 't> {
    pointers: &'p Pointers,
    values: Values<'t>,
}

/// As many as there are pointers; nearly always few enough to do without a list.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives on the stack, and boxing it is what this is to avoid")]
enum Values<'t> {
    Few([Option<&'t RawValue>; 16]),
    Many(Vec<Option<&'t RawValue>>),
}

impl<'t> Values<'t> {
    fn new(len: usize) -> Self {
        if len <= 16 { Self::Few([None; 16]) } else { Self::Many(vec![None; len]) }
    }

    fn as_mut(&mut self) -> &mut [Option<&'t RawValue>] {
        match self {
            Self::Few(values) => values,
            Self::Many(values) => values,
        }
    }

    fn get(&self, at: usize) -> Option<&'t RawValue> {
        match self {
            Self::Few(values) => values.get(at).copied().flatten(),
            Self::Many(values) => values.get(at).copied().flatten(),
        }
    }
}

impl<'t> Picked<'_, 't> {
    /// The JSON text at `pointer`; `null` is as good as absent.
    pub(crate) fn raw(&self, pointer: &str) -> Option<&'t str> {
        let at = self.pointers.0.iter().position(|p| p.text == pointer)?;
        let raw = self.values.get(at)?.get();
        (raw != "null").then_some(raw)
    }

    /// The string at `pointer`, or a number or boolean as it is written.
    pub(crate) fn text(&self, pointer: &str) -> Option<Cow<'t, str>> {
        scalar(self.raw(pointer)?)
    }
}

/// A string's text, or a number or boolean as it is written.
pub(crate) fn scalar(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'"' => match raw.get(1..raw.len() - 1)? {
            plain if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
            _ => serde_json::from_str(raw).ok().map(Cow::Owned),
        },
        b'{' | b'[' => None,
        _ => Some(Cow::Borrowed(raw)),
    }
}

/// The string at one pointer, as in [`Picked::text`]: for a signature that stands in the body.
pub(crate) fn string_at<'t>(text: &'t [u8], pointer: &'static str) -> Result<Option<Cow<'t, str>>, serde_json::Error> {
    Ok(raw_at(text, pointer)?.filter(|raw| raw.starts_with('"')).and_then(scalar))
}

/// The number at one pointer, as it is written.
pub(crate) fn number_at<'t>(text: &'t [u8], pointer: &'static str) -> Result<Option<Cow<'t, str>>, serde_json::Error> {
    Ok(raw_at(text, pointer)?.filter(|raw| is_number(raw)).map(Cow::Borrowed))
}

/// Whether a JSON value is a number; `text` is one value without white space around it.
pub(crate) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && is_one(text)
}

fn raw_at<'t>(text: &'t [u8], pointer: &'static str) -> Result<Option<&'t str>, serde_json::Error> {
    let mut pointers = Pointers::default();
    pointers.add(pointer);
    Ok(pointers.pick(text)?.raw(pointer))
}

/// A byte order mark is no JSON, and some senders sign one.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

struct Walk<'p, 'v, 't> {
    pointers: &'p [Pointer],
    /// Which pointers have come this far.
    mask: u64,
    depth: usize,
    values: &'v mut [Option<&'t RawValue>],
}

impl<'t> Walk<'_, '_, 't> {
    /// Those of the mask whose segment at this depth is `name`: first those that end here, then those that go on.
    fn matching(&self, name: &str) -> (u64, u64) {
        let (mut here, mut deeper) = (0, 0);
        for (i, pointer) in self.pointers.iter().enumerate().take(64) {
            let bit = 1 << i;
            if self.mask & bit != 0 && pointer.segments.get(self.depth) == Some(&name) {
                *(if pointer.segments.len() == self.depth + 1 { &mut here } else { &mut deeper }) |= bit;
            }
        }
        (here, deeper)
    }

    fn child(&mut self, mask: u64) -> Walk<'_, '_, 't> {
        Walk { pointers: self.pointers, mask, depth: self.depth + 1, values: self.values }
    }

    /// A name that comes again hides all that stood below it.
    fn clear(&mut self, mask: u64) {
        for (i, value) in self.values.iter_mut().enumerate().take(64) {
            if mask & (1 << i) != 0 {
                *value = None;
            }
        }
    }

    fn keep(&mut self, mask: u64, raw: &'t RawValue) {
        for (i, value) in self.values.iter_mut().enumerate().take(64) {
            if mask & (1 << i) != 0 {
                *value = Some(raw);
            }
        }
    }
}

impl<'t> DeserializeSeed<'t> for Walk<'_, '_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

/// Which pointers a name goes with, without copying the name.
struct Name<'w, 'p, 'v, 't>(&'w Walk<'p, 'v, 't>);

impl<'t> DeserializeSeed<'t> for Name<'_, '_, '_, 't> {
    type Value = (u64, u64);

    fn deserialize<D: Deserializer<'t>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_, '_, '_, '_> {
    type Value = (u64, u64);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.matching(name))
    }
}

impl<'t> Visitor<'t> for Walk<'_, '_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((here, deeper)) = map.next_key_seed(Name(&self))? {
            if here | deeper == 0 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            self.clear(here | deeper);
            if here == 0 {
                map.next_value_seed(self.child(deeper))?;
                continue;
            }
            let raw = map.next_value::<&RawValue>()?;
            self.keep(here, raw);
            if deeper != 0 {
                let mut inner = serde_json::Deserializer::from_str(raw.get());
                self.child(deeper).deserialize(&mut inner).map_err(serde::de::Error::custom)?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        loop {
            let (here, deeper) = self.matching(itoa(index).as_str());
            let more = match (here, deeper) {
                (0, 0) => list.next_element::<IgnoredAny>()?.is_some(),
                (0, _) => list.next_element_seed(self.child(deeper))?.is_some(),
                _ => list.next_element::<&RawValue>()?.map(|raw| self.keep(here, raw)).is_some(),
            };
            if !more {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// An array's index as a pointer's segment; only the first hundred can be named.
fn itoa(index: usize) -> Digits {
    let (tens, ones) = ((index / 10) as u8, (index % 10) as u8);
    match index {
        0..10 => Digits([b'0' + ones, 0], 1),
        10..100 => Digits([b'0' + tens, b'0' + ones], 2),
        _ => Digits([0; 2], 0),
    }
}

struct Digits([u8; 2], usize);

impl Digits {
    fn as_str(&self) -> &str {
        self.0.get(..self.1).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or_default()
    }
}

/// The items of a JSON array; `None` if it is something else.
pub(crate) fn items(raw: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// Whether the text is one JSON value and no more.
pub(crate) fn is_one(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(text: &str, pointer: &'static str) -> Option<String> {
        let mut pointers = Pointers::default();
        pointers.add("/other");
        pointers.add(pointer);
        pointers.pick(text.as_bytes()).unwrap().text(pointer).map(Cow::into_owned)
    }

    #[test]
    fn values_are_found_where_the_pointer_says() {
        let text = r#"{"a":{"b":"x","c":[1,{"d":"\u00e9"}]},"n":1.50,"t":true,"z":null}"#;
        assert_eq!(pick(text, "/a/b").as_deref(), Some("x"));
        assert_eq!(pick(text, "/a/c/1/d").as_deref(), Some("é"));
        assert_eq!(pick(text, "/a/c/0").as_deref(), Some("1"));
        assert_eq!(pick(text, "/n").as_deref(), Some("1.50"));
        assert_eq!(pick(text, "/t").as_deref(), Some("true"));
        for nothing in ["/z", "/a", "/a/c", "/a/b/c", "/n/x", "/missing"] {
            assert_eq!(pick(text, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_value_and_what_stands_in_it_are_both_found() {
        let mut pointers = Pointers::default();
        pointers.add("/event");
        pointers.add("/event/type");
        let picked = pointers.pick(br#"{"event":{"type":"x"}}"#).unwrap();
        assert_eq!(picked.raw("/event"), Some(r#"{"type":"x"}"#));
        assert_eq!(picked.text("/event/type").as_deref(), Some("x"));
    }

    #[test]
    fn of_a_repeated_name_the_last_counts_with_all_below_it() {
        assert_eq!(pick(r#"{"a":1,"a":2}"#, "/a").as_deref(), Some("2"));
        assert_eq!(pick(r#"{"a":{"b":1},"a":{"c":2}}"#, "/a/b"), None);
        assert_eq!(pick(r#"{"\u0061":1}"#, "/a").as_deref(), Some("1"));
    }

    #[test]
    fn a_number_is_read_as_it_is_written_and_nothing_else_is_one() {
        let at = |text: &'static str| number_at(text.as_bytes(), "/t").unwrap().map(Cow::into_owned);
        for number in ["1760019978000", "-1", "1e9", "1.0"] {
            assert_eq!(at(Box::leak(format!(r#"{{"t": {number} }}"#).into_boxed_str())).as_deref(), Some(number));
        }
        for other in [r#"{"t":"1"}"#, r#"{"t":null}"#, r#"{"t":true}"#, r#"{"t":[1]}"#, r#"{"t":{"t":1}}"#, "{}"] {
            assert_eq!(at(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        let mut pointers = Pointers::default();
        pointers.add("/a");
        for text in ["", "{", r#"{"a":1}x"#, r#"{"a":}"#, "\u{feff}{}", "nul"] {
            assert!(pointers.pick(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(pointers.pick(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(pick(&format!(r#"{{"x":{deep},"a":"1"}}"#), "/a").as_deref(), Some("1"));
        assert_eq!(items(&deep).map(|i| i.len()), Some(1));
    }
}
