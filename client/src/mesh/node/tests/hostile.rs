//! Duplicate links, and members that lie or flood.

use super::table::{Table, displayed, eve, is_closed, me};
use super::world::{World, address, id, key};
use crate::engine::typed::object;
use crate::mesh::hello::Hello;
use crate::mesh::limits::{
    DIAL_WAIT_MS, FLOOD_FRAMES, FLOOD_LINES, HISTORY_PERIOD_MS, JOINS, LINES, LINKS_PER_ADDRESS, MAX_REDIAL_MS,
    MESSAGES, MESSAGES_PER_REQUEST, PEERS_PER_ADDRESS, REFUSED_MS,
};
use crate::mesh::node::ROOM;
use crate::mesh::node::{Dial, NodeEffect, NodeInput};
use crate::mesh::wire::{Frame, Saying};
use landline_common::UserName;

#[test]
fn both_sides_keep_the_same_of_two_links() {
    for seed in 0..200 {
        let mut world = World::new(2, seed);
        // Cut off the hellos, and make both sides dial, perhaps twice.
        world.cut.insert((0, 1));
        world.advance(1);
        world.cut.clear();
        let again = (2, usize::from(seed % 3 == 0));
        for (number, from) in [(1, 0), (1, 1), again].into_iter().take(if seed % 2 == 0 { 2 } else { 3 }) {
            let to = 1 - from;
            let (id, starts) = (world.hosts[to].id, world.hosts[to].starts);
            world.dial(from, Dial { id, number }, address(to, starts));
        }
        world.advance(1_000);
        assert_eq!(world.wires.len(), 1, "seed {seed}");
        for host in &world.hosts {
            assert_eq!((host.node.as_ref().unwrap().links.len(), host.events.len()), (1, 1), "seed {seed}");
        }
    }
}

#[test]
fn link_without_a_hello_is_closed() {
    let mut table = Table::new();
    table.step(NodeInput::LinkOpened(1, key(1), address(1, 1), None));
    table.world.advance(5_000);
    assert!(is_closed(&table.step(NodeInput::Tick), 1));
    assert!(table.node.links.is_empty());
}

#[test]
fn no_member_drives_logical_time_to_its_maximum() {
    let mut table = Table::new();
    let (link, _) = table.join(eve(), "eve", 1);
    let (most, clock) = ((1 << 40) - 1, table.node.clock);
    assert_eq!(table.receive_say(link, 1, most), ["eve: number 1"]);
    assert_eq!(table.node.clock, clock + 1, "a shown message advances the clock by one");
    assert_eq!(table.receive_say(link, 2, clock + 1_000_000), ["eve: number 2"]);
    table.step(NodeInput::LineTyped(object("hi", ROOM)));
    assert_eq!(table.node.clock, clock + 1_000_001);
    for (seq, jump) in (3..).zip([1_000_000; 600]) {
        table.receive_say(link, seq, table.node.clock + jump);
        table.world.advance(200);
    }
    let said = table.step(NodeInput::LineTyped(object("still here", ROOM)));
    let Some(NodeEffect::Send(_, Frame::Say { lamport, .. })) = said.last() else { panic!("{said:?}") };
    assert!(*lamport << 24 < 1 << 53, "{lamport}");
    // A newcomer receives the message all the same.
    let (mut other, text) = (Table::new(), "still here".to_owned());
    let (link, _) = other.join(eve(), "eve", 1);
    let heard = other.receive(link, Frame::Say { seq: 1, lamport: *lamport, at: 1, text });
    assert_eq!(displayed(&heard), ["eve: still here"]);
}

#[test]
fn missed_message_is_shown_whatever_the_authors_clock() {
    for ahead in [-3_600_000, 0, 3_600_000] {
        let mut table = Table::new();
        table.wall += ahead;
        let began = table.wall;
        let (bob, _) = table.join(eve(), "bob", 1);
        table.receive(bob, Frame::Have { ranges: [(eve(), vec![(1, 2)])].into() });
        let say = |seq, at| Saying { seq, lamport: seq, at, text: format!("number {seq}") };
        let says = vec![say(1, began - 60_000), say(2, began + 60_000)];
        let key = key(1).to_string();
        let heard = table.receive(bob, Frame::Past { origin: eve(), name: "bob".into(), key, from: 1, to: 2, says });
        assert_eq!(displayed(&heard), ["bob: number 2"], "ahead by {ahead} ms");
    }
}

