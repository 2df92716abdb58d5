//! Commands: their table of words, arguments and help, the parser of lines, and the JSON objects of programs.
//!
//! Every command has a slash form; an unknown slash word is an error and is never said aloud. Bare words exist only for
//! commands of the programs that Landline replaces. They match only with exactly their arguments, so that "help me with
//! this" is talk.

pub mod help;
mod history_query;
pub mod object;
mod parse;
mod table;

pub use history_query::HistoryQuery;
pub use object::{Request, SignIn};
pub use parse::{CommandError, parse, room_word};
pub use table::{CommandSpec, TOPICS, words};

use std::fmt;

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
    /// Lists the users whom the sender blocks.
    Blocked {
        after: Option<&'a str>,
    },
    Unblock(&'a str),
    Join(&'a str),
    /// Without a name, the current room.
    Leave(Option<&'a str>),
    Rooms {
        after: Option<&'a str>,
    },
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

impl<'a> Command<'a> {
    /// Returns the text that other users get, if the command sends one.
    #[must_use]
    pub fn text_for_others(&self) -> Option<&'a str> {
        match *self {
            Command::Say(text)
            | Command::SayIn { text, .. }
            | Command::All(text)
            | Command::Message { text, .. }
            | Command::Private { text, .. }
            | Command::DirectText { text, .. } => Some(text),
            Command::Hooray => Some(HOORAY),
            Command::Online { .. }
            | Command::OnlineDetails
            | Command::Others { .. }
            | Command::Members { .. }
            | Command::Since { .. }
            | Command::Connect(_)
            | Command::Accept(_)
            | Command::Reject(_)
            | Command::Chats { .. }
            | Command::End(_)
            | Command::Direct(_)
            | Command::DirectStop(_)
            | Command::DirectKey(_)
            | Command::Trust(_)
            | Command::DirectAccept { .. }
            | Command::Block(_)
            | Command::Blocked { .. }
            | Command::Unblock(_)
            | Command::Join(_)
            | Command::Leave(_)
            | Command::Rooms { .. }
            | Command::History(_)
            | Command::HistoryIn { .. }
            | Command::Search { .. }
            | Command::Forget
            | Command::Format(_)
            | Command::Register { .. }
            | Command::Password(_)
            | Command::Help(_)
            | Command::Quit
            | Command::Ping(_)
            | Command::Ack(_)
            | Command::Alive
            | Command::Foreign { .. } => None,
        }
    }

    /// True if the command only maintains the connection, and so does not count for the rate limit of lines.
    #[must_use]
    pub fn is_upkeep(&self) -> bool {
        matches!(self, Command::Ping(_) | Command::Ack(_) | Command::Alive | Command::DirectKey(_))
    }
}

impl fmt::Display for Command<'_> {
    /// Writes the slash form, which parses back to the same command. For commands of objects only, writes the nearest one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |f: &mut fmt::Formatter<'_>, word: &str, arg: Option<&str>| match arg {
            Some(arg) => write!(f, "/{word} {arg}"),
            None => write!(f, "/{word}"),
        };
        let list = |f: &mut fmt::Formatter<'_>, what: fmt::Arguments<'_>, after: Option<&str>| match after {
            Some(after) => write!(f, "/{what} after {after}"),
            None => write!(f, "/{what}"),
        };
        match *self {
            Command::Say(text) | Command::SayIn { text, .. } => one(f, "say", Some(text)),
            Command::All(text) => one(f, "all", Some(text)),
            Command::Online { after } => list(f, format_args!("users"), after),
            Command::OnlineDetails => one(f, "members", None),
            Command::Others { after } => list(f, format_args!("others"), after),
            Command::Members { room, after } => list(f, format_args!("who {room}"), after),
            Command::Since { seconds, after } => list(f, format_args!("since {seconds}"), after),
            Command::Message { to, text } => write!(f, "/pm {to} {text}"),
            Command::Connect(user) => one(f, "connect", Some(user)),
            Command::Accept(user) => one(f, "accept", user),
            Command::Reject(user) => one(f, "reject", user),
            Command::Chats { after } => list(f, format_args!("chats"), after),
            Command::Private { to: Some(to), text } => write!(f, "/private {to} {text}"),
            Command::Private { to: None, text } => one(f, "private", Some(text)),
            Command::End(user) => one(f, "end", user),
            Command::Direct(user) => one(f, "direct", Some(user)),
            Command::DirectText { to, text } => write!(f, "/direct-say {to} {text}"),
            Command::DirectStop(user) => one(f, "direct-stop", Some(user)),
            Command::DirectKey(key) => one(f, "direct-key", Some(key)),
            Command::Trust(user) => one(f, "trust", Some(user)),
            Command::DirectAccept { to, key, addresses } => write!(f, "/direct-accept {to} {key} {addresses}"),
            Command::Block(user) => one(f, "block", Some(user)),
            Command::Blocked { after } => list(f, format_args!("block"), after),
            Command::Unblock(user) => one(f, "unblock", Some(user)),
            Command::Join(room) => one(f, "join", Some(room)),
            Command::Leave(room) => one(f, "leave", room),
            Command::Rooms { after } => list(f, format_args!("rooms"), after),
            Command::History(ask) | Command::HistoryIn { ask, .. } => write!(f, "/history{ask}"),
            Command::Search { words, before: None } => one(f, "search", Some(words)),
            Command::Search { words, before: Some(id) } => write!(f, "/search before {id} {words}"),
            Command::Forget => one(f, "forget", None),
            Command::Format(format) => one(f, "format", Some(format.as_str())),
            Command::Register { .. } => one(f, "register", None),
            Command::Password(_) => one(f, "password", None),
            Command::Help(word) => one(f, "help", word),
            Command::Hooray => one(f, "hooray", None),
            Command::Quit => one(f, "quit", None),
            Command::Ping(token) => one(f, "ping", token),
            Command::Ack(_) | Command::Alive => one(f, "ping", None),
            Command::Foreign { .. } => f.write_str(parse::FOREIGN[0]),
        }
    }
}
