//! A proxy with a bad network: it slows, splits, cuts or swallows bytes.

use crate::relay::{Carrier, Direction, Relay, StreamPair};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Behavior of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkBehavior {
    /// Bytes pass unchanged.
    Unchanged,
    /// Each byte is sent by itself.
    ByteByByte,
    /// This many bytes pass per second, each by itself.
    Slow(u32),
    /// The connection is reset on both sides after this many bytes.
    ResetAfter(usize),
    /// Nothing passes after this many bytes, without an end or a reset, as if the cable were unplugged.
    StallAfter(usize),
}

/// The proxy. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Proxy(Relay<BadNetwork>);

#[derive(Debug)]
struct BadNetwork {
    up: LinkBehavior,
    down: LinkBehavior,
    /// True if the proxy has ended.
    is_over: Mutex<bool>,
    /// Notified when the proxy ends.
    ended: Condvar,
}

impl Proxy {
    /// Starts a proxy in front of `server`. `up` applies to bytes of clients, `down` to bytes of the server.
    pub fn new(server: SocketAddr, up: LinkBehavior, down: LinkBehavior) -> Proxy {
        Proxy(Relay::new(server, BadNetwork { up, down, is_over: Mutex::default(), ended: Condvar::new() }))
    }

    /// Returns the address for clients.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

impl Carrier for BadNetwork {
    fn carry(&self, direction: Direction, pair: &StreamPair) {
        let way = match direction {
            Direction::ToServer => self.up,
            Direction::ToClient => self.down,
        };
        let (mut from, mut to) = pair.ends(direction);
        let mut left = match way {
            LinkBehavior::ResetAfter(bytes) | LinkBehavior::StallAfter(bytes) => bytes,
            _ => usize::MAX,
        };
        let mut piece = [0; 64 << 10];
        while left > 0 {
            let max = left.min(piece.len());
            let Ok(read) = from.read(&mut piece[..max]) else { return pair.reset() };
            if read == 0 {
                return pair.end(direction);
            }
            left -= read;
            let passed = match way {
                LinkBehavior::ByteByByte => piece[..read].chunks(1).all(|byte| to.write_all(byte).is_ok()),
                LinkBehavior::Slow(speed) => {
                    let gap = Duration::from_secs(1) / speed;
                    piece[..read].chunks(1).all(|byte| self.pause(gap) && to.write_all(byte).is_ok())
                }
                LinkBehavior::Unchanged | LinkBehavior::ResetAfter(_) | LinkBehavior::StallAfter(_) => {
                    to.write_all(&piece[..read]).is_ok()
                }
            };
            if !passed {
                return pair.reset();
            }
        }
        match way {
            LinkBehavior::StallAfter(_) => while self.pause(Duration::from_secs(3_600)) {},
            _ => pair.reset(),
        }
    }

    fn end(&self) {
        *self.lock() = true;
        self.ended.notify_all();
    }
}

impl BadNetwork {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `time`. Returns false if the proxy ends before.
    fn pause(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut over = self.lock();
        while let Some(left) = end.checked_duration_since(Instant::now())
            && !*over
        {
            over = self.ended.wait_timeout(over, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        !*over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DEADLINE;
    use std::io::ErrorKind;
    use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};

    /// Returns both ends of a connection through a proxy.
    fn connected(up: LinkBehavior, down: LinkBehavior) -> (Proxy, TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Proxy::new(listener.local_addr().unwrap(), up, down);
        let client = TcpStream::connect(proxy.address()).unwrap();
        let (server, _) = listener.accept().unwrap();
        for stream in [&client, &server] {
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
        }
        (proxy, client, server)
    }

    /// Reads to the end. Returns the text, and whether the end was a reset.
    fn rest(mut stream: &TcpStream) -> (String, bool) {
        let mut all = Vec::new();
        let end = stream.read_to_end(&mut all);
        let reset = end.is_err_and(|why| why.kind() == ErrorKind::ConnectionReset);
        (String::from_utf8(all).unwrap(), reset)
    }

    #[test]
    fn passes_bytes_and_ends() {
        for way in [
            LinkBehavior::Unchanged,
            LinkBehavior::ByteByByte,
            LinkBehavior::Slow(1_000),
            LinkBehavior::ResetAfter(100),
            LinkBehavior::StallAfter(100),
        ] {
            let (_proxy, mut client, mut server) = connected(way, way);
            client.write_all(b"hello").unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(rest(&server), ("hello".into(), false), "{way:?}");
            server.write_all(b"goodbye").unwrap();
            drop(server);
            assert_eq!(rest(&client), ("goodbye".into(), false), "{way:?}");
        }
    }

    #[test]
    fn limits_the_speed() {
        let (_proxy, mut client, server) = connected(LinkBehavior::Slow(100), LinkBehavior::Unchanged);
        let begun = Instant::now();
        client.write_all(&[b'x'; 30]).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&server).0.len(), 30);
        assert!(begun.elapsed() >= Duration::from_millis(290), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_cut_resets_both_sides_after_the_given_bytes() {
        let (_proxy, mut client, server) = connected(LinkBehavior::ResetAfter(3), LinkBehavior::Unchanged);
        client.write_all(b"hello").unwrap();
        assert_eq!(rest(&client), (String::new(), true));
        let (passed, reset) = rest(&server);
        assert!(reset && "hel".starts_with(&passed), "{passed:?}");
    }

    #[test]
    fn a_pulled_cable_causes_no_end_and_no_reset() {
        let (proxy, mut client, server) = connected(LinkBehavior::StallAfter(3), LinkBehavior::StallAfter(0));
        client.write_all(b"hello").unwrap();
        drop(client);
        let mut first = [0; 3];
        (&server).read_exact(&mut first).unwrap();
        assert_eq!(&first, b"hel");
        server.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let nothing = (&server).read(&mut first).unwrap_err().kind();
        assert!(matches!(nothing, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing:?}");
        drop(proxy);
        server.set_read_timeout(Some(DEADLINE)).unwrap();
        assert_eq!(rest(&server).0, "");
    }
}
