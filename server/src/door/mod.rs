//! Doors: the sign-in protocols. A door is a pure state machine for one client: it gets the client's messages and
//! returns actions, among them requests that only the connection can carry out. It never uses a socket, a lock or the
//! hub.
//!
//! ```text
//! client's message ─▶ Door::handle_line ─▶ DoorAction::Reply or Answer ─▶ sent; the door waits for the next message
//!                                       ─▶ DoorAction::Try(AuthRequest) ─▶ the connection carries it out:
//!                                              signed in, or Door::handle_result ─▶ DoorAction
//!                                       ─▶ DoorAction::Close            ─▶ sent; the connection ends
//! ```
//!
//! A new door is a file with a type that implements [`Door`], and a row in the table below. A door does not frame: the
//! codec below it splits the bytes into messages, see [`crate::codec`].

mod lantalk;
mod object;
mod text;
mod unsupported;
pub mod websocket;

pub use object::SessionRequest;

use landline_common::clean::clean;
use landline_common::command::SignIn;
use landline_common::limits::{Limits, SIGN_IN_MISTAKES};
use landline_common::lines::Framing;
use landline_common::{Cause, EventKind, Rendering, Report, RoomName, UserName};
use std::borrow::Cow;

/// The next action for the connection to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoorAction {
    /// Send these events, and wait for the next message.
    Reply(Vec<EventKind<'static>>),
    /// Carry out this request. If it does not sign the client in, pass the result to [`Door::handle_result`].
    Try(AuthRequest),
    /// Send the answer to a command object, and wait for the next message.
    Answer {
        /// The object's label, if it had one.
        label: Option<String>,
        /// The only event of the answer.
        event: EventKind<'static>,
    },
    /// Send this event, and end the connection.
    Close(EventKind<'static>),
}

/// A request that only the connection can carry out, with the accounts and the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthRequest {
    /// Check the server's password.
    ServerPassword(String),
    /// Sign in as a guest.
    Guest {
        /// The name.
        name: UserName,
        /// The room to enter.
        room: RoomName,
        /// The password given for the server, if one was.
        server_password: Option<String>,
    },
    /// Register an account.
    Register {
        /// The name.
        name: UserName,
        /// The password as typed.
        password: String,
    },
    /// Sign in under a name, as a guest or with the account of that name, whichever the password matches (LanTalk).
    Name {
        /// The name.
        name: UserName,
        /// The password: the server's, the account's, or none.
        password: String,
    },
    /// Sign in with an account.
    Login {
        /// The account's name as typed.
        alias: String,
        /// The password as typed.
        password: String,
    },
    /// Sign in or register by a command object.
    Object {
        /// The kind of sign-in.
        sign_in: SignIn,
        /// The password given for the server, if one was.
        server_password: Option<String>,
        /// The options for the session.
        session: SessionRequest,
    },
}

/// The result of a request that did not sign the client in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthResult {
    /// The request succeeded: the password is right, or the account is registered.
    Done,
    /// A password was wrong.
    WrongPassword,
    /// The account is already signed in.
    AlreadyHere,
    /// Another user or an account has the name.
    NameTaken(Report<'static>),
    /// The request was refused for another reason.
    Refused(Report<'static>),
}

impl AuthResult {
    /// Returns the report for the client. [`AuthResult::Done`] becomes the report of a registration.
    #[must_use]
    pub fn report(self) -> Report<'static> {
        match self {
            AuthResult::Done => Cause::Registered.report(),
            AuthResult::WrongPassword => Cause::WrongPassword.report(),
            AuthResult::AlreadyHere => Cause::AlreadyHere.report(),
            AuthResult::NameTaken(report) | AuthResult::Refused(report) => report,
        }
    }
}

