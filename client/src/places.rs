//! Where the program's own files are: where the system wants them (XDG, on Linux).

use directories::ProjectDirs;
use std::path::PathBuf;

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

/// The data of a server that is started from here.
#[must_use]
pub fn server_data() -> Option<PathBuf> {
    Some(folders()?.data_dir().join("server"))
}
