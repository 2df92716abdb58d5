//! Bounds the requests for chats that one address sends to one user.
//!
//! A request is one line for its receiver, and its end at most one more. Open requests are bounded, but a request can end
//! without an answer and be sent again: by a new sign-in, another key, or a block that is lifted. 256 guests of one
//! address could so send hundreds of lines a second. The budget belongs to a pair of address and receiver, so no address
//! keeps others from asking.
//!
//! A budget works like a token bucket. It is stored as the time at which it will be full again.

use crate::fanout::ClientId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// Most budgets that are remembered. When the table is full, full budgets are removed, or else the one that will be full
/// first.
const MOST: usize = 10_000;

/// The budgets of all pairs. Times are those since the start of the server.
#[derive(Debug)]
pub(super) struct RequestBudgets {
    /// The time in which one request comes back.
    per_request: Duration,
    full_at: HashMap<(ClientId, Arc<str>), Duration>,
}

impl RequestBudgets {
    /// Makes full budgets of `most` requests, which come back evenly within a minute.
    pub(super) fn new(most: u64) -> RequestBudgets {
        let nanos = u64::try_from(MINUTE.as_nanos()).unwrap_or(u64::MAX) / most.max(1);
        RequestBudgets { per_request: Duration::from_nanos(nanos), full_at: HashMap::new() }
    }

    /// Counts a request from `address` to the user `to`.
    ///
    /// # Errors
    /// The budget is used up; returns the time after which the next request passes.
    pub(super) fn take(&mut self, to: ClientId, address: &Arc<str>, now: Duration) -> Result<(), Duration> {
        let pair = (to, address.clone());
        let full_at = self.full_at.get(&pair).copied().unwrap_or(now).max(now) + self.per_request;
        if full_at > now + MINUTE {
            return Err(full_at - now - MINUTE);
        }
        if self.full_at.len() >= MOST && !self.full_at.contains_key(&pair) {
            self.evict(now);
        }
        self.full_at.insert(pair, full_at);
        Ok(())
    }

    fn evict(&mut self, now: Duration) {
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= MOST {
            let first = self.full_at.iter().min_by_key(|(_, full_at)| **full_at).map(|(pair, _)| pair.clone());
            first.and_then(|pair| self.full_at.remove(&pair));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_address_asks_one_user_so_often_and_keeps_no_other_from_asking() {
        let mut budgets = RequestBudgets::new(60);
        let (one, other): (Arc<str>, Arc<str>) = ("10.0.0.1".into(), "10.0.0.2".into());
        assert!((0..60).all(|_| budgets.take(7, &one, second(5)).is_ok()));
        assert_eq!(budgets.take(7, &one, second(5)), Err(second(1)));
        assert_eq!(budgets.take(7, &other, second(5)), Ok(()), "another address");
        assert_eq!(budgets.take(8, &one, second(5)), Ok(()), "another user");
        let passed = (6..66).flat_map(|now| [now; 10]).filter(|now| budgets.take(7, &one, second(*now)).is_ok());
        assert_eq!(passed.count(), 60, "one a second comes back");
    }

    #[test]
    fn the_table_is_bounded() {
        let mut budgets = RequestBudgets::new(60);
        let address: Arc<str> = "10.0.0.1".into();
        for _ in 0..60 {
            budgets.take(0, &address, second(0)).unwrap();
        }
        for user in 1..=u64::try_from(MOST).unwrap() + 10 {
            assert!(budgets.take(user, &address, second(0)).is_ok());
        }
        assert_eq!(budgets.full_at.len(), MOST);
        assert!(budgets.take(0, &address, second(0)).is_err(), "the budget in use was forgotten");
        budgets.take(1 << 20, &address, second(61)).unwrap();
        assert_eq!(budgets.full_at.len(), 1, "full budgets stay in the table");
    }

    #[test]
    fn without_a_limit_all_pass() {
        let mut budgets = RequestBudgets::new(u64::MAX);
        assert!((0..1_000).all(|_| budgets.take(7, &"10.0.0.1".into(), second(0)).is_ok()));
    }
}
