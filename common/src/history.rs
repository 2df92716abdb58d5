//! Records of the history and the mailbox, and requests to them. The hub and the store exchange these.

use crate::event::{EventKind, Text};
use crate::name::NameKey;
use crate::time::OffsetDateTime;
use thiserror::Error;

/// The owner of direct messages. Another user can take a guest's name later, so the messages of a guest belong to one
/// visit only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HistoryOwner {
    /// The account with this name.
    Account(NameKey),
    /// One visit of a guest, by a number that is never reused.
    Guest(u64),
}

/// The conversation that a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location<'a> {
    /// This room.
    Room(Text<'a>),
    /// All users online.
    Global,
    /// A direct message to this user.
    DirectMessage {
        /// The name as it is shown.
        to: Text<'a>,
    },
}

/// One message from the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Id of the message. Ids grow in the order of the room.
    pub id: u64,
    /// Time of the message.
    pub at: OffsetDateTime,
    /// The conversation.
    pub place: Location<'static>,
    /// Name of the author.
    pub user: Box<str>,
    /// The text; in a search result, an excerpt around the match.
    pub text: Box<str>,
    /// The nonce that the author sent along.
    pub nonce: Option<Box<str>>,
    /// The author has replaced the text.
    pub edited: bool,
}

impl HistoryEntry {
    /// Returns the event for a reader.
    #[must_use]
    pub fn to_event(&self) -> crate::Event<'_> {
        let place = match &self.place {
            Location::Room(room) => Location::Room(Text::Borrowed(room)),
            Location::Global => Location::Global,
            Location::DirectMessage { to } => Location::DirectMessage { to: Text::Borrowed(to) },
        };
        let user = Text::Borrowed(&*self.user);
        let text = Text::Borrowed(&*self.text);
        EventKind::Recalled { id: self.id, place, user, text, edited: self.edited }.at(self.at)
    }
}

/// A message that was changed or removed after it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedMessage {
    /// The message with its present text; a removed one has none.
    pub entry: HistoryEntry,
    /// The name of the user who removed it; `None` if it was changed only.
    pub removed_by: Option<Box<str>>,
}

/// A change of stored messages in a room or to all users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageChange {
    /// Removes the messages.
    Remove {
        /// Their ids.
        ids: Vec<u64>,
        /// Name of the user who removes them.
        by: Box<str>,
    },
    /// Replaces a text.
    Edit {
        /// Id of the message.
        id: u64,
        /// The new text.
        text: Box<str>,
    },
}

/// The result of a request to the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The messages: oldest first, in a search newest first.
    pub entries: Vec<HistoryEntry>,
    /// More messages exist than were asked for.
    pub more: bool,
    /// The time limit ended the search before all messages were searched.
    pub cut_short: bool,
}

/// A range of messages in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// The latest messages, at most this many.
    Last(usize),
    /// The latest messages before this id, at most this many.
    Before(u64, usize),
    /// The first messages after this id, at most this many.
    After(u64, usize),
    /// The first messages between two ids.
    Between {
        /// Exclusive lower bound.
        after: u64,
        /// Inclusive upper bound.
        up_to: u64,
        /// Maximum number of messages.
        most: usize,
    },
}

/// A direct message in the mailbox of an account that is offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMessage {
    /// Id of the message.
    pub id: u64,
    /// Time of the message.
    pub at: OffsetDateTime,
    /// Name of the sender.
    pub from: Box<str>,
    /// The text.
    pub text: Box<str>,
}

/// Why the mailbox refused a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MailboxError {
    /// The mailbox of the receiver is full.
    #[error("the mailbox of the receiver is full")]
    ReceiverFull,
    /// The receiver's mailbox has as many messages of this sender as it may have.
    #[error("the mailbox of the receiver has as many messages of this sender as it may have")]
    SenderFull,
    /// Storing failed, or its outcome is unknown: the reason.
    #[error("{0}")]
    NotStored(String),
}

/// Why a request to the history failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HistoryError {
    /// The server keeps no history.
    #[error("this server keeps no history (--history)")]
    Off,
    /// The search text contains no word.
    #[error("the search text has no word to search for")]
    NoWord,
    /// Too many requests are waiting.
    #[error("too many requests wait for the history; try again in a moment")]
    Busy,
    /// Reading or changing failed: the reason.
    #[error("{0}")]
    Failed(String),
}

/// Messages of one user in one conversation, to be stored. Their ids are consecutive.
#[derive(Clone, Copy, Debug)]
pub struct NewMessages<'a> {
    /// Id of the first message.
    pub first_id: u64,
    /// Time of the messages.
    pub at: OffsetDateTime,
    /// The room as it is shown; `None` for messages to all users online.
    pub room: Option<&'a str>,
    /// Name of the author.
    pub user: &'a str,
    /// The connection to notify if storing fails; 0 for none.
    pub client: u64,
    /// The nonces of some of the messages, each with the index of its message.
    pub nonces: &'a [(usize, &'a str)],
}

/// One direct message, to be stored.
#[derive(Clone, Copy, Debug)]
pub struct DirectMessage<'a> {
    /// Id of the message.
    pub id: u64,
    /// Time of the message.
    pub at: OffsetDateTime,
    /// The sender: name as it is shown, and owner of the sender's history.
    pub from: (&'a str, &'a HistoryOwner),
    /// The receiver, likewise.
    pub to: (&'a str, &'a HistoryOwner),
    /// The text.
    pub text: &'a str,
    /// The connection to notify if storing fails; 0 for none.
    pub client: u64,
    /// The nonce that the sender sent along.
    pub nonce: Option<&'a str>,
}

/// The reader of a request to the history, and the messages that the reader may see.
#[derive(Clone, Copy, Debug)]
pub struct HistoryReader<'a> {
    /// The address, or IPv6 /64 network, that the request counts for: they take turns, so that one cannot delay all
    /// others.
    pub address: &'a str,
    /// The owner of the direct messages to include.
    pub party: &'a HistoryOwner,
    /// The keys of the rooms to include.
    pub rooms: &'a [&'a str],
    /// The authors to leave out.
    pub blocked: &'a [NameKey],
    /// A filter within these messages.
    pub only: HistoryFilter<'a>,
}

/// A part of the messages that a [`HistoryReader`] may see.
#[derive(Clone, Copy, Debug)]
pub enum HistoryFilter<'a> {
    /// All of them, with the messages to all users online.
    Everything,
    /// One room, by its key; no messages if it is not among the viewer's rooms.
    Room(&'a str),
    /// The messages to all users online.
    Global,
    /// The direct messages between the viewer and this owner.
    With(&'a HistoryOwner),
}
