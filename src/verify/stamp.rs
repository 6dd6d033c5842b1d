//! Signed times, and how old they may be.

use std::{borrow::Cow, time::Duration};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Error, ErrorKind, provider::TimeUnit};

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

/// A signed time, as exact as its unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    at: OffsetDateTime,
    whole_seconds: bool,
}

impl Stamp {
    /// Digits only: no sign, no space, no fraction, nothing that two readers could take for two times.
    pub(super) fn parse(text: &[u8], unit: TimeUnit) -> Result<Self, Error> {
        const UNREADABLE: Error = Error::new(ErrorKind::MalformedHeader, "the timestamp cannot be read");
        let text = str::from_utf8(text).map_err(|_| UNREADABLE)?;
        if matches!(unit, TimeUnit::Rfc3339 | TimeUnit::Utc) {
            let text = if unit == TimeUnit::Utc { Cow::Owned(format!("{text}Z")) } else { Cow::Borrowed(text) };
            let at = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| UNREADABLE)?;
            return Ok(Self { at, whole_seconds: false });
        }
        if text.is_empty() || text.len() > 18 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(UNREADABLE);
        }
        let n: i64 = text.parse().map_err(|_| UNREADABLE)?;
        let nanos = i128::from(n) * if unit == TimeUnit::Millis { 1_000_000 } else { 1_000_000_000 };
        // A time that no calendar holds is a number all the same: it is far in the future.
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos)
            .map_err(|_| Error::new(ErrorKind::FutureTimestamp, "beyond the calendar"))?;
        Ok(Self { at, whole_seconds: unit == TimeUnit::Seconds })
    }

    pub(super) fn at(self) -> OffsetDateTime {
        self.at
    }

    /// `inclusive`: whether an age of exactly `past` will do.
    pub(super) fn judge(
        self,
        now: OffsetDateTime,
        past: Duration,
        future: Duration,
        inclusive: bool,
    ) -> Result<(), Error> {
        // Where the sender rounds to seconds, half a second of ours must not make it too old.
        let now = if self.whole_seconds { now.replace_nanosecond(0).unwrap_or(now) } else { now };
        let age = now - self.at;
        if age > past || (age == past && !inclusive) {
            Err(Error::new(ErrorKind::StaleTimestamp, ""))
        } else if -age > future {
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
        Stamp::parse(text.as_bytes(), unit).and_then(|s| s.judge(NOW, FIVE, FIVE, true)).map_err(|e| e.kind())
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
            stamp.judge(NOW, FIVE, FIVE, false).map_err(|e| e.kind())
        };
        assert_eq!((judge(-300), judge(-299), judge(300)), (Err(ErrorKind::StaleTimestamp), Ok(()), Ok(())));
    }

    #[test]
    fn nothing_but_digits_is_a_number() {
        for text in ["", " 1", "1 ", "+1", "-1", "1_0", "1.9", "1e9", "0x1", "NaN", "١", "1000000000000000000000"] {
            assert_eq!(judge(text, TimeUnit::Seconds), Err(ErrorKind::MalformedHeader), "{text}");
        }
        assert_eq!(judge("999999999999999999", TimeUnit::Seconds), Err(ErrorKind::FutureTimestamp));
        assert_eq!(judge("0", TimeUnit::Seconds), Err(ErrorKind::StaleTimestamp));
    }
}
