//! Nobody passes for somebody else.

use super::table::{Table, closes, eve, me, pinned, told};
use super::world::{World, address, id, key};
use crate::engine::typed::object;
use crate::mesh::hello::Hello;
use crate::mesh::id::NodeId;
use crate::mesh::limits::PINS;
use crate::mesh::node::ROOM;
use crate::mesh::node::{NodeEffect, NodeInput};
use crate::mesh::wire::{Frame, Saying};
use landline_common::{Event, EventKind, UserName};

#[test]
fn nobody_takes_an_id_that_is_another_s() {
    let mut table = Table::new();
    let refused = [
        (id(7, 1), "bob", 2, "another key, and bob is not here yet"),
        (NodeId(7), "bob", 1, "an id of no key"),
        (me(), "mallory", 2, "our own id"),
        (me(), "mallory", 0, "our own id and key"),
        (id(3, 2), "INFO", 2, "a name that is none"),
    ];
    for (id, name, seat, why) in refused {
        let (link, effects) = table.enters(id, name, seat);
        assert!(closes(&effects, link), "{why}");
        assert!(table.node.members.is_empty() && told(&effects).is_empty(), "{why}");
    }
    let (bob, effects) = table.enters(id(7, 1), "bob", 1);
    assert!(!closes(&effects, bob));
    assert_eq!(told(&effects), ["bob joined mesh"]);
    let (thief, effects) = table.enters(id(7, 1), "bob", 2);
    assert!(closes(&effects, thief), "another key");
    table.links += 1;
    let link = table.links;
    table.step(NodeInput::Opened(link, key(3), address(3, 1), None));
    assert!(closes(&table.frame(link, Frame::Ping), link), "whoever does not say who they are");
    assert_eq!(table.node.members.len(), 1);
    assert_eq!(table.says(bob, 1, 1), ["bob: number 1"], "bob is still here");
}

#[test]
fn nobody_knows_better_than_an_author_what_they_said() {
    let mut table = Table::new();
    let (bob, _) = table.enters(id(7, 1), "bob", 1);
    let (eve, _) = table.enters(id(9, 2), "eve", 2);
    table.says(bob, 1, 1);
    // Nobody asked for this.
    let says = vec![Saying { seq: 2, lamport: 2, at: i64::MAX / 4_000_000, text: "forged".into() }];
    let past = Frame::Past { origin: id(7, 1), name: "bob".into(), key: key(1).to_string(), from: 2, to: 2, says };
    table.frame(eve, past.clone());
    let have = Frame::Have { ranges: [(id(7, 1), vec![(1, 2)]), (me(), vec![(1, 9)])].into() };
    assert_eq!(table.frame(eve, have), [], "bob is here, and is asked himself");
    table.frame(eve, past.clone());
    assert_eq!(table.history().len(), 2, "bob's own and the end");
    assert_eq!(table.says(bob, 2, 2), ["bob: number 2"]);
    assert_eq!(table.history().len(), 3);
    // Nor does it count if bob comes while eve is asked.
    let mut table = Table::new();
    let (eve, _) = table.enters(id(9, 2), "eve", 2);
    let asked = table.frame(eve, Frame::Have { ranges: [(id(7, 1), vec![(2, 2)])].into() });
    assert_eq!(asked, [NodeEffect::Send(eve, Frame::Want { origin: id(7, 1), from: 2, to: 2 })]);
    table.enters(id(7, 1), "bob", 1);
    table.frame(eve, past);
    assert_eq!(table.history().len(), 1, "the end");
}

#[test]
fn an_author_who_is_told_with_another_key_is_none() {
    let mut table = Table::new();
    let (eve, _) = table.enters(eve(), "eve", 1);
    let origin = id(7, 2);
    for (seq, seat, lines) in [(1, 1, 1), (2, 2, 2)] {
        table.frame(eve, Frame::Have { ranges: [(origin, vec![(seq, seq)])].into() });
        let says = vec![Saying { seq, lamport: seq, at: 1, text: "told".into() }];
        let key = key(seat).to_string();
        table.frame(eve, Frame::Past { origin, name: "bob".into(), key, from: seq, to: seq, says });
        assert_eq!(table.history().len(), lines, "and the end");
    }
    let (bob, _) = table.enters(origin, "bob", 2);
    assert_eq!(table.says(bob, 3, 3), ["bob: number 3"]);
}

