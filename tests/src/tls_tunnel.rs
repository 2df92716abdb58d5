//! A tunnel to a server through TLS, for clients that speak in the clear.

use landline_common::tls::{KeyVerifier, TlsSession};
use rustls::pki_types::ServerName;
use rustls::{ALL_VERSIONS, ClientConfig, SupportedProtocolVersion};
use std::io::{IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Accepts connections, and passes each on to the server through TLS.
pub struct TlsTunnel {
    address: SocketAddr,
}

impl TlsTunnel {
    /// Opens a tunnel to `server`, whatever certificate it shows.
    #[must_use]
    pub fn to(server: SocketAddr) -> TlsTunnel {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for plain in listener.incoming().flatten() {
                relay(plain, TcpStream::connect(server).expect("the server"));
            }
        });
        TlsTunnel { address }
    }

    /// Returns the address for clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Returns a configuration that takes any certificate whose owner has the key.
#[must_use]
pub fn any_certificate() -> Arc<ClientConfig> {
    any_certificate_with(ALL_VERSIONS)
}

/// Returns a configuration like [`any_certificate`], with these versions of TLS.
#[must_use]
pub fn any_certificate_with(versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    Arc::new(KeyVerifier::new(|_| true).client_config(versions).expect("versions"))
}

/// Starts the two threads of one connection.
fn relay(plain: TcpStream, server: TcpStream) {
    let name = ServerName::try_from("localhost").expect("a name");
    let session = Arc::new(Mutex::new(TlsSession::client(&any_certificate(), name).expect("a client")));
    let (mut from_plain, mut to_plain) = (plain.try_clone().expect("a socket"), plain);
    let (mut to_server, mut from_server) = (server.try_clone().expect("a socket"), server);
    let mut hello = Vec::new();
    session.lock().expect("a lock").take_output(&mut hello);
    to_server.write_all(&hello).expect("the server");
    // The clear side is read once the handshake is complete, so that what the client sends is not split anew.
    let (shaken, is_shaken) = std::sync::mpsc::channel::<()>();
    let writing = session.clone();
    let mut answers = to_server.try_clone().expect("a socket");
    std::thread::spawn(move || {
        let mut piece = [0; 16 << 10];
        let _ = is_shaken.recv();
        loop {
            let count = from_plain.read(&mut piece).unwrap_or(0);
            let mut records = Vec::new();
            let mut session = writing.lock().expect("a lock");
            if count == 0 {
                session.close(&mut records);
            } else {
                session.encrypt(&[IoSlice::new(&piece[..count])], &mut records);
            }
            let is_sent = to_server.write_all(&records).is_ok();
            drop(session);
            if count == 0 || !is_sent {
                let _ = to_server.shutdown(Shutdown::Write);
                return;
            }
        }
    });
    std::thread::spawn(move || {
        let mut shaken = Some(shaken);
        let mut piece = [0; 16 << 10];
        loop {
            let count = from_server.read(&mut piece).unwrap_or(0);
            let (mut plaintext, mut answer) = (Vec::new(), Vec::new());
            let mut session = session.lock().expect("a lock");
            let is_valid = session.receive(&piece[..count], &mut plaintext).is_ok();
            session.take_output(&mut answer);
            let _ = answers.write_all(&answer);
            if !session.is_handshaking() {
                shaken = None;
            }
            drop(session);
            if to_plain.write_all(&plaintext).is_err() || count == 0 || !is_valid {
                let _ = to_plain.shutdown(Shutdown::Both);
                drop(shaken);
                return;
            }
        }
    });
}
