//! What one address may not do too often, whatever the names: wrong passwords, new accounts, signing in. After too many,
//! further attempts from there are refused for a while. People already in are not affected.

use super::Origin;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Addresses and networks remembered at most; when full, the one whose time began first is forgotten.
const MOST_ORIGINS: usize = 10_000;

/// Counts one kind of attempt by address.
#[derive(Debug)]
pub struct Throttle {
    /// How many in how much time; `None` is without a limit.
    bound: Option<(u64, Duration)>,
    origins: Mutex<HashMap<Origin, Tally>>,
}

#[derive(Clone, Copy, Debug)]
struct Tally {
    counted: u64,
    /// Attempts that are not decided yet.
    under_way: u64,
    since: Instant,
}

/// An attempt under way, which counts until it is known that it does not.
#[derive(Debug)]
#[must_use = "dropping it gives the attempt back"]
pub struct Try<'t> {
    throttle: &'t Throttle,
    address: IpAddr,
    /// It is not given back when dropped.
    decided: bool,
}

/// Why an attempt is not made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There were too many that count: so many seconds it is no use to try again.
    Wait(u64),
    /// As many as are left are under way; a moment later it is known whether they count.
    Busy,
}

impl Throttle {
    /// After `most` that count within `window`, attempts are refused for another `window`.
    #[must_use]
    pub fn new(most: u64, window: Duration) -> Throttle {
        Throttle { bound: Some((most.max(1), window)), origins: Mutex::default() }
    }

    /// Refuses nothing.
    #[must_use]
    pub fn lifted() -> Throttle {
        Throttle { bound: None, origins: Mutex::default() }
    }

    /// Begins an attempt from `address`.
    ///
    /// # Errors
    /// There were too many that count, or too many are under way.
    pub fn attempt(&self, address: IpAddr, now: Instant) -> Result<Try<'_>, Refused> {
        let Some((most, window)) = self.bound else {
            return Ok(Try { throttle: self, address, decided: true });
        };
        let mut origins = self.origins.lock();
        for origin in Origin::of(address) {
            if let Some(tally) = origins.get_mut(&origin) {
                tally.renew(window, now);
                tally.check(most.saturating_mul(origin.times()), window, now)?;
            }
        }
        for origin in Origin::of(address) {
            if origins.len() >= MOST_ORIGINS && !origins.contains_key(&origin) {
                let oldest = origins.iter().min_by_key(|(_, tally)| tally.since).map(|(origin, _)| *origin);
                oldest.and_then(|oldest| origins.remove(&oldest));
            }
            origins.entry(origin).or_insert(Tally { counted: 0, under_way: 0, since: now }).under_way += 1;
        }
        Ok(Try { throttle: self, address, decided: false })
    }
}

impl Tally {
    /// Begins a new window if the last one has passed.
    fn renew(&mut self, window: Duration, now: Instant) {
        if now.saturating_duration_since(self.since) >= window {
            (self.counted, self.since) = (0, now);
        }
    }

    /// Whether one more attempt may begin, where `most` may count.
    fn check(&self, most: u64, window: Duration, now: Instant) -> Result<(), Refused> {
        if self.counted >= most {
            let left = window.saturating_sub(now.saturating_duration_since(self.since));
            return Err(Refused::Wait(left.as_secs() + u64::from(left.subsec_nanos() > 0)));
        }
        if self.counted + self.under_way >= most { Err(Refused::Busy) } else { Ok(()) }
    }
}

