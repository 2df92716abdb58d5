//! The cost of handling an answer does not grow with the number of messages that its sender has offered.

use super::table::{Table, eve};
use super::world::{id, key};
use crate::mesh::limits::{KNOWN_RANGES, ORIGINS};
use crate::mesh::node::ranges::Ranges;
use crate::mesh::node::store::Author;
use crate::mesh::node::{NodeEffect, NodeInput};
use crate::mesh::wire::Frame;

fn answer_to_request(effects: &[NodeEffect]) -> Option<Frame> {
    effects.iter().find_map(|effect| match effect {
        NodeEffect::Send(_, Frame::Want { origin, from, to }) => {
            let (name, key, says) = (String::new(), String::new(), Vec::new());
            Some(Frame::Past { origin: *origin, name, key, from: *from, to: *to, says })
        }
        _ => None,
    })
}

#[test]
fn cost_of_an_answer_does_not_grow_with_the_offers() {
    let mut table = Table::new();
    let (eve, _) = table.join(eve(), "eve", 1);
    let mut past = None;
    for block in 0..ORIGINS as u64 / 256 {
        let pieces: Vec<_> = (0..8).map(|n| (1 + n * 1_000_000_000, 900_000_000 + n * 1_000_000_000)).collect();
        let ranges = (0..256).map(|n| (id(1_000 + block * 256 + n, 3), pieces.clone())).collect();
        past = past.or(answer_to_request(&table.receive(eve, Frame::Have { ranges })));
    }
    assert_eq!(table.node.members.values().next().unwrap().offers.len(), ORIGINS);
    let before = table.node.store.lookups.get();
    for _ in 0..1_000 {
        past = answer_to_request(&table.receive(eve, past.unwrap()));
    }
    assert!(past.is_some());
    assert_eq!(table.node.store.lookups.get() - before, 1_000);
}

#[test]
fn offers_that_became_known_are_looked_up_once() {
    let mut table = Table::new();
    let (eve, _) = table.join(eve(), "eve", 1);
    let mut past = None;
    let origins = |block: u64| (0..256).map(move |n| id(1_000 + block * 256 + n, 3));
    for block in 0..ORIGINS as u64 / 256 {
        let ranges = origins(block).map(|origin| (origin, vec![(1, 1)])).collect();
        past = past.or(answer_to_request(&table.receive(eve, Frame::Have { ranges })));
    }
    let author = Author { name: "bob".into(), key: key(3) };
    for origin in (0..ORIGINS as u64 / 256).flat_map(origins) {
        table.node.store.decline(origin, &author, 1);
    }
    let before = table.node.store.lookups.get();
    assert_eq!(answer_to_request(&table.receive(eve, past.unwrap())), None);
    table.step(NodeInput::Tick);
    assert!(table.node.store.lookups.get() - before <= ORIGINS);
    assert!(table.node.members.values().all(|member| member.offers.is_empty()));
}

#[test]
fn gaps_in_an_authors_numbers_are_bounded() {
    let mut table = Table::new();
    let (link, _) = table.join(eve(), "eve", 1);
    for n in 1..=2_000 {
        table.world.advance(200);
        table.receive_say(link, 3 * n, n);
    }
    let mut all = Ranges::default();
    all.add(1, 6_001);
    let pieces = table.node.store.missing(eve(), &all).iter().count();
    assert!(pieces == KNOWN_RANGES + 1, "{pieces}");
    assert!(table.node.store.is_from_author(eve(), 4) && !table.node.store.is_from_author(eve(), 6_001));
}
