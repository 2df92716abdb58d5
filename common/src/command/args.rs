//! The arguments of commands by name: what a line, a command object and a [`Command`] have in common.

use super::spec::CommandSpec;
use super::{Command, Format, HOORAY, HistoryQuery, PasswordChange, room_word};
use std::fmt;

/// An argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Room,
    /// The other user.
    To,
    /// Text that other users get.
    Text,
    /// Words to search for.
    Words,
    /// The name after which a list continues.
    After,
    /// The id before which a search continues.
    Before,
    /// The id after which a transcript continues.
    AfterId,
    /// The id of a message. A line has it in place of the user ([`Field::To`]).
    Id,
    Seconds,
    Minutes,
    /// One of the two words of the command.
    Choice,
    /// The word `everywhere`: on the whole server.
    Everywhere,
    Token,
    Key,
    Addresses,
    Format,
    /// The word of another command.
    Word,
    History,
    Password,
    PasswordChange,
}

/// Arguments by name; `None` where one is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments<'a> {
    pub room: Option<&'a str>,
    pub to: Option<&'a str>,
    pub text: Option<&'a str>,
    pub words: Option<&'a str>,
    pub after: Option<&'a str>,
    pub before: Option<u64>,
    pub after_id: Option<u64>,
    pub id: Option<u64>,
    pub seconds: Option<u64>,
    pub minutes: Option<u64>,
    /// True for the first of the two words of the command.
    pub choice: Option<bool>,
    pub everywhere: bool,
    pub token: Option<&'a str>,
    pub key: Option<&'a str>,
    pub addresses: Option<&'a str>,
    pub format: Option<Format>,
    pub command: Option<&'a str>,
    pub history: Option<HistoryQuery<'a>>,
    pub password: Option<&'a str>,
    pub password_change: Option<PasswordChange<'a>>,
    pub seq: Option<u64>,
}

impl<'a> Arguments<'a> {
    /// Returns the argument `room`, or "" without one: the parser has refused a command that lacks a required argument.
    pub(super) fn room(&self) -> &'a str {
        self.room.unwrap_or_default()
    }

    /// Returns the argument `to`, or "" without one, like [`Arguments::room`].
    pub(super) fn to(&self) -> &'a str {
        self.to.unwrap_or_default()
    }

    /// Returns the argument `text`, or "" without one, like [`Arguments::room`].
    pub(super) fn text(&self) -> &'a str {
        self.text.unwrap_or_default()
    }

    /// Sets an argument that is a word or a text; the other ones stay. The `#` of IRC and Slack is no part of a room's
    /// name: `#ops` is the room `ops`.
    pub(super) fn set(&mut self, field: Field, value: &'a str) {
        match field {
            Field::Room => self.room = Some(room_word(value)),
            Field::To => self.to = Some(value),
            Field::Text => self.text = Some(value),
            Field::Words => self.words = Some(value),
            Field::After => self.after = Some(value),
            Field::Token => self.token = Some(value),
            Field::Key => self.key = Some(value),
            Field::Addresses => self.addresses = Some(value),
            Field::Word => self.command = Some(value),
            Field::Before | Field::Seconds | Field::Minutes | Field::Choice | Field::Everywhere => {}
            Field::AfterId | Field::Id | Field::Format | Field::History => {}
            Field::Password | Field::PasswordChange => {}
        }
    }
}

impl<'a> Command<'a> {
    /// Returns the type of the command's object and the arguments. `None` for a line of another program, which has no
    /// object.
    pub(super) fn parts(&self) -> Option<(&'static str, Arguments<'a>)> {
        let none = Arguments::default();
        let of_user = |user: &'a str| Arguments { to: Some(user), ..none };
        let list = |after: Option<&'a str>| Arguments { after, ..none };
        Some(match *self {
            Command::Say(text) => ("say", Arguments { text: Some(text), ..none }),
            Command::SayIn { room, text } => ("say", Arguments { room: Some(room), text: Some(text), ..none }),
            Command::Hooray => ("hooray", none),
            Command::All(text) => ("all", Arguments { text: Some(text), ..none }),
            Command::Online { after } => ("users", list(after)),
            Command::OnlineDetails => ("members", none),
            Command::Others { after } => ("others", list(after)),
            Command::Members { room, after } => ("who", Arguments { room: Some(room), ..list(after) }),
            Command::Since { seconds, after } => ("since", Arguments { seconds: Some(seconds), ..list(after) }),
            Command::Message { to, text } => ("pm", Arguments { text: Some(text), ..of_user(to) }),
            Command::Connect(user) => ("connect", of_user(user)),
            Command::Accept(to) => ("accept", Arguments { to, ..none }),
            Command::Reject(to) => ("reject", Arguments { to, ..none }),
            Command::Chats { after } => ("chats", list(after)),
            Command::Private { to, text } => ("private", Arguments { to, text: Some(text), ..none }),
            Command::End(to) => ("end", Arguments { to, ..none }),
            Command::Direct(user) => ("direct", of_user(user)),
            Command::DirectText { to, text } => ("direct_say", Arguments { text: Some(text), ..of_user(to) }),
            Command::DirectStop(user) => ("direct_stop", of_user(user)),
            Command::DirectKey(key) => ("direct_key", Arguments { key: Some(key), ..none }),
            Command::Trust(user) => ("trust", of_user(user)),
            Command::DirectAccept { to, key, addresses } => {
                ("direct_accept", Arguments { key: Some(key), addresses: Some(addresses), ..of_user(to) })
            }
            Command::Away(text) => ("away", Arguments { text, ..none }),
            Command::Nick(name) => ("nick", of_user(name)),
            Command::Whois(user) => ("whois", of_user(user)),
            Command::Block(user) => ("block", of_user(user)),
            Command::Blocked { after } => ("block", list(after)),
            Command::Unblock(user) => ("unblock", of_user(user)),
            Command::Join(room) => ("join", Arguments { room: Some(room), ..none }),
            Command::JoinWithKey { room, key } => ("join", Arguments { room: Some(room), key: Some(key), ..none }),
            Command::Leave(room) => ("leave", Arguments { room, ..none }),
            Command::Rooms { after } => ("rooms", list(after)),
            Command::Link(room) => ("link", Arguments { room, ..none }),
            Command::History(ask) => ("history", Arguments { history: Some(ask), ..none }),
            Command::HistoryIn { room, ask } => ("history", Arguments { room: Some(room), history: Some(ask), ..none }),
            Command::Search { words, before } => ("search", Arguments { words: Some(words), before, ..none }),
            Command::Forget => ("forget", none),
            Command::Format(format) => ("format", Arguments { format: Some(format), ..none }),
            Command::Register { password } => ("register", Arguments { password, ..none }),
            Command::Password(password_change) => ("password", Arguments { password_change, ..none }),
            Command::Help(command) => ("help", Arguments { command, ..none }),
            Command::Ping(token) => ("ping", Arguments { token, ..none }),
            Command::Ack(seq) => ("ack", Arguments { seq: Some(seq), ..none }),
            Command::Alive => ("pong", none),
            Command::Quit => ("quit", none),
            Command::InRoom { room, action } => action.parts(room),
            Command::OnServer(action) => action.parts(),
            Command::Foreign { .. } => return None,
        })
    }

