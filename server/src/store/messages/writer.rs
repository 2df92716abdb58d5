//! The connection that writes, and what each piece of work does to the tables.

use super::index::{self, Index, note_highest};
use super::interner::{Interner, find_circle};
use super::mailbox::{Incoming, Mailbox};
use super::prune::HistorySize;
use super::queue::{Address, Item};
use super::records::{ConversationKind, InTables, Retention};
use super::schema::{EVERYBODY, set_meta};
use super::string_arena::StringReader;
use landline_common::history::{HistoryOwner, MailboxError};
use landline_common::limits::count;
use landline_common::{Limits, NameKey, OffsetDateTime};
use rusqlite::Connection;

/// What became of one piece of work, if anybody waits for that.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Done; or nobody waits.
    Done,
    /// So many messages of this client could not be stored, though the others could.
    Lost(u64, u64),
    /// So many messages of this client were left out, as there is little room on the disk.
    NoRoom(u64, u64),
    /// An answer to a post.
    Posted(Result<(), MailboxError>),
    /// An answer to forgetting: so many messages.
    Forgotten(u64),
}

/// Writes. Only the storage thread has it.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) index: Index,
    pub(super) mailbox: Mailbox,
    pub(super) size: HistorySize,
    /// There is little room on the disk: nothing goes into the history.
    pub(super) scarce: bool,
    names: Interner,
    keep: Retention,
    marks_per_account: usize,
    /// What `PRAGMA synchronous` is set to.
    durable: bool,
}

impl Writer {
    pub(super) fn new(connection: Connection, keep: Retention, limits: &Limits) -> rusqlite::Result<Writer> {
        let index = Index::load(&connection)?;
        let mailbox = Mailbox::load(&connection, limits)?;
        let marks_per_account = count(limits.marks_per_account);
        let (names, size) = (Interner::default(), HistorySize::at_most(limits.history_bytes));
        Ok(Writer { connection, index, mailbox, size, scarce: false, names, keep, marks_per_account, durable: false })
    }

    /// One transaction: all that `work` does is stored, or nothing. If `durable`, it outlasts a power cut when this
    /// returns; otherwise the last second may be lost then (but not by a kill).
    pub(super) fn commit<T, E: From<rusqlite::Error>>(
        &mut self,
        durable: bool,
        work: impl FnOnce(&mut Writer) -> Result<T, E>,
    ) -> Result<T, E> {
        self.roll_back();
        if self.durable != durable {
            let setting = if durable { "FULL" } else { "NORMAL" };
            self.connection.execute_batch(&format!("PRAGMA synchronous = {setting}"))?;
            self.durable = durable;
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let done = work(self).and_then(|value| {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(value)
        });
        if done.is_err() {
            self.roll_back();
            self.reload();
        }
        done
    }

    /// Ends a transaction that an error or a panic left open; SQLite has ended some by itself.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(e) = self.connection.execute_batch("ROLLBACK")
        {
            log::debug!("messages.db: rolling back: {e}");
        }
    }

    /// Forgets what was only true inside a transaction that was rolled back.
    pub(super) fn reload(&mut self) {
        self.roll_back();
        self.names.clear();
        let counted = Index::load(&self.connection).map(|index| self.index = index);
        if let Err(e) = counted.and_then(|()| self.mailbox.count(&self.connection)) {
            log::debug!("messages.db: counting again: {e}");
        }
    }

    /// Names that pruning removed must be looked up again.
    pub(super) fn forget_names(&mut self) {
        self.names.clear();
    }

