//! Two clients meet on a stream: the handshake that proves the keys, then the one link of those that were opened.

use super::frame::Frame;
use crate::timed::Timed;
use landline_common::link::{Keys, LinkError, Opened, PublicKey, Side, Whom, open};
use std::net::TcpStream;
use std::time::Duration;

/// What both sides name in their handshake: a link for something else is none for this.
const PURPOSE: &str = "direct";
/// All of a handshake, however slowly its bytes come.
const PATIENCE: Duration = Duration::from_secs(5);

/// The keys that must be proven: one's own, and the other side's.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// One's own.
    pub own: Keys,
    /// The other side's.
    pub theirs: PublicKey,
}

/// A stream to the owner of the right key.
#[derive(Debug)]
pub(super) struct Met {
    /// The stream.
    pub stream: TcpStream,
    /// What seals and opens what goes over it.
    pub opened: Opened,
}

impl Pair {
    /// Shakes hands on a stream that was dialled. The other side does not know yet whether it is the one that counts.
    ///
    /// # Errors
    /// The stream broke, it took too long, or it is somebody else.
    pub fn dialled(&self, stream: TcpStream) -> Result<Met, LinkError> {
        let opened = self.shake(&mut Timed::new(&stream, PATIENCE), Side::Dialled)?;
        Ok(Met { stream, opened })
    }

    /// Shakes hands on a stream that was answered, and waits until the other side says that it is the one. Somebody
    /// who repeats what the owner of the key once sent gets no further than that.
    ///
    /// # Errors
    /// The same.
    pub fn answered(&self, stream: &TcpStream) -> Result<Met, LinkError> {
        let mut timed = Timed::new(stream, PATIENCE);
        let mut opened = self.shake(&mut timed, Side::Answered)?;
        let first = opened.opener.receive(&mut timed)?.ok_or(LinkError::Stranger)?;
        if Frame::read(&first) != Frame::Hello {
            return Err(LinkError::Stranger);
        }
        Ok(Met { stream: stream.try_clone()?, opened })
    }

    fn shake(&self, timed: &mut Timed<'_>, side: Side) -> Result<Opened, LinkError> {
        open(timed, (side, PURPOSE), &self.own, Whom::Known(&self.theirs))
    }
}

impl Met {
    /// Says that this is the link that counts.
    ///
    /// # Errors
    /// The stream broke.
    pub fn choose(&mut self) -> Result<(), LinkError> {
        self.opened.sealer.send(&mut Timed::new(&self.stream, PATIENCE), &Frame::Hello.bytes())
    }
}
