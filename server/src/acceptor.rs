//! Accepts clients: starts a thread for each connection, or refuses it with the reason.

use crate::codec::PortKind;
use crate::config::{Config, WEB_PORTS, WebPort};
use crate::connection::{self, ServerContext};
use crate::connections::ConnectionTable;
use crate::fanout::{ClientId, DisconnectReason, Outbox};
use crate::log_throttle::LogThrottle;
use crate::net::{Listener, Stream};
use crate::refuser::{RefusedClient, Refuser};
use crate::store::web_port;
use anyhow::{Context, anyhow};
use landline_common::limits::{Limits, count};
use landline_common::service::Service;
use landline_common::{Cause, Report};
use parking_lot::Mutex;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Stack size in bytes of a connection's thread: enough for its deepest call in a debug build. Only the pages that are
/// used cost memory.
const CONNECTION_STACK: usize = 512 << 10;
/// The option for the web port, as errors name it.
const WEB_FLAG: &str = "--web-port (0 turns it off)";
/// Time that another program on this machine has to answer when it is asked what it is.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// A port that accepts clients.
#[derive(Debug)]
pub struct OpenPort {
    /// The listening socket.
    pub listener: Arc<Listener>,
    /// The kind of its clients.
    pub port_kind: PortKind,
    /// The thread that accepts on it.
    pub thread: JoinHandle<()>,
}

/// The bound ports. Clients can connect, but none is accepted yet.
pub struct Ports(Vec<(Listener, PortKind)>);

impl Ports {
    /// Binds the main ports in the order of the command line, then the LanTalk port, then the web port.
    ///
    /// # Errors
    /// A port is taken or may not be used. The text says what to do.
    pub fn bind(config: &Config) -> anyhow::Result<Ports> {
        let main_ports = config.ports.iter().map(|port| (*port, PortKind::Main));
        let ports = main_ports.chain(config.lantalk_port.map(|port| (port, PortKind::LanTalk)));
        let bound =
            ports.map(|(port, port_kind)| Ok((listen(SocketAddr::new(config.bind, port), port_kind)?, port_kind)));
        let mut ports = bound.collect::<anyhow::Result<Vec<_>>>()?;
        if let Some(listener) = bind_web_port(config)? {
            ports.push((listener, PortKind::Web));
        }
        Ok(Ports(ports))
    }

    /// Returns the number of the first port of a kind.
    #[must_use]
    pub fn first(&self, wanted: PortKind) -> Option<u16> {
        let port = self.0.iter().find(|(_, port_kind)| *port_kind == wanted);
        port.map(|(listener, _)| listener.address().port())
    }

    /// Accepts clients, each port in a thread of its own.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn open(self, acceptor: &Arc<Acceptor>) -> anyhow::Result<Vec<OpenPort>> {
        let open = |(listener, port_kind): (Listener, PortKind)| {
            let listener = Arc::new(listener);
            let acceptor = acceptor.clone();
            let accepting = listener.clone();
            let name = format!("port {}", listener.address().port());
            let run = move || {
                accepting.run(
                    |socket| acceptor.accept(socket, port_kind),
                    |socket| acceptor.refuse_without_descriptor(&socket, port_kind),
                );
            };
            let thread = std::thread::Builder::new().name(name).spawn(run).context("cannot start a thread")?;
            Ok(OpenPort { listener, port_kind, thread })
        };
        self.0.into_iter().map(open).collect()
    }
}

/// Binds the web port, and remembers it for the next start.
fn bind_web_port(config: &Config) -> anyhow::Result<Option<Listener>> {
    let address = |port| SocketAddr::new(config.bind, port);
    let listener = match config.web_port {
        WebPort::Off => return Ok(None),
        WebPort::AnyFree => return listen(address(0), PortKind::Web).map(Some),
        WebPort::Port(port) => listen(address(port), PortKind::Web)?,
        WebPort::Auto => {
            let ports = web_port::remembered(&config.data).into_iter().chain(WEB_PORTS);
            let bound = ports.chain([0]).find_map(|port| Listener::bind(address(port)).ok());
            bound.with_context(|| format!("no port is free for browsers: choose one with {WEB_FLAG}"))?
        }
    };
    web_port::remember(&config.data, listener.address().port());
    Ok(Some(listener))
}

