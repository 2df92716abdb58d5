//! How many lines one person may send. Every line counts, whatever the door, also blank and malformed ones.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// The lines of one person.
#[derive(Debug)]
pub struct Rate {
    /// `None`: no limit.
    bound: Option<Bound>,
    /// When the lines that still count came.
    passed: VecDeque<Instant>,
    dropped: u64,
    /// When the first of these was dropped.
    dropping_since: Option<Instant>,
    warned: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Bound {
    lines: usize,
    per: Duration,
    most_dropped: u64,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts, and goes on.
    Passes,
    /// It is dropped; the person is told at most once a second.
    Dropped {
        /// Tell them.
        warn: bool,
        /// Log it: the first one in a minute.
        log: bool,
    },
    /// That was one too many: the session ends.
    Ends,
}

impl Rate {
    /// At most so many lines in so much time; after `most_dropped` dropped ones in a minute the session ends.
    #[must_use]
    pub fn new(rate: Option<(u32, Duration)>, most_dropped: u64) -> Rate {
        let bound = rate.map(|(lines, per)| Bound { lines: lines as usize, per, most_dropped });
        Rate { bound, passed: VecDeque::new(), dropped: 0, dropping_since: None, warned: None }
    }

    /// Counts a line.
    pub fn line(&mut self, now: Instant) -> Verdict {
        let Some(bound) = self.bound else { return Verdict::Passes };
        while self.passed.front().is_some_and(|at| now.duration_since(*at) >= bound.per) {
            self.passed.pop_front();
        }
        if self.passed.len() < bound.lines {
            self.passed.push_back(now);
            return Verdict::Passes;
        }
        let log = self.dropping_since.is_none_or(|since| now.duration_since(since) >= MINUTE);
        if log {
            (self.dropped, self.dropping_since) = (0, Some(now));
        }
        self.dropped += 1;
        if self.dropped >= bound.most_dropped {
            return Verdict::Ends;
        }
        Verdict::Dropped { warn: self.may_warn(now), log }
    }

    /// How long until a line passes again, if none comes before that.
    #[must_use]
    pub fn retry(&self, now: Instant) -> Duration {
        let first = self.bound.and_then(|bound| Some(*self.passed.front()? + bound.per));
        first.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    /// Whether the person is told of a dropped line, which then counts as told.
    pub fn may_warn(&mut self, now: Instant) -> bool {
        let warn = self.warned.is_none_or(|at| now.saturating_duration_since(at) >= SECOND);
        if warn {
            self.warned = Some(now);
        }
        warn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate() -> (Rate, Instant) {
        (Rate::new(Some((10, Duration::from_secs(5))), 50), Instant::now())
    }

    #[test]
    fn ten_lines_in_any_five_seconds() {
        let (mut rate, start) = rate();
        for _ in 0..10 {
            assert_eq!(rate.line(start), Verdict::Passes);
        }
        assert_eq!(rate.line(start), Verdict::Dropped { warn: true, log: true });
        assert_eq!(rate.line(start + SECOND / 2), Verdict::Dropped { warn: false, log: false });
        assert_eq!(rate.line(start + SECOND), Verdict::Dropped { warn: true, log: false });
        assert_eq!(rate.retry(start + SECOND), SECOND * 4);
        assert_eq!(rate.line(start + SECOND * 5), Verdict::Passes);
    }

    #[test]
    fn fifty_dropped_in_a_minute_end_it() {
        let (mut rate, start) = rate();
        let ended = (0..).map(|_| rate.line(start)).position(|v| v == Verdict::Ends);
        assert_eq!(ended, Some(59));
    }

    #[test]
    fn who_is_a_little_too_fast_for_ever_stays() {
        let (mut rate, start) = rate();
        // 2.5 lines a second: half a line too many, thirty dropped a minute.
        for i in 0..3_000 {
            assert_ne!(rate.line(start + Duration::from_millis(400) * i), Verdict::Ends);
        }
    }

    #[test]
    fn without_a_limit_everything_passes() {
        let mut rate = Rate::new(None, 1);
        let now = Instant::now();
        assert!((0..10_000).all(|_| rate.line(now) == Verdict::Passes));
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_in_any_window(gaps in prop::collection::vec(0u64..2_000, 0..200)) {
            let (mut rate, mut now) = rate();
            let mut passed = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                if rate.line(now) == Verdict::Passes {
                    passed.push(now);
                }
            }
            for window in passed.windows(11) {
                prop_assert!(window[10] - window[0] >= Duration::from_secs(5));
            }
        }
    }
}
