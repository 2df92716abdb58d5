//! Errors about files of the data folder. Each text says what is wrong and what to do.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The reason for which a file cannot be used. The file has not been changed.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system returned an error.
    #[error("cannot {doing} {}: {why}; {}, then start again", path.display(), remedy(why))]
    Io {
        /// The file.
        path: PathBuf,
        /// A verb: "read", "open".
        doing: &'static str,
        /// The system's error.
        why: io::Error,
    },
    /// The file is not the expected JSON: truncated, empty, or of another program.
    #[error(
        "{} is damaged (line {line}: {why}); the file is left as it is. Restore it from {} or move it away, then start \
         again",
        path.display(), backup_name(path)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The error in that line.
        why: String,
    },
    /// The file was written by an unknown version of the server.
    #[error(
        "{} has version {found}, which this server does not know (its own is {known}); the file is left as it \
         is. Start the version of landline-server that wrote it, or move it away and start again",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that this server can read.
        known: u32,
    },
    /// The JSON is valid, but an entry is not.
    #[error(
        "{} cannot be used: {why}; the file is left as it is. Correct it or restore it from {}, then start again",
        path.display(), backup_name(path)
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// The entry and its error.
        why: String,
    },
    /// The structure of a database is broken.
    #[error(
        "{} is damaged ({why}); the file is left as it is. Put a sound copy in its place or move it away together with \
         its -wal file, then start again",
        path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// The error.
        why: String,
    },
    /// The file is not of the form that the server writes.
    #[error(
        "{} is not a file of this server ({why}); the file is left as it is. Move it away, then start again",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The difference.
        why: &'static str,
    },
}

impl FileError {
    /// Returns a function for `map_err` that makes a [`FileError::Io`]. `doing` is a verb, such as "read".
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> FileError {
        move |why| FileError::Io { path: path.to_owned(), doing, why }
    }
}

/// Returns what the operator can do about an error of the system.
fn remedy(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::PermissionDenied => "let the server's user read and write the file and its folder",
        io::ErrorKind::NotFound => "name the data folder that has the file with --data",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free disk space",
        _ => "correct this",
    }
}

/// Returns the file name of the backup of `path`, without its folder.
fn backup_name(path: &Path) -> String {
    format!("{}.bak", path.file_name().unwrap_or_default().display())
}