#[test]
fn two_are_never_shown_under_one_name() {
    let mut table = pinned(&[("carol", key(1))]);
    let joined = |effects: &[NodeEffect]| told(effects).last().unwrap().clone();
    let ids = [(0xaaaa, 1), (0xbbbb, 2), (0xcccc, 3), (0xdddd, 4)].map(|(tag, seat)| id(tag << 48, seat));
    assert_eq!(joined(&table.enters(ids[0], "bob", 1).1), "bob joined mesh");
    assert_eq!(joined(&table.enters(ids[1], "Bob", 2).1), "Bob#bbbb joined mesh");
    assert_eq!(joined(&table.enters(ids[2], "alice", 3).1), "alice#cccc joined mesh", "our own name");
    let (_, effects) = table.enters(ids[3], "carol", 4);
    assert_eq!(joined(&effects), "carol#dddd joined mesh", "another key than the carol we know");
    let warning = &told(&effects)[0];
    for part in ["WARNING", &key(1).fingerprint(), &key(4).fingerprint(), "/trust carol#dddd accepts it"] {
        assert!(warning.contains(part), "{warning}");
    }
    let answer = |table: &mut Table, line: &str| table.step(NodeInput::Line(object(line, ROOM)));
    let which = told(&answer(&mut table, "/pm bob hi"));
    assert!(
        which[0].starts_with("ERROR: 400 2 people are called bob; write which one you mean: bob#aaaa ("),
        "{which:?}"
    );
    for (line, link) in [("/pm bob#aaaa hi", 1), ("/pm BOB#bbbb hi", 2), ("/pm Carol#DDDD hi", 4)] {
        assert!(
            matches!(answer(&mut table, line)[..], [NodeEffect::Send(to, Frame::Private { .. })] if to == link),
            "{line}"
        );
    }
    // What somebody else of our name says is never ours.
    assert_eq!(table.says(3, 1, 1), ["alice#cccc: number 1"]);
    let pins = table.enters(id(1, 5), "dave", 5).1;
    assert!(pins.contains(&NodeEffect::Pin(UserName::parse("dave").unwrap(), key(5))));
}

#[test]
fn a23_a_changed_key_that_is_known_says_whose_it_is_and_can_be_accepted() {
    let mut table = pinned(&[("alice2", key(1)), ("carol", key(2))]);
    let answer = |table: &mut Table, line: &str| table.step(NodeInput::Line(object(line, ROOM)));
    let bob = id(0x6658 << 48, 2);
    let warning = told(&table.enters(bob, "alice2", 2).1).remove(0);
    assert!(warning.contains("This is the key of carol, whom you met before."), "{warning}");
    assert!(warning.contains("/trust alice2#6658 accepts it"), "{warning}");
    let bare = told(&answer(&mut table, "/trust alice2"));
    assert!(bare[0].contains("alice2#6658") && bare[0].starts_with("ERROR: 400"), "{bare:?}");
    let trusted = answer(&mut table, "/trust alice2#6658");
    let lines = told(&trusted);
    assert_eq!(lines[..2], ["alice2#6658 has left the chatroom", "alice2 joined mesh"], "{lines:?}");
    assert!(lines[2].contains(&key(2).fingerprint()), "{lines:?}");
    assert!(trusted.contains(&NodeEffect::Repin(UserName::parse("alice2").unwrap(), key(2))));
    assert_eq!(told(&answer(&mut table, "/trust alice2")), ["INFO: the key of alice2 is known"]);
    assert_eq!(table.says(1, 1, 1), ["alice2: number 1"]);
}

#[test]
fn a23_the_key_that_is_here_is_not_given_up_for_another() {
    let mut table = pinned(&[("carol", key(1))]);
    table.enters(id(0xaaaa << 48, 1), "carol", 1);
    table.enters(id(0xdddd << 48, 4), "carol", 4);
    table.enters(id(0xcccc << 48, 3), "alice", 3);
    for (line, why) in
        [("/trust carol#dddd", "is here with the key that you know"), ("/trust alice#cccc", "your own name")]
    {
        let effects = table.step(NodeInput::Line(object(line, ROOM)));
        let lines = told(&effects);
        assert!(effects.len() == 1 && lines[0].starts_with("ERROR: 400") && lines[0].contains(why), "{lines:?}");
    }
    assert_eq!(
        told(&table.step(NodeInput::Line(object("/users", ROOM)))),
        ["Online clients: alice, alice#cccc, carol, carol#dddd"]
    );
}

