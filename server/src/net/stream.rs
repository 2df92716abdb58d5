//! One client's connection: reads with a deadline, sends without waiting, and ends in order or by a reset.

use super::tcp_info::TcpInfo;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use std::io::{self, IoSlice, Read};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Most slices that one `sendmsg` takes (`UIO_MAXIOV` on Linux).
const MOST_SLICES: usize = 1_024;

/// Silence during a probe before the first keepalive, and time between two.
pub(super) const KEEPALIVE: Duration = Duration::from_secs(1);
/// Number of unanswered keepalives during a probe after which the kernel ends the connection.
const KEEPALIVES: u32 = 2;
/// Time during a probe after which the kernel ends a connection whose sent bytes are not acknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);

/// A connected client. Dropping it closes the connection.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    peer: SocketAddr,
    /// The socket's receive timeout in milliseconds, remembered so that it is set only when it changes.
    timeout_ms: AtomicU64,
    /// Time for which sent bytes may stay unacknowledged; zero means TCP's own timeout.
    unacknowledged: Duration,
    /// Number of reads that returned bytes. A probe takes its growth for a sign of life.
    reads: AtomicU64,
    /// Number of running probes of this peer.
    pub(super) probes: AtomicU32,
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadResult {
    /// The number of bytes read, at least one.
    Bytes(usize),
    /// No byte came before the deadline.
    TimedOut,
    /// The client has closed its side, or the server has shut the connection down.
    Closed,
    /// The connection broke: bytes on their way may be missing.
    Broken,
}

impl Stream {
    /// Wraps a connection that was just accepted. `send_buffer` is the size in bytes of the kernel's send buffer.
    ///
    /// # Errors
    /// The connection has already ended.
    pub fn new(socket: TcpStream, send_buffer: usize) -> io::Result<Stream> {
        let peer = socket.peer_addr()?;
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        socket.set_nodelay(true)?;
        socket2::SockRef::from(&socket).set_send_buffer_size(send_buffer)?;
        Ok(Stream {
            socket,
            peer,
            timeout_ms: AtomicU64::default(),
            unacknowledged: Duration::ZERO,
            reads: AtomicU64::default(),
            probes: AtomicU32::default(),
        })
    }

    /// Lets the kernel end the connection when sent bytes stay unacknowledged for this long (`TCP_USER_TIMEOUT`, RFC
    /// 5482). Has no effect on systems other than Linux.
    #[must_use]
    pub fn with_unacknowledged_timeout(mut self, unacknowledged: Duration) -> Stream {
        self.unacknowledged = unacknowledged;
        self.limit_unacknowledged(unacknowledged);
        self
    }

