//! Where the time comes from.

use std::{fmt, sync::Arc, time::UNIX_EPOCH};

use time::{Duration, OffsetDateTime};

/// A source of the present time, passed in wherever time matters; the machine's own unless said.
///
/// ```
/// use inhook::Clock;
/// use time::{Duration, OffsetDateTime};
///
/// let fast = Clock::new(|| OffsetDateTime::now_utc() + Duration::minutes(5));
/// assert!(fast.now() > Clock::system().now());
/// ```
#[derive(Clone)]
pub struct Clock(Option<Arc<dyn Fn() -> OffsetDateTime + Send + Sync>>);

impl Clock {
    /// The machine's.
    pub const fn system() -> Self {
        Self(None)
    }

    /// Whatever `now` says; it may go backwards.
    pub fn new(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// The present time.
    pub fn now(&self) -> OffsetDateTime {
        match &self.0 {
            None => OffsetDateTime::now_utc(),
            Some(now) => now(),
        }
    }

    /// The same without a date, which takes longer to make than to ask for the time.
    pub(crate) fn since_1970(&self) -> Duration {
        if self.0.is_none()
            && let Ok(since) = UNIX_EPOCH.elapsed()
        {
            return Duration::new(since.as_secs().cast_signed(), since.subsec_nanos().cast_signed());
        }
        self.now() - OffsetDateTime::UNIX_EPOCH
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(custom)" } else { "Clock(system)" })
    }
}
