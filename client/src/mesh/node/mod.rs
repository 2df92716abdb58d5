//! One mesh member as a pure state machine: [`Node::step`] takes a [`NodeInput`] and the time, and returns
//! [`NodeEffect`]s. It has no sockets, threads or clock.
//!
//! Problem: users on one network talk without a server. Networks split and merge, programs freeze and restart, and any
//! machine can send anything. Members that can reach each other must end up with the same history in the same order.
//!
//! Invariants, once the network is quiet:
//! - each pair of members keeps one link (`links`);
//! - all members have the same messages in the same order, by logical time and then by author (`store`);
//! - a message is shown once, and never before a message that its author had received.
//!
//! | module | task |
//! |---|---|
//! | `peer_table`, `endpoints` | members known from hellos, and when to dial which address |
//! | `links`, `member` | open links, and the members at their other ends |
//! | `talk`, `store`, `origin`, `quota`, `ranges` | messages to all members, and their storage |
//! | `catch_up`, `budget` | exchange of missed messages, and limits for it |
//! | `privates`, `dedup` | messages to one member |
//! | `names` | display names, known keys |
//! | `lines`, `history`, `lists` | commands of the user |
//!
//! An author sends a message once over each of its links. A member that missed some requests them by number
//! (`catch_up`), so no message needs to be sent twice.

mod budget;
mod catch_up;
mod dedup;
mod endpoints;
mod history;
mod lines;
mod links;
mod lists;
mod member;
mod names;
mod origin;
mod peer_table;
mod privates;
mod quota;
mod ranges;
mod store;
mod talk;

use super::hello::Hello;
use super::id::NodeId;
use super::limits::{HELLO_MS, JITTER_MS, RATE};
use super::wire::Frame;
use crate::engine::Now;
use crate::engine::Rng;
use crate::rate_counter::RateCounter;
use budget::AddressBudgets;
use dedup::Dedup;
use landline_common::event::{PROTOCOL, SignInDetails};
use landline_common::link::PublicKey;
use landline_common::{Event, EventKind, NameKey, UserName};
use links::Link;
use member::Member;
use peer_table::PeerTable;
use privates::PrivateId;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use store::Store;

/// The name of the mesh as a server, and of its only room.
pub const ROOM: &str = "mesh";

/// An event for the node to handle.
#[derive(Clone, Debug)]
pub enum NodeInput {
    /// The UI connects and waits for the welcome.
    SignIn,
    /// A notice to show to the user.
    Notice(String),
    /// A command object or line from the UI.
    LineTyped(String),
    /// A hello arrived from this address.
    HelloReceived(Hello, SocketAddr),
    /// A link is open: its number, the peer's proven key, the peer's address, and the dial if this member dialed.
    LinkOpened(u64, PublicKey, SocketAddr, Option<Dial>),
    /// A dial failed before a link was open.
    DialFailed {
        /// The member that was expected.
        id: NodeId,
        /// The handshake failed, so the peer may have another passphrase.
        is_unauthenticated: bool,
    },
    /// A frame arrived over the link with this number.
    FrameReceived(u64, Frame),
    /// The link with this number is gone.
    LinkLost(u64),
    /// The UI has accepted the event of a private message.
    PrivateDisplayed(PrivateId),
    /// The file of known keys is full.
    PinsFull,
    /// Time has passed. Sent every [`super::limits::TICK_MS`].
    Tick,
}

/// One attempt to open a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    /// The member that is expected at the address.
    pub id: NodeId,
    /// The number of the attempt. Later dials have higher numbers.
    pub number: u64,
}

