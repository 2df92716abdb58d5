//! `sessions.jsonl`: who came and went, when and from where; one JSON object a line, only ever appended to. When it is
//! large it goes on as `sessions.1.jsonl`, and a new one is begun. What it tells of the last time people were here is
//! kept in memory.

mod journal;
mod past;
mod seen;

use crate::store::{FileError, utc};
use journal::Journal;
use landline_common::limits::count;
use landline_common::{Limits, Moment, UserName};
use parking_lot::Mutex;
use seen::Seen;
pub use seen::Sighting;
use serde::Serialize;
use std::path::Path;

/// Why somebody left of whom the file does not tell that they did.
const KILLED: &str = "server was killed";

/// Who came or went.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When.
    pub at: Moment,
    /// The name they have or had.
    pub name: &'a UserName,
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
pub struct Sessions {
    journal: Mutex<Journal>,
    seen: Mutex<Seen>,
}

impl Sessions {
    /// Opens `sessions.jsonl` in `folder`, or begins it (mode 0600). An incomplete last line, as a kill leaves it, is cut
    /// off and logged. Who had not left when the last server was killed is noted as having left when it was last known
    /// to be [alive](Sessions::alive). Of `limits` the size of the file counts and how many people are remembered.
    ///
    /// # Errors
    /// Names the file: it cannot be opened or cut, or its end is not a line of this server.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Sessions, FileError> {
        let (mut journal, last_alive) = Journal::open(folder, limits.sessions_bytes)?;
        let mut seen = Seen::new(count(limits.seen_names));
        past::read(&journal, &mut seen)?;
        let left = seen.end_all(last_alive);
        let lines: Vec<u8> = left.iter().flat_map(|gone| line("logout", &gone.record(), Some(KILLED))).collect();
        if !lines.is_empty() {
            log::warn!("the server before this one was killed; {} people were on it", left.len());
            journal.note(&lines);
        }
        Ok(Sessions { journal: Mutex::new(journal), seen: Mutex::new(seen) })
    }

    /// Notes that somebody signed in. What cannot be written is logged once, until writing works again.
    pub fn login(&self, record: &Record<'_>) {
        self.seen.lock().login(record);
        self.journal.lock().note(&line("login", record, None));
    }

    /// Notes that somebody left, and why. What cannot be written is logged once, until writing works again.
    pub fn logout(&self, record: &Record<'_>, reason: &str) {
        self.seen.lock().logout(record);
        self.journal.lock().note(&line("logout", record, Some(reason)));
    }

    /// Who was here at `since` or later, in the order in which they left; whoever is noted as here comes last.
    #[must_use]
    pub fn seen_since(&self, since: Moment) -> Vec<Sighting> {
        self.seen.lock().since(since)
    }

    /// Notes that the server runs, as the time of the file's last change: should it be killed, everybody on it counts as
    /// seen until then. To be called every few seconds.
    pub fn alive(&self, now: Moment) {
        self.journal.lock().touch(now);
    }
}

/// A line of the file, with its end; nothing if it cannot be made, which is logged.
fn line(event: &'static str, record: &Record<'_>, reason: Option<&str>) -> Vec<u8> {
    let Record { at, name, account, address, port } = *record;
    let line = Line { at: format!("{:.3}", utc(at)), event, name: name.as_str(), account, address, port, reason };
    let mut bytes = serde_json::to_vec(&line).unwrap_or_else(|e| {
        log::error!("a line of sessions.jsonl cannot be made: {e}");
        Vec::new()
    });
    if !bytes.is_empty() {
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests;
