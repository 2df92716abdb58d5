//! A simulated network of nodes in one thread, with its own clock. It delays frames, loses hellos, breaks connections, cuts
//! hosts off from each other, and freezes and restarts nodes.

use crate::engine::Rng;
use crate::engine::typed::object;
use crate::engine::{Now, Zone};
use crate::mesh::hello::Hello;
use crate::mesh::id::NodeId;
use crate::mesh::limits::TICK_MS;
use crate::mesh::node::ROOM;
use crate::mesh::node::{Dial, LocalIdentity, Node, NodeEffect, NodeInput};
use crate::mesh::wire::Frame;
use landline_common::link::{Keys, PublicKey};
use landline_common::{EventKind, OffsetDateTime, UserName};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};

/// Start of the simulated clock in Unix milliseconds: 21 November 2026.
const START: i64 = 1_795_271_000_000;

/// A host, which runs one node at a time.
pub struct SimulatedHost {
    pub node: Option<Node>,
    pub id: NodeId,
    /// Number of nodes started here.
    pub starts: u16,
    frozen_until: u64,
    links: u64,
    /// All events that the present node has emitted.
    pub events: Vec<EventKind<'static>>,
}

/// A connection between two hosts.
pub struct Wire {
    /// The host, its number of starts, and its number for the link; the dialing end first.
    ends: [(usize, u16, u64); 2],
    /// Inputs on their way to each end.
    to: [VecDeque<NodeInput>; 2],
}

/// A scheduled event.
enum Event {
    Tick(usize, u16),
    Datagram(usize, usize, Hello),
    Arrives(u64, usize),
    Failed(usize, u16, NodeId),
}

pub struct World {
    pub now: u64,
    /// Scheduled events by time and number.
    schedule: BTreeMap<(u64, u64), Event>,
    count: u64,
    pub hosts: Vec<SimulatedHost>,
    pub wires: BTreeMap<u64, Wire>,
    /// Pairs of hosts that do not reach each other, lower index first.
    pub cut: BTreeSet<(usize, usize)>,
    /// The host that receives no hellos.
    pub deaf: Option<usize>,
    rng: Rng,
    /// Sender and number of messages of each history frame, by receiver.
    pub sent_history: BTreeMap<usize, Vec<(usize, usize)>>,
    messages: usize,
}

pub fn key(host: usize) -> PublicKey {
    Keys::from_bytes(&[u8::try_from(host).unwrap() + 1; 64]).public()
}

/// Returns the id for a host's key and these random bits.
pub fn id(random: u64, host: usize) -> NodeId {
    NodeId::new(random.to_be_bytes(), &key(host))
}

pub fn address(host: usize, starts: u16) -> SocketAddr {
    (Ipv4Addr::new(10, 0, 0, u8::try_from(host).unwrap()), 2_000 + starts).into()
}

impl World {
    pub fn new(hosts: usize, seed: u64) -> World {
        let mut world = World {
            now: 0,
            schedule: BTreeMap::new(),
            count: 0,
            hosts: Vec::new(),
            wires: BTreeMap::new(),
            cut: BTreeSet::new(),
            deaf: None,
            rng: Rng::new(seed),
            sent_history: BTreeMap::new(),
            messages: 0,
        };
        for host in 0..hosts {
            let (node, id) = (None, NodeId(0));
            world.hosts.push(SimulatedHost { node, id, starts: 0, frozen_until: 0, links: 0, events: Vec::new() });
            world.start(host);
        }
        world
    }

    pub fn clock(&self) -> Now {
        let unix_ms = START + i64::try_from(self.now).unwrap();
        Now { ms: self.now, wall: OffsetDateTime { unix_ms, offset_s: 0 }, zone: Zone::default() }
    }

    /// Starts a node on a host, and kills the previous one.
    pub fn start(&mut self, host: usize) {
        self.kill(host);
        let id = id(self.rng.roll(u64::MAX), host);
        let name = UserName::parse(&format!("user{host}")).unwrap();
        let me = LocalIdentity {
            id,
            name,
            key: key(host),
            pins: BTreeMap::new(),
            pins_file: "pins".into(),
            wait_for_members_ms: 0,
        };
        let (now, place) = (self.clock(), &mut self.hosts[host]);
        place.node = Some(Node::new(me, 7, now));
        place.id = id;
        place.starts += 1;
        place.events.clear();
        let tick = Event::Tick(host, place.starts);
        self.at(0, tick);
    }

