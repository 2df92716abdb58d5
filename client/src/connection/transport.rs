//! The bytes of one connection: in the clear, or through TLS.
//!
//! One thread reads, another one writes, and the UI's thread ends the connection. Two locks keep them apart:
//!
//! | lock | held | why |
//! |---|---|---|
//! | `wire` | while bytes are encrypted *and* written | TLS records carry a sequence number, so record order must equal wire order |
//! | `tls` | while bytes are encrypted or decrypted | a session is one state |
//!
//! `wire` is taken before `tls`. The reading thread takes `wire` only if TLS itself has something to send. So it goes on
//! reading while the writing thread waits for a server that does not read: otherwise both sides could wait for ever.

use crate::deadline_stream::DeadlineStream;
use landline_common::tls::{FIRST_BYTES, RECORD_BYTES, ServerKey, TlsError, TlsSession};
use std::io::{self, Error, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Content type of a TLS alert (RFC 8446, section 5.1).
const ALERT: u8 = 21;

/// A connection to a server, shared by the threads that read it, write it and end it.
#[derive(Debug)]
pub(super) struct Transport {
    stream: Arc<TcpStream>,
    /// `None` in the clear.
    tls: Option<Mutex<TlsSession>>,
    wire: Mutex<()>,
}

/// Why a TLS handshake failed.
#[derive(Debug)]
pub(super) enum HandshakeError {
    /// The other side has not answered by TLS: it closed, sent other bytes, or an alert as its first record.
    NoTls,
    /// The connection broke, or the deadline has passed.
    Io(Error),
    /// The server violated TLS, or this side refused its certificate.
    Tls(TlsError),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Transport {
    /// Creates a transport over a connected stream, with TLS if there is a session.
    pub fn new(stream: TcpStream, tls: Option<TlsSession>) -> Transport {
        Transport { stream: Arc::new(stream), tls: tls.map(Mutex::new), wire: Mutex::default() }
    }

    /// Returns the stream, to watch or end it.
    pub fn stream(&self) -> &Arc<TcpStream> {
        &self.stream
    }

    /// Sends all bytes.
    ///
    /// # Errors
    /// The connection broke.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let _wire = lock(&self.wire);
        let Some(tls) = &self.tls else { return (&*self.stream).write_all(bytes) };
        let mut records = Vec::new();
        lock(tls).encrypt(&[IoSlice::new(bytes)], &mut records);
        (&*self.stream).write_all(&records)
    }

    /// Sends what TLS itself wants to send: parts of the handshake, alerts.
    fn send_pending(&self) -> io::Result<()> {
        let Some(tls) = &self.tls else { return Ok(()) };
        if !lock(tls).has_output() {
            return Ok(());
        }
        let _wire = lock(&self.wire);
        let mut records = Vec::new();
        lock(tls).take_output(&mut records);
        (&*self.stream).write_all(&records)
    }

    /// Ends this side in order: the server sees that nothing was cut. Waits for `timeout` at most.
    pub fn finish(&self, timeout: Duration) {
        // A writer that holds the lock is stuck, so the connection has no orderly end any more.
        if let (Some(tls), Ok(_wire)) = (&self.tls, self.wire.try_lock()) {
            let mut records = Vec::new();
            lock(tls).close(&mut records);
            let _ = self.stream.set_write_timeout(Some(timeout));
            let _ = (&*self.stream).write_all(&records);
        }
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends both sides at once. The threads that read and write then end, too.
    pub fn shut_down(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Returns the key of the server; `None` in the clear.
    pub fn server_key(&self) -> Option<ServerKey> {
        lock(self.tls.as_ref()?).server_key()
    }
}

/// Reads what the server sends, decrypted. Has a deadline until it is lifted.
#[derive(Debug)]
pub(super) struct TransportReader {
    transport: Arc<Transport>,
    input: DeadlineStream<Arc<TcpStream>>,
    /// Space for received bytes; empty in the clear.
    received: Box<[u8]>,
    plaintext: Vec<u8>,
    /// Number of bytes of `plaintext` that were taken.
    taken: usize,
}

impl TransportReader {
    /// Creates a reader whose reads fail after `end`.
    pub fn new(transport: &Arc<Transport>, end: Instant) -> TransportReader {
        let input = DeadlineStream::until(transport.stream.clone(), end);
        let received = vec![0; if transport.tls.is_some() { RECORD_BYTES } else { 0 }].into_boxed_slice();
        TransportReader { transport: transport.clone(), input, received, plaintext: Vec::new(), taken: 0 }
    }

    /// Returns true if the deadline has passed.
    pub fn is_over(&self) -> bool {
        self.input.is_over()
    }

    /// Lifts the deadline.
    ///
    /// # Errors
    /// The system's error.
    pub fn lift(&mut self) -> io::Result<()> {
        self.input.lift()
    }

    /// Runs the TLS handshake. In the clear there is none.
    ///
    /// # Errors
    /// The other side has no TLS, the server is refused, or the connection broke.
    pub fn handshake(&mut self) -> Result<(), HandshakeError> {
        let transport = self.transport.clone();
        let Some(tls) = &transport.tls else { return Ok(()) };
        transport.send_pending().map_err(HandshakeError::Io)?;
        let mut first = Vec::new();
        while lock(tls).is_handshaking() {
            let count = match self.input.read(&mut self.received) {
                Ok(0) if first.is_empty() => return Err(HandshakeError::NoTls),
                Ok(0) => return Err(HandshakeError::Io(ErrorKind::UnexpectedEof.into())),
                Err(why) if first.is_empty() && is_closed(&why) => return Err(HandshakeError::NoTls),
                read => read.map_err(HandshakeError::Io)?,
            };
            let wanted = FIRST_BYTES.len().saturating_sub(first.len());
            first.extend(self.received[..count].iter().take(wanted));
            if !may_be_tls(&first) {
                return Err(HandshakeError::NoTls);
            }
            match self.decrypt(count) {
                Ok(()) => {}
                Err(_) if first[0] == ALERT => return Err(HandshakeError::NoTls),
                Err(why) => return Err(HandshakeError::Tls(why)),
            }
        }
        Ok(())
    }

    /// Decrypts the first `count` received bytes, and sends what TLS answers.
    fn decrypt(&mut self, count: usize) -> Result<(), TlsError> {
        let Some(tls) = &self.transport.tls else { return Ok(()) };
        let done = lock(tls).receive(&self.received[..count], &mut self.plaintext);
        // If this fails, the next read fails, too.
        let _ = self.transport.send_pending();
        done
    }
}

/// Returns whether the first bytes of the other side may be those of a TLS record.
fn may_be_tls(first: &[u8]) -> bool {
    let [record, version] = FIRST_BYTES;
    first.iter().enumerate().all(|(position, byte)| match position {
        0 => [record, ALERT].contains(byte),
        _ => *byte == version,
    })
}

fn is_closed(why: &Error) -> bool {
    matches!(why.kind(), ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe)
}

impl Read for TransportReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let transport = self.transport.clone();
        let Some(tls) = &transport.tls else { return self.input.read(buffer) };
        while self.taken == self.plaintext.len() {
            self.plaintext.clear();
            self.taken = 0;
            if lock(tls).is_closed_by_peer() {
                return Ok(0);
            }
            match self.input.read(&mut self.received)? {
                // Without `close_notify` the end may be an attacker's.
                0 => return Err(Error::new(ErrorKind::UnexpectedEof, "it was cut")),
                count => self.decrypt(count).map_err(|why| Error::new(ErrorKind::InvalidData, why))?,
            }
        }
        let count = buffer.len().min(self.plaintext.len() - self.taken);
        buffer[..count].copy_from_slice(&self.plaintext[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_tls_by_its_first_two_bytes() {
        for tls in [&[][..], &[22], &[22, 3], &[21, 3]] {
            assert!(may_be_tls(tls), "{tls:?}");
        }
        for other in [&b"A"[..], b"50", &[22, 2], &[21, 13], &[23, 3], &[0]] {
            assert!(!may_be_tls(other), "{other:?}");
        }
    }
}
