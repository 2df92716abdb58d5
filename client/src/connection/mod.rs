//! The connection to a server, which can be made again and again.
//!
//! Each connection has a thread that dials, signs in and reads, and one that writes. All connections of one [`ServerConnection`]
//! share one event channel. Each event carries the number of its connection, and [`Connection::process`] drops events
//! of older ones: without that, a late "connection lost" would end the connection that replaced it.
//!
//! A server may send faster than the UI reads. The channel is bounded in events and in bytes; when it is full, the
//! reading thread blocks and TCP slows the server down. Lines are parsed only when the UI takes them, since a parsed
//! list takes about ten times the memory of its line.

mod attempt;
mod byte_semaphore;
mod dial;
mod establish;
mod foreign;
mod own_address;
mod slot;
mod transport;

pub use crate::sign_in::{Identity, Loss, SignIn, SignInRefused};
pub use establish::Security;

use crate::encryption::Encryption;
use attempt::ConnectAttempt;
use byte_semaphore::{ByteSemaphore, Permit};
use crossbeam_channel::{Receiver, Sender, bounded};
use landline_common::{Cause, Event, json};
use log::{info, warn};
use slot::TransportSlot;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Events that may wait for the UI.
const EVENT_CAPACITY: usize = 1_024;
/// Bytes of lines that may wait for the UI: a few lines of maximum length.
const EVENT_BYTES: usize = 4 << 20;
/// Lines that may wait to be written. A full queue means that the network is gone.
const LINE_CAPACITY: usize = 256;
/// Time limit for writing the last lines on exit, and for the server to close after that.
const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

/// An event of a connection.
#[derive(Debug)]
pub enum ConnectionEvent {
    /// The server was reached; the sign-in begins.
    Reached(Encryption),
    /// An event of the server or of this program. The first one confirms the sign-in.
    Event {
        /// The parsed event.
        event: Box<Event<'static>>,
        /// The JSON line, for scripts.
        line: Box<str>,
        /// True if this program created the event.
        by_program: bool,
    },
    /// A line of the server with an event that this version does not know.
    Unknown(Box<str>),
    /// A received line, which [`Connection::process`] parses when the UI takes it.
    UnparsedLine(UnparsedLine),
    /// The connection failed or broke.
    Down {
        /// Reason, for the user.
        why: String,
        /// Which part failed.
        loss: Loss,
    },
    /// The server refused the sign-in.
    Refused(SignInRefused),
}

impl ConnectionEvent {
    /// Creates a `Down` that is not the network's fault.
    fn down(why: &str) -> ConnectionEvent {
        ConnectionEvent::Down { why: why.to_owned(), loss: Loss::Server }
    }
}

/// A line of the server that waits for the UI.
#[derive(Debug)]
pub struct UnparsedLine {
    line: Box<str>,
    /// Its part of [`EVENT_BYTES`], free again when the line is parsed.
    _permit: Permit,
}

impl UnparsedLine {
    fn parse(self) -> ConnectionEvent {
        match json::read(&self.line) {
            Some(event) => ConnectionEvent::Event { event: Box::new(event), line: self.line, by_program: false },
            None => ConnectionEvent::Unknown(self.line),
        }
    }
}

/// A connection that can be made again and again: to a server, or into a mesh. A UI uses nothing else of it.
pub trait Connection: std::fmt::Debug {
    /// Returns the event channel. Pass each event through [`Connection::process`].
    fn events(&self) -> &Receiver<(u64, ConnectionEvent)>;
    /// Parses an event and updates the connection's state by it. Returns `None` if the UI is not to see the event, for
    /// example if it is of an older connection.
    fn process(&mut self, event: (u64, ConnectionEvent)) -> Option<ConnectionEvent>;
    /// Drops the present connection, if any, and starts a new one. The result arrives as an event.
    ///
    /// # Errors
    /// No thread can be started.
    fn connect(&mut self, sign_in: SignIn) -> std::io::Result<()>;
    /// Queues one line for sending. Never blocks.
    fn send(&mut self, line: &str);
    /// Drops the present connection. Its later events are ignored.
    fn disconnect(&mut self);
    /// Returns whether the server was reached over loopback, so that it runs on this machine.
    fn is_local(&self) -> bool;
    /// Closes the connection after the queued lines. Blocks for a few seconds at most.
    fn close(self: Box<Self>);
}

/// The connection to a server.
#[derive(Debug)]
pub struct ServerConnection {
    server: String,
    security: Security,
    /// Number of the present connection; grows with each one.
    number: u64,
    active: Option<ActiveConnection>,
    semaphore: ByteSemaphore,
    out: Sender<(u64, ConnectionEvent)>,
    events: Receiver<(u64, ConnectionEvent)>,
}

/// Handle of one connection's threads.
#[derive(Debug)]
struct ActiveConnection {
    lines: Sender<String>,
    /// Has the transport once the server was reached.
    slot: TransportSlot,
    /// Disconnected when all lines are written.
    written: Receiver<()>,
    /// True if the server was reached over loopback.
    local: Arc<AtomicBool>,
}

/// Why the first sign-in failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectFailure {
    /// Reason, for the user.
    pub why: String,
    /// Reason of the server; `None` if no server was reached.
    pub cause: Option<Cause>,
}

/// The confirmation of the sign-in.
#[derive(Debug)]
pub struct SignInConfirmation {
    /// The server's welcome.
    pub event: Box<Event<'static>>,
    /// Its JSON line, for scripts.
    pub line: Box<str>,
}

