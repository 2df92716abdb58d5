//! A member of the mesh, without a socket, a thread or a clock: ([`Node`], [`NodeInput`]) → (node, [`NodeEffect`]s).
//!
//! Members hear of each other, and each two have one link. What one says goes over all of one's links, once; what
//! somebody missed is asked for by numbers ([`catch_up`]), so nothing comes twice. Everybody has the same order: that of
//! logical time ([`store`]).

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
use privates::Private;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use store::Store;

/// What the mesh is called, and its one room.
pub const ROOM: &str = "mesh";

/// What happens to a member.
#[derive(Clone, Debug)]
pub enum NodeInput {
    /// The screen wants to be told that one is in.
    Enter,
    /// Something that the user should know.
    Note(String),
    /// Somebody typed a line.
    Line(String),
    /// A hello was heard, from that address.
    Heard(Hello, SocketAddr),
    /// A link is open: its number, the key at the other end, where that is, and the dial if it was ours.
    Opened(u64, PublicKey, SocketAddr, Option<Dial>),
    /// A dial came to nothing; `true` if the other end may have another passphrase.
    Failed(NodeId, bool),
    /// Something came over a link.
    Frame(u64, Frame),
    /// A link is gone.
    Lost(u64),
    /// The screen has something that was for this member alone.
    Shown(Private),
    /// There is room for the keys of no more names.
    PinsFull,
    /// Time has passed.
    Tick,
}

