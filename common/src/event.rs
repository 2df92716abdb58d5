//! Events: everything that a client can be told, independent of its form.
//!
//! [`crate::rendering`] writes events as bytes. Names in events are as their owners wrote them, and texts are cleaned.

use crate::cause::Report;
use crate::command::Format;
use crate::history::Location;
use crate::room_overview::RoomOverview;
use crate::time::OffsetDateTime;
use crate::whois::Whois;
use std::borrow::Cow;

/// A text in an event: borrowed where events are written, owned where they were read.
pub type Text<'a> = Cow<'a, str>;

/// One event for one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The time of the event; of a message from the mailbox or the history, the time when it was said.
    pub at: OffsetDateTime,
    /// The content.
    pub what: EventKind<'a>,
    /// The command that the event answers, if the reader gave it a label.
    pub reply: Option<Reply<'a>>,
    /// The number by which the client acknowledges the event, if it acknowledges events.
    pub seq: Option<u64>,
    /// The nonce that the message was sent with, if it is the reader's own one from the history.
    pub nonce: Option<Text<'a>>,
}

/// A reference to the command that an event answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The label of the command.
    pub label: Text<'a>,
    /// The event is the last one of the answer.
    pub done: bool,
}

/// The details of a successful sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInDetails<'a> {
    /// The server's [`PROTOCOL`]; 0 from servers without command objects.
    pub protocol: u64,
    /// The token that resumes the session after a lost connection.
    pub token: Option<Text<'a>>,
    /// The name token of the sign-in, if the server keeps the guest's name for it.
    pub name_token: Option<Text<'a>>,
    /// The sign-in resumed an existing session.
    pub resumed: bool,
    /// The rooms of the user. The last one is the current one.
    pub member_of: Vec<Text<'a>>,
    /// The rate limit: lines, and the milliseconds in which the client may send them. `None` without a limit.
    pub rate: Option<(u64, u64)>,
    /// TLS encrypts the connection.
    pub encrypted: bool,
}

/// The version of the protocol between client and server.
pub const PROTOCOL: u64 = 2;

/// The part of a list that an event has; the default is the whole list. Long lists come page by page, in the order of
/// their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part<'a> {
    /// The last name of the page before; `None` on the first page.
    pub after: Option<Text<'a>>,
    /// The remainder; `None` on the last page.
    pub more: Option<More<'a>>,
}

impl Part<'_> {
    /// True if the event has the whole list.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.after.is_none() && self.more.is_none()
    }
}

/// The remainder of a list behind a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct More<'a> {
    /// Number of names that follow.
    pub count: usize,
    /// The command that lists the next page.
    pub next: Text<'a>,
}

impl std::fmt::Display for More<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "and {} more: {}", self.count, self.next)
    }
}

