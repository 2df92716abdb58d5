//! The full-text index of messages, the FTS5 table `found`.
//!
//! Indexing one message costs as much as eight plain rows; in a group it costs half a plain row. So messages are stored
//! first and indexed later in slices: when enough wait, or when a search needs them.
//!
//! Ids are assigned in many rooms at once and are not stored in their order. Invariant: all messages with ids up to
//! `indexed` are in the index, except those in the table `late`. Example with `indexed` = 10:
//!
//! | event | `indexed` | `late` | waiting |
//! |---|---|---|---|
//! | message 12 is stored | 10 | | 12 |
//! | message 9 is stored | 10 | 9 | 9, 12 |
//! | a slice is indexed | 12 | | |
//!
//! Both values change in the transaction that stores or indexes the messages. A kill at any time leaves no message out
//! and indexes none twice.

use super::meta::{meta, set_meta};
use rusqlite::Connection;

/// Number of waiting messages from which on a slice is due. A search indexes fewer than this in 10 ms.
const DUE_MESSAGES: u64 = 2_000;
/// Most messages of each kind, late and new, that one slice indexes. Jobs wait meanwhile.
const SLICE_MESSAGES: i64 = 5_000;

/// Most pages that one merge step writes.
const MERGED_PAGES: i64 = 250;

/// The state of the index.
#[derive(Debug)]
pub(super) struct Index {
    /// See the invariant above.
    indexed: i64,
    /// Number of messages that are stored and not indexed.
    waiting: u64,
    /// Set after a failure. Then only a search, or the hourly maintenance, tries again.
    paused: bool,
}

impl Index {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Index> {
        let indexed = meta(connection, "indexed")?;
        let sql = "SELECT (SELECT count(*) FROM message WHERE id > ?1) + (SELECT count(*) FROM late)";
        let waiting = connection.query_row(sql, [indexed], |row| row.get(0))?;
        Ok(Index { indexed, waiting, paused: false })
    }

    /// Notes a stored message. Called in the transaction that stores it.
    pub(super) fn note_stored(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<()> {
        self.waiting += 1;
        if id <= self.indexed {
            connection.prepare_cached("INSERT INTO late VALUES (?1)")?.execute([id])?;
        }
        Ok(())
    }

    /// Returns true if the index has the message of this id, provided that it is stored.
    pub(super) fn has(&self, connection: &Connection, id: i64) -> rusqlite::Result<bool> {
        let is_late = "SELECT EXISTS (SELECT 1 FROM late WHERE id = ?1)";
        Ok(id <= self.indexed && !connection.prepare_cached(is_late)?.query_row([id], |row| row.get::<_, bool>(0))?)
    }

    /// Returns true if a slice should be indexed now.
    pub(super) fn is_due(&self) -> bool {
        self.waiting >= DUE_MESSAGES && !self.paused
    }

    /// Returns the number of messages that a search would not find yet.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Pauses or resumes indexing by [`Self::is_due`].
    pub(super) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Within a transaction: indexes a slice of the waiting messages. Late ones come first, because FTS5 is fastest with
    /// growing ids.
    pub(super) fn index_slice(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let late = "INSERT INTO found (rowid, scope, text) SELECT id, scope, text FROM searchable
                    WHERE id IN (SELECT id FROM late ORDER BY id LIMIT ?1) ORDER BY id";
        let mut done = connection.prepare_cached(late)?.execute([SLICE_MESSAGES])?;
        if done > 0 {
            let sql = "DELETE FROM late WHERE id IN (SELECT id FROM late ORDER BY id LIMIT ?1)";
            connection.prepare_cached(sql)?.execute([SLICE_MESSAGES])?;
        }
        let end = "SELECT max(id) FROM (SELECT id FROM message WHERE id > ?1 ORDER BY id LIMIT ?2)";
        let end: Option<i64> =
            connection.prepare_cached(end)?.query_row((self.indexed, SLICE_MESSAGES), |row| row.get(0))?;
        if let Some(end) = end {
            let fresh = "INSERT INTO found (rowid, scope, text) SELECT id, scope, text FROM searchable
                         WHERE id > ?1 AND id <= ?2 ORDER BY id";
            done += connection.prepare_cached(fresh)?.execute((self.indexed, end))?;
            set_meta(connection, "indexed", end)?;
            self.indexed = end;
        }
        // If the count was wrong and nothing waits, a loop until 0 must still end.
        self.waiting = if done == 0 { 0 } else { self.waiting.saturating_sub(done as u64) };
        Ok(())
    }

    /// Within a transaction: indexes all waiting messages. Required before [`remove`].
    pub(super) fn index_all(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        while self.waiting > 0 {
            self.index_slice(connection)?;
        }
        Ok(())
    }
}

/// Builds the whole index anew from the messages.
pub(super) fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute("INSERT INTO found (found) VALUES ('rebuild')", [])?;
    transaction.execute("DELETE FROM late", [])?;
    transaction
        .execute("UPDATE meta SET value = (SELECT ifnull(max(id), 0) FROM message) WHERE name = 'indexed'", [])?;
    transaction.commit()
}

/// Within a transaction: removes the messages that `condition` selects from the index; `value` is its parameter `?1`.
/// All of them must be indexed, or FTS5 would subtract words that it never counted.
pub(super) fn remove(connection: &Connection, condition: &str, value: i64) -> rusqlite::Result<usize> {
    let sql = format!(
        "INSERT INTO found (found, rowid, scope, text) SELECT 'delete', id, scope, text FROM searchable
         WHERE id IN (SELECT id FROM message WHERE {condition})"
    );
    connection.prepare_cached(&sql)?.execute([value])
}

/// Within a transaction: puts the messages that `condition` selects into the index again after [`remove`], with their
/// present conversations and texts; `value` is its parameter `?1`.
pub(super) fn add_again(connection: &Connection, condition: &str, value: i64) -> rusqlite::Result<usize> {
    let sql = format!(
        "INSERT INTO found (rowid, scope, text) SELECT id, scope, text FROM searchable
         WHERE id IN (SELECT id FROM message WHERE {condition}) ORDER BY id"
    );
    connection.prepare_cached(&sql)?.execute([value])
}

/// Within a transaction: sets whether [`remove`] takes words out of the segments that have them. Otherwise they stay there
/// until a merge, which is faster.
pub(super) fn set_secure_delete(connection: &Connection, on: bool) -> rusqlite::Result<()> {
    let sql = "INSERT INTO found (found, rank) VALUES ('secure-delete', ?1)";
    connection.prepare_cached(sql)?.execute([on]).map(drop)
}

/// Merges some segments of the index. Only merging frees the pages of removed messages.
pub(super) fn merge(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT INTO found (found, rank) VALUES ('merge', ?1)";
    connection.prepare_cached(sql)?.execute([MERGED_PAGES]).map(drop)
}

/// Within a transaction: stores the highest id before messages are removed, so that no id is ever assigned twice.
pub(super) fn note_highest(connection: &Connection) -> rusqlite::Result<()> {
    set_meta(connection, "highest", highest(connection)?)
}

/// Returns the highest id of all messages and mail that are or were stored; 0 if there were none.
pub(super) fn highest(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT max((SELECT value FROM meta WHERE name = 'highest'),
        (SELECT ifnull(max(id), 0) FROM message), (SELECT ifnull(max(id), 0) FROM mail))";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}
