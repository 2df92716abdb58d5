//! Clients for tests. They wait for events with a deadline and never sleep.

use crate::DEADLINE;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

/// Returns a loopback address other than 127.0.0.1, to stand for another machine. Only Linux has these by default.
pub fn neighbour(number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

/// A client that sends and receives lines, like `nc`.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    pings: usize,
}

impl Client {
    /// Connects without sending anything.
    pub fn connect(address: SocketAddr) -> Client {
        Client::of(TcpStream::connect(address).expect("connecting"))
    }

    /// Connects from a given address of this machine.
    pub fn connect_from(source: Ipv4Addr, address: SocketAddr) -> Client {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((source, 0)).into()).expect("another loopback address");
        socket.connect(&address.into()).expect("connecting");
        Client::of(socket.into())
    }

    /// Wraps an open connection.
    pub fn of(stream: TcpStream) -> Client {
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        Client { stream, buffer: Vec::new(), pings: 0 }
    }

    /// Returns the connection.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends a line.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    /// Sends bytes.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sending");
    }

    /// Returns the next line, or `None` when the server has closed the connection.
    #[track_caller]
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
                // SIGSTOP and SIGCONT interrupt a read that has a timeout.
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => panic!("waiting for a line: {e}"),
            }
            assert!(Instant::now() < deadline, "no whole line in time");
        }
    }

    /// Returns the next line.
    ///
    /// # Panics
    /// The server has closed the connection.
    #[track_caller]
    pub fn line(&mut self) -> String {
        self.next_line().expect("a line, but the server closed")
    }

    /// Asserts that the next line is `line`.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Asserts that the next line begins with `start`, and returns the line.
    #[track_caller]
    pub fn expect_start(&mut self, start: &str) -> String {
        let line = self.line();
        assert!(line.starts_with(start), "{line:?} does not begin with {start:?}");
        line
    }

    /// Skips lines until one begins with `start`, and returns that line.
    #[track_caller]
    pub fn until(&mut self, start: &str) -> String {
        loop {
            let line = self.line();
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// Asserts that no line is waiting: none arrives before the answer to a ping.
    #[track_caller]
    pub fn expect_nothing(&mut self) {
        assert_eq!(self.drain_lines(), [""; 0]);
    }

    /// Sends a ping, and returns the lines that arrive before the answer.
    pub fn drain_lines(&mut self) -> Vec<String> {
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

    /// Asserts that the server closes the connection without another line.
    #[track_caller]
    pub fn expect_closed(&mut self) {
        assert_eq!(self.next_line(), None);
    }

    /// Sends `/quit`, and waits until the server has closed the connection.
    pub fn quit(mut self) {
        self.send("/quit");
        while self.next_line().is_some() {}
    }

    /// Closes the connection with a TCP reset.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(std::time::Duration::ZERO)).expect("a socket");
    }

    /// Closes the sending direction of the connection.
    pub fn end_sending(&self) {
        self.stream.shutdown(Shutdown::Write).expect("a socket");
    }
}

/// A client that sends each message with one `send`, without a newline, and takes each `recv(1024)` for one message, as
/// the clients of tcp_chat and Chat77 do.
pub struct Unframed {
    stream: TcpStream,
}

impl Unframed {
    /// Connects without sending anything.
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

    /// Sends bytes with one `send`.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sending");
    }

    /// Returns the result of one `recv(1024)`, or an empty text when the server has closed the connection.
    ///
    /// # Panics
    /// The bytes are not UTF-8, which these clients decode strictly.
    pub fn recv(&mut self) -> String {
        let mut piece = [0; 1024];
        match self.stream.read(&mut piece) {
            Ok(n) => String::from_utf8(piece[..n].to_vec()).expect("UTF-8 from the server"),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => String::new(),
            Err(e) => panic!("waiting for a message: {e}"),
        }
    }

    /// Asserts that the next `recv(1024)` returns exactly `message`.
    #[track_caller]
    pub fn expect(&mut self, message: &str) {
        assert_eq!(self.recv(), message);
    }

    /// Sends a message, and asserts that the next `recv(1024)` returns exactly `answer`.
    #[track_caller]
    pub fn exchange(&mut self, message: &str, answer: &str) {
        self.send(message);
        self.expect(answer);
    }
}
