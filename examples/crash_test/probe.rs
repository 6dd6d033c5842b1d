//! The store that is tested, with places in it where a process can be made to die, and with what `--break` breaks.
//!
//! Nothing of this is in the store itself: what is broken is broken here.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use inhook::{
    Answer, Error,
    store::{
        Begun, Blocked, Claim, Grant, Held, IdempotencyStore, Key, OrderingStore, Rank, Slot, Stream, Token,
        TransactionalStore,
        postgres::{
            PgStore, PgTx,
            sqlx::{self, PgConnection, Postgres, Transaction},
        },
    },
};
use rustix::process::{Signal, getpid, kill_process};

use crate::args::Break;

/// Where a receiver can be made to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Begun,
    Handling,
    Committing,
    /// Between the commit and the answer.
    Committed,
    Claimed,
    Written,
    /// Between the mark and the answer.
    Completed,
}

impl Point {
    pub(crate) const ALL: [Self; 7] =
        [Self::Begun, Self::Handling, Self::Committing, Self::Committed, Self::Claimed, Self::Written, Self::Completed];
}

/// At which of them this process dies next.
#[derive(Clone, Default)]
pub(crate) struct Points(Arc<AtomicUsize>);

impl Points {
    pub(crate) fn arm(&self, name: &str) {
        let found = Point::ALL.iter().position(|point| format!("{point:?}") == name);
        self.0.store(found.map_or(0, |at| at + 1), Ordering::SeqCst);
    }

    pub(crate) fn pass(&self, point: Point) {
        let armed = point as usize + 1;
        if self.0.compare_exchange(armed, 0, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return;
        }
        println!("dies {point:?}");
        if point == Point::Committing {
            // Somewhere within what follows.
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_micros(fastrand::u64(..800)));
                die();
            });
        } else {
            die();
        }
    }
}

fn die() {
    let _gone = kill_process(getpid(), Signal::KILL);
}

#[derive(Clone)]
pub(crate) struct Probe {
    pub(crate) store: PgStore,
    pub(crate) points: Points,
    pub(crate) broken: Option<Break>,
}

impl Probe {
    fn is(&self, broken: Break) -> bool {
        self.broken == Some(broken)
    }

    fn slot(&self, slot: &Slot) -> Slot {
        let mut slot = slot.clone();
        if self.is(Break::Order) {
            slot.place = None;
        }
        slot
    }

    /// With fencing broken nobody is told that somebody else has it by now.
    fn told(&self, held: Held) -> Held {
        if self.is(Break::Fencing) { Held::Yes } else { held }
    }
}

impl IdempotencyStore for Probe {
    async fn claim(&self, slot: &Slot) -> Result<Claim<Grant>, Error> {
        let slot = self.slot(slot);
        let mut claim = self.store.claim(&slot).await?;
        if self.is(Break::Dedupe) && matches!(claim, Claim::Duplicate(_)) {
            self.store.forget(&slot.key).await?;
            claim = self.store.claim(&slot).await?;
        }
        if matches!(claim, Claim::Granted(_)) {
            self.points.pass(Point::Claimed);
        }
        Ok(claim)
    }

    async fn extend(&self, slot: &Slot, token: Token, lease: Duration) -> Result<Held, Error> {
        self.store.extend(&self.slot(slot), token, lease).await.map(|held| self.told(held))
    }

    async fn complete(&self, slot: &Slot, token: Token, answer: Option<&Answer>) -> Result<Held, Error> {
        self.points.pass(Point::Written);
        let held = self.store.complete(&self.slot(slot), token, answer).await?;
        self.points.pass(Point::Completed);
        if held == Held::Yes {
            // Evidence for the end; what is missing accuses nobody.
            let row = sqlx::query("insert into completed (event, fence) values ($1, $2)");
            let token = i64::try_from(token.0).map_err(Error::store)?;
            let _kept_or_not = row.bind(&slot.key.id).bind(token).execute(self.store.pool()).await;
        }
        Ok(self.told(held))
    }

    async fn release(&self, slot: &Slot, token: Token) -> Result<Held, Error> {
        self.store.release(&self.slot(slot), token).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, Error> {
        self.store.forget(key).await
    }

    async fn purge(&self, limit: u32) -> Result<u64, Error> {
        self.store.purge(limit).await
    }
}

impl OrderingStore for Probe {
    async fn blocked(&self, after: Option<&Stream>, limit: u32) -> Result<Vec<Blocked>, Error> {
        self.store.blocked(after, limit).await
    }

    async fn skip(&self, stream: &Stream, rank: &Rank) -> Result<bool, Error> {
        self.store.skip(stream, rank).await
    }
}

pub(crate) enum ProbeTx {
    Whole(PgTx),
    /// A claim, and a transaction that does not hold its mark.
    Apart(Transaction<'static, Postgres>, Token),
}

impl Deref for ProbeTx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Whole(tx) => tx,
            Self::Apart(tx, _) => tx,
        }
    }
}

impl DerefMut for ProbeTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Whole(tx) => tx,
            Self::Apart(tx, _) => tx,
        }
    }
}

fn whole(begun: Begun<PgTx>) -> Begun<ProbeTx> {
    let (twin, gap) = (begun.twin, begun.gap);
    let mut whole = Begun::new(ProbeTx::Whole(begun.tx));
    (whole.twin, whole.gap) = (twin, gap);
    whole
}

impl TransactionalStore for Probe {
    type Conn = PgConnection;
    type Tx = ProbeTx;

    async fn begin(&self, slot: &Slot) -> Result<Claim<Begun<ProbeTx>>, Error> {
        let slot = self.slot(slot);
        let begun = if self.is(Break::CommitBeforeMark) {
            match self.store.claim(&slot).await? {
                Claim::Granted(grant) => {
                    let tx = self.store.pool().begin().await.map_err(Error::store)?;
                    Claim::Granted(Begun::new(ProbeTx::Apart(tx, grant.token)))
                }
                Claim::Duplicate(answer) => Claim::Duplicate(answer),
                Claim::Conflict => Claim::Conflict,
                Claim::Stale => Claim::Stale,
                Claim::Busy { retry_after } => Claim::Busy { retry_after },
                _ => return Err(Error::store("an unknown claim")),
            }
        } else {
            let mut begun = self.store.begin(&slot).await?;
            if self.is(Break::Dedupe) && matches!(begun, Claim::Duplicate(_)) {
                self.store.forget(&slot.key).await?;
                begun = self.store.begin(&slot).await?;
            }
            begun.map(whole)
        };
        if matches!(begun, Claim::Granted(_)) {
            self.points.pass(Point::Begun);
        }
        Ok(begun)
    }

    async fn commit(&self, tx: ProbeTx, slot: &Slot, answer: Option<&Answer>) -> Result<(), Error> {
        let slot = self.slot(slot);
        self.points.pass(Point::Committing);
        match tx {
            ProbeTx::Whole(tx) => {
                self.store.commit(tx, &slot, answer).await?;
                self.points.pass(Point::Committed);
            }
            ProbeTx::Apart(tx, token) => {
                tx.commit().await.map_err(Error::store)?;
                self.points.pass(Point::Committed);
                if self.store.complete(&slot, token, answer).await? == Held::Lost {
                    return Err(Error::store("the lease was lost"));
                }
            }
        }
        Ok(())
    }

    async fn rollback(&self, tx: ProbeTx) -> Result<(), Error> {
        match tx {
            ProbeTx::Whole(tx) => self.store.rollback(tx).await,
            // Its claim runs out by itself.
            ProbeTx::Apart(tx, _) => tx.rollback().await.map_err(Error::store),
        }
    }
}
