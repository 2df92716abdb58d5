//! Remembers the last session across starts: server, name and rooms. Never a password.

use crate::atomic_file;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// Bytes to read at most. This program writes no larger file.
const MAX_BYTES: u64 = 64 << 10;
/// Pairs of server and name whose rooms are remembered. Above that, the oldest pair is forgotten.
const MAX_VISITS: usize = 16;
/// Rooms to remember for each pair: as many as a server lets a user enter.
const MAX_ROOMS: usize = 32;

/// The content of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LastSession {
    /// The server's address, with its port.
    pub server: Option<String>,
    /// The name that the server gives itself.
    pub server_name: Option<String>,
    /// The id by which a running server is found again at another address.
    pub server_id: Option<String>,
    /// Name of the user at that server.
    pub name: Option<String>,
    /// The room in which the session started.
    pub room: Option<String>,
    /// True if the user signed in with an account.
    pub account: bool,
    /// Rooms by server and name, latest session first.
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
    /// Names of the rooms.
    pub rooms: Vec<String>,
}

impl LastSession {
    /// Reads the file. Returns the default if it is missing, unreadable or malformed: the program works without it.
    #[must_use]
    pub fn load(file: Option<&Path>) -> LastSession {
        file.and_then(|file| atomic_file::read_bounded(file, MAX_BYTES).ok())
            .and_then(|text| toml::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// Returns the remembered rooms of a user at a server.
    #[must_use]
    pub fn rooms(&self, server: &str, name: &str) -> &[String] {
        self.visits.iter().find(|visit| visit.is_of(server, name)).map_or(&[], |visit| &visit.rooms)
    }

    /// Sets the rooms of a user at a server.
    pub fn set_rooms(&mut self, server: &str, name: &str, rooms: &[String]) {
        self.visits.retain(|visit| !visit.is_of(server, name));
        let rooms = rooms.iter().take(MAX_ROOMS).cloned().collect();
        self.visits.insert(0, RoomsAtServer { server: server.into(), name: name.into(), rooms });
        self.visits.truncate(MAX_VISITS);
    }

    /// Notes that a user has an account, if the last session was of that user at that server.
    pub fn set_account(&mut self, server: &str, name: &str) {
        self.account |= self.is_last(server, name);
    }

    /// Notes that a user has taken another name, under which it is in the same rooms.
    pub fn set_name(&mut self, server: &str, name: &str, new: &str) {
        if let Some(position) = self.visits.iter().position(|visit| visit.is_of(server, name)) {
            let visit = self.visits.remove(position);
            self.set_rooms(server, new, &visit.rooms);
        }
        if self.is_last(server, name) {
            self.name = Some(new.to_owned());
        }
    }

    /// True if the last session was of this user at this server.
    fn is_last(&self, server: &str, name: &str) -> bool {
        self.server.as_deref() == Some(server) && self.name.as_deref() == Some(name)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The file cannot be written.
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
    fn a_malformed_file_counts_as_missing() {
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
    fn a11_rooms_are_remembered_per_server_and_name_within_limits() {
        let rooms = |n: usize| (0..n).map(|n| format!("{}{n}", "日".repeat(30))).collect::<Vec<_>>();
        let mut memory = LastSession::default();
        for n in 0..40 {
            memory.set_rooms("server:1", &format!("user{n}"), &rooms(99));
        }
        memory.set_rooms("server:1", "User39", &rooms(2));
        assert_eq!((memory.visits.len(), memory.rooms("server:1", "user39").len()), (MAX_VISITS, 2));
        assert_eq!(memory.rooms("server:1", "user38").len(), MAX_ROOMS);
        assert_eq!((memory.rooms("server:1", "user0"), memory.rooms("other:1", "user39")), (&[][..], &[][..]));
        assert!((toml::to_string(&memory).unwrap().len() as u64) < MAX_BYTES);
    }

    #[test]
    fn an_account_is_remembered_for_the_last_user_only() {
        let some = |text: &str| Some(text.to_owned());
        let mut memory = LastSession { server: some("server:1"), name: some("alice"), ..LastSession::default() };
        for (server, name) in [("server:2", "alice"), ("server:1", "bob")] {
            memory.set_account(server, name);
            assert!(!memory.account);
        }
        memory.set_account("server:1", "alice");
        assert!(memory.account);
    }

    #[test]
    fn a_user_who_has_another_name_is_in_the_same_rooms() {
        let some = |text: &str| Some(text.to_owned());
        let mut memory = LastSession { server: some("server:1"), name: some("bob"), ..LastSession::default() };
        memory.set_name("server:2", "bob", "robert");
        memory.set_rooms("server:1", "bob", &["ops".to_owned()]);
        memory.set_rooms("server:1", "robert", &["dev".to_owned()]);
        assert_eq!((memory.name.as_deref(), memory.visits.len()), (Some("bob"), 2));
        memory.set_name("server:1", "bob", "robert");
        assert_eq!(
            (memory.name.as_deref(), memory.rooms("server:1", "robert")),
            (Some("robert"), &["ops".to_owned()][..])
        );
        assert_eq!(memory.visits.len(), 1);
    }
}
