//! The users online, as far as the server has told, and when the members of a room were last requested.

use super::limits::MAX_ONLINE;
use super::names::NameSet;

/// Milliseconds between two requests for the members of a room.
const MEMBERS_REQUEST_INTERVAL_MS: u64 = 3_000;

/// The users online.
#[derive(Clone, Debug)]
pub struct People {
    online: NameSet,
    members_requested_at: u64,
}

impl Default for People {
    fn default() -> People {
        People { online: NameSet::new(MAX_ONLINE), members_requested_at: 0 }
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

    /// Removes a user.
    pub fn remove(&mut self, user: &str) {
        self.online.remove(user);
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
