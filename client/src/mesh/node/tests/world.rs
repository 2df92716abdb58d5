//! A network of members in one thread, with a clock of its own: delays, both dialling at once, links that break,
//! cables that are pulled, programs that freeze or start again.

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

/// 21 November 2026.
const BEGAN: i64 = 1_795_271_000_000;

/// A place for a program.
pub struct Seat {
    pub node: Option<Node>,
    pub id: NodeId,
    /// How often a program was started here.
    pub starts: u16,
    frozen_until: u64,
    links: u64,
    /// Everything that the screen was told.
    pub told: Vec<EventKind<'static>>,
}

/// A connection between two seats.
pub struct Wire {
    /// Seat, its start, and its number for the link; the dialler first.
    ends: [(usize, u16, u64); 2],
    /// What is on its way to each end.
    to: [VecDeque<NodeInput>; 2],
}

/// What happens at a time.
enum Event {
    Tick(usize, u16),
    Datagram(usize, usize, Hello),
    Arrives(u64, usize),
    Failed(usize, u16, NodeId),
}

pub struct World {
    pub now: u64,
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
    pub seats: Vec<Seat>,
    pub wires: BTreeMap<u64, Wire>,
    /// Seats that do not reach each other.
    pub cut: BTreeSet<(usize, usize)>,
    /// Who hears no hellos.
    pub deaf: Option<usize>,
    chance: Rng,
    /// Frames that were sent, by kind and by who got them.
    pub sayings: BTreeMap<usize, Vec<(usize, usize)>>,
    said: usize,
}

pub fn key(seat: usize) -> PublicKey {
    Keys::from_bytes(&[u8::try_from(seat).unwrap() + 1; 64]).public()
}

/// The id of the one at that seat who drew this.
pub fn id(random: u64, seat: usize) -> NodeId {
    NodeId::new(random.to_be_bytes(), &key(seat))
}

pub fn address(seat: usize, starts: u16) -> SocketAddr {
    (Ipv4Addr::new(10, 0, 0, u8::try_from(seat).unwrap()), 2_000 + starts).into()
}

impl World {
    pub fn new(seats: usize, seed: u64) -> World {
        let mut world = World {
            now: 0,
            events: BTreeMap::new(),
            count: 0,
            seats: Vec::new(),
            wires: BTreeMap::new(),
            cut: BTreeSet::new(),
            deaf: None,
            chance: Rng::new(seed),
            sayings: BTreeMap::new(),
            said: 0,
        };
        for seat in 0..seats {
            let (node, id) = (None, NodeId(0));
            world.seats.push(Seat { node, id, starts: 0, frozen_until: 0, links: 0, told: Vec::new() });
            world.start(seat);
        }
        world
    }

    pub fn clock(&self) -> Now {
        let unix_ms = BEGAN + i64::try_from(self.now).unwrap();
        Now { ms: self.now, wall: OffsetDateTime { unix_ms, offset_s: 0 }, zone: Zone::default() }
    }

    /// Starts a program, in the place of the one before.
    pub fn start(&mut self, seat: usize) {
        self.kill(seat);
        let id = id(self.chance.roll(u64::MAX), seat);
        let name = UserName::parse(&format!("user{seat}")).unwrap();
        let me =
            LocalIdentity { id, name, key: key(seat), pins: BTreeMap::new(), pins_file: "pins".into(), patience_ms: 0 };
        let (now, place) = (self.clock(), &mut self.seats[seat]);
        place.node = Some(Node::new(me, 7, now));
        place.id = id;
        place.starts += 1;
        place.told.clear();
        let tick = Event::Tick(seat, place.starts);
        self.at(0, tick);
    }

    /// Ends one without a good-bye. Its system tells the others that the connections are gone.
    pub fn kill(&mut self, seat: usize) {
        self.seats[seat].node = None;
        self.seats[seat].frozen_until = 0;
        for wire in self.of(seat) {
            self.break_at(wire, seat);
        }
    }

