//! Removes old messages: those older than the retention, and the oldest while the database is too large.
//!
//! Messages are removed in slices of [`SLICE_MESSAGES`], each in a transaction of its own, so that jobs are stored
//! between two slices. Before messages are removed, the highest id is noted, so that ids are never reused, and all
//! messages are indexed, so that they can be removed from the index.
//!
//! Mail is never pruned. Removing messages does not shrink the file: new messages use the free pages. Only [`compact`],
//! at the start, does.

use super::history_size::Pages;
use super::index::{self, note_highest};
use super::writer::Writer;
use rusqlite::Connection;

/// Messages removed in one transaction. [`OLDEST_SLICE`] has the same number.
pub(super) const SLICE_MESSAGES: usize = 1_000;
/// Most slices that one call of [`shrink`] removes. It must remove more messages than arrive meanwhile, or the database
/// would keep growing.
const SLICES_AT_ONCE: usize = 8;
/// A cutoff that all messages are before.
const NO_CUTOFF: i64 = i64::MAX;

/// Condition for the oldest slice of the messages before the time `?1`.
const OLDEST_SLICE: &str = "id IN (SELECT id FROM message WHERE at < ?1 ORDER BY at, id LIMIT 1000)";

/// Removes the oldest messages while the database is too large. Returns true if more must be removed.
pub(super) fn shrink(writer: &mut Writer) -> rusqlite::Result<bool> {
    let mut logged = writer.size.is_exceeded();
    for _ in 0..SLICES_AT_ONCE {
        if !writer.size.update(&writer.connection)? {
            // `logged` is also set by an earlier call: then messages were removed, and names may be unused.
            if logged {
                remove_unused_names(writer)?;
            }
            return Ok(false);
        }
        if !logged {
            log::info!("messages.db: size limit reached (--history-size): removing the oldest messages");
            logged = true;
        }
        if remove_slice_before(writer, NO_CUTOFF)? < SLICE_MESSAGES {
            return Ok(false);
        }
        index::merge(&writer.connection)?;
    }
    Ok(true)
}

/// Shrinks the file at the start if it is larger than `most` bytes, as after a change of the limit, and if more than an
/// eighth of its pages are free. Takes as long as copying the pages in use.
pub(super) fn compact(connection: &Connection, most: u64) -> rusqlite::Result<()> {
    let pages = Pages::of(connection)?;
    if pages.bytes() > most && pages.free > pages.total / 8 {
        log::info!("messages.db: file larger than --history-size: returning its free pages to the disk");
        connection.execute_batch("VACUUM")?;
    }
    Ok(())
}

/// Removes the oldest slice of the messages before `cutoff`, in milliseconds since 1970. Returns their number, which is
/// less than [`SLICE_MESSAGES`] if no more are left.
pub(super) fn remove_slice_before(writer: &mut Writer, cutoff: i64) -> rusqlite::Result<usize> {
    let sql = "SELECT EXISTS (SELECT 1 FROM message WHERE at < ?1)";
    if !writer.connection.prepare_cached(sql)?.query_row([cutoff], |row| row.get::<_, bool>(0))? {
        return Ok(0);
    }
    writer.commit(false, |writer| {
        writer.index.index_all(&writer.connection)?;
        note_highest(&writer.connection)?;
        index::remove(&writer.connection, OLDEST_SLICE, cutoff)?;
        writer.connection.prepare_cached(&format!("DELETE FROM message WHERE {OLDEST_SLICE}"))?.execute([cutoff])
    })
}

/// Removes all but the newest `most` nonces. A client repeats a message soon or never, so older nonces are not needed.
pub(super) fn remove_old_nonces(writer: &mut Writer, most: usize) -> rusqlite::Result<()> {
    let sql = "DELETE FROM nonce WHERE id <= (SELECT id FROM nonce ORDER BY id DESC LIMIT 1 OFFSET ?1)";
    writer.commit(false, |writer| writer.connection.prepare_cached(sql)?.execute([most])).map(drop)
}

/// Removes the rows of authors and conversations that no message refers to any more.
pub(super) fn remove_unused_names(writer: &mut Writer) -> rusqlite::Result<()> {
    let removed = writer.commit(false, |writer| delete_unused_names(&writer.connection))?;
    if removed > 0 {
        writer.clear_names();
    }
    Ok(())
}

fn delete_unused_names(connection: &Connection) -> rusqlite::Result<usize> {
    let oldest = "(SELECT ifnull(min(id), (SELECT value FROM meta WHERE name = 'highest') + 1) FROM message)";
    let authors = connection.execute(&format!("DELETE FROM author WHERE until < {oldest}"), [])?;
    Ok(authors + connection.execute(&format!("DELETE FROM circle WHERE until < {oldest}"), [])?)
}
