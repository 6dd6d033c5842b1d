//! Signed times, and how old they may be.

use std::{borrow::Cow, time::Duration};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Clock, Error, ErrorKind, provider::TimeUnit};

/// How old, and how far in the future, a signed timestamp may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tolerance {
    /// The provider's own.
    #[default]
    Provider,
    /// These, both inclusive. A zero is as strict as it looks, and never turns the check off.
    Within {
        /// How old.
        past: Duration,
        /// How far in the future.
        future: Duration,
    },
    /// Any age: for replaying what was recorded, never for a public endpoint.
    Unlimited,
}

impl Tolerance {
    /// The same into past and future.
    pub const fn within(both: Duration) -> Self {
        Self::Within { past: both, future: both }
    }
}

/// The present; a clock is only asked where there is a time to judge.
#[derive(Clone, Copy, Debug)]
pub(super) enum Now<'c> {
    By(&'c Clock),
    At(OffsetDateTime),
}

impl Now<'_> {
    /// As a date, for what lasts for days.
    #[cfg(feature = "asymmetric")]
    pub(super) fn date(self) -> OffsetDateTime {
        match self {
            Self::At(at) => at,
            Self::By(clock) => clock.now(),
        }
    }

    fn since_1970(self) -> time::Duration {
        match self {
            Self::At(at) => at - OffsetDateTime::UNIX_EPOCH,
            Self::By(clock) => clock.since_1970(),
        }
    }
}

/// The last second of the year 9999.
const LAST: i64 = 253_402_300_799;

/// A signed time, as exact as its unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    /// Since 1970: a date costs more than all else that is done with it.
    at: time::Duration,
    whole_seconds: bool,
}

