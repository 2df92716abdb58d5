//! What the full-screen client knows and does, without a socket, a thread, a terminal or a clock:
//! ([`State`], [`Input`]) → (state, [`ScreenEffect`]s). Everything it keeps is bounded (`limits.rs`), and everything that
//! comes from the server is cleaned again.

mod alerts;
mod bindings;
pub mod burst;
mod complete;
pub mod conversation;
mod conversation_id;
pub mod conversations;
pub mod editor;
pub mod geometry;
mod groups;
pub mod help;
mod input_history;
mod joins;
pub mod key;
pub mod leaving;
pub mod limits;
pub mod line;
mod names;
pub mod overlay;
pub mod password_form;
pub mod paste;
mod people;
pub mod plain;
mod requests;
pub mod rows;
mod state;
mod transcript;
pub mod wrap;

pub use bindings::BINDINGS;
pub use key::Key;
pub use state::{CLIENT_COMMANDS, State};

use crate::engine::limits::PING_IDLE_MS;
use crate::sign_in::{Loss, SignIn, SignInRefused};
use landline_common::Event;

/// What happens to the client.
#[derive(Clone, Debug)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// Keys came faster than anybody types, and were a paste ([`burst`]).
    Burst(String),
    /// The mouse wheel was turned, by so many rows.
    Wheel {
        /// Towards what was said before.
        back: bool,
        /// How many rows.
        rows: usize,
    },
    /// The screen has that width and height now.
    Resize(usize, usize),
    /// Time has passed.
    Tick,
    /// The server told something; the first thing is that one is signed in.
    Event {
        /// What.
        event: Box<Event<'static>>,
        /// This program tells it itself: no server said it.
        by_program: bool,
    },
    /// A conversation was saved, in which file; or why not.
    Saved(Result<String, String>),
    /// What is in the folder that was asked about: names, those of folders with a separator behind.
    Folder(Vec<String>),
    /// The connection could not be made, or broke.
    Down {
        /// Why.
        why: String,
        /// What that says of the way to the server.
        loss: Loss,
    },
    /// The server does not let one in.
    Refused(SignInRefused),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenEffect {
    /// Connect and sign in.
    Connect(SignIn),
    /// Give the connection up.
    Disconnect,
    /// Send a line.
    Send(String),
    /// Ring the terminal's bell.
    Bell,
    /// Tell the desktop, through the terminal.
    Notify(String),
    /// Write a text into a new file.
    Save {
        /// The file, as people type it.
        path: String,
        /// What goes into it.
        text: String,
    },
    /// Say what is in a folder.
    ListFolder {
        /// The folder, as people type it; the one where the program is if it is empty.
        folder: String,
        /// How the names begin that are wanted.
        prefix: String,
    },
    /// Remember something for the next time.
    Remember(Remembered),
    /// Draw everything anew.
    Repaint,
    /// Stop, as Ctrl-Z does, until the shell says to go on.
    Suspend,
    /// End.
    Quit(Exit),
}

/// What is remembered for the next time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// The rooms that the user is in.
    Rooms(Vec<String>),
    /// The user signs in with an account.
    Account,
}

/// How it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// One has left.
    Left,
    /// One has left, and these lines were not sent.
    Unsent {
        /// What is said of each.
        lines: Vec<String>,
        /// How many of them may have arrived.
        in_doubt: usize,
    },
    /// One never got in: why.
    Refused(String),
}

/// What people may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What the bell rings for.
    pub bell: Bell,
    /// Tell the desktop as well.
    pub notify: bool,
    /// How often the server is asked for a sign of life, in milliseconds.
    pub keepalive_ms: u64,
    /// There is no server: the help has what works in a mesh.
    pub mesh: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { bell: Bell::Private, notify: false, keepalive_ms: PING_IDLE_MS, mesh: false }
    }
}

/// What the bell rings for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Bell {
    /// Nothing.
    Off,
    /// What is for the reader alone, and where they are named.
    Private,
    /// Everything that others say.
    All,
}

#[cfg(test)]
pub mod test_client;
#[cfg(test)]
mod tests;
