//! Finding servers: asking on every network this machine is on, and listening for LanTalk's beacons.

mod table;

use crate::args::{BadUsage, Discover};
use crate::model::welcome::Offer;
use anyhow::{Context, bail};
use landline_common::beacon::{Answer, Beacon, Found, Kind, Link, Servers, question};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Datagrams get lost; the question is asked once more after so long.
const AGAIN: Duration = Duration::from_millis(150);
/// Longer than any answer.
const LONGEST_ANSWER: usize = 2_048;
/// Datagrams read from one socket before the next has its turn: a flood of beacons must not keep answers waiting.
const AT_ONCE: usize = 64;
/// So many bytes may wait to be read (if the system allows it), so that a flood of lies does not push answers out.
const BUFFER: usize = 1 << 20;

/// Prints the servers that were found. Whether there are any.
///
/// # Errors
/// Standard output is gone, or the system has no sockets left.
pub fn run(wanted: &Discover) -> anyhow::Result<bool> {
    let (servers, now_ms) = find(wanted).context("looking for servers")?;
    let list = servers.list();
    if list.is_empty() {
        eprintln!("no server answered; start one with landline-server, or type an address: landline HOST");
        return Ok(false);
    }
    let text = if wanted.json { table::json_lines(&list, now_ms) } else { table::table(&list, now_ms) };
    io::stdout().write_all(text.as_bytes()).context("printing")?;
    Ok(true)
}

/// The servers that answer, for people to choose from. LanTalk's own are none that this program could talk to.
#[must_use]
pub fn offers(wanted: &Discover) -> Vec<Offer> {
    // Without sockets there is nothing to be found; an address can still be typed.
    let list = find(wanted).map(|(servers, _)| servers.list()).unwrap_or_default();
    let offer = |found: &Found| match &found.kind {
        Kind::Landline(answer) => Some(Offer {
            name: answer.name.clone(),
            address: SocketAddr::new(found.address, answer.port).to_string(),
            people: answer.users,
            password: answer.password,
        }),
        Kind::LanTalk(_) => None,
    };
    list.iter().filter_map(offer).collect()
}

/// The address of the only server there is, for scripts that do not say which. With a `secret` to be told, none is
/// taken that nobody chose.
///
/// # Errors
/// There is none, or more than one.
pub fn only_one(secret: bool) -> anyhow::Result<String> {
    if secret {
        bail!(BadUsage::new("say which server the password is for, for example: landline 192.168.1.20"));
    }
    match &offers(&Discover::default())[..] {
        [offer] => Ok(offer.address.clone()),
        [] => bail!("no server answered; start one with landline-server, or say which: landline HOST"),
        _ => bail!(BadUsage::new("there are several servers; landline discover lists them: landline HOST goes to one")),
    }
}

/// Asks, and gathers answers until the time is over. Also says at what time, counted as the servers' ages are.
fn find(wanted: &Discover) -> io::Result<(Servers, u64)> {
    let start = Instant::now();
    let deadline = start + wanted.timeout;
    let links = links(wanted.bind);
    let mut search = Search { start, port: wanted.port, askers: askers(&links), servers: Servers::default() };
    // Somebody may keep the port for themselves; then there are only answers.
    let listener = listener(wanted.port).ok();
    search.ask();
    let mut again = Some(start + AGAIN);
    loop {
        search.wait(listener.as_ref(), again.unwrap_or(deadline).min(deadline))?;
        search.read(listener.as_ref());
        let now = Instant::now();
        if again.is_some_and(|again| now >= again) {
            search.ask();
            again = None;
        }
        if now >= deadline {
            break;
        }
    }
    // Others want to know the address on the network, so it stands before the loopback one.
    let mut own: Vec<IpAddr> = links.iter().map(|link| link.own.into()).collect();
    own.sort_by_key(IpAddr::is_loopback);
    search.servers.merge_own(&own);
    let now_ms = search.elapsed_ms();
    Ok((search.servers, now_ms))
}

struct Search {
    start: Instant,
    port: u16,
    /// A socket on each network.
    askers: Vec<(UdpSocket, Ipv4Addr)>,
    servers: Servers,
}

impl Search {
    fn ask(&self) {
        let question = question();
        for (socket, everybody) in &self.askers {
            // An interface may have gone down; the others are asked all the same.
            let _ = socket.send_to(&question, (*everybody, self.port));
        }
    }

    fn wait(&self, listener: Option<&UdpSocket>, until: Instant) -> io::Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        let sockets = self.askers.iter().map(|(socket, _)| socket).chain(listener);
        let mut fds: Vec<PollFd<'_>> = sockets.map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        match poll(&mut fds, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Answers count where a question was sent from, beacons on their own port; anything else is noise.
    fn read(&mut self, listener: Option<&UdpSocket>) {
        let now_ms = self.elapsed_ms();
        let servers = &mut self.servers;
        for (socket, _) in &self.askers {
            each_waiting(socket, |source, datagram| {
                if let Some(answer) = Answer::parse(datagram) {
                    servers.answered(source, answer, now_ms);
                }
            });
        }
        let Some(listener) = listener else { return };
        each_waiting(listener, |source, datagram| {
            if let Some(beacon) = Beacon::parse(datagram) {
                servers.announced(source, beacon, now_ms);
            }
        });
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn each_waiting(socket: &UdpSocket, mut take: impl FnMut(IpAddr, &[u8])) {
    let mut datagram = [0; LONGEST_ANSWER];
    for _ in 0..AT_ONCE {
        match socket.recv_from(&mut datagram) {
            Ok((length, source)) => take(source.ip(), &datagram[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            // A message that one of our questions arrived nowhere; there may be more behind it.
            Err(_) => {}
        }
    }
}

/// The networks this machine is on; or the one on which it has the address `only`.
fn links(only: Option<Ipv4Addr>) -> Vec<Link> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = interfaces.into_iter().filter(|interface| interface.is_oper_up() && !interface.is_p2p());
    let link = |interface: if_addrs::Interface| match interface.addr {
        if_addrs::IfAddr::V4(v4) => Link::new(v4.ip, v4.netmask, v4.broadcast),
        if_addrs::IfAddr::V6(_) => None,
    };
    up.filter_map(link).filter(|link| only.is_none_or(|only| only == link.own)).collect()
}

/// Bound to an interface's own address, a socket needs no route but the interface's own.
fn askers(links: &[Link]) -> Vec<(UdpSocket, Ipv4Addr)> {
    let open = |link: &Link| {
        let socket = UdpSocket::bind((link.own, 0))?;
        socket.set_broadcast(true)?;
        socket.set_nonblocking(true)?;
        let _ = SockRef::from(&socket).set_recv_buffer_size(BUFFER);
        io::Result::Ok((socket, link.everybody))
    };
    links.iter().filter_map(|link| open(link).ok()).collect()
}

/// A socket on the beacons' port, together with whoever else listens there.
fn listener(port: u16) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    Ok(socket.into())
}
