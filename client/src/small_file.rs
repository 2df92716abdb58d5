//! The program's own small files: read within a bound, written as a whole.

use anyhow::bail;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// So long another program may take to change a file; one takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// How soon it is seen that it is done.
const ASK: Duration = Duration::from_millis(5);

/// What is in a file, of which only the first `most` bytes are read.
///
/// # Errors
/// It cannot be read, or is no text.
pub fn read(file: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

/// The same, or nothing if there is no such file.
///
/// # Errors
/// It is there and cannot be read; the text names it.
pub fn read_if_there(file: &Path, most: u64) -> anyhow::Result<Option<String>> {
    match read(file, most) {
        Ok(text) => Ok(Some(text)),
        Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(why) => bail!("{} cannot be read: {why}", file.display()),
    }
}

/// Puts `text` in the place of what was there: two programs at once leave one of both, never half of each, nor does a
/// loss of power.
///
/// # Errors
/// It cannot be written; what was there is still there.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    beside(file, text, &mut File::options(), |new| fs::rename(new, file))?;
    // The new name must last as well; where a folder cannot be opened, it does.
    #[cfg(unix)]
    File::open(folder_of(file))?.sync_all()?;
    Ok(())
}

/// Puts `text` into a file that is not there yet, for its owner alone.
///
/// # Errors
/// There is one already (`AlreadyExists`), or it cannot be written.
pub fn create_private(file: &Path, text: &str) -> io::Result<()> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Unlike a rename, this fails where there is one already.
    beside(file, text, &mut options, |new| fs::hard_link(new, file))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}

/// Writes `text` as a whole into a new file beside `file`, and has `put` give it its name. Nothing else is left.
fn beside(
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
    // After a rename it is gone already.
    let _ = fs::remove_file(&new);
    done
}

/// Waits until no other program changes `file`, and keeps others waiting as long as what it gives is kept.
///
/// # Errors
/// Another one does not come to an end, or nothing can be written beside the file.
pub fn alone(file: &Path) -> io::Result<File> {
    fs::create_dir_all(folder_of(file))?;
    // It stays: who waits for a lock on what is deleted meanwhile waits for nothing.
    let lock = File::options().create(true).truncate(false).write(true).open(file.with_extension("lock"))?;
    let end = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(ASK),
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another program is changing it")),
            Err(TryLockError::Error(why)) if why.kind() != ErrorKind::Unsupported => return Err(why),
            // Some shared folders know no locks; then two in the same moment may still meet.
            _ => return Ok(lock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_replaced_as_a_whole_or_not_at_all() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("deep").join("small.toml");
        for text in ["one", "", "another"] {
            replace(&file, text).unwrap();
            assert_eq!(read(&file, 100).unwrap(), text);
        }
        assert_eq!(read(&file, 3).unwrap(), "ano");
        fs::create_dir(folder.path().join("in the way")).unwrap();
        assert!(replace(&folder.path().join("in the way"), "x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn one_changes_it_while_others_wait() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("small.toml");
        let first = alone(&file).unwrap();
        assert!(alone(&file).unwrap_err().to_string().contains("another program"));
        drop(first);
        alone(&file).unwrap();
    }
}
