//! Sends without end and never reads.

use landline_tests::{DEADLINE, TestServer};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Time after which a write that the server does not take is tried again, to look at the server meanwhile.
const WRITE_TIMEOUT: Duration = Duration::from_millis(50);

/// Sends the bytes that `next` makes, again and again, until the server ends the connection. Returns the most bytes that
/// waited at the server for all clients.
///
/// # Panics
/// The server does not end it in time.
#[track_caller]
pub fn flood(server: &TestServer, mut stream: &TcpStream, mut next: impl FnMut() -> Vec<u8>) -> usize {
    let begun = Instant::now();
    let (mut bytes, mut sent, mut most) = (next(), 0, 0);
    stream.set_write_timeout(Some(WRITE_TIMEOUT)).expect("a socket");
    loop {
        match stream.write(&bytes[sent..]) {
            Ok(count) => sent += count,
            Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return most,
        }
        if sent == bytes.len() {
            (bytes, sent) = (next(), 0);
        }
        most = most.max(server.server().context().poller.queued_bytes());
        assert!(begun.elapsed() < DEADLINE, "the client is not ended; {most} bytes wait");
    }
}
