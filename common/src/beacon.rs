//! Discovery of servers: the datagrams, the networks they go to, and the list of servers found.
//!
//! | datagram | sent | means |
//! |---|---|---|
//! | `LANTALK_SERVER:IP:PORT` ([`Beacon`]) | every 2 s, broadcast by a server | a LanTalk door is here |
//! | `LANDLINE? 1 …` ([`question`]) | broadcast by a client | which servers are here? |
//! | `LANDLINE! 1 {…}` ([`Answer`]) | at once, to the client alone | name, ports and state of the server |
//!
//! Any host can send any of them, so malformed ones are ignored, every text is cleaned and cut, and an address inside a
//! datagram is never believed: callers use its source address. Addresses are plain data here; no socket is in reach.

mod servers;

pub use servers::{DatagramKind, FoundServer, Servers};

use crate::clean::{clean, is_invisible};
use crate::tls::ServerKey;
use core::net::{IpAddr, Ipv4Addr};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Maximum length of a server's name in characters.
pub const SERVER_NAME_CHARS: usize = 64;
/// Maximum length of a version in characters.
const VERSION_CHARS: usize = 32;
/// Longest answer, as a multiple of the length of its question. It bounds the amplification of a flood of questions with a
/// forged source address.
pub const ANSWER_RATIO: usize = 3;
/// Length of our questions in bytes, padding included. [`ANSWER_RATIO`] times as much holds the longest answer.
const QUESTION_BYTES: usize = 400;

const BEACON: &str = "LANTALK_SERVER:";
const QUESTION: &[u8] = b"LANDLINE? 1";
const ANSWER: &[u8] = b"LANDLINE! 1 ";

/// LanTalk 2.0's announcement of a server: `LANTALK_SERVER:IP:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// The address that the server claims. Use the source address of the datagram instead.
    pub addr: Ipv4Addr,
    /// The LanTalk door's port, never 0.
    pub port: u16,
}

impl Beacon {
    /// Parses a datagram; `None` if it is no beacon.
    #[must_use]
    pub fn parse(datagram: &[u8]) -> Option<Beacon> {
        let (addr, port) = str::from_utf8(datagram).ok()?.strip_prefix(BEACON)?.split_once(':')?;
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port != 0)?;
        Some(Beacon { addr: addr.parse().ok()?, port })
    }
}

impl fmt::Display for Beacon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BEACON}{}:{}", self.addr, self.port)
    }
}

/// The question for servers, padded so that the answer may be long enough.
#[must_use]
pub fn question() -> Vec<u8> {
    let mut question = [QUESTION, b" "].concat();
    question.resize(QUESTION_BYTES, b'.');
    question
}

/// True if a datagram is a question of the version that this program answers.
#[must_use]
pub fn is_question(datagram: &[u8]) -> bool {
    let rest = datagram.strip_prefix(QUESTION);
    rest.is_some_and(|padding| padding.first().is_none_or(u8::is_ascii_whitespace))
}

/// A server's answer to a question: `LANDLINE! 1 {…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Name of the server, cleaned.
    pub name: String,
    /// The address that the server claims. Use the source address of the datagram instead.
    pub addr: IpAddr,
    /// The main port, never 0.
    pub port: u16,
    /// The LanTalk door's port; 0 if there is none.
    pub lantalk: u16,
    /// Number of users online.
    pub users: u32,
    /// True if guests need the password of the server.
    pub password: bool,
    /// Version of the server, cleaned.
    pub version: String,
    /// Id of the running server, the same in all its answers. Older servers have none: it is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Other addresses of the server, so that it is listed once: two answers with one id are of one server only if each
    /// lists the source address of the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<IpAddr>,
    /// True if the server's ports accept TLS.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tls: bool,
    /// The key that the server has with TLS. Any host can claim any key: only a handshake proves it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_key")]
    pub key: Option<ServerKey>,
}

/// Reads a key; `None` if it is malformed, since a hint must not hide a server.
fn read_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ServerKey>, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Maximum number of other addresses, so that an answer stays within its size.
pub const MOST_ALSO: usize = 8;
/// Maximum length of an id in characters.
const ID_CHARS: usize = 32;

impl Answer {
    /// Parses a datagram; `None` if it is no valid answer. Unknown fields are ignored, so that later versions can add some.
    #[must_use]
    pub fn parse(datagram: &[u8]) -> Option<Answer> {
        let answer: Answer = serde_json::from_slice(datagram.strip_prefix(ANSWER)?).ok()?;
        if answer.port == 0 {
            return None;
        }
        let name = cleaned(&answer.name, SERVER_NAME_CHARS);
        let version = cleaned(&answer.version, VERSION_CHARS);
        let id = cleaned(&answer.id, ID_CHARS);
        let also = answer.also.into_iter().take(MOST_ALSO).collect();
        Some(Answer { name, version, id, also, ..answer })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        write!(f, "{}{json}", String::from_utf8_lossy(ANSWER))
    }
}

/// Returns a text as it may stand in a table: cleaned, cut, and without wide gaps that would look like columns. Empty if
/// all of it is invisible.
fn cleaned(text: &str, max_chars: usize) -> String {
    let words = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
        return String::new();
    }
    words.chars().take(max_chars).collect::<String>().trim_end().to_owned()
}

/// A network of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address of this machine on the network.
    pub own: Ipv4Addr,
    /// The broadcast address of the network.
    pub global: Ipv4Addr,
}

impl Link {
    /// The network of an interface with address `own`, a mask, and the broadcast address if the system reports one
    /// (`told`). `None` if no other host can be there, as behind a /32.
    #[must_use]
    pub fn new(own: Ipv4Addr, mask: Ipv4Addr, told: Option<Ipv4Addr>) -> Option<Link> {
        if own.is_loopback() {
            // The system reports none for loopback, but this one reaches all sockets of the machine that share a port.
            return Some(Link { own, global: Ipv4Addr::new(127, 255, 255, 255) });
        }
        // Linux reports none, or the interface's own address, where the address was set without a broadcast address.
        // The usual one, with all host bits set, works there, too.
        let usual = Ipv4Addr::from_bits(own.to_bits() | !mask.to_bits());
        let global = told.filter(|told| !told.is_unspecified() && *told != own).unwrap_or(usual);
        let alone = mask.to_bits().count_ones() > 30 || mask.is_unspecified();
        (!alone && !own.is_unspecified()).then_some(Link { own, global })
    }
}

/// False for source addresses that no host can have, so that answers never go to broadcast or multicast addresses.
#[must_use]
pub fn is_credible(source: IpAddr) -> bool {
    let broadcast = matches!(source, IpAddr::V4(v4) if v4.is_broadcast() || v4.octets()[0] == 0);
    !(broadcast || source.is_unspecified() || source.is_multicast())
}

#[cfg(test)]
mod tests;