    fn of(&self, seat: usize) -> Vec<u64> {
        let mine = self.wires.iter().filter(|(_, wire)| wire.ends.iter().any(|(other, ..)| *other == seat));
        mine.map(|(number, _)| *number).collect()
    }

    fn break_at(&mut self, number: u64, seat: usize) {
        let Some(wire) = self.wires.get_mut(&number) else { return };
        let from = usize::from(wire.ends[1].0 == seat);
        wire.to[from].clear();
        let lost = NodeInput::Lost(wire.ends[1 - from].2);
        self.send(number, 1 - from, lost);
    }

    /// Loses a connection, at both ends and with all that was on its way.
    pub fn lose(&mut self, pick: usize) {
        let all: Vec<u64> = self.wires.keys().copied().collect();
        if let Some(number) = all.get(pick % all.len().max(1)) {
            for end in [0, 1] {
                let wire = self.wires.get_mut(number).unwrap();
                wire.to[end].clear();
                let lost = NodeInput::Lost(wire.ends[end].2);
                self.send(*number, end, lost);
            }
        }
    }

    pub fn freeze(&mut self, seat: usize, ms: u64) {
        self.seats[seat].frozen_until = self.now + ms;
    }

    /// Says something that nobody said before.
    pub fn say(&mut self, seat: usize) {
        self.says(seat, "/say");
    }

    /// Says something that nobody said before, to everybody or to one.
    pub fn says(&mut self, seat: usize, command: &str) {
        self.said += 1;
        let line = NodeInput::Line(object(&format!("{command} message {} of user{seat}", self.said), ROOM));
        if self.seats[seat].frozen_until <= self.now {
            self.input(seat, line);
        }
    }

    pub fn input(&mut self, seat: usize, input: NodeInput) {
        let now = self.clock();
        let Some(node) = &mut self.seats[seat].node else { return };
        for effect in node.step(input, now) {
            self.carry_out(seat, effect);
        }
    }

    fn at(&mut self, after: u64, event: Event) {
        self.count += 1;
        self.events.insert((self.now + after, self.count), event);
    }

    fn is_cut(&self, one: usize, other: usize) -> bool {
        self.cut.contains(&(one.min(other), one.max(other)))
    }

    /// Sends something over a wire to one of its ends.
    fn send(&mut self, number: u64, end: usize, input: NodeInput) {
        let delay = 1 + self.chance.roll(40);
        if let Some(wire) = self.wires.get_mut(&number) {
            wire.to[end].push_back(input);
            self.at(delay, Event::Arrives(number, end));
        }
    }

    fn carry_out(&mut self, seat: usize, effect: NodeEffect) {
        match effect {
            NodeEffect::Announce => (0..self.seats.len()).for_each(|to| self.hello(seat, to)),
            NodeEffect::Answer(to) => {
                let to = (0..self.seats.len()).find(|other| address(*other, 0).ip() == to.ip());
                to.into_iter().for_each(|to| self.hello(seat, to));
            }
            NodeEffect::Dial(dial, to) => self.dial(seat, dial, to),
            NodeEffect::Send(link, frame) => {
                let Some((number, end)) = self.wire(seat, link) else { return };
                let other = self.wires[&number].ends[1 - end].0;
                if let Frame::Past { says, .. } = &frame {
                    self.sayings.entry(other).or_default().push((seat, says.len()));
                }
                let read = Frame::parse(&frame.to_bytes()).expect("members send what members take");
                assert_eq!(read, frame);
                let link = self.wires[&number].ends[1 - end].2;
                self.send(number, 1 - end, NodeInput::Frame(link, frame));
            }
            NodeEffect::Close(link) => {
                if let Some((number, _)) = self.wire(seat, link) {
                    self.break_at(number, seat);
                }
            }
            NodeEffect::Tell(event) => self.seats[seat].told.push(event.what),
            NodeEffect::Show(private, event) => {
                self.seats[seat].told.push(event.what);
                self.input(seat, NodeInput::Shown(private));
            }
            NodeEffect::Pin(..) | NodeEffect::Repin(..) | NodeEffect::Leave => {}
        }
    }

