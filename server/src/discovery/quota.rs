//! Limits the number of answers to each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Most answers to one address within [`WINDOW`]. A victim whose address is forged in questions gets no more than this.
const MOST: usize = 5;
const WINDOW: Duration = Duration::from_secs(1);
/// Most addresses in the table. A LAN asks from fewer within a second, and forged addresses must not cost more memory.
const ADDRESSES: usize = 1_024;
/// Least time between two searches of a full table for outdated entries: a flood must not cause one per question.
const SWEEP: Duration = Duration::from_millis(50);

/// The times of the latest answers to one address, oldest first.
type Latest = [Option<Instant>; MOST];

/// Counts answers. Time comes in as an argument.
#[derive(Debug, Default)]
pub(super) struct Quota {
    addresses: HashMap<IpAddr, Latest>,
    /// Time of the last search of the full table for outdated entries.
    swept: Option<Instant>,
}

impl Quota {
    /// Returns true if [`Quota::charge`] would succeed. Charges nothing; may remove outdated entries.
    pub(super) fn check_available(&mut self, address: IpAddr, now: Instant) -> bool {
        match self.addresses.get(&address) {
            Some(latest) => !latest[0].is_some_and(|oldest| is_recent(oldest, now)),
            None => self.make_space(now),
        }
    }

    /// Charges one answer to `address`. Returns false if its quota is used up, or if the table is full: removing
    /// entries early would let a flood exceed their quota.
    pub(super) fn charge(&mut self, address: IpAddr, now: Instant) -> bool {
        if !self.check_available(address, now) {
            return false;
        }
        let latest = self.addresses.entry(address).or_default();
        latest.rotate_left(1);
        latest[MOST - 1] = Some(now);
        true
    }

    /// Returns true if the table has space for another address, after removing outdated entries.
    fn make_space(&mut self, now: Instant) -> bool {
        let is_due = self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP);
        if self.addresses.len() >= ADDRESSES && is_due {
            self.swept = Some(now);
            self.addresses.retain(|_, latest| latest[MOST - 1].is_some_and(|last| is_recent(last, now)));
        }
        self.addresses.len() < ADDRESSES
    }
}

fn is_recent(then: Instant, now: Instant) -> bool {
    now.saturating_duration_since(then) < WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn ip(n: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + n).into()
    }

    #[test]
    fn five_answers_pass_in_any_second() {
        let mut quota = Quota::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        for ms in [0, 100, 200, 300, 400] {
            assert!(quota.charge(ip(1), at(ms)));
        }
        assert!(!quota.charge(ip(1), at(400)));
        assert!(!quota.charge(ip(1), at(999)));
        assert!(quota.charge(ip(2), at(999)), "another address");
        assert!(quota.charge(ip(1), at(1_000)), "the first answer left the window");
        assert!(!quota.charge(ip(1), at(1_050)));
        assert!(quota.charge(ip(1), at(1_100)));
        assert!((0..MOST).all(|_| quota.charge(ip(1), at(5_000))));
        assert!(!quota.charge(ip(1), at(5_000)));
    }

    #[test]
    fn a_full_table_keeps_every_quota_and_removes_outdated_entries() {
        let mut quota = Quota::default();
        let start = Instant::now();
        assert!((0..MOST).all(|_| quota.charge(ip(0), start)));
        for n in 1..100_000 {
            assert_eq!(quota.charge(ip(n), start), n < ADDRESSES as u32, "{n}");
        }
        assert_eq!(quota.addresses.len(), ADDRESSES);
        assert!(!quota.charge(ip(0), start), "the flood reset the count of an address");
        assert!(quota.charge(ip(1), start), "the flood used up the quota of another address");
        let later = start + WINDOW;
        assert!(quota.charge(ip(200_000), later));
        assert!(quota.addresses.len() < 3);
    }
}
