//! Messages that wait for an account that is away. Their texts stand here, whatever becomes of the history.

use super::index::note_highest;
use super::records::ConversationKind;
use landline_common::history::{MailboxError, QueuedMessage};
use landline_common::limits::count;
use landline_common::{Limits, NameKey, OffsetDateTime};
use rusqlite::Connection;
use std::collections::{BTreeSet, HashMap};

/// The part of a client's backlog that a page of letters may weigh. Escaped in JSON, a text has at most twice its bytes,
/// and the rest of the answer to a sign-in goes out with the page.
const SHARE_OF_BACKLOG: usize = 8;
/// What a letter weighs beside its text: names, time and place in front of each of its lines.
const FRAME: usize = 256;

/// How much of a client's backlog a letter takes, but for the escapes of JSON.
fn weight(text: &str) -> usize {
    text.len() + FRAME * (1 + text.matches('\n').count())
}

/// The mailboxes' bounds, and which letters are on their way.
#[derive(Debug)]
pub(super) struct Mailbox {
    per_receiver: usize,
    per_sender: usize,
    for_accounts: usize,
    most: u64,
    /// The weight of the letters that are given out at a time.
    page: usize,
    /// How many letters wait, for everybody together.
    total: u64,
    /// Letters that were collected and not settled. Over a kill they wait again: twice is better than never.
    on_their_way: HashMap<NameKey, BTreeSet<u64>>,
    /// Letters that were delivered but could not be deleted yet.
    delivered: Vec<(NameKey, Vec<u64>)>,
}

/// One letter on its way in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming<'a> {
    pub(super) id: i64,
    pub(super) at: OffsetDateTime,
    pub(super) receiver: &'a str,
    /// Whose message it is: the kind of its party, a colon, and a key.
    pub(super) sender: &'a str,
    /// It is a guest's.
    pub(super) of_guest: bool,
    pub(super) shown: &'a str,
    pub(super) text: &'a str,
}

impl Mailbox {
    pub(super) fn load(connection: &Connection, limits: &Limits) -> rusqlite::Result<Mailbox> {
        let mut mailbox = Mailbox {
            per_receiver: count(limits.mail_per_receiver),
            per_sender: count(limits.mail_per_sender),
            for_accounts: count(limits.mail_for_accounts),
            most: limits.mail_total,
            page: count(limits.backlog_bytes) / SHARE_OF_BACKLOG,
            total: 0,
            on_their_way: HashMap::new(),
            delivered: Vec::new(),
        };
        mailbox.count(connection)?;
        Ok(mailbox)
    }

    /// After a rollback, when the number in memory is too high or too low.
    pub(super) fn count(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.total = connection.query_row("SELECT count(*) FROM mail", [], |row| row.get(0))?;
        Ok(())
    }

    /// In a transaction: lets a letter wait. The outer error is the database's, the inner one this letter's.
    pub(super) fn post(
        &mut self,
        connection: &Connection,
        letter: &Incoming<'_>,
    ) -> rusqlite::Result<Result<(), MailboxError>> {
        if self.total >= self.most {
            let why = "too many messages wait for people on this server; try again later";
            return Ok(Err(MailboxError::NotStored(why.to_owned())));
        }
        let sql = "SELECT count(*), count(*) FILTER (WHERE sender = ?2), count(*) FILTER (WHERE sender GLOB ?3)
                   FROM mail WHERE receiver = ?1";
        let any_guest = format!("{}:*", ConversationKind::Guest as u8);
        let (waiting, from_them, from_guests): (usize, usize, usize) =
            connection.prepare_cached(sql)?.query_row((letter.receiver, letter.sender, any_guest), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        // Some places guests cannot take: an account finds these whatever they left.
        let not_in_the_way = from_guests.saturating_sub(self.per_receiver.saturating_sub(self.for_accounts));
        let in_the_way = if letter.of_guest { waiting } else { waiting - not_in_the_way };
        if in_the_way >= self.per_receiver {
            return Ok(Err(MailboxError::ReceiverFull));
        }
        if from_them >= self.per_sender {
            return Ok(Err(MailboxError::SenderFull));
        }
        let Incoming { id, at, receiver, sender, shown, text, .. } = *letter;
        let sql = "INSERT OR IGNORE INTO mail (id, at, zone, receiver, sender, shown, text)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let stored =
            connection.prepare_cached(sql)?.execute((id, at.unix_ms, at.offset_s, receiver, sender, shown, text))?;
        if stored == 0 {
            return Ok(Err(MailboxError::NotStored("the message could not be stored; send it again".to_owned())));
        }
        self.total += 1;
        Ok(Ok(()))
    }

    /// In a transaction: deletes letters that were delivered.
    pub(super) fn delete(&mut self, connection: &Connection, receiver: &NameKey, ids: &[u64]) -> rusqlite::Result<()> {
        note_highest(connection)?;
        let mut delete = connection.prepare_cached("DELETE FROM mail WHERE id = ?1 AND receiver = ?2")?;
        for id in ids {
            self.total = self.total.saturating_sub(delete.execute((id, receiver.as_str()))? as u64);
        }
        Ok(())
    }

    /// After the commit: these are no longer on their way.
    pub(super) fn settled(&mut self, receiver: &NameKey, ids: &[u64]) {
        if let Some(on_their_way) = self.on_their_way.get_mut(receiver) {
            on_their_way.retain(|id| !ids.contains(id));
            if on_their_way.is_empty() {
                self.on_their_way.remove(receiver);
            }
        }
    }

    /// After a failed commit: these were delivered and are still stored. They stay on their way until they are deleted.
    pub(super) fn delete_later(&mut self, receiver: NameKey, ids: Vec<u64>) {
        self.delivered.push((receiver, ids));
    }

    /// What [`Self::delete_later`] noted.
    pub(super) fn take_delivered(&mut self) -> Vec<(NameKey, Vec<u64>)> {
        std::mem::take(&mut self.delivered)
    }

    /// Up to `most` letters that wait for the receiver and are not on their way, in the order of ids. They are then.
    /// Fewer if they are long: together they fit into a client's backlog.
    pub(super) fn collect(
        &mut self,
        connection: &Connection,
        receiver: &NameKey,
        most: usize,
    ) -> rusqlite::Result<Vec<QueuedMessage>> {
        let on_their_way = self.on_their_way.get(receiver);
        let sql = "SELECT id, at, zone, shown, text FROM mail WHERE receiver = ?1 ORDER BY id";
        let mut statement = connection.prepare_cached(sql)?;
        let waiting = statement.query_map([receiver.as_str()], |row| {
            let at = OffsetDateTime { unix_ms: row.get(1)?, offset_s: row.get(2)? };
            Ok(QueuedMessage { id: row.get(0)?, at, from: row.get(3)?, text: row.get(4)? })
        })?;
        let is_new =
            |letter: &QueuedMessage| !on_their_way.is_some_and(|on_their_way| on_their_way.contains(&letter.id));
        let mut taken = 0;
        let mut fits = |letter: &QueuedMessage| {
            let first = taken == 0;
            taken += weight(&letter.text);
            first || taken <= self.page
        };
        let letters: Vec<_> = waiting
            .filter(|letter| letter.as_ref().map_or(true, is_new))
            .take(most)
            .take_while(|letter| letter.as_ref().map_or(true, &mut fits))
            .collect::<rusqlite::Result<_>>()?;
        if !letters.is_empty() {
            let ids = letters.iter().map(|letter| letter.id);
            self.on_their_way.entry(receiver.clone()).or_default().extend(ids);
        }
        Ok(letters)
    }
}
