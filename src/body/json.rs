//! One pass over a JSON text that picks the values at a few pointers and skips the rest without building it.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::scan::{Broken, Name, Scan};

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
            let mut scan = Scan::new(text);
            let mut walk = Walk { pointers: &self.0, values: values.as_mut() };
            walk.value(&mut scan, u64::MAX, 0).and_then(|()| scan.end()).map_err(|Broken| complaint(text))?;
        }
        Ok(Picked { pointers: self, values })
    }
}

/// What a parser that says more says of it.
fn complaint(text: &[u8]) -> serde_json::Error {
    let complaint = serde_json::from_slice::<IgnoredAny>(text).err();
    complaint.unwrap_or_else(|| serde::de::Error::custom("a name or value is not text"))
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
    Few([Option<&'t str>; 16]),
    Many(Vec<Option<&'t str>>),
}

impl<'t> Values<'t> {
    fn new(len: usize) -> Self {
        if len <= 16 { Self::Few([None; 16]) } else { Self::Many(vec![None; len]) }
    }

    fn as_mut(&mut self) -> &mut [Option<&'t str>] {
        match self {
            Self::Few(values) => values,
            Self::Many(values) => values,
        }
    }

    fn get(&self, at: usize) -> Option<&'t str> {
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
        let raw = self.values.get(at)?;
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
    values: &'v mut [Option<&'t str>],
}

impl<'t> Walk<'_, '_, 't> {
    /// Passes one value that the pointers of `mask` have come to; it goes as deep as they do.
    fn value(&mut self, scan: &mut Scan<'t>, mask: u64, depth: usize) -> Result<(), Broken> {
        if scan.eat(b'{') {
            if scan.eat(b'}') {
                return Ok(());
            }
            loop {
                let Name { text, has_escapes } = scan.name()?;
                let (here, deeper) = match has_escapes {
                    true => self.matching(unescaped(text)?.as_bytes(), mask, depth),
                    false => self.matching(text, mask, depth),
                };
                self.member(scan, here, deeper, depth)?;
                if !scan.eat(b',') {
                    return scan.expect(b'}');
                }
            }
        }
        if scan.eat(b'[') {
            if scan.eat(b']') {
                return Ok(());
            }
            for index in 0.. {
                let (here, deeper) = self.matching(itoa(index).as_str().as_bytes(), mask, depth);
                self.member(scan, here, deeper, depth)?;
                if !scan.eat(b',') {
                    break;
                }
            }
            return scan.expect(b']');
        }
        scan.value().map(|_| ())
    }

    /// A value that some pointers end at (`here`), and some go on from.
    fn member(&mut self, scan: &mut Scan<'t>, here: u64, deeper: u64, depth: usize) -> Result<(), Broken> {
        if here | deeper == 0 {
            return scan.value().map(|_| ());
        }
        // A name that comes again hides all that stood below it.
        self.set(here | deeper, None);
        if here == 0 {
            return self.value(scan, deeper, depth + 1);
        }
        let raw = scan.value()?;
        self.set(here, Some(str::from_utf8(raw).map_err(|_| Broken)?));
        if deeper == 0 { Ok(()) } else { self.value(&mut Scan::new(raw), deeper, depth + 1) }
    }

    /// Those of the mask whose segment at this depth is `name`: first those that end here, then those that go on.
    fn matching(&self, name: &[u8], mask: u64, depth: usize) -> (u64, u64) {
        let (mut here, mut deeper) = (0, 0);
        for (i, pointer) in self.pointers.iter().enumerate().take(64) {
            let bit = 1 << i;
            if mask & bit != 0 && pointer.segments.get(depth).is_some_and(|segment| segment.as_bytes() == name) {
                *(if pointer.segments.len() == depth + 1 { &mut here } else { &mut deeper }) |= bit;
            }
        }
        (here, deeper)
    }

    fn set(&mut self, mask: u64, to: Option<&'t str>) {
        for (i, value) in self.values.iter_mut().enumerate().take(64) {
            if mask & (1 << i) != 0 {
                *value = to;
            }
        }
    }
}

fn unescaped(name: &[u8]) -> Result<String, Broken> {
    serde_json::from_slice(&[b"\"", name, b"\""].concat()).map_err(|_| Broken)
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

/// The members of one JSON object, each name of which comes once.
#[derive(Debug)]
pub(crate) struct Members<'t>(Vec<(Cow<'t, str>, &'t str)>);

/// More than any token has.
const MOST_MEMBERS: usize = 100;

/// The members of the object that `text` is; `None` if it is anything else, or a name comes twice in it.
pub(crate) fn members(text: &[u8]) -> Option<Members<'_>> {
    let mut scan = Scan::new(text);
    let mut members: Vec<(Cow<'_, str>, &str)> = Vec::with_capacity(12);
    scan.expect(b'{').ok()?;
    if !scan.eat(b'}') {
        loop {
            let Name { text, has_escapes } = scan.name().ok()?;
            let name = match has_escapes {
                true => Cow::Owned(unescaped(text).ok()?),
                false => Cow::Borrowed(str::from_utf8(text).ok()?),
            };
            let value = str::from_utf8(scan.value().ok()?).ok()?;
            if members.len() == MOST_MEMBERS || members.iter().any(|(other, _)| *other == name) {
                return None;
            }
            members.push((name, value));
            if !scan.eat(b',') {
                scan.expect(b'}').ok()?;
                break;
            }
        }
    }
    scan.end().ok()?;
    Some(Members(members))
}

impl<'t> Members<'t> {
    /// The JSON text of one, `null` too.
    pub(crate) fn raw(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    /// Those that are strings.
    #[cfg(feature = "asymmetric")]
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, Cow<'t, str>)> {
        let text = |raw: &'t str| scalar(Some(raw).filter(|raw| raw.starts_with('"'))?);
        self.0.iter().filter_map(move |(name, raw)| Some((&**name, text(raw)?)))
    }

    /// The text of one that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'t, str>> {
        self.raw(name).filter(|raw| raw.starts_with('"')).and_then(scalar)
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
