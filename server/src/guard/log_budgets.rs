//! How many log lines one address may cause. Users who come and go at the rate that is allowed would write 54 MB a day:
//! a log of 20 MB would be theirs alone within hours.
//!
//! The record of sessions (`sessions.jsonl`) has the same bound: 256 sign-ins a minute would write 106 MB a day, and the
//! records of all other users would be gone within 8 hours.
//!
//! For each cause an address may write [`LINES`] at once, and one more in each [`PER_LINE`]. 256 users of one address who
//! come back after a restart are all in the log.

use super::Origin;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Lines of one address and cause at once.
const LINES: u64 = 512;
/// The time after which there may be one more: 14,400 a day.
const PER_LINE: Duration = Duration::from_secs(6);
/// How often the log says that lines are left out.
const ANNOUNCED_EVERY: Duration = Duration::from_secs(600);
/// Addresses and networks that are counted at once, for each cause. When there are more, the one that has written least
/// lately is forgotten.
const MOST: usize = 4_096;

/// What lines are about. What is bounded otherwise (wrong passwords, new accounts) is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogCause {
    /// Users join, leave, or go on over another connection.
    Sessions,
    /// Sessions in the record of them (`sessions.jsonl`), each with its sign-in and its sign-out.
    Records,
    /// Users are over the rate limit.
    Rate,
    /// Connections that gave no sign of life.
    Probes,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogVerdict {
    /// It is written.
    Write,
    /// It is left out, and so are others: that is written instead.
    Announce,
    /// It is left out.
    Skip,
}

/// Counts the lines of each address.
#[derive(Debug, Default)]
pub struct LogBudgets(Mutex<HashMap<(Origin, LogCause), Lines>>);

#[derive(Clone, Copy, Debug)]
struct Lines {
    /// When all that were written are forgiven.
    until: Instant,
    announced: Option<Instant>,
}

impl Lines {
    /// How many count.
    fn level(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }

    fn is_full(&self, times: u64, now: Instant) -> bool {
        self.level(now) >= PER_LINE * u32::try_from(LINES * times).unwrap_or(u32::MAX)
    }
}

impl LogBudgets {
    /// Counts a line about a client at `address`.
    pub fn charge(&self, cause: LogCause, address: IpAddr, now: Instant) -> LogVerdict {
        let mut all = self.0.lock();
        for origin in Origin::of(address) {
            let Some(lines) = all.get_mut(&(origin, cause)).filter(|lines| lines.is_full(origin.multiplier(), now))
            else {
                continue;
            };
            if lines.announced.is_some_and(|at| now.saturating_duration_since(at) < ANNOUNCED_EVERY) {
                return LogVerdict::Skip;
            }
            lines.announced = Some(now);
            return LogVerdict::Announce;
        }
        for origin in Origin::of(address) {
            let key = (origin, cause);
            if all.len() >= MOST && !all.contains_key(&key) {
                let least = all.iter().min_by_key(|(_, lines)| lines.until).map(|(key, _)| *key);
                least.and_then(|least| all.remove(&least));
            }
            let lines = all.entry(key).or_insert(Lines { until: now, announced: None });
            lines.until = lines.until.max(now) + PER_LINE;
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
    fn x4_one_address_writes_a_bounded_number_of_lines() {
        let (budgets, start) = (LogBudgets::default(), Instant::now());
        let mut all = 0;
        for second in 0..86_400 {
            let now = start + Duration::from_secs(second);
            let (lines, announced) = written(&budgets, LogCause::Sessions, "10.0.0.1", now, 8);
            all += lines + announced;
        }
        let most = 512 + 86_400 / 6 + 86_400 / 600 + 1;
        assert!((14_400..=most).contains(&all), "{all}");
        let other = written(&budgets, LogCause::Sessions, "10.0.0.2", start, 8);
        assert_eq!(other, (8, 0), "others are in the log");
        assert_eq!(written(&budgets, LogCause::Rate, "10.0.0.1", start, 1), (1, 0), "and so are other causes");
    }

    #[test]
    fn x4_a_network_of_addresses_is_bounded_too() {
        let (budgets, now) = (LogBudgets::default(), Instant::now());
        let lines = |n: usize| written(&budgets, LogCause::Sessions, &format!("fd00::{n:x}"), now, 8).0;
        assert_eq!((0..1_000).map(lines).sum::<usize>(), 4 * 512);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (budgets, now) = (LogBudgets::default(), Instant::now());
        written(&budgets, LogCause::Sessions, "10.1.0.0", now, 600);
        for n in 0..2 * MOST {
            let address = format!("10.0.{}.{}", n / 256, n % 256);
            written(&budgets, LogCause::Sessions, &address, now, 1);
        }
        assert_eq!(budgets.0.lock().len(), MOST);
        assert_eq!(written(&budgets, LogCause::Sessions, "10.1.0.0", now, 1), (0, 0), "the worst is remembered");
    }
}
