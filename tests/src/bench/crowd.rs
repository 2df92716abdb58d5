//! Many connections in one thread: bytes out, lines in. It knows nothing of what they mean.

use super::readiness::{Readiness, Ready};
use anyhow::Context;
use memchr::memchr;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One read takes what the kernel holds for a socket, or nearly.
const READ: usize = 256 << 10;
/// No server sends a longer line.
const LONGEST_LINE: usize = 1 << 20;
/// How long a server may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(10);
/// Connections from one address: each needs a port of its own, and there are 28,000.
const PER_ADDRESS: usize = 5_000;
/// What a client that never reads lets the kernel hold for it, in bytes.
const SMALL_WINDOW: usize = 4 << 10;
/// Descriptors of the program itself.
const SPARE_FILES: usize = 64;

/// How many connections this process may open; its own limit is raised as far as the system lets it.
#[must_use]
pub fn open_files() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let files = if raised { maximum } else { current };
    files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX).saturating_sub(SPARE_FILES)
}

/// Who hears the lines.
pub trait Listener {
    /// A member gets a line, which is without its newline.
    fn line(&mut self, member: usize, line: &[u8], now: Instant);
    /// A member's connection has ended.
    fn gone(&mut self, member: usize);
}

/// The connections, numbered in the order in which they were made.
pub struct Crowd {
    members: Vec<Member>,
    readiness: Readiness,
    ready: Vec<Ready>,
    buffer: Vec<u8>,
    /// Bytes read so far.
    pub bytes: u64,
}

#[derive(Debug)]
struct Member {
    stream: Arc<TcpStream>,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    unsent: Vec<u8>,
}

impl Crowd {
    /// Nobody yet.
    ///
    /// # Errors
    /// Out of descriptors.
    pub fn new() -> io::Result<Crowd> {
        let (members, ready) = (Vec::new(), Vec::new());
        Ok(Crowd { members, readiness: Readiness::new()?, ready, buffer: vec![0; READ], bytes: 0 })
    }

    /// One more connection.
    ///
    /// # Errors
    /// Nobody answers at the address, or the system gives no more connections. The text says what to do.
    pub fn connect(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let at = self.members.len();
        let stream = connected(address, at).with_context(|| format!("connection {} to {address}", at + 1))?;
        let stream = Arc::new(stream);
        self.readiness.watch(&stream, at, false)?;
        self.members.push(Member { stream, begun: Vec::new(), unsent: Vec::new() });
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Sends bytes for a member; what the kernel does not take at once goes out while waiting.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn send(&mut self, member: usize, bytes: &[u8]) -> io::Result<()> {
        let Member { stream, unsent, .. } = &mut self.members[member];
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

    /// A member reads nothing from now on.
    pub fn stop_reading(&mut self, member: usize) {
        let stream = &self.members[member].stream;
        self.readiness.forget(stream);
        let _ = socket2::SockRef::from(stream.as_ref()).set_recv_buffer_size(SMALL_WINDOW);
    }

    /// A member's connection ends, whoever still sends something over it.
    pub fn hang_up(&mut self, member: usize) {
        let stream = &self.members[member].stream;
        self.readiness.forget(stream);
        // The other side may have ended it before.
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Waits for `timeout` at most, and tells `listener` what has come.
    ///
    /// # Errors
    /// The system cannot wait.
    pub fn wait(&mut self, timeout: Duration, listener: &mut impl Listener) -> io::Result<()> {
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

    /// False when the connection has ended.
    fn flush(&mut self, member: usize) -> bool {
        let Member { stream, unsent, .. } = &mut self.members[member];
        let Ok(sent) = taken(stream.as_ref().write(unsent)) else { return false };
        unsent.drain(..sent);
        !unsent.is_empty() || self.readiness.watch(stream, member, false).is_ok()
    }

    /// False when the connection has ended.
    fn read(&mut self, member: usize, listener: &mut impl Listener) -> bool {
        let Member { stream, begun, .. } = &mut self.members[member];
        match stream.as_ref().read(&mut self.buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.bytes += count as u64;
                let now = Instant::now();
                split(begun, &self.buffer[..count], |line| listener.line(member, line, now));
                begun.len() <= LONGEST_LINE
            }
            Err(error) => is_for_later(&error),
        }
    }
}

/// Gives every whole line to `hear`, and keeps what has no end yet.
fn split(begun: &mut Vec<u8>, mut bytes: &[u8], mut hear: impl FnMut(&[u8])) {
    while let Some(end) = memchr(b'\n', bytes) {
        if begun.is_empty() {
            hear(&bytes[..end]);
        } else {
            begun.extend_from_slice(&bytes[..end]);
            hear(begun);
            begun.clear();
        }
        bytes = &bytes[end + 1..];
    }
    begun.extend_from_slice(bytes);
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// How many bytes the kernel took.
fn taken(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if is_for_later(&error) => Ok(0),
        other => other,
    }
}

fn connected(address: SocketAddr, at: usize) -> anyhow::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)).context(
        "the system opens no more connections; raise the limit on open files (ulimit -n), or take fewer people",
    )?;
    let here = u8::try_from(at / PER_ADDRESS + 1).unwrap_or(u8::MAX);
    // Only Linux has all of 127.0.0.0/8 without being told.
    if cfg!(target_os = "linux") && here > 1 && address.ip() == IpAddr::from(Ipv4Addr::LOCALHOST) {
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, here), 0)).into())?;
    }
    socket.connect_timeout(&address.into(), CONNECTING).context("nobody answers there; is the server running?")?;
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

    impl Listener for Notes {
        fn line(&mut self, member: usize, line: &[u8], _: Instant) {
            self.lines.push(format!("{member} {}", String::from_utf8_lossy(line)));
        }

        fn gone(&mut self, _: usize) {
            self.gone = true;
        }
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        let text = b"one\n\ntwo\nthree";
        for size in 1..=text.len() {
            let (mut begun, mut lines) = (Vec::new(), Vec::new());
            for piece in text.chunks(size) {
                split(&mut begun, piece, |line| lines.push(line.to_vec()));
            }
            assert_eq!(lines, [&b"one"[..], b"", b"two"], "in pieces of {size}");
            assert_eq!(begun, b"three");
        }
    }

    #[test]
    fn bytes_go_out_and_lines_come_in() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut crowd = Crowd::new().unwrap();
        crowd.connect(server.local_addr().unwrap()).unwrap();
        let mut theirs = server.accept().unwrap().0;
        let much = vec![b'x'; 4 << 20];
        crowd.send(0, &much).unwrap();
        crowd.send(0, b"!").unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = vec![0; (4 << 20) + 1];
            theirs.read_exact(&mut all).unwrap();
            theirs.write_all(b"thanks\n").unwrap();
            all
        });
        let mut notes = Notes::default();
        let deadline = Instant::now() + crate::DEADLINE;
        while !notes.gone && Instant::now() < deadline {
            crowd.wait(Duration::from_millis(100), &mut notes).unwrap();
        }
        assert!(notes.gone);
        assert_eq!(notes.lines, ["0 thanks"]);
        assert_eq!(crowd.bytes, 7);
        assert!(reader.join().unwrap().ends_with(b"x!"));
    }

    #[test]
    fn who_cannot_connect_is_told_what_to_do() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = format!("{:#}", Crowd::new().unwrap().connect(free).unwrap_err());
        assert!(error.contains("is the server running?"), "{error}");
        assert!(open_files() > 100);
    }
}
