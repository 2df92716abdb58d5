//! The transport of one client: reads its bytes in the clear or through TLS. The outbox has the other direction, and both
//! share the state of TLS under its lock.

use crate::fanout::Outbox;
use crate::net::{ReadResult, Stream};
use std::sync::Arc;
use std::time::Instant;

/// A buffer that takes received bytes.
pub(super) trait Receive {
    /// Returns free space to read into, never empty. Report what was read by [`Receive::advance`].
    fn space(&mut self) -> &mut [u8];
    /// Accepts the first `count` bytes of [`Receive::space`].
    fn advance(&mut self, count: usize);
    /// Accepts bytes that are not in [`Receive::space`].
    fn accept(&mut self, bytes: &[u8]);
}

/// A decoder with a buffer of its own, to which received bytes are appended.
pub(super) trait Append {
    /// Takes received bytes.
    fn append(&mut self, bytes: &[u8]);
}

/// Bytes read at a time for a decoder: a whole request of a browser.
pub(super) const CHUNK_BYTES: usize = 2 << 10;

/// Reads for a decoder by chunks.
#[derive(Debug)]
pub(super) struct Chunks<D> {
    space: Vec<u8>,
    pub(super) decoder: D,
}

impl<D: Append> Chunks<D> {
    pub(super) fn new(decoder: D) -> Chunks<D> {
        Chunks { space: Vec::new(), decoder }
    }
}

impl<D: Append> Receive for Chunks<D> {
    fn space(&mut self) -> &mut [u8] {
        self.space.resize(CHUNK_BYTES, 0);
        &mut self.space
    }

    fn advance(&mut self, count: usize) {
        self.decoder.append(&self.space[..count]);
    }

    fn accept(&mut self, bytes: &[u8]) {
        self.decoder.append(bytes);
    }
}

/// Reads from one client.
pub(super) struct Transport<'s> {
    pub(super) stream: &'s Stream,
    pub(super) outbox: &'s Arc<Outbox>,
    /// The outbox decrypts.
    is_encrypted: bool,
    /// The client has ended its side of TLS.
    is_closed: bool,
}

impl<'s> Transport<'s> {
    pub(super) fn new(stream: &'s Stream, outbox: &'s Arc<Outbox>) -> Transport<'s> {
        Transport { stream, outbox, is_encrypted: false, is_closed: false }
    }

    /// Returns true if the client uses TLS.
    pub(super) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Decrypts all later bytes; the outbox has begun TLS.
    pub(super) fn start_tls(&mut self) {
        self.is_encrypted = true;
    }

    /// Reads into `input`, waiting until `deadline`. The number of bytes is that of the plaintext.
    pub(super) fn read(&mut self, input: &mut impl Receive, deadline: Instant) -> ReadResult {
        if !self.is_encrypted {
            let read = self.stream.read(input.space(), deadline);
            if let ReadResult::Bytes(count) = read {
                input.advance(count);
            }
            return read;
        }
        loop {
            if self.is_closed {
                return ReadResult::Closed;
            }
            // The space holds the records until they are decrypted.
            let space = input.space();
            let received = match self.stream.read(space, deadline) {
                ReadResult::Bytes(count) => &space[..count],
                // Without the end of TLS, bytes may be missing.
                ReadResult::Closed => return ReadResult::Broken,
                other => return other,
            };
            let mut plaintext = Vec::new();
            match self.outbox.receive(received, &mut plaintext) {
                Ok(is_closed) => self.is_closed = is_closed,
                Err(_) => return ReadResult::Broken,
            }
            if !plaintext.is_empty() {
                input.accept(&plaintext);
                return ReadResult::Bytes(plaintext.len());
            }
            // A client that sends empty records for ever never times out in `read`.
            if Instant::now() >= deadline {
                return ReadResult::TimedOut;
            }
        }
    }
}
