//! One event, once: claim, handler, complete; or all of it in one transaction.

use std::{convert::Infallible, ops::DerefMut, pin::pin, sync::Arc, time::Duration};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::rt::{self, Caught};
use crate::{
    Answer, End, Error, ErrorKind, Event, Failure, Field,
    handlers::{Answered, BoxFuture, Handler, Table},
    store::{Begun, Claim, DynGraves, DynStore, Held, Key, Slot, Token, TransactionalStore},
};

/// What became of one try.
pub(super) enum Turn {
    Busy(Duration),
    Ended { end: End, twin: bool },
}

impl Turn {
    fn with_twin(self, twin: bool) -> Self {
        match self {
            Self::Ended { end, .. } => Self::Ended { end, twin },
            busy @ Self::Busy(_) => busy,
        }
    }
}

impl From<End> for Turn {
    fn from(end: End) -> Self {
        Self::Ended { end, twin: false }
    }
}

/// How long a handler may take, and what is made of payloads that came before under another id.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) timeout: Duration,
    pub(super) reject_twins: bool,
}

/// A store and what is done with events, behind their types.
pub(super) trait Work: Send + Sync {
    fn handles(&self, kind: Option<&str>) -> bool;
    fn turn<'a>(&'a self, slot: &'a Slot, event: &'a Event, rules: Rules) -> BoxFuture<'a, Turn>;
    /// An event that nothing identifies and that stands in no stream; `fresh` is only for a burial.
    fn unclaimed<'a>(&'a self, fresh: &'a Slot, event: &'a Event, rules: Rules) -> BoxFuture<'a, Turn>;
    fn store(&self) -> &dyn DynStore;
}

/// Where what fails for good is kept, if anywhere.
pub(super) type Graves = Option<Arc<dyn DynGraves>>;

/// How a handler ended.
enum Ran {
    Answered(Answered),
    Panicked,
    TimedOut,
    Lost,
}

impl Ran {
    fn of(caught: Option<Option<Answered>>) -> Self {
        match caught {
            None => Self::TimedOut,
            Some(None) => Self::Panicked,
            Some(Some(answered)) => Self::Answered(answered),
        }
    }

    fn into_failed(self) -> Result<Answer, End> {
        match self {
            Self::Answered(Ok(answer)) => Ok(answer),
            Self::Answered(Err(failure)) => Err(End::Failed(failure)),
            Self::Panicked => Err(End::Panicked),
            Self::TimedOut => Err(End::TimedOut),
            Self::Lost => Err(End::Lost),
        }
    }
}

/// Claim, handle, complete: at least once, duplicates dropped.
pub(super) struct Plain {
    pub(super) store: Arc<dyn DynStore>,
    pub(super) graves: Graves,
    pub(super) table: Table<Infallible>,
}

impl Plain {
    async fn run(&self, slot: &Slot, event: &Event, rules: Rules) -> Result<Turn, Error> {
        let grant = match granted(self.store.claim(slot).await?) {
            Ok(grant) => grant,
            Err(turn) => return keep_conflict(&*self.store, self.graves.as_deref(), slot, event, turn).await,
        };
        let twin = grant.twin;
        if twin && rules.reject_twins {
            self.free(slot, grant.token).await;
            return Ok(Turn::Ended { end: End::Refused(Error::new(ErrorKind::Replay, "")), twin });
        }
        if !self.handles(event.kind.as_deref()) {
            let complete = || self.store.complete(slot, grant.token, None);
            return Ok(match persist(&*self.store, slot, grant.token, complete).await? {
                Held::Yes => End::Unhandled.into(),
                Held::Lost => End::Lost.into(),
            });
        }
        let mut bound = None;
        if let Some(print) = slot.fingerprint.filter(|_| slot.twins && rules.reject_twins) {
            match bind_twin(&*self.store, slot, print).await {
                Ok(Bound::Now(key)) => bound = Some(key),
                Ok(Bound::Before) => {}
                Ok(Bound::Otherwise(turn)) => {
                    self.free(slot, grant.token).await;
                    return Ok(turn);
                }
                Err(e) => {
                    self.free(slot, grant.token).await;
                    return Err(e);
                }
            }
        }
        let end = self.held(slot, grant.token, event, rules).await;
        // What failed is no twin of what comes next; what was lost is somebody else's.
        if let (Some(key), Ok(End::Failed(_) | End::Panicked | End::TimedOut)) = (bound, &end) {
            let _forgotten_or_not = self.store.forget(&key).await;
        }
        Ok(Turn::Ended { end: end?, twin })
    }

