//! Retention: what is older than people want to keep is removed in slices, so that nobody waits behind it.

use super::index::{self, note_highest};
use super::writer::Writer;
use rusqlite::Connection;

/// Messages removed in one transaction.
pub(super) const SLICE: usize = 1_000;

/// Which messages: the oldest slice of those before a moment.
const OLD: &str = "id IN (SELECT id FROM message WHERE at < ?1 ORDER BY at, id LIMIT 1000)";

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
