//! What comes out of the engine: what is to be done, and what is to be told.

use super::request::Delivery;
use crate::sign_in::SignIn;
use landline_common::Event;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Connect and sign in.
    Connect(SignIn),
    /// Give the connection up.
    Disconnect,
    /// Send a line.
    Send(String),
    /// Send a line, after everything received before is shown.
    Acknowledge(String),
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The user is in.
    Up {
        /// For the first time.
        first: bool,
        /// The session of before goes on.
        resumed: bool,
        /// The room that is the current one at the server.
        room: Box<str>,
    },
    /// The connection broke.
    Lost {
        /// Why.
        why: Box<str>,
    },
    /// A line of the user has come to this.
    Delivery(Delivery),
    /// The user is in that room now.
    Entered {
        /// Its name, as the server writes it.
        room: Box<str>,
        /// The number of the line that asked for it; 0 if the program did.
        key: u64,
    },
    /// The user is not let into that room.
    KeptOut {
        /// Its name.
        room: Box<str>,
        /// The number of the line that asked for it; 0 if the program did.
        key: u64,
        /// Why.
        why: Box<str>,
    },
    /// The user is not in that room any more.
    Left {
        /// Its name.
        room: Box<str>,
    },
    /// Nothing is missing in that room (or of what was said to everybody) any more.
    CaughtUp {
        /// Its name in small letters.
        room: Box<str>,
    },
    /// A message out of the history of which it was not known before whether it was missed.
    Recalled {
        /// The message.
        event: Box<Event<'static>>,
        /// It was missed.
        missed: bool,
    },
}
