//! Limits the requests for chats that one address sends to one user.
//!
//! A request costs its receiver one line, and the end of the request at most one more. Open requests are bounded, but a
//! request can end without an answer and be sent again: after a new sign-in, another key or an unblock. 256 guests of
//! one address could thus send hundreds of lines a second. Each pair of address and receiver has a budget of its own,
//! so that no address uses up the budget of another.
//!
//! A budget works like a token bucket. It is stored as the time at which it will be full again.

use crate::fanout::ClientId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// Maximum number of budgets. In a full table, full budgets are removed; without any, the one that will be full first.
const MAX_BUDGETS: usize = 10_000;

/// The budgets of all pairs. Times are server uptime.
#[derive(Debug)]
pub(super) struct RequestBudgets {
    /// Time in which a budget regains one request.
    per_request: Duration,
    full_at: HashMap<(ClientId, Arc<str>), Duration>,
}

impl RequestBudgets {
    /// Sets the size of a budget: `per_minute` requests, regained evenly within a minute.
    pub(super) fn new(per_minute: u64) -> RequestBudgets {
        let nanos = u64::try_from(MINUTE.as_nanos()).unwrap_or(u64::MAX) / per_minute.max(1);
        RequestBudgets { per_request: Duration::from_nanos(nanos), full_at: HashMap::new() }
    }

    /// Takes one request from the budget of `address` and the user `to`. `now` is server uptime.
    ///
    /// # Errors
    /// The budget is empty; returns the time until the next request passes.
    pub(super) fn take(&mut self, to: ClientId, address: &Arc<str>, now: Duration) -> Result<(), Duration> {
        let pair = (to, address.clone());
        let full_at = self.full_at.get(&pair).copied().unwrap_or(now).max(now) + self.per_request;
        if full_at > now + MINUTE {
            return Err(full_at - now - MINUTE);
        }
        if self.full_at.len() >= MAX_BUDGETS && !self.full_at.contains_key(&pair) {
            self.evict(now);
        }
        self.full_at.insert(pair, full_at);
        Ok(())
    }

    fn evict(&mut self, now: Duration) {
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= MAX_BUDGETS {
            let first = self.full_at.iter().min_by_key(|(_, full_at)| **full_at).map(|(pair, _)| pair.clone());
            if let Some(pair) = first {
                self.full_at.remove(&pair);
            }
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
    fn each_pair_of_address_and_user_has_its_own_budget() {
        let mut budgets = RequestBudgets::new(60);
        let (one, other): (Arc<str>, Arc<str>) = ("10.0.0.1".into(), "10.0.0.2".into());
        assert!((0..60).all(|_| budgets.take(7, &one, second(5)).is_ok()));
        assert_eq!(budgets.take(7, &one, second(5)), Err(second(1)));
        assert_eq!(budgets.take(7, &other, second(5)), Ok(()), "another address");
        assert_eq!(budgets.take(8, &one, second(5)), Ok(()), "another user");
        let passed = (6..66).flat_map(|now| [now; 10]).filter(|now| budgets.take(7, &one, second(*now)).is_ok());
        assert_eq!(passed.count(), 60, "the budget regains one request a second");
    }

    #[test]
    fn the_table_is_bounded() {
        let mut budgets = RequestBudgets::new(60);
        let address: Arc<str> = "10.0.0.1".into();
        for _ in 0..60 {
            budgets.take(0, &address, second(0)).unwrap();
        }
        for user in 1..=u64::try_from(MAX_BUDGETS).unwrap() + 10 {
            assert!(budgets.take(user, &address, second(0)).is_ok());
        }
        assert_eq!(budgets.full_at.len(), MAX_BUDGETS);
        assert!(budgets.take(0, &address, second(0)).is_err(), "the budget in use was forgotten");
        budgets.take(1 << 20, &address, second(61)).unwrap();
        assert_eq!(budgets.full_at.len(), 1, "full budgets stay in the table");
    }

    #[test]
    fn without_a_limit_all_requests_pass() {
        let mut budgets = RequestBudgets::new(u64::MAX);
        assert!((0..1_000).all(|_| budgets.take(7, &"10.0.0.1".into(), second(0)).is_ok()));
    }
}
