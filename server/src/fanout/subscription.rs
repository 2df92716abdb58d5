//! A user's membership of a room, as the send path stores it.

use super::ClientId;
use super::block_filter::BlockFilter;
use super::outbox::Outbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// One user's membership of one room.
#[derive(Debug)]
pub struct Subscription {
    pub(super) client: ClientId,
    pub(super) outbox: Arc<Outbox>,
    /// Number of the last batch this user spoke in. A cycle compares it with its own batch to find, without a search,
    /// the members whose own lines need special treatment.
    pub(super) spoke: AtomicU64,
    pub(super) block_filter: Arc<BlockFilter>,
    /// Last message id in the room before this user entered.
    pub(super) came_after: AtomicU64,
    /// Last message id in the room before this user left.
    pub(super) left_after: AtomicU64,
    /// Last message id that the kernel has taken for this user.
    pub(super) heard: AtomicU64,
    /// Index in the room's list of seats. Read and written only under the lock of that list.
    pub(super) index: AtomicUsize,
}

impl Subscription {
    /// Makes a seat that delivers to `outbox` and leaves out events blocked by `block_filter`. It belongs to no room yet.
    #[must_use]
    pub fn new(outbox: &Arc<Outbox>, block_filter: &Arc<BlockFilter>) -> Arc<Subscription> {
        Arc::new(Subscription {
            client: outbox.client(),
            outbox: outbox.clone(),
            spoke: AtomicU64::new(0),
            block_filter: block_filter.clone(),
            came_after: AtomicU64::new(0),
            left_after: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            index: AtomicUsize::new(usize::MAX),
        })
    }

    /// Returns the last message id in the room before this user entered; 0 if the room had no message since it opened.
    #[must_use]
    pub fn came_after(&self) -> u64 {
        self.came_after.load(Relaxed)
    }

    /// Returns the last message id in the room before this user left; 0 if the room had no message since it opened.
    #[must_use]
    pub fn left_after(&self) -> u64 {
        self.left_after.load(Relaxed)
    }

    /// Returns the last message id that the kernel is known to have taken for this user, 0 if there is none. The kernel
    /// took all earlier ones too.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }
}
