//! What a handler is given to work with.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::Error;

/// What a handler can ask for: `Event<Json<Invoice>>`.
///
/// A payload that cannot be decoded is buried where there are dead letters, else answered 500, so that nothing is lost.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a payload",
    label = "wrap it: `Json<{Self}>` or `Form<{Self}>`",
    note = "`Raw`, `Bytes`, `Json<T>`, `Form<T>` and the enums made by `inhook::events!` are payloads"
)]
pub trait Payload: Sized + Send + 'static {
    /// Decodes the payload of an event of this kind.
    ///
    /// # Errors
    /// [`Error::payload`], if it is not what the type expects.
    fn decode(kind: Option<&str>, raw: Raw) -> Result<Self, Error>;
}

/// The bytes of one event's payload; `Debug` prints their number only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Raw(Bytes);

impl Raw {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// As received, or as decoded from a form's field.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same without a copy.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Reads it as JSON.
    ///
    /// # Errors
    /// [`Payload`](crate::ErrorKind::Payload) if it is not JSON of that shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.0).map_err(Error::payload)
    }

    /// Reads it as `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// [`Payload`](crate::ErrorKind::Payload) if it is not a form of that shape.
    pub fn form<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_urlencoded::from_bytes(&self.0).map_err(Error::payload)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.0.len())
    }
}

/// A payload read as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// A payload read as `application/x-www-form-urlencoded`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl Payload for Raw {
    fn decode(_: Option<&str>, raw: Raw) -> Result<Self, Error> {
        Ok(raw)
    }
}

impl Payload for Bytes {
    fn decode(_: Option<&str>, raw: Raw) -> Result<Self, Error> {
        Ok(raw.into_bytes())
    }
}

impl<T: DeserializeOwned + Send + 'static> Payload for Json<T> {
    fn decode(_: Option<&str>, raw: Raw) -> Result<Self, Error> {
        raw.json().map(Self)
    }
}

impl<T: DeserializeOwned + Send + 'static> Payload for Form<T> {
    fn decode(_: Option<&str>, raw: Raw) -> Result<Self, Error> {
        raw.form().map(Self)
    }
}

/// Several kinds at once: write [`events!`](crate::events), not an impl.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name its kinds",
    note = "declare it with `inhook::events!`"
)]
pub trait Events: Payload {
    /// What it names, exact kinds and families.
    const KINDS: &'static [&'static str];
}

/// Whether `family`, such as `issues.*`, holds `kind`.
pub(crate) fn in_family(family: &str, kind: &str) -> bool {
    family.strip_suffix('*').is_some_and(|prefix| {
        prefix.ends_with(['.', '/', ':', '_']) && kind.len() > prefix.len() && kind.starts_with(prefix)
    })
}

/// The one of `kinds` that `kind` goes to: the exact one, else the longest family.
#[doc(hidden)]
pub fn pick<'k>(kinds: impl IntoIterator<Item = &'k str> + Clone, kind: Option<&str>) -> Option<&'k str> {
    let kind = kind?;
    let exact = kinds.clone().into_iter().find(|k| *k == kind);
    exact.or_else(|| kinds.into_iter().filter(|k| in_family(k, kind)).max_by_key(|k| k.len()))
}

/// An enum of kinds, each with its payload, or alone where that does not matter; `Other(Raw)` is added for the rest.
///
/// ```
/// use inhook::{Event, Handlers, Json};
///
/// #[derive(serde::Deserialize)]
/// struct Invoice {
///     id: String,
/// }
///
/// inhook::events! {
///     enum Billing {
///         "invoice.paid" => Paid(Json<Invoice>),
///         "invoice.*" => Changed(Json<Invoice>),
///         "ping" => Ping,
///     }
/// }
///
/// let handlers = Handlers::new().on_events(async |event: Event<Billing>| {
///     match event.payload {
///         Billing::Paid(Json(invoice)) => println!("paid: {}", invoice.id),
///         Billing::Changed(Json(invoice)) => println!("{:?}: {}", event.kind, invoice.id),
///         Billing::Ping => println!("still there"),
///         Billing::Other(raw) => println!("{raw:?}"),
///     }
///     Ok(())
/// });
/// ```
#[macro_export]
macro_rules! events {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $( $(#[$vmeta:meta])* $kind:literal => $variant:ident $(($ty:ty))? ),+ $(,)? }) => {
        $(#[$meta])*
        $vis enum $name {
            $( $(#[$vmeta])* $variant $(($ty))?, )+
            /// Any kind that this enum does not name, as it came.
            Other($crate::Raw),
        }
        impl $crate::Events for $name {
            const KINDS: &'static [&'static str] = &[$($kind),+];
        }
        impl $crate::Payload for $name {
            fn decode(
                kind: ::core::option::Option<&str>,
                raw: $crate::Raw,
            ) -> ::core::result::Result<Self, $crate::Error> {
                let kinds = <Self as $crate::Events>::KINDS.iter().copied();
                ::core::result::Result::Ok(match $crate::__private::pick(kinds, kind) {
                    $( ::core::option::Option::Some($kind) =>
                        Self::$variant $((<$ty as $crate::Payload>::decode(kind, raw)?))?, )+
                    _ => Self::Other(raw),
                })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn exact_beats_the_longest_family() {
        let kinds = ["invoice.*", "invoice.item.*", "invoice.paid"];
        assert_eq!(pick(kinds, Some("invoice.paid")), Some("invoice.paid"));
        assert_eq!(pick(kinds, Some("invoice.item.created")), Some("invoice.item.*"));
        assert_eq!(pick(kinds, Some("invoice.voided")), Some("invoice.*"));
        assert_eq!(pick(kinds, Some("invoice.")), None);
        assert_eq!(pick(kinds, Some("invoices")), None);
        assert_eq!(pick(kinds, None), None);
    }

    crate::events! {
        /// With a payload, and without.
        #[derive(Debug)]
        enum Billing {
            "invoice.*" => Changed(Json<u8>),
            "ping" => Ping,
        }
    }

    #[test]
    fn a_kind_alone_asks_nothing_of_its_payload() {
        let decode = |kind, raw| Billing::decode(Some(kind), Raw::new(Bytes::from_static(raw)));
        assert!(matches!(decode("invoice.paid", b"7"), Ok(Billing::Changed(Json(7)))));
        assert_eq!(decode("invoice.paid", b"{").unwrap_err().kind(), ErrorKind::Payload);
        assert!(matches!(decode("ping", b"{"), Ok(Billing::Ping)));
        assert!(matches!(decode("pong", b"{"), Ok(Billing::Other(raw)) if raw.as_bytes() == b"{"));
    }

    #[test]
    fn a_bare_star_is_no_family() {
        assert!(!in_family("*", "anything"));
        assert!(!in_family("invoice*", "invoice.paid"));
        assert!(in_family("orders/*", "orders/create"));
    }
}
