//! One request on a connection of its own, whose response may have any bytes.

use landline_tests::DEADLINE;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A response.
pub struct Fetched {
    pub status: u16,
    /// The first line and the headers.
    pub head: String,
    pub body: Vec<u8>,
}

impl Fetched {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns the body of a text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

/// Sends a request with these further header lines, each ended by CRLF, and reads the response.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &str) -> Fetched {
    let mut stream = TcpStream::connect(address).expect("connecting");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).expect("sending");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("the whole response");
    let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(response[..end].to_vec()).expect("UTF-8");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Fetched { status, head, body: response.split_off(end + 4) }
}

/// Sends `GET` without further headers.
pub fn get(address: SocketAddr, path: &str) -> Fetched {
    request(address, "GET", path, "")
}
