//! The queue of jobs for the storage thread.
//!
//! Any thread pushes jobs, also while it holds hub locks, so pushing never waits for the disk and allocates nothing for
//! each message: strings go into one arena. The storage thread takes all jobs at once and stores them as one group,
//! because a commit costs as much as storing ten messages.
//!
//! A job is *urgent* if a thread waits for its result. Jobs that are not urgent are gathered for up to [`GATHER_TIME`].
//! The storage thread is in one of these states, and a push wakes it only where the table says so:
//!
//! | state | the queue | a push wakes it |
//! |---|---|---|
//! | `Busy` | any | never; it takes the jobs when it is done |
//! | `Asleep` | empty | always |
//! | `Gathering` | has no urgent job | if the job is urgent, or [`GROUP_BYTES`] are reached |
//!
//! Memory has two bounds:
//!
//! - Above `soft_limit`, [`Queue::wait_for_capacity`] makes authors wait, which slows them down to the speed of the disk.
//! - Authors check for capacity before they take hub locks and push later, so many may push at once. Above twice the
//!   soft limit, talk is not queued but counted as lost, and its authors are told.
//!
//! Jobs keep their order: a barrier is answered after all jobs pushed before it. This module stores nothing itself.

use super::records::{ConversationKind, OwnerColumns};
use super::string_arena::StringArena;
use crate::ordered_mutex::OrderedMutex;
use crossbeam_channel::Sender;
use landline_common::history::{DirectMessage, HistoryOwner, MailboxError, MessageChange, NewMessages, QueuedMessage};
use landline_common::{NameKey, OffsetDateTime};
use parking_lot::Condvar;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Longest time for which jobs that are not urgent are gathered.
const GATHER_TIME: Duration = Duration::from_millis(100);
/// Size of a group from which on gathering more saves nothing.
const GROUP_BYTES: usize = 256 << 10;
/// Most clients whose lost messages are counted in one group. While the disk hangs, the list must not grow for ever.
const MAX_LOSS_COUNTS: usize = 1_024;

/// Receives fetched mail on the storage thread. Returns false if the messages could not be taken over; they are then
/// available to the next fetch.
pub(super) type MailHandler = Box<dyn FnOnce(Vec<QueuedMessage>) -> bool + Send>;

/// One job for the storage thread. Its strings are in the arena of its batch, in the order that each variant documents.
pub(super) enum Job {
    /// Stores messages of one user. Strings: the room if `in_room`, the author, `texts` texts, and for each of the
    /// `nonces` the index of its text and the nonce.
    Talk { first_id: u64, at: OffsetDateTime, client: u64, in_room: bool, nonces: u32, texts: usize },
    /// Stores a direct message in the history. Strings: see [`DirectHeader`].
    Direct(DirectHeader),
    /// Stores a direct message in the mailbox of an offline account and in the history. Strings: see [`DirectHeader`].
    EnqueueMail(DirectHeader, Sender<Result<(), MailboxError>>),
    /// Stores a direct message in the mailbox only. No thread waits for the result. Strings: see [`DirectHeader`].
    RequeueMail(DirectHeader),
    /// Gives at most `most` messages of a mailbox to `handler`. No strings.
    FetchMail { receiver: NameKey, most: usize, handler: MailHandler },
    /// Ends the delivery of fetched messages: deletes delivered ones, makes others available again. No strings.
    AcknowledgeMail { receiver: NameKey, ids: Vec<u64>, delivered: bool },
    /// Deletes the mail of an account, also in flight, its read markers, and the nonces of its name. No strings.
    DeleteAccount { account: NameKey, reply: Sender<Result<(), String>> },
    /// Moves a read marker forward. Strings: the account, the room.
    SetReadMarker { id: u64 },
    /// Answers when all earlier jobs are stored and, if `searchable`, indexed. No strings.
    Barrier { searchable: bool, done: Sender<()> },
    /// Turns the direct messages of a guest's visit into those of an account. No strings.
    TransferDirectMessages { guest: HistoryOwner, account: HistoryOwner },
    /// Removes the direct messages of an owner; the reply is their number. No strings.
    DeleteDirectMessages { owner: HistoryOwner, reply: Sender<Result<u64, String>> },
    /// Removes or changes messages; the reply is their number. No strings.
    ChangeMessages { change: MessageChange, at_ms: i64, reply: Sender<Result<u64, String>> },
    /// Runs a test's code with the connection that writes.
    #[cfg(test)]
    Run(Box<dyn FnOnce(&rusqlite::Connection) + Send>),
}

