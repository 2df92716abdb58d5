//! Relays connections between clients and a server.
//!
//! A relay accepts clients and connects each of them to the server. For each direction of each connection, a thread
//! runs a [`Carrier`], which decides how bytes pass. [`crate::Proxy`], [`crate::Breaker`], [`crate::Scrambler`],
//! [`crate::Shaper`] and [`crate::TlsProxy`] have one each.

use landline_common::tls::TlsSession;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// Direction of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From clients to the server.
    ToServer,
    /// From the server to clients.
    ToClient,
}

/// Passes bytes on in one direction.
pub(crate) trait Carrier: Send + Sync + 'static {
    /// Passes bytes of one direction of a connection until that direction ends.
    fn carry(&self, direction: Direction, pair: &StreamPair);
    /// Called when the relay ends. Must end all waiting in [`Carrier::carry`].
    fn end(&self) {}
}

/// Both streams of one relayed connection.
#[derive(Debug)]
pub(crate) struct StreamPair {
    client: TcpStream,
    server: TcpStream,
    /// True if both ends must see a reset instead of an orderly end.
    reset: AtomicBool,
    /// TLS with the client, if the carrier ends it here.
    pub(crate) tls: OnceLock<Option<Mutex<TlsSession>>>,
}

/// A relay. Its connections end when it is dropped.
#[derive(Debug)]
pub(crate) struct Relay<C: Carrier> {
    address: SocketAddr,
    shared: Arc<RelayState<C>>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct RelayState<C> {
    carrier: C,
    is_over: AtomicBool,
    connections: Mutex<Vec<Weak<StreamPair>>>,
}

impl<C: Carrier> Relay<C> {
    /// Starts a relay to `server`, on a free loopback port.
    pub(crate) fn new(server: SocketAddr, carrier: C) -> Relay<C> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(RelayState { carrier, is_over: AtomicBool::new(false), connections: Mutex::default() });
        let shared_there = shared.clone();
        let acceptor = std::thread::spawn(move || {
            for client in listener.incoming() {
                if shared_there.is_over.load(SeqCst) {
                    return;
                }
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) {
                    shared_there.connect(client, server);
                }
            }
        });
        Relay { address, shared, acceptor: Some(acceptor) }
    }

    /// Returns the address for clients.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the carrier.
    pub(crate) fn carrier(&self) -> &C {
        &self.shared.carrier
    }

    /// Returns all open connections.
    pub(crate) fn connections(&self) -> Vec<Arc<StreamPair>> {
        let connections = self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.iter().filter_map(Weak::upgrade).collect()
    }
}

impl<C: Carrier> RelayState<C> {
    /// Registers a connection and starts its two threads.
    fn connect(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("a socket");
        }
        let pair = Arc::new(StreamPair { client, server, reset: AtomicBool::new(false), tls: OnceLock::new() });
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&pair));
        for direction in [Direction::ToServer, Direction::ToClient] {
            let (shared, pair) = (self.clone(), pair.clone());
            std::thread::spawn(move || shared.carrier.carry(direction, &pair));
        }
    }
}

impl<C: Carrier> Drop for Relay<C> {
    fn drop(&mut self) {
        self.shared.is_over.store(true, SeqCst);
        self.shared.carrier.end();
        // Wake the accepting thread.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        for pair in self.connections() {
            pair.shut_down(Shutdown::Both);
        }
    }
}

impl StreamPair {
    /// Returns source and destination of a direction.
    pub(crate) fn ends(&self, direction: Direction) -> (&TcpStream, &TcpStream) {
        match direction {
            Direction::ToServer => (&self.client, &self.server),
            Direction::ToClient => (&self.server, &self.client),
        }
    }

    /// Passes an orderly end of the sender on to the receiver.
    pub(crate) fn end(&self, direction: Direction) {
        if !self.is_reset() {
            let _ = self.ends(direction).1.shutdown(Shutdown::Write);
        }
    }

    /// Resets the connection on both sides. The reset is sent when both carriers have dropped their references.
    pub(crate) fn reset(&self) {
        self.reset.store(true, SeqCst);
        for stream in [&self.client, &self.server] {
            let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
        // Wake the reading threads only. A shutdown for writing would send an orderly end before the reset.
        self.shut_down(Shutdown::Read);
    }

    /// Returns whether [`StreamPair::reset`] was called.
    pub(crate) fn is_reset(&self) -> bool {
        self.reset.load(SeqCst)
    }

    /// Ends the connection on both sides.
    pub(crate) fn shut_down(&self, how: Shutdown) {
        for stream in [&self.client, &self.server] {
            let _ = stream.shutdown(how);
        }
    }
}
