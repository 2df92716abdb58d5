//! One person's place in a room, as the send path has it.

use super::ClientId;
use super::muffle::Muffle;
use super::outbox::Outbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// One person in one room.
#[derive(Debug)]
pub struct Seat {
    pub(super) client: ClientId,
    pub(super) outbox: Arc<Outbox>,
    /// The number of the last batch this person spoke in: tells cheaply who has own lines to leave out.
    pub(super) spoke: AtomicU64,
    pub(super) muffle: Arc<Muffle>,
    /// The last id that was said before this person came.
    pub(super) came_after: AtomicU64,
    /// The last id that was said before this person left.
    pub(super) left_after: AtomicU64,
    /// The last id that the kernel took for this person.
    pub(super) heard: AtomicU64,
    /// Its place among the seats; only read and written under their lock.
    pub(super) place: AtomicUsize,
}

impl Seat {
    /// A seat for the client whose outbox this is, and who does not hear what `muffle` keeps out. It is in no room yet.
    #[must_use]
    pub fn new(outbox: &Arc<Outbox>, muffle: &Arc<Muffle>) -> Arc<Seat> {
        Arc::new(Seat {
            client: outbox.client(),
            outbox: outbox.clone(),
            spoke: AtomicU64::new(0),
            muffle: muffle.clone(),
            came_after: AtomicU64::new(0),
            left_after: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            place: AtomicUsize::new(usize::MAX),
        })
    }

    /// The last id said in the room before this person came; 0 if nothing was said since the room opened.
    #[must_use]
    pub fn came_after(&self) -> u64 {
        self.came_after.load(Relaxed)
    }

    /// The last id said in the room before this person left; 0 if nothing was said since the room opened.
    #[must_use]
    pub fn left_after(&self) -> u64 {
        self.left_after.load(Relaxed)
    }

    /// The last id that is known to have gone out to this person; 0 if there is none. Everything before it did, too.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }
}
