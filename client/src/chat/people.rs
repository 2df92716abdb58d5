//! Who is online, as far as the server has said, and how often it is asked who is in a room.

use super::limits::MAX_ONLINE;
use super::names::NameSet;

/// Milliseconds between two questions who is in a room.
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
    /// The users who are online.
    #[must_use]
    pub fn online(&self) -> &NameSet {
        &self.online
    }

    /// Adds a user who is there.
    pub fn add(&mut self, user: &str) {
        self.online.add(user);
    }

    /// Removes a user.
    pub fn remove(&mut self, user: &str) {
        self.online.remove(user);
    }

    /// Adds listed users; a `whole` list replaces what was known.
    pub fn update_from_list<'n>(&mut self, users: impl Iterator<Item = &'n str>, whole: bool) {
        if whole {
            self.online.clear();
        }
        users.for_each(|user| self.add(user));
    }

    /// Forgets all users: there is no connection any more.
    pub fn clear(&mut self) {
        self.online.clear();
    }

    /// Whether the members of a room may be asked for, `urgent` if none is known.
    #[must_use]
    pub fn may_request_members(&self, now_ms: u64, urgent: bool) -> bool {
        urgent || now_ms >= self.members_requested_at + MEMBERS_REQUEST_INTERVAL_MS
    }

    /// Notes when the members of a room were asked for.
    pub fn record_members_request(&mut self, now_ms: u64) {
        self.members_requested_at = now_ms;
    }
}