/// An action for the caller to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeEffect {
    /// Broadcast the hello on every network.
    Announce,
    /// Send the hello to one address.
    AnswerHello(SocketAddr),
    /// Dial this address. [`NodeInput::LinkOpened`] or [`NodeInput::DialFailed`] follows.
    Dial(Dial, SocketAddr),
    /// Send a frame over the link with this number.
    Send(u64, Frame),
    /// Close the link with this number.
    Close(u64),
    /// Pass an event to the UI.
    Emit(Event<'static>),
    /// Pass the event of a private message to the UI. If the UI accepts it, [`NodeInput::PrivateDisplayed`] follows.
    EmitPrivate(PrivateId, Event<'static>),
    /// Save the key of a name that had none.
    Pin(UserName, PublicKey),
    /// Replace the saved key of a name, as the user trusts the new one.
    Repin(UserName, PublicKey),
    /// End: the user leaves, and all goodbyes are queued.
    Leave,
}

/// The saved key of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The name, in the spelling of the first meeting.
    pub name: Box<str>,
    /// The key.
    pub key: PublicKey,
}

/// The identity of the local member, and the keys that it knows.
#[derive(Clone, Debug)]
pub struct LocalIdentity {
    /// The id, drawn anew at each start.
    pub id: NodeId,
    /// The name.
    pub name: UserName,
    /// The public key.
    pub key: PublicKey,
    /// Saved keys of other members.
    pub pins: BTreeMap<NameKey, Pinned>,
    /// Path of the file of saved keys, for messages to the user.
    pub pins_file: String,
    /// Maximum time in milliseconds for which typed lines wait for another member. Scripts end after their last line,
    /// so without this their lines would reach no other member.
    pub wait_for_members_ms: u64,
}

/// The state of the local member.
#[derive(Debug)]
pub struct Node {
    me: LocalIdentity,
    /// Time of the present step.
    now: Now,
    /// Start of this node in Unix milliseconds. Messages from before are history and are not shown as live.
    started_wall_ms: i64,
    /// Start of this node by the monotonic clock, in milliseconds.
    started_ms: u64,
    /// Lamport clock: at least the logical time of every accepted message.
    clock: u64,
    /// Last event id given to a message outside the common order (see [`Node::unordered_id`]).
    last_unordered_id: u64,
    /// Number of the last message from the local user to all members.
    last_seq: u64,
    /// Number of the last dial.
    last_dial: u64,
    /// The user has been told that no more keys can be saved.
    pins_full_reported: bool,
    /// Time of the next hello, in milliseconds.
    next_hello: u64,
    table: PeerTable,
    /// Open links, by number.
    links: BTreeMap<u64, Link>,
    /// Members that are here, or whose link was lost a moment ago.
    members: BTreeMap<NodeId, Member>,
    store: Store,
    /// Private messages that the UI has accepted.
    displayed: Dedup,
    /// History sent to each address.
    history_budgets: AddressBudgets,
    /// New members at each address.
    joins: BTreeMap<IpAddr, RateCounter>,
    /// Keys of flooding members, and the end of their refusal in milliseconds.
    refused_keys: VecDeque<(PublicKey, u64)>,
    /// Typed lines that wait for another member.
    held_lines: VecDeque<String>,
    /// Time at which held lines are handled in any case, in milliseconds.
    hold_until: u64,
    rng: Rng,
    /// Effects of the present step.
    effects: Vec<NodeEffect>,
}

impl Node {
    /// Creates a member that knows no others. `seed` randomizes the times of its hellos.
    #[must_use]
    pub fn new(me: LocalIdentity, seed: u64, now: Now) -> Node {
        let table = PeerTable::new(me.id);
        let store = Store::for_member(me.id);
        let hold_until = now.ms + me.wait_for_members_ms;
        Node {
            me,
            now,
            started_wall_ms: now.wall.unix_ms,
            started_ms: now.ms,
            clock: 0,
            last_unordered_id: 0,
            last_seq: 0,
            last_dial: 0,
            pins_full_reported: false,
            next_hello: now.ms,
            table,
            links: BTreeMap::new(),
            members: BTreeMap::new(),
            store,
            displayed: Dedup::default(),
            history_budgets: AddressBudgets::default(),
            joins: BTreeMap::new(),
            refused_keys: VecDeque::new(),
            held_lines: VecDeque::new(),
            hold_until,
            rng: Rng::new(seed),
            effects: Vec::new(),
        }
    }

