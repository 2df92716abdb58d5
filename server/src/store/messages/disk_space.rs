//! Decides whether the disk has enough free space for history.
//!
//! Any user can fill a disk by talking. Accounts, bans and mail are bounded and must still be stored then, so history
//! stops while less than a reserve is free. The decision has hysteresis, or storing would stop and resume with every
//! line near the reserve:
//!
//! | state | free space | new state |
//! |---|---|---|
//! | normal | below the reserve | low |
//! | low | below 9/8 of the reserve | low |
//! | low | 9/8 of the reserve or more | normal |
//! | any | unknown | unchanged |
//!
//! This module only measures. [`super::writer::Writer`] leaves out history while the state is low.

use std::path::Path;
use std::time::{Duration, Instant};

/// Time between two measurements. Messages of two seconds take a small part of the reserve.
const MEASURE_EVERY: Duration = Duration::from_secs(2);

/// The size of a disk, in bytes.
#[derive(Clone, Copy, Debug)]
struct DiskBytes {
    total: u64,
    free: u64,
}

/// Measures a disk. Returns `None` if the system reports an error.
type DiskProbe = Box<dyn FnMut() -> Option<DiskBytes> + Send>;

/// Watches the free space of one disk.
pub(super) struct DiskSpace {
    /// The reserve in bytes, on a disk that is large enough.
    reserve: u64,
    /// Bound of the reserve: the size of the disk divided by this.
    divisor: u64,
    probe: DiskProbe,
    measured_at: Option<Instant>,
    low: bool,
}

impl DiskSpace {
    /// Watches the disk of `folder`. The reserve is `reserve` bytes, but at most the size of the disk divided by
    /// `divisor`.
    pub(super) fn of(folder: &Path, reserve: u64, divisor: u64) -> DiskSpace {
        let folder = folder.to_owned();
        let probe = move || {
            let disk = rustix::fs::statvfs(&folder).ok()?;
            let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
            // f_bavail leaves out the blocks that are reserved for the superuser.
            Some(DiskBytes { total: bytes(disk.f_blocks), free: bytes(disk.f_bavail) })
        };
        DiskSpace::with_probe(Box::new(probe), reserve, divisor)
    }

    fn with_probe(probe: DiskProbe, reserve: u64, divisor: u64) -> DiskSpace {
        DiskSpace { reserve, divisor: divisor.max(1), probe, measured_at: None, low: false }
    }

    /// Measures the disk if the last measurement is too old, and logs a change. Returns true while free space is low.
    pub(super) fn poll_low(&mut self, now: Instant) -> bool {
        if self.measured_at.is_some_and(|at| now.saturating_duration_since(at) < MEASURE_EVERY) {
            return self.low;
        }
        self.measured_at = Some(now);
        let Some(DiskBytes { total, free }) = (self.probe)() else { return self.low };
        let reserve = self.reserve.min(total / self.divisor);
        let enough = if self.low { reserve.saturating_add(reserve / 8) } else { reserve };
        let was_low = std::mem::replace(&mut self.low, free < enough);
        match (was_low, self.low) {
            (false, true) => log::error!(
                "messages.db: disk space low free={free} reserve={reserve}: history is not stored until space is freed; \
                 accounts, bans and mail still are (see --limit disk-free-bytes)"
            ),
            (true, false) => log::info!("messages.db: disk space sufficient free={free}: history is stored again"),
            _ => {}
        }
        self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    #[test]
    fn space_is_low_below_the_reserve_until_an_eighth_more_is_free() {
        let free = Arc::new(AtomicU64::new(800));
        let start = Instant::now();
        let probed = free.clone();
        let probe =
            move || Some(DiskBytes { total: 80_000, free: probed.load(Relaxed) }).filter(|bytes| bytes.free > 0);
        let mut space = DiskSpace::with_probe(Box::new(probe), 800, 8);
        // Free bytes at each measurement; 0 stands for a failed probe.
        let cases = [(800, false), (799, true), (0, true), (899, true), (900, false), (0, false), (800, false)];
        for (round, (bytes, low)) in (0..).zip(cases) {
            free.store(bytes, Relaxed);
            assert_eq!(space.poll_low(start + MEASURE_EVERY * round), low, "{bytes}");
        }
    }

    #[test]
    fn the_reserve_of_a_small_disk_is_a_part_of_it() {
        let is_low = |total, free| {
            let probe = move || Some(DiskBytes { total, free });
            DiskSpace::with_probe(Box::new(probe), 800, 8).poll_low(Instant::now())
        };
        let cases = [(80_000, 799), (80_000, 800), (800, 99), (800, 100), (0, 0)];
        assert_eq!(cases.map(|(total, free)| is_low(total, free)), [true, false, true, false, false]);
    }

    #[test]
    fn the_disk_is_measured_every_two_seconds_at_most() {
        let measured = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let count = measured.clone();
        let probe = move || Some(DiskBytes { total: 100, free: count.fetch_add(1, Relaxed) });
        let mut space = DiskSpace::with_probe(Box::new(probe), 1, 1);
        let low: Vec<bool> = (0..2_001).map(|ms| space.poll_low(start + Duration::from_millis(ms))).collect();
        assert_eq!(measured.load(Relaxed), 2);
        assert!(low[..2_000].iter().all(|low| *low) && !low[2_000]);
    }

    #[test]
    fn the_system_reports_free_space() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!DiskSpace::of(folder.path(), 1, 8).poll_low(Instant::now()));
        assert!(DiskSpace::of(folder.path(), u64::MAX, 1).poll_low(Instant::now()));
    }
}
