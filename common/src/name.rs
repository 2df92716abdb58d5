//! Names of people and rooms: what is allowed, and when two are the same.
//!
//! What a name may consist of was once wider. [`UserName::parse`] still reads such names, so that their accounts and
//! messages stay; who takes a name anew is held to [`UserName::check_new`].
//!
//! Two names of people are the same when they look the same: they are compared without case and by the skeleton of
//! Unicode Technical Standard 39, so that nobody can pass for somebody else. Rooms are compared without case only.

use crate::clean::is_invisible;
use crate::command;
use crate::limits::{NAME_CHARS, ROOM_CHARS};
use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::UnicodeScript;
use unicode_security::GeneralSecurityProfile;
use unicode_security::confusable_detection::skeleton;

/// Why a name is not one. The text says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name needs at least one letter or digit")]
    Empty,
    /// Over the length that [`crate::limits`] allows.
    #[error("that name is too long: at most {0} characters")]
    TooLong(usize),
    /// Something that is not allowed in a user's name.
    #[error("a name has letters, digits, _ and - only")]
    BadUser,
    /// Something that is not allowed in a room's name.
    #[error("a room's name has letters, digits, / and - only")]
    BadRoom,
    /// A word with a meaning of its own.
    #[error("that name is reserved; choose another")]
    Reserved,
}

/// A name of a person, as they wrote it (in Unicode's composed form).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName {
    shown: Box<str>,
    key: NameKey,
}

/// What two names have in common when nobody could tell them apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameKey(Box<str>);

impl UserName {
    /// Reads a name.
    ///
    /// # Errors
    /// Says which rule it breaks. Words with a meaning of their own are reserved: a line from somebody called `INFO`
    /// would look like one from the server.
    pub fn parse(text: &str) -> Result<UserName, NameError> {
        let shown = composed(text, NAME_CHARS, NameError::BadUser, |c| matches!(c, '_' | '-'))?;
        let key = NameKey::of(&shown);
        if is_reserved(&shown, &key) { Err(NameError::Reserved) } else { Ok(UserName { shown, key }) }
    }

    /// Whether the name may be taken anew, by a guest or for an account.
    ///
    /// # Errors
    /// It has characters that Unicode TS 39 keeps out of identifiers, or marks of another script than their letter's.
    pub fn check_new(&self) -> Result<(), NameError> {
        if is_identifier(&self.shown) { Ok(()) } else { Err(NameError::BadUser) }
    }

    /// The name as its owner wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What it is compared by.
    #[must_use]
    pub fn key(&self) -> &NameKey {
        &self.key
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl NameKey {
    /// The key of any text, a valid name or not: for looking people up.
    #[must_use]
    pub fn of(text: &str) -> NameKey {
        if !text.is_ascii() {
            return NameKey(look_of(text).into());
        }
        // Most names: without the tables of Unicode, whose iterators take a page of a thread's stack for ever.
        let mut look = String::with_capacity(text.len());
        text.bytes().for_each(|b| look.push_str(&LOOKS[usize::from(b)]));
        NameKey(look.into())
    }

    /// The key as text: for files and tables, never for people.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What each ASCII character looks like.
static LOOKS: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..=0x7f_u8).map(|b| look_of(char::from(b).encode_utf8(&mut [0; 4]))).collect());

/// A look-alike may be one in its large form only (В is like B, в is not like b) or in its small one only, so both are
/// brought to their skeletons, the large first.
fn look_of(text: &str) -> String {
    let large: String = text.nfkc().flat_map(char::to_uppercase).collect();
    small_skeleton(&small_skeleton(&large))
}

fn small_skeleton(text: &str) -> String {
    skeleton(text).flat_map(char::to_lowercase).collect()
}

/// The room in which everybody starts who names no other.
pub const LOBBY: &str = "lobby";

/// A room's name, as the person who opened the room wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomName {
    shown: Box<str>,
    key: RoomKey,
}

/// A room's name without case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomKey(Box<str>);

impl RoomName {
    /// Reads a room's name.
    ///
    /// # Errors
    /// Says which rule it breaks; `all`, `pm` and `private` would look like another kind of line in front of a message.
    pub fn parse(text: &str) -> Result<RoomName, NameError> {
        let shown = composed(text, ROOM_CHARS, NameError::BadRoom, |c| matches!(c, '/' | '-'))?;
        let key = RoomKey(shown.chars().flat_map(char::to_lowercase).collect());
        if matches!(&*key.0, "all" | "pm" | "private" | "direct") {
            Err(NameError::Reserved)
        } else {
            Ok(RoomName { shown, key })
        }
    }

