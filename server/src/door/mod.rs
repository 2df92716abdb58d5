//! Doors: the ways in. A door is a framing and a way to sign in, as a pure state machine: it gets what the client
//! typed and says what to answer, or what to try. It never sees a socket, a lock or the hub.

mod foreign;
mod lantalk;
mod object;
mod text;

pub use object::Stay;

use landline_common::command::SignIn;
use landline_common::limits::Limits;
use landline_common::lines::Framing;
use landline_common::{Cause, Rendering, Report, RoomName, UserName, What};
use std::borrow::Cow;

/// What a door wants after the client did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Answer this, and wait for the next line.
    Reply(Vec<What<'static>>),
    /// Try this, then tell [`Door::outcome`] what came of it.
    Try(Attempt),
    /// Answer a command object with that label, and wait for the next line.
    Answer {
        /// The label.
        label: Option<String>,
        /// The whole answer.
        what: What<'static>,
    },
    /// Answer this, and end the connection.
    Close(What<'static>),
}

/// Something that only the server can decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Is this the server's password?
    ServerPassword(String),
    /// Come in as a guest.
    Guest {
        /// Under this name.
        name: UserName,
        /// Into this room.
        room: RoomName,
        /// With this password of the server, if it has one.
        server_password: Option<String>,
    },
    /// Make an account.
    Register {
        /// Its name.
        name: UserName,
        /// Its password, as typed.
        password: String,
    },
    /// Come in under a name, as a guest or as an account's owner: whichever the password opens.
    Name {
        /// The name.
        name: UserName,
        /// The password: the server's, the account's, or none.
        password: String,
    },
    /// Come in as an account's owner.
    Login {
        /// The account's name, as typed.
        alias: String,
        /// Its password, as typed.
        password: String,
    },
    /// Come in as a command object asks.
    Object {
        /// Which way.
        sign_in: SignIn,
        /// The server's password, if one was sent.
        server_password: Option<String>,
        /// How the client wants to be in.
        stay: Stay,
    },
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and nobody is signed in by it.
    Done,
    /// A password was wrong.
    WrongPassword,
    /// The account is signed in already.
    AlreadyHere,
    /// Another user or an account has the name.
    NameTaken(Report<'static>),
    /// It cannot be.
    Refused(Report<'static>),
}

impl Outcome {
    /// The same as a report.
    #[must_use]
    pub fn report(self) -> Report<'static> {
        match self {
            Outcome::Done => Cause::Registered.report(),
            Outcome::WrongPassword => Cause::WrongPassword.report(),
            Outcome::AlreadyHere => Cause::AlreadyHere.report(),
            Outcome::NameTaken(report) | Outcome::Refused(report) => report,
        }
    }
}

/// One client's way in.
pub trait Door: Send {
    /// What a client hears that says nothing at first.
    fn greet(&mut self) -> Step;
    /// The client sent one whole message during sign-in.
    fn line(&mut self, line: &str, framing: Framing) -> Step;
    /// The client sent a message longer than allowed.
    fn too_long(&mut self) -> Step;
    /// An attempt ended, and nobody is signed in by it.
    fn outcome(&mut self, outcome: Outcome) -> Step;
    /// How events are written for this client, as far as it is known by now.
    fn rendering(&self) -> Rendering;
    /// What somebody who is signed in typed, out of one whole message; `None` for what means nothing.
    fn typed<'m>(&self, message: &'m str) -> Option<Typed<'m>>;
}

/// What somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed<'m> {
    /// A line: talk or a command, as the command table has it.
    Line(Cow<'m, str>),
    /// Talk, whatever it looks like.
    Talk(Cow<'m, str>),
}

/// What is known of the server at its doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct House {
    /// Guests need a password.
    pub has_password: bool,
}

/// Where a client came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// A main port, where the first bytes tell the door.
    Main,
    /// LanTalk's port, where the server speaks first.
    LanTalk,
}

/// One kind of door.
pub struct Row {
    entrance: Entrance,
    /// At a main port: whether a connection that begins with these bytes is for this door.
    begins: fn(&[u8]) -> bool,
    /// The most bytes of a message.
    pub longest: fn(&Limits) -> u64,
    /// Seconds each answer of the sign-in may take.
    pub answer_seconds: fn(&Limits) -> u64,
    /// Opens one for a client.
    pub open: fn(House) -> Box<dyn Door>,
}

/// All doors. The last one of a main port takes everybody.
static TABLE: [Row; 2] = [
    Row {
        entrance: Entrance::LanTalk,
        begins: |_| true,
        longest: |limits| limits.lantalk_line_bytes,
        answer_seconds: |limits| limits.lantalk_answer_seconds,
        open: |house| Box::new(lantalk::LanTalkDoor::new(house)),
    },
    Row {
        entrance: Entrance::Main,
        begins: |_| true,
        longest: |limits| limits.line_bytes,
        answer_seconds: |limits| limits.answer_seconds,
        open: |house| Box::new(text::TextDoor::new(house)),
    },
];

impl Entrance {
    /// Whether the server greets at once, in lines, instead of waiting for what the client does.
    #[must_use]
    pub fn speaks_first(self) -> bool {
        self != Entrance::Main
    }

    /// The door for a client that came in here, by the first bytes it sent (none if it waits for a greeting).
    #[must_use]
    pub fn door(self, first_bytes: &[u8]) -> &'static Row {
        let [_, text] = &TABLE;
        TABLE.iter().find(|row| row.entrance == self && (row.begins)(first_bytes)).unwrap_or(text)
    }
}
