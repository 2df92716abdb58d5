//! A small disk that tests can fill.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A tmpfs of 24 MiB, unmounted on drop. Programs that use it must end first.
#[derive(Debug)]
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mounts the disk. Returns `None` without root, so that the caller skips the test.
    ///
    /// # Panics
    /// Mounting fails, or root is missing in CI, where no test may be skipped.
    #[must_use]
    pub fn new() -> Option<Disk> {
        if !rustix::process::geteuid().is_root() {
            assert!(std::env::var_os("CI").is_none(), "only root makes disks, and in CI no test may be skipped");
            eprintln!("skipped: this test makes a small disk, which needs root");
            return None;
        }
        let disk = Disk { folder: TempDir::new().expect("a temporary folder") };
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(disk.folder.path()).status();
        assert!(mounted.expect("mount").success(), "a small disk");
        Some(disk)
    }

    /// Returns the path for the data folder of a server.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Fills the disk except for `left` bytes.
    pub fn fill_up_to(&self, left: usize) {
        let mut filler = File::create(self.filler()).expect("a file");
        let block = [b'x'; 4 << 10];
        let mut size = 0;
        loop {
            match filler.write(&block) {
                Ok(n) => size += n as u64,
                Err(e) if e.kind() == ErrorKind::StorageFull => break,
                Err(e) => panic!("filling the disk: {e}"),
            }
        }
        filler.set_len(size.checked_sub(left as u64).expect("a disk with more space than that")).expect("a file");
    }

    /// Frees the space again.
    pub fn free_space(&self) {
        fs::remove_file(self.filler()).expect("the filler");
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}
