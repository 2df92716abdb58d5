//! Tests of the store as a whole, and their shared helpers.

mod failures;
mod fairness;
mod figures;
mod files;
mod history;
mod mail;
mod model;
mod moving;
mod nonces;
mod searching;
mod storing;
mod taking_back;
mod torn;

use super::*;
use landline_common::OffsetDateTime;
use landline_common::history::*;
use std::path::PathBuf;
use std::time::Instant;
use tempfile::TempDir;

/// Longest wait for an expected event.
const SOON: Duration = Duration::from_secs(10);

/// A store in a folder of its own.
struct Store {
    folder: TempDir,
    messages: Messages,
    /// Calls of `on_loss`: client and number of messages.
    lost: crossbeam_channel::Receiver<(u64, u64)>,
}

impl Store {
    fn new() -> Store {
        Store::with(Retention::Forever, &Limits::default())
    }

    fn with(retention: Retention, limits: &Limits) -> Store {
        let folder = tempfile::tempdir().unwrap();
        let (messages, lost) = open(folder.path(), retention, limits).unwrap();
        Store { folder, messages, lost }
    }

    /// Stops the store and opens it again.
    fn reopen(self, retention: Retention) -> Store {
        self.messages.stop();
        let (messages, lost) = open(self.folder.path(), retention, &Limits::default()).unwrap();
        Store { folder: self.folder, messages, lost }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("messages.db")
    }

    /// Stores a message of alice to a room.
    fn say(&self, id: u64, room: &str, text: &str) {
        self.say_as("alice", id, room, text);
    }

    /// Stores a message to a room, or to all users online for "*".
    fn say_as(&self, user: &str, id: u64, room: &str, text: &str) {
        let room = if room == "*" { None } else { Some(room) };
        self.messages.store_talk(
            &NewMessages { first_id: id, at: at(id), room, user, client: 7, nonces: &[] },
            &mut [text].into_iter(),
        );
    }

    fn direct(&self, id: u64, from: &str, to: &str, text: &str) {
        self.messages.store_direct(&direct(id, (from, &party(from)), (to, &party(to)), text));
    }

    fn enqueue(&self, id: u64, from: &str, to: &str, text: &str) -> Result<(), MailboxError> {
        self.messages.enqueue_mail(&direct(id, (from, &party(from)), (to, &party(to)), text))
    }

    fn fetch(&self, receiver: &str) -> Vec<u64> {
        let (sender, mail) = bounded(1);
        self.messages.fetch_mail(&NameKey::of(receiver), 1_000, Box::new(move |found| sender.send(found).is_ok()));
        mail.recv_timeout(SOON).unwrap().iter().map(|message| message.id).collect()
    }

    fn ids(&self, viewer: &str, rooms: &[&str], range: Range) -> Vec<u64> {
        self.wait_until_stored();
        let party = party(viewer);
        let viewer = HistoryReader { address: "", party: &party, rooms, blocked: &[], only: HistoryFilter::Everything };
        ids(&self.messages.read_history(&viewer, range).unwrap())
    }

    fn found(&self, viewer: &str, rooms: &[&str], words: &str) -> Vec<u64> {
        self.wait_until_stored();
        let party = party(viewer);
        let viewer = HistoryReader { address: "", party: &party, rooms, blocked: &[], only: HistoryFilter::Everything };
        ids(&self.messages.search(&viewer, words, None, 100).unwrap())
    }

    /// Runs code with the connection that writes, and waits until it is done.
    fn run(&self, run: impl FnOnce(&rusqlite::Connection) + Send + 'static) {
        self.messages.queue.push(Job::Run(Box::new(run)));
        self.wait_until_stored();
    }

    /// Waits until everything is stored. A request of the history waits for one second only.
    fn wait_until_stored(&self) {
        let deadline = Instant::now() + SOON;
        while let Err(error) = self.messages.wait_for_stored(false) {
            assert!(Instant::now() < deadline, "{error:?}");
        }
    }
}

fn open(
    folder: &Path,
    retention: Retention,
    limits: &Limits,
) -> Result<(Messages, crossbeam_channel::Receiver<(u64, u64)>), FileError> {
    let (sender, lost) = crossbeam_channel::unbounded();
    let on_loss = Box::new(move |client, messages| sender.send((client, messages)).unwrap_or_default());
    let messages = Messages::open(folder, retention, limits, on_loss)?;
    Ok((messages, lost))
}

/// Returns the owner with that name. A number is a guest, anything else an account.
fn party(name: &str) -> HistoryOwner {
    name.parse().map_or_else(|_| HistoryOwner::Account(NameKey::of(name)), HistoryOwner::Guest)
}

fn direct<'a>(
    id: u64,
    from: (&'a str, &'a HistoryOwner),
    to: (&'a str, &'a HistoryOwner),
    text: &'a str,
) -> DirectMessage<'a> {
    DirectMessage { id, at: at(id), from, to, text, client: 7, nonce: None }
}

fn at(id: u64) -> OffsetDateTime {
    OffsetDateTime { unix_ms: 1_795_248_000_000 + id as i64, offset_s: 3_600 }
}

fn ids(page: &Page) -> Vec<u64> {
    page.entries.iter().map(|entry| entry.id).collect()
}
