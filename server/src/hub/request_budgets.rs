//! Limits the requests for chats that one address sends to one user, and the wrong key words that it tries at one room.
//!
//! A request costs its receiver one line, and the end of the request at most one more. Open requests are bounded, but a
//! request can end without an answer and be sent again: after a new sign-in, another key or an unblock. 256 guests of
//! one address could thus send hundreds of lines a second. Each pair of address and receiver has a budget of its own,
//! so that no address uses up the budget of another. Key words are short, and users of one address can try thousands a
//! minute; a pair of address and room has the same kind of budget.

use super::CountedAddress;
use landline_common::bounded_map::BoundedMap;
use landline_common::token_bucket::TokenBucket;
use landline_common::{Cause, Report};
use std::sync::Arc;
use std::time::Duration;

/// Maximum number of budgets. In a full table, full budgets are removed; without any, the one that will be full first.
const MAX_BUDGETS: usize = 10_000;

/// The budgets of all pairs of an address and a `K`. Times are server uptime.
#[derive(Debug)]
pub(super) struct RequestBudgets<K> {
    /// Time in which a budget regains one request.
    per_request: Duration,
    /// Time in which an empty budget becomes full.
    span: Duration,
    budgets: BoundedMap<(K, Arc<str>), TokenBucket<Duration>, MAX_BUDGETS>,
}

impl<K: Ord + Clone> RequestBudgets<K> {
    /// Sets the size of a budget: `most` requests, regained evenly within `span`.
    pub(super) fn new(most: u64, span: Duration) -> RequestBudgets<K> {
        let per_request = span / u32::try_from(most.max(1)).unwrap_or(u32::MAX);
        RequestBudgets { per_request, span, budgets: BoundedMap::default() }
    }

    /// Takes one request from the budget of `address` and `to`. `now` is server uptime.
    ///
    /// # Errors
    /// The budget is empty; returns the time until the next request passes.
    pub(super) fn take(&mut self, to: K, address: &CountedAddress, now: Duration) -> Result<(), Duration> {
        let budget = self.budgets.entry((to, address.key.clone()), |budget| budget.priority(now));
        budget.or_insert(TokenBucket::full(now)).take(self.per_request / address.multiplier.max(1), self.span, now)
    }

    /// Asks whether [`RequestBudgets::take`] would pass.
    ///
    /// # Errors
    /// As there.
    pub(super) fn check(&self, to: K, address: &CountedAddress, now: Duration) -> Result<(), Duration> {
        let budget = self.budgets.get(&(to, address.key.clone())).copied().unwrap_or(TokenBucket::full(now));
        budget.after(self.per_request / address.multiplier.max(1), self.span, now).map(|_| ())
    }
}

/// Makes the refusal of what a budget or a rate does not allow now, but after `wait`.
#[must_use]
pub fn throttled(wait: Duration) -> Report<'static> {
    let mut report = Cause::Throttled.report();
    report.about.retry_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn each_pair_of_address_and_user_has_its_own_budget() {
        let mut budgets = RequestBudgets::new(60, second(60));
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
        let mut budgets = RequestBudgets::new(60, second(60));
        let network = CountedAddress { multiplier: 4, ..CountedAddress::from("fd00::/64") };
        let passed = (0..300).filter(|_| budgets.take(7, &network, second(5)).is_ok());
        assert_eq!(passed.count(), 240);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut budgets = RequestBudgets::new(60, second(60));
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
    fn asking_takes_nothing() {
        let mut budgets = RequestBudgets::new(2, second(600));
        let address: CountedAddress = "10.0.0.1".into();
        assert!((0..9).all(|_| budgets.check(7, &address, second(5)).is_ok()));
        assert!((0..2).all(|_| budgets.take(7, &address, second(5)).is_ok()));
        assert_eq!(budgets.check(7, &address, second(5)), Err(second(300)));
    }

    #[test]
    fn without_a_limit_all_requests_pass() {
        let mut budgets = RequestBudgets::new(u64::MAX, second(60));
        assert!((0..1_000).all(|_| budgets.take(7, &"10.0.0.1".into(), second(0)).is_ok()));
    }
}