    /// Handles what has been claimed.
    async fn held(&self, slot: &Slot, token: Token, event: &Event, rules: Rules) -> Result<End, Error> {
        let mut event = event.clone();
        event.inner.fence = Some(token);
        Ok(match self.handle(slot, token, &event, rules).await.into_failed() {
            Ok(answer) => {
                let complete = || self.store.complete(slot, token, Some(&answer));
                match persist(&*self.store, slot, token, complete).await? {
                    Held::Yes => End::Handled(answer),
                    Held::Lost => End::Lost,
                }
            }
            Err(End::Failed(failure)) if failure.is_permanent() && self.graves.is_some() => {
                bury(&*self.store, self.graves.as_deref(), slot, token, &event, failure).await?
            }
            Err(End::Lost) => End::Lost,
            Err(end) => {
                self.free(slot, token).await;
                end
            }
        })
    }

    async fn free(&self, slot: &Slot, token: Token) {
        // What the store says now is not why it failed, and a claim that stays runs out by itself.
        let _freed_or_not = self.store.release(slot, token).await;
    }

    /// Without a claim, unless there is something to bury.
    async fn once(&self, fresh: &Slot, event: &Event, rules: Rules) -> Result<Turn, Error> {
        let Some(Handler::Plain(handler)) = self.table.find(event.kind.as_deref()) else {
            return Ok(End::Unhandled.into());
        };
        let work = pin!(async { handler(event.clone()).await });
        let ran = Ran::of(rt::within(rules.timeout, Caught(work)).await);
        match ran.into_failed() {
            Ok(answer) => Ok(End::Handled(answer).into()),
            Err(End::Failed(failure)) if failure.is_permanent() && self.graves.is_some() => {
                claim_and_bury(&*self.store, self.graves.as_deref(), fresh, event, failure).await
            }
            Err(end) => Ok(end.into()),
        }
    }

    /// Runs the handler, and holds on to the claim while it runs.
    async fn handle(&self, slot: &Slot, token: Token, event: &Event, rules: Rules) -> Ran {
        let Some(Handler::Plain(handler)) = self.table.find(event.kind.as_deref()) else { return Ran::Panicked };
        let work = pin!(async { handler(event.clone()).await });
        let mut work = Caught(work);
        let renewal = slot.lease / 3;
        let held = async {
            loop {
                if let Some(caught) = rt::within(renewal, &mut work).await {
                    return Ran::of(Some(caught));
                }
                // The handler goes on meanwhile: it may hold the very connection that the store waits for.
                match rt::either(&mut work, self.store.extend(slot, token, slot.lease)).await {
                    Ok(caught) => return Ran::of(Some(caught)),
                    Err(Ok(Held::Lost)) => return Ran::Lost,
                    // A store that cannot be reached now may be again before the lease has run out.
                    Err(Ok(Held::Yes) | Err(_)) => {}
                }
            }
        };
        rt::within(rules.timeout, held).await.unwrap_or(Ran::TimedOut)
    }
}

impl Work for Plain {
    fn handles(&self, kind: Option<&str>) -> bool {
        self.table.find(kind).is_some()
    }

    fn turn<'a>(&'a self, slot: &'a Slot, event: &'a Event, rules: Rules) -> BoxFuture<'a, Turn> {
        Box::pin(async move { self.run(slot, event, rules).await.unwrap_or_else(|e| End::Refused(e).into()) })
    }

    fn unclaimed<'a>(&'a self, fresh: &'a Slot, event: &'a Event, rules: Rules) -> BoxFuture<'a, Turn> {
        Box::pin(async move { self.once(fresh, event, rules).await.unwrap_or_else(|e| End::Refused(e).into()) })
    }

    fn store(&self) -> &dyn DynStore {
        &*self.store
    }
}

/// Mark, handler's writes and place in one transaction: exactly once, for what is written through it.
pub(super) struct InTx<S: TransactionalStore> {
    pub(super) store: Arc<S>,
    pub(super) graves: Graves,
    pub(super) table: Table<S::Conn>,
}

