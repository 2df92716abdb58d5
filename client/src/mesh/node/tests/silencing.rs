//! Members that try to keep the messages of others from being shown or stored.

use super::table::{Table, displayed, eve};
use super::world::{id, key};
use crate::engine::typed::object;
use crate::mesh::id::NodeId;
use crate::mesh::limits::{LAMPORT_TOLERANCE, LINES, MESSAGES};
use crate::mesh::node::ROOM;
use crate::mesh::node::{Node, NodeEffect, NodeInput};
use crate::mesh::wire::{Frame, Saying};

/// Sends `each` messages of each invented author (with the key of host 3), with logical times after `from`, as long as
/// they are requested. Returns their number.
fn forge(table: &mut Table, link: u64, origins: &[NodeId], each: usize, from: u64) -> usize {
    let last = u64::try_from(each).unwrap();
    let ranges = origins.iter().map(|origin| (*origin, vec![(1, last)])).collect();
    let (mut effects, mut forged) = (table.receive(link, Frame::Have { ranges }), 0);
    while let Some(NodeEffect::Send(_, Frame::Want { origin, from: first, to })) = effects.pop() {
        let say = |seq| Saying { seq, lamport: from + seq, at: 1, text: "forged".into() };
        let says: Vec<_> = (first..=to).map(say).collect();
        forged += says.len();
        let past = Frame::Past { origin, name: "bob".into(), key: key(3).to_string(), from: first, to, says };
        effects = table.receive(link, past);
    }
    forged
}

fn say(seq: u64, lamport: u64, text: &str) -> Frame {
    Frame::Say { seq, lamport, at: 1, text: text.into() }
}

fn count_stored(node: &Node, part: &str) -> usize {
    node.store.between(0, u64::MAX).filter(|(_, message)| message.text.contains(part)).count()
}

/// Lets zoe and the local user talk. Checks that all messages are shown and stored, each after those before it.
fn check_talk(table: &mut Table, zoe: u64) {
    let clock = table.node.clock;
    for n in 1..=20 {
        table.world.advance(6_000);
        let heard = table.receive(zoe, say(1 + n, clock + 2 * n, &format!("zoe's {n}")));
        assert_eq!(displayed(&heard), [format!("zoe: zoe's {n}")]);
        let own = table.step(NodeInput::LineTyped(object(&format!("own {n}"), ROOM)));
        assert_eq!(displayed(&own), [format!("alice: own {n}")]);
    }
    for (part, count) in [("before", 1), ("zoe's", 20), ("own", 20)] {
        assert_eq!(count_stored(&table.node, part), count, "{part}");
    }
}

#[test]
fn invented_history_does_not_displace_talk() {
    for (authors, each) in [(1, MESSAGES), (2_000, 5)] {
        for ahead in [0, 1_000_000] {
            let mut table = Table::new();
            let (zoe, _) = table.join(id(8, 2), "zoe", 2);
            table.receive(zoe, say(1, 1, "before"));
            let (eve, _) = table.join(eve(), "eve", 1);
            let origins: Vec<_> = (0..authors).map(|n| id(1_000 + n, 3)).collect();
            let horizon = table.node.max_lamport();
            let last = horizon + ahead - MESSAGES as u64;
            assert_eq!(forge(&mut table, eve, &origins, each, last), MESSAGES);
            assert_eq!(count_stored(&table.node, "forged"), if ahead == 0 { MESSAGES - 1 } else { 0 });
            check_talk(&mut table, zoe);
        }
    }
}