    /// Kills the node of a host. It sends no goodbyes, but its connections end.
    pub fn kill(&mut self, host: usize) {
        self.hosts[host].node = None;
        self.hosts[host].frozen_until = 0;
        for wire in self.wires_of(host) {
            self.break_at(wire, host);
        }
    }

    fn wires_of(&self, host: usize) -> Vec<u64> {
        let own = self.wires.iter().filter(|(_, wire)| wire.ends.iter().any(|(other, ..)| *other == host));
        own.map(|(number, _)| *number).collect()
    }

    fn break_at(&mut self, number: u64, host: usize) {
        let Some(wire) = self.wires.get_mut(&number) else { return };
        let from = usize::from(wire.ends[1].0 == host);
        wire.to[from].clear();
        let lost = NodeInput::LinkLost(wire.ends[1 - from].2);
        self.send(number, 1 - from, lost);
    }

    /// Breaks a connection at both ends. Frames on their way are lost.
    pub fn break_wire(&mut self, pick: usize) {
        let all: Vec<u64> = self.wires.keys().copied().collect();
        if let Some(number) = all.get(pick % all.len().max(1)) {
            for end in [0, 1] {
                let wire = self.wires.get_mut(number).unwrap();
                wire.to[end].clear();
                let lost = NodeInput::LinkLost(wire.ends[end].2);
                self.send(*number, end, lost);
            }
        }
    }

    pub fn freeze(&mut self, host: usize, ms: u64) {
        self.hosts[host].frozen_until = self.now + ms;
    }

    /// Sends a new text to all members.
    pub fn say_new(&mut self, host: usize) {
        self.send_new(host, "/say");
    }

    /// Sends a new text by this command.
    pub fn send_new(&mut self, host: usize, command: &str) {
        self.messages += 1;
        let line = NodeInput::LineTyped(object(&format!("{command} message {} of user{host}", self.messages), ROOM));
        if self.hosts[host].frozen_until <= self.now {
            self.input(host, line);
        }
    }

    pub fn input(&mut self, host: usize, input: NodeInput) {
        let now = self.clock();
        let Some(node) = &mut self.hosts[host].node else { return };
        for effect in node.step(input, now) {
            self.carry_out(host, effect);
        }
    }

    fn at(&mut self, after: u64, event: Event) {
        self.count += 1;
        self.schedule.insert((self.now + after, self.count), event);
    }

    fn is_cut(&self, one: usize, other: usize) -> bool {
        self.cut.contains(&(one.min(other), one.max(other)))
    }

    /// Sends an input over a wire to one of its ends, with a random delay.
    fn send(&mut self, number: u64, end: usize, input: NodeInput) {
        let delay = 1 + self.rng.roll(40);
        if let Some(wire) = self.wires.get_mut(&number) {
            wire.to[end].push_back(input);
            self.at(delay, Event::Arrives(number, end));
        }
    }

    fn carry_out(&mut self, host: usize, effect: NodeEffect) {
        match effect {
            NodeEffect::Announce => {
                for to in 0..self.hosts.len() {
                    self.hello(host, to);
                }
            }
            NodeEffect::AnswerHello(to) => {
                let to = (0..self.hosts.len()).find(|other| address(*other, 0).ip() == to.ip());
                if let Some(to) = to {
                    self.hello(host, to);
                }
            }
            NodeEffect::Dial(dial, to) => self.dial(host, dial, to),
            NodeEffect::Send(link, frame) => {
                let Some((number, end)) = self.wire(host, link) else { return };
                let other = self.wires[&number].ends[1 - end].0;
                if let Frame::Past { says, .. } = &frame {
                    self.sent_history.entry(other).or_default().push((host, says.len()));
                }
                let read = Frame::parse(&frame.to_bytes()).expect("a frame that members accept");
                assert_eq!(read, frame);
                let link = self.wires[&number].ends[1 - end].2;
                self.send(number, 1 - end, NodeInput::FrameReceived(link, frame));
            }
            NodeEffect::Close(link) => {
                if let Some((number, _)) = self.wire(host, link) {
                    self.break_at(number, host);
                }
            }
            NodeEffect::Emit(event) => self.hosts[host].events.push(event.what),
            NodeEffect::EmitPrivate(private, event) => {
                self.hosts[host].events.push(event.what);
                self.input(host, NodeInput::PrivateDisplayed(private));
            }
            NodeEffect::Pin(..) | NodeEffect::Repin(..) | NodeEffect::Leave => {}
        }
    }

