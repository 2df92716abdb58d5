//! Failed passwords in a row lock an account for a while, so that nobody gets through by trying.
//!
//! Names that nobody registered are counted alike, so that a lock reveals nothing. Tries whose outcome is not known yet
//! count like failures: many at once get no more tries than one after another. From that follows that a try under way
//! never finds its account locked when it ends: the last allowed failure is also the last one under way.

use landline_common::NameKey;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Names remembered at most (and those with a try under way). When full, the one whose last try is longest ago is
/// forgotten; a locked one only if all are locked, and then the one whose lock ends first.
pub const MOST_NAMES: usize = 10_000;

/// The longest block: keeps the arithmetic of time in range.
const LONGEST_BLOCK: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A try that is not allowed now, whether or not the password is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many failed passwords for this name; try again in {seconds} s")]
pub struct Refused {
    /// Seconds until it is worth trying again, rounded up, at least 1.
    pub seconds: u64,
    /// True if the account is locked; false if only too many tries are under way at once.
    pub locked: bool,
}

/// Counts failed passwords by name.
#[derive(Debug)]
pub struct Lockout {
    failures: u32,
    block: Duration,
    names: Mutex<HashMap<NameKey, Tally>>,
}

#[derive(Debug)]
struct Tally {
    failures: u32,
    under_way: u32,
    locked_until: Option<Instant>,
    last: Instant,
}

/// A try under way. Dropped undecided (the server was busy), it does not count.
#[derive(Debug)]
#[must_use = "dropping it gives the try back"]
pub struct Attempt<'a> {
    lockout: &'a Lockout,
    key: NameKey,
    decided: bool,
}

impl Lockout {
    /// Locks a name for `block` (at most ten years) after so many `failures` in a row (at least 1).
    #[must_use]
    pub fn new(failures: u32, block: Duration) -> Lockout {
        Lockout { failures: failures.max(1), block: block.min(LONGEST_BLOCK), names: Mutex::default() }
    }

    /// Asks to try a password for a name. Ask before checking it; then say how it went.
    ///
    /// # Errors
    /// The account is locked, or the tries under way use up what is left: see [`Refused`].
    pub fn attempt(&self, key: &NameKey, now: Instant) -> Result<Attempt<'_>, Refused> {
        let mut names = self.names.lock();
        if names.len() >= MOST_NAMES && !names.contains_key(key) {
            forget_one(&mut names, now);
        }
        let tally = names.entry(key.clone()).or_insert_with(|| Tally::new(now));
        if let Some(until) = tally.locked_until {
            if now < until {
                return Err(Refused { seconds: rounded_up(until - now), locked: true });
            }
            *tally = Tally::new(now);
        }
        if tally.failures + tally.under_way >= self.failures {
            return Err(Refused { seconds: 1, locked: false });
        }
        tally.under_way += 1;
        tally.last = now;
        Ok(Attempt { lockout: self, key: key.clone(), decided: false })
    }

    /// Whether a name is locked.
    #[must_use]
    pub fn is_locked(&self, key: &NameKey, now: Instant) -> bool {
        self.names.lock().get(key).and_then(|tally| tally.locked_until).is_some_and(|until| now < until)
    }

    /// Ends the lock of a name and its count of failures. False if it was not locked.
    pub fn unlock(&self, key: &NameKey) -> bool {
        let mut names = self.names.lock();
        let Some(tally) = names.get_mut(key) else { return false };
        let locked = tally.locked_until.take().is_some();
        tally.failures = 0;
        if tally.under_way == 0 {
            names.remove(key);
        }
        locked
    }

    /// Ends a try: `change` says what it means for the count.
    fn decide(&self, key: &NameKey, change: impl FnOnce(&mut Tally)) {
        let mut names = self.names.lock();
        // A name with a try under way is never forgotten.
        let Some(tally) = names.get_mut(key) else { return };
        tally.under_way -= 1;
        change(tally);
        if tally.under_way == 0 && tally.failures == 0 {
            names.remove(key);
        }
    }
}

impl Attempt<'_> {
    /// The password was right: the count of failures begins again.
    pub fn succeeded(mut self) {
        self.decided = true;
        self.lockout.decide(&self.key, |tally| tally.failures = 0);
    }

    /// The password was wrong. True if that locked the account.
    pub fn failed(mut self, now: Instant) -> bool {
        self.decided = true;
        let mut locks = false;
        self.lockout.decide(&self.key, |tally| {
            tally.failures += 1;
            locks = tally.failures >= self.lockout.failures;
            tally.locked_until = locks.then(|| now + self.lockout.block);
        });
        locks
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.decided {
            self.lockout.decide(&self.key, |_| {});
        }
    }
}

impl Tally {
    fn new(now: Instant) -> Tally {
        Tally { failures: 0, under_way: 0, locked_until: None, last: now }
    }
}