impl Try<'_> {
    /// It counts: the password was wrong, the account is made. The last one that is allowed begins the time of refusal.
    pub fn count(mut self, now: Instant) {
        self.decided = true;
        let Some((most, _)) = self.throttle.bound else { return };
        let mut origins = self.throttle.origins.lock();
        for origin in Origin::of(self.address) {
            // It is gone if more came meanwhile than are remembered.
            let Some(tally) = origins.get_mut(&origin) else { continue };
            tally.under_way = tally.under_way.saturating_sub(1);
            tally.counted += 1;
            if tally.counted >= most.saturating_mul(origin.times()) {
                tally.since = now;
            }
        }
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        if self.decided {
            return;
        }
        let mut origins = self.throttle.origins.lock();
        for origin in Origin::of(self.address) {
            let Some(tally) = origins.get_mut(&origin) else { continue };
            tally.under_way = tally.under_way.saturating_sub(1);
            if tally.under_way == 0 && tally.counted == 0 {
                origins.remove(&origin);
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
    fn ten_that_count_and_then_a_wait() {
        let (throttle, start) = (Throttle::new(10, WINDOW), Instant::now());
        for i in 0..10 {
            throttle.attempt(address(1), start + Duration::from_secs(i)).unwrap().count(start + Duration::from_secs(i));
        }
        assert_eq!(throttle.attempt(address(1), start + Duration::from_secs(9)).unwrap_err(), Refused::Wait(600));
        assert_eq!(throttle.attempt(address(1), start + Duration::from_secs(608)).unwrap_err(), Refused::Wait(1));
        assert!(throttle.attempt(address(2), start).is_ok());
        assert!(throttle.attempt(address(1), start + Duration::from_secs(609)).is_ok());
    }

    #[test]
    fn those_given_back_do_not_count() {
        let (throttle, now) = (Throttle::new(2, WINDOW), Instant::now());
        throttle.attempt(address(1), now).unwrap().count(now);
        for _ in 0..100 {
            drop(throttle.attempt(address(1), now).unwrap());
        }
        throttle.attempt(address(1), now).unwrap().count(now);
        assert!(throttle.attempt(address(1), now).is_err());
    }

    #[test]
    fn many_at_once_get_no_more_tries() {
        let (throttle, now) = (Throttle::new(10, WINDOW), Instant::now());
        let tries: Vec<_> = (0..40).filter_map(|_| throttle.attempt(address(1), now).ok()).collect();
        assert_eq!(tries.len(), 10);
        assert_eq!(throttle.attempt(address(1), now).unwrap_err(), Refused::Busy);
        // Nine were right: that costs nobody anything.
        tries.into_iter().next().unwrap().count(now);
        let tries: Vec<_> = (0..40).filter_map(|_| throttle.attempt(address(1), now).ok()).collect();
        assert_eq!(tries.len(), 9);
        tries.into_iter().for_each(|wrong| wrong.count(now));
        assert_eq!(throttle.attempt(address(1), now).unwrap_err(), Refused::Wait(600));
    }

    #[test]
    fn without_a_limit_nothing_is_refused_or_remembered() {
        let (throttle, now) = (Throttle::lifted(), Instant::now());
        (0..1_000).for_each(|_| throttle.attempt(address(1), now).unwrap().count(now));
        assert!(throttle.origins.lock().is_empty());
    }

    #[test]
    fn d12_a_network_of_ipv6_has_four_times_as_many() {
        let (throttle, now) = (Throttle::new(10, WINDOW), Instant::now());
        let in_lan = |n: u16| IpAddr::from([0xfd00, 0, 0, 1, 0, 0, 0, n]);
        for n in 0..10 {
            (0..4).for_each(|_| throttle.attempt(in_lan(n), now).unwrap().count(now));
        }
        assert_eq!(throttle.attempt(in_lan(99), now).unwrap_err(), Refused::Wait(600));
        let elsewhere = IpAddr::from([0xfd00, 0, 0, 2, 0, 0, 0, 1]);
        (0..10).for_each(|_| throttle.attempt(elsewhere, now).unwrap().count(now));
        assert_eq!(throttle.attempt(elsewhere, now).unwrap_err(), Refused::Wait(600));
        assert!(throttle.attempt(address(1), now).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let (throttle, now) = (Throttle::new(10, WINDOW), Instant::now());
        for n in 0..11_000 {
            throttle.attempt(address(n), now + Duration::from_millis(n.into())).unwrap().count(now);
        }
        assert!(throttle.origins.lock().len() <= MOST_ORIGINS);
    }
}
