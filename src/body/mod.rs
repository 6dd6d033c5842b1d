//! Reading bodies: JSON at a few places, forms, and which of them a body is.

pub(crate) mod form;
pub(crate) mod json;
#[cfg(feature = "multipart")]
mod multipart;

use http::{HeaderMap, header::CONTENT_TYPE};

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
        let essence = headers.get(CONTENT_TYPE).map(|v| v.as_bytes()).unwrap_or_default();
        let essence = essence.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
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
