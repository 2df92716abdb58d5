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
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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
    #[serde(serialize_with = "write_key", deserialize_with = "read_key")]
    pub key: ServerKey,
    /// Time of the first meeting with this key at this address.
    pub first_met: Timestamp,
    /// Time of the last meeting.
    pub last_met: Timestamp,
    /// The socket address to which the address led at the last meeting. Another spelling of the address leads there, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<SocketAddr>,
}

fn write_key<S: Serializer>(key: &ServerKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

fn read_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ServerKey, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
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
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    fn key(byte: u8) -> ServerKey {
        format!("{byte:02x}").repeat(32).parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_server_is_recognized_by_its_address_and_its_key() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("deep").join("known_servers.toml");
        let known = KnownServers::new(Some(file.clone()));
        assert_eq!(known.recognize("a:1", &key(1)).unwrap(), Recognition::New);
        known.record("a:1", &key(1), at(10)).unwrap();
        known.record("[::1]:5", &key(2), at(20)).unwrap();
        assert_eq!(known.recognize("A:1", &key(1)).unwrap(), Recognition::Known);
        assert_eq!(known.recognize("b:1", &key(1)).unwrap(), Recognition::Known, "the server has moved");
        assert_eq!(known.recognize("[0:0::1]:5", &key(2)).unwrap(), Recognition::Known);
        assert_eq!(known.recognize("b:1", &key(3)).unwrap(), Recognition::New);
        let changed = known.recognize("a:1", &key(3)).unwrap();
        let Recognition::Changed { expected, elsewhere: None } = changed else { panic!("{changed:?}") };
        assert_eq!((expected.key, expected.first_met), (key(1), at(10)));
        let other = known.recognize("a:1", &key(2)).unwrap();
        assert!(matches!(other, Recognition::Changed { elsewhere: Some(address), .. } if address == "[::1]:5"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn another_spelling_of_an_address_is_the_same_address() {
        let known = KnownServers::new(None);
        known.record("127.0.0.1:5", &key(1), at(10)).unwrap();
        known.record_peer("box:5", Some("[::ffff:10.0.0.1]:5".parse().unwrap()), &key(2), at(10)).unwrap();
        for (address, row) in [("[::ffff:127.0.0.1]:5", Some(1)), ("BOX.:5", Some(2)), ("box:6", None), (".:5", None)] {
            assert_eq!(known.find(address).unwrap().map(|row| row.key), row.map(key), "{address}");
        }
        let peers = [("127.0.0.1:5", Some(1)), ("[::ffff:127.0.0.1]:5", Some(1)), ("10.0.0.1:5", Some(2))];
        for (peer, row) in peers.into_iter().chain([("10.0.0.1:6", None), ("[::1]:5", None)]) {
            assert_eq!(known.find_peer(peer.parse().unwrap()).unwrap().map(|row| row.key), row.map(key), "{peer}");
        }
    }

    #[test]
    fn a_new_socket_address_is_stored_at_once_and_read_again() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("known_servers.toml");
        let known = KnownServers::new(Some(file.clone()));
        let peers: [SocketAddr; 2] = ["10.0.0.1:5", "[fe80::1%3]:5"].map(|peer| peer.parse().unwrap());
        known.record("box.:5", &key(1), at(10)).unwrap();
        for peer in peers {
            known.record_peer("box:5", Some(peer), &key(1), at(11)).unwrap();
            let rows = KnownServers::new(Some(file.clone())).list().unwrap();
            assert_eq!((rows.len(), &*rows[0].address, rows[0].peer), (1, "box:5", Some(peer)));
        }
        known.record("box:5", &key(1), at(9_000)).unwrap();
        assert_eq!(known.find_peer(peers[1]).unwrap().map(|row| row.last_met), Some(at(9_000)));
        // A row that an earlier version has stored.
        let row = "[[servers]]\naddress = \"[::ffff:10.0.0.7]:5\"\nkey = \"KEY\"\nfirst_met = \"2026-11-01T00:00:00Z\"\n\
                   last_met = \"2026-11-01T00:00:00Z\"\n";
        fs::write(&file, row.replace("KEY", &key(3).to_string())).unwrap();
        assert!(known.find("10.0.0.7:5").unwrap().is_some());
    }

    #[test]
    fn times_of_meetings_are_kept_and_seldom_written() {
        let folder = TempDir::new().unwrap();
        let known = KnownServers::new(Some(folder.path().join("known_servers.toml")));
        for second in [10, 20, 5_000, 5_001] {
            known.record("a:1", &key(1), at(second)).unwrap();
        }
        let row = known.find("a:1").unwrap().unwrap();
        assert_eq!((row.first_met, row.last_met), (at(10), at(5_000)));
        known.record("a:1", &key(2), at(5_002)).unwrap();
        assert_eq!(
            known.list().unwrap().iter().map(|row| (row.key, row.first_met)).collect::<Vec<_>>(),
            [(key(2), at(5_002))]
        );
    }

    #[test]
    fn keys_that_cannot_be_stored_hold_for_the_process() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("no-folder"), "").unwrap();
        for file in [None, Some(folder.path().join("no-folder").join("known_servers.toml"))] {
            let known = KnownServers::new(file.clone());
            assert_eq!(known.record("a:1", &key(1), at(10)).is_err(), file.is_some());
            assert!(matches!(known.clone().recognize("a:1", &key(2)).unwrap(), Recognition::Changed { .. }));
            assert!(known.find("a:1").unwrap().is_some() && known.list().unwrap().is_empty());
        }
    }

    #[test]
    fn the_process_remembers_first_meetings_and_servers_without_tls() {
        let known = KnownServers::new(None);
        known.note_first_meeting("Host:1", "hello");
        assert_eq!((known.first_meeting("host:1").as_deref(), known.first_meeting("host:2")), (Some("hello"), None));
        known.forget_first_meeting("host:2");
        assert!(known.first_meeting("host:1").is_some());
        known.forget_first_meeting("host:1");
        assert!(known.first_meeting("host:1").is_none());
        for (address, note) in [("host:1", "old"), ("host:2", "two"), ("host:1", "new")] {
            known.note_first_meeting(address, note);
        }
        assert_eq!(known.first_meeting("host:2").as_deref(), Some("two"), "another meeting does not replace it");
        assert_eq!(known.clone().take_first_meetings(), ["two".into(), "new".into()]);
        assert!(known.take_first_meetings().is_empty());
        known.note_clear("Host:1");
        assert!(known.is_clear("host:1") && !known.is_clear("host:2"));
        known.forget_clear("HOST:1");
        assert!(!known.is_clear("host:1"));
        known.note_clear("host:1");
        known.record("host:1", &key(1), at(10)).unwrap();
        assert!(!known.is_clear("host:1"));
    }

    #[test]
    fn rows_are_bounded_forgotten_and_never_read_from_a_damaged_file() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("known_servers.toml");
        let known = KnownServers::new(Some(file.clone()));
        let mut rows = Rows::default();
        for n in 0..MAX_SERVERS + 9 {
            let peer = Some("[ffff:1111:2222:3333:4444:5555:6666:7777]:65535".parse().unwrap());
            rows.put(&format!("{}:{n}", "x".repeat(253)), peer, &key(1), at(10));
        }
        assert_eq!(rows.servers.len(), MAX_SERVERS);
        let text = toml::to_string(&rows).unwrap();
        assert!((text.len() as u64) < MAX_BYTES);
        fs::write(&file, text).unwrap();
        assert_eq!(known.list().unwrap().len(), MAX_SERVERS);
        known.record("a:1", &key(2), at(20)).unwrap();
        assert!(known.forget(|row| is_at(row, "nowhere:1")).unwrap().is_empty());
        assert_eq!(known.forget(|row| is_at(row, "A:1")).unwrap()[0].key, key(2));
        assert_eq!(known.forget(|row| row.key == key(1)).unwrap().len(), MAX_SERVERS - 1);
        assert!(known.list().unwrap().is_empty());
        for text in ["servers = 5", "[[servers]]\naddress = \"a:1\"\nkey = \"ab\"", "x"] {
            fs::write(&file, text).unwrap();
            let why = known.recognize("a:1", &key(1)).unwrap_err().to_string();
            assert!(why.contains("known_servers.toml") && why.contains("damaged"), "{why}");
            assert!(known.record("a:1", &key(1), at(30)).is_err());
        }
    }

    #[test]
    fn programs_that_meet_servers_at_once_lose_none() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("known_servers.toml");
        std::thread::scope(|scope| {
            for program in 0..3 {
                let known = KnownServers::new(Some(file.clone()));
                scope.spawn(move || {
                    (0..10).for_each(|n| known.record(&format!("{program}:{n}"), &key(n), at(10)).unwrap());
                });
            }
        });
        assert_eq!(KnownServers::new(Some(file)).list().unwrap().len(), 30);
    }
}
