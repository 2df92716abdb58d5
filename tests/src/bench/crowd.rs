//! Many client connections on one thread: sends bytes, receives lines, and knows nothing of their meaning.

use super::readiness::{PoolReadiness, Ready};
use anyhow::Context;
use memchr::memchr;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes per read: about as much as the kernel buffers for a socket.
const READ_BYTES: usize = 256 << 10;
/// Bytes of a line at most. A longer one counts as a failed connection.
const MAX_LINE_BYTES: usize = 1 << 20;
/// Time limit for one connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections from one local address. Each needs a port, and the default range has 28,000.
const MAX_PER_ADDRESS: usize = 5_000;
/// Bytes of the receive buffer of a client that never reads.
const STALLED_RECEIVE_BUFFER: usize = 4 << 10;
/// Descriptors reserved for the program itself.
const SPARE_FILES: usize = 64;

/// Raises the limit on open files to its hard limit, and returns how many connections this process may open.
#[must_use]
pub fn open_files() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let files = if raised { maximum } else { current };
    files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX).saturating_sub(SPARE_FILES)
}

/// Receives the lines of all clients.
pub trait LineHandler {
    /// Called for each line that client `member` receives, without its line feed.
    fn line(&mut self, member: usize, line: &[u8], now: Instant);
    /// Called when the connection of client `member` has ended.
    fn gone(&mut self, member: usize);
}

/// Client connections, numbered from 0 in the order of connecting.
pub struct ClientPool {
    members: Vec<PooledClient>,
    readiness: PoolReadiness,
    ready: Vec<Ready>,
    buffer: Vec<u8>,
    /// Bytes read so far.
    pub bytes: u64,
}

#[derive(Debug)]
struct PooledClient {
    stream: Arc<TcpStream>,
    /// Beginning of a line whose end has not arrived yet.
    partial: Vec<u8>,
    /// Bytes that the kernel has not taken yet.
    unsent: Vec<u8>,
}

impl ClientPool {
    /// Creates a pool without connections.
    ///
    /// # Errors
    /// The process is out of descriptors.
    pub fn new() -> io::Result<ClientPool> {
        Ok(ClientPool {
            members: Vec::new(),
            readiness: PoolReadiness::new()?,
            ready: Vec::new(),
            buffer: vec![0; READ_BYTES],
            bytes: 0,
        })
    }

    /// Adds a connection.
    ///
    /// # Errors
    /// No server answers, or the system gives no more sockets. The message has advice.
    pub fn connect(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let at = self.members.len();
        let stream = connected(address, at).with_context(|| format!("connection {} to {address}", at + 1))?;
        let stream = Arc::new(stream);
        self.readiness.watch(&stream, at, false)?;
        self.members.push(PooledClient { stream, partial: Vec::new(), unsent: Vec::new() });
        Ok(())
    }

    /// Returns the number of connections, also ended ones.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Sends bytes of a client. Bytes that the kernel does not take at once are sent during [`ClientPool::wait`].
    ///
    /// # Errors
    /// The connection has ended.
    pub fn send(&mut self, member: usize, bytes: &[u8]) -> io::Result<()> {
        let PooledClient { stream, unsent, .. } = &mut self.members[member];
        if !unsent.is_empty() {
            unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let sent = taken(stream.as_ref().write(bytes))?;
        if sent < bytes.len() {
            unsent.extend_from_slice(&bytes[sent..]);
            self.readiness.watch(stream, member, true)?;
        }
        Ok(())
    }

    /// Stops reading from a client's connection, and shrinks its receive buffer.
    pub fn stop_reading(&mut self, member: usize) {
        let stream = &self.members[member].stream;
        self.readiness.forget(stream);
        let _ = socket2::SockRef::from(stream.as_ref()).set_recv_buffer_size(STALLED_RECEIVE_BUFFER);
    }

    /// Closes a client's connection, even if its peer still sends.
    pub fn close(&mut self, member: usize) {
        let stream = &self.members[member].stream;
        self.readiness.forget(stream);
        // Ignore the error if the server has closed it before.
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Waits for at most `timeout`, sends unsent bytes, and passes received lines to `listener`.
    ///
    /// # Errors
    /// Waiting failed.
    pub fn wait(&mut self, timeout: Duration, listener: &mut impl LineHandler) -> io::Result<()> {
        let mut ready = std::mem::take(&mut self.ready);
        self.readiness.wait(timeout, &mut ready)?;
        for Ready { key, readable, writable } in &ready {
            let alive = !*writable || self.flush(*key);
            if !alive || (*readable && !self.read(*key, listener)) {
                self.readiness.forget(&self.members[*key].stream);
                listener.gone(*key);
            }
        }
        self.ready = ready;
        Ok(())
    }

    /// Sends unsent bytes. Returns false if the connection has ended.
    fn flush(&mut self, member: usize) -> bool {
        let PooledClient { stream, unsent, .. } = &mut self.members[member];
        let Ok(sent) = taken(stream.as_ref().write(unsent)) else { return false };
        unsent.drain(..sent);
        !unsent.is_empty() || self.readiness.watch(stream, member, false).is_ok()
    }

    /// Reads once. Returns false if the connection has ended or the line is too long.
    fn read(&mut self, member: usize, listener: &mut impl LineHandler) -> bool {
        let PooledClient { stream, partial, .. } = &mut self.members[member];
        match stream.as_ref().read(&mut self.buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.bytes += count as u64;
                let now = Instant::now();
                split(partial, &self.buffer[..count], |line| listener.line(member, line, now));
                partial.len() <= MAX_LINE_BYTES
            }
            Err(error) => is_temporary(&error),
        }
    }
}

/// Passes each complete line to `handle`, and keeps the rest in `partial`.
fn split(partial: &mut Vec<u8>, mut bytes: &[u8], mut handle: impl FnMut(&[u8])) {
    while let Some(end) = memchr(b'\n', bytes) {
        if partial.is_empty() {
            handle(&bytes[..end]);
        } else {
            partial.extend_from_slice(&bytes[..end]);
            handle(partial);
            partial.clear();
        }
        bytes = &bytes[end + 1..];
    }
    partial.extend_from_slice(bytes);
}

/// Returns whether an I/O call should be repeated later.
fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Returns the number of bytes that the kernel took.
fn taken(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if is_temporary(&error) => Ok(0),
        other => other,
    }
}

