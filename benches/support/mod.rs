//! Cases that take turns, by the time that their thread has: on a machine that does other things too, only figures of the
//! same moment can be compared.

#![allow(dead_code, reason = "no bench uses all of it")]

pub(crate) mod data;
pub(crate) mod ideal;

use std::{hint::black_box, time::Duration};

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
    work: Box<dyn FnMut(usize) + 'c>,
}

impl<'c> Table<'c> {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), cases: Vec::new() }
    }

    /// Another case; one that does not do its work panics, so that no figure is that of a refusal.
    pub(crate) fn case<T>(&mut self, name: &'static str, mut work: impl FnMut() -> T + 'c) {
        let work = move |times| {
            for _ in 0..times {
                black_box(work());
            }
        };
        self.cases.push(Case { name, work: Box::new(work) });
    }

    /// Runs them in turn and prints medians, their ratios within a turn, and allocations.
    pub(crate) fn run(mut self) {
        if std::env::args().skip(1).any(|arg| !arg.starts_with('-') && !self.title.contains(&arg)) {
            return;
        }
        let times: Vec<usize> = self.cases.iter_mut().map(Case::fit).collect();
        let mut turns: Vec<Vec<f64>> = vec![Vec::new(); times.len()];
        for _ in 0..rounds() {
            for ((case, times), turns) in self.cases.iter_mut().zip(&times).zip(&mut turns) {
                let start = ThreadTime::now();
                (case.work)(*times);
                turns.push(start.elapsed().as_nanos() as f64 / *times as f64);
            }
        }
        let ideal = self.cases.iter().position(|case| case.name == "ideal");
        println!("\n{}", self.title);
        let by_ideal = if ideal.is_some() { "  / ideal" } else { "" };
        println!("{:34}{:>11}{:>9}{by_ideal}{:>14}", "", "ns", "/ first", "allocs (B)");
        for (at, case) in self.cases.iter_mut().enumerate() {
            let counted = allocation_counter::measure(|| (case.work)(1));
            let beside = |other: usize| median(turns[at].iter().zip(&turns[other]).map(|(a, b)| a / b));
            let by_ideal = ideal.map_or(String::new(), |ideal| format!("{:>9.3}", beside(ideal)));
            let (ns, by_first) = (median(turns[at].iter().copied()), beside(0));
            let allocs = format!("{} ({})", counted.count_total, counted.bytes_total);
            println!("{:34}{ns:>11.1}{by_first:>9.3}{by_ideal}{allocs:>14}", case.name);
        }
    }
}

impl Case<'_> {
    /// How often it fits into a slice.
    fn fit(&mut self) -> usize {
        let mut times = 1;
        loop {
            let start = ThreadTime::now();
            (self.work)(times);
            let took = start.elapsed();
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
