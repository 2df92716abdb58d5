//! Links in pairs, members who lie, and members who flood.

use super::table::{Table, closes, eve, me, told};
use super::world::{World, address, id, key};
use crate::engine::typed::object;
use crate::mesh::hello::Hello;
use crate::mesh::limits::{
    FLOOD, FRAMES, JOINS, LAST_REDIAL_MS, LINES, LINKS_PER_ADDRESS, MESSAGES, PAST_MS, PATIENCE_MS, PEERS_PER_ADDRESS,
    REFUSED_MS, WANT,
};
use crate::mesh::node::ROOM;
use crate::mesh::node::{Dial, NodeEffect, NodeInput};
use crate::mesh::wire::{Frame, Saying};
use landline_common::UserName;

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

#[test]
fn whoever_opens_links_and_is_silent_is_dropped() {
    let mut table = Table::new();
    table.step(NodeInput::Opened(1, key(1), address(1, 1), None));
    table.world.pass(5_000);
    assert!(closes(&table.step(NodeInput::Tick), 1));
    assert!(table.node.links.is_empty());
}

#[test]
fn logical_time_cannot_be_driven_away() {
    let mut table = Table::new();
    let (link, _) = table.enters(eve(), "eve", 1);
    let (most, clock) = ((1 << 40) - 1, table.node.clock);
    assert_eq!(table.says(link, 1, most), ["eve: number 1"]);
    assert_eq!(table.node.clock, clock + 1, "that it was shown is a moment");
    assert_eq!(table.says(link, 2, clock + 1_000_000), ["eve: number 2"]);
    table.step(NodeInput::Line(object("hi", ROOM)));
    assert_eq!(table.node.clock, clock + 1_000_001);
    for (seq, jump) in (3..).zip([1_000_000; 600]) {
        table.says(link, seq, table.node.clock + jump);
        table.world.pass(200);
    }
    let said = table.step(NodeInput::Line(object("still here", ROOM)));
    let Some(NodeEffect::Send(_, Frame::Say { lamport, .. })) = said.last() else { panic!("{said:?}") };
    assert!(*lamport << 24 < 1 << 53, "{lamport}");
    // Who comes later hears them all the same.
    let (mut other, text) = (Table::new(), "still here".to_owned());
    let (link, _) = other.enters(eve(), "eve", 1);
    let heard = other.frame(link, Frame::Say { seq: 1, lamport: *lamport, at: 1, text });
    assert_eq!(told(&heard), ["eve: still here"]);
}

#[test]
fn what_is_learned_late_is_shown_whatever_the_author_s_clock_shows() {
    for ahead in [-3_600_000, 0, 3_600_000] {
        let mut table = Table::new();
        table.wall += ahead;
        let began = table.wall;
        let (bob, _) = table.enters(eve(), "bob", 1);
        table.frame(bob, Frame::Have { ranges: [(eve(), vec![(1, 2)])].into() });
        let say = |seq, at| Saying { seq, lamport: seq, at, text: format!("number {seq}") };
        let says = vec![say(1, began - 60_000), say(2, began + 60_000)];
        let key = key(1).to_string();
        let heard = table.frame(bob, Frame::Past { origin: eve(), name: "bob".into(), key, from: 1, to: 2, says });
        assert_eq!(told(&heard), ["bob: number 2"], "ahead by {ahead} ms");
    }
}

#[test]
fn a_hello_that_was_long_on_its_way_is_no_other_clock() {
    let mut table = Table::new();
    let began = table.wall;
    table.world.pass(2_000);
    let (bob, _) = table.enters(eve(), "bob", 1);
    table.frame(bob, Frame::Have { ranges: [(eve(), vec![(1, 2)])].into() });
    let say = |seq, at| Saying { seq, lamport: seq, at, text: format!("number {seq}") };
    let says = vec![say(1, began - 500), say(2, began + 500)];
    let past = Frame::Past { origin: eve(), name: "bob".into(), key: key(1).to_string(), from: 1, to: 2, says };
    assert_eq!(told(&table.frame(bob, past)), ["bob: number 2"]);
}

#[test]
fn whoever_says_too_much_is_cut_and_whoever_floods_is_refused() {
    let mut table = Table::new();
    let (link, _) = table.enters(eve(), "eve", 1);
    let mut heard = Vec::new();
    for n in 1..=FLOOD as u64 + 1 {
        heard.extend(table.says(link, n, n));
    }
    let said = heard.iter().filter(|line| line.starts_with("eve: ")).count();
    assert_eq!(said, LINES);
    assert!(heard.iter().filter(|line| line.contains("more than anybody can read")).count() == 1);
    assert!(heard.iter().any(|line| line.contains("floods the mesh")), "{:?}", heard.last());
    assert_eq!(table.node.members.len(), 0);
    let (_, effects) = table.enters(id(77, 1), "eve", 1);
    assert!(effects.is_empty(), "the key is refused");
    table.world.pass(REFUSED_MS);
    table.enters(id(78, 1), "eve", 1);
    assert_eq!(table.node.members.len(), 1);
    // What was left out is not asked of others, either.
    let (bob, _) = table.enters(id(7, 2), "bob", 2);
    assert!(table.frame(bob, Frame::Have { ranges: [(eve(), vec![(1, FLOOD as u64)])].into() }).is_empty());
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
        let (_, effects) = table.enters(id(1_000 + n, 1), "eve", 1);
        joined += told(&effects).len();
    }
    assert_eq!((joined, table.node.members.len()), (JOINS, JOINS));
    for n in 200..800 {
        table.world.pass(300);
        table.enters(id(1_000 + n, 1), "eve", 1);
    }
    assert_eq!(table.node.members.len(), PEERS_PER_ADDRESS);
    table.enters(id(3, 2), "bob", 2);
    assert_eq!(table.node.members.len(), PEERS_PER_ADDRESS + 1);
    for _ in 0..1_000 {
        table.links += 1;
        table.step(NodeInput::Opened(table.links, key(3), address(3, 1), None));
    }
    assert!(table.node.links.len() <= PEERS_PER_ADDRESS + 1 + LINKS_PER_ADDRESS);
}

