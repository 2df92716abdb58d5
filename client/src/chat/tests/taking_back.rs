//! Messages that are removed, changed or pinned.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use landline_common::history::Location;
use landline_common::{Cause, EventKind, RoomOverview, Standing};

fn removed(ids: &[u64], user: &'static str, by: &'static str) -> EventKind<'static> {
    EventKind::Deleted { room: Some("lobby".into()), ids: ids.to_vec(), user: user.into(), by: by.into(), said_ms: 0 }
}

fn edited(id: u64, user: &'static str, text: &'static str) -> EventKind<'static> {
    EventKind::Edited { id, room: "lobby".into(), user: user.into(), text: text.into() }
}

/// Returns the last lines of the lobby.
fn last(client: &TestClient, count: usize) -> Vec<String> {
    let lines = client.lobby();
    lines[lines.len() - count..].to_vec()
}

fn mentions(client: &TestClient) -> Vec<String> {
    client.lines(&ConversationId::Mentions)
}

#[test]
fn removed_messages_leave_a_mark_in_their_place_and_do_not_come_back() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive_message(1, "lobby", "bob", "one");
    client.receive_message(2, "lobby", "bob", "@alice two");
    client.receive_message(3, "lobby", "bob", "three");
    client.receive(removed(&[1, 2], "bob", "carol"));
    let gone = "(message of bob removed by carol)";
    assert_eq!(last(&client, 3)[..2], [gone, gone]);
    assert!(last(&client, 1)[0].ends_with("three"));
    assert_eq!(mentions(&client), [gone]);
    client.receive_history(1, "lobby", "bob", "one");
    assert_eq!(last(&client, 3)[0], gone, "a late page of the history");
    client.receive(removed(&[3], "bob", "Bob"));
    assert_eq!(last(&client, 1), ["(message removed by Bob)"]);
    let before = client.lobby();
    client.receive(removed(&[77], "bob", "carol"));
    client.receive(edited(77, "bob", "unknown"));
    client.receive(edited(3, "bob", "it was removed"));
    assert_eq!(client.lobby(), before, "messages that are not shown");
    client.receive(removed(&[77], "alice", "alice"));
    assert_ne!(client.lobby(), before, "the user's own command is confirmed");
}

#[test]
fn removed_text_goes_from_the_answers_to_transcript_and_search() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive_message(1, "lobby", "bob", "my number is 7");
    client.enter_line("/transcript");
    let (label, _) = client.unanswered.last().cloned().unwrap();
    let transcribed = |id, text: &'static str| EventKind::Transcribed {
        id,
        room: "lobby".into(),
        user: "bob".into(),
        text: text.into(),
        edited: false,
    };
    client.reply_part(&label, transcribed(1, "my number is 7"));
    client.reply_part(&label, transcribed(2, "tea is ready"));
    client.answer("lobby: /transcript", EventKind::RecallEnd { count: 2, remark: "".into(), next: None });
    client.enter_line("/search number");
    let (label, _) = client.unanswered.last().cloned().unwrap();
    let place = Location::Room("lobby".into());
    let (user, text) = ("bob".into(), "my number is 7".into());
    client.reply_part(&label, EventKind::Recalled { id: 1, place, user, text, edited: false });
    assert_eq!(client.lobby().iter().filter(|line| line.contains("number is 7")).count(), 3, "{:?}", client.lobby());
    client.receive(removed(&[1], "bob", "carol"));
    let told = client.lobby();
    assert!(told.iter().all(|line| !line.contains("number is 7")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("tea is ready")), "{told:?}");
    assert_eq!(told.iter().filter(|line| *line == "(message of bob removed by carol)").count(), 3);
}

#[test]
fn removed_messages_do_not_count_as_unread() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive_message(1, "lobby", "bob", "read by alice");
    client.enter_line("/query bob");
    for (id, text) in [(2, "hello"), (3, "@alice?"), (4, "bye")] {
        client.receive_message(id, "lobby", "bob", text);
    }
    let unread = |client: &TestClient| {
        let lobby = client.state.conversations().get(&ConversationId::room("lobby")).unwrap();
        (lobby.unread, lobby.mentions)
    };
    assert_eq!(unread(&client), (3, 1));
    client.receive(removed(&[1], "bob", "bob"));
    assert_eq!(unread(&client), (3, 1), "it was read");
    client.receive(removed(&[3], "bob", "bob"));
    assert_eq!(unread(&client), (2, 0));
    client.receive(removed(&[3], "bob", "bob"));
    assert_eq!(unread(&client), (2, 0), "twice");
    client.receive(removed(&[2, 4], "bob", "bob"));
    assert_eq!(unread(&client), (0, 0));
}

#[test]
fn changed_message_has_its_new_text_everywhere() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive_message(1, "lobby", "bob", "@alice: tea at fife");
    client.receive(edited(1, "bob", "@alice: tea at \u{1b}[31mfive"));
    let text = "bob: @alice: tea at five (edited)";
    assert!(last(&client, 1)[0].ends_with(text), "{:?}", last(&client, 1));
    assert!(mentions(&client)[0].ends_with(text), "{:?}", mentions(&client));
}

