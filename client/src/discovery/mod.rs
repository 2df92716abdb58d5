//! Finds servers: broadcasts a question on each network of this machine, and listens for LanTalk's beacons.

mod table;

use crate::interfaces::{networks, read_datagrams, shared_socket, socket_on};
use crate::usage_error::UsageError;
use anyhow::{Context, bail};
use landline_common::beacon::{Answer, Beacon, DatagramKind, FoundServer, Link, Servers, question};
use landline_common::service::BEACON_PORT;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The question is repeated once after this time, since datagrams get lost.
const REPEAT_AFTER: Duration = Duration::from_millis(150);
/// Bytes to read of an answer; more than any answer has.
const MAX_ANSWER_BYTES: usize = 2_048;
/// How long to wait for answers, unless the user gives a time. Servers on one network answer in milliseconds.
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(500);

/// How to look for servers.
#[derive(Clone, Copy, Debug)]
pub struct SearchOptions {
    /// How long to wait for answers.
    pub timeout: Duration,
    /// The UDP port on which servers answer.
    pub port: u16,
    /// Ask only on the network where this machine has this address; `None` asks on all networks.
    pub bind: Option<Ipv4Addr>,
}

impl Default for SearchOptions {
    fn default() -> SearchOptions {
        SearchOptions { timeout: DEFAULT_TIMEOUT, port: BEACON_PORT, bind: None }
    }
}

/// A server to offer to the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Name of the server; may be empty.
    pub name: String,
    /// Address with port.
    pub address: String,
    /// Number of users.
    pub people: u32,
    /// True if the server asks all users for a password.
    pub password: bool,
    /// True if the server says that it has TLS. Any machine can say so.
    pub tls: bool,
    /// The id that all answers of one running server carry; empty if the server sends none.
    pub id: String,
    /// True if the server runs on this machine.
    pub on_this_machine: bool,
}

/// Prints the servers that were found. Returns whether there are any.
///
/// # Errors
/// Waiting for answers or writing to standard output failed.
pub fn run(options: &SearchOptions, json: bool) -> anyhow::Result<bool> {
    let (servers, now_ms) = find(options).context("cannot look for servers")?;
    let list = servers.list();
    if list.is_empty() {
        eprintln!("no server answered; start one with landline-server, or type an address: landline HOST");
        return Ok(false);
    }
    let text = if json { table::json_lines(&list, now_ms) } else { table::table(&list, now_ms) };
    io::stdout().write_all(text.as_bytes()).context("cannot print to standard output")?;
    Ok(true)
}

/// Returns the servers to offer to the user. LanTalk servers are left out, since this program cannot talk to them.
#[must_use]
pub fn offers(options: &SearchOptions) -> Vec<Offer> {
    // On failure the list is empty; the user can still type an address.
    let list = find(options).map(|(servers, _)| servers.list()).unwrap_or_default();
    let own: Vec<IpAddr> = networks(options.bind).into_iter().map(|(link, _)| link.own.into()).collect();
    let offer = |found: &FoundServer| match &found.kind {
        DatagramKind::Landline(answer) => Some(Offer {
            name: answer.name.clone(),
            address: SocketAddr::new(found.address, answer.port).to_string(),
            people: answer.users,
            password: answer.password,
            tls: answer.tls,
            id: answer.id.clone(),
            on_this_machine: own.contains(&found.address),
        }),
        DatagramKind::LanTalk(_) => None,
    };
    list.iter().filter_map(offer).collect()
}

/// Returns the address of the only server on the network, for scripts that name none. With `has_password`, fails at once: a
/// password must not go to a server that the user has not named.
///
/// # Errors
/// `has_password` is true, no server answered, or several did.
pub fn only_server(has_password: bool) -> anyhow::Result<String> {
    if has_password {
        bail!(UsageError::new("a password needs a named server; for example: landline 192.168.1.20"));
    }
    match &offers(&SearchOptions::default())[..] {
        [offer] => Ok(offer.address.clone()),
        [] => bail!("no server answered; start one with landline-server, or name one: landline HOST"),
        _ => {
            bail!(UsageError::new("several servers answered; name one: landline HOST (landline discover lists them)"))
        }
    }
}

/// Asks, and collects answers until the timeout. Returns the servers and the time at the end, in milliseconds since the
/// start, from which ages are counted.
fn find(options: &SearchOptions) -> io::Result<(Servers, u64)> {
    let start = Instant::now();
    let deadline = start + options.timeout;
    let links: Vec<Link> = networks(options.bind).into_iter().map(|(link, _)| link).collect();
    let mut search = Search { start, port: options.port, sockets: sockets(&links), servers: Servers::default() };
    // If another program holds the port exclusively, only answers are found, no beacons.
    let listener = shared_socket(options.port).ok();
    search.broadcast_question();
    let mut repeat_at = Some(start + REPEAT_AFTER);
    loop {
        search.wait(listener.as_ref(), repeat_at.unwrap_or(deadline).min(deadline))?;
        search.read(listener.as_ref());
        let now = Instant::now();
        if repeat_at.is_some_and(|repeat_at| now >= repeat_at) {
            search.broadcast_question();
            repeat_at = None;
        }
        if now >= deadline {
            break;
        }
    }
    // Put network addresses before loopback: `merge_own` keeps the first, and users pass that on to other machines.
    let mut own: Vec<IpAddr> = links.iter().map(|link| link.own.into()).collect();
    own.sort_by_key(IpAddr::is_loopback);
    search.servers.merge_own(&own);
    let now_ms = search.elapsed_ms();
    Ok((search.servers, now_ms))
}

struct Search {
    start: Instant,
    port: u16,
    /// A socket for each network, with the network's broadcast address.
    sockets: Vec<(UdpSocket, Ipv4Addr)>,
    servers: Servers,
}

impl Search {
    /// Broadcasts the question on each network.
    fn broadcast_question(&self) {
        let question = question();
        for (socket, broadcast) in &self.sockets {
            // Ignore errors: an interface may have gone down, and the others still work.
            let _ = socket.send_to(&question, (*broadcast, self.port));
        }
    }

    /// Waits until a socket is readable or the time is `until`.
    fn wait(&self, listener: Option<&UdpSocket>, until: Instant) -> io::Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        let sockets = self.sockets.iter().map(|(socket, _)| socket).chain(listener);
        let mut fds: Vec<PollFd<'_>> = sockets.map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        match poll(&mut fds, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads all waiting datagrams: answers on the asking sockets, beacons on the listener. Ignores anything else.
    fn read(&mut self, listener: Option<&UdpSocket>) {
        let now_ms = self.elapsed_ms();
        let servers = &mut self.servers;
        for (socket, _) in &self.sockets {
            read_datagrams::<MAX_ANSWER_BYTES>(socket, |source, datagram| {
                if let Some(answer) = Answer::parse(datagram) {
                    servers.answered(source.ip(), answer, now_ms);
                }
                true
            });
        }
        let Some(listener) = listener else { return };
        read_datagrams::<MAX_ANSWER_BYTES>(listener, |source, datagram| {
            if let Some(beacon) = Beacon::parse(datagram) {
                servers.announced(source.ip(), beacon, now_ms);
            }
            true
        });
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Opens a socket for each network, and pairs it with the broadcast address.
fn sockets(links: &[Link]) -> Vec<(UdpSocket, Ipv4Addr)> {
    links.iter().filter_map(|link| Some((socket_on(link).ok()?, link.global))).collect()
}
