//! The time, as the models take it.

use crate::model::Now;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use landline_common::Moment;
use std::time::Instant;

/// What time it is; milliseconds count from `start`.
#[must_use]
pub fn now(start: Instant) -> Now {
    let at = Timestamp::now();
    let offset_s = at.to_zoned(TimeZone::system()).offset().seconds();
    let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Now { ms, wall: Moment { unix_ms: at.as_millisecond(), offset_s } }
}
