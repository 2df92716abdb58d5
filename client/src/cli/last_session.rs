//! What is remembered of the last time: server, name and rooms; never a password.

use crate::atomic_file;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// No file of ours is larger.
const MOST_BYTES: u64 = 64 << 10;
/// Servers and names whose rooms are remembered; the one that was visited longest ago goes first.
const VISITS: usize = 16;
/// Rooms of each: as many as a server lets a user into.
const ROOMS: usize = 32;

/// The last time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LastSession {
    /// The server's address, with its port.
    pub server: Option<String>,
    /// What the server calls itself.
    pub server_name: Option<String>,
    /// The id by which a running server is found again at another address.
    pub server_id: Option<String>,
    /// One's name there.
    pub name: Option<String>,
    /// The room.
    pub room: Option<String>,
    /// The name is an account's.
    pub account: bool,
    /// The rooms of users at servers, the last visit first.
    pub visits: Vec<RoomsAtServer>,
}

/// The rooms in which a user was at a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomsAtServer {
    /// The server's address, with its port.
    pub server: String,
    /// The user's name there.
    pub name: String,
    /// The rooms.
    pub rooms: Vec<String>,
}

impl LastSession {
    /// What is remembered: nothing, if the file is not there or is none of ours.
    #[must_use]
    pub fn load(file: Option<&Path>) -> LastSession {
        file.and_then(|file| atomic_file::read_bounded(file, MOST_BYTES).ok())
            .and_then(|text| toml::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// The rooms in which that user was at that server.
    #[must_use]
    pub fn rooms(&self, server: &str, name: &str) -> &[String] {
        self.visits.iter().find(|visit| visit.is_of(server, name)).map_or(&[], |visit| &visit.rooms)
    }

    /// That user is in these rooms at that server.
    pub fn set_rooms(&mut self, server: &str, name: &str, rooms: &[String]) {
        self.visits.retain(|visit| !visit.is_of(server, name));
        let rooms = rooms.iter().take(ROOMS).cloned().collect();
        self.visits.insert(0, RoomsAtServer { server: server.into(), name: name.into(), rooms });
        self.visits.truncate(VISITS);
    }

    /// That user signs in with an account at that server, if they were there the last time.
    pub fn set_account(&mut self, server: &str, name: &str) {
        let is_it = |last: &Option<String>, now: &str| last.as_deref() == Some(now);
        self.account |= is_it(&self.server, server) && is_it(&self.name, name);
    }

    /// Remembers it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        atomic_file::replace(file, &text)
    }
}

impl RoomsAtServer {
    fn is_of(&self, server: &str, name: &str) -> bool {
        self.server == server && self.name.to_lowercase() == name.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_remembers_and_takes_nonsense_for_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("deep").join("last.toml");
        assert_eq!(LastSession::load(Some(&file)), LastSession::default());
        let some = |text: &str| Some(text.to_owned());
        let mut last = LastSession {
            server: some("[::1]:1"),
            server_name: some("Room 12"),
            server_id: some("0f"),
            name: some("zoë \"z\""),
            room: some("ops/a"),
            account: true,
            visits: Vec::new(),
        };
        last.set_rooms("[::1]:1", "zoë", &["lobby".to_owned(), "ops/a".to_owned()]);
        last.save(&file).unwrap();
        assert_eq!(LastSession::load(Some(&file)), last);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        fs::write(&file, "server = 7").unwrap();
        assert_eq!(LastSession::load(Some(&file)), LastSession::default());
        assert_eq!(LastSession::load(None), LastSession::default());
    }

    #[test]
    fn a11_rooms_are_remembered_for_each_server_and_name_and_bounded() {
        let rooms = |n: usize| (0..n).map(|n| format!("{}{n}", "日".repeat(30))).collect::<Vec<_>>();
        let mut memory = LastSession::default();
        for n in 0..40 {
            memory.set_rooms("server:1", &format!("user{n}"), &rooms(99));
        }
        memory.set_rooms("server:1", "User39", &rooms(2));
        assert_eq!((memory.visits.len(), memory.rooms("server:1", "user39").len()), (VISITS, 2));
        assert_eq!(memory.rooms("server:1", "user38").len(), ROOMS);
        assert_eq!((memory.rooms("server:1", "user0"), memory.rooms("other:1", "user39")), (&[][..], &[][..]));
        assert!((toml::to_string(&memory).unwrap().len() as u64) < MOST_BYTES);
    }

    #[test]
    fn an_account_is_remembered_of_the_last_user_alone() {
        let some = |text: &str| Some(text.to_owned());
        let mut memory = LastSession { server: some("server:1"), name: some("alice"), ..LastSession::default() };
        for (server, name) in [("server:2", "alice"), ("server:1", "bob")] {
            memory.set_account(server, name);
            assert!(!memory.account);
        }
        memory.set_account("server:1", "alice");
        assert!(memory.account);
    }
}