    /// True if the command changes nothing, so that a repetition may run again.
    #[must_use]
    pub fn is_question(&self) -> bool {
        let spec = self.parts().and_then(|(r#type, _)| super::spec::of_type(r#type));
        matches!(self, Command::Blocked { .. }) || spec.is_some_and(|spec| spec.is_question)
    }

    /// True if a client must not send the command again in a new session, where the server cannot recognize the
    /// repetition.
    #[must_use]
    pub fn runs_once(&self) -> bool {
        let spec = self.parts().and_then(|(r#type, _)| super::spec::of_type(r#type));
        spec.is_some_and(|spec| spec.runs_once)
    }

    /// Returns the text that other users get, if the command says something: its argument `text`, or the fixed text of
    /// [`HOORAY`]. A command with such a text has a nonce, counts against the budget of its address, and is refused
    /// right behind questions for passwords.
    #[must_use]
    pub fn text_for_others(&self) -> Option<&'a str> {
        match *self {
            // Nearly all lines are talk, so this arm avoids the search below.
            Command::Say(text) => Some(text),
            Command::Hooray => Some(HOORAY),
            _ => self.parts()?.1.text,
        }
    }
}

impl fmt::Display for Command<'_> {
    /// Writes the slash form, which parses back to the same command. Passwords are left out, and a command that only
    /// objects have is written as the line nearest to it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((kind, args)) = self.parts() else { return f.write_str(super::parse::FOREIGN[0]) };
        let Some(spec) = super::spec::of_type(kind) else { return f.write_str("/ping") };
        write!(f, "/{}", spec.word())?;
        for field in spec.fields() {
            args.write(field, spec, f)?;
        }
        Ok(())
    }
}

impl Arguments<'_> {
    /// Writes one argument as it stands in a line, behind a space.
    fn write(&self, field: Field, spec: &CommandSpec, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match field {
            Field::Room => self.room,
            Field::To => self.to,
            Field::Text => self.text,
            Field::Token => self.token,
            Field::Key => self.key,
            Field::Addresses => self.addresses,
            Field::Word => self.command,
            Field::Format => self.format.map(Format::as_str),
            Field::Words => {
                if let Some(id) = self.before {
                    write!(f, " before {id}")?;
                }
                self.words
            }
            Field::After => {
                if let Some(name) = self.after {
                    write!(f, " after {name}")?;
                }
                None
            }
            Field::AfterId => {
                if let Some(id) = self.after_id {
                    write!(f, " after {id}")?;
                }
                None
            }
            Field::Id => {
                if let Some(id) = self.id.filter(|_| self.text.is_none()) {
                    write!(f, " {id}")?;
                }
                None
            }
            Field::Seconds => {
                if let Some(seconds) = self.seconds {
                    write!(f, " {seconds}")?;
                }
                None
            }
            Field::Minutes => {
                if let Some(minutes) = self.minutes {
                    write!(f, " {minutes}")?;
                }
                None
            }
            Field::Everywhere => self.everywhere.then_some("everywhere"),
            Field::Choice => self.choice.map(|first| spec.choice[usize::from(!first)]),
            Field::History => {
                if let Some(ask) = self.history {
                    write!(f, "{ask}")?;
                }
                None
            }
            // `Words` has written it.
            Field::Before | Field::Password | Field::PasswordChange => None,
        };
        match word {
            Some(word) => write!(f, " {word}"),
            None => Ok(()),
        }
    }
}
