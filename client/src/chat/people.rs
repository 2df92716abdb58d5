//! Who is online, as far as the server has said, and how often it is asked who is in a room.

use super::limits::ONLINE;
use super::names::Names;

/// Milliseconds between two questions who is in a room.
const MEMBERS_MS: u64 = 3_000;

/// The users online.
#[derive(Clone, Debug)]
pub struct People {
    online: Names,
    members_asked_at: u64,
}

impl Default for People {
    fn default() -> People {
        People { online: Names::new(ONLINE), members_asked_at: 0 }
    }
}

impl People {
    /// The users who are online.
    #[must_use]
    pub fn online(&self) -> &Names {
        &self.online
    }

    /// Adds a user who is there.
    pub fn came(&mut self, user: &str) {
        self.online.add(user);
    }

    /// Removes a user.
    pub fn went(&mut self, user: &str) {
        self.online.remove(user);
    }

    /// Adds listed users; a `whole` list replaces what was known.
    pub fn listed<'n>(&mut self, users: impl Iterator<Item = &'n str>, whole: bool) {
        if whole {
            self.online.clear();
        }
        users.for_each(|user| self.came(user));
    }

    /// Forgets all users: there is no connection any more.
    pub fn clear(&mut self) {
        self.online.clear();
    }

    /// Whether the members of a room may be asked for, `urgent` if none is known.
    #[must_use]
    pub fn may_ask_members(&self, now_ms: u64, urgent: bool) -> bool {
        urgent || now_ms >= self.members_asked_at + MEMBERS_MS
    }

    /// Notes when the members of a room were asked for.
    pub fn asked_members(&mut self, now_ms: u64) {
        self.members_asked_at = now_ms;
    }
}
