//! The users online and which of them are in the clear, as far as the server has told, and when the members of a room were last requested.

use super::limits::MAX_ONLINE;
use super::names::NameSet;

/// Milliseconds between two requests for the members of a room.
const MEMBERS_REQUEST_INTERVAL_MS: u64 = 3_000;

/// The users online.
#[derive(Clone, Debug)]
pub struct People {
    online: NameSet,
    /// The users whose connections to the server are not encrypted.
    unencrypted: NameSet,
    members_requested_at: u64,
}

impl Default for People {
    fn default() -> People {
        let none = || NameSet::new(MAX_ONLINE);
        People { online: none(), unencrypted: none(), members_requested_at: 0 }
    }
}

impl People {
    /// Returns the users online.
    #[must_use]
    pub fn online(&self) -> &NameSet {
        &self.online
    }

    /// Adds a user.
    pub fn add(&mut self, user: &str) {
        self.online.add(user);
    }

    /// Records whether the connection of a user is encrypted.
    pub fn record_encryption(&mut self, user: &str, is_encrypted: bool) {
        if is_encrypted {
            self.unencrypted.remove(user);
        } else {
            self.unencrypted.add(user);
        }
    }

    /// Records the encryption of listed users, of which `unencrypted` are in the clear.
    pub fn record_encryption_of(&mut self, users: &[Box<str>], unencrypted: &[Box<str>]) {
        users.iter().for_each(|user| self.record_encryption(user, true));
        unencrypted.iter().for_each(|user| self.record_encryption(user, false));
    }

    /// Returns whether the connection of a user is known to be in the clear.
    #[must_use]
    pub fn is_unencrypted(&self, user: &str) -> bool {
        self.unencrypted.contains(user)
    }

    /// Adds a user under another name.
    pub fn rename(&mut self, from: &str, to: &str) {
        let is_encrypted = !self.is_unencrypted(from);
        self.remove(from);
        self.add(to);
        self.record_encryption(to, is_encrypted);
    }

    /// Removes a user.
    pub fn remove(&mut self, user: &str) {
        self.online.remove(user);
        self.unencrypted.remove(user);
    }

    /// Adds listed users. A `whole` list replaces all users known before; a page of a list only adds.
    pub fn update_from_list<'n>(&mut self, users: impl Iterator<Item = &'n str>, whole: bool) {
        if whole {
            self.online.clear();
        }
        users.for_each(|user| self.add(user));
    }

    /// Removes all users, after the connection has ended for good.
    pub fn clear(&mut self) {
        self.online.clear();
        self.unencrypted.clear();
    }

    /// Returns whether the members of a room may be requested now. An `urgent` request, when no member is known, needs
    /// no pause since the last one.
    #[must_use]
    pub fn may_request_members(&self, now_ms: u64, urgent: bool) -> bool {
        urgent || now_ms >= self.members_requested_at + MEMBERS_REQUEST_INTERVAL_MS
    }

    /// Records a request for the members of a room.
    pub fn record_members_request(&mut self, now_ms: u64) {
        self.members_requested_at = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_follows_lists_names_and_new_connections() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect::<Vec<Box<str>>>();
        let mut people = People::default();
        people.record_encryption_of(&names(&["alice", "bob", "carol"]), &names(&["Bob", "carol"]));
        assert_eq!(["alice", "bob", "carol"].map(|name| people.is_unencrypted(name)), [false, true, true]);
        people.record_encryption_of(&names(&["carol"]), &[]);
        people.rename("bob", "robert");
        assert_eq!(["bob", "robert", "carol"].map(|name| people.is_unencrypted(name)), [false, true, false]);
        people.record_encryption("robert", true);
        assert!(!people.is_unencrypted("robert"), "signed in again over TLS");
    }
}
