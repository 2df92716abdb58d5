//! Nobody keeps others from being heard, or from being kept.

use super::table::{Table, eve, told};
use super::world::{id, key};
use crate::engine::typed::object;
use crate::mesh::id::NodeId;
use crate::mesh::limits::{AHEAD, LINES, MESSAGES};
use crate::mesh::node::ROOM;
use crate::mesh::node::{Node, NodeEffect, NodeInput};
use crate::mesh::wire::{Frame, Saying};

/// Tells messages of invented authors (those of seat 3), so many of each, with logical times from there on, until
/// nothing more is asked for; how many were told.
fn forge(table: &mut Table, link: u64, origins: &[NodeId], each: usize, from: u64) -> usize {
    let last = u64::try_from(each).unwrap();
    let ranges = origins.iter().map(|origin| (*origin, vec![(1, last)])).collect();
    let (mut effects, mut forged) = (table.frame(link, Frame::Have { ranges }), 0);
    while let Some(NodeEffect::Send(_, Frame::Want { origin, from: first, to })) = effects.pop() {
        let say = |seq| Saying { seq, lamport: from + seq, at: 1, text: "forged".into() };
        let says: Vec<_> = (first..=to).map(say).collect();
        forged += says.len();
        let past = Frame::Past { origin, name: "bob".into(), key: key(3).to_string(), from: first, to, says };
        effects = table.frame(link, past);
    }
    forged
}

fn say(seq: u64, lamport: u64, text: &str) -> Frame {
    Frame::Say { seq, lamport, at: 1, text: text.into() }
}

fn kept(node: &Node, part: &str) -> usize {
    node.store.between(0, u64::MAX).filter(|(_, message)| message.text.contains(part)).count()
}

/// Zoe and we speak; both are shown and kept, and each own line comes after everything that was kept before.
fn all_is_well(table: &mut Table, zoe: u64) {
    let clock = table.node.clock;
    for n in 1..=20 {
        table.world.pass(6_000);
        let heard = table.frame(zoe, say(1 + n, clock + 2 * n, &format!("zoe's {n}")));
        assert_eq!(told(&heard), [format!("zoe: zoe's {n}")]);
        let own = table.step(NodeInput::Line(object(&format!("own {n}"), ROOM)));
        assert_eq!(told(&own), [format!("alice: own {n}")]);
    }
    for (part, count) in [("before", 1), ("zoe's", 20), ("own", 20)] {
        assert_eq!(kept(&table.node, part), count, "{part}");
    }
}

#[test]
fn an_invented_past_silences_nobody() {
    for (authors, each) in [(1, MESSAGES), (2_000, 5)] {
        for ahead in [0, 1_000_000] {
            let mut table = Table::new();
            let (zoe, _) = table.enters(id(8, 2), "zoe", 2);
            table.frame(zoe, say(1, 1, "before"));
            let (eve, _) = table.enters(eve(), "eve", 1);
            let origins: Vec<_> = (0..authors).map(|n| id(1_000 + n, 3)).collect();
            let horizon = table.node.horizon();
            let last = horizon + ahead - MESSAGES as u64;
            assert_eq!(forge(&mut table, eve, &origins, each, last), MESSAGES);
            assert_eq!(kept(&table.node, "forged"), if ahead == 0 { MESSAGES - 1 } else { 0 });
            all_is_well(&mut table, zoe);
        }
    }
}

#[test]
fn whoever_is_at_many_places_of_one_address_takes_the_room_of_one() {
    let mut table = Table::new();
    let (zoe, _) = table.enters(id(8, 2), "zoe", 2);
    table.frame(zoe, say(1, 1, "before"));
    let mut eves = Vec::new();
    for n in 0..40 {
        table.world.pass(300);
        eves.push(table.enters(id(1_000 + n, 1), "eve", 1).0);
    }
    for seq in 1..=300 {
        for eve in &eves {
            table.world.pass(20);
            table.frame(*eve, say(seq, 1_000 + seq, "spam"));
        }
    }
    assert_eq!(kept(&table.node, "spam"), MESSAGES - 1);
    for n in 2..=1_000 {
        table.world.pass(300);
        table.frame(zoe, say(n, 1_400 + n, "zoe's"));
    }
    assert_eq!((kept(&table.node, "zoe's"), kept(&table.node, "before")), (999, 1));
}

