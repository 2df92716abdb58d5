//! A running server: its ports, its threads, and how it ends. Nothing is static, so several fit in one process.

use crate::clock::Clock;
use crate::config::{Config, History};
use crate::discovery::{Announcement, Discovery};
use crate::door::Entrance;
use crate::fanout::{Bounds, ClientId, Cut, Flushers, Outbox, Poller};
use crate::guard::{Admission, Bans, Capacity, Hasher, Lockout, Throttle, admission, capacity};
use crate::housekeeping::Housekeeping;
use crate::hub::Hub;
use crate::keeping::{Keeping, NotStored};
use crate::moderation::Moderator;
use crate::net::{Listener, Stream};
use crate::roster::{self, Roster};
use crate::seldom::Seldom;
use crate::session::{self, Services};
use crate::store::messages::Keep;
use crate::store::{Accounts, LockFile, Messages, Sessions};
use anyhow::{Context, anyhow};
use landline_common::limits::{Limits, count};
use landline_common::{Moment, Rendering, What};
use parking_lot::Mutex;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Enough for the deepest call of a session in a debug build. Only what is touched costs memory.
const SESSION_STACK: usize = 512 << 10;
/// How long ended sessions may take to notice.
const LAST_SESSIONS: Duration = Duration::from_secs(5);
/// What is said to a client for whom there is no place.
const FULL: &str = "this server is full; try again later";

/// What is said to a client whose address is banned.
const BANNED: &str = "your address is banned from this server";

/// A running server. [`Server::stop`] ends it.
#[derive(Debug)]
pub struct Server {
    doors: Vec<(Arc<Listener>, JoinHandle<()>)>,
    reception: Arc<Reception>,
    flushers: Arc<Flushers>,
    messages: Arc<Messages>,
    housekeeping: Housekeeping,
    capacity: Capacity,
    started: Instant,
    discovery: Option<Discovery>,
    _lock: LockFile,
}

/// What the listening threads need to give every client a session.
#[derive(Debug)]
struct Reception {
    services: Arc<Services>,
    roster: Arc<Roster>,
    next_client: AtomicU64,
    /// When it was last said that there are none.
    thread_trouble: Mutex<Seldom>,
}

impl Server {
    /// Starts a server on a data folder that is locked for it.
    ///
    /// # Errors
    /// A file in the folder is damaged, a port is taken, or the system has no threads left. The text says what to do.
    pub fn start(config: &Config, lock: LockFile) -> anyhow::Result<Server> {
        Server::start_by(Clock::system(), config, lock)
    }

    /// The same, by another clock than the machine's.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_by(clock: Clock, config: &Config, lock: LockFile) -> anyhow::Result<Server> {
        let capacity = capacity::clients(config.max_clients);
        let limits = &config.limits;
        let main_ports = config.ports.iter().map(|port| (*port, Entrance::Main));
        let ports = main_ports.chain(config.lantalk_port.map(|port| (port, Entrance::LanTalk)));
        let listeners = ports
            .map(|(port, entrance)| Ok((listen(SocketAddr::new(config.bind, port), entrance)?, entrance)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let accounts = Arc::new(Accounts::open(&config.data, limits)?);
        let sessions = Arc::new(Sessions::open(&config.data, limits)?);
        let not_stored = NotStored::default();
        let messages = Arc::new(Messages::open(&config.data, keep(config.history), limits, not_stored.teller(&clock))?);
        let memory = Keeping { messages: messages.clone(), accounts: accounts.clone(), sessions: sessions.clone() };
        // Ids never repeat: not after a restart, and not where the files were lost or the history is off.
        let first_id = (messages.highest_id() + 1).max(u64::try_from(clock.now().unix_ms).unwrap_or(0) * 1_000);
        let flushers = Flushers::start(limits).context("starting threads")?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let bcrypt_cost = u32::try_from(limits.bcrypt_cost).unwrap_or(u32::MAX);
        let failures = u32::try_from(limits.failures_to_lock).unwrap_or(u32::MAX);
        let poller = Poller::start(Bounds::of(limits)).context("starting threads")?;
        let hub = Hub::new(&config.name, limits, &flushers, &poller, Arc::new(memory), first_id);
        not_stored.tell_by(&hub);
        let housekeeping = Housekeeping::start(sessions.clone(), clock.clone()).context("starting threads")?;
        let services = Arc::new(Services {
            hub,
            accounts,
            sessions,
            hasher: Hasher::new((cores / 2).max(1), count(limits.hash_queue), bcrypt_cost),
            lockout: Lockout::new(failures, config.block_duration),
            throttle: Throttle::new(limits.address_failures, Limits::seconds(limits.address_block_seconds)),
            registrations: churn(config, limits.registrations_per_address, limits.address_block_seconds),
            sign_ins: churn(config, limits.sign_ins_per_address_minute, 60),
            bans: Bans::open(&config.data)?,
            poller,
            clock,
            limits: limits.clone(),
            password: config.password.clone(),
            rate: config.rate,
            timeout: config.timeout,
            strict_timeout: config.strict_timeout,
        });
        let reception = Arc::new(Reception {
            services,
            roster: Roster::new(Admission::new(admission_bounds(config, &capacity))),
            next_client: AtomicU64::new(1),
            thread_trouble: Mutex::default(),
        });
        let open = |(listener, entrance)| open(listener, entrance, &reception);
        let doors = listeners.into_iter().map(open).collect::<Result<_, _>>()?;
        let started = Instant::now();
        let mut server = Server {
            doors,
            reception,
            flushers,
            messages,
            housekeeping,
            capacity,
            started,
            discovery: None,
            _lock: lock,
        };
        server.discovery = config.beacon_port.map(|udp_port| server.announce(config, udp_port));
        Ok(server)
    }

    /// Lets people find the server, by the ports that it really got.
    fn announce(&self, config: &Config, udp_port: u16) -> Discovery {
        let port_of = |address: Option<&SocketAddr>| address.map_or(0, SocketAddr::port);
        let addresses = self.addresses();
        let what = Announcement {
            name: config.name.clone(),
            port: port_of(addresses.first()),
            lantalk: config.lantalk_port.map(|_| port_of(addresses.last())),
            udp_port,
            password: config.password.is_some(),
            bind: config.bind,
        };
        let hub = self.reception.services.hub.clone();
        Discovery::start(what, move || hub.people())
    }

    /// Where it listens: the main ports in the order in which they were asked for, then LanTalk's.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.doors.iter().map(|(listener, _)| listener.address()).collect()
    }

