//! A running server: its ports, its threads, and how it ends. Nothing is static, so several fit in one process.

use crate::clock::Clock;
use crate::config::Config;
use crate::fanout::{Bounds, ClientId, Flushers, Outbox, Poller};
use crate::guard::{Capacity, Hasher, Lockout, capacity};
use crate::hub::Hub;
use crate::net::{Listener, Stream};
use crate::roster::Roster;
use crate::session::{self, Services};
use crate::store::{Accounts, LockFile, Sessions};
use anyhow::{Context, anyhow};
use landline_common::What;
use landline_common::limits::{Limits, count};
use std::io::{self, Write};
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
const FULL: &[u8] = b"ERROR: 503 this server is full; try again later\n";

/// A running server. [`Server::stop`] ends it.
#[derive(Debug)]
pub struct Server {
    doors: Vec<(Arc<Listener>, JoinHandle<()>)>,
    reception: Arc<Reception>,
    flushers: Arc<Flushers>,
    capacity: Capacity,
    _lock: LockFile,
}

/// What the listening threads need to give every client a session.
#[derive(Debug)]
struct Reception {
    services: Arc<Services>,
    roster: Arc<Roster>,
    next_client: AtomicU64,
    most_clients: usize,
}

impl Server {
    /// Starts a server on a data folder that is locked for it.
    ///
    /// # Errors
    /// A file in the folder is damaged, a port is taken, or the system has no threads left. The text says what to do.
    pub fn start(config: &Config, lock: LockFile) -> anyhow::Result<Server> {
        let capacity = capacity::clients(config.max_clients);
        let limits = &config.limits;
        let listeners = config
            .ports
            .iter()
            .map(|port| listen(SocketAddr::new(config.bind, *port)))
            .collect::<Result<Vec<_>, _>>()?;
        let clock = Clock::system();
        let accounts = Accounts::open(&config.data, count(limits.accounts))?;
        let sessions = Sessions::open(&config.data)?;
        let flushers = Flushers::start(limits).context("starting threads")?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let bcrypt_cost = u32::try_from(limits.bcrypt_cost).unwrap_or(u32::MAX);
        let failures = u32::try_from(limits.failures_to_lock).unwrap_or(u32::MAX);
        let services = Arc::new(Services {
            hub: Hub::new(&config.name, limits, &flushers, clock.now()),
            accounts,
            sessions,
            hasher: Hasher::new((cores / 2).max(1), count(limits.hash_queue), bcrypt_cost),
            lockout: Lockout::new(failures, config.block_duration),
            poller: Poller::start(Bounds::of(limits)).context("starting threads")?,
            clock,
            limits: limits.clone(),
            password: config.password.clone(),
        });
        let reception = Arc::new(Reception {
            services,
            roster: Arc::default(),
            next_client: AtomicU64::new(1),
            most_clients: capacity.clients,
        });
        let doors = listeners.into_iter().map(|listener| open(listener, &reception)).collect::<Result<_, _>>()?;
        Ok(Server { doors, reception, flushers, capacity, _lock: lock })
    }

    /// Where it listens, in the order of the ports asked for.
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

    /// Tells everybody, lets outgoing bytes go out for a moment, ends all sessions and waits for every thread.
    pub fn stop(self) {
        let services = &self.reception.services;
        for (listener, thread) in self.doors {
            listener.stop();
            let _ = thread.join();
        }
        services.hub.last_words(What::info("the server is stopping; goodbye").at(services.clock.now()));
        let now = Instant::now();
        self.reception.roster.end_all(now + Limits::seconds(services.limits.flush_seconds));
        if !self.reception.roster.wait_empty(Instant::now() + LAST_SESSIONS) {
            log::warn!("some sessions did not end in time");
        }
        self.flushers.stop();
        services.poller.stop();
    }
}

fn listen(address: SocketAddr) -> anyhow::Result<Listener> {
    Listener::bind(address).map_err(|error| {
        let port = address.port();
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                anyhow!("port {port} is taken by another program; stop that, or choose another port with --port")
            }
            io::ErrorKind::PermissionDenied => {
                anyhow!("port {port} may not be used by you; ports from 1024 up are free for everybody: --port 12345")
            }
            io::ErrorKind::AddrNotAvailable => {
                anyhow!("{} is no address of this machine; choose one with --bind", address.ip())
            }
            _ => anyhow!("cannot listen on {address}: {error}"),
        }
    })
}

fn open(listener: Listener, reception: &Arc<Reception>) -> anyhow::Result<(Arc<Listener>, JoinHandle<()>)> {
    let (listener, reception) = (Arc::new(listener), reception.clone());
    let at_work = listener.clone();
    let name = format!("port {}", listener.address().port());
    let run = move || at_work.run(|socket| reception.welcome(socket));
    let thread = std::thread::Builder::new().name(name).spawn(run).context("starting threads")?;
    Ok((listener, thread))
}

impl Reception {
    /// Gives a new client a session of its own, so that it keeps nobody waiting.
    fn welcome(&self, socket: TcpStream) {
        let services = self.services.clone();
        // An error here is a client that has gone already.
        let Ok(stream) = Stream::new(socket, count(services.limits.send_buffer_bytes)) else { return };
        let client: ClientId = self.next_client.fetch_add(1, Relaxed);
        let stream = Arc::new(stream);
        let outbox = Outbox::new(client, &stream, &services.poller);
        let Some(entry) = self.roster.enter(&outbox, self.most_clients) else {
            outbox.push_control(FULL);
            return;
        };
        let its_outbox = outbox.clone();
        let session = move || {
            let serve = AssertUnwindSafe(|| session::serve(&services, &stream, &its_outbox));
            if catch_unwind(serve).is_err() {
                log::error!("a panic in the session of client {client}; the others go on");
                its_outbox.cut(crate::fanout::Cut::Broken);
            }
            drop(entry);
        };
        if let Err(error) = std::thread::Builder::new().stack_size(SESSION_STACK).spawn(session) {
            log::error!("no thread for a new client: {error}");
            outbox.push_control(FULL);
        }
    }
}

/// Prints how to join, for the people who look at the console.
///
/// # Errors
/// Standard output is closed; a server goes on without it.
pub fn print_banner(server: &Server, config: &Config, out: &mut impl Write) -> io::Result<()> {
    let port = server.addresses().first().map_or(0, SocketAddr::port);
    writeln!(out, "\nLandline {} · {}\n", env!("CARGO_PKG_VERSION"), config.name)?;
    for (i, address) in config.reachable_at().iter().enumerate() {
        let head = if i == 0 { "join with" } else { "or" };
        writeln!(out, "  {head:<11}nc {address} {port}")?;
    }
    writeln!(out, "             then type NAME_ROOM, for example alice_lobby, and talk")?;
    if config.password.is_some() {
        writeln!(out, "  password   yes: people are asked for it (it crosses the network in the clear)")?;
    }
    writeln!(out, "  data       {}", config.data.display())?;
    let Capacity { clients, why } = server.capacity();
    writeln!(out, "  room for   {clients} people ({why})")?;
    writeln!(out, "\nCtrl-C stops the server.\n")?;
    out.flush()
}
