//! Doors: the ways in. A door is a framing and a way to sign in, as a pure state machine: it gets what the client
//! typed and says what to answer, or what to try. It never sees a socket, a lock or the hub.

mod text;

use landline_common::lines::Framing;
use landline_common::{Rendering, RoomName, UserName, What};

/// What a door wants after the client did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Answer this, and wait for the next line.
    Reply(Vec<What<'static>>),
    /// Try this, then tell [`Door::outcome`] what came of it.
    Try(Attempt),
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
    /// Come in as an account's owner.
    Login {
        /// The account's name, as typed.
        alias: String,
        /// Its password, as typed.
        password: String,
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
    /// It cannot be, for a reason with a code.
    Refused(u16, String),
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
}

/// What is known of the server at its doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct House {
    /// Guests need a password.
    pub has_password: bool,
}

/// One kind of door.
pub struct Row {
    /// What it is called in the log.
    pub name: &'static str,
    /// Whether a connection to the main port that begins with these bytes is for this door.
    begins: fn(&[u8]) -> bool,
    /// Opens one for a client.
    pub open: fn(House) -> Box<dyn Door>,
}

/// All doors of the main port. The last one takes everybody.
static TABLE: [Row; 1] = [Row { name: "text", begins: |_| true, open: |house| Box::new(text::TextDoor::new(house)) }];

/// The door for a client of the main port, by the first bytes it sent (none if it waits for a greeting).
#[must_use]
pub fn by_first_bytes(bytes: &[u8]) -> &'static Row {
    let [text] = &TABLE;
    TABLE.iter().find(|row| (row.begins)(bytes)).unwrap_or(text)
}
