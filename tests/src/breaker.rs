//! A proxy whose network breaks and freezes on command.
//!
//! A [`crate::Proxy`] has one fixed behavior for all connections. A breaker passes everything on until the test
//! commands otherwise, so a test can break a connection at any moment or byte.

use crate::relay::{Carrier, Direction, Relay, StreamPair};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The proxy. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Breaker(Relay<Gate>);

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    is_frozen: bool,
    /// The connection that passes this many more bytes in this direction is reset.
    break_after: Option<(Direction, usize)>,
    is_over: bool,
}

/// How to handle received bytes.
struct PassDecision {
    /// Number of bytes to pass on.
    bytes: usize,
    /// True if the connection is to be reset after them.
    breaks: bool,
}

impl Breaker {
    /// Starts a working network in front of `server`.
    pub fn new(server: SocketAddr) -> Breaker {
        Breaker(Relay::new(server, Gate::default()))
    }

    /// Returns the address for clients.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Stops all traffic in both directions, also ends and resets, as if the cable were unplugged. New connections are
    /// accepted, but nothing passes over them.
    pub fn freeze(&self) {
        self.change(|state| state.is_frozen = true);
    }

    /// Resumes traffic, beginning with what has arrived meanwhile.
    pub fn thaw(&self) {
        self.change(|state| state.is_frozen = false);
    }

    /// Resets all connections on both sides. Frozen bytes are lost.
    pub fn break_now(&self) {
        for pair in self.0.connections() {
            pair.reset();
        }
        self.change(|_| {});
    }

    /// Resets a connection as soon as `bytes` more bytes have passed in `direction`, counted over all connections.
    /// Bytes behind them are lost. With 0, the next byte or end does not pass.
    pub fn break_after(&self, direction: Direction, bytes: usize) {
        self.change(|state| state.break_after = Some((direction, bytes)));
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> usize {
        self.0.connections().len()
    }

    fn change(&self, change: impl FnOnce(&mut GateState)) {
        let gate = self.0.carrier();
        change(&mut gate.lock());
        gate.changed.notify_all();
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the network is frozen. Returns `None` if the connection or the proxy has ended.
    fn admit(&self, direction: Direction, arrived: usize, pair: &StreamPair) -> Option<PassDecision> {
        let mut state = self.lock();
        while state.is_frozen && !state.is_over && !pair.is_reset() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_over || pair.is_reset() {
            return None;
        }
        match state.break_after {
            Some((breaking, left)) if breaking == direction && arrived >= left => {
                state.break_after = None;
                Some(PassDecision { bytes: left, breaks: true })
            }
            Some((breaking, left)) if breaking == direction => {
                state.break_after = Some((direction, left - arrived));
                Some(PassDecision { bytes: arrived, breaks: false })
            }
            _ => Some(PassDecision { bytes: arrived, breaks: false }),
        }
    }
}

impl Carrier for Gate {
    fn carry(&self, direction: Direction, pair: &StreamPair) {
        let (mut from, mut to) = pair.ends(direction);
        let mut piece = [0; 16 << 10];
        loop {
            let read = from.read(&mut piece);
            // Ends and resets go through `admit`, too, so that they wait while the network is frozen.
            let arrived = *read.as_ref().unwrap_or(&0);
            let Some(PassDecision { bytes, breaks }) = self.admit(direction, arrived, pair) else { return };
            let passed = read.is_ok() && to.write_all(&piece[..bytes]).is_ok();
            if breaks || !passed {
                return pair.reset();
            }
            if arrived == 0 {
                return pair.end(direction);
            }
        }
    }

    fn end(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DEADLINE, eventually};
    use std::io::ErrorKind;
    use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
    use std::time::Duration;

    /// Returns both ends of a connection through a breaker.
    fn connected() -> (Breaker, TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let breaker = Breaker::new(listener.local_addr().unwrap());
        let client = TcpStream::connect(breaker.address()).unwrap();
        let (server, _) = listener.accept().unwrap();
        for stream in [&client, &server] {
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
        }
        (breaker, client, server)
    }

    fn read(mut stream: &TcpStream, bytes: usize) -> String {
        let mut text = vec![0; bytes];
        stream.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    /// Returns the next byte count or error, or `None` if nothing arrives for 100 ms.
    fn next(mut stream: &TcpStream) -> Option<Result<usize, ErrorKind>> {
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let read = stream.read(&mut [0; 1]).map_err(|why| why.kind());
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        (!matches!(read, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut))).then_some(read)
    }

    #[test]
    fn passes_bytes_and_ends() {
        let (_breaker, mut client, mut server) = connected();
        client.write_all(b"hello").unwrap();
        server.write_all(b"goodbye").unwrap();
        assert_eq!((read(&server, 5), read(&client, 7)), ("hello".into(), "goodbye".into()));
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(next(&server), Some(Ok(0)));
    }

    #[test]
    fn breaks_behind_any_byte_in_either_direction() {
        for bytes in 0..=5 {
            for direction in [Direction::ToServer, Direction::ToClient] {
                let (breaker, client, server) = connected();
                breaker.break_after(direction, bytes);
                let (mut from, to) = match direction {
                    Direction::ToServer => (&client, &server),
                    Direction::ToClient => (&server, &client),
                };
                // The kernel reports a reset once, to the first call: a write may take it from the read below.
                let at_write = b"hello".iter().find_map(|byte| from.write_all(&[*byte]).err());
                let mut passed = Vec::new();
                let end = (&*to).read_to_end(&mut passed).map_err(|why| why.kind());
                assert_eq!(end, Err(ErrorKind::ConnectionReset), "{direction:?} {bytes}");
                // A reset may overtake what was sent just before it.
                assert!(passed.len() <= bytes && b"hello".starts_with(&passed), "{direction:?} {bytes}: {passed:?}");
                let seen = at_write.map_or_else(|| next(from), |why| Some(Err(why.kind())));
                assert_eq!(seen, Some(Err(ErrorKind::ConnectionReset)), "{direction:?} {bytes}");
                eventually("the connection is gone", || breaker.connections() == 0);
                // The break applies once: a new connection can be made.
                assert!(TcpStream::connect(breaker.address()).is_ok());
            }
        }
    }

    #[test]
    fn frozen_bytes_and_ends_arrive_after_a_thaw() {
        let (breaker, mut client, mut server) = connected();
        breaker.freeze();
        client.write_all(b"hello").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        server.write_all(b"goodbye").unwrap();
        assert_eq!((next(&server), next(&client)), (None, None));
        breaker.thaw();
        assert_eq!((read(&server, 5), read(&client, 7)), ("hello".into(), "goodbye".into()));
        assert_eq!(next(&server), Some(Ok(0)));
    }

    #[test]
    fn a_frozen_connection_can_be_broken_and_a_new_one_made() {
        let (breaker, mut client, server) = connected();
        breaker.freeze();
        client.write_all(b"hello").unwrap();
        assert_eq!(next(&server), None);
        breaker.break_now();
        for stream in [&client, &server] {
            assert_eq!(next(stream), Some(Err(ErrorKind::ConnectionReset)));
        }
        assert!(TcpStream::connect(breaker.address()).is_ok());
    }
}
