//! Keeps other users of this machine away from the data folder: password hashes, messages, the server's password.
//!
//! Files that the server creates are accessible to their owner only. A folder that was made by hand, unpacked or copied
//! may not be. A folder of mode 0700 protects everything in it, whatever the modes of the files are.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// The permission bits of group and others.
const OTHERS: u32 = 0o077;
/// Beginnings of the names of the files in a data folder of which only this server makes use.
const OWN_FILES: [&str; 10] = [
    ".gitignore",
    "README.md",
    "accounts.json",
    "bans.json",
    "landline.",
    "messages.db",
    "rules.json",
    "sessions.",
    "tls-",
    "web-port",
];

/// Makes a data folder accessible to this user only. Returns its former mode, or `None` if nothing was changed: other users
/// have no access, the folder belongs to another user or is reached by a link, or it has files of other programs, which
/// other users may need.
#[must_use]
pub fn close_folder(data: &Path) -> Option<u32> {
    let mode = mode_for_others(data)?;
    let folder = fs::symlink_metadata(data).ok()?;
    let is_own = folder.is_dir() && folder.uid() == rustix::process::geteuid().as_raw();
    let has_own_files_only = fs::read_dir(data).ok()?.all(|entry| {
        entry.is_ok_and(|entry| {
            OWN_FILES.iter().any(|own| entry.file_name().as_encoded_bytes().starts_with(own.as_bytes()))
        })
    });
    let closes = is_own && has_own_files_only;
    (closes && fs::set_permissions(data, fs::Permissions::from_mode(0o700)).is_ok()).then_some(mode)
}

/// A secret, and the file that has it.
pub type SecretFile<'a> = (&'static str, &'a Path);

/// Returns one warning each for the data folder and the files with secrets, if other users can access them. Each
/// contains the command that fixes it.
#[must_use]
pub fn warnings(data: &Path, secrets: &[SecretFile<'_>]) -> Vec<String> {
    let folder = mode_for_others(data).map(|mode| {
        let shown = data.display();
        format!(
            "other users of this machine can access the data folder {shown} (mode {mode:03o}); type: chmod 700 {shown}"
        )
    });
    let secrets = secrets.iter().filter(|(_, file)| !is_in_closed_folder(file)).filter_map(|(secret, file)| {
        let mode = mode_for_others(file)?;
        let shown = file.display();
        Some(format!(
            "other users of this machine can read {secret} in {shown} (mode {mode:03o}); type: chmod 600 {shown}"
        ))
    });
    folder.into_iter().chain(secrets).collect()
}

/// Returns the permissions of a file if group or others have any.
fn mode_for_others(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & OTHERS != 0).then_some(mode)
}

/// Returns whether the folder of a file is accessible to its owner only.
fn is_in_closed_folder(file: &Path) -> bool {
    let folder = match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return false,
    };
    fs::metadata(folder).is_ok_and(|folder| folder.permissions().mode() & OTHERS == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Makes a folder of this mode with files of mode 0644.
    fn folder(mode: u32, files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            fs::write(folder.path().join(name), "x").unwrap();
            set(&folder.path().join(name), 0o644);
        }
        set(folder.path(), mode);
        folder
    }

    #[test]
    fn x10_an_open_folder_and_password_file_are_named_with_the_remedy() {
        let folder = folder(0o755, &[".gitignore", "README.md", "accounts.json", "password"]);
        let password = folder.path().join("password");
        let secrets = [("the server's password", password.as_path())];
        let [data, file] = &warnings(folder.path(), &secrets)[..] else { panic!() };
        assert!(data.contains("(mode 755); type: chmod 700 "), "{data}");
        assert!(
            file.contains("read the server's password in ") && file.contains("(mode 644); type: chmod 600"),
            "{file}"
        );
        assert!(!data.contains(".gitignore"), "{data}");
        set(folder.path(), 0o700);
        assert_eq!(warnings(folder.path(), &secrets), [""; 0], "a closed folder protects its files");
    }

    #[test]
    fn only_a_folder_with_no_files_but_the_servers_is_closed() {
        let own = folder(
            0o755,
            &["README.md", "accounts.json.bak", "messages.db-wal", "rules.json", "tls-key.pem", "web-port"],
        );
        assert_eq!(close_folder(own.path()), Some(0o755));
        assert_eq!((warnings(own.path(), &[]).len(), close_folder(own.path())), (0, None));
        let shared = folder(0o775, &["landline.lock", "table.csv"]);
        assert_eq!((close_folder(shared.path()), warnings(shared.path(), &[]).len()), (None, 1));
        let linked = tempfile::tempdir().unwrap();
        let link = linked.path().join("data");
        set(own.path(), 0o755);
        std::os::unix::fs::symlink(own.path(), &link).unwrap();
        assert_eq!((close_folder(&link), warnings(&link, &[]).len()), (None, 1));
    }
}
