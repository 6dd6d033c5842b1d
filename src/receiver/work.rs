//! One event, once: claim, handler, complete; or all of it in one transaction.

use std::{convert::Infallible, ops::DerefMut, pin::pin, sync::Arc, time::Duration};

use super::{
    bind::{Bound, bind_twin},
    bury::{bury, claim_and_bury, keep_apart, persist},
};
use crate::{
    Answer, End, Error, ErrorKind, Event,
    handlers::{Answered, BoxFuture, Handler, Table},
    rt::{self, Caught, Contained},
    store::{Begun, Claim, DynGraves, DynStore, Grant, Held, IdempotencyStore, Slot, Token, TransactionalStore},
};

/// What became of one try; `B` is what is there for the next one.
pub(super) enum Turn<B = ()> {
    Busy(Duration, B),
    Ended { end: End, twin: bool },
}

impl<B> Turn<B> {
    fn with_twin(self, twin: bool) -> Self {
        match self {
            Self::Ended { end, .. } => Self::Ended { end, twin },
            busy @ Self::Busy(..) => busy,
        }
    }

    /// Whether it ended with nothing done for this payload, which success is going to be answered for.
    fn is_passed_over(&self, slot: &Slot, event: &Event) -> bool {
        match self {
            Self::Ended { end: End::Conflict, .. } => true,
            // What is redriven is kept already.
            Self::Ended { end: End::Stale, .. } => {
                event.inner.redriven.is_none() && slot.place.as_ref().is_some_and(|place| place.order.is_sequence())
            }
            _ => false,
        }
    }

    /// The same, with something else for the next try.
    fn keeping<C>(self, kept: C) -> Turn<C> {
        match self {
            Self::Ended { end, twin } => Turn::Ended { end, twin },
            Self::Busy(retry_after, _) => Turn::Busy(retry_after, kept),
        }
    }
}

/// An event goes from hand to hand, and comes back from whoever could not take it yet.
pub(super) type Turned = Result<Turn<Box<Event>>, Error>;

impl<B> From<End> for Turn<B> {
    fn from(end: End) -> Self {
        Self::Ended { end, twin: false }
    }
}

/// How long a handler may take, and what is made of payloads that came before under another id.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) timeout: Duration,
    pub(super) reject_twins: bool,
    /// Whether the event is the same on its next try. One that is not must not have its payload bound to it: if it dies, no
    /// other try would ever be taken.
    pub(super) same_again: bool,
}

/// A store and what is done with events, behind their types.
pub(super) trait Work: Send + Sync {
    fn handles(&self, kind: Option<&str>) -> bool;
    fn turn<'a>(&'a self, slot: &'a Slot, event: Box<Event>, rules: Rules) -> BoxFuture<'a, Turned>;
    /// An event that nothing identifies and that stands in no stream; `fresh` is only for a burial.
    fn unclaimed<'a>(&'a self, fresh: &'a Slot, event: Box<Event>, rules: Rules) -> BoxFuture<'a, Turned>;
    fn store(&self) -> &dyn DynStore;
}

/// Where what fails for good is kept, if anywhere.
pub(super) type Graves = Option<Arc<dyn DynGraves>>;

/// The event for its handler, and a copy where it may have to be buried: copies cost more than a store in memory does.
fn lend(event: Box<Event>, graves: &Graves) -> (Box<Event>, Option<Box<Event>>) {
    let kept = graves.is_some().then(|| event.clone());
    (event, kept)
}

/// What there is in place of a grant. Another payload under the same id, and what its sequence went past, is kept, where
/// anything is.
async fn refused(store: &dyn DynStore, graves: &Graves, slot: &Slot, event: Box<Event>, turn: Turn) -> Turned {
    let keeps = graves.as_deref().filter(|_| turn.is_passed_over(slot, &event));
    match (keeps, turn) {
        (Some(graves), Turn::Ended { end, .. }) => {
            Ok(Box::pin(keep_apart(store, graves, slot, &event, end)).await?.keeping(event))
        }
        (_, turn) => Ok(turn.keeping(event)),
    }
}

pub(super) const SILENT: Error = Error::new(ErrorKind::Store, "it did not answer");

/// Nobody waits for a store for longer than a lease: one that never answers would keep each request's place for ever.
pub(super) async fn answered<T>(
    lease: Duration,
    verb: impl Future<Output = Result<T, Error>> + Unpin,
) -> Result<T, Error> {
    rt::within(lease, verb).await.unwrap_or(Err(SILENT))
}

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
///
/// What is rare is boxed apart, or every event's future would be as large as all of it.
pub(super) struct Plain<S> {
    pub(super) store: Arc<S>,
    pub(super) graves: Graves,
    pub(super) table: Table<Infallible>,
}

