//! A mutex with a rank. A thread takes locks in growing rank only, so threads cannot deadlock by waiting for each other
//! in a cycle.
//!
//! | rank | lock |
//! |---|---|
//! | 0 | the order of events in private chats |
//! | 1 | the hub's registry |
//! | 2 | a room's log; the rules of a room, of the server |
//! | 3 | a room's subscriptions; gathered presence; a session's deliveries; a user's rendering |
//! | 4 | an outbox; a block filter |
//! | 5 | the poller's timers |
//! | 6 | the storage's queue; labels and nonces; recent messages; a user's profile |
//! | 7 | a database connection for reading |
//!
//! A few locks have no rank. The order of changes in a broadcast group is taken by a thread that holds no other lock, and
//! kept while it waits for the disk.
//!
//! Debug builds assert the order at each lock; in release builds this costs nothing.

use parking_lot::{Condvar, Mutex, MutexGuard};
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

/// A mutex of rank `RANK`.
#[derive(Debug, Default)]
pub struct OrderedMutex<T, const RANK: u8>(Mutex<T>);

/// A held lock of an [`OrderedMutex`], released on drop.
pub struct OrderedMutexGuard<'a, T, const RANK: u8> {
    guard: MutexGuard<'a, T>,
    _held: Held<RANK>,
}

impl<T, const RANK: u8> OrderedMutex<T, RANK> {
    /// Makes a mutex around `value`.
    pub fn new(value: T) -> Self {
        OrderedMutex(Mutex::new(value))
    }

    /// Waits for the lock.
    ///
    /// # Panics
    /// In debug builds, if this thread holds a lock of this or a higher rank.
    pub fn lock(&self) -> OrderedMutexGuard<'_, T, RANK> {
        let held = Held::take();
        OrderedMutexGuard { guard: self.0.lock(), _held: held }
    }

    /// Waits for the lock, for `time` at most. Returns `None` after that.
    ///
    /// # Panics
    /// As [`Self::lock`].
    pub fn try_lock_for(&self, time: Duration) -> Option<OrderedMutexGuard<'_, T, RANK>> {
        let held = Held::take();
        Some(OrderedMutexGuard { guard: self.0.try_lock_for(time)?, _held: held })
    }
}

impl<T, const RANK: u8> OrderedMutexGuard<'_, T, RANK> {
    /// Releases the lock until `condition` is notified, then takes it again.
    ///
    /// # Panics
    /// In debug builds, if this thread holds another ranked lock, which the wait would not release.
    pub fn wait(&mut self, condition: &Condvar) {
        Held::<RANK>::assert_alone();
        condition.wait(&mut self.guard);
    }

    /// Like [`Self::wait`], for `time` at most. Returns false after that.
    pub fn wait_for(&mut self, condition: &Condvar, time: Duration) -> bool {
        Held::<RANK>::assert_alone();
        !condition.wait_for(&mut self.guard, time).timed_out()
    }

    /// Like [`Self::wait`], until `deadline` at most. Returns false after that.
    pub fn wait_until(&mut self, condition: &Condvar, deadline: Instant) -> bool {
        Held::<RANK>::assert_alone();
        !condition.wait_until(&mut self.guard, deadline).timed_out()
    }
}

impl<T, const RANK: u8> Deref for OrderedMutexGuard<'_, T, RANK> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T, const RANK: u8> DerefMut for OrderedMutexGuard<'_, T, RANK> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Records, in debug builds, that this thread holds a lock of rank `RANK`.
struct Held<const RANK: u8>;

/// Asserts, in debug builds, that this thread holds no ranked lock. Called before work that may wait for the disk.
pub fn assert_free() {
    ranks::assert_free();
}

#[cfg(debug_assertions)]
mod ranks {
    use std::cell::Cell;
    thread_local! {
        /// One bit for each rank this thread holds.
        static HELD: Cell<u32> = const { Cell::new(0) };
    }

    pub fn take(rank: u8) {
        let held = HELD.get();
        assert!(
            held >> rank == 0,
            "lock of rank {rank} taken while holding ranks {held:#b} (a bit each); the order is in ordered_mutex.rs"
        );
        HELD.set(held | 1 << rank);
    }

    pub fn release(rank: u8) {
        HELD.set(HELD.get() & !(1 << rank));
    }

    pub fn assert_free() {
        assert_eq!(HELD.get(), 0, "waiting for the disk while holding ranked locks (a bit for each rank)");
    }

    pub fn assert_alone(rank: u8) {
        assert_eq!(HELD.get(), 1 << rank, "waiting while holding other ranked locks (a bit for each rank)");
    }
}

#[cfg(not(debug_assertions))]
mod ranks {
    pub fn take(_: u8) {}
    pub fn release(_: u8) {}
    pub fn assert_free() {}
    pub fn assert_alone(_: u8) {}
}

impl<const RANK: u8> Held<RANK> {
    fn take() -> Self {
        ranks::take(RANK);
        Held
    }

    fn assert_alone() {
        ranks::assert_alone(RANK);
    }
}

impl<const RANK: u8> Drop for Held<RANK> {
    fn drop(&mut self) {
        ranks::release(RANK);
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn growing_ranks_are_allowed() {
        let hub = OrderedMutex::<_, 1>::new(1);
        let log = OrderedMutex::<_, 2>::new(2);
        for _ in 0..2 {
            let a = hub.lock();
            let b = log.lock();
            assert_eq!(*a + *b, 3);
        }
    }

    #[test]
    #[should_panic(expected = "rank 1 taken while")]
    fn falling_rank_panics() {
        let hub = OrderedMutex::<_, 1>::new(());
        let log = OrderedMutex::<_, 2>::new(());
        let _log = log.lock();
        let _hub = hub.lock();
    }

    #[test]
    #[should_panic(expected = "rank 2 taken while")]
    fn two_locks_of_one_rank_panic() {
        let one = OrderedMutex::<_, 2>::new(());
        let other = OrderedMutex::<_, 2>::new(());
        let _one = one.lock();
        let _other = other.lock();
    }
}