    /// Handles one input at time `now`, and returns the effects in order.
    pub fn step(&mut self, input: NodeInput, now: Now) -> Vec<NodeEffect> {
        self.now = now;
        match input {
            NodeInput::SignIn => self.emit_welcome(),
            NodeInput::Notice(text) => self.emit(EventKind::info(text)),
            NodeInput::LineTyped(line) if lines::is_upkeep(&line) => self.handle_line(&line),
            NodeInput::LineTyped(line) => self.held_lines.push_back(line),
            NodeInput::HelloReceived(hello, from) => self.hello_received(&hello, from),
            NodeInput::LinkOpened(link, key, address, dial) => self.link_opened(link, key, address, dial),
            NodeInput::DialFailed { id, is_unauthenticated } => self.dial_failed(id, is_unauthenticated),
            NodeInput::FrameReceived(link, frame) => self.frame_received(link, frame),
            NodeInput::LinkLost(link) => self.link_lost(link),
            NodeInput::PrivateDisplayed(private) => self.private_displayed(private),
            NodeInput::PinsFull => self.report_pins_full(),
            NodeInput::Tick => self.tick(),
        }
        self.release_held_lines();
        std::mem::take(&mut self.effects)
    }

    fn emit_welcome(&mut self) {
        let user = self.me.name.to_string().into();
        let grant = SignInDetails {
            protocol: PROTOCOL,
            member_of: vec![ROOM.into()],
            rate: Some(RATE),
            encrypted: true,
            ..SignInDetails::default()
        };
        let grant = Box::new(grant);
        self.emit(EventKind::Welcome { user, server: ROOM.into(), room: ROOM.into(), account: false, grant });
    }

    /// Handles the held lines once another member is linked or the wait is over.
    fn release_held_lines(&mut self) {
        if self.now.ms >= self.hold_until || self.members.values().any(Member::is_linked) {
            self.hold_until = 0;
            while let Some(line) = self.held_lines.pop_front() {
                self.handle_line(&line);
            }
        }
    }

    fn hello_received(&mut self, hello: &Hello, from: SocketAddr) {
        let now = self.now.ms;
        if hello.id == self.me.id {
            return;
        }
        let is_answer_due = self.table.add_hello(hello, from.ip(), now);
        if self.members.get(&hello.id).is_some_and(Member::is_linked) {
            return;
        }
        if is_answer_due {
            self.effects.push(NodeEffect::AnswerHello(from));
        }
        self.dial_due();
    }

    /// Dials every address whose dial is due.
    fn dial_due(&mut self) {
        let members = &self.members;
        let linked = |id: NodeId| members.get(&id).is_some_and(Member::is_linked);
        for (id, address) in self.table.start_due_dials(self.now.ms, linked) {
            self.last_dial += 1;
            self.effects.push(NodeEffect::Dial(Dial { id, number: self.last_dial }, address));
        }
    }

    fn dial_failed(&mut self, id: NodeId, is_unauthenticated: bool) {
        let reported = self.table.dial_failed(id, is_unauthenticated, self.now.ms);
        let text = reported.map(|(name, at)| {
            let at = at.ip();
            format!("{name} at {at} is here with another passphrase (or none), so you do not see each other's messages")
        });
        if let Some(text) = text {
            self.emit(EventKind::info(text));
        }
    }

    fn tick(&mut self) {
        let now = self.now.ms;
        if now >= self.next_hello {
            self.effects.push(NodeEffect::Announce);
            self.next_hello = now + HELLO_MS - JITTER_MS + self.rng.roll(2 * JITTER_MS);
        }
        self.check_links();
        self.remove_lost_members();
        self.resend_due_privates();
        self.tick_catch_up();
        self.dial_due();
    }

    /// Emits an event with the present time.
    fn emit(&mut self, what: EventKind<'static>) {
        self.emit_at(self.now.wall.unix_ms, what);
    }

    /// Emits an event with another time.
    fn emit_at(&mut self, unix_ms: i64, what: EventKind<'static>) {
        let at = self.now.zone.at(unix_ms);
        self.effects.push(NodeEffect::Emit(what.at(at)));
    }
}

#[cfg(test)]
mod tests;