    /// Returns the wire of a host's link, and the index of the host's end.
    fn wire(&self, host: usize, link: u64) -> Option<(u64, usize)> {
        self.wires.iter().find_map(|(number, wire)| {
            let end = wire
                .ends
                .iter()
                .position(|(other, start, mine)| (*other, *start, *mine) == (host, self.hosts[host].starts, link))?;
            Some((*number, end))
        })
    }

    fn hello(&mut self, from: usize, to: usize) {
        let SimulatedHost { id, starts, .. } = self.hosts[from];
        let name = UserName::parse(&format!("user{from}")).unwrap();
        // One hello in ten is lost.
        if self.rng.roll(10) > 0 && !self.is_cut(from, to) {
            let delay = 1 + self.rng.roll(20);
            let hello = Hello { id, name, port: address(from, starts).port() };
            self.at(delay, Event::Datagram(from, to, hello));
        }
    }

    /// Dials from one host to another. The connection opens, is refused, or times out.
    pub fn dial(&mut self, from: usize, dial: Dial, to: SocketAddr) {
        let start = self.hosts[from].starts;
        let found = (0..self.hosts.len())
            .find(|host| self.hosts[*host].node.is_some() && address(*host, self.hosts[*host].starts) == to);
        let delay = 1 + self.rng.roll(60);
        let Some(other) = found.filter(|other| !self.is_cut(from, *other)) else {
            let refuses = found.is_none() && (0..self.hosts.len()).any(|host| address(host, 0).ip() == to.ip());
            let timeout = if refuses { delay } else { 5_000 };
            return self.at(timeout, Event::Failed(from, start, dial.id));
        };
        let ends = [from, other].map(|host| {
            self.hosts[host].links += 1;
            (host, self.hosts[host].starts, self.hosts[host].links)
        });
        self.count += 1;
        let number = self.count;
        self.wires.insert(number, Wire { ends, to: Default::default() });
        self.send(number, 0, NodeInput::LinkOpened(ends[0].2, key(other), to, Some(dial)));
        self.send(number, 1, NodeInput::LinkOpened(ends[1].2, key(from), address(from, 0), None));
    }

    /// Advances the clock by this many milliseconds, and handles all events until then.
    pub fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(((at, _), event)) = self
            .schedule
            .first_key_value()
            .map(|(at, _)| *at)
            .filter(|(at, _)| *at <= end)
            .and_then(|at| self.schedule.remove_entry(&at))
        {
            self.now = at;
            self.handle(event);
        }
        self.now = end;
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Tick(host, start) if self.hosts[host].starts == start && self.hosts[host].node.is_some() => {
                if self.hosts[host].frozen_until <= self.now {
                    self.input(host, NodeInput::Tick);
                }
                self.at(TICK_MS, Event::Tick(host, start));
            }
            Event::Tick(..) => {}
            Event::Datagram(from, to, hello) => {
                if self.hosts[to].frozen_until <= self.now && self.deaf != Some(to) {
                    self.input(to, NodeInput::HelloReceived(hello, address(from, 0)));
                }
            }
            Event::Failed(host, start, id) if self.hosts[host].starts == start => {
                self.input(host, NodeInput::DialFailed { id, is_unauthenticated: false });
            }
            Event::Failed(..) => {}
            Event::Arrives(number, end) => self.arrive(number, end),
        }
    }

    /// Delivers the first input on its way to an end. If the hosts are cut off or the receiver is frozen, tries again later.
    fn arrive(&mut self, number: u64, end: usize) {
        let Some(wire) = self.wires.get(&number) else { return };
        let ((host, start, _), (other, ..)) = (wire.ends[end], wire.ends[1 - end]);
        if self.is_cut(host, other) || self.hosts[host].frozen_until > self.now {
            return self.at(50, Event::Arrives(number, end));
        }
        let Some(input) = self.wires.get_mut(&number).and_then(|wire| wire.to[end].pop_front()) else { return };
        let is_loss = matches!(input, NodeInput::LinkLost(_));
        if self.hosts[host].starts == start {
            self.input(host, input);
        }
        if is_loss && let Some(wire) = self.wires.get_mut(&number) {
            wire.to[end].clear();
            // Both ends have seen the loss.
            if wire.to.iter().all(VecDeque::is_empty) {
                self.wires.remove(&number);
            }
        }
    }
}
