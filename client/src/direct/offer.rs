//! Who accepted a chat waits until the other one comes, at a port that is open only for that.

use super::chat::Line;
use super::ending::Ending;
use super::meet::{Met, Pair};
use crossbeam_channel::{Receiver, Sender, bounded, select};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// So long the one who asked may take to come.
const WAITING: Duration = Duration::from_secs(30);
/// How soon the port is closed when it is of no use any more.
const TICK: Duration = Duration::from_millis(100);
/// Connections that may be shaking hands at once; with one more, the oldest goes, since the right one takes no time.
const STRANGERS: usize = 16;

/// A port that nobody has been told of yet.
#[derive(Debug)]
pub(super) struct Offer {
    listener: TcpListener,
}

/// Somebody may come any moment.
#[derive(Debug)]
pub(super) struct Waiting {
    met: Receiver<Met>,
    over: Arc<AtomicBool>,
}

impl Offer {
    /// Opens a free port, for IPv6 and IPv4 together where there is IPv6.
    ///
    /// # Errors
    /// There is none.
    pub fn open() -> io::Result<Offer> {
        let both = || {
            let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
            socket.set_only_v6(false)?;
            listen(&socket, SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)))?;
            io::Result::Ok(socket)
        };
        let old = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
            listen(&socket, SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
            io::Result::Ok(socket)
        };
        Ok(Offer { listener: both().or_else(|_| old())?.into() })
    }

    /// The port.
    ///
    /// # Errors
    /// The system does not say.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Lets the owner of the right key in, on a thread of its own.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn wait_for(self, pair: Pair) -> io::Result<Waiting> {
        let (out, met) = bounded(1);
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let run = move || serve(&self.listener, &pair, &out, &seen);
        std::thread::Builder::new().name("direct-offer".into()).spawn(run)?;
        Ok(Waiting { met, over })
    }
}

fn listen(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    socket.bind(&SockAddr::from(address))?;
    socket.listen(64)?;
    socket.set_nonblocking(true)
}

impl Waiting {
    /// Waits until they have come, `stop` has ended, or it took too long.
    ///
    /// # Errors
    /// They have not come; nothing, if `stop` has ended.
    pub fn come(&self, stop: &Receiver<Line>) -> Result<Met, Option<Ending>> {
        select! {
            recv(self.met) -> met => met.map_err(|_| Some(Ending::NobodyCame)),
            recv(stop) -> _ => Err(None),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
    }
}

/// Takes connections until the right one is there, it is over, or nobody came.
fn serve(listener: &TcpListener, pair: &Pair, out: &Sender<Met>, over: &AtomicBool) {
    let end = Instant::now() + WAITING;
    let mut strangers: VecDeque<Weak<TcpStream>> = VecDeque::new();
    while !over.load(Relaxed) && out.is_empty() && Instant::now() < end {
        match next(listener) {
            Ok(Some(stream)) => {
                strangers.retain(|stranger| stranger.strong_count() > 0);
                if strangers.len() >= STRANGERS {
                    strangers.pop_front().iter().for_each(send_away);
                }
                strangers.extend(receive(stream, pair, out));
            }
            Ok(None) => {}
            // Out of descriptors, perhaps: there may be some in a moment.
            Err(_) => std::thread::sleep(TICK),
        }
    }
    strangers.iter().for_each(send_away);
}

/// The next connection, if one comes within a moment.
fn next(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
    let mut waits = [PollFd::new(listener, PollFlags::IN)];
    match poll(&mut waits, Timespec::try_from(TICK).ok().as_ref()) {
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
        // They have gone again.
        Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
        Err(why) if matches!(why.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => Ok(None),
        Err(why) => Err(why),
    }
}

/// Shakes hands with somebody, on a thread of their own.
fn receive(stream: TcpStream, pair: &Pair, out: &Sender<Met>) -> Option<Weak<TcpStream>> {
    let stream = Arc::new(stream);
    let handle = Arc::downgrade(&stream);
    let (pair, out) = (pair.clone(), out.clone());
    // The first one counts.
    let run = move || answer(stream, &pair, |met| _ = out.try_send(met));
    std::thread::Builder::new().name("direct-answer".into()).spawn(run).is_ok().then_some(handle)
}

/// Shakes hands. Whoever has met is no stranger any more before anybody is told: then all strangers are sent away.
fn answer(stream: Arc<TcpStream>, pair: &Pair, tell: impl FnOnce(Met)) {
    if let Ok(met) = pair.answered(&stream) {
        drop(stream);
        tell(met);
    }
}

fn send_away(stranger: &Weak<TcpStream>) {
    if let Some(stream) = stranger.upgrade() {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::link::Keys;

    #[test]
    fn whoever_has_met_is_not_sent_away_with_the_strangers() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let [here, there] = [(); 2].map(|()| Keys::generate().unwrap());
        let comes = Pair { own: there.clone(), theirs: here.public() };
        let waits = Pair { own: here, theirs: there.public() };
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let answered = Arc::new(listener.accept().unwrap().0);
        let (stranger, mut told) = (Arc::downgrade(&answered), false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                answer(answered, &waits, |_met| {
                    assert!(stranger.upgrade().is_none(), "its link would be torn");
                    told = true;
                });
            });
            comes.dialled(stream).unwrap().choose().unwrap();
        });
        assert!(told);
    }
}