fn listen(address: SocketAddr, port_kind: PortKind) -> anyhow::Result<Listener> {
    Listener::bind(address).map_err(|error| {
        let port = address.port();
        let flag = match port_kind {
            PortKind::Main => "--port",
            PortKind::LanTalk => "--lantalk-port (0 turns that door off)",
            PortKind::Web => WEB_FLAG,
        };
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                let holder = holder(address);
                anyhow!("port {port} is taken by {holder}, or choose another port with {flag}")
            }
            io::ErrorKind::PermissionDenied => {
                anyhow!("no permission to listen on port {port}: choose a port from 1024 up with {flag}")
            }
            io::ErrorKind::AddrNotAvailable => {
                anyhow!("cannot bind {}: not an address of this machine (see --bind)", address.ip())
            }
            _ => anyhow!("cannot listen on {address}: {error}"),
        }
    })
}

/// Asks the program that holds the port of `address` what it is. Returns its name and what to do about it.
fn holder(address: SocketAddr) -> String {
    let ip = match address.ip() {
        ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, address.port());
    let ask = || {
        let stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT).ok()?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).ok()?;
        Some(Service::probe(&stream))
    };
    match ask() {
        Some(Service::Landline) => format!("a Landline server that runs already: join it with landline {address}"),
        Some(Service::LanTalk) => "a server for LanTalk clients, perhaps Landline's own: stop that".into(),
        _ => "another program: stop that".into(),
    }
}

/// Starts the connections; shared by the threads of all ports.
#[derive(Debug)]
pub struct Acceptor {
    /// The context of the connections.
    pub context: Arc<ServerContext>,
    /// The current connections.
    pub connections: Arc<ConnectionTable>,
    refuser: Refuser,
    next_client: AtomicU64,
    /// Limits the log lines about a lack of threads.
    thread_failures_logged: Mutex<LogThrottle>,
}

impl Acceptor {
    /// Makes an acceptor that adds its clients to `connections`.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn new(context: Arc<ServerContext>, connections: Arc<ConnectionTable>) -> io::Result<Acceptor> {
        Ok(Acceptor {
            context,
            connections,
            refuser: Refuser::start()?,
            next_client: AtomicU64::new(1),
            thread_failures_logged: Mutex::default(),
        })
    }

    /// Starts the thread of a new client, or refuses the client. Never waits for the client: that would keep other
    /// clients of this port waiting.
    fn accept(&self, socket: TcpStream, port_kind: PortKind) {
        let context = self.context.clone();
        // Fails only for a client that has closed already.
        let Ok(stream) = Stream::new(socket, count(context.limits.send_buffer_bytes)) else { return };
        let stream = stream.with_unacknowledged_timeout(Limits::seconds(context.limits.unacknowledged_seconds));
        let client: ClientId = self.next_client.fetch_add(1, Relaxed);
        let stream = Arc::new(stream);
        let outbox = Outbox::new(client, &stream, &context.poller);
        if let Some(report) = context.ban_report(stream.address()) {
            log::debug!("acceptor: refused address={} reason=banned", stream.address());
            return self.refuse(stream, port_kind, report);
        }
        let Some(guard) = self.connections.admit(&outbox, stream.address(), port_kind.first_stage()) else {
            log::debug!("acceptor: refused address={} reason=full", stream.address());
            return self.refuse(stream, port_kind, Cause::ServerFull.report());
        };
        // Checks again: a ban made since the first check has disconnected only the connections then in the table.
        if context.bans.find(stream.address(), context.clock.now()).is_some() {
            return;
        }
        let refused = stream.clone();
        let run = move || {
            let serve = AssertUnwindSafe(|| connection::serve(&context, &stream, &outbox, port_kind, &guard));
            if catch_unwind(serve).is_err() {
                log::error!(
                    "connection: panic client={client}; this client is disconnected, other connections are not affected"
                );
                outbox.disconnect(DisconnectReason::Failed);
            }
        };
        let thread = std::thread::Builder::new().stack_size(CONNECTION_STACK).spawn(run);
        if let Err(error) = thread {
            if self.thread_failures_logged.lock().allow(Instant::now()) {
                log::error!(
                    "acceptor: no thread for a new client: {error}; this client was refused, the next one is tried \
                     again; raise the limit of threads (ulimit -u) or free memory"
                );
            }
            self.refuse(refused, port_kind, Cause::ServerFull.report());
        }
    }

    fn refuse(&self, stream: Arc<Stream>, port_kind: PortKind, report: Report<'static>) {
        self.refuser.refuse(RefusedClient { stream, port_kind, report, now: self.context.clock.now() });
    }

    /// Refuses a client for which no descriptor is left. It cannot wait for the first bytes.
    fn refuse_without_descriptor(&self, mut socket: &TcpStream, port_kind: PortKind) {
        if let Some(protocol) = port_kind.rest() {
            let _ = socket.write(&protocol.refusal(&Cause::ServerFull.report(), self.context.clock.now()));
        }
    }
}
