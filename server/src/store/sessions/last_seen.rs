//! The table of the times at which users were last online. It is bounded: it forgets the users who have been offline
//! longest first.

use super::Record;
use landline_common::{NameKey, OffsetDateTime, UserName};
use std::collections::{BTreeSet, HashMap};

/// A user who was or is online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The name as written at the last sign-in.
    pub name: UserName,
    /// True if that sign-in was with an account.
    pub account: bool,
    /// The time of the sign-out or, if `online`, of the sign-in.
    pub at: OffsetDateTime,
    /// True if no sign-out was recorded since the last sign-in.
    pub online: bool,
}

/// The table.
#[derive(Debug)]
pub(super) struct LastSeen {
    most: usize,
    users: HashMap<NameKey, SeenUser>,
    /// The order of forgetting: (is online, time, name). Offline users come first, then earlier times.
    order: BTreeSet<(bool, i64, NameKey)>,
}

#[derive(Clone, Debug)]
struct SeenUser {
    name: UserName,
    account: bool,
    /// Time in milliseconds since 1970, see [`Sighting::at`].
    at: i64,
    /// The client's address while the user is online. A name has one session at a time, so only the latest sign-in
    /// counts.
    endpoint: Option<Endpoint>,
}

/// The address of a client; identifies a session of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Endpoint {
    address: Box<str>,
    port: u16,
}

/// A user whose sign-out was not recorded.
#[derive(Debug)]
pub(super) struct MissingLogout {
    user: SeenUser,
    endpoint: Endpoint,
}

impl MissingLogout {
    /// Returns the record that is missing.
    pub(super) fn record(&self) -> Record<'_> {
        let SeenUser { name, account, at, .. } = &self.user;
        let at = OffsetDateTime { unix_ms: *at, offset_s: 0 };
        Record { at, name, account: *account, address: &self.endpoint.address, port: self.endpoint.port }
    }
}

impl LastSeen {
    /// Makes an empty table for at most `most` users (at least 1).
    pub(super) fn new(most: usize) -> LastSeen {
        LastSeen { most: most.max(1), users: HashMap::new(), order: BTreeSet::new() }
    }

    /// Records a sign-in.
    pub(super) fn login(&mut self, record: &Record<'_>) {
        let endpoint = Some(Endpoint { address: record.address.into(), port: record.port });
        self.set(SeenUser { name: record.name.clone(), account: record.account, at: record.at.unix_ms, endpoint });
    }

    /// Records a sign-out. The sign-out of one session may be recorded after the sign-in of the next one of that name;
    /// the user is then still online.
    pub(super) fn logout(&mut self, record: &Record<'_>) {
        let at = record.at.unix_ms;
        let endpoint = Endpoint { address: record.address.into(), port: record.port };
        let user = match self.users.get(record.name.key()) {
            Some(known) if known.endpoint.is_some() && known.endpoint != Some(endpoint) => return,
            Some(known) if known.endpoint.is_none() => SeenUser { at: at.max(known.at), ..known.clone() },
            Some(known) => SeenUser { at, endpoint: None, ..known.clone() },
            None => SeenUser { name: record.name.clone(), account: record.account, at, endpoint: None },
        };
        self.set(user);
    }

    /// Signs out all users who are still marked as online, at `last_alive` or, if later, at their sign-in. Returns the
    /// missing records, sorted by name.
    pub(super) fn end_all(&mut self, last_alive: OffsetDateTime) -> Vec<MissingLogout> {
        let online = self.users.values().filter(|user| user.endpoint.is_some()).cloned();
        let end = |mut user: SeenUser| {
            user.at = user.at.max(last_alive.unix_ms);
            user.endpoint.take().map(|endpoint| MissingLogout { user, endpoint })
        };
        let mut missing: Vec<MissingLogout> = online.collect::<Vec<_>>().into_iter().filter_map(end).collect();
        missing.sort_by(|a, b| a.user.name.as_str().cmp(b.user.name.as_str()));
        for logout in &missing {
            self.set(logout.user.clone());
        }
        missing
    }

    /// Returns the users who left at `since` or later, in that order, then the users who are online.
    pub(super) fn since(&self, since: OffsetDateTime) -> Vec<Sighting> {
        let recent = self.order.iter().rev().take_while(|(online, at, _)| *online || *at >= since.unix_ms);
        let mut found: Vec<Sighting> =
            recent.filter_map(|(.., key)| self.users.get(key)).map(SeenUser::sighting).collect();
        found.reverse();
        found
    }

    /// Returns the time at which a user was last online.
    pub(super) fn of(&self, name: &NameKey) -> Option<OffsetDateTime> {
        self.users.get(name).map(|user| user.sighting().at)
    }

