//! Single scenarios in a simulated network.

use super::world::World;
use crate::engine::typed::object;
use crate::mesh::node::NodeInput;
use crate::mesh::node::ROOM;
use landline_common::EventKind;
use std::collections::BTreeSet;

/// Returns the events of a host as lines of text.
fn displayed(world: &World, host: usize) -> Vec<String> {
    let lines = world.hosts[host]
        .events
        .iter()
        .map(|what| landline_common::text::plain(&what.clone().at(landline_common::OffsetDateTime::default())));
    lines.collect()
}

fn run_command(world: &mut World, host: usize, line: &str) -> Vec<String> {
    let before = world.hosts[host].events.len();
    world.input(host, NodeInput::LineTyped(object(line, ROOM)));
    displayed(world, host).split_off(before)
}

#[test]
fn a9_message_keeps_its_lines_for_newcomers_and_in_the_history() {
    let mut world = World::new(3, 1);
    world.kill(2);
    world.advance(2_500);
    run_command(&mut world, 0, "/say\n  if x:\r\n\treturn\n\nINFO: forged");
    run_command(&mut world, 0, "/pm user1 a\n  b");
    let refused = run_command(&mut world, 0, &format!("/say {}", vec!["x"; 51].join("\n")));
    assert!(refused[0].starts_with("ERROR: 413 ") && refused[0].contains("50 lines"), "{refused:?}");
    world.advance(1_000);
    let heard = displayed(&world, 1);
    let lines = "user0:   if x:\nuser0:     return\nuser0: \nuser0: INFO: forged";
    assert!(heard.contains(&lines.to_owned()), "{heard:?}");
    assert!(heard.contains(&"[PM] user0: a\n[PM] user0:   b".to_owned()), "{heard:?}");
    world.start(2);
    world.advance(5_000);
    let history = run_command(&mut world, 2, "/history");
    assert_eq!(history[0].matches("] user0: ").count(), 4, "{history:?}");
    let found = run_command(&mut world, 2, "/search forged");
    assert!(found[0].ends_with("] user0:   if x: return INFO: forged"), "{found:?}");
}

#[test]
fn six_members_that_start_at_once_have_fifteen_links() {
    let mut world = World::new(6, 1);
    world.advance(2_500);
    let links: usize = world.hosts.iter().map(|host| host.node.as_ref().unwrap().links.len()).sum();
    assert_eq!(links, 30, "each is seen from both ends");
    for host in 0..6 {
        let joined = displayed(&world, host);
        assert_eq!(joined.iter().filter(|line| line.ends_with("joined mesh")).count(), 5, "{joined:?}");
    }
}

#[test]
fn newcomer_loads_from_several_members_and_nothing_twice() {
    let mut world = World::new(4, 2);
    world.kill(3);
    world.advance(3_000);
    for n in 0..1_000 {
        world.say_new(n % 3);
        world.advance(300);
    }
    world.sent_history.clear();
    world.start(3);
    world.advance(5_000);
    let sayings = &world.sent_history[&3];
    assert_eq!(sayings.iter().map(|(_, says)| says).sum::<usize>(), 1_000);
    let from: BTreeSet<usize> = sayings.iter().map(|(from, _)| *from).collect();
    assert_eq!(from.len(), 3, "{sayings:?}");
    let heard = displayed(&world, 3);
    assert!(!heard.iter().any(|line| line.contains("message")), "old messages are in the history only");
    let history = run_command(&mut world, 3, "/history 200");
    assert_eq!(history.len(), 201);
    assert_eq!(history, run_command(&mut world, 0, "/history 200"));
    assert!(history[200].starts_with("INFO: 200 messages; more: /history before "), "{}", history[200]);
    let before = history[200].split("more: ").nth(1).unwrap().to_owned();
    let older = run_command(&mut world, 3, &before);
    assert_eq!(older.len(), 21);
    assert!(older[19].ends_with("message 800 of user1"), "{}", older[19]);
}

#[test]
fn killed_member_is_removed_and_comes_back() {
    let mut world = World::new(3, 3);
    world.advance(3_000);
    world.kill(2);
    world.advance(3_000);
    assert_eq!(displayed(&world, 0).last().unwrap(), "user2 has left the chatroom");
    world.start(2);
    world.advance(3_000);
    assert_eq!(displayed(&world, 0).last().unwrap(), "user2 joined mesh");
    assert_eq!(run_command(&mut world, 0, "/users"), ["Online clients: user0, user1, user2"]);
}

#[test]
fn quick_restart_emits_a_departure_before_the_arrival() {
    let mut world = World::new(2, 4);
    world.advance(3_000);
    world.start(1);
    world.advance(3_000);
    let heard = displayed(&world, 0);
    assert_eq!(heard, ["user1 joined mesh", "user1 has left the chatroom", "user1 joined mesh"]);
}

