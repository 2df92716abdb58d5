//! A client that sends the bytes of requests, and reads the responses one by one.

use landline_tests::DEADLINE;
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

/// One connection.
pub struct HttpClient {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub struct HttpResponse {
    pub status: u16,
    /// The first line and the headers.
    pub head: String,
    pub body: String,
}

impl HttpResponse {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns true if the server ends the connection behind this response.
    pub fn ends_connection(&self) -> bool {
        self.header("Connection").is_some_and(|options| options.contains("close"))
    }
}

/// Appends what the server sends next. Returns false at the end of the connection.
pub fn read_more(mut stream: &TcpStream, buffer: &mut Vec<u8>) -> bool {
    let mut piece = [0; 16 << 10];
    match stream.read(&mut piece) {
        Ok(count) => {
            buffer.extend_from_slice(&piece[..count]);
            count > 0
        }
        Err(why) if why.kind() == ErrorKind::ConnectionReset => false,
        Err(why) => panic!("waiting for bytes of the server: {why}"),
    }
}

impl HttpClient {
    pub fn connect(address: SocketAddr) -> HttpClient {
        HttpClient::of(TcpStream::connect(address).expect("connecting"))
    }

    /// Connects from another address of loopback.
    pub fn connect_from(source: Ipv4Addr, address: SocketAddr) -> HttpClient {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((source, 0)).into()).expect("another loopback address");
        socket.connect(&address.into()).expect("connecting");
        HttpClient::of(socket.into())
    }

    fn of(stream: TcpStream) -> HttpClient {
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
        HttpClient { stream, buffer: Vec::new() }
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends bytes. Returns false if the server has ended the connection.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        match self.stream.write_all(bytes.as_ref()) {
            Ok(()) => true,
            Err(why) if matches!(why.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => false,
            Err(why) => panic!("sending: {why}"),
        }
    }

    /// Sends a request without a body. `headers` end in line ends.
    pub fn request(&mut self, method: &str, path: &str, headers: &str) {
        assert!(self.try_send(format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n")));
    }

    /// Sends `GET`, and returns the response.
    pub fn get(&mut self, path: &str) -> HttpResponse {
        self.request("GET", path, "");
        self.response()
    }

    /// Returns the next response.
    #[track_caller]
    pub fn response(&mut self) -> HttpResponse {
        self.next(true).expect("a response, but the server closed")
    }

    /// Returns the response to `HEAD`.
    #[track_caller]
    pub fn response_to_head(&mut self) -> HttpResponse {
        self.next(false).expect("a response, but the server closed")
    }

    /// Returns the next response, or `None` when the server has closed the connection.
    pub fn response_or_end(&mut self) -> Option<HttpResponse> {
        self.next(true)
    }

    /// Returns the next response, or `None` when the server has closed the connection.
    fn next(&mut self, has_body: bool) -> Option<HttpResponse> {
        let head_end = loop {
            match self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if self.fill() => {}
                None => {
                    assert!(self.buffer.is_empty(), "a part: {:?}", String::from_utf8_lossy(&self.buffer));
                    return None;
                }
            }
        };
        let head = String::from_utf8(self.buffer.drain(..head_end).collect()).expect("UTF-8");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut response = HttpResponse { status: status.expect(&head), head, body: String::new() };
        let length = response.header("Content-Length").map_or(0, |length| length.parse().expect("a number"));
        if has_body {
            while self.buffer.len() < length {
                assert!(self.fill(), "a part of a body");
            }
            response.body = String::from_utf8(self.buffer.drain(..length).collect()).expect("UTF-8");
        }
        Some(response)
    }

    /// Reads more bytes. Returns false at the end of the connection.
    fn fill(&mut self) -> bool {
        read_more(&self.stream, &mut self.buffer)
    }

    /// Asserts that the server closes the connection without another byte.
    #[track_caller]
    pub fn expect_closed(&mut self) {
        assert_eq!(self.next(true), None);
    }

    /// Asserts that the next response has this status and is the last one.
    #[track_caller]
    pub fn expect_last(&mut self, status: u16) -> HttpResponse {
        let response = self.response();
        assert_eq!((response.status, response.ends_connection()), (status, true), "{response:?}");
        self.expect_closed();
        response
    }
}
