//! Finding servers, on loopback only. Each test has its own UDP port.

mod answers;
mod list;

use landline_common::beacon::question;
use landline_server::discovery::{Announcement, CurrentFacts, Discovery};
use landline_tests::DEADLINE;
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Instant;

/// The key that the announced server has with TLS.
const TLS_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// Broadcast address of loopback.
const BROADCAST: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// Returns a free UDP port. It is outside the system's ephemeral range, from which another test could get it meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Test processes that run at the same time begin at different ports.
        let n = (std::process::id() * 32 + NEXT.fetch_add(1, Relaxed)) % 12_000;
        let port = 20_000 + u16::try_from(n).unwrap();
        if UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            drop(shared(port));
            return port;
        }
    }
}

/// Binds as soon as the port is free. A program that another test is starting inherits our sockets until its exec, so a
/// closed port stays taken for a moment.
fn once_free(bind: impl Fn() -> io::Result<UdpSocket>) -> UdpSocket {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match bind() {
            Ok(socket) => break socket,
            Err(error) => assert!(Instant::now() < deadline, "the port does not become free: {error}"),
        }
        std::thread::yield_now();
    }
}

/// Binds a socket that does not share its port.
fn exclusive(port: u16) -> UdpSocket {
    once_free(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)))
}

fn announcement(udp_port: u16) -> Announcement {
    Announcement {
        name: "Room 12".into(),
        port: 12_345,
        lantalk: Some(5_050),
        udp_port,
        password: true,
        bind: Ipv4Addr::LOCALHOST.into(),
    }
}

fn start(announcement: Announcement) -> Discovery {
    Discovery::start(announcement, || CurrentFacts { user_count: 3, key: TLS_KEY.parse().ok() })
}

/// Binds a socket that shares its port, as LanTalk's clients do.
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

/// Binds a socket at 127.0.0.`last`, to stand for another machine.
fn asker(last: u8) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, last), 0)).unwrap();
    socket.set_broadcast(true).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn send(socket: &UdpSocket, datagram: &[u8], port: u16) {
    socket.send_to(datagram, (BROADCAST, port)).unwrap();
}

fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut datagram = vec![0; 2_048];
    let (length, _) = socket.recv_from(&mut datagram).expect("a datagram in time");
    datagram.truncate(length);
    datagram
}

/// Returns the number of datagrams that have arrived.
fn waiting(socket: &UdpSocket) -> usize {
    socket.set_nonblocking(true).unwrap();
    let count = std::iter::repeat_with(|| socket.recv_from(&mut [0; 2_048])).take_while(Result::is_ok).count();
    socket.set_nonblocking(false).unwrap();
    count
}

/// Waits until the server has handled all earlier questions, which it does in order. Each barrier needs its own
/// address, since quotas go by address.
fn barrier(port: u16, last: u8) {
    let asker = asker(last);
    send(&asker, &question(), port);
    receive(&asker);
}
