//! Being found: LanTalk's beacon on every network this machine is on, and an answer to whoever asks who is there.

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

/// LanTalk's own interval, which its clients count on.
const EVERY: Duration = Duration::from_secs(2);
/// Longer than any question; a longer one is cut, and only its length suffers.
const LONGEST_QUESTION: usize = 2_048;
/// Questions read in one go, so that a flood of them does not keep the beacon waiting.
const AT_ONCE: usize = 64;
/// So many bytes may wait to be read (if the system allows it), so that a flood does not push questions out.
const BUFFER: usize = 1 << 20;

/// What there is to find.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The server's name.
    pub name: String,
    /// The main door's port.
    pub port: u16,
    /// The LanTalk door's port, if it is open. Without it there is no beacon.
    pub lantalk: Option<u16>,
    /// The UDP port of the beacon and the questions.
    pub udp_port: u16,
    /// Whether the server has a password.
    pub password: bool,
    /// The address that the doors listen on. One particular address is announced on its own network only.
    pub bind: IpAddr,
}

/// A server that can be found, until this is stopped or dropped.
#[derive(Debug)]
pub struct Discovery {
    /// Nothing is ever written: the thread sees the other end close.
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Discovery {
    /// Starts announcing. `people` says how many are there. This never fails: a server that cannot be found is still
    /// one, and the log says why.
    #[must_use]
    pub fn start(what: Announcement, people: impl Fn() -> usize + Send + 'static) -> Discovery {
        match Discovery::try_start(what, people) {
            Ok(discovery) => discovery,
            Err(error) => {
                log::warn!("this server cannot be found on the network; people have to type its address: {error}");
                Discovery { stop: None, thread: None }
            }
        }
    }

    fn try_start(what: Announcement, people: impl Fn() -> usize + Send + 'static) -> io::Result<Discovery> {
        let only = match what.bind {
            IpAddr::V4(bind) => Some(bind).filter(|bind| !bind.is_unspecified()),
            IpAddr::V6(bind) if bind.is_unspecified() => None,
            IpAddr::V6(_) => return Err(io::Error::other("it listens on an IPv6 address only")),
        };
        let (stopped, stop) = io::pipe()?;
        let (quota, silent, own) = (Quota::default(), BTreeSet::new(), Vec::new());
        let mut announcer = Announcer { what, only, people, socket: None, quota, silent, id: random_id(), own };
        // Before the thread, so that a question is heard from now on.
        announcer.listen(true);
        let thread = Builder::new().name("discovery".into()).spawn(move || announcer.run(&stopped))?;
        Ok(Discovery { stop: Some(stop), thread: Some(thread) })
    }

    /// Falls silent, and waits for the thread.
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

struct Announcer<P> {
    what: Announcement,
    /// The one address to announce, if the doors listen on one only.
    only: Option<Ipv4Addr>,
    people: P,
    /// Where questions come in, if the port can be had.
    socket: Option<UdpSocket>,
    quota: Quota,
    /// Interfaces on which the last beacon failed; the log has said so.
    silent: BTreeSet<String>,
    /// The same in every answer, and in none of another server.
    id: String,
    /// The addresses that the doors listen on, as they were at the last beacon.
    own: Vec<IpAddr>,
}

/// Why the wait for something to do ended.
enum Woken {
    Stopped,
    Question,
    Time,
}

impl<P: Fn() -> usize> Announcer<P> {
    fn run(mut self, stopped: &PipeReader) {
        loop {
            self.announce();
            let next = Instant::now() + EVERY;
            loop {
                match self.wait(stopped, next) {
                    Ok(Woken::Time) => break,
                    Ok(Woken::Question) => self.answer_waiting(),
                    Ok(Woken::Stopped) => return,
                    Err(error) => return log::error!("discovery ends: {error}"),
                }
            }
            self.listen(false);
        }
    }

    fn wait(&self, stopped: &PipeReader, until: Instant) -> io::Result<Woken> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Woken::Time);
        }
        let mut fds = vec![PollFd::new(stopped, PollFlags::IN)];
        fds.extend(self.socket.as_ref().map(|socket| PollFd::new(socket, PollFlags::IN)));
        match poll(&mut fds, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) if !fds[0].revents().is_empty() => Ok(Woken::Stopped),
            Ok(_) if fds.get(1).is_some_and(|fd| !fd.revents().is_empty()) => Ok(Woken::Question),
            Ok(_) => Ok(Woken::Time),
            Err(rustix::io::Errno::INTR) => Ok(Woken::Question),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the port for questions, if that has not succeeded yet: what was in the way may have gone.
    fn listen(&mut self, first: bool) {
        if self.socket.is_some() {
            return;
        }
        let port = self.what.udp_port;
        match shared_socket(port) {
            Ok(socket) => {
                self.socket = Some(socket);
                log::info!("answering questions for this server on UDP port {port}");
            }
            Err(error) if first => {
                log::warn!("UDP port {port} cannot be had ({error}): this server announces itself, but cannot answer");
            }
            Err(_) => {}
        }
    }

