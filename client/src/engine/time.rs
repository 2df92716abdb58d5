//! The time, as pure code takes it.

use landline_common::Moment;

/// What time it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since some point in the past; it never goes back.
    pub ms: u64,
    /// As people see it.
    pub wall: Moment,
}
