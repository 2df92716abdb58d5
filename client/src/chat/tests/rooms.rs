//! Going into rooms, leaving them, and coming back to them.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use landline_common::event::Part;
use landline_common::{Cause, EventKind};

fn desk() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn viewed(desk: &TestClient) -> &ConversationId {
    &desk.state.conversations().viewed().place
}

fn ops() -> ConversationId {
    ConversationId::room("ops")
}

#[test]
fn a1_a_line_says_its_room_and_a_room_is_entered_once() {
    let mut desk = desk();
    desk.enter("/join Ops");
    assert_eq!(desk.take_sent(), ["/join Ops"]);
    assert!(desk.state.conversations().get(&ops()).unwrap().joining, "it is seen waiting");
    assert_eq!(*viewed(&desk), ops());
    desk.enter("one");
    assert_eq!(desk.take_sent(), [""; 0], "it waits for its room");
    desk.entered("Ops");
    assert_eq!(*viewed(&desk), ops());
    assert!(desk.take_sent().contains(&"Ops: one".to_owned()));
    desk.press(Key::alt(Code::Char('1')));
    desk.enter("two");
    assert_eq!(desk.take_sent(), ["lobby: two"], "no room is made the current one");
}

#[test]
fn d4_a_room_that_opens_late_steals_neither_view_nor_draft() {
    let mut desk = desk();
    desk.said(1, "lobby", "bob", "x");
    desk.enter("/query bob");
    desk.press(Key::alt(Code::Char('1')));
    for n in 0..12 {
        desk.enter(&format!("line {n}"));
    }
    desk.enter("/join ops");
    // Still the second one: a room that waits has no number.
    desk.press(Key::alt(Code::Char('2')));
    desk.type_in("the password is ");
    desk.pass_silently(4_000);
    desk.answer("/join ops", Cause::Entered.with_room("ops").into());
    assert_eq!(
        (viewed(&desk), desk.state.conversations().viewed().draft.text()),
        (&ConversationId::person("bob"), "the password is ")
    );
    desk.enter("hunter2");
    assert_eq!(desk.lines(&ConversationId::person("bob")), ["pending alice: the password is hunter2"]);
    assert!(desk.state.conversations().get(&ops()).is_some_and(|ops| !ops.joining), "it is in the list");
}

#[test]
fn d4_after_an_outage_too() {
    let mut desk = desk();
    desk.cut();
    desk.enter("/join newroom");
    desk.enter("/query bob");
    desk.type_in("secret");
    desk.pass(31_000);
    desk.welcome();
    desk.entered("newroom");
    assert_eq!(
        (viewed(&desk), desk.state.conversations().viewed().draft.text()),
        (&ConversationId::person("bob"), "secret")
    );
}

#[test]
fn d4_lines_go_where_the_user_looks_also_while_a_room_waits() {
    let mut desk = desk();
    desk.enter("/join ops");
    desk.enter("for ops");
    desk.press(Key::alt(Code::Char('1')));
    desk.enter("for the lobby");
    assert_eq!(desk.take_sent(), ["/join ops", "lobby: for the lobby"]);
    assert_eq!(desk.lines(&ops()), ["unsent alice: for ops"]);
    desk.entered("ops");
    assert!(desk.take_sent().contains(&"ops: for ops".to_owned()));
}

#[test]
fn d4_what_is_typed_to_a_user_never_goes_into_a_room_that_opens() {
    for is_up in [true, false] {
        let mut desk = desk();
        desk.enter("/query bob");
        if !is_up {
            desk.cut();
        }
        desk.enter("/join ops");
        desk.enter("for bob alone");
        desk.type_in("secret");
        if !is_up {
            desk.pass(31_000);
            desk.welcome();
        }
        desk.entered("ops");
        assert_eq!(
            (viewed(&desk), desk.state.conversations().viewed().draft.text()),
            (&ConversationId::person("bob"), "secret")
        );
        assert_eq!(desk.lines(&ConversationId::person("bob")).len(), 1 + usize::from(!is_up));
        assert!(!desk.take_sent().contains(&"ops: for bob alone".to_owned()));
    }
}

#[test]
fn d4_a_room_that_does_not_open_says_why() {
    let mut desk = desk();
    desk.enter("/join a_b");
    desk.refuse("/join a_b", Cause::RoomNameBad);
    assert_eq!(desk.lobby(), ["- not in a_b: xq wvzt"]);
    assert!(desk.state.conversations().get(&ConversationId::room("a_b")).is_none());
    desk.enter("/join full");
    desk.enter("meant for it");
    desk.refuse("/join full", Cause::TooManyRooms);
    assert_eq!(desk.lines(&ConversationId::room("full"))[0], "failed alice: meant for it");
    desk.enter("lost?");
    assert_eq!(desk.take_sent(), ["/join a_b", "/join full"]);
    assert_eq!(desk.state.conversations().viewed().draft.text(), "lost?", "it is kept");
}

#[test]
fn a_join_can_be_taken_back() {
    let mut desk = desk();
    desk.cut();
    desk.enter("/join ops");
    desk.enter("/cancel");
    desk.pass(31_000);
    desk.welcome();
    assert!(!desk.take_sent().iter().any(|line| line.starts_with("/join")));
}

