//! The connection that writes, and the effect of each job on the tables.
//!
//! A group of jobs is one transaction: [`Writer::commit`] stores all of it or nothing. Some facts about the tables are
//! also in memory: the ids of names, the number of messages to index, the number of messages in mailboxes. They change
//! within the transaction, so after a rollback [`Writer::reload`] reads them again.
//!
//! | job | tables |
//! |---|---|
//! | talk, direct message | `message`, `nonce`, and `author` and `circle` for new names |
//! | mail | `mail`, and the tables of a direct message |
//! | requeued mail, acknowledged mail, deletion of mail | `mail` |
//! | read marker | `mark` |
//! | transfer of direct messages | `circle` |
//! | deletion of direct messages, taking back (`changes.rs`) | `message`, `found` |
//!
//! A row of the table `circle` is a conversation: a room, the messages to all users online, or the direct messages that
//! one owner has sent. The name is part of the file format.
//!
//! While `disk_low` is set, jobs that add history are left out and counted as lost; mail is stored in the mailbox only.

use super::history_size::HistorySize;
use super::index::Index;
use super::interner::Interner;
use super::mailbox::{Mailbox, NewMail};
use super::meta::set_meta;
use super::queue::{DirectHeader, Job, LostMessages};
use super::records::{ConversationKind, OwnerColumns, Retention, to_sql_id};
use super::schema::GLOBAL;
use super::string_arena::StringReader;
use landline_common::history::{HistoryOwner, MailboxError};
use landline_common::limits::count;
use landline_common::{Limits, NameKey, OffsetDateTime};
use rusqlite::Connection;

/// The result of one job, for its answer after the commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The job is done, or it writes nothing.
    Done,
    /// Some messages have ids that are stored already; the other messages are stored.
    DuplicateIds(LostMessages),
    /// The messages were left out because the disk is nearly full.
    DiskLow(LostMessages),
    /// The mail was stored or refused.
    MailEnqueued(Result<(), MailboxError>),
    /// The mailbox refused a requeued message.
    RequeueRefused(LostMessages, MailboxError),
    /// The number of messages that were removed, hidden or changed.
    Changed(u64),
}

impl Outcome {
    /// Returns the outcome for a client whose `messages` were left out because their ids are stored already.
    fn of_duplicates(client: u64, messages: u64) -> Outcome {
        if messages == 0 { Outcome::Done } else { Outcome::DuplicateIds(LostMessages { client, messages }) }
    }
}

/// Writes to the database. Only the storage thread and an import have one.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) index: Index,
    pub(super) mailbox: Mailbox,
    pub(super) size: HistorySize,
    /// The disk is nearly full: history is left out. Set for each group.
    pub(super) disk_low: bool,
    names: Interner,
    retention: Retention,
    marks_per_account: usize,
    /// `PRAGMA synchronous` is FULL, otherwise NORMAL.
    durable: bool,
}

impl Writer {
    /// Takes over a connection from [`super::schema::open`], which has `synchronous` set to NORMAL.
    pub(super) fn new(connection: Connection, retention: Retention, limits: &Limits) -> rusqlite::Result<Writer> {
        let index = Index::load(&connection)?;
        let mailbox = Mailbox::load(&connection, limits)?;
        Ok(Writer {
            connection,
            index,
            mailbox,
            size: HistorySize::at_most(limits.history_bytes),
            disk_low: false,
            names: Interner::default(),
            retention,
            marks_per_account: count(limits.marks_per_account),
            durable: false,
        })
    }

    /// Runs `work` in one transaction: all of its changes are stored, or none.
    ///
    /// If `durable`, the changes survive a power failure when this returns. Otherwise a power failure may lose the last
    /// commits, but a kill of the process does not.
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

