//! Members that impersonate others.

use super::table::{Table, displayed, eve, is_closed, me, pinned};
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
fn hello_with_a_foreign_id_is_rejected() {
    let mut table = Table::new();
    let refused = [
        (id(7, 1), "bob", 2, "the id of another key"),
        (NodeId(7), "bob", 1, "an id that is bound to no key"),
        (me(), "mallory", 2, "our own id"),
        (me(), "mallory", 0, "our own id and key"),
        (id(3, 2), "INFO", 2, "a reserved name"),
    ];
    for (id, name, host, why) in refused {
        let (link, effects) = table.join(id, name, host);
        assert!(is_closed(&effects, link), "{why}");
        assert!(table.node.members.is_empty() && displayed(&effects).is_empty(), "{why}");
    }
    let (bob, effects) = table.join(id(7, 1), "bob", 1);
    assert!(!is_closed(&effects, bob));
    assert_eq!(displayed(&effects), ["bob joined mesh"]);
    let (thief, effects) = table.join(id(7, 1), "bob", 2);
    assert!(is_closed(&effects, thief), "another key");
    table.links += 1;
    let link = table.links;
    table.step(NodeInput::LinkOpened(link, key(3), address(3, 1), None));
    assert!(is_closed(&table.receive(link, Frame::Ping), link), "another frame before the hello");
    assert_eq!(table.node.members.len(), 1);
    assert_eq!(table.receive_say(bob, 1, 1), ["bob: number 1"], "bob is still here");
}

#[test]
fn messages_of_a_present_author_are_taken_from_it_only() {
    let mut table = Table::new();
    let (bob, _) = table.join(id(7, 1), "bob", 1);
    let (eve, _) = table.join(id(9, 2), "eve", 2);
    table.receive_say(bob, 1, 1);
    // An answer without a request.
    let says = vec![Saying { seq: 2, lamport: 2, at: i64::MAX / 4_000_000, text: "forged".into() }];
    let past = Frame::Past { origin: id(7, 1), name: "bob".into(), key: key(1).to_string(), from: 2, to: 2, says };
    table.receive(eve, past.clone());
    let have = Frame::Have { ranges: [(id(7, 1), vec![(1, 2)]), (me(), vec![(1, 9)])].into() };
    assert_eq!(table.receive(eve, have), [], "bob is here and is asked himself");
    table.receive(eve, past.clone());
    assert_eq!(table.history().len(), 2, "bob's message and the end");
    assert_eq!(table.receive_say(bob, 2, 2), ["bob: number 2"]);
    assert_eq!(table.history().len(), 3);
    // Eve's answer does not count, either, if bob comes before it.
    let mut table = Table::new();
    let (eve, _) = table.join(id(9, 2), "eve", 2);
    let asked = table.receive(eve, Frame::Have { ranges: [(id(7, 1), vec![(2, 2)])].into() });
    assert_eq!(asked, [NodeEffect::Send(eve, Frame::Want { origin: id(7, 1), from: 2, to: 2 })]);
    table.join(id(7, 1), "bob", 1);
    table.receive(eve, past);
    assert_eq!(table.history().len(), 1, "the end");
}

#[test]
fn author_with_a_wrong_key_is_ignored() {
    let mut table = Table::new();
    let (eve, _) = table.join(eve(), "eve", 1);
    let origin = id(7, 2);
    for (seq, host, lines) in [(1, 1, 1), (2, 2, 2)] {
        table.receive(eve, Frame::Have { ranges: [(origin, vec![(seq, seq)])].into() });
        let says = vec![Saying { seq, lamport: seq, at: 1, text: "told".into() }];
        let key = key(host).to_string();
        table.receive(eve, Frame::Past { origin, name: "bob".into(), key, from: seq, to: seq, says });
        assert_eq!(table.history().len(), lines, "and the end");
    }
    let (bob, _) = table.join(origin, "bob", 2);
    assert_eq!(table.receive_say(bob, 3, 3), ["bob: number 3"]);
}

