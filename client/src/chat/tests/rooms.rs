//! Going into rooms, leaving them, and coming back to them.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use landline_common::event::Part;
use landline_common::{Cause, EventKind};

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn viewed(client: &TestClient) -> &ConversationId {
    &client.state.conversations().viewed().id
}

fn ops() -> ConversationId {
    ConversationId::room("ops")
}

#[test]
fn a1_a_line_says_its_room_and_a_room_is_entered_once() {
    let mut client = client();
    client.enter_line("/join Ops");
    assert_eq!(client.take_sent(), ["/join Ops"]);
    assert!(client.state.conversations().get(&ops()).unwrap().joining, "it is seen waiting");
    assert_eq!(*viewed(&client), ops());
    client.enter_line("one");
    assert_eq!(client.take_sent(), [""; 0], "it waits for its room");
    client.grant_join("Ops");
    assert_eq!(*viewed(&client), ops());
    assert!(client.take_sent().contains(&"Ops: one".to_owned()));
    client.press(Key::alt(Code::Char('1')));
    client.enter_line("two");
    assert_eq!(client.take_sent(), ["lobby: two"], "no room is made the current one");
}

#[test]
fn d4_a_room_that_opens_late_steals_neither_view_nor_draft() {
    let mut client = client();
    client.receive_message(1, "lobby", "bob", "x");
    client.enter_line("/query bob");
    client.press(Key::alt(Code::Char('1')));
    for n in 0..12 {
        client.enter_line(&format!("line {n}"));
    }
    client.enter_line("/join ops");
    // Still the second one: a room that waits has no number.
    client.press(Key::alt(Code::Char('2')));
    client.type_in("the password is ");
    client.advance_silently(4_000);
    client.answer("/join ops", Cause::Entered.with_room("ops").into());
    assert_eq!(
        (viewed(&client), client.state.conversations().viewed().draft.text()),
        (&ConversationId::user("bob"), "the password is ")
    );
    client.enter_line("hunter2");
    assert_eq!(client.lines(&ConversationId::user("bob")), ["pending alice: the password is hunter2"]);
    assert!(client.state.conversations().get(&ops()).is_some_and(|ops| !ops.joining), "it is in the list");
}

#[test]
fn d4_after_an_outage_too() {
    let mut client = client();
    client.lose_connection();
    client.enter_line("/join newroom");
    client.enter_line("/query bob");
    client.type_in("secret");
    client.advance(31_000);
    client.welcome();
    client.grant_join("newroom");
    assert_eq!(
        (viewed(&client), client.state.conversations().viewed().draft.text()),
        (&ConversationId::user("bob"), "secret")
    );
}

#[test]
fn d4_lines_go_where_the_user_looks_also_while_a_room_waits() {
    let mut client = client();
    client.enter_line("/join ops");
    client.enter_line("for ops");
    client.press(Key::alt(Code::Char('1')));
    client.enter_line("for the lobby");
    assert_eq!(client.take_sent(), ["/join ops", "lobby: for the lobby"]);
    assert_eq!(client.lines(&ops()), ["unsent alice: for ops"]);
    client.grant_join("ops");
    assert!(client.take_sent().contains(&"ops: for ops".to_owned()));
}

#[test]
fn d4_what_is_typed_to_a_user_never_goes_into_a_room_that_opens() {
    for is_up in [true, false] {
        let mut client = client();
        client.enter_line("/query bob");
        if !is_up {
            client.lose_connection();
        }
        client.enter_line("/join ops");
        client.enter_line("for bob alone");
        client.type_in("secret");
        if !is_up {
            client.advance(31_000);
            client.welcome();
        }
        client.grant_join("ops");
        assert_eq!(
            (viewed(&client), client.state.conversations().viewed().draft.text()),
            (&ConversationId::user("bob"), "secret")
        );
        assert_eq!(client.lines(&ConversationId::user("bob")).len(), 1 + usize::from(!is_up));
        assert!(!client.take_sent().contains(&"ops: for bob alone".to_owned()));
    }
}

#[test]
fn d4_a_room_that_does_not_open_says_why() {
    let mut client = client();
    client.enter_line("/join a_b");
    client.refuse("/join a_b", Cause::RoomNameBad);
    assert_eq!(client.lobby(), ["- not in a_b: xq wvzt"]);
    assert!(client.state.conversations().get(&ConversationId::room("a_b")).is_none());
    client.enter_line("/join full");
    client.enter_line("meant for it");
    client.refuse("/join full", Cause::TooManyRooms);
    assert_eq!(client.lines(&ConversationId::room("full"))[0], "failed alice: meant for it");
    client.enter_line("lost?");
    assert_eq!(client.take_sent(), ["/join a_b", "/join full"]);
    assert_eq!(client.state.conversations().viewed().draft.text(), "lost?", "it is kept");
}

#[test]
fn a_join_can_be_taken_back() {
    let mut client = client();
    client.lose_connection();
    client.enter_line("/join ops");
    client.enter_line("/cancel");
    client.advance(31_000);
    client.welcome();
    assert!(!client.take_sent().iter().any(|line| line.starts_with("/join")));
}