#[test]
fn pin_follows_its_message() {
    let mut client = TestClient::signed_in(80, 24);
    let pin = |client: &TestClient| {
        let status = &client.state.conversations().viewed().room_status;
        status.pin().map(|pin| format!("{}: {}", pin.user, pin.text))
    };
    let rows = client.state.geometry().rows;
    client.receive_message(1, "lobby", "bob", "tea at five");
    let mut report = Cause::Pinned.with_user("bob").in_room("lobby");
    report.about.id = Some(1);
    report.about.word = Some("tea at five".into());
    report.about.by = Some("carol".into());
    client.receive(report.into());
    assert_eq!(pin(&client).as_deref(), Some("bob: tea at five"));
    assert_eq!(client.state.geometry().rows, rows - 1);
    assert_eq!(last(&client, 1), ["- carol pinned a message of bob"]);
    client.receive(edited(1, "bob", "tea\nat six"));
    assert_eq!(pin(&client).as_deref(), Some("bob: tea at six"));
    client.receive(removed(&[2], "bob", "bob"));
    assert!(pin(&client).is_some(), "another message");
    client.receive(removed(&[1], "bob", "bob"));
    assert_eq!((pin(&client), client.state.geometry().rows), (None, rows));
}

/// Returns the client of an owner of the lobby, with a message of bob (1) and an own one (2).
fn owner() -> TestClient {
    let mut client = TestClient::new(80, 24);
    let you = Standing { owner: true, ..Standing::default() };
    client.rules.insert("lobby".into(), RoomOverview { open: true, you, ..RoomOverview::default() });
    client.welcome();
    client.nothing_missed();
    client.answer_all();
    client.advance(6_000);
    client.receive_message(1, "lobby", "bob", "buy my bike");
    client.receive_own_history(2, "lobby", "tea at fife", "");
    client.take_sent();
    client
}

fn press(client: &mut TestClient, keys: &[Code]) {
    keys.iter().for_each(|code| client.press(Key::plain(*code)));
}

fn draft(client: &TestClient) -> &str {
    client.state.conversations().viewed().draft.text()
}

const CHANGE: Key = Key::alt(Code::Char('e'));

#[test]
fn menus_act_on_the_message_that_they_show() {
    for (key, sent) in [('r', "lobby: /delete 1"), ('R', "lobby: /delete bob 10"), ('t', "lobby: /pin 1")] {
        let mut client = owner();
        press(&mut client, &[Code::F(2), Code::Char('1')]);
        client.receive_message(3, "lobby", "bob", "a later message");
        press(&mut client, &[Code::Char(key)]);
        assert_eq!(client.take_sent(), [sent]);
    }
    for (key, sent) in [('z', "lobby: /delete 2"), ('p', "lobby: /pin 2"), ('a', "lobby: /transcript")] {
        let mut client = owner();
        press(&mut client, &[Code::F(3)]);
        client.receive_message(3, "lobby", "bob", "a later message");
        press(&mut client, &[Code::Char(key)]);
        assert_eq!(client.take_sent(), [sent]);
    }
}

#[test]
fn change_of_a_message_is_sent_as_a_change_only() {
    let mut client = owner();
    client.type_in("half a line");
    client.press(CHANGE);
    assert_eq!(draft(&client), "tea at fife");
    client.press(CHANGE);
    client.enter_line(" or six");
    assert_eq!(std::mem::take(&mut client.edits), [(2, "tea at fife or six".to_owned())]);
    assert_eq!(draft(&client), "half a line", "the draft is back");
    client.press(CHANGE);
    client.press(Key::plain(Code::Escape));
    assert_eq!((draft(&client), client.edits.len()), ("half a line", 0));
    client.press(CHANGE);
    client.press(Key::ctrl('c'));
    assert_eq!((draft(&client), client.edits.len()), ("half a line", 0));
    // The change stays with its conversation.
    client.press(CHANGE);
    client.press(Key::ctrl('p'));
    assert_eq!(draft(&client), "");
    client.press(Key::ctrl('n'));
    assert_eq!(draft(&client), "tea at fife");
    press(&mut client, &[Code::Home, Code::Char('/'), Code::Enter]);
    client.press(Key::ctrl('u'));
    client.press(Key::ctrl('k'));
    press(&mut client, &[Code::Enter]);
    assert_eq!(std::mem::take(&mut client.edits), [], "neither a command nor an empty text");
    press(&mut client, &[Code::Escape, Code::F(3), Code::Char('e')]);
    assert_eq!(draft(&client), "tea at fife", "the menu of the room does the same");
}

#[test]
fn only_a_delivered_message_of_a_room_can_be_changed() {
    let mut client = owner();
    client.enter_line("under way");
    client.take_sent();
    client.press(CHANGE);
    assert_eq!(draft(&client), "", "the server has not told its id");
    client.enter_line("/query bob");
    client.press(CHANGE);
    assert_eq!(draft(&client), "");
    let told = client.lines(&ConversationId::user("bob"));
    assert_eq!(told, ["- you have no delivered message here that you could change"]);
}