    /// Ends a transaction that an error or a panic left open. SQLite itself rolls back after some errors.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(e) = self.connection.execute_batch("ROLLBACK")
        {
            log::debug!("messages.db: cannot roll back a failed transaction: {e}; tried again after the next failure");
        }
    }

    /// Rolls back, and reads again the facts in memory that may have changed in the transaction.
    pub(super) fn reload(&mut self) {
        self.roll_back();
        self.names.clear();
        let loaded = Index::load(&self.connection).map(|index| self.index = index);
        if let Err(e) = loaded.and_then(|()| self.mailbox.recount(&self.connection)) {
            log::debug!("messages.db: cannot count the mail again: {e}; the next failed transaction tries again");
        }
    }

    /// Clears the ids in memory after pruning has removed names from the tables.
    pub(super) fn clear_names(&mut self) {
        self.names.clear();
    }

    /// Within a transaction: does the writing part of one job. Reads exactly the job's strings, also if it stores
    /// nothing, because the strings of the next job follow them.
    pub(super) fn apply(&mut self, job: &Job, strings: &mut StringReader<'_>) -> rusqlite::Result<Outcome> {
        #[cfg(any(test, feature = "faults"))]
        crate::faults::strike("storage", strings.head());
        Ok(match job {
            Job::Talk { client, in_room, nonces, texts, .. } if self.disk_low => {
                strings.skip(usize::from(*in_room) + 1 + texts + 2 * *nonces as usize);
                Outcome::DiskLow(LostMessages { client: *client, messages: *texts as u64 })
            }
            Job::Direct(header) if self.disk_low => {
                let _ = DirectStrings::read(header, strings);
                Outcome::DiskLow(LostMessages { client: header.client, messages: 1 })
            }
            Job::Talk { first_id, at, client, in_room, nonces, texts } => {
                let room = in_room.then(|| strings.next_str());
                let user = strings.next_str();
                let talk = TalkHeader { first_id: *first_id, at: *at, room, user, texts: *texts };
                let duplicates = self.insert_talk(&talk, strings)?;
                for _ in 0..*nonces {
                    let index = strings.next_str().parse().unwrap_or(0);
                    let (nonce, id) = (strings.next_str(), first_id.saturating_add(index));
                    if !duplicates.contains(&id) {
                        self.insert_nonce(user, nonce, id)?;
                    }
                }
                Outcome::of_duplicates(*client, duplicates.len() as u64)
            }
            Job::Direct(header) => {
                let stored = self.insert_direct(header, &DirectStrings::read(header, strings))?;
                Outcome::of_duplicates(header.client, u64::from(!stored))
            }
            Job::EnqueueMail(header, _) => {
                let direct = DirectStrings::read(header, strings);
                let enqueued = self.enqueue_mail(header, &direct)?;
                if enqueued.is_ok() && !self.disk_low && !self.insert_direct(header, &direct)? {
                    let id = header.id;
                    log::warn!("messages.db: duplicate id={id} of mail: it is in the mailbox, but not in the history");
                }
                Outcome::MailEnqueued(enqueued)
            }
            Job::RequeueMail(header) => match self.enqueue_mail(header, &DirectStrings::read(header, strings))? {
                Ok(()) => Outcome::Done,
                Err(why) => Outcome::RequeueRefused(LostMessages { client: header.client, messages: 1 }, why),
            },
            Job::AcknowledgeMail { receiver, ids, delivered: true } => {
                self.mailbox.delete(&self.connection, receiver, ids)?;
                Outcome::Done
            }
            Job::DeleteAccount { account, .. } => {
                self.mailbox.delete_all(&self.connection, account)?;
                for sql in ["DELETE FROM mark WHERE account = ?1", "DELETE FROM nonce WHERE author = ?1"] {
                    self.connection.execute(sql, [account.as_str()])?;
                }
                Outcome::Done
            }
            Job::SetReadMarker { id } => {
                let account = strings.next_str();
                let room = strings.next_str();
                self.set_read_marker(account, room, to_sql_id(*id))?;
                Outcome::Done
            }
            Job::TransferDirectMessages { guest, account } => {
                self.transfer_direct_messages(guest, account)?;
                Outcome::Done
            }
            Job::DeleteDirectMessages { owner, .. } => Outcome::Changed(self.delete_direct_messages(owner)?),
            Job::ChangeMessages { change, at_ms, .. } => Outcome::Changed(self.change_messages(change, *at_ms)?),
            // These jobs write nothing.
            Job::FetchMail { .. } | Job::Barrier { .. } | Job::AcknowledgeMail { delivered: false, .. } => {
                Outcome::Done
            }
            #[cfg(test)]
            Job::Run(_) => Outcome::Done,
        })
    }

    /// Stores the texts of a talk. Returns the ids that are stored already; their texts are left out.
    fn insert_talk(&mut self, talk: &TalkHeader<'_>, strings: &mut StringReader<'_>) -> rusqlite::Result<Vec<u64>> {
        let TalkHeader { first_id, at, room, user, texts } = *talk;
        let last = to_sql_id(first_id.saturating_add(texts as u64));
        let author = self.author_id(user, last)?;
        let conversation = match room {
            Some(room) => self.conversation_id(ConversationKind::Room, room, last)?,
            None => GLOBAL,
        };
        let mut duplicates = Vec::new();
        for n in 0..texts as u64 {
            let id = first_id.saturating_add(n);
            let text = strings.next_str();
            let receiver = None;
            let row = MessageRow { id: to_sql_id(id), at, conversation, author, receiver, forgotten: false, text };
            if !self.insert_message(&row)? {
                duplicates.push(id);
            }
        }
        Ok(duplicates)
    }

    /// Stores a direct message and its nonce, unless the server keeps no history. Returns false if its id is stored
    /// already.
    fn insert_direct(&mut self, header: &DirectHeader, direct: &DirectStrings<'_>) -> rusqlite::Result<bool> {
        if self.retention == Retention::Off {
            return Ok(true);
        }
        let id = to_sql_id(header.id);
        let author = self.author_id(direct.from, id)?;
        let conversation = self.conversation_id(header.from, direct.from_key, id)?;
        let receiver = DirectReceiver {
            conversation: self.conversation_id(header.to, direct.to_key, id)?,
            addressee: self.author_id(direct.to, id)?,
        };
        let receiver = Some(receiver);
        let row = MessageRow { id, at: header.at, conversation, author, receiver, forgotten: false, text: direct.text };
        let stored = self.insert_message(&row)?;
        if let Some(nonce) = direct.nonce.filter(|_| stored) {
            self.insert_nonce(direct.from, nonce, header.id)?;
        }
        Ok(stored)
    }

    /// Stores the nonce of a message of `author`, a name as shown. A nonce that the author has used before is ignored.
    fn insert_nonce(&self, author: &str, nonce: &str, id: u64) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO nonce (id, author, nonce) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute((to_sql_id(id), NameKey::of(author).as_str(), nonce))?;
        Ok(())
    }

    /// Returns the row id of an author by the name as shown, see [`Interner::author_id`].
    pub(super) fn author_id(&mut self, shown: &str, message: i64) -> rusqlite::Result<i64> {
        self.names.author_id(&self.connection, shown, message)
    }

    /// Returns the row id of a conversation, see [`Interner::conversation_id`].
    pub(super) fn conversation_id(
        &mut self,
        kind: ConversationKind,
        name: &str,
        message: i64,
    ) -> rusqlite::Result<i64> {
        self.names.conversation_id(&self.connection, kind, name, message)
    }

    /// Within a transaction: stores a message. Returns false if its id is stored already.
    pub(super) fn insert_message(&mut self, row: &MessageRow<'_>) -> rusqlite::Result<bool> {
        let MessageRow { id, at, conversation, author, receiver, forgotten, text } = *row;
        let addressee = receiver.map(|receiver| receiver.addressee);
        let receiver = receiver.map(|receiver| receiver.conversation);
        let sql = "INSERT OR IGNORE INTO message (id, at, zone, circle, author, receiver, addressee, forgotten, text)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let values = (id, at.unix_ms, at.offset_s, conversation, author, receiver, addressee, forgotten, text);
        let stored = self.connection.prepare_cached(sql)?.execute(values)? == 1;
        if stored {
            self.index.note_stored(&self.connection, id)?;
        }
        Ok(stored)
    }

    fn enqueue_mail(
        &mut self,
        header: &DirectHeader,
        direct: &DirectStrings<'_>,
    ) -> rusqlite::Result<Result<(), MailboxError>> {
        // Guests count by name: each visit has another key, so reconnecting would reset the limit of a sender.
        let sender = match header.from {
            ConversationKind::Guest => format!("{}:{}", header.from as u8, NameKey::of(direct.from).as_str()),
            _ => format!("{}:{}", header.from as u8, direct.from_key),
        };
        let mail = NewMail {
            id: to_sql_id(header.id),
            at: header.at,
            receiver: direct.to_key,
            sender: &sender,
            from_guest: header.from == ConversationKind::Guest,
            shown: direct.from,
            text: direct.text,
        };
        self.mailbox.enqueue(&self.connection, &mail)
    }

    /// Moves a read marker forward, never back. Removes the markers of the account with the lowest ids if it has too
    /// many.
    fn set_read_marker(&self, account: &str, room: &str, id: i64) -> rusqlite::Result<()> {
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

    /// Turns the conversation of a guest's visit into the conversation of an account.
    ///
    /// Does nothing if the account has a conversation already: an earlier account of that name has left messages that
    /// other users may still see, and the two must not be mixed.
    fn transfer_direct_messages(&mut self, guest: &HistoryOwner, account: &HistoryOwner) -> rusqlite::Result<()> {
        let sql = "UPDATE OR IGNORE circle SET kind = ?1, key = ?2, shown = ?2 WHERE kind = ?3 AND key = ?4";
        let values = (account.kind() as u8, account.key(), guest.kind() as u8, guest.key());
        self.connection.prepare_cached(sql)?.execute(values)?;
        self.names.clear();
        Ok(())
    }

    /// Deletes delivered mail, indexes all messages, marks the file as clean, and closes it. The next start then need not
    /// check the file.
    pub(super) fn close(mut self) {
        let closed = self.commit(true, |writer| {
            writer.mailbox.delete_deferred(&writer.connection)?;
            writer.index.index_all(&writer.connection)?;
            set_meta(&writer.connection, "clean", 1)
        });
        let closed = closed.and_then(|()| self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
        if let Err(e) = closed.and_then(|()| self.connection.close().map_err(|(_, e)| e)) {
            log::error!(
                "messages.db: cannot close: {e}; stored messages are kept, and the next start checks the file if needed"
            );
        }
    }
}

/// The part of a talk before its texts.
#[derive(Clone, Copy, Debug)]
struct TalkHeader<'a> {
    first_id: u64,
    at: OffsetDateTime,
    /// The room as shown; `None` for all users online.
    room: Option<&'a str>,
    /// The author's name as shown.
    user: &'a str,
    /// Number of texts.
    texts: usize,
}

