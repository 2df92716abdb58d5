//! How a room stands: its rules, and what they mean for the reader. The content of [`crate::EventKind::Rules`].

use crate::cause::time_span;
use crate::time::OffsetDateTime;
use serde::{Deserialize, Serialize};

/// The rules of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomOverview {
    /// Its owners; none if the owners of the server run it.
    pub owners: Vec<String>,
    /// The owners of the server, who run every room.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub server_owners: Vec<String>,
    /// Its topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The message on top of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinnedMessage>,
    /// True if all users may enter, false if only invited ones.
    pub open: bool,
    /// Newcomers need a key word.
    pub has_key: bool,
    /// Only owners and users with the floor speak.
    pub quiet: bool,
    /// Seconds between two messages of a user; 0 without slow mode.
    pub slow: u64,
    /// Users who may not enter.
    pub banned: Vec<String>,
    /// Users who may not speak.
    pub muted: Vec<String>,
    /// The first raised hands in their order, with their texts. For owners only.
    pub hands: Vec<(String, String)>,
    /// The number of raised hands behind these. For owners only.
    pub more_hands: u64,
    /// Users with the floor, in the order of their names. For owners only.
    pub floor: Vec<String>,
    /// What the rules mean for the reader.
    pub you: Standing,
    /// The rules of the server. For its owners only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerOverview>,
}

/// The rules of a server, without its owners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerOverview {
    /// No newcomers may come in.
    pub doors_closed: bool,
    /// Guests may write to owners only.
    pub whispers_owners: bool,
    /// Banned users, each with the seconds that are left; `None` until an owner lifts the ban.
    pub banned: Vec<(String, Option<u64>)>,
}

/// A message that owners keep on top of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedMessage {
    /// Its id.
    pub id: u64,
    /// Its time, in milliseconds since 1970.
    pub at: i64,
    /// Its author.
    pub user: String,
    /// The beginning of its text, in one line.
    pub text: String,
}

/// What the rules of a room mean for one user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// The user may change the rules: an owner of the room or of the server.
    pub owner: bool,
    /// The user may not speak.
    pub muted: bool,
    /// Seconds until the user may speak again; `None` until an owner lifts the mute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// The user has the floor.
    pub floor: bool,
    /// The user's hand is up, behind so many others; `None` if it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand: Option<u64>,
}

impl RoomOverview {
    /// Returns the rules of the room `name` as sentences, one for each line. Dates are those of a place with this offset
    /// from UTC in seconds.
    #[must_use]
    pub fn sentences(&self, name: &str, offset_s: i32) -> Vec<String> {
        let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let run_by = match (&*self.owners, &*self.server_owners) {
            ([], []) => "the owners of the server".to_owned(),
            ([], owners) => format!("the owners of the server: {}", owners.join(", ")),
            (owners, _) => owners.join(", "),
        };
        let enter = match (self.open, self.has_key) {
            (false, _) => "invited users only",
            (true, true) => "users who know the key word",
            (true, false) => "all users",
        };
        let speak = if self.quiet { "owners and users with the floor" } else { "all users" };
        let pace = match self.slow {
            0 => String::new(),
            seconds => format!(", one message every {seconds} s"),
        };
        let pinned = self.pin.as_ref().map(|PinnedMessage { id, at, user, text }| {
            let date = OffsetDateTime { unix_ms: *at, offset_s }.date();
            format!("Pinned: [{id}] {date} {user}: {text}")
        });
        let lines = [
            format!("{name} is run by: {run_by}"),
            format!("Topic: {}", self.topic.as_deref().unwrap_or("none")),
            format!("Who may enter: {enter}; banned: {}", names(&self.banned)),
            format!("Who may speak: {speak}{pace}; muted: {}", names(&self.muted)),
        ];
        let server = self.server.as_ref().map(|server| server.sentences(&names(&self.server_owners)));
        lines.into_iter().chain(pinned).chain(server.into_iter().flatten()).collect()
    }
}

impl ServerOverview {
    fn sentences(&self, owners: &str) -> [String; 3] {
        let newcomers = if self.doors_closed { "none" } else { "all users" };
        let whispers = if self.whispers_owners { "owners only" } else { "all users" };
        [
            format!("The server is run by: {owners}"),
            format!("Newcomers to the server: {newcomers}; banned: {}", self.banned_users()),
            format!("Guests may write to: {whispers}"),
        ]
    }

    /// Returns the banned users in one line, each with the time that is left.
    #[must_use]
    pub fn banned_users(&self) -> String {
        let user = |(name, seconds): &(String, Option<u64>)| match seconds {
            // Whole minutes, rounded up.
            Some(seconds) => format!("{name} ({} left)", time_span(seconds.div_ceil(60).saturating_mul(60))),
            None => name.clone(),
        };
        if self.banned.is_empty() {
            "none".to_owned()
        } else {
            self.banned.iter().map(user).collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_tell_each_rule() {
        let none = RoomOverview { open: true, ..RoomOverview::default() };
        let expected = [
            "ops is run by: the owners of the server",
            "Topic: none",
            "Who may enter: all users; banned: none",
            "Who may speak: all users; muted: none",
        ];
        assert_eq!(none.sentences("ops", 0), expected);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let strict = RoomOverview {
            owners: names(&["alice", "bob"]),
            topic: Some("tea".to_owned()),
            has_key: true,
            quiet: true,
            slow: 30,
            muted: names(&["carol"]),
            ..none
        };
        let expected = [
            "ops is run by: alice, bob",
            "Topic: tea",
            "Who may enter: users who know the key word; banned: none",
            "Who may speak: owners and users with the floor, one message every 30 s; muted: carol",
        ];
        assert_eq!(strict.sentences("ops", 0), expected);
        let closed = RoomOverview { open: false, banned: names(&["dave"]), ..strict };
        assert_eq!(closed.sentences("ops", 0)[2], "Who may enter: invited users only; banned: dave");
        let pin =
            PinnedMessage { id: 7, at: 1_795_271_000_123, user: "bob".to_owned(), text: "tea at five".to_owned() };
        let pinned = RoomOverview { pin: Some(pin), ..closed };
        let last = pinned.sentences("ops", 3_600).pop();
        assert_eq!(last.as_deref(), Some("Pinned: [7] 2026-11-21 15:23 bob: tea at five"));
    }

    #[test]
    fn sentences_for_owners_of_the_server_tell_its_rules() {
        let banned = vec![("bob".to_owned(), Some(299)), ("dave".to_owned(), None)];
        let server = ServerOverview { doors_closed: true, whispers_owners: true, banned };
        let rules = RoomOverview {
            open: true,
            server_owners: vec!["alice".to_owned()],
            server: Some(server),
            ..RoomOverview::default()
        };
        let lines = rules.sentences("lobby", 0);
        assert_eq!(lines[0], "lobby is run by: the owners of the server: alice");
        let expected = [
            "The server is run by: alice",
            "Newcomers to the server: none; banned: bob (5 min left), dave",
            "Guests may write to: owners only",
        ];
        assert_eq!(lines[4..], expected);
    }
}
