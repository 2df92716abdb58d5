//! When to say that storing fails, and that it works again. On a disk that is nearly full small groups succeed between
//! large ones that fail: that is one trouble, not many.

use std::time::{Duration, Instant};

/// Without a failure for so long, the trouble is over.
const CALM: Duration = Duration::from_secs(2);

/// Whether storing fails just now.
#[derive(Debug, Default)]
pub(super) struct FailureLatch {
    last_failure: Option<Instant>,
}

impl FailureLatch {
    /// Something could not be stored. True if that is news.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        self.last_failure.replace(now).is_none()
    }

    /// Something was stored. True if that is news.
    pub(super) fn stored(&mut self, now: Instant) -> bool {
        self.last_failure.take_if(|last| now.saturating_duration_since(*last) >= CALM).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_now_and_then_is_said_once() {
        let (mut trouble, start) = (FailureLatch::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!(!trouble.stored(at(0)), "nothing was wrong");
        assert!(trouble.failed(at(10)));
        assert!(!trouble.stored(at(20)) && !trouble.failed(at(30)) && !trouble.stored(at(2_029)));
        assert!(trouble.stored(at(2_030)) && !trouble.stored(at(2_040)));
        assert!(trouble.failed(at(2_050)), "another trouble");
    }
}
