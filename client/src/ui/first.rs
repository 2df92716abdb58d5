//! What comes of the first questions.

use super::enter::Entered;
use crate::link::Identity;
use crate::setup::welcome::Choice;
use landline_common::RoomName;
use std::path::PathBuf;

/// One is in.
#[derive(Debug)]
pub struct Answered {
    /// Where, with the port.
    pub server: String,
    /// As whom.
    pub who: Identity,
    /// The connection.
    pub entered: Entered,
    /// What to know about a server that was started here.
    pub note: Option<String>,
}

/// What is not asked.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The room to start in.
    pub room: RoomName,
    /// The rooms of the last time at a server, under a name.
    pub rooms: fn(&str, &str) -> Vec<RoomName>,
    /// Where a server that is started here has its data.
    pub data: Option<PathBuf>,
}

impl Setting {
    /// Who signs in after these answers.
    #[must_use]
    pub fn identity(&self, choice: &Choice) -> Identity {
        Identity {
            name: choice.name.clone(),
            room: self.room.clone(),
            rooms: (self.rooms)(&choice.server, choice.name.as_str()),
            password: choice.password.clone(),
            register: choice.register,
            server_password: choice.server_password.clone(),
        }
    }
}