impl SignInConfirmation {
    /// Interprets the first event of a connection.
    ///
    /// # Errors
    /// The connection failed, the server refused the sign-in, or the other side is no Landline server.
    pub fn of(first: ConnectionEvent) -> Result<SignInConfirmation, ConnectFailure> {
        match first {
            ConnectionEvent::Event { event, line, .. } => Ok(SignInConfirmation { event, line }),
            ConnectionEvent::Refused(SignInRefused { why, cause, .. }) => {
                Err(ConnectFailure { why, cause: Some(cause) })
            }
            ConnectionEvent::Down { why, .. } => {
                warn!("connection: failed reason={why}");
                Err(ConnectFailure { why, cause: None })
            }
            ConnectionEvent::Reached(_) | ConnectionEvent::Unknown(_) | ConnectionEvent::UnparsedLine(_) => {
                Err(ConnectFailure { why: "cannot connect: the other side is no Landline server".into(), cause: None })
            }
        }
    }
}

impl ServerConnection {
    /// Creates a link to `server` (`HOST:PORT`) without connecting.
    #[must_use]
    pub fn new(server: &str, security: Security) -> ServerConnection {
        let (out, events) = bounded(EVENT_CAPACITY);
        let semaphore = ByteSemaphore::new(EVENT_BYTES);
        ServerConnection { server: server.to_owned(), security, number: 0, active: None, semaphore, out, events }
    }

    /// Returns the sending half of the event channel, for a wrapper that adds events of its own.
    #[must_use]
    pub fn event_sender(&self) -> Sender<(u64, ConnectionEvent)> {
        self.out.clone()
    }

    /// Discards events until the server has closed, too. Closing with unread data would send a reset, and lines that
    /// the server has not read would be lost.
    fn drain(&self, timeout: Duration) {
        let end = Instant::now() + timeout;
        while let Ok((
            _,
            ConnectionEvent::Reached(_)
            | ConnectionEvent::Event { .. }
            | ConnectionEvent::Unknown(_)
            | ConnectionEvent::UnparsedLine(_),
        )) = self.events.recv_deadline(end)
        {}
    }
}

impl Connection for ServerConnection {
    fn events(&self) -> &Receiver<(u64, ConnectionEvent)> {
        &self.events
    }

    fn process(&mut self, (number, event): (u64, ConnectionEvent)) -> Option<ConnectionEvent> {
        let event = (number == self.number).then_some(event)?;
        Some(if let ConnectionEvent::UnparsedLine(line) = event { line.parse() } else { event })
    }

    fn connect(&mut self, sign_in: SignIn) -> std::io::Result<()> {
        let again = self.number > 0;
        self.disconnect();
        let (lines, queue) = bounded(LINE_CAPACITY);
        let slot = TransportSlot::default();
        let (done, written) = bounded(0);
        let local = Arc::new(AtomicBool::new(false));
        self.active = Some(ActiveConnection { lines, slot: slot.clone(), written, local: local.clone() });
        let server = self.server.clone();
        let security = self.security.clone();
        let out = self.out.clone();
        let number = self.number;
        let semaphore = self.semaphore.clone();
        info!("connection: connecting server={server} user={}", sign_in.user());
        let run = move || {
            let attempt = ConnectAttempt { sign_in, security: &security, again, local: &local, slot: &slot };
            // The receiver is gone when the program ends.
            let reached = |encryption| _ = out.send((number, ConnectionEvent::Reached(encryption)));
            let forward = |line: Box<str>| {
                let unparsed = UnparsedLine { _permit: semaphore.acquire(line.len()), line };
                out.send((number, ConnectionEvent::UnparsedLine(unparsed))).is_ok()
            };
            let last = attempt.run(&server, (queue, done), reached, forward);
            if let ConnectionEvent::Refused(SignInRefused { why, .. }) = &last {
                warn!("connection: refused reason={why}");
            }
            let _ = out.send((number, last));
        };
        std::thread::Builder::new().name("link".into()).spawn(run).map(|_| ())
    }

    /// Queues a line, with line ends replaced by spaces. If the queue is full, the network has stalled and the
    /// connection is shut down.
    fn send(&mut self, line: &str) {
        let line = line.replace(['\n', '\r'], " ");
        if let Some(active) = &self.active
            && active.lines.try_send(line).is_err()
        {
            active.shut_down();
        }
    }

    fn disconnect(&mut self) {
        self.number += 1;
        if let Some(active) = self.active.take() {
            active.shut_down();
        }
    }

    fn is_local(&self) -> bool {
        self.active.as_ref().is_some_and(|active| active.local.load(Relaxed))
    }

    /// Writes the queued lines, ends this side, and waits a moment for the server to close the connection.
    fn close(mut self: Box<Self>) {
        let Some(ActiveConnection { lines, slot, written, .. }) = self.active.take() else { return };
        drop(lines);
        let _ = written.recv_timeout(EXIT_TIMEOUT);
        if let Some(transport) = slot.give_up() {
            transport.finish(EXIT_TIMEOUT);
            self.drain(EXIT_TIMEOUT);
        }
    }
}

impl ActiveConnection {
    /// Shuts the connection down. The thread of an attempt that is not connected yet ends when it is.
    fn shut_down(&self) {
        if let Some(transport) = self.slot.give_up() {
            transport.shut_down();
        }
    }
}

#[cfg(test)]
mod tests;
