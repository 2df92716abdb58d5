//! Talk that goes out and comes in.

use crate::model::conversation::Place;
use crate::model::desk::Desk;
use crate::model::key::{Code, Key};
use crate::model::{Effect, Exit};
use landline_common::What;
use landline_common::event::{More, Part};
use landline_common::history::Place as Where;

fn desk() -> Desk {
    Desk::signed_in(80, 24)
}

#[test]
fn a_line_is_pending_until_it_comes_back() {
    let mut desk = desk();
    desk.enter("hello");
    assert_eq!(desk.take_sent(), ["/say hello"]);
    assert_eq!(desk.lobby(), ["pending alice: hello"]);
    desk.said(5, "lobby", "bob", "first");
    assert_eq!(desk.lobby(), ["bob: first", "pending alice: hello"]);
    desk.said(4, "lobby", "alice", "hello");
    assert_eq!(desk.lobby(), ["alice: hello", "bob: first"], "the server's order is the room's");
}

#[test]
fn a_message_is_there_once() {
    let mut desk = desk();
    desk.said(1, "lobby", "bob", "hi");
    desk.said(1, "lobby", "bob", "hi");
    desk.recalled(1, "lobby", "bob", "hi");
    assert_eq!(desk.lobby(), ["bob: hi"]);
}

#[test]
fn the_room_is_named_before_something_is_said_elsewhere() {
    let mut desk = desk();
    desk.enter("/join Ops");
    assert_eq!(desk.take_sent(), ["/join Ops"]);
    assert_eq!(desk.state.talks.viewed().place, Place::room("lobby"), "not before the server lets one in");
    desk.hear(What::info("You are in Ops now"));
    assert_eq!(&*desk.state.talks.viewed().title, "ops");
    assert_eq!(desk.take_sent(), ["/history"]);
    desk.enter("one");
    assert_eq!(desk.take_sent(), [""; 0], "what was missed comes first");
    desk.catch_up_nothing();
    assert_eq!(desk.take_sent()[0], "/say one");
    desk.pass(6_000);
    desk.take_sent();
    desk.press(Key::alt(Code::Char('1')));
    desk.enter("two");
    assert_eq!(desk.take_sent(), ["/join lobby", "/say two"]);
    desk.hear(What::info("You are in lobby now"));
    assert!(!desk.lobby().iter().any(|line| line.contains("You are in")), "nobody asked for that");
}

#[test]
fn a_room_one_may_not_enter_says_why() {
    let mut desk = desk();
    desk.enter("/join a_b");
    desk.hear(What::error(400, "a room's name has letters, digits, / and - only"));
    assert_eq!(desk.lobby(), ["- a room's name has letters, digits, / and - only"]);
    assert!(desk.state.talks.get(&Place::room("a_b")).is_none());
}

#[test]
fn direct_messages_are_sent_when_the_server_has_gone_on() {
    let mut desk = desk();
    desk.enter("/pm bob psst");
    assert_eq!(desk.take_sent(), ["/pm bob psst"]);
    let bob = Place::person("Bob");
    assert_eq!(desk.state.talks.viewed().place, bob);
    assert_eq!(desk.lines(&bob), ["pending alice: psst"]);
    desk.pong();
    assert_eq!(desk.lines(&bob), ["alice: psst"]);
    desk.enter("here");
    assert_eq!(desk.take_sent()[0], "/pm bob here");
    desk.hear(landline_common::Cause::NoSuchUser.of_user("bob").into());
    assert_eq!(desk.lines(&bob), ["alice: psst", "failed alice: here"]);
}

#[test]
fn an_error_belongs_to_what_it_can_mean() {
    let mut desk = desk();
    desk.enter("/who nowhere");
    desk.enter("/pm carol hi");
    desk.hear(What::error(404, "there is no room nowhere; /rooms lists them"));
    desk.hear(landline_common::Cause::NoSuchUser.of_user("carol").into());
    assert_eq!(desk.lines(&Place::person("carol"))[0], "failed alice: hi");
    let shown: Vec<String> = desk.state.talks.iter().flat_map(|c| desk.lines(&c.place)).collect();
    assert!(shown.iter().any(|line| line.contains("there is no room nowhere")), "{shown:?}");
}

#[test]
fn private_chats_are_apart() {
    let mut desk = desk();
    let bob = Place::person("bob");
    desk.hear(What::PrivateRequest { from: "bob".into() });
    assert!(desk.effects.contains(&Effect::Bell));
    assert_eq!(desk.state.talks.get(&bob).unwrap().mentions, 1);
    desk.press(Key::alt(Code::Char('a')));
    desk.hear(What::PrivateConnected { with: "bob".into() });
    desk.enter("secret");
    assert_eq!(desk.take_sent()[0], "/private bob secret");
    desk.hear(What::Private { from: "bob".into(), text: "yes".into() });
    desk.hear(What::PrivateEnded { with: "bob".into(), reason: "disconnected".into() });
    desk.enter("open again");
    assert_eq!(desk.take_sent().last().unwrap(), "/pm bob open again");
}

