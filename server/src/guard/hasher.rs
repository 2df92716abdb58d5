//! bcrypt, bounded: a check costs tens of milliseconds of a core, and anybody may ask for one.
//!
//! At most so many hash at a time and so many wait; more are told to come back. The time a check takes does not tell
//! whether an account exists, as long as the accounts were hashed at the cost in use.

use parking_lot::{Condvar, Mutex};
use thiserror::Error;

const MAX_BYTES: usize = landline_common::limits::PASSWORD_MAX_BYTES;

/// Why a password was not hashed or checked.
#[derive(Debug, Error)]
pub enum HashError {
    /// All turns are taken and enough are waiting.
    #[error("the server is busy checking passwords; try again in a moment")]
    Busy,
    /// A new password that bcrypt cannot tell apart from another one: over 72 bytes, or with a NUL in it.
    #[error("a password has at most 72 bytes, and no NUL")]
    Unusable,
    /// bcrypt itself refused: the stored hash is none, or the system has no randomness.
    #[error("a password could not be hashed: {0}")]
    Failed(bcrypt::BcryptError),
}

/// Computes bcrypt for everybody, a few at a time.
#[derive(Debug)]
pub struct Hasher {
    running: usize,
    waiting: usize,
    cost: u32,
    /// What passwords of nobody are checked against.
    nobody: String,
    turns: Mutex<Turns>,
    handed_over: Condvar,
}

/// Turns are handed from who ends to who waits, so that a newcomer cannot snatch one.
#[derive(Debug, Default)]
struct Turns {
    taken: usize,
    waiting: usize,
    /// Of those waiting, how many have a turn and only need to wake.
    granted: usize,
}

/// The right to hash, given back when dropped: also when a thread panics.
struct Turn<'a>(&'a Hasher);

impl Hasher {
    /// At most `running` hash at a time (at least 1) and at most `waiting` wait for a turn. `cost` is bcrypt's, 4 to 16
    /// (others are brought into that range); each step doubles the time.
    #[must_use]
    pub fn new(running: usize, waiting: usize, cost: u32) -> Hasher {
        let cost = cost.clamp(4, 16);
        // A salt and a hash of zeros: as much work as any, no work to make, and no password is known to fit.
        let nobody = format!("$2b${cost:02}${}", ".".repeat(53));
        let (turns, handed_over) = (Mutex::default(), Condvar::new());
        Hasher { running: running.max(1), waiting, cost, nobody, turns, handed_over }
    }

    /// The bcrypt hash of a new password, with a fresh salt. May wait for a turn, then for bcrypt.
    ///
    /// # Errors
    /// [`HashError::Unusable`] for a password over 72 bytes or with a NUL, [`HashError::Busy`] when too many wait.
    pub fn hash(&self, password: &str) -> Result<String, HashError> {
        if !usable(password) {
            return Err(HashError::Unusable);
        }
        let _turn = self.turn()?;
        // The crate's non-truncating call refuses 72 bytes too, of which bcrypt reads every one; `usable` is the guard.
        bcrypt::hash(password, self.cost).map_err(HashError::Failed)
    }

    /// Whether `password` is the one that `hash` was made of. Without a hash (nobody has that name), or for a password
    /// that cannot be anybody's, it does the same work and says no.
    ///
    /// # Errors
    /// [`HashError::Busy`] when too many wait, [`HashError::Failed`] if `hash` is not a bcrypt hash.
    pub fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, HashError> {
        let usable = usable(password);
        let _turn = self.turn()?;
        let password = if usable { password } else { "" };
        let fits = bcrypt::verify(password, hash.unwrap_or(&self.nobody)).map_err(HashError::Failed)?;
        Ok(fits && usable && hash.is_some())
    }

    fn turn(&self) -> Result<Turn<'_>, HashError> {
        let mut turns = self.turns.lock();
        if turns.taken < self.running {
            turns.taken += 1;
            return Ok(Turn(self));
        }
        if turns.waiting >= self.waiting {
            return Err(HashError::Busy);
        }
        turns.waiting += 1;
        while turns.granted == 0 {
            self.handed_over.wait(&mut turns);
        }
        turns.granted -= 1;
        turns.waiting -= 1;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut turns = self.0.turns.lock();
        if turns.waiting > turns.granted {
            turns.granted += 1;
            self.0.handed_over.notify_one();
        } else {
            turns.taken -= 1;
        }
    }
}

/// Whether bcrypt can tell a password from every other one. It reads 72 bytes and repeats what is shorter, with a NUL
/// between: `a` and `a\0a` are the same to it.
#[must_use]
pub fn usable(password: &str) -> bool {
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
    fn the_right_password_fits_and_no_other() {
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
        assert!(!hasher.verify(&format!("{long}y"), Some(&hash)).unwrap(), "bcrypt alone would take it");
        assert!(matches!(hasher.hash(&format!("{long}y")), Err(HashError::Unusable)));
        assert!(matches!(hasher.hash("a\0a"), Err(HashError::Unusable)));
        let empty = hasher.hash("").unwrap();
        assert!(!hasher.verify(&"y".repeat(100), Some(&empty)).unwrap());
    }

    #[test]
    fn nobody_has_a_hash_of_the_cost_in_use() {
        let hasher = Hasher::new(1, 0, 5);
        assert_eq!(hasher.nobody.parse::<HashParts>().unwrap().get_cost(), 5);
        assert!(!hasher.verify("anything", None).unwrap());
        assert!(!hasher.verify(&"y".repeat(100), None).unwrap());
    }

    #[test]
    fn more_than_run_and_wait_are_refused() {
        let hasher = small(1, 1);
        let turn = hasher.turn().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| hasher.verify("x", None));
            while hasher.turns.lock().waiting == 0 {
                thread::yield_now();
            }
            assert!(matches!(hasher.hash("x"), Err(HashError::Busy)));
            drop(turn);
            assert!(!waiter.join().unwrap().unwrap());
        });
        assert_eq!(hasher.turns.lock().taken, 0);
        assert!(hasher.hash("x").is_ok());
    }

    #[test]
    fn a_turn_passes_to_who_waits_without_being_free() {
        let hasher = small(1, 1);
        let turn = hasher.turn().unwrap();
        let finish = std::sync::Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                let _turn = hasher.turn().unwrap();
                finish.wait();
            });
            while hasher.turns.lock().waiting == 0 {
                thread::yield_now();
            }
            drop(turn);
            assert_eq!(hasher.turns.lock().taken, 1, "a newcomer finds nothing to snatch");
            finish.wait();
        });
        assert_eq!(hasher.turns.lock().taken, 0);
    }

    #[test]
    fn never_more_than_so_many_at_once_and_everybody_in_the_end() {
        let hasher = small(2, 100);
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let _turn = hasher.turn().unwrap();
                    assert!(hasher.turns.lock().taken <= 2);
                    thread::yield_now();
                });
            }
        });
        let turns = hasher.turns.lock();
        assert_eq!((turns.taken, turns.waiting, turns.granted), (0, 0, 0));
    }

    #[test]
    fn a_panic_gives_the_turn_back() {
        let hasher = small(1, 0);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _turn = hasher.turn().unwrap();
            panic!("as a bug would");
        }));
        assert!(panicked.is_err());
        assert!(hasher.hash("x").is_ok());
    }
}
