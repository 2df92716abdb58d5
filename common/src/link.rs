//! The encrypted link between two programs, for direct chats and the mesh: a Noise handshake (the Noise Protocol
//! Framework, revision 34), then frames. Every message on the wire, also of the handshake, has its length in front, as
//! two bytes, the high one first.

mod keys;

pub use keys::{Keys, NoKey, PublicKey, bytes_of};

use snow::params::NoiseParams;
use snow::{Builder, HandshakeState, StatelessTransportState};
use std::io::{self, ErrorKind, Read, Write};
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

/// Shakes hands over `stream`. Both sides must name the same `purpose`. Whoever calls bounds the time. Who answers and
/// cannot open what came says so, by a message of no bytes, which nobody can open.
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
            let read = read_handshake(stream, &mut state, &mut message);
            if matches!(read, Err(LinkError::Stranger)) && side == Side::Answered {
                // So that they know why; if it does not arrive, they do not.
                let _ = write_frame(stream, &[]);
            }
            read?;
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

/// Reads the other side's next message. Whoever ends the stream instead may be busy: that does not say who they are.
fn read_handshake(
    stream: &mut impl Read,
    state: &mut HandshakeState,
    message: &mut [u8; HANDSHAKE_BYTES],
) -> Result<(), LinkError> {
    let length = read_length(stream)?.ok_or_else(|| io::Error::from(ErrorKind::UnexpectedEof))?;
    let sealed = message.get_mut(..length).ok_or(LinkError::Stranger)?;
    stream.read_exact(sealed)?;
    state.read_message(sealed, &mut [0; HANDSHAKE_BYTES]).map_err(|_| LinkError::Stranger)?;
    Ok(())
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

#[cfg(test)]
mod tests;
