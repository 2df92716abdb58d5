//! Scrolling back, unread messages, and the history.

use crate::chat::conversation::{ConversationId, OlderHistory};
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use landline_common::EventKind;

/// Returns a client whose lobby has more lines than the screen, and older ones at the server.
fn full() -> TestClient {
    let mut client = TestClient::signed_in(80, 24);
    for id in 100..200 {
        client.receive_message(id, "lobby", "bob", &format!("line {id}"));
    }
    client.state.conversations_mut().viewed_mut().older_history = OlderHistory::Unknown;
    client
}

#[test]
fn new_messages_do_not_move_a_user_who_reads_back() {
    let mut client = full();
    client.press(Key::plain(Code::PageUp));
    let before = client.state.conversations().viewed().scroll;
    assert!(before.is_some());
    client.receive_message(200, "lobby", "bob", "new");
    client.receive_message(201, "lobby", "bob", "newer");
    let lobby = client.state.conversations().viewed();
    assert_eq!((lobby.scroll, lobby.new_below), (before, 2));
    client.press(Key::plain(Code::Escape));
    let lobby = client.state.conversations().viewed();
    assert_eq!((lobby.scroll, lobby.new_below), (None, 0));
}

#[test]
fn paging_back_and_forth_returns_to_the_end() {
    let mut client = full();
    for _ in 0..3 {
        client.press(Key::plain(Code::PageUp));
    }
    for _ in 0..3 {
        client.press(Key::plain(Code::PageDown));
    }
    assert_eq!(client.state.conversations().viewed().scroll, None);
}

#[test]
fn the_beginning_requests_older_messages_once() {
    let mut client = full();
    client.press(Key::alt(Code::Home));
    assert_eq!(client.take_sent()[0], "lobby: /history before 100");
    client.press(Key::plain(Code::PageUp));
    assert_eq!(client.take_sent(), [""; 0]);
    let anchor = client.state.conversations().viewed().scroll;
    client.receive_history(98, "lobby", "bob", "older");
    client.receive_history(99, "lobby", "bob", "old");
    client.answer("lobby: /history", EventKind::RecallEnd { count: 2, remark: "".into(), next: None });
    assert_eq!(client.state.conversations().viewed().scroll, anchor, "lines inserted above move nothing");
    assert_eq!(client.state.conversations().viewed().older_history, OlderHistory::Exhausted);
    let lines = client.lobby();
    assert_eq!(lines.iter().filter(|line| line.contains(": old")).count(), 2);
    let old = lines.iter().position(|line| line == "bob: older").unwrap();
    assert!(lines[old + 1..].iter().position(|line| line == "bob: line 100") > Some(0));
}

#[test]
fn sending_a_line_scrolls_to_the_end() {
    let mut client = full();
    client.press(Key::plain(Code::PageUp));
    client.enter_line("hello");
    assert_eq!(client.state.conversations().viewed().scroll, None);
}

#[test]
fn the_unread_marker_stays_until_the_user_leaves() {
    let mut client = full();
    client.press(Key::alt(Code::Char('3')));
    client.receive_message(200, "lobby", "bob", "new");
    client.receive_message(201, "lobby", "bob", "newer");
    client.press(Key::alt(Code::Char('1')));
    let lobby = client.state.conversations().viewed();
    let marked = lobby.lines().iter().find(|line| Some(line.key) == lobby.marker).unwrap();
    assert_eq!(marked.id, Some(200));
    client.press(Key::alt(Code::Char('3')));
    assert_eq!(client.state.conversations().get(&ConversationId::room("lobby")).unwrap().marker, None);
}

#[test]
fn alt_m_shows_the_mentions_and_returns() {
    let mut client = full();
    client.press(Key::alt(Code::Char('m')));
    assert_eq!(client.state.conversations().viewed().id, ConversationId::Mentions);
    client.press(Key::alt(Code::Char('m')));
    assert_eq!(client.state.conversations().viewed().id, ConversationId::room("lobby"));
}

#[test]
fn cleared_messages_come_back_only_on_request() {
    let mut client = full();
    client.enter_line("/clear");
    assert_eq!(client.lobby(), [""; 0]);
    client.receive_history(199, "lobby", "bob", "line 199");
    assert_eq!(client.lobby(), [""; 0]);
    client.enter_line("/history 1");
    client.receive_history(199, "lobby", "bob", "line 199");
    assert_eq!(client.lobby(), ["bob: line 199"]);
}

#[test]
fn search_results_are_shown_in_the_viewed_conversation() {
    let mut client = full();
    client.press(Key::alt(Code::Char('3')));
    client.enter_line("/search line");
    let (label, _) = client.unanswered.pop().unwrap();
    let place = landline_common::history::Location::Room("ops".into());
    let what = EventKind::Recalled { id: 150, place, user: "bob".into(), text: "line 150".into(), edited: false };
    client.reply_part(&label, what);
    let shown = client.lines(&ConversationId::Server);
    assert!(shown.contains(&"- [ops 2026-11-21 14:00] bob: line 150".to_owned()), "{shown:?}");
    assert!(client.state.conversations().get(&ConversationId::room("ops")).is_none());
}

#[test]
fn a18_scrolling_to_the_beginning_fetches_cleared_messages() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive_message(100, "lobby", "bob", "before");
    client.enter_line("/clear");
    client.receive_message(101, "lobby", "bob", "after");
    client.press(Key::alt(Code::Char('3')));
    client.press(Key::alt(Code::Char('1')));
    client.advance(6_000);
    assert!(
        !client.take_sent().iter().any(|line| line.starts_with("lobby: /history")),
        "cleared messages are not requested by the client itself"
    );
    assert_eq!(client.lobby(), ["bob: after"]);
    client.press(Key::plain(Code::PageUp));
    assert_eq!(client.take_sent(), ["lobby: /history before 101"]);
    client.receive_history(99, "lobby", "bob", "long before");
    client.receive_history(100, "lobby", "bob", "before");
    client.answer("lobby: /history", EventKind::RecallEnd { count: 2, remark: "".into(), next: None });
    assert_eq!(client.lobby(), ["bob: long before", "bob: before", "bob: after"]);
}
