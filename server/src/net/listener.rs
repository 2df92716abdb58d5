//! A listening port: accepts connections until it is stopped.
//!
//! Accepting can fail for a long time, above all when the process has no descriptors left. The connection then stays in
//! the kernel's queue, so a plain loop would spin and the client would hang. The listener therefore keeps one spare
//! descriptor: it closes that, accepts the next client with it, lets the caller refuse this client, and opens the spare
//! again. Where even this fails, it sleeps between attempts.

use crate::log_throttle::LogThrottle;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Connections that the kernel queues until they are accepted. With std's 128, some are lost when a whole class
/// connects at once.
const KERNEL_BACKLOG: i32 = 4_096;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A port that clients connect to.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    stopped: AtomicBool,
}

impl Listener {
    /// Binds `address`; port 0 takes any free port. `[::]` listens on all addresses of both families, or on all IPv4
    /// addresses where this machine has no IPv6.
    ///
    /// # Errors
    /// The port is taken, or `address` is not an address of this machine.
    pub fn bind(address: SocketAddr) -> io::Result<Listener> {
        match Listener::bind_to(address) {
            Err(error) if address.is_ipv6() && address.ip().is_unspecified() && lacks_ipv6(&error) => {
                log::info!("listener: no IPv6 on this machine ({error}); port {} listens on IPv4 only", address.port());
                Listener::bind_to(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()))
            }
            bound => bound,
        }
    }

    fn bind_to(address: SocketAddr) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // Lets a restarted server bind its port at once, although old connections are still in TIME_WAIT.
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

    /// Returns the address that it listens on, with the port that was really bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Calls `on_client` for each new connection, until [`Listener::stop`]. Where the process has no descriptors left, it
    /// calls `refuse` instead, with a connection that does not block and must be dropped at once. Neither may block.
    pub fn run(&self, mut on_client: impl FnMut(TcpStream), mut refuse: impl FnMut(TcpStream)) {
        let mut pause = FIRST_PAUSE;
        let mut spare = spare_descriptor();
        let mut failures_logged = LogThrottle::default();
        loop {
            let accepted = self.socket.accept();
            if self.stopped.load(SeqCst) {
                return;
            }
            match accepted {
                Ok((socket, _)) => {
                    pause = FIRST_PAUSE;
                    on_client(socket);
                }
                Err(e) if is_client_gone(&e) => {}
                Err(e) => {
                    if failures_logged.allow(Instant::now()) {
                        log::warn!(
                            "listener: cannot accept a client address={}: {e}; clients are refused until a later try \
                             works; if files or memory ran out, raise their limit (ulimit -n) or end other programs",
                            self.address
                        );
                    }
                    // Without a descriptor, accepting fails at once even while no client waits: wait for one here.
                    if !self.wait_for_client(Duration::ZERO) {
                        self.wait_for_client(LONGEST_PAUSE);
                    } else if !self.refuse_one(&mut spare, &mut refuse) {
                        std::thread::sleep(pause);
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
            }
        }
    }

    /// Makes [`Listener::run`] return, by a connection to the own port that ends its wait.
    pub fn stop(&self) {
        self.stopped.store(true, SeqCst);
        let v4 = IpAddr::from(Ipv4Addr::LOCALHOST);
        let v6 = IpAddr::from(Ipv6Addr::LOCALHOST);
        // The loopback interface may lack IPv6 even where other interfaces have it.
        let own = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => vec![v4],
            IpAddr::V6(ip) if ip.is_unspecified() => vec![v4, v6],
            ip => vec![ip],
        };
        let connect = |ip| TcpStream::connect_timeout(&SocketAddr::new(ip, self.address.port()), LONGEST_PAUSE);
        let _ = own.into_iter().any(|ip| connect(ip).is_ok());
    }

    /// Waits until a client can be accepted, for at most `time`. Returns true if one can.
    fn wait_for_client(&self, time: Duration) -> bool {
        let time = Timespec::try_from(time).ok();
        poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], time.as_ref()).is_ok_and(|ready| ready > 0)
    }

    /// Uses the spare descriptor to refuse the next client. Returns false if that failed: trying again at once would spin.
    fn refuse_one(&self, spare: &mut Option<File>, refuse: &mut impl FnMut(TcpStream)) -> bool {
        *spare = None;
        let mut is_refused = false;
        if self.socket.set_nonblocking(true).is_ok() {
            if let Ok((socket, _)) = self.socket.accept() {
                let _ = socket.set_nonblocking(true);
                refuse(socket);
                is_refused = true;
            }
            // If this fails, `accept` returns at once from now on, and the pause in `run` keeps the loop from spinning.
            let _ = self.socket.set_nonblocking(false);
        }
        *spare = spare_descriptor();
        is_refused
    }
}

/// Returns true if binding failed because this machine has no IPv6, or has it turned off.
fn lacks_ipv6(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    error.kind() == io::ErrorKind::AddrNotAvailable || code == Some(rustix::io::Errno::AFNOSUPPORT)
}

fn spare_descriptor() -> Option<File> {
    File::open("/dev/null").ok()
}

/// Returns true for the errors of a client that closed before it was accepted.
fn is_client_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | WouldBlock)
}
