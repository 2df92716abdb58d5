//! Who reads next: one at a time, and of those who wait the address that has read least lately.
//!
//! First come, first served would give the reader to whoever asks most: 100 guests of one address would make everyone
//! wait behind 100 searches. Here an address that asks rarely waits for the one look that is under way, at most.

use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What an address has used counts half after so long.
const HALF_LIFE: Duration = Duration::from_secs(2);
/// How long a look that can end at any time lasts while others wait: twenty of them get their turn before one gives up.
const SHARE: Duration = Duration::from_millis(50);
/// Seconds of use that are forgotten, and addresses above which they are looked for.
const FORGOTTEN: f64 = 0.000_1;
const MANY: usize = 1_000;

/// The turns of one reader.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    state: Mutex<QueueState>,
}

#[derive(Debug, Default)]
struct QueueState {
    busy: bool,
    waiting: Vec<Waiter>,
    used: HashMap<Box<str>, Used>,
}

#[derive(Debug)]
struct Waiter {
    address: Box<str>,
    /// Told when the turn is theirs; the reader stays busy meanwhile.
    told: Arc<Condvar>,
}

/// Seconds of reading, as they counted at a moment.
#[derive(Clone, Copy, Debug)]
struct Used {
    seconds: f64,
    at: Instant,
}

/// The right to read, given back on drop.
#[derive(Debug)]
#[must_use = "dropping it ends the turn"]
pub(super) struct ReadPermit<'t> {
    turns: &'t FairQueue,
    address: Box<str>,
    begun: Instant,
}

impl FairQueue {
    /// Waits for a turn, so long at most.
    pub(super) fn take(&self, address: &str, sign_in_deadline: Duration) -> Option<ReadPermit<'_>> {
        let deadline = Instant::now() + sign_in_deadline;
        let mut state = self.state.lock();
        if state.busy {
            let told = Arc::new(Condvar::new());
            state.waiting.push(Waiter { address: address.into(), told: told.clone() });
            let is_mine = |waiter: &Waiter| Arc::ptr_eq(&waiter.told, &told);
            // Who is told is no longer among those who wait.
            while state.waiting.iter().any(is_mine) {
                let is_late = told.wait_until(&mut state, deadline).timed_out();
                let place = state.waiting.iter().position(is_mine);
                if let Some(place) = place.filter(|_| is_late) {
                    state.waiting.remove(place);
                    return None;
                }
            }
        }
        state.busy = true;
        Some(ReadPermit { turns: self, address: address.into(), begun: Instant::now() })
    }
}

impl ReadPermit<'_> {
    /// True if others wait and this has lasted its share: for looks that are worth something at any length.
    pub(super) fn is_over(&self) -> bool {
        self.begun.elapsed() >= SHARE && !self.turns.state.lock().waiting.is_empty()
    }
}

impl Drop for ReadPermit<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.turns.state.lock();
        state.count(&self.address, now.saturating_duration_since(self.begun), now);
        match state.next(now) {
            // The reader stays busy: a newcomer cannot come in between.
            Some(waiter) => drop(waiter.told.notify_one()),
            None => state.busy = false,
        }
    }
}

impl QueueState {
    fn count(&mut self, address: &str, spent: Duration, now: Instant) {
        if self.used.len() >= MANY {
            self.used.retain(|_, used| used.seconds_at(now) > FORGOTTEN);
        }
        let used = self.used.entry(address.into()).or_insert(Used { seconds: 0.0, at: now });
        *used = Used { seconds: used.seconds_at(now) + spent.as_secs_f64(), at: now };
    }

    /// Takes out who reads next: of those who have read least, the one that has waited longest.
    fn next(&mut self, now: Instant) -> Option<Waiter> {
        let used = |waiter: &Waiter| self.used.get(&waiter.address).map_or(0.0, |used| used.seconds_at(now));
        let least = self.waiting.iter().enumerate().min_by(|(_, a), (_, b)| used(a).total_cmp(&used(b)));
        let at = least.map(|(at, _)| at)?;
        Some(self.waiting.remove(at))
    }
}

impl Used {
    fn seconds_at(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.seconds * 0.5_f64.powf(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn x5_an_address_that_asks_rarely_is_next() {
        let turns = FairQueue::default();
        let (tell, order) = mpsc::channel();
        let first = turns.take("busy", LONG).unwrap();
        std::thread::scope(|scope| {
            let wait = |address: &'static str, count: usize| {
                let (tell, turns) = (tell.clone(), &turns);
                scope.spawn(move || {
                    let _turn = turns.take(address, LONG).unwrap();
                    tell.send(address).unwrap();
                    std::thread::sleep(Duration::from_millis(2));
                });
                while turns.state.lock().waiting.len() < count {
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
        assert!(!turns.state.lock().busy);
    }

    #[test]
    fn x5_who_waits_too_long_is_told_and_leaves_no_trace() {
        let turns = FairQueue::default();
        let first = turns.take("a", LONG).unwrap();
        assert!(turns.take("b", Duration::from_millis(20)).is_none());
        assert!(turns.state.lock().waiting.is_empty());
        drop(first);
        assert!(turns.take("b", LONG).is_some());
    }

    #[test]
    fn a_turn_is_over_when_others_have_waited_for_its_share() {
        let turns = FairQueue::default();
        let first = turns.take("a", LONG).unwrap();
        std::thread::sleep(SHARE);
        assert!(!first.is_over(), "nobody waits");
        std::thread::scope(|scope| {
            scope.spawn(|| drop(turns.take("b", LONG)));
            while !first.is_over() {
                std::thread::yield_now();
            }
            drop(first);
            let second = turns.take("c", LONG).unwrap();
            assert!(!second.is_over(), "it has just begun");
        });
    }

    #[test]
    fn what_was_used_is_forgotten() {
        let (mut state, now) = (QueueState::default(), Instant::now());
        for n in 0..2 * MANY {
            state.count(&n.to_string(), Duration::from_millis(10), now + Duration::from_millis(100) * n as u32);
        }
        assert!(state.used.len() <= MANY);
    }
}
