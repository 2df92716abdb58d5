//! Authors and circles by number: a message has two small integers instead of names.

use super::records::ConversationKind;
use landline_common::{NameKey, RoomName};
use rusqlite::Connection;
use std::collections::HashMap;

/// Names whose numbers are remembered; then the table is asked again.
const REMEMBERED: usize = 4_096;
/// How far beyond the message at hand an author's or circle's `until` is set: an hour of ids, which count microseconds.
const AHEAD: i64 = 3_600_000_000;

/// The numbers of authors and circles that were in use lately.
#[derive(Debug, Default)]
pub(super) struct Interner {
    authors: HashMap<Box<str>, InternedNames>,
    circles: HashMap<Box<str>, InternedNames>,
    scratch: String,
}

#[derive(Clone, Copy, Debug)]
struct InternedNames {
    number: i64,
    until: i64,
}

impl Interner {
    /// Forgets everything: after a rollback some of it was never stored, after pruning some is no more.
    pub(super) fn clear(&mut self) {
        self.authors.clear();
        self.circles.clear();
    }

    /// The number of the author called `shown`, who says the message `id`.
    pub(super) fn author(&mut self, connection: &Connection, shown: &str, id: i64) -> rusqlite::Result<i64> {
        if let Some(known) = self.authors.get(shown)
            && known.until >= id
        {
            return Ok(known.number);
        }
        let sql = "INSERT INTO author (shown, key, until) VALUES (?1, ?2, ?3)
                   ON CONFLICT (shown) DO UPDATE SET until = max(until, excluded.until) RETURNING id, until";
        let values = (shown, NameKey::of(shown).as_str().to_owned(), id.saturating_add(AHEAD));
        let known = connection.prepare_cached(sql)?.query_row(values, known)?;
        Ok(remember(&mut self.authors, shown, known))
    }

    /// The number of a circle, which the message `id` belongs to: a room by its name as shown, a party by its key.
    pub(super) fn group(
        &mut self,
        connection: &Connection,
        kind: ConversationKind,
        name: &str,
        id: i64,
    ) -> rusqlite::Result<i64> {
        self.scratch.clear();
        self.scratch.push(char::from(b'0' + kind as u8));
        self.scratch.push_str(name);
        if let Some(known) = self.circles.get(self.scratch.as_str())
            && known.until >= id
        {
            return Ok(known.number);
        }
        let sql = "INSERT INTO circle (kind, key, shown, until) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (kind, key) DO UPDATE SET shown = excluded.shown, until = max(until, excluded.until)
                   RETURNING id, until";
        let key = if kind == ConversationKind::Room { room_key(name) } else { name.to_owned() };
        let values = (kind as u8, key, name, id.saturating_add(AHEAD));
        let known = connection.prepare_cached(sql)?.query_row(values, known)?;
        Ok(remember(&mut self.circles, &self.scratch, known))
    }
}

fn known(row: &rusqlite::Row<'_>) -> rusqlite::Result<InternedNames> {
    Ok(InternedNames { number: row.get(0)?, until: row.get(1)? })
}

fn remember(names: &mut HashMap<Box<str>, InternedNames>, name: &str, known: InternedNames) -> i64 {
    if names.len() >= REMEMBERED {
        names.clear();
    }
    names.insert(name.into(), known);
    known.number
}

/// What a room is compared by. A name that is no longer allowed is still found by its letters.
fn room_key(shown: &str) -> String {
    RoomName::parse(shown).map_or_else(|_| shown.to_lowercase(), |name| name.key().as_str().to_owned())
}

/// The number of a circle, if anything was ever said in it.
pub(super) fn find_circle(connection: &Connection, kind: ConversationKind, key: &str) -> rusqlite::Result<Option<i64>> {
    use rusqlite::OptionalExtension;
    let sql = "SELECT id FROM circle WHERE kind = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.query_row((kind as u8, key), |row| row.get(0)).optional()
}
