//! Wall-clock time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use landline_common::Moment;

/// Returns the current time with this machine's UTC offset.
#[must_use]
pub fn wall() -> Moment {
    let at = Timestamp::now();
    let offset_s = at.to_zoned(TimeZone::system()).offset().seconds();
    Moment { unix_ms: at.as_millisecond(), offset_s }
}
