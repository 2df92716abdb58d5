//! Makes the server discoverable: sends LanTalk's beacon on every network of this machine, and answers discovery
//! questions.
//!
//! One thread does both. Every two seconds it sends a beacon from each interface's own address to that interface's
//! broadcast address, so no default route is needed. In between it answers `LANDLINE? 1` datagrams by unicast.
//!
//! Questions can carry a forged source address, and answers would then flood a victim. So an answer is at most three
//! times as long as its question, and each address gets at most five a second (`quota.rs`). The socket that answers may
//! not send broadcasts.

mod quota;

use landline_common::beacon::{ANSWER_RATIO, Answer, Beacon, Link, MOST_ALSO, is_credible, is_question};
use quota::Quota;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, PipeReader, PipeWriter};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Time between two beacons. LanTalk's clients expect this interval.
const BEACON_INTERVAL: Duration = Duration::from_secs(2);
/// Size of the buffer for questions. A longer question is truncated, which only shortens the allowed answer.
const LONGEST_QUESTION: usize = 2_048;
/// Most questions answered before the time is checked again, so that a flood cannot delay the beacon.
const QUESTIONS_PER_WAKEUP: usize = 64;
/// Size in bytes of the kernel's receive buffer, if the system allows it. Large, so that real questions are not lost in
/// a flood.
const RECEIVE_BUFFER: usize = 1 << 20;

/// The facts to announce.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The server's name.
    pub name: String,
    /// The main port.
    pub port: u16,
    /// The LanTalk port, if it is open. Without it no beacon is sent, since a beacon names that port.
    pub lantalk: Option<u16>,
    /// The UDP port that beacons are sent to and questions are received on.
    pub udp_port: u16,
    /// True if the server has a password.
    pub password: bool,
    /// The address that the TCP ports are bound to. A single address is announced on its own network only.
    pub bind: IpAddr,
}

/// The handle of the discovery thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct Discovery {
    /// Closed to stop the thread, which polls the other end. Nothing is ever written.
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Discovery {
    /// Starts announcing. `user_count` returns the number of users signed in. Never fails, since a server works without
    /// discovery; the reason is logged.
    #[must_use]
    pub fn start(announcement: Announcement, user_count: impl Fn() -> usize + Send + 'static) -> Discovery {
        match Discovery::try_start(announcement, user_count) {
            Ok(discovery) => discovery,
            Err(error) => {
                log::warn!(
                    "discovery: off until the server is restarted: {error}; users must enter the address of this server"
                );
                Discovery { stop: None, thread: None }
            }
        }
    }

    fn try_start(announcement: Announcement, user_count: impl Fn() -> usize + Send + 'static) -> io::Result<Discovery> {
        let only = match announcement.bind {
            IpAddr::V4(bind) => Some(bind).filter(|bind| !bind.is_unspecified()),
            IpAddr::V6(bind) if bind.is_unspecified() => None,
            IpAddr::V6(_) => return Err(io::Error::other("the server listens on an IPv6 address only")),
        };
        let (stopped, stop) = io::pipe()?;
        let mut announcer = Announcer {
            announcement,
            only,
            user_count,
            socket: None,
            has_logged_bind_failure: false,
            quota: Quota::default(),
            failed_interfaces: BTreeSet::new(),
            id: random_id(),
            own_addresses: Vec::new(),
        };
        // Before the thread starts, so that questions are queued as soon as this function returns.
        announcer.listen();
        let thread = Builder::new().name("discovery".into()).spawn(move || announcer.run(&stopped))?;
        Ok(Discovery { stop: Some(stop), thread: Some(thread) })
    }

    /// Stops the thread and waits for its end.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        self.end();
    }
}

