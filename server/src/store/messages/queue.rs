//! What waits to be stored. Everybody adds to it, the storage thread takes all of it at once.

use super::records::{ConversationKind, InTables};
use super::string_arena::StringArena;
use crate::ordered_mutex::OrderedMutex;
use crossbeam_channel::Sender;
use landline_common::history::{DirectMessage, HistoryOwner, MailboxError, NewMessages, QueuedMessage};
use landline_common::{NameKey, OffsetDateTime};
use parking_lot::Condvar;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long talk is gathered into one group: nobody waits for it, and a commit costs as much as ten messages.
const GATHER: Duration = Duration::from_millis(100);
/// Bytes after which gathering more makes a group no cheaper.
const ENOUGH: usize = 256 << 10;
/// Senders whose lost messages are counted one by one; a disk that is stuck must not make this list grow for ever.
const LOSERS: usize = 1_024;

/// What is done with the letters that waited. False if they wait again.
pub(super) type Continuation = Box<dyn FnOnce(Vec<QueuedMessage>) -> bool + Send>;

/// One piece of work. Its texts stand in the batch's words, in the order that each variant names.
pub(super) enum Item {
    /// Words: the room if in one, the user, the texts, the nonces with the places of their texts.
    Talk { first_id: u64, at: OffsetDateTime, client: u64, in_room: bool, nonces: u32, texts: usize },
    /// Words: see [`Address`].
    Direct(Address),
    /// Words: see [`Address`].
    Post(Address, Sender<Result<(), MailboxError>>),
    /// Words: see [`Address`]. It is in the history already, and nobody waits for an answer.
    PostBack(Address),
    /// No words. So many letters at most.
    Collect(NameKey, usize, Continuation),
    /// No words.
    Settle { receiver: NameKey, ids: Vec<u64>, delivered: bool },
    /// Words: the account, the room.
    Mark(u64),
    /// No words. Answered when everything before is stored, and searchable if asked for.
    Barrier { searchable: bool, done: Sender<()> },
    /// No words. The first party's direct messages are the second's from now on.
    Adopt(HistoryOwner, HistoryOwner),
    /// No words.
    Forget(HistoryOwner, Sender<Result<u64, String>>),
    /// Lets a test do something to the connection that writes.
    #[cfg(test)]
    Run(Box<dyn FnOnce(&rusqlite::Connection) + Send>),
}

impl Item {
    /// False for work that only reads.
    pub(super) fn writes(&self) -> bool {
        match self {
            Item::Collect(..) | Item::Barrier { .. } | Item::Settle { delivered: false, .. } => false,
            #[cfg(test)]
            Item::Run(_) => false,
            Item::Talk { .. } | Item::Direct(_) | Item::Post(..) | Item::PostBack(_) => true,
            Item::Settle { delivered: true, .. } | Item::Mark(_) | Item::Forget(..) | Item::Adopt(..) => true,
        }
    }

    /// True for what goes into the history, of which there may be any amount.
    pub(super) fn is_talk(&self) -> bool {
        match self {
            Item::Talk { .. } | Item::Direct(_) | Item::Post(..) => true,
            Item::PostBack(_) | Item::Collect(..) | Item::Settle { .. } | Item::Mark(_) => false,
            Item::Barrier { .. } | Item::Forget(..) | Item::Adopt(..) => false,
            #[cfg(test)]
            Item::Run(_) => false,
        }
    }

    /// True for what must be on the disk before anything of its group is answered.
    pub(super) fn is_durable(&self) -> bool {
        match self {
            Item::Post(..) | Item::PostBack(_) | Item::Forget(..) => true,
            Item::Talk { .. } | Item::Direct(_) | Item::Collect(..) | Item::Settle { .. } => false,
            Item::Mark(_) | Item::Barrier { .. } | Item::Adopt(..) => false,
            #[cfg(test)]
            Item::Run(_) => false,
        }
    }
}

/// A direct message. Words: the sender's name and key, the receiver's name and key, the text, the nonce if it has one.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub(super) id: u64,
    pub(super) at: OffsetDateTime,
    pub(super) client: u64,
    pub(super) from: ConversationKind,
    pub(super) to: ConversationKind,
    pub(super) has_nonce: bool,
}

