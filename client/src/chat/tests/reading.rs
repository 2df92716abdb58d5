//! Reading back, and what is new meanwhile.

use crate::chat::conversation::{ConversationId, OlderHistory};
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use landline_common::EventKind;

fn full() -> TestClient {
    let mut client = TestClient::signed_in(80, 24);
    for id in 100..200 {
        client.receive_message(id, "lobby", "bob", &format!("line {id}"));
    }
    client.state.conversations_mut().viewed_mut().older_history = OlderHistory::Unknown;
    client
}

#[test]
fn reading_back_stays_put() {
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
fn pages_meet_without_a_gap() {
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
fn the_beginning_asks_for_more_once() {
    let mut client = full();
    client.press(Key::alt(Code::Home));
    assert_eq!(client.take_sent()[0], "lobby: /history before 100");
    client.press(Key::plain(Code::PageUp));
    assert_eq!(client.take_sent(), [""; 0]);
    let anchor = client.state.conversations().viewed().scroll;
    client.receive_history(98, "lobby", "bob", "older");
    client.receive_history(99, "lobby", "bob", "old");
    client.answer("lobby: /history", EventKind::RecallEnd { count: 2, remark: "".into(), next: None });
    assert_eq!(client.state.conversations().viewed().scroll, anchor, "what comes above moves nothing");
    assert_eq!(client.state.conversations().viewed().older_history, OlderHistory::Exhausted);
    let lines = client.lobby();
    assert_eq!(lines.iter().filter(|line| line.contains(": old")).count(), 2);
    let old = lines.iter().position(|line| line == "bob: older").unwrap();
    assert!(lines[old + 1..].iter().position(|line| line == "bob: line 100") > Some(0));
}

#[test]
fn what_one_says_oneself_goes_to_the_end() {
    let mut client = full();
    client.press(Key::plain(Code::PageUp));
    client.enter_line("hello");
    assert_eq!(client.state.conversations().viewed().scroll, None);
}

#[test]
fn what_is_new_is_marked_until_one_leaves() {
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
fn mentions_and_back() {
    let mut client = full();
    client.press(Key::alt(Code::Char('m')));
    assert_eq!(client.state.conversations().viewed().id, ConversationId::Mentions);
    client.press(Key::alt(Code::Char('m')));
    assert_eq!(client.state.conversations().viewed().id, ConversationId::room("lobby"));
}

#[test]
fn what_was_cleared_comes_back_only_when_asked_for() {
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
fn a_search_is_shown_where_one_looks() {
    let mut client = full();
    client.press(Key::alt(Code::Char('3')));
    client.enter_line("/search line");
    let (label, _) = client.unanswered.pop().unwrap();
    let place = landline_common::history::Location::Room("ops".into());
    let what = EventKind::Recalled { id: 150, place, user: "bob".into(), text: "line 150".into() };
    client.reply_part(&label, what);
    let shown = client.lines(&ConversationId::Server);
    assert!(shown.contains(&"- [ops 2026-11-21 14:00] bob: line 150".to_owned()), "{shown:?}");
    assert!(client.state.conversations().get(&ConversationId::room("ops")).is_none());
}

#[test]
fn a18_what_was_cleared_is_fetched_at_the_beginning() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive_message(100, "lobby", "bob", "before");
    client.enter_line("/clear");
    client.receive_message(101, "lobby", "bob", "after");
    client.press(Key::alt(Code::Char('3')));
    client.press(Key::alt(Code::Char('1')));
    client.advance(6_000);
    assert!(!client.take_sent().iter().any(|line| line.starts_with("lobby: /history")), "nothing comes back by itself");
    assert_eq!(client.lobby(), ["bob: after"]);
    client.press(Key::plain(Code::PageUp));
    assert_eq!(client.take_sent(), ["lobby: /history before 101"]);
    client.receive_history(99, "lobby", "bob", "long before");
    client.receive_history(100, "lobby", "bob", "before");
    client.answer("lobby: /history", EventKind::RecallEnd { count: 2, remark: "".into(), next: None });
    assert_eq!(client.lobby(), ["bob: long before", "bob: before", "bob: after"]);
}
