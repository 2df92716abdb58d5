//! Paths of this program's files, by the conventions of the platform (XDG on Linux). All are `None` without a home
//! folder.

use directories::{BaseDirs, ProjectDirs};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

fn folders() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "landline")
}

/// The configuration file.
#[must_use]
pub fn config_file() -> Option<PathBuf> {
    Some(folders()?.config_dir().join("config.toml"))
}

/// The file with server, name and room of the last session.
#[must_use]
pub fn last_session_file() -> Option<PathBuf> {
    let folders = folders()?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).join("last.toml"))
}

/// The file with the secrets by which servers keep the names of a guest.
#[must_use]
pub fn name_tokens_file() -> Option<PathBuf> {
    let folders = folders()?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).join("name_tokens.toml"))
}

/// The keys of servers that were met with TLS.
#[must_use]
pub fn known_servers_file() -> Option<PathBuf> {
    let folders = folders()?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).join("known_servers.toml"))
}

/// The private key of this user in a mesh; other members recognize the user by its public half.
#[must_use]
pub fn mesh_key_file() -> Option<PathBuf> {
    Some(folders()?.config_dir().join("mesh.key"))
}

/// The public keys of users met in a mesh.
#[must_use]
pub fn known_peers_file() -> Option<PathBuf> {
    let folders = folders()?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).join("known_peers.toml"))
}

/// The data folder of a server that this program starts.
#[must_use]
pub fn server_data() -> Option<PathBuf> {
    Some(folders()?.data_dir().join("server"))
}

/// Expands a leading `~` to the home folder, for paths that no shell has expanded.
#[must_use]
pub fn expand_home(path: &Path) -> PathBuf {
    let rest = path.strip_prefix("~").ok();
    let home = || BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    rest.and_then(|rest| Some(home()?.join(rest))).unwrap_or_else(|| path.to_owned())
}

/// Returns the folders of `path`, a `PATH` variable. Leaves out relative and empty entries: these mean the current folder,
/// where another user may have put a program of a known name.
pub fn program_folders(path: &OsStr) -> impl Iterator<Item = PathBuf> + '_ {
    std::env::split_paths(path).filter(|folder| folder.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_a_leading_tilde_only() {
        let home = BaseDirs::new().unwrap().home_dir().to_owned();
        assert_eq!(expand_home(Path::new("~/a/b")), home.join("a/b"));
        for path in ["/tmp/~/a", "~bob/a", "a/b"] {
            assert_eq!(expand_home(Path::new(path)), Path::new(path));
        }
    }
}
