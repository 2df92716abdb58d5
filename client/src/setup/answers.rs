//! The result of the setup questions, and what they need to know to sign in.

use crate::connection::{Identity, Security};
use crate::encryption::Fingerprint;
use crate::name_tokens::MissingToken;
use crate::setup::Started;
use crate::setup::questions::SignInChoice;
use crate::signed_in::SignedIn;
use landline_common::command::{Command, ServerAction};
use landline_common::{RoomName, UserName};
use std::path::PathBuf;

/// The number of a command that no line of a user stands for: lines begin at 1.
const NO_LINE: u64 = 0;

/// The session that the answers led to.
#[derive(Debug)]
pub struct SetupResult {
    /// Address of the server, with port.
    pub server: String,
    /// The id of the running server; empty if unknown.
    pub server_id: String,
    /// The user that signed in.
    pub identity: Identity,
    /// The session.
    pub signed_in: SignedIn,
    /// Note for the user about a server that was started on this machine.
    pub note: Option<String>,
}

impl SetupResult {
    /// Creates the result. If the user is at the server that was started, claims it: the user becomes its owner without
    /// typing the code.
    #[must_use]
    pub fn new(
        context: &SetupContext,
        choice: SignInChoice,
        mut signed_in: SignedIn,
        started: Option<Started>,
    ) -> SetupResult {
        let identity = context.identity(&choice);
        let SignInChoice { server, server_id, .. } = choice;
        // Another server must not learn the code.
        let started_here = started.as_ref().filter(|started| started.address == server);
        if let Some(code) = started_here.and_then(|started| started.claim_code.as_deref()) {
            // The first command of a session fits into the queue.
            let _ = signed_in.engine.send_command(NO_LINE, &Command::OnServer(ServerAction::Claim(code)), None);
        }
        SetupResult { server, server_id, identity, signed_in, note: started.map(|started| started.note) }
    }
}

/// Facts that the questions do not ask for.
#[derive(Clone, Debug)]
pub struct SetupContext {
    /// The room to enter first.
    pub room: RoomName,
    /// The server of the last session, and the room to enter first there.
    pub last: Option<(String, RoomName)>,
    /// Returns the remembered rooms of a user at a server.
    pub rooms: fn(&str, &str) -> Vec<RoomName>,
    /// Returns the name token of a guest at a server, which may have moved from another address.
    pub name_token: fn(&str, Option<&str>, &UserName, MissingToken) -> Option<String>,
    /// How servers prove themselves.
    pub security: Security,
    /// Data folder for a server that is started on this machine.
    pub data: Option<PathBuf>,
}

impl SetupContext {
    /// Returns how the server of these answers proves itself. A server that has moved must have the key that is known
    /// from its previous address: its id, by which it was found, is public.
    #[must_use]
    pub fn security(&self, choice: &SignInChoice) -> Security {
        let mut security = self.security.clone();
        if let Some(key) = choice.key {
            security.fingerprint = Some(Fingerprint::Moved(key));
        }
        security
    }

    /// Returns the identity to sign in with after these answers.
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
            name_token: (self.name_token)(
                &choice.server,
                choice.previous_address.as_deref(),
                &choice.name,
                MissingToken::of(choice.password.is_none()),
            ),
        }
    }
}
