//! `messages.db`: what lasts of what was said. History, mail for people who are away, search.
//!
//! One thread writes. It is fed by a bounded queue, takes all that waits at once and commits it as one group; nothing is
//! answered or handed on before that. Whoever asks for history reads on their own thread, with a second connection,
//! after everything kept before has been stored.

mod disk_space;
mod failure_latch;
mod fair_queue;
mod fold;
mod index;
mod interner;
mod mailbox;
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

use crate::store::{FileError, Identity};
use crossbeam_channel::{RecvTimeoutError, bounded};
use disk_space::DiskSpace;
use landline_common::clean::flatten;
use landline_common::history::{
    DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, NewMessages, Page, QueuedMessage, Range,
};
use landline_common::limits::count;
use landline_common::{Limits, NameKey};
use parking_lot::Mutex;
use queue::{Item, Queue};
use reader::{Reader, stopped};
use search_terms::SearchTerms;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use storage_thread::{Lost, StorageThread};
use writer::Writer;

/// How long a speaker waits for room in the queue.
const ROOM_TIME: Duration = Duration::from_secs(1);
/// How long somebody waits for the storage thread.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// What lasts of what was said. Dropping it stops it.
pub struct Messages {
    queue: Arc<Queue>,
    /// Reads pages, which takes a moment.
    reader: Reader,
    /// Reads for searches, which may take long: no page waits behind one.
    searcher: Reader,
    thread: Mutex<Option<JoinHandle<()>>>,
    keep: Retention,
    highest_id: u64,
    page: usize,
}

/// The server's own looks, which are short, count for no address.
const OWN: &str = "";

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("keep", &self.keep).finish_non_exhaustive()
    }
}

impl Messages {
    /// Opens `messages.db` in `folder`, or begins it (mode 0600), and starts the storage thread. `lost` is called on
    /// that thread, with a client and how many of its messages could not be stored.
    ///
    /// # Errors
    /// Names the file: it is another program's, a newer server's, or damaged, or it cannot be opened.
    pub fn open(folder: &Path, keep: Retention, limits: &Limits, lost: Lost) -> Result<Messages, FileError> {
        let path = schema::path(folder);
        let connection = schema::open(folder)?;
        let highest_id = index::highest(&connection).map_err(schema::refused(&path))?;
        if let Err(why) = prune::compact(&connection, limits.history_bytes) {
            log::warn!("messages.db: free pages could not be given back to the disk: {why}");
        }
        let writer = Writer::new(connection, keep, limits).map_err(schema::refused(&path))?;
        let open_reader =
            || Ok::<_, FileError>(Reader::new(schema::open_to_read(folder)?, Limits::millis(limits.search_ms)));
        let (reader, searcher) = (open_reader()?, open_reader()?);
        let queue = Arc::new(Queue::new(count(limits.store_pending_bytes)));
        let space = DiskSpace::of(folder, limits.disk_free_bytes, limits.disk_free_part);
        let files = [path.clone(), schema::log_path(&path)].iter().filter_map(|path| Identity::of(path).ok()).collect();
        let keeper = StorageThread::new(Arc::clone(&queue), writer, keep, space, files, count(limits.nonces), lost);
        let thread = thread::Builder::new().name("storage".to_owned()).spawn(move || keeper.run());
        let thread = Mutex::new(Some(thread.map_err(FileError::io(&path, "start the thread for"))?));
        let highest_id = u64::try_from(highest_id).unwrap_or(0);
        Ok(Messages { queue, reader, searcher, thread, keep, highest_id, page: count(limits.history_messages) })
    }

    /// The highest id there was when the file was opened, of what is stored and of what was removed; 0 for none.
    #[must_use]
    pub fn highest_id(&self) -> u64 {
        self.highest_id
    }

    /// Waits while too much waits to be stored, a second at most. False if it still does: what is said is not stored then.
    /// No lock may be held meanwhile.
    #[must_use]
    pub fn make_room(&self) -> bool {
        self.queue.make_room(ROOM_TIME)
    }

    /// Keeps what was said; the texts have the ids `first_id`, `first_id + 1`, and so on. Never waits, and allocates
    /// nothing for a message: it may be called under a lock.
    pub fn keep(&self, said: &NewMessages<'_>, texts: &mut dyn Iterator<Item = &str>) {
        if self.keep != Retention::Off {
            self.queue.talk(said, texts);
        }
    }

    /// Keeps a message to somebody who is here. Never waits.
    pub fn keep_direct(&self, direct: &DirectMessage<'_>) {
        if self.keep != Retention::Off {
            self.queue.direct(direct);
        }
    }

    /// Lets a message wait for an account that is away. It is on the disk when this returns. No lock may be held.
    ///
    /// # Errors
    /// The mailbox is full, or the message could not be stored, or it is not known whether it was.
    pub fn post(&self, direct: &DirectMessage<'_>) -> Result<(), MailboxError> {
        let not_stored = |why: &str| Err(MailboxError::NotStored(why.to_owned()));
        if !self.make_room() {
            return not_stored("the message could not be stored, as too much waits to be stored; send it again later");
        }
        let (reply, posted) = bounded(1);
        if !self.queue.post(direct, reply) {
            return not_stored("the message could not be stored, as the server is stopping; send it again later");
        }
        match posted.recv_timeout(ANSWER_TIME) {
            Ok(posted) => posted,
            Err(RecvTimeoutError::Timeout) => {
                not_stored("the disk is slow: the message was not stored within 5 seconds, but it may still arrive")
            }
            Err(RecvTimeoutError::Disconnected) => {
                not_stored("the message could not be stored, as the server is stopping; send it again later")
            }
        }
    }

