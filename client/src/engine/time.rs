//! The current time, as an argument for pure code.

use landline_common::OffsetDateTime;

/// A time zone: a function from a time to the seconds by which local time is ahead of UTC then (summer time differs).
#[derive(Clone, Copy, Debug)]
pub struct Zone(fn(i64) -> i32);

impl Zone {
    /// Creates a zone. `offset_at` takes milliseconds since 1970 UTC, and returns seconds.
    #[must_use]
    pub const fn new(offset_at: fn(i64) -> i32) -> Zone {
        Zone(offset_at)
    }

    /// Returns a time, in milliseconds since 1970 UTC, with its own UTC offset.
    #[must_use]
    pub fn at(self, unix_ms: i64) -> OffsetDateTime {
        OffsetDateTime { unix_ms, offset_s: (self.0)(unix_ms) }
    }
}

impl Default for Zone {
    /// UTC.
    fn default() -> Zone {
        Zone(|_| 0)
    }
}

/// The current time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Milliseconds on a monotonic clock with an arbitrary start.
    pub ms: u64,
    /// Wall-clock time.
    pub wall: OffsetDateTime,
    /// The zone in which other times are shown.
    pub zone: Zone,
}
