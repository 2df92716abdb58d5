//! Export and import of the history as JSON, one message on each line.
//!
//! A line looks like this; `room` is missing in messages to all users online, `direct` in all but direct messages,
//! `edited` where the author has not replaced the text:
//!
//! ```json
//! {"id":1,"at":"2026-11-21T08:00:00Z","offset_s":3600,"room":"dev","user":"alice","text":"tea?","edited":true}
//! {"id":2,"at":"2026-11-21T08:01:00Z","offset_s":3600,"user":"alice","direct":{"to":"bob",
//!  "sender":{"account":"alice"},"receiver":{"guest":17}},"text":"hi"}
//! ```
//!
//! (The second one is broken here only to fit.) An import validates each line as strictly as a message from a client,
//! because a file can be edited. It keeps the ids, so importing a file twice changes nothing. Mail is not exported.

use super::records::{ConversationKind, Retention, to_sql_id};
use super::schema::{self, GLOBAL, file_error};
use super::writer::{DirectReceiver, MessageRow, Writer};
use crate::store::{FileError, utc};
use jiff::Timestamp;
use landline_common::clean::{clean, count_lines, is_safe_message};
use landline_common::limits::MOST_MESSAGE_LINES;
use landline_common::name::is_server_author;
use landline_common::{Limits, NameError, NameKey, OffsetDateTime, RoomName, UserName};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use thiserror::Error;

/// Bytes from which on a line is refused. Lines of an export are shorter.
const LONGEST_LINE: u64 = 64 << 10;
/// Most bytes of a name key. One letter of a name may become eighteen in its key, so keys are longer than names.
const LONGEST_KEY: usize = 4 << 10;
/// Seconds by which an id may be ahead of the clock. Ids are microseconds since 1970, and a new id is above all stored
/// ones: one huge id would leave none for later messages.
const MOST_AHEAD_S: i64 = 86_400;
const IDS_PER_SECOND: i64 = 1_000_000;
/// Most characters of the name of a server's operator.
const LONGEST_SERVER_NAME: usize = 80;

/// The reason for which an export or import failed. A failed import has changed nothing.
#[derive(Debug, Error)]
pub enum TransferError {
    /// The database cannot be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// A query failed.
    #[error("messages.db: {0}; nothing in it was changed. Try again; if that fails, too, check the disk")]
    Database(#[from] rusqlite::Error),
    /// The import cannot be read.
    #[error("the import cannot be read: {0}; nothing was imported")]
    Read(io::Error),
    /// The export cannot be written.
    #[error("the export cannot be written: {0}; what was written is incomplete, export again")]
    Write(io::Error),
    /// A line of the import is not a valid message.
    #[error(
        "line {line} is not a message of an export ({why}); nothing was imported. Correct the line and import again"
    )]
    ExportLine {
        /// The number of the line, counted from 1.
        line: u64,
        /// The error in the line.
        why: String,
    },
}

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Number of messages that were added.
    pub new: u64,
    /// Number of messages whose ids were stored already; the stored messages are unchanged.
    pub known: u64,
}

/// One message.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportLine {
    id: u64,
    at: Timestamp,
    /// Offset of the author's local time from UTC, in seconds.
    #[serde(default)]
    offset_s: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direct: Option<DirectLine>,
    text: String,
    /// The author has replaced the text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    edited: bool,
}

/// The additional fields of a direct message.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectLine {
    /// The receiver's name as shown.
    to: String,
    sender: OwnerLine,
    receiver: OwnerLine,
    /// The receiver has forgotten the message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    forgotten: bool,
}

/// An owner of direct messages.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OwnerLine {
    /// The name, or in older exports the name key.
    Account(String),
    /// The number of the guest's visit.
    Guest(u64),
}

impl OwnerLine {
    /// Makes the owner of a message with the name `shown`. An account is written as that name if it belongs to the key.
    fn of(kind: i64, key: String, shown: &str) -> OwnerLine {
        if kind == ConversationKind::Guest as i64 {
            OwnerLine::Guest(key.parse().unwrap_or(0))
        } else if NameKey::of(shown).as_str() == key {
            OwnerLine::Account(shown.to_owned())
        } else {
            OwnerLine::Account(key)
        }
    }

