//! Limits for the history that is sent to other members.

use super::table::{Table, eve, me};
use super::world::{World, address, id, key};
use crate::mesh::limits::{
    FLOOD_FRAMES, HISTORY_BYTES_PER_SECOND, HISTORY_EXTRA_BYTES, HISTORY_FRAME_BYTES, JOINS, MESSAGES_PER_REQUEST,
};
use crate::mesh::node::store::Author;
use crate::mesh::node::{LocalIdentity, Node, NodeEffect, NodeInput};
use crate::mesh::wire::{Frame, Saying};
use landline_common::UserName;
use std::collections::{BTreeMap, VecDeque};

/// Number of messages in the history.
const LINES: u64 = 2_000;

/// Returns a node with this many messages of an author that is gone.
fn with_history(lines: u64) -> Table {
    let mut table = Table::new();
    let author = Author { name: "bob".into(), key: key(3) };
    for seq in 1..=lines {
        let text = format!("{seq} {}", "x".repeat(200));
        let saying = Saying { seq, lamport: seq, at: 1, text };
        table.node.store.add(id(7, 3), &author, &saying).expect("a new message");
    }
    table
}

/// Returns the bytes of history frames among these effects.
fn history_bytes(effects: &[NodeEffect]) -> u64 {
    let bytes = |effect: &NodeEffect| match effect {
        NodeEffect::Send(_, frame @ (Frame::Past { .. } | Frame::Have { .. })) => frame.to_bytes().len() as u64,
        _ => 0,
    };
    effects.iter().map(bytes).sum()
}

/// Returns the bytes of the whole history in frames.
fn whole_history(table: &mut Table) -> u64 {
    let (link, _) = table.join(id(8, 9), "carol", 9);
    let mut bytes = 0;
    for from in (1..=LINES).step_by(50) {
        bytes += history_bytes(&table.receive(link, Frame::Want { origin: id(7, 3), from, to: from + 49 }));
    }
    bytes
}

/// Sends as many requests as possible without counting as a flooder, for this many seconds. Returns the bytes of the
/// answers.
fn request_greedily(table: &mut Table, links: &[u64], seconds: u64) -> u64 {
    let mut received = 0;
    for _ in 0..seconds * 4 {
        for link in links {
            for n in 0..FLOOD_FRAMES as u64 / 24 {
                let from = 1 + n * 80 % LINES;
                received += history_bytes(
                    &table.receive(*link, Frame::Want { origin: id(7, 3), from, to: from + MESSAGES_PER_REQUEST - 1 }),
                );
            }
        }
        table.world.advance(250);
        received += history_bytes(&table.step(NodeInput::Tick));
    }
    received
}

#[test]
fn x6_member_is_sent_the_history_at_most_once() {
    let mut table = with_history(LINES);
    let history = whole_history(&mut table);
    let (link, _) = table.join(eve(), "eve", 1);
    let received = request_greedily(&mut table, &[link], 30);
    let max = history + HISTORY_EXTRA_BYTES + 30 * HISTORY_BYTES_PER_SECOND + 2 * HISTORY_FRAME_BYTES as u64;
    assert!(received >= history && received <= max, "{received} of {history} bytes were sent, {max} at most");
}

#[test]
fn x6_each_of_many_members_is_sent_the_history_at_most_once() {
    let mut table = with_history(LINES);
    let history = whole_history(&mut table);
    let links: Vec<u64> = (0..24).map(|n| table.join(id(100 + n, 1), "eve", 1).0).collect();
    let received = request_greedily(&mut table, &links, 10);
    let each = history + HISTORY_EXTRA_BYTES + 10 * HISTORY_BYTES_PER_SECOND + 2 * HISTORY_FRAME_BYTES as u64;
    assert!(received <= 24 * each, "{received} bytes were sent");
}

#[test]
fn x6_rejoining_with_new_ids_and_links_yields_little_more() {
    let mut table = with_history(LINES);
    let history = whole_history(&mut table);
    let mut received = 0;
    for n in 0..200 {
        // Each id joins twice, over two links.
        let (link, effects) = table.join(id(100 + n / 2, 1), "eve", 1);
        received += history_bytes(&effects);
        for from in (1..=LINES).step_by(100) {
            received += history_bytes(&table.receive(link, Frame::Want { origin: id(7, 3), from, to: from + 99 }));
        }
        table.step(NodeInput::LinkLost(link));
        table.world.advance(500);
        received += history_bytes(&table.step(NodeInput::Tick));
    }
    // 24 at once, and 4 more in the 100 s that this takes.
    let max = (JOINS as u64 + 4) * (history + HISTORY_EXTRA_BYTES);
    assert!(received <= max, "{received} bytes, {} histories", received / history);
}

#[test]
fn newcomer_receives_a_long_history_without_a_pause() {
    let mut table = with_history(9_000);
    let name = UserName::parse("zoe").unwrap();
    let me_there = LocalIdentity {
        id: id(9 << 36, 1),
        name,
        key: key(1),
        pins: BTreeMap::new(),
        pins_file: String::new(),
        wait_for_members_ms: 0,
    };
    let world = World::new(0, 0);
    let mut late = Node::new(me_there, 2, world.clock());
    let mut to_late: VecDeque<NodeInput> = [NodeInput::LinkOpened(1, key(0), address(0, 1), None)].into();
    let mut to_here: VecDeque<NodeInput> = [NodeInput::LinkOpened(1, key(1), address(1, 1), None)].into();
    // The clock stands still.
    while !to_late.is_empty() || !to_here.is_empty() {
        let frames = |effects: Vec<NodeEffect>| {
            let frames = effects.into_iter().filter_map(|effect| match effect {
                NodeEffect::Send(1, frame) => Some(NodeInput::FrameReceived(1, frame)),
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
