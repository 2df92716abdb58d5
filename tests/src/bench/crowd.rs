//! Many client connections on one thread: sends and receives messages, and knows nothing of their meaning.

use super::readiness::{PoolReadiness, Ready};
use super::wire::{ClientProtocol, Wire, WireFactory};
use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes per read: about as much as the kernel buffers for a socket.
const READ_BYTES: usize = 256 << 10;
/// Most bytes of a message. A longer one counts as a failed connection.
const MAX_MESSAGE_BYTES: usize = 1 << 20;
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

/// Receives the messages of all clients.
pub trait LineHandler {
    /// Called for each line or frame that client `member` receives, without its line feed.
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
    /// Decrypted bytes of one read.
    plaintext: Vec<u8>,
    /// Bytes to send, before a send.
    outgoing: Vec<u8>,
    wires: WireFactory,
    /// Bytes read so far.
    pub bytes: u64,
}

#[derive(Debug)]
struct PooledClient {
    stream: Arc<TcpStream>,
    wire: Wire,
    /// Bytes that the kernel has not taken yet.
    unsent: Vec<u8>,
}

impl ClientPool {
    /// Creates a pool without connections.
    ///
    /// # Errors
    /// The process is out of descriptors.
    pub fn new(protocol: ClientProtocol) -> io::Result<ClientPool> {
        Ok(ClientPool {
            members: Vec::new(),
            readiness: PoolReadiness::new()?,
            ready: Vec::new(),
            buffer: vec![0; READ_BYTES],
            plaintext: Vec::new(),
            outgoing: Vec::new(),
            wires: WireFactory::new(protocol),
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
        let mut first = Vec::new();
        let wire = self.wires.connect(address, &mut first)?;
        self.members.push(PooledClient { stream, wire, unsent: Vec::new() });
        self.send_bytes(at, &first).context("the connection ended at once")
    }

    /// Returns the number of connections, also ended ones.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Sends a message of a client, given without its line feed. Bytes that the kernel does not take at once are sent
    /// during [`ClientPool::wait`].
    ///
    /// # Errors
    /// The connection has ended.
    pub fn send(&mut self, member: usize, message: &[u8]) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.outgoing);
        bytes.clear();
        self.members[member].wire.encode(message, &mut bytes);
        let sent = self.send_bytes(member, &bytes);
        self.outgoing = bytes;
        sent
    }

    fn send_bytes(&mut self, member: usize, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
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

    /// Waits for at most `timeout`, sends unsent bytes, and passes received messages to `listener`.
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

    /// Reads once. Returns false if the connection has ended or the message is too long.
    fn read(&mut self, member: usize, listener: &mut impl LineHandler) -> bool {
        let PooledClient { stream, wire, .. } = &mut self.members[member];
        match stream.as_ref().read(&mut self.buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.bytes += count as u64;
                let now = Instant::now();
                let handle = |message: &[u8]| listener.line(member, message, now);
                let mut answer = Vec::new();
                let outcome = wire.decode(&self.buffer[..count], &mut self.plaintext, &mut answer, handle);
                let is_whole = outcome.is_ok() && wire.partial_bytes() <= MAX_MESSAGE_BYTES;
                self.send_bytes(member, &answer).is_ok() && is_whole
            }
            Err(error) => is_temporary(&error),
        }
    }
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
    fn sends_bytes_and_receives_lines() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut pool = ClientPool::new(ClientProtocol::default()).unwrap();
        pool.connect(server.local_addr().unwrap()).unwrap();
        let mut theirs = server.accept().unwrap().0;
        let much = vec![b'x'; 4 << 20];
        pool.send(0, &much).unwrap();
        pool.send(0, b"!").unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = vec![0; (4 << 20) + 3];
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
        assert!(reader.join().unwrap().ends_with(b"x\n!\n"));
    }

    #[test]
    fn a_failed_connection_has_advice() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = format!("{:#}", ClientPool::new(ClientProtocol::default()).unwrap().connect(free).unwrap_err());
        assert!(error.contains("is it running?"), "{error}");
        assert!(open_files() > 100);
    }
}
