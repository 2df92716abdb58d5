//! A rate counter over fixed windows of time, with the clock as an argument.

/// Default length of a window, in milliseconds.
pub const WINDOW_MS: u64 = 5_000;
/// Lines that one peer may send per window. A client sends at most 9 lines in 6 s. After a freeze of up to 8 s, during
/// which a link is kept, its lines arrive together: at most 27.
pub const LINES: usize = 32;

/// Counts events in a window that begins with the first event after the last window ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateCounter<const MS: u64 = WINDOW_MS> {
    since: u64,
    count: usize,
}

impl<const MS: u64> RateCounter<MS> {
    /// Returns whether the window has ended at `now`, in milliseconds.
    #[must_use]
    pub fn has_ended(&self, now: u64) -> bool {
        now >= self.since + MS
    }

    /// Counts one event, and returns the number in the window.
    pub fn count(&mut self, now: u64) -> usize {
        self.add(1, now)
    }

    /// Counts `more` events, and returns the number in the window.
    pub fn add(&mut self, more: usize, now: u64) -> usize {
        if self.has_ended(now) {
            *self = RateCounter { since: now, count: 0 };
        }
        self.count += more;
        self.count
    }

    /// Returns the milliseconds until the window ends.
    #[must_use]
    pub fn remaining_ms(&self, now: u64) -> u64 {
        (self.since + MS).saturating_sub(now)
    }

    /// Returns the number of events in the window, or 0 if the window has ended.
    #[must_use]
    pub fn counted(&self, now: u64) -> usize {
        if self.has_ended(now) { 0 } else { self.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_within_the_window_only() {
        let mut window = RateCounter::<100>::default();
        assert_eq!((window.count(1_000), window.add(4, 1_099), window.counted(1_099)), (1, 5, 5));
        assert_eq!((window.remaining_ms(1_000), window.remaining_ms(1_099), window.remaining_ms(1_100)), (100, 1, 0));
        assert!(!window.has_ended(1_099) && window.has_ended(1_100));
        assert_eq!((window.counted(1_100), window.count(1_100), window.remaining_ms(1_150)), (0, 1, 50));
    }
}