    /// How many clients it can serve, and what sets that bound.
    #[must_use]
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// What its sessions work with, for watching it.
    #[must_use]
    pub fn services(&self) -> &Arc<Services> {
        &self.reception.services
    }

    /// What the person who runs it can do.
    #[must_use]
    pub fn moderator(&self) -> Moderator {
        let Reception { services, roster, .. } = &*self.reception;
        let (services, roster, flushers) = (services.clone(), roster.clone(), self.flushers.clone());
        Moderator { services, roster, flushers, started: self.started }
    }

    /// Tells everybody, lets outgoing bytes go out for a moment, ends all sessions and waits for every thread.
    pub fn stop(self) {
        if let Some(discovery) = self.discovery {
            discovery.stop();
        }
        let services = &self.reception.services;
        for (listener, thread) in self.doors {
            listener.stop();
            let _ = thread.join();
        }
        services.hub.last_words(What::info("the server is stopping; goodbye").at(services.clock.now()));
        let now = Instant::now();
        let everybody = self.reception.roster.find(|_, _| true);
        roster::end(&everybody, Cut::Closed, now + Limits::seconds(services.limits.flush_seconds));
        if !self.reception.roster.wait_empty(Instant::now() + LAST_SESSIONS) {
            log::warn!("some sessions did not end in time");
        }
        self.flushers.stop();
        services.poller.stop();
        self.housekeeping.stop();
        // Last: until here people may have left something to be stored.
        self.messages.stop();
    }
}

/// How long the store keeps what is said.
fn keep(history: History) -> Keep {
    match history {
        History::On => Keep::Forever,
        History::Off => Keep::Off,
        History::Days(days) => Keep::Days(days),
    }
}

/// The limits on connections; a zero on the command line lifts those for one address.
fn admission_bounds(config: &Config, capacity: &Capacity) -> admission::Bounds {
    let limits = &config.limits;
    let lifted = config.max_clients_per_ip == 0;
    admission::Bounds {
        all: capacity.clients,
        per_address: if lifted { usize::MAX } else { config.max_clients_per_ip },
        unsigned: count(limits.unsigned_clients),
        unsigned_per_address: if lifted { usize::MAX } else { count(limits.unsigned_per_address) },
    }
}

/// A limit on coming and going; the same zero lifts it.
fn churn(config: &Config, most: u64, seconds: u64) -> Throttle {
    if config.max_clients_per_ip == 0 { Throttle::lifted() } else { Throttle::new(most, Limits::seconds(seconds)) }
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

fn open(
    listener: Listener,
    entrance: Entrance,
    reception: &Arc<Reception>,
) -> anyhow::Result<(Arc<Listener>, JoinHandle<()>)> {
    let (listener, reception) = (Arc::new(listener), reception.clone());
    let at_work = listener.clone();
    let name = format!("port {}", listener.address().port());
    let run = move || at_work.run(|socket| reception.welcome(socket, entrance));
    let thread = std::thread::Builder::new().name(name).spawn(run).context("starting threads")?;
    Ok((listener, thread))
}

impl Reception {
    /// Gives a new client a session of its own, so that it keeps nobody waiting.
    fn welcome(&self, socket: TcpStream, entrance: Entrance) {
        let services = self.services.clone();
        // An error here is a client that has gone already.
        let Ok(stream) = Stream::new(socket, count(services.limits.send_buffer_bytes)) else { return };
        let client: ClientId = self.next_client.fetch_add(1, Relaxed);
        let stream = Arc::new(stream);
        let outbox = Outbox::new(client, &stream, &services.poller);
        let is_banned = || services.bans.covers(stream.address(), services.clock.now());
        if is_banned() {
            log::debug!("a connection from {}, which is banned", stream.address());
            refuse(&outbox, entrance, 403, BANNED, services.clock.now());
            return;
        }
        let Some(entry) = self.roster.enter(&outbox, stream.address()) else {
            log::debug!("no place for a connection from {}", stream.address());
            refuse(&outbox, entrance, 503, FULL, services.clock.now());
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
            refuse(&outbox, entrance, 503, FULL, self.services.clock.now());
        }
    }
}

/// Tells a client that it is not let in, in the way of its door.
fn refuse(outbox: &Arc<Outbox>, entrance: Entrance, code: u16, why: &'static str, now: Moment) {
    let refused = What::Refused { code, why: why.into() }.at(now);
    let mut bytes = Vec::new();
    match (entrance, code) {
        (Entrance::LanTalk, _) => Rendering::LanTalk.write(&refused, &Limits::default(), &mut bytes),
        (Entrance::Main, 403) => bytes.extend_from_slice(format!("403 {why}\n").as_bytes()),
        (Entrance::Main, _) => bytes.extend_from_slice(format!("ERROR: {code} {why}\n").as_bytes()),
    }
    outbox.push_control(&bytes);
}
