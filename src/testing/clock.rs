//! Time that stands still until it is told to go on.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use time::OffsetDateTime;

use crate::Clock;

/// A clock that is moved by hand; clones and the [`Clock`]s made of it are the same one.
///
/// ```
/// use inhook::testing::ManualClock;
/// use std::time::Duration;
///
/// let time = ManualClock::new();
/// let (clock, start) = (time.clock(), time.now());
/// time.advance(Duration::from_secs(60));
/// assert_eq!(clock.now() - start, Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<OffsetDateTime>>);

impl ManualClock {
    /// Starts at the machine's time.
    pub fn new() -> Self {
        Self::at(OffsetDateTime::now_utc())
    }

    /// Starts at `start`.
    pub fn at(start: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    /// Goes on by `by`; at the last time that can be told it stands still.
    pub fn advance(&self, by: Duration) {
        let mut now = self.lock();
        *now = now.saturating_add(by.try_into().unwrap_or(time::Duration::MAX));
    }

    /// What it shows.
    pub fn now(&self) -> OffsetDateTime {
        *self.lock()
    }

    /// For what takes a clock.
    pub fn clock(&self) -> Clock {
        let this = self.clone();
        Clock::new(move || this.now())
    }

    fn lock(&self) -> MutexGuard<'_, OffsetDateTime> {
        // A time is never half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}