/// What was gathered: one group.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    pub(super) words: StringArena,
    /// Messages that were not even taken into the queue: (client, how many).
    pub(super) lost: Vec<(u64, u64)>,
}

impl Batch {
    fn size(&self) -> usize {
        self.words.size() + self.items.len() * size_of::<Item>()
    }

    /// Empty, with its memory kept for the next group.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.items.shrink_to(ENOUGH / size_of::<Item>());
        self.words.clear();
        self.lost.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.lost.is_empty()
    }

    fn lose(&mut self, client: u64, how_many: u64) {
        if let Some((_, count)) = self.lost.iter_mut().find(|(who, _)| *who == client) {
            *count += how_many;
        } else if self.lost.len() < LOSERS {
            self.lost.push((client, how_many));
        }
    }
}

/// What the storage thread does: only one that sleeps has to be woken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WorkerState {
    Busy,
    Asleep,
    Gathering,
}

struct Pending {
    batch: Batch,
    keeper: WorkerState,
    /// Somebody waits for an answer: no gathering.
    urgent: bool,
    stopped: bool,
    /// How many threads wait for space.
    waiting: usize,
}

/// What [`Queue::take`] brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TakenBatch {
    /// Work.
    Work,
    /// Nothing until the time that was given.
    Nothing,
    /// Nothing, and nothing will come.
    Stopped,
}

/// The queue between everybody and the storage thread.
pub(super) struct Queue {
    pending: OrderedMutex<Pending, 6>,
    /// Too much waits, or nothing is stored any more: tells cheaply that speakers have to look, which is hardly ever so.
    crowded: AtomicBool,
    work: Condvar,
    space: Condvar,
    bound: usize,
}

impl Queue {
    pub(super) fn new(bound: usize) -> Queue {
        let batch = Batch::default();
        let pending = Pending { batch, keeper: WorkerState::Busy, urgent: false, stopped: false, waiting: 0 };
        let crowded = AtomicBool::new(false);
        Queue { pending: OrderedMutex::new(pending), crowded, work: Condvar::new(), space: Condvar::new(), bound }
    }

