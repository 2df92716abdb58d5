//! The client's side of the language between client and server, one for every screen: the state of the connection,
//! what is sent when, what became of each line, who is in which room, what was missed. No socket, thread, file, clock
//! or terminal: time comes in as [`Now`], and what is to be done comes out as [`Effect`]s.
//!
//! **Invariant.** A message that the user gave to [`Engine::say`] is said exactly once, or its [`Delivery`] says why
//! not: it keeps its label and its nonce however often it is sent, the server does not do twice what it has seen
//! before, and what comes back by catching up is known by its nonce. An answer belongs to the request whose label it
//! carries; nothing is decided by a sentence.

mod connection;
mod effects;
mod hear;
pub mod limits;
mod received;
mod request;
mod rng;
mod rooms;
mod send_queue;
mod session;

mod submit;
mod time;

pub use connection::Phase;
pub use effects::{Effect, Update};
pub use hear::{Heard, Looked};
pub use request::{Delivery, Progress, RequestKind, Target};
pub use rng::Rng;
pub use submit::{Cancelled, TOO_MANY};
pub use time::Now;

use crate::sign_in::{Identity, Session};
use connection::ConnectionState;
use landline_common::Request;
use landline_common::command::object::EVERYBODY;
use received::{Held, Membership, Received, Rooms};
use send_queue::{Item, SendQueue};
use std::hash::{BuildHasher, RandomState};

/// How an engine is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Milliseconds between two pings while nothing happens.
    pub idle_ms: u64,
    /// All typed lines keep one order, as those of a pipe must; otherwise each target's lines do.
    pub one_order: bool,
    /// There is no server.
    pub mesh: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { idle_ms: limits::PING_IDLE_MS, one_order: false, mesh: false }
    }
}

/// The client's side of a session.
#[derive(Clone, Debug)]
pub struct Engine {
    who: Identity,
    /// The user's name, as the server says it.
    me: Box<str>,
    /// Signed in to an account.
    account: bool,
    /// What the server calls itself.
    server: Box<str>,
    connection: ConnectionState,
    queue: SendQueue,
    rooms: Rooms,
    received: Received,
    held: Held,
    session: Option<Session>,
    /// The account has been made.
    registered: bool,
    options: Options,
    /// The beginning of all labels of this start.
    prefix: String,
    /// Secret keys from the system's randomness: nonces are hashes under them. A guessable nonce could be used up by
    /// another guest of the same name.
    nonce_keys: [RandomState; 2],
    labels: u64,
    /// The labels of the last sign-in.
    sign_in_labels: Vec<String>,
    rng: Rng,
    now: Now,
    effects: Vec<Effect>,
    updates: Vec<Update>,
}

impl Engine {
    /// For a user who is not signed in yet. `seed` is where labels and pauses come from.
    #[must_use]
    pub fn new(who: Identity, seed: u64) -> Engine {
        let mut rng = Rng::new(seed);
        let prefix = format!("{:016x}", rng.next());
        let mut rooms = Rooms::default();
        for room in std::iter::once(&who.room).chain(&who.rooms) {
            rooms.open(room.as_str(), Membership::In);
        }
        rooms.open(EVERYBODY, Membership::In);
        Engine {
            me: who.name.as_str().into(),
            who,
            account: false,
            server: "".into(),
            connection: ConnectionState::default(),
            queue: SendQueue::default(),
            rooms,
            received: Received::default(),
            held: Held::default(),
            session: None,
            registered: false,
            options: Options::default(),
            prefix,
            nonce_keys: Default::default(),
            labels: 0,
            sign_in_labels: Vec::new(),
            rng,
            now: Now::default(),
            effects: Vec::new(),
            updates: Vec::new(),
        }
    }

