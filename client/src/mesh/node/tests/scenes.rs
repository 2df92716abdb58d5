//! What happens in particular cases.

use super::world::World;
use crate::engine::typed::object;
use crate::mesh::node::NodeInput;
use crate::mesh::node::ROOM;
use landline_common::EventKind;
use std::collections::BTreeSet;

/// What a seat was told, as people read it.
fn told(world: &World, seat: usize) -> Vec<String> {
    let lines = world.seats[seat]
        .told
        .iter()
        .map(|what| landline_common::text::plain(&what.clone().at(landline_common::OffsetDateTime::default())));
    lines.collect()
}

fn line(world: &mut World, seat: usize, line: &str) -> Vec<String> {
    let before = world.seats[seat].told.len();
    world.input(seat, NodeInput::Line(object(line, ROOM)));
    told(world, seat).split_off(before)
}

#[test]
fn a9_a_message_keeps_its_lines_also_for_newcomers_and_in_the_history() {
    let mut world = World::new(3, 1);
    world.kill(2);
    world.pass(2_500);
    line(&mut world, 0, "/say\n  if x:\r\n\treturn\n\nINFO: forged");
    line(&mut world, 0, "/pm user1 a\n  b");
    let refused = line(&mut world, 0, &format!("/say {}", vec!["x"; 51].join("\n")));
    assert!(refused[0].starts_with("ERROR: 413 ") && refused[0].contains("50 lines"), "{refused:?}");
    world.pass(1_000);
    let heard = told(&world, 1);
    let lines = "user0:   if x:\nuser0:     return\nuser0: \nuser0: INFO: forged";
    assert!(heard.contains(&lines.to_owned()), "{heard:?}");
    assert!(heard.contains(&"[PM] user0: a\n[PM] user0:   b".to_owned()), "{heard:?}");
    world.start(2);
    world.pass(5_000);
    let history = line(&mut world, 2, "/history");
    assert_eq!(history[0].matches("] user0: ").count(), 4, "{history:?}");
    let found = line(&mut world, 2, "/search forged");
    assert!(found[0].ends_with("] user0:   if x: return INFO: forged"), "{found:?}");
}

#[test]
fn six_who_start_at_once_have_fifteen_links() {
    let mut world = World::new(6, 1);
    world.pass(2_500);
    let links: usize = world.seats.iter().map(|seat| seat.node.as_ref().unwrap().links.len()).sum();
    assert_eq!(links, 30, "each is seen from both ends");
    for seat in 0..6 {
        let joined = told(&world, seat);
        assert_eq!(joined.iter().filter(|line| line.ends_with("joined mesh")).count(), 5, "{joined:?}");
    }
}

#[test]
fn a_newcomer_asks_several_and_nothing_twice() {
    let mut world = World::new(4, 2);
    world.kill(3);
    world.pass(3_000);
    for n in 0..1_000 {
        world.say(n % 3);
        world.pass(300);
    }
    world.sayings.clear();
    world.start(3);
    world.pass(5_000);
    let sayings = &world.sayings[&3];
    assert_eq!(sayings.iter().map(|(_, says)| says).sum::<usize>(), 1_000);
    let from: BTreeSet<usize> = sayings.iter().map(|(from, _)| *from).collect();
    assert_eq!(from.len(), 3, "{sayings:?}");
    let heard = told(&world, 3);
    assert!(!heard.iter().any(|line| line.contains("message")), "what was said before is in the history only");
    let history = line(&mut world, 3, "/history 200");
    assert_eq!(history.len(), 201);
    assert_eq!(history, line(&mut world, 0, "/history 200"));
    assert!(history[200].starts_with("INFO: 200 messages; more: /history before "), "{}", history[200]);
    let before = history[200].split("more: ").nth(1).unwrap().to_owned();
    let older = line(&mut world, 3, &before);
    assert_eq!(older.len(), 21);
    assert!(older[19].ends_with("message 800 of user1"), "{}", older[19]);
}

#[test]
fn whoever_is_killed_has_left_in_time_and_comes_back() {
    let mut world = World::new(3, 3);
    world.pass(3_000);
    world.kill(2);
    world.pass(3_000);
    assert_eq!(told(&world, 0).last().unwrap(), "user2 has left the chatroom");
    world.start(2);
    world.pass(3_000);
    assert_eq!(told(&world, 0).last().unwrap(), "user2 joined mesh");
    assert_eq!(line(&mut world, 0, "/users"), ["Online clients: user0, user1, user2"]);
}

