//! The time, as the models take it.

use crate::clock::{ZONE, wall};
use crate::engine::Now;
use std::time::Instant;

/// What time it is; milliseconds count from `start`.
#[must_use]
pub fn now(start: Instant) -> Now {
    let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Now { ms, wall: wall(), zone: ZONE }
}