    /// Sets how it is used.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
        self.connection.set_idle_ms(options.idle_ms);
    }

    /// What time it is from now on.
    pub fn set_now(&mut self, now: Now) {
        self.now = now;
    }

    /// The user's name, as the server says it.
    #[must_use]
    pub fn me(&self) -> &str {
        &self.me
    }

    /// Whether that is the user's own name.
    #[must_use]
    pub fn is_me(&self, user: &str) -> bool {
        *user == *self.me
    }

    /// Signed in to an account.
    #[must_use]
    pub fn has_account(&self) -> bool {
        self.account
    }

    /// What the server calls itself; empty before it has said so.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// How the connection is.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.connection.phase
    }

    /// Signed in.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.connection.is_up()
    }

    /// The user has been in.
    #[must_use]
    pub fn was_up(&self) -> bool {
        self.connection.was_up
    }

    /// How long the last ping took, in milliseconds.
    #[must_use]
    pub fn latency(&self) -> Option<u64> {
        self.connection.latency
    }

    /// Seconds for which the server has not answered, if the user is to know of them.
    #[must_use]
    pub fn silence(&self) -> Option<u64> {
        self.connection.silence(self.queue.oldest_unanswered(), self.now.ms)
    }

    /// Whether the user is in that room, as far as the server has said.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.rooms.is_in(room)
    }

    /// The rooms that the user is in.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        let own = self.rooms.iter().filter(|(key, room)| room.membership == Membership::In && *key != EVERYBODY);
        own.map(|(_, room)| &*room.title)
    }

    /// Whether nothing is missing in a room.
    #[must_use]
    pub fn is_caught_up(&self, room: &str) -> bool {
        self.rooms.get(room).is_none_or(|room| room.caught_up)
    }

    /// How many typed lines wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Whether a line of the user with that number is unanswered.
    #[must_use]
    pub fn is_open(&self, key: u64) -> bool {
        self.queue.unanswered().any(|item| item.key == key)
    }

    /// Milliseconds after which time itself changes something.
    #[must_use]
    pub fn tick_interval(&self) -> u64 {
        let busy = self.queue.is_busy() || !self.is_up() || self.queue.oldest_unanswered().is_some();
        if busy { 100 } else { 1_000 }
    }

    /// What is to be done, and what is to be told.
    pub fn take(&mut self) -> (Vec<Effect>, Vec<Update>) {
        self.send();
        (std::mem::take(&mut self.effects), std::mem::take(&mut self.updates))
    }

    /// Whether that label is one of this engine's, and no program's that writes objects itself.
    #[must_use]
    pub fn is_own_label(&self, label: &str) -> bool {
        label.strip_prefix(&self.prefix).is_some_and(|rest| rest.starts_with('-'))
    }

    /// The nonce of the message with that label: 128 bits that cannot be guessed from others.
    fn nonce(&self, label: &str) -> String {
        let [high, low] = [0, 1].map(|half| self.nonce_keys[half].hash_one(label));
        format!("{high:016x}{low:016x}")
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("{}-{}", self.prefix, self.labels)
    }

    fn deliver(&mut self, item: &Item, progress: Progress) {
        let target = match &item.kind {
            RequestKind::Message(target) => Some(target.clone()),
            kind if kind.is_typed() => None,
            _ => return,
        };
        self.updates.push(Update::Delivery(Delivery { key: item.key, target, progress }));
    }

    /// Sends what may go now: acknowledgements and pings at once, the rest in its turn.
    fn send(&mut self) {
        if !self.is_up() {
            return;
        }
        if let Some(seq) = self.received.to_acknowledge.take()
            && !self.options.mesh
        {
            self.effects.push(Effect::Acknowledge(Request { seq: Some(seq), ..Request::of("ack") }.to_line()));
        }
        let rooms = &self.rooms;
        let held = |item: &Item| item.room.as_ref().is_some_and(|room| !rooms.is_in(room));
        let mut sent = Vec::new();
        while let Some(item) = self.queue.next(self.now.ms, held) {
            sent.push(item.clone());
        }
        for item in sent {
            self.effects.push(Effect::Send(item.line.clone()));
            self.deliver(&item, Progress::OnTheWay);
        }
        if self.connection.wants_ping(self.queue.oldest_unanswered().is_some(), self.now.ms) {
            let label = self.label();
            let ping = Request { label: Some(label.as_str().into()), ..Request::of("ping") }.to_line();
            self.effects.push(Effect::Send(ping));
            self.connection.pinged(&label, self.now.ms);
        }
    }
}

#[cfg(test)]
pub mod typed;