impl Job {
    /// Returns true if the job changes the database.
    pub(super) fn writes(&self) -> bool {
        match self {
            Job::FetchMail { .. } | Job::Barrier { .. } | Job::AcknowledgeMail { delivered: false, .. } => false,
            #[cfg(test)]
            Job::Run(_) => false,
            Job::Talk { .. } | Job::Direct(_) | Job::EnqueueMail(..) | Job::RequeueMail(_) => true,
            Job::AcknowledgeMail { delivered: true, .. } | Job::SetReadMarker { .. } => true,
            Job::DeleteAccount { .. } | Job::DeleteDirectMessages { .. } | Job::TransferDirectMessages { .. } => true,
            Job::ChangeMessages { .. } => true,
        }
    }

    /// Returns true if the job adds to the history, whose size users determine.
    pub(super) fn adds_history(&self) -> bool {
        match self {
            Job::Talk { .. } | Job::Direct(_) | Job::EnqueueMail(..) => true,
            Job::RequeueMail(_) | Job::FetchMail { .. } | Job::AcknowledgeMail { .. } => false,
            Job::SetReadMarker { .. }
            | Job::Barrier { .. }
            | Job::DeleteAccount { .. }
            | Job::DeleteDirectMessages { .. }
            | Job::ChangeMessages { .. }
            | Job::TransferDirectMessages { .. } => false,
            #[cfg(test)]
            Job::Run(_) => false,
        }
    }

    /// Returns true if the job must survive a power failure once its group has been answered.
    pub(super) fn is_durable(&self) -> bool {
        match self {
            Job::EnqueueMail(..) | Job::RequeueMail(_) => true,
            Job::DeleteAccount { .. } | Job::DeleteDirectMessages { .. } | Job::ChangeMessages { .. } => true,
            Job::Talk { .. } | Job::Direct(_) | Job::FetchMail { .. } | Job::AcknowledgeMail { .. } => false,
            Job::SetReadMarker { .. } | Job::Barrier { .. } | Job::TransferDirectMessages { .. } => false,
            #[cfg(test)]
            Job::Run(_) => false,
        }
    }
}

/// The fixed-size part of a direct message. Strings: the sender's name and owner key, the receiver's name and owner key,
/// the text, and the nonce if `has_nonce`.
#[derive(Clone, Copy)]
pub(super) struct DirectHeader {
    pub(super) id: u64,
    pub(super) at: OffsetDateTime,
    pub(super) client: u64,
    /// Kind of the sender.
    pub(super) from: ConversationKind,
    /// Kind of the receiver.
    pub(super) to: ConversationKind,
    pub(super) has_nonce: bool,
}

/// A number of messages of one client that were not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LostMessages {
    /// The client to notify; 0 for none.
    pub(super) client: u64,
    pub(super) messages: u64,
}

/// The jobs of one group.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) jobs: Vec<Job>,
    pub(super) strings: StringArena,
    /// Messages that were not queued because the queue was full.
    pub(super) lost: Vec<LostMessages>,
}

impl Batch {
    fn size(&self) -> usize {
        self.strings.size() + self.jobs.len() * size_of::<Job>()
    }

    /// Empties the batch and retains some of its memory for the next group.
    pub(super) fn clear(&mut self) {
        self.jobs.clear();
        self.jobs.shrink_to(GROUP_BYTES / size_of::<Job>());
        self.strings.clear();
        self.lost.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.lost.is_empty()
    }

    fn count_lost(&mut self, client: u64, messages: u64) {
        if let Some(lost) = self.lost.iter_mut().find(|lost| lost.client == client) {
            lost.messages += messages;
        } else if self.lost.len() < MAX_LOSS_COUNTS {
            self.lost.push(LostMessages { client, messages });
        }
    }
}

