//! How many lines one person may send. Every line counts, whatever the door, also blank and malformed ones, and each line
//! of a message that has several: that is what its readers see. A message of more lines than may be sent at once counts as
//! all of these, so it passes when none was sent lately; otherwise it could never be sent.

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

impl Bound {
    /// What a message of so many lines counts as.
    fn counted(&self, lines: usize) -> usize {
        lines.clamp(1, self.lines.max(1))
    }
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
        self.message(1, now)
    }

    /// Counts a message of so many lines. It passes as a whole or is dropped as one.
    pub fn message(&mut self, lines: usize, now: Instant) -> Verdict {
        let Some(bound) = self.bound else { return Verdict::Passes };
        while self.passed.front().is_some_and(|at| now.duration_since(*at) >= bound.per) {
            self.passed.pop_front();
        }
        let counted = bound.counted(lines);
        if self.passed.len() + counted <= bound.lines {
            self.passed.extend(std::iter::repeat_n(now, counted));
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

    /// How long until a message of so many lines passes, if nothing is sent before that.
    #[must_use]
    pub fn retry(&self, lines: usize, now: Instant) -> Duration {
        let Some(bound) = self.bound else { return Duration::ZERO };
        let missing = (self.passed.len() + bound.counted(lines)).saturating_sub(bound.lines);
        let last = missing.checked_sub(1).and_then(|last| self.passed.get(last));
        last.map_or(Duration::ZERO, |at| (*at + bound.per).saturating_duration_since(now))
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
        assert_eq!(rate.retry(1, start + SECOND), SECOND * 4);
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
    fn a9_each_line_of_a_message_counts() {
        let (mut rate, start) = rate();
        assert_eq!(rate.message(6, start), Verdict::Passes);
        assert_eq!(rate.message(5, start), Verdict::Dropped { warn: true, log: true });
        assert_eq!(rate.message(4, start + SECOND), Verdict::Passes);
        assert_eq!(rate.message(5, start + SECOND * 5), Verdict::Passes);
    }

    #[test]
    fn a_message_of_more_lines_than_pass_at_once_needs_all_of_them() {
        let (mut rate, start) = rate();
        assert_eq!(rate.line(start), Verdict::Passes);
        assert!(matches!(rate.message(50, start + SECOND * 4), Verdict::Dropped { .. }));
        assert_eq!([1, 9, 50].map(|lines| rate.retry(lines, start + SECOND * 4).as_secs()), [0, 0, 1]);
        assert_eq!(rate.message(50, start + SECOND * 5), Verdict::Passes);
        assert!(matches!(rate.line(start + SECOND * 9), Verdict::Dropped { .. }));
        assert_eq!(rate.line(start + SECOND * 10), Verdict::Passes);
    }

    #[test]
    fn without_a_limit_everything_passes() {
        let mut rate = Rate::new(None, 1);
        let now = Instant::now();
        assert!((0..10_000).all(|_| rate.line(now) == Verdict::Passes));
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_in_any_window(
            messages in prop::collection::vec((0u64..2_000, 1usize..=10), 0..200),
        ) {
            let (mut rate, mut now) = rate();
            let mut passed = Vec::new();
            for (gap, lines) in messages {
                now += Duration::from_millis(gap);
                if rate.message(lines, now) == Verdict::Passes {
                    passed.extend(std::iter::repeat_n(now, lines));
                }
            }
            for window in passed.windows(11) {
                prop_assert!(window[10] - window[0] >= Duration::from_secs(5));
            }
        }
    }
}
