//! History as lines of JSON, one message each: out of the database, and into another.

use super::records::{ConversationKind, Retention};
use super::schema::{self, EVERYBODY, refused};
use super::writer::{MessageRow, Writer};
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

/// More bytes than a line of an export has.
const LONGEST_LINE: u64 = 64 << 10;
/// More bytes than the key of a name has, in which one letter may become eighteen.
const LONGEST_KEY: usize = 4 << 10;
/// Seconds that an id's time may be ahead of the clock: ids begin with the seconds since 1970, and the next one given
/// is above all that are stored.
const AHEAD: i64 = 86_400;
const IDS_A_SECOND: i64 = 1_000_000;

/// Why messages could not be exported or imported.
#[derive(Debug, Error)]
pub enum TransferError {
    /// The database is refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The database failed.
    #[error("messages.db: {0}; nothing was changed")]
    Database(#[from] rusqlite::Error),
    /// What is imported cannot be read, or the export cannot be written.
    #[error("the messages cannot be transferred: {0}")]
    Io(#[from] io::Error),
    /// A line is no message.
    #[error("line {line} is no message of an export ({why}); nothing was imported. Correct it and try again")]
    ExportLine {
        /// Which, counted from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Messages that were not there before.
    pub new: u64,
    /// Messages whose ids were there already; they are as they were.
    pub known: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportLine {
    id: u64,
    at: Timestamp,
    #[serde(default)]
    offset_s: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<String>,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    direct: Option<DirectLine>,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectLine {
    to: String,
    sender: PartyLine,
    receiver: PartyLine,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    forgotten: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PartyLine {
    Account(String),
    Guest(u64),
}

impl PartyLine {
    /// The party of a message by its key; `shown` is its name there. Keys are for comparing: an account is told by name.
    fn of(kind: i64, key: String, shown: &str) -> PartyLine {
        if kind == ConversationKind::Guest as i64 {
            PartyLine::Guest(key.parse().unwrap_or(0))
        } else if NameKey::of(shown).as_str() == key {
            PartyLine::Account(shown.to_owned())
        } else {
            PartyLine::Account(key)
        }
    }

    /// Older exports have an account's key in place of its name.
    fn kind_and_key(&self, shown: &str) -> (ConversationKind, String) {
        match self {
            PartyLine::Account(key) if NameKey::of(shown).as_str() == key => (ConversationKind::Account, key.clone()),
            PartyLine::Account(name) => (ConversationKind::Account, NameKey::of(name).as_str().to_owned()),
            PartyLine::Guest(session) => (ConversationKind::Guest, session.to_string()),
        }
    }
}

/// Writes all stored messages, or those since a moment, as lines of JSON in the order of their ids; says how many.
/// A server may run meanwhile: the lines are what was stored when this began. Mail is not among them.
///
/// # Errors
/// The database is missing or refused, or `out` takes no more.
pub fn export(folder: &Path, since: Option<OffsetDateTime>, out: &mut dyn Write) -> Result<u64, TransferError> {
    let connection = schema::open_to_read(folder)?;
    let sql = "SELECT message.id, at, zone, circle.kind, circle.key, circle.shown, author.shown, addressee.shown,
            other.kind, other.key, forgotten, message.text
        FROM message CROSS JOIN author ON author.id = message.author CROSS JOIN circle ON circle.id = message.circle
        LEFT JOIN author AS addressee ON addressee.id = message.addressee
        LEFT JOIN circle AS other ON other.id = message.receiver
        WHERE at >= ?1 ORDER BY message.id";
    let path = schema::path(folder);
    let mut statement = connection.prepare(sql).map_err(refused(&path))?;
    let since = since.map_or(i64::MIN, |since| since.unix_ms);
    let mut written = 0;
    for line in statement.query_map([since], read_line)? {
        serde_json::to_writer(&mut *out, &line?).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
        written += 1;
    }
    out.flush()?;
    Ok(written)
}

fn read_line(row: &rusqlite::Row<'_>) -> rusqlite::Result<ExportLine> {
    let kind: i64 = row.get(3)?;
    let (id, user, text): (_, String, _) = (row.get(0)?, row.get(6)?, row.get(11)?);
    let direct = match (row.get::<_, Option<String>>(7)?, row.get(8)?, row.get(9)?) {
        (Some(to), Some(other), Some(key)) => {
            let (sender, receiver) = (PartyLine::of(kind, row.get(4)?, &user), PartyLine::of(other, key, &to));
            Some(DirectLine { to, sender, receiver, forgotten: row.get(10)? })
        }
        _ => None,
    };
    let room = if kind == ConversationKind::Room as i64 { Some(row.get(5)?) } else { None };
    let at = OffsetDateTime { unix_ms: row.get(1)?, offset_s: row.get(2)? };
    Ok(ExportLine { id, at: utc(at), offset_s: at.offset_s, room, user, direct, text })
}

/// Adds the messages of an export, with their ids; those whose ids are there already are left out. All of them are
/// imported, or nothing. No server may run on the folder.
///
/// # Errors
/// The database is refused or fails, or a line is no message: it is named.
pub fn import(folder: &Path, lines: &mut dyn BufRead) -> Result<Imported, TransferError> {
    let connection = schema::open(folder)?;
    let mut writer = Writer::new(connection, Retention::Forever, &Limits::default())?;
    let highest = Timestamp::now().as_second().saturating_add(AHEAD).saturating_mul(IDS_A_SECOND);
    let imported = writer.commit(true, |writer| {
        let mut imported = Imported::default();
        let mut bytes = Vec::new();
        for number in 1.. {
            let wrong = |why: String| TransferError::ExportLine { line: number, why };
            bytes.clear();
            if (&mut *lines).take(LONGEST_LINE).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            let line = parse(&bytes, highest).map_err(wrong)?;
            match add(writer, &line)? {
                true => imported.new += 1,
                false => imported.known += 1,
            }
        }
        Ok(imported)
    });
    writer.close();
    imported
}

fn parse(bytes: &[u8], highest: i64) -> Result<ExportLine, String> {
    if bytes.len() as u64 >= LONGEST_LINE {
        return Err("it is longer than 64 KiB".to_owned());
    }
    let line: ExportLine = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if line.id == 0 || !i64::try_from(line.id).is_ok_and(|id| id <= highest) {
        return Err(format!("the id {} is 0 or ahead of this machine's clock", line.id));
    }
    let bad = |what: &str, why: NameError| Err(format!("{what}: {why}"));
    let user = |name: &str| name_rules(UserName::parse(name).err()).filter(|_| !is_servers(name));
    if let Some(why) = user(&line.user) {
        return bad("user", why);
    }
    if let Some(why) = line.room.as_deref().and_then(|room| name_rules(RoomName::parse(room).err())) {
        return bad("room", why);
    }
    if let Some(direct) = &line.direct {
        if line.room.is_some() {
            return Err("it is to a room and to a person".to_owned());
        }
        if let Some(why) = user(&direct.to) {
            return bad("to", why);
        }
        for party in [&direct.sender, &direct.receiver] {
            match party {
                // A key is no name: it may be longer, and have other characters.
                PartyLine::Account(key) if key.is_empty() || key.len() > LONGEST_KEY || clean(key) != *key => {
                    return Err("the account of its sender or receiver is empty, too long, or not clean".to_owned());
                }
                // Or a guest of tomorrow would have it.
                PartyLine::Guest(session) if *session >= line.id => {
                    return Err(format!("the visit {session} of its guest began after it"));
                }
                _ => {}
            }
        }
    }
    if line.text.is_empty() || !is_safe_message(&line.text) {
        return Err("its text is empty or has characters that no message has".to_owned());
    }
    if count_lines(&line.text) > MOST_MESSAGE_LINES {
        return Err(format!("its text has more than {MOST_MESSAGE_LINES} lines"));
    }
    Ok(line)
}

/// Whether the person who runs a server said it, whose name for people is free text.
fn is_servers(name: &str) -> bool {
    is_server_author(name) && clean(name) == name && name.chars().count() <= 80
}

/// The server itself may have spoken: reserved words are fine here.
fn name_rules(why: Option<NameError>) -> Option<NameError> {
    why.filter(|why| *why != NameError::Reserved)
}

fn add(writer: &mut Writer, line: &ExportLine) -> rusqlite::Result<bool> {
    let at = OffsetDateTime { unix_ms: line.at.as_millisecond(), offset_s: line.offset_s };
    let id = super::writer::number(line.id);
    let author = writer.author(&line.user, id)?;
    let (group, other, forgotten) = match (&line.direct, &line.room) {
        (Some(direct), _) => {
            let addressee = writer.author(&direct.to, id)?;
            let mut party = |party: &PartyLine, shown: &str| {
                let (kind, key) = party.kind_and_key(shown);
                writer.group(kind, &key, id)
            };
            let (sender, receiver) = (party(&direct.sender, &line.user)?, party(&direct.receiver, &direct.to)?);
            (sender, Some((receiver, addressee)), direct.forgotten)
        }
        (None, Some(room)) => (writer.group(ConversationKind::Room, room, id)?, None, false),
        (None, None) => (EVERYBODY, None, false),
    };
    writer.insert(&MessageRow { id, at, group, author, other, forgotten, text: &line.text })
}
