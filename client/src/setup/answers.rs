//! What comes of the first questions.

use crate::connection::Identity;
use crate::setup::questions::SignInChoice;
use crate::signed_in::SignedIn;
use landline_common::RoomName;
use std::path::PathBuf;

/// One is in.
#[derive(Debug)]
pub struct SetupResult {
    /// Where, with the port.
    pub server: String,
    /// The id of the running server; empty if it is not known.
    pub server_id: String,
    /// As whom.
    pub who: Identity,
    /// The connection.
    pub entered: SignedIn,
    /// What to know about a server that was started here.
    pub note: Option<String>,
}

/// What is not asked.
#[derive(Clone, Debug)]
pub struct SetupContext {
    /// The room to start in.
    pub room: RoomName,
    /// Where the last time was, and the room to start in there.
    pub last: Option<(String, RoomName)>,
    /// The rooms of the last time at a server, under a name.
    pub rooms: fn(&str, &str) -> Vec<RoomName>,
    /// Where a server that is started here has its data.
    pub data: Option<PathBuf>,
}

impl SetupContext {
    /// Who signs in after these answers.
    #[must_use]
    pub fn identity(&self, choice: &SignInChoice) -> Identity {
        let remembered = choice.previous_address.as_deref().unwrap_or(&choice.server);
        let last = self.last.as_ref().filter(|(server, _)| server == remembered).map(|(_, room)| room);
        Identity {
            name: choice.name.clone(),
            room: last.unwrap_or(&self.room).clone(),
            rooms: (self.rooms)(remembered, choice.name.as_str()),
            password: choice.password.clone(),
            register: choice.register,
            server_password: choice.server_password.clone(),
        }
    }
}