#[test]
fn nobody_is_asked_for_more_of_the_past_than_there_is_room_for() {
    let mut table = Table::new();
    let origin = id(7, 3);
    let have = Frame::Have { ranges: [(origin, vec![(1, 3 * MESSAGES as u64)])].into() };
    let (eve, _) = table.enters(eve(), "eve", 1);
    let (mut effects, mut told) = (table.frame(eve, have.clone()), 0);
    while let Some(NodeEffect::Send(_, Frame::Want { from, to, .. })) = effects.pop() {
        let says: Vec<_> = (from..=to).map(|seq| Saying { seq, lamport: seq, at: 1, text: "told".into() }).collect();
        told += says.len();
        let key = key(3).to_string();
        effects = table.frame(eve, Frame::Past { origin, name: "bob".into(), key, from, to, says });
    }
    assert_eq!(told, MESSAGES);
    let next = MESSAGES as u64 + 1;
    let asks = |effects: &[NodeEffect], link| {
        effects.contains(&NodeEffect::Send(link, Frame::Want { origin, from: next, to: next + WANT - 1 }))
    };
    let (zoe, _) = table.enters(id(8, 2), "zoe", 2);
    assert!(asks(&table.frame(zoe, have), zoe), "others are asked");
    table.step(NodeInput::Lost(zoe));
    assert!(!asks(&table.step(NodeInput::Tick), eve));
    table.world.pass(PAST_MS);
    table.frame(eve, Frame::Ping);
    assert!(asks(&table.step(NodeInput::Tick), eve), "later, so are they");
}

#[test]
fn a_text_is_clean_and_short_or_nothing() {
    let mut table = Table::new();
    let (link, _) = table.enters(eve(), "eve", 1);
    let (long, high) = ("x".repeat(2_001), "x\n".repeat(50) + "x");
    let texts = [("a\u{1b}[2Jb\nc", Some("eve: ab\neve: c")), ("\u{202e}", None), (&long, None), (&high, None)];
    for (seq, (text, shown)) in (1..).zip(texts) {
        let heard = told(&table.frame(link, Frame::Say { seq, lamport: seq, at: 1, text: text.into() }));
        assert_eq!(heard.first().map(String::as_str), shown);
        let number = seq;
        let heard = told(&table.frame(link, Frame::Private { number, at: 1, text: text.into() }));
        assert_eq!(heard.first().map(|line| line.replace("[PM] ", "")).as_deref(), shown);
    }
    assert_eq!(table.history().len(), 2);
}

/// When somebody is dialled in ten minutes whose links come to nothing.
fn dials(table: &mut Table, hello: &Hello, answer: impl Fn(&mut Table, u64)) -> Vec<u64> {
    let mut dials = Vec::new();
    for now in (0..600_000).step_by(250) {
        let mut effects = table.step(NodeInput::Tick);
        if now % 2_000 == 0 {
            effects.extend(table.step(NodeInput::Heard(hello.clone(), address(1, 1))));
        }
        for effect in effects {
            if let NodeEffect::Dial(dial, to) = effect {
                dials.push(now);
                table.links += 1;
                table.step(NodeInput::Opened(table.links, key(1), to, Some(dial)));
                answer(table, table.links);
            }
        }
        table.world.pass(250);
    }
    dials
}

#[test]
fn whoever_ends_every_link_is_dialled_ever_more_rarely() {
    let eve = eve();
    assert!(me() < eve);
    let hello = Hello { id: eve, name: UserName::parse("eve").unwrap(), port: address(1, 1).port() };
    let refuses = |table: &mut Table, link| _ = table.step(NodeInput::Lost(link));
    let is_another = |table: &mut Table, link| {
        let hello = Frame::Hello { id: id(77, 1), name: "bob".into(), clock: 0, dial: 0, top: 0, at: table.wall };
        table.frame(link, hello);
    };
    for (at, answer) in [&refuses as &dyn Fn(&mut Table, u64), &is_another].into_iter().enumerate() {
        let mut table = Table::new();
        let dials = dials(&mut table, &hello, answer);
        assert!((10..30).contains(&dials.len()), "{at}: {dials:?}");
        let pauses: Vec<u64> = dials.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(pauses.is_sorted() && pauses.iter().all(|ms| *ms <= LAST_REDIAL_MS + 250), "{at}: {pauses:?}");
        let (link, _) = table.enters(eve, "eve", 1);
        table.step(NodeInput::Lost(link));
        let again = table.step(NodeInput::Heard(hello.clone(), address(1, 1)));
        assert!(
            again.iter().any(|effect| matches!(effect, NodeEffect::Dial(..))),
            "{at}, after a link, at once: {again:?}"
        );
    }
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
