//! Names of users and rooms: which are valid, and which are equal.
//!
//! Two user names are equal if they look alike: they are compared without case and by the skeleton of Unicode Technical
//! Standard 39 ([`NameKey`]), so that no user can impersonate another one. Room names are compared without case only
//! ([`RoomKey`]).
//!
//! Older versions allowed more characters. [`UserName::parse`] still accepts such names, so that their accounts and
//! messages stay usable. A guest or a new account also has to pass [`UserName::check_new`].

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

/// Why a name is invalid. The text is for users.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// The name has no letter or digit.
    #[error("a name needs at least one letter or digit")]
    Empty,
    /// The name has more characters than this, the maximum of [`crate::limits`].
    #[error("the name of the user or room is too long: at most {0} characters")]
    TooLong(usize),
    /// The name has a character that user names must not have.
    #[error("a name has letters, digits, _ and - only")]
    BadUser,
    /// The name has a character that room names must not have.
    #[error("a room's name has letters, digits, / and - only")]
    BadRoom,
    /// The name could be taken for a command or for the beginning of a server line.
    #[error("that name is reserved for commands or the server; choose another")]
    Reserved,
}

/// The name of a user as the user wrote it, in Unicode's composed form (NFC), with its key for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName {
    shown: Box<str>,
    key: NameKey,
}

/// A user name in the form in which names are compared: look-alikes have the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameKey(Box<str>);

impl UserName {
    /// Parses a name.
    ///
    /// # Errors
    /// The rule that the name breaks. Some words are reserved: a line of a user called `INFO` would look like a line of
    /// the server.
    pub fn parse(text: &str) -> Result<UserName, NameError> {
        let shown = composed(text, NAME_CHARS, NameError::BadUser, |c| matches!(c, '_' | '-'))?;
        let key = NameKey::of(&shown);
        if is_reserved(&shown, &key) { Err(NameError::Reserved) } else { Ok(UserName { shown, key }) }
    }

    /// Checks whether a guest or a new account may take the name.
    ///
    /// # Errors
    /// The name has characters that Unicode TS 39 keeps out of identifiers, or marks of another script than their letter's.
    pub fn check_new(&self) -> Result<(), NameError> {
        if is_identifier(&self.shown) { Ok(()) } else { Err(NameError::BadUser) }
    }

    /// The name as its user wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The key for comparison.
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

/// Most bytes of a text for each character that a name may have. Leaves room for decomposed marks.
const MAX_BYTES_PER_CHAR: usize = 16;

/// Longest text in bytes that has a key. The name of a server, which authors have too, may be longer than a user's.
const MAX_KEY_BYTES: usize = 1_024;

impl NameKey {
    /// The key of any text, valid name or not, for looking up users. A text that is too long for a name has the empty key,
    /// which no name has: a command object has 64 KiB, and some characters become eighteen before they are compared, so
    /// its key would take 25 ms.
    #[must_use]
    pub fn of(text: &str) -> NameKey {
        if text.len() > MAX_KEY_BYTES {
            return NameKey(String::new().into());
        }
        if !text.is_ascii() {
            return NameKey(compute_key(text).into());
        }
        // Most names are ASCII. Unicode's iterators would use one more page of stack, which a thread keeps until it ends.
        let mut key = String::with_capacity(text.len());
        for byte in text.bytes() {
            key.push_str(&ASCII_KEYS[usize::from(byte)]);
        }
        NameKey(key.into())
    }

    /// The key as text, for files and tables. Never show it: it may be another word than the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The keys of all ASCII characters. The key of an ASCII text is the concatenation of its characters' keys.
static ASCII_KEYS: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..=0x7f_u8).map(|b| compute_key(char::from(b).encode_utf8(&mut [0; 4]))).collect());

/// Computes a key by the skeletons of the uppercase and then of the lowercase form. Some characters look alike in one
/// case only: В looks like B, but в does not look like b.
fn compute_key(text: &str) -> String {
    let uppercase: String = text.nfkc().flat_map(char::to_uppercase).collect();
    lowercase_skeleton(&lowercase_skeleton(&uppercase))
}

fn lowercase_skeleton(text: &str) -> String {
    skeleton(text).flat_map(char::to_lowercase).collect()
}

