//! Requests to the server: their purposes, the targets of messages, and the progress of a delivery.

/// Target of a message. Names are as the user wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Into a room.
    Room(Box<str>),
    /// To all users online.
    Global,
    /// To one user, as a message that the server stores.
    User(Box<str>),
    /// Into an off-the-record chat, by way of the server.
    OffTheRecord(Box<str>),
    /// Into an encrypted chat, directly to the other client.
    Encrypted(Box<str>),
}

impl Target {
    /// Returns the target with its name in lower case, for comparison.
    #[must_use]
    pub fn folded(&self) -> Target {
        let fold = |name: &str| name.to_lowercase().into_boxed_str();
        match self {
            Target::Room(name) => Target::Room(fold(name)),
            Target::Global => Target::Global,
            Target::User(name) => Target::User(fold(name)),
            Target::OffTheRecord(name) => Target::OffTheRecord(fold(name)),
            Target::Encrypted(name) => Target::Encrypted(fold(name)),
        }
    }

    /// Returns whether messages go directly to the other client instead of through the server.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        matches!(self, Target::Encrypted(_))
    }
}

/// Purpose of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A message of the user.
    Message(Target),
    /// A command that the user typed.
    Command,
    /// A typed command that shows the history.
    Lookup,
    /// A typed command that searches the history.
    Search,
    /// Join a room (lower-case name).
    Join(Box<str>),
    /// Leave a room (lower-case name).
    Leave(Box<str>),
    /// Fetch missed messages of a room: page number, from 0.
    CatchUp(Box<str>, usize),
    /// Fetch messages before the first one shown of a room.
    Older(Box<str>),
    /// List the members of a room.
    Members(Box<str>),
    /// Tell the rules of a room.
    Rules(Box<str>),
    /// List the users online.
    Online,
    /// List the rooms.
    RoomList,
    /// Check whether the server answers.
    Ping,
    /// A background request of a connection that is gone.
    Abandoned,
}

impl RequestKind {
    /// Returns whether the user typed the request. All others are background requests.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        use RequestKind::{Command, Join, Leave, Lookup, Message, Search};
        matches!(self, Message(_) | Command | Lookup | Search | Join(_) | Leave(_))
    }

    /// Returns whether other background requests matter more to the user.
    #[must_use]
    pub fn can_wait(&self) -> bool {
        matches!(self, RequestKind::Rules(_))
    }
}

/// Progress of a typed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Waits for a connection or for its turn.
    Queued,
    /// Sent, without an answer yet.
    Sent,
    /// Accepted by the server.
    Done {
        /// Id of the message, if it has one.
        id: Option<u64>,
        /// Time of the answer, in milliseconds since 1970 UTC.
        at: i64,
    },
    /// Refused, or lost without certainty whether it arrived; with the reason.
    Failed(Box<str>),
}

/// A change in the delivery of a typed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryUpdate {
    /// The UI's number of the line.
    pub key: u64,
    /// Target, if the line is a message.
    pub target: Option<Target>,
    /// New progress.
    pub progress: Progress,
}
