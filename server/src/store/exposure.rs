//! Warns of files that other users of this machine can read: password hashes, messages, the server's password.
//!
//! Files that the server creates are accessible to their owner only. A folder that was made by hand, unpacked or copied
//! may not be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The permission bits of group and others.
const OTHERS: u32 = 0o077;
/// Most files named in one warning.
const MOST_NAMED: usize = 5;

/// Returns one warning each for the data folder, the files in it, and the file with the server's password, if other
/// users can access them. Each contains the command that fixes it.
#[must_use]
pub fn warnings(data: &Path, password_file: Option<&Path>) -> Vec<String> {
    let mut warnings = Vec::new();
    let shown = data.display();
    if let Some(mode) = mode_for_others(data) {
        warnings.push(format!(
            "other users of this machine can access the data folder {shown} (mode {mode:03o}): chmod 700 {shown}"
        ));
    }
    let mut files: Vec<String> = fs::read_dir(data)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()) && mode_for_others(&entry.path()).is_some())
        .map(|entry| entry.file_name().display().to_string())
        .collect();
    if !files.is_empty() {
        files.sort();
        let more = if files.len() > MOST_NAMED { ", …" } else { "" };
        let named = files[..files.len().min(MOST_NAMED)].join(", ");
        warnings.push(format!(
            "other users of this machine can read or change {named}{more} in {shown}: chmod 600 {shown}/*"
        ));
    }
    if let Some((file, mode)) = password_file.and_then(|file| Some((file.display(), mode_for_others(file)?))) {
        warnings.push(format!(
            "other users of this machine can read the server's password in {file} (mode {mode:03o}): chmod 600 {file}"
        ));
    }
    warnings
}

/// Returns the permissions of a file if group or others have any.
fn mode_for_others(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & OTHERS != 0).then_some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x10_accessible_files_are_named_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        set(folder.path(), 0o700);
        for (name, mode) in [("accounts.json", 0o600), ("password", 0o600)] {
            fs::write(path(name), "x").unwrap();
            set(&path(name), mode);
        }
        let warnings_now = || warnings(folder.path(), Some(&path("password")));
        assert_eq!(warnings_now(), [""; 0]);
        set(folder.path(), 0o777);
        set(&path("accounts.json"), 0o644);
        set(&path("password"), 0o604);
        let [data, files, password] = &warnings_now()[..] else { panic!() };
        assert!(data.contains("(mode 777): chmod 700 "), "{data}");
        assert!(files.contains("accounts.json, password in "), "{files}");
        assert!(password.contains("password") && password.contains("(mode 604)"), "{password}");
    }
}
