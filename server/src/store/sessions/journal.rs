//! The file `sessions.jsonl`: appends whole lines, and starts a new file when it is large.

use crate::store::{FileError, FileIdentity, LockWatch};
use landline_common::OffsetDateTime;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Upper bound in bytes for a line of this server. A longer one means that the file is another program's.
const LONGEST_LINE: u64 = 64 << 10;

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) path: PathBuf,
    /// The name that the file gets when it is too large.
    pub(super) older: PathBuf,
    pub(super) file: File,
    identity: FileIdentity,
    lock: LockWatch,
    most_bytes: u64,
    /// End of the last whole line, if a failed write left bytes behind it that could not be removed yet.
    pub(super) torn_at: Option<u64>,
    /// The last write failed, which has been logged.
    pub(super) failing: bool,
    /// The last attempt to start a new file failed, which has been logged.
    rotation_failed: bool,
}

impl Journal {
    /// Opens or creates the file. Also returns the time of its last change before that.
    pub(super) fn open(folder: &Path, most_bytes: u64) -> Result<(Journal, OffsetDateTime), FileError> {
        let path = folder.join("sessions.jsonl");
        let older = folder.join("sessions.1.jsonl");
        // After a kill in the middle of `rotate`, only the older file exists.
        let changed = modified(&path).or_else(|| modified(&older));
        let (file, identity) = open_for_append(&path).map_err(FileError::io(&path, "open"))?;
        remove_incomplete_line(&file, &path)?;
        let lock = LockWatch::of(folder);
        let journal = Journal {
            path,
            older,
            file,
            identity,
            lock,
            most_bytes,
            torn_at: None,
            failing: false,
            rotation_failed: false,
        };
        Ok((journal, changed.unwrap_or_default()))
    }

    /// Appends whole lines. A failure is logged once, until writing works again.
    pub(super) fn append(&mut self, lines: &[u8]) {
        let written = self.write(lines);
        match &written {
            Err(e) if !self.failing => {
                log::error!(
                    "sessions: cannot write {}: {e}; sign-ins and sign-outs are not recorded until a later one can be \
                     written",
                    self.path.display()
                );
            }
            Ok(()) if self.failing => log::info!("sessions: {} is written again", self.path.display()),
            _ => {}
        }
        self.failing = written.is_err();
    }

    /// Sets the file's modification time.
    pub(super) fn touch(&self, now: OffsetDateTime) {
        let since_1970 = Duration::from_millis(u64::try_from(now.unix_ms).unwrap_or(0));
        if let Err(e) = self.file.set_modified(SystemTime::UNIX_EPOCH + since_1970) {
            log::debug!(
                "sessions: cannot set the time of {}: {e}; after a kill, the sign-outs get an earlier time",
                self.path.display()
            );
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.lock.check()?;
        // Lines written to a file that was removed or moved away would be lost.
        if !self.identity.is_in_place() {
            (self.file, self.identity) = open_for_append(&self.path)?;
            self.torn_at = None;
        }
        if let Some(end) = self.torn_at {
            self.file.set_len(end)?;
            self.torn_at = None;
        }
        let mut end = self.file.metadata()?.len();
        if end > 0 && end + lines.len() as u64 > self.most_bytes {
            self.rotate();
            end = self.file.metadata()?.len();
        }
        self.file.write_all(lines).inspect_err(|_| {
            // Part of the lines may have been written. Remove it now or, if that fails, before the next write.
            self.torn_at = self.file.set_len(end).is_err().then_some(end);
        })
    }

    /// Renames the file and starts a new one. If that fails, the current file keeps growing.
    fn rotate(&mut self) {
        // The file is missing if an earlier attempt failed after the rename.
        let renamed = match fs::rename(&self.path, &self.older) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        };
        let rotated = renamed.and_then(|()| open_for_append(&self.path));
        let rotated = rotated.map(|opened| (self.file, self.identity) = opened);
        if let Err(e) = &rotated
            && !self.rotation_failed
        {
            log::error!(
                "sessions: cannot start a new {}: {e}; the current file keeps growing, and each record tries again",
                self.path.display()
            );
        }
        self.rotation_failed = rotated.is_err();
    }
}

fn open_for_append(path: &Path) -> io::Result<(File, FileIdentity)> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    Ok((file, FileIdentity::of(path)?))
}

/// Returns a file's modification time.
fn modified(path: &Path) -> Option<OffsetDateTime> {
    let changed = fs::metadata(path).and_then(|about| about.modified()).ok()?;
    let ms = changed.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis();
    Some(OffsetDateTime { unix_ms: i64::try_from(ms).ok()?, offset_s: 0 })
}

/// Removes and logs the bytes behind the last newline.
fn remove_incomplete_line(file: &File, path: &Path) -> Result<(), FileError> {
    let io = |doing| FileError::io(path, doing);
    let len = file.metadata().map_err(io("read"))?.len();
    let from = len.saturating_sub(LONGEST_LINE);
    let mut end = vec![0; usize::try_from(len - from).unwrap_or(0)];
    file.read_exact_at(&mut end, from).map_err(io("read"))?;
    let whole = end.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    if whole == end.len() {
        return Ok(());
    }
    if whole == 0 && from > 0 {
        return Err(FileError::Foreign { path: path.to_owned(), why: "its last line is longer than 64 KiB" });
    }
    let rest = String::from_utf8_lossy(&end[whole..]);
    log::warn!("sessions: removed an incomplete last line, as a kill leaves it, from {}: {rest}", path.display());
    file.set_len(from + whole as u64).map_err(io("cut the incomplete last line of"))
}
