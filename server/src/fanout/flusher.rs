//! The threads that run the cycles of rooms too large for their speakers.

use super::room_log::Room;
use super::tally::Tally;
use crossbeam_channel::{Receiver, Sender, unbounded};
use landline_common::Limits;
use landline_common::limits::count;
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The flushers, and how rooms use them.
#[derive(Debug)]
pub struct Flushers {
    /// `None` tells one flusher to end.
    work: Sender<Option<Arc<Room>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Rooms of at most this many members are served by the speaker's own thread.
    pub(super) inline_members: usize,
    /// Bytes that may be pending in one room before its speakers wait.
    pub(super) pending_bytes: usize,
    pub(super) tally: Tally,
}

impl Flushers {
    /// Starts one flusher for each core.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(limits: &Limits) -> std::io::Result<Arc<Flushers>> {
        let (work, queue) = unbounded();
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (0..threads)
            .map(|i| {
                let (work, queue) = (work.clone(), queue.clone());
                std::thread::Builder::new().name(format!("flusher {i}")).spawn(move || flush(&work, &queue))
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

    /// What has gone through the rooms.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Puts a room at the end of the queue.
    pub(super) fn hand_over(&self, room: Arc<Room>) {
        // Fails only after `stop`, when nobody is left to hear anything.
        let _ = self.work.send(Some(room));
    }

    /// Ends the flushers after what is queued, and waits for them. Nobody may speak afterwards.
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

/// Rooms first come, first served; one cycle a turn, so that a busy room does not starve the others.
fn flush(work: &Sender<Option<Arc<Room>>>, queue: &Receiver<Option<Arc<Room>>>) {
    while let Ok(Some(room)) = queue.recv() {
        let cycle = || {
            catch_unwind(AssertUnwindSafe(|| room.cycle())).unwrap_or_else(|_| {
                log::error!("a panic in a room's cycle; the room goes on");
                // It has queued the room again itself, if there is more to do.
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