/// The sign-in of one client, and the decoding of its messages afterwards.
pub trait Door: Send {
    /// Greets a client that has sent nothing yet.
    fn greet(&mut self) -> DoorAction;
    /// Handles one whole message during the sign-in.
    fn handle_line(&mut self, line: &str, framing: Framing) -> DoorAction;
    /// Handles a message that was longer than allowed and has been discarded.
    fn handle_too_long(&mut self) -> DoorAction;
    /// Handles the result of a request that did not sign the client in.
    fn handle_result(&mut self, result: AuthResult) -> DoorAction;
    /// Returns the rendering of events for this client, as far as it is known by now.
    fn rendering(&self) -> Rendering;
    /// Decodes one whole message of a signed-in client. Returns `None` for a message without a meaning, which is
    /// dropped.
    fn decode<'m>(&self, message: &'m str) -> Option<Inbound<'m>>;
}

/// A decoded message of a signed-in client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound<'m> {
    /// A line that may be talk or a command; the command parser decides.
    Line(Cow<'m, str>),
    /// Talk, even if it looks like a command.
    Talk(Cow<'m, str>),
}

/// Counts a client's messages that have none of the forms asked for.
#[derive(Debug, Default)]
struct Mistakes(u32);

impl Mistakes {
    /// Counts a mistake. Returns its answer, or ends the connection with the text `too_many` after too many.
    fn count(&mut self, answer: DoorAction, too_many: &'static str) -> DoorAction {
        self.0 += 1;
        if self.0 < SIGN_IN_MISTAKES { answer } else { refused(Cause::HowToSignIn.report().with_text(too_many)) }
    }
}

fn refused(report: Report<'static>) -> DoorAction {
    DoorAction::Close(EventKind::Refused(cleaned(report)))
}

/// Makes the client's text that a report quotes safe to show.
fn cleaned(mut report: Report<'static>) -> Report<'static> {
    for text in [&mut report.text, &mut report.about.word, &mut report.about.user] {
        *text = text.take().map(|text| clean(&text).into_owned().into());
    }
    report
}

/// The facts about the server that doors need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// The server has a password.
    pub has_password: bool,
}

/// The kinds of doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorKind {
    /// The text door: lines, framed or not.
    Text,
    /// The door of LanTalk 2.0.
    LanTalk,
    /// The door of WebSocket clients.
    WebSocket,
}

/// A row of the table of doors.
pub struct DoorSpec {
    kind: DoorKind,
    /// Most bytes of a message.
    pub max_message_bytes: fn(&Limits) -> u64,
    /// Seconds that the client has for each answer during the sign-in.
    pub answer_seconds: fn(&Limits) -> u64,
    /// The door opens at once: it greets, or the client is a program that sends whole messages.
    pub speaks_first: bool,
    /// Makes the door of one client.
    pub open: fn(ServerInfo) -> Box<dyn Door>,
}

static TABLE: [DoorSpec; 3] = [
    DoorSpec {
        kind: DoorKind::Text,
        max_message_bytes: |limits| limits.line_bytes,
        answer_seconds: |limits| limits.answer_seconds,
        speaks_first: false,
        open: |server_info| Box::new(text::TextDoor::new(server_info)),
    },
    DoorSpec {
        kind: DoorKind::LanTalk,
        max_message_bytes: |limits| limits.lantalk_line_bytes,
        answer_seconds: |limits| limits.lantalk_answer_seconds,
        speaks_first: true,
        open: |server_info| Box::new(lantalk::LanTalkDoor::new(server_info)),
    },
    DoorSpec {
        kind: DoorKind::WebSocket,
        max_message_bytes: |limits| limits.line_bytes,
        answer_seconds: |limits| limits.answer_seconds,
        speaks_first: true,
        open: |server_info| Box::new(websocket::WebSocketDoor::new(server_info)),
    },
];

impl DoorKind {
    /// Returns the row of this door.
    #[must_use]
    pub fn spec(self) -> &'static DoorSpec {
        let [text, ..] = &TABLE;
        TABLE.iter().find(|row| row.kind == self).unwrap_or(text)
    }
}