/// The content of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are what their names say")]
pub enum EventKind<'a> {
    /// A message in a room. Ids grow in the order of the room.
    Said { id: u64, room: Text<'a>, user: Text<'a>, text: Text<'a> },
    /// A message to all users online.
    SaidToAll { id: u64, user: Text<'a>, text: Text<'a> },
    /// A direct message to the reader; `kept` if it waited in the mailbox while the reader was away.
    Direct { id: u64, from: Text<'a>, text: Text<'a>, kept: bool },
    /// A message from the history; `edited` if its author has replaced the text.
    Recalled { id: u64, place: Location<'a>, user: Text<'a>, text: Text<'a>, edited: bool },
    /// A message from the transcript of a room. Its author has replaced the text if `edited`.
    Transcribed { id: u64, room: Text<'a>, user: Text<'a>, text: Text<'a>, edited: bool },
    /// `by` removed messages of `user` in a room (`None`: to all users). `said_ms` is the time of the first of them, in
    /// milliseconds since 1970.
    Deleted { room: Option<Text<'a>>, ids: Vec<u64>, user: Text<'a>, by: Text<'a>, said_ms: i64 },
    /// The author replaced the text of a message in a room.
    Edited { id: u64, room: Text<'a>, user: Text<'a>, text: Text<'a> },
    /// The end of an answer from the history: number of messages, a remark, and the command for the next page.
    RecallEnd { count: usize, remark: Text<'a>, next: Option<Text<'a>> },
    /// A message in a private chat, which is stored nowhere.
    Private { from: Text<'a>, text: Text<'a> },
    /// `from` requests a private chat.
    PrivateRequest { from: Text<'a> },
    /// A private chat is open.
    PrivateConnected { with: Text<'a> },
    /// `by` declined a private chat.
    PrivateRejected { by: Text<'a> },
    /// A private chat has ended.
    PrivateEnded { with: Text<'a>, reason: Text<'a> },
    /// `from` requests an encrypted chat past the server; `key` is the key of their client.
    DirectRequest { from: Text<'a>, key: Text<'a> },
    /// `user` accepted an encrypted chat: key and comma-separated addresses of their client.
    DirectReady { user: Text<'a>, key: Text<'a>, addresses: Text<'a> },
    /// `by` declined an encrypted chat.
    DirectRejected { by: Text<'a> },
    /// An encrypted chat is open. Clients create this event and the next two themselves, as no server is in the path.
    DirectConnected { with: Text<'a>, fingerprint: Text<'a> },
    /// A message in an encrypted chat, from the peer or the reader (`own`).
    DirectTalk { with: Text<'a>, own: bool, text: Text<'a> },
    /// An encrypted chat has ended.
    DirectEnded { with: Text<'a>, reason: Text<'a> },
    /// A user signed in, over an `encrypted` connection or in the clear.
    Connected { user: Text<'a>, encrypted: bool },
    /// A user signed out or was lost.
    Disconnected { user: Text<'a> },
    /// A user changed its name.
    Renamed { from: Text<'a>, to: Text<'a> },
    /// A user entered a room by `/join`.
    Joined { user: Text<'a>, room: Text<'a> },
    /// A user left a room by `/leave`.
    Left { user: Text<'a>, room: Text<'a> },
    /// A summary of many arrivals and departures, in a room or (without one) on the server: numbers, and some names.
    Gathered { room: Option<Text<'a>>, came: usize, went: usize, users: Vec<Text<'a>> },
    /// The users online; `unencrypted` has those of them whose connections are not encrypted.
    Online { users: Vec<Text<'a>>, unencrypted: Box<[Text<'a>]>, part: Part<'a> },
    /// The other users who were online within the last `seconds`.
    Seen { seconds: u64, users: Vec<Text<'a>>, part: Part<'a> },
    /// The users whom the reader blocks.
    Blocked { users: Vec<Text<'a>>, part: Part<'a> },
    /// The members of a room; `unencrypted` as for the users online.
    Members { room: Text<'a>, users: Vec<Text<'a>>, unencrypted: Box<[Text<'a>]>, part: Part<'a> },
    /// The rules of a room, and what they mean for the reader.
    Rules { room: Text<'a>, rules: Box<RoomOverview> },
    /// All rooms with their numbers of members.
    Rooms { rooms: Vec<(Text<'a>, usize)>, part: Part<'a> },
    /// The address of the web page in a room.
    Link { room: Text<'a>, url: Text<'a> },
    /// The private chats of the reader, by their other users.
    PrivateChats { users: Vec<Text<'a>>, part: Part<'a> },
    /// What the server knows of a user.
    Whois(Box<Whois<'a>>),
    /// A sentence that programs need not understand.
    Info(Text<'a>),
    /// A refusal by the client itself, in an encrypted chat or a mesh: an HTTP-like code, and a sentence.
    Error { code: Option<u16>, text: Text<'a> },
    /// A refusal, or a change for the reader, with its cause.
    Report(Report<'a>),
    /// A labeled command was carried out, and no other event answers it.
    Done {
        /// Id of the message that the command said.
        id: Option<u64>,
        /// The command had been carried out before and was not repeated.
        repeated: bool,
    },
    /// The end of the messages that the reader missed in a room; if not `missed`, of the latest messages there. With
    /// `more`, further missed messages follow on request.
    CaughtUp { room: Text<'a>, count: usize, missed: bool, more: bool },
    /// The server asks for a sign of life.
    Ping,
    /// The answer to `/ping`, with its token.
    Pong(Text<'a>),
    /// The form of all further events.
    Format(Format),
    /// A question during sign-in.
    Ask(Text<'a>),
    /// The question for name and password at once, as in LanTalk.
    AskAll { needs_password: bool },
    /// The first event after a successful sign-in.
    Welcome { user: Text<'a>, server: Text<'a>, room: Text<'a>, account: bool, grant: Box<SignInDetails<'a>> },
    /// The sign-in was refused. Another attempt may follow on the same connection.
    Refused(Report<'a>),
}

impl<'a> From<Report<'a>> for EventKind<'a> {
    fn from(report: Report<'a>) -> EventKind<'a> {
        EventKind::Report(report)
    }
}

impl<'a> EventKind<'a> {
    /// Returns a [`EventKind::Error`] with a code.
    pub fn error(code: u16, text: impl Into<Text<'a>>) -> EventKind<'a> {
        EventKind::Error { code: Some(code), text: text.into() }
    }

    /// Returns a [`EventKind::Info`].
    pub fn info(text: impl Into<Text<'a>>) -> EventKind<'a> {
        EventKind::Info(text.into())
    }

    /// Returns the event with this content at the time `at`, without reply, number and nonce.
    #[must_use]
    pub fn at(self, at: OffsetDateTime) -> Event<'a> {
        Event { at, what: self, reply: None, seq: None, nonce: None }
    }
}
