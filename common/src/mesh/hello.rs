//! The datagram by which members find each other. Whoever hears it believes the address it comes from.

use super::id::NodeId;
use crate::UserName;
use serde::{Deserialize, Serialize};

/// What tells it from everything else on the port.
const WORD: &str = "mesh";
const VERSION: u32 = 1;
/// Every hello is as long: an answer is never longer than what it answers.
pub const HELLO_BYTES: usize = 320;
/// Longer ones are none.
const MOST_BYTES: usize = 1_024;
/// Ports below are for services of the system. No member listens there, and a hello with a forged sender must not make
/// everybody knock at them.
const FIRST_PORT: u16 = 1_024;

/// "I am here."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Who.
    pub id: NodeId,
    /// What they are called.
    pub name: UserName,
    /// The TCP port on which they can be dialled, 1024 or higher.
    pub port: u16,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    landline: String,
    v: u32,
    id: NodeId,
    name: String,
    port: u16,
    #[serde(default)]
    pad: String,
}

impl Hello {
    /// As it is sent.
    #[must_use]
    pub fn datagram(&self) -> Vec<u8> {
        let mut wire = Wire {
            landline: WORD.to_owned(),
            v: VERSION,
            id: self.id,
            name: self.name.to_string(),
            port: self.port,
            pad: String::new(),
        };
        // A struct of strings and numbers always serialises.
        let bare = serde_json::to_vec(&wire).unwrap_or_default();
        wire.pad = ".".repeat(HELLO_BYTES.saturating_sub(bare.len()));
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Reads a datagram. Fields that are not known are left for later versions.
    #[must_use]
    pub fn parse(datagram: &[u8]) -> Option<Hello> {
        if !(HELLO_BYTES..=MOST_BYTES).contains(&datagram.len()) {
            return None;
        }
        let wire: Wire = serde_json::from_slice(datagram).ok()?;
        let ours = wire.landline == WORD && wire.v == VERSION && wire.port >= FIRST_PORT;
        let name = UserName::parse(&wire.name).ok().filter(|name| name.check_new().is_ok())?;
        ours.then_some(Hello { id: wire.id, name, port: wire.port })
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
    fn all_hellos_are_equally_long() {
        for name in ["a", "zoë", &"漢".repeat(24), &"a".repeat(24)] {
            let datagram = hello(name).datagram();
            assert_eq!(datagram.len(), HELLO_BYTES);
            assert_eq!(Hello::parse(&datagram), Some(hello(name)));
        }
    }

    #[test]
    fn what_is_none_is_nothing() {
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
        fn junk_does_no_harm(junk in prop::collection::vec(any::<u8>(), 300..400)) {
            prop_assert_eq!(Hello::parse(&junk), None);
        }
    }
}
