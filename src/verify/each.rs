//! A token that stands in every item of a list.

use super::{mac::TokenHash, scheme::Scheme};
use crate::{
    Error, ErrorKind, Incoming,
    body::json::{self, Pointers},
};

const UNREADABLE: Error = Error::new(ErrorKind::MalformedBody, "it is no list of items");

/// The number of the secret in the first item, if every item holds one of the secrets.
pub(super) fn in_each(
    request: &Incoming<'_>,
    scheme: &Scheme,
    list: &'static str,
    field: &'static str,
) -> Result<Option<usize>, Error> {
    let (mut at_list, mut at_field) = (Pointers::default(), Pointers::default());
    at_list.add(list);
    at_field.add(field);
    let found = at_list.pick(json::without_mark(request.body.as_bytes())).map_err(|e| UNREADABLE.because(e))?;
    let items = found.raw(list).and_then(json::items).ok_or(UNREADABLE)?;
    let mut first = None;
    for item in items {
        let found = at_field.pick(item.as_bytes()).map_err(|e| UNREADABLE.because(e))?;
        let claimed = found.raw(field).filter(|raw| raw.starts_with('"')).and_then(json::scalar);
        let which = claimed.and_then(|text| scheme.knows(&TokenHash::of(text.as_bytes())));
        if which.is_none() {
            return Ok(None);
        }
        first = first.or(which);
    }
    Ok(first)
}
