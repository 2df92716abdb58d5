//! The encrypted link between two clients, for direct chats and the mesh: a Noise handshake (Noise Protocol Framework,
//! revision 34), then messages in both directions.
//!
//! Any host on a network can connect to a client, read what passes, and change it. A link therefore proves the key of the
//! peer, hides the content of messages, and detects bytes that were changed, repeated or left out. [`ExpectedPeer`] says what the
//! peer has to prove, and so selects the Noise pattern:
//!
//! | [`ExpectedPeer`] | pattern | used for | the peer proves |
//! |---|---|---|---|
//! | `Known(key)` | KK | direct chats | that it owns this key; it expects ours |
//! | `Any(None)` | XX | open mesh | that it owns the key that it names |
//! | `Any(Some(secret))` | XXpsk0 | mesh with a passphrase | the same, and that it knows the secret |
//!
//! Every Noise message, also those of the handshake, is one frame:
//!
//! ```text
//! | length, 2 bytes, big-endian | that many bytes |
//! ```
//!
//! A link with XX or XXpsk0 goes through these steps (the letters are Noise's: `e`, `s` are keys, pairs of them are key
//! exchanges). KK has no third message, as both keys are known:
//!
//! ```text
//! dialing                    answering
//!    | ---- e -----------------> |   with psk0, a wrong secret fails here
//!    | <--- e, ee, s, es ------- |
//!    | ---- s, se -------------> |
//!    | <--- messages 0, 1, … --> |   counted apart in each direction
//! ```
//!
//! The count of a message is its nonce and is never sent. A changed, repeated or reordered message, and any message behind
//! a missing one, therefore fails to decrypt ([`LinkError::Damaged`]). The link is of no use after that.
//!
//! [`LinkSender`] and [`LinkReceiver`] are independent, so that one thread can send while another one receives, without a lock.
//!
//! This module sets no deadlines (the stream does that), hides no lengths, and does not reconnect.

mod keys;

pub(crate) use keys::digit_groups;
pub use keys::{Keys, ParseKeyError, PublicKey, bytes_of};

use snow::params::NoiseParams;
use snow::{Builder, HandshakeState, StatelessTransportState};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use thiserror::Error;

/// Both sides know each other's public key beforehand.
const PATTERN_KK: &str = "Noise_KK_25519_ChaChaPoly_BLAKE2s";
/// Both sides learn each other's public key from the handshake.
const PATTERN_XX: &str = "Noise_XX_25519_ChaChaPoly_BLAKE2s";
/// As XX, with a shared secret: the first message of a peer without it fails to decrypt.
const PATTERN_XX_PSK0: &str = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s";
/// Maximum length of a Noise message in bytes.
const FRAME_BYTES: usize = 65_535;
/// Length in bytes of the authentication tag at the end of each message.
const TAG_BYTES: usize = 16;
/// Maximum length of a message in bytes, before encryption.
pub const MESSAGE_BYTES: usize = FRAME_BYTES - TAG_BYTES;
/// Maximum length of a handshake message in bytes: two keys and two tags, as these handshakes have no payload.
const HANDSHAKE_BYTES: usize = 2 * 32 + 2 * TAG_BYTES;

/// Why a link could not be opened, or broke.
#[derive(Debug, Error)]
pub enum LinkError {
    /// Reading or writing failed, or the stream ended within a message or the handshake.
    #[error(transparent)]
    Stream(#[from] io::Error),
    /// The handshake failed: the peer has another key, secret or purpose than expected, or does not speak Noise.
    #[error("the other side could not prove its key or passphrase")]
    Unauthenticated,
    /// A message failed to decrypt: it was changed, repeated, reordered, or one before it is missing.
    #[error("a message could not be decrypted: the link is damaged, or was tampered with")]
    Damaged,
    /// A message to send has more than [`MESSAGE_BYTES`].
    #[error("the message is too long for the link: at most {MESSAGE_BYTES} bytes")]
    TooLong,
}

/// The part of a program in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The program made the connection and sends the first message (Noise initiator).
    Dialed,
    /// The program accepted the connection (Noise responder).
    Answered,
}