/// The state of the discovery thread.
struct Announcer<P> {
    announcement: Announcement,
    /// The single address to announce, if the TCP ports are bound to one.
    only: Option<Ipv4Addr>,
    user_count: P,
    /// The socket for questions, if the port could be bound.
    socket: Option<UdpSocket>,
    /// The port could not be bound, which has been logged.
    has_logged_bind_failure: bool,
    quota: Quota,
    /// Interfaces on which the last beacon failed. Each failure is logged once.
    failed_interfaces: BTreeSet<String>,
    /// A random id that all answers of this server carry, so that clients list it once. Empty if the system had no
    /// randomness.
    id: String,
    /// The addresses of this machine at the last beacon.
    own_addresses: Vec<IpAddr>,
}

/// The reason for which a wait ended.
enum Wakeup {
    Stopped,
    Question,
    Time,
}

impl<P: Fn() -> usize> Announcer<P> {
    fn run(mut self, stopped: &PipeReader) {
        loop {
            self.announce();
            let next = Instant::now() + BEACON_INTERVAL;
            loop {
                match self.wait(stopped, next) {
                    Ok(Wakeup::Time) => break,
                    Ok(Wakeup::Question) => self.answer_waiting(),
                    Ok(Wakeup::Stopped) => return,
                    Err(error) => {
                        return log::error!(
                            "discovery: off until the server is restarted: {error}; users must enter the address of \
                             this server"
                        );
                    }
                }
            }
            self.listen();
        }
    }

    /// Waits for a question, for the stop, or until `until`.
    fn wait(&self, stopped: &PipeReader, until: Instant) -> io::Result<Wakeup> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Wakeup::Time);
        }
        let mut fds = vec![PollFd::new(stopped, PollFlags::IN)];
        fds.extend(self.socket.as_ref().map(|socket| PollFd::new(socket, PollFlags::IN)));
        match poll(&mut fds, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) if !fds[0].revents().is_empty() => Ok(Wakeup::Stopped),
            Ok(_) if fds.get(1).is_some_and(|fd| !fd.revents().is_empty()) => Ok(Wakeup::Question),
            Ok(_) => Ok(Wakeup::Time),
            Err(rustix::io::Errno::INTR) => Ok(Wakeup::Question),
            Err(error) => Err(error.into()),
        }
    }

    /// Binds the port for questions, unless it is bound already. Retried before each beacon, since another program may
    /// have released the port. The first of several failures is logged.
    fn listen(&mut self) {
        if self.socket.is_some() {
            return;
        }
        let port = self.announcement.udp_port;
        match shared_socket(port) {
            Ok(socket) => {
                self.socket = Some(socket);
                self.has_logged_bind_failure = false;
                log::info!("discovery: answering questions udp_port={port}");
            }
            Err(error) if !self.has_logged_bind_failure => {
                log::warn!(
                    "discovery: cannot bind udp_port={port}: {error}; questions are not answered until a later try \
                     works (every {} s); stop the program that holds the port",
                    BEACON_INTERVAL.as_secs()
                );
                self.has_logged_bind_failure = true;
            }
            Err(_) => {}
        }
    }

    /// Sends a beacon on every network, and updates the own addresses: networks may come and go.
    fn announce(&mut self) {
        self.own_addresses = links(self.only).into_iter().map(|(_, link)| link.own.into()).collect();
        self.own_addresses.retain(|own: &IpAddr| !own.is_loopback());
        let Some(port) = self.announcement.lantalk else { return };
        let mut failed = BTreeSet::new();
        for (interface, link) in links(self.only) {
            if let Err(error) = send_beacon(link, port, self.announcement.udp_port) {
                if !self.failed_interfaces.contains(&interface) {
                    log::debug!("discovery: no beacon interface={interface}: {error}; the next one is tried as usual");
                }
                failed.insert(interface);
            }
        }
        self.failed_interfaces = failed;
    }

    /// Answers the questions that wait, up to [`QUESTIONS_PER_WAKEUP`].
    fn answer_waiting(&mut self) {
        let mut question = [0; LONGEST_QUESTION];
        for _ in 0..QUESTIONS_PER_WAKEUP {
            let Some(socket) = &self.socket else { return };
            match socket.recv_from(&mut question) {
                Ok((length, asker)) => self.answer(&question[..length], asker),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => {}
                    _ => {
                        let port = self.announcement.udp_port;
                        log::debug!(
                            "discovery: receiving failed udp_port={port}: {error}; the port is opened again before the \
                             next beacon"
                        );
                        self.socket = None;
                    }
                },
            }
        }
    }

    fn answer(&mut self, question: &[u8], asker: SocketAddr) {
        let is_forged = asker.port() == 0 || !is_credible(asker.ip());
        if is_forged || !is_question(question) || !self.quota.check_available(asker.ip(), Instant::now()) {
            return;
        }
        // Fails if there is no route to the asker, or if it is a broadcast address, which must not get an answer.
        let Ok(addr) = address_towards(asker) else { return };
        if self.only.is_some_and(|only| addr != only) {
            return;
        }
        let text = self.answer_from(addr.into()).to_string();
        // Only answered questions are charged, or questions that are too short could fill the table of the quota.
        let fits = text.len() <= ANSWER_RATIO * question.len();
        if let Some(socket) = self.socket.as_ref().filter(|_| fits && self.quota.charge(asker.ip(), Instant::now())) {
            let _ = socket.send_to(text.as_bytes(), asker);
        }
    }

    /// Builds the answer that names `addr` as the server's address.
    fn answer_from(&self, addr: IpAddr) -> Answer {
        Answer {
            name: self.announcement.name.clone(),
            addr,
            port: self.announcement.port,
            lantalk: self.announcement.lantalk.unwrap_or(0),
            users: u32::try_from((self.user_count)()).unwrap_or(u32::MAX),
            password: self.announcement.password,
            version: env!("CARGO_PKG_VERSION").into(),
            id: self.id.clone(),
            also: self.own_addresses.iter().copied().filter(|own| *own != addr).take(MOST_ALSO).collect(),
            tls: false,
            key: None,
        }
    }
}

