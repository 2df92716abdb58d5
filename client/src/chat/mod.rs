//! The model of the full screen, without socket, thread, terminal or clock: ([`State`], [`Input`]) → (state,
//! [`ScreenEffect`]s). The presenter in `tui` feeds the inputs, carries out the effects and draws the state.
//!
//! Memory is bounded (`limits.rs`), and all text from a server is cleaned here (`line.rs`), whatever the server did: a
//! hostile server must neither exhaust the memory nor control the terminal.
//!
//! | file | content |
//! |---|---|
//! | `state/` | the state, and its reactions to keys, events and updates of the engine |
//! | `bindings.rs`, `client_commands.rs`, `help.rs` | the tables of keys and commands, and their help |
//! | `conversations.rs`, `conversation.rs`, `line.rs` | what is shown |
//! | `editor.rs`, `complete.rs`, `input_history.rs`, `paste.rs`, `burst.rs` | what is typed |
//! | `room_status.rs` | the rules of a room, as far as the client knows them |
//! | `menu/` | menus about a user and a room |
//! | `requests.rs`, `joins.rs`, `leaving.rs`, `password_form.rs` | questions that wait for an answer |
//! | `geometry.rs`, `rows.rs`, `groups.rs`, `wrap.rs` | the layout, shared by view and scrolling |
//! | `plain/` | the model of the line client |

mod alerts;
mod bindings;
pub mod burst;
mod client_commands;
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
pub mod menu;
mod names;
pub mod overlay;
pub mod password_form;
pub mod paste;
mod people;
pub mod plain;
mod requests;
pub mod room_status;
pub mod rows;
mod state;
mod transcript;
pub mod wrap;

pub use client_commands::CLIENT_COMMANDS;
pub use key::Key;
pub use state::State;

use crate::encryption::Encryption;
use crate::engine::limits::PING_IDLE_MS;
use crate::sign_in::{Loss, SignIn, SignInRefused};
use landline_common::{Event, UserName};

/// An input of the model.
#[derive(Clone, Debug)]
pub enum Input {
    /// Key press.
    Key(Key),
    /// Text that the terminal marked as pasted.
    Paste(String),
    /// Text that arrived as keys, faster than a user types, and counts as pasted ([`burst`]).
    Burst(String),
    /// Turn of the mouse wheel.
    Wheel {
        /// True towards older lines.
        back: bool,
        /// Number of rows.
        rows: usize,
    },
    /// New width and height of the screen, in cells.
    Resize(usize, usize),
    /// Time has passed. Expected after [`State::tick_interval`].
    Tick,
    /// The server was reached, before each sign-in.
    Reached(Encryption),
    /// Event of the server. The first one is the welcome.
    Event {
        /// Event.
        event: Box<Event<'static>>,
        /// True if this program created the event, as for encrypted chats; its texts are then trusted.
        by_program: bool,
    },
    /// Result of [`ScreenEffect::Save`]: the path, or the reason of the failure.
    Saved(Result<String, String>),
    /// Result of [`ScreenEffect::ListFolder`]: names; those of folders end with a separator.
    Folder(Vec<String>),
    /// The connection failed or broke.
    Down {
        /// Reason.
        why: String,
        /// Kind of loss.
        loss: Loss,
    },
    /// The server refused the sign-in.
    Refused(SignInRefused),
}

/// Work for the presenter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenEffect {
    /// Connect and sign in.
    Connect(SignIn),
    /// Close the connection.
    Disconnect,
    /// Send a line.
    Send(String),
    /// Ring the terminal's bell.
    Bell,
    /// Notify the desktop, through the terminal.
    Notify(String),
    /// Write a text into a new file. Answered by [`Input::Saved`].
    Save {
        /// Path, as the user typed it.
        path: String,
        /// Content.
        text: String,
    },
    /// List a folder. Answered by [`Input::Folder`].
    ListFolder {
        /// Folder, as the user typed it; empty for the current one.
        folder: String,
        /// Beginning of the wanted names.
        prefix: String,
    },
    /// Store something for the next start.
    Remember(Remembered),
    /// Redraw the whole screen.
    Repaint,
    /// Suspend the process, as Ctrl-Z does, until the shell resumes it.
    Suspend,
    /// End the program.
    Quit(Exit),
}

/// Something stored for the next start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// Rooms that the user is in.
    Rooms(Vec<String>),
    /// The user signs in with an account.
    Account,
    /// The user, a guest, has taken this name.
    Name(UserName),
}

/// How the program ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user left; nothing is undelivered.
    Left,
    /// The user left, and lines are undelivered.
    Unsent {
        /// Description of each line.
        lines: Vec<String>,
        /// Number of lines that may have arrived.
        in_doubt: usize,
    },
    /// The first sign-in failed; with the reason.
    Refused(String),
}

/// Settings of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Messages that ring the bell.
    pub bell: Bell,
    /// True if the bell also notifies the desktop.
    pub notify: bool,
    /// Interval of pings on an idle connection, in milliseconds.
    pub keepalive_ms: u64,
    /// True in a mesh, without a server.
    pub mesh: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { bell: Bell::Private, notify: false, keepalive_ms: PING_IDLE_MS, mesh: false }
    }
}

/// Messages that ring the bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Bell {
    /// Nothing.
    Off,
    /// Messages for you alone, and mentions of you.
    Private,
    /// All messages of other users.
    All,
}

#[cfg(test)]
pub mod test_client;
#[cfg(test)]
mod tests;
