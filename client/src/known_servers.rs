//! Known servers: the keys of servers that were met with TLS, by address (trust on first use).
//!
//! | address | key | result |
//! |---|---|---|
//! | new | new | first meeting: the key is stored |
//! | new | known | the same server at another address: the address is stored |
//! | known | stored for it | the expected server |
//! | known | any other | refused, also if the key is known from another address |
//!
//! The last row keeps one server that the user knows from taking the place of another one. An address in the file also
//! means that its server has TLS: the client never speaks to it in the clear, whatever spelling or host name leads there.
//!
//! The file `known_servers.toml` is readable by its owner only, since it shows which servers a user visits. Keys that
//! cannot be stored hold for the life of the program.

use crate::atomic_file;
use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use landline_common::tls::ServerKey;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes to read at most: far more than [`MAX_SERVERS`] rows take.
const MAX_BYTES: u64 = 256 << 10;
/// Rows to store. Above that, the one that was met longest ago is forgotten.
const MAX_SERVERS: usize = 256;
/// The time of the last meeting is written again after this many seconds, so that not each start writes the file.
const MEETING_INTERVAL_S: i64 = 3_600;

/// One address of a server, with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownServer {
    /// The address as the user types it, with its port.
    pub address: String,
    /// The key.
    pub key: ServerKey,
    /// Time of the first meeting with this key at this address.
    pub first_met: Timestamp,
    /// Time of the last meeting.
    pub last_met: Timestamp,
    /// The socket address to which the address led at the last meeting. Another spelling of the address leads there, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<SocketAddr>,
}

/// The content of the file, latest meeting first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Rows {
    servers: Vec<KnownServer>,
}

/// Result of comparing the key of a server with the known ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// The key is known for this address, or the address is new for a known key.
    Known,
    /// Neither the address nor the key is known.
    New,
    /// Another key is known for this address.
    Changed {
        /// The row of the address that was met last.
        expected: KnownServer,
        /// Another address at which the key is known.
        elsewhere: Option<String>,
    },
}

/// The known servers. Clones share the memory of this process.
#[derive(Clone, Debug, Default)]
pub struct KnownServers {
    file: Option<PathBuf>,
    memory: Arc<Mutex<Memory>>,
}

/// What holds for the life of the program.
#[derive(Debug, Default)]
struct Memory {
    /// Rows that could not be stored.
    unsaved: Rows,
    /// Addresses of servers without TLS.
    clear: Vec<String>,
    /// The servers that were met for the first time, each with the note about it, until the user has read the note.
    first_meetings: Vec<(String, Box<str>)>,
}

/// Returns an address in the form in which it is stored: host names in lower case and without a dot at their end, IP
/// addresses in their usual form.
fn canonical(address: &str) -> String {
    if let Ok(address) = address.parse() {
        return unmapped(address).to_string();
    }
    let address = address.to_lowercase();
    match address.rsplit_once(".:") {
        Some((host, port)) if !host.is_empty() => format!("{host}:{port}"),
        _ => address,
    }
}

/// Returns an IPv4 address in its own form, also if it is written as an IPv6 address.
fn unmapped(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        IpAddr::V6(_) => address,
    }
}

impl Rows {
    fn at<'r>(&'r self, address: &'r str) -> impl Iterator<Item = &'r KnownServer> {
        self.servers.iter().filter(move |row| canonical(&row.address) == address)
    }

    /// Returns the row whose address is, or led to, a socket address.
    fn at_peer(&self, peer: SocketAddr) -> Option<&KnownServer> {
        let typed = peer.to_string();
        self.servers.iter().find(|row| row.peer == Some(peer) || canonical(&row.address) == typed)
    }

    fn recognize(&self, address: &str, key: &ServerKey) -> Recognition {
        let elsewhere = self.servers.iter().find(|row| row.key == *key).map(|row| row.address.clone());
        match self.at(address).next() {
            None if elsewhere.is_none() => Recognition::New,
            None => Recognition::Known,
            Some(_) if self.at(address).any(|row| row.key == *key) => Recognition::Known,
            Some(expected) => Recognition::Changed { expected: expected.clone(), elsewhere },
        }
    }

