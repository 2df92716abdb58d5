//! Waits for the client that asked for a chat, on a port opened for this chat only.
//!
//! The port also accepts connections of strangers, so handshakes run on threads of their own, are limited in time and
//! number, and the first one that proves the right key wins.

use super::chat::OutgoingText;
use super::close_reason::CloseReason;
use super::handshake::{Established, ExpectedKeys};
use crossbeam_channel::{Receiver, Sender, bounded, select};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Time limit for the other client to connect.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Interval of the check whether the port is still needed.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Handshakes at once. One more closes the oldest, since the right client needs only a moment and silent strangers
/// pile up.
const MAX_HANDSHAKES: usize = 16;

/// An open port that has not been announced yet.
#[derive(Debug)]
pub(super) struct Offer {
    listener: TcpListener,
}

/// Handle of the accepting thread. Dropping it closes the port within [`POLL_INTERVAL`].
#[derive(Debug)]
pub(super) struct AcceptHandle {
    established: Receiver<Established>,
    stopped: Arc<AtomicBool>,
}

impl Offer {
    /// Opens a free port, for IPv6 and IPv4 together where the machine has IPv6.
    ///
    /// # Errors
    /// No port can be opened.
    pub fn open() -> io::Result<Offer> {
        let dual_stack = || {
            let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
            socket.set_only_v6(false)?;
            listen(&socket, SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)))?;
            io::Result::Ok(socket)
        };
        let ipv4_only = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
            listen(&socket, SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
            io::Result::Ok(socket)
        };
        Ok(Offer { listener: dual_stack().or_else(|_| ipv4_only())?.into() })
    }

    /// Returns the port number.
    ///
    /// # Errors
    /// The system call fails.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Accepts connections on a thread of its own until the owner of the right key is connected.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn accept_from(self, pair: ExpectedKeys) -> io::Result<AcceptHandle> {
        let (out, established) = bounded(1);
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = stopped.clone();
        let run = move || accept_loop(&self.listener, &pair, &out, &seen);
        std::thread::Builder::new().name("direct-offer".into()).spawn(run)?;
        Ok(AcceptHandle { established, stopped })
    }
}

fn listen(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    socket.bind(&SockAddr::from(address))?;
    socket.listen(64)?;
    socket.set_nonblocking(true)
}

impl AcceptHandle {
    /// Waits for the link. Gives up when `stop` disconnects.
    ///
    /// # Errors
    /// The other client did not connect in time, or `None` if `stop` disconnected.
    pub fn wait(&self, stop: &Receiver<OutgoingText>) -> Result<Established, Option<CloseReason>> {
        select! {
            recv(self.established) -> established => established.map_err(|_| Some(CloseReason::NeverDialed)),
            recv(stop) -> _ => Err(None),
        }
    }
}

impl Drop for AcceptHandle {
    fn drop(&mut self) {
        self.stopped.store(true, Relaxed);
    }
}

/// Accepts connections until one has proven the right key, the handle is dropped, or the time limit passed.
fn accept_loop(listener: &TcpListener, pair: &ExpectedKeys, out: &Sender<Established>, stopped: &AtomicBool) {
    let end = Instant::now() + ACCEPT_TIMEOUT;
    let mut handshakes: VecDeque<Weak<TcpStream>> = VecDeque::new();
    while !stopped.load(Relaxed) && out.is_empty() && Instant::now() < end {
        match next_connection(listener) {
            Ok(Some(stream)) => {
                handshakes.retain(|handshake| handshake.strong_count() > 0);
                if handshakes.len() >= MAX_HANDSHAKES
                    && let Some(oldest) = handshakes.pop_front()
                {
                    shut_down(&oldest);
                }
                handshakes.extend(start_handshake(stream, pair, out));
            }
            Ok(None) => {}
            // The process may be out of descriptors: wait, then try again.
            Err(_) => std::thread::sleep(POLL_INTERVAL),
        }
    }
    handshakes.iter().for_each(shut_down);
}

/// Returns the next connection, or `None` if none arrives within [`POLL_INTERVAL`].
fn next_connection(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
    let mut waits = [PollFd::new(listener, PollFlags::IN)];
    match poll(&mut waits, Timespec::try_from(POLL_INTERVAL).ok().as_ref()) {
        Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    match listener.accept() {
        Ok((stream, _)) => {
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
            Ok(Some(stream))
        }
        // The peer closed the connection before it was accepted.
        Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
        Err(why) if matches!(why.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => Ok(None),
        Err(why) => Err(why),
    }
}

/// Runs a handshake on a thread of its own. Returns a handle to close its stream, or `None` if no thread was started.
fn start_handshake(stream: TcpStream, pair: &ExpectedKeys, out: &Sender<Established>) -> Option<Weak<TcpStream>> {
    let stream = Arc::new(stream);
    let handle = Arc::downgrade(&stream);
    let pair = pair.clone();
    let out = out.clone();
    // The channel holds one link, so later ones are dropped.
    let run = move || shake_hands(stream, &pair, |established| _ = out.try_send(established));
    std::thread::Builder::new().name("direct-answer".into()).spawn(run).is_ok().then_some(handle)
}

/// Runs a handshake. Drops its own reference to the stream before it reports success: that report makes the accepting
/// thread shut down all streams that it can still reach.
fn shake_hands(stream: Arc<TcpStream>, pair: &ExpectedKeys, tell: impl FnOnce(Established)) {
    if let Ok(established) = pair.respond(&stream) {
        drop(stream);
        tell(established);
    }
}

fn shut_down(handshake: &Weak<TcpStream>) {
    if let Some(stream) = handshake.upgrade() {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::link::Keys;

    #[test]
    fn an_established_link_is_not_shut_down_with_the_other_handshakes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let [here, there] = [(); 2].map(|()| Keys::generate().unwrap());
        let dialer = ExpectedKeys { own: there.clone(), theirs: here.public() };
        let acceptor = ExpectedKeys { own: here, theirs: there.public() };
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let answered = Arc::new(listener.accept().unwrap().0);
        let handshake = Arc::downgrade(&answered);
        let mut told = false;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                shake_hands(answered, &acceptor, |_established| {
                    assert!(handshake.upgrade().is_none(), "the accepting thread could shut the link down");
                    told = true;
                });
            });
            dialer.initiate(stream).unwrap().choose().unwrap();
        });
        assert!(told);
    }
}
