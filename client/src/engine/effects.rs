//! Output of the engine: work for the caller and changes for the UI.

use super::request::DeliveryUpdate;
use crate::sign_in::SignIn;
use landline_common::{Event, UserName};

/// Work for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Connect and sign in.
    Connect(SignIn),
    /// Close the connection.
    Disconnect,
    /// Send a line.
    Send(String),
    /// Send a line after all events received before are shown: the server then forgets them.
    Acknowledge(String),
}

/// A change for the UI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The user is signed in.
    Up {
        /// True for the first sign-in.
        first: bool,
        /// True if the session was resumed.
        resumed: bool,
        /// The current room at the server.
        room: Box<str>,
    },
    /// The connection broke.
    Lost {
        /// Reason.
        why: Box<str>,
    },
    /// The user signs in with an account from now on.
    Account,
    /// The user, a guest, has another name from now on.
    OwnName(UserName),
    /// The password that the user wanted is not set: the connection broke before.
    PasswordNotSet,
    /// The delivery of a line has progressed.
    Delivery(DeliveryUpdate),
    /// The user has entered a room.
    Entered {
        /// Name of the room, as the server writes it.
        room: Box<str>,
        /// The UI's number of the line that asked for it; 0 if no line did.
        key: u64,
    },
    /// The server refused the user a room.
    EntryRefused {
        /// Name of the room.
        room: Box<str>,
        /// The UI's number of the line that asked for it; 0 if no line did.
        key: u64,
        /// Reason.
        why: Box<str>,
    },
    /// The user has left a room.
    Left {
        /// Name of the room.
        room: Box<str>,
    },
    /// An owner has taken the user out of a room.
    RemovedFromRoom {
        /// Name of the room.
        room: Box<str>,
        /// By which owner, and the reason if there is one.
        why: Box<str>,
    },
    /// No message of a room is missing any more.
    CaughtUp {
        /// Lower-case name of the room; `all` for messages to all users.
        room: Box<str>,
    },
    /// A message from the history that was held back until the server announced whether the user has missed it.
    Recalled {
        /// The message.
        event: Box<Event<'static>>,
        /// True if the user has missed it.
        missed: bool,
    },
}