#[test]
fn a_bare_name_reaches_only_who_is_shown_by_it() {
    let mut table = Table::new();
    let (carol, _) = table.enters(id(0xaaaa << 48, 1), "carol", 1);
    let (impostor, _) = table.enters(id(0xdddd << 48, 2), "Carol", 2);
    table.enters(id(0xcccc << 48, 3), "alice", 3);
    table.frame(carol, Frame::Bye);
    for (line, answer) in [
        ("/pm carol hi", "ERROR: 400 nobody here is shown as carol, but Carol#dddd (10.0.0.2) is"),
        ("/pm ALICE hi", "ERROR: 400 nobody here is shown as ALICE, but alice#cccc (10.0.0.3) is"),
    ] {
        let effects = table.step(NodeInput::Line(object(line, ROOM)));
        assert!(effects.len() == 1 && told(&effects)[0].starts_with(answer), "{line}: {effects:?}");
    }
    let sent = table.step(NodeInput::Line(object("/pm carol#dddd hi", ROOM)));
    assert!(matches!(sent[..], [NodeEffect::Send(to, Frame::Private { .. })] if to == impostor), "{sent:?}");
}

#[test]
fn digits_that_are_another_s_as_well_reach_nobody_else() {
    let mut table = Table::new();
    let ask = |table: &mut Table, line: &str| table.step(NodeInput::Line(object(line, ROOM)));
    table.enters(id(0x1111 << 48, 1), "carol", 1);
    let (second, _) = table.enters(id(0xd_dddd << 44, 2), "carol", 2);
    // Whoever tries long enough has an id that begins as they like.
    let (third, effects) = table.enters(id(0xd_ddd1 << 44, 3), "carol", 3);
    assert_eq!(told(&effects).last().unwrap(), "carol#dddd1 joined mesh");
    for (line, link) in [("/pm carol#dddd hi", second), ("/pm carol#dddd1 hi", third)] {
        let sent = ask(&mut table, line);
        assert!(matches!(sent[..], [NodeEffect::Send(to, Frame::Private { .. })] if to == link), "{line}: {sent:?}");
    }
    let which = told(&ask(&mut table, "/pm carol hi")).remove(0);
    for name in ["carol#1111 (", "carol#dddd (", "carol#dddd1 ("] {
        assert!(which.starts_with("ERROR: 400 3 people are called carol; ") && which.contains(name), "{which}");
    }
    table.frame(second, Frame::Bye);
    let left = told(&ask(&mut table, "/pm carol#dddd hi")).remove(0);
    assert!(left.starts_with("ERROR: 400 nobody here is shown as carol#dddd, but carol#dddd1 ("), "{left}");
}

#[test]
fn that_nobody_new_is_remembered_is_said_once() {
    let names: Vec<String> = (0..PINS).map(|n| format!("user{n}")).collect();
    let pins: Vec<_> = names.iter().map(|name| (&**name, key(9))).collect();
    let mut table = pinned(&pins);
    let mut heard = told(&table.enters(id(1, 1), "bob", 1).1);
    assert!(heard.remove(0).starts_with("INFO: known_peers.toml has the keys of 1000 names"));
    assert_eq!(heard, ["bob joined mesh"]);
    assert_eq!(told(&table.enters(id(2, 2), "carol", 2).1), ["carol joined mesh"]);
    // Other programs add to the same file.
    let mut other = Table::new();
    assert!(told(&other.step(NodeInput::PinsFull)).len() == 1 && other.step(NodeInput::PinsFull).is_empty());
}

/// Lets a member tell one line of an author who is gone. Returns what the screen is told.
fn tells(table: &mut Table, teller: u64, (origin, name, seat): (NodeId, &str, usize), seq: u64) -> Vec<String> {
    let asked = table.frame(teller, Frame::Have { ranges: [(origin, vec![(seq, seq)])].into() });
    assert_eq!(asked, [NodeEffect::Send(teller, Frame::Want { origin, from: seq, to: seq })]);
    let (at, key) = (table.world.clock().wall.unix_ms, key(seat).to_string());
    let says = vec![Saying { seq, lamport: 5 + seq, at, text: "told".into() }];
    told(&table.frame(teller, Frame::Past { origin, name: name.into(), key, from: seq, to: seq, says }))
}

/// Returns the authors in the history, in its order.
fn authors(table: &mut Table) -> Vec<String> {
    let events = table.step(NodeInput::Line(object("/history", ROOM)));
    let author = |effect: NodeEffect| match effect {
        NodeEffect::Tell(Event { what: EventKind::Recalled { user, .. }, .. }) => Some(user.to_string()),
        _ => None,
    };
    events.into_iter().filter_map(author).collect()
}

