//! What the client asks of the server: what each request is for, and where talk goes.

/// Where a message goes. Names are as the user wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Into a room.
    Room(Box<str>),
    /// To all users online.
    Everybody,
    /// To one user, as a message that the server stores.
    User(Box<str>),
    /// Into an off-the-record chat, by way of the server.
    OffTheRecord(Box<str>),
    /// Into an encrypted chat, past the server.
    Encrypted(Box<str>),
}

impl Target {
    /// The same for all ways to write a name.
    #[must_use]
    pub fn folded(&self) -> Target {
        let fold = |name: &str| name.to_lowercase().into_boxed_str();
        match self {
            Target::Room(name) => Target::Room(fold(name)),
            Target::Everybody => Target::Everybody,
            Target::User(name) => Target::User(fold(name)),
            Target::OffTheRecord(name) => Target::OffTheRecord(fold(name)),
            Target::Encrypted(name) => Target::Encrypted(fold(name)),
        }
    }

    /// Not by way of the server.
    #[must_use]
    pub fn is_past_server(&self) -> bool {
        matches!(self, Target::Encrypted(_))
    }
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A message of the user.
    Message(Target),
    /// A command that the user typed.
    Command,
    /// A typed command that looks things up in the history.
    Lookup,
    /// A typed command that searches.
    Search,
    /// Going into a room (in small letters).
    Join(Box<str>),
    /// Leaving a room (in small letters).
    Leave(Box<str>),
    /// Fetching what was missed in a room: the page number.
    CatchUp(Box<str>, usize),
    /// Fetching what was said before the first line of a room.
    Older(Box<str>),
    /// Who is in a room.
    Members(Box<str>),
    /// Who is online.
    Online,
    /// Which rooms there are.
    RoomList,
    /// A sign of life.
    Ping,
    /// What was asked on a connection that is gone.
    GivenUp,
}

impl RequestKind {
    /// The user typed it.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        use RequestKind::{Command, Join, Leave, Lookup, Message, Search};
        matches!(self, Message(_) | Command | Lookup | Search | Join(_) | Leave(_))
    }
}

/// How far a line of the user has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits for a connection or for its turn.
    Unsent,
    /// It is on its way.
    OnTheWay,
    /// The server has it: the id of a message, if it has one, and when it was said.
    Done {
        /// The id.
        id: Option<u64>,
        /// Milliseconds since 1970 UTC.
        at: i64,
    },
    /// It was refused, or it is not known whether it arrived: why.
    Failed(Box<str>),
}

/// Something to tell about a line of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The number that the screen gave it.
    pub key: u64,
    /// Where it goes, if it is a message.
    pub target: Option<Target>,
    /// How far it has come.
    pub progress: Progress,
}
