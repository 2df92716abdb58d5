//! A semaphore that counts bytes, to bound the memory of a channel: a bounded channel counts messages only.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A byte budget shared by all clones.
#[derive(Clone, Debug)]
pub(super) struct ByteSemaphore(Arc<SemaphoreState>);

#[derive(Debug)]
struct SemaphoreState {
    capacity: usize,
    used: Mutex<usize>,
    released: Condvar,
}

/// A part of the budget, returned on drop.
#[derive(Debug)]
pub(super) struct Permit {
    semaphore: ByteSemaphore,
    bytes: usize,
}

impl ByteSemaphore {
    /// Creates a budget of `capacity` bytes.
    pub fn new(capacity: usize) -> ByteSemaphore {
        ByteSemaphore(Arc::new(SemaphoreState { capacity, used: Mutex::default(), released: Condvar::new() }))
    }

    fn used(&self) -> MutexGuard<'_, usize> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `bytes`, and blocks until they are free. A request above the capacity takes the whole budget.
    pub fn acquire(&self, bytes: usize) -> Permit {
        let bytes = bytes.min(self.0.capacity);
        let is_full = |used: &mut usize| self.0.capacity - *used < bytes;
        let mut used = self.0.released.wait_while(self.used(), is_full).unwrap_or_else(PoisonError::into_inner);
        *used += bytes;
        Permit { semaphore: self.clone(), bytes }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.semaphore.used() -= self.bytes;
        self.semaphore.0.released.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;

    #[test]
    fn permits_never_exceed_the_capacity() {
        let semaphore = ByteSemaphore::new(100);
        let (out, permits) = bounded(1_000);
        let there = semaphore.clone();
        let sizes = (1..=100).chain([5_000, 0, 7]);
        let expected = sizes.clone().map(|bytes: usize| bytes.min(100)).sum::<usize>();
        let acquirer = std::thread::spawn(move || {
            sizes.for_each(|bytes| out.send(there.acquire(bytes)).expect("the receiver is alive"));
        });
        let mut total = 0;
        for permit in permits {
            assert!(*semaphore.used() <= 100);
            total += permit.bytes;
        }
        acquirer.join().expect("all permits were acquired");
        assert_eq!((total, *semaphore.used()), (expected, 0));
    }
}
