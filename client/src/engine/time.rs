//! The current time, as an argument for pure code.

use landline_common::Moment;

/// The current time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a monotonic clock with an arbitrary start.
    pub ms: u64,
    /// Wall-clock time.
    pub wall: Moment,
}
