//! The threads that run the cycles of large rooms.
//!
//! The session that publishes could run the cycle itself, and does so in small rooms. In a room of thousands that would
//! keep its thread busy with the sends to all members. So large rooms are handed to a pool of one thread per core.
//! Rooms wait in one queue, first come, first served; a flusher runs one cycle and, while other rooms wait, puts the
//! room at the end again. A busy room therefore delays another room by at most one cycle of each room in front of it.
//!
//! A room is in the queue, or in the hands of one thread, at most once: its `flushing` flag ensures that, see
//! [`super::room_log`]. Flushers decide nothing about contents or order.

use super::stats::Stats;
use crossbeam_channel::{Receiver, Sender, unbounded};
use landline_common::Limits;
use landline_common::limits::count;
use parking_lot::{Mutex, RwLock};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

/// A room as the flushers see it. Rooms use the flushers, so the flushers know them by this trait only.
pub(super) trait RunCycle: Send + Sync {
    /// Delivers the pending batch. Returns true if nothing more is pending and the room is at rest.
    fn run_cycle(self: Arc<Self>) -> bool;
}

/// A room that waits for a flusher.
type QueuedRoom = Arc<dyn RunCycle>;

/// The handle of the flushers, shared by all rooms.
#[derive(Debug)]
pub struct Flushers {
    work: Arc<Work>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// In rooms of at most this many members, the session that publishes runs the cycle.
    pub(super) inline_members: usize,
    /// Bytes that may be pending in one room; above this, sessions that publish wait for the next cycle.
    pub(super) pending_bytes: usize,
    pub(super) stats: Stats,
}

/// The sending end of the queue of rooms with pending entries; `None` after the stop. The flushers end when they have
/// emptied the queue.
#[derive(Debug)]
struct Work(RwLock<Option<Sender<QueuedRoom>>>);

impl Work {
    /// Puts a room at the end of the queue. Returns it after the stop: the caller must then run its cycles.
    fn enqueue(&self, room: QueuedRoom) -> Option<QueuedRoom> {
        match &*self.0.read() {
            // Fails only without flushers, which end after the stop.
            Some(sender) => sender.send(room).err().map(|unsent| unsent.0),
            None => Some(room),
        }
    }
}

impl Flushers {
    /// Starts one flusher for each core.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn start(limits: &Limits) -> std::io::Result<Arc<Flushers>> {
        let (sender, queue) = unbounded();
        let work = Arc::new(Work(RwLock::new(Some(sender))));
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (0..threads)
            .map(|i| {
                let work = work.clone();
                let queue = queue.clone();
                std::thread::Builder::new().name(format!("flusher {i}")).spawn(move || run(&work, &queue))
            })
            .collect::<Result<_, _>>()?;
        Ok(Arc::new(Flushers {
            work,
            threads: Mutex::new(threads),
            inline_members: count(limits.inline_members),
            pending_bytes: count(limits.room_pending_bytes),
            stats: Stats::default(),
        }))
    }

    /// Returns the delivery counters of all rooms.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Puts a room at the end of the queue. After the stop, this thread runs the room's cycles: a session that has not
    /// ended by then must not wait for ever in [`RoomLog::wait_delivered`].
    pub(super) fn enqueue(&self, room: QueuedRoom) {
        if let Some(room) = self.work.enqueue(room) {
            while !run_cycle(&room) {}
        }
    }

    /// Stops the flushers when they have delivered all pending entries, and waits for their end. Called when all
    /// sessions have ended, or have had the time for it.
    pub fn stop(&self) {
        drop(self.work.0.write().take());
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// The loop of one flusher.
fn run(work: &Work, queue: &Receiver<QueuedRoom>) {
    while let Ok(mut room) = queue.recv() {
        while !run_cycle(&room) {
            if !queue.is_empty() {
                match work.enqueue(room) {
                    Some(stopped) => room = stopped,
                    None => break,
                }
            }
        }
    }
}

/// Runs one cycle. Returns true if the room is at rest, or queued again.
fn run_cycle(room: &QueuedRoom) -> bool {
    catch_unwind(AssertUnwindSafe(|| room.clone().run_cycle())).unwrap_or_else(|_| {
        log::error!("flusher: panic in a room's cycle; its batch is lost, later lines are delivered");
        // The cycle's guard has already queued the room again if entries are pending.
        true
    })
}