#[test]
fn members_with_one_name_have_different_display_names() {
    let mut table = pinned(&[("carol", key(1))]);
    let joined = |effects: &[NodeEffect]| displayed(effects).last().unwrap().clone();
    let ids = [(0xaaaa, 1), (0xbbbb, 2), (0xcccc, 3), (0xdddd, 4)].map(|(tag, host)| id(tag << 48, host));
    assert_eq!(joined(&table.join(ids[0], "bob", 1).1), "bob joined mesh");
    assert_eq!(joined(&table.join(ids[1], "Bob", 2).1), "Bob#bbbb joined mesh");
    assert_eq!(joined(&table.join(ids[2], "alice", 3).1), "alice#cccc joined mesh", "our own name");
    let (_, effects) = table.join(ids[3], "carol", 4);
    assert_eq!(joined(&effects), "carol#dddd joined mesh", "another key than the carol we know");
    let warning = &displayed(&effects)[0];
    for part in ["WARNING", &key(1).fingerprint(), &key(4).fingerprint(), "/trust carol#dddd accepts it"] {
        assert!(warning.contains(part), "{warning}");
    }
    let answer = |table: &mut Table, line: &str| table.step(NodeInput::LineTyped(object(line, ROOM)));
    let which = displayed(&answer(&mut table, "/pm bob hi"));
    assert!(which[0].starts_with("ERROR: 400 2 members are called bob; name one of them: bob#aaaa ("), "{which:?}");
    for (line, link) in [("/pm bob#aaaa hi", 1), ("/pm BOB#bbbb hi", 2), ("/pm Carol#DDDD hi", 4)] {
        assert!(
            matches!(answer(&mut table, line)[..], [NodeEffect::Send(to, Frame::Private { .. })] if to == link),
            "{line}"
        );
    }
    // Messages of another member with our name are not ours.
    assert_eq!(table.receive_say(3, 1, 1), ["alice#cccc: number 1"]);
    let pins = table.join(id(1, 5), "dave", 5).1;
    assert!(pins.contains(&NodeEffect::Pin(UserName::parse("dave").unwrap(), key(5))));
}

#[test]
fn a_member_with_the_users_own_name_is_reported_with_both_keys() {
    // The second user once met another alice, under another name of its own.
    for mut table in [pinned(&[]), pinned(&[("alice", key(4))])] {
        let lines = displayed(&table.join(id(0xcccc << 48, 3), "alice", 3).1);
        let warning = lines.iter().find(|line| line.contains("WARNING: alice#cccc at ")).expect("a warning");
        assert!(warning.contains("has your name with another key"), "{warning}");
        assert!(warning.contains(&key(3).fingerprint()) && !warning.contains("/trust"), "{warning}");
    }
}

#[test]
fn a23_changed_key_is_reported_with_its_owner_and_can_be_trusted() {
    let mut table = pinned(&[("alice2", key(1)), ("carol", key(2))]);
    let answer = |table: &mut Table, line: &str| table.step(NodeInput::LineTyped(object(line, ROOM)));
    let bob = id(0x6658 << 48, 2);
    let warning = displayed(&table.join(bob, "alice2", 2).1).remove(0);
    assert!(warning.contains("This is the key of carol, whom you met before."), "{warning}");
    assert!(warning.contains("/trust alice2#6658 accepts it"), "{warning}");
    let bare = displayed(&answer(&mut table, "/trust alice2"));
    assert!(bare[0].contains("alice2#6658") && bare[0].starts_with("ERROR: 400"), "{bare:?}");
    let trusted = answer(&mut table, "/trust alice2#6658");
    let lines = displayed(&trusted);
    assert_eq!(lines[..2], ["alice2#6658 has left the chatroom", "alice2 joined mesh"], "{lines:?}");
    assert!(lines[2].contains(&key(2).fingerprint()), "{lines:?}");
    assert!(trusted.contains(&NodeEffect::Repin(UserName::parse("alice2").unwrap(), key(2))));
    assert_eq!(displayed(&answer(&mut table, "/trust alice2")), ["INFO: the key of alice2 is trusted already"]);
    assert_eq!(table.receive_say(1, 1, 1), ["alice2: number 1"]);
}

#[test]
fn a23_key_of_a_present_member_is_not_replaced() {
    let mut table = pinned(&[("carol", key(1))]);
    table.join(id(0xaaaa << 48, 1), "carol", 1);
    table.join(id(0xdddd << 48, 4), "carol", 4);
    table.join(id(0xcccc << 48, 3), "alice", 3);
    for (line, why) in [("/trust carol#dddd", "a member with the trusted key"), ("/trust alice#cccc", "your own name")]
    {
        let effects = table.step(NodeInput::LineTyped(object(line, ROOM)));
        let lines = displayed(&effects);
        assert!(effects.len() == 1 && lines[0].starts_with("ERROR: 400") && lines[0].contains(why), "{lines:?}");
    }
    assert_eq!(
        displayed(&table.step(NodeInput::LineTyped(object("/users", ROOM)))),
        ["Online clients: alice, alice#cccc, carol, carol#dddd"]
    );
}

