//! One's own key, by which others know one again.

use crate::small_file;
use anyhow::Context;
use landline_common::link::{self, Keys};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The first line of the file: what it is.
const HEADING: &str = "landline mesh key 1: keep it to yourself";
/// No such file is longer.
const MOST_BYTES: u64 = 1_024;

/// The key out of that file, which is made if it is not there. Where none can be kept: a key for this time only, and
/// what to know about it.
///
/// # Errors
/// What is there is no key, or cannot be read. It is never replaced: others know one by it.
pub fn keys(file: Option<&Path>) -> anyhow::Result<(Keys, Option<String>)> {
    let Some(file) = file else { return Ok((Keys::generate()?, Some(fleeting("there is no folder for it")))) };
    if let Some(keys) = read(file)? {
        return Ok((keys, exposed(file)));
    }
    let new = Keys::generate()?;
    match write(file, &new) {
        Ok(()) => Ok((new, None)),
        // Another program was quicker.
        Err(why) if why.kind() == ErrorKind::AlreadyExists => {
            Ok((read(file)?.context("the key file came and went; start again")?, None))
        }
        Err(why) => Ok((new, Some(fleeting(&format!("{}: {why}", file.display()))))),
    }
}

fn fleeting(why: &str) -> String {
    format!("your key cannot be kept, so others will not know you again next time ({why})")
}

/// What to know about a key that is not its owner's alone.
#[cfg(unix)]
fn exposed(file: &Path) -> Option<String> {
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(file).ok()?);
    let file = file.display();
    let text = || {
        format!("other users of this computer can get at your key, and pass for you in a mesh; type: chmod 600 {file}")
    };
    (mode & 0o077 != 0).then(text)
}

/// Elsewhere, what is in somebody's own folder is theirs.
#[cfg(not(unix))]
fn exposed(_: &Path) -> Option<String> {
    None
}

/// The key, if there is a file.
fn read(file: &Path) -> anyhow::Result<Option<Keys>> {
    let Some(text) = small_file::read_if_exists(file, MOST_BYTES)? else { return Ok(None) };
    let digits = text.strip_prefix(HEADING).map(str::trim);
    let bytes = digits.and_then(link::bytes_of).with_context(|| {
        format!("{} is damaged: put back a copy, or delete it (others will then be told of a new key)", file.display())
    })?;
    Ok(Some(Keys::from_bytes(&bytes)))
}

/// Keeps it, if none is there.
fn write(file: &Path, keys: &Keys) -> io::Result<()> {
    let digits: String = keys.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    small_file::create_private(file, &format!("{HEADING}\n{digits}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept() {
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
    fn a_key_that_others_can_read_is_told() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("mesh.key");
        let (first, _) = keys(Some(&file)).unwrap();
        for (mode, told) in [(0o600, false), (0o640, true), (0o604, true), (0o400, false), (0o777, true)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let (again, note) = keys(Some(&file)).unwrap();
            assert_eq!(again.public(), first.public(), "it is used all the same");
            let what_to_do = format!("chmod 600 {}", file.display());
            assert_eq!(note.is_some_and(|note| note.ends_with(&what_to_do)), told, "{mode:o}");
        }
    }

    #[test]
    fn what_is_damaged_is_never_replaced() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("mesh.key");
        for text in ["", "landline mesh key 1: keep it to yourself\nabc\n", &"0".repeat(128)] {
            fs::write(&file, text).unwrap();
            assert!(keys(Some(&file)).unwrap_err().to_string().contains("is damaged"), "{text}");
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[test]
    fn without_a_place_for_it_there_is_a_key_for_this_time() {
        let (_, note) = keys(Some(Path::new("/dev/null/nowhere/mesh.key"))).unwrap();
        assert!(note.unwrap().contains("cannot be kept"));
        assert!(keys(None).unwrap().1.is_some());
    }
}
