//! Finding servers: asking on every network this machine is on, and listening for LanTalk's beacons.

mod table;

use crate::args::{BadUsage, Discover};
use crate::networks::{each_waiting, networks, shared_socket, socket_on};
use crate::setup::welcome::Offer;
use anyhow::{Context, bail};
use landline_common::beacon::{Answer, Beacon, Found, Kind, Link, Servers, question};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Datagrams get lost; the question is asked once more after so long.
const AGAIN: Duration = Duration::from_millis(150);
/// Longer than any answer.
const LONGEST_ANSWER: usize = 2_048;

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
    let links: Vec<Link> = networks(wanted.bind).into_iter().map(|(link, _)| link).collect();
    let mut search = Search { start, port: wanted.port, askers: askers(&links), servers: Servers::default() };
    // Somebody may keep the port for themselves; then there are only answers.
    let listener = shared_socket(wanted.port).ok();
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
            each_waiting::<LONGEST_ANSWER>(socket, |source, datagram| {
                if let Some(answer) = Answer::parse(datagram) {
                    servers.answered(source.ip(), answer, now_ms);
                }
                true
            });
        }
        let Some(listener) = listener else { return };
        each_waiting::<LONGEST_ANSWER>(listener, |source, datagram| {
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

/// A socket on each network, and where everybody there is asked.
fn askers(links: &[Link]) -> Vec<(UdpSocket, Ipv4Addr)> {
    links.iter().filter_map(|link| Some((socket_on(link).ok()?, link.everybody))).collect()
}