impl Stamp {
    /// Digits only: no sign, no space, no fraction, nothing that two readers could take for two times.
    #[inline]
    pub(super) fn parse(text: &[u8], unit: TimeUnit) -> Result<Self, Error> {
        const UNREADABLE: Error = Error::new(ErrorKind::MalformedHeader, "the timestamp cannot be read");
        if matches!(unit, TimeUnit::Rfc3339 | TimeUnit::Utc) {
            let text = str::from_utf8(text).map_err(|_| UNREADABLE)?;
            let text = if unit == TimeUnit::Utc { Cow::Owned(format!("{text}Z")) } else { Cow::Borrowed(text) };
            let at = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| UNREADABLE)?;
            return Ok(Self { at: at - OffsetDateTime::UNIX_EPOCH, whole_seconds: false });
        }
        if text.is_empty() || text.len() > 18 {
            return Err(UNREADABLE);
        }
        let digit = |n: i64, c: &u8| c.is_ascii_digit().then(|| n * 10 + i64::from(c - b'0'));
        let n = text.iter().try_fold(0, digit).ok_or(UNREADABLE)?;
        let whole_seconds = unit == TimeUnit::Seconds;
        let (secs, millis) = if whole_seconds { (n, 0) } else { (n / 1000, n % 1000) };
        // A time that no calendar holds is a number all the same: it is far in the future.
        if secs > LAST {
            return Err(Error::new(ErrorKind::FutureTimestamp, "beyond the calendar"));
        }
        Ok(Self { at: time::Duration::seconds(secs) + time::Duration::milliseconds(millis), whole_seconds })
    }

    pub(super) fn at(self) -> Option<OffsetDateTime> {
        OffsetDateTime::UNIX_EPOCH.checked_add(self.at)
    }

    /// `inclusive`: whether an age of exactly `past` will do.
    #[inline]
    pub(super) fn judge(self, now: Now<'_>, past: Duration, future: Duration, inclusive: bool) -> Result<(), Error> {
        let mut now = now.since_1970();
        // Where the sender rounds to seconds, half a second of ours must not make it too old.
        if self.whole_seconds {
            now = time::Duration::seconds(now.whole_seconds() - i64::from(now.subsec_nanoseconds() < 0));
        }
        let (age, past) = ((now - self.at).whole_nanoseconds(), past.as_nanos().cast_signed());
        if age > past || (age == past && !inclusive) {
            Err(Error::new(ErrorKind::StaleTimestamp, ""))
        } else if -age > future.as_nanos().cast_signed() {
            Err(Error::new(ErrorKind::FutureTimestamp, ""))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 06:41:00.7 UTC);
    const FIVE: Duration = Duration::from_secs(300);

    fn judge(text: &str, unit: TimeUnit) -> Result<(), ErrorKind> {
        Stamp::parse(text.as_bytes(), unit).and_then(|s| s.judge(Now::At(NOW), FIVE, FIVE, true)).map_err(|e| e.kind())
    }

    #[test]
    fn both_ends_of_the_tolerance_are_inclusive() {
        let secs = |by: i64| judge(&(NOW.unix_timestamp() + by).to_string(), TimeUnit::Seconds);
        assert_eq!((secs(-300), secs(300)), (Ok(()), Ok(())));
        assert_eq!((secs(-301), secs(301)), (Err(ErrorKind::StaleTimestamp), Err(ErrorKind::FutureTimestamp)));
        let millis = |by: i128| judge(&(NOW.unix_timestamp_nanos() / 1_000_000 + by).to_string(), TimeUnit::Millis);
        assert_eq!((millis(-300_000), millis(300_000)), (Ok(()), Ok(())));
        assert_eq!(
            (millis(-300_001), millis(300_001)),
            (Err(ErrorKind::StaleTimestamp), Err(ErrorKind::FutureTimestamp))
        );
        assert_eq!(judge("2026-11-21T07:40:00+01:00", TimeUnit::Rfc3339), Ok(()));
        assert_eq!(judge("2026-11-21T06:40:00.5", TimeUnit::Utc), Ok(()));
        for text in ["2026-11-21T07:40:00+01:00", "2026-11-21T06:40:00Z", "2026-11-21"] {
            assert_eq!(judge(text, TimeUnit::Utc), Err(ErrorKind::MalformedHeader), "{text}");
        }
    }

    #[test]
    fn the_old_end_may_be_exclusive() {
        let judge = |by: i64| {
            let text = (NOW.unix_timestamp() + by).to_string();
            let stamp = Stamp::parse(text.as_bytes(), TimeUnit::Seconds).unwrap();
            stamp.judge(Now::At(NOW), FIVE, FIVE, false).map_err(|e| e.kind())
        };
        assert_eq!((judge(-300), judge(-299), judge(300)), (Err(ErrorKind::StaleTimestamp), Ok(()), Ok(())));
    }

    #[test]
    fn a_clock_that_says_a_time_before_1970_is_rounded_down_as_any_other() {
        let early = Now::At(datetime!(1969-12-31 23:59:59.3 UTC));
        let judge = |future| {
            let stamp = Stamp::parse(b"0", TimeUnit::Seconds).unwrap();
            stamp.judge(early, FIVE, Duration::from_secs(future), true).map_err(|e| e.kind())
        };
        assert_eq!((judge(0), judge(1)), (Err(ErrorKind::FutureTimestamp), Ok(())));
    }

    #[test]
    fn nothing_but_digits_is_a_number() {
        for text in ["", " 1", "1 ", "+1", "-1", "1_0", "1.9", "1e9", "0x1", "NaN", "١"] {
            assert_eq!(judge(text, TimeUnit::Seconds), Err(ErrorKind::MalformedHeader), "{text}");
        }
        for text in ["1000000000000000000", "9223372036854775808", "9999999999999999999", "1000000000000000000000"] {
            for unit in [TimeUnit::Seconds, TimeUnit::Millis] {
                assert_eq!(judge(text, unit), Err(ErrorKind::MalformedHeader), "{text}");
            }
        }
        assert_eq!(judge("999999999999999999", TimeUnit::Seconds), Err(ErrorKind::FutureTimestamp));
        assert_eq!(judge("0", TimeUnit::Seconds), Err(ErrorKind::StaleTimestamp));
    }
}