#[test]
fn what_is_only_told_is_never_shown_as_said_by_those_who_are_here() {
    let mut table = Table::new();
    table.enters(id(0xaaaa << 48, 1), "bob", 1);
    let (eve, _) = table.enters(id(9, 2), "eve", 2);
    // Starts that never were, with names and keys that anybody knows.
    for (random, seat, name) in [(0xbbbb << 48, 1, "bob"), (0xcccc << 48, 0, "alice")] {
        let shown = tells(&mut table, eve, (id(random, seat), name, seat), 1);
        assert!(shown[0].starts_with(&format!("{name} (earlier): ")), "{shown:?}");
    }
    // A key of the teller's own, also with an id that begins like that of the bob who is here.
    for (random, name) in [(0xdddd << 48, "bob"), (0xeeee << 48, "alice"), (0xaaaa << 48 | 1, "bob")] {
        let shown = tells(&mut table, eve, (id(random, 3), name, 3), 1);
        assert!(shown[0].starts_with(&format!("{name}#")) && !shown[0].starts_with("bob#aaaa:"), "{shown:?}");
    }
    let authors = authors(&mut table);
    assert_eq!(authors[1..], ["bob (earlier)", "alice (earlier)", "bob#dddd", "alice#eeee"]);
}

#[test]
fn lines_heard_before_a_restart_keep_their_author_s_name() {
    let mut table = Table::new();
    let (eve, _) = table.enters(id(9, 2), "eve", 2);
    let starts = [0xaaaa << 48, 0xbbbb << 48, 0xcccc << 48].map(|random| id(random, 1));
    for (n, start) in (1..).zip(starts) {
        let (bob, effects) = table.enters(start, "bob", 1);
        assert_eq!(told(&effects), ["bob joined mesh"]);
        table.says(bob, 1, n);
        if start != starts[2] {
            table.frame(bob, Frame::Bye);
        }
    }
    assert_eq!(authors(&mut table), ["bob"; 3]);
    // Whatever others add to an earlier start was not heard from bob.
    tells(&mut table, eve, (starts[0], "bob", 1), 2);
    assert_eq!(authors(&mut table), ["bob", "bob", "bob", "bob (earlier)"]);
}

#[test]
fn lines_heard_from_another_key_keep_their_digits() {
    let mut table = pinned(&[("carol", key(1))]);
    let (impostor, _) = table.enters(id(0xdddd << 48, 4), "carol", 4);
    table.says(impostor, 1, 1);
    assert_eq!(authors(&mut table), ["carol#dddd"]);
    table.frame(impostor, Frame::Bye);
    assert_eq!(authors(&mut table), ["carol#dddd"], "the impostor left");
    let (carol, _) = table.enters(id(0xcccc << 48, 1), "carol", 1);
    table.says(carol, 1, 2);
    assert_eq!(authors(&mut table), ["carol#dddd", "carol"]);
}

#[test]
fn an_author_s_own_name_counts_more_than_a_told_one() {
    let mut table = Table::new();
    let (eve, _) = table.enters(id(9, 2), "eve", 2);
    tells(&mut table, eve, (id(7, 1), "carol", 1), 1);
    let (bob, _) = table.enters(id(7, 1), "bob", 1);
    table.says(bob, 2, 20);
    table.frame(bob, Frame::Bye);
    assert_eq!(authors(&mut table), ["bob"; 2]);
}

#[test]
fn hellos_with_another_s_id_keep_nobody_from_meeting() {
    // From an address where nobody answers, or from the machine of one of the two, where dials are refused.
    for (at, ports) in [(77, 1), (77, 10_000), (0, 1), (1, 1), (1, 2)] {
        for seed in 0..10 {
            let mut world = World::new(2, seed);
            let mut port = 0;
            let mut forge = |world: &mut World, ms: u64| {
                for _ in 0..ms / 50 {
                    world.pass(50);
                    port = (port + 1) % ports;
                    for (to, of) in [(0, 1), (1, 0)] {
                        let name = UserName::parse(&format!("user{of}")).unwrap();
                        let hello = Hello { id: world.seats[of].id, name, port: 50_000 + port };
                        world.input(to, NodeInput::Heard(hello, address(at, 1)));
                    }
                }
            };
            // The forger is there first.
            world.cut.insert((0, 1));
            forge(&mut world, 3_000);
            world.cut.clear();
            forge(&mut world, 20_000);
            let linked = |world: &World| {
                let all = world.seats.iter().map(|seat| seat.node.as_ref().unwrap());
                all.flat_map(|node| node.members.values()).filter(|member| member.is_linked()).count()
            };
            assert_eq!(linked(&world), 2, "forged at {at} with {ports} ports, seed {seed}");
            // And a link that stands is not touched.
            let told = world.seats[0].told.len();
            forge(&mut world, 10_000);
            assert_eq!((linked(&world), world.seats[0].told.len()), (2, told));
        }
    }
}
