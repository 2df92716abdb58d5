//! Finding servers, on loopback: nothing here leaves this machine. Each test has a UDP port of its own.

mod answers;
mod list;

use landline_common::beacon::question;
use landline_server::discovery::{Announcement, Discovery};
use landline_tests::DEADLINE;
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Instant;

const EVERYBODY: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// A UDP port that nobody has: not one of those that the system gives away, which another test may get meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Each process, if it is one of several at work, begins elsewhere.
        let n = (std::process::id() * 32 + NEXT.fetch_add(1, Relaxed)) % 12_000;
        let port = 20_000 + u16::try_from(n).unwrap();
        if UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            drop(shared(port));
            return port;
        }
    }
}

/// A program that another test is just starting holds all our sockets for a moment, so a port that was given back is
/// not free at once.
fn once_free(bind: impl Fn() -> io::Result<UdpSocket>) -> UdpSocket {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match bind() {
            Ok(socket) => break socket,
            Err(error) => assert!(Instant::now() < deadline, "the port is not given back: {error}"),
        }
        std::thread::yield_now();
    }
}

/// A socket that keeps the port for itself.
fn exclusive(port: u16) -> UdpSocket {
    once_free(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)))
}

fn announcement(udp_port: u16) -> Announcement {
    let bind = Ipv4Addr::LOCALHOST.into();
    Announcement { name: "Room 12".into(), port: 12_345, lantalk: Some(5_050), udp_port, password: true, bind }
}

fn start(what: Announcement) -> Discovery {
    Discovery::start(what, || 3)
}

/// A socket that shares the port, as LanTalk's clients do.
fn shared(port: u16) -> UdpSocket {
    let socket = once_free(|| {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
        Ok(socket.into())
    });
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

/// Somebody at one of the many addresses of loopback.
fn asker(last: u8) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, last), 0)).unwrap();
    socket.set_broadcast(true).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn send(socket: &UdpSocket, datagram: &[u8], port: u16) {
    socket.send_to(datagram, (EVERYBODY, port)).unwrap();
}

fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut datagram = vec![0; 2_048];
    let (length, _) = socket.recv_from(&mut datagram).expect("a datagram in time");
    datagram.truncate(length);
    datagram
}

/// How many datagrams have come already.
fn waiting(socket: &UdpSocket) -> usize {
    socket.set_nonblocking(true).unwrap();
    let count = std::iter::repeat_with(|| socket.recv_from(&mut [0; 2_048])).take_while(Result::is_ok).count();
    socket.set_nonblocking(false).unwrap();
    count
}

/// When this returns, every question sent before has been answered, if it ever is: they are taken one by one. Each
/// barrier has an address, and so a quota, of its own.
fn barrier(port: u16, last: u8) {
    let asker = asker(last);
    send(&asker, &question(), port);
    receive(&asker);
}
