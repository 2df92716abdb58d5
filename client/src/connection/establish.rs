//! Dials a server and agrees with it on encryption, before a byte of a name or a password is sent.
//!
//! | the server answers the ClientHello | known with TLS, or TLS demanded | otherwise |
//! |---|---|---|
//! | with TLS and an accepted key | encrypted | encrypted; the key is stored |
//! | with TLS and another key | refused for good | – |
//! | with anything else, or closes | refused; a later attempt may succeed | dialed again, in the clear |
//! | not, or with broken TLS | failed | failed |
//!
//! Only an answer leads to the clear, so an attacker who holds back bytes gains nothing.

use super::dial::{dial, loss_of};
use super::transport::{HandshakeError, Transport, TransportReader};
use super::{ConnectionEvent, Loss, TransportSlot};
use crate::encryption::{Encryption, Fingerprint, TlsMode};
use crate::known_servers::{KnownServer, KnownServers, Recognition, local_time};
use jiff::Timestamp;
use landline_common::tls::{KeyVerifier, ServerKey};
use log::warn;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Error text for a service that does not answer.
pub(super) const TIMEOUT: &str = "the server did not answer the sign-in in time; is it a Landline server?";

/// How a server proves itself.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// When to use TLS.
    pub mode: TlsMode,
    /// The key that the user demands.
    pub fingerprint: Option<Fingerprint>,
    /// The servers that were met before.
    pub known: KnownServers,
}

/// A connection on which the sign-in may begin.
pub(super) struct Established {
    pub transport: Arc<Transport>,
    pub reader: TransportReader,
    pub encryption: Encryption,
}

/// What the server must prove, and why it is not spoken to in the clear.
enum Demand {
    /// The clear is allowed.
    None,
    /// `--tls required`.
    Tls,
    /// `--fingerprint`.
    Key,
    /// The server was found by its id, and was met with TLS at another address.
    Moved,
    /// The server was met with TLS.
    Known(KnownServer),
}

impl Security {
    /// Returns whether a key is accepted for the server.
    fn accepts(&self, server: &str, key: &ServerKey) -> bool {
        match &self.fingerprint {
            Some(fingerprint) => fingerprint.is_of(key),
            // A file that cannot be read accepts no key. `demand` tells the user.
            None => {
                matches!(self.known.recognize(server, key), Ok(Recognition::Known | Recognition::New))
            }
        }
    }

    fn demand(&self, server: &str) -> anyhow::Result<Demand> {
        Ok(match self.known.find(server)? {
            _ if matches!(self.fingerprint, Some(Fingerprint::Moved(_))) => Demand::Moved,
            _ if self.fingerprint.is_some() => Demand::Key,
            _ if self.mode == TlsMode::Required => Demand::Tls,
            Some(row) => Demand::Known(row),
            None => Demand::None,
        })
    }

    /// Returns the demand for a connection that leads to the socket address of a server that was met with TLS by another
    /// address: another spelling, or a host name.
    fn demand_of_peer(&self, demand: Demand, stream: &TcpStream) -> Result<Demand, ConnectionEvent> {
        if !matches!(demand, Demand::None) {
            return Ok(demand);
        }
        let broken = |why| ConnectionEvent::Down { loss: loss_of(&why), why: format!("the connection broke: {why}") };
        let row = self.known.find_peer(stream.peer_addr().map_err(broken)?);
        Ok(row.map_err(|why| untrusted(format!("{why:#}")))?.map_or(Demand::None, Demand::Known))
    }

    /// Stores a server whose key was accepted and proved. Returns the note about a first meeting.
    fn meet(&self, server: &str, peer: Option<SocketAddr>, key: &ServerKey) -> Option<Box<str>> {
        let is_new = matches!(self.known.recognize(server, key), Ok(Recognition::New)) && self.fingerprint.is_none();
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let stored = self.known.record_peer(server, peer, key, now);
        if is_new {
            let unsaved = match stored {
                Ok(()) => String::new(),
                Err(why) => format!("; the key is not stored: {why:#}"),
            };
            let note = format!(
                "first meeting with {server}: its key is {} (compare these digits with the server's banner{unsaved})",
                key.fingerprint()
            );
            self.known.note_first_meeting(server, &note);
        }
        self.known.first_meeting(server)
    }

