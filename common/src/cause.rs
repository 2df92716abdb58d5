//! The table of causes: reasons for refusals, and changes that a user is told of.
//!
//! Programs decide by the cause; the sentence is for users, and may be reworded. A row has the name on the wire, the
//! kind (with the code of a refusal), the sentence, and LanTalk's sentence where it differs.
//!
//! Older clients compare some sentences to the letter, so these must not be reworded. The test
//! `sentences_that_older_clients_compare_stay_to_the_letter` lists them, and all of LanTalk's sentences.
//!
//! In a sentence, `{user}`, `{by}`, `{room}`, `{seconds}`, `{count}`, `{retry_ms}` and `{word}` are fields of [`Details`]; `{s}` is
//! the plural ending for `{count}`, `{time}` is " for 5 min" if there are seconds, and `{hint}` names the command that was
//! meant, and `/help`.

mod names;
mod sentence;
mod table;

use CauseKind::{BareRefusal, Line, Refusal, State};
pub(crate) use sentence::time_span;
pub use table::Cause;

use crate::event::Text;
use table::{CauseRow, TABLE};

/// The form in which a cause is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CauseKind {
    /// A change or a notice: `INFO: …`.
    State,
    /// The sentence alone, since older clients compare the whole line.
    Line,
    /// A refusal with an HTTP-like code: `ERROR: CODE …`.
    Refusal(u16),
    /// A refusal without a code, as in older programs: `ERROR: …`.
    BareRefusal,
}

/// The details of a cause. Names are as their owners wrote them; texts are cleaned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details<'a> {
    /// The user concerned.
    pub user: Option<Text<'a>>,
    /// The user who did it.
    pub by: Option<Text<'a>>,
    /// The room concerned.
    pub room: Option<Text<'a>>,
    /// Seconds until the situation changes.
    pub seconds: Option<u64>,
    /// The id of a message.
    pub id: Option<u64>,
    /// A number of things, or a limit.
    pub count: Option<u64>,
    /// Milliseconds after which a retry may succeed.
    pub retry_ms: Option<u64>,
    /// A word of a command, or a detail as text.
    pub word: Option<Text<'a>>,
    /// The command that was probably meant, with its slash.
    pub hint: Option<Text<'a>>,
    /// The reason given by the operator.
    pub reason: Option<Text<'a>>,
}

/// A cause with its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// The cause; [`Cause::Other`] if this version does not know it.
    pub cause: Cause,
    /// The details.
    pub about: Box<Details<'a>>,
    /// A sentence that replaces the one of the table: composed by the caller, or received from a server.
    pub text: Option<Text<'a>>,
    /// A code that replaces the one of the table, received from a server.
    pub code: Option<u16>,
}

impl Cause {
    fn row(self) -> &'static CauseRow {
        &TABLE[self as usize]
    }

    /// All causes, in the order of the table.
    pub fn all() -> impl Iterator<Item = Cause> {
        TABLE.iter().map(|row| row.cause)
    }

    /// The sentence with its placeholders.
    #[must_use]
    pub fn template(self) -> &'static str {
        self.row().sentence
    }

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The cause with this name on the wire.
    #[must_use]
    pub fn parse(name: &str) -> Option<Cause> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.cause)
    }

    /// The form in which it is written.
    #[must_use]
    pub fn kind(self) -> CauseKind {
        self.row().kind
    }

    /// The code, if the cause is a refusal with one.
    #[must_use]
    pub fn code(self) -> Option<u16> {
        match self.kind() {
            Refusal(code) => Some(code),
            State | Line | BareRefusal => None,
        }
    }

    /// Returns a report without details.
    #[must_use]
    pub fn report<'a>(self) -> Report<'a> {
        Report { cause: self, about: Box::default(), text: None, code: None }
    }

    /// Returns a report about a user.
    pub fn with_user<'a>(self, user: impl Into<Text<'a>>) -> Report<'a> {
        self.with_details(Details { user: Some(user.into()), ..Details::default() })
    }

    /// Returns a report about a room.
    pub fn with_room<'a>(self, room: impl Into<Text<'a>>) -> Report<'a> {
        self.with_details(Details { room: Some(room.into()), ..Details::default() })
    }

    /// Returns a report with a word or a detail.
    pub fn with_word<'a>(self, word: impl Into<Text<'a>>) -> Report<'a> {
        self.with_details(Details { word: Some(word.into()), ..Details::default() })
    }

    /// Returns a report with a number.
    #[must_use]
    pub fn with_count<'a>(self, count: u64) -> Report<'a> {
        self.with_details(Details { count: Some(count), ..Details::default() })
    }

    /// Returns a report with a time in seconds.
    #[must_use]
    pub fn with_seconds<'a>(self, seconds: u64) -> Report<'a> {
        self.with_details(Details { seconds: Some(seconds), ..Details::default() })
    }

    fn with_details(self, details: Details<'_>) -> Report<'_> {
        Report { cause: self, about: Box::new(details), text: None, code: None }
    }
}

impl<'a> Report<'a> {
    /// True for a refusal.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.cause.kind(), Refusal(_) | BareRefusal) || self.code.is_some()
    }

    /// The code of a refusal, if it has one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.code.or(self.cause.code())
    }

    /// Adds how to say a line that was taken for a command.
    #[must_use]
    pub fn with_say_hint(self) -> Report<'a> {
        const NAMES_A_USER: [Cause; 5] = [
            Cause::NoSuchUser,
            Cause::NotAskedPrivate,
            Cause::NoPrivateToEnd,
            Cause::DirectNotHere,
            Cause::DirectNotThere,
        ];
        if !NAMES_A_USER.contains(&self.cause) {
            return self;
        }
        let text = format!("{}; /say TEXT sends any text.", self.sentence().trim_end_matches('.'));
        self.with_text(text)
    }

    /// Replaces the sentence.
    #[must_use]
    pub fn with_text(self, text: impl Into<Text<'a>>) -> Report<'a> {
        Report { text: Some(text.into()), ..self }
    }

    /// Adds the operator's reason, unless it is empty.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Text<'a>>) -> Report<'a> {
        self.about.reason = Some(reason.into()).filter(|reason| !reason.is_empty());
        self
    }

    /// Adds the room.
    #[must_use]
    pub fn in_room(mut self, room: impl Into<Text<'a>>) -> Report<'a> {
        self.about.room = Some(room.into());
        self
    }

    /// Adds how many seconds it lasts; `None` without an end.
    #[must_use]
    pub fn for_seconds(mut self, seconds: Option<u64>) -> Report<'a> {
        self.about.seconds = seconds;
        self
    }

    /// Adds the command that was probably meant.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<impl Into<Text<'a>>>) -> Report<'a> {
        self.about.hint = hint.map(Into::into);
        self
    }
}

#[cfg(test)]
mod tests;
