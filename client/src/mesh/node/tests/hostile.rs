//! Links in pairs, members who lie, and members who flood.

use super::world::{World, address, key};
use crate::mesh::id::NodeId;
use crate::mesh::limits::{FLOOD, FRAMES, JOINS, LINES, LINKS_PER_ADDRESS, PATIENCE_MS, PEERS_PER_ADDRESS, REFUSED_MS};
use crate::mesh::node::{Dial, Effect, Input, Me, Node};
use crate::mesh::wire::{Frame, Saying};
use landline_common::link::PublicKey;
use landline_common::{NameKey, UserName, text};
use std::collections::BTreeMap;

#[test]
fn of_two_links_both_keep_the_same_one() {
    for seed in 0..200 {
        let mut world = World::new(2, seed);
        // Nobody hears of the other; both are made to dial, perhaps twice.
        world.cut.insert((0, 1));
        world.pass(1);
        world.cut.clear();
        let again = (2, usize::from(seed % 3 == 0));
        for (number, from) in [(1, 0), (1, 1), again].into_iter().take(if seed % 2 == 0 { 2 } else { 3 }) {
            let to = 1 - from;
            let (id, starts) = (world.seats[to].id, world.seats[to].starts);
            world.dial(from, Dial { id, number }, address(to, starts));
        }
        world.pass(1_000);
        assert_eq!(world.wires.len(), 1, "seed {seed}");
        for seat in &world.seats {
            assert_eq!((seat.node.as_ref().unwrap().links.len(), seat.told.len()), (1, 1), "seed {seed}");
        }
    }
}

/// A member, and somebody else of whom each frame is written by hand.
struct Table {
    world: World,
    node: Node,
    links: u64,
    /// What the other's clock shows.
    wall: i64,
}

const ME: NodeId = NodeId(5 << 100);
const EVE: NodeId = NodeId(9 << 100);

fn pinned(pins: &[(&str, PublicKey)]) -> Table {
    let world = World::new(0, 0);
    let pins: BTreeMap<NameKey, PublicKey> = pins.iter().map(|(name, key)| (NameKey::of(name), *key)).collect();
    let name = UserName::parse("alice").unwrap();
    let me = Me { id: ME, name, key: key(0), pins, pins_file: "known_peers.toml".into(), patience_ms: 0 };
    let node = Node::new(me, 1, world.clock());
    Table { wall: world.clock().wall.unix_ms, world, node, links: 0 }
}

impl Table {
    fn new() -> Table {
        pinned(&[])
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        self.node.step(input, self.world.clock())
    }

    /// Somebody links, and says who they are.
    fn enters(&mut self, id: NodeId, name: &str, seat: usize) -> (u64, Vec<Effect>) {
        self.links += 1;
        self.step(Input::Opened(self.links, key(seat), address(seat, 1), None));
        let hello = Frame::Hello { id, name: name.into(), clock: 0, dial: self.links, top: 0, at: self.wall };
        (self.links, self.step(Input::Frame(self.links, hello)))
    }

    fn frame(&mut self, link: u64, frame: Frame) -> Vec<Effect> {
        self.step(Input::Frame(link, frame))
    }

    fn says(&mut self, link: u64, seq: u64, lamport: u64) -> Vec<String> {
        told(&self.frame(link, Frame::Say { seq, lamport, at: 1, text: format!("number {seq}") }))
    }

    fn history(&mut self) -> Vec<String> {
        told(&self.step(Input::Line("/history".into())))
    }
}

fn told(effects: &[Effect]) -> Vec<String> {
    let event = |effect: &Effect| match effect {
        Effect::Tell(event) => Some(text::plain(event)),
        _ => None,
    };
    effects.iter().filter_map(event).collect()
}

fn closes(effects: &[Effect], link: u64) -> bool {
    effects.contains(&Effect::Close(link))
}

