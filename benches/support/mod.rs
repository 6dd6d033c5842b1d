//! Cases that take turns, by the time that their thread has: on a machine that does other things too, only figures of the
//! same moment can be compared.

#![allow(dead_code, reason = "no bench uses all of it")]

pub(crate) mod data;
pub(crate) mod ideal;

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use allocation_counter::AllocationInfo;
use cpu_time::ThreadTime;

/// For how long a case runs before it is another's turn.
const SLICE: Duration = Duration::from_millis(3);

/// Cases side by side. The first is what the others are measured by; so is one named `ideal`.
pub(crate) struct Table<'c> {
    title: String,
    cases: Vec<Case<'c>>,
}

struct Case<'c> {
    name: &'static str,
    /// Prepares as many inputs as it is told to, and has what is done with them run by whom it is given.
    work: Box<Work<'c>>,
}

type Work<'c> = dyn FnMut(usize, &mut dyn FnMut(&mut dyn FnMut())) + 'c;

impl<'c> Table<'c> {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), cases: Vec::new() }
    }

    /// Another case; one that does not do its work panics, so that no figure is that of a refusal.
    pub(crate) fn case<T>(&mut self, name: &'static str, mut work: impl FnMut() -> T + 'c) {
        self.case_with(name, || (), move |()| work());
    }

    /// One that uses up something, which is made before the clock runs.
    pub(crate) fn case_with<I, T>(
        &mut self,
        name: &'static str,
        mut input: impl FnMut() -> I + 'c,
        mut work: impl FnMut(I) -> T + 'c,
    ) {
        let work = move |times, run: &mut dyn FnMut(&mut dyn FnMut())| {
            let inputs: Vec<I> = (0..times).map(|_| input()).collect();
            let mut inputs = inputs.into_iter();
            run(&mut || {
                for input in inputs.by_ref() {
                    black_box(work(input));
                }
            });
        };
        self.cases.push(Case { name, work: Box::new(work) });
    }

    /// Runs them in turn and prints medians, their ratios within a turn, and allocations.
    pub(crate) fn run(mut self) {
        if !asked(&self.title) {
            return;
        }
        let times: Vec<usize> = self.cases.iter_mut().map(Case::fit).collect();
        let mut turns: Vec<Vec<f64>> = vec![Vec::new(); times.len()];
        for _ in 0..rounds() {
            for ((case, times), turns) in self.cases.iter_mut().zip(&times).zip(&mut turns) {
                turns.push(case.took(*times).as_nanos() as f64 / *times as f64);
            }
        }
        let ideal = self.cases.iter().position(|case| case.name == "ideal");
        println!("\n{}", self.title);
        let by_ideal = if ideal.is_some() { "  / ideal" } else { "" };
        println!("{:34}{:>11}{:>11}{:>9}{by_ideal}{:>14}", "", "ns", "- first", "/ first", "allocs (B)");
        for (at, case) in self.cases.iter_mut().enumerate() {
            let mut counted = AllocationInfo::default();
            (case.work)(1, &mut |work| counted = allocation_counter::measure(work));
            let pairs = |other: usize| turns[at].iter().zip(&turns[other]);
            let ratio = |other: usize| median(pairs(other).map(|(a, b)| a / b));
            let by_ideal = ideal.map_or(String::new(), |ideal| format!("{:>9.3}", ratio(ideal)));
            let (ns, more) = (median(turns[at].iter().copied()), median(pairs(0).map(|(a, b)| a - b)));
            let allocs = format!("{} ({})", counted.count_total, counted.bytes_total);
            println!("{:34}{ns:>11.1}{more:>11.1}{:>9.3}{by_ideal}{allocs:>14}", case.name, ratio(0));
        }
    }
}

impl Case<'_> {
    fn took(&mut self, times: usize) -> Duration {
        let mut took = Duration::ZERO;
        (self.work)(times, &mut |work| {
            let start = ThreadTime::now();
            // Peers allocate hundreds of times: counting that is not to be a part of what they take.
            allocation_counter::opt_out(work);
            took = start.elapsed();
        });
        took
    }

    /// How often it fits into a slice.
    fn fit(&mut self) -> usize {
        let mut times = 1;
        loop {
            let took = self.took(times);
            if took > SLICE / 3 {
                return (times as f64 * SLICE.as_secs_f64() / took.as_secs_f64()).ceil() as usize;
            }
            times *= 2;
        }
    }
}

/// `INHOOK_ROUNDS` in the environment: more for steadier figures.
pub(crate) fn rounds() -> usize {
    std::env::var("INHOOK_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(21)
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Whether the command's arguments name it, or nothing: `cargo bench --bench authenticate -- "1024 B"`.
pub(crate) fn asked(title: &str) -> bool {
    std::env::args().skip(1).all(|arg| arg.starts_with('-') || title.contains(&arg))
}

/// What is ready at once, as all that the store in memory does.
pub(crate) fn now<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}
