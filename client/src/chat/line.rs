//! One line of a conversation.

use super::limits::{FOLDED, MESSAGE_CHARS, NAME_CHARS};
pub use crate::message::length_error;
use landline_common::clean::{clean, clean_message};
use landline_common::limits::MOST_MESSAGE_LINES;
use landline_common::name::{is_server_author, server_author};

/// Texts are cut at four times what a server takes: it may be set to take more.
const TEXT_CHARS: usize = 4 * MESSAGE_CHARS;

/// A line: when, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its own number in this program, never used twice.
    pub key: u64,
    /// The server's number for a message, as soon as it is known.
    pub id: Option<u64>,
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    /// What it is.
    pub body: Body,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Somebody said something.
    Talk(Talk),
    /// People came and went; folded into one line.
    Presence(Presence),
    /// Something to know.
    Notice {
        /// How much it matters.
        tone: Severity,
        /// The text.
        text: Box<str>,
    },
}

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It was asked for, or is good to know.
    Info,
    /// Something was refused.
    Refused,
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// Who.
    pub user: Box<str>,
    /// What.
    pub text: Box<str>,
    /// Where, if that is elsewhere (in the list of mentions).
    pub room: Option<Box<str>>,
    /// It names the reader.
    pub mention: bool,
    /// Said in a chat, which nobody stores.
    pub private: bool,
    /// How far it has come.
    pub delivery: Delivery,
}

/// How far a line has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Somebody else's.
    Heard,
    /// One's own, waiting for a connection or for its turn.
    Unsent,
    /// One's own, on the way.
    Pending,
    /// One's own, and the server has it.
    Sent,
    /// One's own, and it did not get there: why.
    Failed(Box<str>),
}

impl Delivery {
    /// It may still get there.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Delivery::Unsent | Delivery::Pending)
    }

    /// It is one's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        *self != Delivery::Heard
    }
}

/// Comings and goings within a minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Each user once, in the order of their first movement.
    users: Vec<(Box<str>, Moved)>,
    /// How many more than are named.
    more_came: usize,
    more_went: usize,
}

/// What a user's movements within a minute add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    Joined,
    Left,
    JoinedAndLeft,
    LeftAndCameBack,
}

impl Moved {
    fn then(self, came: bool) -> Moved {
        match (self, came) {
            (Moved::Joined | Moved::JoinedAndLeft, true) => Moved::Joined,
            (Moved::Joined | Moved::JoinedAndLeft, false) => Moved::JoinedAndLeft,
            (Moved::Left | Moved::LeftAndCameBack, true) => Moved::LeftAndCameBack,
            (Moved::Left | Moved::LeftAndCameBack, false) => Moved::Left,
        }
    }
}

impl Presence {
    /// Adds a movement of a user.
    pub fn add(&mut self, user: &str, came: bool) {
        let key = user.to_lowercase();
        if let Some((_, moved)) = self.users.iter_mut().find(|(other, _)| other.to_lowercase() == key) {
            *moved = moved.then(came);
        } else if self.users.len() < FOLDED {
            self.users.push((user.into(), if came { Moved::Joined } else { Moved::Left }));
        } else {
            self.add_many(usize::from(came), usize::from(!came));
        }
    }

    /// Adds many whose names do not matter.
    pub fn add_many(&mut self, came: usize, went: usize) {
        self.more_came = self.more_came.saturating_add(came);
        self.more_went = self.more_went.saturating_add(went);
    }

