//! Connections between clients and a server that pass through the test.
//!
//! A relay accepts clients, connects each to the server, and leaves each direction of each connection to a [`Carrier`]
//! on a thread of its own. What becomes of the bytes is the carrier's matter: [`crate::Proxy`], [`crate::Breaker`] and
//! [`crate::Scrambler`] are carriers.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What clients send.
    ToServer,
    /// What the server answers.
    ToClient,
}

/// Passes bytes on.
pub(crate) trait Carrier: Send + Sync + 'static {
    /// Carries one direction of a connection until that ends.
    fn carry(&self, direction: Direction, pair: &Pair);
    /// The relay ends: every wait in [`Carrier::carry`] must end, too.
    fn end(&self) {}
}

/// Both sides of one connection.
#[derive(Debug)]
pub(crate) struct Pair {
    client: TcpStream,
    server: TcpStream,
    /// Both are to see a reset, and not an end in order.
    reset: AtomicBool,
}

/// The relay. Its connections end with it.
#[derive(Debug)]
pub(crate) struct Relay<C: Carrier> {
    address: SocketAddr,
    shared: Arc<Shared<C>>,
    door: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared<C> {
    carrier: C,
    is_over: AtomicBool,
    connections: Mutex<Vec<Weak<Pair>>>,
}

impl<C: Carrier> Relay<C> {
    /// A relay in front of `server`, on a free port of loopback.
    pub(crate) fn new(server: SocketAddr, carrier: C) -> Relay<C> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared { carrier, is_over: AtomicBool::new(false), connections: Mutex::default() });
        let at_the_door = shared.clone();
        let door = std::thread::spawn(move || {
            for client in listener.incoming() {
                if at_the_door.is_over.load(SeqCst) {
                    return;
                }
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) {
                    at_the_door.connect(client, server);
                }
            }
        });
        Relay { address, shared, door: Some(door) }
    }

    /// Where clients find it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What carries the bytes.
    pub(crate) fn carrier(&self) -> &C {
        &self.shared.carrier
    }

    /// Every connection that stands.
    pub(crate) fn connections(&self) -> Vec<Arc<Pair>> {
        let connections = self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.iter().filter_map(Weak::upgrade).collect()
    }
}

impl<C: Carrier> Shared<C> {
    fn connect(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("a socket");
        }
        let pair = Arc::new(Pair { client, server, reset: AtomicBool::new(false) });
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
        // Wakes the thread that waits for clients.
        let _ = TcpStream::connect(self.address);
        if let Some(door) = self.door.take() {
            let _ = door.join();
        }
        for pair in self.connections() {
            pair.shut_down(Shutdown::Both);
        }
    }
}

impl Pair {
    /// Where bytes of that direction come from, and where they go.
    pub(crate) fn ends(&self, direction: Direction) -> (&TcpStream, &TcpStream) {
        match direction {
            Direction::ToServer => (&self.client, &self.server),
            Direction::ToClient => (&self.server, &self.client),
        }
    }

    /// The sender of that direction has ended in order: so does the connection to the receiver.
    pub(crate) fn end(&self, direction: Direction) {
        if !self.is_reset() {
            let _ = self.ends(direction).1.shutdown(Shutdown::Write);
        }
    }

    /// Both ends see a reset, as soon as both directions have let go of them.
    pub(crate) fn reset(&self) {
        self.reset.store(true, SeqCst);
        for stream in [&self.client, &self.server] {
            let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
        // Only the readers are woken: an end in order, sent ahead of the reset, would be seen.
        self.shut_down(Shutdown::Read);
    }

    /// Whether [`Pair::reset`] was called.
    pub(crate) fn is_reset(&self) -> bool {
        self.reset.load(SeqCst)
    }

    fn shut_down(&self, how: Shutdown) {
        for stream in [&self.client, &self.server] {
            let _ = stream.shutdown(how);
        }
    }
}