/// The room in which a user starts without naming another one.
pub const LOBBY: &str = "lobby";

/// The name of a room as the user who opened it wrote it, with its key for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomName {
    shown: Box<str>,
    key: RoomKey,
}

/// A room name in the form in which names are compared: lowercase.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomKey(Box<str>);

impl RoomName {
    /// Parses a room name.
    ///
    /// # Errors
    /// The rule that the name breaks. `all`, `pm`, `private` and `direct` are reserved: in front of a message they mark
    /// another kind of line.
    pub fn parse(text: &str) -> Result<RoomName, NameError> {
        let shown = composed(text, ROOM_CHARS, NameError::BadRoom, |c| matches!(c, '/' | '-'))?;
        let key = RoomKey(shown.chars().flat_map(char::to_lowercase).collect());
        if matches!(&*key.0, "all" | "pm" | "private" | "direct") {
            Err(NameError::Reserved)
        } else {
            Ok(RoomName { shown, key })
        }
    }

    /// Checks whether a room of this name may be opened.
    ///
    /// # Errors
    /// As for [`UserName::check_new`].
    pub fn check_new(&self) -> Result<(), NameError> {
        if is_identifier(&self.shown) { Ok(()) } else { Err(NameError::BadRoom) }
    }

    /// The name of the [`LOBBY`].
    #[must_use]
    pub fn lobby() -> RoomName {
        RoomName { shown: LOBBY.into(), key: RoomKey(LOBBY.into()) }
    }

    /// The name as the user who opened the room wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The key for comparison.
    #[must_use]
    pub fn key(&self) -> &RoomKey {
        &self.key
    }
}

impl RoomKey {
    /// The key as text, for files and tables.
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

/// Suffix of a server's name as an author.
const SERVER_MARK: &str = " (server)";

/// The author of messages that a server called `server` says itself. User names have no spaces, so no user has such a name.
#[must_use]
pub fn server_author(server: &str) -> String {
    format!("{server}{SERVER_MARK}")
}

/// True if this author is a server, which must not count as a user.
#[must_use]
pub fn is_server_author(speaker: &str) -> bool {
    speaker.ends_with(SERVER_MARK)
}

/// Composes a name of either kind and checks its characters: letters and digits of any script, up to two marks on each,
/// and the punctuation that `is_allowed` accepts.
fn composed(text: &str, most: usize, bad: NameError, is_allowed: fn(char) -> bool) -> Result<Box<str>, NameError> {
    // Refuse long hostile input before composing it.
    if text.len() > most * MAX_BYTES_PER_CHAR {
        return Err(NameError::TooLong(most));
    }
    let shown: Box<str> = if text.is_ascii() { text.into() } else { text.nfc().collect() };
    let mut marks = 0;
    for (i, c) in shown.chars().enumerate() {
        // More than two marks on one letter would reach into the lines above and below.
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        let mark_in_place = marks > 0 && i > 0 && marks <= 2;
        let allowed = if marks > 0 { mark_in_place } else { c.is_alphanumeric() || is_allowed(c) };
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

/// True if `shown`, a result of [`composed`], has only identifier characters of Unicode TS 39 (general security profile)
/// and only marks of the script of their letter. Invisible characters, letterlike symbols and marks of other scripts could
/// make a name look like that of another user.
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

/// First words of lines that the server itself writes.
const RESERVED: [&str; 9] =
    ["server", "INFO", "ERROR", "AUTH_SUCCESS", "ALIAS", "PASSWORD", "PONG", "Blocked", "Rooms"];

static RESERVED_KEYS: LazyLock<HashSet<NameKey>> = LazyLock::new(|| RESERVED.into_iter().map(NameKey::of).collect());

fn is_reserved(shown: &str, key: &NameKey) -> bool {
    let upper = shown.to_uppercase();
    upper.starts_with("PRIVATE_")
        || upper.starts_with("DIRECT_")
        || (shown.len() == 3 && shown.bytes().all(|b| b.is_ascii_digit()))
        || RESERVED_KEYS.contains(key)
        // Not by key: the name Ali looks like `all`.
        || command::words().any(|word| word == shown.to_lowercase())
}

#[cfg(test)]
mod tests;
