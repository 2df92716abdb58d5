//! The file `landline.lock`: ensures that only one server uses a data folder.

use crate::store::{FileIdentity, json_file};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

const NAME: &str = "landline.lock";
/// Makes opening a symbolic link fail. The lock file is truncated, and through a link another file would be.
const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// The reason for which a data folder cannot be used.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another server uses the folder.
    #[error(
        "another landline-server ({}) already runs on the data folder {}; stop it or choose another with --data",
        holder(pid.as_ref()), folder.display()
    )]
    Taken {
        /// The data folder.
        folder: PathBuf,
        /// The process id of the other server, if it could be read.
        pid: Option<u32>,
    },
    /// The folder cannot be created, written to or locked.
    #[error(
        "cannot {doing} the data folder {}: {why}; let this user write there or choose another with --data",
        folder.display()
    )]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// A verb: "create", "write to", "lock".
        doing: &'static str,
        /// The system's error.
        why: io::Error,
    },
}

/// The right to use a data folder, until dropped. The system releases the lock also when the process is killed. The
/// file itself stays.
#[derive(Debug)]
pub struct LockFile {
    _locked: File,
}

impl LockFile {
    /// Creates the data folder if it is missing (mode 0700), checks that files can be created in it, and locks it.
    /// Writes the process id to `landline.lock`, and removes temporary files of a killed server.
    ///
    /// # Errors
    /// Another server uses the folder, or it cannot be created, written to or locked. The text says what to do.
    pub fn take(folder: &Path) -> Result<LockFile, LockError> {
        let cannot = |doing| move |why| LockError::Folder { folder: folder.to_owned(), doing, why };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot("create"))?;
        // Opening an existing landline.lock would not show that no files can be created.
        tempfile::tempfile_in(folder).map_err(cannot("write to"))?;
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(NO_LINK)
            .open(folder.join(NAME));
        let mut file = opened.map_err(cannot("write to"))?;
        if !is_own(&file).map_err(cannot("lock"))? {
            return Err(cannot("lock")(io::Error::other(format!("{NAME} is a link or not a plain file: remove it"))));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Taken { folder: folder.to_owned(), pid: read_pid(&file) });
            }
            Err(TryLockError::Error(why)) => return Err(cannot("lock")(why)),
        }
        if let Err(e) = write_pid(&mut file) {
            log::warn!(
                "lock: cannot write the process id to {}/{NAME}: {e}; the folder is locked all the same, but a second \
                 server cannot name the process that holds it",
                folder.display()
            );
        }
        json_file::remove_temporary_files(folder);
        Ok(LockFile { _locked: file })
    }
}

/// Refuses writes into a data folder whose `landline.lock` is not the one of the start any more: if the folder was
/// removed and made anew, another server may use it, and would lose what this one writes over.
#[derive(Debug)]
pub struct LockWatch {
    /// `None` if nothing was locked at the start, as in an import.
    lock: Option<FileIdentity>,
}

impl LockWatch {
    /// Watches the lock file that is in `folder` now.
    #[must_use]
    pub fn of(folder: &Path) -> LockWatch {
        LockWatch { lock: FileIdentity::of(&folder.join(NAME)).ok() }
    }

    /// Returns an error if the folder may be another server's.
    ///
    /// # Errors
    /// The lock file was removed, moved or replaced.
    pub fn check(&self) -> io::Result<()> {
        if self.lock.as_ref().is_none_or(FileIdentity::is_in_place) {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "{NAME} was removed, moved or replaced while the server runs, so another server may use the data folder; \
             put {NAME} back, or restart the server"
        )))
    }
}

/// Returns true if truncating the file cannot harm another one: it is a plain file with a single name.
fn is_own(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    Ok(metadata.is_file() && metadata.nlink() == 1)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

fn read_pid(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn holder(pid: Option<&u32>) -> String {
    pid.map_or_else(|| "process unknown".to_owned(), |pid| format!("process {pid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_at_a_time_uses_the_folder() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("new/data");
        let first = LockFile::take(&folder).unwrap();
        let text = LockFile::take(&folder).unwrap_err().to_string();
        let says = format!(
            "another landline-server (process {}) already runs on the data folder {}; stop it or choose another with \
             --data",
            std::process::id(),
            folder.display()
        );
        assert_eq!(text, says);
        drop(first);
        // The rest of a longer process id of an earlier server is removed.
        std::fs::write(folder.join("landline.lock"), "99999999999\n").unwrap();
        let _again = LockFile::take(&folder).unwrap();
        let pid = std::fs::read_to_string(folder.join("landline.lock")).unwrap();
        assert_eq!(pid, format!("{}\n", std::process::id()));
    }

    #[test]
    fn x10_a_link_in_place_of_the_lock_file_truncates_no_other_file() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        let victim = parent.path().join("victim");
        std::fs::create_dir(&folder).unwrap();
        for is_symbolic in [true, false] {
            std::fs::write(&victim, "precious").unwrap();
            let link = folder.join(NAME);
            let made = if is_symbolic {
                std::os::unix::fs::symlink(&victim, &link)
            } else {
                std::fs::hard_link(&victim, &link)
            };
            made.unwrap();
            let text = LockFile::take(&folder).unwrap_err().to_string();
            assert!(text.starts_with("cannot ") && text.contains("the data folder"), "{text}");
            assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
            std::fs::remove_file(folder.join(NAME)).unwrap();
        }
        assert!(LockFile::take(&folder).is_ok());
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        std::fs::write(&file, "").unwrap();
        let text = LockFile::take(&file.join("data")).unwrap_err().to_string();
        assert!(text.starts_with("cannot create the data folder") && text.contains("file/data"), "{text}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_folder_that_cannot_be_written_to_is_named() {
        let text = LockFile::take(Path::new("/proc/self")).unwrap_err().to_string();
        assert!(text.starts_with("cannot write to the data folder /proc/self: "), "{text}");
        assert!(text.ends_with("choose another with --data"), "{text}");
    }
}
