//! Decides when to log that storing fails and when to log that it works again.
//!
//! On a disk that is nearly full, small groups succeed between large ones that fail. Logging each change would flood the
//! log, so all failures count as one until none has happened for [`QUIET_TIME`].

use std::time::{Duration, Instant};

/// Time without a failure after which storing counts as working again.
const QUIET_TIME: Duration = Duration::from_secs(2);

/// Remembers whether storing fails at present.
#[derive(Debug, Default)]
pub(super) struct FailureLatch {
    /// Time of the last failure; `None` while storing works.
    last_failure: Option<Instant>,
}

impl FailureLatch {
    /// Records a failure. Returns true if it must be logged: storing worked before.
    pub(super) fn record_failure(&mut self, now: Instant) -> bool {
        self.last_failure.replace(now).is_none()
    }

    /// Records a success. Returns true if it must be logged: storing failed before, and the quiet time is over.
    pub(super) fn record_success(&mut self, now: Instant) -> bool {
        self.last_failure.take_if(|last| now.saturating_duration_since(*last) >= QUIET_TIME).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intermittent_failures_are_logged_once() {
        let mut latch = FailureLatch::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(!latch.record_success(at(0)), "nothing has failed yet");
        assert!(latch.record_failure(at(10)));
        assert!(!latch.record_success(at(20)) && !latch.record_failure(at(30)) && !latch.record_success(at(2_029)));
        assert!(latch.record_success(at(2_030)) && !latch.record_success(at(2_040)));
        assert!(latch.record_failure(at(2_050)), "a failure after the recovery is logged again");
    }
}
