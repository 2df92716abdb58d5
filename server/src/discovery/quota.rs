//! How many answers one address gets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Answers to one address in [`WINDOW`]: whoever has their address forged in questions gets no more than that.
const MOST: usize = 5;
const WINDOW: Duration = Duration::from_secs(1);
/// Addresses remembered at once. No LAN asks from more in a second, and forged ones must not cost memory.
const ADDRESSES: usize = 1_024;
/// A full table is searched for places this often, not at each question of a flood.
const SWEEP: Duration = Duration::from_millis(50);

/// The latest answers to each address, oldest first.
type Latest = [Option<Instant>; MOST];

/// Counts answers. Time comes in as an argument.
#[derive(Debug, Default)]
pub(super) struct Quota {
    addresses: HashMap<IpAddr, Latest>,
    swept: Option<Instant>,
}

impl Quota {
    /// Whether [`Quota::take`] would give one more answer. Nothing is taken.
    pub(super) fn has_left(&mut self, address: IpAddr, now: Instant) -> bool {
        match self.addresses.get(&address) {
            Some(latest) => !latest[0].is_some_and(|oldest| is_recent(oldest, now)),
            None => self.has_room(now),
        }
    }

    /// Whether one more answer may go to `address` now. When more addresses ask than are remembered, new ones get
    /// none: forgetting others early would let a flood exceed their quota.
    pub(super) fn take(&mut self, address: IpAddr, now: Instant) -> bool {
        if !self.has_left(address, now) {
            return false;
        }
        let latest = self.addresses.entry(address).or_default();
        latest.rotate_left(1);
        latest[MOST - 1] = Some(now);
        true
    }

    fn has_room(&mut self, now: Instant) -> bool {
        let due = self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP);
        if self.addresses.len() >= ADDRESSES && due {
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
    fn five_answers_in_any_second() {
        let (mut quota, start) = (Quota::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        for ms in [0, 100, 200, 300, 400] {
            assert!(quota.take(ip(1), at(ms)));
        }
        assert!(!quota.take(ip(1), at(400)));
        assert!(!quota.take(ip(1), at(999)));
        assert!(quota.take(ip(2), at(999)), "another address");
        assert!(quota.take(ip(1), at(1_000)), "the first is a second ago");
        assert!(!quota.take(ip(1), at(1_050)));
        assert!(quota.take(ip(1), at(1_100)));
        assert!((0..MOST).all(|_| quota.take(ip(1), at(5_000))));
        assert!(!quota.take(ip(1), at(5_000)));
    }

    #[test]
    fn a_full_table_keeps_every_quota_and_frees_itself() {
        let (mut quota, start) = (Quota::default(), Instant::now());
        assert!((0..MOST).all(|_| quota.take(ip(0), start)));
        for n in 1..100_000 {
            assert_eq!(quota.take(ip(n), start), n < ADDRESSES as u32, "{n}");
        }
        assert_eq!(quota.addresses.len(), ADDRESSES);
        assert!(!quota.take(ip(0), start), "the flood did not reset anybody's count");
        assert!(quota.take(ip(1), start), "nor take away what somebody still had");
        let later = start + WINDOW;
        assert!(quota.take(ip(200_000), later));
        assert!(quota.addresses.len() < 3);
    }
}
