//! Remembers users who left lately and their addresses, so that an operator can ban an author who has already left.

use landline_common::{NameKey, UserName};
use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Time for which a user who left is remembered.
const LATELY: Duration = Duration::from_secs(15 * 60);
/// Most users remembered; users who left first are forgotten first.
const MOST: usize = 1_000;

/// The users who left lately.
#[derive(Debug, Default)]
pub struct DepartedUsers {
    users: Mutex<VecDeque<DepartedUser>>,
}

/// A user who left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartedUser {
    /// The name.
    pub name: UserName,
    /// The address that the connection came from.
    pub address: IpAddr,
    /// Time at which the connection ended.
    pub at: Instant,
}

impl DepartedUsers {
    /// Remembers a user whose connection has ended.
    pub fn add(&self, name: &UserName, address: IpAddr, now: Instant) {
        let mut users = self.users.lock();
        users.retain(|user| user.name.key() != name.key() && now.saturating_duration_since(user.at) < LATELY);
        if users.len() >= MOST {
            users.pop_front();
        }
        users.push_back(DepartedUser { name: name.clone(), address, at: now });
    }

    /// Returns the user of that name who left lately.
    #[must_use]
    pub fn find(&self, name: &NameKey, now: Instant) -> Option<DepartedUser> {
        let users = self.users.lock();
        let is_match =
            |user: &&DepartedUser| user.name.key() == name && now.saturating_duration_since(user.at) < LATELY;
        users.iter().find(is_match).cloned()
    }

    /// Returns the names of the users who left lately from an address for which `chosen` returns true.
    #[must_use]
    pub fn names_from(&self, chosen: impl Fn(IpAddr) -> bool, now: Instant) -> HashSet<NameKey> {
        let users = self.users.lock();
        let is_match = |user: &&DepartedUser| chosen(user.address) && now.saturating_duration_since(user.at) < LATELY;
        users.iter().filter(is_match).map(|user| user.name.key().clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_remembered_for_a_limited_time_and_number() {
        let departed = DepartedUsers::default();
        let now = Instant::now();
        let name = |text: &str| UserName::parse(text).unwrap();
        let address = |last| IpAddr::from([10, 0, 0, last]);
        departed.add(&name("bob"), address(1), now);
        departed.add(&name("Bob"), address(2), now);
        let found = |text: &str, at| departed.find(name(text).key(), at).map(|user| user.address);
        assert_eq!((found("BOB", now), found("eve", now)), (Some(address(2)), None));
        assert_eq!(found("bob", now + LATELY), None);
        let from = |last, at| departed.names_from(|from| from == address(last), at).len();
        assert_eq!((from(2, now), from(1, now), from(2, now + LATELY)), (1, 0, 0));
        for n in 0..MOST {
            departed.add(&name(&format!("guest-{n}")), address(3), now);
        }
        assert_eq!((found("bob", now), departed.users.lock().len()), (None, MOST));
    }
}
