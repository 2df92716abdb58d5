//! Reading back, and what is new meanwhile.

use crate::chat::conversation::{ConversationId, Older};
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use landline_common::EventKind;

fn full() -> TestClient {
    let mut desk = TestClient::signed_in(80, 24);
    for id in 100..200 {
        desk.said(id, "lobby", "bob", &format!("line {id}"));
    }
    desk.state.conversations_mut().viewed_mut().older = Older::Perhaps;
    desk
}

#[test]
fn reading_back_stays_put() {
    let mut desk = full();
    desk.press(Key::plain(Code::PageUp));
    let before = desk.state.conversations().viewed().scroll;
    assert!(before.is_some());
    desk.said(200, "lobby", "bob", "new");
    desk.said(201, "lobby", "bob", "newer");
    let lobby = desk.state.conversations().viewed();
    assert_eq!((lobby.scroll, lobby.below), (before, 2));
    desk.press(Key::plain(Code::Escape));
    let lobby = desk.state.conversations().viewed();
    assert_eq!((lobby.scroll, lobby.below), (None, 0));
}

#[test]
fn pages_meet_without_a_gap() {
    let mut desk = full();
    for _ in 0..3 {
        desk.press(Key::plain(Code::PageUp));
    }
    for _ in 0..3 {
        desk.press(Key::plain(Code::PageDown));
    }
    assert_eq!(desk.state.conversations().viewed().scroll, None);
}

#[test]
fn the_beginning_asks_for_more_once() {
    let mut desk = full();
    desk.press(Key::alt(Code::Home));
    assert_eq!(desk.take_sent()[0], "lobby: /history before 100");
    desk.press(Key::plain(Code::PageUp));
    assert_eq!(desk.take_sent(), [""; 0]);
    let anchor = desk.state.conversations().viewed().scroll;
    desk.recalled(98, "lobby", "bob", "older");
    desk.recalled(99, "lobby", "bob", "old");
    desk.answer("lobby: /history", EventKind::RecallEnd { count: 2, remark: "".into(), next: None });
    assert_eq!(desk.state.conversations().viewed().scroll, anchor, "what comes above moves nothing");
    assert_eq!(desk.state.conversations().viewed().older, Older::Nothing);
    let lines = desk.lobby();
    assert_eq!(lines.iter().filter(|line| line.contains(": old")).count(), 2);
    let old = lines.iter().position(|line| line == "bob: older").unwrap();
    assert!(lines[old + 1..].iter().position(|line| line == "bob: line 100") > Some(0));
}

#[test]
fn what_one_says_oneself_goes_to_the_end() {
    let mut desk = full();
    desk.press(Key::plain(Code::PageUp));
    desk.enter("hello");
    assert_eq!(desk.state.conversations().viewed().scroll, None);
}

#[test]
fn what_is_new_is_marked_until_one_leaves() {
    let mut desk = full();
    desk.press(Key::alt(Code::Char('3')));
    desk.said(200, "lobby", "bob", "new");
    desk.said(201, "lobby", "bob", "newer");
    desk.press(Key::alt(Code::Char('1')));
    let lobby = desk.state.conversations().viewed();
    let marked = lobby.lines().iter().find(|line| Some(line.key) == lobby.marker).unwrap();
    assert_eq!(marked.id, Some(200));
    desk.press(Key::alt(Code::Char('3')));
    assert_eq!(desk.state.conversations().get(&ConversationId::room("lobby")).unwrap().marker, None);
}

#[test]
fn mentions_and_back() {
    let mut desk = full();
    desk.press(Key::alt(Code::Char('m')));
    assert_eq!(desk.state.conversations().viewed().place, ConversationId::Mentions);
    desk.press(Key::alt(Code::Char('m')));
    assert_eq!(desk.state.conversations().viewed().place, ConversationId::room("lobby"));
}

#[test]
fn what_was_cleared_comes_back_only_when_asked_for() {
    let mut desk = full();
    desk.enter("/clear");
    assert_eq!(desk.lobby(), [""; 0]);
    desk.recalled(199, "lobby", "bob", "line 199");
    assert_eq!(desk.lobby(), [""; 0]);
    desk.enter("/history 1");
    desk.recalled(199, "lobby", "bob", "line 199");
    assert_eq!(desk.lobby(), ["bob: line 199"]);
}

#[test]
fn a_search_is_shown_where_one_looks() {
    let mut desk = full();
    desk.press(Key::alt(Code::Char('3')));
    desk.enter("/search line");
    let (label, _) = desk.unanswered.pop().unwrap();
    let place = landline_common::history::Location::Room("ops".into());
    let what = EventKind::Recalled { id: 150, place, user: "bob".into(), text: "line 150".into() };
    desk.part(&label, what);
    let shown = desk.lines(&ConversationId::Server);
    assert!(shown.contains(&"- [ops 2026-11-21 14:00] bob: line 150".to_owned()), "{shown:?}");
    assert!(desk.state.conversations().get(&ConversationId::room("ops")).is_none());
}

#[test]
fn a18_what_was_cleared_is_fetched_at_the_beginning() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.said(100, "lobby", "bob", "before");
    desk.enter("/clear");
    desk.said(101, "lobby", "bob", "after");
    desk.press(Key::alt(Code::Char('3')));
    desk.press(Key::alt(Code::Char('1')));
    desk.pass(6_000);
    assert!(!desk.take_sent().iter().any(|line| line.starts_with("lobby: /history")), "nothing comes back by itself");
    assert_eq!(desk.lobby(), ["bob: after"]);
    desk.press(Key::plain(Code::PageUp));
    assert_eq!(desk.take_sent(), ["lobby: /history before 101"]);
    desk.recalled(99, "lobby", "bob", "long before");
    desk.recalled(100, "lobby", "bob", "before");
    desk.answer("lobby: /history", EventKind::RecallEnd { count: 2, remark: "".into(), next: None });
    assert_eq!(desk.lobby(), ["bob: long before", "bob: before", "bob: after"]);
}
