//! Tests of the store as a whole, and what they share.

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
mod torn;

use super::*;
use landline_common::OffsetDateTime;
use landline_common::history::*;
use std::path::PathBuf;
use tempfile::TempDir;

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(10);

/// A store in a folder of its own.
struct Store {
    folder: TempDir,
    messages: Messages,
    lost: crossbeam_channel::Receiver<(u64, u64)>,
}

impl Store {
    fn new() -> Store {
        Store::with(Retention::Forever, &Limits::default())
    }

    fn with(keep: Retention, limits: &Limits) -> Store {
        let folder = tempfile::tempdir().unwrap();
        let (messages, lost) = open(folder.path(), keep, limits).unwrap();
        Store { folder, messages, lost }
    }

    /// Stops the store and opens it again.
    fn again(self, keep: Retention) -> Store {
        self.messages.stop();
        let (messages, lost) = open(self.folder.path(), keep, &Limits::default()).unwrap();
        Store { folder: self.folder, messages, lost }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("messages.db")
    }

    /// alice says something in a room (lobby for "").
    fn say(&self, id: u64, room: &str, text: &str) {
        self.say_as("alice", id, room, text);
    }

    /// Somebody says something in a room, or to everybody for "*".
    fn say_as(&self, user: &str, id: u64, room: &str, text: &str) {
        let room = if room == "*" { None } else { Some(room) };
        self.messages.keep(
            &NewMessages { first_id: id, at: at(id), room, user, client: 7, nonces: &[] },
            &mut [text].into_iter(),
        );
    }

    fn direct(&self, id: u64, from: &str, to: &str, text: &str) {
        self.messages.keep_direct(&direct(id, (from, &party(from)), (to, &party(to)), text));
    }

    fn post(&self, id: u64, from: &str, to: &str, text: &str) -> Result<(), MailboxError> {
        self.messages.post(&direct(id, (from, &party(from)), (to, &party(to)), text))
    }

    fn collect(&self, receiver: &str) -> Vec<u64> {
        let (give, letters) = bounded(1);
        self.messages.collect(&NameKey::of(receiver), 1_000, Box::new(move |found| give.send(found).is_ok()));
        letters.recv_timeout(SOON).unwrap().iter().map(|letter| letter.id).collect()
    }

    fn ids(&self, viewer: &str, rooms: &[&str], range: Range) -> Vec<u64> {
        let party = party(viewer);
        let viewer = HistoryReader { address: "", party: &party, rooms, blocked: &[], only: HistoryFilter::Everything };
        ids(&self.messages.recall(&viewer, range).unwrap())
    }

    fn found(&self, viewer: &str, rooms: &[&str], words: &str) -> Vec<u64> {
        let party = party(viewer);
        let viewer = HistoryReader { address: "", party: &party, rooms, blocked: &[], only: HistoryFilter::Everything };
        ids(&self.messages.search(&viewer, words, None, 100).unwrap())
    }

    /// Does something to the connection that writes, and waits for that.
    fn run(&self, run: impl FnOnce(&rusqlite::Connection) + Send + 'static) {
        self.messages.queue.push(Item::Run(Box::new(run)));
        self.messages.wait_for_stored(false).unwrap();
    }
}

fn open(
    folder: &Path,
    keep: Retention,
    limits: &Limits,
) -> Result<(Messages, crossbeam_channel::Receiver<(u64, u64)>), FileError> {
    let (tell, lost) = crossbeam_channel::unbounded();
    let lose = Box::new(move |client, how_many| tell.send((client, how_many)).unwrap_or_default());
    let messages = Messages::open(folder, keep, limits, lose)?;
    Ok((messages, lost))
}

/// A name that is a number is a guest's.
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