impl<S: IdempotencyStore> Plain<S> {
    async fn run(&self, slot: &Slot, event: Box<Event>, rules: Rules) -> Turned {
        let grant = match granted(answered(slot.lease, pin!(S::claim(&self.store, slot))).await?) {
            Ok(grant) => grant,
            Err(turn) => return refused(&*self.store, &self.graves, slot, event, turn).await,
        };
        let twin = grant.twin;
        if twin && rules.reject_twins {
            self.free(slot, grant.token).await;
            return Ok(Turn::Ended { end: End::Refused(Error::new(ErrorKind::Replay, "")), twin });
        }
        if !self.handles(event.kind.as_deref()) {
            let complete = || S::complete(&self.store, slot, grant.token, None);
            return Ok(match persist(&*self.store, slot, grant.token, complete).await? {
                Held::Yes => End::Unhandled.into(),
                Held::Lost => End::Lost.into(),
            });
        }
        let mut bound = None;
        if let Some(print) = slot.fingerprint.filter(|_| slot.twins && rules.reject_twins && rules.same_again) {
            match Box::pin(bind_twin(&*self.store, slot, print)).await {
                Ok(Bound::Now(key)) => bound = Some(key),
                Ok(Bound::Before) => {}
                Ok(Bound::Otherwise(turn)) => {
                    self.free(slot, grant.token).await;
                    return Ok(turn.keeping(event));
                }
                Err(e) => {
                    self.free(slot, grant.token).await;
                    return Err(e);
                }
            }
        }
        let end = self.held(slot, grant, event, rules).await;
        // What failed is no twin of what comes next; what was lost is somebody else's.
        if let (Some(key), Ok(End::Failed(_) | End::Panicked | End::TimedOut)) = (bound, &end) {
            let _forgotten_or_not = answered(slot.lease, pin!(S::forget(&self.store, &key))).await;
        }
        Ok(Turn::Ended { end: end?, twin })
    }

    /// Handles what has been claimed.
    async fn held(&self, slot: &Slot, grant: Grant, mut event: Box<Event>, rules: Rules) -> Result<End, Error> {
        let token = grant.token;
        (event.inner.fence, event.inner.after_gap) = (Some(token), grant.gap);
        let (event, kept) = lend(event, &self.graves);
        Ok(match (self.handle(slot, token, event, rules).await.into_failed(), kept) {
            (Ok(answer), _) => {
                let complete = || S::complete(&self.store, slot, token, Some(&answer));
                match persist(&*self.store, slot, token, complete).await? {
                    Held::Yes => End::Handled(answer),
                    Held::Lost => End::Lost,
                }
            }
            (Err(End::Failed(failure)), Some(event)) if failure.is_permanent() => {
                Box::pin(bury(&*self.store, self.graves.as_deref(), slot, token, &event, failure)).await?
            }
            (Err(End::Lost), _) => End::Lost,
            (Err(end), _) => {
                self.free(slot, token).await;
                end
            }
        })
    }

    async fn free(&self, slot: &Slot, token: Token) {
        // What the store says now is not why it failed, and a claim that stays runs out by itself.
        let _freed_or_not = answered(slot.lease, pin!(S::release(&self.store, slot, token))).await;
    }

    /// Without a claim, unless there is something to bury.
    async fn once(&self, fresh: &Slot, event: Box<Event>, rules: Rules) -> Turned {
        let Some(Handler::Plain(handler)) = self.table.find(event.kind.as_deref()) else {
            return Ok(End::Unhandled.into());
        };
        let (event, kept) = lend(event, &self.graves);
        let work = pin!(async { Contained::new(handler(event)).await });
        let ran = Ran::of(rt::within(rules.timeout, Caught(work)).await);
        match (ran.into_failed(), kept) {
            (Ok(answer), _) => Ok(End::Handled(answer).into()),
            (Err(End::Failed(failure)), Some(event)) if failure.is_permanent() => {
                let graves = self.graves.as_deref();
                Ok(Box::pin(claim_and_bury(&*self.store, graves, fresh, &event, failure)).await?.keeping(event))
            }
            (Err(end), _) => Ok(end.into()),
        }
    }

    /// Runs the handler, and holds on to the claim while it runs.
    async fn handle(&self, slot: &Slot, token: Token, event: Box<Event>, rules: Rules) -> Ran {
        let Some(Handler::Plain(handler)) = self.table.find(event.kind.as_deref()) else { return Ran::Panicked };
        let work = pin!(async { Contained::new(handler(event)).await });
        let mut work = Caught(work);
        let renewal = slot.lease / 3;
        let held = async {
            loop {
                if let Some(caught) = rt::within(renewal, &mut work).await {
                    return Ran::of(Some(caught));
                }
                // The handler goes on meanwhile: it may hold the very connection that the store waits for.
                match rt::either(&mut work, pin!(S::extend(&self.store, slot, token, slot.lease))).await {
                    Ok(caught) => return Ran::of(Some(caught)),
                    Err(Ok(Held::Lost)) => return Ran::Lost,
                    // A store that cannot be reached now may be again before the lease has run out.
                    Err(Ok(Held::Yes) | Err(_)) => {}
                }
            }
        };
        rt::within(rules.timeout, pin!(held)).await.unwrap_or(Ran::TimedOut)
    }
}

