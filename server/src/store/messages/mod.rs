//! The file `messages.db`: the history, the mailboxes of offline accounts, and full-text search.
//!
//! | part | modules |
//! |---|---|
//! | jobs from any thread, in order and in bounded memory | `queue`, `string_arena` |
//! | the one thread that writes, a group of jobs at a time | `storage_thread`, `writer`, `interner`, `failure_latch` |
//! | mail until its delivery | `mailbox` |
//! | messages that are deleted, taken back or changed | `changes` |
//! | reading on the threads of sessions, in fair turns | `reader`, `fair_queue`, `pages` |
//! | search | `search`, `search_terms`, `index`, `fold` |
//! | bounds of age and size | `prune`, `history_size`, `disk_space` |
//! | the file itself | `schema`, `meta`, `transfer` |
//!
//! The way of a message: a session waits for capacity ([`Messages::wait_for_capacity`]), takes hub locks, delivers the
//! message and pushes it ([`Messages::store_talk`]). At most 100 ms later the storage thread commits it with all other
//! pending messages. A request to the history first waits for a barrier in the queue, so it finds every message that was
//! pushed before it.
//!
//! If the disk is full or too slow, talk is still delivered but not stored, and its author is told. Mail is accepted only
//! once it is on the disk.

mod changes;
mod disk_space;
mod failure_latch;
mod fair_queue;
mod fold;
mod history_size;
mod index;
mod interner;
mod mailbox;
mod meta;
mod pages;
mod prune;
mod queue;
mod reader;
mod records;
mod schema;
mod search;
mod search_terms;
mod storage_thread;
mod string_arena;
#[cfg(test)]
mod tests;
mod transfer;
mod writer;

pub use records::Retention;
pub use search_terms::excerpt;
pub use transfer::{Imported, TransferError, export, import};

use crate::store::{FileError, FileIdentity};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use disk_space::DiskSpace;
use landline_common::clean::flatten;
use landline_common::history::{
    ChangedMessage, DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, MessageChange, NewMessages,
    Page, QueuedMessage, Range,
};
use landline_common::limits::count;
use landline_common::{Limits, NameKey};
use parking_lot::Mutex;
use queue::{Job, Queue};
use reader::{Reader, stopping_error};
use search_terms::SearchTerms;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use storage_thread::{LossHandler, StorageThread};
use writer::Writer;

/// Longest wait for capacity in the queue.
const CAPACITY_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for an answer of the storage thread.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The address of the server's own reads. They are short and must not count for the address of a user.
const SERVER_ADDRESS: &str = "";

/// The store of messages. Dropping it stops it.
pub struct Messages {
    queue: Arc<Queue>,
    /// Reads pages, which is quick.
    page_reader: Reader,
    /// Reads for searches, which may take long. Pages have a reader of their own, so they never wait for a search.
    search_reader: Reader,
    /// `None` once stopped.
    thread: Mutex<Option<JoinHandle<()>>>,
    retention: Retention,
    highest_id: u64,
    /// Most messages on a page.
    page: usize,
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("retention", &self.retention).finish_non_exhaustive()
    }
}

impl Messages {
    /// Opens or creates `messages.db` in `folder` (mode 0600), and starts the storage thread. That thread calls `on_loss`
    /// with a client (0 for none) and the number of its messages that could not be stored.
    ///
    /// # Errors
    /// The file is of another program, of a newer server, damaged, or cannot be opened; or the thread cannot be started.
    pub fn open(
        folder: &Path,
        retention: Retention,
        limits: &Limits,
        on_loss: LossHandler,
    ) -> Result<Messages, FileError> {
        let path = schema::path(folder);
        let connection = schema::open(folder)?;
        let highest_id = index::highest(&connection).map_err(schema::file_error(&path))?;
        if let Err(why) = prune::compact(&connection, limits.history_bytes) {
            log::warn!(
                "messages.db: cannot return free pages to the disk: {why}; the file keeps its size, the next \
                 start tries again"
            );
        }
        let writer = Writer::new(connection, retention, limits).map_err(schema::file_error(&path))?;
        let open_reader =
            || Ok::<_, FileError>(Reader::new(schema::open_to_read(folder)?, Limits::millis(limits.search_ms)));
        let page_reader = open_reader()?;
        let search_reader = open_reader()?;
        let queue = Arc::new(Queue::new(count(limits.store_pending_bytes)));
        let disk = DiskSpace::of(folder, limits.disk_free_bytes, limits.disk_free_part);
        let files =
            [path.clone(), schema::log_path(&path)].iter().filter_map(|path| FileIdentity::of(path).ok()).collect();
        let worker =
            StorageThread::new(Arc::clone(&queue), writer, retention, disk, files, count(limits.nonces), on_loss);
        let thread = thread::Builder::new().name("storage".to_owned()).spawn(move || worker.run());
        let thread = thread.map_err(FileError::io(&path, "start the thread for"))?;
        Ok(Messages {
            queue,
            page_reader,
            search_reader,
            thread: Mutex::new(Some(thread)),
            retention,
            highest_id: u64::try_from(highest_id).unwrap_or(0),
            page: count(limits.history_messages),
        })
    }

