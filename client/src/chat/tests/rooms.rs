//! Joining, leaving and returning to rooms.

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
fn a1_a_line_names_its_room_and_a_room_is_joined_once() {
    let mut client = client();
    client.enter_line("/join Ops");
    assert_eq!(client.take_sent(), ["/join Ops"]);
    assert!(client.state.conversations().get(&ops()).unwrap().joining, "the room is listed as joining");
    assert_eq!(*viewed(&client), ops());
    client.enter_line("one");
    assert_eq!(client.take_sent(), [""; 0], "the line waits for its room");
    client.grant_join("Ops");
    assert_eq!(*viewed(&client), ops());
    assert!(client.take_sent().contains(&"Ops: one".to_owned()));
    client.press(Key::alt(Code::Char('1')));
    client.enter_line("two");
    assert_eq!(client.take_sent(), ["lobby: two"], "each line names its room");
}

#[test]
fn d4_a_room_joined_late_changes_neither_view_nor_draft() {
    let mut client = client();
    client.receive_message(1, "lobby", "bob", "x");
    client.enter_line("/query bob");
    client.press(Key::alt(Code::Char('1')));
    for n in 0..12 {
        client.enter_line(&format!("line {n}"));
    }
    client.enter_line("/join ops");
    // Alt-2 still shows bob: a room being joined has no number.
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
    assert!(client.state.conversations().get(&ops()).is_some_and(|ops| !ops.joining), "the room is listed as joined");
}

#[test]
fn d4_a_room_joined_after_an_outage_changes_neither_view_nor_draft() {
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
fn d4_lines_go_to_the_viewed_room_while_another_is_joined() {
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
fn d4_a_line_typed_to_a_user_never_goes_into_a_joined_room() {
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
fn d4_a_refused_join_shows_the_reason() {
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
    assert_eq!(client.state.conversations().viewed().draft.text(), "lost?", "the refused line stays in the editor");
}

#[test]
fn a_waiting_join_can_be_cancelled() {
    let mut client = client();
    client.lose_connection();
    client.enter_line("/join ops");
    client.enter_line("/cancel");
    client.advance(31_000);
    client.welcome();
    assert!(!client.take_sent().iter().any(|line| line.starts_with("/join")));
}

#[test]
fn leaving_a_room_closes_its_conversation() {
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
    assert!(!format!("{:?}", client.effects).contains("ops"), "a room that the user left is not joined again");
}

#[test]
fn a_joined_room_requests_its_history_and_members() {
    let mut client = client();
    client.enter_line("/join ops");
    client.grant_join("ops");
    let sent = client.take_sent();
    assert!(sent.contains(&"ops: /history 20".to_owned()) && sent.contains(&"/who ops".to_owned()), "{sent:?}");
}

#[test]
fn a11_a_returning_account_sees_missed_messages_of_all_rooms() {
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
    assert_eq!(
        lobby.lines().len(),
        before + 2,
        "messages are held back until the server tells whether they were missed"
    );
    let first = lobby.lines().iter().find(|line| line.id == Some(5)).unwrap();
    assert_eq!(lobby.marker, Some(first.key), "the viewed room has an unread marker too");
    assert_eq!(client.state.conversations().get(&ConversationId::Mentions).unwrap().unread, 2);
    assert_eq!((get("ops").unread, get("ops").mentions, get("dev").unread), (1, 1, 0));
    assert!(
        client.take_sent().contains(&"lobby: /history before 5".to_owned()),
        "earlier messages are requested as context"
    );
}

#[test]
fn a_guest_sees_recent_messages_and_has_missed_none() {
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
fn earlier_messages_to_all_open_no_conversation() {
    let mut client = TestClient::new(80, 24);
    client.welcome();
    let place = landline_common::history::Location::Global;
    client.receive(EventKind::Recalled { id: 3, place, user: "bob".into(), text: "lunch".into(), edited: false });
    client.caught_up("all", false, false);
    assert!(client.state.conversations().get(&ConversationId::Global).is_none());
}

#[test]
fn r6_members_are_not_counted_before_they_are_listed() {
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
    client.answer(
        "/who ops",
        EventKind::Members { room: "ops".into(), users, unencrypted: Box::default(), part: Part::default() },
    );
    assert_eq!(known(&client, "ops"), Some(1));
    client.receive(EventKind::Connected { user: "bob".into(), encrypted: false });
    assert_eq!(known(&client, "ops"), None, "bob may be in the room");
}

#[test]
fn a_welcome_during_a_session_changes_nothing() {
    let mut client = TestClient::signed_in(80, 24);
    let before: Vec<String> =
        client.state.conversations().iter().map(|conversation| conversation.title.to_string()).collect();
    let (user, server, room) = ("mallory".into(), "Evil".into(), "evil".into());
    client.receive(EventKind::Welcome { user, server, room, account: true, grant: Box::default() });
    let after: Vec<String> =
        client.state.conversations().iter().map(|conversation| conversation.title.to_string()).collect();
    assert_eq!(before, after);
}
