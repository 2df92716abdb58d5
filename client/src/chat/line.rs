//! A line of a conversation: a message, a notice, or joins and leaves. Text from a server is cleaned and cut here.

use super::limits::{MAX_PRESENCE_NAMES, MESSAGE_CHARS, NAME_CHARS};
pub use crate::message::length_error;
use landline_common::action::shown_action;
use landline_common::clean::{clean, clean_message};
use landline_common::limits::MOST_MESSAGE_LINES;
use landline_common::name::{is_server_author, server_author};
use std::borrow::Cow;

/// Characters of a message; longer ones are cut. Higher than the usual limit, since a server may be configured to allow
/// longer messages.
const TEXT_CHARS: usize = 4 * MESSAGE_CHARS;

/// The mark of a message whose author has replaced the text.
pub const EDITED: &str = " (edited)";

/// A line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number of the line, unique in this process.
    pub key: u64,
    /// Id of the message, once the server has told it.
    pub id: Option<u64>,
    /// Time in milliseconds since 1970 UTC.
    pub at: i64,
    /// Content.
    pub body: Body,
}

/// The content of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message.
    Message(ChatMessage),
    /// Joins and leaves of several users.
    Presence(Presence),
    /// A notice of the client or the server.
    Notice {
        /// Severity.
        severity: Severity,
        /// Text.
        text: Box<str>,
    },
    /// The place of a message that was removed, with a text in its stead.
    Removed(Box<str>),
}

/// The severity of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Information.
    Info,
    /// A refusal, an error or a warning.
    Refused,
}

/// A message of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
    /// Sender.
    pub user: Box<str>,
    /// Text, cleaned.
    pub text: Box<str>,
    /// Title of the conversation that the message is from; set only in the list of mentions.
    pub room: Option<Box<str>>,
    /// True if it mentions the user.
    pub mention: bool,
    /// True if its author has replaced the text.
    pub edited: bool,
    /// True in a secret chat, where no server stores it.
    pub private: bool,
    /// Delivery, for messages of the user.
    pub delivery: Delivery,
}

impl ChatMessage {
    /// Returns the text as it is shown behind the name: `* alice waves` for an action, with a mark if it was changed.
    #[must_use]
    pub fn shown_text(&self) -> Cow<'_, str> {
        let text = shown_action(&self.user, &self.text).map_or(Cow::Borrowed(&*self.text), Cow::Owned);
        if self.edited { Cow::Owned(text.into_owned() + EDITED) } else { text }
    }
}

#[cfg(test)]
impl ChatMessage {
    /// A message of another user in the conversation's room.
    pub fn received(user: &str, text: &str) -> ChatMessage {
        let (user, text) = (user.into(), text.into());
        let (mention, edited, private) = (false, false, false);
        ChatMessage { user, text, room: None, mention, edited, private, delivery: Delivery::Received }
    }
}

/// Delivery of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// From another user.
    Received,
    /// From the user: waits for a connection or for its turn.
    Unsent,
    /// From the user: sent, without an answer yet.
    Pending,
    /// From the user: accepted by the server, or by the other side of an encrypted chat.
    Sent,
    /// From the user: not delivered, or lost without certainty; with the reason.
    Failed(Box<str>),
}

impl Delivery {
    /// Returns whether the delivery is still under way.
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        matches!(self, Delivery::Unsent | Delivery::Pending)
    }

    /// Returns whether the message is from the user.
    #[must_use]
    pub fn is_own(&self) -> bool {
        *self != Delivery::Received
    }
}

/// Joins and leaves within one minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Each user once, in the order of the first change.
    users: Vec<(Box<str>, PresenceChange)>,
    /// Number of joins without a name.
    more_joined: usize,
    /// Number of leaves without a name.
    more_left: usize,
}

/// The joins and leaves of one user, added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PresenceChange {
    Joined,
    Left,
    JoinedAndLeft,
    LeftAndCameBack,
}

