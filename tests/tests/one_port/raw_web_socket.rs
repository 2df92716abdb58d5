//! A WebSocket client that sends any frame, also those that no library sends.

use crate::http_client::read_more;
use landline_tests::DEADLINE;
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};

/// The first byte of frames that are whole messages.
pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;

/// One connection behind its handshake.
pub struct RawWebSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Returns a masked frame with this first byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | short as u8),
        medium @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

impl RawWebSocket {
    pub fn connect(address: SocketAddr) -> RawWebSocket {
        RawWebSocket::connect_and_send(address, &[])
    }

    /// Sends `bytes` together with the handshake.
    pub fn connect_and_send(address: SocketAddr, bytes: &[u8]) -> RawWebSocket {
        let stream = TcpStream::connect(address).expect("connecting");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        let mut client = RawWebSocket { stream, buffer: Vec::new() };
        let handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        assert!(client.try_send_bytes(&[handshake.as_bytes(), bytes].concat()));
        while !client.buffer.windows(4).any(|window| window == b"\r\n\r\n") {
            assert!(client.fill(), "the handshake is refused");
        }
        assert!(client.buffer.starts_with(b"HTTP/1.1 101 "));
        let end = client.buffer.windows(4).position(|window| window == b"\r\n\r\n").expect("an end") + 4;
        client.buffer.drain(..end);
        client
    }

    /// Connects and signs in as a guest in the hall.
    pub fn signed_in(address: SocketAddr, name: &str) -> RawWebSocket {
        let mut client = RawWebSocket::connect(address);
        client.send(TEXT, format!(r#"{{"type":"guest","user":"{name}","room":"hall","label":"in"}}"#).as_bytes());
        client.until_text(r#""label":"in""#);
        client
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends bytes. Returns false if the server has ended the connection.
    pub fn try_send_bytes(&mut self, bytes: &[u8]) -> bool {
        match self.stream.write_all(bytes) {
            Ok(()) => true,
            Err(why) if matches!(why.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => false,
            Err(why) => panic!("sending: {why}"),
        }
    }

    /// Sends a frame.
    pub fn send(&mut self, first: u8, payload: &[u8]) {
        self.try_send_bytes(&frame(first, payload));
    }

    /// Reads more bytes. Returns false at the end of the connection.
    fn fill(&mut self) -> bool {
        read_more(&self.stream, &mut self.buffer)
    }

    /// Returns the first byte and the payload of the next frame, or `None` when the connection has ended.
    pub fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let header = match self.buffer[..] {
                [first, short @ 0..=125, ..] => Some((first, 2, usize::from(short))),
                [first, 126, a, b, ..] => Some((first, 4, usize::from(u16::from_be_bytes([a, b])))),
                [_, 127..=255, ..] => panic!("a frame that is long or masked"),
                _ => None,
            };
            if let Some((first, start, length)) = header
                && self.buffer.len() >= start + length
            {
                let payload = self.buffer[start..start + length].to_vec();
                self.buffer.drain(..start + length);
                return Some((first, payload));
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// Returns the first text that contains `part`.
    pub fn until_text(&mut self, part: &str) -> String {
        loop {
            match self.next_frame().expect("a frame, but the server closed") {
                (TEXT, payload) => {
                    let text = String::from_utf8(payload).expect("UTF-8");
                    if text.contains(part) {
                        return text;
                    }
                }
                (PING | PONG, _) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Reads to the end of the connection. Returns the code and the reason of the close frame; `None` without one.
    pub fn close_reason(&mut self) -> Option<(u16, String)> {
        let mut reason = None;
        while let Some((first, payload)) = self.next_frame() {
            assert_eq!(reason, None, "a frame behind the close");
            if let (CLOSE, [a, b, text @ ..]) = (first, &payload[..]) {
                reason = Some((u16::from_be_bytes([*a, *b]), String::from_utf8_lossy(text).into_owned()));
            }
        }
        reason
    }
}
