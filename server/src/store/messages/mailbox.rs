//! The mailboxes: direct messages for accounts that were offline, until they are delivered.
//!
//! A mailbox message is a row of the table `mail` with its own copy of the text, so mail does not depend on the history.
//! It is delivered at least once and, unless the server is killed, exactly once. Each message is in one of these states:
//!
//! | state | row | id in memory | next |
//! |---|---|---|---|
//! | waiting | yes | none | `fetch` makes it in flight |
//! | in flight | yes | `in_flight` | acknowledged as delivered: deleted; as not delivered: waiting |
//! | delivered, delete failed | yes | `in_flight`, `deferred_deletes` | deleted with the next group, or at the stop |
//!
//! The deletion of an account deletes its messages in every state.
//!
//! A fetch returns waiting messages only, so two sessions of one account never get one message twice. After a kill all
//! rows are waiting: a message that was delivered shortly before comes twice, which is better than never.
//!
//! Limits keep guests from filling a mailbox. Example with 100 messages for each receiver, of which 20 are reserved for
//! accounts: guests can leave 100 messages. Of these, 80 count for an account, which can leave 20 more.
//!
//! This module neither begins transactions nor writes to the history; [`super::writer::Writer`] does.

use super::index::note_highest;
use super::records::ConversationKind;
use landline_common::history::{MailboxError, QueuedMessage};
use landline_common::limits::count;
use landline_common::{Limits, NameKey, OffsetDateTime};
use rusqlite::Connection;
use std::collections::{BTreeSet, HashMap};

/// One fetch takes at most the backlog of a client divided by this. JSON escapes at most double a text, and the rest of
/// the answer to a sign-in goes out together with the mail.
const BACKLOG_DIVISOR: usize = 8;
/// Bytes that each line of a message adds to its text: name, time and place.
const LINE_OVERHEAD: usize = 256;

/// Returns the bytes that a message takes in a client's backlog, without JSON escapes.
fn backlog_cost(text: &str) -> usize {
    text.len() + LINE_OVERHEAD * (1 + text.matches('\n').count())
}

/// The limits and delivery states of all mailboxes.
#[derive(Debug)]
pub(super) struct Mailbox {
    per_receiver: usize,
    /// Of `per_receiver`, the messages that guests cannot use up.
    reserved_for_accounts: usize,
    per_sender: usize,
    most_total: u64,
    /// Most backlog bytes of one fetch.
    fetch_bytes: usize,
    /// Number of rows, of all receivers.
    total: u64,
    /// Ids of fetched messages that are not acknowledged, by receiver.
    in_flight: HashMap<NameKey, BTreeSet<u64>>,
    /// Delivered messages whose rows are not deleted yet.
    deferred_deletes: Vec<Delivered>,
}

/// Delivered messages of one receiver.
#[derive(Debug)]
struct Delivered {
    receiver: NameKey,
    ids: Vec<u64>,
}

/// A message to be put into a mailbox.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewMail<'a> {
    pub(super) id: i64,
    pub(super) at: OffsetDateTime,
    /// Key of the account.
    pub(super) receiver: &'a str,
    /// Identifies the sender for the limit of each sender: the number of the sender's kind, a colon, and a key.
    pub(super) sender: &'a str,
    pub(super) from_guest: bool,
    /// The sender's name as shown.
    pub(super) shown: &'a str,
    pub(super) text: &'a str,
}

impl Mailbox {
    pub(super) fn load(connection: &Connection, limits: &Limits) -> rusqlite::Result<Mailbox> {
        let mut mailbox = Mailbox {
            per_receiver: count(limits.mail_per_receiver),
            reserved_for_accounts: count(limits.mail_for_accounts),
            per_sender: count(limits.mail_per_sender),
            most_total: limits.mail_total,
            fetch_bytes: count(limits.backlog_bytes) / BACKLOG_DIVISOR,
            total: 0,
            in_flight: HashMap::new(),
            deferred_deletes: Vec::new(),
        };
        mailbox.recount(connection)?;
        Ok(mailbox)
    }

    /// Reads the number of rows again. Needed after a rollback, which undoes changes of rows but not of `total`.
    pub(super) fn recount(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.total = connection.query_row("SELECT count(*) FROM mail", [], |row| row.get(0))?;
        Ok(())
    }

