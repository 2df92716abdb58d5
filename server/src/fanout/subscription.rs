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
    /// Number of the last batch that has lines of this user. A cycle compares it with its own batch to find, without a
    /// search, the members whose own lines need special treatment.
    pub(super) last_batch: AtomicU64,
    pub(super) block_filter: Arc<BlockFilter>,
    /// Last message id in the room before this user entered.
    pub(super) id_before_joining: AtomicU64,
    /// Last message id in the room before this user left.
    pub(super) id_before_leaving: AtomicU64,
    /// Last message id that the kernel has taken for this user.
    pub(super) last_delivered_id: AtomicU64,
    /// Index in the room's list of members. Read and written only under the lock of that list.
    pub(super) index: AtomicUsize,
}

impl Subscription {
    /// Makes a subscription that delivers to `outbox` and leaves out events blocked by `block_filter`. It belongs to no
    /// room yet.
    #[must_use]
    pub fn new(outbox: &Arc<Outbox>, block_filter: &Arc<BlockFilter>) -> Arc<Subscription> {
        Arc::new(Subscription {
            client: outbox.client(),
            outbox: outbox.clone(),
            last_batch: AtomicU64::new(0),
            block_filter: block_filter.clone(),
            id_before_joining: AtomicU64::new(0),
            id_before_leaving: AtomicU64::new(0),
            last_delivered_id: AtomicU64::new(0),
            index: AtomicUsize::new(usize::MAX),
        })
    }

    /// Returns the last message id in the room before this user entered; 0 if the room had no message since it opened.
    #[must_use]
    pub fn id_before_joining(&self) -> u64 {
        self.id_before_joining.load(Relaxed)
    }

    /// Returns the last message id in the room before this user left; 0 if the room had no message since it opened.
    #[must_use]
    pub fn id_before_leaving(&self) -> u64 {
        self.id_before_leaving.load(Relaxed)
    }

    /// Returns the last message id that the kernel is known to have taken for this user, 0 if there is none. The kernel
    /// took all earlier ones too.
    #[must_use]
    pub fn last_delivered_id(&self) -> u64 {
        self.last_delivered_id.load(Relaxed)
    }
}
