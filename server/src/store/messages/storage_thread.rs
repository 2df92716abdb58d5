//! The storage thread: the only one that writes to `messages.db`.
//!
//! It repeats three steps until the queue is stopped and empty:
//!
//! 1. Take all pending jobs as one group.
//! 2. Store the group in one transaction.
//! 3. After the commit, answer the jobs in order. A user who is told "queued for bob" can rely on it.
//!
//! Between two groups it does a slice of maintenance: indexing, removing old messages, and emptying the log of SQLite some
//! seconds after texts were removed.
//!
//! | outcome of the commit | jobs that write | jobs that only read |
//! |---|---|---|
//! | committed | answered with their result | run |
//! | nothing to write | none in the group | run |
//! | failed | refused; lost messages are reported to their clients | run |
//!
//! Invariants: nothing is answered or handed on before it is committed, and a group that fails does not end the thread.
//! A panic while storing counts as a failed commit, and a panic of a callback is logged. After a failed commit the
//! delivered mail of the group stays in flight and is deleted with the next group, so it is not delivered twice.

use super::disk_space::DiskSpace;
use super::failure_latch::FailureLatch;
use super::prune;
use super::queue::{Batch, Job, LostMessages, Queue, Taken};
use super::records::Retention;
use super::writer::{Outcome, Writer};
use crate::store::FileIdentity;
use landline_common::history::MailboxError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time between two searches for messages that are too old, and before a failed removal is tried again.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// Time between a removal of texts and the emptying of the log, which has them until then, and between two attempts.
/// All removals of that time share the cost: some syncs of the disk.
const EMPTY_LOG_AFTER: Duration = Duration::from_secs(2);
const DAY_MS: i64 = 86_400_000;

/// The error if the database or its log is no longer at its path. The next start would not find what is written there.
const REMOVED: &str = "the file was removed, moved or replaced while the server runs; put messages.db and \
                       messages.db-wal back, or restart the server";

/// Called on the storage thread with a client (0 for none) and the number of its messages that were not stored.
pub(super) type LossHandler = Box<dyn Fn(u64, u64) + Send>;

pub(super) struct StorageThread {
    queue: Arc<Queue>,
    writer: Writer,
    retention: Retention,
    disk: DiskSpace,
    on_loss: LossHandler,
    failures: FailureLatch,
    /// The database and the log beside it.
    files: Vec<FileIdentity>,
    /// When to look next for messages that are too old.
    prune_at: Instant,
    /// The database is too large, and more messages can be removed now.
    too_large: bool,
    /// After a failure: when to shrink again.
    shrink_at: Instant,
    /// When to empty the log, which may have removed texts.
    empty_log_at: Option<Instant>,
    /// Number of nonces to keep.
    most_nonces: usize,
}