    /// Explains why a key was refused.
    fn refusal(&self, server: &str, shown: &ServerKey) -> String {
        let digits = shown.fingerprint();
        if let Some(Fingerprint::Moved(key)) = &self.fingerprint {
            return format!(
                "not connected to {server}: it says that it is the server of the last session, but its key is {digits} \
                 instead of {}. No name and no password was sent. An attacker may have copied the server's id",
                key.fingerprint()
            );
        }
        if let Some(fingerprint) = &self.fingerprint {
            return format!(
                "not connected to {server}: its key is {digits}, and --fingerprint demands {fingerprint} (compare them \
                 with the server's banner)"
            );
        }
        match self.known.recognize(server, shown) {
            Ok(Recognition::Changed { expected, elsewhere }) => {
                let elsewhere = elsewhere.map_or(String::new(), |other| format!(" The new key is that of {other}."));
                format!(
                    "not connected to {server}: its key has changed. It is {digits} now, and since {} it was {}. No name \
                     and no password was sent.{elsewhere} The server was set up anew, or another server got this \
                     address, or an attacker stands in between. Compare the new digits with the server's banner (if \
                     they are right: landline trust forget {server}; the known keys are in {})",
                    local_time(&expected.first_met),
                    expected.key.fingerprint(),
                    self.known.path_text()
                )
            }
            Ok(_) => format!("not connected to {server}: its key was refused; try again"),
            Err(why) => format!("{why:#}"),
        }
    }
}

/// Explains why a server without TLS is not spoken to in the clear; `None` if it may be.
fn no_tls(demand: &Demand, server: &str) -> Option<String> {
    Some(match demand {
        Demand::None => return None,
        Demand::Tls => format!("not connected to {server}: it has no TLS, and --tls required demands it"),
        Demand::Key => format!("not connected to {server}: it has no TLS, and --fingerprint demands a key"),
        Demand::Moved => format!(
            "not connected to {server}: it did not answer with TLS, and the server of the last session had TLS at its \
             previous address. An attacker may have copied the server's id. No name and no password was sent"
        ),
        Demand::Known(row) => format!(
            "not connected to {server}: it did not answer with TLS, and had TLS at {}. An attacker may stand in between. No \
             name and no password was sent (if the server has no TLS any more: landline trust forget {})",
            local_time(&row.last_met),
            row.address
        ),
    })
}

fn untrusted(why: String) -> ConnectionEvent {
    warn!("connection: untrusted reason={why}");
    ConnectionEvent::Down { why, loss: Loss::Untrusted }
}

/// Dials `server` and agrees on encryption. Each transport is put into `slot`, so that the UI's thread can end it.
/// `again` means a reconnection. The time limit of the sign-in begins with the first connection.
///
/// # Errors
/// The server cannot be reached or is not trusted, or the attempt was given up.
pub(super) fn establish(
    server: &str,
    again: bool,
    security: &Security,
    slot: &TransportSlot,
    timeout: Duration,
) -> Result<Established, ConnectionEvent> {
    let dial = || dial(server, again).map_err(|why| ConnectionEvent::Down { why: why.why, loss: why.loss });
    let clear = |stream: TcpStream, end| {
        let transport = put(slot, Transport::new(stream, None))?;
        let reader = TransportReader::new(&transport, end);
        Ok(Established { transport, reader, encryption: Encryption::None })
    };
    if security.mode == TlsMode::Off {
        return clear(dial()?, Instant::now() + timeout);
    }
    let demand = security.demand(server).map_err(|why| untrusted(format!("{why:#}")))?;
    let stream = dial()?;
    let end = Instant::now() + timeout;
    let demand = security.demand_of_peer(demand, &stream)?;
    if matches!(demand, Demand::None) && security.known.is_clear(server) {
        return clear(stream, end);
    }
    let verifier = {
        let (security, server) = (security.clone(), server.to_owned());
        KeyVerifier::new(move |key| security.accepts(&server, key))
    };
    let session = verifier.session().map_err(|why| ConnectionEvent::down(&format!("TLS cannot be used: {why}")))?;
    let peer = stream.peer_addr().ok();
    let transport = put(slot, Transport::new(stream, Some(session)))?;
    let mut reader = TransportReader::new(&transport, end);
    match reader.handshake() {
        Ok(()) => {
            let Some(key) = transport.server_key() else {
                return Err(ConnectionEvent::down("the server has shown no key"));
            };
            let first_meeting = security.meet(server, peer, &key);
            Ok(Established { transport, reader, encryption: Encryption::Tls { key, first_meeting } })
        }
        Err(HandshakeError::NoTls) => match no_tls(&demand, server) {
            None => {
                transport.shut_down();
                // The name may lead to another address now.
                let stream = dial()?;
                match no_tls(&security.demand_of_peer(demand, &stream)?, server) {
                    None => clear(stream, end),
                    Some(why) => Err(ConnectionEvent::Down { why, loss: Loss::NoTls }),
                }
            }
            Some(why) => Err(ConnectionEvent::Down { why, loss: Loss::NoTls }),
        },
        Err(_) if reader.is_over() => Err(ConnectionEvent::down(TIMEOUT)),
        Err(HandshakeError::Io(why)) => {
            Err(ConnectionEvent::Down { loss: loss_of(&why), why: format!("the connection broke: {why}") })
        }
        Err(HandshakeError::Tls(why)) => Err(match verifier.refused() {
            Some(key) => untrusted(security.refusal(server, &key)),
            None => ConnectionEvent::down(&format!("not connected to {server}: TLS failed: {why}")),
        }),
    }
}