#[test]
fn nobody_takes_an_id_that_is_another_s() {
    let mut table = Table::new();
    let (first, effects) = table.enters(EVE, "eve", 1);
    assert!(!closes(&effects, first));
    let (second, effects) = table.enters(EVE, "eve", 2);
    assert!(closes(&effects, second), "another key");
    let (third, effects) = table.enters(ME, "mallory", 2);
    assert!(closes(&effects, third), "our own id");
    let (fourth, effects) = table.enters(NodeId(3), "INFO", 2);
    assert!(closes(&effects, fourth), "a name that is none");
    table.links += 1;
    let link = table.links;
    table.step(Input::Opened(link, key(3), address(3, 1), None));
    assert!(closes(&table.frame(link, Frame::Ping), link), "whoever does not say who they are");
    assert_eq!(table.node.members.len(), 1);
    assert_eq!(table.says(first, 1, 1), ["eve: number 1"], "the first is still here");
}

#[test]
fn whoever_opens_links_and_is_silent_is_dropped() {
    let mut table = Table::new();
    table.step(Input::Opened(1, key(1), address(1, 1), None));
    table.world.pass(5_000);
    assert!(closes(&table.step(Input::Tick), 1));
    assert!(table.node.links.is_empty());
}

#[test]
fn logical_time_cannot_be_driven_away() {
    let mut table = Table::new();
    let (link, _) = table.enters(EVE, "eve", 1);
    let (most, clock) = ((1 << 40) - 1, table.node.clock);
    assert!(table.says(link, 1, most).is_empty());
    assert_eq!(table.node.clock, clock);
    assert_eq!(table.says(link, 2, clock + 1_000_000), ["eve: number 2"]);
    table.step(Input::Line("hi".into()));
    assert_eq!(table.node.clock, clock + 1_000_001);
    for (seq, jump) in (3..).zip([1_000_000; 600]) {
        table.says(link, seq, table.node.clock + jump);
        table.world.pass(200);
    }
    let said = table.step(Input::Line("still here".into()));
    let Some(Effect::Send(_, Frame::Say { lamport, .. })) = said.last() else { panic!("{said:?}") };
    assert!(*lamport << 24 < 1 << 53, "{lamport}");
    // Who comes later hears them all the same.
    let (mut other, text) = (Table::new(), "still here".to_owned());
    let (link, _) = other.enters(EVE, "eve", 1);
    let heard = other.frame(link, Frame::Say { seq: 1, lamport: *lamport, at: 1, text });
    assert_eq!(told(&heard), ["eve: still here"]);
}

#[test]
fn nobody_knows_better_than_an_author_what_they_said() {
    let mut table = Table::new();
    let (bob, _) = table.enters(NodeId(7), "bob", 1);
    let (eve, _) = table.enters(EVE, "eve", 2);
    table.says(bob, 1, 1);
    // Nobody asked for this.
    let says = vec![Saying { seq: 2, lamport: 2, at: i64::MAX / 4_000_000, text: "forged".into() }];
    let past = Frame::Past { origin: NodeId(7), name: "bob".into(), key: key(1).to_string(), from: 2, to: 2, says };
    table.frame(eve, past.clone());
    let have = Frame::Have { ranges: [(NodeId(7), vec![(1, 2)]), (ME, vec![(1, 9)])].into() };
    assert_eq!(table.frame(eve, have), [], "bob is here, and is asked himself");
    table.frame(eve, past.clone());
    assert_eq!(table.history().len(), 2, "bob's own and the end");
    assert_eq!(table.says(bob, 2, 2), ["bob: number 2"]);
    assert_eq!(table.history().len(), 3);
    // Nor does it count if bob comes while eve is asked.
    let mut table = Table::new();
    let (eve, _) = table.enters(EVE, "eve", 2);
    let asked = table.frame(eve, Frame::Have { ranges: [(NodeId(7), vec![(2, 2)])].into() });
    assert_eq!(asked, [Effect::Send(eve, Frame::Want { origin: NodeId(7), from: 2, to: 2 })]);
    table.enters(NodeId(7), "bob", 1);
    table.frame(eve, past);
    assert_eq!(table.history().len(), 1, "the end");
}

