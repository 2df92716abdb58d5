//! Key pairs, and the forms in which users and files write keys.

use super::{LinkError, PATTERN_XX};
use blake2::{Blake2s256, Digest};
use snow::Builder;
use snow::params::NoiseParams;
use std::fmt;
use std::io;
use std::str::FromStr;
use thiserror::Error;

/// The X25519 public key by which other programs know a program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub(super) [u8; 32]);

/// The key pair of this program.
#[derive(Clone)]
pub struct Keys {
    pub(super) private: [u8; 32],
    pub(super) public: PublicKey,
}

impl Keys {
    /// Generates a new pair.
    ///
    /// # Errors
    /// [`LinkError::Stream`] if the system gives no random numbers.
    pub fn generate() -> Result<Keys, LinkError> {
        let no_randomness = || LinkError::Stream(io::Error::other("the system gives no random numbers"));
        let params: NoiseParams = PATTERN_XX.parse().map_err(|_| no_randomness())?;
        let pair = Builder::new(params).generate_keypair().map_err(|_| no_randomness())?;
        let half = |half: Vec<u8>| <[u8; 32]>::try_from(half).map_err(|_| no_randomness());
        Ok(Keys { private: half(pair.private)?, public: PublicKey(half(pair.public)?) })
    }

    /// Restores a pair from [`Keys::to_bytes`]. It is not checked that the two halves belong together.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Keys {
        let mut keys = Keys { private: [0; 32], public: PublicKey([0; 32]) };
        keys.private.copy_from_slice(&bytes[..32]);
        keys.public.0.copy_from_slice(&bytes[32..]);
        keys
    }

    /// Private key, then public key. Keep them in a file that only its owner can read.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.private);
        bytes[32..].copy_from_slice(&self.public.0);
        bytes
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }
}

impl fmt::Debug for Keys {
    /// Leaves the private key out, so that no log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.public).finish()
    }
}

impl PublicKey {
    /// The key as 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Forty digits in groups of five, for users to recognize a program by.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        digits(&[self])
    }

    /// Forty digits for a link between two keys, the same at both ends, for two users to compare aloud.
    #[must_use]
    pub fn fingerprint_with(&self, other: &PublicKey) -> String {
        digits(&[self.min(other), self.max(other)])
    }
}

fn digits(keys: &[&PublicKey]) -> String {
    let mut hash = Blake2s256::new_with_prefix(b"landline fingerprint 1");
    for key in keys {
        hash.update(key.0);
    }
    digit_groups(&hash.finalize())
}

/// Returns a hash as groups of five digits, one for each four bytes.
pub(crate) fn digit_groups(hash: &[u8]) -> String {
    let group =
        |bytes: &[u8]| format!("{:05}", bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)) % 100_000);
    hash.chunks(4).map(group).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for PublicKey {
    /// Writes 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a key is 64 hexadecimal digits")]
pub struct ParseKeyError;

impl FromStr for PublicKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<PublicKey, ParseKeyError> {
        bytes_of(text).map(PublicKey).ok_or(ParseKeyError)
    }
}

/// Decodes exactly `2 * N` hexadecimal digits in any case, the form in which keys are written.
#[must_use]
pub fn bytes_of<const N: usize>(digits: &str) -> Option<[u8; N]> {
    if digits.len() != 2 * N || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
