//! JSON as other programs write it: the same values in the same order, with other white space and escapes.

use std::fmt::Write as _;

/// The white space between values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// None, as JavaScript, Go and most others write it.
    Compact,
    /// One space behind commas and colons, as Python writes it.
    Spaced,
    /// A line for each value, indented by so many of this character.
    Lines(usize, char),
}

/// Which characters are written by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// As they were.
    Kept,
    /// No more than must be: JavaScript, Rust, Ruby.
    Least,
    /// All but ASCII: Python.
    Ascii,
    /// All but ASCII, and slashes: PHP.
    Slashes,
    /// Those that mean something in HTML: Go, Rails.
    Html,
}

pub(super) const LAYOUTS: [Layout; 5] =
    [Layout::Compact, Layout::Lines(2, ' '), Layout::Spaced, Layout::Lines(4, ' '), Layout::Lines(1, '\t')];
pub(super) const ESCAPES: [Escapes; 5] =
    [Escapes::Kept, Escapes::Least, Escapes::Ascii, Escapes::Slashes, Escapes::Html];

/// The text in another style; `None` if it is no JSON, or grows to more than a few times its length.
///
/// What stands between brackets, commas and strings is taken as it is: numbers keep their digits.
pub(super) fn rewrite(text: &str, layout: Layout, escapes: Escapes) -> Option<Vec<u8>> {
    let most = text.len().saturating_mul(6).saturating_add(1024);
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut rest) = (0_usize, text.trim_ascii());
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' => rest.split_at_checked(string_end(rest)?)?,
            '{' | '[' | '}' | ']' | ',' | ':' => rest.split_at_checked(1)?,
            _ => rest.split_at_checked(rest.find(['"', '{', '[', '}', ']', ',', ':']).unwrap_or(rest.len()))?,
        };
        rest = after.trim_ascii_start();
        match first {
            '"' => string(token, escapes, &mut out)?,
            '{' | '[' => {
                out.push(first);
                if rest.starts_with(['}', ']']) {
                    // Empty ones stand on one line.
                    out.push(rest.chars().next()?);
                    rest = rest.get(1..)?.trim_ascii_start();
                } else {
                    depth += 1;
                    line(layout, depth, &mut out);
                }
            }
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                line(layout, depth, &mut out);
                out.push(first);
            }
            ',' => {
                out.push(',');
                if layout == Layout::Spaced {
                    out.push(' ');
                }
                line(layout, depth, &mut out);
            }
            ':' => out.push_str(if layout == Layout::Compact { ":" } else { ": " }),
            _ => out.push_str(token.trim_ascii()),
        }
        if out.len() > most {
            return None;
        }
    }
    (depth == 0).then(|| out.into_bytes())
}

fn line(layout: Layout, depth: usize, out: &mut String) {
    if let Layout::Lines(by, with) = layout {
        out.push('\n');
        // Deeper than anybody nests, and longer than it may grow.
        out.extend(std::iter::repeat_n(with, by.saturating_mul(depth).min(4_096)));
    }
}

/// Behind the closing quote of a string that the text begins with.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|b| {
        let closes = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        closes
    });
    Some(end? + 2)
}

fn string(token: &str, escapes: Escapes, out: &mut String) -> Option<()> {
    if escapes == Escapes::Kept {
        out.push_str(token);
        return Some(());
    }
    let text: String = serde_json::from_str(token).ok()?;
    out.push('"');
    for c in text.chars() {
        let by_number = match escapes {
            Escapes::Kept | Escapes::Least => false,
            Escapes::Ascii | Escapes::Slashes => !c.is_ascii() || c == '\u{7f}' && escapes == Escapes::Ascii,
            Escapes::Html => matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
        };
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if escapes == Escapes::Slashes => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if by_number || c < ' ' => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").ok()?;
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#" {"a" : [1.50, -0e1,{ } ,[ ]],"b":"\/<ü😀\"\\\n",
        "c" :null}"#;

    fn text(layout: Layout, escapes: Escapes) -> String {
        String::from_utf8(rewrite(TEXT, layout, escapes).unwrap()).unwrap()
    }

    #[test]
    fn values_and_their_order_are_kept() {
        let kept = r#"{"a":[1.50,-0e1,{},[]],"b":"\/<ü😀\"\\\n","c":null}"#;
        assert_eq!(text(Layout::Compact, Escapes::Kept), kept);
        let spaced = r#"{"a": [1.50, -0e1, {}, []], "b": "\/<\u00fc\ud83d\ude00\"\\\n", "c": null}"#;
        assert_eq!(text(Layout::Spaced, Escapes::Ascii), spaced.replace("\\/", "/"));
        assert_eq!(text(Layout::Compact, Escapes::Html), kept.replace("\\/<", r"/\u003c"));
        assert_eq!(text(Layout::Compact, Escapes::Slashes), spaced.replace(", ", ",").replace(": ", ":"));
        let lines = "{\n  \"a\": [\n    1.50,\n    -0e1,\n    {},\n    []\n  ],\n";
        assert!(text(Layout::Lines(2, ' '), Escapes::Least).starts_with(lines));
    }

    #[test]
    fn it_is_what_another_writer_writes() {
        let value: serde_json::Value =
            serde_json::from_str(TEXT.replace("1.50", "1.5").replace("-0e1", "0").as_str()).unwrap();
        let text = TEXT.replace("1.50", "1.5").replace("-0e1", "0");
        let ours = |layout| rewrite(&text, layout, Escapes::Least).unwrap();
        assert_eq!(ours(Layout::Compact), serde_json::to_vec(&value).unwrap());
        assert_eq!(ours(Layout::Lines(2, ' ')), serde_json::to_vec_pretty(&value).unwrap());
    }

    #[test]
    fn what_is_no_json_or_grows_too_long_is_left() {
        for text in ["\"", "{\"a", "]", "{", "\"\\x\""] {
            assert_eq!(rewrite(text, Layout::Compact, Escapes::Least), None, "{text}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(rewrite(&deep, Layout::Lines(4, ' '), Escapes::Kept), None);
        assert!(rewrite(&deep, Layout::Compact, Escapes::Kept).is_some());
    }
}
