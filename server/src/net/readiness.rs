//! Waits until one of many sockets takes bytes again, with epoll or kqueue.

use crate::net::Stream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use parking_lot::Mutex;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Duration;

/// The key of the waker. Client numbers count up from 1 and never reach it.
const WAKER: Token = Token(usize::MAX);

/// Most keys that one wait reports.
const MOST_EVENTS: usize = 256;

/// The set of armed sockets.
#[derive(Debug)]
pub struct Readiness {
    registry: Registry,
    waker: Waker,
    /// Locked by the thread that waits.
    waiting: Mutex<(Poll, Events)>,
}

impl Readiness {
    /// Makes a set without armed sockets.
    ///
    /// # Errors
    /// The process has no descriptors left.
    pub fn new() -> io::Result<Readiness> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(&registry, WAKER)?;
        Ok(Readiness { registry, waker, waiting: Mutex::new((poll, Events::with_capacity(MOST_EVENTS))) })
    }

    /// Makes [`Readiness::wait`] report `key` when `stream` takes bytes again, or is dead. The report is edge-triggered:
    /// arming again asks the kernel anew, so a socket that is ready by then is reported at once.
    ///
    /// # Errors
    /// The kernel has no memory or no watches left, or the platform cannot hold the key.
    pub fn arm(&self, stream: &Arc<Stream>, key: u64) -> io::Result<()> {
        let token = Token(usize::try_from(key).map_err(io::Error::other)?);
        let fd = stream.as_fd().as_raw_fd();
        let mut source = SourceFd(&fd);
        match self.registry.reregister(&mut source, token, Interest::WRITABLE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.registry.register(&mut source, token, Interest::WRITABLE)
            }
            other => other,
        }
    }

    /// Disarms `stream`, before it is closed.
    pub fn forget(&self, stream: &Stream) {
        let _ = self.registry.deregister(&mut SourceFd(&stream.as_fd().as_raw_fd()));
    }

    /// Makes the thread in [`Readiness::wait`] return.
    pub fn wake(&self) {
        let _ = self.waker.wake();
    }

    /// Waits until a socket is ready, at most for `timeout` (without end if `None`), and appends the ready keys to
    /// `keys`.
    pub fn wait(&self, timeout: Option<Duration>, keys: &mut Vec<u64>) {
        let (poll, events) = &mut *self.waiting.lock();
        if poll.poll(events, timeout).is_ok() {
            let tokens = events.iter().map(|event| event.token()).filter(|token| *token != WAKER);
            keys.extend(tokens.map(|token| token.0 as u64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    #[test]
    fn reports_once_when_a_socket_takes_bytes_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let stream = Arc::new(Stream::new(listener.accept().unwrap().0, 8_192).unwrap());
        let bytes = vec![0; 64 << 10];
        while stream.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap() > 0 {}

        let readiness = Readiness::new().unwrap();
        readiness.arm(&stream, 7).unwrap();
        let mut keys = Vec::new();
        readiness.wait(Some(Duration::from_millis(5)), &mut keys);
        assert!(keys.is_empty(), "a full socket is not ready");
        let drain = std::thread::spawn(move || while reader.read(&mut [0; 64 << 10]).unwrap() > 0 {});
        let deadline = Instant::now() + Duration::from_secs(10);
        while keys.is_empty() && Instant::now() < deadline {
            readiness.wait(Some(Duration::from_millis(100)), &mut keys);
        }
        assert_eq!(keys, [7]);
        keys.clear();
        readiness.wait(Some(Duration::from_millis(5)), &mut keys);
        assert!(keys.is_empty(), "one arming, one report");

        readiness.wake();
        let before = Instant::now();
        readiness.wait(Some(Duration::from_secs(10)), &mut keys);
        assert!(keys.is_empty() && before.elapsed() < Duration::from_secs(5));
        readiness.forget(&stream);
        stream.close();
        drop(stream);
        drain.join().unwrap();
    }
}