/// A dial: whom, and our number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Who is expected there.
    pub id: NodeId,
    /// Later dials have higher numbers.
    pub number: u64,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeEffect {
    /// Say hello on every network.
    Announce,
    /// Say hello to one address.
    Answer(SocketAddr),
    /// Dial, and open a link.
    Dial(Dial, SocketAddr),
    /// Send something over a link.
    Send(u64, Frame),
    /// End a link.
    Close(u64),
    /// Tell the screen.
    Tell(Event<'static>),
    /// Tell the screen what somebody said to this member alone, if it takes it; then [`NodeInput::Shown`] follows.
    Show(Private, Event<'static>),
    /// Remember the key of somebody met for the first time.
    Pin(UserName, PublicKey),
    /// Remember another key of a name that has one: the user says that it is the right one.
    Repin(UserName, PublicKey),
    /// Everything is said; end.
    Leave,
}

/// The key of a member met before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The name, as it was written then.
    pub name: Box<str>,
    /// The key.
    pub key: PublicKey,
}

/// Who one is.
#[derive(Clone, Debug)]
pub struct LocalIdentity {
    /// This start's number.
    pub id: NodeId,
    /// The name.
    pub name: UserName,
    /// The key.
    pub key: PublicKey,
    /// Keys of people met before.
    pub pins: BTreeMap<NameKey, Pinned>,
    /// Where people find these, to be told.
    pub pins_file: String,
    /// Nothing is said before somebody is there to hear it, for so many milliseconds: scripts leave when they are done.
    pub patience_ms: u64,
}

/// A member.
#[derive(Debug)]
pub struct Node {
    me: LocalIdentity,
    now: Now,
    /// When this began, by the clock on the wall: what was said before is history.
    began: i64,
    /// The same by the clock that never jumps.
    started: u64,
    /// Logical time: larger than that of everything heard.
    clock: u64,
    /// The last id of what has no place in that order.
    aside: u64,
    /// The number of the last message said here.
    said: u64,
    dials: u64,
    /// That there is room for no more keys was said.
    told_full: bool,
    next_hello: u64,
    table: PeerTable,
    links: BTreeMap<u64, Link>,
    members: BTreeMap<NodeId, Member>,
    store: Store,
    shown: Dedup,
    /// How much of the past was told, by address.
    told: AddressBudgets,
    /// How many came lately, by address.
    joins: BTreeMap<IpAddr, RateCounter>,
    /// Keys of flooders, and until when.
    refused: VecDeque<(PublicKey, u64)>,
    /// Lines that wait for company, and how long at most.
    held: VecDeque<String>,
    hold_until: u64,
    rng: Rng,
    effects: Vec<NodeEffect>,
}

impl Node {
    /// Alone, so far.
    #[must_use]
    pub fn new(me: LocalIdentity, seed: u64, now: Now) -> Node {
        let (table, store, patience_ms) = (PeerTable::new(me.id), Store::of_member(me.id), me.patience_ms);
        Node {
            me,
            now,
            began: now.wall.unix_ms,
            started: now.ms,
            clock: 0,
            aside: 0,
            said: 0,
            dials: 0,
            told_full: false,
            next_hello: now.ms,
            table,
            links: BTreeMap::new(),
            members: BTreeMap::new(),
            store,
            shown: Dedup::default(),
            told: AddressBudgets::default(),
            joins: BTreeMap::new(),
            refused: VecDeque::new(),
            held: VecDeque::new(),
            hold_until: now.ms + patience_ms,
            rng: Rng::new(seed),
            effects: Vec::new(),
        }
    }

    /// Takes note of what happened at `now`, and says what is to be done.
    pub fn step(&mut self, input: NodeInput, now: Now) -> Vec<NodeEffect> {
        self.now = now;
        match input {
            NodeInput::Enter => self.welcome(),
            NodeInput::Note(text) => self.tell(EventKind::info(text)),
            NodeInput::Line(line) if lines::is_upkeep(&line) => self.line(&line),
            NodeInput::Line(line) => self.held.push_back(line),
            NodeInput::Heard(hello, from) => self.hear(&hello, from),
            NodeInput::Opened(link, key, address, dial) => self.opened(link, key, address, dial),
            NodeInput::Failed(id, strange) => self.failed(id, strange),
            NodeInput::Frame(link, frame) => self.frame(link, frame),
            NodeInput::Lost(link) => self.lost(link),
            NodeInput::Shown(private) => self.has_shown(private),
            NodeInput::PinsFull => self.pins_full(),
            NodeInput::Tick => self.tick(),
        }
        self.take_lines();
        std::mem::take(&mut self.effects)
    }

    fn welcome(&mut self) {
        let user = self.me.name.to_string().into();
        let grant = SignInDetails {
            protocol: PROTOCOL,
            member_of: vec![ROOM.into()],
            rate: Some(RATE),
            ..SignInDetails::default()
        };
        let grant = Box::new(grant);
        self.tell(EventKind::Welcome { user, server: ROOM.into(), room: ROOM.into(), account: false, grant });
    }

    /// Does what was typed, unless nobody is there yet to whom it could be said.
    fn take_lines(&mut self) {
        if self.now.ms >= self.hold_until || self.members.values().any(Member::is_linked) {
            self.hold_until = 0;
            while let Some(line) = self.held.pop_front() {
                self.line(&line);
            }
        }
    }

    fn hear(&mut self, hello: &Hello, from: SocketAddr) {
        let now = self.now.ms;
        if hello.id == self.me.id {
            return;
        }
        let answers = self.table.hear(hello, from.ip(), now);
        if self.members.get(&hello.id).is_some_and(Member::is_linked) {
            return;
        }
        if answers {
            self.effects.push(NodeEffect::Answer(from));
        }
        self.dial();
    }

    fn dial(&mut self) {
        let members = &self.members;
        let linked = |id: NodeId| members.get(&id).is_some_and(Member::is_linked);
        for (id, address) in self.table.due(self.now.ms, linked) {
            self.dials += 1;
            self.effects.push(NodeEffect::Dial(Dial { id, number: self.dials }, address));
        }
    }

    fn failed(&mut self, id: NodeId, strange: bool) {
        let told = self.table.failed(id, strange, self.now.ms);
        let told = told.map(|(name, at)| {
            let at = at.ip();
            format!("{name} at {at} is here with another passphrase (or none), so the two of you do not meet")
        });
        if let Some(text) = told {
            self.tell(EventKind::info(text));
        }
    }

    fn tick(&mut self) {
        let now = self.now.ms;
        if now >= self.next_hello {
            self.effects.push(NodeEffect::Announce);
            self.next_hello = now + HELLO_MS - JITTER_MS + self.rng.roll(2 * JITTER_MS);
        }
        self.look_after_links();
        self.look_after_members();
        self.look_after_privates();
        self.catch_up();
        self.dial();
    }

    /// Tells the screen of something that happens now.
    fn tell(&mut self, what: EventKind<'static>) {
        self.tell_at(self.now.wall.unix_ms, what);
    }

    /// Tells the screen of something that happened then.
    fn tell_at(&mut self, unix_ms: i64, what: EventKind<'static>) {
        let at = self.now.zone.at(unix_ms);
        self.effects.push(NodeEffect::Tell(what.at(at)));
    }
}

#[cfg(test)]
mod tests;
