//! The storage thread: takes everything that waits, stores it as one group, then answers.

use super::disk_space::DiskSpace;
use super::failure_latch::FailureLatch;
use super::prune;
use super::queue::{Batch, Item, Queue, TakenBatch};
use super::records::Retention;
use super::writer::{Outcome, Writer};
use crate::store::Identity;
use landline_common::history::MailboxError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often it is looked for messages that have become too old.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);

/// Why nothing is stored in a file that the next start will not find.
const REMOVED: &str =
    "the file was removed, moved or replaced while the server runs; put it back, or restart the server";

/// Tells a client (0: nobody) how many messages could not be stored.
pub(super) type Lost = Box<dyn Fn(u64, u64) + Send>;

pub(super) struct StorageThread {
    queue: Arc<Queue>,
    writer: Writer,
    keep: Retention,
    space: DiskSpace,
    lost: Lost,
    trouble: FailureLatch,
    /// The database, and the log beside it.
    files: Vec<Identity>,
    /// When to look next for messages that are too old.
    prune_at: Instant,
    /// There are more messages to remove, as the database is too large.
    too_large: bool,
    /// After a failure: when to try again.
    shrink_at: Instant,
    /// How many nonces are kept.
    nonces: usize,
}

/// When the thread ends, however it does, nobody adds work that nobody does.
struct StopOnDrop(Arc<Queue>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl StorageThread {
    pub(super) fn new(
        queue: Arc<Queue>,
        writer: Writer,
        keep: Retention,
        space: DiskSpace,
        files: Vec<Identity>,
        nonces: usize,
        lost: Lost,
    ) -> StorageThread {
        let (trouble, now) = (FailureLatch::default(), Instant::now());
        let (too_large, shrink_at, prune_at) = (false, now, now);
        StorageThread { queue, writer, keep, space, lost, trouble, files, prune_at, too_large, shrink_at, nonces }
    }

    /// Works until the queue is stopped and empty.
    pub(super) fn run(mut self) {
        let _stop = StopOnDrop(Arc::clone(&self.queue));
        let mut batch = Batch::default();
        loop {
            let has_more = self.writer.index.is_worth_it() || self.too_large;
            let until = if has_more { Instant::now() } else { self.prune_at };
            match self.queue.take(&mut batch, until) {
                TakenBatch::Work => self.group(&mut batch),
                TakenBatch::Nothing => {}
                TakenBatch::Stopped => break,
            }
            batch.clear();
            self.tidy();
        }
        self.writer.close();
    }

    /// Stores a group. Nothing of it is answered or handed on before it is committed.
    fn group(&mut self, batch: &mut Batch) {
        let durable = batch.items.iter().any(Item::is_durable);
        let stored = catch_unwind(AssertUnwindSafe(|| self.store(batch, durable)));
        let stored = stored.unwrap_or_else(|_| {
            self.writer.reload();
            Err("the storage failed".to_owned())
        });
        if stored != Ok(None) {
            self.report(stored.as_ref().err());
        }
        for (client, how_many) in batch.lost.drain(..) {
            self.lose(client, how_many);
        }
        match stored {
            Ok(None) => batch.items.drain(..).for_each(|item| self.answer(item, Outcome::Done)),
            Ok(Some(outcomes)) => {
                batch.items.drain(..).zip(outcomes).for_each(|(item, outcome)| self.answer(item, outcome))
            }
            Err(why) => batch.items.drain(..).for_each(|item| self.refuse(item, &why)),
        }
    }

    /// What became of each item; `None` if there was nothing to store.
    fn store(&mut self, batch: &Batch, durable: bool) -> Result<Option<Vec<Outcome>>, String> {
        if batch.items.iter().any(Item::writes) && !self.files.iter().all(Identity::is_there) {
            return Err(REMOVED.to_owned());
        }
        let delivered = self.writer.mailbox.take_delivered();
        if delivered.is_empty() && !batch.items.iter().any(Item::writes) {
            return Ok(None);
        }
        self.writer.scarce = batch.items.iter().any(Item::is_talk) && self.space.is_scarce(Instant::now());
        let stored = self.writer.commit(durable, |writer| {
            for (receiver, ids) in &delivered {
                writer.mailbox.delete(&writer.connection, receiver, ids)?;
            }
            let mut words = batch.words.reader();
            batch.items.iter().map(|item| writer.apply(item, &mut words)).collect::<rusqlite::Result<Vec<_>>>()
        });
        for (receiver, ids) in delivered {
            match stored {
                Ok(_) => self.writer.mailbox.settled(&receiver, &ids),
                Err(_) => self.writer.mailbox.delete_later(receiver, ids),
            }
        }
        stored.map(Some).map_err(|e| e.to_string())
    }

    /// After the commit.
    fn answer(&mut self, item: Item, outcome: Outcome) {
        // Whoever no longer waits for an answer does not need it.
        match (item, outcome) {
            (Item::Post(_, reply), Outcome::Posted(posted)) => drop(reply.send(posted)),
            (Item::Forget(_, reply), Outcome::Forgotten(how_many)) => drop(reply.send(Ok(how_many))),
            (_, Outcome::Lost(client, how_many)) => {
                log::error!("messages.db: {how_many} messages have ids that are there already; they are not stored");
                self.lose(client, how_many);
            }
            (_, Outcome::NoRoom(client, how_many)) => self.lose(client, how_many),
            (Item::Settle { receiver, ids, .. }, _) => self.writer.mailbox.settled(&receiver, &ids),
            (item, _) => self.serve(item),
        }
    }

    /// After a commit that failed.
    fn refuse(&mut self, item: Item, why: &str) {
        match item {
            Item::Talk { client, texts, .. } => self.lose(client, texts as u64),
            Item::Direct(address) | Item::PostBack(address) => self.lose(address.client, 1),
            Item::Post(_, reply) => {
                let why = format!("the message could not be stored ({why}); send it again later");
                drop(reply.send(Err(MailboxError::NotStored(why))));
            }
            Item::Forget(_, reply) => drop(reply.send(Err(why.to_owned()))),
            Item::Settle { receiver, ids, delivered: true } => self.writer.mailbox.delete_later(receiver, ids),
            Item::Settle { receiver, ids, .. } => self.writer.mailbox.settled(&receiver, &ids),
            item => self.serve(item),
        }
    }

    /// What stores nothing, and works even if nothing can be stored.
    fn serve(&mut self, item: Item) {
        match item {
            Item::Collect(receiver, most, then) => {
                let letters = self.writer.mailbox.collect(&self.writer.connection, &receiver, most);
                let letters = letters.unwrap_or_else(|e| {
                    log::error!("messages.db: waiting messages cannot be read: {e}");
                    Vec::new()
                });
                let ids: Vec<u64> = letters.iter().map(|letter| letter.id).collect();
                if guarded(|| then(letters)) == Some(false) {
                    self.writer.mailbox.settled(&receiver, &ids);
                }
            }
            Item::Barrier { searchable, done } => {
                while searchable && self.writer.index.waiting() > 0 && self.index() {}
                let _ = done.send(());
            }
            #[cfg(test)]
            Item::Run(run) => run(&self.writer.connection),
            // These store something, and are answered by what became of that.
            Item::Talk { .. } | Item::Direct(_) | Item::Post(..) | Item::PostBack(_) => {}
            Item::Settle { .. } | Item::Mark(_) | Item::Forget(..) | Item::Adopt(..) => {}
        }
    }

    /// What is done when nobody waits, a slice at a time.
    fn tidy(&mut self) {
        if self.writer.index.is_worth_it() {
            self.index();
        }
        self.shrink();
        if Instant::now() < self.prune_at {
            return;
        }
        self.writer.index.rest(false);
        if let Retention::Days(days) = self.keep
            && self.prune(days)
        {
            return;
        }
        if let Err(e) = prune::nonces(&mut self.writer, self.nonces) {
            log::error!("messages.db: old nonces cannot be removed: {e}; the next try is in an hour");
        }
        self.prune_at = Instant::now() + PRUNE_EVERY;
    }

    /// Removes the oldest messages if the database is too large.
    fn shrink(&mut self) {
        let now = Instant::now();
        if self.keep == Retention::Off || now < self.shrink_at {
            return;
        }
        self.too_large = prune::shrink(&mut self.writer).unwrap_or_else(|e| {
            log::error!("messages.db: the oldest messages cannot be removed: {e}; the next try is in an hour");
            self.shrink_at = now + PRUNE_EVERY;
            false
        });
    }

    /// True if there is more to prune.
    fn prune(&mut self, days: u32) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
        let cutoff = i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(i64::from(days) * 86_400_000);
        let pruned = prune::slice(&mut self.writer, cutoff).and_then(|removed| {
            let more = removed == prune::SLICE;
            if !more {
                prune::names(&mut self.writer)?;
            }
            Ok(more)
        });
        pruned.unwrap_or_else(|e| {
            log::error!("messages.db: old messages cannot be removed: {e}; the next try is in an hour");
            false
        })
    }

    /// Indexes a slice. False if that failed.
    fn index(&mut self) -> bool {
        let indexed = self.writer.commit(false, |writer| writer.index.slice(&writer.connection));
        self.writer.index.rest(indexed.is_err());
        if let Err(e) = &indexed {
            log::error!("messages.db: new messages cannot be made searchable: {e}");
        }
        indexed.is_ok()
    }

    /// Says once that storing fails, and once that it works again.
    fn report(&mut self, why: Option<&String>) {
        let now = Instant::now();
        match why {
            Some(why) if self.trouble.failed(now) => log::error!("messages.db: messages cannot be stored: {why}"),
            None if self.trouble.stored(now) => log::info!("messages.db: messages are stored again"),
            _ => {}
        }
    }

    fn lose(&self, client: u64, how_many: u64) {
        guarded(|| (self.lost)(client, how_many));
    }
}

/// Runs code that is not the store's: its panic must not end the storage.
fn guarded<T>(run: impl FnOnce() -> T) -> Option<T> {
    let ran = catch_unwind(AssertUnwindSafe(run)).ok();
    if ran.is_none() {
        log::error!("a panic while handing on what is stored");
    }
    ran
}
