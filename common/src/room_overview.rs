//! How a room stands: its rules, and what they mean for the reader. The content of [`crate::EventKind::Rules`].

use serde::{Deserialize, Serialize};

/// The rules of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomOverview {
    /// Its owners; none if the owners of the server run it.
    pub owners: Vec<String>,
    /// Its topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
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
}

impl RoomOverview {
    /// Returns the rules of the room `name` as sentences, one for each line.
    #[must_use]
    pub fn sentences(&self, name: &str) -> [String; 4] {
        let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let run_by =
            if self.owners.is_empty() { "the owners of the server".to_owned() } else { self.owners.join(", ") };
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
        [
            format!("{name} is run by: {run_by}"),
            format!("Topic: {}", self.topic.as_deref().unwrap_or("none")),
            format!("Who may enter: {enter}; banned: {}", names(&self.banned)),
            format!("Who may speak: {speak}{pace}; muted: {}", names(&self.muted)),
        ]
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
        assert_eq!(none.sentences("ops"), expected);
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
        assert_eq!(strict.sentences("ops"), expected);
        let closed = RoomOverview { open: false, banned: names(&["dave"]), ..strict };
        assert_eq!(closed.sentences("ops")[2], "Who may enter: invited users only; banned: dave");
    }
}
