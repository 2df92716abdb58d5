//! Where talk belongs.

use super::line::cleaned_name;
use crate::engine::Target;

/// Where talk belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConversationId {
    /// A room, in small letters.
    Room(Box<str>),
    /// What is said to everybody online.
    Global,
    /// One person, in small letters.
    User(Box<str>),
    /// An off-the-record chat with one person, by way of the server, in small letters.
    OffTheRecord(Box<str>),
    /// An encrypted chat with one person, past the server, in small letters.
    Encrypted(Box<str>),
    /// The server: comings, goings, the connection.
    Server,
    /// Where the reader was named.
    Mentions,
}

impl ConversationId {
    /// The room of that name.
    #[must_use]
    pub fn room(title: &str) -> ConversationId {
        ConversationId::Room(cleaned_name(title).to_lowercase().into())
    }

    /// The person of that name.
    #[must_use]
    pub fn user(title: &str) -> ConversationId {
        ConversationId::User(cleaned_name(title).to_lowercase().into())
    }

    /// The encrypted chat with the person of that name.
    #[must_use]
    pub fn encrypted(title: &str) -> ConversationId {
        ConversationId::Encrypted(cleaned_name(title).to_lowercase().into())
    }

    /// The off-the-record chat with the person of that name.
    #[must_use]
    pub fn off_the_record(title: &str) -> ConversationId {
        ConversationId::OffTheRecord(cleaned_name(title).to_lowercase().into())
    }

    /// Of one other person alone.
    #[must_use]
    pub fn is_one_to_one(&self) -> bool {
        matches!(self, ConversationId::User(_)) || self.is_secret()
    }

    /// A chat that is stored nowhere: it begins, ends, and takes talk only in between.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self, ConversationId::OffTheRecord(_) | ConversationId::Encrypted(_))
    }

    /// Whether `place` is of the user of that name.
    #[must_use]
    pub fn of_same_user(id: &ConversationId, user: &str) -> bool {
        [ConversationId::user(user), ConversationId::encrypted(user), ConversationId::off_the_record(user)].contains(id)
    }

    /// What such a chat is called.
    #[must_use]
    pub fn chat_name(&self) -> &'static str {
        match self {
            ConversationId::OffTheRecord(_) => "off-the-record chat",
            _ => "encrypted chat",
        }
    }

    /// Where a message goes that is typed there; `title` is the name as it is written.
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

    /// Where a message is shown that goes to `target`.
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
