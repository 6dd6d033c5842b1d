//! Passing over JSON without building it: every byte is judged as `serde_json` judges what it ignores, in less time, since
//! indentation and strings are passed eight bytes at once.

/// It is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Where it has come to. What is passed at once is counted in a variable: a field is written to memory at every step.
pub(super) struct Scan<'t> {
    rest: &'t [u8],
}

/// A name as it is written, without its quotes.
pub(super) struct Name<'t> {
    pub(super) text: &'t [u8],
    pub(super) has_escapes: bool,
}

/// Eight times the same byte.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte that a string cannot go on with as it is: quote, backslash, or less than a space; perhaps of
/// others too, but of none before the first.
const fn special(bytes: u64) -> u64 {
    // With that one bit turned, the quote comes next after the control characters: one comparison is enough for both.
    let quote_or_less = (bytes ^ all(b'"' ^ b' ')).wrapping_sub(all(b' ' + 1));
    let backslash = (bytes ^ all(b'\\')).wrapping_sub(all(1));
    (quote_or_less | backslash) & !bytes & all(0x80)
}

/// The index of the first byte of which a bit is set.
const fn first(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 8
}

impl<'t> Scan<'t> {
    pub(super) const fn new(text: &'t [u8]) -> Self {
        Self { rest: text }
    }

