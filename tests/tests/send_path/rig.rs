//! A send path without a server: outboxes whose connections end at the test.

use landline_common::{Limits, Rendering};
use landline_server::fanout::{Bounds, ClientId, DeliveryMode, Flushers, Outbox, Poller, Publication};
use landline_server::net::Stream;
use landline_tests::DEADLINE;
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// The poller and the flushers, stopped on drop.
pub struct Rig {
    pub poller: Arc<Poller>,
    pub flushers: Arc<Flushers>,
    pub limits: Limits,
    next: AtomicU64,
}

/// A client: its outbox, and its end of the connection.
pub struct Peer {
    pub outbox: Arc<Outbox>,
    pub socket: TcpStream,
}

/// A line, rendered as `RENDERING:TEXT`.
pub struct TestLine(pub String);

impl Publication for TestLine {
    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        writeln!(out, "{rendering}:{}", self.0).unwrap();
    }
}

pub fn line(text: impl ToString) -> TestLine {
    TestLine(text.to_string())
}

/// Text rendering, without the member's own lines.
pub const TEXT: DeliveryMode = DeliveryMode { rendering: Rendering::Text as usize, echo: false };

/// Values of `inline_members`: speakers run a room's cycles, or flushers do.
pub const BOTH_WAYS: [u64; 2] = [16, 0];

impl Rig {
    pub fn new(change: impl FnOnce(&mut Limits)) -> Rig {
        let mut limits = Limits { send_buffer_bytes: 4 << 10, ..Limits::default() };
        change(&mut limits);
        let poller = Poller::start(Bounds::of(&limits)).unwrap();
        let flushers = Flushers::start(&limits).unwrap();
        Rig { poller, flushers, limits, next: AtomicU64::new(1) }
    }

    pub fn peer(&self) -> Peer {
        self.connect(Socket::new(Domain::IPV4, Type::STREAM, None).unwrap())
    }

    /// Connects a client with a small receive buffer, so that its backlog fills soon.
    pub fn slow_reader(&self) -> Peer {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(32 << 10).unwrap();
        self.connect(socket)
    }

    fn connect(&self, socket: Socket) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        socket.connect(&listener.local_addr().unwrap().into()).unwrap();
        let socket = TcpStream::from(socket);
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let buffer = usize::try_from(self.limits.send_buffer_bytes).unwrap();
        let stream = Arc::new(Stream::new(listener.accept().unwrap().0, buffer).unwrap());
        let client: ClientId = self.next.fetch_add(1, Relaxed);
        Peer { outbox: Outbox::new(client, &stream, &self.poller), socket }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.flushers.stop();
        self.poller.stop();
    }
}

/// More bytes than the kernel buffers for a slow reader, at both ends of the connection.
const KERNEL: usize = 128 << 10;

impl Peer {
    /// Sends long lines until at least `bytes` stay queued, also if the kernel takes more of them. Returns all lines.
    pub fn clog(&self, bytes: usize) -> String {
        let mut all = String::new();
        while self.outbox.queued_bytes() < bytes + KERNEL {
            let line = format!("0:{:0>990}\n", all.len());
            self.outbox.push_control(line.as_bytes());
            all.push_str(&line);
            assert_eq!(self.outbox.disconnect_reason(), None);
        }
        all
    }

    /// Reads until the text ends with `last`. Returns all of it.
    pub fn read_to(&mut self, last: &str) -> String {
        let mut all = Vec::new();
        let deadline = Instant::now() + DEADLINE;
        while !all.ends_with(last.as_bytes()) {
            assert!(Instant::now() < deadline, "no {last:?} in time; {:?}", self.outbox);
            let mut piece = [0; 16 << 10];
            match self.socket.read(&mut piece) {
                Ok(n) if n > 0 => all.extend_from_slice(&piece[..n]),
                other => panic!("{other:?} before {last:?}; {:?}", self.outbox),
            }
        }
        String::from_utf8(all).unwrap()
    }

    /// Returns everything that was sent to this client so far.
    pub fn so_far(&mut self) -> String {
        self.outbox.push_control(b"<so far>\n");
        let mut all = self.read_to("<so far>\n");
        all.truncate(all.len() - "<so far>\n".len());
        all
    }

    /// Returns what can be read without waiting, at most `most` bytes.
    pub fn read_at_once(&mut self, most: usize) -> String {
        self.socket.set_nonblocking(true).unwrap();
        let mut all = Vec::new();
        match (&self.socket).take(most as u64).read_to_end(&mut all) {
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Ok(read) if read == most => {}
            other => panic!("the connection ended: {other:?}"),
        }
        self.socket.set_nonblocking(false).unwrap();
        String::from_utf8(all).unwrap()
    }

    /// Waits until nothing is queued for this client. Needs another thread that reads, or enough space in the kernel.
    pub fn flush(&self) {
        assert!(self.outbox.flush(Instant::now() + DEADLINE), "{:?}", self.outbox.disconnect_reason());
    }
}

/// Polls until `done` returns true.
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::yield_now();
    }
}
