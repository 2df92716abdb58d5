//! What an answer costs does not grow with what its sender offered before.

use super::table::{Table, eve};
use super::world::{id, key};
use crate::mesh::limits::{GAPS, ORIGINS};
use crate::mesh::node::ranges::Ranges;
use crate::mesh::node::store::Author;
use crate::mesh::node::{NodeEffect, NodeInput};
use crate::mesh::wire::Frame;

fn asked(effects: &[NodeEffect]) -> Option<Frame> {
    effects.iter().find_map(|effect| match effect {
        NodeEffect::Send(_, Frame::Want { origin, from, to }) => {
            let (name, key, says) = (String::new(), String::new(), Vec::new());
            Some(Frame::Past { origin: *origin, name, key, from: *from, to: *to, says })
        }
        _ => None,
    })
}

#[test]
fn an_answer_costs_the_same_however_much_was_offered() {
    let mut table = Table::new();
    let (eve, _) = table.enters(eve(), "eve", 1);
    let mut past = None;
    for block in 0..ORIGINS as u64 / 256 {
        let pieces: Vec<_> = (0..8).map(|n| (1 + n * 1_000_000_000, 900_000_000 + n * 1_000_000_000)).collect();
        let ranges = (0..256).map(|n| (id(1_000 + block * 256 + n, 3), pieces.clone())).collect();
        past = past.or(asked(&table.frame(eve, Frame::Have { ranges })));
    }
    assert_eq!(table.node.members.values().next().unwrap().offers.len(), ORIGINS);
    let before = table.node.store.looked.get();
    for _ in 0..1_000 {
        past = asked(&table.frame(eve, past.unwrap()));
    }
    assert!(past.is_some());
    assert_eq!(table.node.store.looked.get() - before, 1_000);
}

#[test]
fn what_others_told_meanwhile_is_looked_up_once() {
    let mut table = Table::new();
    let (eve, _) = table.enters(eve(), "eve", 1);
    let mut past = None;
    let origins = |block: u64| (0..256).map(move |n| id(1_000 + block * 256 + n, 3));
    for block in 0..ORIGINS as u64 / 256 {
        let ranges = origins(block).map(|origin| (origin, vec![(1, 1)])).collect();
        past = past.or(asked(&table.frame(eve, Frame::Have { ranges })));
    }
    let author = Author { name: "bob".into(), key: key(3) };
    for origin in (0..ORIGINS as u64 / 256).flat_map(origins) {
        table.node.store.decline(origin, &author, 1);
    }
    let before = table.node.store.looked.get();
    assert_eq!(asked(&table.frame(eve, past.unwrap())), None);
    table.step(NodeInput::Tick);
    assert!(table.node.store.looked.get() - before <= ORIGINS);
    assert!(table.node.members.values().all(|member| member.offers.is_empty()));
}

#[test]
fn whoever_leaves_gaps_does_not_make_many_pieces() {
    let mut table = Table::new();
    let (link, _) = table.enters(eve(), "eve", 1);
    for n in 1..=2_000 {
        table.world.pass(200);
        table.says(link, 3 * n, n);
    }
    let mut all = Ranges::default();
    all.add(1, 6_001);
    let pieces = table.node.store.missing(eve(), &all).iter().count();
    assert!(pieces == GAPS + 1, "{pieces}");
    assert!(table.node.store.said(eve(), 4) && !table.node.store.said(eve(), 6_001));
}
