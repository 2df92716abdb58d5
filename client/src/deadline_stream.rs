//! A `TcpStream` with one overall deadline. Socket timeouts count per call, so a peer that sends a byte now and then
//! could stretch a handshake without end.

use std::borrow::Borrow;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A stream whose reads and writes fail with `TimedOut` after the deadline.
#[derive(Debug)]
pub struct DeadlineStream<S> {
    stream: S,
    /// `None` once it is lifted.
    end: Option<Instant>,
}

impl<S: Borrow<TcpStream>> DeadlineStream<S> {
    /// Wraps a stream with a deadline `timeout` from now.
    #[must_use]
    pub fn new(stream: S, timeout: Duration) -> DeadlineStream<S> {
        DeadlineStream::until(stream, Instant::now() + timeout)
    }

    /// Wraps a stream with the deadline `end`.
    #[must_use]
    pub fn until(stream: S, end: Instant) -> DeadlineStream<S> {
        DeadlineStream { stream, end: Some(end) }
    }

    /// Lifts the deadline: from now on reads and writes wait for ever.
    ///
    /// # Errors
    /// The system's error.
    pub fn lift(&mut self) -> io::Result<()> {
        self.end = None;
        self.stream.borrow().set_read_timeout(None)?;
        self.stream.borrow().set_write_timeout(None)
    }

    /// Returns true if the deadline has passed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}

/// Returns the time left, as a socket timeout.
fn left(end: Instant) -> io::Result<Option<Duration>> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
}

impl<S: Borrow<TcpStream>> Read for DeadlineStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = self.stream.borrow();
        if let Some(end) = self.end {
            stream.set_read_timeout(left(end)?)?;
        }
        stream.read(buffer)
    }
}

impl<S: Borrow<TcpStream>> Write for DeadlineStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stream = self.stream.borrow();
        if let Some(end) = self.end {
            stream.set_write_timeout(left(end)?)?;
        }
        stream.write(bytes)
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
