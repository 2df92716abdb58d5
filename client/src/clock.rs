//! Wall-clock time.

use crate::engine::{Now, Zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use landline_common::OffsetDateTime;
use std::time::Instant;

/// This machine's time zone.
pub const ZONE: Zone = Zone::new(offset_at);

/// Returns the current time with this machine's UTC offset.
#[must_use]
pub fn wall() -> OffsetDateTime {
    ZONE.at(Timestamp::now().as_millisecond())
}

fn offset_at(unix_ms: i64) -> i32 {
    let at = Timestamp::from_millisecond(unix_ms).unwrap_or_default();
    TimeZone::system().to_offset(at).seconds()
}

/// Returns the time for the engine. Its milliseconds count from `start`.
#[must_use]
pub fn now(start: Instant) -> Now {
    let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Now { ms, wall: wall(), zone: ZONE }
}