    /// In a transaction: carries one piece of work out.
    pub(super) fn apply(&mut self, item: &Item, words: &mut StringReader<'_>) -> rusqlite::Result<Outcome> {
        #[cfg(feature = "faults")]
        crate::faults::strike("storage", words.rest());
        Ok(match item {
            Item::Talk { client, in_room, nonces, texts, .. } if self.scarce => {
                words.skip(usize::from(*in_room) + 1 + texts + 2 * *nonces as usize);
                Outcome::NoRoom(*client, *texts as u64)
            }
            Item::Direct(address) if self.scarce => {
                let _ = DirectRow::read(address, words);
                Outcome::NoRoom(address.client, 1)
            }
            Item::Talk { first_id, at, client, in_room, nonces, texts } => {
                let room = in_room.then(|| words.word());
                let user = words.word();
                let lost = self.talk((*first_id, *at), room, user, words, *texts)?;
                for _ in 0..*nonces {
                    let place = words.word().parse().unwrap_or(0);
                    self.nonce(user, words.word(), first_id.saturating_add(place))?;
                }
                if lost > 0 { Outcome::Lost(*client, lost) } else { Outcome::Done }
            }
            Item::Direct(address) => {
                let stored = self.direct(address, &DirectRow::read(address, words))?;
                if stored { Outcome::Done } else { Outcome::Lost(address.client, 1) }
            }
            Item::Post(address, _) => {
                let direct = DirectRow::read(address, words);
                let posted = self.post(address, &direct)?;
                if posted.is_ok() && !self.scarce && !self.direct(address, &direct)? {
                    log::warn!("message {} waits for its receiver, but its id is in the history already", address.id);
                }
                Outcome::Posted(posted)
            }
            Item::PostBack(address) => match self.post(address, &DirectRow::read(address, words))? {
                Ok(()) => Outcome::Done,
                Err(_) => Outcome::Lost(address.client, 1),
            },
            Item::Settle { receiver, ids, delivered: true } => {
                self.mailbox.delete(&self.connection, receiver, ids)?;
                Outcome::Done
            }
            Item::Mark(id) => {
                let (account, room) = (words.word(), words.word());
                self.mark(account, room, number(*id))?;
                Outcome::Done
            }
            Item::Adopt(guest, account) => {
                self.adopt(guest, account)?;
                Outcome::Done
            }
            Item::Forget(party, _) => Outcome::Forgotten(self.forget(party)?),
            // These store nothing.
            Item::Collect(..) | Item::Barrier { .. } | Item::Settle { delivered: false, .. } => Outcome::Done,
            #[cfg(test)]
            Item::Run(_) => Outcome::Done,
        })
    }

    fn talk(
        &mut self,
        (first_id, at): (u64, OffsetDateTime),
        room: Option<&str>,
        user: &str,
        words: &mut StringReader<'_>,
        texts: usize,
    ) -> rusqlite::Result<u64> {
        let last = number(first_id.saturating_add(texts as u64));
        let author = self.author(user, last)?;
        let group = match room {
            Some(room) => self.group(ConversationKind::Room, room, last)?,
            None => EVERYBODY,
        };
        let mut lost = 0;
        for id in (0..texts as u64).map(|n| number(first_id.saturating_add(n))) {
            let row = MessageRow { id, at, group, author, other: None, forgotten: false, text: words.word() };
            lost += u64::from(!self.insert(&row)?);
        }
        Ok(lost)
    }

    fn direct(&mut self, address: &Address, direct: &DirectRow<'_>) -> rusqlite::Result<bool> {
        if self.keep == Retention::Off {
            return Ok(true);
        }
        let id = number(address.id);
        if let Some(nonce) = direct.nonce {
            self.nonce(direct.from, nonce, address.id)?;
        }
        let author = self.author(direct.from, id)?;
        let group = self.group(address.from, direct.from_key, id)?;
        let other = Some((self.group(address.to, direct.to_key, id)?, self.author(direct.to, id)?));
        self.insert(&MessageRow { id, at: address.at, group, author, other, forgotten: false, text: direct.text })
    }

