//! Small files of this program: bounded reads, atomic writes, and a lock between programs.

use anyhow::bail;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Time limit for the lock. A change takes some milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// Interval between two attempts at the lock.
const LOCK_INTERVAL: Duration = Duration::from_millis(5);

/// Reads at most `max_bytes` of a file.
///
/// # Errors
/// The file cannot be read or is not UTF-8.
pub fn read_bounded(file: &Path, max_bytes: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(max_bytes).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads at most `max_bytes` of a file, or returns `None` if it does not exist.
///
/// # Errors
/// The file exists and cannot be read; the message names it.
pub fn read_if_exists(file: &Path, max_bytes: u64) -> anyhow::Result<Option<String>> {
    match read_bounded(file, max_bytes) {
        Ok(text) => Ok(Some(text)),
        Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(why) => bail!("{} cannot be read: {why}", file.display()),
    }
}

/// Replaces the content of a file atomically, and creates the file and its folder if necessary. After a crash or power
/// loss the file has either the old or the new content.
///
/// # Errors
/// The file cannot be written. If only syncing the folder failed, the new content is in place; else the old one is.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    replace_with(file, text, &mut File::options())
}

fn replace_with(file: &Path, text: &str, options: &mut OpenOptions) -> io::Result<()> {
    write_beside(file, text, options, |new| fs::rename(new, file))?;
    // Sync the folder, so that the rename survives a power loss. Windows cannot open folders like this.
    #[cfg(unix)]
    File::open(folder_of(file))?.sync_all()?;
    Ok(())
}

/// Like [`replace`], with a file that only its owner may read.
///
/// # Errors
/// As [`replace`].
pub fn replace_private(file: &Path, text: &str) -> io::Result<()> {
    replace_with(file, text, &mut private())
}

/// Creates a file that only its owner may read, atomically.
///
/// # Errors
/// The file exists (`AlreadyExists`) or cannot be written.
pub fn create_private(file: &Path, text: &str) -> io::Result<()> {
    // Unlike a rename, a hard link fails if the file exists.
    write_beside(file, text, &mut private(), |new| fs::hard_link(new, file))
}

fn private() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}

/// Writes `text` to a temporary file beside `file`, syncs it, and lets `put` move it into place. The temporary file is
/// removed in any case.
fn write_beside(
    file: &Path,
    text: &str,
    options: &mut OpenOptions,
    put: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    fs::create_dir_all(folder_of(file))?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let new = folder_of(file).join(format!("{name}.{}.new", std::process::id()));
    let done = options.write(true).create(true).truncate(true).open(&new).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        put(&new)
    });
    // After a rename this fails, since the file is gone.
    let _ = fs::remove_file(&new);
    done
}

/// Locks `file` against other instances of this program. The lock lasts until the returned handle is dropped.
///
/// # Errors
/// Another program holds the lock for too long, or the lock file beside `file` cannot be created.
pub fn lock(file: &Path) -> io::Result<File> {
    fs::create_dir_all(folder_of(file))?;
    // The lock file is never deleted: two programs could otherwise lock two files of the same name.
    let lock = File::options().create(true).truncate(false).write(true).open(file.with_extension("lock"))?;
    let end = Instant::now() + LOCK_TIMEOUT;
    loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(LOCK_INTERVAL),
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another program is changing it")),
            Err(TryLockError::Error(why)) if why.kind() != ErrorKind::Unsupported => return Err(why),
            // Some network file systems have no locks. Go on without one: a collision is unlikely there.
            _ => return Ok(lock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_file_atomically() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("deep").join("small.toml");
        for text in ["one", "", "another"] {
            replace(&file, text).unwrap();
            assert_eq!(read_bounded(&file, 100).unwrap(), text);
        }
        assert_eq!(read_bounded(&file, 3).unwrap(), "ano");
        fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(replace(&folder.path().join("folder"), "x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn locks_out_a_second_program() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("small.toml");
        let first = lock(&file).unwrap();
        assert!(lock(&file).unwrap_err().to_string().contains("another program"));
        drop(first);
        lock(&file).unwrap();
    }
}
