//! Bad networks: a proxy between clients and a server that slows, splits, cuts or swallows what passes.

use crate::relay::{Carrier, Direction, Pair, Relay};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How bytes pass in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As they come.
    Whole,
    /// Each byte in a packet of its own.
    Split,
    /// So many bytes a second, each by itself.
    Slow(u32),
    /// After so many bytes the connection is reset on both sides.
    Cut(usize),
    /// After so many bytes nothing passes, and nobody is told: the cable is out.
    Pulled(usize),
}

/// A bad network in front of a server. Its connections end with it.
#[derive(Debug)]
pub struct Proxy(Relay<Network>);

#[derive(Debug)]
struct Network {
    up: Way,
    down: Way,
    /// Whether the proxy has ended; waiting ends then, too.
    is_over: Mutex<bool>,
    bell: Condvar,
}

impl Proxy {
    /// In front of `server`: what clients send passes `up`, and what it answers `down`.
    pub fn new(server: SocketAddr, up: Way, down: Way) -> Proxy {
        Proxy(Relay::new(server, Network { up, down, is_over: Mutex::default(), bell: Condvar::new() }))
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

impl Carrier for Network {
    fn carry(&self, direction: Direction, pair: &Pair) {
        let way = match direction {
            Direction::ToServer => self.up,
            Direction::ToClient => self.down,
        };
        let (mut from, mut to) = pair.ends(direction);
        let mut left = match way {
            Way::Cut(bytes) | Way::Pulled(bytes) => bytes,
            _ => usize::MAX,
        };
        let mut piece = [0; 64 << 10];
        while left > 0 {
            let most = left.min(piece.len());
            let Ok(read) = from.read(&mut piece[..most]) else { return pair.reset() };
            if read == 0 {
                return pair.end(direction);
            }
            left -= read;
            let passed = match way {
                Way::Split => piece[..read].chunks(1).all(|byte| to.write_all(byte).is_ok()),
                Way::Slow(speed) => {
                    let gap = Duration::from_secs(1) / speed;
                    piece[..read].chunks(1).all(|byte| self.pause(gap) && to.write_all(byte).is_ok())
                }
                Way::Whole | Way::Cut(_) | Way::Pulled(_) => to.write_all(&piece[..read]).is_ok(),
            };
            if !passed {
                return pair.reset();
            }
        }
        match way {
            Way::Pulled(_) => while self.pause(Duration::from_secs(3_600)) {},
            _ => pair.reset(),
        }
    }

    fn end(&self) {
        *self.lock() = true;
        self.bell.notify_all();
    }
}

impl Network {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `time`. False when the proxy has ended.
    fn pause(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut over = self.lock();
        while let Some(left) = end.checked_duration_since(Instant::now())
            && !*over
        {
            over = self.bell.wait_timeout(over, left).unwrap_or_else(PoisonError::into_inner).0;
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

    /// Both ends of a connection through a proxy.
    fn connected(up: Way, down: Way) -> (Proxy, TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Proxy::new(listener.local_addr().unwrap(), up, down);
        let client = TcpStream::connect(proxy.address()).unwrap();
        let (server, _) = listener.accept().unwrap();
        for stream in [&client, &server] {
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
        }
        (proxy, client, server)
    }

    /// Everything up to the end, and whether that was a reset.
    fn rest(mut stream: &TcpStream) -> (String, bool) {
        let mut all = Vec::new();
        let end = stream.read_to_end(&mut all);
        let reset = end.is_err_and(|why| why.kind() == ErrorKind::ConnectionReset);
        (String::from_utf8(all).unwrap(), reset)
    }

    #[test]
    fn everything_arrives_and_the_end_as_well() {
        for way in [Way::Whole, Way::Split, Way::Slow(1_000), Way::Cut(100), Way::Pulled(100)] {
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
    fn slow_bytes_take_their_time() {
        let (_proxy, mut client, server) = connected(Way::Slow(100), Way::Whole);
        let begun = Instant::now();
        client.write_all(&[b'x'; 30]).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&server).0.len(), 30);
        assert!(begun.elapsed() >= Duration::from_millis(290), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_cut_is_a_reset_on_both_sides_behind_what_passed() {
        let (_proxy, mut client, server) = connected(Way::Cut(3), Way::Whole);
        client.write_all(b"hello").unwrap();
        assert_eq!(rest(&client), (String::new(), true));
        let (passed, reset) = rest(&server);
        assert!(reset && "hel".starts_with(&passed), "{passed:?}");
    }

    #[test]
    fn of_a_pulled_cable_nobody_is_told() {
        let (proxy, mut client, server) = connected(Way::Pulled(3), Way::Pulled(0));
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
