//! Messages that are removed or changed after they were stored.
//!
//! | change | rows of `message` | search index |
//! |---|---|---|
//! | an owner's direct messages are deleted | sent ones deleted, received ones hidden from the owner | without them |
//! | a message is taken back | stays, without its text | has it without words |
//! | the author replaces the text | has the new text | has the new words |
//!
//! The index takes words out only if it gets the text with which it counted them, so the old text leaves the index before
//! the row changes. A message that is taken back stays in the index without words: pruning removes it from there later,
//! as all others.
//!
//! Removed text is overwritten in the database, and soon after [`Writer::empty_log`] empties the log, in which SQLite
//! keeps earlier versions of pages.

use super::index::{self, note_highest};
use super::interner::find_conversation;
use super::reader::{COLUMNS, FoundMessage, JOINED, Visibility};
use super::records::{OwnerColumns, to_sql_id};
use super::schema::{BUSY_TIMEOUT, SECURE_DELETE};
use super::writer::Writer;
use landline_common::history::{ChangedMessage, HistoryOwner, HistoryReader, MessageChange};
use rusqlite::Connection;
use std::time::Duration;

/// Condition for the messages that the owner of a conversation has received and not forgotten.
const RECEIVED: &str = "receiver = ?1 AND forgotten = 0";
/// Condition for a message that can be taken back or changed.
const CHANGEABLE: &str = "id = ?1 AND removed = 0 AND receiver IS NULL";
/// Longest wait of [`Writer::empty_log`] for readers: longer than a read of a session takes at default limits.
const READERS_TIMEOUT: Duration = Duration::from_millis(250);

impl Writer {
    /// Within a transaction: removes the direct messages that an owner has sent, and hides the received ones from the
    /// owner. Returns their number.
    pub(super) fn delete_direct_messages(&mut self, owner: &HistoryOwner) -> rusqlite::Result<u64> {
        let Some(conversation) = find_conversation(&self.connection, owner.kind(), &owner.key())? else {
            return Ok(0);
        };
        self.overwriting(|writer| writer.delete_of(conversation))
    }

    fn delete_of(&mut self, conversation: i64) -> rusqlite::Result<u64> {
        self.index.index_all(&self.connection)?;
        note_highest(&self.connection)?;
        let connection = &self.connection;
        index::remove(connection, "circle = ?1", conversation)?;
        let sent = connection.execute("DELETE FROM message WHERE circle = ?1", [conversation])?;
        index::remove(connection, RECEIVED, conversation)?;
        // 2 marks the messages of this call. Only these go back into the index, now with the scope of the sender alone.
        let hidden =
            connection.execute(&format!("UPDATE message SET forgotten = 2 WHERE {RECEIVED}"), [conversation])?;
        index::add_again(connection, "receiver = ?1 AND forgotten = 2", conversation)?;
        connection.execute("UPDATE message SET forgotten = 1 WHERE receiver = ?1 AND forgotten = 2", [conversation])?;
        Ok((sent + hidden) as u64)
    }

    /// Within a transaction: changes messages at the time `at_ms`. Returns the number of those that are stored and were
    /// not removed before.
    pub(super) fn change_messages(&mut self, change: &MessageChange, at_ms: i64) -> rusqlite::Result<u64> {
        self.overwriting(|writer| {
            // The index loses the words at once, not when it merges. That is too slow for thousands of messages.
            index::set_secure_delete(&writer.connection, true)?;
            let mut changed = 0;
            match change {
                MessageChange::Remove { ids, by } => {
                    for id in ids {
                        let by = writer.author_id(by, to_sql_id(*id))?;
                        changed += writer.replace_text(*id, "", at_ms, by)?;
                    }
                }
                MessageChange::Edit { id, text } => changed += writer.replace_text(*id, text, at_ms, 0)?,
            }
            index::set_secure_delete(&writer.connection, false)?;
            Ok(changed as u64)
        })
    }

    /// Within a transaction: runs `work` so that SQLite overwrites the texts that it removes with zeros.
    fn overwriting<T>(&mut self, work: impl FnOnce(&mut Writer) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.connection.pragma_update(None, "secure_delete", "ON")?;
        let value = work(self)?;
        self.connection.pragma_update(None, "secure_delete", SECURE_DELETE)?;
        Ok(value)
    }

    /// Moves all of the log into the database, and empties it. Returns false if a reader still needs it after
    /// [`READERS_TIMEOUT`].
    pub(super) fn empty_log(&self) -> rusqlite::Result<bool> {
        self.connection.busy_timeout(READERS_TIMEOUT)?;
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy = self.connection.query_row(sql, [], |row| row.get::<_, bool>(0));
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        is_busy.map(|is_busy| !is_busy)
    }

    fn replace_text(&mut self, id: u64, text: &str, at_ms: i64, removed: i64) -> rusqlite::Result<usize> {
        let connection = &self.connection;
        let id = to_sql_id(id);
        let is_indexed = self.index.has(connection, id)? && index::remove(connection, CHANGEABLE, id)? > 0;
        let sql = format!("UPDATE message SET text = ?2, changed = ?3, removed = ?4 WHERE {CHANGEABLE}");
        let changed = connection.prepare_cached(&sql)?.execute((id, text, at_ms, removed))?;
        if is_indexed {
            index::add_again(connection, "id = ?1", id)?;
        }
        Ok(changed)
    }
}

/// Returns the newest changes since the time of the message `last_id`, of messages up to it that the viewer may see. At
/// most `most`, in the order in which they were made.
pub(super) fn changes(
    connection: &Connection,
    viewer: &HistoryReader<'_>,
    last_id: u64,
    most: usize,
) -> rusqlite::Result<Vec<ChangedMessage>> {
    let visibility = Visibility::of(connection, viewer)?;
    let sql = format!(
        "SELECT {COLUMNS}, remover.shown FROM message {JOINED} LEFT JOIN author AS remover ON remover.id = message.removed
         WHERE message.circle = ?1 AND changed > 0 AND message.id <= ?2 AND changed >=
            ifnull((SELECT at FROM message WHERE circle = ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1), 0)
         ORDER BY changed DESC, message.id DESC"
    );
    let mut found = Vec::new();
    for conversation in &visibility.shared {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((conversation, to_sql_id(last_id)))?;
        while let Some(row) = rows.next()?
            && found.len() < most
        {
            let message = FoundMessage::read(row)?;
            if visibility.shows(&message) {
                found.push(ChangedMessage { entry: message.entry, removed_by: row.get(14)? });
            }
        }
    }
    found.reverse();
    Ok(found)
}
