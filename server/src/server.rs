//! A running server: its ports, its threads, and how it ends. Nothing is static, so several fit in one process.

use crate::clock::Clock;
use crate::config::{Config, History};
use crate::discovery::{Announcement, Discovery};
use crate::fanout::{Bounds, Cut, Flushers, Poller};
use crate::guard::{
    Admission, Allowances, Bans, Capacity, DepartedUsers, Hasher, Lockout, Probes, Throttle, admission, capacity,
};
use crate::housekeeping::Housekeeping;
use crate::hub::Hub;
use crate::keeping::{Keeping, NotStored};
use crate::moderation::Moderator;
use crate::reception::{OpenDoor, Ports, Reception};
use crate::roster::{self, Roster};
use crate::session::Services;
use crate::store::messages::Keep;
use crate::store::{Accounts, LockFile, Messages, Sessions};
use anyhow::Context;
use landline_common::limits::{Limits, count};
use landline_common::{Cause, What};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long ended sessions may take to notice.
const LAST_SESSIONS: Duration = Duration::from_secs(5);
/// A running server. [`Server::stop`] ends it.
#[derive(Debug)]
pub struct Server {
    doors: Vec<OpenDoor>,
    reception: Arc<Reception>,
    flushers: Arc<Flushers>,
    messages: Arc<Messages>,
    housekeeping: Housekeeping,
    capacity: Capacity,
    started: Instant,
    discovery: Option<Discovery>,
    _lock: LockFile,
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
        let ports = Ports::take(config)?;
        let stores = Stores::open(config, &clock)?;
        let flushers = Flushers::start(limits).context("starting threads")?;
        let poller = Poller::start(Bounds::of(limits)).context("starting threads")?;
        let (memory, first_id) = (stores.memory(), stores.first_id(&clock));
        let hub = Hub::new(&config.name, &hub_limits(config), &flushers, &poller, memory, first_id);
        stores.not_stored.tell_by(&hub);
        let housekeeping =
            Housekeeping::start(stores.sessions.clone(), stores.bans.clone(), stores.accounts.clone(), clock.clone());
        let housekeeping = housekeeping.context("starting threads")?;
        let services = services(config, clock, hub, poller, &stores);
        let roster = Roster::new(Admission::new(admission_bounds(config, &capacity)));
        let reception = Arc::new(Reception::new(Arc::new(services), roster));
        let doors = ports.open(&reception)?;
        let started = Instant::now();
        let mut server = Server {
            doors,
            reception,
            flushers,
            messages: stores.messages,
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
        Moderator { services, roster, flushers, messages: self.messages.clone(), started: self.started }
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
        services.hub.last_words(What::from(Cause::Stopping.report()).at(services.clock.now()));
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

/// What lasts, on the files of the data folder.
struct Stores {
    accounts: Arc<Accounts>,
    sessions: Arc<Sessions>,
    messages: Arc<Messages>,
    bans: Arc<Bans>,
    not_stored: NotStored,
}

impl Stores {
    fn open(config: &Config, clock: &Clock) -> anyhow::Result<Stores> {
        let (folder, limits, not_stored) = (&config.data, &config.limits, NotStored::default());
        Ok(Stores {
            accounts: Arc::new(Accounts::open(folder, limits)?),
            sessions: Arc::new(Sessions::open(folder, limits)?),
            messages: Arc::new(Messages::open(folder, keep(config.history), limits, not_stored.teller(clock))?),
            bans: Arc::new(Bans::open(folder)?),
            not_stored,
        })
    }

    /// The same, as the hub knows it.
    fn memory(&self) -> Arc<Keeping> {
        let Stores { accounts, sessions, messages, .. } = self;
        Arc::new(Keeping { messages: messages.clone(), accounts: accounts.clone(), sessions: sessions.clone() })
    }

    /// Ids never repeat: not after a restart, and not where the files were lost or the history is off.
    fn first_id(&self, clock: &Clock) -> u64 {
        (self.messages.highest_id() + 1).max(u64::try_from(clock.now().unix_ms).unwrap_or(0) * 1_000)
    }
}

/// What sessions work with: who is here, what lasts, and the guards.
fn services(config: &Config, clock: Clock, hub: Arc<Hub>, poller: Arc<Poller>, stores: &Stores) -> Services {
    let limits = &config.limits;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let bcrypt_cost = u32::try_from(limits.bcrypt_cost).unwrap_or(u32::MAX);
    let failures = u32::try_from(limits.failures_to_lock).unwrap_or(u32::MAX);
    Services {
        hub,
        accounts: stores.accounts.clone(),
        sessions: stores.sessions.clone(),
        hasher: Hasher::new((cores / 2).max(1), count(limits.hash_queue), bcrypt_cost),
        lockout: Lockout::new(failures, config.block_duration),
        throttle: Throttle::new(limits.address_failures, Limits::seconds(limits.address_block_seconds)),
        registrations: churn(config, limits.registrations_per_address, limits.address_block_seconds),
        sign_ins: churn(config, limits.sign_ins_per_address_minute, 60),
        probes: Probes::new(count(limits.probes_per_address)),
        allowances: allowances(config),
        bans: stores.bans.clone(),
        departed: DepartedUsers::default(),
        poller,
        clock,
        limits: limits.clone(),
        password: config.password.clone(),
        rate: config.rate,
        timeout: config.timeout,
        strict_timeout: config.strict_timeout,
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

/// The limits as the hub applies them: the same zero lifts that of rooms.
fn hub_limits(config: &Config) -> Limits {
    let rooms_per_address = if config.max_clients_per_ip == 0 { u64::MAX } else { config.limits.rooms_per_address };
    Limits { rooms_per_address, ..config.limits.clone() }
}

/// A limit on coming and going; the same zero lifts it.
fn churn(config: &Config, most: u64, seconds: u64) -> Throttle {
    if config.max_clients_per_ip == 0 { Throttle::lifted() } else { Throttle::new(most, Limits::seconds(seconds)) }
}

/// What is said from one address; who lifts the rate of each, or the limits of an address, lifts this too.
fn allowances(config: &Config) -> Allowances {
    let limits = &config.limits;
    if config.rate.is_none() || config.max_clients_per_ip == 0 {
        return Allowances::lifted();
    }
    Allowances::new(limits.address_lines, limits.address_bytes, Limits::seconds(limits.address_said_seconds))
}