#[test]
fn leaving_a_room_closes_it() {
    let mut desk = desk();
    desk.enter("/join ops");
    desk.entered("ops");
    desk.take_sent();
    desk.enter("/leave");
    assert!(desk.state.conversations().get(&ops()).is_none());
    desk.enter("still here");
    assert_eq!(desk.take_sent(), ["/leave ops", "lobby: still here"]);
    desk.answer("/leave ops", Cause::LeftRoom.with_room("ops").into());
    desk.said(9, "lobby", "bob", "yes");
    desk.cut();
    desk.pass(31_000);
    assert!(!format!("{:?}", desk.effects).contains("ops"), "and not gone into again");
}

#[test]
fn a_room_that_is_entered_is_shown_with_what_was_said_last() {
    let mut desk = desk();
    desk.enter("/join ops");
    desk.entered("ops");
    let sent = desk.take_sent();
    assert!(sent.contains(&"ops: /history 20".to_owned()) && sent.contains(&"/who ops".to_owned()), "{sent:?}");
}

#[test]
fn a11_an_account_that_comes_back_sees_what_is_new_in_all_its_rooms() {
    let mut desk = TestClient::back_in(&["ops", "dev"]);
    desk.step(crate::chat::Input::Resize(80, 24));
    desk.welcome();
    assert_eq!(desk.state.conversations().iter().filter(|c| matches!(c.place, ConversationId::Room(_))).count(), 3);
    desk.recalled(5, "lobby", "bob", "@alice look");
    desk.recalled(6, "lobby", "bob", "and more");
    let before = desk.state.conversations().get(&ConversationId::room("lobby")).unwrap().lines().len();
    desk.caught_up("lobby", true, false);
    desk.recalled(7, "ops", "bob", "alice, here too");
    desk.caught_up("ops", true, false);
    desk.recalled(8, "dev", "bob", "old");
    desk.caught_up("dev", false, false);
    let get = |room: &str| desk.state.conversations().get(&ConversationId::room(room)).unwrap();
    let lobby = get("lobby");
    assert_eq!(lobby.lines().len(), before + 2, "nothing is shown before it is known what it is");
    let first = lobby.lines().iter().find(|line| line.id == Some(5)).unwrap();
    assert_eq!(lobby.marker, Some(first.key), "a rule above what is new, also where the user looks");
    assert_eq!(desk.state.conversations().get(&ConversationId::Mentions).unwrap().unread, 2);
    assert_eq!((get("ops").unread, get("ops").mentions, get("dev").unread), (1, 1, 0));
    assert!(desk.take_sent().contains(&"lobby: /history before 5".to_owned()), "with what was said before it");
}

#[test]
fn a_guest_is_shown_what_was_said_last_and_has_missed_nothing() {
    let mut desk = TestClient::new(80, 24);
    desk.welcome();
    desk.press(Key::alt(Code::Char('3')));
    desk.recalled(5, "lobby", "bob", "hi alice");
    desk.caught_up("lobby", false, false);
    assert_eq!(desk.lobby(), ["bob: hi alice"]);
    let lobby = desk.state.conversations().get(&ConversationId::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.marker), (0, None));
}

#[test]
fn what_was_said_to_everybody_before_opens_no_conversation() {
    let mut desk = TestClient::new(80, 24);
    desk.welcome();
    let place = landline_common::history::Location::Global;
    desk.hear(EventKind::Recalled { id: 3, place, user: "bob".into(), text: "lunch".into() });
    desk.caught_up("all", false, false);
    assert!(desk.state.conversations().get(&ConversationId::Global).is_none());
}

#[test]
fn r6_nobody_is_counted_before_the_list_is_known() {
    let mut desk = desk();
    let known = |desk: &TestClient, room: &str| {
        desk.state.conversations().get(&ConversationId::room(room)).expect("the room").members_known()
    };
    assert_eq!(known(&desk, "lobby"), Some(2));
    desk.enter("/join ops");
    desk.entered("ops");
    desk.hear(EventKind::Joined { user: "alice".into(), room: "ops".into() });
    assert_eq!(known(&desk, "ops"), None);
    desk.pass(4_000);
    assert_eq!(known(&desk, "ops"), Some(2));
    desk.cut();
    assert_eq!(known(&desk, "lobby"), None);
    desk.pass_silently(31_000);
    desk.welcome();
    assert_eq!(known(&desk, "ops"), None);
    let users = vec!["alice".into()];
    desk.answer("/who ops", EventKind::Members { room: "ops".into(), users, part: Part::default() });
    assert_eq!(known(&desk, "ops"), Some(1));
    desk.hear(EventKind::Connected { user: "bob".into() });
    assert_eq!(known(&desk, "ops"), None, "bob may be in it");
}

#[test]
fn a_server_that_says_in_mid_session_that_the_user_is_in_changes_nothing() {
    let mut desk = TestClient::signed_in(80, 24);
    let before: Vec<String> = desk.state.conversations().iter().map(|talks| talks.title.to_string()).collect();
    let (user, server, room) = ("mallory".into(), "Evil".into(), "evil".into());
    desk.hear(EventKind::Welcome { user, server, room, account: true, grant: Box::default() });
    let after: Vec<String> = desk.state.conversations().iter().map(|talks| talks.title.to_string()).collect();
    assert_eq!(before, after);
}
