//! Wall-clock time.

use crate::engine::Zone;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use landline_common::Moment;

/// This machine's time zone.
pub const ZONE: Zone = Zone::new(offset_at);

/// Returns the current time with this machine's UTC offset.
#[must_use]
pub fn wall() -> Moment {
    ZONE.at(Timestamp::now().as_millisecond())
}

fn offset_at(unix_ms: i64) -> i32 {
    let at = Timestamp::from_millisecond(unix_ms).unwrap_or_default();
    TimeZone::system().to_offset(at).seconds()
}