    /// The next byte that is not white space, which stays.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        let mut rest = self.rest;
        let found = loop {
            match rest {
                // Most often.
                [byte @ b'!'..=0xff, ..] => break Some(*byte),
                [b'\n', after @ ..] => {
                    rest = after;
                    while let Some((eight, after)) = rest.split_first_chunk() {
                        let others = u64::from_le_bytes(*eight) ^ all(b' ');
                        if others != 0 {
                            rest = rest.get(first(others)..).unwrap_or_default();
                            break;
                        }
                        rest = after;
                    }
                }
                [b' ' | b'\t' | b'\r', after @ ..] => rest = after,
                _ => break rest.first().copied(),
            }
        };
        self.rest = rest;
        found
    }

    /// The next byte that is not white space, if it is this one; passes it.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        if is {
            self.pass();
        }
        is
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        if self.eat(byte) { Ok(()) } else { Err(Broken) }
    }

    /// Nothing but white space may be left.
    pub(super) fn end(&mut self) -> Result<(), Broken> {
        if self.peek().is_none() { Ok(()) } else { Err(Broken) }
    }

    /// A name of an object, and the colon behind it.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Name<'t>, Broken> {
        self.expect(b'"')?;
        let start = self.rest;
        let has_escapes = self.string()?;
        let text = start.get(..start.len() - self.rest.len() - 1).ok_or(Broken)?;
        self.expect(b':')?;
        Ok(Name { text, has_escapes })
    }

    /// One value, as it is written.
    pub(super) fn value(&mut self) -> Result<&'t [u8], Broken> {
        self.peek();
        let start = self.rest;
        let mut open = Open::default();
        loop {
            // A value begins here.
            match self.peek().ok_or(Broken)? {
                b'"' => {
                    self.pass();
                    self.string()?;
                }
                b'{' => {
                    self.pass();
                    if !self.eat(b'}') {
                        open.push(true);
                        self.name()?;
                        continue;
                    }
                }
                b'[' => {
                    self.pass();
                    if !self.eat(b']') {
                        open.push(false);
                        continue;
                    }
                }
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => self.number()?,
            }
            // A value has ended here, and perhaps what it stands in.
            loop {
                let Some(object) = open.last() else {
                    return start.get(..start.len() - self.rest.len()).ok_or(Broken);
                };
                if self.eat(b',') {
                    if object {
                        self.name()?;
                    }
                    break;
                }
                self.expect(if object { b'}' } else { b']' })?;
                open.pop();
            }
        }
    }

    #[inline]
    fn pass(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// The rest of a string, its closing quote included; whether anything in it is escaped.
    #[inline]
    fn string(&mut self) -> Result<bool, Broken> {
        let (mut rest, mut has_escapes) = (self.rest, false);
        loop {
            while let Some((eight, after)) = rest.split_first_chunk() {
                let special = special(u64::from_le_bytes(*eight));
                if special != 0 {
                    rest = rest.get(first(special)..).unwrap_or_default();
                    break;
                }
                rest = after;
            }
            let (byte, after) = rest.split_first().ok_or(Broken)?;
            rest = after;
            match byte {
                b'"' => {
                    self.rest = rest;
                    return Ok(has_escapes);
                }
                b'\\' => (rest, has_escapes) = (escaped(rest)?, true),
                0..0x20 => return Err(Broken),
                _ => {}
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Broken> {
        self.rest = self.rest.strip_prefix(word).ok_or(Broken)?;
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<(), Broken> {
        let mut rest = self.rest;
        if let [b'-', after @ ..] = rest {
            rest = after;
        }
        rest = if let [b'0', after @ ..] = rest { after } else { digits(rest)? };
        if let [b'.', after @ ..] = rest {
            rest = digits(after)?;
        }
        if let [b'e' | b'E', b'+' | b'-', after @ ..] | [b'e' | b'E', after @ ..] = rest {
            rest = digits(after)?;
        }
        self.rest = rest;
        Ok(())
    }
}

/// What comes after an escape, of which the backslash has been passed.
fn escaped(text: &[u8]) -> Result<&[u8], Broken> {
    match text {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', after @ ..] => Ok(after),
        [b'u', a, b, c, d, after @ ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => Ok(after),
        _ => Err(Broken),
    }
}

/// What comes after one digit or more.
#[inline]
fn digits(text: &[u8]) -> Result<&[u8], Broken> {
    let [b'0'..=b'9', rest @ ..] = text else { return Err(Broken) };
    let mut rest = rest;
    while let [b'0'..=b'9', after @ ..] = rest {
        rest = after;
    }
    Ok(rest)
}

/// What is open, outermost first: a bit each, an object or not. Depth costs no stack, and up to 64 no heap.
#[derive(Default)]
struct Open {
    depth: usize,
    /// The innermost 64 or fewer.
    bits: u64,
    outer: Vec<u64>,
}

impl Open {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = (self.bits << 1) | u64::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    fn last(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn ours(text: &[u8]) -> bool {
        let mut scan = Scan::new(text);
        scan.value().and_then(|_| scan.end()).is_ok()
    }

    fn theirs(text: &[u8]) -> bool {
        serde_json::from_slice::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn the_grammar_is_kept() {
        for text in [
            "0",
            "-0",
            "01",
            "-",
            "1.",
            ".1",
            "1.0e",
            "1e+",
            "1e-09",
            "1E5",
            "1.5e3x",
            "+1",
            "--1",
            "\"",
            "\"a",
            "\"\\",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\ud800\"",
            "\"\t\"",
            "\"\u{7f}é€\"",
            "{}",
            "{ }",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{a:1}",
            "{1:1}",
            "[",
            "]",
            "[1",
            "[1,]",
            "[,]",
            "[1 2]",
            "[[]]",
            "[{}]",
            "{\"a\":[1,{\"b\":null}]}",
            "{]",
            "[}",
            "tru",
            "true",
            "truex",
            "nul",
            "null ",
            "falsefalse",
            "\u{b}1",
            "1\u{c}",
            "\n        1",
            "\n       1\n",
            "",
            " ",
            "\0",
        ] {
            assert_eq!(ours(text.as_bytes()), theirs(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn what_is_open_is_remembered_at_any_depth() {
        for depth in [1, 63, 64, 65, 127, 128, 129, 1000] {
            let (open, close): (String, String) =
                (0..depth).map(|n| if n % 3 == 0 { ("{\"a\":", '}') } else { ("[", ']') }).unzip();
            let close: String = close.chars().rev().collect();
            assert!(ours(format!("{open}1{close}").as_bytes()), "{depth}");
            assert!(ours(format!("[{open}1{close},{open}1{close}]").as_bytes()), "{depth}");
            let (open, close) = (format!("{open}["), format!("}}{close}"));
            assert!(!ours(format!("{open}1{close}").as_bytes()), "{depth}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn any_text_is_judged_as_serde_json_does(text in r#"([\[\]{}:,"\\ \n]|[0-9.eE+-]{1,3}|true|null|"[a-zé\\u0-9]{0,12}"|\n {0,20}|[\x00-\x7f]){0,24}"#) {
            prop_assert_eq!(ours(text.as_bytes()), theirs(text.as_bytes()));
        }

        #[test]
        fn json_with_one_byte_changed_is_judged_as_serde_json_does(at in any::<prop::sample::Index>(), byte: u8) {
            let mut text = r#"{"a": [1, -2.5e+7, "x\u00e9\\ é and more of it", true, null, {}],
                "b": {"c": "", "d": [[], [[{"e": false}]]], "f":
                        "eight or more"}}"#.as_bytes().to_vec();
            prop_assert!(ours(&text) && theirs(&text));
            let at = at.index(text.len());
            text[at] = byte;
            prop_assert_eq!(ours(&text), theirs(&text));
        }
    }
}
