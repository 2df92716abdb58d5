//! The datagram by which the members of a mesh find each other.
//!
//! A hello carries a port but no address: a receiver uses the source address of the datagram.

use super::id::NodeId;
use crate::UserName;
use serde::{Deserialize, Serialize};

/// Marks a hello among other datagrams on the port.
const WORD: &str = "mesh";
const VERSION: u32 = 1;
/// Length of every hello in bytes. As an answer is no longer than its question, a forged source address gains nothing.
pub const HELLO_BYTES: usize = 320;
/// Longer datagrams are ignored.
const MAX_BYTES: usize = 1_024;
/// Lowest port that a hello may name. System services listen below it; a hello with a forged sender must not make all
/// members connect to them.
const FIRST_PORT: u16 = 1_024;

/// Announces a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Id of the member.
    pub id: NodeId,
    /// Name of the member.
    pub name: UserName,
    /// The TCP port at which the member accepts links, 1024 or higher.
    pub port: u16,
}

#[derive(Serialize, Deserialize)]
struct HelloObject {
    landline: String,
    v: u32,
    id: NodeId,
    name: String,
    port: u16,
    #[serde(default)]
    pad: String,
}

impl Hello {
    /// Returns the datagram, of [`HELLO_BYTES`] bytes.
    #[must_use]
    pub fn datagram(&self) -> Vec<u8> {
        let mut wire = HelloObject {
            landline: WORD.to_owned(),
            v: VERSION,
            id: self.id,
            name: self.name.to_string(),
            port: self.port,
            pad: String::new(),
        };
        // Serializing strings and numbers cannot fail.
        let unpadded = serde_json::to_vec(&wire).unwrap_or_default();
        wire.pad = ".".repeat(HELLO_BYTES.saturating_sub(unpadded.len()));
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Parses a datagram; `None` if it is not a valid hello of this version. Unknown fields are ignored.
    #[must_use]
    pub fn parse(datagram: &[u8]) -> Option<Hello> {
        if !(HELLO_BYTES..=MAX_BYTES).contains(&datagram.len()) {
            return None;
        }
        let wire: HelloObject = serde_json::from_slice(datagram).ok()?;
        let is_hello = wire.landline == WORD && wire.v == VERSION && wire.port >= FIRST_PORT;
        let name = UserName::parse(&wire.name).ok().filter(|name| name.check_new().is_ok())?;
        is_hello.then_some(Hello { id: wire.id, name, port: wire.port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hello(name: &str) -> Hello {
        Hello { id: NodeId(7), name: UserName::parse(name).unwrap(), port: 4_000 }
    }

    #[test]
    fn all_hellos_have_the_same_length() {
        for name in ["a", "zoë", &"漢".repeat(24), &"a".repeat(24)] {
            let datagram = hello(name).datagram();
            assert_eq!(datagram.len(), HELLO_BYTES);
            assert_eq!(Hello::parse(&datagram), Some(hello(name)));
        }
    }

    #[test]
    fn malformed_hellos_are_ignored() {
        let text = String::from_utf8(hello("bob").datagram()).unwrap();
        for (from, to) in [
            ("mesh", "mash"),
            ("\"v\":1", "\"v\":2"),
            ("bob", "b b"),
            ("bob", "info"),
            ("4000", "   0"),
            ("4000", "  22"),
            ("4000", "1023"),
            ("4000", "-400"),
            ("000007", "00000g"),
            (".\"}", ""),
            ("....", ""),
        ] {
            assert_eq!(Hello::parse(text.replacen(from, to, 1).as_bytes()), None, "{from}");
        }
        assert_eq!(Hello::parse(text.replacen("4000", "1024", 1).as_bytes()).map(|hello| hello.port), Some(1_024));
        assert!(Hello::parse(text.replacen("\"v\"", "\"new\":[1],\"v\"", 1).as_bytes()).is_some());
        assert_eq!(Hello::parse(format!("{text}{}", " ".repeat(1_024)).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn random_bytes_are_no_hello(junk in prop::collection::vec(any::<u8>(), 300..400)) {
            prop_assert_eq!(Hello::parse(&junk), None);
        }
    }
}
