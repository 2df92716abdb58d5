//! One side of a TLS connection (RFC 8446, RFC 5246) as a codec: bytes in, bytes out.
//!
//! Several threads send on one connection while another one reads, and TLS records carry sequence numbers, so record
//! order must equal wire order. The owner of a [`TlsSession`] therefore keeps it under the lock under which it also
//! sends: encrypting and queueing are one step, and so are decrypting and queueing what TLS itself answers.
//!
//! ```text
//! received bytes ─▶ receive() ─▶ plaintext          plaintext ─▶ encrypt() ─▶ bytes to send
//!                       └─▶ bytes to send: handshake, alerts
//! ```
//!
//! This module uses no socket and measures no time. Its caller decides which keys of servers it accepts
//! ([`KeyVerifier`]).

mod verifier;

pub use verifier::KeyVerifier;

use crate::link::{ParseKeyError, bytes_of, digit_groups};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{NoServerSessionStorage, ParsedCertificate};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{IoSlice, Read, Write};
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// The first bytes of a TLS connection: a record of type handshake (22) with the major version 3 (RFC 8446, section
/// 5.1).
pub const FIRST_BYTES: [u8; 2] = [0x16, 0x03];
/// Most bytes of one record on the wire: 2^14 of content, 2^8 for the cipher, and the header (RFC 5246, section 6.2.3).
pub const RECORD_BYTES: usize = (16 << 10) + 256 + 5;

/// The connection must end.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The peer violated the protocol, or refused it by an alert.
    #[error("{0}")]
    Protocol(#[from] rustls::Error),
}

/// One side of a TLS connection.
#[derive(Debug)]
pub struct TlsSession {
    connection: Box<Connection>,
    is_closed_by_peer: bool,
}

impl TlsSession {
    /// Starts the server's side. It waits for the client's first bytes.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub fn server(config: &Arc<ServerConfig>) -> Result<TlsSession, TlsError> {
        Ok(TlsSession::new(ServerConnection::new(config.clone())?.into()))
    }

    /// Starts the client's side. [`TlsSession::take_output`] has the first bytes to send.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub fn client(config: &Arc<ClientConfig>, server: ServerName<'static>) -> Result<TlsSession, TlsError> {
        Ok(TlsSession::new(ClientConnection::new(config.clone(), server)?.into()))
    }

    fn new(mut connection: Connection) -> TlsSession {
        // The default limit cuts writes. The owner bounds what waits.
        connection.set_buffer_limit(None);
        TlsSession { connection: Box::new(connection), is_closed_by_peer: false }
    }

    /// Takes received bytes, and appends the plaintext in them. Call [`TlsSession::take_output`] afterwards, also after
    /// an error: it then has the alert that tells the peer. Bytes behind the end of the peer's side are ignored.
    ///
    /// # Errors
    /// The connection must end.
    pub fn receive(&mut self, mut received: &[u8], plaintext: &mut Vec<u8>) -> Result<(), TlsError> {
        // `read_tls` fails only while plaintext waits, and it is taken after each call.
        while !self.is_closed_by_peer && self.connection.read_tls(&mut received).is_ok_and(|count| count > 0) {
            let state = self.connection.process_new_packets()?;
            self.is_closed_by_peer = state.peer_has_closed();
            let start = plaintext.len();
            plaintext.resize(start + state.plaintext_bytes_to_read(), 0);
            if self.connection.reader().read_exact(&mut plaintext[start..]).is_err() {
                plaintext.truncate(start);
            }
        }
        Ok(())
    }

    /// Encrypts `slices`, as if they were one, in as few records as possible, and appends the records to `out`. Before the
    /// end of the handshake they wait inside.
    pub fn encrypt(&mut self, slices: &[IoSlice<'_>], out: &mut Vec<u8>) {
        // Takes all bytes: the buffer has no limit.
        let _ = self.connection.writer().write_vectored(slices);
        self.take_output(out);
    }

    /// Returns true if [`TlsSession::take_output`] has bytes to send.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.connection.wants_write()
    }

    /// Appends the bytes that must be sent: parts of the handshake, and alerts.
    pub fn take_output(&mut self, out: &mut Vec<u8>) {
        while self.connection.wants_write() && self.connection.write_tls(out).is_ok() {}
    }

    /// Appends the record that ends this side (`close_notify`): without it the peer takes the end for a broken
    /// connection.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        self.connection.send_close_notify();
        self.take_output(out);
    }

    /// Returns true until the handshake is complete.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Returns true once the peer has ended its side in order. An end of the transport without it is a broken
    /// connection.
    #[must_use]
    pub fn is_closed_by_peer(&self) -> bool {
        self.is_closed_by_peer
    }

    /// Returns the key of the server's certificate, once a client has received it.
    #[must_use]
    pub fn server_key(&self) -> Option<ServerKey> {
        self.connection.peer_certificates().and_then(|chain| ServerKey::of_certificate(chain.first()?))
    }
}

/// Identifies a server's public key: the SHA-256 of its certificate's `SubjectPublicKeyInfo` (RFC 5280, section 4.1), as
/// in RFC 7469. It stays the same when a new certificate is made for the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerKey([u8; 32]);

impl ServerKey {
    /// Returns the key of a certificate, or `None` if the certificate cannot be parsed.
    #[must_use]
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Option<ServerKey> {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        Some(ServerKey(Sha256::digest(parsed.subject_public_key_info()).into()))
    }

    /// Returns forty digits in groups of five, for users to compare.
    #[must_use]
    pub fn fingerprint(self) -> String {
        digit_groups(&self.0)
    }
}

impl fmt::Display for ServerKey {
    /// Writes 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<ServerKey> for String {
    fn from(key: ServerKey) -> String {
        key.to_string()
    }
}

impl TryFrom<String> for ServerKey {
    type Error = ParseKeyError;

    fn try_from(text: String) -> Result<ServerKey, ParseKeyError> {
        text.parse()
    }
}

impl FromStr for ServerKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<ServerKey, ParseKeyError> {
        bytes_of(text).map(ServerKey).ok_or(ParseKeyError)
    }
}

/// Makes a server's configuration without session tickets: a resumed session would save 0.1 ms and cost memory.
#[must_use]
pub fn without_resumption(mut config: ServerConfig) -> ServerConfig {
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config
}

#[cfg(test)]
mod tests;