/// Returns 64 random bits as text, or an empty text if the system has no randomness. Clients then list the server by
/// its addresses.
fn random_id() -> String {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => format!("{:016x}", u64::from_be_bytes(bytes)),
        Err(_) => String::new(),
    }
}

/// Returns the IPv4 networks that this machine is on now, with the names of their interfaces. Point-to-point links have
/// no broadcast address and are left out.
fn links(only: Option<Ipv4Addr>) -> Vec<(String, Link)> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = interfaces.into_iter().filter(|interface| interface.is_oper_up() && !interface.is_p2p());
    let link = |interface: if_addrs::Interface| match interface.addr {
        if_addrs::IfAddr::V4(v4) => Some((interface.name, Link::new(v4.ip, v4.netmask, v4.broadcast)?)),
        if_addrs::IfAddr::V6(_) => None,
    };
    up.filter_map(link).filter(|(_, link)| only.is_none_or(|only| only == link.own)).collect()
}

/// Sends one beacon, from a socket that is bound to the interface's own address. It needs no route but that of the
/// interface.
fn send_beacon(link: Link, port: u16, udp_port: u16) -> io::Result<()> {
    let socket = UdpSocket::bind((link.own, 0))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    let text = Beacon { addr: link.own, port }.to_string();
    socket.send_to(text.as_bytes(), (link.global, udp_port)).map(drop)
}

/// Opens a socket on the port for questions, which LanTalk's clients and other servers on this machine may share. It
/// must not be allowed to broadcast, or a forged question could cause a broadcast.
fn shared_socket(port: u16) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    // Bound to all addresses: a socket bound to one address does not receive broadcasts.
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    Ok(socket.into())
}

/// Returns the own address that `peer` would see, by connecting a UDP socket. Nothing is sent.
fn address_towards(peer: SocketAddr) -> io::Result<Ipv4Addr> {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    probe.connect(peer)?;
    match probe.local_addr()?.ip() {
        IpAddr::V4(own) => Ok(own),
        IpAddr::V6(_) => Err(io::Error::other("not IPv4")),
    }
}