    /// Waits while the queue is full, for `time` at most. False if it still is, or if nothing is stored any more.
    pub(super) fn make_room(&self, time: Duration) -> bool {
        if !self.crowded.load(Relaxed) {
            return true;
        }
        let mut pending = self.pending.lock();
        let mut deadline = None;
        while !pending.stopped && pending.batch.size() > self.bound {
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + time);
            pending.waiting += 1;
            let in_time = pending.wait_until(&self.space, deadline);
            pending.waiting -= 1;
            if !in_time {
                return !pending.stopped && pending.batch.size() <= self.bound;
            }
        }
        !pending.stopped
    }

    pub(super) fn talk(&self, said: &NewMessages<'_>, texts: &mut dyn Iterator<Item = &str>) {
        let NewMessages { first_id, at, room, user, client, nonces } = *said;
        self.add(false, |batch| {
            if batch.size() > self.most() {
                batch.lose(client, texts.count() as u64);
                return;
            }
            if let Some(room) = room {
                batch.words.push(room);
            }
            batch.words.push(user);
            let texts = texts.map(|text| batch.words.push(text)).count();
            for (place, nonce) in nonces {
                batch.words.push_number(*place as u64);
                batch.words.push(nonce);
            }
            let nonces = u32::try_from(nonces.len()).unwrap_or(u32::MAX);
            batch.items.push(Item::Talk { first_id, at, client, in_room: room.is_some(), nonces, texts });
        });
    }

    pub(super) fn direct(&self, direct: &DirectMessage<'_>) {
        self.add(false, |batch| {
            if batch.size() > self.most() {
                batch.lose(direct.client, 1);
            } else {
                let address = push_direct(&mut batch.words, direct);
                batch.items.push(Item::Direct(address));
            }
        });
    }

    /// False if nothing is stored any more.
    pub(super) fn post(&self, direct: &DirectMessage<'_>, reply: Sender<Result<(), MailboxError>>) -> bool {
        self.add(true, |batch| {
            let address = push_direct(&mut batch.words, direct);
            batch.items.push(Item::Post(address, reply));
        })
    }

    pub(super) fn post_back(&self, direct: &DirectMessage<'_>) {
        self.add(false, |batch| {
            let address = push_direct(&mut batch.words, direct);
            batch.items.push(Item::PostBack(address));
        });
    }

    pub(super) fn mark(&self, account: &str, room: &str, id: u64) {
        self.add(false, |batch| {
            // A mark that is not kept costs a few lines shown twice.
            if batch.size() <= self.most() {
                batch.words.push(account);
                batch.words.push(room);
                batch.items.push(Item::Mark(id));
            }
        });
    }

    /// Adds work that has no words. False if nothing is stored any more; the work is then dropped.
    pub(super) fn push(&self, item: Item) -> bool {
        // Who settles waits for nothing.
        let urgent = !matches!(item, Item::Settle { .. });
        self.add(urgent, |batch| batch.items.push(item))
    }

    /// Speakers ask for room and then add; between the two, others may have filled it. This is where it ends.
    fn most(&self) -> usize {
        self.bound.saturating_mul(2)
    }

    fn add(&self, urgent: bool, fill: impl FnOnce(&mut Batch)) -> bool {
        let mut pending = self.pending.lock();
        if pending.stopped {
            return false;
        }
        fill(&mut pending.batch);
        if pending.batch.size() > self.bound {
            self.crowded.store(true, Relaxed);
        }
        pending.urgent |= urgent;
        let wake = match pending.keeper {
            WorkerState::Busy => false,
            WorkerState::Asleep => true,
            WorkerState::Gathering => urgent || pending.batch.size() >= ENOUGH,
        };
        if wake {
            pending.keeper = WorkerState::Busy;
        }
        drop(pending);
        if wake {
            self.work.notify_one();
        }
        true
    }

    /// For the storage thread: swaps what waits into `batch`, which must be empty. Waits for it until `until`.
    pub(super) fn take(&self, batch: &mut Batch, until: Instant) -> TakenBatch {
        let mut pending = self.pending.lock();
        while pending.batch.is_empty() {
            if pending.stopped {
                return TakenBatch::Stopped;
            }
            pending.keeper = WorkerState::Asleep;
            let woken = pending.wait_until(&self.work, until);
            pending.keeper = WorkerState::Busy;
            if !woken && pending.batch.is_empty() && !pending.stopped {
                return TakenBatch::Nothing;
            }
        }
        let gathered = Instant::now() + GATHER;
        while !pending.urgent && !pending.stopped && pending.batch.size() < ENOUGH {
            pending.keeper = WorkerState::Gathering;
            let woken = pending.wait_until(&self.work, gathered);
            pending.keeper = WorkerState::Busy;
            if !woken {
                break;
            }
        }
        pending.urgent = false;
        std::mem::swap(&mut pending.batch, batch);
        self.crowded.store(pending.stopped, Relaxed);
        if pending.waiting > 0 {
            self.space.notify_all();
        }
        TakenBatch::Work
    }

    /// From now on nothing is added; what is there is still taken.
    pub(super) fn stop(&self) {
        self.pending.lock().stopped = true;
        self.crowded.store(true, Relaxed);
        self.work.notify_one();
        self.space.notify_all();
    }
}

fn push_direct(words: &mut StringArena, direct: &DirectMessage<'_>) -> Address {
    for (name, party) in [direct.from, direct.to] {
        words.push(name);
        match party {
            HistoryOwner::Account(key) => words.push(key.as_str()),
            HistoryOwner::Guest(session) => words.push_number(*session),
        }
    }
    words.push(direct.text);
    direct.nonce.into_iter().for_each(|nonce| words.push(nonce));
    let (DirectMessage { id, at, client, .. }, has_nonce) = (*direct, direct.nonce.is_some());
    Address { id, at, client, from: direct.from.1.kind(), to: direct.to.1.kind(), has_nonce }
}
