//! The search index: fed in groups, as one row costs as much as eight plain ones and a group of them half of one.
//!
//! Everything up to `indexed` is in the index except what came late (ids are made in many rooms at once). Both are
//! stored with the messages, so that a kill between the two leaves nothing out and nothing in twice.

use super::schema::{meta, set_meta};
use rusqlite::Connection;

/// Messages that wait to be indexed before it is worth it: a search indexes so many in 10 ms.
const WORTH_IT: u64 = 2_000;
/// Messages that are indexed in one go: posts wait behind it.
const SLICE: i64 = 5_000;

/// Pages that one step of merging writes.
const MERGED_PAGES: i64 = 250;

/// What is known of the index.
#[derive(Debug)]
pub(super) struct Index {
    indexed: i64,
    waiting: u64,
    /// Set after a failure: then only a search tries again, or the next hour.
    resting: bool,
}

impl Index {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Index> {
        let indexed = meta(connection, "indexed")?;
        let sql = "SELECT (SELECT count(*) FROM message WHERE id > ?1) + (SELECT count(*) FROM late)";
        let waiting = connection.query_row(sql, [indexed], |row| row.get(0))?;
        Ok(Index { indexed, waiting, resting: false })
    }

    /// In the transaction that stored the message `id`.
    pub(super) fn stored(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<()> {
        self.waiting += 1;
        if id <= self.indexed {
            connection.prepare_cached("INSERT INTO late VALUES (?1)")?.execute([id])?;
        }
        Ok(())
    }

    /// True when enough waits.
    pub(super) fn is_worth_it(&self) -> bool {
        self.waiting >= WORTH_IT && !self.resting
    }

    /// How many messages a search would not find yet.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// After a slice: whether to go on without being asked.
    pub(super) fn rest(&mut self, resting: bool) {
        self.resting = resting;
    }

    /// In a transaction: indexes a slice of what waits, those that came late first, as the index wants growing ids.
    pub(super) fn slice(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let late = "INSERT INTO found (rowid, scope, text) SELECT id, scope, text FROM searchable
                    WHERE id IN (SELECT id FROM late ORDER BY id LIMIT ?1) ORDER BY id";
        let mut done = connection.prepare_cached(late)?.execute([SLICE])?;
        if done > 0 {
            let sql = "DELETE FROM late WHERE id IN (SELECT id FROM late ORDER BY id LIMIT ?1)";
            connection.prepare_cached(sql)?.execute([SLICE])?;
        }
        let end = "SELECT max(id) FROM (SELECT id FROM message WHERE id > ?1 ORDER BY id LIMIT ?2)";
        let end: Option<i64> = connection.prepare_cached(end)?.query_row((self.indexed, SLICE), |row| row.get(0))?;
        if let Some(end) = end {
            let fresh = "INSERT INTO found (rowid, scope, text) SELECT id, scope, text FROM searchable
                         WHERE id > ?1 AND id <= ?2 ORDER BY id";
            done += connection.prepare_cached(fresh)?.execute((self.indexed, end))?;
            set_meta(connection, "indexed", end)?;
            self.indexed = end;
        }
        // Nothing found where something should be would be asked for again and again.
        self.waiting = if done == 0 { 0 } else { self.waiting.saturating_sub(done as u64) };
        Ok(())
    }

    /// In a transaction: indexes all that waits, so that messages can be taken from the index without looking.
    pub(super) fn finish(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        while self.waiting > 0 {
            self.slice(connection)?;
        }
        Ok(())
    }
}

/// Makes the whole index anew from the messages.
pub(super) fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    let all = connection.unchecked_transaction()?;
    all.execute("INSERT INTO found (found) VALUES ('rebuild')", [])?;
    all.execute("DELETE FROM late", [])?;
    all.execute("UPDATE meta SET value = (SELECT ifnull(max(id), 0) FROM message) WHERE name = 'indexed'", [])?;
    all.commit()
}

/// In a transaction, when all is indexed: takes the messages that `condition` selects from the index.
pub(super) fn remove(connection: &Connection, condition: &str, value: i64) -> rusqlite::Result<usize> {
    let sql = format!(
        "INSERT INTO found (found, rowid, scope, text) SELECT 'delete', id, scope, text FROM searchable
         WHERE id IN (SELECT id FROM message WHERE {condition})"
    );
    connection.prepare_cached(&sql)?.execute([value])
}

/// Merges some of the index's segments, so that what was taken from it leaves the disk, too.
pub(super) fn merge(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT INTO found (found, rank) VALUES ('merge', ?1)";
    connection.prepare_cached(sql)?.execute([MERGED_PAGES]).map(drop)
}

/// In a transaction: notes the highest id before messages are removed, so that none is ever given twice.
pub(super) fn note_highest(connection: &Connection) -> rusqlite::Result<()> {
    set_meta(connection, "highest", highest(connection)?)
}

/// The highest id of all that is and was stored.
pub(super) fn highest(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT max((SELECT value FROM meta WHERE name = 'highest'),
        (SELECT ifnull(max(id), 0) FROM message), (SELECT ifnull(max(id), 0) FROM mail))";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}
