//! Reads the record of earlier sessions at the start.

use super::Record;
use super::journal::Journal;
use super::last_seen::LastSeen;
use crate::store::FileError;
use jiff::Timestamp;
use landline_common::{OffsetDateTime, UserName};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Most bytes that are read, from the end: some 60,000 records.
const MOST_BYTES: u64 = 8 << 20;
/// Most names in the cache of parsed names: the same few occur again and again.
const MOST_NAMES: usize = 10_000;

/// The fields of a line that are used.
#[derive(Deserialize)]
struct JournalEntry<'a> {
    at: Timestamp,
    event: JournalEvent,
    #[serde(borrow)]
    name: Cow<'a, str>,
    account: bool,
    #[serde(borrow)]
    address: Cow<'a, str>,
    port: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum JournalEvent {
    Login,
    Logout,
    /// Sessions of an address are left out.
    Omitted,
}

/// Feeds the newest part of both files to `seen`, the older file first. Logs the number of unreadable lines.
pub(super) fn read(journal: &Journal, seen: &mut LastSeen) -> Result<(), FileError> {
    let newest = tail(&journal.file, MOST_BYTES).map_err(FileError::io(&journal.path, "read"))?;
    let left = MOST_BYTES - newest.len() as u64;
    let older = match File::open(&journal.older).and_then(|file| tail(&file, left)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(FileError::io(&journal.older, "read"))?,
    };
    let mut names = HashMap::new();
    for (path, content) in [(&journal.older, older), (&journal.path, newest)] {
        let lines = content.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        let unreadable = lines.filter(|line| replay(line, seen, &mut names).is_none()).count();
        if unreadable > 0 {
            log::warn!(
                "sessions: {unreadable} lines of {} cannot be read; they stay in the file, and /since leaves them out",
                path.display()
            );
        }
    }
    Ok(())
}

/// Returns the whole lines in the last `most` bytes.
fn tail(file: &File, most: u64) -> io::Result<Vec<u8>> {
    let len = file.metadata()?.len();
    let from = len.saturating_sub(most);
    let mut bytes = vec![0; usize::try_from(len - from).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, from)?;
    if from > 0 {
        let first = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |end| end + 1);
        bytes.drain(..first);
    }
    Ok(bytes)
}

/// Feeds one line to `seen`. Returns `None` if it cannot be read.
fn replay(line: &[u8], seen: &mut LastSeen, names: &mut HashMap<String, UserName>) -> Option<()> {
    let JournalEntry { at, event, name, account, address, port } = serde_json::from_slice(line).ok()?;
    if !names.contains_key(&*name) {
        if names.len() >= MOST_NAMES {
            names.clear();
        }
        names.insert(name.to_string(), UserName::parse(&name).ok()?);
    }
    let at = OffsetDateTime { unix_ms: at.as_millisecond(), offset_s: 0 };
    let record = Record { at, name: names.get(&*name)?, account, address: &address, port };
    match event {
        JournalEvent::Login => seen.login(&record),
        JournalEvent::Logout => seen.logout(&record),
        JournalEvent::Omitted => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn tail_returns_whole_lines_only() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\ntwo\nthree\n").unwrap();
        for (most, read) in [(0, ""), (5, ""), (6, ""), (7, "three\n"), (13, "two\nthree\n"), (14, "one\ntwo\nthree\n")]
        {
            assert_eq!(tail(&file, most).unwrap(), read.as_bytes(), "the last {most} bytes");
        }
    }
}
