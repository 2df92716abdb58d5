//! Retention: what is older than users want to keep, or more than the disk is to hold, is removed in slices, so that
//! storing goes on between two of them.

use super::index::{self, note_highest};
use super::schema::LOG_BYTES;
use super::writer::Writer;
use rusqlite::Connection;

/// Messages removed in one transaction.
pub(super) const SLICE: usize = 1_000;
/// Slices that are removed at once where the database is too large: more than is said meanwhile, or it would grow on.
const SLICES_AT_ONCE: usize = 8;
/// Before any moment: the oldest messages, whenever they were said.
const ANY_TIME: i64 = i64::MAX;

/// Which messages: the oldest slice of those before a moment.
const OLD: &str = "id IN (SELECT id FROM message WHERE at < ?1 ORDER BY at, id LIMIT 1000)";

/// How large the database may be: its pages in use, and what is set aside for the log beside it.
#[derive(Debug)]
pub(super) struct HistorySize {
    most: u64,
    exceeded: bool,
}

impl HistorySize {
    /// At most `most` bytes, with the log. That has as much as SQLite leaves to it, or a quarter; its true length says
    /// nothing, as removing messages makes it longer.
    pub(super) fn at_most(most: u64) -> HistorySize {
        HistorySize { most: most - LOG_BYTES.min(most / 4), exceeded: false }
    }

    /// True if the database is too large, and from then on until a sixteenth is free: messages are removed in slices, not
    /// one for each that comes.
    fn is_exceeded(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let least = if self.exceeded { self.most - self.most / 16 } else { self.most };
        self.exceeded = Pages::of(connection)?.in_use() > least;
        Ok(self.exceeded)
    }
}

/// Removes the oldest messages while the database is too large. True if there is more to remove.
pub(super) fn shrink(writer: &mut Writer) -> rusqlite::Result<bool> {
    let mut is_told = writer.size.exceeded;
    for _ in 0..SLICES_AT_ONCE {
        if !writer.size.is_exceeded(&writer.connection)? {
            return if is_told { names(writer).map(|()| false) } else { Ok(false) };
        }
        if !std::mem::replace(&mut is_told, true) {
            log::info!("messages.db is as large as --history-size allows: the oldest messages are removed");
        }
        if slice(writer, ANY_TIME)? < SLICE {
            return Ok(false);
        }
        index::merge(&writer.connection)?;
    }
    Ok(true)
}

/// The pages of a database.
struct Pages {
    bytes: u64,
    all: u64,
    free: u64,
}

impl Pages {
    fn of(connection: &Connection) -> rusqlite::Result<Pages> {
        let sql = "SELECT page_size, page_count, freelist_count
                   FROM pragma_page_size, pragma_page_count, pragma_freelist_count";
        connection
            .prepare_cached(sql)?
            .query_row([], |row| Ok(Pages { bytes: row.get(0)?, all: row.get(1)?, free: row.get(2)? }))
    }

    /// Bytes that something is in. New messages take the free pages first, so the file grows no larger than this was.
    fn in_use(&self) -> u64 {
        self.all.saturating_sub(self.free).saturating_mul(self.bytes)
    }
}

/// Gives pages back to the disk that pruning left free, at the start: only where the bound was set lower than the file
/// is large, since it takes as long as copying what is left.
pub(super) fn compact(connection: &Connection, most: u64) -> rusqlite::Result<()> {
    let pages = Pages::of(connection)?;
    if pages.all.saturating_mul(pages.bytes) > most && pages.free > pages.all / 8 {
        log::info!("messages.db is larger than --history-size: giving its free pages back to the disk");
        connection.execute_batch("VACUUM")?;
    }
    Ok(())
}

/// Removes a slice of what was said before `cutoff` (Unix milliseconds). Says how much that was.
pub(super) fn slice(writer: &mut Writer, cutoff: i64) -> rusqlite::Result<usize> {
    let sql = "SELECT EXISTS (SELECT 1 FROM message WHERE at < ?1)";
    if !writer.connection.prepare_cached(sql)?.query_row([cutoff], |row| row.get::<_, bool>(0))? {
        return Ok(0);
    }
    writer.commit(false, |writer| {
        writer.index.finish(&writer.connection)?;
        note_highest(&writer.connection)?;
        index::remove(&writer.connection, OLD, cutoff)?;
        writer.connection.prepare_cached(&format!("DELETE FROM message WHERE {OLD}"))?.execute([cutoff])
    })
}

/// Removes all but the newest nonces: after so many messages, no client sends one again.
pub(super) fn nonces(writer: &mut Writer, most: usize) -> rusqlite::Result<()> {
    let sql = "DELETE FROM nonce WHERE id <= (SELECT id FROM nonce ORDER BY id DESC LIMIT 1 OFFSET ?1)";
    writer.commit(false, |writer| writer.connection.prepare_cached(sql)?.execute([most])).map(drop)
}

/// Removes authors and circles of whom nothing is left.
pub(super) fn names(writer: &mut Writer) -> rusqlite::Result<()> {
    let removed = writer.commit(false, |writer| remove_names(&writer.connection))?;
    if removed > 0 {
        writer.forget_names();
    }
    Ok(())
}

fn remove_names(connection: &Connection) -> rusqlite::Result<usize> {
    let oldest = "(SELECT ifnull(min(id), (SELECT value FROM meta WHERE name = 'highest') + 1) FROM message)";
    let authors = connection.execute(&format!("DELETE FROM author WHERE until < {oldest}"), [])?;
    Ok(authors + connection.execute(&format!("DELETE FROM circle WHERE until < {oldest}"), [])?)
}
