//! Where the program's own files are: where the system wants them (XDG, on Linux).

use directories::{BaseDirs, ProjectDirs};
use std::path::{Path, PathBuf};

fn folders() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "landline")
}

/// What people choose.
#[must_use]
pub fn config_file() -> Option<PathBuf> {
    Some(folders()?.config_dir().join("config.toml"))
}

/// What is remembered of the last time.
#[must_use]
pub fn memory_file() -> Option<PathBuf> {
    let folders = folders()?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).join("last.toml"))
}

/// The key by which others in a mesh know this user again.
#[must_use]
pub fn mesh_key_file() -> Option<PathBuf> {
    Some(folders()?.config_dir().join("mesh.key"))
}

/// The keys of people met in a mesh.
#[must_use]
pub fn known_peers_file() -> Option<PathBuf> {
    let folders = folders()?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).join("known_peers.toml"))
}

/// The data of a server that is started from here.
#[must_use]
pub fn server_data() -> Option<PathBuf> {
    Some(folders()?.data_dir().join("server"))
}

/// A path as people write it where no shell reads it: `~` is the home folder.
#[must_use]
pub fn from_home(path: &Path) -> PathBuf {
    let rest = path.strip_prefix("~").ok();
    let home = || BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    rest.and_then(|rest| Some(home()?.join(rest))).unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_begin_at_home() {
        let home = BaseDirs::new().unwrap().home_dir().to_owned();
        assert_eq!(from_home(Path::new("~/a/b")), home.join("a/b"));
        for path in ["/tmp/~/a", "~bob/a", "a/b"] {
            assert_eq!(from_home(Path::new(path)), Path::new(path));
        }
    }
}
