//! The current time, as an argument for pure code.

use landline_common::OffsetDateTime;

/// A time zone: by how many seconds local time is ahead of UTC at a moment. That changes where there is summer time.
#[derive(Clone, Copy, Debug)]
pub struct Zone(fn(i64) -> i32);

impl Zone {
    /// A zone by its offset in seconds at a moment in milliseconds since 1970 UTC.
    #[must_use]
    pub const fn new(offset_at: fn(i64) -> i32) -> Zone {
        Zone(offset_at)
    }

    /// Returns that moment with its own UTC offset.
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
    /// The zone in which other moments are shown.
    pub zone: Zone,
}
