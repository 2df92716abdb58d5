//! The program's own small files: read within a bound, written as a whole.

use std::fs::{self, File, TryLockError};
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

/// Puts `text` in the place of what was there: two programs at once leave one of both, never half of each, nor does a
/// loss of power.
///
/// # Errors
/// It cannot be written; what was there is still there.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!("{name}.{}.new", std::process::id()));
    let written = File::create(&new).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.sync_all()
    });
    written.and_then(|()| fs::rename(&new, file)).inspect_err(|_| _ = fs::remove_file(&new))?;
    // The new name must last as well; where a folder cannot be opened, it does.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Waits until no other program changes `file`, and keeps others waiting as long as what it gives is kept.
///
/// # Errors
/// Another one does not come to an end, or nothing can be written beside the file.
pub fn alone(file: &Path) -> io::Result<File> {
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
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