#[test]
fn slow_hello_does_not_count_as_another_clock() {
    let mut table = Table::new();
    let began = table.wall;
    table.world.advance(2_000);
    let (bob, _) = table.join(eve(), "bob", 1);
    table.receive(bob, Frame::Have { ranges: [(eve(), vec![(1, 2)])].into() });
    let say = |seq, at| Saying { seq, lamport: seq, at, text: format!("number {seq}") };
    let says = vec![say(1, began - 500), say(2, began + 500)];
    let past = Frame::Past { origin: eve(), name: "bob".into(), key: key(1).to_string(), from: 1, to: 2, says };
    assert_eq!(displayed(&table.receive(bob, past)), ["bob: number 2"]);
}

#[test]
fn lines_above_the_rate_are_dropped_and_a_flooder_is_refused() {
    let mut table = Table::new();
    let (link, _) = table.join(eve(), "eve", 1);
    let mut heard = Vec::new();
    for n in 1..=FLOOD_LINES as u64 + 1 {
        heard.extend(table.receive_say(link, n, n));
    }
    let said = heard.iter().filter(|line| line.starts_with("eve: ")).count();
    assert_eq!(said, LINES);
    assert!(heard.iter().filter(|line| line.contains("eve sends too much")).count() == 1);
    assert!(heard.iter().any(|line| line.contains("floods the mesh")), "{:?}", heard.last());
    assert_eq!(table.node.members.len(), 0);
    let (_, effects) = table.join(id(77, 1), "eve", 1);
    assert!(effects.is_empty(), "the key is refused");
    table.world.advance(REFUSED_MS);
    table.join(id(78, 1), "eve", 1);
    assert_eq!(table.node.members.len(), 1);
    // Dropped lines are not requested from other members.
    let (bob, _) = table.join(id(7, 2), "bob", 2);
    assert!(table.receive(bob, Frame::Have { ranges: [(eve(), vec![(1, FLOOD_LINES as u64)])].into() }).is_empty());
    for _ in 0..=FLOOD_FRAMES {
        table.receive(bob, Frame::Ping);
    }
    assert_eq!(table.node.members.len(), 1, "frames of any kind count");
}

#[test]
fn one_address_fills_neither_the_member_table_nor_the_screen() {
    let mut table = Table::new();
    let mut joined = 0;
    for n in 0..200 {
        let (_, effects) = table.join(id(1_000 + n, 1), "eve", 1);
        joined += displayed(&effects).len();
    }
    assert_eq!((joined, table.node.members.len()), (JOINS, JOINS));
    for n in 200..800 {
        table.world.advance(300);
        table.join(id(1_000 + n, 1), "eve", 1);
    }
    assert_eq!(table.node.members.len(), PEERS_PER_ADDRESS);
    table.join(id(3, 2), "bob", 2);
    assert_eq!(table.node.members.len(), PEERS_PER_ADDRESS + 1);
    for _ in 0..1_000 {
        table.links += 1;
        table.step(NodeInput::LinkOpened(table.links, key(3), address(3, 1), None));
    }
    assert!(table.node.links.len() <= PEERS_PER_ADDRESS + 1 + LINKS_PER_ADDRESS);
}

#[test]
fn no_member_is_asked_for_more_history_than_the_store_holds() {
    let mut table = Table::new();
    let origin = id(7, 3);
    let have = Frame::Have { ranges: [(origin, vec![(1, 3 * MESSAGES as u64)])].into() };
    let (eve, _) = table.join(eve(), "eve", 1);
    let mut effects = table.receive(eve, have.clone());
    let mut received = 0;
    while let Some(NodeEffect::Send(_, Frame::Want { from, to, .. })) = effects.pop() {
        let says: Vec<_> = (from..=to).map(|seq| Saying { seq, lamport: seq, at: 1, text: "told".into() }).collect();
        received += says.len();
        let key = key(3).to_string();
        effects = table.receive(eve, Frame::Past { origin, name: "bob".into(), key, from, to, says });
    }
    assert_eq!(received, MESSAGES);
    let next = MESSAGES as u64 + 1;
    let asks = |effects: &[NodeEffect], link| {
        effects
            .contains(&NodeEffect::Send(link, Frame::Want { origin, from: next, to: next + MESSAGES_PER_REQUEST - 1 }))
    };
    let (zoe, _) = table.join(id(8, 2), "zoe", 2);
    assert!(asks(&table.receive(zoe, have), zoe), "other members are asked");
    table.step(NodeInput::LinkLost(zoe));
    assert!(!asks(&table.step(NodeInput::Tick), eve));
    table.world.advance(HISTORY_PERIOD_MS);
    table.receive(eve, Frame::Ping);
    assert!(asks(&table.step(NodeInput::Tick), eve), "the first member is asked again later");
}