impl PresenceChange {
    /// Adds a join, or a leave if not `joined`.
    fn then(self, joined: bool) -> PresenceChange {
        match (self, joined) {
            (PresenceChange::Joined | PresenceChange::JoinedAndLeft, true) => PresenceChange::Joined,
            (PresenceChange::Joined | PresenceChange::JoinedAndLeft, false) => PresenceChange::JoinedAndLeft,
            (PresenceChange::Left | PresenceChange::LeftAndCameBack, true) => PresenceChange::LeftAndCameBack,
            (PresenceChange::Left | PresenceChange::LeftAndCameBack, false) => PresenceChange::Left,
        }
    }
}

impl Presence {
    /// Adds a join of a user, or a leave if not `joined`.
    pub fn add(&mut self, user: &str, joined: bool) {
        let key = user.to_lowercase();
        if let Some((_, moved)) = self.users.iter_mut().find(|(other, _)| other.to_lowercase() == key) {
            *moved = moved.then(joined);
        } else if self.users.len() < MAX_PRESENCE_NAMES {
            self.users.push((user.into(), if joined { PresenceChange::Joined } else { PresenceChange::Left }));
        } else {
            self.add_many(usize::from(joined), usize::from(!joined));
        }
    }

    /// Adds joins and leaves without names.
    pub fn add_many(&mut self, joined: usize, left: usize) {
        self.more_joined = self.more_joined.saturating_add(joined);
        self.more_left = self.more_left.saturating_add(left);
    }

    /// Returns a sentence with up to three names, or a number, for each kind of change.
    #[must_use]
    pub fn sentence(&self) -> String {
        let part = |moved: PresenceChange, more: usize, verb: &str| {
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
            part(PresenceChange::Joined, self.more_joined, "joined"),
            part(PresenceChange::Left, self.more_left, "left"),
            part(PresenceChange::JoinedAndLeft, 0, "joined and left"),
            part(PresenceChange::LeftAndCameBack, 0, "left and came back"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Line {
    /// Returns the message, if the line is one.
    #[must_use]
    pub fn message(&self) -> Option<&ChatMessage> {
        match &self.body {
            Body::Message(message) => Some(message),
            _ => None,
        }
    }

    /// Returns the message mutably, if the line is one.
    pub fn message_mut(&mut self) -> Option<&mut ChatMessage> {
        match &mut self.body {
            Body::Message(message) => Some(message),
            _ => None,
        }
    }

    /// Returns the approximate size in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let text = match &self.body {
            Body::Message(message) => message.user.len() + message.text.len(),
            Body::Presence(_) => MAX_PRESENCE_NAMES,
            Body::Notice { text, .. } | Body::Removed(text) => text.len(),
        };
        size_of::<Line>() + text
    }
}

/// Returns a name from a server, cleaned and cut. A name that marks a message of the server itself keeps its mark: cut
/// off, the name would pass for one of a user.
#[must_use]
pub fn cleaned_name(text: &str) -> Box<str> {
    let short = cleaned(text, NAME_CHARS);
    if is_server_author(text) && !is_server_author(&short) {
        server_author(&cleaned(text, NAME_CHARS / 2)).into()
    } else {
        short
    }
}

/// Returns the text of a message from a server, cleaned and cut. Its line ends stay.
#[must_use]
pub fn cleaned_message(text: &str) -> Box<str> {
    let text = clean_message(text);
    let lines = text.match_indices('\n').nth(MOST_MESSAGE_LINES - 1).map_or(text.len(), |(end, _)| end);
    let end = text.char_indices().nth(TEXT_CHARS).map_or(text.len(), |(end, _)| end);
    text[..lines.min(end)].into()
}

/// Returns a text from a server, cleaned and cut to `chars` characters. Line ends become blanks.
#[must_use]
pub fn cleaned(text: &str, chars: usize) -> Box<str> {
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
        for (user, joined) in steps {
            presence.add(user, *joined);
        }
        presence.sentence()
    }

    #[test]
    fn joins_and_leaves_are_folded() {
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
    fn a12_each_user_is_named_once_with_the_sum_of_changes() {
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
    fn names_from_the_server_are_cleaned_and_cut() {
        assert_eq!(&*cleaned_name("a\u{1b}[31mb"), "ab");
        assert_eq!(cleaned_name(&"日".repeat(99)).chars().count(), NAME_CHARS);
    }
}
