//! Hellos on their way: out on every network this machine is on, and in from whoever is there.
//!
//! Each network has a socket of its own, from which hellos go out; answers come back to it, so it does not matter that
//! several programs on a machine share the port on which hellos to everybody come in.

use super::hello::Hello;
use super::intake::Intake;
use super::limits::HANDSHAKE_MS;
use crate::networks::{enlarge_receive_buffer, networks, read_datagrams, shared_socket, socket_on};
use landline_common::beacon::{Link, is_credible};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longer than any hello.
const LONGEST: usize = 1_100;
/// New networks are listened to after so long.
const LOOK: Duration = Duration::from_millis(HANDSHAKE_MS / 10);

/// A network, and the socket on it.
#[derive(Clone, Debug)]
struct Network {
    link: Link,
    mask: Ipv4Addr,
    socket: Arc<UdpSocket>,
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else { return false };
        address.to_bits() & self.mask.to_bits() == self.link.own.to_bits() & self.mask.to_bits()
    }
}

/// Hellos of one member.
#[derive(Debug)]
pub struct Broadcast {
    port: u16,
    /// The only address to be heard and seen at.
    only: Option<Ipv4Addr>,
    datagram: Vec<u8>,
    networks: Mutex<Vec<Network>>,
    /// Where hellos to everybody come in, if the port can be had.
    listener: UdpSocket,
}

impl Broadcast {
    /// Opens the port on which all hear hellos.
    ///
    /// # Errors
    /// Another program keeps it for itself.
    pub fn open(port: u16, only: Option<Ipv4Addr>, hello: &Hello) -> io::Result<Broadcast> {
        // It hears all networks; those that are not wanted are left out below.
        let (networks, listener) = (Mutex::new(Vec::new()), shared_socket(port)?);
        enlarge_receive_buffer(&listener);
        let broadcast = Broadcast { port, only, datagram: hello.datagram(), networks, listener };
        // Before anybody can answer.
        broadcast.look();
        Ok(broadcast)
    }

    /// Whether there is no network.
    pub fn is_alone(&self) -> bool {
        self.networks().is_empty()
    }

    /// Says hello on every network.
    pub fn announce(&self) {
        let networks = self.look();
        for network in &networks {
            // An interface may have gone down since; the others are told all the same.
            let _ = network.socket.send_to(&self.datagram, (network.link.everybody, self.port));
        }
    }

    /// Says hello to one address, from the network it is on.
    pub fn answer(&self, to: SocketAddr) {
        let networks = self.networks();
        if let Some(network) = networks.iter().find(|network| network.has(to.ip())).or(networks.first()) {
            let _ = network.socket.send_to(&self.datagram, to);
        }
    }

    fn networks(&self) -> Vec<Network> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The networks as they are now, with the sockets there were, and new ones.
    fn look(&self) -> Vec<Network> {
        let mut known = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let now: Vec<Network> = networks(self.only)
            .into_iter()
            .filter_map(|(link, mask)| match known.iter().find(|network| network.link == link) {
                Some(network) => Some(network.clone()),
                None => Some(Network { link, mask, socket: Arc::new(socket_on(&link).ok()?) }),
            })
            .collect();
        now.clone_into(&mut known);
        now
    }

    /// Hears hellos until `heard` says that nobody listens any more.
    pub fn hear(&self, mut heard: impl FnMut(Hello, SocketAddr) -> bool) {
        let (start, mut intake) = (Instant::now(), Intake::default());
        loop {
            let networks = self.networks();
            let sockets = || networks.iter().map(|network| &*network.socket).chain([&self.listener]);
            let mut fds: Vec<PollFd<'_>> = sockets().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
            // Whatever goes wrong, reading says so.
            let _ = poll(&mut fds, Timespec::try_from(LOOK).ok().as_ref());
            let now_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            for socket in sockets() {
                let more = read_datagrams::<LONGEST>(socket, |from, datagram| {
                    let ours = self.only.is_none() || networks.iter().any(|network| network.has(from.ip()));
                    let taken = ours && is_credible(from.ip()) && intake.takes(from.ip(), now_ms);
                    match Hello::parse(datagram).filter(|_| taken) {
                        Some(hello) => heard(hello, from),
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
