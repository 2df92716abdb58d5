//! Limits one kind of attempt by address: wrong passwords, new accounts, or sign-ins, under any names.
//!
//! If too many attempts count within a window, further ones from that address are refused for another window. Users who
//! are signed in are not affected. Attempts whose outcome is not known yet are limited as if they counted, or a client
//! could make many at once. The limit applies to addresses and, four times as high, to IPv6 networks.

use super::{Origin, seconds_rounded_up};
use landline_common::bounded_map::{BoundedMap, Priority};
use parking_lot::Mutex;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Most addresses and networks in the table, not counting those with an attempt under way. When it is full, those whose
/// window has passed are forgotten, or else the one with the oldest window.
const MOST_ORIGINS: usize = 10_000;

/// Counts one kind of attempt by address.
#[derive(Debug)]
pub struct Throttle {
    /// The number and the window; `None` means no limit.
    bound: Option<(u64, Duration)>,
    origins: Mutex<BoundedMap<Origin, Window, MOST_ORIGINS>>,
}

/// The attempts of one address or network.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// Attempts in this window that count.
    counted: u64,
    /// Attempts that are not decided yet.
    under_way: u64,
    /// Start of the window, or of the refusal once the limit is reached.
    since: Instant,
}

/// An attempt under way. Dropped without [`ThrottledAttempt::count`], it does not count.
#[derive(Debug)]
#[must_use = "dropping it takes the attempt back"]
pub struct ThrottledAttempt<'t> {
    throttle: &'t Throttle,
    address: IpAddr,
    /// Time at which it counted.
    counted: Option<Instant>,
}

/// The reason for which an attempt is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttled {
    /// Too many attempts counted; attempts are refused for this many seconds.
    Wait(u64),
    /// The attempts under way could reach the limit; their outcome is known in a moment.
    Busy,
}

impl Throttle {
    /// Makes a throttle that refuses attempts for a `window` after `most` counted within a `window`.
    #[must_use]
    pub fn new(most: u64, window: Duration) -> Throttle {
        Throttle { bound: Some((most.max(1), window)), origins: Mutex::default() }
    }

    /// Makes a throttle without a limit.
    #[must_use]
    pub fn unlimited() -> Throttle {
        Throttle { bound: None, origins: Mutex::default() }
    }

    /// Starts an attempt from `address`.
    ///
    /// # Errors
    /// Too many attempts counted, or too many are under way.
    pub fn start(&self, address: IpAddr, now: Instant) -> Result<ThrottledAttempt<'_>, Throttled> {
        let attempt = || ThrottledAttempt { throttle: self, address, counted: None };
        let Some((most, window)) = self.bound else { return Ok(attempt()) };
        let mut origins = self.origins.lock();
        for origin in Origin::of(address) {
            if let Some(attempts) = origins.get_mut(&origin) {
                attempts.restart_if_over(window, now);
                attempts.check(most.saturating_mul(origin.multiplier()), window, now)?;
            }
        }
        for origin in Origin::of(address) {
            let attempts = origins.entry(origin, |attempts| attempts.priority(window, now));
            attempts.or_insert(Window { counted: 0, under_way: 0, since: now }).under_way += 1;
        }
        Ok(attempt())
    }
}

impl Window {
    fn is_over(&self, window: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= window
    }

    /// Returns the priority in a full table, see [`MOST_ORIGINS`].
    fn priority(&self, window: Duration, now: Instant) -> Priority<Instant> {
        if self.under_way > 0 {
            Priority::Pinned
        } else if self.is_over(window, now) {
            Priority::Expired
        } else {
            Priority::Rank(self.since)
        }
    }

    /// Starts a new window if the last one has passed.
    fn restart_if_over(&mut self, window: Duration, now: Instant) {
        if self.is_over(window, now) {
            self.counted = 0;
            self.since = now;
        }
    }

    /// Refuses a further attempt if it could exceed `most`.
    fn check(&self, most: u64, window: Duration, now: Instant) -> Result<(), Throttled> {
        if self.counted >= most {
            let left = window.saturating_sub(now.saturating_duration_since(self.since));
            return Err(Throttled::Wait(seconds_rounded_up(left)));
        }
        if self.counted + self.under_way >= most { Err(Throttled::Busy) } else { Ok(()) }
    }
}

impl ThrottledAttempt<'_> {
    /// Counts the attempt: the password was wrong, the account was made. The attempt that reaches the limit starts the
    /// time of refusal.
    pub fn count(mut self, now: Instant) {
        self.counted = Some(now);
    }
}

