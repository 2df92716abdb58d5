//! What a line means: the commands, THE table of their words, arguments and help, and the objects of programs.
//!
//! Bare words exist only where one of the programs that Landline replaces has them, and match only with exactly their
//! arguments, so that "help me with this" is talk. Everything has a slash form; an unknown one is never said aloud.

mod ask;
pub mod help;
pub mod object;
mod parse;
mod table;

pub use ask::Ask;
pub use object::{Request, SignIn};
pub use parse::{CommandError, parse, room_word};
pub use table::{TOPICS, Topic, words};

use std::fmt;

/// One line from a client, understood. It borrows from the line; names in it are not checked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table's help says what each one does")]
pub enum Command<'a> {
    /// Talk in the current room.
    Say(&'a str),
    /// Talk in the room that is named: command objects only.
    SayIn {
        room: &'a str,
        text: &'a str,
    },
    All(&'a str),
    /// Who is online; `after` a name, what follows it by name.
    Online {
        after: Option<&'a str>,
    },
    /// The same with what else is known of each: in a mesh, address and key.
    OnlineDetails,
    Others {
        after: Option<&'a str>,
    },
    Members {
        room: &'a str,
        after: Option<&'a str>,
    },
    /// Who was online in the last so many seconds.
    Since {
        seconds: u64,
        after: Option<&'a str>,
    },
    Message {
        to: &'a str,
        text: &'a str,
    },
    Connect(&'a str),
    /// Without a name: the only request there is.
    Accept(Option<&'a str>),
    Reject(Option<&'a str>),
    Chats {
        after: Option<&'a str>,
    },
    /// Without a name (Chat77's first client): the only private chat there is.
    Private {
        to: Option<&'a str>,
        text: &'a str,
    },
    End(&'a str),
    Direct(&'a str),
    DirectText {
        to: &'a str,
        text: &'a str,
    },
    DirectStop(&'a str),
    DirectKey(&'a str),
    DirectAccept {
        to: &'a str,
        key: &'a str,
        addresses: &'a str,
    },
    Block(&'a str),
    /// Lists the people whom one blocks.
    Blocked {
        after: Option<&'a str>,
    },
    Unblock(&'a str),
    Join(&'a str),
    /// Without a name: the current room.
    Leave(Option<&'a str>),
    Rooms {
        after: Option<&'a str>,
    },
    History(Ask<'a>),
    /// The same of one room alone, or of what was said to everybody: command objects only.
    HistoryIn {
        room: &'a str,
        ask: Ask<'a>,
    },
    /// Without an id: the newest.
    Search {
        words: &'a str,
        before: Option<u64>,
    },
    /// Remove one's own direct messages from the history.
    Forget,
    Format(Format),
    /// Without a word: everything.
    Help(Option<&'a str>),
    Hooray,
    Quit,
    Ping(Option<&'a str>),
    /// Everything up to that number was received: command objects only.
    Ack(u64),
    /// The answer to the server's ping: command objects only.
    Alive,
    /// What later Chat77 clients send for features of their own.
    Foreign,
}

/// How a client wants to get its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Format {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
        }
    }
}

/// What `/hooray` says.
pub const HOORAY: &str = "Hooray! 🎉";

impl<'a> Command<'a> {
    /// What others hear of it, if it says something.
    #[must_use]
    pub fn said(&self) -> Option<&'a str> {
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
            | Command::Help(_)
            | Command::Quit
            | Command::Ping(_)
            | Command::Ack(_)
            | Command::Alive
            | Command::Foreign => None,
        }
    }

    /// Whether it only keeps the connection going, and does not count as a line that a user sends.
    #[must_use]
    pub fn is_upkeep(&self) -> bool {
        matches!(self, Command::Ping(_) | Command::Ack(_) | Command::Alive | Command::DirectKey(_))
    }
}

impl fmt::Display for Command<'_> {
    /// The slash form, which parses back to the same command; of what only objects say, the nearest one.
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
            Command::End(user) => one(f, "end", Some(user)),
            Command::Direct(user) => one(f, "direct", Some(user)),
            Command::DirectText { to, text } => write!(f, "/direct-say {to} {text}"),
            Command::DirectStop(user) => one(f, "direct-stop", Some(user)),
            Command::DirectKey(key) => one(f, "direct-key", Some(key)),
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
            Command::Help(word) => one(f, "help", word),
            Command::Hooray => one(f, "hooray", None),
            Command::Quit => one(f, "quit", None),
            Command::Ping(token) => one(f, "ping", token),
            Command::Ack(_) | Command::Alive => one(f, "ping", None),
            Command::Foreign => f.write_str(parse::FOREIGN[0]),
        }
    }
}
