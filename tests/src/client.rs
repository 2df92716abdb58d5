//! Clients for tests: they wait for what must come, with a deadline, and never sleep.

use crate::DEADLINE;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

/// One of the many addresses of loopback, as of another machine (only Linux has them without being told).
pub fn neighbour(number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

/// A client that talks in lines, like `nc`.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    pings: usize,
}

impl Client {
    /// Connects, and says nothing yet.
    pub fn connect(address: SocketAddr) -> Client {
        Client::of(TcpStream::connect(address).expect("connecting"))
    }

    /// Connects from another address of this machine.
    pub fn connect_from(source: Ipv4Addr, address: SocketAddr) -> Client {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((source, 0)).into()).expect("another loopback address");
        socket.connect(&address.into()).expect("connecting");
        Client::of(socket.into())
    }

    /// The client of a connection that stands already.
    pub fn of(stream: TcpStream) -> Client {
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        Client { stream, buffer: Vec::new(), pings: 0 }
    }

    /// The connection itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends a line.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sending");
    }

    /// The next line, or `None` when the server has closed.
    pub fn next_line(&mut self) -> Option<String> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(String::from_utf8(line[..end].to_vec()).expect("UTF-8 from the server"));
            }
            let mut piece = [0; 16 << 10];
            match self.stream.read(&mut piece) {
                Ok(0) => {
                    assert!(self.buffer.is_empty(), "half a line: {:?}", String::from_utf8_lossy(&self.buffer));
                    return None;
                }
                Ok(n) => self.buffer.extend_from_slice(&piece[..n]),
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => return None,
                // A program that is stopped and goes on interrupts reads that have a deadline.
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => panic!("waiting for a line: {e}"),
            }
            assert!(Instant::now() < deadline, "no whole line in time");
        }
    }

    /// The next line.
    pub fn line(&mut self) -> String {
        self.next_line().expect("a line, but the server closed")
    }

    /// The next line must be this one.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// The next line must begin so. Returns it.
    #[track_caller]
    pub fn expect_start(&mut self, start: &str) -> String {
        let line = self.line();
        assert!(line.starts_with(start), "{line:?} does not begin with {start:?}");
        line
    }

    /// Skips lines up to one that begins so. Returns it.
    pub fn until(&mut self, start: &str) -> String {
        loop {
            let line = self.line();
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// Asserts that everything sent to this client so far has been read: nothing comes before an answer to a ping.
    #[track_caller]
    pub fn expect_nothing(&mut self) {
        assert_eq!(self.lines_so_far(), [""; 0]);
    }

    /// Everything that was sent to this client before the answer to a ping.
    pub fn lines_so_far(&mut self) -> Vec<String> {
        self.pings += 1;
        let token = format!("barrier-{}", self.pings);
        self.send(&format!("/ping {token}"));
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            if line == format!("PONG {token}") {
                return lines;
            }
            lines.push(line);
        }
    }

    /// The server must close now, with nothing more said.
    #[track_caller]
    pub fn expect_closed(&mut self) {
        assert_eq!(self.next_line(), None);
    }

    /// Leaves, and waits until the server has taken note.
    pub fn quit(mut self) {
        self.send("/quit");
        while self.next_line().is_some() {}
    }

    /// Goes without a word, so that the server sees a reset.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(std::time::Duration::ZERO)).expect("a socket");
    }

    /// Says that nothing more will be sent.
    pub fn end_sending(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a socket");
    }
}

/// A client that sends each message with one `send`, without a newline, and takes each `recv(1024)` for one message:
/// tcp_chat's and Chat77's way.
pub struct Unframed {
    stream: TcpStream,
}

impl Unframed {
    /// Connects, and says nothing yet.
    pub fn connect(address: SocketAddr) -> Unframed {
        let stream = TcpStream::connect(address).expect("connecting");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        Unframed { stream }
    }

    /// Sends one message.
    pub fn send(&mut self, message: &str) {
        self.send_bytes(message.as_bytes());
    }

    /// Sends bytes as they are, with one `send`.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sending");
    }

    /// What one `recv(1024)` returns; empty when the server has closed. Decoded strictly, as these clients do.
    pub fn recv(&mut self) -> String {
        let mut piece = [0; 1024];
        match self.stream.read(&mut piece) {
            Ok(n) => String::from_utf8(piece[..n].to_vec()).expect("UTF-8 from the server"),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => String::new(),
            Err(e) => panic!("waiting for a message: {e}"),
        }
    }

    /// The next `recv(1024)` must return exactly this.
    #[track_caller]
    pub fn expect(&mut self, message: &str) {
        assert_eq!(self.recv(), message);
    }

    /// Sends a message and expects exactly this as the next one.
    #[track_caller]
    pub fn ask(&mut self, message: &str, answer: &str) {
        self.send(message);
        self.expect(answer);
    }
}
