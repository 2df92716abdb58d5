//! A `TcpStream` with one overall deadline. Socket timeouts count per call, so a peer that sends a byte now and then
//! could stretch a handshake without end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A stream whose reads and writes fail with `TimedOut` after the deadline.
pub struct DeadlineStream<'s> {
    stream: &'s TcpStream,
    end: Instant,
}

impl DeadlineStream<'_> {
    /// Wraps a stream with a deadline `timeout` from now.
    #[must_use]
    pub fn new(stream: &TcpStream, timeout: Duration) -> DeadlineStream<'_> {
        DeadlineStream::until(stream, Instant::now() + timeout)
    }

    /// Wraps a stream with the deadline `end`.
    #[must_use]
    pub fn until(stream: &TcpStream, end: Instant) -> DeadlineStream<'_> {
        DeadlineStream { stream, end }
    }

    /// Returns the time left, as a socket timeout.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for DeadlineStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer)
    }
}

impl Write for DeadlineStream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn single_bytes_do_not_extend_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut slow = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while slow.write_all(b"x").is_ok() {
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
            let mut timed = DeadlineStream::new(&stream, Duration::from_millis(200));
            assert!(timed.read_exact(&mut [0; 1 << 16]).is_err());
            drop(stream);
        });
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
