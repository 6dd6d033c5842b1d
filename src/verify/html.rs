//! What HTML escapes, unescaped.

/// The text with `& < > " '` in place of their references, by name or by number; any other reference is left as it is,
/// and what comes out is not read again.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        match (*first == b'&').then(|| reference(tail)).flatten() {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// The character that a reference stands for, without its ampersand, and what comes after its semicolon.
fn reference(text: &[u8]) -> Option<(u8, &[u8])> {
    let end = text.iter().position(|b| *b == b';')?;
    let (name, after) = (text.get(..end)?, text.get(end + 1..)?);
    let character = match name {
        b"amp" => b'&',
        b"lt" => b'<',
        b"gt" => b'>',
        b"quot" => b'"',
        [b'#', b'x' | b'X', digits @ ..] => match without_zeros(digits) {
            b"22" => b'"',
            b"26" => b'&',
            b"27" => b'\'',
            _ => return None,
        },
        [b'#', digits @ ..] => match without_zeros(digits) {
            b"34" => b'"',
            b"38" => b'&',
            b"39" => b'\'',
            b"60" => b'<',
            b"62" => b'>',
            _ => return None,
        },
        _ => return None,
    };
    Some((character, after))
}

fn without_zeros(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_characters_and_nothing_else() {
        let texts = [
            ("a&amp;b&lt;c&gt;d&quot;e&#039;f", "a&b<c>d\"e'f"),
            ("&#39;&#0034;&#x27;&#X022;&#60;&#062;&#38;", "'\"'\"<>&"),
            ("&amp;lt;", "&lt;"),
            ("&;&&amp;&amp", "&;&&&amp"),
            ("&nbsp;&#65;&#x3c;&#;&#x;", "&nbsp;&#65;&#x3c;&#;&#x;"),
            ("", ""),
        ];
        for (escaped, plain) in texts {
            assert_eq!(unescape(escaped.as_bytes()), plain.as_bytes(), "{escaped}");
        }
    }
}
