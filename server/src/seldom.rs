//! What happens at every connection while something is wrong is said now and then: nobody may fill the log.

use std::time::{Duration, Instant};

/// How often it is said at most.
const EVERY: Duration = Duration::from_secs(10);

/// When something was said last.
#[derive(Debug, Default)]
pub struct Seldom {
    last: Option<Instant>,
}

impl Seldom {
    /// Whether it is to be said again, which then counts as said.
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
    fn it_is_said_once_in_a_while() {
        let (mut seldom, start) = (Seldom::default(), Instant::now());
        let due: Vec<u64> = (0..30).filter(|s| seldom.is_due(start + Duration::from_secs(*s))).collect();
        assert_eq!(due, [0, 10, 20]);
    }
}