    fn announce(&mut self) {
        self.own = links(self.only).into_iter().map(|(_, link)| link.own.into()).collect();
        self.own.retain(|own: &IpAddr| !own.is_loopback());
        let Some(port) = self.what.lantalk else { return };
        let mut silent = BTreeSet::new();
        for (interface, link) in links(self.only) {
            if let Err(error) = beacon(link, port, self.what.udp_port) {
                if !self.silent.contains(&interface) {
                    log::debug!("no beacon on {interface}: {error}");
                }
                silent.insert(interface);
            }
        }
        self.silent = silent;
    }

    fn answer_waiting(&mut self) {
        let mut question = [0; LONGEST_QUESTION];
        for _ in 0..AT_ONCE {
            let Some(socket) = &self.socket else { return };
            match socket.recv_from(&mut question) {
                Ok((length, asker)) => self.answer(&question[..length], asker),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => {}
                    _ => {
                        log::debug!("UDP port {} is taken anew: {error}", self.what.udp_port);
                        self.socket = None;
                    }
                },
            }
        }
    }

    fn answer(&mut self, question: &[u8], asker: SocketAddr) {
        let forged = asker.port() == 0 || !is_credible(asker.ip());
        if forged || !is_question(question) || !self.quota.has_left(asker.ip(), Instant::now()) {
            return;
        }
        // No way to the asker, or a broadcast address, to which this socket may not send.
        let Ok(addr) = address_towards(asker) else { return };
        if self.only.is_some_and(|only| addr != only) {
            return;
        }
        let text = self.introduction(addr.into()).to_string();
        // Only what is answered counts, or questions that are too short would take all places of the quota.
        let fits = text.len() <= ANSWER_RATIO * question.len();
        if let Some(socket) = self.socket.as_ref().filter(|_| fits && self.quota.take(asker.ip(), Instant::now())) {
            let _ = socket.send_to(text.as_bytes(), asker);
        }
    }

    fn introduction(&self, addr: IpAddr) -> Answer {
        Answer {
            name: self.what.name.clone(),
            addr,
            port: self.what.port,
            lantalk: self.what.lantalk.unwrap_or(0),
            users: u32::try_from((self.people)()).unwrap_or(u32::MAX),
            password: self.what.password,
            version: env!("CARGO_PKG_VERSION").into(),
            id: self.id.clone(),
            also: self.own.iter().copied().filter(|own| *own != addr).take(MOST_ALSO).collect(),
        }
    }
}

/// Empty where the system gives no randomness: then the server is listed by its addresses.
fn random_id() -> String {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => format!("{:016x}", u64::from_be_bytes(bytes)),
        Err(_) => String::new(),
    }
}

/// The networks this machine is on at this moment, with the names of their interfaces.
fn links(only: Option<Ipv4Addr>) -> Vec<(String, Link)> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = interfaces.into_iter().filter(|interface| interface.is_oper_up() && !interface.is_p2p());
    let link = |interface: if_addrs::Interface| match interface.addr {
        if_addrs::IfAddr::V4(v4) => Some((interface.name, Link::new(v4.ip, v4.netmask, v4.broadcast)?)),
        if_addrs::IfAddr::V6(_) => None,
    };
    up.filter_map(link).filter(|(_, link)| only.is_none_or(|only| only == link.own)).collect()
}

/// Sends one beacon. Bound to the interface's own address it needs no route but the interface's own.
fn beacon(link: Link, port: u16, udp_port: u16) -> io::Result<()> {
    let socket = UdpSocket::bind((link.own, 0))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    let text = Beacon { addr: link.own, port }.to_string();
    socket.send_to(text.as_bytes(), (link.everybody, udp_port)).map(drop)
}

/// A socket on the port for questions, together with whoever else listens there: LanTalk's clients, other servers.
/// It is not allowed to broadcast, so that a forged question cannot make it.
fn shared_socket(port: u16) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    let _ = socket.set_recv_buffer_size(BUFFER);
    // Not to one address: a socket that is does not hear what is sent to everybody.
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    Ok(socket.into())
}

/// The address of ours that `peer` sees. Nothing is sent.
fn address_towards(peer: SocketAddr) -> io::Result<Ipv4Addr> {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    probe.connect(peer)?;
    match probe.local_addr()?.ip() {
        IpAddr::V4(own) => Ok(own),
        IpAddr::V6(_) => Err(io::Error::other("not IPv4")),
    }
}