    /// Whether a room of that name may be opened; see [`UserName::check_new`].
    ///
    /// # Errors
    /// As there.
    pub fn check_new(&self) -> Result<(), NameError> {
        if is_identifier(&self.shown) { Ok(()) } else { Err(NameError::BadRoom) }
    }

    /// The [`LOBBY`].
    #[must_use]
    pub fn lobby() -> RoomName {
        RoomName { shown: LOBBY.into(), key: RoomKey(LOBBY.into()) }
    }

    /// The name as it was first written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What it is compared by.
    #[must_use]
    pub fn key(&self) -> &RoomKey {
        &self.key
    }
}

impl RoomKey {
    /// The key as text: for files and tables.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

/// What follows a server's name where the server itself speaks.
const SERVER_MARK: &str = " (server)";

/// The name under which a server called `server` speaks. No user has one like it: names of users have no blanks.
#[must_use]
pub fn of_server(server: &str) -> String {
    format!("{server}{SERVER_MARK}")
}

/// Whether a server itself spoke under that name, so that it never becomes a user in a list.
#[must_use]
pub fn is_of_server(speaker: &str) -> bool {
    speaker.ends_with(SERVER_MARK)
}

/// Both kinds of name: letters and digits of any script, marks that belong to a letter, and what `also` allows.
fn composed(text: &str, most: usize, bad: NameError, also: fn(char) -> bool) -> Result<Box<str>, NameError> {
    // Checked before composing: hostile input may be long, and composing never adds characters.
    if text.len() > most * 16 {
        return Err(NameError::TooLong(most));
    }
    let shown: Box<str> = if text.is_ascii() { text.into() } else { text.nfc().collect() };
    let mut marks = 0;
    for (i, c) in shown.chars().enumerate() {
        // More than two marks on one letter reach into the lines above and below.
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        let mark_in_place = marks > 0 && i > 0 && marks <= 2;
        let allowed = if marks > 0 { mark_in_place } else { c.is_alphanumeric() || also(c) };
        if !allowed || is_invisible(c) {
            return Err(bad);
        }
    }
    match shown.chars().count() {
        0 => Err(NameError::Empty),
        n if n > most => Err(NameError::TooLong(most)),
        _ if !shown.chars().any(char::is_alphanumeric) => Err(NameError::Empty),
        _ => Ok(shown),
    }
}

/// Whether `shown`, which [`composed`] has let through, consists of identifier characters of Unicode TS 39 (general
/// security profile), and each mark may stand on its letter: invisible characters, letterlike symbols, and marks of
/// other scripts look like a name that another user has.
fn is_identifier(shown: &str) -> bool {
    let mut letter = None;
    shown.is_ascii()
        || shown.chars().all(|c| {
            if !is_combining_mark(c) {
                letter = Some(c).filter(|c| c.is_alphabetic());
                return c == '/' || c.identifier_allowed();
            }
            let scripts = |c: char| c.script_extension();
            let fits = letter.is_some_and(|letter| !scripts(letter).intersection(scripts(c)).is_empty());
            fits && c.identifier_allowed()
        })
}

/// Words that begin a line of the server's own.
const RESERVED: [&str; 9] =
    ["server", "INFO", "ERROR", "AUTH_SUCCESS", "ALIAS", "PASSWORD", "PONG", "Blocked", "Rooms"];

static RESERVED_KEYS: LazyLock<HashSet<NameKey>> = LazyLock::new(|| RESERVED.into_iter().map(NameKey::of).collect());

fn is_reserved(shown: &str, key: &NameKey) -> bool {
    let upper = shown.to_uppercase();
    upper.starts_with("PRIVATE_")
        || upper.starts_with("DIRECT_")
        || (shown.len() == 3 && shown.bytes().all(|b| b.is_ascii_digit()))
        || RESERVED_KEYS.contains(key)
        // By the letter only: Ali looks like `all`.
        || command::words().any(|word| word == shown.to_lowercase())
}

#[cfg(test)]
mod tests;
