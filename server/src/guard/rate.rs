//! The rate limit of one session, as a sliding window of lines.
//!
//! Every line counts, at every door, including blank and malformed ones. Each line of a message counts too, since its
//! readers see it as a line. A message with more lines than the limit counts as exactly the limit: it passes if no line
//! was sent within the window. Otherwise it could never be sent.

use crate::log_throttle::LogThrottle;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// Counts the lines of one session.
#[derive(Debug, Default)]
pub struct Rate {
    /// `None`: no limit.
    bound: Option<Bound>,
    /// Arrival times of the lines within the window, oldest first.
    passed: VecDeque<Instant>,
    /// Lines dropped in the minute that `dropping` counts.
    dropped: u64,
    dropping: LogThrottle,
    warnings: LogThrottle,
}

#[derive(Clone, Copy, Debug)]
struct Bound {
    lines: usize,
    per: Duration,
    most_dropped: u64,
}

impl Bound {
    /// Returns the number of lines that a message of `lines` lines counts as.
    fn counted(&self, lines: usize) -> usize {
        lines.clamp(1, self.lines.max(1))
    }
}

/// The decision about a line or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateVerdict {
    /// The line must be carried out.
    Passes,
    /// The line must be dropped.
    Dropped {
        /// The caller should warn the user: at most once a second.
        warn: bool,
        /// The caller should log it: the first one in a minute.
        log: bool,
    },
    /// Too many were dropped: the session must end.
    Ends,
}

impl Rate {
    /// Allows `rate` (lines, window), or everything if `None`. The session ends at the `most_dropped`-th dropped
    /// message within a minute.
    #[must_use]
    pub fn new(rate: Option<(u32, Duration)>, most_dropped: u64) -> Rate {
        let bound = rate.map(|(lines, per)| Bound { lines: lines as usize, per, most_dropped });
        Rate { bound, ..Rate::default() }
    }

    /// Counts one line.
    pub fn charge_line(&mut self, now: Instant) -> RateVerdict {
        self.charge_message(1, now)
    }

    /// Counts a message of `lines` lines. It passes as a whole or is dropped as a whole.
    pub fn charge_message(&mut self, lines: usize, now: Instant) -> RateVerdict {
        let Some(bound) = self.bound else { return RateVerdict::Passes };
        while self.passed.front().is_some_and(|at| now.duration_since(*at) >= bound.per) {
            self.passed.pop_front();
        }
        let counted = bound.counted(lines);
        if self.passed.len() + counted <= bound.lines {
            self.passed.extend(std::iter::repeat_n(now, counted));
            return RateVerdict::Passes;
        }
        let log = self.dropping.allow_every(MINUTE, now);
        if log {
            self.dropped = 0;
        }
        self.dropped += 1;
        if self.dropped >= bound.most_dropped {
            return RateVerdict::Ends;
        }
        RateVerdict::Dropped { warn: self.take_warning(now), log }
    }

    /// Returns the time until a message of `lines` lines would pass, if the client sends nothing before.
    #[must_use]
    pub fn retry_after(&self, lines: usize, now: Instant) -> Duration {
        let Some(bound) = self.bound else { return Duration::ZERO };
        let missing = (self.passed.len() + bound.counted(lines)).saturating_sub(bound.lines);
        let last = missing.checked_sub(1).and_then(|last| self.passed.get(last));
        last.map_or(Duration::ZERO, |at| (*at + bound.per).saturating_duration_since(now))
    }

    /// Returns true if the user may be warned now; counts that as a warning, so that a second has at most one.
    pub fn take_warning(&mut self, now: Instant) -> bool {
        self.warnings.allow_every(SECOND, now)
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
    fn ten_lines_pass_in_any_five_seconds() {
        let (mut rate, start) = rate();
        for _ in 0..10 {
            assert_eq!(rate.charge_line(start), RateVerdict::Passes);
        }
        assert_eq!(rate.charge_line(start), RateVerdict::Dropped { warn: true, log: true });
        assert_eq!(rate.charge_line(start + SECOND / 2), RateVerdict::Dropped { warn: false, log: false });
        assert_eq!(rate.charge_line(start + SECOND), RateVerdict::Dropped { warn: true, log: false });
        assert_eq!(rate.retry_after(1, start + SECOND), SECOND * 4);
        assert_eq!(rate.charge_line(start + SECOND * 5), RateVerdict::Passes);
    }

    #[test]
    fn fifty_dropped_lines_in_a_minute_end_the_session() {
        let (mut rate, start) = rate();
        let ended = (0..).map(|_| rate.charge_line(start)).position(|v| v == RateVerdict::Ends);
        assert_eq!(ended, Some(59));
    }

    #[test]
    fn a_client_that_is_slightly_too_fast_is_never_ended() {
        let (mut rate, start) = rate();
        // 2.5 lines a second: half a line over the limit, so thirty are dropped each minute.
        for i in 0..3_000 {
            assert_ne!(rate.charge_line(start + Duration::from_millis(400) * i), RateVerdict::Ends);
        }
    }

    #[test]
    fn a9_each_line_of_a_message_counts() {
        let (mut rate, start) = rate();
        assert_eq!(rate.charge_message(6, start), RateVerdict::Passes);
        assert_eq!(rate.charge_message(5, start), RateVerdict::Dropped { warn: true, log: true });
        assert_eq!(rate.charge_message(4, start + SECOND), RateVerdict::Passes);
        assert_eq!(rate.charge_message(5, start + SECOND * 5), RateVerdict::Passes);
    }

    #[test]
    fn a_message_over_the_limit_passes_in_an_empty_window_only() {
        let (mut rate, start) = rate();
        assert_eq!(rate.charge_line(start), RateVerdict::Passes);
        assert!(matches!(rate.charge_message(50, start + SECOND * 4), RateVerdict::Dropped { .. }));
        assert_eq!([1, 9, 50].map(|lines| rate.retry_after(lines, start + SECOND * 4).as_secs()), [0, 0, 1]);
        assert_eq!(rate.charge_message(50, start + SECOND * 5), RateVerdict::Passes);
        assert!(matches!(rate.charge_line(start + SECOND * 9), RateVerdict::Dropped { .. }));
        assert_eq!(rate.charge_line(start + SECOND * 10), RateVerdict::Passes);
    }

    #[test]
    fn without_a_limit_everything_passes() {
        let mut rate = Rate::new(None, 1);
        let now = Instant::now();
        assert!((0..10_000).all(|_| rate.charge_line(now) == RateVerdict::Passes));
    }

    proptest! {
        #[test]
        fn no_window_has_more_lines_than_the_limit(
            messages in prop::collection::vec((0u64..2_000, 1usize..=10), 0..200),
        ) {
            let (mut rate, mut now) = rate();
            let mut passed = Vec::new();
            for (gap, lines) in messages {
                now += Duration::from_millis(gap);
                if rate.charge_message(lines, now) == RateVerdict::Passes {
                    passed.extend(std::iter::repeat_n(now, lines));
                }
            }
            for window in passed.windows(11) {
                prop_assert!(window[10] - window[0] >= Duration::from_secs(5));
            }
        }
    }
}
