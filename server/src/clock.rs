//! The wall clock, for what people read. Timers use `Instant`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use landline_common::Moment;
use std::fmt;
use std::sync::Arc;

/// Knows the time and the time zone of this machine.
#[derive(Clone)]
pub struct Clock {
    zone: TimeZone,
    time: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Clock {
    /// The zone is read once: a server does not travel.
    #[must_use]
    pub fn system() -> Clock {
        Clock { zone: TimeZone::system(), time: Arc::new(Timestamp::now) }
    }

    /// A clock that is wrong by so many milliseconds, which may change at any time, as that of a machine does whose
    /// clock is set.
    #[must_use]
    pub fn wrong_by(ms: impl Fn() -> i64 + Send + Sync + 'static) -> Clock {
        let wrong = move || {
            let now = Timestamp::now();
            Timestamp::from_millisecond(now.as_millisecond().saturating_add(ms())).unwrap_or(now)
        };
        Clock { time: Arc::new(wrong), ..Clock::system() }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        let now = (self.time)();
        Moment { unix_ms: now.as_millisecond(), offset_s: self.zone.to_offset(now).seconds() }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("zone", &self.zone).finish_non_exhaustive()
    }
}
