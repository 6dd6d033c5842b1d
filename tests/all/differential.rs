//! Whatever is asked of the stores, in whatever order, all of them say the same.
//!
//! What they are free in is not asked, or not compared: how much a purge finds, which of two that wait with one rank is
//! told of, and whether a lease that ran out was lost before anybody else was granted what it held.

mod ask;
mod side;

use inhook::store::{Held::Yes, Slot};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestError, TestRng, TestRunner},
};

use self::{
    ask::{Ask, Case, End, Op, case},
    side::{Party, Said, Step, Stores},
};

/// A grant that was given by all, and when its lease runs out.
struct Held {
    slot: Slot,
    until: u64,
    /// Its holder has done with it.
    over: bool,
}

struct Play {
    sides: Vec<Box<dyn Party>>,
    now: u64,
    purged: bool,
    held: Vec<Held>,
    buried: Vec<Slot>,
}

impl Play {
    /// Whether the case goes on: with one side left nothing is to be compared.
    fn goes_on(&self) -> bool {
        self.sides.len() > 1
    }

    async fn step(&mut self, step: &Step<'_>, late: bool) -> Result<Said, TestCaseError> {
        let mut all = Vec::with_capacity(self.sides.len());
        for side in &mut self.sides {
            all.push(side.take(step).await);
        }
        let agree = |said: &Said| all.iter().filter(|other| *other == said).count();
        let said = all.iter().rev().max_by_key(|said| agree(said)).unwrap().clone();
        if agree(&said) < all.len() {
            let told: Vec<_> = self.sides.iter().zip(&all).map(|(side, said)| (side.name(), said)).collect();
            prop_assert!(late && all.iter().all(|said| matches!(said, Said::Held(_))), "{:?}: {:?}", step, told);
            // They are free to: those that made another use of it are no longer compared.
            let mut all = all.iter();
            self.sides.retain(|_| all.next() == Some(&said));
        }
        Ok(said)
    }

    /// What is over is gone, where that is how the case is played.
    async fn purge(&mut self) -> Result<(), TestCaseError> {
        if self.purged {
            self.step(&Step::Purge(u32::MAX), false).await?;
        }
        Ok(())
    }

    async fn pass(&mut self, by: u64) -> Result<(), TestCaseError> {
        self.now += by;
        self.step(&Step::Advance(by), false).await?;
        self.purge().await
    }

    async fn claim(&mut self, slot: Slot) -> Result<bool, TestCaseError> {
        let granted = matches!(self.step(&Step::Claim(&slot), false).await?, Said::Granted { .. });
        if granted {
            let until = self.now.saturating_add(slot.lease.as_secs());
            self.held.push(Held { slot, until, over: false });
        }
        Ok(granted)
    }

    /// Whoever has this one is done with it, one way or another.
    async fn end_of(&mut self, n: usize, how: End) -> Result<(), TestCaseError> {
        let Held { slot, until, .. } = &self.held[n];
        let (slot, late) = (slot.clone(), *until <= self.now);
        let step = match how {
            End::Complete(answer) => Step::Complete(n, &slot, answer),
            End::Release => Step::Release(n, &slot),
            End::Bury => Step::Bury(n, &slot),
        };
        if self.step(&step, late).await? == Said::Held(Yes) {
            self.held[n].over = true;
            if let End::Bury = how {
                self.buried.push(slot);
            }
        }
        self.purge().await
    }

    async fn extend(&mut self, n: usize, lease: u64) -> Result<(), TestCaseError> {
        let Held { slot, until, .. } = &self.held[n];
        let (slot, late) = (slot.clone(), *until <= self.now);
        if self.step(&Step::Extend(n, &slot, lease), late).await? == Said::Held(Yes) {
            self.held[n].until = self.now.saturating_add(lease);
        }
        Ok(())
    }

