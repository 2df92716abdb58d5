//! The encrypted link between two programs, for direct chats and the mesh: a Noise handshake (the Noise Protocol
//! Framework, revision 34), then frames. Every message on the wire, also of the handshake, has its length in front, as
//! two bytes, the high one first.

use blake2::{Blake2s256, Digest};
use snow::params::NoiseParams;
use snow::{Builder, HandshakeState, StatelessTransportState};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// Both know whose key to expect, and prove to have the other half of theirs.
const KNOWN: &str = "Noise_KK_25519_ChaChaPoly_BLAKE2s";
/// Both learn the other's key.
const ANYBODY: &str = "Noise_XX_25519_ChaChaPoly_BLAKE2s";
/// The same among those who share a secret: without it, nobody gets past the first message.
const INSIDERS: &str = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s";
/// The most bytes of one Noise message.
const FRAME_BYTES: usize = 65_535;
/// The bytes that prove that a message is whole.
const TAG_BYTES: usize = 16;
/// The most bytes of one message.
pub const MESSAGE_BYTES: usize = FRAME_BYTES - TAG_BYTES;
/// The longest message of these handshakes, which carry nothing of their own: two keys and two tags.
const HANDSHAKE_BYTES: usize = 2 * 32 + 2 * TAG_BYTES;

/// Why there is no link, or no longer.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The stream broke.
    #[error(transparent)]
    Stream(#[from] io::Error),
    /// The other side has not the key or the secret that was expected, or is no such program.
    #[error("the other side could not prove who it is")]
    Stranger,
    /// Something that was not sent by the other side, or not so, or not now.
    #[error("the link was tampered with, or is damaged")]
    Damaged,
    /// A message of more than [`MESSAGE_BYTES`].
    #[error("a message is too long")]
    TooLong,
}

/// The key by which others know a program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// A program's own key, with the half that it keeps to itself.
#[derive(Clone)]
pub struct Keys {
    private: [u8; 32],
    public: PublicKey,
}

/// Who begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one who dialled.
    Dialled,
    /// The one who answered.
    Answered,
}

