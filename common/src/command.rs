//! Commands: their table of words, arguments and help, the parser of lines, and the JSON objects of programs.
//!
//! Every command has a slash form; an unknown slash word is an error and is never said aloud. Bare words exist only for
//! commands of the programs that Landline replaces. They match only with exactly their arguments, so that "help me with
//! this" is talk.

mod args;
pub mod help;
mod history_query;
mod moderation;
pub mod object;
mod parse;
mod spec;
mod table;

pub use history_query::HistoryQuery;
pub use moderation::{MessageRef, RoomAction, ServerAction};
pub use object::{Request, SignIn};
pub use parse::{CommandError, parse, room_word};
pub use spec::{Audience, CommandSpec, words};
pub use table::{GROUPS, Group, commands};

/// A parsed command. It borrows from the line, and its names are not validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the help in the table explains each command")]
pub enum Command<'a> {
    /// Talk in the current room.
    Say(&'a str),
    /// Talk in the named room; in command objects only.
    SayIn {
        room: &'a str,
        text: &'a str,
    },
    All(&'a str),
    /// Lists the users online; with `after`, those whose names follow it.
    Online {
        after: Option<&'a str>,
    },
    /// Lists the users online with details: in a mesh, address and key.
    OnlineDetails,
    Others {
        after: Option<&'a str>,
    },
    Members {
        room: &'a str,
        after: Option<&'a str>,
    },
    /// Lists the other users who were online in the last `seconds`.
    Since {
        seconds: u64,
        after: Option<&'a str>,
    },
    Message {
        to: &'a str,
        text: &'a str,
    },
    Connect(&'a str),
    /// Without a name, the only open request.
    Accept(Option<&'a str>),
    Reject(Option<&'a str>),
    Chats {
        after: Option<&'a str>,
    },
    /// Without a name (as Chat77's first client sends it), the only open private chat.
    Private {
        to: Option<&'a str>,
        text: &'a str,
    },
    /// Without a name, the only open private chat.
    End(Option<&'a str>),
    Direct(&'a str),
    DirectText {
        to: &'a str,
        text: &'a str,
    },
    DirectStop(&'a str),
    DirectKey(&'a str),
    /// In a mesh: takes the changed key of a user for the right one.
    Trust(&'a str),
    DirectAccept {
        to: &'a str,
        key: &'a str,
        addresses: &'a str,
    },
    Block(&'a str),
    /// Tells that the user is away, with a text; without one, that the user is here again.
    Away(Option<&'a str>),
    /// Gives a guest another name.
    Nick(&'a str),
    /// Tells what the server knows of a user.
    Whois(&'a str),
    /// Lists the users whom the sender blocks.
    Blocked {
        after: Option<&'a str>,
    },
    Unblock(&'a str),
    Join(&'a str),
    /// Enters a room that has a key word.
    JoinWithKey {
        room: &'a str,
        key: &'a str,
    },
    /// Without a name, the current room.
    Leave(Option<&'a str>),
    Rooms {
        after: Option<&'a str>,
    },
    /// Shows the address of the web page in a room. Without a name, the current room.
    Link(Option<&'a str>),
    History(HistoryQuery<'a>),
    /// The history of one room alone, or of the messages to all users; in command objects only.
    HistoryIn {
        room: &'a str,
        ask: HistoryQuery<'a>,
    },
    /// Without an id, the newest matches.
    Search {
        words: &'a str,
        before: Option<u64>,
    },
    /// Removes the sender's direct messages from the history.
    Forget,
    Format(Format),
    /// Make an account of the user's own name. Without a password, the server asks for it.
    Register {
        password: Option<&'a str>,
    },
    /// Change the password of the user's account. Without the passwords, the server asks for them.
    Password(Option<PasswordChange<'a>>),
    /// Without a word, the usual commands.
    Help(Option<&'a str>),
    Hooray,
    Quit,
    Ping(Option<&'a str>),
    /// Acknowledges all events up to this number; in command objects only.
    Ack(u64),
    /// Answers the server's ping; in command objects only.
    Alive,
    /// A command about a room. Without a room, the current one.
    InRoom {
        room: Option<&'a str>,
        action: RoomAction<'a>,
    },
    /// A command about the whole server.
    OnServer(ServerAction<'a>),
    /// A line of a feature that only later Chat77 clients have.
    Foreign {
        /// A program surely sent it; otherwise a user may have typed it.
        by_program: bool,
    },
}

/// A new password in place of the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordChange<'a> {
    /// The present password.
    pub old: &'a str,
    /// The new password.
    pub new: &'a str,
}

/// The form in which a client gets its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of text.
    Text,
    /// One JSON object per line.
    Json,
}

impl Format {
    /// The word in `/format`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
        }
    }
}

/// The text that `/hooray` says.
pub const HOORAY: &str = "Hooray! 🎉";

impl Command<'_> {
    /// True if the command only maintains the connection, and so does not count for the rate limit of lines.
    #[must_use]
    pub fn is_upkeep(&self) -> bool {
        matches!(self, Command::Ping(_) | Command::Ack(_) | Command::Alive | Command::DirectKey(_))
    }
}
