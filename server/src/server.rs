//! A running server: starts its stores, threads and ports in order, and stops them in order. It has no statics, so
//! several servers fit in one process.

use crate::acceptor::{Acceptor, OpenPort, Ports};
use crate::clock::Clock;
use crate::codec::PortKind;
use crate::config::{Config, History, machine_names};
use crate::connection::ServerContext;
use crate::connections::{self, ConnectionTable};
use crate::discovery::{Announcement, CurrentFacts, Discovery};
use crate::fanout::{Bounds, DisconnectReason, Flushers, Poller};
use crate::guard::{
    AddressBudgets, Admission, Bans, Capacity, DepartedUsers, Hasher, Lockout, LogBudgets, Probes, Throttle, admission,
    capacity,
};
use crate::housekeeping::Housekeeping;
use crate::http::exchange::ServerFacts;
use crate::http::host_rules::AllowedHosts;
use crate::hub::Hub;
use crate::log_throttle::KeyedLogThrottle;
use crate::moderation::{Moderator, random_password};
use crate::rules_record::RulesRecord;
use crate::store::messages::Retention;
use crate::store::{Accounts, LockFile, Messages, RulesFile, Sessions};
use crate::store_backend::{NotStored, StoreBackend, open_bans};
use crate::tls::ServerTls;
use anyhow::Context;
use landline_common::limits::{Limits, count};
use landline_common::{Cause, EventKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

/// Time that the connections' threads may take to end after they were disconnected.
const END_TIME: Duration = Duration::from_secs(5);

/// The handle of a running server. [`Server::stop`] ends it.
#[derive(Debug)]
pub struct Server {
    ports: Vec<OpenPort>,
    acceptor: Arc<Acceptor>,
    flushers: Arc<Flushers>,
    messages: Arc<Messages>,
    housekeeping: Housekeeping,
    capacity: Capacity,
    started: Instant,
    /// The first code for `/claim`.
    claim_code: String,
    discovery: Option<Discovery>,
    _lock: LockFile,
}

impl Server {
    /// Starts a server on the data folder that `lock` locks.
    ///
    /// # Errors
    /// A file in the folder is damaged, a port is taken, or the system has no threads left. The text says what to do.
    pub fn start(config: &Config, lock: LockFile) -> anyhow::Result<Server> {
        Server::start_with_clock(Clock::system(), config, lock)
    }

    /// Like [`Server::start`], with a clock other than the machine's.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_with_clock(clock: Clock, config: &Config, lock: LockFile) -> anyhow::Result<Server> {
        let capacity = capacity::raise_and_measure(config.max_clients);
        let limits = &config.limits;
        let ports = Ports::bind(config)?;
        let tls = ServerTls::open(&config.tls, &config.data, &certificate_names())?.map(Arc::new);
        let stores = Stores::open(config, &clock)?;
        let flushers = Flushers::start(limits).context("cannot start a thread")?;
        let poller = Poller::start(Bounds::of(limits)).context("cannot start a thread")?;
        let storage = stores.storage(&clock);
        let first_id = stores.first_id(&clock);
        let facts = server_facts(config, &ports);
        let (name, origin) = (&config.name, facts.own_origin());
        let hub = Hub::new(name, origin, &hub_limits(config), &flushers, &poller, storage, first_id);
        stores.not_stored.set_hub(&hub);
        let claim_code = random_password().context("cannot draw a code for /claim")?;
        hub.set_claim_code(claim_code.clone());
        if stores.first_rules.is_none() {
            // The rooms of the history belong to the server's owners from now on, also after a restart.
            hub.store_rules(clock.now()).map_err(anyhow::Error::msg).context("cannot write rules.json")?;
        }
        let housekeeping = Housekeeping::start(
            &config.data,
            stores.sessions.clone(),
            stores.bans.clone(),
            stores.accounts.clone(),
            clock.clone(),
        );
        let housekeeping = housekeeping.context("cannot start a thread")?;
        let context = context(config, clock, hub, poller, tls, facts, &stores);
        let connections = ConnectionTable::new(Admission::new(admission_bounds(config, &capacity)));
        let acceptor = Acceptor::new(Arc::new(context), connections).context("cannot start a thread")?;
        let acceptor = Arc::new(acceptor);
        let ports = ports.open(&acceptor)?;
        let started = Instant::now();
        let mut server = Server {
            ports,
            acceptor,
            flushers,
            messages: stores.messages,
            housekeeping,
            capacity,
            started,
            claim_code,
            discovery: None,
            _lock: lock,
        };
        server.discovery = config.beacon_port.map(|udp_port| server.announce(config, udp_port));
        Ok(server)
    }

    /// Announces the server on the network, with the ports that were really bound.
    fn announce(&self, config: &Config, udp_port: u16) -> Discovery {
        let port_of = |address: Option<&SocketAddr>| address.map_or(0, SocketAddr::port);
        let addresses = self.addresses();
        let announcement = Announcement {
            name: config.name.clone(),
            port: port_of(addresses.first()),
            lantalk: config.lantalk_port.map(|_| port_of(addresses.last())),
            udp_port,
            password: config.password.is_some(),
            bind: config.bind,
        };
        let hub = self.acceptor.context.hub.clone();
        let tls = self.acceptor.context.tls.clone();
        Discovery::start(announcement, move || CurrentFacts {
            user_count: hub.user_count(),
            key: tls.as_ref().map(|tls| tls.key()),
        })
    }

    /// Returns the addresses that it listens on: the main ports in the order of the command line, then LanTalk's. The
    /// web port has a method of its own.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let ports = self.ports.iter().filter(|port| port.port_kind != PortKind::Web);
        ports.map(|port| port.listener.address()).collect()
    }

    /// Returns the address of the web port, if it is open.
    #[must_use]
    pub fn web_address(&self) -> Option<SocketAddr> {
        let port = self.ports.iter().find(|port| port.port_kind == PortKind::Web)?;
        Some(port.listener.address())
    }

    /// Returns the code that makes the first user who claims the server its owner.
    #[must_use]
    pub fn claim_code(&self) -> &str {
        &self.claim_code
    }

    /// Returns the number of clients that it can serve, and the reason for this bound.
    #[must_use]
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// Returns the context of its connections, for observing the server.
    #[must_use]
    pub fn context(&self) -> &Arc<ServerContext> {
        &self.acceptor.context
    }

    /// Returns a handle for the operator's commands.
    #[must_use]
    pub fn moderator(&self) -> Moderator {
        Moderator {
            context: self.acceptor.context.clone(),
            connections: self.acceptor.connections.clone(),
            flushers: self.flushers.clone(),
            messages: self.messages.clone(),
            started: self.started,
        }
    }

    /// Stops the server: closes the ports, tells all users, sends what waits for up to `flush_seconds`, ends all
    /// sessions and waits for all threads.
    pub fn stop(self) {
        if let Some(discovery) = self.discovery {
            discovery.stop();
        }
        let context = &self.acceptor.context;
        for port in self.ports {
            port.listener.stop();
            let _ = port.thread.join();
        }
        context.hub.announce_and_wait(EventKind::from(Cause::Stopping.report()).at(context.clock.now()));
        let now = Instant::now();
        let connections = self.acceptor.connections.find(|_, _| true);
        connections::disconnect_all(
            &connections,
            DisconnectReason::Closed,
            now + Limits::seconds(context.limits.flush_seconds),
        );
        if !self.acceptor.connections.wait_empty(Instant::now() + END_TIME) {
            log::warn!(
                "server: connections have not ended within seconds={}; the server stops without waiting for them",
                END_TIME.as_secs()
            );
        }
        // The times of last use of rooms.
        if let Err(why) = context.hub.store_rules(context.clock.now()) {
            log::error!(
                "server: rules.json not written: {why}; the file keeps the last stored rules, without the times of the \
                 last use of rooms since then"
            );
        }
        self.flushers.stop();
        context.poller.stop();
        self.housekeeping.stop();
        // Stopped last: connections and threads that end may still queue messages to be stored.
        self.messages.stop();
    }
}

