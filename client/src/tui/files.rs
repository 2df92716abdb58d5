//! Saves conversations to files, and lists folders to complete file names.

use crate::chat::limits::MAX_FOLDER_ENTRIES;
use crate::paths::expand_home;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{MAIN_SEPARATOR, Path};

/// Names to read of a folder at most, so that a huge folder does not block the screen.
const MAX_ENTRIES: usize = 10_000;

/// Writes `text` to a new file that only its owner can read. Returns the absolute path.
///
/// # Errors
/// The file exists or cannot be written; the text tells the user what to do.
pub(super) fn save(path: &str, text: &str) -> Result<String, String> {
    let path = expand_home(Path::new(path));
    write_new(&path, text).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => "the file exists already; choose another name".into(),
        ErrorKind::NotFound => "the folder does not exist; create it first, or choose another one".into(),
        _ => error.to_string(),
    })?;
    Ok(std::path::absolute(&path).unwrap_or(path).display().to_string())
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // Remove a partial file: the user would take it for the whole conversation.
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).inspect_err(|_| _ = fs::remove_file(path))
}

/// Returns the names in `folder` that begin with `beginning`, sorted. Names of folders end with a separator. Hidden names
/// are left out unless `beginning` begins with a dot.
pub(super) fn list(folder: &str, beginning: &str) -> Vec<String> {
    let folder = if folder.is_empty() { Path::new(".").to_owned() } else { expand_home(Path::new(folder)) };
    let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
    let named = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
    let shown = |name: &String| name.starts_with(beginning) && (beginning.starts_with('.') || !name.starts_with('.'));
    let mut names: Vec<String> = entries.take(MAX_ENTRIES).filter_map(named).filter(shown).collect();
    names.sort_unstable();
    names.truncate(MAX_FOLDER_ENTRIES);
    for name in &mut names {
        if folder.join(&*name).is_dir() {
            name.push(MAIN_SEPARATOR);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn saving_never_overwrites_a_file() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("talk.txt").display().to_string();
        assert_eq!(save(&file, "bob: hi\n"), Ok(file.clone()));
        assert!(save(&file, "other").unwrap_err().contains("exists already"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "bob: hi\n");
        assert!(save(&folder.path().display().to_string(), "x").unwrap_err().contains("exists already"));
        let nowhere = folder.path().join("no/talk.txt").display().to_string();
        assert!(save(&nowhere, "x").unwrap_err().contains("does not exist"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_failed_save_returns_an_error() {
        // No user can create files in /proc, and existing files are never overwritten.
        assert!(save("/proc/talk.txt", "x").is_err());
        assert!(save("/dev/full", "x").unwrap_err().contains("exists already"));
    }

    #[test]
    fn a_folder_is_listed_in_order_within_the_limit() {
        let folder = TempDir::new().unwrap();
        for name in ["b.txt", "ab", ".hidden"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("a")).unwrap();
        let path = format!("{}{MAIN_SEPARATOR}", folder.path().display());
        let a = format!("a{MAIN_SEPARATOR}");
        assert_eq!(list(&path, ""), [&*a, "ab", "b.txt"]);
        assert_eq!((list(&path, "a").len(), list(&path, ".")), (2, vec![".hidden".to_owned()]));
        assert_eq!(list("/nowhere/", ""), [""; 0]);
        (0..300).for_each(|n| fs::write(folder.path().join(format!("n{n}")), "").unwrap());
        assert_eq!(list(&path, "n").len(), MAX_FOLDER_ENTRIES);
    }
}