/// Stops the queue on drop. Also a panic of the thread drops it, so callers get an error instead of waiting.
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
        retention: Retention,
        disk: DiskSpace,
        files: Vec<FileIdentity>,
        most_nonces: usize,
        on_loss: LossHandler,
    ) -> StorageThread {
        let now = Instant::now();
        StorageThread {
            queue,
            writer,
            retention,
            disk,
            on_loss,
            failures: FailureLatch::default(),
            files,
            prune_at: now,
            too_large: false,
            shrink_at: now,
            // A killed server may have left a log with removed texts.
            empty_log_at: Some(now),
            most_nonces,
        }
    }

    /// Works until the queue is stopped and empty, then closes the database.
    pub(super) fn run(mut self) {
        let _stop = StopOnDrop(Arc::clone(&self.queue));
        let mut batch = Batch::default();
        self.empty_log();
        loop {
            let has_maintenance = self.writer.index.is_due() || self.too_large;
            let next = self.empty_log_at.map_or(self.prune_at, |at| at.min(self.prune_at));
            let deadline = if has_maintenance { Instant::now() } else { next };
            match self.queue.take(&mut batch, deadline) {
                Taken::Jobs => self.process(&mut batch),
                Taken::Timeout => {}
                Taken::Stopped => break,
            }
            batch.clear();
            self.maintain();
        }
        self.writer.close();
    }

    /// Stores a group, then answers its jobs.
    fn process(&mut self, batch: &mut Batch) {
        let durable = batch.jobs.iter().any(Job::is_durable);
        let stored = catch_unwind(AssertUnwindSafe(|| self.store(batch, durable)));
        let stored = stored.unwrap_or_else(|_| {
            self.writer.reload();
            Err("the storage failed".to_owned())
        });
        if stored != Ok(None) {
            self.log_change(stored.as_ref().err());
        }
        for lost in batch.lost.drain(..) {
            self.report_lost(lost);
        }
        match stored {
            Ok(None) => {
                for job in batch.jobs.drain(..) {
                    self.answer(job, Outcome::Done);
                }
            }
            Ok(Some(outcomes)) => {
                for (job, outcome) in batch.jobs.drain(..).zip(outcomes) {
                    self.answer(job, outcome);
                }
            }
            Err(why) => {
                for job in batch.jobs.drain(..) {
                    self.refuse(job, &why);
                }
            }
        }
    }

    /// Stores a group in one transaction. Returns the outcome of each job, or `None` if there was nothing to write.
    fn store(&mut self, batch: &Batch, durable: bool) -> Result<Option<Vec<Outcome>>, String> {
        let writes = batch.jobs.iter().any(Job::writes);
        if writes && !self.files.iter().all(FileIdentity::is_in_place) {
            return Err(REMOVED.to_owned());
        }
        if !self.writer.mailbox.has_deferred_deletes() && !writes {
            return Ok(None);
        }
        self.writer.disk_low = batch.jobs.iter().any(Job::adds_history) && self.disk.poll_low(Instant::now());
        let stored = self.writer.commit(durable, |writer| {
            writer.mailbox.delete_deferred(&writer.connection)?;
            let mut strings = batch.strings.reader();
            batch.jobs.iter().map(|job| writer.apply(job, &mut strings)).collect::<rusqlite::Result<Vec<_>>>()
        });
        if stored.is_ok() {
            self.writer.mailbox.clear_deferred_deletes();
        }
        stored.map(Some).map_err(|e| e.to_string())
    }

    /// Answers a job after its group was committed.
    fn answer(&mut self, job: Job, outcome: Outcome) {
        // A reply fails if its caller has given up waiting.
        match (job, outcome) {
            (Job::EnqueueMail(_, reply), Outcome::MailEnqueued(result)) => drop(reply.send(result)),
            (
                Job::DeleteDirectMessages { reply, .. } | Job::ChangeMessages { reply, .. },
                Outcome::Changed(messages),
            ) => {
                self.empty_log_at.get_or_insert_with(|| Instant::now() + EMPTY_LOG_AFTER);
                let _ = reply.send(Ok(messages));
            }
            (Job::DeleteAccount { account, reply }, _) => {
                self.writer.mailbox.clear_all_in_flight(&account);
                let _ = reply.send(Ok(()));
            }
            (_, Outcome::DuplicateIds(lost)) => {
                let LostMessages { client, messages } = lost;
                log::error!(
                    "messages.db: duplicate ids client={client} messages={messages}; they were delivered but are not \
                     stored, and their author is told"
                );
                self.report_lost(lost);
            }
            (_, Outcome::DiskLow(lost)) => self.report_lost(lost),
            (_, Outcome::RequeueRefused(lost, why)) => {
                log::error!(
                    "messages.db: cannot put an undelivered message into the mailbox client={}: {why}; its receiver \
                     finds it in /history only, and its author is told",
                    lost.client
                );
                self.report_lost(lost);
            }
            (Job::AcknowledgeMail { receiver, ids, .. }, _) => self.writer.mailbox.clear_in_flight(&receiver, &ids),
            (job, _) => self.run_read_only(job),
        }
    }

    /// Answers a job after the commit of its group failed.
    fn refuse(&mut self, job: Job, why: &str) {
        match job {
            Job::Talk { client, texts, .. } => self.report_lost(LostMessages { client, messages: texts as u64 }),
            Job::Direct(header) | Job::RequeueMail(header) => {
                self.report_lost(LostMessages { client: header.client, messages: 1 });
            }
            Job::EnqueueMail(_, reply) => drop(reply.send(Err(MailboxError::NotStored(why.to_owned())))),
            Job::DeleteDirectMessages { reply, .. } | Job::ChangeMessages { reply, .. } => {
                drop(reply.send(Err(why.to_owned())))
            }
            Job::DeleteAccount { reply, .. } => drop(reply.send(Err(why.to_owned()))),
            Job::AcknowledgeMail { receiver, ids, delivered: true } => {
                self.writer.mailbox.defer_delete(receiver, ids);
            }
            Job::AcknowledgeMail { receiver, ids, .. } => self.writer.mailbox.clear_in_flight(&receiver, &ids),
            job => self.run_read_only(job),
        }
    }

    /// Runs a job that writes nothing. It works also while nothing can be stored.
    fn run_read_only(&mut self, job: Job) {
        match job {
            Job::FetchMail { receiver, most, handler } => {
                let mail = self.writer.mailbox.fetch(&self.writer.connection, &receiver, most);
                let mail = mail.unwrap_or_else(|e| {
                    log::error!(
                        "messages.db: cannot read mail receiver={}: {e}; it stays in the mailbox for the next sign-in",
                        receiver.as_str()
                    );
                    Vec::new()
                });
                let ids: Vec<u64> = mail.iter().map(|message| message.id).collect();
                if call_guarded(|| handler(mail)) == Some(false) {
                    self.writer.mailbox.clear_in_flight(&receiver, &ids);
                }
            }
            Job::Barrier { searchable, done } => {
                while searchable && self.writer.index.waiting() > 0 && self.index_slice() {}
                let _ = done.send(());
            }
            #[cfg(test)]
            Job::Run(run) => run(&self.writer.connection),
            // These jobs write, and `answer` or `refuse` has done the rest.
            Job::Talk { .. } | Job::Direct(_) | Job::EnqueueMail(..) | Job::RequeueMail(_) => {}
            Job::AcknowledgeMail { .. }
            | Job::DeleteAccount { .. }
            | Job::SetReadMarker { .. }
            | Job::DeleteDirectMessages { .. }
            | Job::ChangeMessages { .. }
            | Job::TransferDirectMessages { .. } => {}
        }
    }

    /// Does a slice of each kind of maintenance that is due.
    fn maintain(&mut self) {
        if self.writer.index.is_due() {
            self.index_slice();
        }
        self.shrink();
        self.empty_log();
        if Instant::now() < self.prune_at {
            return;
        }
        self.writer.index.set_paused(false);
        if let Retention::Days(days) = self.retention
            && self.prune(days)
        {
            return;
        }
        if let Err(e) = prune::remove_old_nonces(&mut self.writer, self.most_nonces) {
            log::error!(
                "messages.db: cannot remove old marks against repeated messages: {e}; the next try is in an hour"
            );
        }
        self.prune_at = Instant::now() + PRUNE_EVERY;
    }

    /// Empties the log if that is due. While a reader needs it, as an export may for minutes, tries again later.
    fn empty_log(&mut self) {
        let now = Instant::now();
        if self.empty_log_at.is_none_or(|at| now < at) {
            return;
        }
        self.empty_log_at = match self.writer.empty_log() {
            Ok(true) => None,
            Ok(false) => Some(now + EMPTY_LOG_AFTER),
            Err(e) => {
                log::error!(
                    "messages.db: cannot empty the log messages.db-wal: {e}; it may have texts that were removed, the \
                     next try is in an hour"
                );
                Some(now + PRUNE_EVERY)
            }
        };
    }

    /// Removes the oldest messages while the database is too large.
    fn shrink(&mut self) {
        let now = Instant::now();
        if self.retention == Retention::Off || now < self.shrink_at {
            return;
        }
        self.too_large = prune::shrink(&mut self.writer).unwrap_or_else(|e| {
            log::error!(
                "messages.db: cannot remove the oldest messages: {e}; the file may grow, the next try is in an hour"
            );
            self.shrink_at = now + PRUNE_EVERY;
            false
        });
    }

    /// Removes a slice of the messages that are older than `days`. Returns true if there may be more.
    fn prune(&mut self, days: u32) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
        let cutoff = i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(i64::from(days) * DAY_MS);
        let pruned = prune::remove_slice_before(&mut self.writer, cutoff).and_then(|removed| {
            let more = removed == prune::SLICE_MESSAGES;
            if !more {
                prune::remove_unused_names(&mut self.writer)?;
            }
            Ok(more)
        });
        pruned.unwrap_or_else(|e| {
            log::error!("messages.db: cannot remove old messages: {e}; they stay readable, the next try is in an hour");
            false
        })
    }

    /// Indexes a slice of the waiting messages. After a failure it returns false and pauses indexing.
    fn index_slice(&mut self) -> bool {
        let indexed = self.writer.commit(false, |writer| writer.index.index_slice(&writer.connection));
        self.writer.index.set_paused(indexed.is_err());
        if let Err(e) = &indexed {
            log::error!(
                "messages.db: cannot index new messages: {e}; /search does not find them yet, the next try is within \
                 an hour"
            );
        }
        indexed.is_ok()
    }

    /// Logs the first of several failures to store, and the recovery.
    fn log_change(&mut self, why: Option<&String>) {
        let now = Instant::now();
        match why {
            Some(why) if self.failures.record_failure(now) => {
                log::error!(
                    "messages.db: messages cannot be stored: {why}; talk is delivered all the same, its authors are \
                     told, and each new message is tried again"
                );
            }
            None if self.failures.record_success(now) => {
                log::info!("messages.db: messages are stored again; the history lacks those since the error")
            }
            _ => {}
        }
    }

    fn report_lost(&self, lost: LostMessages) {
        call_guarded(|| (self.on_loss)(lost.client, lost.messages));
    }
}

/// Calls a callback of another module. Returns `None` if it panics: that must not end the storage thread.
fn call_guarded<T>(callback: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(callback)).ok();
    if result.is_none() {
        log::error!("messages.db: panic in a callback; what was stored stays stored, and storing goes on");
    }
    result
}
