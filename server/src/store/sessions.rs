//! `sessions.jsonl`: who came and went, when and from where; one JSON object a line, only ever appended to.

use crate::store::{FileError, utc};
use landline_common::Moment;
use parking_lot::Mutex;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// More bytes than any line has: a longer one is not the server's.
const LONGEST_LINE: u64 = 64 << 10;

/// Who came or went.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When.
    pub at: Moment,
    /// The name they have or had.
    pub name: &'a str,
    /// True if the name is a registered one.
    pub account: bool,
    /// Their address, without the port.
    pub address: &'a str,
    /// Their port.
    pub port: u16,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    event: &'static str,
    name: &'a str,
    account: bool,
    address: &'a str,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// The record of sessions. A disk that is full costs lines of it, never a session.
#[derive(Debug)]
pub struct Sessions(Mutex<Journal>);

#[derive(Debug)]
struct Journal {
    path: PathBuf,
    file: File,
    /// Where the last whole line ends, if a failed write left something behind it.
    torn_at: Option<u64>,
    failing: bool,
}

impl Sessions {
    /// Opens `sessions.jsonl` in `folder`, or begins it (mode 0600). An incomplete last line, as a kill leaves it, is cut
    /// off and logged.
    ///
    /// # Errors
    /// Names the file: it cannot be opened or cut, or its end is not a line of this server.
    pub fn open(folder: &Path) -> Result<Sessions, FileError> {
        let path = folder.join("sessions.jsonl");
        let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path);
        let file = opened.map_err(FileError::io(&path, "open"))?;
        cut_incomplete_line(&file, &path)?;
        Ok(Sessions(Mutex::new(Journal { path, file, torn_at: None, failing: false })))
    }

    /// Notes that somebody signed in. What cannot be written is logged once, until writing works again.
    pub fn login(&self, record: &Record<'_>) {
        self.note("login", record, None);
    }

    /// Notes that somebody left, and why. What cannot be written is logged once, until writing works again.
    pub fn logout(&self, record: &Record<'_>, reason: &str) {
        self.note("logout", record, Some(reason));
    }

    fn note(&self, event: &'static str, record: &Record<'_>, reason: Option<&str>) {
        let Record { at, name, account, address, port } = *record;
        let line = Line { at: format!("{:.3}", utc(at)), event, name, account, address, port, reason };
        match serde_json::to_vec(&line) {
            Ok(mut bytes) => {
                bytes.push(b'\n');
                self.0.lock().note(&bytes);
            }
            Err(e) => log::error!("a line of sessions.jsonl cannot be written: {e}"),
        }
    }
}

impl Journal {
    fn note(&mut self, line: &[u8]) {
        let written = self.append(line);
        match &written {
            Err(e) if !self.failing => {
                log::error!("{} cannot be written: {e}; sessions are not recorded", self.path.display());
            }
            Ok(()) if self.failing => log::info!("{} can be written again", self.path.display()),
            _ => {}
        }
        self.failing = written.is_err();
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if let Some(end) = self.torn_at {
            self.file.set_len(end)?;
            self.torn_at = None;
        }
        let end = self.file.metadata()?.len();
        self.file.write_all(line).inspect_err(|_| {
            // Part of the line may be there: off with it now, or, if even that fails, before the next line.
            self.torn_at = self.file.set_len(end).is_err().then_some(end);
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const ALICE: Record<'static> = Record {
        at: Moment { unix_ms: 1_795_248_000_123, offset_s: 3_600 },
        name: "alice",
        account: true,
        address: "192.168.1.5",
        port: 50_412,
    };
    const LOGIN: &str = "{\"at\":\"2026-11-21T08:00:00.123Z\",\"event\":\"login\",\"name\":\"alice\",\"account\":true,\
                         \"address\":\"192.168.1.5\",\"port\":50412}\n";

    fn content(folder: &Path) -> String {
        fs::read_to_string(folder.join("sessions.jsonl")).unwrap()
    }

    #[test]
    fn lines_are_appended_and_last() {
        let folder = tempfile::tempdir().unwrap();
        Sessions::open(folder.path()).unwrap().login(&ALICE);
        let at = Moment { unix_ms: 1_795_248_060_000, offset_s: 0 };
        Sessions::open(folder.path()).unwrap().logout(&Record { at, ..ALICE }, "quit\n");
        let logout = LOGIN.replace("login", "logout").replace("08:00:00.123", "08:01:00.000");
        let logout = logout.replace("}\n", ",\"reason\":\"quit\\n\"}\n");
        assert_eq!(content(folder.path()), format!("{LOGIN}{logout}"));
    }

    #[test]
    fn an_incomplete_last_line_is_cut_off() {
        for (before, after) in [
            (format!("{LOGIN}{}", &LOGIN[..40]), LOGIN),
            (LOGIN[..LOGIN.len() - 1].to_owned(), ""),
            (format!("{LOGIN}\0\0\0"), LOGIN),
            (LOGIN.to_owned(), LOGIN),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("sessions.jsonl"), before).unwrap();
            Sessions::open(folder.path()).unwrap().login(&ALICE);
            assert_eq!(content(folder.path()), format!("{after}{LOGIN}"));
        }
    }

    #[test]
    fn only_the_end_of_a_long_file_matters() {
        let folder = tempfile::tempdir().unwrap();
        let whole = LOGIN.repeat(2_000);
        fs::write(folder.path().join("sessions.jsonl"), format!("{whole}half")).unwrap();
        Sessions::open(folder.path()).unwrap();
        assert_eq!(content(folder.path()), whole);

        let foreign = "x".repeat(100_000);
        fs::write(folder.path().join("sessions.jsonl"), &foreign).unwrap();
        let text = Sessions::open(folder.path()).unwrap_err().to_string();
        assert!(text.contains("sessions.jsonl is not a file of this server"), "{text}");
        assert_eq!(content(folder.path()), foreign);
    }

    #[test]
    fn a_torn_write_is_cut_before_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(folder.path()).unwrap();
        sessions.login(&ALICE);
        {
            let mut journal = sessions.0.lock();
            journal.file.write_all(b"{\"at\":\"2026").unwrap();
            journal.torn_at = Some(LOGIN.len() as u64);
        }
        sessions.login(&ALICE);
        assert_eq!(content(folder.path()), LOGIN.repeat(2));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_survived_and_writing_resumes() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(folder.path()).unwrap();
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let file = std::mem::replace(&mut sessions.0.lock().file, full);
        sessions.login(&ALICE);
        sessions.logout(&ALICE, "quit");
        assert!(sessions.0.lock().failing);
        sessions.0.lock().file = file;
        sessions.login(&ALICE);
        assert!(!sessions.0.lock().failing);
        assert_eq!(content(folder.path()), LOGIN);
    }
}
