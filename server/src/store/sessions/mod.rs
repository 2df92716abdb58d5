//! The file `sessions.jsonl`: the record of sign-ins and sign-outs, with times and addresses. It has one JSON object
//! per line and is only appended to. When it is large it is renamed to `sessions.1.jsonl`, and a new file is started.
//!
//! The time at which each user was last online is also kept in memory, in a bounded table that is filled from the files
//! at the start. A server that is killed writes no sign-outs. So a running server sets the file's modification time
//! every few seconds, and the next one adds the missing sign-outs with that time.

mod journal;
mod last_seen;
mod replay;

use crate::store::{FileError, utc};
use journal::Journal;
use landline_common::limits::count;
use landline_common::{Limits, NameKey, OffsetDateTime, UserName};
use last_seen::LastSeen;
pub use last_seen::Sighting;
use parking_lot::Mutex;
use serde::Serialize;
use std::path::Path;

/// The reason in the line about sessions that are left out.
const OMITTED: &str = "too many sessions of this address; this one and others are not recorded";
/// The reason in sign-outs that are added after a kill.
const KILLED: &str = "server was killed";

/// A sign-in or sign-out.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The time.
    pub at: OffsetDateTime,
    /// The user's name.
    pub name: &'a UserName,
    /// True if the user signed in with an account.
    pub account: bool,
    /// The client's address, without the port.
    pub address: &'a str,
    /// The client's port.
    pub port: u16,
}

#[derive(Serialize)]
struct JournalLine<'a> {
    at: String,
    event: &'static str,
    name: &'a str,
    account: bool,
    address: &'a str,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// The record of sessions. Failures to write lose lines of it, but never affect a session.
#[derive(Debug)]
pub struct Sessions {
    journal: Mutex<Journal>,
    seen: Mutex<LastSeen>,
}

impl Sessions {
    /// Opens or creates `sessions.jsonl` in `folder` (mode 0600). Removes and logs an incomplete last line, which a
    /// kill may leave. Adds the sign-outs that a killed server did not write, with the time at which it was last known
    /// to be [alive](Sessions::mark_alive). Uses `sessions_bytes` and `seen_names` of `limits`.
    ///
    /// # Errors
    /// A file cannot be opened, read or truncated, or its last line is not of this server.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Sessions, FileError> {
        let (mut journal, last_alive) = Journal::open(folder, limits.sessions_bytes)?;
        let mut seen = LastSeen::new(count(limits.seen_names));
        replay::read(&journal, &mut seen)?;
        let left = seen.end_all(last_alive);
        let lines: Vec<u8> = left.iter().flat_map(|gone| line("logout", &gone.record(), Some(KILLED))).collect();
        if !lines.is_empty() {
            log::warn!(
                "sessions: the last server was killed with {} users signed in; sessions.jsonl has their sign-outs now",
                left.len()
            );
            journal.append(&lines);
        }
        Ok(Sessions { journal: Mutex::new(journal), seen: Mutex::new(seen) })
    }

    /// Records a sign-in. A failure to write is logged once, until writing works again.
    pub fn login(&self, record: &Record<'_>) {
        self.seen.lock().login(record);
        self.journal.lock().append(&line("login", record, None));
    }

    /// Records a sign-out and its reason. A failure to write is logged once, until writing works again.
    pub fn logout(&self, record: &Record<'_>, reason: &str) {
        self.seen.lock().logout(record);
        self.journal.lock().append(&line("logout", record, Some(reason)));
    }

    /// Records a sign-in in memory only, for an address that has had too many. If `announced`, the file gets a line
    /// that says so, of the event `omitted`.
    pub fn login_unrecorded(&self, record: &Record<'_>, announced: bool) {
        self.seen.lock().login(record);
        if announced {
            self.journal.lock().append(&line("omitted", record, Some(OMITTED)));
        }
    }

    /// Records the sign-out after [`Sessions::login_unrecorded`].
    pub fn logout_unrecorded(&self, record: &Record<'_>) {
        self.seen.lock().logout(record);
    }

    /// Returns the users who were online at `since` or later, in the order in which they left, then the users who are
    /// online.
    #[must_use]
    pub fn seen_since(&self, since: OffsetDateTime) -> Vec<Sighting> {
        self.seen.lock().since(since)
    }

    /// Returns the time at which a user was last online, if the table has it.
    #[must_use]
    pub fn last_seen(&self, name: &NameKey) -> Option<OffsetDateTime> {
        self.seen.lock().of(name)
    }

    /// Records that the server runs, as the file's modification time. After a kill, this is the time of the missing
    /// sign-outs. Called every few seconds.
    pub fn mark_alive(&self, now: OffsetDateTime) {
        self.journal.lock().touch(now);
    }
}

/// Returns a line of the file, with its newline. Empty if it cannot be encoded, which is logged.
fn line(event: &'static str, record: &Record<'_>, reason: Option<&str>) -> Vec<u8> {
    let Record { at, name, account, address, port } = *record;
    let line =
        JournalLine { at: format!("{:.3}", utc(at)), event, name: name.as_str(), account, address, port, reason };
    let mut bytes = serde_json::to_vec(&line).unwrap_or_else(|e| {
        log::error!("sessions: cannot encode a record user={name}: {e}; sessions.jsonl lacks this {event}");
        Vec::new()
    });
    if !bytes.is_empty() {
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests;
