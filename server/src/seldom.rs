//! Limits log lines about a failure that repeats at every connection, so that clients cannot fill the log.

use std::time::{Duration, Instant};

/// Least time between two log lines.
const EVERY: Duration = Duration::from_secs(10);

/// The limiter of one kind of log line.
#[derive(Debug, Default)]
pub struct Seldom {
    last: Option<Instant>,
}

impl Seldom {
    /// Returns true if the line may be logged now, and then counts it as logged.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= EVERY);
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_logged_every_ten_seconds() {
        let mut seldom = Seldom::default();
        let start = Instant::now();
        let due: Vec<u64> = (0..30).filter(|s| seldom.is_due(start + Duration::from_secs(*s))).collect();
        assert_eq!(due, [0, 10, 20]);
    }
}
