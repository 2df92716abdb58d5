//! A TLS server in front of a server without TLS. It records what clients send, so it is also a man in the middle.

use crate::certificate::TestCertificate;
use crate::relay::{Carrier, Direction, Relay, StreamPair};
use landline_common::tls::TlsSession;
use std::io::{IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How the proxy behaves towards a client.
#[derive(Clone, Debug)]
pub enum Face {
    /// A TLS server with this identity.
    Tls(TestCertificate),
    /// A TLS server with this identity that knows only TLS 1.2.
    Tls12(TestCertificate),
    /// Passes all bytes on unchanged.
    Clear,
    /// Sends this text, and passes nothing on.
    Text(&'static str),
}

/// The proxy. Its connections end when it is dropped.
#[derive(Debug)]
pub struct TlsProxy(Relay<Terminator>);

#[derive(Debug)]
struct Terminator {
    face: Mutex<Face>,
    record: Mutex<Record>,
}

/// Bytes of clients.
#[derive(Clone, Debug, Default)]
struct Record {
    received: Vec<u8>,
    plaintext: Vec<u8>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Face {
    fn session(&self) -> Option<Mutex<TlsSession>> {
        match self {
            Face::Tls(identity) => Some(Mutex::new(identity.server_session(rustls::ALL_VERSIONS))),
            Face::Tls12(identity) => Some(Mutex::new(identity.server_session(&[&rustls::version::TLS12]))),
            Face::Clear | Face::Text(_) => None,
        }
    }
}

impl TlsProxy {
    /// Starts a proxy in front of `server`.
    pub fn new(server: SocketAddr, face: Face) -> TlsProxy {
        TlsProxy(Relay::new(server, Terminator { face: Mutex::new(face), record: Mutex::default() }))
    }

    /// Returns the address for clients.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Sets the behavior towards clients that connect from now on, and forgets what was received.
    pub fn set_face(&self, face: Face) {
        *lock(&self.0.carrier().face) = face;
        *lock(&self.0.carrier().record) = Record::default();
    }

    /// Returns all bytes that clients have sent.
    pub fn received(&self) -> Vec<u8> {
        lock(&self.0.carrier().record).received.clone()
    }

    /// Returns what clients have sent through TLS, decrypted.
    pub fn plaintext(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0.carrier().record).plaintext).into_owned()
    }

    /// Ends all connections on both sides, without the end of TLS.
    pub fn cut(&self) {
        for pair in self.0.connections() {
            pair.shut_down(Shutdown::Both);
        }
    }
}

impl Carrier for Terminator {
    fn carry(&self, direction: Direction, pair: &StreamPair) {
        let face = lock(&self.face).clone();
        let tls = pair.tls.get_or_init(|| face.session());
        match (direction, &face) {
            (Direction::ToServer, Face::Text(text)) => {
                let _ = pair.ends(Direction::ToClient).1.write_all(text.as_bytes());
                self.take_from_client(pair, None);
            }
            (Direction::ToServer, _) => self.take_from_client(pair, tls.as_ref()),
            (Direction::ToClient, Face::Text(_)) => {}
            (Direction::ToClient, _) => give_to_client(pair, tls.as_ref()),
        }
    }
}

impl Terminator {
    /// Decrypts, records and passes on what a client sends.
    fn take_from_client(&self, pair: &StreamPair, tls: Option<&Mutex<TlsSession>>) {
        let (mut client, mut server) = pair.ends(Direction::ToServer);
        let passes_on = !matches!(*lock(&self.face), Face::Text(_));
        let mut piece = [0; 16 << 10];
        while let Ok(count) = client.read(&mut piece)
            && count > 0
        {
            lock(&self.record).received.extend(&piece[..count]);
            let mut plaintext = Vec::new();
            let mut is_over = false;
            if let Some(tls) = tls {
                let mut session = lock(tls);
                is_over = session.receive(&piece[..count], &mut plaintext).is_err() || session.is_closed_by_peer();
                let mut answer = Vec::new();
                session.take_output(&mut answer);
                is_over |= client.write_all(&answer).is_err();
            } else {
                plaintext.extend(&piece[..count]);
            }
            if tls.is_some() {
                lock(&self.record).plaintext.extend(&plaintext);
            }
            if passes_on && server.write_all(&plaintext).is_err() || is_over {
                break;
            }
        }
        pair.end(Direction::ToServer);
    }
}

/// Encrypts and passes on what the server sends, and ends the connection in order behind it.
fn give_to_client(pair: &StreamPair, tls: Option<&Mutex<TlsSession>>) {
    let (mut server, mut client) = pair.ends(Direction::ToClient);
    let mut piece = [0; 16 << 10];
    while let Ok(count) = server.read(&mut piece) {
        let mut bytes = Vec::new();
        let mut session = tls.map(lock);
        match (&mut session, count) {
            (Some(session), 0) => session.close(&mut bytes),
            (Some(session), _) => session.encrypt(&[IoSlice::new(&piece[..count])], &mut bytes),
            (None, _) => bytes.extend(&piece[..count]),
        }
        if client.write_all(&bytes).is_err() || count == 0 {
            break;
        }
    }
    pair.end(Direction::ToClient);
}
