//! Delivery counters of all rooms since the start. Each cycle adds its sums once, so counting costs nothing per line.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Sums over all rooms.
#[derive(Debug, Default)]
pub struct Stats {
    deliveries: AtomicU64,
    bytes: AtomicU64,
}

impl Stats {
    /// Returns the number of lines delivered to members: one line to a hundred members counts as a hundred.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.deliveries.load(Relaxed)
    }

    /// Returns the number of bytes delivered to members.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    pub(super) fn add(&self, deliveries: u64, bytes: u64) {
        self.deliveries.fetch_add(deliveries, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }
}