#[test]
fn bare_name_reaches_only_the_member_shown_by_it() {
    let mut table = Table::new();
    let (carol, _) = table.join(id(0xaaaa << 48, 1), "carol", 1);
    let (impostor, _) = table.join(id(0xdddd << 48, 2), "Carol", 2);
    table.join(id(0xcccc << 48, 3), "alice", 3);
    table.receive(carol, Frame::Bye);
    for (line, answer) in [
        ("/pm carol hi", "ERROR: 400 no member is shown as carol; did you mean Carol#dddd (10.0.0.2)?"),
        ("/pm ALICE hi", "ERROR: 400 no member is shown as ALICE; did you mean alice#cccc (10.0.0.3)?"),
    ] {
        let effects = table.step(NodeInput::LineTyped(object(line, ROOM)));
        assert!(effects.len() == 1 && displayed(&effects)[0].starts_with(answer), "{line}: {effects:?}");
    }
    let sent = table.step(NodeInput::LineTyped(object("/pm carol#dddd hi", ROOM)));
    assert!(matches!(sent[..], [NodeEffect::Send(to, Frame::Private { .. })] if to == impostor), "{sent:?}");
}

#[test]
fn digits_shared_by_two_members_reach_only_one() {
    let mut table = Table::new();
    let ask = |table: &mut Table, line: &str| table.step(NodeInput::LineTyped(object(line, ROOM)));
    table.join(id(0x1111 << 48, 1), "carol", 1);
    let (second, _) = table.join(id(0xd_dddd << 44, 2), "carol", 2);
    // An attacker can draw ids until one begins with the wanted digits.
    let (third, effects) = table.join(id(0xd_ddd1 << 44, 3), "carol", 3);
    assert_eq!(displayed(&effects).last().unwrap(), "carol#dddd1 joined mesh");
    for (line, link) in [("/pm carol#dddd hi", second), ("/pm carol#dddd1 hi", third)] {
        let sent = ask(&mut table, line);
        assert!(matches!(sent[..], [NodeEffect::Send(to, Frame::Private { .. })] if to == link), "{line}: {sent:?}");
    }
    let which = displayed(&ask(&mut table, "/pm carol hi")).remove(0);
    for name in ["carol#1111 (", "carol#dddd (", "carol#dddd1 ("] {
        assert!(which.starts_with("ERROR: 400 3 members are called carol; ") && which.contains(name), "{which}");
    }
    table.receive(second, Frame::Bye);
    let left = displayed(&ask(&mut table, "/pm carol#dddd hi")).remove(0);
    assert!(left.starts_with("ERROR: 400 no member is shown as carol#dddd; did you mean carol#dddd1 ("), "{left}");
}

#[test]
fn full_file_of_keys_is_reported_once() {
    let names: Vec<String> = (0..PINS).map(|n| format!("user{n}")).collect();
    let pins: Vec<_> = names.iter().map(|name| (&**name, key(9))).collect();
    let mut table = pinned(&pins);
    let mut heard = displayed(&table.join(id(1, 1), "bob", 1).1);
    assert!(heard.remove(0).starts_with("INFO: known_peers.toml has the keys of 1000 names"));
    assert_eq!(heard, ["bob joined mesh"]);
    assert_eq!(displayed(&table.join(id(2, 2), "carol", 2).1), ["carol joined mesh"]);
    // Another program may have filled the file.
    let mut other = Table::new();
    assert!(displayed(&other.step(NodeInput::PinsFull)).len() == 1 && other.step(NodeInput::PinsFull).is_empty());
}

/// Lets a member send one message of an author that is gone. Returns the emitted lines.
fn send_past(table: &mut Table, sender: u64, (origin, name, host): (NodeId, &str, usize), seq: u64) -> Vec<String> {
    let asked = table.receive(sender, Frame::Have { ranges: [(origin, vec![(seq, seq)])].into() });
    assert_eq!(asked, [NodeEffect::Send(sender, Frame::Want { origin, from: seq, to: seq })]);
    let (at, key) = (table.world.clock().wall.unix_ms, key(host).to_string());
    let says = vec![Saying { seq, lamport: 5 + seq, at, text: "told".into() }];
    displayed(&table.receive(sender, Frame::Past { origin, name: name.into(), key, from: seq, to: seq, says }))
}

/// Returns the authors in the history, in its order.
fn authors(table: &mut Table) -> Vec<String> {
    let events = table.step(NodeInput::LineTyped(object("/history", ROOM)));
    let author = |effect: NodeEffect| match effect {
        NodeEffect::Emit(Event { what: EventKind::Recalled { user, .. }, .. }) => Some(user.to_string()),
        _ => None,
    };
    events.into_iter().filter_map(author).collect()
}

