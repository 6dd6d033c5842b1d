//! Events for a handler's own tests.

use bytes::Bytes;

use super::signed::signed;
use crate::{
    Event, Provider, Verifier,
    provider::{At, Digest, Hmac, Part, Scheme, Syntax},
};

const ID: At = At::Header("test-id");
const KIND: At = At::Header("test-kind");

/// All that an event has is signed, and none of it stands in the payload.
const TEST: Provider = Provider::new(
    "test",
    Scheme::Hmac(
        Hmac::new(Digest::Sha256)
            .over(&[Part::Header("test-kind"), Part::Text("\n"), Part::Id, Part::Text("\n"), Part::Body])
            .signature(At::Header("test-signature"), Syntax::Bare)
            .id(ID),
    ),
)
.label(ID)
.identity(&[At::SignedId])
.kind(KIND);

/// An event for a handler's own tests: of the provider `test`, with a fresh id, and all of it covered.
///
/// Its other fields can be set: `event.tenant = Some("acme".into())`. [`decode`](Event::decode) it for a handler that
/// takes a type of its own.
///
/// ```
/// use inhook::{Event, Json, testing::event};
///
/// let event: Event<Json<Vec<u32>>> = event("numbers.sent", "[1,2]").decode()?;
/// assert_eq!(event.payload.0, [1, 2]);
/// # Ok::<(), inhook::Error>(())
/// ```
///
/// # Panics
/// For a kind with control characters in it, or an empty one.
#[expect(clippy::expect_used, reason = "a helper for tests")]
pub fn event(kind: impl AsRef<str>, payload: impl Into<Bytes>) -> Event {
    let request = signed(&TEST, "test", payload).header("test-kind", kind.as_ref()).build();
    let verifier = Verifier::new(&TEST, "test").expect("the data is sound");
    let delivery = verifier.verify(&request).expect("a kind that a header can hold");
    delivery.into_events().pop().expect("one request is one event")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn it_is_what_was_asked_for_and_no_other() {
        let (first, second) = (event("a.b", "not json"), event("a.b", "not json"));
        assert_eq!((first.kind.as_deref(), first.raw().as_bytes()), (Some("a.b"), &b"not json"[..]));
        assert_ne!(first.id(), second.id());
        assert_eq!(first.label.as_deref(), first.id().as_deref());
        for field in [Field::Body, Field::Identity, Field::Kind, Field::Label, Field::Payload] {
            assert!(first.covers(field), "{field:?}");
        }
    }
}
