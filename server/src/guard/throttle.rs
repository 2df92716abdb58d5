//! Wrong passwords from one address, whatever the names: too many, and further attempts from there are refused for a
//! while. Guests and people already in are not affected.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Addresses remembered at most; when full, the one whose time began first is forgotten.
const MOST_ADDRESSES: usize = 10_000;

/// Counts wrong passwords by address.
#[derive(Debug)]
pub struct Throttle {
    failures: u64,
    window: Duration,
    addresses: Mutex<HashMap<IpAddr, Tally>>,
}

#[derive(Clone, Copy, Debug)]
struct Tally {
    /// Attempts that failed or are not decided yet.
    counted: u64,
    since: Instant,
}

/// An attempt under way, which counts like a failure until it is known to be right.
#[derive(Debug)]
#[must_use = "dropping it gives the attempt back"]
pub struct Try<'t> {
    throttle: &'t Throttle,
    address: IpAddr,
    wrong: bool,
}

/// An address that must wait: so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub u64);

impl Throttle {
    /// After so many `failures` within `window`, attempts are refused for another `window`.
    #[must_use]
    pub fn new(failures: u64, window: Duration) -> Throttle {
        Throttle { failures: failures.max(1), window, addresses: Mutex::default() }
    }

    /// Begins an attempt from `address`.
    ///
    /// # Errors
    /// There were too many wrong ones.
    pub fn attempt(&self, address: IpAddr, now: Instant) -> Result<Try<'_>, Wait> {
        let mut addresses = self.addresses.lock();
        if addresses.len() >= MOST_ADDRESSES && !addresses.contains_key(&address) {
            let oldest = addresses.iter().min_by_key(|(_, tally)| tally.since).map(|(address, _)| *address);
            oldest.and_then(|oldest| addresses.remove(&oldest));
        }
        let tally = addresses.entry(address).or_insert(Tally { counted: 0, since: now });
        let passed = now.saturating_duration_since(tally.since);
        if passed >= self.window {
            *tally = Tally { counted: 0, since: now };
        } else if tally.counted >= self.failures {
            let left = self.window.saturating_sub(passed);
            return Err(Wait(left.as_secs() + u64::from(left.subsec_nanos() > 0)));
        }
        tally.counted += 1;
        Ok(Try { throttle: self, address, wrong: false })
    }
}

impl Try<'_> {
    /// The password was wrong. The last failure that is allowed begins the time of refusal.
    pub fn wrong(mut self, now: Instant) {
        self.wrong = true;
        let mut addresses = self.throttle.addresses.lock();
        if let Some(tally) = addresses.get_mut(&self.address)
            && tally.counted >= self.throttle.failures
        {
            tally.since = now;
        }
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        if self.wrong {
            return;
        }
        let mut addresses = self.throttle.addresses.lock();
        if let Some(tally) = addresses.get_mut(&self.address) {
            tally.counted = tally.counted.saturating_sub(1);
            if tally.counted == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn ten_wrong_ones_and_then_a_wait() {
        let (throttle, start) = (Throttle::new(10, WINDOW), Instant::now());
        for i in 0..10 {
            throttle.attempt(address(1), start + Duration::from_secs(i)).unwrap().wrong(start + Duration::from_secs(i));
        }
        assert_eq!(throttle.attempt(address(1), start + Duration::from_secs(9)).unwrap_err(), Wait(600));
        assert_eq!(throttle.attempt(address(1), start + Duration::from_secs(608)).unwrap_err(), Wait(1));
        assert!(throttle.attempt(address(2), start).is_ok());
        assert!(throttle.attempt(address(1), start + Duration::from_secs(609)).is_ok());
    }

    #[test]
    fn right_ones_do_not_count() {
        let (throttle, now) = (Throttle::new(2, WINDOW), Instant::now());
        throttle.attempt(address(1), now).unwrap().wrong(now);
        for _ in 0..100 {
            drop(throttle.attempt(address(1), now).unwrap());
        }
        throttle.attempt(address(1), now).unwrap().wrong(now);
        assert!(throttle.attempt(address(1), now).is_err());
    }

    #[test]
    fn many_at_once_get_no_more_tries() {
        let (throttle, now) = (Throttle::new(10, WINDOW), Instant::now());
        let tries: Vec<_> = (0..40).filter_map(|_| throttle.attempt(address(1), now).ok()).collect();
        assert_eq!(tries.len(), 10);
    }

    #[test]
    fn memory_is_bounded() {
        let (throttle, now) = (Throttle::new(10, WINDOW), Instant::now());
        for n in 0..11_000 {
            throttle.attempt(address(n), now + Duration::from_millis(n.into())).unwrap().wrong(now);
        }
        assert!(throttle.addresses.lock().len() <= MOST_ADDRESSES);
    }
}