    /// As a sentence: names for a few, numbers for many.
    #[must_use]
    pub fn sentence(&self) -> String {
        let part = |moved: Moved, more: usize, verb: &str| {
            let all = self.users.iter().filter(|(_, own)| *own == moved);
            let names: Vec<&str> = all.map(|(user, _)| &**user).collect();
            match (&names[..], more) {
                ([], 0) => None,
                ([one], 0) => Some(format!("{one} {verb}")),
                ([one, two], 0) => Some(format!("{one} and {two} {verb}")),
                ([one, two, three], 0) => Some(format!("{one}, {two} and {three} {verb}")),
                _ => Some(format!("{} {verb}", more.saturating_add(names.len()))),
            }
        };
        let parts = [
            part(Moved::Joined, self.more_came, "joined"),
            part(Moved::Left, self.more_went, "left"),
            part(Moved::JoinedAndLeft, 0, "joined and left"),
            part(Moved::LeftAndCameBack, 0, "left and came back"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Line {
    /// What somebody said, if it is that.
    #[must_use]
    pub fn talk(&self) -> Option<&Talk> {
        match &self.body {
            Body::Talk(talk) => Some(talk),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn talk_mut(&mut self) -> Option<&mut Talk> {
        match &mut self.body {
            Body::Talk(talk) => Some(talk),
            _ => None,
        }
    }

    /// Bytes that it holds, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        let text = match &self.body {
            Body::Talk(talk) => talk.user.len() + talk.text.len(),
            Body::Presence(_) => FOLDED,
            Body::Notice { text, .. } => text.len(),
        };
        size_of::<Line>() + text
    }
}

/// A name from the server: cleaned again, and never long. The name of a server that speaks itself stays one.
#[must_use]
pub fn name(text: &str) -> Box<str> {
    let short = shortened(text, NAME_CHARS);
    if is_server_author(text) && !is_server_author(&short) {
        server_author(&shortened(text, NAME_CHARS / 2)).into()
    } else {
        short
    }
}

/// A message that somebody said: cleaned again, with its lines, and bounded.
#[must_use]
pub fn said(text: &str) -> Box<str> {
    let text = clean_message(text);
    let lines = text.match_indices('\n').nth(MOST_MESSAGE_LINES - 1).map_or(text.len(), |(end, _)| end);
    let end = text.char_indices().nth(TEXT_CHARS).map_or(text.len(), |(end, _)| end);
    text[..lines.min(end)].into()
}

/// A text from the server: cleaned again, and never longer than `chars`.
#[must_use]
pub fn shortened(text: &str, chars: usize) -> Box<str> {
    let text = clean(text);
    match text.char_indices().nth(chars) {
        Some((end, _)) => text[..end].into(),
        None => text.into_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(steps: &[(&str, bool)]) -> String {
        let mut presence = Presence::default();
        steps.iter().for_each(|(user, came)| presence.add(user, *came));
        presence.sentence()
    }

    #[test]
    fn comings_and_goings_are_folded() {
        assert_eq!(sentence(&[("ann", true)]), "ann joined");
        assert_eq!(sentence(&[("ann", true), ("bob", true), ("cy", false)]), "ann and bob joined, cy left");
        let many: Vec<String> = (0..70).map(|i| format!("u{i}")).collect();
        let many: Vec<(&str, bool)> = many.iter().map(|name| (name.as_str(), true)).collect();
        assert_eq!(sentence(&many), "70 joined");
        let mut crowd = Presence::default();
        crowd.add_many(300, 0);
        crowd.add("bob", false);
        assert_eq!(crowd.sentence(), "300 joined, bob left");
    }

    #[test]
    fn a12_each_user_is_named_once_with_what_became_of_them() {
        assert_eq!(sentence(&[("carol", false), ("Carol", false)]), "carol left");
        assert_eq!(sentence(&[("eve", true), ("carol", false), ("carol", false)]), "eve joined, carol left");
        assert_eq!(sentence(&[("ann", true), ("ann", false)]), "ann joined and left");
        assert_eq!(sentence(&[("ann", false), ("ann", true)]), "ann left and came back");
        assert_eq!(sentence(&[("ann", true), ("ann", false), ("ann", true)]), "ann joined");
        assert_eq!(sentence(&[("ann", false), ("ann", true), ("ann", false)]), "ann left");
        let steps = [("ann", true), ("bob", true), ("cy", false), ("bob", false), ("cy", true)];
        assert_eq!(sentence(&steps), "ann joined, bob joined and left, cy left and came back");
    }

    #[test]
    fn texts_from_the_server_are_cleaned_and_cut() {
        assert_eq!(&*name("a\u{1b}[31mb"), "ab");
        assert_eq!(name(&"日".repeat(99)).chars().count(), NAME_CHARS);
    }
}
