//! Encryption of the connection to a server: the user's will, and the state of one connection. Pure.

use landline_common::tls::ServerKey;
use std::fmt;
use std::str::FromStr;

/// Digits of a fingerprint.
const DIGITS: usize = 40;

/// When to use TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TlsMode {
    /// Use TLS if the server has it. A server that was once met with TLS must have it.
    #[default]
    Auto,
    /// Never use TLS.
    Off,
    /// Refuse servers without TLS.
    Required,
}

/// The key that the user demands of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// The whole key.
    Key(ServerKey),
    /// The digits that the server's banner shows, without spaces.
    Digits(String),
    /// The whole key, of a server that was met at another address and was found again by its public id.
    Moved(ServerKey),
}

impl Fingerprint {
    /// Returns whether `key` is the demanded one.
    #[must_use]
    pub fn is_of(&self, key: &ServerKey) -> bool {
        match self {
            Fingerprint::Key(demanded) | Fingerprint::Moved(demanded) => demanded == key,
            Fingerprint::Digits(digits) => key.fingerprint().split(' ').collect::<String>() == *digits,
        }
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Fingerprint, String> {
        let bare: String = text.split_whitespace().collect();
        if let Ok(key) = bare.parse() {
            return Ok(Fingerprint::Key(key));
        }
        if bare.len() == DIGITS && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Fingerprint::Digits(bare));
        }
        Err(format!("a fingerprint has {DIGITS} digits, as the server's banner shows them, or 64 hexadecimal digits"))
    }
}

impl fmt::Display for Fingerprint {
    /// Writes groups of five digits, like the banner.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fingerprint::Key(key) | Fingerprint::Moved(key) => f.write_str(&key.fingerprint()),
            Fingerprint::Digits(digits) => {
                for (position, digit) in digits.chars().enumerate() {
                    let gap = if position > 0 && position % 5 == 0 { " " } else { "" };
                    write!(f, "{gap}{digit}")?;
                }
                Ok(())
            }
        }
    }
}

/// Encryption of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// The connection is in the clear.
    #[default]
    None,
    /// The connection uses TLS with a server of this key.
    Tls {
        /// The key, whose possession the server has proved.
        key: ServerKey,
        /// At the first meeting with a server: the note for the user.
        first_meeting: Option<Box<str>>,
    },
}

impl Encryption {
    /// Returns true if the connection is encrypted.
    #[must_use]
    pub fn is_on(&self) -> bool {
        *self != Encryption::None
    }

    /// Returns the key of the server; `None` in the clear.
    #[must_use]
    pub fn key(&self) -> Option<ServerKey> {
        match self {
            Encryption::Tls { key, .. } => Some(*key),
            Encryption::None => None,
        }
    }

    /// Returns the note about a first meeting.
    #[must_use]
    pub fn first_meeting(&self) -> Option<&str> {
        match self {
            Encryption::Tls { first_meeting, .. } => first_meeting.as_deref(),
            Encryption::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_and_without_spaces() {
        let key: ServerKey = "0f".repeat(32).parse().unwrap();
        let other: ServerKey = "1f".repeat(32).parse().unwrap();
        let digits = key.fingerprint();
        let bare: String = digits.split(' ').collect();
        for text in [&digits, &bare, &format!(" {digits}\n"), &key.to_string()] {
            let demanded: Fingerprint = text.parse().unwrap();
            assert!(demanded.is_of(&key) && !demanded.is_of(&other), "{text}");
            assert_eq!(demanded.to_string(), digits);
        }
        for wrong in ["", "12345", &bare[1..], &"x".repeat(40), &"0f".repeat(33)] {
            assert!(wrong.parse::<Fingerprint>().unwrap_err().contains("40 digits"), "{wrong}");
        }
    }
}
