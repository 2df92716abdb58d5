//! The IPv4 networks of this machine, and UDP sockets to broadcast on them and to receive broadcasts.

use landline_common::beacon::Link;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// Datagrams to read from one socket in a row, so that a flood on it does not block the others.
const MAX_BATCH: usize = 64;
/// Bytes of the kernel's receive buffer, if the system allows it. A small buffer drops wanted datagrams in a flood.
const RECEIVE_BUFFER: usize = 1 << 20;

/// Returns the networks of all interfaces that are up, with their masks. With `only`, returns the network on which this
/// machine has that address.
#[must_use]
pub fn networks(only: Option<Ipv4Addr>) -> Vec<(Link, Ipv4Addr)> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = interfaces.into_iter().filter(|interface| interface.is_oper_up() && !interface.is_p2p());
    let link = |interface: if_addrs::Interface| match interface.addr {
        if_addrs::IfAddr::V4(v4) => Some((Link::new(v4.ip, v4.netmask, v4.broadcast)?, v4.netmask)),
        if_addrs::IfAddr::V6(_) => None,
    };
    up.filter_map(link).filter(|(link, _)| only.is_none_or(|only| only == link.own)).collect()
}

/// Returns the number of the interface with that name.
#[cfg(target_os = "linux")]
#[must_use]
pub fn interface_index(name: &str) -> Option<u32> {
    // The kernel answers through any socket.
    let socket = Socket::new(Domain::IPV6, Type::DGRAM, None).ok()?;
    rustix::net::netdevice::name_to_index(&socket, name).ok()
}

/// Returns the number of the interface with that name, which must have an address.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn interface_index(name: &str) -> Option<u32> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.into_iter().find(|interface| interface.name == name).and_then(|interface| interface.index)
}

/// Opens a non-blocking socket to broadcast on one network. It is bound to this machine's address there, so it needs no
/// default route.
///
/// # Errors
/// The address is gone, or the system has no sockets left.
pub fn socket_on(link: &Link) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((link.own, 0))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    enlarge_receive_buffer(&socket);
    Ok(socket)
}

/// Opens a non-blocking socket that receives broadcasts on `port` and shares that port with other programs.
///
/// # Errors
/// Another program holds the port exclusively.
pub fn shared_socket(port: u16) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    // A socket bound to one address would not receive broadcasts.
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    Ok(socket.into())
}

/// Enlarges the kernel's receive buffer as far as the system allows.
pub fn enlarge_receive_buffer(socket: &UdpSocket) {
    let _ = SockRef::from(socket).set_recv_buffer_size(RECEIVE_BUFFER);
}

/// Calls `take` with each waiting datagram, up to a batch limit, until `take` returns false. A datagram is cut to
/// `MAX_BYTES`. Returns false if `take` did.
pub fn read_datagrams<const MAX_BYTES: usize>(
    socket: &UdpSocket,
    mut take: impl FnMut(SocketAddr, &[u8]) -> bool,
) -> bool {
    let mut datagram = [0; MAX_BYTES];
    for _ in 0..MAX_BATCH {
        match socket.recv_from(&mut datagram) {
            Ok((length, from)) if !take(from, &datagram[..length]) => return false,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // An ICMP error for an earlier datagram of this socket; datagrams may wait behind it.
            Err(_) => {}
        }
    }
    true
}