#[test]
fn cut_off_and_frozen_members_are_removed() {
    let mut world = World::new(3, 5);
    world.advance(3_000);
    world.cut.extend([(0, 2), (1, 2)]);
    world.advance(11_000);
    for host in [0, 1] {
        assert_eq!(displayed(&world, host).last().unwrap(), "user2 has left the chatroom");
    }
    assert_eq!(displayed(&world, 2).iter().filter(|line| line.ends_with("left the chatroom")).count(), 2);
    world.cut.clear();
    world.advance(10_000);
    assert_eq!(displayed(&world, 0).last().unwrap(), "user2 joined mesh");
    world.freeze(1, 20_000);
    world.advance(11_000);
    assert_eq!(displayed(&world, 0).last().unwrap(), "user1 has left the chatroom");
    world.advance(20_000);
    assert_eq!(displayed(&world, 0).last().unwrap(), "user1 joined mesh");
    assert!(world.hosts.iter().all(|host| host.node.as_ref().unwrap().links.len() == 2));
}

#[test]
fn short_break_is_not_shown() {
    let mut world = World::new(2, 6);
    world.advance(3_000);
    for _ in 0..5 {
        world.break_wire(0);
        world.advance(4_000);
    }
    assert_eq!(displayed(&world, 0), ["user1 joined mesh"]);
}

#[test]
fn goodbye_takes_effect_at_once() {
    let mut world = World::new(2, 7);
    world.advance(3_000);
    world.input(1, NodeInput::LineTyped(object("/quit", ROOM)));
    world.advance(100);
    assert_eq!(displayed(&world, 0).last().unwrap(), "user1 has left the chatroom");
}

#[test]
fn private_message_survives_a_broken_link() {
    let mut world = World::new(3, 8);
    world.advance(3_000);
    assert!(run_command(&mut world, 0, "/pm user1 psst").is_empty());
    world.advance(100);
    assert_eq!(displayed(&world, 1).last().unwrap(), "[PM] user0: psst");
    run_command(&mut world, 0, "/pm user1 again");
    (0..3).for_each(|wire| world.break_wire(wire));
    world.advance(6_000);
    let all = displayed(&world, 1);
    assert_eq!(all.iter().filter(|line| line.starts_with("[PM] user0")).count(), 2, "{all:?}");
    assert!(!displayed(&world, 2).iter().any(|line| line.contains("[PM]")));
    assert!(run_command(&mut world, 0, "/pm nobody hi")[0].starts_with("ERROR: 404"));
    run_command(&mut world, 0, "/pm user1 lost");
    world.kill(1);
    world.advance(4_000);
    assert!(
        displayed(&world, 0).iter().any(|line| line.contains("left; this message to them may not have arrived: lost"))
    );
}

#[test]
fn private_message_arrives_if_only_one_side_has_removed_the_other() {
    for round in 0..8 {
        let (mut world, frozen) = (World::new(2, 10 + round), usize::from(round % 2 == 0));
        world.advance(3_000);
        for text in ["one", "two"] {
            run_command(&mut world, 1 - frozen, &format!("/pm user{frozen} {text}"));
            world.advance(500);
        }
        // The other side removes the frozen member, which finds its link lost when it continues, and links again.
        world.freeze(frozen, 11_000 + 400 * round);
        world.advance(20_000);
        assert!(displayed(&world, 1 - frozen).iter().any(|line| line.ends_with("left the chatroom")));
        run_command(&mut world, 1 - frozen, &format!("/pm user{frozen} three"));
        world.advance(500);
        assert!(
            displayed(&world, frozen).iter().any(|line| line.ends_with("three")),
            "{:?}",
            displayed(&world, frozen)
        );
    }
}

#[test]
fn commands_that_need_a_server_are_refused() {
    let mut world = World::new(1, 9);
    for (typed, answer) in [
        ("/join ops", "ERROR: 404 "),
        ("/all hi", "ERROR: 403 "),
        ("/connect bob", "ERROR: 403 "),
        ("/history unread", "ERROR: 403 "),
        ("/ping x", "PONG x"),
        ("/who mesh", "In mesh: user0"),
        ("/rooms", "Rooms: mesh (1)"),
        ("/join mesh", "INFO: You are in mesh now"),
        ("/help pm", "INFO: /pm NAME TEXT"),
        ("/history", "INFO: no messages"),
    ] {
        let answers = run_command(&mut world, 0, typed);
        assert!(answers.len() == 1 && answers[0].starts_with(answer), "{typed}: {answers:?}");
    }
    assert_eq!(run_command(&mut world, 0, "/hooray").len(), 1);
    assert!(run_command(&mut world, 0, "/search HOORAY")[0].contains("user0: 🎉 Hooray!"));
    assert!(matches!(world.hosts[0].events.last(), Some(EventKind::RecallEnd { count: 1, .. })));
}