    /// Returns the highest id of all messages and mail at the time of opening, also of removed ones; 0 if there were
    /// none.
    #[must_use]
    pub fn highest_id(&self) -> u64 {
        self.highest_id
    }

    /// Waits while too many bytes are pending, for a second at most. Returns false if they still are, or after a stop:
    /// messages pushed now would not be stored. The caller must hold no lock.
    #[must_use]
    pub fn wait_for_capacity(&self) -> bool {
        self.queue.wait_for_capacity(CAPACITY_TIMEOUT)
    }

    /// Stores messages to a room or to all users online. The texts get the ids `first_id`, `first_id + 1`, and so on.
    ///
    /// Never waits for the disk, and allocates nothing for each message, so the caller may hold locks. A failure is
    /// reported to `on_loss`.
    pub fn store_talk(&self, talk: &NewMessages<'_>, texts: &mut dyn Iterator<Item = &str>) {
        if self.retention != Retention::Off {
            self.queue.push_talk(talk, texts);
        }
    }

    /// Stores a direct message to a user who is online. Never waits for the disk. A failure is reported to `on_loss`.
    pub fn store_direct(&self, direct: &DirectMessage<'_>) {
        if self.retention != Retention::Off {
            self.queue.push_direct(direct);
        }
    }

    /// Puts a message into the mailbox of an offline account, and into the history. When this returns `Ok`, the message
    /// is on the disk. Waits for the disk, so the caller must hold no lock.
    ///
    /// # Errors
    /// The mailbox is full, or has as many messages of this sender as it may have; too many messages wait for the disk;
    /// storing failed; the server is stopping; or it is unknown after five seconds whether the message is stored.
    pub fn enqueue_mail(&self, direct: &DirectMessage<'_>) -> Result<(), MailboxError> {
        let not_stored = |why: &str| Err(MailboxError::NotStored(why.to_owned()));
        if !self.wait_for_capacity() {
            return not_stored("too many messages are waiting for the disk (see --limit store-pending-bytes)");
        }
        let (reply, result) = bounded(1);
        if !self.queue.push_mail(direct, reply) {
            return not_stored("the server is stopping");
        }
        match result.recv_timeout(ANSWER_TIMEOUT) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => {
                not_stored("the disk is slow: no answer within 5 seconds; it may still be stored and delivered")
            }
            Err(RecvTimeoutError::Disconnected) => not_stored("the server is stopping"),
        }
    }

    /// Puts a message into the mailbox of an account that was online but did not receive it. The message is in the
    /// history already. Never waits for the disk. A failure is reported to `on_loss`.
    pub fn requeue_mail(&self, direct: &DirectMessage<'_>) {
        self.queue.push_requeued_mail(direct);
    }

    /// Calls `handler` on the storage thread with up to `most` messages from the mailbox of an account, in order, or
    /// with none. Passes fewer than `most` if they are long, so reading a whole mailbox takes several calls.
    /// Messages that an earlier call has fetched are left out until they are acknowledged as undelivered.
    ///
    /// If `handler` returns false, the next call gets its messages again. After [`Self::stop`] it is dropped without a
    /// call. It must not wait. This call never waits for the disk.
    pub fn fetch_mail(
        &self,
        receiver: &NameKey,
        most: usize,
        handler: Box<dyn FnOnce(Vec<QueuedMessage>) -> bool + Send>,
    ) {
        self.queue.push(Job::FetchMail { receiver: receiver.clone(), most, handler });
    }

    /// Ends the delivery of fetched messages: deletes them if `delivered`, otherwise the next fetch gets them again.
    /// Never waits for the disk.
    pub fn acknowledge_mail(&self, receiver: &NameKey, ids: Vec<u64>, delivered: bool) {
        self.queue.push(Job::AcknowledgeMail { receiver: receiver.clone(), ids, delivered });
    }

    /// Deletes the mail of an account, also in flight, its read markers, and the nonces of its name. Its direct messages
    /// stay, see [`Self::delete_direct_messages`]. Waits for the disk, so the caller must hold no lock.
    ///
    /// # Errors
    /// Storing failed or the server is stopping, and nothing was deleted; or [`HistoryError::Busy`] after five seconds,
    /// and all may still be deleted.
    pub fn delete_account(&self, account: &NameKey) -> Result<(), HistoryError> {
        let (reply, deleted) = bounded(1);
        if !self.queue.push(Job::DeleteAccount { account: account.clone(), reply }) {
            return Err(stopping_error());
        }
        wait_for_answer(&deleted)?.map_err(HistoryError::Failed)
    }

    /// Stores the id up to which an account has read a room, by its key. A marker never moves back. Never waits for the
    /// disk.
    pub fn set_read_marker(&self, account: &NameKey, room: &str, id: u64) {
        if self.retention != Retention::Off {
            self.queue.push_read_marker(account.as_str(), room, id);
        }
    }

    /// Returns the id up to which an account has read a room, by its key.
    ///
    /// # Errors
    /// As [`Self::read_history`].
    pub fn read_marker(&self, account: &NameKey, room: &str) -> Result<Option<u64>, HistoryError> {
        self.wait_for_stored(false)?;
        self.page_reader.read(SERVER_ADDRESS, |connection, _| reader::read_marker(connection, account.as_str(), room))
    }

    /// Returns the newest stored nonces, at most `most` and oldest first: the key of the author's name, the nonce, and
    /// the id of the message.
    ///
    /// # Errors
    /// The database cannot be read: it is damaged, busy, or closed since the server is stopping.
    pub fn newest_nonces(&self, most: usize) -> Result<Vec<(String, String, u64)>, HistoryError> {
        self.page_reader.read(SERVER_ADDRESS, |connection, _| reader::newest_nonces(connection, most))
    }

    /// Returns the names of all rooms in the history.
    ///
    /// # Errors
    /// The database cannot be read: it is damaged, busy, or closed since the server is stopping.
    pub fn room_names(&self) -> Result<Vec<String>, HistoryError> {
        self.page_reader.read(SERVER_ADDRESS, |connection, _| reader::room_names(connection))
    }

    /// Returns a page of history, oldest first. Waits for the disk, so the caller must hold no lock.
    ///
    /// # Errors
    /// The server keeps no history, is busy with other requests or stopping, or cannot read the database.
    pub fn read_history(&self, viewer: &HistoryReader<'_>, range: Range) -> Result<Page, HistoryError> {
        self.wait_for_stored(false)?;
        self.page_reader.read(viewer.address, |connection, _| pages::read(connection, viewer, range, self.page))
    }

    /// Returns excerpts of the newest messages that have all of the words, or parts of words, and ids before `before`;
    /// newest first. Waits for the disk, so the caller must hold no lock.
    ///
    /// # Errors
    /// As [`Self::read_history`], or `words` has nothing that can be found.
    pub fn search(
        &self,
        viewer: &HistoryReader<'_>,
        words: &str,
        before: Option<u64>,
        most: usize,
    ) -> Result<Page, HistoryError> {
        let terms = SearchTerms::of(words);
        if terms.is_empty() {
            return Err(HistoryError::NoWord);
        }
        self.wait_for_stored(true)?;
        let query = search::Query { terms: &terms, before, most: most.min(self.page) };
        let mut page = self.search_reader.read(viewer.address, |connection, may_continue| {
            search::search(connection, viewer, &query, may_continue)
        })?;
        // Make the excerpts after the turn has ended, so that other users do not wait for them.
        for entry in &mut page.entries {
            entry.text = flatten(&terms.excerpt(&entry.text)).into();
        }
        Ok(page)
    }

    /// Turns the direct messages of a guest's visit into those of the account that the guest has registered. Never waits
    /// for the disk.
    pub fn transfer_direct_messages(&self, guest: &HistoryOwner, account: &HistoryOwner) {
        self.queue.push(Job::TransferDirectMessages { guest: guest.clone(), account: account.clone() });
    }

    /// Removes the direct messages that an owner has sent, for both sides, and hides the received ones from the owner.
    /// Returns their number. Mail in mailboxes stays. Waits for the disk, so the caller must hold no lock.
    ///
    /// # Errors
    /// Storing failed or the server is stopping, and nothing was removed; or [`HistoryError::Busy`] after five seconds,
    /// and the messages may still be removed.
    pub fn delete_direct_messages(&self, owner: &HistoryOwner) -> Result<u64, HistoryError> {
        let (reply, forgotten) = bounded(1);
        if !self.queue.push(Job::DeleteDirectMessages { owner: owner.clone(), reply }) {
            return Err(stopping_error());
        }
        wait_for_answer(&forgotten)?.map_err(HistoryError::Failed)
    }

    /// Removes or changes messages at the time `at_ms`, in milliseconds since 1970. Returns the number of those that are
    /// stored and were not removed before. When this returns `Ok`, the change is on the disk. The caller must hold no
    /// lock.
    ///
    /// # Errors
    /// The server keeps no history; or storing failed, and nothing was changed; or [`HistoryError::Busy`] after five
    /// seconds, and the messages may still be changed.
    pub fn change_messages(&self, change: MessageChange, at_ms: i64) -> Result<u64, HistoryError> {
        if self.retention == Retention::Off {
            return Err(HistoryError::Off);
        }
        let (reply, changed) = bounded(1);
        if !self.queue.push(Job::ChangeMessages { change, at_ms, reply }) {
            return Err(stopping_error());
        }
        wait_for_answer(&changed)?.map_err(HistoryError::Failed)
    }

    /// Returns the newest changes since the time of the message `last_id`, of messages up to it that the viewer may see:
    /// at most `most`, in the order in which they were made. Waits for the disk, so the caller must hold no lock.
    ///
    /// # Errors
    /// As [`Self::read_history`].
    pub fn changes(
        &self,
        viewer: &HistoryReader<'_>,
        last_id: u64,
        most: usize,
    ) -> Result<Vec<ChangedMessage>, HistoryError> {
        self.wait_for_stored(false)?;
        self.page_reader.read(viewer.address, |connection, _| changes::changes(connection, viewer, last_id, most))
    }

    /// Stores all pending jobs and closes the file. Later calls store nothing, and reads fail.
    pub fn stop(&self) {
        self.queue.stop();
        // Close the readers first: only the last connection to close can remove the log, and a reader may not write.
        self.page_reader.close();
        self.search_reader.close();
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            log::error!(
                "messages.db: the storage thread panicked; messages that waited for it are lost, the next \
                 start checks the file"
            );
        }
    }

    /// Waits until all jobs pushed before are stored and, if `searchable`, indexed.
    fn wait_for_stored(&self, searchable: bool) -> Result<(), HistoryError> {
        if self.retention == Retention::Off {
            return Err(HistoryError::Off);
        }
        let (done, stored) = bounded(1);
        if !self.queue.push(Job::Barrier { searchable, done }) {
            return Err(stopping_error());
        }
        wait_for_answer(&stored)
    }
}

/// Waits for an answer of the storage thread.
fn wait_for_answer<T>(answer: &Receiver<T>) -> Result<T, HistoryError> {
    answer.recv_timeout(ANSWER_TIMEOUT).map_err(|why| match why {
        RecvTimeoutError::Timeout => HistoryError::Busy,
        RecvTimeoutError::Disconnected => stopping_error(),
    })
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.stop();
    }
}