#[test]
fn leaving_a_room_closes_it() {
    let mut client = client();
    client.enter_line("/join ops");
    client.grant_join("ops");
    client.take_sent();
    client.enter_line("/leave");
    assert!(client.state.conversations().get(&ops()).is_none());
    client.enter_line("still here");
    assert_eq!(client.take_sent(), ["/leave ops", "lobby: still here"]);
    client.answer("/leave ops", Cause::LeftRoom.with_room("ops").into());
    client.receive_message(9, "lobby", "bob", "yes");
    client.lose_connection();
    client.advance(31_000);
    assert!(!format!("{:?}", client.effects).contains("ops"), "and not gone into again");
}

#[test]
fn a_room_that_is_entered_is_shown_with_what_was_said_last() {
    let mut client = client();
    client.enter_line("/join ops");
    client.grant_join("ops");
    let sent = client.take_sent();
    assert!(sent.contains(&"ops: /history 20".to_owned()) && sent.contains(&"/who ops".to_owned()), "{sent:?}");
}

#[test]
fn a11_an_account_that_comes_back_sees_what_is_new_in_all_its_rooms() {
    let mut client = TestClient::with_rooms(&["ops", "dev"]);
    client.step(crate::chat::Input::Resize(80, 24));
    client.welcome();
    assert_eq!(client.state.conversations().iter().filter(|c| matches!(c.id, ConversationId::Room(_))).count(), 3);
    client.receive_history(5, "lobby", "bob", "@alice look");
    client.receive_history(6, "lobby", "bob", "and more");
    let before = client.state.conversations().get(&ConversationId::room("lobby")).unwrap().lines().len();
    client.caught_up("lobby", true, false);
    client.receive_history(7, "ops", "bob", "alice, here too");
    client.caught_up("ops", true, false);
    client.receive_history(8, "dev", "bob", "old");
    client.caught_up("dev", false, false);
    let get = |room: &str| client.state.conversations().get(&ConversationId::room(room)).unwrap();
    let lobby = get("lobby");
    assert_eq!(lobby.lines().len(), before + 2, "nothing is shown before it is known what it is");
    let first = lobby.lines().iter().find(|line| line.id == Some(5)).unwrap();
    assert_eq!(lobby.marker, Some(first.key), "a rule above what is new, also where the user looks");
    assert_eq!(client.state.conversations().get(&ConversationId::Mentions).unwrap().unread, 2);
    assert_eq!((get("ops").unread, get("ops").mentions, get("dev").unread), (1, 1, 0));
    assert!(client.take_sent().contains(&"lobby: /history before 5".to_owned()), "with what was said before it");
}

#[test]
fn a_guest_is_shown_what_was_said_last_and_has_missed_nothing() {
    let mut client = TestClient::new(80, 24);
    client.welcome();
    client.press(Key::alt(Code::Char('3')));
    client.receive_history(5, "lobby", "bob", "hi alice");
    client.caught_up("lobby", false, false);
    assert_eq!(client.lobby(), ["bob: hi alice"]);
    let lobby = client.state.conversations().get(&ConversationId::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.marker), (0, None));
}

#[test]
fn what_was_said_to_everybody_before_opens_no_conversation() {
    let mut client = TestClient::new(80, 24);
    client.welcome();
    let place = landline_common::history::Location::Global;
    client.receive(EventKind::Recalled { id: 3, place, user: "bob".into(), text: "lunch".into() });
    client.caught_up("all", false, false);
    assert!(client.state.conversations().get(&ConversationId::Global).is_none());
}

#[test]
fn r6_nobody_is_counted_before_the_list_is_known() {
    let mut client = client();
    let known = |client: &TestClient, room: &str| {
        client.state.conversations().get(&ConversationId::room(room)).expect("the room").members_known()
    };
    assert_eq!(known(&client, "lobby"), Some(2));
    client.enter_line("/join ops");
    client.grant_join("ops");
    client.receive(EventKind::Joined { user: "alice".into(), room: "ops".into() });
    assert_eq!(known(&client, "ops"), None);
    client.advance(4_000);
    assert_eq!(known(&client, "ops"), Some(2));
    client.lose_connection();
    assert_eq!(known(&client, "lobby"), None);
    client.advance_silently(31_000);
    client.welcome();
    assert_eq!(known(&client, "ops"), None);
    let users = vec!["alice".into()];
    client.answer("/who ops", EventKind::Members { room: "ops".into(), users, part: Part::default() });
    assert_eq!(known(&client, "ops"), Some(1));
    client.receive(EventKind::Connected { user: "bob".into() });
    assert_eq!(known(&client, "ops"), None, "bob may be in it");
}

#[test]
fn a_server_that_says_in_mid_session_that_the_user_is_in_changes_nothing() {
    let mut client = TestClient::signed_in(80, 24);
    let before: Vec<String> =
        client.state.conversations().iter().map(|conversation| conversation.title.to_string()).collect();
    let (user, server, room) = ("mallory".into(), "Evil".into(), "evil".into());
    client.receive(EventKind::Welcome { user, server, room, account: true, grant: Box::default() });
    let after: Vec<String> =
        client.state.conversations().iter().map(|conversation| conversation.title.to_string()).collect();
    assert_eq!(before, after);
}
