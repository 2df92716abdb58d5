//! Limits the talk of all sessions of one address together.
//!
//! The rate limit belongs to a session, and one address may have many sessions: together they could fill the backlogs
//! of all clients. So each address has a budget of lines and one of bytes, and each IPv6 network a larger one. Messages
//! over the budget are dropped. No session is ended for it, since other users at the address may have used the budget.
//!
//! A budget is two token buckets with a capacity of `per`, see [`TokenBucket`]. What was used comes back evenly: a message
//! of a tenth of the budget costs a tenth of `per`.

use super::Origin;
use crate::log_throttle::LogThrottle;
use landline_common::bounded_map::{BoundedMap, Priority};
use landline_common::clean::{clean_message, count_lines, has_line_end};
use landline_common::token_bucket::TokenBucket;
use parking_lot::Mutex;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most addresses and networks in the table, not counting those with a session. When it is full, entries with a full
/// budget are removed, or else the entry whose budget will be full first.
const MOST_ORIGINS: usize = 10_000;
/// Least time between two log lines about dropped messages of one address.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// The budgets of all addresses.
#[derive(Debug)]
pub struct AddressBudgets {
    /// `None` means no limit.
    bound: Option<Bound>,
    origins: Mutex<BoundedMap<Origin, Arc<AddressBudget>, MOST_ORIGINS>>,
}

/// The size of a budget. What was used comes back evenly, all of it in `per`.
#[derive(Clone, Copy, Debug)]
struct Bound {
    lines: u64,
    bytes: u64,
    per: Duration,
}

/// The budget of one address, shared by its sessions. Only these wait for its lock.
#[derive(Debug)]
pub struct AddressBudget {
    address: IpAddr,
    bound: Bound,
    used: Mutex<Usage>,
    /// The budget of the IPv6 network that the address belongs to.
    network: Option<Arc<AddressBudget>>,
}

#[derive(Clone, Copy, Debug)]
struct Usage {
    lines: TokenBucket<Instant>,
    bytes: TokenBucket<Instant>,
    /// Throttles the log lines about dropped messages.
    log: LogThrottle,
}

/// The size of a message as its readers get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TalkSize {
    /// Lines shown.
    pub lines: usize,
    /// Bytes of the text, and of the prefix that each line after the first repeats.
    pub bytes: usize,
}

impl TalkSize {
    /// Returns the size of a text that is not cleaned yet, for readers who get `prefix` bytes in front of each line.
    #[must_use]
    pub fn of(text: &str, prefix: usize) -> TalkSize {
        if !has_line_end(text) {
            return TalkSize { lines: 1, bytes: text.len() };
        }
        let message = clean_message(text);
        let lines = count_lines(&message);
        TalkSize { lines, bytes: message.len() + (lines - 1) * prefix }
    }
}

/// The decision about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetVerdict {
    /// The message fits into the budget, which has been charged.
    Passes,
    /// The message must be dropped.
    Dropped {
        /// The caller should log it: the first one in a minute.
        log: bool,
    },
}

impl AddressBudgets {
    /// Makes budgets of this many lines and bytes for one address; a used-up budget is full again after `per`.
    #[must_use]
    pub fn new(lines: u64, bytes: u64, per: Duration) -> AddressBudgets {
        let bound = Bound { lines: lines.max(1), bytes: bytes.max(1), per };
        AddressBudgets { bound: Some(bound), origins: Mutex::default() }
    }

    /// Makes budgets without a limit.
    #[must_use]
    pub fn unlimited() -> AddressBudgets {
        AddressBudgets { bound: None, origins: Mutex::default() }
    }

    /// Returns the budget of an address, for a session to hold on to. `None` means no limit.
    #[must_use]
    pub fn of(&self, address: IpAddr, now: Instant) -> Option<Arc<AddressBudget>> {
        let bound = self.bound?;
        let mut origins = self.origins.lock();
        let origins_of_address: Vec<_> = Origin::of(address).collect();
        let mut budget = None;
        // The network first, since the address's budget holds that of the network.
        for origin in origins_of_address.into_iter().rev() {
            let network = budget.take();
            let new = || Arc::new(AddressBudget::full(address, bound.times(origin.multiplier()), network, now));
            budget = Some(origins.entry(origin, |budget| budget.priority(now)).or_insert_with(new).clone());
        }
        budget
    }
}

impl Bound {
    fn times(self, times: u64) -> Bound {
        Bound { lines: self.lines.saturating_mul(times), bytes: self.bytes.saturating_mul(times), ..self }
    }
}