impl<S: TransactionalStore> InTx<S> {
    async fn run(&self, slot: &Slot, event: &Event, rules: Rules) -> Result<Turn, Error> {
        let Begun { mut tx, twin, .. } = match granted(self.store.begin(slot).await?) {
            Ok(begun) => begun,
            Err(turn) => return keep_conflict(&*self.store, self.graves.as_deref(), slot, event, turn).await,
        };
        if twin && rules.reject_twins {
            // Dropped, it rolls back all the same.
            let _undone_or_not = self.store.rollback(tx).await;
            return Ok(Turn::Ended { end: End::Refused(Error::new(ErrorKind::Replay, "")), twin });
        }
        let Some(handler) = self.table.find(event.kind.as_deref()) else {
            self.store.commit(tx, slot, None).await?;
            return Ok(End::Unhandled.into());
        };
        let ran = {
            let work = pin!(async {
                match handler {
                    Handler::Plain(handler) => handler(event.clone()).await,
                    Handler::InTx(handler) => handler(DerefMut::deref_mut(&mut tx), event.clone()).await,
                }
            });
            Ran::of(rt::within(rules.timeout, Caught(work)).await)
        };
        let end = match ran.into_failed() {
            Ok(answer) => {
                self.store.commit(tx, slot, Some(&answer)).await?;
                End::Handled(answer)
            }
            Err(end) => {
                let undone = self.store.rollback(tx).await.is_ok();
                match end {
                    // A store that could not even do that buries nothing.
                    End::Failed(failure) if undone && failure.is_permanent() && self.graves.is_some() => {
                        let turn = claim_and_bury(&*self.store, self.graves.as_deref(), slot, event, failure).await?;
                        return Ok(turn.with_twin(twin));
                    }
                    end => end,
                }
            }
        };
        Ok(Turn::Ended { end, twin })
    }
}

impl<S: TransactionalStore> Work for InTx<S> {
    fn handles(&self, kind: Option<&str>) -> bool {
        self.table.find(kind).is_some()
    }

    fn turn<'a>(&'a self, slot: &'a Slot, event: &'a Event, rules: Rules) -> BoxFuture<'a, Turn> {
        Box::pin(async move { self.run(slot, event, rules).await.unwrap_or_else(|e| End::Refused(e).into()) })
    }

    /// A transaction begins with a mark.
    fn unclaimed<'a>(&'a self, fresh: &'a Slot, event: &'a Event, rules: Rules) -> BoxFuture<'a, Turn> {
        self.turn(fresh, event, rules)
    }

    fn store(&self) -> &dyn DynStore {
        &*self.store
    }
}

fn granted<G>(claim: Claim<G>) -> Result<G, Turn> {
    Err(match claim {
        Claim::Granted(grant) => return Ok(grant),
        Claim::Duplicate(answer) => End::Duplicate(answer).into(),
        Claim::Conflict => End::Conflict.into(),
        Claim::Stale => End::Stale.into(),
        Claim::Busy { retry_after } => Turn::Busy(retry_after),
    })
}

/// How long to wait before what the store could not do is tried again: first this long, then ever longer.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often at most where nothing can tell the time.
const TRIES_AT_ONCE: u32 = 3;

/// Tries for as long as a lease lasts: the handler has run, so without its mark it runs again.
async fn persist<'t>(
    store: &dyn DynStore,
    slot: &Slot,
    token: Token,
    attempt: impl Fn() -> BoxFuture<'t, Result<Held, Error>>,
) -> Result<Held, Error> {
    let mut failed = None;
    let tries = async {
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
    };
    match rt::within(slot.lease, tries).await.flatten() {
        Some(held) => Ok(held),
        None => Err(failed.unwrap_or_else(|| Error::new(ErrorKind::Store, "it did not answer"))),
    }
}

/// Lets go of the claim if it cannot be buried.
async fn bury(
    store: &dyn DynStore,
    graves: Option<&dyn DynGraves>,
    slot: &Slot,
    token: Token,
    event: &Event,
    failure: Failure,
) -> Result<End, Error> {
    let Some(graves) = graves else { return Ok(End::Failed(failure)) };
    let why = failure.chain();
    match persist(store, slot, token, || graves.bury(slot, token, event, &why)).await {
        Ok(Held::Yes) => Ok(End::Buried(failure)),
        Ok(Held::Lost) => Ok(End::Lost),
        Err(e) => {
            let _freed_or_not = store.release(slot, token).await;
            Err(e)
        }
    }
}

