//! The connection that reads: on the thread of whoever asks, beside the one that writes, and never for long.

use super::fair_queue::FairQueue;
use super::interner::find_circle;
use super::records::{ConversationKind, InTables};
use super::schema::EVERYBODY;
use crate::ordered_mutex::OrderedMutex;
use landline_common::OffsetDateTime;
use landline_common::history::{HistoryEntry, HistoryError, HistoryFilter, HistoryReader, Location};
use rusqlite::{Connection, ErrorCode, Row};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How long to wait while others are being answered.
const PATIENCE: Duration = Duration::from_secs(1);
/// Steps of SQLite's machine between two looks at the clock: about 20 µs.
const STEPS: i32 = 1_000;

/// A connection that only reads, for one look at a time. Addresses take turns.
#[derive(Debug)]
pub(super) struct Reader {
    turns: FairQueue,
    connection: OrderedMutex<Option<Connection>, 7>,
    time: Duration,
}

impl Reader {
    pub(super) fn new(connection: Connection, time: Duration) -> Reader {
        Reader { turns: FairQueue::default(), connection: OrderedMutex::new(Some(connection)), time }
    }

    /// Reads one state of the database on behalf of `address`, within the time that a look may take. SQLite ends by
    /// itself when the time is up. A look with work of its own asks the second argument whether it may go on: the time
    /// is not up, and no other address has waited for its share.
    pub(super) fn read<T>(
        &self,
        address: &str,
        look: impl FnOnce(&Connection, &dyn Fn() -> bool) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        let turn = self.turns.take(address, PATIENCE).ok_or(HistoryError::Busy)?;
        let mut guard = self.connection.try_lock_for(PATIENCE).ok_or(HistoryError::Busy)?;
        let connection = guard.as_mut().ok_or_else(stopped)?;
        let deadline = Instant::now() + self.time;
        connection.progress_handler(STEPS, Some(move || Instant::now() >= deadline)).map_err(failed)?;
        let state = connection.unchecked_transaction().map_err(failed)?;
        look(&state, &|| Instant::now() < deadline && !turn.is_over()).map_err(failed)
    }

    /// Closes the connection, as soon as nobody reads.
    pub(super) fn close(&self) {
        drop(self.connection.lock().take());
    }
}

/// What is answered after the store was stopped.
pub(super) fn stopped() -> HistoryError {
    HistoryError::Failed("the server is stopping".to_owned())
}

/// True if the time was up.
pub(super) fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

fn failed(error: rusqlite::Error) -> HistoryError {
    if is_interrupted(&error) { HistoryError::Busy } else { HistoryError::Failed(error.to_string()) }
}

/// What a viewer may see, by number.
#[derive(Debug)]
pub(super) struct Visibility {
    /// Rooms and everybody: all that is said there.
    pub(super) circles: Vec<i64>,
    /// The viewer's own direct messages.
    pub(super) own: Option<i64>,
    /// Only those with this party. A party nobody ever wrote to has none.
    with: Option<Option<i64>>,
    blocked: HashSet<i64>,
}

impl Visibility {
    pub(super) fn of(connection: &Connection, viewer: &HistoryReader<'_>) -> rusqlite::Result<Visibility> {
        let own = || find_circle(connection, viewer.party.kind(), &viewer.party.key());
        let mut sight = Visibility { circles: Vec::new(), own: None, with: None, blocked: HashSet::new() };
        match viewer.only {
            HistoryFilter::Everything => {
                sight.circles.push(EVERYBODY);
                for room in viewer.rooms {
                    sight.circles.extend(find_circle(connection, ConversationKind::Room, room)?);
                }
                sight.own = own()?;
            }
            HistoryFilter::Room(room) if viewer.rooms.contains(&room) => {
                sight.circles.extend(find_circle(connection, ConversationKind::Room, room)?);
            }
            HistoryFilter::Room(_) => {}
            HistoryFilter::Global => sight.circles.push(EVERYBODY),
            HistoryFilter::With(other) => {
                sight.own = own()?;
                sight.with = Some(find_circle(connection, other.kind(), &other.key())?);
            }
        }
        // A room that is named twice would be read twice.
        sight.circles.sort_unstable();
        sight.circles.dedup();
        for key in viewer.blocked {
            let mut authors = connection.prepare_cached("SELECT id FROM author WHERE key = ?1")?;
            for author in authors.query_map([key.as_str()], |row| row.get(0))? {
                sight.blocked.insert(author?);
            }
        }
        Ok(sight)
    }

    /// All circles in which something may be shown.
    pub(super) fn all(&self) -> impl Iterator<Item = i64> {
        self.circles.iter().copied().chain(self.own)
    }

    /// Whether the viewer may see a message and wants to.
    pub(super) fn shows(&self, found: &FoundMessage) -> bool {
        let own =
            self.own.is_some() && (self.own == Some(found.group) || (self.own == found.receiver && !found.forgotten));
        let wanted = match self.with {
            None => true,
            // Between the two, in either direction.
            Some(other) if self.own == Some(found.group) => other.is_some() && other == found.receiver,
            Some(other) => other == Some(found.group),
        };
        let visible = (own && wanted) || self.circles.contains(&found.group);
        visible && !self.blocked.contains(&found.author)
    }
}

/// A message as read, with what decides whether it is shown.
#[derive(Debug)]
pub(super) struct FoundMessage {
    pub(super) entry: HistoryEntry,
    pub(super) group: i64,
    pub(super) receiver: Option<i64>,
    pub(super) forgotten: bool,
    pub(super) author: i64,
}

/// What [`FoundMessage::read`] reads, of the tables that [`JOINED`] joins to `message`.
pub(super) const COLUMNS: &str =
    "message.id, at, zone, circle, receiver, forgotten, message.author, author.shown, kind, circle.shown,
    addressee.shown, message.text, nonce.nonce";
/// CROSS: in this order. There are no figures about the tables by which SQLite could choose it.
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
            },
            group: row.get(3)?,
            receiver: row.get(4)?,
            forgotten: row.get(5)?,
            author: row.get(6)?,
        })
    }
}

/// How far an account has read in a room.
pub(super) fn mark(connection: &Connection, account: &str, room: &str) -> rusqlite::Result<Option<u64>> {
    use rusqlite::OptionalExtension;
    let sql = "SELECT id FROM mark WHERE account = ?1 AND room = ?2";
    connection.prepare_cached(sql)?.query_row((account, room), |row| row.get(0)).optional()
}

/// The newest nonces, oldest first: the key of the author's name, the nonce, the message.
pub(super) fn nonces(connection: &Connection, most: usize) -> rusqlite::Result<Vec<(String, String, u64)>> {
    let mut newest = connection.prepare("SELECT author, nonce, id FROM nonce ORDER BY id DESC LIMIT ?1")?;
    let rows = newest.query_map([most], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut nonces = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    nonces.reverse();
    Ok(nonces)
}
