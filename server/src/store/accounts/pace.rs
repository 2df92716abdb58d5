//! Limits how often a change of blocks is written immediately. Each write is the whole file: 2 MB with 9,000 accounts.

use std::time::{Duration, Instant};

/// Most consecutive changes that are written immediately; later ones wait for housekeeping.
const AT_ONCE: u32 = 8;
/// Time after which one more change may be written immediately.
const EACH: Duration = Duration::from_secs(5);

/// A token bucket of immediate writes.
#[derive(Debug)]
pub(super) struct Pace {
    /// Time at which the bucket will be full again; `None` if no write was taken yet.
    full_at: Option<Instant>,
}

impl Pace {
    pub(super) fn new() -> Pace {
        Pace { full_at: None }
    }

    /// Takes one write from the bucket. Returns false if it is empty.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + EACH;
        let may = full_at <= now + EACH * AT_ONCE;
        if may {
            self.full_at = Some(full_at);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x9_eight_writes_at_once_and_then_one_in_five_seconds() {
        let mut pace = Pace::new();
        let start = Instant::now();
        assert_eq!((0..100).filter(|_| pace.take(start)).count(), 8);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!pace.take(at(4)) && pace.take(at(5)) && !pace.take(at(5)));
        assert_eq!((0..100).filter(|_| pace.take(at(1_000))).count(), 8);
    }
}
