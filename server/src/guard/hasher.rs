//! Hashes and checks passwords with bcrypt, a bounded number at a time.
//!
//! A check costs tens of milliseconds of a core, and any client can cause one. So a fixed number of threads hash at a
//! time, a fixed number wait, and further ones get [`HashError::Busy`]. A permit passes directly to a
//! waiting thread, so that a thread that arrives later cannot take it first.
//!
//! A check of an unknown name takes as long as that of a known one, so the time does not tell if an account exists.
//! This holds as long as the accounts were hashed at the cost in use.

use parking_lot::{Condvar, Mutex};
use thiserror::Error;

const MAX_BYTES: usize = landline_common::limits::PASSWORD_MAX_BYTES;

/// The reason for which a password was not hashed or checked.
#[derive(Debug, Error)]
pub enum HashError {
    /// All permits are taken, and the queue of waiting threads is full.
    #[error("too many passwords are being hashed or checked at once")]
    Busy,
    /// A new password is over 72 bytes or contains a NUL: bcrypt could not tell it from another one.
    #[error("the password has more than 72 bytes, or a NUL character; it needs another one")]
    Unusable,
    /// bcrypt failed: the stored hash is malformed, or the system has no randomness.
    #[error("bcrypt failed: {0}")]
    Failed(bcrypt::BcryptError),
}

/// Computes bcrypt for all sessions, a few at a time.
#[derive(Debug)]
pub struct Hasher {
    running: usize,
    waiting: usize,
    cost: u32,
    /// The hash that passwords of unknown names are checked against.
    dummy_hash: String,
    semaphore: Mutex<Semaphore>,
    /// Notified when a permit is granted to a waiting thread.
    granted: Condvar,
}

/// The counts of permits.
#[derive(Debug, Default)]
struct Semaphore {
    /// Permits in use, including those granted to threads that have not woken yet.
    taken: usize,
    /// Threads that wait, including those that have been granted a permit.
    waiting: usize,
    /// Waiting threads that have been granted a permit and only need to wake.
    granted: usize,
}

/// The right to hash, released on drop, also by a panic.
struct Permit<'a>(&'a Hasher);

impl Hasher {
    /// Makes a hasher with at most `running` threads that hash (at least 1) and at most `waiting` threads that wait.
    /// `cost` is bcrypt's cost, clamped to 4 to 16; each step doubles the time.
    #[must_use]
    pub fn new(running: usize, waiting: usize, cost: u32) -> Hasher {
        let cost = cost.clamp(4, 16);
        // Salt and hash are all zeros: a check takes the usual time, and no password is known to match.
        let dummy_hash = format!("$2b${cost:02}${}", ".".repeat(53));
        let semaphore = Mutex::default();
        Hasher { running: running.max(1), waiting, cost, dummy_hash, semaphore, granted: Condvar::new() }
    }

    /// Returns the bcrypt hash of a new password, with a fresh salt. May wait for a permit, then for bcrypt.
    ///
    /// # Errors
    /// [`HashError::Unusable`] for a password over 72 bytes or with a NUL, [`HashError::Busy`] when too many threads
    /// wait, [`HashError::Failed`] if the system has no randomness for the salt.
    pub fn hash(&self, password: &str) -> Result<String, HashError> {
        if !is_usable(password) {
            return Err(HashError::Unusable);
        }
        let _permit = self.acquire()?;
        // Not the crate's non-truncating function: it refuses 72 bytes, which bcrypt can hash. `is_usable` has checked
        // the length, so nothing is truncated.
        bcrypt::hash(password, self.cost).map_err(HashError::Failed)
    }

    /// Returns true if `hash` was made from `password`. Without a hash (an unknown name), or for a password that cannot
    /// have been registered, it does the same work and returns false.
    ///
    /// # Errors
    /// [`HashError::Busy`] when too many threads wait, [`HashError::Failed`] if `hash` is not a bcrypt hash.
    pub fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, HashError> {
        let usable = is_usable(password);
        let _permit = self.acquire()?;
        let password = if usable { password } else { "" };
        let fits = bcrypt::verify(password, hash.unwrap_or(&self.dummy_hash)).map_err(HashError::Failed)?;
        Ok(fits && usable && hash.is_some())
    }

