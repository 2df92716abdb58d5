//! The wall clock, for what people read. Timers use `Instant`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use landline_common::Moment;

/// Knows the time and the time zone of this machine.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// The zone is read once: a server does not travel.
    #[must_use]
    pub fn system() -> Clock {
        Clock { zone: TimeZone::system() }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        let now = Timestamp::now();
        Moment { unix_ms: now.as_millisecond(), offset_s: self.zone.to_offset(now).seconds() }
    }
}
