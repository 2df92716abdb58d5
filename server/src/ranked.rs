//! A mutex with a rank. Locks are taken in growing rank only, so no two threads can wait for each other in a ring.
//!
//! | rank | lock |
//! |---|---|
//! | 0 | the order of what happens in private chats |
//! | 1 | the hub: who is here |
//! | 2 | a room's log |
//! | 3 | a room's seats; how a person gets events |
//! | 4 | an outbox |
//! | 5 | the poller's agenda |
//! | 6 | what waits to be stored |
//! | 7 | the connection that reads what is stored |
//!
//! Debug builds assert the order at each lock; release builds pay nothing.

use parking_lot::{Condvar, Mutex, MutexGuard};
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

/// A mutex of rank `RANK`.
#[derive(Debug, Default)]
pub struct Ranked<T, const RANK: u8>(Mutex<T>);

/// The lock of a [`Ranked`], given back on drop.
pub struct RankedGuard<'a, T, const RANK: u8> {
    guard: MutexGuard<'a, T>,
    _held: Held<RANK>,
}

impl<T, const RANK: u8> Ranked<T, RANK> {
    /// A new mutex.
    pub fn new(value: T) -> Self {
        Ranked(Mutex::new(value))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> RankedGuard<'_, T, RANK> {
        let held = Held::take();
        RankedGuard { guard: self.0.lock(), _held: held }
    }

    /// Waits for the lock, for `time` at most.
    pub fn try_lock_for(&self, time: Duration) -> Option<RankedGuard<'_, T, RANK>> {
        let held = Held::take();
        Some(RankedGuard { guard: self.0.try_lock_for(time)?, _held: held })
    }
}

impl<T, const RANK: u8> RankedGuard<'_, T, RANK> {
    /// Gives the lock back until `condition` is notified. No other lock may be held meanwhile.
    pub fn wait(&mut self, condition: &Condvar) {
        Held::<RANK>::assert_alone();
        condition.wait(&mut self.guard);
    }

    /// Like [`Self::wait`], for `time` at most. False when that has passed.
    pub fn wait_for(&mut self, condition: &Condvar, time: Duration) -> bool {
        Held::<RANK>::assert_alone();
        !condition.wait_for(&mut self.guard, time).timed_out()
    }

    /// Like [`Self::wait`], until `deadline` at most. False when that has passed.
    pub fn wait_until(&mut self, condition: &Condvar, deadline: Instant) -> bool {
        Held::<RANK>::assert_alone();
        !condition.wait_until(&mut self.guard, deadline).timed_out()
    }
}

impl<T, const RANK: u8> Deref for RankedGuard<'_, T, RANK> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T, const RANK: u8> DerefMut for RankedGuard<'_, T, RANK> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Notes, in debug builds, that this thread holds a lock of rank `RANK`.
struct Held<const RANK: u8>;

/// Asserts, in debug builds, that this thread holds no ranked lock: before something that may take long.
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
            "a lock of rank {rank} was asked for while holding {held:#b}: the order is private chats, hub, log, seats, outbox, agenda, storage"
        );
        HELD.set(held | 1 << rank);
    }

    pub fn give_back(rank: u8) {
        HELD.set(HELD.get() & !(1 << rank));
    }

    pub fn assert_free() {
        assert_eq!(HELD.get(), 0, "waiting for the disk while a lock is held");
    }

    pub fn assert_alone(rank: u8) {
        assert_eq!(HELD.get(), 1 << rank, "waiting while another lock is held");
    }
}

#[cfg(not(debug_assertions))]
mod ranks {
    pub fn take(_: u8) {}
    pub fn give_back(_: u8) {}
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
        ranks::give_back(RANK);
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn growing_ranks_are_fine() {
        let (hub, log) = (Ranked::<_, 1>::new(1), Ranked::<_, 2>::new(2));
        for _ in 0..2 {
            let a = hub.lock();
            let b = log.lock();
            assert_eq!(*a + *b, 3);
        }
    }

    #[test]
    #[should_panic(expected = "rank 1 was asked for")]
    fn a_falling_rank_is_noticed() {
        let (hub, log) = (Ranked::<_, 1>::new(()), Ranked::<_, 2>::new(()));
        let _log = log.lock();
        let _hub = hub.lock();
    }

    #[test]
    #[should_panic(expected = "rank 2 was asked for")]
    fn two_of_one_rank_are_noticed() {
        let (one, other) = (Ranked::<_, 2>::new(()), Ranked::<_, 2>::new(()));
        let _one = one.lock();
        let _other = other.lock();
    }
}
