//! Limits log lines about failures that repeat, for example at every connection, so that clients cannot fill the log.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

/// Least time between two log lines.
const EVERY: Duration = Duration::from_secs(10);

/// The throttle of one kind of log line, or of a warning to a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogThrottle {
    last: Option<Instant>,
}

impl LogThrottle {
    /// Returns true if the line may be logged now, and then counts it as logged.
    pub fn allow(&mut self, now: Instant) -> bool {
        self.allow_every(EVERY, now)
    }

    /// Like [`LogThrottle::allow`], with a least time of its own between two lines.
    pub fn allow_every(&mut self, every: Duration, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= every);
        if due {
            self.last = Some(now);
        }
        due
    }
}

/// A throttle for several kinds of log lines, each identified by a name. Times count from the start of the server.
#[derive(Debug, Default)]
pub struct KeyedLogThrottle(Mutex<HashMap<&'static str, Duration>>);

impl KeyedLogThrottle {
    /// Returns true if a line of this kind may be logged now, and then counts it as logged.
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
    fn line_is_logged_every_ten_seconds() {
        let mut throttle = LogThrottle::default();
        let start = Instant::now();
        let due: Vec<u64> = (0..30).filter(|s| throttle.allow(start + Duration::from_secs(*s))).collect();
        assert_eq!(due, [0, 10, 20]);
    }

    #[test]
    fn x4_each_kind_of_line_is_throttled_by_itself() {
        let throttle = KeyedLogThrottle::default();
        let due = |kind, seconds| throttle.allow(kind, Duration::from_secs(seconds));
        assert_eq!([due("disk", 0), due("disk", 9), due("history", 9), due("disk", 10)], [true, false, true, true]);
    }
}