/// Connects client number `at`. On Linux, uses further loopback addresses when one has no ports left.
fn connected(address: SocketAddr, at: usize) -> anyhow::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)).context(
        "the system opens no more connections; raise the limit on open files (ulimit -n), or use fewer clients",
    )?;
    let last_octet = u8::try_from(at / MAX_PER_ADDRESS + 1).unwrap_or(u8::MAX);
    // Only Linux has all of 127.0.0.0/8 by default.
    if cfg!(target_os = "linux") && last_octet > 1 && address.ip() == IpAddr::from(Ipv4Addr::LOCALHOST) {
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, last_octet), 0)).into())?;
    }
    socket.connect_timeout(&address.into(), CONNECT_TIMEOUT).context("no server answers there; is it running?")?;
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[derive(Default)]
    struct Notes {
        lines: Vec<String>,
        gone: bool,
    }

    impl LineHandler for Notes {
        fn line(&mut self, member: usize, line: &[u8], _: Instant) {
            self.lines.push(format!("{member} {}", String::from_utf8_lossy(line)));
        }

        fn gone(&mut self, _: usize) {
            self.gone = true;
        }
    }

    #[test]
    fn splits_lines_in_pieces_of_any_size() {
        let text = b"one\n\ntwo\nthree";
        for size in 1..=text.len() {
            let mut partial = Vec::new();
            let mut lines = Vec::new();
            for piece in text.chunks(size) {
                split(&mut partial, piece, |line| lines.push(line.to_vec()));
            }
            assert_eq!(lines, [&b"one"[..], b"", b"two"], "in pieces of {size}");
            assert_eq!(partial, b"three");
        }
    }

    #[test]
    fn sends_bytes_and_receives_lines() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut pool = ClientPool::new().unwrap();
        pool.connect(server.local_addr().unwrap()).unwrap();
        let mut theirs = server.accept().unwrap().0;
        let much = vec![b'x'; 4 << 20];
        pool.send(0, &much).unwrap();
        pool.send(0, b"!").unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = vec![0; (4 << 20) + 1];
            theirs.read_exact(&mut all).unwrap();
            theirs.write_all(b"thanks\n").unwrap();
            all
        });
        let mut notes = Notes::default();
        let deadline = Instant::now() + crate::DEADLINE;
        while !notes.gone && Instant::now() < deadline {
            pool.wait(Duration::from_millis(100), &mut notes).unwrap();
        }
        assert!(notes.gone);
        assert_eq!(notes.lines, ["0 thanks"]);
        assert_eq!(pool.bytes, 7);
        assert!(reader.join().unwrap().ends_with(b"x!"));
    }

    #[test]
    fn a_failed_connection_has_advice() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = format!("{:#}", ClientPool::new().unwrap().connect(free).unwrap_err());
        assert!(error.contains("is it running?"), "{error}");
        assert!(open_files() > 100);
    }
}