    /// In a transaction: stores what an author, by the name as shown, sent along with a message.
    fn nonce(&self, author: &str, nonce: &str, id: u64) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO nonce (id, author, nonce) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute((number(id), NameKey::of(author).as_str(), nonce))?;
        Ok(())
    }

    /// The number of the author called `shown`, who says the message `id`.
    pub(super) fn author(&mut self, shown: &str, id: i64) -> rusqlite::Result<i64> {
        self.names.author(&self.connection, shown, id)
    }

    /// The number of a room (by its name as shown) or a party (by its key), which the message `id` belongs to.
    pub(super) fn group(&mut self, kind: ConversationKind, name: &str, id: i64) -> rusqlite::Result<i64> {
        self.names.group(&self.connection, kind, name, id)
    }

    /// In a transaction: stores a message. False if its id is there already.
    pub(super) fn insert(&mut self, row: &MessageRow<'_>) -> rusqlite::Result<bool> {
        let MessageRow { id, at, group, author, other, forgotten, text } = *row;
        let (receiver, addressee) = other.unzip();
        let sql = "INSERT OR IGNORE INTO message (id, at, zone, circle, author, receiver, addressee, forgotten, text)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let row = (id, at.unix_ms, at.offset_s, group, author, receiver, addressee, forgotten, text);
        let stored = self.connection.prepare_cached(sql)?.execute(row)? == 1;
        if stored {
            self.index.stored(&self.connection, id)?;
        }
        Ok(stored)
    }

    fn post(&mut self, address: &Address, direct: &DirectRow<'_>) -> rusqlite::Result<Result<(), MailboxError>> {
        // A guest counts by name: each visit is another party, and to come again is quick.
        let sender = match address.from {
            ConversationKind::Guest => format!("{}:{}", address.from as u8, NameKey::of(direct.from).as_str()),
            _ => format!("{}:{}", address.from as u8, direct.from_key),
        };
        let letter = Incoming {
            id: number(address.id),
            at: address.at,
            receiver: direct.to_key,
            sender: &sender,
            of_guest: address.from == ConversationKind::Guest,
            shown: direct.from,
            text: direct.text,
        };
        self.mailbox.post(&self.connection, &letter)
    }

    fn mark(&self, account: &str, room: &str, id: i64) -> rusqlite::Result<()> {
        let sql = "UPDATE mark SET id = max(id, ?3) WHERE account = ?1 AND room = ?2";
        if self.connection.prepare_cached(sql)?.execute((account, room, id))? > 0 {
            return Ok(());
        }
        let sql = "INSERT INTO mark (account, room, id) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute((account, room, id))?;
        let sql = "DELETE FROM mark WHERE account = ?1 AND room IN
                   (SELECT room FROM mark WHERE account = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)";
        self.connection.prepare_cached(sql)?.execute((account, self.marks_per_account))?;
        Ok(())
    }

    /// Makes a guest's direct messages those of an account. Where an earlier account of that name has left messages that
    /// others may still see, the guest's stay with the visit: the two must not be mixed.
    fn adopt(&mut self, guest: &HistoryOwner, account: &HistoryOwner) -> rusqlite::Result<()> {
        let sql = "UPDATE OR IGNORE circle SET kind = ?1, key = ?2, shown = ?2 WHERE kind = ?3 AND key = ?4";
        let values = (account.kind() as u8, account.key(), guest.kind() as u8, guest.key());
        self.connection.prepare_cached(sql)?.execute(values)?;
        self.names.clear();
        Ok(())
    }

    /// Removes what the party sent, and hides from it what it got.
    fn forget(&mut self, party: &HistoryOwner) -> rusqlite::Result<u64> {
        let Some(group) = find_circle(&self.connection, party.kind(), &party.key())? else { return Ok(0) };
        self.index.finish(&self.connection)?;
        note_highest(&self.connection)?;
        let connection = &self.connection;
        index::remove(connection, "circle = ?1", group)?;
        let sent = connection.execute("DELETE FROM message WHERE circle = ?1", [group])?;
        index::remove(connection, GOT, group)?;
        // Two steps, as only these go back into the index, with the sender's scope alone.
        let hidden = connection.execute(&format!("UPDATE message SET forgotten = 2 WHERE {GOT}"), [group])?;
        let again = "INSERT INTO found (rowid, scope, text) SELECT id, scope, text FROM searchable
                     WHERE id IN (SELECT id FROM message WHERE receiver = ?1 AND forgotten = 2) ORDER BY id";
        connection.execute(again, [group])?;
        connection.execute("UPDATE message SET forgotten = 1 WHERE receiver = ?1 AND forgotten = 2", [group])?;
        Ok((sent + hidden) as u64)
    }

    /// Before the connection is closed: everything searchable, and no need to check the file at the next start.
    pub(super) fn close(mut self) {
        let closed = self.commit(true, |writer| {
            writer.index.finish(&writer.connection)?;
            set_meta(&writer.connection, "clean", 1)
        });
        let closed = closed.and_then(|()| self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
        if let Err(e) = closed.and_then(|()| self.connection.close().map_err(|(_, e)| e)) {
            log::error!("messages.db could not be closed: {e}; the next start checks it");
        }
    }
}

/// The messages that a party got and has not forgotten.
const GOT: &str = "receiver = ?1 AND forgotten = 0";

/// A message as the table has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessageRow<'a> {
    pub(super) id: i64,
    pub(super) at: OffsetDateTime,
    pub(super) group: i64,
    pub(super) author: i64,
    /// For a direct message: the receiver's circle, and the name it was sent to.
    pub(super) other: Option<(i64, i64)>,
    pub(super) forgotten: bool,
    pub(super) text: &'a str,
}

/// The words of a direct message.
struct DirectRow<'a> {
    from: &'a str,
    from_key: &'a str,
    to: &'a str,
    to_key: &'a str,
    text: &'a str,
    nonce: Option<&'a str>,
}

impl<'a> DirectRow<'a> {
    fn read(address: &Address, words: &mut StringReader<'a>) -> DirectRow<'a> {
        let mut word = || words.word();
        let (from, from_key, to, to_key, text) = (word(), word(), word(), word(), word());
        DirectRow { from, from_key, to, to_key, text, nonce: address.has_nonce.then(word) }
    }
}

/// An id as SQLite has it. Ids are below 2⁵³; another one is stored as the highest there is, once.
pub(super) fn number(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}
