//! Sends and receives hellos by UDP, on every network of this machine.
//!
//! Each network has a socket of its own, bound to this machine's address there. Broadcasts go out of that socket, and
//! other members answer to its port. So each program gets its own answers, even if several programs on one machine
//! share the port for broadcasts.

use super::hello::Hello;
use super::hello_limiter::HelloLimiter;
use super::limits::HANDSHAKE_MS;
use crate::interfaces::{enlarge_receive_buffer, networks, read_datagrams, shared_socket, socket_on};
use landline_common::beacon::{Link, is_credible};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes to read of a hello; more than any hello has.
const MAX_HELLO_BYTES: usize = 1_100;
/// Interval at which the receiving thread looks for new networks.
const REFRESH_INTERVAL: Duration = Duration::from_millis(HANDSHAKE_MS / 10);

/// A network, and the socket on it.
#[derive(Clone, Debug)]
struct BroadcastNetwork {
    link: Link,
    mask: Ipv4Addr,
    socket: Arc<UdpSocket>,
}

impl BroadcastNetwork {
    /// Returns whether an address is on this network.
    fn contains(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else { return false };
        address.to_bits() & self.mask.to_bits() == self.link.own.to_bits() & self.mask.to_bits()
    }
}

/// The sockets for hellos of one member.
#[derive(Debug)]
pub struct Broadcast {
    port: u16,
    /// The only local address to use, if the user has chosen one.
    only: Option<Ipv4Addr>,
    /// This member's hello.
    datagram: Vec<u8>,
    networks: Mutex<Vec<BroadcastNetwork>>,
    /// Receives broadcasts on the shared port.
    listener: UdpSocket,
}

impl Broadcast {
    /// Opens the shared port for hellos, and a socket for each network.
    ///
    /// # Errors
    /// Another program holds the port exclusively.
    pub fn open(port: u16, only: Option<Ipv4Addr>, hello: &Hello) -> io::Result<Broadcast> {
        // This socket receives from all networks; `receive_hellos` filters by `only`.
        let listener = shared_socket(port)?;
        enlarge_receive_buffer(&listener);
        let networks = Mutex::new(Vec::new());
        let broadcast = Broadcast { port, only, datagram: hello.datagram(), networks, listener };
        // Open the sockets now, so that `receive_hellos` listens on them before the first answer can arrive.
        broadcast.refresh_networks();
        Ok(broadcast)
    }

    /// Returns whether this machine is on no network.
    pub fn is_alone(&self) -> bool {
        self.networks().is_empty()
    }

    /// Broadcasts the hello on every network.
    pub fn announce(&self) {
        let networks = self.refresh_networks();
        for network in &networks {
            // Ignore errors: an interface may have gone down, and the others still work.
            let _ = network.socket.send_to(&self.datagram, (network.link.global, self.port));
        }
    }

    /// Sends the hello to one address, from the socket of the network that contains it.
    pub fn answer(&self, to: SocketAddr) {
        let networks = self.networks();
        if let Some(network) = networks.iter().find(|network| network.contains(to.ip())).or(networks.first()) {
            let _ = network.socket.send_to(&self.datagram, to);
        }
    }

    fn networks(&self) -> Vec<BroadcastNetwork> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lists the present networks. Keeps the sockets of known networks and opens sockets for new ones.
    fn refresh_networks(&self) -> Vec<BroadcastNetwork> {
        let mut known = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<BroadcastNetwork> = networks(self.only)
            .into_iter()
            .filter_map(|(link, mask)| match known.iter().find(|network| network.link == link) {
                Some(network) => Some(network.clone()),
                None => Some(BroadcastNetwork { link, mask, socket: Arc::new(socket_on(&link).ok()?) }),
            })
            .collect();
        now.clone_into(&mut known);
        now
    }

    /// Receives hellos until `handle` returns false. Ignores addresses that no member can have, and hellos above the
    /// limits.
    pub fn receive_hellos(&self, mut handle: impl FnMut(Hello, SocketAddr) -> bool) {
        let start = Instant::now();
        let mut limiter = HelloLimiter::default();
        loop {
            let networks = self.networks();
            let sockets = || networks.iter().map(|network| &*network.socket).chain([&self.listener]);
            let mut fds: Vec<PollFd<'_>> = sockets().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
            // Ignore errors: reading reports them again.
            let _ = poll(&mut fds, Timespec::try_from(REFRESH_INTERVAL).ok().as_ref());
            let now_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            for socket in sockets() {
                let more = read_datagrams::<MAX_HELLO_BYTES>(socket, |from, datagram| {
                    let is_wanted = self.only.is_none() || networks.iter().any(|network| network.contains(from.ip()));
                    let is_admitted = is_wanted && is_credible(from.ip()) && limiter.admit(from.ip(), now_ms);
                    match Hello::parse(datagram).filter(|_| is_admitted) {
                        Some(hello) => handle(hello, from),
                        None => true,
                    }
                });
                if !more {
                    return;
                }
            }
        }
    }
}
