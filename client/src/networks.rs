//! The networks this machine is on, and sockets that say something to everybody there and hear what is said.

use landline_common::beacon::Link;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// Datagrams read from one socket before the next has its turn: a flood on one must not keep others waiting.
const AT_ONCE: usize = 64;
/// So many bytes may wait to be read (if the system allows it), so that a flood does not push out what is wanted.
const BUFFER: usize = 1 << 20;

/// The networks this machine is on, with their masks; or the one on which it has the address `only`.
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

/// A socket that says something to everybody on a network. Bound to our own address there, it needs no route but the
/// network's own.
///
/// # Errors
/// The network is gone, or the system has no sockets left.
pub fn socket_on(link: &Link) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((link.own, 0))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    make_room(&socket);
    Ok(socket)
}

/// A socket on a port for what is said to everybody, together with whoever else listens there.
///
/// # Errors
/// Another program keeps the port for itself.
pub fn shared_socket(port: u16) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    // A socket at one address would not hear what is said to everybody.
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    Ok(socket.into())
}

/// Lets more wait to be read than usual.
pub fn make_room(socket: &UdpSocket) {
    let _ = SockRef::from(socket).set_recv_buffer_size(BUFFER);
}

/// Gives `take` what waits, of each datagram at most `LONGEST` bytes, until it wants no more. Whether it would.
pub fn each_waiting<const LONGEST: usize>(socket: &UdpSocket, mut take: impl FnMut(SocketAddr, &[u8]) -> bool) -> bool {
    let mut datagram = [0; LONGEST];
    for _ in 0..AT_ONCE {
        match socket.recv_from(&mut datagram) {
            Ok((length, from)) if !take(from, &datagram[..length]) => return false,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // A message that something of ours arrived nowhere; there may be more behind it.
            Err(_) => {}
        }
    }
    true
}