    async fn transact(&mut self, ask: &Ask, answer: Option<Option<&'static str>>) -> Result<(), TestCaseError> {
        let slot = ask.slot(self.purged);
        // Where no transactions are a claim stands for one, and one that is let go of has seen its stream all the same.
        let answer = if self.purged || ask.is_granted_after_a_gap_at_once() { answer.or(Some(None)) } else { answer };
        self.step(&Step::Transact(&slot, answer), false).await?;
        self.now += 1;
        self.purge().await
    }

    /// One of the last grants that still is one; or, among those who are late, was.
    fn held(&self, at: usize, late: bool) -> Option<usize> {
        let all = self.held.iter().enumerate().rev();
        let mut all = all.filter(|(_, held)| late || !held.over && held.until > self.now);
        all.nth(at).map(|(n, _)| n)
    }

    async fn play(&mut self, case: &Case, op: &Op) -> Result<(), TestCaseError> {
        let ask = |at: &usize| &case.asks[at % case.asks.len()];
        let step = match op {
            Op::Claim(at) => return self.claim(ask(at).slot(case.purged)).await.map(drop),
            Op::Handle(at, answer) => {
                if self.claim(ask(at).slot(case.purged)).await? {
                    self.end_of(self.held.len() - 1, End::Complete(*answer)).await?;
                }
                return Ok(());
            }
            Op::Redrive(at) => {
                let Some(buried) = self.buried.iter().rev().nth(*at) else { return Ok(()) };
                let mut slot = buried.clone();
                slot.generation += 1;
                return self.claim(slot).await.map(drop);
            }
            Op::Transact(at, answer) => return self.transact(ask(at), *answer).await,
            Op::Advance(by) => return self.pass(*by).await,
            Op::Extend(at, lease) => match self.held(*at, case.late) {
                Some(n) => return self.extend(n, *lease).await,
                None => return Ok(()),
            },
            Op::End(at, how) => match self.held(*at, case.late) {
                Some(n) => return self.end_of(n, *how).await,
                None => return Ok(()),
            },
            Op::Forget(at) => Step::Forget(*at),
            Op::Purge(limit) => Step::Purge(*limit),
            Op::Skip(stream, rank) => Step::Skip(*stream, *rank),
            Op::Blocked(after, limit) => Step::Blocked(*after, *limit),
            Op::Letters(after, limit) => Step::Letters(*after, *limit),
            Op::Discard(at) => Step::Discard(*at),
        };
        self.step(&step, false).await.map(drop)
    }

    /// What stands at the end is the same, wherever one looks.
    async fn end(&mut self, case: &Case) -> Result<(), TestCaseError> {
        for by in [0, 100, 300] {
            self.pass(by).await?;
            self.step(&Step::Blocked(None, u32::MAX), false).await?;
            for ask in &case.asks {
                self.step(&Step::Claim(&ask.slot(case.purged)), false).await?;
            }
        }
        self.step(&Step::Blocked(None, u32::MAX), false).await?;
        self.step(&Step::Letters(None, u32::MAX), false).await.map(drop)
    }
}

async fn play(stores: &Stores, case: &Case) -> Result<(), TestCaseError> {
    let sides = stores.fresh().await;
    let mut play = Play { sides, now: 0, purged: case.purged, held: Vec::new(), buried: Vec::new() };
    for op in &case.ops {
        if !play.goes_on() {
            return Ok(());
        }
        play.play(case, op).await?;
    }
    play.end(case).await
}

/// The same few cases each time, unless `PROPTEST_CASES` says how many others there are to be.
#[test]
fn all_stores_say_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stores = runtime.block_on(Stores::start());
    let config = |cases| ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::with_cases(cases)
    };
    let mut runner = match std::env::var("PROPTEST_CASES") {
        Ok(cases) => TestRunner::new(config(cases.parse().unwrap())),
        Err(_) => {
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            TestRunner::new_with_rng(config(64), rng)
        }
    };
    let done = runner.run(&case(), |case| runtime.block_on(play(&stores, &case)));
    if let Err(TestError::Fail(why, case)) = &done {
        panic!("{why}\n{case:?}");
    }
    done.unwrap();
}
