//! What was said, as it is kept and as it is looked up again.

use crate::event::{Text, What};
use crate::moment::Moment;
use crate::name::NameKey;
use thiserror::Error;

/// Whose direct messages: a guest's name can be somebody else's tomorrow, so a guest has them for one visit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The account of that name.
    Account(NameKey),
    /// One visit of a guest, by a number that is never used twice.
    Guest(u64),
}

/// Where something was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In that room.
    Room(Text<'a>),
    /// To everybody online.
    Everybody,
    /// In a direct message to that person.
    Direct {
        /// The name as it is shown.
        to: Text<'a>,
    },
}

/// One message out of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id; ids grow in the order of the room.
    pub id: u64,
    /// When it was said.
    pub at: Moment,
    /// Where.
    pub place: Place<'static>,
    /// Who said it.
    pub user: Box<str>,
    /// What; of a long text that was searched, the part around the match.
    pub text: Box<str>,
    /// The nonce that its author sent along.
    pub nonce: Option<Box<str>>,
}

impl Entry {
    /// The event that tells somebody of it, `offset_s` seconds ahead of UTC.
    #[must_use]
    pub fn recalled(&self, offset_s: i32) -> crate::Event<'_> {
        let place = match &self.place {
            Place::Room(room) => Place::Room(Text::Borrowed(room)),
            Place::Everybody => Place::Everybody,
            Place::Direct { to } => Place::Direct { to: Text::Borrowed(to) },
        };
        let (user, text) = (Text::Borrowed(&*self.user), Text::Borrowed(&*self.text));
        What::Recalled { id: self.id, place, user, text }.at(Moment { offset_s, ..self.at })
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// A part of the history in its order; what was searched for, newest first.
    pub entries: Vec<Entry>,
    /// There are more beyond the last one asked for.
    pub more: bool,
    /// The time for searching was up before everything was searched.
    pub cut_short: bool,
}

/// Which messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// The latest so many.
    Last(usize),
    /// The latest so many before an id.
    Before(u64, usize),
    /// The first so many after an id.
    After(u64, usize),
    /// The first so many after one id and up to another.
    Between {
        /// The id they come after.
        after: u64,
        /// The last id that may be among them.
        up_to: u64,
        /// How many at most.
        most: usize,
    },
}

/// A message that waits for an account that is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its id.
    pub id: u64,
    /// When it was said.
    pub at: Moment,
    /// Who said it.
    pub from: Box<str>,
    /// What.
    pub text: Box<str>,
}

/// Why a message for somebody who is away was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PostError {
    /// As much waits for the receiver as may.
    #[error("too many messages wait for them already")]
    ReceiverFull,
    /// As much from this sender waits for that receiver as may.
    #[error("too many of your messages wait for them already")]
    SenderFull,
    /// It could not be stored, or it is not known whether it was: why.
    #[error("{0}")]
    NotStored(String),
}

/// Why the history was not looked up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecallError {
    /// None is kept.
    #[error("this server keeps no history")]
    Off,
    /// Too many are looking things up.
    #[error("the history is busy")]
    Busy,
    /// It cannot be read: why.
    #[error("the history cannot be read: {0}")]
    Failed(String),
}

/// One person's talk in one place, as it is kept: its texts have consecutive ids.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The id of the first text.
    pub first_id: u64,
    /// When.
    pub at: Moment,
    /// The room, as it is shown; `None`: to everybody.
    pub room: Option<&'a str>,
    /// Who.
    pub user: &'a str,
    /// The connection that is told if it cannot be stored; 0 is none.
    pub client: u64,
    /// The nonces that came along with some of the texts, with the places of these.
    pub nonces: &'a [(usize, &'a str)],
}

/// One direct message, as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Direct<'a> {
    /// Its id.
    pub id: u64,
    /// When.
    pub at: Moment,
    /// Who said it: the name as it is shown, and whose history that is.
    pub from: (&'a str, &'a Party),
    /// To whom.
    pub to: (&'a str, &'a Party),
    /// What.
    pub text: &'a str,
    /// The connection that is told if it cannot be stored; 0 is none.
    pub client: u64,
    /// The nonce that came along with it.
    pub nonce: Option<&'a str>,
}

/// Who wants to see something, and what.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    /// Whose time is used: looks are shared fairly among addresses.
    pub address: &'a str,
    /// Whose direct messages are shown.
    pub party: &'a Party,
    /// The keys of the rooms whose talk is shown.
    pub rooms: &'a [&'a str],
    /// Authors who are not shown.
    pub blocked: &'a [NameKey],
    /// What of this is wanted.
    pub only: Only<'a>,
}

/// A part of what somebody may see.
#[derive(Clone, Copy, Debug)]
pub enum Only<'a> {
    /// All of it, and what was said to everybody.
    Everything,
    /// One room, by its key; nothing if it is not among the viewer's.
    Room(&'a str),
    /// What was said to everybody.
    Everybody,
    /// The direct messages between the viewer and one other.
    With(&'a Party),
}