    /// Within a transaction: adds a message. The outer error is the database's and rolls back the group; the inner one
    /// refuses this message only.
    pub(super) fn enqueue(
        &mut self,
        connection: &Connection,
        mail: &NewMail<'_>,
    ) -> rusqlite::Result<Result<(), MailboxError>> {
        if self.total >= self.most_total {
            let why = "the mailboxes of this server are full (see --limit mail-total)";
            return Ok(Err(MailboxError::NotStored(why.to_owned())));
        }
        let sql = "SELECT count(*), count(*) FILTER (WHERE sender = ?2), count(*) FILTER (WHERE sender GLOB ?3)
                   FROM mail WHERE receiver = ?1";
        let any_guest = format!("{}:*", ConversationKind::Guest as u8);
        let (waiting, from_sender, from_guests): (usize, usize, usize) = connection
            .prepare_cached(sql)?
            .query_row((mail.receiver, mail.sender, any_guest), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        // Messages of guests beyond their share do not count for accounts.
        let guest_share = self.per_receiver.saturating_sub(self.reserved_for_accounts);
        let beyond_share = from_guests.saturating_sub(guest_share);
        let counted = if mail.from_guest { waiting } else { waiting - beyond_share };
        if counted >= self.per_receiver {
            return Ok(Err(MailboxError::ReceiverFull));
        }
        if from_sender >= self.per_sender {
            return Ok(Err(MailboxError::SenderFull));
        }
        let NewMail { id, at, receiver, sender, shown, text, .. } = *mail;
        let sql = "INSERT OR IGNORE INTO mail (id, at, zone, receiver, sender, shown, text)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let stored =
            connection.prepare_cached(sql)?.execute((id, at.unix_ms, at.offset_s, receiver, sender, shown, text))?;
        if stored == 0 {
            let why = format!("a mailbox already has a message with id {id}");
            return Ok(Err(MailboxError::NotStored(why)));
        }
        self.total += 1;
        Ok(Ok(()))
    }

    /// Within a transaction: deletes delivered messages.
    pub(super) fn delete(&mut self, connection: &Connection, receiver: &NameKey, ids: &[u64]) -> rusqlite::Result<()> {
        let deleted = delete_rows(connection, receiver, ids)?;
        self.total = self.total.saturating_sub(deleted);
        Ok(())
    }

    /// Within a transaction: deletes all messages of a receiver, also those in flight.
    pub(super) fn delete_all(&mut self, connection: &Connection, receiver: &NameKey) -> rusqlite::Result<()> {
        note_highest(connection)?;
        let deleted =
            connection.prepare_cached("DELETE FROM mail WHERE receiver = ?1")?.execute([receiver.as_str()])?;
        self.total = self.total.saturating_sub(deleted as u64);
        Ok(())
    }

    /// Ends the state "in flight". Called after the commit that deleted the rows, or if the messages were not delivered.
    pub(super) fn clear_in_flight(&mut self, receiver: &NameKey, ids: &[u64]) {
        if let Some(in_flight) = self.in_flight.get_mut(receiver) {
            in_flight.retain(|id| !ids.contains(id));
            if in_flight.is_empty() {
                self.in_flight.remove(receiver);
            }
        }
    }

    /// Ends the state "in flight" of all messages of a receiver. Called after the commit that deleted the rows.
    pub(super) fn clear_all_in_flight(&mut self, receiver: &NameKey) {
        self.in_flight.remove(receiver);
    }

    /// Notes delivered messages whose deletion failed. They stay in flight, so no fetch returns them again.
    pub(super) fn defer_delete(&mut self, receiver: NameKey, ids: Vec<u64>) {
        self.deferred_deletes.push(Delivered { receiver, ids });
    }

    pub(super) fn has_deferred_deletes(&self) -> bool {
        !self.deferred_deletes.is_empty()
    }

    /// Within a transaction: deletes the messages that [`Self::defer_delete`] has noted. They stay noted until
    /// [`Self::clear_deferred_deletes`]: after an error or a panic, the next group deletes them.
    pub(super) fn delete_deferred(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for Delivered { receiver, ids } in &self.deferred_deletes {
            let deleted = delete_rows(connection, receiver, ids)?;
            self.total = self.total.saturating_sub(deleted);
        }
        Ok(())
    }

    /// Forgets the messages that [`Self::defer_delete`] has noted. Called after the commit that deleted the rows.
    pub(super) fn clear_deferred_deletes(&mut self) {
        for Delivered { receiver, ids } in std::mem::take(&mut self.deferred_deletes) {
            self.clear_in_flight(&receiver, &ids);
        }
    }

    /// Returns up to `most` waiting messages in the order of their ids, and puts them in flight. Returns fewer if they
    /// are long: together they must fit into the share of a client's backlog. One message is always returned.
    pub(super) fn fetch(
        &mut self,
        connection: &Connection,
        receiver: &NameKey,
        most: usize,
    ) -> rusqlite::Result<Vec<QueuedMessage>> {
        let in_flight = self.in_flight.get(receiver);
        let sql = "SELECT id, at, zone, shown, text FROM mail WHERE receiver = ?1 ORDER BY id";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([receiver.as_str()], |row| {
            let at = OffsetDateTime { unix_ms: row.get(1)?, offset_s: row.get(2)? };
            Ok(QueuedMessage { id: row.get(0)?, at, from: row.get(3)?, text: row.get(4)? })
        })?;
        let is_waiting = |mail: &QueuedMessage| !in_flight.is_some_and(|in_flight| in_flight.contains(&mail.id));
        let mut bytes = 0;
        let mut fits = |mail: &QueuedMessage| {
            let is_first = bytes == 0;
            bytes += backlog_cost(&mail.text);
            is_first || bytes <= self.fetch_bytes
        };
        // Errors pass the filters and end the collecting.
        let fetched: Vec<_> = rows
            .filter(|mail| mail.as_ref().map_or(true, is_waiting))
            .take(most)
            .take_while(|mail| mail.as_ref().map_or(true, &mut fits))
            .collect::<rusqlite::Result<_>>()?;
        if !fetched.is_empty() {
            let ids = fetched.iter().map(|mail| mail.id);
            self.in_flight.entry(receiver.clone()).or_default().extend(ids);
        }
        Ok(fetched)
    }
}

/// Within a transaction: deletes messages of one receiver. Returns the number of deleted rows.
fn delete_rows(connection: &Connection, receiver: &NameKey, ids: &[u64]) -> rusqlite::Result<u64> {
    note_highest(connection)?;
    let mut delete = connection.prepare_cached("DELETE FROM mail WHERE id = ?1 AND receiver = ?2")?;
    let mut deleted = 0;
    for id in ids {
        deleted += delete.execute((id, receiver.as_str()))? as u64;
    }
    Ok(deleted)
}
