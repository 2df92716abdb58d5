//! Sets up the link of two clients: a handshake that proves both keys, then the choice of one link.
//!
//! The dialing client may open several links at once. It sends [`Frame::Hello`] on the one that counts, and the other
//! client accepts no link before that message.

use super::frame::Frame;
use crate::deadline_stream::DeadlineStream;
use landline_common::link::{EncryptedLink, ExpectedPeer, Keys, LinkError, PublicKey, Side, open};
use std::net::TcpStream;
use std::time::Duration;

/// Purpose that both sides put into the handshake. A link for a mesh fails here, even with the right keys.
const PURPOSE: &str = "direct";
/// Time limit for a whole handshake, however slowly its bytes arrive.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The keys that the handshake proves.
#[derive(Clone, Debug)]
pub(super) struct ExpectedKeys {
    /// Keys of this client.
    pub own: Keys,
    /// Public key of the other client, as the server carried it.
    pub theirs: PublicKey,
}

/// A link to the owner of the right key.
#[derive(Debug)]
pub(super) struct Established {
    /// The stream.
    pub stream: TcpStream,
    /// Encryption state of both directions.
    pub opened: EncryptedLink,
}

impl ExpectedKeys {
    /// Runs the handshake on a dialed stream. The link counts only after [`Established::choose`].
    ///
    /// # Errors
    /// The stream broke, the time limit passed, or the other side has a wrong key.
    pub fn initiate(&self, stream: TcpStream) -> Result<Established, LinkError> {
        let opened = self.shake_hands(&mut DeadlineStream::new(&stream, HANDSHAKE_TIMEOUT), Side::Dialled)?;
        Ok(Established { stream, opened })
    }

    /// Runs the handshake on an accepted stream, and waits for the first message, which chooses this link. That message
    /// also proves that the handshake is no replay: an attacker who repeats recorded bytes cannot encrypt it.
    ///
    /// # Errors
    /// As [`ExpectedKeys::dialled`]; also if the first message is not [`Frame::Hello`].
    pub fn respond(&self, stream: &TcpStream) -> Result<Established, LinkError> {
        let mut timed = DeadlineStream::new(stream, HANDSHAKE_TIMEOUT);
        let mut opened = self.shake_hands(&mut timed, Side::Answered)?;
        let first = opened.opener.receive(&mut timed)?.ok_or(LinkError::Unauthenticated)?;
        if Frame::read(&first) != Frame::Hello {
            return Err(LinkError::Unauthenticated);
        }
        Ok(Established { stream: stream.try_clone()?, opened })
    }

    fn shake_hands(&self, timed: &mut DeadlineStream<&TcpStream>, side: Side) -> Result<EncryptedLink, LinkError> {
        open(timed, (side, PURPOSE), &self.own, ExpectedPeer::Known(&self.theirs))
    }
}

impl Established {
    /// Tells the other client that this link counts.
    ///
    /// # Errors
    /// The stream broke or the time limit passed.
    pub fn choose(&mut self) -> Result<(), LinkError> {
        self.opened.sealer.send(&mut DeadlineStream::new(&self.stream, HANDSHAKE_TIMEOUT), &Frame::Hello.bytes())
    }
}
