//! A connection that only reads, and the rules about which messages a user may see.
//!
//! A request to the history reads on the thread of its session, so it needs a connection of its own beside the one that
//! writes. SQLite's WAL mode lets both work at once; a read sees the state at its beginning. To keep one request from
//! delaying others, three times are bounded:
//!
//! - waiting for a turn: one second, see [`FairQueue`], then [`HistoryError::Busy`];
//! - reading: the time given to [`Reader::new`], then SQLite interrupts the query;
//! - scanning while other requests wait: the time slice of [`FairQueue`], checked through `may_continue`.
//!
//! A message is visible to a user if it is in one of the user's rooms, was sent to all users online, or is a direct
//! message that the user sent, or received and has not forgotten. Messages of blocked authors are never visible.

use super::fair_queue::FairQueue;
use super::interner::find_conversation;
use super::records::{ConversationKind, OwnerColumns};
use super::schema::GLOBAL;
use crate::ordered_mutex::OrderedMutex;
use landline_common::OffsetDateTime;
use landline_common::history::{HistoryEntry, HistoryError, HistoryFilter, HistoryReader, Location};
use rusqlite::{Connection, ErrorCode, Row};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Longest wait for a turn.
pub(super) const TURN_TIMEOUT: Duration = Duration::from_secs(1);
/// Instructions of SQLite's virtual machine between two looks at the clock: about 20 µs.
const CLOCK_INTERVAL: i32 = 1_000;

/// A connection that only reads, for one request at a time.
#[derive(Debug)]
pub(super) struct Reader {
    queue: FairQueue,
    /// `None` after [`Self::close`].
    connection: OrderedMutex<Option<Connection>, 7>,
    /// Longest time of one read.
    time_limit: Duration,
}

impl Reader {
    pub(super) fn new(connection: Connection, time_limit: Duration) -> Reader {
        Reader { queue: FairQueue::default(), connection: OrderedMutex::new(Some(connection)), time_limit }
    }

    /// Waits for a turn on behalf of `address`, then calls `read` with one consistent state of the database.
    ///
    /// SQLite interrupts its queries when the time limit is over. Work between queries asks the second argument,
    /// `may_continue`: it returns false after the time limit, or if other requests have waited for a time slice.
    pub(super) fn read<T>(
        &self,
        address: &str,
        read: impl FnOnce(&Connection, &dyn Fn() -> bool) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        let permit = self.queue.acquire(address, TURN_TIMEOUT).ok_or(HistoryError::Busy)?;
        let mut guard = self.connection.try_lock_for(TURN_TIMEOUT).ok_or(HistoryError::Busy)?;
        let connection = guard.as_mut().ok_or_else(stopping_error)?;
        let deadline = Instant::now() + self.time_limit;
        connection.progress_handler(CLOCK_INTERVAL, Some(move || Instant::now() >= deadline)).map_err(history_error)?;
        let transaction = connection.unchecked_transaction().map_err(history_error)?;
        read(&transaction, &|| Instant::now() < deadline && !permit.should_yield()).map_err(history_error)
    }

    /// Closes the connection as soon as no thread reads. Later reads fail with [`stopping_error`].
    pub(super) fn close(&self) {
        drop(self.connection.lock().take());
    }
}

/// Returns the error of requests after the store was stopped.
pub(super) fn stopping_error() -> HistoryError {
    HistoryError::Failed("the server is stopping".to_owned())
}

/// Returns true if the time limit has interrupted a query.
pub(super) fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

fn history_error(error: rusqlite::Error) -> HistoryError {
    if is_interrupted(&error) { HistoryError::Busy } else { HistoryError::Failed(error.to_string()) }
}

/// The conversations that a request includes, and its filters, by row ids.
#[derive(Debug)]
pub(super) struct Visibility {
    /// Rooms, and the messages to all users online. Sorted, without duplicates.
    pub(super) shared: Vec<i64>,
    /// The viewer's conversation, if direct messages are included and there is one.
    pub(super) own: Option<i64>,
    /// Includes only direct messages with one other owner.
    with: Option<OtherOwner>,
    /// Authors to leave out.
    blocked: HashSet<i64>,
}

/// The conversation of the other owner; `None` if it has no row, so no message matches.
type OtherOwner = Option<i64>;

