//! Command objects: commands and sign-ins of programs, as one JSON object per line.
//!
//! A text command acts on the current room, which a late answer may have changed, and its answer does not say which
//! command it belongs to. An object names its room or user, and each object of its answer carries its `label`.
//! docs/PROTOCOL.md lists all types with examples.

mod labels;
mod sign_in;

pub use labels::label_in_beginning;
pub use sign_in::SignIn;

use super::args::{Arguments, Field};
use super::spec::CommandSpec;
use super::{Command, Format, HistoryQuery, PasswordChange, room_word, spec};
use crate::cause::{Cause, Report};
use crate::clean::clean;
use crate::event::Text;
use crate::limits::LABEL_BYTES;
use crate::password;
use labels::label_in;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The room name that means all users online. It is reserved, so no room has it.
pub const EVERYBODY: &str = "all";

/// Maximum length in characters of a parse error, which may quote the whole line.
const WHY_CHARS: usize = 200;

/// A command object. Fields that its type does not use are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request<'a> {
    /// The command.
    pub r#type: Text<'a>,
    /// The label for the answer. A command with a label that the session has used before is not run again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text<'a>>,
    /// Identifies a message that is sent again, also after a restart of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Text<'a>>,
    /// The room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<Text<'a>>,
    /// The other user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Text<'a>>,
    /// The text to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// The other user of the direct messages to look up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<Text<'a>>,
    /// The words to search for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<Text<'a>>,
    /// The id of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Number of messages from the end of the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// Only messages before this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Only messages after this id; in lists, only entries after this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<After<'a>>,
    /// Only messages missed since the last visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<bool>,
    /// A time span in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// A time span in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u64>,
    /// One of the two words of the command, such as `on` or `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Text<'a>>,
    /// On the whole server instead of one room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub everywhere: Option<bool>,
    /// The token of a ping or of a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Text<'a>>,
    /// A public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Text<'a>>,
    /// Addresses, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Text<'a>>,
    /// `json` or `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Text<'a>>,
    /// The command to explain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Text<'a>>,
    /// The number of the last event received, to acknowledge it or to resume behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Sign-in: the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Text<'a>>,
    /// The password of the account: of the sign-in, or of the account to make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Text<'a>>,
    /// The account's present password, to change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Text<'a>>,
    /// The account's new password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Text<'a>>,
    /// Sign-in: the secret by which the program of a guest gets the guest's name back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_token: Option<Text<'a>>,
    /// Sign-in: the password of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_password: Option<Text<'a>>,
    /// Sign-in: this client acknowledges events that carry a `seq`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acks: Option<bool>,
    /// Sign-in: the rooms to enter, each with the last id received there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rooms: Option<BTreeMap<Text<'a>, Option<u64>>>,
}

/// The position behind which a list or the history continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum After<'a> {
    /// Behind the message with this id.
    Id(u64),
    /// Behind this name.
    Name(Text<'a>),
}

