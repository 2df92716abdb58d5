//! What somebody may come to know: meaning, never bytes. [`crate::rendering`] makes bytes of it.

use crate::cause::Report;
use crate::command::Format;
use crate::history::Place;
use crate::moment::Moment;
use std::borrow::Cow;

/// A piece of text in an event: borrowed where it is rendered, owned where it was read.
pub type Text<'a> = Cow<'a, str>;

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// When it happened (for a message that was kept: when it was said).
    pub at: Moment,
    /// What happened, and who did it.
    pub what: What<'a>,
    /// The command that it answers, if its reader gave that one a label.
    pub reply: Option<Reply<'a>>,
    /// Its number among what this client acknowledges, if it does.
    pub seq: Option<u64>,
    /// Of a reader's own message out of the history: the nonce that it was sent with.
    pub nonce: Option<Text<'a>>,
}

/// Which command an event answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The command's label.
    pub label: Text<'a>,
    /// Nothing more follows.
    pub done: bool,
}

/// What a client is granted with its sign-in, beside being in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The version of the language between client and server; 0 before there were command objects.
    pub protocol: u64,
    /// What the session goes on with after its connection was lost.
    pub token: Option<Text<'a>>,
    /// The session of that token goes on.
    pub resumed: bool,
    /// The rooms that the user is in; the last one is the current one.
    pub member_of: Vec<Text<'a>>,
    /// Lines that may be sent in so many milliseconds; `None` without a limit.
    pub rate: Option<(u64, u64)>,
}

/// The version of the language between client and server: [`Grant::protocol`].
pub const PROTOCOL: u64 = 2;

/// Which part of a list an event has: by default all of it. A list that does not fit on one page is told page by page,
/// in the order of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part<'a> {
    /// The name before this page; `None` on the first one.
    pub after: Option<Text<'a>>,
    /// What follows this page; `None` on the last one.
    pub more: Option<More<'a>>,
}

impl Part<'_> {
    /// Whether it is all of the list.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.after.is_none() && self.more.is_none()
    }
}

/// What follows a page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct More<'a> {
    /// How many names follow.
    pub count: usize,
    /// The command that lists the next page.
    pub next: Text<'a>,
}

impl std::fmt::Display for More<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "and {} more: {}", self.count, self.next)
    }
}

