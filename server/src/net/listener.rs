//! A listening port: accepting until told to stop, and surviving every way in which accepting can fail.

use crate::seldom::Seldom;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs::File;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Connections the kernel holds until they are accepted; std's 128 lose some when a class room presses Enter.
const KERNEL_BACKLOG: i32 = 4_096;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// What a client hears when not even a descriptor is left for it.
const NO_DESCRIPTOR: &[u8] = b"ERROR: 503 the server has no room for more connections; try again later\n";

/// A port that clients connect to.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    stopped: AtomicBool,
}

impl Listener {
    /// Binds `address`; port 0 takes any free one. `[::]` is every address of both families; where this machine has no
    /// IPv6, every address of IPv4.
    ///
    /// # Errors
    /// The port is taken, or the address is none of this machine's.
    pub fn bind(address: SocketAddr) -> io::Result<Listener> {
        match Listener::bind_to(address) {
            Err(error) if address.is_ipv6() && address.ip().is_unspecified() && lacks_ipv6(&error) => {
                log::info!("this machine has no IPv6 ({error}): listening on IPv4 only");
                Listener::bind_to(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()))
            }
            bound => bound,
        }
    }

    fn bind_to(address: SocketAddr) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A restarted server gets its port back at once.
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        socket.listen(KERNEL_BACKLOG)?;
        let socket = TcpListener::from(socket);
        let address = socket.local_addr()?;
        Ok(Listener { socket, address, stopped: AtomicBool::new(false) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands every new connection to `welcome`, until [`Listener::stop`].
    pub fn run(&self, mut welcome: impl FnMut(TcpStream)) {
        let mut pause = FIRST_PAUSE;
        let mut spare = spare_descriptor();
        let mut trouble = Seldom::default();
        loop {
            let accepted = self.socket.accept();
            if self.stopped.load(SeqCst) {
                return;
            }
            match accepted {
                Ok((socket, _)) => {
                    pause = FIRST_PAUSE;
                    welcome(socket);
                }
                Err(e) if is_the_clients_doing(&e) => {}
                Err(e) => {
                    if trouble.is_due(Instant::now()) {
                        log::warn!("accepting on {}: {e}; clients are refused until that is over", self.address);
                    }
                    // Without a descriptor, accepting fails at once, also where nobody is there to be accepted.
                    if !self.somebody_waits(Duration::ZERO) {
                        self.somebody_waits(LONGEST_PAUSE);
                    } else if !self.refuse_one(&mut spare) {
                        std::thread::sleep(pause);
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
            }
        }
    }

    /// Makes [`Listener::run`] return.
    pub fn stop(&self) {
        self.stopped.store(true, SeqCst);
        let (v4, v6) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
        // Loopback may have no address of IPv6 although others have.
        let own = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => vec![v4],
            IpAddr::V6(ip) if ip.is_unspecified() => vec![v4, v6],
            ip => vec![ip],
        };
        let knock = |ip| TcpStream::connect_timeout(&SocketAddr::new(ip, self.address.port()), LONGEST_PAUSE);
        let _ = own.into_iter().any(|ip| knock(ip).is_ok());
    }

    /// Whether there is somebody to be accepted, by then at the latest.
    fn somebody_waits(&self, time: Duration) -> bool {
        let time = Timespec::try_from(time).ok();
        poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], time.as_ref()).is_ok_and(|ready| ready > 0)
    }

    /// With the spare descriptor given up there is one for telling the next client that there is none. False if nobody
    /// could be told: trying again at once would spin.
    fn refuse_one(&self, spare: &mut Option<File>) -> bool {
        *spare = None;
        let mut told = false;
        if self.socket.set_nonblocking(true).is_ok() {
            if let Ok((mut socket, _)) = self.socket.accept() {
                let _ = socket.set_nonblocking(true);
                let _ = socket.write(NO_DESCRIPTOR);
                told = true;
            }
            // If this failed, accepting would return at once and the pause would pace it.
            let _ = self.socket.set_nonblocking(false);
        }
        *spare = spare_descriptor();
        told
    }
}

/// Whether binding failed since this machine has no IPv6, or not now.
fn lacks_ipv6(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    error.kind() == io::ErrorKind::AddrNotAvailable || code == Some(rustix::io::Errno::AFNOSUPPORT)
}

fn spare_descriptor() -> Option<File> {
    File::open("/dev/null").ok()
}

/// Errors of a client that was gone before it was accepted.
fn is_the_clients_doing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | WouldBlock)
}
