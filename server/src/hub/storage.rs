//! The hub's interface to everything that outlasts a session: talk, mail, read markers, accounts, last sign-outs.
//! [`crate::store_backend`] implements it on the files of the data folder.
//!
//! Methods marked "Never waits" may be called under any lock. The others may wait for the disk: the caller holds none.

use crate::rules_record::RulesRecord;
use landline_common::history::{
    ChangedMessage, DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, MessageChange, NewMessages,
    Page, QueuedMessage, Range,
};
use landline_common::{NameKey, OffsetDateTime, RoomKey, UserName};
use std::fmt;

/// Receives fetched mail on the storage thread, so it must not wait. Returns false to put the messages back into the
/// mailbox before that thread does anything else.
pub type MailHandler = Box<dyn FnOnce(Vec<QueuedMessage>) -> bool + Send>;

/// Stores history, mail, read markers and block lists, and looks up accounts.
pub trait Storage: fmt::Debug + Send + Sync {
    /// Waits, a second at most, until the storage queue has capacity for more talk. Returns false if it has none: talk
    /// would not be stored.
    fn wait_for_capacity(&self) -> bool;
    /// Queues talk for the history. Never waits.
    fn store_talk(&self, said: &NewMessages<'_>, texts: &mut dyn Iterator<Item = &str>);
    /// Queues a direct message to an online user for the history. Never waits.
    fn store_direct(&self, direct: &DirectMessage<'_>);
    /// Stores a direct message in the mailbox of an offline account. Returns once it is safe on the disk.
    ///
    /// # Errors
    /// The mailbox is full, or has as many messages of this sender as it may have; or the message could not be stored, or
    /// it is unknown whether it is.
    fn enqueue_mail(&self, direct: &DirectMessage<'_>) -> Result<(), MailboxError>;
    /// Puts a message into the mailbox of an account that was online when it was sent but did not receive it. Does
    /// nothing if the account was deleted meanwhile. Never waits.
    fn requeue_mail(&self, direct: &DirectMessage<'_>);
    /// Takes up to `most` messages from an account's mailbox, in order, and passes them to `then` on the storage
    /// thread. `then` gets an empty list if the mailbox is empty. Never waits.
    fn fetch_mail(&self, receiver: &NameKey, most: usize, then: MailHandler);
    /// Reports the result for fetched messages: `delivered` deletes them, otherwise they are in the mailbox again.
    /// Never waits.
    fn acknowledge_mail(&self, receiver: &NameKey, ids: Vec<u64>, delivered: bool);
    /// Reads a part of the history that `viewer` may see.
    ///
    /// # Errors
    /// The history is off, busy or unreadable.
    fn read_history(&self, viewer: &HistoryReader<'_>, range: Range) -> Result<Page, HistoryError>;
    /// Searches the history before an id, newest first, for up to `most` entries.
    ///
    /// # Errors
    /// `words` holds no word to search for, or the history is off, busy or unreadable.
    fn search(
        &self,
        viewer: &HistoryReader<'_>,
        words: &str,
        before: Option<u64>,
        most: usize,
    ) -> Result<Page, HistoryError>;
    /// Removes or changes messages in a room or to all users. Returns the number of those that are stored and were not
    /// removed before; they are changed on the disk.
    ///
    /// # Errors
    /// The history is off; or it is busy or not writable, and the messages may not be changed.
    fn change_messages(&self, change: MessageChange, now: OffsetDateTime) -> Result<u64, HistoryError>;
    /// Returns the newest `most` changes since the time of the message `last_id`, of messages up to it that `viewer` may
    /// see, in the order in which they were made.
    ///
    /// # Errors
    /// The history is off, busy or unreadable.
    fn changes(
        &self,
        viewer: &HistoryReader<'_>,
        last_id: u64,
        most: usize,
    ) -> Result<Vec<ChangedMessage>, HistoryError>;
    /// Deletes a user's direct messages from the history. Returns their number.
    ///
    /// # Errors
    /// The history is off, busy or unreadable.
    fn delete_direct_messages(&self, history_owner: &HistoryOwner) -> Result<u64, HistoryError>;
    /// Makes an account the owner of the direct messages of a guest's session. Never waits.
    fn transfer_direct_messages(&self, guest: &HistoryOwner, account: &HistoryOwner);
    /// Returns the account's read marker: the last message of the room that reached it in an earlier session.
    ///
    /// # Errors
    /// The history is off, busy or unreadable.
    fn read_marker(&self, account: &NameKey, room: &RoomKey) -> Result<Option<u64>, HistoryError>;
    /// Sets the account's read marker for a room. Never waits.
    fn set_read_marker(&self, account: &NameKey, room: &RoomKey, id: u64);
    /// Returns the newest stored nonces, `most` at most, oldest first, each with the key of its author's name and the
    /// id of its message. Called once, at the start.
    fn newest_nonces(&self, most: usize) -> Vec<(String, String, u64)>;
    /// Returns the name of an account as its owner wrote it, or `None` if no account has this name.
    fn account_name(&self, name: &NameKey) -> Option<UserName>;
    /// Returns true if the account of this name existed at that time.
    fn had_account(&self, name: &NameKey, at: OffsetDateTime) -> bool;
    /// Returns the names that an account blocks.
    fn block_list(&self, account: &NameKey) -> Vec<UserName>;
    /// Replaces the names that an account blocks. Returns once they are on the disk.
    ///
    /// # Errors
    /// The reason why the list could not be stored; the old one stays in force.
    fn store_block_list(&self, account: &NameKey, blocks: &[UserName]) -> Result<(), String>;
    /// Returns the rules that were stored last; `None` before the first time. Called once, at the start.
    fn rules(&self) -> Option<RulesRecord>;
    /// Takes the rules and stores them, in the order of the calls. Returns once they are on the disk.
    ///
    /// # Errors
    /// The reason why they could not be stored.
    fn store_rules(&self, record: &mut dyn FnMut() -> RulesRecord) -> Result<(), String>;
    /// Returns the names of the rooms in the history. Called once, at the first start with rules.
    fn room_names(&self) -> Vec<String>;
    /// Returns the time at which a user was last online, if that is known.
    fn last_seen(&self, name: &NameKey) -> Option<OffsetDateTime>;
    /// Returns the names of users who left after `since`.
    fn seen_since(&self, since: OffsetDateTime) -> Vec<UserName>;
}