#[test]
fn texts_are_cleaned_and_too_long_ones_dropped() {
    let mut table = Table::new();
    let (link, _) = table.join(eve(), "eve", 1);
    let (long, high) = ("x".repeat(2_001), "x\n".repeat(50) + "x");
    let texts = [("a\u{1b}[2Jb\nc", Some("eve: ab\neve: c")), ("\u{202e}", None), (&long, None), (&high, None)];
    for (seq, (text, shown)) in (1..).zip(texts) {
        let heard = displayed(&table.receive(link, Frame::Say { seq, lamport: seq, at: 1, text: text.into() }));
        assert_eq!(heard.first().map(String::as_str), shown);
        let number = seq;
        let heard = displayed(&table.receive(link, Frame::Private { number, at: 1, text: text.into() }));
        assert_eq!(heard.first().map(|line| line.replace("[PM] ", "")).as_deref(), shown);
    }
    assert_eq!(table.history().len(), 2);
}

/// Answers each dial of ten minutes by a link that `answer` spoils. Returns the times of the dials.
fn dials(table: &mut Table, hello: &Hello, answer: impl Fn(&mut Table, u64)) -> Vec<u64> {
    let mut dials = Vec::new();
    for now in (0..600_000).step_by(250) {
        let mut effects = table.step(NodeInput::Tick);
        if now % 2_000 == 0 {
            effects.extend(table.step(NodeInput::HelloReceived(hello.clone(), address(1, 1))));
        }
        for effect in effects {
            if let NodeEffect::Dial(dial, to) = effect {
                dials.push(now);
                table.links += 1;
                table.step(NodeInput::LinkOpened(table.links, key(1), to, Some(dial)));
                answer(table, table.links);
            }
        }
        table.world.advance(250);
    }
    dials
}

#[test]
fn member_that_closes_every_link_is_dialed_ever_more_rarely() {
    let eve = eve();
    assert!(me() < eve);
    let hello = Hello { id: eve, name: UserName::parse("eve").unwrap(), port: address(1, 1).port() };
    let refuses = |table: &mut Table, link| _ = table.step(NodeInput::LinkLost(link));
    let is_another = |table: &mut Table, link| {
        let hello = Frame::Hello { id: id(77, 1), name: "bob".into(), clock: 0, dial: 0, top: 0, at: table.wall };
        table.receive(link, hello);
    };
    for (at, answer) in [&refuses as &dyn Fn(&mut Table, u64), &is_another].into_iter().enumerate() {
        let mut table = Table::new();
        let dials = dials(&mut table, &hello, answer);
        assert!((10..30).contains(&dials.len()), "{at}: {dials:?}");
        let pauses: Vec<u64> = dials.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(pauses.is_sorted() && pauses.iter().all(|ms| *ms <= MAX_REDIAL_MS + 250), "{at}: {pauses:?}");
        let (link, _) = table.join(eve, "eve", 1);
        table.step(NodeInput::LinkLost(link));
        let again = table.step(NodeInput::HelloReceived(hello.clone(), address(1, 1)));
        assert!(
            again.iter().any(|effect| matches!(effect, NodeEffect::Dial(..))),
            "{at}, after a link, at once: {again:?}"
        );
    }
}

#[test]
fn higher_id_dials_if_the_lower_one_does_not() {
    let mut world = World::new(2, 11);
    // The member with the lower id cannot dial, since it receives no hellos.
    let lower = usize::from(world.hosts[1].id < world.hosts[0].id);
    world.deaf = Some(lower);
    world.advance(DIAL_WAIT_MS - 500);
    assert!(world.wires.is_empty());
    world.advance(3_000);
    assert_eq!(world.wires.len(), 1);
}
