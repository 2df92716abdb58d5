//! Messages that are removed, changed or pinned.

use crate::chat::conversation::ConversationId;
use crate::chat::test_client::TestClient;
use landline_common::{Cause, EventKind};

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
    client.receive(edited(1, "bob", "tea\nat six"));
    assert_eq!(pin(&client).as_deref(), Some("bob: tea at six"));
    client.receive(removed(&[2], "bob", "bob"));
    assert!(pin(&client).is_some(), "another message");
    client.receive(removed(&[1], "bob", "bob"));
    assert_eq!((pin(&client), client.state.geometry().rows), (None, rows));
}
