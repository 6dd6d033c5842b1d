//! Reading bodies: JSON at a few places, forms, and which of them a body is.

pub(crate) mod form;
pub(crate) mod json;
#[cfg(feature = "multipart")]
mod multipart;
mod scan;

use http::{HeaderMap, header::CONTENT_TYPE};
use memchr::memchr;

use crate::request::first_value;

/// What a content type says that a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not said, or anything that is no form.
    Plain,
    Form,
    Multipart,
}

impl Kind {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::said(essence(headers))
    }

    fn said(essence: &[u8]) -> Self {
        if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            Self::Form
        } else if essence.eq_ignore_ascii_case(b"multipart/form-data") {
            Self::Multipart
        } else {
            Self::Plain
        }
    }

    pub(crate) fn is_form(self) -> bool {
        self != Self::Plain
    }
}

/// The content type without its parameters; empty where there is none.
pub(crate) fn essence(headers: &HeaderMap) -> &[u8] {
    let value = first_value(headers, CONTENT_TYPE).map(|v| v.as_bytes()).unwrap_or_default();
    let end = memchr(b';', value).unwrap_or(value.len());
    value.get(..end).unwrap_or_default().trim_ascii()
}

/// Whether a body of this type is one of these, or does not say what it is. `application/json` stands for all that are
/// JSON.
pub(crate) fn is_one_of(essence: &[u8], types: &[&str]) -> bool {
    let json = |b: &[u8]| b.len() >= 5 && b.get(b.len() - 5..).is_some_and(|end| end.eq_ignore_ascii_case(b"+json"));
    let is = |t: &&str| essence.eq_ignore_ascii_case(t.as_bytes()) || (*t == "application/json" && json(essence));
    essence.is_empty() || types.iter().any(is)
}

/// Whether this build can read a body of this type at all.
pub(crate) fn readable(essence: &[u8]) -> bool {
    cfg!(feature = "multipart") || Kind::said(essence) != Kind::Multipart
}
