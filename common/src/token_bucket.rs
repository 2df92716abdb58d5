//! A rate limit as a token bucket: a budget that is used in parts and comes back evenly.
//!
//! Tokens are measured by the time in which they come back, so the only state is the time at which the bucket will be
//! full again (the generic cell rate algorithm). A bucket of 10 messages that refills in 5 s has a capacity of 5 s, and
//! each message costs 0.5 s: it moves that time by 0.5 s, and passes if the time is then at most 5 s away.
//!
//! ```
//! use landline_common::token_bucket::TokenBucket;
//! use std::time::Duration;
//!
//! let (cost, capacity) = (Duration::from_millis(500), Duration::from_secs(5));
//! let uptime = Duration::from_secs(60);
//! let mut bucket = TokenBucket::full(uptime);
//! assert!((0..10).all(|_| bucket.take(cost, capacity, uptime).is_ok()));
//! assert_eq!(bucket.take(cost, capacity, uptime), Err(cost), "the next message passes in 0.5 s");
//! assert_eq!(bucket.take(cost, capacity, uptime + cost), Ok(()));
//! ```

use crate::bounded_map::Priority;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A bucket on a clock with the times `T`: an `Instant`, or a `Duration` since the start of a program. The greater of
/// two buckets is the one that is full later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenBucket<T> {
    full_at: T,
}

impl<T: Copy + Ord + Add<Duration, Output = T> + Sub<Output = Duration>> TokenBucket<T> {
    /// Makes a full bucket.
    #[must_use]
    pub fn full(now: T) -> TokenBucket<T> {
        TokenBucket { full_at: now }
    }

    /// Returns the bucket without tokens that come back in `cost`. A full bucket comes back in `capacity`.
    ///
    /// # Errors
    /// It has too few tokens; returns the time until it has enough.
    pub fn after(self, cost: Duration, capacity: Duration, now: T) -> Result<TokenBucket<T>, Duration> {
        let full_at = self.full_at.max(now) + cost;
        let latest = now + capacity;
        if full_at > latest { Err(full_at - latest) } else { Ok(TokenBucket { full_at }) }
    }

    /// Takes tokens, see [`TokenBucket::after`].
    ///
    /// # Errors
    /// The bucket has too few tokens and has not changed; returns the time until it has enough.
    pub fn take(&mut self, cost: Duration, capacity: Duration, now: T) -> Result<(), Duration> {
        *self = self.after(cost, capacity, now)?;
        Ok(())
    }

    /// Returns the priority in a full map: a full bucket may be forgotten, and then the one that is full first.
    #[must_use]
    pub fn priority(self, now: T) -> Priority<T> {
        if self.full_at <= now { Priority::Expired } else { Priority::Rank(self.full_at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAPACITY: Duration = Duration::from_millis(1_000);

    #[test]
    fn a_full_bucket_expires() {
        let mut bucket = TokenBucket::full(CAPACITY);
        assert_eq!(bucket.priority(CAPACITY), Priority::Expired);
        bucket.take(CAPACITY / 2, CAPACITY, CAPACITY).unwrap();
        assert_eq!(bucket.priority(CAPACITY), Priority::Rank(CAPACITY * 3 / 2));
        assert_eq!(bucket.priority(CAPACITY * 3 / 2), Priority::Expired);
    }

    proptest! {
        #[test]
        fn the_capacity_and_its_refill_are_all_that_passes(
            steps in prop::collection::vec((0..700_u64, 0..1_300_u64), 0..100),
        ) {
            let (mut bucket, mut now) = (TokenBucket::full(Duration::ZERO), Duration::ZERO);
            let mut tokens = CAPACITY;
            for (gap, cost) in steps {
                let [gap, cost] = [gap, cost].map(Duration::from_millis);
                now += gap;
                tokens = (tokens + gap).min(CAPACITY);
                let missing = cost.saturating_sub(tokens);
                prop_assert_eq!(bucket.take(cost, CAPACITY, now).err().unwrap_or_default(), missing);
                if missing.is_zero() {
                    tokens -= cost;
                } else if cost <= CAPACITY {
                    prop_assert!(bucket.after(cost, CAPACITY, now + missing).is_ok());
                }
            }
        }
    }
}
