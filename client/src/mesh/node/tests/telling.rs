//! How much of the past is told, in bytes.

use super::table::{Table, eve, me};
use super::world::{World, address, id, key};
use crate::mesh::limits::{FRAMES, JOINS, PAST_BYTES, TOLD_AGAIN, TOLD_PER_SECOND, WANT};
use crate::mesh::node::store::Author;
use crate::mesh::node::{LocalIdentity, Node, NodeEffect, NodeInput};
use crate::mesh::wire::Frame;
use landline_common::UserName;
use std::collections::{BTreeMap, VecDeque};

/// What a member says that is not here.
const LINES: u64 = 2_000;

/// A node that knows what many lines of an author who is gone were.
fn with_history(lines: u64) -> Table {
    let mut table = Table::new();
    let author = Author { name: "bob".into(), key: key(3) };
    for seq in 1..=lines {
        let text = format!("{seq} {}", "x".repeat(200));
        table.node.store.add((seq, id(7, 3)), &author, seq, (1, &text)).expect("it is new");
    }
    table
}

/// Bytes of the past among these effects, as they travel.
fn past(effects: &[NodeEffect]) -> u64 {
    let bytes = |effect: &NodeEffect| match effect {
        NodeEffect::Send(_, frame @ (Frame::Past { .. } | Frame::Have { .. })) => frame.to_bytes().len() as u64,
        _ => 0,
    };
    effects.iter().map(bytes).sum()
}

/// Bytes of all the history.
fn history(table: &mut Table) -> u64 {
    let (link, _) = table.enters(id(8, 9), "carol", 9);
    let mut bytes = 0;
    for from in (1..=LINES).step_by(50) {
        bytes += past(&table.frame(link, Frame::Want { origin: id(7, 3), from, to: from + 49 }));
    }
    bytes
}

/// As many questions as are taken before a member counts as a flooder, for so many seconds.
fn greedy(table: &mut Table, links: &[u64], seconds: u64) -> u64 {
    let mut told = 0;
    for _ in 0..seconds * 4 {
        for link in links {
            for n in 0..FRAMES as u64 / 24 {
                let from = 1 + n * 80 % LINES;
                told += past(&table.frame(*link, Frame::Want { origin: id(7, 3), from, to: from + WANT - 1 }));
            }
        }
        table.world.pass(250);
        told += past(&table.step(NodeInput::Tick));
    }
    told
}

#[test]
fn x6_a_member_is_told_no_more_than_there_is_to_tell() {
    let mut table = with_history(LINES);
    let history = history(&mut table);
    let (link, _) = table.enters(eve(), "eve", 1);
    let told = greedy(&mut table, &[link], 30);
    let most = history + TOLD_AGAIN + 30 * TOLD_PER_SECOND + 2 * PAST_BYTES as u64;
    assert!(told >= history && told <= most, "{told} of {history} bytes were told, {most} at most");
}

#[test]
fn x6_many_members_are_each_told_no_more_than_there_is_to_tell() {
    let mut table = with_history(LINES);
    let history = history(&mut table);
    let links: Vec<u64> = (0..24).map(|n| table.enters(id(100 + n, 1), "eve", 1).0).collect();
    let told = greedy(&mut table, &links, 10);
    let each = history + TOLD_AGAIN + 10 * TOLD_PER_SECOND + 2 * PAST_BYTES as u64;
    assert!(told <= 24 * each, "{told} bytes were told");
}

#[test]
fn x6_coming_back_under_other_ids_and_on_other_links_tells_little_more() {
    let mut table = with_history(LINES);
    let history = history(&mut table);
    let mut told = 0;
    for n in 0..200 {
        // Every second visit is the member before, on another link.
        let (link, effects) = table.enters(id(100 + n / 2, 1), "eve", 1);
        told += past(&effects);
        for from in (1..=LINES).step_by(100) {
            told += past(&table.frame(link, Frame::Want { origin: id(7, 3), from, to: from + 99 }));
        }
        table.step(NodeInput::Lost(link));
        table.world.pass(500);
        told += past(&table.step(NodeInput::Tick));
    }
    // Twenty-four at once, and four more in the 100 s that this takes.
    let most = (JOINS as u64 + 4) * (history + TOLD_AGAIN);
    assert!(told <= most, "{told} bytes, {} histories", told / history);
}

#[test]
fn a_newcomer_is_told_a_long_history_without_a_pause() {
    let mut table = with_history(9_000);
    let name = UserName::parse("zoe").unwrap();
    let me_there = LocalIdentity {
        id: id(9 << 36, 1),
        name,
        key: key(1),
        pins: BTreeMap::new(),
        pins_file: String::new(),
        patience_ms: 0,
    };
    let world = World::new(0, 0);
    let mut late = Node::new(me_there, 2, world.clock());
    let mut to_late: VecDeque<NodeInput> = [NodeInput::Opened(1, key(0), address(0, 1), None)].into();
    let mut to_here: VecDeque<NodeInput> = [NodeInput::Opened(1, key(1), address(1, 1), None)].into();
    // No time passes.
    while !to_late.is_empty() || !to_here.is_empty() {
        let frames = |effects: Vec<NodeEffect>| {
            let frames = effects.into_iter().filter_map(|effect| match effect {
                NodeEffect::Send(1, frame) => Some(NodeInput::Frame(1, frame)),
                _ => None,
            });
            frames.collect::<Vec<_>>()
        };
        if let Some(input) = to_late.pop_front() {
            to_here.extend(frames(late.step(input, world.clock())));
        }
        if let Some(input) = to_here.pop_front() {
            to_late.extend(frames(table.step(input)));
        }
    }
    assert!(late.members.contains_key(&me()));
    assert_eq!(late.store.between(0, u64::MAX).count(), 9_000);
}
