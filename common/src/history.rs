//! What was said, as it is kept and as it is looked up again.

use crate::event::{Text, What};
use crate::moment::Moment;
use crate::name::NameKey;

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
    Direct(Text<'a>),
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
}

impl Entry {
    /// The event that tells somebody of it, `offset_s` seconds ahead of UTC.
    #[must_use]
    pub fn recalled(&self, offset_s: i32) -> crate::Event<'_> {
        let place = match &self.place {
            Place::Room(room) => Place::Room(Text::Borrowed(room)),
            Place::Everybody => Place::Everybody,
            Place::Direct(to) => Place::Direct(Text::Borrowed(to)),
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

/// Which part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// The last so many.
    Last(usize),
    /// The last so many before that id.
    Before(u64, usize),
    /// The first so many after that id, up to and with the second one.
    After {
        /// That id itself is not among them.
        after: u64,
        /// The last one that may be among them.
        up_to: u64,
        /// The most.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostError {
    /// As much waits for the receiver as may.
    ReceiverFull,
    /// As much from this sender waits for that receiver as may.
    SenderFull,
    /// It could not be stored: why.
    NotStored(String),
}

/// Why the history was not looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecallError {
    /// None is kept.
    Off,
    /// Too many are looking things up.
    Busy,
    /// It cannot be read: why.
    Failed(String),
}