    /// The wire of a seat's link, and which of its ends that is.
    fn wire(&self, seat: usize, link: u64) -> Option<(u64, usize)> {
        self.wires.iter().find_map(|(number, wire)| {
            let end = wire
                .ends
                .iter()
                .position(|(other, start, mine)| (*other, *start, *mine) == (seat, self.seats[seat].starts, link))?;
            Some((*number, end))
        })
    }

    fn hello(&mut self, from: usize, to: usize) {
        let Seat { id, starts, .. } = self.seats[from];
        let name = UserName::parse(&format!("user{from}")).unwrap();
        // One in ten is lost.
        if self.chance.roll(10) > 0 && !self.is_cut(from, to) {
            let delay = 1 + self.chance.roll(20);
            let hello = Hello { id, name, port: address(from, starts).port() };
            self.at(delay, Event::Datagram(from, to, hello));
        }
    }

    /// One dials another.
    pub fn dial(&mut self, from: usize, dial: Dial, to: SocketAddr) {
        let start = self.seats[from].starts;
        let found = (0..self.seats.len())
            .find(|seat| self.seats[*seat].node.is_some() && address(*seat, self.seats[*seat].starts) == to);
        let delay = 1 + self.chance.roll(60);
        let Some(other) = found.filter(|other| !self.is_cut(from, *other)) else {
            let refuses = found.is_none() && (0..self.seats.len()).any(|seat| address(seat, 0).ip() == to.ip());
            let timeout = if refuses { delay } else { 5_000 };
            return self.at(timeout, Event::Failed(from, start, dial.id));
        };
        let ends = [from, other].map(|seat| {
            self.seats[seat].links += 1;
            (seat, self.seats[seat].starts, self.seats[seat].links)
        });
        self.count += 1;
        let number = self.count;
        self.wires.insert(number, Wire { ends, to: Default::default() });
        self.send(number, 0, NodeInput::Opened(ends[0].2, key(other), to, Some(dial)));
        self.send(number, 1, NodeInput::Opened(ends[1].2, key(from), address(from, 0), None));
    }

    /// Lets so many milliseconds pass.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(((at, _), event)) = self
            .events
            .first_key_value()
            .map(|(at, _)| *at)
            .filter(|(at, _)| *at <= end)
            .and_then(|at| self.events.remove_entry(&at))
        {
            self.now = at;
            self.happen(event);
        }
        self.now = end;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick(seat, start) if self.seats[seat].starts == start && self.seats[seat].node.is_some() => {
                if self.seats[seat].frozen_until <= self.now {
                    self.input(seat, NodeInput::Tick);
                }
                self.at(TICK_MS, Event::Tick(seat, start));
            }
            Event::Tick(..) => {}
            Event::Datagram(from, to, hello) => {
                if self.seats[to].frozen_until <= self.now && self.deaf != Some(to) {
                    self.input(to, NodeInput::Heard(hello, address(from, 0)));
                }
            }
            Event::Failed(seat, start, id) if self.seats[seat].starts == start => {
                self.input(seat, NodeInput::Failed(id, false));
            }
            Event::Failed(..) => {}
            Event::Arrives(number, end) => self.arrive(number, end),
        }
    }

    /// The first that is on its way arrives, unless a cable is pulled or the program is frozen: then it waits.
    fn arrive(&mut self, number: u64, end: usize) {
        let Some(wire) = self.wires.get(&number) else { return };
        let ((seat, start, _), (other, ..)) = (wire.ends[end], wire.ends[1 - end]);
        if self.is_cut(seat, other) || self.seats[seat].frozen_until > self.now {
            return self.at(50, Event::Arrives(number, end));
        }
        let Some(input) = self.wires.get_mut(&number).and_then(|wire| wire.to[end].pop_front()) else { return };
        let over = matches!(input, NodeInput::Lost(_));
        if self.seats[seat].starts == start {
            self.input(seat, input);
        }
        if over && let Some(wire) = self.wires.get_mut(&number) {
            wire.to[end].clear();
            // Both ends know.
            if wire.to.iter().all(VecDeque::is_empty) {
                self.wires.remove(&number);
            }
        }
    }
}