/// The peers that a handshake accepts. Both sides must use the same variant.
#[derive(Clone, Copy, Debug)]
pub enum ExpectedPeer<'w> {
    /// Only the owner of this key.
    Known(&'w PublicKey),
    /// The owner of any key; with a secret, only a peer that has the same one.
    Any(Option<&'w [u8; 32]>),
}

/// A link after a successful handshake.
#[derive(Debug)]
pub struct EncryptedLink {
    /// The peer's key, which it has proven to own.
    pub peer: PublicKey,
    /// Encrypts and sends messages.
    pub sealer: LinkSender,
    /// Receives and decrypts messages.
    pub opener: LinkReceiver,
}

/// The sending half of a link.
#[derive(Debug)]
pub struct LinkSender {
    state: Arc<StatelessTransportState>,
    /// Messages sent so far: the nonce of the next one.
    sent: u64,
}

/// The receiving half of a link.
#[derive(Debug)]
pub struct LinkReceiver {
    state: Arc<StatelessTransportState>,
    /// Messages received so far: the nonce of the next one.
    received: u64,
}

/// Performs the handshake over `stream` and returns the open link.
///
/// Both sides must name the same `purpose`: it keeps a handshake for one use from being replayed to another. The caller
/// sets deadlines on the stream.
///
/// An answering side that cannot read a message sends a frame of length 0 and gives up. The dialing side then fails with
/// [`LinkError::Unauthenticated`], and can tell a wrong key or secret from a lost connection. A plain end of the stream is
/// [`LinkError::Stream`], as the peer may only have been busy.
///
/// # Errors
/// [`LinkError::Unauthenticated`] or [`LinkError::Stream`].
pub fn open(
    stream: &mut (impl Read + Write),
    (side, purpose): (Side, &str),
    keys: &Keys,
    whom: ExpectedPeer<'_>,
) -> Result<EncryptedLink, LinkError> {
    let mut state = handshake_state(side, purpose, keys, whom).map_err(|_| LinkError::Unauthenticated)?;
    let mut message = [0; HANDSHAKE_BYTES];
    while !state.is_handshake_finished() {
        if state.is_my_turn() {
            let length = state.write_message(&[], &mut message).map_err(|_| LinkError::Unauthenticated)?;
            write_frame(stream, &message[..length])?;
        } else {
            let read = read_handshake(stream, &mut state, &mut message);
            if matches!(read, Err(LinkError::Unauthenticated)) && side == Side::Answered {
                // Tells the dialing side why. Best effort: the handshake has failed already.
                let _ = write_frame(stream, &[]);
            }
            read?;
        }
    }
    let peer = state.get_remote_static().and_then(|key| key.try_into().ok()).map(PublicKey);
    let state = Arc::new(state.into_stateless_transport_mode().map_err(|_| LinkError::Unauthenticated)?);
    Ok(EncryptedLink {
        peer: peer.ok_or(LinkError::Unauthenticated)?,
        sealer: LinkSender { state: state.clone(), sent: 0 },
        opener: LinkReceiver { state, received: 0 },
    })
}

/// Reads and processes the peer's next handshake message. An end of the stream is an error of the stream, never
/// [`LinkError::Unauthenticated`]: a busy peer closes, too.
fn read_handshake(
    stream: &mut impl Read,
    state: &mut HandshakeState,
    message: &mut [u8; HANDSHAKE_BYTES],
) -> Result<(), LinkError> {
    let length = read_length(stream)?.ok_or_else(|| io::Error::from(ErrorKind::UnexpectedEof))?;
    let frame = message.get_mut(..length).ok_or(LinkError::Unauthenticated)?;
    stream.read_exact(frame)?;
    state.read_message(frame, &mut [0; HANDSHAKE_BYTES]).map_err(|_| LinkError::Unauthenticated)?;
    Ok(())
}

fn handshake_state(
    side: Side,
    purpose: &str,
    keys: &Keys,
    whom: ExpectedPeer<'_>,
) -> Result<HandshakeState, snow::Error> {
    let pattern = match whom {
        ExpectedPeer::Known(_) => PATTERN_KK,
        ExpectedPeer::Any(None) => PATTERN_XX,
        ExpectedPeer::Any(Some(_)) => PATTERN_XX_PSK0,
    };
    let prologue = format!("landline {purpose} 1");
    let mut builder = Builder::new(pattern.parse::<NoiseParams>()?)
        .prologue(prologue.as_bytes())?
        .local_private_key(&keys.private)?;
    match whom {
        ExpectedPeer::Known(key) => builder = builder.remote_public_key(&key.0)?,
        ExpectedPeer::Any(Some(secret)) => builder = builder.psk(0, secret)?,
        ExpectedPeer::Any(None) => {}
    }
    match side {
        Side::Dialed => builder.build_initiator(),
        Side::Answered => builder.build_responder(),
    }
}

impl LinkSender {
    /// Encrypts and sends one message.
    ///
    /// # Errors
    /// [`LinkError::TooLong`], and nothing was sent. After any other error the link must be closed: part of the message
    /// may be on its way.
    pub fn send(&mut self, stream: &mut impl Write, message: &[u8]) -> Result<(), LinkError> {
        if message.len() > MESSAGE_BYTES {
            return Err(LinkError::TooLong);
        }
        let mut encrypted = vec![0; message.len() + TAG_BYTES];
        let length = self.state.write_message(self.sent, message, &mut encrypted).map_err(|_| LinkError::Damaged)?;
        self.sent += 1;
        Ok(write_frame(stream, &encrypted[..length])?)
    }
}

impl LinkReceiver {
    /// Waits for the next message; `None` if the stream ended between two messages.
    ///
    /// The end of the stream is not authenticated: an attacker can cut a link off. A protocol that must know needs a
    /// message that says goodbye.
    ///
    /// # Errors
    /// [`LinkError::Stream`] or [`LinkError::Damaged`]; the link must be closed.
    pub fn receive(&mut self, stream: &mut impl Read) -> Result<Option<Vec<u8>>, LinkError> {
        let Some(length) = read_length(stream)? else { return Ok(None) };
        let mut encrypted = vec![0; length];
        stream.read_exact(&mut encrypted)?;
        let mut message = vec![0; length];
        let length =
            self.state.read_message(self.received, &encrypted, &mut message).map_err(|_| LinkError::Damaged)?;
        self.received += 1;
        message.truncate(length);
        Ok(Some(message))
    }
}

/// Writes length and content with one call: two small writes would become two packets.
fn write_frame(stream: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u16::try_from(frame.len()).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    let mut bytes = Vec::with_capacity(2 + frame.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(frame);
    stream.write_all(&bytes)?;
    stream.flush()
}

/// Reads the length of the next frame; `None` if the stream ends before it.
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

#[cfg(test)]
mod tests;