#[test]
fn what_is_learned_late_is_shown_whatever_the_author_s_clock_shows() {
    for ahead in [-3_600_000, 0, 3_600_000] {
        let mut table = Table::new();
        table.wall += ahead;
        let began = table.wall;
        let (bob, _) = table.enters(EVE, "bob", 1);
        table.frame(bob, Frame::Have { ranges: [(EVE, vec![(1, 2)])].into() });
        let say = |seq, at| Saying { seq, lamport: seq, at, text: format!("number {seq}") };
        let says = vec![say(1, began - 60_000), say(2, began + 60_000)];
        let key = key(1).to_string();
        let heard = table.frame(bob, Frame::Past { origin: EVE, name: "bob".into(), key, from: 1, to: 2, says });
        assert_eq!(told(&heard), ["bob: number 2"], "ahead by {ahead} ms");
    }
}

#[test]
fn whoever_says_too_much_is_cut_and_whoever_floods_is_refused() {
    let mut table = Table::new();
    let (link, _) = table.enters(EVE, "eve", 1);
    let mut heard = Vec::new();
    for n in 1..=FLOOD as u64 + 1 {
        heard.extend(table.says(link, n, n));
    }
    let said = heard.iter().filter(|line| line.starts_with("eve: ")).count();
    assert_eq!(said, LINES);
    assert!(heard.iter().filter(|line| line.contains("more than anybody can read")).count() == 1);
    assert!(heard.iter().any(|line| line.contains("floods the mesh")), "{:?}", heard.last());
    assert_eq!(table.node.members.len(), 0);
    let (_, effects) = table.enters(NodeId(77), "eve", 1);
    assert!(effects.is_empty(), "the key is refused");
    table.world.pass(REFUSED_MS);
    table.enters(NodeId(78), "eve", 1);
    assert_eq!(table.node.members.len(), 1);
    // What was left out is not asked of others, either.
    let (bob, _) = table.enters(NodeId(7), "bob", 2);
    assert!(table.frame(bob, Frame::Have { ranges: [(EVE, vec![(1, FLOOD as u64)])].into() }).is_empty());
    for _ in 0..=FRAMES {
        table.frame(bob, Frame::Ping);
    }
    assert_eq!(table.node.members.len(), 1, "frames of any kind count");
}

#[test]
fn one_machine_fills_neither_the_table_nor_the_screens() {
    let mut table = Table::new();
    let mut joined = 0;
    for n in 0..200 {
        let (_, effects) = table.enters(NodeId(1_000 + n), "eve", 1);
        joined += told(&effects).len();
    }
    assert_eq!((joined, table.node.members.len()), (JOINS, JOINS));
    for n in 200..800 {
        table.world.pass(300);
        table.enters(NodeId(1_000 + n), "eve", 1);
    }
    assert_eq!(table.node.members.len(), PEERS_PER_ADDRESS);
    table.enters(NodeId(3), "bob", 2);
    assert_eq!(table.node.members.len(), PEERS_PER_ADDRESS + 1);
    for _ in 0..1_000 {
        table.links += 1;
        table.step(Input::Opened(table.links, key(3), address(3, 1), None));
    }
    assert!(table.node.links.len() <= PEERS_PER_ADDRESS + 1 + LINKS_PER_ADDRESS);
}

