//! Discovery: its datagrams as structs, the networks they go to, and the list that is made of them.
//!
//! Whatever comes from the network is hostile: anything malformed is nothing, and every text is cleaned and cut.
//! Addresses come from `core::net`: they are plain data here, with no socket in reach.

mod servers;

pub use servers::{Found, Kind, Servers};

use crate::clean::{clean, is_invisible};
use core::net::{IpAddr, Ipv4Addr};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most characters of a server's name.
pub const SERVER_NAME_CHARS: usize = 64;
/// The most characters of a version.
const VERSION_CHARS: usize = 32;
/// An answer is at most this many times as long as the question: less than that makes nobody's flood larger.
pub const ANSWER_RATIO: usize = 3;
/// How long our questions are: three times as much holds the longest name.
const QUESTION_BYTES: usize = 400;

const BEACON: &str = "LANTALK_SERVER:";
const QUESTION: &[u8] = b"LANDLINE? 1";
const ANSWER: &[u8] = b"LANDLINE! 1 ";

/// What a server says of its LanTalk door every two seconds, as LanTalk 2.0 does: `LANTALK_SERVER:IP:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// Where the server says it is. Whoever hears it believes the packet's source address instead.
    pub addr: Ipv4Addr,
    /// The LanTalk door's port, never 0.
    pub port: u16,
}

impl Beacon {
    /// Reads a datagram.
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

/// The question "who is there?", padded so that the answer may be long enough.
#[must_use]
pub fn question() -> Vec<u8> {
    let mut question = [QUESTION, b" "].concat();
    question.resize(QUESTION_BYTES, b'.');
    question
}

/// Whether a datagram asks it, in the version that we speak.
#[must_use]
pub fn is_question(datagram: &[u8]) -> bool {
    let rest = datagram.strip_prefix(QUESTION);
    rest.is_some_and(|padding| padding.first().is_none_or(u8::is_ascii_whitespace))
}

/// What a server says of itself when it is asked: `LANDLINE! 1 {…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The server's name.
    pub name: String,
    /// Where the server says it is. Whoever hears it believes the packet's source address instead.
    pub addr: IpAddr,
    /// The main port, never 0.
    pub port: u16,
    /// The LanTalk door's port; 0 if there is none.
    pub lantalk: u16,
    /// How many people are there.
    pub users: u32,
    /// Whether the server has a password.
    pub password: bool,
    /// The server's version.
    pub version: String,
    /// What is the same in all answers of one running server; empty from servers that have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Other addresses of the server, so that it is listed once: two answers are of one server only if each has the
    /// address that the other came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<IpAddr>,
}

/// The most other addresses in an answer, for which its size has room.
pub const MOST_ALSO: usize = 8;
/// The most characters of an id.
const ID_CHARS: usize = 32;

impl Answer {
    /// Reads a datagram. Fields that are not known are left for later versions.
    #[must_use]
    pub fn parse(datagram: &[u8]) -> Option<Answer> {
        let answer: Answer = serde_json::from_slice(datagram.strip_prefix(ANSWER)?).ok()?;
        if answer.port == 0 {
            return None;
        }
        let (name, version) = (shown(&answer.name, SERVER_NAME_CHARS), shown(&answer.version, VERSION_CHARS));
        let id = shown(&answer.id, ID_CHARS);
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

/// A text from the network as it may stand in a list: cleaned, and without gaps that would look like columns.
fn shown(text: &str, most: usize) -> String {
    let words = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
        return String::new();
    }
    words.chars().take(most).collect::<String>().trim_end().to_owned()
}

/// A network that this machine is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// This machine's own address there.
    pub own: Ipv4Addr,
    /// The address that everybody there hears.
    pub everybody: Ipv4Addr,
}

impl Link {
    /// The network of an interface, from its own address, its mask, and its broadcast address if it tells one.
    /// `None` if there is nobody else, as behind a /32.
    #[must_use]
    pub fn new(own: Ipv4Addr, mask: Ipv4Addr, told: Option<Ipv4Addr>) -> Option<Link> {
        if own.is_loopback() {
            // A loopback interface tells none, but this reaches every socket on the machine that shares the port.
            return Some(Link { own, everybody: Ipv4Addr::new(127, 255, 255, 255) });
        }
        // Nor does one that was given its address by hand (or it tells its own): it has the usual one all the same.
        let usual = Ipv4Addr::from_bits(own.to_bits() | !mask.to_bits());
        let everybody = told.filter(|told| !told.is_unspecified() && *told != own).unwrap_or(usual);
        let alone = mask.to_bits().count_ones() > 30 || mask.is_unspecified();
        (!alone && !own.is_unspecified()).then_some(Link { own, everybody })
    }
}

/// Whether a datagram can have come from this address: one to which nothing may be sent is forged.
#[must_use]
pub fn is_credible(source: IpAddr) -> bool {
    let broadcast = matches!(source, IpAddr::V4(v4) if v4.is_broadcast() || v4.octets()[0] == 0);
    !(broadcast || source.is_unspecified() || source.is_multicast())
}

#[cfg(test)]
mod tests;