    /// Returns the columns of the owner. `shown` is the name in the message: an account equal to its key is a key, as in
    /// older exports.
    fn kind_and_key(&self, shown: &str) -> (ConversationKind, String) {
        match self {
            OwnerLine::Account(key) if NameKey::of(shown).as_str() == key => (ConversationKind::Account, key.clone()),
            OwnerLine::Account(name) => (ConversationKind::Account, NameKey::of(name).as_str().to_owned()),
            OwnerLine::Guest(session) => (ConversationKind::Guest, session.to_string()),
        }
    }
}

/// Writes all stored messages, or those since a moment, to `out` in the order of their ids. Returns their number.
///
/// A server may be running: the export has the messages that were stored when it began.
///
/// # Errors
/// The database is missing, damaged or of another version, or `out` cannot be written.
pub fn export(folder: &Path, since: Option<OffsetDateTime>, out: &mut dyn Write) -> Result<u64, TransferError> {
    let connection = schema::open_to_read(folder)?;
    let sql = "SELECT message.id, at, zone, circle.kind, circle.key, circle.shown, author.shown, addressee.shown,
            other.kind, other.key, forgotten, message.text, changed > 0
        FROM message CROSS JOIN author ON author.id = message.author CROSS JOIN circle ON circle.id = message.circle
        LEFT JOIN author AS addressee ON addressee.id = message.addressee
        LEFT JOIN circle AS other ON other.id = message.receiver
        WHERE at >= ?1 AND removed = 0 ORDER BY message.id";
    let path = schema::path(folder);
    let mut statement = connection.prepare(sql).map_err(file_error(&path))?;
    let since = since.map_or(i64::MIN, |since| since.unix_ms);
    let mut written = 0;
    for line in statement.query_map([since], read_line)? {
        let line = line?;
        let put = serde_json::to_writer(&mut *out, &line).map_err(io::Error::from).and_then(|()| out.write_all(b"\n"));
        put.map_err(TransferError::Write)?;
        written += 1;
    }
    out.flush().map_err(TransferError::Write)?;
    Ok(written)
}

fn read_line(row: &rusqlite::Row<'_>) -> rusqlite::Result<ExportLine> {
    let kind: i64 = row.get(3)?;
    let user: String = row.get(6)?;
    let direct = match (row.get::<_, Option<String>>(7)?, row.get(8)?, row.get(9)?) {
        (Some(to), Some(other), Some(key)) => {
            let sender = OwnerLine::of(kind, row.get(4)?, &user);
            let receiver = OwnerLine::of(other, key, &to);
            Some(DirectLine { to, sender, receiver, forgotten: row.get(10)? })
        }
        _ => None,
    };
    let room = if kind == ConversationKind::Room as i64 { Some(row.get(5)?) } else { None };
    let at = OffsetDateTime { unix_ms: row.get(1)?, offset_s: row.get(2)? };
    let (text, edited) = (row.get(11)?, row.get(12)?);
    Ok(ExportLine { id: row.get(0)?, at: utc(at), offset_s: at.offset_s, room, user, direct, text, edited })
}

/// Adds the messages of an export to the database in `folder`, in one transaction. Skips messages whose ids are stored
/// already. No server may run on the folder.
///
/// # Errors
/// The database cannot be opened or written, `lines` cannot be read, or a line is not a valid message; then nothing is
/// imported.
pub fn import(folder: &Path, lines: &mut dyn BufRead) -> Result<Imported, TransferError> {
    let connection = schema::open(folder)?;
    let mut writer = Writer::new(connection, Retention::Forever, &Limits::default())?;
    let highest = Timestamp::now().as_second().saturating_add(MOST_AHEAD_S).saturating_mul(IDS_PER_SECOND);
    let imported = writer.commit(true, |writer| {
        let mut imported = Imported::default();
        let mut bytes = Vec::new();
        for number in 1.. {
            let wrong = |why: String| TransferError::ExportLine { line: number, why };
            bytes.clear();
            let read = (&mut *lines).take(LONGEST_LINE).read_until(b'\n', &mut bytes);
            if read.map_err(TransferError::Read)? == 0 {
                break;
            }
            let line = parse(&bytes, highest).map_err(wrong)?;
            if insert_line(writer, &line)? {
                imported.new += 1;
            } else {
                imported.known += 1;
            }
        }
        Ok(imported)
    });
    writer.close();
    imported
}