    /// Takes a permit, or waits until one is granted.
    fn acquire(&self) -> Result<Permit<'_>, HashError> {
        let mut semaphore = self.semaphore.lock();
        if semaphore.taken < self.running {
            semaphore.taken += 1;
            return Ok(Permit(self));
        }
        if semaphore.waiting >= self.waiting {
            return Err(HashError::Busy);
        }
        semaphore.waiting += 1;
        while semaphore.granted == 0 {
            self.granted.wait(&mut semaphore);
        }
        semaphore.granted -= 1;
        semaphore.waiting -= 1;
        Ok(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut semaphore = self.0.semaphore.lock();
        if semaphore.waiting > semaphore.granted {
            semaphore.granted += 1;
            self.0.granted.notify_one();
        } else {
            semaphore.taken -= 1;
        }
    }
}

/// Returns true if bcrypt can tell a password from all others. It reads 72 bytes and repeats a shorter password with a
/// NUL between, so that `a` and `a\0a` have equal hashes.
#[must_use]
pub fn is_usable(password: &str) -> bool {
    password.len() <= MAX_BYTES && !password.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use bcrypt::HashParts;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    fn small(running: usize, waiting: usize) -> Hasher {
        Hasher::new(running, waiting, 4)
    }

    #[test]
    fn only_the_right_password_matches() {
        let hasher = small(1, 0);
        let hash = hasher.hash("pässword").unwrap();
        assert_eq!(hash.parse::<HashParts>().unwrap().get_cost(), 4);
        assert!(hasher.verify("pässword", Some(&hash)).unwrap());
        for wrong in ["", "password", "pässword ", "pässword\0", "pässword\0pässword"] {
            assert!(!hasher.verify(wrong, Some(&hash)).unwrap(), "{wrong:?}");
        }
        assert!(matches!(hasher.verify("x", Some("plain")), Err(HashError::Failed(_))));
    }

    #[test]
    fn every_byte_of_a_long_password_counts() {
        let hasher = small(1, 0);
        let long = "x".repeat(72);
        let hash = hasher.hash(&long).unwrap();
        assert!(hasher.verify(&long, Some(&hash)).unwrap());
        assert!(!hasher.verify(&long[..71], Some(&hash)).unwrap());
        assert!(!hasher.verify(&format!("{long}y"), Some(&hash)).unwrap(), "bcrypt alone would accept it");
        assert!(matches!(hasher.hash(&format!("{long}y")), Err(HashError::Unusable)));
        assert!(matches!(hasher.hash("a\0a"), Err(HashError::Unusable)));
        let empty = hasher.hash("").unwrap();
        assert!(!hasher.verify(&"y".repeat(100), Some(&empty)).unwrap());
    }

    #[test]
    fn the_dummy_hash_has_the_cost_in_use() {
        let hasher = Hasher::new(1, 0, 5);
        assert_eq!(hasher.dummy_hash.parse::<HashParts>().unwrap().get_cost(), 5);
        assert!(!hasher.verify("anything", None).unwrap());
        assert!(!hasher.verify(&"y".repeat(100), None).unwrap());
    }

    #[test]
    fn threads_beyond_running_and_waiting_are_refused() {
        let hasher = small(1, 1);
        let permit = hasher.acquire().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| hasher.verify("x", None));
            while hasher.semaphore.lock().waiting == 0 {
                thread::yield_now();
            }
            assert!(matches!(hasher.hash("x"), Err(HashError::Busy)));
            drop(permit);
            assert!(!waiter.join().unwrap().unwrap());
        });
        assert_eq!(hasher.semaphore.lock().taken, 0);
        assert!(hasher.hash("x").is_ok());
    }

    #[test]
    fn permit_passes_to_a_waiting_thread_without_becoming_free() {
        let hasher = small(1, 1);
        let permit = hasher.acquire().unwrap();
        let finish = std::sync::Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                let _permit = hasher.acquire().unwrap();
                finish.wait();
            });
            while hasher.semaphore.lock().waiting == 0 {
                thread::yield_now();
            }
            drop(permit);
            assert_eq!(hasher.semaphore.lock().taken, 1, "a thread that arrives later could take the permit");
            finish.wait();
        });
        assert_eq!(hasher.semaphore.lock().taken, 0);
    }

    #[test]
    fn at_most_the_bound_hash_at_once_and_all_get_a_permit() {
        let hasher = small(2, 100);
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let _permit = hasher.acquire().unwrap();
                    assert!(hasher.semaphore.lock().taken <= 2);
                    thread::yield_now();
                });
            }
        });
        let semaphore = hasher.semaphore.lock();
        assert_eq!((semaphore.taken, semaphore.waiting, semaphore.granted), (0, 0, 0));
    }

    #[test]
    fn panic_releases_the_permit() {
        let hasher = small(1, 0);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _permit = hasher.acquire().unwrap();
            panic!("as a bug would");
        }));
        assert!(panicked.is_err());
        assert!(hasher.hash("x").is_ok());
    }
}