/// The state of the storage thread, see the table above.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WorkerState {
    Busy,
    Asleep,
    Gathering,
}

struct Pending {
    batch: Batch,
    worker: WorkerState,
    /// The batch has an urgent job.
    urgent: bool,
    stopped: bool,
    /// Number of threads in [`Queue::wait_for_capacity`].
    waiting: usize,
}

/// The result of [`Queue::take`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The batch has jobs.
    Jobs,
    /// No job was pushed before the deadline.
    Timeout,
    /// The queue is empty and stopped: no job will be pushed any more.
    Stopped,
}

/// The queue. Many threads push, one takes.
pub(super) struct Queue {
    pending: OrderedMutex<Pending, 6>,
    /// Set when the soft limit is exceeded or the queue is stopped. Lets authors skip the lock in the usual case. It may
    /// be set although there is capacity; the lock then decides.
    may_be_full: AtomicBool,
    /// Notified when the storage thread must wake up.
    job_pushed: Condvar,
    /// Notified when a batch was taken.
    capacity_freed: Condvar,
    /// Bytes of pending jobs above which authors wait.
    soft_limit: usize,
}

impl Queue {
    pub(super) fn new(soft_limit: usize) -> Queue {
        let batch = Batch::default();
        let pending = Pending { batch, worker: WorkerState::Busy, urgent: false, stopped: false, waiting: 0 };
        Queue {
            pending: OrderedMutex::new(pending),
            may_be_full: AtomicBool::new(false),
            job_pushed: Condvar::new(),
            capacity_freed: Condvar::new(),
            soft_limit,
        }
    }

