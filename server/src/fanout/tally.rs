//! What has gone through the rooms since the start. Counted once a cycle, so that counting costs nothing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Sums over all rooms.
#[derive(Debug, Default)]
pub struct Tally {
    deliveries: AtomicU64,
    bytes: AtomicU64,
}

impl Tally {
    /// Lines handed to members: one line to a hundred members is a hundred.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.deliveries.load(Relaxed)
    }

    /// Bytes handed to members.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    pub(super) fn add(&self, deliveries: u64, bytes: u64) {
        self.deliveries.fetch_add(deliveries, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }
}