impl Visibility {
    pub(super) fn of(connection: &Connection, viewer: &HistoryReader<'_>) -> rusqlite::Result<Visibility> {
        let own = || find_conversation(connection, viewer.party.kind(), &viewer.party.key());
        let mut visibility = Visibility { shared: Vec::new(), own: None, with: None, blocked: HashSet::new() };
        match viewer.only {
            HistoryFilter::Everything => {
                visibility.shared.push(GLOBAL);
                for room in viewer.rooms {
                    visibility.shared.extend(find_conversation(connection, ConversationKind::Room, room)?);
                }
                visibility.own = own()?;
            }
            HistoryFilter::Room(room) if viewer.rooms.contains(&room) => {
                visibility.shared.extend(find_conversation(connection, ConversationKind::Room, room)?);
            }
            HistoryFilter::Room(_) => {}
            HistoryFilter::Global => visibility.shared.push(GLOBAL),
            HistoryFilter::With(other) => {
                visibility.own = own()?;
                visibility.with = Some(find_conversation(connection, other.kind(), &other.key())?);
            }
        }
        // Duplicates would read a room twice.
        visibility.shared.sort_unstable();
        visibility.shared.dedup();
        for key in viewer.blocked {
            let mut authors = connection.prepare_cached("SELECT id FROM author WHERE key = ?1")?;
            for author in authors.query_map([key.as_str()], |row| row.get(0))? {
                visibility.blocked.insert(author?);
            }
        }
        Ok(visibility)
    }

    /// Returns all conversations with messages that may be visible.
    pub(super) fn conversations(&self) -> impl Iterator<Item = i64> {
        self.shared.iter().copied().chain(self.own)
    }

    /// Returns true if the viewer may see a message, and the filters include it.
    pub(super) fn shows(&self, found: &FoundMessage) -> bool {
        let is_sent = self.own.is_some() && self.own == Some(found.conversation);
        let is_received = self.own.is_some() && self.own == found.receiver && !found.forgotten;
        let is_with_other = match self.with {
            None => true,
            Some(other) if is_sent => other.is_some() && other == found.receiver,
            Some(other) => other == Some(found.conversation),
        };
        let is_visible = ((is_sent || is_received) && is_with_other) || self.shared.contains(&found.conversation);
        is_visible && !self.blocked.contains(&found.author)
    }
}

/// A message as read, with the columns that decide whether it is visible.
#[derive(Debug)]
pub(super) struct FoundMessage {
    pub(super) entry: HistoryEntry,
    pub(super) conversation: i64,
    /// The receiver's conversation, for a direct message.
    pub(super) receiver: Option<i64>,
    /// The receiver has forgotten it.
    pub(super) forgotten: bool,
    pub(super) author: i64,
}

/// The columns of [`FoundMessage::read`], from `message` and the tables of [`JOINED`]. A query leaves out removed
/// messages itself.
pub(super) const COLUMNS: &str =
    "message.id, at, zone, circle, receiver, forgotten, message.author, author.shown, kind, circle.shown,
    addressee.shown, message.text, nonce.nonce, message.changed";
/// CROSS makes SQLite join in this order. It has no statistics about the tables to choose a good order by.
pub(super) const JOINED: &str =
    "CROSS JOIN author ON author.id = message.author CROSS JOIN circle ON circle.id = message.circle
    LEFT JOIN author AS addressee ON addressee.id = message.addressee LEFT JOIN nonce ON nonce.id = message.id";

impl FoundMessage {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<FoundMessage> {
        let place = match (row.get::<_, Option<String>>(10)?, row.get::<_, i64>(8)?) {
            (Some(to), _) => Location::DirectMessage { to: to.into() },
            (None, kind) if kind == ConversationKind::Room as i64 => Location::Room(row.get::<_, String>(9)?.into()),
            (None, _) => Location::Global,
        };
        let at = OffsetDateTime { unix_ms: row.get(1)?, offset_s: row.get(2)? };
        Ok(FoundMessage {
            entry: HistoryEntry {
                id: row.get(0)?,
                at,
                place,
                user: row.get(7)?,
                text: row.get(11)?,
                nonce: row.get(12)?,
                edited: row.get::<_, i64>(13)? > 0,
            },
            conversation: row.get(3)?,
            receiver: row.get(4)?,
            forgotten: row.get(5)?,
            author: row.get(6)?,
        })
    }
}

/// Returns the id up to which an account has read a room.
pub(super) fn read_marker(connection: &Connection, account: &str, room: &str) -> rusqlite::Result<Option<u64>> {
    use rusqlite::OptionalExtension;
    let sql = "SELECT id FROM mark WHERE account = ?1 AND room = ?2";
    connection.prepare_cached(sql)?.query_row((account, room), |row| row.get(0)).optional()
}

/// Reads the names of all rooms as they are shown.
pub(super) fn room_names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut rooms = connection.prepare("SELECT shown FROM circle WHERE kind = ?1")?;
    let names = rooms.query_map([ConversationKind::Room as i64], |row| row.get(0))?;
    names.collect()
}

/// Returns the newest nonces, oldest first: the key of the author's name, the nonce, and the id of the message.
pub(super) fn newest_nonces(connection: &Connection, most: usize) -> rusqlite::Result<Vec<(String, String, u64)>> {
    let mut newest = connection.prepare("SELECT author, nonce, id FROM nonce ORDER BY id DESC LIMIT ?1")?;
    let rows = newest.query_map([most], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut nonces = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    nonces.reverse();
    Ok(nonces)
}
