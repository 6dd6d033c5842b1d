//! A secret that is sent as it is.

use super::At;

/// A static credential, compared in constant time whatever its length.
#[derive(Clone, Copy, Debug)]
pub struct StaticToken {
    pub(crate) at: At,
    pub(crate) form: TokenForm,
}

impl StaticToken {
    /// `Authorization: Bearer <secret>`.
    pub const fn bearer() -> Self {
        Self { at: At::Header("authorization"), form: TokenForm::Bearer }
    }

    /// `Authorization: Basic <base64 of the secret>`; the secret is `user:password`.
    pub const fn basic() -> Self {
        Self { at: At::Header("authorization"), form: TokenForm::Basic }
    }

    /// The secret alone, in a header, a query parameter or a field of the body.
    pub const fn bare(at: At) -> Self {
        Self { at, form: TokenForm::Bare }
    }

    /// The secret alone, in every item of a list: `list` points at the list, `field` from an item to its token, and `first`
    /// at the first item's. One item without it refuses all; several secrets may each prove some of the items.
    pub const fn in_each(list: &'static str, field: &'static str, first: &'static str) -> Self {
        Self { at: At::Json(first), form: TokenForm::Each { list, field } }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenForm {
    Bare,
    Bearer,
    Basic,
    Each { list: &'static str, field: &'static str },
}