    /// Sets this timeout without remembering it. Zero restores TCP's own, some 15 minutes, which always applies where
    /// the system has no such option.
    fn limit_unacknowledged(&self, time: Duration) {
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&self.socket).set_tcp_user_timeout(Some(time));
        #[cfg(not(target_os = "linux"))]
        let _ = time;
    }

    /// Makes the kernel ask the peer's system for a sign of life each second. Used while a probe runs.
    pub(super) fn enable_probe_keepalive(&self) {
        let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        let keepalive = keepalive.with_retries(KEEPALIVES);
        self.limit_unacknowledged(UNACKNOWLEDGED);
        // Fails on a connection that has ended meanwhile; the probe then gets no answer.
        let _ = socket2::SockRef::from(&self.socket).set_tcp_keepalive(&keepalive);
    }

    /// Restores the options that [`Self::enable_probe_keepalive`] changed.
    pub(super) fn restore_keepalive(&self) {
        let _ = socket2::SockRef::from(&self.socket).set_keepalive(false);
        self.limit_unacknowledged(self.unacknowledged);
    }

    /// Returns a handle for the kernel's data on this connection, or `None` where it has none.
    pub(super) fn tcp_info(&self) -> Option<TcpInfo> {
        TcpInfo::of(self.socket.local_addr().ok()?, self.socket.peer_addr().ok()?)
    }

    /// Returns the number of reads that returned bytes.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Relaxed)
    }

    /// Returns true if the peer is on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.socket.local_addr().is_ok_and(|local| local.ip().to_canonical() == self.peer.ip())
    }

    /// Returns the client's address; an IPv4 address mapped into IPv6 is returned as IPv4.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.peer.ip()
    }

    /// Returns the client's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.peer.port()
    }

    /// Reads into `buffer`, waiting until `deadline`. Waits at least 1 ms, and up to a second longer if the deadline is
    /// more than 2 s away, see `receive_timeout_ms`.
    pub fn read(&self, buffer: &mut [u8], deadline: Instant) -> ReadResult {
        loop {
            let timeout = receive_timeout_ms(deadline.saturating_duration_since(Instant::now()));
            if self.timeout_ms.swap(timeout, Relaxed) != timeout
                && self.socket.set_read_timeout(Some(Duration::from_millis(timeout))).is_err()
            {
                return ReadResult::Broken;
            }
            match (&self.socket).read(buffer) {
                Ok(0) => return ReadResult::Closed,
                Ok(n) => {
                    self.reads.fetch_add(1, Relaxed);
                    return ReadResult::Bytes(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // The receive timeout. The error `TimedOut` is different: the peer has acknowledged nothing for too
                // long.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if Instant::now() >= deadline {
                        return ReadResult::TimedOut;
                    }
                }
                Err(_) => return ReadResult::Broken,
            }
        }
    }

    /// Copies bytes that have arrived into `buffer` without taking them, and without waiting. Returns their number, 0 if
    /// there are none or the connection has ended.
    pub fn peek(&self, buffer: &mut [u8]) -> usize {
        rustix::net::recv(&self.socket, buffer, RecvFlags::PEEK | RecvFlags::DONTWAIT).map_or(0, |(count, _)| count)
    }

    /// Takes and discards the bytes that have arrived, at most 64 KiB, without waiting. Closing with unread bytes would
    /// reset the connection.
    pub fn discard_received(&self) {
        let mut discarded = [0; 2 << 10];
        for _ in 0..32 {
            let received = rustix::net::recv(&self.socket, &mut discarded[..], RecvFlags::DONTWAIT);
            if received.map_or(0, |(count, _)| count) == 0 {
                return;
            }
        }
    }

    /// Sends without waiting. Returns the number of bytes that the kernel took, 0 if its buffer is full.
    ///
    /// # Errors
    /// The connection has ended.
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
                // Lack of kernel memory is temporary, like a full buffer.
                Err(Errno::AGAIN | Errno::NOBUFS | Errno::NOMEM) => return Ok(0),
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Makes the connection end by a reset once it is dropped, so that the client knows that bytes are missing. Wakes
    /// the reader.
    pub fn reset(&self) {
        let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
        // Shuts down the read side only, to wake the reader. Shutting down both would send an orderly end ahead of the
        // reset, and the client would take the stream for complete.
        let _ = self.socket.shutdown(Shutdown::Read);
    }

    /// Ends the connection in order: bytes already sent still arrive. Wakes the reader.
    pub fn close(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Closes the sending side, then reads and discards until the client closes too, 64 KiB are read, or `deadline`.
    /// Closing with unread bytes would reset the connection, and the reset could destroy the last answer on its way.
    pub fn close_gracefully(&self, deadline: Instant) {
        if self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let mut discarded = [0; 512];
        let mut left = 64 << 10;
        while let ReadResult::Bytes(n) = self.read(&mut discarded, deadline) {
            left = usize::saturating_sub(left, n);
            if left == 0 {
                return;
            }
        }
    }
}

/// Returns `left` in milliseconds, at least 1: a receive timeout of zero means none. Above 2 s it is rounded up to
/// whole seconds, so that consecutive reads have the same timeout and need no system call to set it.
fn receive_timeout_ms(left: Duration) -> u64 {
    let ms = u64::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
    if ms > 2_000 { ms.div_ceil(1_000).saturating_mul(1_000) } else { ms.max(1) }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
