//! Locks an account for a time after several failed passwords in a row, against guessing.
//!
//! Unregistered names are counted in the same way, so that a lock does not reveal if an account exists. Attempts whose
//! outcome is not known yet count as failures, or a client could make many guesses at once.
//!
//! Example with three failures allowed:
//!
//! | failures | under way | next attempt |
//! |---|---|---|
//! | 1 | 1 | allowed |
//! | 1 | 2 | refused: try again in a second |
//! | 3 | 0 | locked |
//!
//! The invariant is `failures + under_way <= allowed`. It follows that no attempt is under way when an account gets
//! locked.

use super::seconds_rounded_up;
use landline_common::NameKey;
use landline_common::bounded_map::{BoundedMap, Priority};
use parking_lot::Mutex;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Most names in the table, not counting names with an attempt under way. When it is full, names whose lock has ended are
/// forgotten, or else the name with the oldest last attempt. Locked names are forgotten only if all are locked, first the
/// one whose lock ends first.
const MOST_NAMES: usize = 10_000;

/// The longest lock, so that adding it to a time cannot overflow.
const LONGEST_BLOCK: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The refusal of an attempt. It does not depend on the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many failed passwords for this name, or too many at once; try again in {seconds} s")]
pub struct LockedOut {
    /// Seconds until the next attempt makes sense, rounded up, at least 1.
    pub seconds: u64,
    /// True if the account is locked; false if too many attempts are under way.
    pub locked: bool,
}

/// Counts failed passwords by name.
#[derive(Debug)]
pub struct Lockout {
    failures: u32,
    block: Duration,
    names: Mutex<BoundedMap<NameKey, Attempts, MOST_NAMES>>,
}

/// The attempts at one name.
#[derive(Debug)]
struct Attempts {
    /// Failures since the last success or lock.
    failures: u32,
    /// Attempts that are not decided yet.
    under_way: u32,
    locked_until: Option<Instant>,
    /// Start of the last attempt.
    last: Instant,
}

/// An attempt under way. Dropped without a decision (the server was busy), it does not count.
#[derive(Debug)]
#[must_use = "dropping it takes the attempt back"]
pub struct PasswordAttempt<'a> {
    lockout: &'a Lockout,
    key: NameKey,
    decided: bool,
}

impl Lockout {
    /// Makes a table that locks a name for `block` (at most ten years) after `failures` in a row (at least 1).
    #[must_use]
    pub fn new(failures: u32, block: Duration) -> Lockout {
        Lockout { failures: failures.max(1), block: block.min(LONGEST_BLOCK), names: Mutex::default() }
    }

    /// Starts an attempt at a name, before its password is checked. The caller then reports the outcome to the returned
    /// [`PasswordAttempt`].
    ///
    /// # Errors
    /// The account is locked, or the attempts under way use up the allowed failures: see [`LockedOut`].
    pub fn start(&self, key: &NameKey, now: Instant) -> Result<PasswordAttempt<'_>, LockedOut> {
        let mut names = self.names.lock();
        let attempts = names.entry(key.clone(), |attempts| attempts.priority(now));
        let attempts = attempts.or_insert_with(|| Attempts::new(now));
        if let Some(until) = attempts.locked_until {
            if now < until {
                return Err(LockedOut { seconds: seconds_rounded_up(until - now), locked: true });
            }
            *attempts = Attempts::new(now);
        }
        if attempts.failures + attempts.under_way >= self.failures {
            return Err(LockedOut { seconds: 1, locked: false });
        }
        attempts.under_way += 1;
        attempts.last = now;
        Ok(PasswordAttempt { lockout: self, key: key.clone(), decided: false })
    }

    /// Returns true if a name is locked.
    #[must_use]
    pub fn is_locked(&self, key: &NameKey, now: Instant) -> bool {
        self.names.lock().get(key).and_then(|attempts| attempts.locked_until).is_some_and(|until| now < until)
    }

    /// Ends the lock of a name and resets its failures. Returns false if it was not locked.
    pub fn unlock(&self, key: &NameKey) -> bool {
        let mut names = self.names.lock();
        let Some(attempts) = names.get_mut(key) else { return false };
        let was_locked = attempts.locked_until.take().is_some();
        attempts.failures = 0;
        if attempts.under_way == 0 {
            names.remove(key);
        }
        was_locked
    }

    /// Ends an attempt, and applies `change` to the counts of its name.
    fn decide(&self, key: &NameKey, change: impl FnOnce(&mut Attempts)) {
        let mut names = self.names.lock();
        // Always there: a name with an attempt under way is not forgotten.
        let Some(attempts) = names.get_mut(key) else { return };
        attempts.under_way -= 1;
        change(attempts);
        if attempts.under_way == 0 && attempts.failures == 0 {
            names.remove(key);
        }
    }
}