impl<'a> Request<'a> {
    /// Returns a request of this type without other fields.
    #[must_use]
    pub fn of(r#type: &'a str) -> Request<'a> {
        Request { r#type: r#type.into(), ..Request::default() }
    }

    /// True if a line is meant as an object: it begins with `{`.
    #[must_use]
    pub fn is_object(line: &str) -> bool {
        line.trim_start().starts_with('{')
    }

    /// Parses a line.
    ///
    /// # Errors
    /// The line is no object, a field has the wrong type, or label or nonce is too long. The label is for the answer, if it
    /// can be read.
    pub fn parse(line: &'a str) -> Result<Request<'a>, (Option<String>, Report<'static>)> {
        match serde_json::from_str::<Request<'a>>(line) {
            Ok(request) => match request.fault() {
                None => Ok(request),
                Some(why) => Err((request.answer_label(), Cause::BadObject.with_word(why))),
            },
            Err(error) => {
                // The error may quote the whole line.
                let why: String = clean(&error.to_string()).chars().take(WHY_CHARS).collect();
                Err((label_in(line), Cause::BadObject.with_word(why)))
            }
        }
    }

    /// True if a client must not send the command again in a new session, where the server cannot recognize the
    /// repetition.
    #[must_use]
    pub fn runs_once(&self) -> bool {
        super::spec::of_type(&self.r#type).is_some_and(|spec| spec.runs_once)
    }

    /// The label for answers; `None` if there is none or it is too long.
    #[must_use]
    pub fn answer_label(&self) -> Option<String> {
        self.label.as_deref().filter(|label| label.len() <= LABEL_BYTES).map(str::to_owned)
    }

    fn fault(&self) -> Option<&'static str> {
        let is_long = |text: &Option<Text<'_>>| text.as_ref().is_some_and(|text| text.len() > LABEL_BYTES);
        (is_long(&self.label) || is_long(&self.nonce)).then_some("a label or nonce has at most 64 bytes")
    }

    /// The command of a client that is signed in.
    ///
    /// # Errors
    /// The type is unknown, or a field is missing or invalid.
    pub fn command(&self) -> Result<Command<'_>, Report<'static>> {
        let row = match &*self.r#type {
            "ack" => return Ok(Command::Ack(self.seq.ok_or_else(|| missing("seq"))?)),
            "pong" => return Ok(Command::Alive),
            r#type => spec::of_type(r#type).ok_or_else(|| Cause::BadObject.with_word("there is no such type"))?,
        };
        let mut args = Arguments::default();
        let everywhere = self.everywhere == Some(true);
        if everywhere && row.fields().all(|field| field != Field::Everywhere) {
            return Err(Cause::BadObject.with_word("everywhere is for ban and unban"));
        }
        if everywhere && self.room.is_some() {
            return Err(Cause::BadObject.with_word("room or everywhere, not both"));
        }
        if row.in_room && !everywhere {
            args.set(Field::Room, need("room", &self.room)?);
        }
        for field in row.required {
            if !self.read(*field, row, &mut args)? {
                return Err(missing(name(*field)));
            }
        }
        for field in row.optional {
            self.read(*field, row, &mut args)?;
        }
        Ok((row.build)(args))
    }

    /// Reads one argument; false if it is missing.
    fn read<'s>(&'s self, field: Field, row: &CommandSpec, args: &mut Arguments<'s>) -> Result<bool, Report<'static>> {
        let text = match field {
            Field::Room => &self.room,
            Field::To => &self.to,
            Field::Text => &self.text,
            Field::Words => &self.words,
            Field::Token => &self.token,
            Field::Key => &self.key,
            Field::Addresses => &self.addresses,
            Field::Word => &self.command,
            Field::After => {
                args.after = self.after_name()?;
                return Ok(args.after.is_some());
            }
            Field::Before => {
                args.before = self.before;
                return Ok(args.before.is_some());
            }
            Field::AfterId => {
                args.after_id = match self.after {
                    None => None,
                    Some(After::Id(id)) => Some(id),
                    Some(After::Name(_)) => return Err(Cause::BadObject.with_word("after is an id here")),
                };
                return Ok(args.after_id.is_some());
            }
            Field::Id if self.id.is_some() && self.to.is_some() => {
                return Err(Cause::BadObject.with_word("id or to, not both"));
            }
            Field::Id => {
                args.id = self.id;
                return Ok(args.id.is_some());
            }
            Field::Seconds => {
                args.seconds = self.seconds;
                return Ok(args.seconds.is_some());
            }
            Field::Minutes => {
                args.minutes = self.minutes;
                return Ok(args.minutes.is_some());
            }
            Field::Everywhere => {
                args.everywhere = self.everywhere.unwrap_or_default();
                return Ok(args.everywhere);
            }
            Field::Choice => {
                let mode = need("mode", &self.mode)?;
                let first = row.choice.iter().position(|word| *word == mode);
                let [yes, no] = row.choice;
                let first = first.ok_or_else(|| Cause::BadObject.with_word(format!("mode is {yes} or {no}")))?;
                args.choice = Some(first == 0);
                return Ok(true);
            }
            Field::Format => {
                args.format = Some(match need("format", &self.format)? {
                    "json" => Format::Json,
                    "text" => Format::Text,
                    _ => return Err(Cause::BadObject.with_word("format is json or text")),
                });
                return Ok(true);
            }
            Field::History => {
                args.room = self.room.as_deref().map(room_word);
                args.history = Some(self.history()?);
                return Ok(true);
            }
            Field::Password => {
                args.password = Some(need_password("password", &self.password)?);
                return Ok(true);
            }
            Field::PasswordChange => {
                let old = need_password("old", &self.old)?;
                let new = need_password("new", &self.new)?;
                args.password_change = Some(PasswordChange { old, new });
                return Ok(true);
            }
        };
        if let Some(text) = text {
            args.set(field, text);
        }
        Ok(text.is_some())
    }