/// Puts a transport into the slot.
fn put(slot: &TransportSlot, transport: Transport) -> Result<Arc<Transport>, ConnectionEvent> {
    let transport = Arc::new(transport);
    if slot.put(&transport) { Ok(transport) } else { Err(ConnectionEvent::down("given up")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    fn key(byte: u8) -> ServerKey {
        format!("{byte:02x}").repeat(32).parse().unwrap()
    }

    /// Answers each connection in the clear. Returns the address.
    fn clear_server() -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 16]);
                let _ = stream.write_all(b"{\"error\":\"no TLS here\"}\n");
            }
        });
        address
    }

    fn attempt(server: &str, security: &Security) -> Result<Encryption, String> {
        match establish(server, false, security, &TransportSlot::default(), Duration::from_secs(5)) {
            Ok(established) => Ok(established.encryption),
            Err(ConnectionEvent::Down { why, .. }) => Err(why),
            Err(event) => panic!("{event:?}"),
        }
    }

    #[test]
    fn no_spelling_of_a_known_address_leads_to_the_clear() {
        let peer = clear_server();
        let port = peer.port();
        let spellings = [
            format!("127.0.0.1:{port}"),
            format!("[::ffff:127.0.0.1]:{port}"),
            #[cfg(unix)]
            format!("127.1:{port}"),
            format!("localhost:{port}"),
        ];
        let by_address = Security::default();
        by_address.known.record(&spellings[0], &key(1), Timestamp::now()).unwrap();
        let by_name = Security::default();
        by_name.known.record_peer(&format!("box:{port}"), Some(peer), &key(1), Timestamp::now()).unwrap();
        for security in [by_address, by_name] {
            for server in &spellings {
                security.known.note_clear(server);
                let why = attempt(server, &security).unwrap_err();
                let row = security.known.find_peer(peer).unwrap().unwrap();
                assert!(why.contains("had TLS") && why.contains(&format!("trust forget {})", row.address)), "{why}");
            }
        }
        assert_eq!(attempt(&spellings[0], &Security::default()).unwrap(), Encryption::None);
    }

    #[test]
    fn a_server_that_has_moved_must_prove_its_key() {
        let server = clear_server().to_string();
        assert_eq!(attempt(&server, &Security::default()).unwrap(), Encryption::None);
        let moved = Security { fingerprint: Some(Fingerprint::Moved(key(1))), ..Security::default() };
        assert!(attempt(&server, &moved).unwrap_err().contains("copied the server's id"));
        assert!(moved.accepts("b:1", &key(1)) && !moved.accepts("b:1", &key(2)));
        moved.known.record("b:1", &key(2), Timestamp::now()).unwrap();
        assert!(!moved.accepts("b:1", &key(2)), "a key that is known for the new address does not help");
        assert!(moved.refusal("b:1", &key(2)).contains("copied the server's id"));
    }
}
