//! Tokens and payloads that are good for one event.

use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::work::{Turn, answered};
use crate::{
    End, Error, ErrorKind, Event, Field,
    store::{Claim, DynStore, Held, Key, Slot},
};

/// What became of a payload that must be handled under one id only.
pub(super) enum Bound {
    Now(Key),
    Before,
    Otherwise(Turn),
}

/// What became of a mark that is set for its own sake.
enum Marked {
    Now,
    Before,
    Conflict,
    Busy(Duration),
}

async fn mark(store: &dyn DynStore, slot: &Slot) -> Result<Marked, Error> {
    Ok(match answered(slot.lease, store.claim(slot)).await? {
        Claim::Granted(grant) => match answered(slot.lease, store.complete(slot, grant.token, None)).await {
            Ok(Held::Yes) => Marked::Now,
            // Whoever has it now may have bound it to another event: look again.
            Ok(Held::Lost) => Marked::Busy(Duration::ZERO),
            Err(e) => {
                let _freed_or_not = answered(slot.lease, store.release(slot, grant.token)).await;
                return Err(e);
            }
        },
        Claim::Duplicate(_) | Claim::Stale => Marked::Before,
        Claim::Conflict => Marked::Conflict,
        Claim::Busy { retry_after } => Marked::Busy(retry_after),
    })
}

/// Binds a payload to its event's id, so that of two that come at once one is refused. Done by whoever holds the event.
pub(super) async fn bind_twin(store: &dyn DynStore, slot: &Slot, print: [u8; 32]) -> Result<Bound, Error> {
    let mut key = slot.key.clone();
    // The digest's length is always the same, so no two look alike.
    key.id = format!("{} {}", HEXLOWER.encode(&print), key.consumer);
    "inhook.twin".clone_into(&mut key.consumer);
    let mut twin = Slot::new(key, slot.lease, slot.remember);
    twin.fingerprint = Some(Sha256::digest(&slot.key.id).into());
    Ok(match mark(store, &twin).await? {
        Marked::Now => Bound::Now(twin.key),
        Marked::Before => Bound::Before,
        Marked::Conflict => {
            let end = End::Refused(Error::new(ErrorKind::Replay, ""));
            Bound::Otherwise(Turn::Ended { end, twin: true })
        }
        Marked::Busy(retry_after) => Bound::Otherwise(Turn::Busy(retry_after, ())),
    })
}

/// Binds a one-time token to its event, and to the payload where that is not signed, for as long as the event is
/// remembered: the same event may come with it again, another may not. Done before the event is claimed, so a handler that
/// fails leaves it bound, to this event alone.
///
/// The event is what its provider says that it is, whatever `key_by` says: all consumers must agree on it.
pub(super) async fn bind_nonce(
    store: &dyn DynStore,
    nonce: &str,
    event: &Event,
    lease: Duration,
) -> Result<Option<Turn>, Error> {
    let key: Key = event.key_of("inhook.nonce", nonce.to_owned());
    let mut slot = Slot::new(key, lease, event.inner.remember);
    let id = event.id();
    let mut bound = Sha256::new();
    bound.update(id.as_ref().map_or_else(|| event.raw().as_bytes(), |id| id.as_bytes()));
    // What the signature does not cover could be anything under the same id: whoever saw the token would fill it in.
    if let Some(payload) = event.fingerprint().filter(|_| !event.covers(Field::Payload)) {
        bound.update(payload);
    }
    slot.fingerprint = Some(bound.finalize().into());
    Ok(match mark(store, &slot).await? {
        Marked::Now | Marked::Before => None,
        Marked::Conflict => {
            Some(End::Refused(Error::new(ErrorKind::Replay, "its token came with another event")).into())
        }
        Marked::Busy(retry_after) => Some(Turn::Busy(retry_after, ())),
    })
}
