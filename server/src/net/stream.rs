//! One client's connection: reading with a timeout, sending without ever waiting, cutting it off.

use super::probe::{KEEPALIVE, KEEPALIVES, UNACKNOWLEDGED};
use super::tcp_info::Kernel;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags};
use std::io::{self, IoSlice, Read};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The most pieces one `sendmsg` takes (Linux's UIO_MAXIOV).
const MOST_SLICES: usize = 1_024;

/// A connected client. Dropping it closes the connection.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    peer: SocketAddr,
    /// The receive timeout in force, in milliseconds, to spare setting it again.
    timeout_ms: AtomicU64,
    /// How long sent bytes may stay unacknowledged; zero is TCP's own time.
    unacknowledged: Duration,
    /// How often bytes came in: the peer's program lives while this grows.
    reads: AtomicU64,
    /// Probes that ask the peer for a sign of life just now.
    pub(super) probes: AtomicU32,
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// So many bytes, at least one.
    Bytes(usize),
    /// Nothing came in time.
    Nothing,
    /// The client has closed in order, or was cut off.
    Closed,
    /// The connection broke: what was on its way may be missing.
    Broken,
}

impl Stream {
    /// Wraps a connection that was just accepted. `send_buffer` is the kernel's buffer for outgoing bytes.
    ///
    /// # Errors
    /// When the socket is already dead.
    pub fn new(socket: TcpStream, send_buffer: usize) -> io::Result<Stream> {
        let peer = socket.peer_addr()?;
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        socket.set_nodelay(true)?;
        socket2::SockRef::from(&socket).set_send_buffer_size(send_buffer)?;
        let (timeout_ms, unacknowledged, reads, probes) = Default::default();
        Ok(Stream { socket, peer, timeout_ms, unacknowledged, reads, probes })
    }

    /// Ends the connection when the peer has acknowledged none of the bytes sent for so long.
    #[must_use]
    pub fn lost_after(mut self, unacknowledged: Duration) -> Stream {
        self.unacknowledged = unacknowledged;
        self.limit_unacknowledged(unacknowledged);
        self
    }

    /// Sets that for now; zero is TCP's own time, some 15 minutes, which also holds where this cannot be set.
    fn limit_unacknowledged(&self, time: Duration) {
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&self.socket).set_tcp_user_timeout(Some(time));
        #[cfg(not(target_os = "linux"))]
        let _ = time;
    }

    /// Asks the peer's system for a sign of life each second, for the time of a probe.
    pub(super) fn watch_closely(&self) {
        let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        let keepalive = keepalive.with_retries(KEEPALIVES);
        self.limit_unacknowledged(UNACKNOWLEDGED);
        // On a socket that has died meanwhile this fails, and the probe finds out.
        let _ = socket2::SockRef::from(&self.socket).set_tcp_keepalive(&keepalive);
    }

    /// Ends [`Self::watch_closely`].
    pub(super) fn watch_as_usual(&self) {
        let _ = socket2::SockRef::from(&self.socket).set_keepalive(false);
        self.limit_unacknowledged(self.unacknowledged);
    }

    /// The connection as the kernel knows it.
    pub(super) fn kernel(&self) -> Option<Kernel> {
        Kernel::of(self.socket.local_addr().ok()?, self.socket.peer_addr().ok()?)
    }

    /// How often bytes came in.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Relaxed)
    }

    /// Whether the peer is on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.socket.local_addr().is_ok_and(|local| local.ip().to_canonical() == self.peer.ip())
    }

    /// The client's address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.peer.ip()
    }

    /// The client's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.peer.port()
    }

    /// Reads into `space`, waiting until `deadline` at most.
    pub fn read(&self, space: &mut [u8], deadline: Instant) -> Arrived {
        loop {
            let timeout = rounded(deadline.saturating_duration_since(Instant::now()));
            if self.timeout_ms.swap(timeout, Relaxed) != timeout
                && self.socket.set_read_timeout(Some(Duration::from_millis(timeout))).is_err()
            {
                return Arrived::Broken;
            }
            match (&self.socket).read(space) {
                Ok(0) => return Arrived::Closed,
                Ok(n) => {
                    self.reads.fetch_add(1, Relaxed);
                    return Arrived::Bytes(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // The deadline. `TimedOut` is another thing: the peer acknowledged nothing for too long.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if Instant::now() >= deadline {
                        return Arrived::Nothing;
                    }
                }
                Err(_) => return Arrived::Broken,
            }
        }
    }

    /// Sends what the kernel takes at once: the number of bytes, 0 when its buffer is full.
    ///
    /// # Errors
    /// The connection is dead.
    pub fn try_send(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        loop {
            let sent = match slices {
                [one] => rustix::net::send(&self.socket, one, flags),
                many => {
                    let many = &many[..many.len().min(MOST_SLICES)];
                    rustix::net::sendmsg(&self.socket, many, &mut SendAncillaryBuffer::default(), flags)
                }
            };
            match sent {
                Ok(n) => return Ok(n),
                Err(Errno::INTR) => {}
                // Out of kernel memory passes like a full buffer does.
                Err(Errno::AGAIN | Errno::NOBUFS | Errno::NOMEM) => return Ok(0),
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Ends the connection so that the client sees a reset: what it has not read is thrown away.
    pub fn cut(&self) {
        let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
        // Only the reader is woken: an end in order, sent ahead of the reset, would look like one to the client.
        let _ = self.socket.shutdown(Shutdown::Read);
    }

    /// Ends the connection in order: what was sent still arrives. Wakes a reader.
    pub fn close(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Says that nothing more will be sent, then reads and throws away until the client closes too, or `deadline`.
    /// Closing with unread bytes would reset the connection and could destroy the last answer on its way.
    pub fn part(&self, deadline: Instant) {
        if self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let mut waste = [0; 512];
        let mut left = 64 << 10;
        while let Arrived::Bytes(n) = self.read(&mut waste, deadline) {
            left = usize::saturating_sub(left, n);
            if left == 0 {
                return;
            }
        }
    }
}

/// `left` in milliseconds, rounded up to whole seconds when it is long: then the next read, for the same time, needs no
/// system call to say so. Never zero, which would mean "for ever".
fn rounded(left: Duration) -> u64 {
    let ms = u64::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
    if ms > 2_000 { ms.div_ceil(1_000).saturating_mul(1_000) } else { ms.max(1) }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
