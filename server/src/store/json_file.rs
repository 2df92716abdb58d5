//! The one atomic write of a JSON file, and the reading that never guesses.
//!
//! Whatever moment the machine stops at, the file is there and whole: the old one or the new one.

use crate::store::FileError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// How the names of files begin and end that are being written.
const TEMPORARY: (&str, &str) = (".landline-", ".tmp");

/// Removes what a write left behind whose server was killed. Nobody may be writing in `folder`.
pub fn remove_remains(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes `value` as pretty JSON to `path`, for its owner only (mode 0600). The version before it stays as `NAME.bak`.
/// When this returns, the new version is on the disk.
///
/// # Errors
/// What the system said. The file is then as before, except when only the last step (the sync of the folder) failed:
/// then the new version is there, but might not survive a power cut.
pub fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // tempfile creates with mode 0600 and removes the file when anything below fails.
    let mut temp = tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempfile_in(folder)?;
    let mut out = BufWriter::new(&mut temp);
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()?;
    drop(out);
    temp.as_file().sync_all()?;
    keep_previous(path)?;
    temp.persist(path)?;
    File::open(folder)?.sync_all()
}

/// Reads the JSON in `path`; `None` if there is no such file.
///
/// # Errors
/// A file that cannot be read, or is anything but one whole `T`, is refused by name and left as it is.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FileError> {
    Ok(match bytes(path)? {
        Some(bytes) => Some(parse(path, &bytes)?),
        None => None,
    })
}

/// Like [`read`], for a file with a `version` at its top: one that is not among the `known` is refused as such, whatever
/// else the file has.
///
/// # Errors
/// As [`read`], and [`FileError::Version`].
pub fn read_version<T: DeserializeOwned>(path: &Path, known: RangeInclusive<u32>) -> Result<Option<T>, FileError> {
    #[derive(serde::Deserialize)]
    struct Version {
        version: u32,
    }
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    let found = parse::<Version>(path, &bytes)?.version;
    if !known.contains(&found) {
        return Err(FileError::Version { path: path.to_owned(), found, known: *known.end() });
    }
    parse(path, &bytes).map(Some)
}

/// The name (without the folder) under which the previous version of `path` is kept.
pub(crate) fn backup_name(path: &Path) -> String {
    format!("{}.bak", path.file_name().unwrap_or_default().display())
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let backup = with_suffix(path, ".bak");
            if backup.exists() {
                log::warn!("{} is missing, but {} is there: starting without it", path.display(), backup.display());
            }
            Ok(None)
        }
        Err(why) => Err(FileError::io(path, "read")(why)),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, FileError> {
    let damaged = |line, why| FileError::Damaged { path: path.to_owned(), line, why };
    if bytes.trim_ascii().is_empty() {
        return Err(damaged(1, "it is empty".to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|e| {
        // serde_json ends its texts with a place of its own, which would be there twice.
        let place = format!(" at line {} column {}", e.line(), e.column());
        let text = e.to_string();
        damaged(e.line().max(1), text.strip_suffix(&place).unwrap_or(&text).to_owned())
    })
}

/// Makes `NAME.bak` the version that is there now, with neither of the two names ever missing.
fn keep_previous(path: &Path) -> io::Result<()> {
    if !path.try_exists()? {
        return Ok(());
    }
    let (backup, fresh) = (with_suffix(path, ".bak"), with_suffix(path, ".bak.new"));
    remove_if_there(&fresh)?;
    if fs::hard_link(path, &fresh).is_err() {
        // A file system without hard links.
        fs::copy(path, &fresh)?;
        File::open(&fresh)?.sync_all()?;
    }
    fs::rename(&fresh, &backup)?;
    // Renaming between two names of one file does nothing and leaves both.
    remove_if_there(&fresh)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_version_before_is_kept_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        assert!(read::<Vec<u32>>(&path).unwrap().is_none());
        for n in 1..=3 {
            write(&path, &vec![n]).unwrap();
            assert_eq!(read::<Vec<u32>>(&path).unwrap(), Some(vec![n]));
        }
        assert_eq!(read::<Vec<u32>>(&folder.path().join("a.json.bak")).unwrap(), Some(vec![2]));
        assert_eq!(names(folder.path()), ["a.json", "a.json.bak"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), "[\n  3\n]\n");
    }

    #[test]
    fn a_write_after_one_that_stopped_halfway_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, &1).unwrap();
        // As after a stop between making the backup and renaming the new version over the main file.
        fs::hard_link(&path, folder.path().join("a.json.bak")).unwrap();
        fs::write(folder.path().join("a.json.bak.new"), "old").unwrap();
        write(&path, &2).unwrap();
        assert_eq!(read::<u32>(&folder.path().join("a.json.bak")).unwrap(), Some(1));
        assert_eq!(names(folder.path()), ["a.json", "a.json.bak"]);
    }

    #[test]
    fn a_missing_main_file_does_not_cost_the_backup() {
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("a.json.bak");
        fs::write(&backup, "7").unwrap();
        write(&folder.path().join("a.json"), &8).unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "7");
    }

    #[test]
    fn a_failed_write_changes_nothing() {
        struct Bad;
        impl Serialize for Bad {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("no"))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, &1).unwrap();
        assert!(write(&path, &Bad).is_err());
        assert_eq!(names(folder.path()), ["a.json"]);
        assert_eq!(read::<u32>(&path).unwrap(), Some(1));
    }

    #[test]
    fn what_is_damaged_is_refused_by_name_and_line_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let deep = "[".repeat(100_000);
        for (content, says) in [
            ("", "a.json is damaged (line 1: it is empty)"),
            ("\n \n", "it is empty"),
            ("[1,\n2,\n3", "(line 3: EOF while parsing a list)"),
            ("[1] [2]", "(line 1: trailing characters)"),
            ("<html>", "(line 1: expected value)"),
            ("\0\0\0", "(line 1: expected value)"),
            (deep.as_str(), "recursion limit"),
        ] {
            fs::write(&path, content).unwrap();
            let text = read::<serde_json::Value>(&path).unwrap_err().to_string();
            assert!(text.contains(says) && text.contains("Restore it from a.json.bak or move it away"), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert!(read::<u32>(folder.path()).unwrap_err().to_string().starts_with("cannot read "));
    }

    #[test]
    fn another_version_is_refused_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        type Any = std::collections::HashMap<String, u32>;
        fs::write(&path, r#"{"version":3,"new":true}"#).unwrap();
        let text = read_version::<Any>(&path, 1..=2).unwrap_err().to_string();
        assert!(text.contains("a.json has version 3, which this server does not know (its own is 2)"), "{text}");
        for version in 1..=2 {
            fs::write(&path, format!("{{\"version\":{version}}}")).unwrap();
            assert_eq!(read_version::<Any>(&path, 1..=2).unwrap().unwrap()["version"], version);
        }
    }
}
