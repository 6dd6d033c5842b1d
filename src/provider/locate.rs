//! Finding what authentication needs, before anything is believed.

use std::borrow::Cow;

use http::{HeaderName, header::AsHeaderName};

use super::At;
use crate::{
    Error, ErrorKind, Incoming,
    body::{Kind, form, json},
    request::first_value,
};

const MISSING: Error = Error::new(ErrorKind::MissingHeader, "");
pub(crate) const REPEATED: Error = Error::new(ErrorKind::MalformedHeader, "it comes more than once");

/// What stands at `at`, as bytes; absent and empty are one. A header that comes twice is refused, unless
/// `repeats` allows one that says the same twice.
pub(crate) fn find<'a>(at: At, request: &'a Incoming<'_>, repeats: bool) -> Result<Option<Cow<'a, [u8]>>, Error> {
    let found = match at {
        At::Header(name) => header(request, name, repeats)?.map(Cow::Borrowed),
        At::Query(name) => {
            let (_, uri) = request.target.ok_or(Error::new(ErrorKind::MissingTarget, ""))?;
            let mut values = form::pairs(uri.query().unwrap_or_default().as_bytes())
                .filter_map(|(n, v)| (*n == *name.as_bytes()).then_some(v));
            let value = values.next();
            if values.next().is_some() {
                return Err(REPEATED);
            }
            value
        }
        At::Json(pointer) | At::Number(pointer) if Kind::of(request.headers).is_form() || pointer.is_empty() => None,
        At::Json(pointer) | At::Number(pointer) => {
            let text = json::without_mark(request.body.as_bytes());
            let is_number = matches!(at, At::Number(_));
            let found = if is_number { json::number_at(text, pointer) } else { json::string_at(text, pointer) };
            let found = found.map_err(|e| Error::new(ErrorKind::MalformedBody, "").because(e))?;
            found.map(|text| match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            })
        }
        At::Form(name) => match form::fields(request.headers, request.body.as_bytes()) {
            Some(fields) => form::last(&fields, name).cloned(),
            None if Kind::of(request.headers).is_form() => return Err(Error::new(ErrorKind::MalformedBody, "")),
            None => None,
        },
        _ => None,
    };
    Ok(found.filter(|text| !text.is_empty()))
}

/// A header's name that was parsed once and for all, since that costs more than the look-up.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: HeaderName,
    said: &'static str,
}

impl Named {
    pub(crate) fn of(said: &'static str) -> Option<Self> {
        HeaderName::from_bytes(said.as_bytes()).ok().map(|name| Self { name, said })
    }

    pub(crate) fn missing(&self) -> Error {
        Error::new(ErrorKind::MissingHeader, self.said)
    }
}

/// A place, a header's name parsed.
#[derive(Clone, Debug)]
pub(crate) enum Spot {
    Header(Named),
    Other(At),
}

impl Spot {
    pub(crate) fn of(at: At) -> Self {
        match at {
            At::Header(name) => Named::of(name).map_or(Self::Other(at), Self::Header),
            at => Self::Other(at),
        }
    }

    /// It says where, if that is a header.
    pub(crate) fn missing(&self) -> Error {
        match self {
            Self::Header(named) => named.missing(),
            Self::Other(_) => MISSING,
        }
    }

    /// As [`find`].
    #[inline(always)]
    pub(crate) fn find<'a>(&self, request: &'a Incoming<'_>, repeats: bool) -> Result<Option<Cow<'a, [u8]>>, Error> {
        match self {
            Self::Header(Named { name, .. }) => {
                Ok(header(request, name, repeats)?.filter(|v| !v.is_empty()).map(Cow::Borrowed))
            }
            Self::Other(at) => find(*at, request, repeats),
        }
    }
}

/// A header's value, less the white space around it, which is not part of it.
#[inline]
pub(crate) fn header<'a, N>(request: &'a Incoming<'_>, name: N, repeats: bool) -> Result<Option<&'a [u8]>, Error>
where
    N: AsHeaderName,
    HeaderName: PartialEq<N>,
{
    let headers = request.headers;
    if headers.len() == headers.keys_len() {
        // No header comes twice.
        return Ok(first_value(headers, name).map(|value| value.as_bytes().trim_ascii()));
    }
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    for other in values {
        if !repeats || other != value {
            return Err(REPEATED);
        }
    }
    Ok(Some(value.as_bytes().trim_ascii()))
}

pub(crate) const fn missing() -> Error {
    MISSING
}