impl AddressBudget {
    fn full(address: IpAddr, bound: Bound, network: Option<Arc<AddressBudget>>, now: Instant) -> AddressBudget {
        let full = TokenBucket::full(now);
        let used = Mutex::new(Usage { lines: full, bytes: full, log: LogThrottle::default() });
        AddressBudget { address, bound, used, network }
    }

    /// Returns the address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Charges the budget for a message, of the address and of its network. The message passes as a whole or is dropped
    /// as a whole; a dropped one charges neither.
    pub fn charge(&self, size: TalkSize, now: Instant) -> BudgetVerdict {
        let mut used = self.used.lock();
        if let Some(after) = self.after(&used, size, now) {
            let verdict = self.network.as_ref().map_or(BudgetVerdict::Passes, |network| network.charge(size, now));
            if verdict == BudgetVerdict::Passes {
                *used = after;
            }
            return verdict;
        }
        BudgetVerdict::Dropped { log: used.log.allow_every(LOGGED_EVERY, now) }
    }

    /// Returns the usage after a message of that size, or `None` if it does not fit.
    fn after(&self, used: &Usage, size: TalkSize, now: Instant) -> Option<Usage> {
        let Bound { lines, bytes, per } = self.bound;
        let lines = used.lines.after(refill_time(per, size.lines as u64, lines), per, now).ok()?;
        let bytes = used.bytes.after(refill_time(per, size.bytes as u64, bytes), per, now).ok()?;
        Some(Usage { lines, bytes, ..*used })
    }

    /// Returns the priority in a full table. An address with a session keeps its entry: removing it would refill its
    /// budget.
    fn priority(self: &Arc<AddressBudget>, now: Instant) -> Priority<Instant> {
        if Arc::strong_count(self) > 1 {
            return Priority::Pinned;
        }
        let used = self.used.lock();
        used.lines.max(used.bytes).priority(now)
    }
}