/// Who may be at the other end.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'w> {
    /// The owner of this key, who expects ours.
    Known(&'w PublicKey),
    /// Anybody; with a secret, anybody who has the same.
    Anybody(Option<&'w [u8; 32]>),
}

/// Two ends that have proven who they are.
#[derive(Debug)]
pub struct Opened {
    /// The key of the other end.
    pub peer: PublicKey,
    /// Seals what is sent.
    pub sealer: Sealer,
    /// Opens what is received.
    pub opener: Opener,
}

/// The half of a link that sends.
#[derive(Debug)]
pub struct Sealer {
    state: Arc<StatelessTransportState>,
    sent: u64,
}

/// The half of a link that receives.
#[derive(Debug)]
pub struct Opener {
    state: Arc<StatelessTransportState>,
    received: u64,
}

/// Shakes hands over `stream`. Both sides must name the same `purpose`. Whoever calls bounds the time.
///
/// # Errors
/// The stream broke, or the other side is not who it should be.
pub fn open(
    stream: &mut (impl Read + Write),
    (side, purpose): (Side, &str),
    keys: &Keys,
    whom: Whom<'_>,
) -> Result<Opened, LinkError> {
    let mut state = handshake(side, purpose, keys, whom).map_err(|_| LinkError::Stranger)?;
    let mut message = [0; HANDSHAKE_BYTES];
    while !state.is_handshake_finished() {
        if state.is_my_turn() {
            let length = state.write_message(&[], &mut message).map_err(|_| LinkError::Stranger)?;
            write_frame(stream, &message[..length])?;
        } else {
            let length = read_length(stream)?.ok_or(LinkError::Stranger)?;
            let sealed = message.get_mut(..length).ok_or(LinkError::Stranger)?;
            stream.read_exact(sealed)?;
            state.read_message(sealed, &mut [0; HANDSHAKE_BYTES]).map_err(|_| LinkError::Stranger)?;
        }
    }
    let peer = state.get_remote_static().and_then(|key| key.try_into().ok()).map(PublicKey);
    let state = Arc::new(state.into_stateless_transport_mode().map_err(|_| LinkError::Stranger)?);
    Ok(Opened {
        peer: peer.ok_or(LinkError::Stranger)?,
        sealer: Sealer { state: state.clone(), sent: 0 },
        opener: Opener { state, received: 0 },
    })
}

fn handshake(side: Side, purpose: &str, keys: &Keys, whom: Whom<'_>) -> Result<HandshakeState, snow::Error> {
    let pattern = match whom {
        Whom::Known(_) => KNOWN,
        Whom::Anybody(None) => ANYBODY,
        Whom::Anybody(Some(_)) => INSIDERS,
    };
    let prologue = format!("landline {purpose} 1");
    let mut builder = Builder::new(pattern.parse::<NoiseParams>()?)
        .prologue(prologue.as_bytes())?
        .local_private_key(&keys.private)?;
    match whom {
        Whom::Known(key) => builder = builder.remote_public_key(&key.0)?,
        Whom::Anybody(Some(secret)) => builder = builder.psk(0, secret)?,
        Whom::Anybody(None) => {}
    }
    match side {
        Side::Dialled => builder.build_initiator(),
        Side::Answered => builder.build_responder(),
    }
}

impl Sealer {
    /// Sends one message.
    ///
    /// # Errors
    /// It is too long, or the stream broke; then there is no going on.
    pub fn send(&mut self, stream: &mut impl Write, message: &[u8]) -> Result<(), LinkError> {
        if message.len() > MESSAGE_BYTES {
            return Err(LinkError::TooLong);
        }
        let mut sealed = vec![0; message.len() + TAG_BYTES];
        let length = self.state.write_message(self.sent, message, &mut sealed).map_err(|_| LinkError::Damaged)?;
        self.sent += 1;
        Ok(write_frame(stream, &sealed[..length])?)
    }
}

impl Opener {
    /// Waits for the next message; `None` when the other side has ended the stream.
    ///
    /// # Errors
    /// The stream broke, or what came was not what the other side sent.
    pub fn receive(&mut self, stream: &mut impl Read) -> Result<Option<Vec<u8>>, LinkError> {
        let Some(length) = read_length(stream)? else { return Ok(None) };
        let mut sealed = vec![0; length];
        stream.read_exact(&mut sealed)?;
        let mut message = vec![0; length];
        let length = self.state.read_message(self.received, &sealed, &mut message).map_err(|_| LinkError::Damaged)?;
        self.received += 1;
        message.truncate(length);
        Ok(Some(message))
    }
}

/// In one write, so that it is one packet.
fn write_frame(stream: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u16::try_from(frame.len()).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    let mut whole = Vec::with_capacity(2 + frame.len());
    whole.extend_from_slice(&length.to_be_bytes());
    whole.extend_from_slice(frame);
    stream.write_all(&whole)?;
    stream.flush()
}

/// `None` where the stream ends between two frames.
fn read_length(stream: &mut impl Read) -> io::Result<Option<usize>> {
    let mut length = [0; 2];
    let read = loop {
        match stream.read(&mut length) {
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    match read {
        0 => return Ok(None),
        1 => stream.read_exact(&mut length[1..])?,
        _ => {}
    }
    Ok(Some(u16::from_be_bytes(length).into()))
}

impl Keys {
    /// New ones, of the system's randomness.
    ///
    /// # Errors
    /// The system has none.
    pub fn generate() -> Result<Keys, LinkError> {
        let no_randomness = || LinkError::Stream(io::Error::other("the system gives no random numbers"));
        let params: NoiseParams = ANYBODY.parse().map_err(|_| no_randomness())?;
        let pair = Builder::new(params).generate_keypair().map_err(|_| no_randomness())?;
        let half = |half: Vec<u8>| <[u8; 32]>::try_from(half).map_err(|_| no_randomness());
        Ok(Keys { private: half(pair.private)?, public: PublicKey(half(pair.public)?) })
    }

    /// Out of [`Keys::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Keys {
        let mut keys = Keys { private: [0; 32], public: PublicKey([0; 32]) };
        keys.private.copy_from_slice(&bytes[..32]);
        keys.public.0.copy_from_slice(&bytes[32..]);
        keys
    }

    /// Both halves, to be kept where nobody else reads.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.private);
        bytes[32..].copy_from_slice(&self.public.0);
        bytes
    }

    /// The half for others.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }
}

impl fmt::Debug for Keys {
    /// Without the private half.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.public).finish()
    }
}

impl PublicKey {
    /// As it goes over the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What people compare to know a program again: forty digits in groups of five.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        digits(&[self])
    }

    /// The same for a link of two: it does not matter who asks.
    #[must_use]
    pub fn fingerprint_with(&self, other: &PublicKey) -> String {
        digits(&[self.min(other), self.max(other)])
    }
}

fn digits(keys: &[&PublicKey]) -> String {
    let mut hash = Blake2s256::new_with_prefix(b"landline fingerprint 1");
    keys.iter().for_each(|key| hash.update(key.0));
    let hash = hash.finalize();
    let group =
        |bytes: &[u8]| format!("{:05}", bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)) % 100_000);
    hash.chunks(4).map(group).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for PublicKey {
    /// As 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// That is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a key is 64 hexadecimal digits")]
pub struct NoKey;

impl FromStr for PublicKey {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<PublicKey, NoKey> {
        bytes_of(text).map(PublicKey).ok_or(NoKey)
    }
}

/// The bytes of exactly `2 * N` hexadecimal digits, the form in which keys are written.
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

#[cfg(test)]
mod tests;
