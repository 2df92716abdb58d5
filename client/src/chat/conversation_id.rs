//! Identifies a conversation.

use super::line::cleaned_name;
use crate::engine::Target;

/// Identifies a conversation. Names are cleaned and in lower case, so that one user or room has one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConversationId {
    /// A room.
    Room(Box<str>),
    /// Messages to all users online (`/all`).
    Global,
    /// Messages to and from one user, which the server stores (`/pm`).
    User(Box<str>),
    /// An off-the-record chat with one user, by way of the server.
    OffTheRecord(Box<str>),
    /// An encrypted chat with one user, past the server.
    Encrypted(Box<str>),
    /// The log of the connection and of users who connect and disconnect.
    Server,
    /// Copies of the messages that mention the user.
    Mentions,
}

impl ConversationId {
    /// Returns the id of a room.
    #[must_use]
    pub fn room(title: &str) -> ConversationId {
        ConversationId::Room(cleaned_name(title).to_lowercase().into())
    }

    /// Returns the id of the stored messages with a user.
    #[must_use]
    pub fn user(title: &str) -> ConversationId {
        ConversationId::User(cleaned_name(title).to_lowercase().into())
    }

    /// Returns the id of the encrypted chat with a user.
    #[must_use]
    pub fn encrypted(title: &str) -> ConversationId {
        ConversationId::Encrypted(cleaned_name(title).to_lowercase().into())
    }

    /// Returns the id of the off-the-record chat with a user.
    #[must_use]
    pub fn off_the_record(title: &str) -> ConversationId {
        ConversationId::OffTheRecord(cleaned_name(title).to_lowercase().into())
    }

    /// Returns whether the conversation is with one user.
    #[must_use]
    pub fn is_one_to_one(&self) -> bool {
        matches!(self, ConversationId::User(_)) || self.is_secret()
    }

    /// Returns whether this is a secret chat: stored nowhere, and open for messages only between its beginning and end.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self, ConversationId::OffTheRecord(_) | ConversationId::Encrypted(_))
    }

    /// Returns whether the conversation is with this user, whatever its kind.
    #[must_use]
    pub fn is_with(&self, user: &str) -> bool {
        [ConversationId::user(user), ConversationId::encrypted(user), ConversationId::off_the_record(user)]
            .contains(self)
    }

    /// Returns the name of a secret chat's kind, for sentences.
    #[must_use]
    pub fn chat_name(&self) -> &'static str {
        match self {
            ConversationId::OffTheRecord(_) => "off-the-record chat",
            _ => "encrypted chat",
        }
    }

    /// Returns the target of messages typed in the conversation, or `None` if it takes none. `title` is the name of the
    /// room or user as written.
    #[must_use]
    pub fn target(&self, title: &str) -> Option<Target> {
        Some(match self {
            ConversationId::Room(_) => Target::Room(title.into()),
            ConversationId::Global => Target::Global,
            ConversationId::User(_) => Target::User(title.into()),
            ConversationId::OffTheRecord(_) => Target::OffTheRecord(title.into()),
            ConversationId::Encrypted(_) => Target::Encrypted(title.into()),
            ConversationId::Server | ConversationId::Mentions => return None,
        })
    }

    /// Returns the conversation that shows messages to a target.
    #[must_use]
    pub fn from_target(target: &Target) -> ConversationId {
        match target {
            Target::Room(room) => ConversationId::room(room),
            Target::Global => ConversationId::Global,
            Target::User(user) => ConversationId::user(user),
            Target::OffTheRecord(user) => ConversationId::off_the_record(user),
            Target::Encrypted(user) => ConversationId::encrypted(user),
        }
    }
}