/// What happened. Names are as their owners wrote them; texts are clean.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are what their names say")]
pub enum What<'a> {
    /// Said in a room. Ids grow in the order of the room.
    Said {
        id: u64,
        room: Text<'a>,
        user: Text<'a>,
        text: Text<'a>,
    },
    /// Said to everybody online.
    SaidToAll {
        id: u64,
        user: Text<'a>,
        text: Text<'a>,
    },
    /// One message to one person; `kept` if they were away when it was said.
    Direct {
        id: u64,
        from: Text<'a>,
        text: Text<'a>,
        kept: bool,
    },
    /// Said before, and looked up in the history.
    Recalled {
        id: u64,
        place: Place<'a>,
        user: Text<'a>,
        text: Text<'a>,
    },
    /// That was what was looked up: how many, a remark, and the command that gives what follows.
    RecallEnd {
        shown: usize,
        remark: Text<'a>,
        next: Option<Text<'a>>,
    },
    /// Said in a private chat.
    Private {
        from: Text<'a>,
        text: Text<'a>,
    },
    PrivateRequest {
        from: Text<'a>,
    },
    PrivateConnected {
        with: Text<'a>,
    },
    PrivateRejected {
        by: Text<'a>,
    },
    PrivateEnded {
        with: Text<'a>,
        reason: Text<'a>,
    },
    /// Somebody asks for a private chat past the server, and this is their client's key.
    DirectRequest {
        from: Text<'a>,
        key: Text<'a>,
    },
    /// Somebody accepted one: their client's key, and where it can be reached, with commas between.
    DirectReady {
        user: Text<'a>,
        key: Text<'a>,
        addresses: Text<'a>,
    },
    DirectRejected {
        by: Text<'a>,
    },
    /// A chat past the server is open. Clients make this and the next two themselves: no server is in the path.
    DirectConnected {
        with: Text<'a>,
        fingerprint: Text<'a>,
    },
    /// Said in one, by them or by oneself.
    DirectTalk {
        with: Text<'a>,
        own: bool,
        text: Text<'a>,
    },
    DirectEnded {
        with: Text<'a>,
        reason: Text<'a>,
    },
    /// Signed in.
    Connected {
        user: Text<'a>,
    },
    /// Signed out, or lost.
    Disconnected {
        user: Text<'a>,
    },
    /// Came into a room by `/join`.
    Joined {
        user: Text<'a>,
        room: Text<'a>,
    },
    /// Left a room by `/leave`.
    Left {
        user: Text<'a>,
        room: Text<'a>,
    },
    /// Many came or went at about the same time, into a room or (without one) at all: how many, and some of them.
    Gathered {
        room: Option<Text<'a>>,
        came: usize,
        went: usize,
        users: Vec<Text<'a>>,
    },
    /// Who is online.
    Online {
        users: Vec<Text<'a>>,
        part: Part<'a>,
    },
    /// Who else was online within the last so many seconds.
    Seen {
        seconds: u64,
        users: Vec<Text<'a>>,
        part: Part<'a>,
    },
    /// Whom the reader blocks.
    Blocked {
        users: Vec<Text<'a>>,
        part: Part<'a>,
    },
    Members {
        room: Text<'a>,
        users: Vec<Text<'a>>,
        part: Part<'a>,
    },
    /// Every room with the number of people in it.
    Rooms {
        rooms: Vec<(Text<'a>, usize)>,
        part: Part<'a>,
    },
    PrivateChats {
        users: Vec<Text<'a>>,
        part: Part<'a>,
    },
    /// Information that changes nothing for the reader.
    Info(Text<'a>),
    /// Something was refused by this program itself: an HTTP-like code, why, and what to do.
    Error {
        code: Option<u16>,
        text: Text<'a>,
    },
    /// Something was refused, or has changed for the reader.
    Report(Report<'a>),
    /// A command was carried out, and there is nothing else to say.
    Done {
        /// The message that the command said.
        id: Option<u64>,
        /// It had been carried out before, and was not again.
        repeated: bool,
    },
    /// That was what a user missed in a room (or what was said there last, if nothing was `missed`).
    CaughtUp {
        room: Text<'a>,
        shown: usize,
        missed: bool,
        more: bool,
    },
    /// The server asks whether the client is there.
    Ping,
    Pong(Text<'a>),
    /// How events come from now on.
    Format(Format),
    /// The server asks for something during sign-in.
    Ask(Text<'a>),
    /// The server asks for name and password at once, as LanTalk does.
    AskAll {
        needs_password: bool,
    },
    /// Signed in: the first thing a person hears.
    Welcome {
        user: Text<'a>,
        server: Text<'a>,
        room: Text<'a>,
        account: bool,
        grant: Box<Grant<'a>>,
    },
    /// A client is refused, and the connection ends.
    Refused(Report<'a>),
}

impl<'a> From<Report<'a>> for What<'a> {
    fn from(report: Report<'a>) -> What<'a> {
        What::Report(report)
    }
}

impl<'a> What<'a> {
    /// An [`What::Error`] with a code.
    pub fn error(code: u16, text: impl Into<Text<'a>>) -> What<'a> {
        What::Error { code: Some(code), text: text.into() }
    }

    /// An [`What::Info`].
    pub fn info(text: impl Into<Text<'a>>) -> What<'a> {
        What::Info(text.into())
    }

    /// It, happening at `at`.
    #[must_use]
    pub fn at(self, at: Moment) -> Event<'a> {
        Event { at, what: self, reply: None, seq: None, nonce: None }
    }
}