fn forget_one(names: &mut HashMap<NameKey, Tally>, now: Instant) {
    let idle = names.iter().filter(|(_, tally)| tally.under_way == 0);
    let least = idle.min_by_key(|(_, tally)| match tally.locked_until {
        Some(until) if now < until => (true, until),
        _ => (false, tally.last),
    });
    if let Some(key) = least.map(|(key, _)| key.clone()) {
        names.remove(&key);
    }
}

fn rounded_up(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
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
        lockout.attempt(&key(name), now).unwrap().failed(now)
    }

    fn refused(lockout: &Lockout, name: &str, now: Instant) -> Option<Refused> {
        lockout.attempt(&key(name), now).err()
    }

    #[test]
    fn failures_in_a_row_lock_for_a_while() {
        let (lockout, now) = (Lockout::new(3, BLOCK), Instant::now());
        assert!(!fail(&lockout, "alice", now));
        assert!(!fail(&lockout, "ALICE", now));
        assert!(fail(&lockout, "alice", now));
        let locked = |seconds| Some(Refused { seconds, locked: true });
        assert_eq!(refused(&lockout, "alice", now), locked(300));
        assert_eq!(refused(&lockout, "alice", now + Duration::from_millis(299_001)), locked(1));
        assert_eq!(refused(&lockout, "alice", now + Duration::from_millis(500)), locked(300));
        assert_eq!(refused(&lockout, "bob", now), None);
        // Refused tries do not make it longer, and afterwards the count is at 0.
        let later = now + BLOCK;
        assert!(!fail(&lockout, "alice", later) && !fail(&lockout, "alice", later));
        assert!(fail(&lockout, "alice", later));
    }

    #[test]
    fn success_begins_the_count_again_and_is_forgotten() {
        let (lockout, now) = (Lockout::new(3, BLOCK), Instant::now());
        for _ in 0..5 {
            assert!(!fail(&lockout, "alice", now) && !fail(&lockout, "alice", now));
            lockout.attempt(&key("alice"), now).unwrap().succeeded();
        }
        assert!(lockout.names.lock().is_empty());
    }

    #[test]
    fn tries_under_way_count_until_they_are_decided() {
        let (lockout, now) = (Lockout::new(3, BLOCK), Instant::now());
        let busy = Some(Refused { seconds: 1, locked: false });
        let mut three: Vec<_> = (0..3).map(|_| lockout.attempt(&key("a"), now).unwrap()).collect();
        assert_eq!(refused(&lockout, "a", now), busy);
        drop(three.pop());
        assert_eq!(refused(&lockout, "a", now), None, "an undecided one is given back");
        assert!(!three.pop().unwrap().failed(now));
        assert!(!fail(&lockout, "a", now));
        assert_eq!(refused(&lockout, "a", now), busy);
        // The last one under way is the last one that can lock: nothing locked it before.
        three.pop().unwrap().succeeded();
        assert_eq!(refused(&lockout, "a", now), None);
    }

    #[test]
    fn a_crowd_at_once_gets_no_more_tries_than_one() {
        let (lockout, now) = (Lockout::new(3, BLOCK), Instant::now());
        let (tries, start) = (AtomicUsize::new(0), Barrier::new(40));
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| {
                    start.wait();
                    if let Ok(attempt) = lockout.attempt(&key("alice"), now) {
                        tries.fetch_add(1, Ordering::Relaxed);
                        attempt.failed(now);
                    }
                });
            }
        });
        assert_eq!(tries.load(Ordering::Relaxed), 3);
        assert!(refused(&lockout, "alice", now).unwrap().locked);
    }

    #[test]
    fn an_operator_unlocks() {
        let (lockout, now) = (Lockout::new(1, BLOCK), Instant::now());
        assert!(!lockout.unlock(&key("alice")));
        fail(&lockout, "alice", now);
        assert!(lockout.unlock(&key("alice")));
        assert!(!lockout.unlock(&key("alice")));
        let under_way = lockout.attempt(&key("alice"), now).unwrap();
        assert!(!lockout.unlock(&key("alice")));
        assert!(under_way.failed(now), "it still counts");
    }

    #[test]
    fn memory_is_bounded_and_locked_names_are_kept() {
        let (lockout, start) = (Lockout::new(2, BLOCK), Instant::now());
        fail(&lockout, "locked", start);
        fail(&lockout, "locked", start);
        let under_way = lockout.attempt(&key("waits"), start).unwrap();
        for i in 0..MOST_NAMES as u64 {
            fail(&lockout, &format!("n{i}n"), start + Duration::from_micros(i + 1));
        }
        assert_eq!(lockout.names.lock().len(), MOST_NAMES);
        let now = start + Duration::from_secs(1);
        assert!(refused(&lockout, "locked", now).unwrap().locked);
        assert!(!under_way.failed(now) && fail(&lockout, "waits", now), "its count was kept");
        assert!(fail(&lockout, "n9999n", now), "the newest is remembered");
        assert!(!fail(&lockout, "n0n", now), "the oldest was forgotten");
    }

    #[test]
    fn if_all_are_locked_the_one_that_ends_first_goes() {
        let (lockout, start) = (Lockout::new(1, BLOCK), Instant::now());
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
