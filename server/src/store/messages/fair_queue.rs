//! Shares one database reader fairly between addresses.
//!
//! With first come, first served, 100 guests of one address would make every other user wait behind 100 searches. So
//! one request reads at a time, and of the waiting requests the next is the one whose address has read least lately.
//! The usage of an address is its reading time in seconds, halved every two seconds, so a heavy user recovers.
//!
//! Example: address A is reading, nine more requests of A wait, then one of B arrives. When the first request ends, B
//! is next. An address that asks rarely waits for one request at most.
//!
//! Invariant: `busy` is true while a [`ReadPermit`] exists or has been granted to a waiter that has not woken up yet.
//! Otherwise a new request could slip in between the grant and the wake-up.
//!
//! This module does not read and does not interrupt a read. A long scan asks [`ReadPermit::should_yield`] itself.

use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time after which the usage of an address counts half.
const HALF_LIFE: Duration = Duration::from_secs(2);
/// Longest turn of a scan while other requests wait. Waiting requests give up after a second, so twenty get a turn.
const TIME_SLICE: Duration = Duration::from_millis(50);
/// Reading time in seconds below which an address may be removed from the table.
const NEGLIGIBLE: f64 = 0.000_1;
/// Number of addresses in the table from which on negligible ones are removed.
const CLEANUP_ADDRESSES: usize = 1_000;

/// Grants permits to read, one at a time.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    state: Mutex<QueueState>,
}

#[derive(Debug, Default)]
struct QueueState {
    busy: bool,
    /// Waiting requests in the order of arrival.
    waiting: Vec<Waiter>,
    usage: HashMap<Box<str>, ReadTime>,
}

#[derive(Debug)]
struct Waiter {
    address: Box<str>,
    /// Notified after the waiter was removed from the queue, which grants it the permit.
    granted: Arc<Condvar>,
}

/// The usage of an address at a moment. It decays afterwards, see [`HALF_LIFE`].
#[derive(Clone, Copy, Debug)]
struct ReadTime {
    seconds: f64,
    at: Instant,
}

/// The right to read. Dropping it counts the time as usage of the address and grants the next permit.
#[derive(Debug)]
#[must_use = "dropping it ends the turn"]
pub(super) struct ReadPermit<'q> {
    queue: &'q FairQueue,
    address: Box<str>,
    begun: Instant,
}

impl FairQueue {
    /// Waits for a permit, for `timeout` at most. Returns `None` after that.
    pub(super) fn acquire(&self, address: &str, timeout: Duration) -> Option<ReadPermit<'_>> {
        let deadline = Instant::now() + timeout;
        let mut state = self.state.lock();
        if state.busy {
            let granted = Arc::new(Condvar::new());
            state.waiting.push(Waiter { address: address.into(), granted: granted.clone() });
            let is_own = |waiter: &Waiter| Arc::ptr_eq(&waiter.granted, &granted);
            // The grant removes this request from the queue.
            while state.waiting.iter().any(is_own) {
                let timed_out = granted.wait_until(&mut state, deadline).timed_out();
                let position = state.waiting.iter().position(is_own);
                if let Some(position) = position.filter(|_| timed_out) {
                    state.waiting.remove(position);
                    return None;
                }
            }
        }
        state.busy = true;
        Some(ReadPermit { queue: self, address: address.into(), begun: Instant::now() })
    }
}

impl ReadPermit<'_> {
    /// Returns true if other requests wait and this one has had its time slice. For scans whose partial result is
    /// useful.
    pub(super) fn should_yield(&self) -> bool {
        self.begun.elapsed() >= TIME_SLICE && !self.queue.state.lock().waiting.is_empty()
    }
}

impl Drop for ReadPermit<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.queue.state.lock();
        state.add_usage(&self.address, now.saturating_duration_since(self.begun), now);
        match state.take_next(now) {
            // `busy` stays true, see the invariant.
            Some(waiter) => _ = waiter.granted.notify_one(),
            None => state.busy = false,
        }
    }
}

impl QueueState {
    fn add_usage(&mut self, address: &str, spent: Duration, now: Instant) {
        if self.usage.len() >= CLEANUP_ADDRESSES {
            self.usage.retain(|_, usage| usage.seconds_at(now) > NEGLIGIBLE);
        }
        let usage = self.usage.entry(address.into()).or_insert(ReadTime { seconds: 0.0, at: now });
        *usage = ReadTime { seconds: usage.seconds_at(now) + spent.as_secs_f64(), at: now };
    }

    /// Removes and returns the request that reads next: of the address with the least usage, the earliest.
    fn take_next(&mut self, now: Instant) -> Option<Waiter> {
        let usage = |waiter: &Waiter| self.usage.get(&waiter.address).map_or(0.0, |usage| usage.seconds_at(now));
        let least = self.waiting.iter().enumerate().min_by(|(_, a), (_, b)| usage(a).total_cmp(&usage(b)));
        let position = least.map(|(position, _)| position)?;
        Some(self.waiting.remove(position))
    }
}

impl ReadTime {
    fn seconds_at(&self, now: Instant) -> f64 {
        let half_lives = now.saturating_duration_since(self.at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.seconds * 0.5_f64.powf(half_lives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn x5_an_address_that_asks_rarely_is_next() {
        let queue = FairQueue::default();
        let (sender, order) = mpsc::channel();
        let first = queue.acquire("busy", LONG).unwrap();
        std::thread::scope(|scope| {
            let wait = |address: &'static str, count: usize| {
                let sender = sender.clone();
                let queue = &queue;
                scope.spawn(move || {
                    let _permit = queue.acquire(address, LONG).unwrap();
                    sender.send(address).unwrap();
                    std::thread::sleep(Duration::from_millis(2));
                });
                while queue.state.lock().waiting.len() < count {
                    std::thread::yield_now();
                }
            };
            (1..=10).for_each(|count| wait("busy", count));
            wait("quiet", 11);
            std::thread::sleep(Duration::from_millis(5));
            drop(first);
        });
        let order: Vec<_> = order.try_iter().collect();
        assert_eq!((order[0], order.len()), ("quiet", 11));
        assert!(!queue.state.lock().busy);
    }

    #[test]
    fn x5_a_request_that_times_out_leaves_the_queue() {
        let queue = FairQueue::default();
        let first = queue.acquire("a", LONG).unwrap();
        assert!(queue.acquire("b", Duration::from_millis(20)).is_none());
        assert!(queue.state.lock().waiting.is_empty());
        drop(first);
        assert!(queue.acquire("b", LONG).is_some());
    }

    #[test]
    fn a_permit_should_yield_after_its_time_slice_if_others_wait() {
        let queue = FairQueue::default();
        let first = queue.acquire("a", LONG).unwrap();
        std::thread::sleep(TIME_SLICE);
        assert!(!first.should_yield(), "no other request waits");
        std::thread::scope(|scope| {
            scope.spawn(|| drop(queue.acquire("b", LONG)));
            while !first.should_yield() {
                std::thread::yield_now();
            }
            drop(first);
            let second = queue.acquire("c", LONG).unwrap();
            assert!(!second.should_yield(), "its time slice has just begun");
        });
    }

    #[test]
    fn negligible_usage_is_removed() {
        let mut state = QueueState::default();
        let now = Instant::now();
        for n in 0..2 * CLEANUP_ADDRESSES {
            state.add_usage(&n.to_string(), Duration::from_millis(10), now + Duration::from_millis(100) * n as u32);
        }
        assert!(state.usage.len() <= CLEANUP_ADDRESSES);
    }
}
