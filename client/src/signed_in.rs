//! A session that has begun: what a chat starts with, whether at a server or in a mesh.

use crate::connection::{Connection, SignInConfirmation};
use crate::encryption::Encryption;
use crate::engine::Engine;
use landline_common::EventKind;

/// A session that has begun.
#[derive(Debug)]
pub struct SignedIn {
    /// The connection: to a server, or into a mesh.
    pub connection: Box<dyn Connection>,
    /// The client's side of the session.
    pub engine: Engine,
    /// Encryption of the connection to a server. Links of a mesh are always encrypted, and do not count.
    pub encryption: Encryption,
    /// The server's confirmation of the sign-in.
    pub first: SignInConfirmation,
}

impl SignedIn {
    /// Returns the name that the server gives itself.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        match &self.first.event.what {
            EventKind::Welcome { server, .. } => Some(server),
            _ => None,
        }
    }
}