impl<S: IdempotencyStore> Work for Plain<S> {
    fn handles(&self, kind: Option<&str>) -> bool {
        self.table.find(kind).is_some()
    }

    fn turn<'a>(&'a self, slot: &'a Slot, event: Box<Event>, rules: Rules) -> BoxFuture<'a, Turned> {
        Box::pin(self.run(slot, event, rules))
    }

    fn unclaimed<'a>(&'a self, fresh: &'a Slot, event: Box<Event>, rules: Rules) -> BoxFuture<'a, Turned> {
        Box::pin(self.once(fresh, event, rules))
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
    async fn run(&self, slot: &Slot, event: Box<Event>, rules: Rules) -> Turned {
        let binds = slot.twins && rules.reject_twins && rules.same_again;
        let print = slot.fingerprint.filter(|_| binds && self.handles(event.kind.as_deref()));
        let Some(print) = print else { return self.begun(slot, event, rules).await };
        // Two transactions do not see each other's marks, and within one the store may take no other writer.
        let bound = match Box::pin(bind_twin(&*self.store, slot, print)).await? {
            Bound::Now(key) => Some(key),
            Bound::Before => None,
            Bound::Otherwise(turn) => return Ok(turn.keeping(event)),
        };
        let turn = self.begun(slot, event, rules).await;
        // What was not handled is no twin of what comes next; what was is known by its mark.
        if let Some(key) = bound
            && !matches!(turn, Ok(Turn::Ended { end: End::Handled(_), .. }))
        {
            let _forgotten_or_not = answered(slot.lease, pin!(S::forget(&self.store, &key))).await;
        }
        turn
    }

    async fn begun(&self, slot: &Slot, mut event: Box<Event>, rules: Rules) -> Turned {
        let Begun { mut tx, twin, gap } = match granted(answered(slot.lease, pin!(self.store.begin(slot))).await?) {
            Ok(begun) => begun,
            Err(turn) => return refused(&*self.store, &self.graves, slot, event, turn).await,
        };
        if twin && rules.reject_twins {
            // Dropped, it rolls back all the same.
            let _undone_or_not = answered(slot.lease, pin!(self.store.rollback(tx))).await;
            return Ok(Turn::Ended { end: End::Refused(Error::new(ErrorKind::Replay, "")), twin });
        }
        let Some(handler) = self.table.find(event.kind.as_deref()) else {
            answered(slot.lease, pin!(self.store.commit(tx, slot, None))).await?;
            return Ok(End::Unhandled.into());
        };
        event.inner.after_gap = gap;
        let (event, kept) = lend(event, &self.graves);
        let ran = {
            let work = pin!(async {
                Contained::new(match handler {
                    Handler::Plain(handler) => handler(event),
                    Handler::InTx(handler) => handler(DerefMut::deref_mut(&mut tx), event),
                })
                .await
            });
            Ran::of(rt::within(rules.timeout, Caught(work)).await)
        };
        let end = match ran.into_failed() {
            Ok(answer) => {
                answered(slot.lease, pin!(self.store.commit(tx, slot, Some(&answer)))).await?;
                End::Handled(answer)
            }
            Err(end) => {
                let undone = answered(slot.lease, pin!(self.store.rollback(tx))).await.is_ok();
                match (end, kept) {
                    // A store that could not even do that buries nothing.
                    (End::Failed(failure), Some(event)) if undone && failure.is_permanent() => {
                        let graves = self.graves.as_deref();
                        let turn = Box::pin(claim_and_bury(&*self.store, graves, slot, &event, failure)).await?;
                        return Ok(turn.with_twin(twin).keeping(event));
                    }
                    (end, _) => end,
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

    fn turn<'a>(&'a self, slot: &'a Slot, event: Box<Event>, rules: Rules) -> BoxFuture<'a, Turned> {
        Box::pin(self.run(slot, event, rules))
    }

    /// A transaction begins with a mark.
    fn unclaimed<'a>(&'a self, fresh: &'a Slot, event: Box<Event>, rules: Rules) -> BoxFuture<'a, Turned> {
        self.turn(fresh, event, rules)
    }

    fn store(&self) -> &dyn DynStore {
        &*self.store
    }
}

pub(super) fn granted<G>(claim: Claim<G>) -> Result<G, Turn> {
    Err(match claim {
        Claim::Granted(grant) => return Ok(grant),
        Claim::Duplicate(answer) => End::Duplicate(answer).into(),
        Claim::Conflict => End::Conflict.into(),
        Claim::Stale => End::Stale.into(),
        Claim::Busy { retry_after } => Turn::Busy(retry_after, ()),
    })
}
