//! Bounds the log lines that one address causes. Clients that sign in and out as fast as the limits allow would write
//! 54 MB of log a day. The log keeps 20 MB, so they would push out all other lines within hours.
//!
//! The record of sessions (`sessions.jsonl`) has the same bound. There, 256 sign-ins a minute would write 106 MB a day,
//! and push out the records of all other users within 8 hours.
//!
//! For each cause, an address may write [`LINES`] at once, and one more in each [`PER_LINE`]. 256 users at one address
//! who return after a restart are thus all logged.

use super::Origin;
use crate::log_throttle::LogThrottle;
use landline_common::bounded_map::BoundedMap;
use landline_common::token_bucket::TokenBucket;
use parking_lot::Mutex;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Most lines of one address and cause at once.
const LINES: u64 = 512;
/// Time after which one more line is allowed: 14,400 a day.
const PER_LINE: Duration = Duration::from_secs(6);
/// Least time between two notes that lines of one address and cause are left out.
const ANNOUNCED_EVERY: Duration = Duration::from_secs(600);
/// Most entries in the table: addresses and networks, by cause. When it is full, entries with a full budget are removed,
/// or else the entry with the fewest lines lately.
const MOST: usize = 4_096;

/// The cause of a line. Lines that another guard bounds (wrong passwords, new accounts) have no cause here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogCause {
    /// A user joins, leaves, or resumes over another connection.
    Sessions,
    /// A session is recorded in `sessions.jsonl`, with its sign-in and its sign-out.
    Records,
    /// A user exceeds the rate limit.
    Rate,
    /// A connection gives no sign of life.
    Probes,
}

/// The decision about a log line or a session record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogVerdict {
    /// Write the line.
    Write,
    /// Leave the line out, and log once that lines are left out.
    Announce,
    /// Leave the line out.
    Skip,
}

/// Limits the log lines and session records that each address causes, for each cause apart.
#[derive(Debug, Default)]
pub struct LogBudgets(Mutex<BoundedMap<(Origin, LogCause), Budget, MOST>>);

#[derive(Clone, Copy, Debug)]
struct Budget {
    lines: TokenBucket<Instant>,
    announced: LogThrottle,
}

impl LogBudgets {
    /// Counts a line about a client at `address`, and decides about it. A line that is left out does not count.
    pub fn charge(&self, cause: LogCause, address: IpAddr, now: Instant) -> LogVerdict {
        let mut all = self.0.lock();
        let capacity = |origin: Origin| PER_LINE * u32::try_from(LINES * origin.multiplier()).unwrap_or(u32::MAX);
        for origin in Origin::of(address) {
            if let Some(budget) = all.get_mut(&(origin, cause))
                && budget.lines.after(PER_LINE, capacity(origin), now).is_err()
            {
                let announce = budget.announced.allow_every(ANNOUNCED_EVERY, now);
                return if announce { LogVerdict::Announce } else { LogVerdict::Skip };
            }
        }
        for origin in Origin::of(address) {
            let new = Budget { lines: TokenBucket::full(now), announced: LogThrottle::default() };
            let budget = all.entry((origin, cause), |budget| budget.lines.priority(now)).or_insert(new);
            // The loop above has found that it passes.
            _ = budget.lines.take(PER_LINE, capacity(origin), now);
        }
        LogVerdict::Write
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(budgets: &LogBudgets, cause: LogCause, address: &str, now: Instant, lines: usize) -> (usize, usize) {
        let address = address.parse().unwrap();
        let verdicts: Vec<_> = (0..lines).map(|_| budgets.charge(cause, address, now)).collect();
        let count = |verdict| verdicts.iter().filter(|one| **one == verdict).count();
        (count(LogVerdict::Write), count(LogVerdict::Announce))
    }

    #[test]
    fn x4_lines_of_one_address_are_bounded() {
        let budgets = LogBudgets::default();
        let start = Instant::now();
        let mut all = 0;
        for second in 0..86_400 {
            let now = start + Duration::from_secs(second);
            let (lines, announced) = written(&budgets, LogCause::Sessions, "10.0.0.1", now, 8);
            all += lines + announced;
        }
        let most = 512 + 86_400 / 6 + 86_400 / 600 + 1;
        assert!((14_400..=most).contains(&all), "{all}");
        let other = written(&budgets, LogCause::Sessions, "10.0.0.2", start, 8);
        assert_eq!(other, (8, 0), "another address has a budget of its own");
        assert_eq!(
            written(&budgets, LogCause::Rate, "10.0.0.1", start, 1),
            (1, 0),
            "another cause has a budget of its own"
        );
    }

    #[test]
    fn x4_lines_of_one_network_are_bounded() {
        let budgets = LogBudgets::default();
        let now = Instant::now();
        let lines = |n: usize| written(&budgets, LogCause::Sessions, &format!("fd00::{n:x}"), now, 8).0;
        assert_eq!((0..1_000).map(lines).sum::<usize>(), 4 * 512);
    }

    #[test]
    fn table_is_bounded() {
        let budgets = LogBudgets::default();
        let now = Instant::now();
        written(&budgets, LogCause::Sessions, "10.1.0.0", now, 600);
        for n in 0..2 * MOST {
            let address = format!("10.0.{}.{}", n / 256, n % 256);
            written(&budgets, LogCause::Sessions, &address, now, 1);
        }
        assert_eq!(budgets.0.lock().len(), MOST);
        assert_eq!(
            written(&budgets, LogCause::Sessions, "10.1.0.0", now, 1),
            (0, 0),
            "the address with the most lines was removed"
        );
    }
}
