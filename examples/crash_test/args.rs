//! What was asked for on the command line.

use std::{path::PathBuf, time::Duration};

/// Which guarantee is turned off, to show that the test can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// What is done is forgotten as soon as it comes again.
    Dedupe,
    /// Handlers write without looking at their fencing token, and the store never says that a lease was lost.
    Fencing,
    /// Events have no place in a stream.
    Order,
    /// The handler's writes are committed before the mark is.
    CommitBeforeMark,
}

impl Break {
    const ALL: [(&str, Self); 4] = [
        ("dedupe", Self::Dedupe),
        ("fencing", Self::Fencing),
        ("order", Self::Order),
        ("commit-before-mark", Self::CommitBeforeMark),
    ];

    fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, one)| *one).ok_or(format!("--break {name}: dedupe, fencing, order or commit-before-mark"))
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }
}

pub(crate) struct Args {
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    pub(crate) broken: Option<Break>,
    /// This process is a receiver, and the database's socket is there.
    pub(crate) receiver: Option<PathBuf>,
}

pub(crate) fn args() -> Result<Args, Box<dyn std::error::Error + Send + Sync>> {
    use lexopt::prelude::*;
    let mut args = Args { time: Duration::from_secs(50), seed: fastrand::u64(..), broken: None, receiver: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("minutes") => {
                let minutes: f64 = parser.value()?.parse()?;
                args.time = Duration::try_from_secs_f64(minutes * 60.0)?;
            }
            Long("seed") => args.seed = parser.value()?.parse()?,
            Long("break") => args.broken = Some(Break::named(&parser.value()?.string()?)?),
            Long("receiver") => args.receiver = Some(parser.value()?.into()),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(args)
}