    /// Adds or replaces a user, and forgets one if there are too many.
    fn set(&mut self, user: SeenUser) {
        let key = user.name.key().clone();
        let order_key = |user: &SeenUser| (user.endpoint.is_some(), user.at, user.name.key().clone());
        self.order.insert(order_key(&user));
        if let Some(before) = self.users.insert(key, user.clone())
            && order_key(&before) != order_key(&user)
        {
            self.order.remove(&order_key(&before));
        }
        if self.users.len() > self.most
            && let Some((.., forgotten)) = self.order.pop_first()
        {
            self.users.remove(&forgotten);
        }
    }
}

impl SeenUser {
    fn sighting(&self) -> Sighting {
        let at = OffsetDateTime { unix_ms: self.at, offset_s: 0 };
        Sighting { name: self.name.clone(), account: self.account, at, online: self.endpoint.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `note` with a record of that name, time and port.
    fn with<T>(name: &str, account: bool, port: u16, at: i64, note: impl FnOnce(&Record<'_>) -> T) -> T {
        let name = UserName::parse(name).unwrap();
        let at = OffsetDateTime { unix_ms: at, offset_s: 0 };
        note(&Record { at, name: &name, account, address: "10.0.0.1", port })
    }

    fn login(seen: &mut LastSeen, name: &str, port: u16, at: i64) {
        with(name, false, port, at, |record| seen.login(record));
    }

    fn logout(seen: &mut LastSeen, name: &str, port: u16, at: i64) {
        with(name, false, port, at, |record| seen.logout(record));
    }

    fn since(seen: &LastSeen, at: i64) -> Vec<(String, i64, bool)> {
        let found = seen.since(OffsetDateTime { unix_ms: at, offset_s: 0 });
        found.iter().map(|one| (one.name.to_string(), one.at.unix_ms, one.online)).collect()
    }

    fn of(name: &str, at: i64, online: bool) -> (String, i64, bool) {
        (name.to_owned(), at, online)
    }

    #[test]
    fn overlapping_sessions_of_one_name_are_one_user() {
        let mut seen = LastSeen::new(10);
        login(&mut seen, "bob", 1, 10);
        // The second sign-in comes before the first sign-out is recorded.
        login(&mut seen, "Bob", 2, 20);
        logout(&mut seen, "bob", 1, 21);
        assert_eq!(since(&seen, 50), [of("Bob", 20, true)]);
        logout(&mut seen, "Bob", 2, 30);
        assert_eq!(since(&seen, 30), [of("Bob", 30, false)]);
        // Here the second sign-out also comes before the first one is recorded.
        login(&mut seen, "bob", 3, 40);
        login(&mut seen, "bob", 4, 41);
        logout(&mut seen, "bob", 4, 45);
        logout(&mut seen, "bob", 3, 42);
        assert_eq!(since(&seen, 0), [of("bob", 45, false)]);
        assert_eq!((seen.users.len(), seen.order.len()), (1, 1));
    }

    #[test]
    fn an_account_may_take_the_name_of_an_earlier_guest() {
        let mut seen = LastSeen::new(10);
        login(&mut seen, "bob", 1, 10);
        with("bob", true, 2, 20, |record| seen.login(record));
        logout(&mut seen, "bob", 1, 21);
        let found = seen.since(OffsetDateTime::default());
        assert!(found.len() == 1 && found[0].account && found[0].online, "{found:?}");
    }

    #[test]
    fn the_user_who_has_been_offline_longest_is_forgotten_first() {
        let mut seen = LastSeen::new(3);
        login(&mut seen, "alice", 1, 1);
        for (name, at) in [("b", 30), ("c", 20), ("d", 40)] {
            login(&mut seen, name, 2, at);
            logout(&mut seen, name, 2, at);
        }
        assert_eq!(since(&seen, 0), [of("b", 30, false), of("d", 40, false), of("alice", 1, true)]);
        for i in 0..100 {
            login(&mut seen, &format!("n{i}n"), 3, 100 + i);
        }
        assert_eq!((seen.users.len(), seen.order.len()), (3, 3));
        assert_eq!(since(&seen, 0)[0], of("n97n", 197, true), "if all are online, the earliest sign-in is forgotten");
    }

    #[test]
    fn missing_sign_outs_get_the_time_at_which_the_server_was_last_alive() {
        let mut seen = LastSeen::new(10);
        login(&mut seen, "alice", 1, 10);
        login(&mut seen, "bob", 2, 500);
        logout(&mut seen, "carol", 3, 20);
        let gone = seen.end_all(OffsetDateTime { unix_ms: 400, offset_s: 0 });
        let gone: Vec<_> =
            gone.iter().map(|g| (g.record().name.as_str(), g.record().port, g.record().at.unix_ms)).collect();
        assert_eq!(gone, [("alice", 1, 400), ("bob", 2, 500)], "a sign-out is not earlier than its sign-in");
        assert_eq!(since(&seen, 400), [of("alice", 400, false), of("bob", 500, false)]);
    }
}
