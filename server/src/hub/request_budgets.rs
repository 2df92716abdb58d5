//! Limits the requests for chats that one address sends to one user.
//!
//! A request costs its receiver one line, and the end of the request at most one more. Open requests are bounded, but a
//! request can end without an answer and be sent again: after a new sign-in, another key or an unblock. 256 guests of
//! one address could thus send hundreds of lines a second. Each pair of address and receiver has a budget of its own,
//! so that no address uses up the budget of another.

use super::CountedAddress;
use crate::fanout::ClientId;
use landline_common::bounded_map::BoundedMap;
use landline_common::token_bucket::TokenBucket;
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
    budgets: BoundedMap<(ClientId, Arc<str>), TokenBucket<Duration>, MAX_BUDGETS>,
}

impl RequestBudgets {
    /// Sets the size of a budget: `per_minute` requests, regained evenly within a minute.
    pub(super) fn new(per_minute: u64) -> RequestBudgets {
        let per_request = MINUTE / u32::try_from(per_minute.max(1)).unwrap_or(u32::MAX);
        RequestBudgets { per_request, budgets: BoundedMap::default() }
    }

    /// Takes one request from the budget of `address` and the user `to`. `now` is server uptime.
    ///
    /// # Errors
    /// The budget is empty; returns the time until the next request passes.
    pub(super) fn take(&mut self, to: ClientId, address: &CountedAddress, now: Duration) -> Result<(), Duration> {
        let budget = self.budgets.entry((to, address.key.clone()), |budget| budget.priority(now));
        budget.or_insert(TokenBucket::full(now)).take(self.per_request / address.multiplier.max(1), MINUTE, now)
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
        let (one, other): (CountedAddress, CountedAddress) = ("10.0.0.1".into(), "10.0.0.2".into());
        assert!((0..60).all(|_| budgets.take(7, &one, second(5)).is_ok()));
        assert_eq!(budgets.take(7, &one, second(5)), Err(second(1)));
        assert_eq!(budgets.take(7, &other, second(5)), Ok(()), "another address");
        assert_eq!(budgets.take(8, &one, second(5)), Ok(()), "another user");
        let passed = (6..66).flat_map(|now| [now; 10]).filter(|now| budgets.take(7, &one, second(*now)).is_ok());
        assert_eq!(passed.count(), 60, "the budget regains one request a second");
    }

    #[test]
    fn a_network_has_a_multiple_of_the_budget() {
        let mut budgets = RequestBudgets::new(60);
        let network = CountedAddress { multiplier: 4, ..CountedAddress::from("fd00::/64") };
        let passed = (0..300).filter(|_| budgets.take(7, &network, second(5)).is_ok());
        assert_eq!(passed.count(), 240);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut budgets = RequestBudgets::new(60);
        let address: CountedAddress = "10.0.0.1".into();
        for _ in 0..60 {
            budgets.take(0, &address, second(0)).unwrap();
        }
        for user in 1..=u64::try_from(MAX_BUDGETS).unwrap() + 10 {
            assert!(budgets.take(user, &address, second(0)).is_ok());
        }
        assert_eq!(budgets.budgets.len(), MAX_BUDGETS);
        assert!(budgets.take(0, &address, second(0)).is_err(), "the budget in use was forgotten");
        budgets.take(1 << 20, &address, second(61)).unwrap();
        assert_eq!(budgets.budgets.len(), 1, "full budgets stay in the table");
    }

    #[test]
    fn without_a_limit_all_requests_pass() {
        let mut budgets = RequestBudgets::new(u64::MAX);
        assert!((0..1_000).all(|_| budgets.take(7, &"10.0.0.1".into(), second(0)).is_ok()));
    }
}
