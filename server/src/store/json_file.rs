//! Atomic writes of files, and strict reads of JSON files.
//!
//! If the machine stops at any moment of a write, the file is complete: the old version or the new one. A write takes
//! these steps:
//!
//! 1. Write and sync a temporary file in the same folder.
//! 2. Make `NAME.bak` the current version, by a hard link or a copy that is renamed into place.
//! 3. Rename the temporary file over the file.
//! 4. Sync the folder.
//!
//! Reading accepts one whole value of the expected type and nothing else.

use crate::store::FileError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Prefix and suffix of the names of temporary files.
const TEMPORARY: (&str, &str) = (".landline-", ".tmp");

/// Removes temporary files that a killed server left behind. No write may be running in `folder`: the caller holds its
/// lock.
pub fn remove_temporary_files(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Replaces `path` by `value` as pretty JSON, with mode 0600. The previous version stays as `NAME.bak`. When this
/// returns, the new version is on the disk.
///
/// # Errors
/// The system's error. The file is then unchanged, unless only the last step (the sync of the folder) failed: then the
/// new version is in place, but might not survive a power failure.
pub fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let temp = temporary_file(path, |out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        out.write_all(b"\n")
    })?;
    make_backup(path)?;
    put_in_place(temp, path)
}

/// Like [`write`], with any content and without a backup.
///
/// # Errors
/// As [`write`].
pub fn write_bytes(path: &Path, content: &[u8]) -> io::Result<()> {
    put_in_place(temporary_file(path, |out| out.write_all(content))?, path)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes and syncs a temporary file beside `path`.
fn temporary_file(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut NamedTempFile>) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    // The crate creates the file with mode 0600 and removes it if a later step fails.
    let mut temp = tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempfile_in(folder_of(path))?;
    let mut out = BufWriter::new(&mut temp);
    fill(&mut out)?;
    out.flush()?;
    drop(out);
    temp.as_file().sync_all()?;
    Ok(temp)
}

/// Renames a temporary file to `path`, and syncs the folder.
fn put_in_place(temp: NamedTempFile, path: &Path) -> io::Result<()> {
    temp.persist(path)?;
    File::open(folder_of(path))?.sync_all()
}

/// Reads the JSON in `path`. Returns `None` if there is no such file.
///
/// # Errors
/// The file cannot be read, or is not exactly one `T`.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FileError> {
    Ok(match bytes(path)? {
        Some(bytes) => Some(parse(path, &bytes)?),
        None => None,
    })
}

/// Like [`read`], for a file with a field `version`. An unknown version is reported as such, even if the rest of the
/// file is not a `T` either.
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

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let backup = with_suffix(path, ".bak");
            if backup.exists() {
                log::warn!(
                    "store: {} is missing, so the server starts without its contents; if the file was not removed on \
                     purpose, stop the server now and copy {} to it: later changes overwrite this backup",
                    path.display(),
                    backup.display()
                );
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
        // serde_json appends the position to its text, which `FileError::Damaged` shows already.
        let place = format!(" at line {} column {}", e.line(), e.column());
        let text = e.to_string();
        damaged(e.line().max(1), text.strip_suffix(&place).unwrap_or(&text).to_owned())
    })
}

/// Makes `NAME.bak` the current version. Neither of the two names is missing at any moment.
fn make_backup(path: &Path) -> io::Result<()> {
    if !path.try_exists()? {
        return Ok(());
    }
    let backup = with_suffix(path, ".bak");
    let fresh = with_suffix(path, ".bak.new");
    remove_if_there(&fresh)?;
    if fs::hard_link(path, &fresh).is_err() {
        // The file system may have no hard links.
        fs::copy(path, &fresh)?;
        File::open(&fresh)?.sync_all()?;
    }
    fs::rename(&fresh, &backup)?;
    // If both names are links to one file, the rename does nothing and leaves both.
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
    fn the_previous_version_is_kept_and_no_other_file_is_left() {
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
    fn a_write_after_an_interrupted_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, &1).unwrap();
        // As after a stop between steps 2 and 3.
        fs::hard_link(&path, folder.path().join("a.json.bak")).unwrap();
        fs::write(folder.path().join("a.json.bak.new"), "old").unwrap();
        write(&path, &2).unwrap();
        assert_eq!(read::<u32>(&folder.path().join("a.json.bak")).unwrap(), Some(1));
        assert_eq!(names(folder.path()), ["a.json", "a.json.bak"]);
    }

    #[test]
    fn the_backup_of_a_missing_file_is_kept() {
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
    fn damaged_files_are_refused_by_name_and_line_and_left_unchanged() {
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
    fn an_unknown_version_is_reported_as_such() {
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