#[test]
fn what_is_said_to_everybody_has_its_own_place() {
    let mut desk = desk();
    desk.enter("/all lunch");
    assert_eq!(desk.take_sent(), ["/all lunch"]);
    desk.hear(What::SaidToAll { id: 9, user: "alice".into(), text: "lunch".into() });
    desk.hear(What::SaidToAll { id: 10, user: "bob".into(), text: "yes".into() });
    assert_eq!(desk.lines(&Place::Everybody), ["alice: lunch", "bob: yes"]);
    assert_eq!(desk.state.talks.get(&Place::Everybody).unwrap().unread, 1);
}

#[test]
fn mentions_are_counted_gathered_and_heard() {
    let mut desk = desk();
    desk.press(Key::alt(Code::Char('3')));
    desk.said(1, "lobby", "bob", "anybody?");
    assert!(!desk.effects.contains(&Effect::Bell));
    desk.said(2, "lobby", "bob", "Alice, look");
    assert_eq!(desk.effects, [Effect::Bell]);
    desk.said(3, "lobby", "bob", "alice!");
    assert_eq!(desk.effects, [Effect::Bell], "not twice in a second");
    let lobby = desk.state.talks.get(&Place::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.mentions), (3, 2));
    assert_eq!(desk.lines(&Place::Mentions), ["bob: Alice, look", "bob: alice!"]);
    desk.press(Key::alt(Code::Char('a')));
    let lobby = desk.state.talks.viewed();
    assert_eq!((&*lobby.title, lobby.unread, lobby.mentions), ("lobby", 0, 0));
}

#[test]
fn lines_beyond_the_rate_wait() {
    let mut desk = desk();
    for i in 0..20 {
        desk.enter(&format!("line {i}"));
    }
    assert_eq!(desk.take_sent().len(), 9);
    assert!(desk.lobby()[19].starts_with("unsent"));
    desk.pass(12_100);
    let rest = desk.take_sent();
    assert_eq!(rest.iter().filter(|line| line.starts_with("/say")).count(), 11, "{rest:?}");
}

#[test]
fn a_line_that_the_server_drops_is_not_pending_for_ever() {
    let mut desk = desk();
    desk.enter("lost");
    desk.hear(What::info("⚠ Slow down — you're sending too fast."));
    desk.pass(16_000);
    assert_eq!(desk.lobby()[0], "failed alice: lost");
}

#[test]
fn comings_and_goings_are_folded_and_move_the_list() {
    let mut desk = desk();
    for user in ["carol", "dave", "erin"] {
        desk.hear(What::Joined { user: user.into(), room: "lobby".into() });
    }
    desk.hear(What::Disconnected { user: "bob".into() });
    assert_eq!(desk.lobby(), ["~ carol, dave and erin joined, bob left"]);
    assert_eq!(desk.state.talks.viewed().members.len(), 4);
}

#[test]
fn a_guest_is_shown_what_was_said_last_and_has_missed_nothing() {
    let mut desk = Desk::new(80, 24);
    desk.welcome();
    assert_eq!(desk.take_sent()[0], "/history");
    desk.press(Key::alt(Code::Char('3')));
    desk.recalled(5, "lobby", "bob", "hi alice");
    desk.hear(What::RecallEnd { shown: 1, remark: "".into(), next: Some("/history before 5".into()) });
    assert_eq!(desk.lobby(), ["bob: hi alice"]);
    let lobby = desk.state.talks.get(&Place::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.caught_up), (0, true));
}

#[test]
fn an_account_that_missed_nothing_is_shown_what_was_said_last() {
    let mut desk = Desk::new(80, 24);
    desk.hear(What::Welcome {
        user: "alice".into(),
        server: "s".into(),
        room: "lobby".into(),
        account: true,
        grant: Default::default(),
    });
    assert_eq!(desk.take_sent()[0], "/history unread");
    desk.hear(What::RecallEnd { shown: 0, remark: "this is your first visit here".into(), next: None });
    assert_eq!(desk.take_sent()[0], "/history");
    desk.recalled(5, "lobby", "bob", "hi");
    desk.hear(What::RecallEnd { shown: 1, remark: "".into(), next: None });
    let lobby = desk.state.talks.viewed();
    assert_eq!((lobby.caught_up, lobby.known_to), (true, Some(5)));
}

