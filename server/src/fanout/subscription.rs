//! A user's membership of a room, as the send path stores it.

use super::ClientId;
use super::block_filter::BlockFilter;
use super::outbox::Outbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The form in which one member gets a room's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryMode {
    /// Index of the rendering, below [`RENDERINGS`].
    pub rendering: usize,
    /// True if the member gets its own lines back.
    pub echo: bool,
}

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
    /// The present delivery mode, or [`NO_MEMBER`]. Written only under the lock of the room's log, so that the user's
    /// session and an owner of the room may end the membership at the same time.
    mode: AtomicUsize,
}

/// The mode of a subscription that is no member of its room.
const NO_MEMBER: usize = usize::MAX;

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
            mode: AtomicUsize::new(NO_MEMBER),
        })
    }

    /// True from entering the room until leaving it.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.mode.load(Relaxed) != NO_MEMBER
    }

    /// Replaces the delivery mode; `None` for no member. Returns the one before. The caller holds the lock of the log.
    pub(super) fn replace_mode(&self, mode: Option<DeliveryMode>) -> Option<DeliveryMode> {
        let encoded = mode.map_or(NO_MEMBER, |mode| mode.rendering * 2 + usize::from(mode.echo));
        match self.mode.swap(encoded, Relaxed) {
            NO_MEMBER => None,
            before => Some(DeliveryMode { rendering: before / 2, echo: before % 2 == 1 }),
        }
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
