//! The file itself: appended to whole lines at a time, begun anew when it is large.

use crate::store::FileError;
use landline_common::Moment;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// More bytes than any line has: a longer one is not the server's.
const LONGEST_LINE: u64 = 64 << 10;

/// The file that is written.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) path: PathBuf,
    /// What it is called once it is too large.
    pub(super) older: PathBuf,
    pub(super) file: File,
    most_bytes: u64,
    /// Where the last whole line ends, if a failed write left something behind it.
    pub(super) torn_at: Option<u64>,
    pub(super) failing: bool,
    /// That it cannot be begun anew has been logged.
    stuck: bool,
}

impl Journal {
    /// Opens the file, or begins it, and says when it was last changed before that.
    pub(super) fn open(folder: &Path, most_bytes: u64) -> Result<(Journal, Moment), FileError> {
        let (path, older) = (folder.join("sessions.jsonl"), folder.join("sessions.1.jsonl"));
        // A kill may have come between giving one its new name and beginning the other.
        let changed = changed(&path).or_else(|| changed(&older));
        let file = append(&path).map_err(FileError::io(&path, "open"))?;
        cut_incomplete_line(&file, &path)?;
        let journal = Journal { path, older, file, most_bytes, torn_at: None, failing: false, stuck: false };
        Ok((journal, changed.unwrap_or_default()))
    }

    /// Appends whole lines. What cannot be written is logged once, until writing works again.
    pub(super) fn note(&mut self, lines: &[u8]) {
        let written = self.write(lines);
        match &written {
            Err(e) if !self.failing => {
                log::error!("{} cannot be written: {e}; sessions are not recorded", self.path.display());
            }
            Ok(()) if self.failing => log::info!("{} can be written again", self.path.display()),
            _ => {}
        }
        self.failing = written.is_err();
    }

    /// Sets the time of the last change.
    pub(super) fn touch(&self, now: Moment) {
        let since_1970 = Duration::from_millis(u64::try_from(now.unix_ms).unwrap_or(0));
        if let Err(e) = self.file.set_modified(SystemTime::UNIX_EPOCH + since_1970) {
            log::debug!("the time of {} cannot be set: {e}", self.path.display());
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if let Some(end) = self.torn_at {
            self.file.set_len(end)?;
            self.torn_at = None;
        }
        let mut end = self.file.metadata()?.len();
        if end > 0 && end + lines.len() as u64 > self.most_bytes {
            self.begin_anew();
            end = self.file.metadata()?.len();
        }
        self.file.write_all(lines).inspect_err(|_| {
            // Part of the lines may be there: off with it now, or, if even that fails, before the next.
            self.torn_at = self.file.set_len(end).is_err().then_some(end);
        })
    }

    /// Keeps the file under its other name and begins a new one. If that fails, the one that is there grows on.
    fn begin_anew(&mut self) {
        // Nothing to rename: an earlier attempt got no further than that.
        let renamed = match fs::rename(&self.path, &self.older) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        };
        let begun = renamed.and_then(|()| append(&self.path)).map(|file| self.file = file);
        if let Err(e) = &begun
            && !self.stuck
        {
            log::error!("{} cannot be begun anew: {e}; it grows on", self.path.display());
        }
        self.stuck = begun.is_err();
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

fn changed(path: &Path) -> Option<Moment> {
    let changed = fs::metadata(path).and_then(|about| about.modified()).ok()?;
    let ms = changed.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis();
    Some(Moment { unix_ms: i64::try_from(ms).ok()?, offset_s: 0 })
}

fn cut_incomplete_line(file: &File, path: &Path) -> Result<(), FileError> {
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
    log::warn!("{}: an incomplete last line is cut off: {rest}", path.display());
    file.set_len(from + whole as u64).map_err(io("cut the incomplete last line of"))
}