impl Drop for ThrottledAttempt<'_> {
    fn drop(&mut self) {
        let Some((most, _)) = self.throttle.bound else { return };
        let mut origins = self.throttle.origins.lock();
        for origin in Origin::of(self.address) {
            // Always there: an entry with an attempt under way is not forgotten.
            let Some(attempts) = origins.get_mut(&origin) else { continue };
            attempts.under_way -= 1;
            if let Some(now) = self.counted {
                attempts.counted += 1;
                if attempts.counted >= most.saturating_mul(origin.multiplier()) {
                    attempts.since = now;
                }
            } else if attempts.under_way == 0 && attempts.counted == 0 {
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
    fn attempts_are_refused_for_a_window_after_ten_that_count() {
        let throttle = Throttle::new(10, WINDOW);
        let start = Instant::now();
        for i in 0..10 {
            throttle.start(address(1), start + Duration::from_secs(i)).unwrap().count(start + Duration::from_secs(i));
        }
        assert_eq!(throttle.start(address(1), start + Duration::from_secs(9)).unwrap_err(), Throttled::Wait(600));
        assert_eq!(throttle.start(address(1), start + Duration::from_secs(608)).unwrap_err(), Throttled::Wait(1));
        assert!(throttle.start(address(2), start).is_ok());
        assert!(throttle.start(address(1), start + Duration::from_secs(609)).is_ok());
    }

    #[test]
    fn dropped_attempts_do_not_count() {
        let throttle = Throttle::new(2, WINDOW);
        let now = Instant::now();
        throttle.start(address(1), now).unwrap().count(now);
        for _ in 0..100 {
            drop(throttle.start(address(1), now).unwrap());
        }
        throttle.start(address(1), now).unwrap().count(now);
        assert!(throttle.start(address(1), now).is_err());
    }

    #[test]
    fn simultaneous_attempts_are_limited_too() {
        let throttle = Throttle::new(10, WINDOW);
        let now = Instant::now();
        let attempts: Vec<_> = (0..40).filter_map(|_| throttle.start(address(1), now).ok()).collect();
        assert_eq!(attempts.len(), 10);
        assert_eq!(throttle.start(address(1), now).unwrap_err(), Throttled::Busy);
        // Nine of the ten are dropped: they do not count.
        attempts.into_iter().next().unwrap().count(now);
        let attempts: Vec<_> = (0..40).filter_map(|_| throttle.start(address(1), now).ok()).collect();
        assert_eq!(attempts.len(), 9);
        attempts.into_iter().for_each(|wrong| wrong.count(now));
        assert_eq!(throttle.start(address(1), now).unwrap_err(), Throttled::Wait(600));
    }

    #[test]
    fn unlimited_throttle_refuses_nothing_and_stores_nothing() {
        let throttle = Throttle::unlimited();
        let now = Instant::now();
        (0..1_000).for_each(|_| throttle.start(address(1), now).unwrap().count(now));
        assert!(throttle.origins.lock().is_empty());
    }

    #[test]
    fn d12_ipv6_network_has_four_times_the_limit() {
        let throttle = Throttle::new(10, WINDOW);
        let now = Instant::now();
        let in_lan = |n: u16| IpAddr::from([0xfd00, 0, 0, 1, 0, 0, 0, n]);
        for n in 0..10 {
            (0..4).for_each(|_| throttle.start(in_lan(n), now).unwrap().count(now));
        }
        assert_eq!(throttle.start(in_lan(99), now).unwrap_err(), Throttled::Wait(600));
        let elsewhere = IpAddr::from([0xfd00, 0, 0, 2, 0, 0, 0, 1]);
        (0..10).for_each(|_| throttle.start(elsewhere, now).unwrap().count(now));
        assert_eq!(throttle.start(elsewhere, now).unwrap_err(), Throttled::Wait(600));
        assert!(throttle.start(address(1), now).is_ok());
    }

    #[test]
    fn table_is_bounded() {
        let throttle = Throttle::new(10, WINDOW);
        let start = Instant::now();
        let under_way: Vec<_> = (0..10).map(|_| throttle.start(address(0), start).unwrap()).collect();
        for n in 1..11_000 {
            let now = start + Duration::from_millis(n.into());
            throttle.start(address(n), now).unwrap().count(now);
        }
        assert_eq!(throttle.origins.lock().len(), MOST_ORIGINS);
        let refused = |now| throttle.start(address(0), now).err();
        let now = start + Duration::from_secs(12);
        assert_eq!(refused(now), Some(Throttled::Busy), "attempts under way are remembered");
        under_way.into_iter().for_each(|attempt| attempt.count(now));
        assert_eq!(refused(now), Some(Throttled::Wait(600)));
        drop(throttle.start(address(20_000), now + WINDOW).unwrap());
        assert!(throttle.origins.lock().is_empty(), "windows that have passed are forgotten");
    }
}