impl PasswordAttempt<'_> {
    /// Reports that the password was right: resets the failures.
    pub fn succeed(mut self) {
        self.decided = true;
        self.lockout.decide(&self.key, |attempts| attempts.failures = 0);
    }

    /// Reports that the password was wrong. Returns true if that locked the account.
    pub fn fail(mut self, now: Instant) -> bool {
        self.decided = true;
        let mut locks = false;
        self.lockout.decide(&self.key, |attempts| {
            attempts.failures += 1;
            locks = attempts.failures >= self.lockout.failures;
            attempts.locked_until = locks.then(|| now + self.lockout.block);
        });
        locks
    }
}

impl Drop for PasswordAttempt<'_> {
    fn drop(&mut self) {
        if !self.decided {
            self.lockout.decide(&self.key, |_| {});
        }
    }
}

impl Attempts {
    fn new(now: Instant) -> Attempts {
        Attempts { failures: 0, under_way: 0, locked_until: None, last: now }
    }

    /// Returns the priority in a full table, see [`MOST_NAMES`]: unlocked names come first, by their last attempt.
    fn priority(&self, now: Instant) -> Priority<(bool, Instant)> {
        match self.locked_until {
            _ if self.under_way > 0 => Priority::Pinned,
            Some(until) if now < until => Priority::Rank((true, until)),
            Some(_) => Priority::Expired,
            None => Priority::Rank((false, self.last)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const BLOCK: Duration = Duration::from_secs(300);

    fn key(name: &str) -> NameKey {
        NameKey::of(name)
    }

    fn fail(lockout: &Lockout, name: &str, now: Instant) -> bool {
        lockout.start(&key(name), now).unwrap().fail(now)
    }

    fn refused(lockout: &Lockout, name: &str, now: Instant) -> Option<LockedOut> {
        lockout.start(&key(name), now).err()
    }

    #[test]
    fn failures_in_a_row_lock_for_a_time() {
        let lockout = Lockout::new(3, BLOCK);
        let now = Instant::now();
        assert!(!fail(&lockout, "alice", now));
        assert!(!fail(&lockout, "ALICE", now));
        assert!(fail(&lockout, "alice", now));
        let locked = |seconds| Some(LockedOut { seconds, locked: true });
        assert_eq!(refused(&lockout, "alice", now), locked(300));
        assert_eq!(refused(&lockout, "alice", now + Duration::from_millis(299_001)), locked(1));
        assert_eq!(refused(&lockout, "alice", now + Duration::from_millis(500)), locked(300));
        assert_eq!(refused(&lockout, "bob", now), None);
        // LockedOut attempts do not extend the lock, and afterwards the count is 0.
        let later = now + BLOCK;
        assert!(!fail(&lockout, "alice", later) && !fail(&lockout, "alice", later));
        assert!(fail(&lockout, "alice", later));
    }

    #[test]
    fn success_resets_the_count_and_removes_the_entry() {
        let lockout = Lockout::new(3, BLOCK);
        let now = Instant::now();
        for _ in 0..5 {
            assert!(!fail(&lockout, "alice", now) && !fail(&lockout, "alice", now));
            lockout.start(&key("alice"), now).unwrap().succeed();
        }
        assert!(lockout.names.lock().is_empty());
    }

    #[test]
    fn attempts_under_way_count_until_they_are_decided() {
        let lockout = Lockout::new(3, BLOCK);
        let now = Instant::now();
        let busy = Some(LockedOut { seconds: 1, locked: false });
        let mut three: Vec<_> = (0..3).map(|_| lockout.start(&key("a"), now).unwrap()).collect();
        assert_eq!(refused(&lockout, "a", now), busy);
        drop(three.pop());
        assert_eq!(refused(&lockout, "a", now), None, "a dropped attempt does not count");
        assert!(!three.pop().unwrap().fail(now));
        assert!(!fail(&lockout, "a", now));
        assert_eq!(refused(&lockout, "a", now), busy);
        // Only the last attempt under way could have locked the account.
        three.pop().unwrap().succeed();
        assert_eq!(refused(&lockout, "a", now), None);
    }

    #[test]
    fn simultaneous_attempts_get_no_more_tries() {
        let lockout = Lockout::new(3, BLOCK);
        let now = Instant::now();
        let tries = AtomicUsize::new(0);
        let start = Barrier::new(40);
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| {
                    start.wait();
                    if let Ok(attempt) = lockout.start(&key("alice"), now) {
                        tries.fetch_add(1, Ordering::Relaxed);
                        attempt.fail(now);
                    }
                });
            }
        });
        assert_eq!(tries.load(Ordering::Relaxed), 3);
        assert!(refused(&lockout, "alice", now).unwrap().locked);
    }

    #[test]
    fn an_operator_unlocks() {
        let lockout = Lockout::new(1, BLOCK);
        let now = Instant::now();
        assert!(!lockout.unlock(&key("alice")));
        fail(&lockout, "alice", now);
        assert!(lockout.unlock(&key("alice")));
        assert!(!lockout.unlock(&key("alice")));
        let under_way = lockout.start(&key("alice"), now).unwrap();
        assert!(!lockout.unlock(&key("alice")));
        assert!(under_way.fail(now), "an attempt under way counts after the unlock");
    }

    #[test]
    fn the_table_is_bounded_and_locked_names_are_kept() {
        let lockout = Lockout::new(2, BLOCK);
        let start = Instant::now();
        fail(&lockout, "locked", start);
        fail(&lockout, "locked", start);
        let under_way = lockout.start(&key("waits"), start).unwrap();
        for i in 0..MOST_NAMES as u64 {
            fail(&lockout, &format!("n{i}n"), start + Duration::from_micros(i + 1));
        }
        assert_eq!(lockout.names.lock().len(), MOST_NAMES);
        let now = start + Duration::from_secs(1);
        assert!(refused(&lockout, "locked", now).unwrap().locked);
        assert!(!under_way.fail(now) && fail(&lockout, "waits", now), "its count was kept");
        assert!(fail(&lockout, "n9999n", now), "the newest is remembered");
        assert!(!fail(&lockout, "n0n", now), "the oldest was forgotten");
    }

    #[test]
    fn if_all_names_are_locked_the_lock_that_ends_first_is_forgotten() {
        let lockout = Lockout::new(1, BLOCK);
        let start = Instant::now();
        for i in 0..MOST_NAMES as u64 {
            fail(&lockout, &format!("n{i}n"), start + Duration::from_micros(i));
        }
        let now = start + Duration::from_secs(1);
        assert!(fail(&lockout, "another", now));
        assert_eq!(lockout.names.lock().len(), MOST_NAMES);
        assert!(refused(&lockout, "n1n", now).unwrap().locked);
        assert_eq!(refused(&lockout, "n0n", now), None);
    }
}