#[test]
fn two_are_never_shown_under_one_name() {
    let mut table = pinned(&[("carol", key(1))]);
    let joined = |effects: &[Effect]| told(effects).last().unwrap().clone();
    let ids = [0xaaaa, 0xbbbb, 0xcccc, 0xdddd].map(|n: u128| NodeId(n << 112));
    assert_eq!(joined(&table.enters(ids[0], "bob", 1).1), "bob joined mesh");
    assert_eq!(joined(&table.enters(ids[1], "Bob", 2).1), "Bob#bbbb joined mesh");
    assert_eq!(joined(&table.enters(ids[2], "alice", 3).1), "alice#cccc joined mesh", "our own name");
    let (_, effects) = table.enters(ids[3], "carol", 4);
    assert_eq!(joined(&effects), "carol#dddd joined mesh", "another key than the carol we know");
    let warning = &told(&effects)[0];
    for part in
        ["WARNING", &key(1).fingerprint(), &key(4).fingerprint(), "delete the line of carol in known_peers.toml"]
    {
        assert!(warning.contains(part), "{warning}");
    }
    let answer = |table: &mut Table, line: &str| table.step(Input::Line(line.into()));
    let which = told(&answer(&mut table, "/pm bob hi"));
    assert!(
        which[0].starts_with("ERROR: 400 2 people are called bob; write which one you mean: bob#aaaa ("),
        "{which:?}"
    );
    for (line, link) in [("/pm bob#aaaa hi", 1), ("/pm BOB#bbbb hi", 2), ("/pm carol hi", 4)] {
        assert!(
            matches!(answer(&mut table, line)[..], [Effect::Send(to, Frame::Private { .. })] if to == link),
            "{line}"
        );
    }
    // What somebody else of our name says is never ours.
    assert_eq!(table.says(3, 1, 1), ["alice#cccc: number 1"]);
    let pins = table.enters(NodeId(1), "dave", 5).1;
    assert!(pins.contains(&Effect::Pin(UserName::parse("dave").unwrap(), key(5))));
}

#[test]
fn what_is_only_told_is_never_shown_as_said_by_those_who_are_here() {
    let mut table = Table::new();
    table.enters(NodeId(0xaaaa << 112), "bob", 1);
    let (eve, _) = table.enters(EVE, "eve", 2);
    // Starts that never were, with names and keys that anybody knows.
    for (origin, seat, name) in [(0xaaaa << 112 | 1, 1, "bob"), (0xcccc << 112, 0, "alice")] {
        let origin = NodeId(origin);
        let asked = table.frame(eve, Frame::Have { ranges: [(origin, vec![(1, 1)])].into() });
        assert_eq!(asked, [Effect::Send(eve, Frame::Want { origin, from: 1, to: 1 })]);
        let (at, key) = (table.world.clock().wall.unix_ms, key(seat).to_string());
        let says = vec![Saying { seq: 1, lamport: 5, at, text: "forged".into() }];
        let shown = told(&table.frame(eve, Frame::Past { origin, name: name.into(), key, from: 1, to: 1, says }));
        assert!(shown[0].starts_with(&format!("{name}#")) && !shown[0].starts_with("bob#aaaa:"), "{shown:?}");
    }
}

#[test]
fn a_text_is_clean_and_short_or_nothing() {
    let mut table = Table::new();
    let (link, _) = table.enters(EVE, "eve", 1);
    let long = "x".repeat(2_001);
    let texts = [("a\u{1b}[2Jb\nc", Some("eve: ab c")), ("\u{202e}", None), (&long, None)];
    for (seq, (text, shown)) in (1..).zip(texts) {
        let heard = told(&table.frame(link, Frame::Say { seq, lamport: seq, at: 1, text: text.into() }));
        assert_eq!(heard.first().map(String::as_str), shown);
        let number = seq;
        let heard = told(&table.frame(link, Frame::Private { number, at: 1, text: text.into() }));
        assert_eq!(heard.first().map(|line| line.replace("[PM] ", "")).as_deref(), shown);
    }
    assert_eq!(table.history().len(), 2);
}

#[test]
fn the_higher_id_dials_when_nobody_else_does() {
    let mut world = World::new(2, 11);
    // The one with the lower id cannot dial: it hears nothing.
    let lower = usize::from(world.seats[1].id < world.seats[0].id);
    world.deaf = Some(lower);
    world.pass(PATIENCE_MS - 500);
    assert!(world.wires.is_empty());
    world.pass(3_000);
    assert_eq!(world.wires.len(), 1);
}
