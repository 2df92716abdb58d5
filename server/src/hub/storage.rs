//! What outlasts a visit, as the hub needs it. [`crate::store_backend`] implements it on the files of the data folder.

use landline_common::history::{
    DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, NewMessages, Page, QueuedMessage, Range,
};
use landline_common::{NameKey, OffsetDateTime, RoomKey, UserName};
use std::fmt;

/// What to do with letters, on the thread that stores things: it must not wait for anything. False if they are to wait
/// again, before that thread does anything else.
pub type MailHandler = Box<dyn FnOnce(Vec<QueuedMessage>) -> bool + Send>;

/// Remembers what was said, accounts, and who was here. What says "never waits" may be called under any lock.
pub trait Storage: fmt::Debug + Send + Sync {
    /// Waits, a second at most, until there is room for more talk. False if there is none: it would not be stored.
    fn wait_for_capacity(&self) -> bool;
    /// Keeps talk. Never waits.
    fn store_talk(&self, said: &NewMessages<'_>, texts: &mut dyn Iterator<Item = &str>);
    /// Keeps a direct message to somebody who is here. Never waits.
    fn store_direct(&self, direct: &DirectMessage<'_>);
    /// Keeps a direct message for an account that is away, and returns once it is safe on the disk.
    ///
    /// # Errors
    /// It is not kept: why.
    fn enqueue_mail(&self, direct: &DirectMessage<'_>) -> Result<(), MailboxError>;
    /// Keeps a message for an account that was here when it was said and did not get it. Never waits.
    fn requeue_mail(&self, direct: &DirectMessage<'_>);
    /// Gives up to `most` messages that wait for an account, in order, to `then`; none if there is none.
    fn fetch_mail(&self, receiver: &NameKey, most: usize, then: MailHandler);
    /// What became of messages that were collected: they are out, or they wait again. Never waits.
    fn acknowledge_mail(&self, receiver: &NameKey, ids: Vec<u64>, delivered: bool);
    /// Looks up a part of the history.
    ///
    /// # Errors
    /// Why that cannot be done now.
    fn read_history(&self, viewer: &HistoryReader<'_>, range: Range) -> Result<Page, HistoryError>;
    /// Searches the history before an id, newest first.
    ///
    /// # Errors
    /// Why that cannot be done now.
    fn search(
        &self,
        viewer: &HistoryReader<'_>,
        words: &str,
        before: Option<u64>,
        most: usize,
    ) -> Result<Page, HistoryError>;
    /// Removes somebody's direct messages from the history; says how many.
    ///
    /// # Errors
    /// Why that cannot be done now.
    fn delete_direct_messages(&self, history_owner: &HistoryOwner) -> Result<u64, HistoryError>;
    /// The direct messages of a guest's visit are those of an account from now on. Never waits.
    fn transfer_direct_messages(&self, guest: &HistoryOwner, account: &HistoryOwner);
    /// The last message of a room that went out to an account on an earlier visit.
    ///
    /// # Errors
    /// Why that cannot be looked up now.
    fn read_marker(&self, account: &NameKey, room: &RoomKey) -> Result<Option<u64>, HistoryError>;
    /// Sets that. Never waits.
    fn set_read_marker(&self, account: &NameKey, room: &RoomKey, id: u64);
    /// The newest nonces of messages that are stored, at most so many, oldest first: the key of the author's name, the
    /// nonce, the message. For the start.
    fn newest_nonces(&self, most: usize) -> Vec<(String, String, u64)>;
    /// The account of that name, as its owner wrote it.
    fn account_name(&self, name: &NameKey) -> Option<UserName>;
    /// Whom an account blocks.
    fn block_list(&self, account: &NameKey) -> Vec<UserName>;
    /// Sets that; when it returns, it is on the disk.
    ///
    /// # Errors
    /// It could not be stored: why. Nothing has changed then.
    fn store_block_list(&self, account: &NameKey, blocks: &[UserName]) -> Result<(), String>;
    /// Who left after that moment.
    fn seen_since(&self, since: OffsetDateTime) -> Vec<UserName>;
}