#[test]
fn nothing_is_said_from_a_time_that_is_far_off() {
    let mut table = Table::new();
    let (eve, _) = table.enters(eve(), "eve", 1);
    let (zoe, _) = table.enters(id(8, 2), "zoe", 2);
    let ids = |effects: &[NodeEffect]| -> Vec<u64> {
        let said = |effect: &NodeEffect| match effect {
            NodeEffect::Tell(event) => match event.what {
                landline_common::EventKind::Said { id, .. } => Some(id),
                _ => None,
            },
            _ => None,
        };
        effects.iter().filter_map(said).collect()
    };
    let (far, mut last) = ((1 << 40) - 1, 0);
    for round in 0..4 {
        for n in 1..=LINES as u64 / 2 {
            let seq = round * LINES as u64 + n;
            let heard = table.frame(eve, say(seq, far - 1_000 + seq, "far off"));
            assert_eq!(told(&heard).len(), 1, "it is shown where it was heard");
            assert!(table.frame(eve, say(seq, far - 1_000 + seq, "far off")).is_empty(), "once");
            // Who has a wrong clock is heard all the same.
            let heard = [ids(&heard), ids(&table.step(NodeInput::Line(object("own", ROOM))))].concat();
            assert!(last < heard[0] && heard[0] < heard[1], "{heard:?}");
            last = heard[1];
        }
        // The same where time is driven to its end.
        table.frame(zoe, say(round + 1, table.node.horizon(), "near"));
        table.world.pass(6_000);
    }
    assert!(table.node.clock <= table.node.horizon() + AHEAD);
    assert_eq!((kept(&table.node, "far off"), kept(&table.node, "near")), (0, 4));
    table.step(NodeInput::Tick);
    let latest = table.node.horizon() + AHEAD;
    table.frame(zoe, say(5, latest, "near"));
    table.frame(zoe, say(6, latest + 1, "near"));
    assert_eq!(kept(&table.node, "near"), 5);
}

#[test]
fn what_others_told_of_an_author_never_keeps_the_author_s_own_words_out() {
    let author = id(8, 2);
    // Eve is asked before zoe's link has come.
    for (seq, before, shown) in [(1 << 39, 0, 2), (2, 0, 2), (1, 0, 2), (1, 1, 1)] {
        let mut table = Table::new();
        let (eve, _) = table.enters(eve(), "eve", 1);
        table.frame(eve, Frame::Have { ranges: [(author, vec![(seq, seq)])].into() });
        let (text, lamport) = [("forged", 500), ("zoe's 1", 1_000)][before];
        let says = vec![Saying { seq, lamport, at: 1, text: text.into() }];
        let (name, key) = ("zoe".into(), key(2).to_string());
        table.frame(eve, Frame::Past { origin: author, name, key, from: seq, to: seq, says });
        assert_eq!(kept(&table.node, text), 1);
        let (zoe, _) = table.enters(author, "zoe", 2);
        let heard = [1, 2].map(|n| told(&table.frame(zoe, say(n, 999 + n, &format!("zoe's {n}")))).len());
        assert_eq!((heard.iter().sum::<usize>(), heard[1]), (shown, 1), "{seq}: nothing is shown twice");
        assert_eq!((kept(&table.node, "forged"), kept(&table.node, "zoe's")), (0, 2), "{seq}");
        // Once they have said it, it stays.
        assert!(told(&table.frame(zoe, say(2, 1_001, "other"))).is_empty());
        assert!(told(&table.frame(zoe, say(3, 1_001, "not later"))).is_empty());
        assert_eq!(kept(&table.node, "zoe's"), 2);
    }
}