/// Parses and validates a line. `highest` is the highest id that is accepted. The error says what is wrong.
fn parse(bytes: &[u8], highest: i64) -> Result<ExportLine, String> {
    if bytes.len() as u64 >= LONGEST_LINE {
        return Err("it is longer than 64 KiB".to_owned());
    }
    let line: ExportLine = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if line.id == 0 || !i64::try_from(line.id).is_ok_and(|id| id <= highest) {
        return Err(format!("the id {} is 0 or ahead of this machine's clock", line.id));
    }
    let bad = |field: &str, why: NameError| Err(format!("{field}: {why}"));
    let user_error = |name: &str| except_reserved(UserName::parse(name).err()).filter(|_| !is_server_name(name));
    if let Some(why) = user_error(&line.user) {
        return bad("user", why);
    }
    if let Some(why) = line.room.as_deref().and_then(|room| except_reserved(RoomName::parse(room).err())) {
        return bad("room", why);
    }
    if let Some(direct) = &line.direct {
        if line.room.is_some() {
            return Err("it is both to a room and to a user".to_owned());
        }
        if let Some(why) = user_error(&direct.to) {
            return bad("to", why);
        }
        for owner in [&direct.sender, &direct.receiver] {
            match owner {
                // This may be a key, which can be longer than a name and have other characters.
                OwnerLine::Account(key) if key.is_empty() || key.len() > LONGEST_KEY || clean(key) != *key => {
                    let why = "the account of its sender or receiver is empty, too long, or has control characters";
                    return Err(why.to_owned());
                }
                // A visit's number is an id, too. A later guest could get this number, and with it the message.
                OwnerLine::Guest(session) if *session >= line.id => {
                    return Err(format!("the visit {session} of its guest began after it"));
                }
                _ => {}
            }
        }
    }
    if line.text.is_empty() || !is_safe_message(&line.text) {
        return Err("its text is empty or has characters that no message may have".to_owned());
    }
    if count_lines(&line.text) > MOST_MESSAGE_LINES {
        return Err(format!("its text has more than {MOST_MESSAGE_LINES} lines"));
    }
    Ok(line)
}

/// Returns true for the name of a server's operator, which may be free text.
fn is_server_name(name: &str) -> bool {
    is_server_author(name) && clean(name) == name && name.chars().count() <= LONGEST_SERVER_NAME
}

/// Drops the error for reserved names: the server itself may have written the message.
fn except_reserved(why: Option<NameError>) -> Option<NameError> {
    why.filter(|why| *why != NameError::Reserved)
}

/// Stores the message of a line. Returns false if its id is stored already.
fn insert_line(writer: &mut Writer, line: &ExportLine) -> rusqlite::Result<bool> {
    let at = OffsetDateTime { unix_ms: line.at.as_millisecond(), offset_s: line.offset_s };
    let id = to_sql_id(line.id);
    let author = writer.author_id(&line.user, id)?;
    let mut row =
        MessageRow { id, at, conversation: GLOBAL, author, receiver: None, forgotten: false, text: &line.text };
    if let Some(direct) = &line.direct {
        let addressee = writer.author_id(&direct.to, id)?;
        let (kind, key) = direct.sender.kind_and_key(&line.user);
        row.conversation = writer.conversation_id(kind, &key, id)?;
        let (kind, key) = direct.receiver.kind_and_key(&direct.to);
        row.receiver = Some(DirectReceiver { conversation: writer.conversation_id(kind, &key, id)?, addressee });
        row.forgotten = direct.forgotten;
    } else if let Some(room) = &line.room {
        row.conversation = writer.conversation_id(ConversationKind::Room, room, id)?;
    }
    let stored = writer.insert_message(&row)?;
    if stored && line.edited {
        writer.connection.execute("UPDATE message SET changed = at WHERE id = ?1", [id])?;
    }
    Ok(stored)
}
