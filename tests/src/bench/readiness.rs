//! Waits for any of many sockets: with epoll on Linux, elsewhere with `poll`, whose cost grows with the number of
//! sockets.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

#[cfg(target_os = "linux")]
pub use epoll::PoolReadiness;
#[cfg(not(target_os = "linux"))]
pub use poll::PoolReadiness;

/// A socket that is readable or writable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Number of the socket.
    pub key: usize,
    /// True if a read returns bytes, an end or an error.
    pub readable: bool,
    /// True if the kernel takes bytes.
    pub writable: bool,
}

#[cfg(target_os = "linux")]
mod epoll {
    use super::{Arc, Duration, Ready, TcpStream, io};
    use rustix::buffer::spare_capacity;
    use rustix::event::Timespec;
    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
    use rustix::fd::OwnedFd;
    use rustix::io::Errno;

    /// The watched sockets.
    pub struct PoolReadiness {
        epoll: OwnedFd,
        events: Vec<Event>,
    }

    impl PoolReadiness {
        /// Starts without sockets.
        ///
        /// # Errors
        /// The process is out of descriptors.
        pub fn new() -> io::Result<PoolReadiness> {
            Ok(PoolReadiness { epoll: epoll::create(CreateFlags::CLOEXEC)?, events: Vec::with_capacity(1_024) })
        }

        /// Watches a socket for reading under a number, with `writing` for writing as well. Replaces an earlier watch.
        ///
        /// # Errors
        /// The system is out of memory or of watches.
        pub fn watch(&mut self, stream: &Arc<TcpStream>, key: usize, writing: bool) -> io::Result<()> {
            let flags = if writing { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            let data = EventData::new_u64(key as u64);
            match epoll::modify(&self.epoll, stream, data, flags) {
                Err(Errno::NOENT) => Ok(epoll::add(&self.epoll, stream, data, flags)?),
                other => Ok(other?),
            }
        }

        /// Stops watching a socket.
        pub fn forget(&mut self, stream: &Arc<TcpStream>) {
            let _ = epoll::delete(&self.epoll, stream);
        }

        /// Waits for at most `timeout`, and fills `ready` with the sockets that are ready.
        ///
        /// # Errors
        /// The system call fails.
        pub fn wait(&mut self, timeout: Duration, ready: &mut Vec<Ready>) -> io::Result<()> {
            self.events.clear();
            ready.clear();
            let timeout = Timespec::try_from(timeout).ok();
            match epoll::wait(&self.epoll, spare_capacity(&mut self.events), timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            ready.extend(self.events.iter().map(|event| {
                let flags = event.flags;
                let ended = flags.intersects(EventFlags::HUP | EventFlags::ERR);
                let key = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
                Ready {
                    key,
                    readable: ended || flags.contains(EventFlags::IN),
                    writable: flags.contains(EventFlags::OUT),
                }
            }));
            Ok(())
        }
    }
}

#[cfg(any(test, not(target_os = "linux")))]
mod poll {
    use super::{Arc, Duration, Ready, TcpStream, io};
    use rustix::event::{PollFd, PollFlags, Timespec};
    use rustix::io::Errno;

    /// The watched sockets.
    #[derive(Debug)]
    pub struct PoolReadiness {
        watched: Vec<(Arc<TcpStream>, usize, bool)>,
    }

    impl PoolReadiness {
        /// Starts without sockets.
        ///
        /// # Errors
        /// Never; the signature is that of the epoll version.
        pub fn new() -> io::Result<PoolReadiness> {
            Ok(PoolReadiness { watched: Vec::new() })
        }

        /// Watches a socket for reading under a number, with `writing` for writing as well. Replaces an earlier watch.
        ///
        /// # Errors
        /// Never; the signature is that of the epoll version.
        pub fn watch(&mut self, stream: &Arc<TcpStream>, key: usize, writing: bool) -> io::Result<()> {
            self.forget(stream);
            self.watched.push((stream.clone(), key, writing));
            Ok(())
        }

        /// Stops watching a socket.
        pub fn forget(&mut self, stream: &Arc<TcpStream>) {
            self.watched.retain(|(watched, _, _)| !Arc::ptr_eq(watched, stream));
        }

        /// Waits for at most `timeout`, and fills `ready` with the sockets that are ready.
        ///
        /// # Errors
        /// The system call fails.
        pub fn wait(&mut self, timeout: Duration, ready: &mut Vec<Ready>) -> io::Result<()> {
            ready.clear();
            let flags = |writing| if writing { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            let fds = self.watched.iter().map(|(stream, _, writing)| PollFd::new(stream, flags(*writing)));
            let mut fds: Vec<PollFd<'_>> = fds.collect();
            let timeout = Timespec::try_from(timeout).ok();
            match rustix::event::poll(&mut fds, timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for ((_, key, _), fd) in self.watched.iter().zip(&fds) {
                let seen = fd.revents();
                let writable = seen.contains(PollFlags::OUT);
                let readable = seen.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR);
                if readable || writable {
                    ready.push(Ready { key: *key, readable, writable });
                }
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    macro_rules! behaves {
        ($name:ident, $readiness:ty) => {
            #[test]
            fn $name() {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let ours = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
                let mut theirs = listener.accept().unwrap().0;
                let mut readiness = <$readiness>::new().unwrap();
                let mut ready = Vec::new();
                let is = |readable, writable| vec![Ready { key: 7, readable, writable }];

                readiness.watch(&ours, 7, false).unwrap();
                readiness.wait(Duration::from_millis(5), &mut ready).unwrap();
                assert_eq!(ready, [], "nothing to read");
                readiness.watch(&ours, 7, true).unwrap();
                readiness.wait(crate::DEADLINE, &mut ready).unwrap();
                assert_eq!(ready, is(false, true));
                theirs.write_all(b"x").unwrap();
                readiness.watch(&ours, 7, false).unwrap();
                readiness.wait(crate::DEADLINE, &mut ready).unwrap();
                assert_eq!(ready, is(true, false));
                readiness.forget(&ours);
                readiness.wait(Duration::from_millis(5), &mut ready).unwrap();
                assert_eq!(ready, [], "not watched any more");
            }
        };
    }

    #[cfg(target_os = "linux")]
    behaves!(epoll_reports_ready_sockets, epoll::PoolReadiness);
    behaves!(poll_reports_ready_sockets, poll::PoolReadiness);
}
