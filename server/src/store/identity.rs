//! Whether a file or folder that is in use is still the one at its path: what is written to a file that was removed is
//! lost when the server stops.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file or folder that was at a path.
#[derive(Debug)]
pub struct Identity {
    path: PathBuf,
    file: (u64, u64),
}

impl Identity {
    /// Of what is at that path now.
    ///
    /// # Errors
    /// Nothing is there.
    pub fn of(path: &Path) -> io::Result<Identity> {
        Ok(Identity { path: path.to_owned(), file: number(&fs::metadata(path)?) })
    }

    /// False if it was removed or moved away, or if another one is in its place.
    #[must_use]
    pub fn is_there(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|now| number(&now) == self.file)
    }
}

/// What tells files apart whatever their names: the device and the number on it.
fn number(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_moved_or_replaced_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("a"), folder.path().join("b"));
        assert!(Identity::of(&path).is_err());
        fs::write(&path, "1").unwrap();
        let identity = Identity::of(&path).unwrap();
        fs::write(&path, "2").unwrap();
        assert!(identity.is_there());
        fs::rename(&path, &moved).unwrap();
        assert!(!identity.is_there());
        fs::write(&path, "another").unwrap();
        assert!(!identity.is_there());
        fs::rename(&moved, &path).unwrap();
        assert!(identity.is_there());
    }
}
