//! Detects that an open file or folder is no longer at its path. Writes to a removed file succeed, but are lost when the
//! server stops.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file or folder that was at a path at one time.
#[derive(Debug)]
pub struct FileIdentity {
    path: PathBuf,
    inode: Inode,
}

impl FileIdentity {
    /// Remembers the file or folder that is at `path` now.
    ///
    /// # Errors
    /// Nothing is at the path, or the system returns another error.
    pub fn of(path: &Path) -> io::Result<FileIdentity> {
        Ok(FileIdentity { path: path.to_owned(), inode: Inode::of(&fs::metadata(path)?) })
    }

    /// Returns true if it is still at its path. Returns false if it was removed, moved away or replaced.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|now| Inode::of(&now) == self.inode)
    }
}

/// Identifies a file on this machine, whatever its names.
#[derive(Debug, PartialEq, Eq)]
struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    fn of(metadata: &Metadata) -> Inode {
        Inode { device: metadata.dev(), number: metadata.ino() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_moved_or_replaced_file_is_not_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let moved = folder.path().join("b");
        assert!(FileIdentity::of(&path).is_err());
        fs::write(&path, "1").unwrap();
        let identity = FileIdentity::of(&path).unwrap();
        fs::write(&path, "2").unwrap();
        assert!(identity.is_in_place());
        fs::rename(&path, &moved).unwrap();
        assert!(!identity.is_in_place());
        fs::write(&path, "another").unwrap();
        assert!(!identity.is_in_place());
        fs::rename(&moved, &path).unwrap();
        assert!(identity.is_in_place());
    }
}
