//! Verbs that say what was expected of them.

use std::{
    fmt::{Debug, Display},
    sync::Arc,
    time::Duration,
};

use super::{StoreHarness, TransactionHarness, together};
use crate::{
    Answer, Error,
    store::{Claim, Grant, Held, IdempotencyStore, Slot, Token, TransactionalStore},
};

/// One rule, being tried.
pub(super) struct Trial<'h, H> {
    pub(super) harness: &'h mut H,
    rule: &'static str,
}

impl<'h, H: StoreHarness> Trial<'h, H> {
    pub(super) fn of(harness: &'h mut H, rule: &'static str) -> Self {
        Self { harness, rule }
    }

    pub(super) async fn fresh(&mut self) -> Probe<H::Store> {
        Probe { store: Arc::new(self.harness.fresh().await), rule: self.rule }
    }

    /// A fresh store, and the same one as another process opens it.
    pub(super) async fn pair(&mut self) -> (Probe<H::Store>, Probe<H::Store>) {
        let first = self.fresh().await;
        (first, Probe { store: Arc::new(self.harness.second().await), rule: self.rule })
    }

    pub(super) async fn advance(&mut self, by: Duration) {
        self.harness.advance(by).await;
    }
}

/// A store, for one rule.
pub(super) struct Probe<S> {
    pub(super) store: Arc<S>,
    rule: &'static str,
}

impl<S> Clone for Probe<S> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), rule: self.rule }
    }
}

impl<S> Probe<S> {
    #[track_caller]
    pub(super) fn broken(&self, how: impl Display) -> ! {
        panic!("the store breaks the contract: {}: {how}", self.rule.replace('_', " "))
    }

    #[track_caller]
    pub(super) fn is<T: PartialEq + Debug>(&self, what: &str, found: T, expected: T) {
        if found != expected {
            self.broken(format_args!("{what} is {found:?}, not {expected:?}"));
        }
    }

    #[track_caller]
    pub(super) fn holds(&self, what: &str, holds: bool) {
        if !holds {
            self.broken(format_args!("it does not hold that {what}"));
        }
    }

    #[track_caller]
    pub(super) fn ok<T>(&self, verb: &str, result: Result<T, Error>) -> T {
        result.unwrap_or_else(|e| self.broken(format_args!("{verb} failed: {e:?}")))
    }

    fn unexpected<G>(&self, slot: &Slot, claim: &Claim<G>, expected: &str) -> ! {
        self.broken(format_args!("{:?} is {}, not {expected}", slot.key, name(claim)))
    }
}

/// The outcome of a claim, without what it carries.
pub(super) fn name<G>(claim: &Claim<G>) -> &'static str {
    match claim {
        Claim::Granted(_) => "granted",
        Claim::Duplicate(_) => "a duplicate",
        Claim::Conflict => "a conflict",
        Claim::Stale => "stale",
        Claim::Busy { .. } => "busy",
    }
}

impl<S: IdempotencyStore> Probe<S> {
    pub(super) async fn claim(&self, slot: &Slot) -> Claim<Grant> {
        let claim = self.ok("claim", self.store.claim(slot).await);
        if let Claim::Busy { retry_after } = claim
            && retry_after.is_zero()
        {
            self.broken("a busy claim is to be tried again at once");
        }
        claim
    }

    pub(super) async fn grant(&self, slot: &Slot) -> Grant {
        match self.claim(slot).await {
            Claim::Granted(grant) => grant,
            other => self.unexpected(slot, &other, "granted"),
        }
    }

    pub(super) async fn granted(&self, slot: &Slot) -> Token {
        self.grant(slot).await.token
    }

    pub(super) async fn duplicate(&self, slot: &Slot) -> Option<Answer> {
        match self.claim(slot).await {
            Claim::Duplicate(answer) => answer,
            other => self.unexpected(slot, &other, "a duplicate"),
        }
    }

    pub(super) async fn busy(&self, slot: &Slot) -> Duration {
        match self.claim(slot).await {
            Claim::Busy { retry_after } => retry_after,
            other => self.unexpected(slot, &other, "busy"),
        }
    }

    pub(super) async fn stale(&self, slot: &Slot) {
        match self.claim(slot).await {
            Claim::Stale => {}
            other => self.unexpected(slot, &other, "stale"),
        }
    }

    pub(super) async fn conflict(&self, slot: &Slot) {
        match self.claim(slot).await {
            Claim::Conflict => {}
            other => self.unexpected(slot, &other, "a conflict"),
        }
    }

