//! Files that the full screen writes, and folders that it looks into.

use crate::chat::limits::MAX_FOLDER_ENTRIES;
use crate::paths::from_home;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{MAIN_SEPARATOR, Path};

/// So many names of a folder are looked at: a larger one must not hold the screen up.
const LOOKED_AT: usize = 10_000;

/// Writes a text into a new file, which only its owner can read. Gives back where it is.
///
/// # Errors
/// Says why not, and what to do.
pub(super) fn save(path: &str, text: &str) -> Result<String, String> {
    let path = from_home(Path::new(path));
    write_new(&path, text).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => "something of that name is there already; choose another name".into(),
        ErrorKind::NotFound => "there is no such folder; make it first, or choose another one".into(),
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
    // Half a conversation would be taken for a whole one.
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).inspect_err(|_| _ = fs::remove_file(path))
}

/// The names in a folder that begin so, in their order; behind those of folders is a separator. What is hidden is
/// left out unless it is asked for.
pub(super) fn list(folder: &str, beginning: &str) -> Vec<String> {
    let folder = if folder.is_empty() { Path::new(".").to_owned() } else { from_home(Path::new(folder)) };
    let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
    let named = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
    let shown = |name: &String| name.starts_with(beginning) && (beginning.starts_with('.') || !name.starts_with('.'));
    let mut names: Vec<String> = entries.take(LOOKED_AT).filter_map(named).filter(shown).collect();
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
    fn a_conversation_is_saved_once_and_never_over_something() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("talk.txt").display().to_string();
        assert_eq!(save(&file, "bob: hi\n"), Ok(file.clone()));
        assert!(save(&file, "other").unwrap_err().contains("there already"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "bob: hi\n");
        assert!(save(&folder.path().display().to_string(), "x").unwrap_err().contains("there already"));
        let nowhere = folder.path().join("no/talk.txt").display().to_string();
        assert!(save(&nowhere, "x").unwrap_err().contains("no such folder"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_does_not_fit_is_said() {
        // Nothing can be made there, and existing files are never written to.
        assert!(save("/proc/talk.txt", "x").is_err());
        assert!(save("/dev/full", "x").unwrap_err().contains("there already"));
    }

    #[test]
    fn a_folder_is_listed_in_order_and_bounded() {
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
