//! Reads from the kernel when a peer last acknowledged bytes, and how many.
//!
//! `getsockopt(TCP_INFO)` would need `unsafe` code: neither socket2 nor rustix nor nix offers it. The kernel sends the
//! same structure in answer to an `inet_diag` request (sock_diag(7), linux/inet_diag.h), an ordinary datagram on a
//! netlink socket. The kernel answers inside `send`, so these calls do not wait. All results are `None` where the
//! kernel lacks this module, and on other systems.

#[cfg(target_os = "linux")]
pub(super) use linux::TcpInfo;
#[cfg(not(target_os = "linux"))]
pub(super) use other::TcpInfo;

/// Counts of the bytes sent on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    /// Bytes that the peer's system has acknowledged, since the connection's start.
    pub(super) bytes: u64,
    /// Bytes that the kernel has taken and that are not acknowledged.
    pub(super) queued: u64,
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Acknowledged;
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};
    use std::net::{IpAddr, SocketAddr};
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    /// SOCK_DIAG_BY_FAMILY, linux/sock_diag.h.
    const BY_FAMILY: u16 = 20;
    /// NLM_F_REQUEST, linux/netlink.h.
    const REQUEST: u16 = 1;
    /// INET_DIAG_INFO: the attribute that holds a `tcp_info`.
    const INFO: u16 = 2;
    const TCP: u8 = 6;
    /// Size of `nlmsghdr`.
    const HEADER: usize = 16;
    /// Size of `inet_diag_req_v2`.
    const REQUEST_BODY: usize = 56;
    /// Size of `inet_diag_msg`.
    const MESSAGE: usize = 72;
    /// `tcpi_state` of a listening socket. The kernel answers with that one when the connection itself has ended.
    const LISTEN: u8 = 10;
    /// Offset in `tcp_info` of `tcpi_last_ack_recv`: 32 bits, in milliseconds.
    const LAST_ACK: usize = 56;
    /// Offset in `tcp_info` of `tcpi_bytes_acked`: 64 bits.
    const BYTES_ACKED: usize = 120;
    /// Offset in `inet_diag_msg` of `idiag_wqueue`, the number of unacknowledged bytes: 32 bits.
    const SEND_QUEUE: usize = 60;

    /// Asks the kernel about one connection.
    #[derive(Debug)]
    pub(in super::super) struct TcpInfo {
        socket: OwnedFd,
        request: Vec<u8>,
    }

    impl TcpInfo {
        /// Prepares to ask about the connection between two addresses, given as its socket reports them. Returns `None`
        /// where the kernel cannot be asked.
        pub(in super::super) fn of(local: SocketAddr, peer: SocketAddr) -> Option<TcpInfo> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let family = AddressFamily::NETLINK;
            let kind = SocketType::DGRAM;
            let socket = rustix::net::socket_with(family, kind, flags, Some(netlink::SOCK_DIAG)).ok()?;
            Some(TcpInfo { socket, request: request(local, peer) })
        }

        /// Returns the time since the peer last acknowledged bytes.
        pub(in super::super) fn last_acknowledged(&self) -> Option<Duration> {
            self.ask(last_ack).map(|ms| Duration::from_millis(ms.into()))
        }

        /// Returns how many bytes are acknowledged and how many are not yet.
        pub(in super::super) fn acknowledged(&self) -> Option<Acknowledged> {
            self.ask(acknowledged)
        }

        fn ask<T>(&self, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
            rustix::net::send(&self.socket, &self.request, SendFlags::empty()).ok()?;
            let mut answer = [0; 4_096];
            let (bytes, _) = rustix::net::recv(&self.socket, &mut answer, RecvFlags::empty()).ok()?;
            read(answer.get(..bytes)?)
        }
    }

    /// Encodes the request: `nlmsghdr`, then `inet_diag_req_v2`.
    fn request(local: SocketAddr, peer: SocketAddr) -> Vec<u8> {
        let family = if local.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
        let length = u32::try_from(HEADER + REQUEST_BODY).unwrap_or_default();
        let mut out = Vec::with_capacity(HEADER + REQUEST_BODY);
        out.extend(length.to_ne_bytes());
        out.extend(BY_FAMILY.to_ne_bytes());
        out.extend(REQUEST.to_ne_bytes());
        // Sequence number and sender: zero lets the kernel fill them in.
        out.extend([0; 8]);
        out.extend([u8::try_from(family.as_raw()).unwrap_or_default(), TCP, 1 << (INFO - 1), 0]);
        // Connections in any state.
        out.extend([0xff; 4]);
        out.extend(local.port().to_be_bytes());
        out.extend(peer.port().to_be_bytes());
        out.extend(octets(local.ip()));
        out.extend(octets(peer.ip()));
        let interface = match local {
            SocketAddr::V6(local) => local.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        out.extend(interface.to_ne_bytes());
        // No cookie: the addresses identify the connection.
        out.extend([0xff; 8]);
        out
    }

    fn octets(ip: IpAddr) -> [u8; 16] {
        match ip {
            IpAddr::V6(ip) => ip.octets(),
            IpAddr::V4(ip) => {
                let mut octets = [0; 16];
                octets[..4].copy_from_slice(&ip.octets());
                octets
            }
        }
    }

    /// Returns `tcpi_last_ack_recv` of an answer.
    fn last_ack(answer: &[u8]) -> Option<u32> {
        let field = info(answer)?.get(LAST_ACK..LAST_ACK + 4)?;
        Some(u32::from_ne_bytes(field.try_into().ok()?))
    }

    /// Returns `tcpi_bytes_acked` and `idiag_wqueue` of an answer.
    fn acknowledged(answer: &[u8]) -> Option<Acknowledged> {
        let bytes = info(answer)?.get(BYTES_ACKED..BYTES_ACKED + 8)?;
        let queue = answer.get(HEADER + SEND_QUEUE..HEADER + SEND_QUEUE + 4)?;
        let bytes = bytes.try_into().ok()?;
        let queue = queue.try_into().ok()?;
        Some(Acknowledged { bytes: u64::from_ne_bytes(bytes), queued: u32::from_ne_bytes(queue).into() })
    }

    /// Returns the `tcp_info` of an answer. Attributes are (length, type, value), each padded to four bytes.
    fn info(answer: &[u8]) -> Option<&[u8]> {
        let short = |bytes: &[u8], at: usize| Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        if short(answer, 4)? != BY_FAMILY {
            return None;
        }
        let mut rest = answer.get(HEADER + MESSAGE..)?;
        loop {
            let length = usize::from(short(rest, 0)?);
            let kind = short(rest, 2)?;
            if kind == INFO {
                let info = rest.get(4..length)?;
                if *info.first()? == LISTEN {
                    return None;
                }
                return Some(info);
            }
            rest = rest.get(length.max(4).next_multiple_of(4)..)?;
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::io::Write;
        use std::net::{TcpListener, TcpStream};

        #[test]
        fn kernel_reports_when_the_peer_last_acknowledged() {
            for address in ["127.0.0.1:0", "[::1]:0"] {
                let Ok(listener) = TcpListener::bind(address) else { continue };
                let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (mut server, _) = listener.accept().unwrap();
                let Some(kernel) = TcpInfo::of(server.local_addr().unwrap(), server.peer_addr().unwrap()) else {
                    return;
                };
                let Some(at_first) = kernel.last_acknowledged() else { return };
                assert!(at_first < Duration::from_secs(1), "{at_first:?}");
                std::thread::sleep(Duration::from_millis(300));
                let idle = kernel.last_acknowledged().unwrap();
                assert!(idle >= Duration::from_millis(250), "{idle:?}");
                server.write_all(b"x").unwrap();
                std::thread::sleep(Duration::from_millis(100));
                assert!(kernel.last_acknowledged().unwrap() < Duration::from_millis(250));
                let Some(before) = kernel.acknowledged() else { return };
                assert_eq!(before.queued, 0);
                server.write_all(b"twelve bytes").unwrap();
                std::thread::sleep(Duration::from_millis(100));
                let after = kernel.acknowledged().unwrap();
                assert_eq!((after.bytes - before.bytes, after.queued), (12, 0));
            }
        }

        #[test]
        fn kernel_reports_nothing_about_a_connection_that_has_ended() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, _) = listener.accept().unwrap();
            let Some(kernel) = TcpInfo::of(server.local_addr().unwrap(), server.peer_addr().unwrap()) else { return };
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(kernel.last_acknowledged(), None, "the answer was about the listening socket");
        }

        #[test]
        fn truncated_answers_are_rejected() {
            let mut answer = vec![0; HEADER + MESSAGE];
            answer[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
            answer.extend([5, 0, 8, 0, 1, 0, 0, 0]);
            answer.extend([64, 0, 2, 0]);
            answer.extend([7; 60]);
            assert_eq!(last_ack(&answer), Some(0x0707_0707));
            for cut in 0..answer.len() {
                assert_eq!(last_ack(&answer[..cut]), None, "{cut}");
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::Acknowledged;
    use std::net::SocketAddr;
    use std::time::Duration;

    /// Never made: this system does not report acknowledgements.
    #[derive(Debug)]
    pub(in super::super) struct TcpInfo;

    impl TcpInfo {
        pub(in super::super) fn of(_: SocketAddr, _: SocketAddr) -> Option<TcpInfo> {
            None
        }

        pub(in super::super) fn last_acknowledged(&self) -> Option<Duration> {
            None
        }

        pub(in super::super) fn acknowledged(&self) -> Option<Acknowledged> {
            None
        }
    }
}