/// For an event that nobody holds, its transaction gone and the mark with it. Whatever the claim says is right: granted,
/// and it is buried; a duplicate, and somebody else has handled or buried it in between; stale, and nothing needs it;
/// busy, and the provider is told so. At no time has success been answered.
async fn claim_and_bury(
    store: &dyn DynStore,
    graves: Option<&dyn DynGraves>,
    slot: &Slot,
    event: &Event,
    failure: Failure,
) -> Result<Turn, Error> {
    match granted(store.claim(slot).await?) {
        Ok(grant) => Ok(bury(store, graves, slot, grant.token, event, failure).await?.into()),
        Err(turn) => Ok(turn),
    }
}

/// Buries what came under the id of another payload, each such payload once: success is what the provider hears.
async fn keep_conflict(
    store: &dyn DynStore,
    graves: Option<&dyn DynGraves>,
    slot: &Slot,
    event: &Event,
    turn: Turn,
) -> Result<Turn, Error> {
    let (Turn::Ended { end: End::Conflict, .. }, true) = (&turn, graves.is_some()) else { return Ok(turn) };
    let mut apart = slot.clone();
    let digest = Sha256::new().chain_update(&slot.key.id).chain_update(slot.fingerprint.unwrap_or_default()).finalize();
    apart.key.id = format!("conflict:{}", HEXLOWER.encode(&digest));
    (apart.place, apart.twins) = (None, false);
    let why = Failure::permanent("another payload was handled before under the same id");
    Ok(match claim_and_bury(store, graves, &apart, event, why).await? {
        Turn::Ended { end: End::Buried(_) | End::Duplicate(_), .. } => turn,
        otherwise => otherwise,
    })
}

/// What became of a payload that must be handled under one id only.
enum Bound {
    Now(Key),
    Before,
    Otherwise(Turn),
}

/// Binds a payload to its event's id, so that of two that come at once one is refused. Done by whoever holds the event.
async fn bind_twin(store: &dyn DynStore, slot: &Slot, print: [u8; 32]) -> Result<Bound, Error> {
    let mut key = slot.key.clone();
    // The digest's length is always the same, so no two look alike.
    key.id = format!("{} {}", HEXLOWER.encode(&print), key.consumer);
    "inhook.twin".clone_into(&mut key.consumer);
    let mut twin = Slot::new(key, slot.lease, slot.remember);
    twin.fingerprint = Some(Sha256::digest(&slot.key.id).into());
    Ok(match store.claim(&twin).await? {
        Claim::Granted(grant) => match store.complete(&twin, grant.token, None).await? {
            Held::Yes => Bound::Now(twin.key),
            Held::Lost => Bound::Otherwise(Turn::Busy(Duration::ZERO)),
        },
        Claim::Duplicate(_) | Claim::Stale => Bound::Before,
        Claim::Conflict => {
            let end = End::Refused(Error::new(ErrorKind::Replay, ""));
            Bound::Otherwise(Turn::Ended { end, twin: true })
        }
        Claim::Busy { retry_after } => Bound::Otherwise(Turn::Busy(retry_after)),
    })
}

/// Binds a one-time token to its event, and to the payload where that is not signed, for as long as the event is remembered: the same event may come with it again,
/// another may not. Done before the event is claimed, so a handler that fails leaves it bound, to this event alone.
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
    Ok(match store.claim(&slot).await? {
        Claim::Granted(grant) => {
            match store.complete(&slot, grant.token, None).await? {
                Held::Yes => None,
                // Whoever has it now may have bound it to another event: look again.
                Held::Lost => Some(Turn::Busy(Duration::ZERO)),
            }
        }
        Claim::Duplicate(_) | Claim::Stale => None,
        Claim::Conflict => {
            Some(End::Refused(Error::new(ErrorKind::Replay, "its token came with another event")).into())
        }
        Claim::Busy { retry_after } => Some(Turn::Busy(retry_after)),
    })
}
