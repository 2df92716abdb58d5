//! What stands out in a room: raised hands, marks of members, the pinned message.

use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{cleaned, cleaned_name};
use landline_common::clean::flatten;

/// A raised hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hand {
    /// User.
    pub user: Box<str>,
    /// Text on what it is about.
    pub text: Box<str>,
}

/// What distinguishes a member of a room from others; the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A raised hand, by its place in the queue, from 1.
    Hand(usize),
    /// The floor.
    Floor,
    /// Muted.
    Muted,
    /// Owner of the room or of the server.
    Owner,
    /// In the clear: the user's connection to the server is not encrypted.
    Clear,
}

impl Mark {
    /// Returns the mark in a word or two.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Mark::Hand(place) => format!("hand {place}"),
            Mark::Floor => "floor".to_owned(),
            Mark::Muted => "muted".to_owned(),
            Mark::Owner => "owner".to_owned(),
            Mark::Clear => "clear".to_owned(),
        }
    }

    /// Returns the mark in a letter, for a narrow list.
    #[must_use]
    pub fn letter(self) -> String {
        match self {
            Mark::Hand(place) => format!("h{place}"),
            Mark::Floor => "f".to_owned(),
            Mark::Muted => "m".to_owned(),
            Mark::Owner => "@".to_owned(),
            Mark::Clear => "c".to_owned(),
        }
    }
}

/// The message that owners keep on top of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its id.
    pub id: u64,
    /// Its author.
    pub user: Box<str>,
    /// The beginning of its text, in one line.
    pub text: Box<str>,
}

impl Pin {
    /// Creates a pin. The parts are not cleaned yet.
    #[must_use]
    pub fn new(id: u64, user: &str, text: &str) -> Pin {
        Pin { id, user: cleaned_name(user), text: cleaned(&flatten(text), NOTICE_CHARS) }
    }
}