/// The stores on the files of the data folder.
struct Stores {
    accounts: Arc<Accounts>,
    sessions: Arc<Sessions>,
    messages: Arc<Messages>,
    bans: Arc<Bans>,
    rules: Arc<RulesFile>,
    first_rules: Option<RulesRecord>,
    not_stored: NotStored,
}

impl Stores {
    fn open(config: &Config, clock: &Clock) -> anyhow::Result<Stores> {
        let folder = &config.data;
        let limits = &config.limits;
        let not_stored = NotStored::default();
        let (rules, first_rules) = RulesFile::open(folder)?;
        Ok(Stores {
            rules: Arc::new(rules),
            first_rules,
            accounts: Arc::new(Accounts::open(folder, limits)?),
            sessions: Arc::new(Sessions::open(folder, limits)?),
            messages: Arc::new(Messages::open(folder, retention(config.history), limits, not_stored.callback(clock))?),
            bans: Arc::new(open_bans(folder)?),
            not_stored,
        })
    }

    /// Returns the stores in the form that the hub uses.
    fn storage(&self, clock: &Clock) -> Arc<StoreBackend> {
        Arc::new(StoreBackend {
            messages: self.messages.clone(),
            accounts: self.accounts.clone(),
            sessions: self.sessions.clone(),
            rules: self.rules.clone(),
            first_rules: self.first_rules.clone(),
            clock: clock.clone(),
        })
    }

    /// Returns the first message id. It grows with the time, in microseconds since 1970, so that ids do not repeat
    /// after a restart even if the files were lost or the history is off.
    fn first_id(&self, clock: &Clock) -> u64 {
        (self.messages.highest_id() + 1).max(u64::try_from(clock.now().unix_ms).unwrap_or(0) * 1_000)
    }
}

