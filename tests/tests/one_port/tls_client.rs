//! A client with TLS whose records the test controls.

use landline_common::tls::TlsSession;
use landline_tests::{DEADLINE, any_certificate, certificate::TestCertificate};
use rustls::ClientConfig;
use std::io::{IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

/// One connection.
pub struct TlsClient {
    pub stream: TcpStream,
    pub session: TlsSession,
    plaintext: Vec<u8>,
}

/// Connects with deadlines.
pub fn dial(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connecting");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    stream
}

/// Returns the first bytes of a client.
pub fn client_hello() -> Vec<u8> {
    let mut hello = Vec::new();
    let mut session = TlsSession::client(&any_certificate(), TestCertificate::name()).expect("a client");
    session.take_output(&mut hello);
    hello
}

/// Returns what the server sends until it ends the connection.
pub fn read_to_end(stream: &TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    // A reset may discard what was sent before it.
    let _ = (&mut &*stream).read_to_end(&mut received);
    received
}

impl TlsClient {
    /// Connects, and completes the handshake.
    pub fn connect(address: SocketAddr) -> TlsClient {
        TlsClient::over(dial(address), &any_certificate()).expect("a handshake")
    }

    /// Completes the handshake over a connection. Returns `None` if the server ends it.
    pub fn over(stream: TcpStream, config: &Arc<ClientConfig>) -> Option<TlsClient> {
        let session = TlsSession::client(config, TestCertificate::name()).expect("a client");
        let mut client = TlsClient { stream, session, plaintext: Vec::new() };
        client.flush();
        while client.session.is_handshaking() {
            if !client.fill() {
                return None;
            }
        }
        Some(client)
    }

    fn flush(&mut self) {
        let mut records = Vec::new();
        self.session.take_output(&mut records);
        let _ = self.stream.write_all(&records);
    }

    /// Reads more. Returns false at the end of the connection, or of the server's side.
    fn fill(&mut self) -> bool {
        let mut piece = [0; 16 << 10];
        let count = self.stream.read(&mut piece).unwrap_or(0);
        let is_sound = self.session.receive(&piece[..count], &mut self.plaintext).is_ok();
        self.flush();
        count > 0 && is_sound
    }

    /// Sends bytes in one record.
    pub fn send(&mut self, text: &str) {
        let mut records = Vec::new();
        self.session.encrypt(&[IoSlice::new(text.as_bytes())], &mut records);
        self.stream.write_all(&records).expect("sending");
    }

    /// Returns what the server sends next, as one `recv` would.
    pub fn receive(&mut self) -> String {
        while self.plaintext.is_empty() && self.fill() {}
        String::from_utf8(std::mem::take(&mut self.plaintext)).expect("UTF-8")
    }

    /// Returns what the server sends up to and with `text`.
    pub fn until(&mut self, text: &str) -> String {
        let mut all = String::new();
        while !all.contains(text) {
            let received = self.receive();
            assert!(!received.is_empty(), "the server closed before {text:?}: {all:?}");
            all.push_str(&received);
        }
        all
    }

    /// Returns what the server sends to the end of the connection.
    pub fn rest(&mut self) -> String {
        while self.fill() {}
        String::from_utf8(std::mem::take(&mut self.plaintext)).expect("UTF-8")
    }

    /// Ends this side in order, by `close_notify`.
    pub fn close(&mut self) {
        let mut records = Vec::new();
        self.session.close(&mut records);
        self.stream.write_all(&records).expect("sending");
        self.cut();
    }

    /// Ends the sending direction of the connection, without an end of TLS.
    pub fn cut(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("a socket");
    }
}
