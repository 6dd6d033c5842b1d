//! What a body was, perhaps, before something on the way changed it.

use bytes::Bytes;
use data_encoding::{BASE64, BASE64_NOPAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::style::{ESCAPES, LAYOUTS, rewrite};
use crate::{
    body::{Kind, form},
    diagnosis::BodyChange,
};

/// What a form leaves as it is.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');
/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &FORM.remove(b'!').remove(b'~').remove(b'\'').remove(b'(').remove(b')');

/// Gives `try_it` one body after another, until it says that one fits. None is longer than some times the body.
pub(super) fn others(
    kind: Kind,
    body: &Bytes,
    mut try_it: impl FnMut(BodyChange, Bytes) -> bool,
) -> Option<BodyChange> {
    let mut fits = |change, other: Vec<u8>| (other != *body && try_it(change, other.into())).then_some(change);
    ends(body, &mut fits)
        .or_else(|| marks(body, &mut fits))
        .or_else(|| wrapped(body, &mut fits))
        .or_else(|| json(body, &mut fits))
        .or_else(|| forms(kind, body, &mut fits))
}

type Fits<'f> = &'f mut dyn FnMut(BodyChange, Vec<u8>) -> Option<BodyChange>;

fn ends(body: &[u8], fits: Fits<'_>) -> Option<BodyChange> {
    let trimmed = body.trim_ascii_end();
    for (at, end) in body.get(trimmed.len()..).unwrap_or_default().iter().enumerate() {
        // One line's end, or all that is white.
        if at == 0 || *end == b'\n' || *end == b'\r' {
            let found = fits(BodyChange::EndAdded, body.get(..trimmed.len() + at).unwrap_or_default().to_vec());
            if found.is_some() || at > 8 {
                return found;
            }
        }
    }
    fits(BodyChange::EndRemoved, [body, b"\n"].concat())
        .or_else(|| fits(BodyChange::EndRemoved, [body, b"\r\n"].concat()))
        .or_else(|| fits(BodyChange::EndAdded, body.trim_ascii().to_vec()))
}

fn marks(body: &[u8], fits: Fits<'_>) -> Option<BodyChange> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let lf = without_returns(body);
    let crlf = lf.iter().flat_map(|b| if *b == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(b) });
    let crlf = crlf.copied().collect();
    fits(BodyChange::CrLf, lf).or_else(|| fits(BodyChange::Lf, crlf)).or_else(|| match body.strip_prefix(MARK) {
        Some(rest) => fits(BodyChange::MarkAdded, rest.to_vec()),
        None => fits(BodyChange::MarkRemoved, [MARK, body].concat()),
    })
}

fn without_returns(body: &[u8]) -> Vec<u8> {
    let next = body.iter().skip(1).map(Some).chain([None]);
    body.iter().zip(next).filter(|(b, next)| **b != b'\r' || *next != Some(&b'\n')).map(|(b, _)| *b).collect()
}

fn wrapped(body: &[u8], fits: Fits<'_>) -> Option<BodyChange> {
    if let Ok(decoded) = BASE64.decode(body.trim_ascii()).or_else(|_| BASE64_NOPAD.decode(body.trim_ascii()))
        && let Some(change) = fits(BodyChange::Base64, decoded)
    {
        return Some(change);
    }
    if body.trim_ascii().first() == Some(&b'"')
        && let Ok(inner) = serde_json::from_slice::<String>(body)
        && let Some(change) = fits(BodyChange::JsonString, inner.into_bytes())
    {
        return Some(change);
    }
    let text = str::from_utf8(body).ok().filter(|text| !text.is_ascii())?;
    let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    fits(BodyChange::Latin1, latin1?)
}

fn json(body: &[u8], fits: Fits<'_>) -> Option<BodyChange> {
    let start = body.trim_ascii_start().first();
    let text = str::from_utf8(body).ok().filter(|_| matches!(start, Some(b'{' | b'[')))?;
    for escapes in ESCAPES {
        for layout in LAYOUTS {
            // What cannot be written so with these escapes cannot with another layout either, unless it grows too long.
            let Some(mut other) = rewrite(text, layout, escapes) else { continue };
            if let Some(change) = fits(BodyChange::Rewritten, other.clone()) {
                return Some(change);
            }
            other.push(b'\n');
            if let Some(change) = fits(BodyChange::Rewritten, other) {
                return Some(change);
            }
        }
    }
    None
}

fn forms(kind: Kind, body: &[u8], fits: Fits<'_>) -> Option<BodyChange> {
    if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        // GitHub's name for it, and those of others.
        for name in ["payload", "data", "json", "mandrill_events"] {
            for encoded in encodings(body) {
                let other = [name.as_bytes(), b"=", &*encoded].concat();
                if let Some(change) = fits(BodyChange::FieldOnly, other) {
                    return Some(change);
                }
            }
        }
    }
    if kind != Kind::Form && !body.contains(&b'=') {
        return None;
    }
    let decoded = |text: &[u8]| form::pairs(&[b"=", text].concat()).next().map(|(_, value)| value.into_owned());
    let whole = body.iter().map(|b| if *b == b'&' { b"%26".to_vec() } else { vec![*b] }).collect::<Vec<_>>().concat();
    if let Some(change) = decoded(&whole).and_then(|other| fits(BodyChange::FormEncoded, other)) {
        return Some(change);
    }
    // Cut at its `&` and first `=`, as it is told by those who decode a form and put it together again.
    for at in 0..3 {
        let mut fields = Vec::new();
        for field in body.split(|b| *b == b'&') {
            let (name, value) = field.split_at(field.iter().position(|b| *b == b'=').unwrap_or(field.len()));
            let encode = |text: &[u8]| encodings(text).into_iter().nth(at).unwrap_or_default();
            let mut field = encode(name);
            if let Some(value) = value.strip_prefix(b"=") {
                field.push(b'=');
                field.extend(encode(value));
            }
            fields.push(field);
        }
        if let Some(change) = fits(BodyChange::FormDecoded, fields.join(&b'&')) {
            return Some(change);
        }
    }
    None
}

/// As browsers, JavaScript and strict encoders write a form's value.
fn encodings(text: &[u8]) -> [Vec<u8>; 3] {
    let encode = |set| percent_encode(text, set).to_string().into_bytes();
    let spaces: Vec<_> = text.split(|b| *b == b' ').map(|word| percent_encode(word, FORM).to_string()).collect();
    [spaces.join("+").into_bytes(), encode(COMPONENT), encode(NON_ALPHANUMERIC)]
}
