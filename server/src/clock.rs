//! The wall clock, for times that are shown or stored. Timers use `Instant`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use landline_common::OffsetDateTime;
use std::fmt;
use std::sync::Arc;

/// The time in the time zone of this machine.
#[derive(Clone)]
pub struct Clock {
    zone: TimeZone,
    time: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Clock {
    /// Makes the clock of this machine. The time zone is read once, here.
    #[must_use]
    pub fn system() -> Clock {
        Clock { zone: TimeZone::system(), time: Arc::new(Timestamp::now) }
    }

    /// Makes a clock that is off by `ms()` milliseconds, read at each call. Tests use it to set the clock while a
    /// server runs.
    #[must_use]
    pub fn wrong_by(ms: impl Fn() -> i64 + Send + Sync + 'static) -> Clock {
        let wrong = move || {
            let now = Timestamp::now();
            Timestamp::from_millisecond(now.as_millisecond().saturating_add(ms())).unwrap_or(now)
        };
        Clock { time: Arc::new(wrong), ..Clock::system() }
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.local((self.time)())
    }

    /// Returns the moment `unix_ms` with the offset of the time zone at that moment, which differs from today's where
    /// there is daylight saving time.
    #[must_use]
    pub fn at(&self, unix_ms: i64) -> OffsetDateTime {
        self.local(Timestamp::from_millisecond(unix_ms).unwrap_or_default())
    }

    fn local(&self, at: Timestamp) -> OffsetDateTime {
        OffsetDateTime { unix_ms: at.as_millisecond(), offset_s: self.zone.to_offset(at).seconds() }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("zone", &self.zone).finish_non_exhaustive()
    }
}
