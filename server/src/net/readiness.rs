//! Waits until one of many sockets takes bytes again. Each arming is good for one report.
//!
//! Linux uses epoll; other Unixes use `poll`, whose cost grows with the number of armed sockets.

use crate::net::Stream;
use std::io;
use std::sync::Arc;
use std::time::Duration;

#[cfg(target_os = "linux")]
pub use epoll::Readiness;
#[cfg(not(target_os = "linux"))]
pub use poll::Readiness;

/// The key of the waker. Client numbers count up from 1 and never reach it.
const WAKER: u64 = u64::MAX;

#[cfg(target_os = "linux")]
mod epoll {
    use super::{Arc, Duration, Stream, WAKER, io};
    use rustix::buffer::spare_capacity;
    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    use rustix::event::{EventfdFlags, Timespec, eventfd};
    use rustix::fd::OwnedFd;
    use rustix::io::Errno;

    /// The set of armed sockets.
    #[derive(Debug)]
    pub struct Readiness {
        epoll: OwnedFd,
        waker: OwnedFd,
    }

    impl Readiness {
        /// Makes a set without armed sockets.
        ///
        /// # Errors
        /// The process has no descriptors left.
        pub fn new() -> io::Result<Readiness> {
            let epoll = epoll::create(CreateFlags::CLOEXEC)?;
            let waker = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            epoll::add(&epoll, &waker, EventData::new_u64(WAKER), EventFlags::IN)?;
            Ok(Readiness { epoll, waker })
        }

        /// Makes [`Readiness::wait`] report `key` once when `stream` takes bytes again, or is dead.
        ///
        /// # Errors
        /// The kernel has no memory or no watches left.
        pub fn arm(&self, stream: &Arc<Stream>, key: u64) -> io::Result<()> {
            let data = EventData::new_u64(key);
            let flags = EventFlags::OUT | EventFlags::ONESHOT;
            match epoll::modify(&self.epoll, stream.as_ref(), data, flags) {
                Err(Errno::NOENT) => Ok(epoll::add(&self.epoll, stream.as_ref(), data, flags)?),
                other => Ok(other?),
            }
        }

        /// Disarms `stream`, before it is closed.
        pub fn forget(&self, stream: &Stream) {
            let _ = epoll::delete(&self.epoll, stream);
        }

        /// Makes the thread in [`Readiness::wait`] return.
        pub fn wake(&self) {
            let _ = rustix::io::write(&self.waker, &1_u64.to_ne_bytes());
        }

        /// Waits until a socket is ready, at most for `timeout` (without end if `None`), and appends the ready keys to
        /// `keys`.
        pub fn wait(&self, timeout: Option<Duration>, keys: &mut Vec<u64>) {
            // Rounded up: a wait that ends just before a timer is due would be repeated with a timeout of zero.
            let timeout = timeout.and_then(|t| Timespec::try_from(t + Duration::from_micros(100)).ok());
            let mut events = Vec::with_capacity(256);
            let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref());
            for event in events {
                match event.data.u64() {
                    WAKER => drop(rustix::io::read(&self.waker, &mut [0; 8])),
                    key => keys.push(key),
                }
            }
        }
    }
}

#[cfg(any(test, not(target_os = "linux")))]
mod poll {
    use super::{Arc, Duration, Stream, WAKER, io};
    use parking_lot::Mutex;
    use rustix::event::{PollFd, PollFlags, Timespec};
    use rustix::fd::OwnedFd;

    /// The set of armed sockets.
    #[derive(Debug)]
    pub struct Readiness {
        armed: Mutex<Vec<(u64, Arc<Stream>)>>,
        /// Read end of a pipe from this process to itself.
        woken: OwnedFd,
        /// Write end of that pipe.
        waker: OwnedFd,
    }

    impl Readiness {
        /// Makes a set without armed sockets.
        ///
        /// # Errors
        /// The process has no descriptors left.
        pub fn new() -> io::Result<Readiness> {
            let (woken, waker) = rustix::pipe::pipe()?;
            rustix::io::ioctl_fionbio(&woken, true)?;
            rustix::io::ioctl_fionbio(&waker, true)?;
            Ok(Readiness { armed: Mutex::default(), woken, waker })
        }

        /// Makes [`Readiness::wait`] report `key` once when `stream` takes bytes again, or is dead.
        ///
        /// # Errors
        /// Never; the signature is that of the epoll version.
        pub fn arm(&self, stream: &Arc<Stream>, key: u64) -> io::Result<()> {
            self.armed.lock().push((key, stream.clone()));
            self.wake();
            Ok(())
        }

        /// Disarms `stream`, before it is closed.
        pub fn forget(&self, stream: &Stream) {
            self.armed.lock().retain(|(_, s)| !std::ptr::eq(s.as_ref(), stream));
        }

        /// Makes the thread in [`Readiness::wait`] return.
        pub fn wake(&self) {
            let _ = rustix::io::write(&self.waker, &[1]);
        }

        /// Waits until a socket is ready, at most for `timeout` (without end if `None`), and appends the ready keys to
        /// `keys`.
        pub fn wait(&self, timeout: Option<Duration>, keys: &mut Vec<u64>) {
            let armed = self.armed.lock().clone();
            let mut fds = vec![PollFd::new(&self.woken, PollFlags::IN)];
            fds.extend(armed.iter().map(|(_, stream)| PollFd::new(stream.as_ref(), PollFlags::OUT)));
            let timeout = timeout.and_then(|t| Timespec::try_from(t + Duration::from_micros(100)).ok());
            if rustix::event::poll(&mut fds, timeout.as_ref()).is_err() {
                return;
            }
            if !fds[0].revents().is_empty() {
                let _ = rustix::io::read(&self.woken, &mut [0; 64]);
            }
            let ready = armed.iter().zip(&fds[1..]).filter(|(_, fd)| !fd.revents().is_empty());
            let from = keys.len();
            keys.extend(ready.map(|((key, _), _)| *key).filter(|key| *key != WAKER));
            self.armed.lock().retain(|(key, _)| !keys[from..].contains(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    macro_rules! behaves {
        ($name:ident, $readiness:ty) => {
            #[test]
            fn $name() {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let stream = Arc::new(Stream::new(listener.accept().unwrap().0, 8_192).unwrap());
                let bytes = vec![0; 64 << 10];
                while stream.try_send(&[std::io::IoSlice::new(&bytes)]).unwrap() > 0 {}

                let readiness = <$readiness>::new().unwrap();
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
        };
    }

    #[cfg(target_os = "linux")]
    behaves!(epoll_reports_once_when_a_socket_takes_bytes_again, epoll::Readiness);
    behaves!(poll_reports_once_when_a_socket_takes_bytes_again, poll::Readiness);
}