/// Builds the context of the connections: the hub, the stores and the guards.
fn context(
    config: &Config,
    clock: Clock,
    hub: Arc<Hub>,
    poller: Arc<Poller>,
    tls: Option<Arc<ServerTls>>,
    facts: ServerFacts,
    stores: &Stores,
) -> ServerContext {
    let limits = &config.limits;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let bcrypt_cost = u32::try_from(limits.bcrypt_cost).unwrap_or(u32::MAX);
    let failures = u32::try_from(limits.failures_to_lock).unwrap_or(u32::MAX);
    ServerContext {
        hub,
        accounts: stores.accounts.clone(),
        sessions: stores.sessions.clone(),
        hasher: Hasher::new((cores / 2).max(1), count(limits.hash_queue), bcrypt_cost),
        lockout: Lockout::new(failures, config.block_duration),
        throttle: Throttle::new(limits.address_failures, Limits::seconds(limits.address_block_seconds)),
        registrations: address_throttle(config, limits.registrations_per_address, limits.address_block_seconds),
        sign_ins: address_throttle(config, limits.sign_ins_per_address_minute, 60),
        probes: Probes::new(count(limits.probes_per_address)),
        budgets: budgets(config),
        log_budgets: LogBudgets::default(),
        log_throttle: KeyedLogThrottle::default(),
        bans: stores.bans.clone(),
        departed: DepartedUsers::default(),
        poller,
        tls,
        require_tls: config.require_tls,
        clock,
        limits: limits.clone(),
        password: config.password.clone(),
        rate: config.rate,
        timeout: config.timeout,
        strict_timeout: config.strict_timeout,
        facts,
        trusted_proxies: config.trusted_proxies.clone(),
        arrivals: AtomicUsize::new(0),
    }
}

/// Returns the host names in a certificate that the server makes.
fn certificate_names() -> Vec<String> {
    std::iter::once("localhost".to_owned()).chain(machine_names()).collect()
}

/// Returns what answers of HTTP tell about the server.
fn server_facts(config: &Config, ports: &Ports) -> ServerFacts {
    let (text_port, web_port) = (ports.first(PortKind::Main), ports.first(PortKind::Web));
    let own_ip = config.reachable_at().first().copied().unwrap_or(config.bind);
    ServerFacts {
        name: config.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        has_password: config.password.is_some(),
        has_history: config.history != History::Off,
        text_port,
        web_port,
        requires_tls: config.require_tls,
        own_address: SocketAddr::new(own_ip, web_port.or(text_port).unwrap_or_default()).to_string(),
        hosts: AllowedHosts::new(&machine_names().first().cloned().unwrap_or_default(), &config.hosts),
        limits: config.limits.clone(),
    }
}

/// Converts the option `--history` for the store.
fn retention(history: History) -> Retention {
    match history {
        History::On => Retention::Forever,
        History::Off => Retention::Off,
        History::Days(days) => Retention::Days(days),
    }
}

/// Returns the bounds on connections. `--max-clients-per-ip 0` lifts those for one address.
fn admission_bounds(config: &Config, capacity: &Capacity) -> admission::AdmissionBounds {
    let limits = &config.limits;
    let is_unlimited = config.lifts_address_limits();
    let per_address =
        if is_unlimited { usize::MAX } else { config.max_clients_per_ip.unwrap_or(capacity.per_address()) };
    let of_address = |limit| if is_unlimited { usize::MAX } else { count(limit) };
    admission::AdmissionBounds {
        all: capacity.clients,
        per_address,
        per_network: capacity.per_network(per_address),
        unsigned: admission::PoolBounds {
            all: count(limits.unsigned_clients),
            per_address: of_address(limits.unsigned_per_address),
        },
        http: admission::PoolBounds {
            all: count(limits.http_connections).min(capacity.clients.div_ceil(2)),
            per_address: of_address(limits.http_per_address),
        },
    }
}

/// Returns the limits for the hub. `--max-clients-per-ip 0` lifts the limits on rooms, requests and key
/// words of one address.
fn hub_limits(config: &Config) -> Limits {
    if !config.lifts_address_limits() {
        return config.limits.clone();
    }
    Limits {
        rooms_per_address: u64::MAX,
        requests_per_address: u64::MAX,
        wrong_keys_per_address: u64::MAX,
        ..config.limits.clone()
    }
}

/// Makes a throttle by address for registrations or sign-ins. `--max-clients-per-ip 0` lifts it.
fn address_throttle(config: &Config, most: u64, seconds: u64) -> Throttle {
    if config.lifts_address_limits() { Throttle::unlimited() } else { Throttle::new(most, Limits::seconds(seconds)) }
}

/// Makes the message limits by address. They are lifted together with the rate limit of sessions, or with the other
/// limits by address (`--max-clients-per-ip 0`).
fn budgets(config: &Config) -> AddressBudgets {
    let limits = &config.limits;
    if config.rate.is_none() || config.lifts_address_limits() {
        return AddressBudgets::unlimited();
    }
    AddressBudgets::new(limits.address_lines, limits.address_bytes, Limits::seconds(limits.address_said_seconds))
}