#[test]
fn members_at_one_address_share_its_space() {
    let mut table = Table::new();
    let (zoe, _) = table.join(id(8, 2), "zoe", 2);
    table.receive(zoe, say(1, 1, "before"));
    let mut eves = Vec::new();
    for n in 0..40 {
        table.world.advance(300);
        eves.push(table.join(id(1_000 + n, 1), "eve", 1).0);
    }
    for seq in 1..=300 {
        for eve in &eves {
            table.world.advance(20);
            table.receive(*eve, say(seq, 1_000 + seq, "spam"));
        }
    }
    assert_eq!(count_stored(&table.node, "spam"), MESSAGES - 1);
    for n in 2..=1_000 {
        table.world.advance(300);
        table.receive(zoe, say(n, 1_400 + n, "zoe's"));
    }
    assert_eq!((count_stored(&table.node, "zoe's"), count_stored(&table.node, "before")), (999, 1));
}

#[test]
fn messages_from_the_far_future_are_shown_but_not_stored() {
    let mut table = Table::new();
    let (eve, _) = table.join(eve(), "eve", 1);
    let (zoe, _) = table.join(id(8, 2), "zoe", 2);
    let ids = |effects: &[NodeEffect]| -> Vec<u64> {
        let said = |effect: &NodeEffect| match effect {
            NodeEffect::Emit(event) => match event.what {
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
            let heard = table.receive(eve, say(seq, far - 1_000 + seq, "far off"));
            assert_eq!(displayed(&heard).len(), 1, "shown at the end");
            assert!(table.receive(eve, say(seq, far - 1_000 + seq, "far off")).is_empty(), "shown once");
            // A member with a wrong clock is heard all the same.
            let heard = [ids(&heard), ids(&table.step(NodeInput::LineTyped(object("own", ROOM))))].concat();
            assert!(last < heard[0] && heard[0] < heard[1], "{heard:?}");
            last = heard[1];
        }
        // The same with the clock at the maximum.
        table.receive(zoe, say(round + 1, table.node.max_lamport(), "near"));
        table.world.advance(6_000);
    }
    assert!(table.node.clock <= table.node.max_lamport() + LAMPORT_TOLERANCE);
    assert_eq!((count_stored(&table.node, "far off"), count_stored(&table.node, "near")), (0, 4));
    table.step(NodeInput::Tick);
    let latest = table.node.max_lamport() + LAMPORT_TOLERANCE;
    table.receive(zoe, say(5, latest, "near"));
    table.receive(zoe, say(6, latest + 1, "near"));
    assert_eq!(count_stored(&table.node, "near"), 5);
}

#[test]
fn authors_own_messages_replace_forged_ones() {
    let author = id(8, 2);
    // Eve is asked before zoe is linked.
    for (seq, before, shown) in [(1 << 39, 0, 2), (2, 0, 2), (1, 0, 2), (1, 1, 1)] {
        let mut table = Table::new();
        let (eve, _) = table.join(eve(), "eve", 1);
        table.receive(eve, Frame::Have { ranges: [(author, vec![(seq, seq)])].into() });
        let (text, lamport) = [("forged", 500), ("zoe's 1", 1_000)][before];
        let says = vec![Saying { seq, lamport, at: 1, text: text.into() }];
        let (name, key) = ("zoe".into(), key(2).to_string());
        table.receive(eve, Frame::Past { origin: author, name, key, from: seq, to: seq, says });
        assert_eq!(count_stored(&table.node, text), 1);
        let (zoe, _) = table.join(author, "zoe", 2);
        let heard = [1, 2].map(|n| displayed(&table.receive(zoe, say(n, 999 + n, &format!("zoe's {n}")))).len());
        assert_eq!((heard.iter().sum::<usize>(), heard[1]), (shown, 1), "{seq}: nothing is shown twice");
        assert_eq!((count_stored(&table.node, "forged"), count_stored(&table.node, "zoe's")), (0, 2), "{seq}");
        // The author's own messages stay.
        assert!(displayed(&table.receive(zoe, say(2, 1_001, "other"))).is_empty());
        assert!(displayed(&table.receive(zoe, say(3, 1_001, "not later"))).is_empty());
        assert_eq!(count_stored(&table.node, "zoe's"), 2);
    }
}
