//! The key of this user, by which other members recognize the user at the next start.

use crate::atomic_file;
use anyhow::Context;
use landline_common::link::{self, Keys};
use std::io::{self, ErrorKind};
use std::path::Path;

/// First line of the key file, which tells its content and version.
const HEADING: &str = "landline mesh key 1: keep it to yourself";
/// Bytes to read at most; more than a key file has.
const MAX_BYTES: u64 = 1_024;

/// Reads the key file, or creates it with a new key. If the file cannot be created, returns a temporary key. The text
/// is a warning for the user.
///
/// # Errors
/// The file exists and is damaged or cannot be read. It is never replaced, since other members know the user by it.
pub fn keys(file: Option<&Path>) -> anyhow::Result<(Keys, Option<String>)> {
    let Some(file) = file else {
        return Ok((Keys::generate()?, Some(temporary_key_warning("no configuration folder"))));
    };
    if let Some(keys) = read(file)? {
        return Ok((keys, permission_warning(file)));
    }
    let new = Keys::generate()?;
    match write(file, &new) {
        Ok(()) => Ok((new, None)),
        // Another program has created the file in between: use its key.
        Err(why) if why.kind() == ErrorKind::AlreadyExists => {
            Ok((read(file)?.context("the key file was deleted meanwhile; start again")?, None))
        }
        Err(why) => Ok((new, Some(temporary_key_warning(&format!("{}: {why}", file.display()))))),
    }
}

fn temporary_key_warning(why: &str) -> String {
    format!("cannot save your key: {why}; next time, others will be warned of a new key")
}

/// Returns a warning if users other than the owner can read or write the file.
#[cfg(unix)]
fn permission_warning(file: &Path) -> Option<String> {
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(file).ok()?);
    let file = file.display();
    let text = || {
        format!("other users of this computer can read your key and impersonate you in a mesh; type: chmod 600 {file}")
    };
    (mode & 0o077 != 0).then(text)
}

/// On other platforms, the user's folder is private by default.
#[cfg(not(unix))]
fn permission_warning(_: &Path) -> Option<String> {
    None
}

/// Reads the key, or returns `None` if the file does not exist.
fn read(file: &Path) -> anyhow::Result<Option<Keys>> {
    let Some(text) = atomic_file::read_if_exists(file, MAX_BYTES)? else { return Ok(None) };
    let digits = text.strip_prefix(HEADING).map(str::trim);
    let bytes = digits.and_then(link::bytes_of).with_context(|| {
        format!("{} is damaged; restore a copy, or delete it (others will then be warned of a new key)", file.display())
    })?;
    Ok(Some(Keys::from_bytes(&bytes)))
}

/// Writes the key to a new file, which must not exist.
fn write(file: &Path, keys: &Keys) -> io::Result<()> {
    let digits: String = keys.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    atomic_file::create_private(file, &format!("{HEADING}\n{digits}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn creates_a_key_once_and_keeps_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("deep").join("mesh.key");
        let (first, note) = keys(Some(&file)).unwrap();
        assert_eq!(note, None);
        assert_eq!(keys(Some(&file)).unwrap().0.public(), first.public());
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap()) & 0o777, 0o600);
        assert_eq!(write(&file, &first).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }

    #[cfg(unix)]
    #[test]
    fn warns_of_a_key_that_others_can_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("mesh.key");
        let (first, _) = keys(Some(&file)).unwrap();
        for (mode, warns) in [(0o600, false), (0o640, true), (0o604, true), (0o400, false), (0o777, true)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let (again, note) = keys(Some(&file)).unwrap();
            assert_eq!(again.public(), first.public(), "the key is used in any case");
            let advice = format!("chmod 600 {}", file.display());
            assert_eq!(note.is_some_and(|note| note.ends_with(&advice)), warns, "{mode:o}");
        }
    }

    #[test]
    fn never_replaces_a_damaged_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("mesh.key");
        for text in ["", "landline mesh key 1: keep it to yourself\nabc\n", &"0".repeat(128)] {
            fs::write(&file, text).unwrap();
            assert!(keys(Some(&file)).unwrap_err().to_string().contains("is damaged"), "{text}");
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[test]
    fn uses_a_temporary_key_if_none_can_be_saved() {
        let (_, note) = keys(Some(Path::new("/dev/null/nowhere/mesh.key"))).unwrap();
        assert!(note.unwrap().contains("cannot save your key"));
        assert!(keys(None).unwrap().1.is_some());
    }
}
