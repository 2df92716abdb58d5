//! The threads that run the cycles of large rooms.
//!
//! A speaker's own thread could run the cycle, and does so in small rooms. In a room of thousands that would keep the
//! speaker's session busy with the sends of all members. So large rooms are handed to a pool of one thread per core.
//! Rooms wait in one queue, first come, first served; a flusher runs one cycle and, while other rooms wait, puts the
//! room at the end again. A busy room therefore delays another room by at most one cycle of each room in front of it.
//!
//! A room is in the queue, or in the hands of one thread, at most once: `Log::flushing` in [`super::room_log`] says so.
//! Flushers decide nothing about contents or order.

use super::room_log::Room;
use super::tally::Tally;
use crossbeam_channel::{Receiver, Sender, unbounded};
use landline_common::Limits;
use landline_common::limits::count;
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The handle of the flushers, shared by all rooms.
#[derive(Debug)]
pub struct Flushers {
    /// Rooms with pending entries; `None` makes one flusher end.
    work: Sender<Option<Arc<Room>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// In rooms of at most this many members, the speaker's own thread runs the cycle.
    pub(super) inline_members: usize,
    /// Bytes that may be pending in one room; above this its speakers wait for the next cycle.
    pub(super) pending_bytes: usize,
    pub(super) tally: Tally,
}

impl Flushers {
    /// Starts one flusher for each core.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn start(limits: &Limits) -> std::io::Result<Arc<Flushers>> {
        let (work, queue) = unbounded();
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
            tally: Tally::default(),
        }))
    }

    /// Returns the delivery counters of all rooms.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Puts a room at the end of the queue.
    pub(super) fn hand_over(&self, room: Arc<Room>) {
        // Fails only after `stop`, when nothing needs to be delivered any more.
        let _ = self.work.send(Some(room));
    }

    /// Stops the flushers after one more cycle of each queued room, and waits for their end. Called when all sessions
    /// have ended: entries of large rooms that are still pending then, or are appended later, are never delivered.
    pub fn stop(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        for _ in &threads {
            let _ = self.work.send(None);
        }
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// The loop of one flusher.
fn run(work: &Sender<Option<Arc<Room>>>, queue: &Receiver<Option<Arc<Room>>>) {
    while let Ok(Some(room)) = queue.recv() {
        let cycle = || {
            catch_unwind(AssertUnwindSafe(|| room.cycle())).unwrap_or_else(|_| {
                log::error!("a panic in a room's cycle; the room goes on");
                // The cycle's guard has already queued the room again if entries are pending.
                true
            })
        };
        while !cycle() {
            if !queue.is_empty() {
                let _ = work.send(Some(room));
                break;
            }
        }
    }
}
