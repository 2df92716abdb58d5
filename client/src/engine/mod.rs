//! The client's side of a session, one for every UI: the connection, the send queue, the delivery of each line, rooms,
//! and catching up. The engine is pure: no socket, thread, file, clock or terminal. Time comes in as [`Now`], work for
//! the caller comes out as [`Effect`]s, and changes for the UI as [`Update`]s.
//!
//! **Invariant.** A message given to [`Engine::send_message`] reaches its readers exactly once, or its [`Progress`] tells why
//! not. A message keeps its label and nonce however often it is sent. A resumed session knows the label, a restarted
//! server the nonce, so neither runs it twice; a message that comes back from the history is recognized by its nonce.
//! An answer belongs to the request whose label it carries. No decision depends on the text of a sentence.

mod account;
mod connection;
mod effects;
mod incoming;
pub mod limits;
mod received;
mod request;
mod rng;
mod rooms;
mod send_queue;
mod session;

mod submit;
mod time;

pub use account::PASSWORD_NOT_SET;
pub use connection::Phase;
pub use effects::{Effect, Update};
pub use incoming::{IncomingEvent, MessageSource};
pub use request::{DeliveryUpdate, Progress, RequestKind, Target};
pub use rng::Rng;
pub use submit::{Cancelled, TOO_MANY};
pub use time::{Now, Zone};

use crate::sign_in::{Identity, Session};
use account::PendingPassword;
use connection::ConnectionState;
use landline_common::Request;
use landline_common::command::object::EVERYBODY;
use received::{HeldBack, JoinedRooms, Membership, Received};
use send_queue::{QueuedRequest, SendQueue};
use std::hash::{BuildHasher, RandomState};

/// Settings of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Milliseconds between two pings on an idle connection.
    pub idle_ms: u64,
    /// True if all lines must keep one order, as those from a pipe. Otherwise only lines of one target do.
    pub one_order: bool,
    /// True in a mesh, without a server.
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
    identity: Identity,
    /// Name of the user, as the server writes it.
    me: Box<str>,
    /// True if signed in to an account.
    account: bool,
    /// TLS encrypts the connection to the server, or the links of the mesh.
    is_encrypted: bool,
    /// Name of the server.
    server: Box<str>,
    connection: ConnectionState,
    queue: SendQueue,
    rooms: JoinedRooms,
    received: Received,
    held_back: HeldBack,
    session: Option<Session>,
    /// True after the first sign-in, so that a later one logs in instead of registering the account again.
    registered: bool,
    /// The password that is known here no longer counts: the next sign-in needs another one from the user.
    password_refused: bool,
    options: Options,
    /// Random prefix of all labels of this process.
    prefix: String,
    /// Secret random keys: a nonce is the hash of a label under them. With guessable nonces, another guest of the same
    /// name could use them up and make the server drop the user's lines as repetitions.
    nonce_keys: [RandomState; 2],
    /// Number in the newest label.
    last_label: u64,
    /// Labels of the last sign-in.
    sign_in_labels: Vec<String>,
    /// The label among them that tries an unconfirmed password.
    new_password_label: Option<String>,
    /// A password that the server was asked to set.
    pending_password: Option<PendingPassword>,
    rng: Rng,
    now: Now,
    effects: Vec<Effect>,
    updates: Vec<Update>,
}

impl Engine {
    /// Creates an engine for a user who is not signed in yet. `seed` must be random: it determines labels and pauses.
    #[must_use]
    pub fn new(identity: Identity, seed: u64) -> Engine {
        let mut rng = Rng::new(seed);
        let prefix = format!("{:016x}", rng.next());
        let mut rooms = JoinedRooms::default();
        for room in std::iter::once(&identity.room).chain(&identity.rooms) {
            rooms.get_or_create(room.as_str(), Membership::In);
        }
        rooms.get_or_create(EVERYBODY, Membership::In);
        Engine {
            me: identity.name.as_str().into(),
            identity,
            account: false,
            is_encrypted: false,
            server: "".into(),
            connection: ConnectionState::default(),
            queue: SendQueue::default(),
            rooms,
            received: Received::default(),
            held_back: HeldBack::default(),
            session: None,
            registered: false,
            password_refused: false,
            options: Options::default(),
            prefix,
            nonce_keys: Default::default(),
            last_label: 0,
            sign_in_labels: Vec::new(),
            new_password_label: None,
            pending_password: None,
            rng,
            now: Now::default(),
            effects: Vec::new(),
            updates: Vec::new(),
        }
    }