    /// Puts a meeting first. Other keys of the address are replaced.
    fn put(&mut self, address: &str, peer: Option<SocketAddr>, key: &ServerKey, now: Timestamp) {
        let peer = peer.or_else(|| self.at(address).find_map(|row| row.peer));
        let first_met = self.at(address).find(|row| row.key == *key).map_or(now, |row| row.first_met);
        self.servers.retain(|row| canonical(&row.address) != address);
        self.servers.insert(0, KnownServer { address: address.to_owned(), key: *key, first_met, last_met: now, peer });
        self.servers.truncate(MAX_SERVERS);
    }

    /// Returns true if a meeting changes nothing that is worth writing.
    fn is_recent(&self, address: &str, peer: Option<SocketAddr>, key: &ServerKey, now: Timestamp) -> bool {
        let is_soon = |row: &KnownServer| now.as_second() - row.last_met.as_second() < MEETING_INTERVAL_S;
        let is_same = |row: &KnownServer| row.key == *key && (peer.is_none() || row.peer == peer);
        self.at(address).any(|row| is_same(row) && is_soon(row))
    }
}

impl KnownServers {
    /// Uses `file`, which need not exist.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> KnownServers {
        KnownServers { file, memory: Arc::default() }
    }

    /// Returns the path, for messages to the user.
    #[must_use]
    pub fn path_text(&self) -> String {
        self.file.as_ref().map_or("(no file)".into(), |file| file.display().to_string())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns all rows of the file, latest meeting first.
    ///
    /// # Errors
    /// The file is damaged or cannot be read. Going on without it would accept impostors of known servers.
    pub fn list(&self) -> anyhow::Result<Vec<KnownServer>> {
        Ok(self.stored()?.servers)
    }

    fn stored(&self) -> anyhow::Result<Rows> {
        let Some(file) = &self.file else { return Ok(Rows::default()) };
        let Some(text) = atomic_file::read_if_exists(file, MAX_BYTES)? else { return Ok(Rows::default()) };
        let damaged = || format!("{} is damaged; correct it, or delete it to forget all servers", file.display());
        toml::from_str(&text).with_context(damaged)
    }

    /// Returns the rows of the file and of this process.
    fn rows(&self) -> anyhow::Result<Rows> {
        let mut rows = self.stored()?;
        rows.servers.extend(self.memory().unsaved.servers.iter().cloned());
        Ok(rows)
    }

    /// Compares the key of a server with the known ones.
    ///
    /// # Errors
    /// As [`KnownServers::list`].
    pub fn recognize(&self, address: &str, key: &ServerKey) -> anyhow::Result<Recognition> {
        Ok(self.rows()?.recognize(&canonical(address), key))
    }

    /// Returns the row of an address that was met last. Its server has TLS.
    ///
    /// # Errors
    /// As [`KnownServers::list`].
    pub fn find(&self, address: &str) -> anyhow::Result<Option<KnownServer>> {
        Ok(self.rows()?.at(&canonical(address)).next().cloned())
    }

    /// Returns the row of a server that was met with TLS at this socket address, by whatever address the user typed.
    ///
    /// # Errors
    /// As [`KnownServers::list`].
    pub fn find_peer(&self, peer: SocketAddr) -> anyhow::Result<Option<KnownServer>> {
        Ok(self.rows()?.at_peer(unmapped(peer)).cloned())
    }

    /// Stores a meeting, as [`KnownServers::record_peer`], without a socket address.
    ///
    /// # Errors
    /// As [`KnownServers::record_peer`].
    #[cfg(test)]
    pub fn record(&self, address: &str, key: &ServerKey, now: Timestamp) -> anyhow::Result<()> {
        self.record_peer(address, None, key, now)
    }

    /// Stores a meeting at an address that led to the socket address `peer`. The key replaces another one of the address.
    /// If it cannot be stored, it holds for this process.
    ///
    /// # Errors
    /// The file cannot be locked, read or written.
    pub fn record_peer(
        &self,
        address: &str,
        peer: Option<SocketAddr>,
        key: &ServerKey,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let (address, peer) = (canonical(address), peer.map(unmapped));
        self.memory().clear.retain(|clear| *clear != address);
        let stored = self.change(|rows| {
            if !rows.is_recent(&address, peer, key, now) {
                rows.put(&address, peer, key, now);
            }
        });
        let mut memory = self.memory();
        match (&stored, &self.file) {
            (Ok(()), Some(_)) => memory.unsaved.servers.retain(|row| row.address != address),
            _ => memory.unsaved.put(&address, peer, key, now),
        }
        stored
    }

    /// Removes rows by their address or by the digits of their key. Returns them.
    ///
    /// # Errors
    /// The file cannot be locked, read or written.
    pub fn forget(&self, is_meant: impl Fn(&KnownServer) -> bool) -> anyhow::Result<Vec<KnownServer>> {
        let mut forgotten = Vec::new();
        self.change(|rows| forgotten = rows.servers.extract_if(.., |row| is_meant(row)).collect())?;
        Ok(forgotten)
    }

    /// Notes that a server has no TLS, so that this process asks it once.
    pub fn note_clear(&self, address: &str) {
        let address = canonical(address);
        let clear = &mut self.memory().clear;
        if clear.len() < MAX_SERVERS && !clear.contains(&address) {
            clear.push(address);
        }
    }

    /// Drops the note that a server has no TLS, so that the next connection asks it again.
    pub fn forget_clear(&self, address: &str) {
        let address = canonical(address);
        self.memory().clear.retain(|clear| *clear != address);
    }

    /// Returns whether a server was found to have no TLS.
    #[must_use]
    pub fn is_clear(&self, address: &str) -> bool {
        self.memory().clear.contains(&canonical(address))
    }

    /// Keeps the note about a first meeting. A sign-in may take several connections, and the user reads the note after
    /// the last one.
    pub fn note_first_meeting(&self, address: &str, note: &str) {
        let address = canonical(address);
        let meetings = &mut self.memory().first_meetings;
        meetings.retain(|(met, _)| *met != address);
        if meetings.len() < MAX_SERVERS {
            meetings.push((address, note.into()));
        }
    }

    /// Returns the note about the first meeting with a server.
    #[must_use]
    pub fn first_meeting(&self, address: &str) -> Option<Box<str>> {
        let address = canonical(address);
        self.memory().first_meetings.iter().find(|(met, _)| *met == address).map(|(_, note)| note.clone())
    }

    /// Drops the note about a first meeting, which the user reads now.
    pub fn forget_first_meeting(&self, address: &str) {
        let address = canonical(address);
        self.memory().first_meetings.retain(|(met, _)| *met != address);
    }

    /// Takes the notes about all first meetings that the user has not read.
    #[must_use]
    pub fn take_first_meetings(&self) -> Vec<Box<str>> {
        self.memory().first_meetings.drain(..).map(|(_, note)| note).collect()
    }

    /// Reads the rows, changes them and writes them, under a lock against other programs.
    fn change(&self, change: impl FnOnce(&mut Rows)) -> anyhow::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let _lock = atomic_file::lock(file).with_context(|| format!("cannot lock {}", file.display()))?;
        let before = self.stored()?;
        let mut rows = before.clone();
        change(&mut rows);
        if rows != before {
            atomic_file::replace_private(file, &toml::to_string(&rows)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}

/// Returns a time of a meeting for users, in the local time zone.
#[must_use]
pub fn local_time(time: &Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Returns whether a row is of the address that the user typed.
#[must_use]
pub fn is_at(row: &KnownServer, address: &str) -> bool {
    canonical(&row.address) == canonical(address)
}

/// Returns whether a row is of the host of an address, at any port.
#[must_use]
pub fn is_same_host(row: &KnownServer, address: &str) -> bool {
    let address = canonical(address);
    let host = |address: &str| address.rsplit_once(':').map(|(host, _)| host.to_owned());
    host(&canonical(&row.address)) == host(&address)
}

#[cfg(test)]
mod tests;
