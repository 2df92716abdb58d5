//! The id of a mesh member, valid until its program ends.
//!
//! An id has 128 bits: 64 random bits, drawn at each start, then the first 64 bits of a BLAKE2s hash of them and the
//! member's key. It is public. A link proves the key, and the key proves the id.

use crate::link::PublicKey;
use blake2::{Blake2s256, Digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// The id of a member, unique and bound to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u128);

impl NodeId {
    /// Computes the id of the member with this key, for freshly drawn `random` bytes.
    #[must_use]
    pub fn new(random: [u8; 8], key: &PublicKey) -> NodeId {
        let hash = Blake2s256::new_with_prefix(b"landline member 1").chain_update(key.as_bytes()).chain_update(random);
        let bytes = random.into_iter().chain(hash.finalize().into_iter().take(8));
        NodeId(bytes.fold(0, |id, byte| id << 8 | u128::from(byte)))
    }

    /// True if the id was computed with this key.
    #[must_use]
    pub fn belongs_to(&self, key: &PublicKey) -> bool {
        let [a, b, c, d, e, f, g, h, ..] = self.0.to_be_bytes();
        *self == NodeId::new([a, b, c, d, e, f, g, h], key)
    }

    /// The highest 24 bits, which event ids contain. Ids that differ in them have the same order.
    #[must_use]
    pub fn high_bits(self) -> u64 {
        u64::try_from(self.0 >> 104).unwrap_or(0)
    }

    /// The first `digits` hexadecimal digits, to tell members with the same name apart.
    #[must_use]
    pub fn tag(self, digits: usize) -> String {
        self.to_string().chars().take(digits).collect()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits")]
pub struct ParseNodeIdError;

impl FromStr for NodeId {
    type Err = ParseNodeIdError;

    fn from_str(text: &str) -> Result<NodeId, ParseNodeIdError> {
        let fits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let id = fits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        id.map(NodeId).ok_or(ParseNodeIdError)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodeId, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Keys;

    #[test]
    fn every_bit_of_an_id_is_bound_to_its_key() {
        let [key, other] = [1, 2].map(|byte| Keys::from_bytes(&[byte; 64]).public());
        let random = *b"\x01\x23\x45\x67\x89\xab\xcd\xef";
        let id = NodeId::new(random, &key);
        assert_eq!(id.to_string(), "0123456789abcdef0046f14efe77f32f");
        assert!(id.belongs_to(&key) && !id.belongs_to(&other));
        assert!(NodeId::new(random, &other).belongs_to(&other));
        for bit in 0..128 {
            assert!(!NodeId(id.0 ^ 1 << bit).belongs_to(&key), "{bit}");
        }
    }

    #[test]
    fn an_id_has_exactly_one_written_form() {
        let id = NodeId(0x0123_4567_89ab_cdef_0000_0000_0000_0001);
        assert_eq!(id.to_string(), "0123456789abcdef0000000000000001");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!((id.high_bits(), &*id.tag(4)), (0x01_2345, "0123"));
        for wrong in ["", "1", "+123456789abcdef0000000000000001", &"0".repeat(33), &"g".repeat(32)] {
            assert_eq!(wrong.parse::<NodeId>(), Err(ParseNodeIdError));
        }
    }
}
