//! Limits log lines about a failure that repeats at every connection, so that clients cannot fill the log.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

/// Least time between two log lines.
const EVERY: Duration = Duration::from_secs(10);

/// The limiter of one kind of log line.
#[derive(Debug, Default)]
pub struct LogThrottle {
    last: Option<Instant>,
}

impl LogThrottle {
    /// Returns true if the line may be logged now, and then counts it as logged.
    pub fn allow(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= EVERY);
        if due {
            self.last = Some(now);
        }
        due
    }
}

/// The same for several kinds of failure, by a name for each. Times are those since the start of the server.
#[derive(Debug, Default)]
pub struct KeyedLogThrottle(Mutex<HashMap<&'static str, Duration>>);

impl KeyedLogThrottle {
    /// Whether a failure is to be logged again, which then counts as logged.
    pub fn allow(&self, kind: &'static str, uptime: Duration) -> bool {
        match self.0.lock().entry(kind) {
            Entry::Occupied(last) if uptime.saturating_sub(*last.get()) < EVERY => false,
            last => {
                last.insert_entry(uptime);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_logged_every_ten_seconds() {
        let mut seldom = LogThrottle::default();
        let start = Instant::now();
        let due: Vec<u64> = (0..30).filter(|s| seldom.allow(start + Duration::from_secs(*s))).collect();
        assert_eq!(due, [0, 10, 20]);
    }

    #[test]
    fn x4_each_kind_of_failure_is_logged_once_in_a_while() {
        let complaints = KeyedLogThrottle::default();
        let due = |kind, seconds| complaints.allow(kind, Duration::from_secs(seconds));
        assert_eq!([due("disk", 0), due("disk", 9), due("history", 9), due("disk", 10)], [true, false, true, true]);
    }
}
