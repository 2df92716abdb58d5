//! Whether the disk has room for talk. Anybody can fill a disk by talking; accounts, bans and mail are bounded, and need
//! some of it left.

use std::path::Path;
use std::time::{Duration, Instant};

/// How often the system is asked. What is said meanwhile is a small part of what is to stay free.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How many bytes a disk has, and how many of these are free.
#[derive(Clone, Copy, Debug)]
struct Bytes {
    all: u64,
    free: u64,
}

/// Says that, if it is known.
type SpaceProbe = Box<dyn FnMut() -> Option<Bytes> + Send>;

/// Watches the disk that a folder is on.
pub(super) struct DiskSpace {
    least: u64,
    /// Of a small disk one part of so many is to stay free.
    part: u64,
    look: SpaceProbe,
    looked: Option<Instant>,
    scarce: bool,
}

impl DiskSpace {
    /// So many bytes are to stay free on the disk of `folder`; of a smaller disk, one part of so many.
    pub(super) fn of(folder: &Path, least: u64, part: u64) -> DiskSpace {
        let folder = folder.to_owned();
        let look = move || {
            let disk = rustix::fs::statvfs(&folder).ok()?;
            let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
            // What others than the administrator may take.
            Some(Bytes { all: bytes(disk.f_blocks), free: bytes(disk.f_bavail) })
        };
        DiskSpace::by(Box::new(look), least, part)
    }

    fn by(look: SpaceProbe, least: u64, part: u64) -> DiskSpace {
        DiskSpace { least, part: part.max(1), look, looked: None, scarce: false }
    }

    /// Less is free than is to stay. To end, that takes an eighth more, so that it does not come and go with every line.
    pub(super) fn is_scarce(&mut self, now: Instant) -> bool {
        if self.looked.is_some_and(|at| now.saturating_duration_since(at) < LOOK_EVERY) {
            return self.scarce;
        }
        self.looked = Some(now);
        // A disk that does not say stays as it was.
        let Some(Bytes { all, free }) = (self.look)() else { return self.scarce };
        let least = self.least.min(all / self.part);
        let enough = if self.scarce { least.saturating_add(least / 8) } else { least };
        let was = std::mem::replace(&mut self.scarce, free < enough);
        match (was, self.scarce) {
            (false, true) => log::error!(
                "messages.db: only {free} bytes are free on its disk: what is said is not stored any more, until there \
                 are more; accounts, bans and messages for those away still are (--limit disk-free-bytes)"
            ),
            (true, false) => log::info!("messages.db: there is room on its disk again, and what is said is stored"),
            _ => {}
        }
        self.scarce
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    #[test]
    fn it_is_scarce_below_the_least_until_there_is_an_eighth_more() {
        let (free, start) = (Arc::new(AtomicU64::new(800)), Instant::now());
        let told = free.clone();
        let look = move || Some(Bytes { all: 80_000, free: told.load(Relaxed) }).filter(|bytes| bytes.free > 0);
        let mut space = DiskSpace::by(Box::new(look), 800, 8);
        // Of what is free each time it is looked; 0 is a disk that does not say.
        let cases = [(800, false), (799, true), (0, true), (899, true), (900, false), (0, false), (800, false)];
        for (round, (bytes, scarce)) in (0..).zip(cases) {
            free.store(bytes, Relaxed);
            assert_eq!(space.is_scarce(start + LOOK_EVERY * round), scarce, "{bytes}");
        }
    }

    #[test]
    fn of_a_small_disk_a_part_is_enough() {
        let scarce = |all, free| {
            let look = move || Some(Bytes { all, free });
            DiskSpace::by(Box::new(look), 800, 8).is_scarce(Instant::now())
        };
        let cases = [(80_000, 799), (80_000, 800), (800, 99), (800, 100), (0, 0)];
        assert_eq!(cases.map(|(all, free)| scarce(all, free)), [true, false, true, false, false]);
    }

    #[test]
    fn the_system_is_asked_seldom() {
        let (asked, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let count = asked.clone();
        let look = move || Some(Bytes { all: 100, free: count.fetch_add(1, Relaxed) });
        let mut space = DiskSpace::by(Box::new(look), 1, 1);
        let scarce: Vec<bool> = (0..2_001).map(|ms| space.is_scarce(start + Duration::from_millis(ms))).collect();
        assert_eq!(asked.load(Relaxed), 2);
        assert!(scarce[..2_000].iter().all(|scarce| *scarce) && !scarce[2_000]);
    }

    #[test]
    fn a_disk_says_how_much_is_free() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!DiskSpace::of(folder.path(), 1, 8).is_scarce(Instant::now()));
        assert!(DiskSpace::of(folder.path(), u64::MAX, 1).is_scarce(Instant::now()));
    }
}
