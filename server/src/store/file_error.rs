//! Why a file of the data folder is refused, and what to do about it.

use crate::store::json_file::backup_name;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a file cannot be used. Every text names the file; none of these changes it.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system refused.
    #[error("cannot {doing} {}: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// A verb: "read", "open".
        doing: &'static str,
        /// What the system said.
        why: io::Error,
    },
    /// Not the JSON that was expected: torn, empty, or another program's.
    #[error(
        "{} is damaged (line {line}: {why}); it is left as it is. Restore it from {} or move it away, then start again",
        path.display(), backup_name(path)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// Written by another version of the server.
    #[error(
        "{} has version {found}, which this server does not know (its own is {known}); it is left as it is. \
         Use the server that wrote it, or move it away, then start again",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that this server writes.
        known: u32,
    },
    /// Sound JSON with something in it that cannot be.
    #[error(
        "{} cannot be used: {why}; it is left as it is. Correct it or restore it from {}, then start again",
        path.display(), backup_name(path)
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// Which entry, and what is wrong with it.
        why: String,
    },
    /// A database whose structure is broken.
    #[error(
        "{} is damaged ({why}); it is left as it is. Put a sound copy in its place or move it away together with its \
         -wal file, then start again",
        path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Not a file as the server writes it.
    #[error("{} is not a file of this server ({why}); it is left as it is. Move it away, then start again", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How that was noticed.
        why: &'static str,
    },
}

impl FileError {
    /// For `map_err`: the system's error about the file at `path` while `doing` something with it.
    pub(crate) fn io(path: &std::path::Path, doing: &'static str) -> impl FnOnce(io::Error) -> FileError {
        move |why| FileError::Io { path: path.to_owned(), doing, why }
    }
}