#[test]
fn messages_from_third_members_are_marked() {
    let mut table = Table::new();
    table.join(id(0xaaaa << 48, 1), "bob", 1);
    let (eve, _) = table.join(id(9, 2), "eve", 2);
    // Invented starts, with the names and public keys of present members.
    for (random, host, name) in [(0xbbbb << 48, 1, "bob"), (0xcccc << 48, 0, "alice")] {
        let shown = send_past(&mut table, eve, (id(random, host), name, host), 1);
        assert!(shown[0].starts_with(&format!("{name} (earlier): ")), "{shown:?}");
    }
    // A key of the sender's own, also with an id that begins like that of the present bob.
    for (random, name) in [(0xdddd << 48, "bob"), (0xeeee << 48, "alice"), (0xaaaa << 48 | 1, "bob")] {
        let shown = send_past(&mut table, eve, (id(random, 3), name, 3), 1);
        assert!(shown[0].starts_with(&format!("{name}#")) && !shown[0].starts_with("bob#aaaa:"), "{shown:?}");
    }
    let authors = authors(&mut table);
    assert_eq!(authors[1..], ["bob (earlier)", "alice (earlier)", "bob#dddd", "alice#eeee"]);
}

#[test]
fn messages_received_before_a_restart_keep_their_authors_name() {
    let mut table = Table::new();
    let (eve, _) = table.join(id(9, 2), "eve", 2);
    let starts = [0xaaaa << 48, 0xbbbb << 48, 0xcccc << 48].map(|random| id(random, 1));
    for (n, start) in (1..).zip(starts) {
        let (bob, effects) = table.join(start, "bob", 1);
        assert_eq!(displayed(&effects), ["bob joined mesh"]);
        table.receive_say(bob, 1, n);
        if start != starts[2] {
            table.receive(bob, Frame::Bye);
        }
    }
    assert_eq!(authors(&mut table), ["bob"; 3]);
    // Messages that other members add to an earlier start are marked.
    send_past(&mut table, eve, (starts[0], "bob", 1), 2);
    assert_eq!(authors(&mut table), ["bob", "bob", "bob", "bob (earlier)"]);
}

#[test]
fn messages_from_another_key_keep_their_digits() {
    let mut table = pinned(&[("carol", key(1))]);
    let (impostor, _) = table.join(id(0xdddd << 48, 4), "carol", 4);
    table.receive_say(impostor, 1, 1);
    assert_eq!(authors(&mut table), ["carol#dddd"]);
    table.receive(impostor, Frame::Bye);
    assert_eq!(authors(&mut table), ["carol#dddd"], "the impostor left");
    let (carol, _) = table.join(id(0xcccc << 48, 1), "carol", 1);
    table.receive_say(carol, 1, 2);
    assert_eq!(authors(&mut table), ["carol#dddd", "carol"]);
}

#[test]
fn authors_own_name_replaces_one_from_other_members() {
    let mut table = Table::new();
    let (eve, _) = table.join(id(9, 2), "eve", 2);
    send_past(&mut table, eve, (id(7, 1), "carol", 1), 1);
    let (bob, _) = table.join(id(7, 1), "bob", 1);
    table.receive_say(bob, 2, 20);
    table.receive(bob, Frame::Bye);
    assert_eq!(authors(&mut table), ["bob"; 2]);
}

#[test]
fn forged_hellos_do_not_keep_members_from_linking() {
    // From an address without a host, or from the host of one of the two, where dials are refused.
    for (at, ports) in [(77, 1), (77, 10_000), (0, 1), (1, 1), (1, 2)] {
        for seed in 0..10 {
            let mut world = World::new(2, seed);
            let mut port = 0;
            let mut forge = |world: &mut World, ms: u64| {
                for _ in 0..ms / 50 {
                    world.advance(50);
                    port = (port + 1) % ports;
                    for (to, of) in [(0, 1), (1, 0)] {
                        let name = UserName::parse(&format!("user{of}")).unwrap();
                        let hello = Hello { id: world.hosts[of].id, name, port: 50_000 + port };
                        world.input(to, NodeInput::HelloReceived(hello, address(at, 1)));
                    }
                }
            };
            // The forger's hellos come first.
            world.cut.insert((0, 1));
            forge(&mut world, 3_000);
            world.cut.clear();
            forge(&mut world, 20_000);
            let linked = |world: &World| {
                let all = world.hosts.iter().map(|host| host.node.as_ref().unwrap());
                all.flat_map(|node| node.members.values()).filter(|member| member.is_linked()).count()
            };
            assert_eq!(linked(&world), 2, "forged at {at} with {ports} ports, seed {seed}");
            // An open link is not affected.
            let events = world.hosts[0].events.len();
            forge(&mut world, 10_000);
            assert_eq!((linked(&world), world.hosts[0].events.len()), (2, events));
        }
    }
}