/// Returns the time in which `part` of `whole` comes back. A part larger than the whole counts as the whole; otherwise
/// a message larger than the budget could never pass.
fn refill_time(per: Duration, part: u64, whole: u64) -> Duration {
    let nanos = per.as_nanos() * u128::from(part.min(whole)) / u128::from(whole);
    u64::try_from(nanos).map_or(per, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::Limits;
    use proptest::prelude::*;

    const PER: Duration = Duration::from_secs(5);

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    fn passes(budget: &AddressBudget, bytes: usize, now: Instant) -> bool {
        budget.charge(TalkSize { lines: 1, bytes }, now) == BudgetVerdict::Passes
    }

    #[test]
    fn sessions_of_one_address_share_its_budget() {
        let budgets = AddressBudgets::new(3, 1_000, PER);
        let now = Instant::now();
        let [one, other] = [0; 2].map(|_| budgets.of(address(1), now).unwrap());
        assert!(passes(&one, 1, now) && passes(&other, 1, now) && passes(&one, 1, now));
        assert_eq!(other.charge(TalkSize { lines: 1, bytes: 1 }, now), BudgetVerdict::Dropped { log: true });
        assert_eq!(one.charge(TalkSize { lines: 1, bytes: 1 }, now), BudgetVerdict::Dropped { log: false });
        assert!(passes(&budgets.of(address(2), now).unwrap(), 1, now));
        // Leaving and coming back does not refill the budget.
        drop((one, other));
        let again = budgets.of(address(1), now).unwrap();
        assert!(!passes(&again, 1, now) && !passes(&again, 1, now + PER / 4));
        assert!(passes(&again, 1, now + PER / 3 + Duration::from_nanos(1)));
    }

    #[test]
    fn bytes_count_too_and_a_huge_line_takes_the_whole_budget() {
        let budgets = AddressBudgets::new(100, 1_000, PER);
        let now = Instant::now();
        let budget = budgets.of(address(1), now).unwrap();
        assert!(passes(&budget, 600, now) && !passes(&budget, 600, now) && passes(&budget, 400, now));
        assert!(!passes(&budget, 5_000, now + PER - Duration::from_millis(1)));
        assert!(passes(&budget, 5_000, now + PER) && !passes(&budget, 1, now + PER));
    }

    #[test]
    fn a9_each_line_of_a_message_counts_with_its_prefix() {
        assert_eq!(TalkSize::of("hello", 40), TalkSize { lines: 1, bytes: 5 });
        assert_eq!(TalkSize::of("\na\r\n\tb \n\n", 40), TalkSize { lines: 2, bytes: "a\n    b".len() + 40 });
        let fifty = TalkSize::of(&"x\n".repeat(50), 230);
        assert_eq!(fifty, TalkSize { lines: 50, bytes: 99 + 49 * 230 });
        let budgets = AddressBudgets::new(120, 30_000, PER);
        let now = Instant::now();
        let [by_lines, by_bytes] = [1, 2].map(|n| budgets.of(address(n), now).unwrap());
        let passed = |budget: &AddressBudget, size| {
            (0..10).filter(|_| budget.charge(size, now) == BudgetVerdict::Passes).count()
        };
        assert_eq!(passed(&by_lines, TalkSize { bytes: 99, ..fifty }), 2);
        assert_eq!(passed(&by_bytes, TalkSize { lines: 1, ..fifty }), 2);
    }

    #[test]
    fn ordinary_use_by_a_class_and_by_256_users_stays_within_the_budget() {
        let limits = Limits::default();
        let per = Limits::seconds(limits.address_said_seconds);
        let budgets = AddressBudgets::new(limits.address_lines, limits.address_bytes, per);
        let start = Instant::now();
        // The bundled client sends nine lines at once, and the next nine six seconds later.
        let class = budgets.of(address(1), start).unwrap();
        let many = budgets.of(address(2), start).unwrap();
        for round in 0..50 {
            let now = start + Duration::from_secs(6) * round;
            assert!((0..30 * 9).all(|_| passes(&class, 900, now)), "round {round}");
        }
        // Each user sends a line of 200 bytes in five seconds, all at the same moment.
        for round in 0..50 {
            assert!((0..256).all(|_| passes(&many, 200, start + PER * round)), "round {round}");
        }
    }

    #[test]
    fn d12_ipv6_network_has_four_times_the_budget() {
        let budgets = AddressBudgets::new(10, 1_000, PER);
        let now = Instant::now();
        let of = |n: u16| budgets.of([0xfd00, 0, 0, 1, 0, 0, 0, n].into(), now).unwrap();
        let passed = (0..100).filter(|n| passes(&of(*n), 1, now)).count();
        assert_eq!(passed, 40);
        assert!(passes(&budgets.of([0xfd00, 0, 0, 2, 0, 0, 0, 1].into(), now).unwrap(), 1, now));
        let one = of(200);
        let other = budgets.of(address(1), now).unwrap();
        assert_eq!((0..20).filter(|_| passes(&one, 1, now)).count(), 0);
        assert_eq!((0..20).filter(|_| passes(&other, 1, now)).count(), 10);
    }

    #[test]
    fn without_a_limit_the_table_stays_empty() {
        let budgets = AddressBudgets::unlimited();
        assert!(budgets.of(address(1), Instant::now()).is_none());
        assert!(budgets.origins.lock().is_empty());
    }

    #[test]
    fn the_table_is_bounded_and_addresses_with_sessions_stay() {
        let budgets = AddressBudgets::new(1, 1_000, PER);
        let start = Instant::now();
        let connected = budgets.of(address(0), start).unwrap();
        assert!(passes(&connected, 1, start));
        let at = |n: u32| start + Duration::from_micros(n.into());
        for n in 1..15_000 {
            assert!(passes(&budgets.of(address(n), at(n)).unwrap(), 1, at(n)));
        }
        assert!(budgets.origins.lock().len() <= MOST_ORIGINS);
        let now = at(15_000);
        assert!(!passes(&budgets.of(address(0), now).unwrap(), 1, now));
        assert!(!passes(&budgets.of(address(14_999), now).unwrap(), 1, now));
        assert!(
            passes(&budgets.of(address(1), now).unwrap(), 1, now),
            "the entry with the earliest refill was not removed"
        );
        // The budgets of all others are full again, so their entries are removed.
        _ = budgets.of(address(20_000), now + PER * 2);
        assert!(budgets.origins.lock().len() <= 2);
    }

    proptest! {
        #[test]
        fn what_passes_never_exceeds_the_budget_and_its_refill(
            lines in prop::collection::vec((0u64..500, 0usize..400), 0..200),
        ) {
            let budgets = AddressBudgets::new(10, 1_000, PER);
            let start = Instant::now();
            let budget = budgets.of(address(1), start).unwrap();
            let mut now = start;
            let mut passed = Vec::new();
            for (gap, bytes) in lines {
                now += Duration::from_millis(gap);
                if passes(&budget, bytes, now) {
                    passed.push((now, bytes));
                }
            }
            for (first, (begun, _)) in passed.iter().enumerate() {
                let mut bytes = 0;
                for (count, (at, more)) in (1..).zip(&passed[first..]) {
                    bytes += more;
                    // Each line may lose a nanosecond by rounding.
                    let parts = 1.0 + (*at - *begun).as_secs_f64() / PER.as_secs_f64() + 1e-6;
                    prop_assert!(f64::from(count) <= 10.0 * parts && bytes as f64 <= 1_000.0 * parts);
                }
            }
        }
    }
}
