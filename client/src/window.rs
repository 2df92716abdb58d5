//! Counting what others do, so that nobody does too much of it.

/// Milliseconds over which is counted.
pub const WINDOW_MS: u64 = 5_000;
/// Lines of one person that are taken lately. Programs send at most 9 in 6 s; what gathers in the 8 s in which a frozen
/// one is still waited for comes at once, and is no more than 27.
pub const LINES: usize = 32;

/// How often something happened lately: in the last few seconds, unless it is counted over a longer time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window<const MS: u64 = WINDOW_MS> {
    since: u64,
    count: usize,
}

impl<const MS: u64> Window<MS> {
    /// Whether that was longer ago.
    #[must_use]
    pub fn is_over(&self, now: u64) -> bool {
        now >= self.since + MS
    }

    /// Once more: how often it is now.
    pub fn count(&mut self, now: u64) -> usize {
        self.add(1, now)
    }

    /// So many more: how many it is now.
    pub fn add(&mut self, more: usize, now: u64) -> usize {
        if self.is_over(now) {
            *self = Window { since: now, count: 0 };
        }
        self.count += more;
        self.count
    }

    /// Milliseconds until counting begins anew.
    #[must_use]
    pub fn left(&self, now: u64) -> u64 {
        (self.since + MS).saturating_sub(now)
    }

    /// How many it was.
    #[must_use]
    pub fn counted(&self, now: u64) -> usize {
        if self.is_over(now) { 0 } else { self.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_longer_ago_does_not_count() {
        let mut window = Window::<100>::default();
        assert_eq!((window.count(1_000), window.add(4, 1_099), window.counted(1_099)), (1, 5, 5));
        assert_eq!((window.left(1_000), window.left(1_099), window.left(1_100)), (100, 1, 0));
        assert!(!window.is_over(1_099) && window.is_over(1_100));
        assert_eq!((window.counted(1_100), window.count(1_100), window.left(1_150)), (0, 1, 50));
    }
}