    /// Lets a message wait for an account that was here when it was said and did not get it; it is in the history
    /// already. Never waits.
    pub fn post_back(&self, direct: &DirectMessage<'_>) {
        self.queue.post_back(direct);
    }

    /// Takes up to `most` letters that wait for that account and are not on their way yet, in order, and gives them to
    /// `then` on the storage thread, also when there are none. If that says false, they wait again at once. After
    /// [`Self::stop`], `then` is dropped. Never waits.
    pub fn collect(&self, receiver: &NameKey, most: usize, then: Box<dyn FnOnce(Vec<QueuedMessage>) -> bool + Send>) {
        self.queue.push(Item::Collect(receiver.clone(), most, then));
    }

    /// What became of letters that were collected: delivered (then they are deleted) or not (then they wait again).
    /// Never waits.
    pub fn settle(&self, receiver: &NameKey, ids: Vec<u64>, delivered: bool) {
        self.queue.push(Item::Settle { receiver: receiver.clone(), ids, delivered });
    }

    /// Notes how far an account has read in a room (by its key). Never moves back, never waits.
    pub fn set_mark(&self, account: &NameKey, room: &str, id: u64) {
        if self.keep != Retention::Off {
            self.queue.mark(account.as_str(), room, id);
        }
    }

    /// How far an account has read in a room (by its key).
    ///
    /// # Errors
    /// As [`Self::recall`].
    pub fn mark(&self, account: &NameKey, room: &str) -> Result<Option<u64>, HistoryError> {
        self.wait_for_stored(false)?;
        self.reader.read(OWN, |connection, _| reader::mark(connection, account.as_str(), room))
    }

    /// The newest nonces that are stored, at most so many, oldest first: the key of the author's name, the nonce, the id
    /// of the message.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn nonces(&self, most: usize) -> Result<Vec<(String, String, u64)>, HistoryError> {
        self.reader.read(OWN, |connection, _| reader::nonces(connection, most))
    }

    /// A page of history. No lock may be held.
    ///
    /// # Errors
    /// The server keeps no history, or others are being answered, or it cannot be read.
    pub fn recall(&self, viewer: &HistoryReader<'_>, range: Range) -> Result<Page, HistoryError> {
        self.wait_for_stored(false)?;
        self.reader.read(viewer.address, |connection, _| pages::recall(connection, viewer, range, self.page))
    }

    /// Messages with all of the words or parts of words, the newest first. No lock may be held.
    ///
    /// # Errors
    /// As [`Self::recall`], or there is nothing in `words` that could be found.
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
        let most = most.min(self.page);
        let query = search::Query { terms: &terms, before, most };
        let mut page = self
            .searcher
            .read(viewer.address, |connection, may_go_on| search::search(connection, viewer, &query, may_go_on))?;
        // Excerpts are made after the turn: other users do not wait for them.
        for entry in &mut page.entries {
            entry.text = flatten(&terms.excerpt(&entry.text)).into();
        }
        Ok(page)
    }

    /// A guest has made an account: the direct messages of the visit are the account's from now on. Never waits.
    pub fn adopt(&self, guest: &HistoryOwner, account: &HistoryOwner) {
        self.queue.push(Item::Adopt(guest.clone(), account.clone()));
    }

    /// Removes the direct messages that a party sent, for both sides, and those it got, for that party. Says how many.
    /// Mail that still waits for somebody stays. No lock may be held.
    ///
    /// # Errors
    /// It could not be done; then nothing was removed, unless the time was up.
    pub fn forget(&self, party: &HistoryOwner) -> Result<u64, HistoryError> {
        let (reply, forgotten) = bounded(1);
        if !self.queue.push(Item::Forget(party.clone(), reply)) {
            return Err(stopped());
        }
        match forgotten.recv_timeout(ANSWER_TIME) {
            Ok(forgotten) => forgotten.map_err(HistoryError::Failed),
            Err(RecvTimeoutError::Timeout) => Err(HistoryError::Busy),
            Err(RecvTimeoutError::Disconnected) => Err(stopped()),
        }
    }

    /// Stores everything that waits and closes the file. Afterwards nothing is stored, and nothing is found.
    pub fn stop(&self) {
        self.queue.stop();
        // First, so that the last connection to close is the one that may tidy up behind itself.
        self.reader.close();
        self.searcher.close();
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            log::error!("the storage thread panicked; the next start checks messages.db");
        }
    }

    /// Waits until everything kept before is stored (and searchable).
    fn wait_for_stored(&self, searchable: bool) -> Result<(), HistoryError> {
        if self.keep == Retention::Off {
            return Err(HistoryError::Off);
        }
        let (done, stored) = bounded(1);
        if !self.queue.push(Item::Barrier { searchable, done }) {
            return Err(stopped());
        }
        match stored.recv_timeout(ANSWER_TIME) {
            Ok(()) => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(HistoryError::Busy),
            Err(RecvTimeoutError::Disconnected) => Err(stopped()),
        }
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.stop();
    }
}