#[test]
fn a_crowd_is_a_number() {
    let mut desk = desk();
    desk.hear(What::Gathered { room: Some("lobby".into()), came: 300, went: 0, users: vec!["u1".into()] });
    desk.hear(What::Disconnected { user: "bob".into() });
    assert_eq!(desk.lobby(), ["~ 300 joined, bob left"]);
}

#[test]
fn who_signs_in_to_the_room_is_seen_to_come() {
    let mut desk = desk();
    desk.hear(What::Connected { user: "zoe".into() });
    desk.pass_silently(4_000);
    assert!(desk.take_sent().contains(&"/who lobby".to_owned()));
    desk.hear(What::Members {
        room: "lobby".into(),
        users: vec!["alice".into(), "bob".into(), "zoe".into()],
        part: Part::default(),
    });
    assert_eq!(desk.lobby(), ["~ zoe joined"]);
}

#[test]
fn a5_the_server_that_speaks_is_no_user() {
    let long = landline_common::name::of_server(&"x".repeat(100));
    for (id, speaker) in (1..).zip(["Landline (server)".to_owned(), long]) {
        let mut desk = desk();
        let known = |desk: &Desk| -> Vec<String> {
            let lobby = desk.state.talks.viewed();
            desk.state.online.iter().chain(lobby.members.iter()).map(str::to_owned).collect()
        };
        let before = known(&desk);
        desk.hear(What::Said { id, room: "lobby".into(), user: speaker.clone().into(), text: "lunch".into() });
        desk.hear(What::SaidToAll { id: id + 10, user: speaker.clone().into(), text: "all of you".into() });
        let place = Where::Room("lobby".into());
        desk.hear(What::Recalled { id: id + 20, place, user: speaker.into(), text: "breakfast".into() });
        assert_eq!(known(&desk), before);
        assert!(desk.lobby().iter().any(|line| line.ends_with("(server): lunch")), "{:?}", desk.lobby());
        assert!(!desk.lobby().iter().any(|line| line.contains("joined")), "{:?}", desk.lobby());
        desk.type_in("La");
        desk.press(Key::plain(Code::Tab));
        assert_eq!(desk.state.talks.viewed().draft.text(), "La");
    }
}

#[test]
fn x2_a_page_of_a_list_takes_no_known_user_away() {
    let mut desk = desk();
    let more = Some(More { count: 412, next: "/users after carol".into() });
    let part = Part { after: None, more };
    desk.hear(What::Online { users: vec!["carol".into()], part: part.clone() });
    desk.hear(What::Members { room: "lobby".into(), users: vec!["carol".into()], part });
    for list in [&desk.state.online, &desk.state.talks.viewed().members] {
        assert_eq!(list.iter().collect::<Vec<_>>(), ["alice", "bob", "carol"]);
    }
    let lobby = desk.lobby().join("\n");
    assert!(lobby.contains("carol, and 412 more: /users after carol") && !lobby.contains("joined"), "{lobby}");
    let part = Part { after: Some("carol".into()), more: None };
    desk.hear(What::Online { users: vec!["zoe".into()], part });
    assert_eq!(desk.state.online.iter().collect::<Vec<_>>(), ["alice", "bob", "carol", "zoe"]);
}

#[test]
fn hostile_names_and_texts_are_harmless() {
    let mut desk = desk();
    desk.hear(What::Said {
        id: 1,
        room: format!("r\u{1b}[2J{}", "x".repeat(9_999)).into(),
        user: "\u{1b}]0;t\u{7}eve\n".into(),
        text: "a\u{1b}[31mb\u{202e}c\nd".into(),
    });
    for conversation in desk.state.talks.iter() {
        assert!(conversation.title.chars().count() <= 40 && !conversation.title.contains('\u{1b}'));
        for line in desk.lines(&conversation.place) {
            assert!(!line.chars().any(|c| c.is_control() && c != '\n') && !line.contains('\u{202e}'), "{line:?}");
        }
    }
}

#[test]
fn leaving_is_said_to_the_server() {
    let mut desk = desk();
    desk.enter("/quit");
    assert_eq!(desk.take_sent(), ["/quit"]);
    assert_eq!(desk.effects, [Effect::Quit(Exit::Left)]);
}

#[test]
fn leaving_a_room_closes_it() {
    let mut desk = desk();
    desk.enter("/join ops");
    desk.hear(What::info("You are in ops now"));
    desk.catch_up_nothing();
    desk.take_sent();
    desk.enter("/leave");
    assert!(desk.state.talks.get(&Place::room("ops")).is_none());
    desk.enter("still here");
    let sent = desk.take_sent();
    assert!(
        sent.iter().any(|line| line == "/leave ops") && sent.ends_with(&["/say still here".to_owned()]),
        "{sent:?}"
    );
    assert!(sent.iter().any(|line| line == "/join lobby"), "which room the server takes then is not known");
}
