//! Marks and burials that have to be written down, since a handler has run.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    time::Duration,
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::work::{SILENT, Turn, answered, granted};
use crate::{
    End, Error, Event, Failure, rt,
    store::{DynGraves, DynStore, Held, Slot, Token},
};

/// How long to wait before what the store could not do is tried again: first this long, then ever longer.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often at most where nothing can tell the time.
const TRIES_AT_ONCE: u32 = 3;

/// Tries for as long as a lease lasts: the handler has run, so without its mark it runs again.
pub(super) async fn persist<F>(
    store: &dyn DynStore,
    slot: &Slot,
    token: Token,
    attempt: impl Fn() -> F,
) -> Result<Held, Error>
where
    F: Future<Output = Result<Held, Error>>,
{
    let mut failed = None;
    let held = {
        let tries = pin!(async {
            let mut pause = FIRST_PAUSE;
            for tried in 1_u32.. {
                match attempt().await {
                    Ok(held) => return Some(held),
                    Err(e) => failed = Some(e),
                }
                if !rt::sleep(pause).await && tried >= TRIES_AT_ONCE {
                    return None;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
                // Held meanwhile, if the store can do that; if not, the next try says so.
                if let Ok(Held::Lost) = store.extend(slot, token, slot.lease).await {
                    return Some(Held::Lost);
                }
            }
            None
        });
        rt::within(slot.lease, tries).await.flatten()
    };
    match held {
        Some(held) => Ok(held),
        None => Err(failed.unwrap_or(SILENT)),
    }
}

/// Lets go of the claim if it cannot be buried.
pub(super) async fn bury(
    store: &dyn DynStore,
    graves: Option<&dyn DynGraves>,
    slot: &Slot,
    token: Token,
    event: &Event,
    failure: Failure,
) -> Result<End, Error> {
    let Some(graves) = graves else { return Ok(End::Failed(failure)) };
    // The text is the handler's own: a claim must not stay held because of how that is written.
    let why = catch_unwind(AssertUnwindSafe(|| failure.chain()));
    let why = why.unwrap_or_else(|_| "the failure panicked when it was to say why".to_owned());
    match persist(store, slot, token, || graves.bury(slot, token, event, &why)).await {
        Ok(Held::Yes) => Ok(End::Buried(failure)),
        Ok(Held::Lost) => Ok(End::Lost),
        Err(e) => {
            let _freed_or_not = answered(slot.lease, store.release(slot, token)).await;
            Err(e)
        }
    }
}

/// For an event that nobody holds, its transaction gone and the mark with it. Whatever the claim says is right: granted,
/// and it is buried; a duplicate, and somebody else has handled or buried it in between; stale, and nothing needs it;
/// busy, and the provider is told so. At no time has success been answered.
pub(super) async fn claim_and_bury(
    store: &dyn DynStore,
    graves: Option<&dyn DynGraves>,
    slot: &Slot,
    event: &Event,
    failure: Failure,
) -> Result<Turn, Error> {
    match granted(answered(slot.lease, store.claim(slot)).await?) {
        Ok(grant) => Ok(bury(store, graves, slot, grant.token, event, failure).await?.into()),
        Err(turn) => Ok(turn),
    }
}

/// Buries what ended so with nothing done, each such payload once: success is what the provider hears.
pub(super) async fn keep_apart(
    store: &dyn DynStore,
    graves: &dyn DynGraves,
    slot: &Slot,
    event: &Event,
    end: End,
) -> Result<Turn, Error> {
    let why = match end {
        End::Conflict => "another payload was handled before under the same id",
        _ => "its sequence had gone past it",
    };
    let mut apart = slot.clone();
    let digest = Sha256::new().chain_update(&slot.key.id).chain_update(slot.fingerprint.unwrap_or_default()).finalize();
    apart.key.id = format!("{}:{}", end.as_str(), HEXLOWER.encode(&digest));
    (apart.place, apart.twins) = (None, false);
    Ok(match claim_and_bury(store, Some(graves), &apart, event, Failure::permanent(why)).await? {
        Turn::Ended { end: End::Buried(_) | End::Duplicate(_), .. } => end.into(),
        otherwise => otherwise,
    })
}
