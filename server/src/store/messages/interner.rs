//! Row ids of authors and conversations. A message has these small integers instead of names.
//!
//! Storing a message must not look up two names each time, so the ids used lately are cached. Each row also has a column
//! `until`: no message of the author or conversation has a higher id. Pruning removes rows whose `until` is below the
//! oldest message. To avoid an update for each message, `until` is set an hour ahead of the message at hand.

use super::records::ConversationKind;
use landline_common::{NameKey, RoomName};
use rusqlite::Connection;
use std::collections::HashMap;

/// Most names in each cache. A full cache is cleared.
const MOST_CACHED: usize = 4_096;
/// Distance of `until` from the message at hand: an hour, as ids count microseconds.
const UNTIL_AHEAD: i64 = 3_600_000_000;

/// Caches of the row ids of authors and conversations.
#[derive(Debug, Default)]
pub(super) struct Interner {
    /// By the name as shown.
    authors: HashMap<Box<str>, InternedName>,
    /// By a digit for the kind, followed by the name.
    conversations: HashMap<Box<str>, InternedName>,
    /// Buffer for keys of `conversations`.
    scratch: String,
}

#[derive(Clone, Copy, Debug)]
struct InternedName {
    id: i64,
    until: i64,
}

impl Interner {
    /// Clears the caches. After a rollback they may have rows that were not stored, after pruning removed rows.
    pub(super) fn clear(&mut self) {
        self.authors.clear();
        self.conversations.clear();
    }

    /// Within a transaction: returns the row id of the author whose name is shown as `shown`, for the message `message`.
    /// Adds the row if it is missing.
    pub(super) fn author_id(&mut self, connection: &Connection, shown: &str, message: i64) -> rusqlite::Result<i64> {
        if let Some(known) = self.authors.get(shown)
            && known.until >= message
        {
            return Ok(known.id);
        }
        let sql = "INSERT INTO author (shown, key, until) VALUES (?1, ?2, ?3)
                   ON CONFLICT (shown) DO UPDATE SET until = max(until, excluded.until) RETURNING id, until";
        let values = (shown, NameKey::of(shown).as_str().to_owned(), message.saturating_add(UNTIL_AHEAD));
        let known = connection.prepare_cached(sql)?.query_row(values, read_name)?;
        Ok(cache(&mut self.authors, shown, known))
    }

    /// Within a transaction: returns the row id of a conversation for the message `message`. `name` is a room's name as
    /// shown, or an owner's key. Adds the row if it is missing.
    pub(super) fn conversation_id(
        &mut self,
        connection: &Connection,
        kind: ConversationKind,
        name: &str,
        message: i64,
    ) -> rusqlite::Result<i64> {
        self.scratch.clear();
        self.scratch.push(char::from(b'0' + kind as u8));
        self.scratch.push_str(name);
        if let Some(known) = self.conversations.get(self.scratch.as_str())
            && known.until >= message
        {
            return Ok(known.id);
        }
        let sql = "INSERT INTO circle (kind, key, shown, until) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (kind, key) DO UPDATE SET shown = excluded.shown, until = max(until, excluded.until)
                   RETURNING id, until";
        let key = if kind == ConversationKind::Room { room_key(name) } else { name.to_owned() };
        let values = (kind as u8, key, name, message.saturating_add(UNTIL_AHEAD));
        let known = connection.prepare_cached(sql)?.query_row(values, read_name)?;
        Ok(cache(&mut self.conversations, &self.scratch, known))
    }
}

fn read_name(row: &rusqlite::Row<'_>) -> rusqlite::Result<InternedName> {
    Ok(InternedName { id: row.get(0)?, until: row.get(1)? })
}

fn cache(names: &mut HashMap<Box<str>, InternedName>, name: &str, known: InternedName) -> i64 {
    if names.len() >= MOST_CACHED {
        names.clear();
    }
    names.insert(name.into(), known);
    known.id
}

/// Returns the key of a room. A name that this server does not allow any more is found by its lower-case letters.
fn room_key(shown: &str) -> String {
    RoomName::parse(shown).map_or_else(|_| shown.to_lowercase(), |name| name.key().as_str().to_owned())
}

/// Returns the row id of a conversation; `None` if it has no row, so no message either.
pub(super) fn find_conversation(
    connection: &Connection,
    kind: ConversationKind,
    key: &str,
) -> rusqlite::Result<Option<i64>> {
    use rusqlite::OptionalExtension;
    let sql = "SELECT id FROM circle WHERE kind = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.query_row((kind as u8, key), |row| row.get(0)).optional()
}
