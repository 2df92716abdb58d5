//! Tells clients that get no thread why: the server is full, or their address is banned.
//!
//! No protocol is known before a client's first bytes, and a browser cannot read a line of text. So one thread holds a
//! few of these connections for a short time, and answers each by its first bytes. A connection beyond that gets the
//! words of its port at once.

use crate::codec::{PortKind, Protocol};
use crate::net::Stream;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use landline_common::{OffsetDateTime, Report};
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most connections that wait for their first bytes.
const MOST_HELD: usize = 64;
/// Time for which a connection waits for its first bytes.
const HELD_FOR: Duration = Duration::from_millis(300);
/// Time between two looks at the connections that wait. Their sockets cannot be polled: one with the first bytes of no
/// protocol yet would always be ready.
const POLL_TIME: Duration = Duration::from_millis(10);
/// Bytes that decide for a protocol.
const FIRST_BYTES: usize = 16;

/// A client that is refused.
#[derive(Debug)]
pub struct RefusedClient {
    /// Its connection.
    pub stream: Arc<Stream>,
    /// The port it came to.
    pub port_kind: PortKind,
    /// The reason.
    pub report: Report<'static>,
    /// The time that is told.
    pub now: OffsetDateTime,
}

/// The handle of the refuser's thread, which ends when all handles are dropped.
#[derive(Debug)]
pub struct Refuser(Sender<RefusedClient>);

impl Refuser {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn start() -> io::Result<Refuser> {
        let (sender, clients) = bounded(MOST_HELD);
        std::thread::Builder::new().name("refuser".into()).spawn(move || run(&clients))?;
        Ok(Refuser(sender))
    }

    /// Refuses a client, now or once its first bytes have come. Never waits.
    pub fn refuse(&self, client: RefusedClient) {
        if let Err(rejected) = self.0.try_send(client) {
            rejected.into_inner().answer_at_once();
        }
    }
}

impl RefusedClient {
    fn answer(&self, protocol: Protocol) {
        let _ = self.stream.try_send(&[IoSlice::new(&protocol.refusal(&self.report, self.now))]);
        self.stream.discard_received();
        self.stream.close();
    }

    /// Answers in the words of the port's last protocol.
    fn answer_at_once(&self) {
        if let Some(protocol) = self.port_kind.rest() {
            self.answer(protocol);
        }
    }

    /// Answers if the first bytes have decided for a protocol. Returns true if it did.
    fn try_answer(&self) -> bool {
        let mut first = [0; FIRST_BYTES];
        let count = self.stream.peek(&mut first);
        let protocol = if count == 0 { None } else { self.port_kind.identify(&first[..count], false) };
        if let Some(protocol) = protocol {
            self.answer(protocol);
        }
        protocol.is_some()
    }
}

fn run(clients: &Receiver<RefusedClient>) {
    let mut held: Vec<(RefusedClient, Instant)> = Vec::new();
    loop {
        if held.is_empty() {
            let Ok(client) = clients.recv() else { return };
            held.push((client, Instant::now() + HELD_FOR));
        }
        loop {
            match clients.try_recv() {
                Ok(client) if held.len() < MOST_HELD => held.push((client, Instant::now() + HELD_FOR)),
                Ok(client) => client.answer_at_once(),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        let now = Instant::now();
        held.retain(|(client, until)| {
            if now >= *until {
                client.answer_at_once();
            }
            now < *until && !client.try_answer()
        });
        if !held.is_empty() {
            std::thread::sleep(POLL_TIME);
        }
    }
}