    /// The name behind which a list continues.
    fn after_name(&self) -> Result<Option<&str>, Report<'static>> {
        match &self.after {
            None => Ok(None),
            Some(After::Name(name)) => Ok(Some(name)),
            Some(After::Id(_)) => Err(Cause::BadObject.with_word("after is a name here")),
        }
    }

    fn history(&self) -> Result<HistoryQuery<'_>, Report<'static>> {
        let ask = match (self.last, self.before, &self.after, self.unread) {
            (Some(0), ..) => return Err(Cause::BadObject.with_word("last is at least 1")),
            (Some(last), None, None, None) => HistoryQuery::Last(last),
            (None, Some(id), None, None) => HistoryQuery::Before(id),
            (None, None, Some(After::Id(id)), None) => HistoryQuery::After(*id),
            (None, None, None, Some(true)) => HistoryQuery::Unread,
            (None, None, None, None | Some(false)) => HistoryQuery::default(),
            _ => return Err(Cause::BadObject.with_word("one of last, before, after and unread")),
        };
        Ok(match &self.with {
            Some(user) if self.room.is_none() => HistoryQuery::With(user),
            _ => ask,
        })
    }

    /// Returns the object for a command typed in `room`. `None` if the command needs a room or a user that is not named, or
    /// has no object.
    #[must_use]
    pub fn of_command(command: &Command<'a>, room: Option<&'a str>) -> Option<Request<'a>> {
        let (r#type, args) = command.parts()?;
        let named = match *command {
            Command::Private { to: None, .. } => return None,
            Command::History(HistoryQuery::With(_)) => None,
            Command::History(_) => room,
            _ if !args.everywhere && spec::of_type(r#type).is_some_and(|spec| spec.in_room) => {
                Some(args.room.or(room)?)
            }
            _ => args.room,
        };
        let text = |word: Option<&'a str>| word.map(Text::Borrowed);
        let mode = args.choice.and_then(|first| Some(spec::of_type(r#type)?.choice[usize::from(!first)]));
        let request = Request {
            room: text(named.or(args.room)),
            to: text(args.to),
            text: text(args.text),
            words: text(args.words),
            before: args.before,
            after: args.after.map(|name| After::Name(name.into())).or(args.after_id.map(After::Id)),
            id: args.id,
            seconds: args.seconds,
            minutes: args.minutes,
            mode: text(mode),
            everywhere: args.everywhere.then_some(true),
            token: text(args.token),
            key: text(args.key),
            addresses: text(args.addresses),
            format: text(args.format.map(Format::as_str)),
            command: text(args.command),
            seq: args.seq,
            password: text(args.password),
            old: text(args.password_change.map(|change| change.old)),
            new: text(args.password_change.map(|change| change.new)),
            ..Request::of(r#type)
        };
        Some(match args.history {
            None => request,
            Some(HistoryQuery::Last(last)) => Request { last: Some(last), ..request },
            Some(HistoryQuery::Before(id)) => Request { before: Some(id), ..request },
            Some(HistoryQuery::After(id)) => Request { after: Some(After::Id(id)), ..request },
            Some(HistoryQuery::Unread) => Request { unread: Some(true), ..request },
            Some(HistoryQuery::With(user)) => Request { with: text(Some(user)), ..request },
        })
    }

    /// Returns the object as one line, without a line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Serializing strings and numbers cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The name of an argument in objects.
fn name(field: Field) -> &'static str {
    match field {
        Field::Room => "room",
        Field::To => "to",
        Field::Text => "text",
        Field::Words => "words",
        Field::After | Field::AfterId => "after",
        Field::Id => "id",
        Field::Before => "before",
        Field::Seconds => "seconds",
        Field::Minutes => "minutes",
        Field::Choice => "mode",
        Field::Everywhere => "everywhere",
        Field::Token => "token",
        Field::Key => "key",
        Field::Addresses => "addresses",
        Field::Format => "format",
        Field::Word => "command",
        Field::History => "last",
        Field::Password => "password",
        Field::PasswordChange => "new",
    }
}

fn need<'s>(field: &'static str, value: &'s Option<Text<'_>>) -> Result<&'s str, Report<'static>> {
    value.as_deref().ok_or_else(|| missing(field))
}

/// A password as it counts: without the blanks around it.
fn need_password<'s>(field: &'static str, value: &'s Option<Text<'_>>) -> Result<&'s str, Report<'static>> {
    need(field, value).map(password::from_line)
}

fn missing(field: &'static str) -> Report<'static> {
    Cause::BadObject.with_word(format!("{field} is missing"))
}

#[cfg(test)]
mod tests;
