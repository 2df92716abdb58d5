//! Where talk belongs.

use super::line::name;

/// Where talk belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A room, in small letters.
    Room(Box<str>),
    /// What is said to everybody online.
    Everybody,
    /// One person, in small letters.
    Person(Box<str>),
    /// One person, past the server, in small letters.
    Direct(Box<str>),
    /// The server: comings, goings, the connection.
    Server,
    /// Where the reader was named.
    Mentions,
}

impl Place {
    /// The room of that name.
    #[must_use]
    pub fn room(title: &str) -> Place {
        Place::Room(name(title).to_lowercase().into())
    }

    /// The person of that name.
    #[must_use]
    pub fn person(title: &str) -> Place {
        Place::Person(name(title).to_lowercase().into())
    }

    /// The direct chat with the person of that name.
    #[must_use]
    pub fn direct(title: &str) -> Place {
        Place::Direct(name(title).to_lowercase().into())
    }

    /// Of one other person alone.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        matches!(self, Place::Person(_) | Place::Direct(_))
    }
}