#[test]
fn a_quick_restart_is_left_and_joined_in_that_order() {
    let mut world = World::new(2, 4);
    world.pass(3_000);
    world.start(1);
    world.pass(3_000);
    let heard = told(&world, 0);
    assert_eq!(heard, ["user1 joined mesh", "user1 has left the chatroom", "user1 joined mesh"]);
}

#[test]
fn a_pulled_cable_is_noticed_and_a_frozen_program_too() {
    let mut world = World::new(3, 5);
    world.pass(3_000);
    world.cut.extend([(0, 2), (1, 2)]);
    world.pass(11_000);
    for seat in [0, 1] {
        assert_eq!(told(&world, seat).last().unwrap(), "user2 has left the chatroom");
    }
    assert_eq!(told(&world, 2).iter().filter(|line| line.ends_with("left the chatroom")).count(), 2);
    world.cut.clear();
    world.pass(10_000);
    assert_eq!(told(&world, 0).last().unwrap(), "user2 joined mesh");
    world.freeze(1, 20_000);
    world.pass(11_000);
    assert_eq!(told(&world, 0).last().unwrap(), "user1 has left the chatroom");
    world.pass(20_000);
    assert_eq!(told(&world, 0).last().unwrap(), "user1 joined mesh");
    assert!(world.seats.iter().all(|seat| seat.node.as_ref().unwrap().links.len() == 2));
}

#[test]
fn a_short_break_is_not_shown() {
    let mut world = World::new(2, 6);
    world.pass(3_000);
    for _ in 0..5 {
        world.lose(0);
        world.pass(4_000);
    }
    assert_eq!(told(&world, 0), ["user1 joined mesh"]);
}

#[test]
fn good_bye_is_heard_at_once() {
    let mut world = World::new(2, 7);
    world.pass(3_000);
    world.input(1, NodeInput::Line(object("/quit", ROOM)));
    world.pass(100);
    assert_eq!(told(&world, 0).last().unwrap(), "user1 has left the chatroom");
}

#[test]
fn one_message_for_one_person_arrives_also_over_a_broken_link() {
    let mut world = World::new(3, 8);
    world.pass(3_000);
    assert!(line(&mut world, 0, "/pm user1 psst").is_empty());
    world.pass(100);
    assert_eq!(told(&world, 1).last().unwrap(), "[PM] user0: psst");
    line(&mut world, 0, "/pm user1 again");
    (0..3).for_each(|wire| world.lose(wire));
    world.pass(6_000);
    let all = told(&world, 1);
    assert_eq!(all.iter().filter(|line| line.starts_with("[PM] user0")).count(), 2, "{all:?}");
    assert!(!told(&world, 2).iter().any(|line| line.contains("[PM]")));
    assert!(line(&mut world, 0, "/pm nobody hi")[0].starts_with("ERROR: 404"));
    line(&mut world, 0, "/pm user1 lost");
    world.kill(1);
    world.pass(4_000);
    assert!(told(&world, 0).iter().any(|line| line.contains("went before this had arrived for certain: lost")));
}

#[test]
fn what_is_for_one_person_arrives_also_when_only_one_side_has_forgotten_the_other() {
    for round in 0..8 {
        let (mut world, frozen) = (World::new(2, 10 + round), usize::from(round % 2 == 0));
        world.pass(3_000);
        for text in ["one", "two"] {
            line(&mut world, 1 - frozen, &format!("/pm user{frozen} {text}"));
            world.pass(500);
        }
        // The other side gives the frozen one up, which finds the link gone on waking, and has a new one soon.
        world.freeze(frozen, 11_000 + 400 * round);
        world.pass(20_000);
        assert!(told(&world, 1 - frozen).iter().any(|line| line.ends_with("left the chatroom")));
        line(&mut world, 1 - frozen, &format!("/pm user{frozen} three"));
        world.pass(500);
        assert!(told(&world, frozen).iter().any(|line| line.ends_with("three")), "{:?}", told(&world, frozen));
    }
}

#[test]
fn commands_that_need_a_server_say_so() {
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
        let answers = line(&mut world, 0, typed);
        assert!(answers.len() == 1 && answers[0].starts_with(answer), "{typed}: {answers:?}");
    }
    assert_eq!(line(&mut world, 0, "/hooray").len(), 1);
    assert!(line(&mut world, 0, "/search HOORAY")[0].contains("user0: 🎉 Hooray!"));
    assert!(matches!(world.seats[0].told.last(), Some(EventKind::RecallEnd { count: 1, .. })));
}
