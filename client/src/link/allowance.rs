//! How much may be on its way between two threads, in bytes: a channel counts only pieces.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// So many bytes. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    taken: Mutex<usize>,
    given_back: Condvar,
}

/// Some of them, until this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    of: Allowance,
    bytes: usize,
}

impl Allowance {
    /// That many.
    pub fn new(most: usize) -> Allowance {
        Allowance(Arc::new(Shared { most, taken: Mutex::default(), given_back: Condvar::new() }))
    }

    fn taken(&self) -> MutexGuard<'_, usize> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for that many. Whoever wants more than there ever are gets all.
    pub fn take(&self, bytes: usize) -> Share {
        let bytes = bytes.min(self.0.most);
        let is_full = |taken: &mut usize| self.0.most - *taken < bytes;
        let mut taken = self.0.given_back.wait_while(self.taken(), is_full).unwrap_or_else(PoisonError::into_inner);
        *taken += bytes;
        Share { of: self.clone(), bytes }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *self.of.taken() -= self.bytes;
        self.of.0.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;

    #[test]
    fn there_is_never_more_on_its_way_than_allowed() {
        let allowance = Allowance::new(100);
        let (out, shares) = bounded(1_000);
        let giver = allowance.clone();
        let takes = (1..=100).chain([5_000, 0, 7]);
        let expected = takes.clone().map(|bytes: usize| bytes.min(100)).sum::<usize>();
        let taker = std::thread::spawn(move || takes.for_each(|bytes| out.send(giver.take(bytes)).expect("taken")));
        let mut given = 0;
        for share in shares {
            assert!(*allowance.taken() <= 100);
            given += share.bytes;
        }
        taker.join().expect("all were given");
        assert_eq!((given, *allowance.taken()), (expected, 0));
    }
}