    /// Changes the settings.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
        self.connection.set_idle_ms(options.idle_ms);
    }

    /// Sets the current time, which all other methods use.
    pub fn set_now(&mut self, now: Now) {
        self.now = now;
    }

    /// Returns the name of the user, as the server writes it.
    #[must_use]
    pub fn me(&self) -> &str {
        &self.me
    }

    /// Returns whether `user` is the name of the user.
    #[must_use]
    pub fn is_me(&self, user: &str) -> bool {
        *user == *self.me
    }

    /// Returns whether the connection of the last sign-in is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Returns whether the user is signed in to an account.
    #[must_use]
    pub fn has_account(&self) -> bool {
        self.account
    }

    /// Returns the name of the server; empty before the first sign-in.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns the phase of the connection.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.connection.phase
    }

    /// Returns whether the user is signed in.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.connection.is_up()
    }

    /// Returns whether the user was ever signed in.
    #[must_use]
    pub fn was_up(&self) -> bool {
        self.connection.was_up
    }

    /// Returns the round-trip time of the last ping, in milliseconds.
    #[must_use]
    pub fn latency(&self) -> Option<u64> {
        self.connection.latency
    }

    /// Returns the seconds of silence of the server, if it lasts long enough to be shown.
    #[must_use]
    pub fn silence(&self) -> Option<u64> {
        self.connection.silence(self.queue.oldest_unanswered(), self.now.ms)
    }

    /// Returns whether the user is in a room, as confirmed by the server.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.rooms.is_in(room)
    }

    /// Returns the names of the rooms that the user is in.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        let own = self.rooms.iter().filter(|(key, room)| room.membership == Membership::In && *key != EVERYBODY);
        own.map(|(_, room)| &*room.title)
    }

    /// Returns whether no message of a room is missing.
    #[must_use]
    pub fn is_caught_up(&self, room: &str) -> bool {
        self.rooms.get(room).is_none_or(|room| room.caught_up)
    }

    /// Returns the number of typed lines that wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Returns whether the user's line `key` is unanswered.
    #[must_use]
    pub fn is_unanswered(&self, key: u64) -> bool {
        self.queue.unanswered().any(|item| item.key == key)
    }

    /// Returns the milliseconds after which the caller should set the time and call [`Engine::tick`] and
    /// [`Engine::take`].
    #[must_use]
    pub fn tick_interval(&self) -> u64 {
        let busy = self.queue.is_busy() || !self.is_up() || self.queue.oldest_unanswered().is_some();
        if busy { 100 } else { 1_000 }
    }

    /// Sends what may be sent now, and returns all effects and updates since the last call.
    pub fn take_output(&mut self) -> (Vec<Effect>, Vec<Update>) {
        self.send();
        (std::mem::take(&mut self.effects), std::mem::take(&mut self.updates))
    }

    /// Returns whether this engine created the label. Labels of scripts that write objects themselves are foreign.
    #[must_use]
    pub fn is_own_label(&self, label: &str) -> bool {
        label.strip_prefix(&self.prefix).is_some_and(|rest| rest.starts_with('-'))
    }

    /// Returns the nonce for a label: 128 bits that cannot be guessed from other nonces.
    fn nonce(&self, label: &str) -> String {
        let [high, low] = [0, 1].map(|half| self.nonce_keys[half].hash_one(label));
        format!("{high:016x}{low:016x}")
    }

    /// Creates a new label.
    fn label(&mut self) -> String {
        self.last_label += 1;
        format!("{}-{}", self.prefix, self.last_label)
    }

    /// Tells the UI the progress of a typed request.
    fn report_progress(&mut self, item: &QueuedRequest, progress: Progress) {
        let target = match &item.kind {
            RequestKind::Message(target) => Some(target.clone()),
            kind if kind.is_typed() => None,
            _ => return,
        };
        self.updates.push(Update::Delivery(DeliveryUpdate { key: item.key, target, progress }));
    }

    /// Sends acknowledgements and pings at once, and requests as the queue allows. A message to a room waits until the
    /// user is in it.
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
        let held = |item: &QueuedRequest| item.room.as_ref().is_some_and(|room| !rooms.is_in(room));
        let mut sent = Vec::new();
        while let Some(item) = self.queue.next(self.now.ms, held) {
            sent.push(item.clone());
        }
        for item in sent {
            self.effects.push(Effect::Send(item.line.clone()));
            self.report_progress(&item, Progress::Sent);
        }
        if self.connection.wants_ping(self.queue.oldest_unanswered().is_some(), self.now.ms) {
            let label = self.label();
            let ping = Request { label: Some(label.as_str().into()), ..Request::of("ping") }.to_line();
            self.effects.push(Effect::Send(ping));
            self.connection.record_ping(&label, self.now.ms);
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub mod typed;