    /// Waits while the soft limit is exceeded, for `timeout` at most. Returns false if it still is, or if the queue is
    /// stopped.
    pub(super) fn wait_for_capacity(&self, timeout: Duration) -> bool {
        if !self.may_be_full.load(Relaxed) {
            return true;
        }
        let mut pending = self.pending.lock();
        let mut deadline = None;
        while !pending.stopped && pending.batch.size() > self.soft_limit {
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + timeout);
            pending.waiting += 1;
            let in_time = pending.wait_until(&self.capacity_freed, deadline);
            pending.waiting -= 1;
            if !in_time {
                return !pending.stopped && pending.batch.size() <= self.soft_limit;
            }
        }
        !pending.stopped
    }

    /// Pushes talk. Above the hard limit it is counted as lost; after a stop it is dropped.
    pub(super) fn push_talk(&self, talk: &NewMessages<'_>, texts: &mut dyn Iterator<Item = &str>) {
        let NewMessages { first_id, at, room, user, client, nonces } = *talk;
        self.add(false, |batch| {
            if batch.size() > self.hard_limit() {
                batch.count_lost(client, texts.count() as u64);
                return;
            }
            if let Some(room) = room {
                batch.strings.push(room);
            }
            batch.strings.push(user);
            let texts = texts.map(|text| batch.strings.push(text)).count();
            for (index, nonce) in nonces {
                batch.strings.push_number(*index as u64);
                batch.strings.push(nonce);
            }
            let nonces = u32::try_from(nonces.len()).unwrap_or(u32::MAX);
            batch.jobs.push(Job::Talk { first_id, at, client, in_room: room.is_some(), nonces, texts });
        });
    }

    /// Pushes a direct message for the history, with the limits of [`Self::push_talk`].
    pub(super) fn push_direct(&self, direct: &DirectMessage<'_>) {
        self.add(false, |batch| {
            if batch.size() > self.hard_limit() {
                batch.count_lost(direct.client, 1);
            } else {
                let header = push_direct_strings(&mut batch.strings, direct);
                batch.jobs.push(Job::Direct(header));
            }
        });
    }

    /// Pushes mail, whatever the size of the queue. Returns false if the queue is stopped.
    pub(super) fn push_mail(&self, direct: &DirectMessage<'_>, reply: Sender<Result<(), MailboxError>>) -> bool {
        self.add(true, |batch| {
            let header = push_direct_strings(&mut batch.strings, direct);
            batch.jobs.push(Job::EnqueueMail(header, reply));
        })
    }

    /// Pushes mail that is in the history already, whatever the size of the queue.
    pub(super) fn push_requeued_mail(&self, direct: &DirectMessage<'_>) {
        self.add(false, |batch| {
            let header = push_direct_strings(&mut batch.strings, direct);
            batch.jobs.push(Job::RequeueMail(header));
        });
    }

    /// Pushes a read marker. Above the hard limit it is dropped: the account then sees a few lines again.
    pub(super) fn push_read_marker(&self, account: &str, room: &str, id: u64) {
        self.add(false, |batch| {
            if batch.size() <= self.hard_limit() {
                batch.strings.push(account);
                batch.strings.push(room);
                batch.jobs.push(Job::SetReadMarker { id });
            }
        });
    }

    /// Pushes a job without strings. Returns false, and drops the job, if the queue is stopped.
    pub(super) fn push(&self, job: Job) -> bool {
        let urgent = !matches!(job, Job::AcknowledgeMail { .. });
        self.add(urgent, |batch| batch.jobs.push(job))
    }

    fn hard_limit(&self) -> usize {
        self.soft_limit.saturating_mul(2)
    }

    fn add(&self, urgent: bool, fill: impl FnOnce(&mut Batch)) -> bool {
        let mut pending = self.pending.lock();
        if pending.stopped {
            return false;
        }
        fill(&mut pending.batch);
        if pending.batch.size() > self.soft_limit {
            self.may_be_full.store(true, Relaxed);
        }
        pending.urgent |= urgent;
        let wake = match pending.worker {
            WorkerState::Busy => false,
            WorkerState::Asleep => true,
            WorkerState::Gathering => urgent || pending.batch.size() >= GROUP_BYTES,
        };
        if wake {
            pending.worker = WorkerState::Busy;
        }
        drop(pending);
        if wake {
            self.job_pushed.notify_one();
        }
        true
    }

    /// Swaps the pending jobs into `batch`, which must be empty. Waits until `deadline` for the first job, then gathers.
    /// Only the storage thread calls this.
    pub(super) fn take(&self, batch: &mut Batch, deadline: Instant) -> Taken {
        let mut pending = self.pending.lock();
        while pending.batch.is_empty() {
            if pending.stopped {
                return Taken::Stopped;
            }
            pending.worker = WorkerState::Asleep;
            let woken = pending.wait_until(&self.job_pushed, deadline);
            pending.worker = WorkerState::Busy;
            if !woken && pending.batch.is_empty() && !pending.stopped {
                return Taken::Timeout;
            }
        }
        let gather_until = Instant::now() + GATHER_TIME;
        while !pending.urgent && !pending.stopped && pending.batch.size() < GROUP_BYTES {
            pending.worker = WorkerState::Gathering;
            let woken = pending.wait_until(&self.job_pushed, gather_until);
            pending.worker = WorkerState::Busy;
            if !woken {
                break;
            }
        }
        pending.urgent = false;
        std::mem::swap(&mut pending.batch, batch);
        self.may_be_full.store(pending.stopped, Relaxed);
        if pending.waiting > 0 {
            self.capacity_freed.notify_all();
        }
        Taken::Jobs
    }

    /// Refuses further jobs. Pending ones can still be taken.
    pub(super) fn stop(&self) {
        self.pending.lock().stopped = true;
        self.may_be_full.store(true, Relaxed);
        self.job_pushed.notify_one();
        self.capacity_freed.notify_all();
    }
}

/// Pushes the strings of a direct message and returns its header.
fn push_direct_strings(strings: &mut StringArena, direct: &DirectMessage<'_>) -> DirectHeader {
    for (name, owner) in [direct.from, direct.to] {
        strings.push(name);
        match owner {
            HistoryOwner::Account(key) => strings.push(key.as_str()),
            HistoryOwner::Guest(session) => strings.push_number(*session),
        }
    }
    strings.push(direct.text);
    if let Some(nonce) = direct.nonce {
        strings.push(nonce);
    }
    DirectHeader {
        id: direct.id,
        at: direct.at,
        client: direct.client,
        from: direct.from.1.kind(),
        to: direct.to.1.kind(),
        has_nonce: direct.nonce.is_some(),
    }
}