/// A row of the table `message`.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessageRow<'a> {
    pub(super) id: i64,
    pub(super) at: OffsetDateTime,
    /// The room, all users online, or the sender's direct messages.
    pub(super) conversation: i64,
    pub(super) author: i64,
    /// `None` unless it is a direct message.
    pub(super) receiver: Option<DirectReceiver>,
    /// The receiver has forgotten it.
    pub(super) forgotten: bool,
    pub(super) text: &'a str,
}

/// The receiver of a direct message, by row ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct DirectReceiver {
    /// The receiver's own conversation.
    pub(super) conversation: i64,
    /// The author row of the name that the message was sent to.
    pub(super) addressee: i64,
}

/// The strings of a direct message, in the order of the arena.
struct DirectStrings<'a> {
    from: &'a str,
    from_key: &'a str,
    to: &'a str,
    to_key: &'a str,
    text: &'a str,
    nonce: Option<&'a str>,
}

impl<'a> DirectStrings<'a> {
    fn read(header: &DirectHeader, strings: &mut StringReader<'a>) -> DirectStrings<'a> {
        // Fields are evaluated in this order, which is the order of pushing.
        DirectStrings {
            from: strings.next_str(),
            from_key: strings.next_str(),
            to: strings.next_str(),
            to_key: strings.next_str(),
            text: strings.next_str(),
            nonce: header.has_nonce.then(|| strings.next_str()),
        }
    }
}
