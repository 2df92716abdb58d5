//! A proxy that records the first bytes of each connection, in the order in which they pass.

use crate::relay::{Carrier, Direction, Relay, StreamPair};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// Most bytes that are recorded of one connection.
const RECORDED_BYTES: usize = 16 << 10;

/// The proxy. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Recorder(Relay<Tape>);

/// The first bytes of a connection: which side sent them, and what, oldest first.
pub type Recording = Vec<(Direction, Vec<u8>)>;

#[derive(Debug, Default)]
struct Tape {
    /// By the client's address.
    recordings: Mutex<BTreeMap<SocketAddr, Recording>>,
}

impl Recorder {
    /// Starts a proxy in front of `server`.
    pub fn new(server: SocketAddr) -> Recorder {
        Recorder(Relay::new(server, Tape::default()))
    }

    /// Returns the address for clients.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Returns the recordings of all connections over which bytes have passed, also of those that have ended.
    pub fn recordings(&self) -> Vec<Recording> {
        let recordings = self.0.carrier().recordings.lock().unwrap_or_else(PoisonError::into_inner);
        recordings.values().cloned().collect()
    }
}

impl Tape {
    fn record(&self, client: SocketAddr, direction: Direction, bytes: &[u8]) {
        let mut recordings = self.recordings.lock().unwrap_or_else(PoisonError::into_inner);
        let recording = recordings.entry(client).or_default();
        let recorded: usize = recording.iter().map(|(_, bytes)| bytes.len()).sum();
        let space = RECORDED_BYTES.saturating_sub(recorded).min(bytes.len());
        if space > 0 {
            recording.push((direction, bytes[..space].to_vec()));
        }
    }
}

impl Carrier for Tape {
    fn carry(&self, direction: Direction, pair: &StreamPair) {
        let (mut from, mut to) = pair.ends(direction);
        let Ok(client) = pair.ends(Direction::ToServer).0.peer_addr() else { return pair.reset() };
        let mut piece = vec![0; 64 << 10];
        loop {
            match from.read(&mut piece) {
                Ok(0) => return pair.end(direction),
                Ok(read) => {
                    // Before the bytes pass, so that what they cause is recorded after them.
                    self.record(client, direction, &piece[..read]);
                    if to.write_all(&piece[..read]).is_err() {
                        return pair.reset();
                    }
                }
                Err(_) => return pair.reset(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eventually;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    #[test]
    fn records_who_spoke_first_and_passes_everything_on() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let recorder = Recorder::new(listener.local_addr().unwrap());
        let mut client = TcpStream::connect(recorder.address()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(b"greeting").unwrap();
        client.read_exact(&mut [0; 8]).unwrap();
        let sent = vec![b'x'; 3 * RECORDED_BYTES];
        client.write_all(&sent).unwrap();
        let mut received = vec![0; sent.len()];
        server.read_exact(&mut received).unwrap();
        assert_eq!(received, sent);
        eventually("the first bytes are recorded", || {
            let recordings = recorder.recordings();
            let recorded: usize = recordings[0].iter().map(|(_, bytes)| bytes.len()).sum();
            assert_eq!(recordings[0][0], (Direction::ToClient, b"greeting".to_vec()));
            recorded == RECORDED_BYTES
        });
    }
}
