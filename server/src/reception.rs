//! Where clients arrive: each gets a session of its own, or is told why not.

use crate::config::Config;
use crate::door::Entrance;
use crate::fanout::{ClientId, Cut, Outbox};
use crate::net::{Listener, Stream};
use crate::roster::Roster;
use crate::seldom::Seldom;
use crate::session::{self, Services};
use anyhow::{Context, anyhow};
use landline_common::limits::{Limits, count};
use landline_common::{Cause, Moment, Rendering, What};
use parking_lot::Mutex;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Instant;

/// Enough for the deepest call of a session in a debug build. Only what is touched costs memory.
const SESSION_STACK: usize = 512 << 10;
/// A port that is listened to, and the thread that does.
pub type OpenDoor = (Arc<Listener>, JoinHandle<()>);

/// The ports, taken; nobody is let in yet.
pub struct Ports(Vec<(Listener, Entrance)>);

impl Ports {
    /// Takes the main ports in the order in which they were asked for, then LanTalk's.
    ///
    /// # Errors
    /// One is taken or may not be used. The text says what to do.
    pub fn take(config: &Config) -> anyhow::Result<Ports> {
        let main_ports = config.ports.iter().map(|port| (*port, Entrance::Main));
        let ports = main_ports.chain(config.lantalk_port.map(|port| (port, Entrance::LanTalk)));
        let taken = ports.map(|(port, entrance)| Ok((listen(SocketAddr::new(config.bind, port), entrance)?, entrance)));
        Ok(Ports(taken.collect::<anyhow::Result<_>>()?))
    }

    /// Lets people in, each port by a thread of its own.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn open(self, reception: &Arc<Reception>) -> anyhow::Result<Vec<OpenDoor>> {
        let open = |(listener, entrance): (Listener, Entrance)| {
            let (listener, reception) = (Arc::new(listener), reception.clone());
            let at_work = listener.clone();
            let name = format!("port {}", listener.address().port());
            let run = move || at_work.run(|socket| reception.welcome(socket, entrance));
            let thread = std::thread::Builder::new().name(name).spawn(run).context("starting threads")?;
            Ok((listener, thread))
        };
        self.0.into_iter().map(open).collect()
    }
}

fn listen(address: SocketAddr, entrance: Entrance) -> anyhow::Result<Listener> {
    Listener::bind(address).map_err(|error| {
        let port = address.port();
        let flag = match entrance {
            Entrance::Main => "--port",
            Entrance::LanTalk => "--lantalk-port (0 turns that door off)",
        };
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                anyhow!("port {port} is taken by another program; stop that, or choose another port with {flag}")
            }
            io::ErrorKind::PermissionDenied => {
                anyhow!(
                    "port {port} may not be used by you; those from 1024 up are free for everybody: choose with {flag}"
                )
            }
            io::ErrorKind::AddrNotAvailable => {
                anyhow!("{} is no address of this machine; choose one with --bind", address.ip())
            }
            _ => anyhow!("cannot listen on {address}: {error}"),
        }
    })
}

/// What the listening threads need to give every client a session.
#[derive(Debug)]
pub struct Reception {
    /// What sessions work with.
    pub services: Arc<Services>,
    /// Who is connected.
    pub roster: Arc<Roster>,
    next_client: AtomicU64,
    /// When it was last said that there are none.
    thread_trouble: Mutex<Seldom>,
}

impl Reception {
    /// Nobody is connected.
    pub fn new(services: Arc<Services>, roster: Arc<Roster>) -> Reception {
        Reception { services, roster, next_client: AtomicU64::new(1), thread_trouble: Mutex::default() }
    }

    /// Gives a new client a session of its own, so that it keeps nobody waiting.
    fn welcome(&self, socket: TcpStream, entrance: Entrance) {
        let services = self.services.clone();
        // An error here is a client that has gone already.
        let Ok(stream) = Stream::new(socket, count(services.limits.send_buffer_bytes)) else { return };
        let stream = stream.lost_after(Limits::seconds(services.limits.unacknowledged_seconds));
        let client: ClientId = self.next_client.fetch_add(1, Relaxed);
        let stream = Arc::new(stream);
        let outbox = Outbox::new(client, &stream, &services.poller);
        let is_banned = || services.bans.covers(stream.address(), services.clock.now());
        if is_banned() {
            log::debug!("a connection from {}, which is banned", stream.address());
            refuse(&outbox, entrance, Cause::AddressBanned, services.clock.now());
            return;
        }
        let Some(entry) = self.roster.enter(&outbox, stream.address()) else {
            log::debug!("no place for a connection from {}", stream.address());
            refuse(&outbox, entrance, Cause::ServerFull, services.clock.now());
            return;
        };
        // A ban made since then ended only those it found in the roster.
        if is_banned() {
            return;
        }
        let its_outbox = outbox.clone();
        let session = move || {
            let serve = AssertUnwindSafe(|| session::serve(&services, &stream, &its_outbox, entrance, &entry));
            if catch_unwind(serve).is_err() {
                log::error!("a panic in the session of client {client}; the others go on");
                its_outbox.cut(Cut::Broken);
            }
        };
        let thread = std::thread::Builder::new().stack_size(SESSION_STACK).spawn(session);
        if let Err(error) = thread {
            if self.thread_trouble.lock().is_due(Instant::now()) {
                log::error!("no thread for a new client: {error}; it is refused, like those that follow");
            }
            refuse(&outbox, entrance, Cause::ServerFull, self.services.clock.now());
        }
    }
}

/// Tells a client that it is not let in, in the way of its door.
fn refuse(outbox: &Arc<Outbox>, entrance: Entrance, cause: Cause, now: Moment) {
    let (rendering, what) = match (entrance, cause) {
        (Entrance::LanTalk, _) => (Rendering::LanTalk, What::Refused(cause.report())),
        (Entrance::Main, Cause::ServerFull) => (Rendering::Text, cause.report().into()),
        (Entrance::Main, _) => (Rendering::Text, What::Refused(cause.report())),
    };
    let mut bytes = Vec::new();
    rendering.write(&what.at(now), &Limits::default(), &mut bytes);
    outbox.push_control(&bytes);
}