    pub(super) async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) {
        let held = self.ok("complete", self.store.complete(slot, token, answer).await);
        self.is("complete by the holder", held, Held::Yes);
    }

    pub(super) async fn release(&self, slot: &Slot, token: Token) {
        let held = self.ok("release", self.store.release(slot, token).await);
        self.is("release by the holder", held, Held::Yes);
    }

    pub(super) async fn extend(&self, slot: &Slot, token: Token, lease: Duration) {
        let held = self.ok("extend", self.store.extend(slot, token, lease).await);
        self.is("extend by the holder", held, Held::Yes);
    }

    /// Claimed and completed with no answer.
    pub(super) async fn done(&self, slot: &Slot) {
        let token = self.granted(slot).await;
        self.complete(slot, token, None).await;
    }

    /// Whoever has this token has nothing.
    pub(super) async fn lost(&self, slot: &Slot, token: Token) {
        let extended = self.ok("extend", self.store.extend(slot, token, LONG).await);
        self.is("extend by somebody else", extended, Held::Lost);
        let released = self.ok("release", self.store.release(slot, token).await);
        self.is("release by somebody else", released, Held::Lost);
        let answer = Answer::text("too late");
        let completed = self.ok("complete", self.store.complete(slot, token, Some(&answer)).await);
        self.is("complete by somebody else", completed, Held::Lost);
    }

    /// Purges until nothing is left to purge, and says how much it was.
    pub(super) async fn purged(&self, limit: u32) -> u64 {
        let mut total = 0;
        loop {
            let gone = self.ok("purge", self.store.purge(limit).await);
            self.holds("a purge removes no more than it may", gone <= u64::from(limit));
            total += gone;
            self.holds("purging comes to an end", total < 10_000);
            if gone == 0 {
                return total;
            }
        }
    }

    /// Claims all of them at the same time, through this handle and the other by turns.
    pub(super) async fn claim_at_once(&self, other: &Self, slots: Vec<Slot>, meet: Meet) -> Vec<Claim<Grant>> {
        let handles = [self, other].into_iter().cycle();
        let claims = slots.into_iter().zip(handles).map(|(slot, handle)| {
            let handle = handle.clone();
            async move { handle.claim(&slot).await }
        });
        match meet {
            Meet::ByTurns => together::by_turns(claims.collect()).await,
            Meet::AtOnce => together::at_once(claims.collect()).await,
        }
    }
}

/// How claims meet: one way finds what waits between looking and acting, the other what does not.
#[derive(Clone, Copy)]
pub(super) enum Meet {
    ByTurns,
    AtOnce,
}

impl Meet {
    pub(super) const BOTH: [Self; 2] = [Self::ByTurns, Self::AtOnce];
}

const LONG: Duration = Duration::from_secs(86_400 * 365);

impl<S: TransactionalStore> Probe<S> {
    pub(super) async fn begin(&self, slot: &Slot) -> Claim<S::Tx> {
        self.ok("begin", self.store.begin(slot).await).map(|begun| begun.tx)
    }

    pub(super) async fn begins_with_twin(&self, slot: &Slot, expected: bool) {
        match self.ok("begin", self.store.begin(slot).await) {
            Claim::Granted(begun) => {
                self.is("its twin", begun.twin, expected);
                self.rollback(begun.tx).await;
            }
            other => self.unexpected(slot, &other.map(|_| ()), "begun"),
        }
    }

    pub(super) async fn begun(&self, slot: &Slot) -> S::Tx {
        match self.begin(slot).await {
            Claim::Granted(tx) => tx,
            other => self.unexpected(slot, &other, "begun"),
        }
    }

    pub(super) async fn commit(&self, tx: S::Tx, slot: &Slot, answer: Option<&Answer>) {
        self.ok("commit", self.store.commit(tx, slot, answer).await);
    }

    pub(super) async fn rollback(&self, tx: S::Tx) {
        self.ok("rollback", self.store.rollback(tx).await);
    }

    /// A begin that is not granted.
    pub(super) async fn not_begun(&self, slot: &Slot, expected: &str) {
        let claim = self.begin(slot).await;
        if name(&claim) != expected {
            self.unexpected(slot, &claim, expected);
        }
    }
}

impl<H: TransactionHarness> Trial<'_, H> {
    pub(super) async fn write(&self, conn: &mut <H::Store as TransactionalStore>::Conn) {
        self.harness.write(conn).await;
    }

    pub(super) async fn written(&self) -> u64 {
        self.harness.written().await
    }
}
