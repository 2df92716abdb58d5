//! Direct chats, past the server.

use crate::model::conversation::Place;
use crate::model::desk::Desk;
use crate::model::key::{Code, Key};
use crate::model::{Effect, Input};
use landline_common::What;

const NUMBERS: &str = "12345 67890 12345 67890 12345 67890 12345 67890";

fn desk() -> Desk {
    Desk::signed_in(80, 24)
}

fn bob() -> Place {
    Place::direct("bob")
}

fn open(desk: &mut Desk) {
    desk.hear(What::DirectConnected { with: "Bob".into(), fingerprint: NUMBERS.into() });
}

fn talk(desk: &mut Desk, own: bool, text: &str) {
    desk.hear(What::DirectTalk { with: "Bob".into(), own, text: text.to_owned().into() });
}

fn ended(desk: &mut Desk, reason: &'static str) {
    desk.hear(What::DirectEnded { with: "Bob".into(), reason: reason.into() });
}

/// In the tab of an open chat.
fn with_bob() -> Desk {
    let mut desk = desk();
    open(&mut desk);
    desk.press(Key::alt(Code::Char('2')));
    assert_eq!(desk.state.talks.viewed().place, bob());
    desk
}

/// What was said, without notices.
fn said(desk: &Desk) -> Vec<String> {
    let mut lines = desk.lines(&bob());
    lines.retain(|line| !line.starts_with("- "));
    lines
}

#[test]
fn a_request_rings_and_says_how_to_answer() {
    let mut desk = desk();
    desk.hear(What::DirectRequest { from: "Bob".into(), key: "00".into() });
    assert!(desk.effects.contains(&Effect::Bell));
    assert_eq!(desk.state.talks.get(&bob()).unwrap().mentions, 1);
    let asked = "- Bob asks for a direct private chat, past the server: /accept Bob or /reject Bob";
    assert_eq!(desk.lines(&bob()), [asked]);
    desk.enter("/accept bob");
    assert_eq!(desk.take_sent(), ["/accept bob"]);
}

#[test]
fn who_asks_hears_what_comes_of_it() {
    let mut desk = desk();
    desk.enter("startprivate bob");
    assert_eq!(desk.take_sent(), ["/direct bob"]);
    desk.hear(What::DirectReady { user: "Bob".into(), key: "00".into(), addresses: "10.0.0.1:5000".into() });
    open(&mut desk);
    let lines = desk.lines(&bob());
    assert!(lines[0].contains("connecting") && lines[1].contains(NUMBERS), "{lines:?}");
    assert_eq!(desk.state.talks.get(&bob()).unwrap().direct.as_deref(), Some(NUMBERS));
    desk.hear(What::DirectRejected { by: "carol".into() });
    assert_eq!(desk.lines(&Place::direct("carol")), ["- carol does not want a direct private chat now"]);
}

#[test]
fn a_line_goes_out_at_once_and_is_sent_when_it_comes_back() {
    let mut desk = with_bob();
    desk.enter("hi");
    desk.enter("hi");
    assert_eq!(desk.take_sent(), ["/direct-say Bob hi", "/direct-say Bob hi"]);
    assert_eq!(said(&desk), ["pending alice: hi", "pending alice: hi"]);
    talk(&mut desk, true, "hi");
    assert_eq!(said(&desk), ["alice: hi", "pending alice: hi"]);
    talk(&mut desk, false, "alice, hello");
    talk(&mut desk, true, "hi");
    assert_eq!(said(&desk), ["alice: hi", "alice: hi", "Bob: alice, hello"]);
}

#[test]
fn the_state_of_the_server_does_not_matter() {
    let mut desk = with_bob();
    desk.enter("before");
    desk.step(Input::Down("the connection broke".into()));
    assert_eq!(said(&desk), ["pending alice: before"]);
    talk(&mut desk, true, "before");
    desk.take_sent();
    desk.enter("while it is down");
    assert_eq!(desk.take_sent(), ["/direct-say Bob while it is down"]);
    talk(&mut desk, true, "while it is down");
    desk.effects.clear();
    desk.pass_silently(31_000);
    assert!(desk.effects.contains(&Effect::Connect));
    desk.welcome();
    desk.catch_up_nothing();
    desk.enter("and again");
    assert!(desk.take_sent().contains(&"/direct-say Bob and again".to_owned()));
    assert_eq!(said(&desk), ["alice: before", "alice: while it is down", "pending alice: and again"]);
}

#[test]
fn lines_are_not_held_up_by_the_rate_of_the_server_but_by_the_chat() {
    let mut desk = with_bob();
    for n in 0..40 {
        desk.enter(&format!("line {n}"));
    }
    let mut sent = desk.take_sent();
    assert_eq!(sent.len(), 16);
    for n in 0..40 {
        talk(&mut desk, true, &format!("line {n}"));
        sent.extend(desk.take_sent());
    }
    assert_eq!(sent.len(), 40);
    assert_eq!(sent.last().unwrap(), "/direct-say Bob line 39");
    assert!(said(&desk).iter().all(|line| line.starts_with("alice: ")));
}

#[test]
fn what_has_not_gone_out_when_it_ends_says_why() {
    let mut desk = with_bob();
    desk.enter("lost");
    ended(&mut desk, "the link is lost");
    assert_eq!(said(&desk), ["failed alice: lost"]);
    assert_eq!(desk.lines(&bob()).last().unwrap(), "- the direct chat with Bob is over: the link is lost");
    desk.take_sent();
    desk.enter("hello?");
    assert_eq!(desk.take_sent(), [""; 0]);
    assert_eq!(desk.state.talks.viewed().draft.text(), "hello?", "it is kept");
    let why = "- there is no direct chat with Bob; /direct Bob asks for one";
    assert_eq!(desk.lines(&bob()).last().unwrap(), why);
}

#[test]
fn an_end_that_nobody_here_wanted_is_noticed_elsewhere() {
    for (stops, unread) in [(false, 2), (true, 1)] {
        let mut desk = desk();
        open(&mut desk);
        if stops {
            desk.enter("/direct-stop bob");
        }
        ended(&mut desk, "it is over");
        assert_eq!(desk.state.talks.get(&bob()).unwrap().unread, unread);
    }
}

#[test]
fn it_can_be_talked_in_and_ended_from_anywhere() {
    let mut desk = desk();
    desk.enter("/direct-say bob too early");
    assert_eq!(desk.take_sent(), [""; 0]);
    assert!(desk.lobby().last().unwrap().contains("there is no direct chat with bob"));
    desk.press(Key::ctrl('u'));
    open(&mut desk);
    desk.enter("private bob psst");
    assert_eq!(desk.take_sent(), ["/direct-say Bob psst"]);
    assert_eq!(desk.state.talks.viewed().place, bob());
    desk.press(Key::alt(Code::Char('1')));
    desk.enter("stopprivate bob");
    assert_eq!(desk.take_sent(), ["/direct-stop bob"]);
    talk(&mut desk, true, "psst");
    ended(&mut desk, "you ended it");
    assert_eq!(said(&desk), ["alice: psst"]);
}

#[test]
fn asking_again_shows_what_to_compare() {
    let mut desk = desk();
    open(&mut desk);
    desk.enter("/direct bob");
    assert_eq!((desk.take_sent(), &desk.state.talks.viewed().place), (Vec::new(), &bob()));
    assert!(desk.lines(&bob()).last().unwrap().contains(NUMBERS));
}

#[test]
fn closing_the_tab_ends_the_chat() {
    let mut desk = with_bob();
    desk.enter("/close");
    assert_eq!(desk.take_sent(), ["/direct-stop Bob"]);
    assert!(desk.state.talks.get(&bob()).is_none());
    ended(&mut desk, "you ended it");
    assert_eq!(desk.lobby(), ["- the direct chat with Bob is over: you ended it"]);
    assert!(desk.state.talks.get(&bob()).is_none());
}

#[test]
fn what_comes_in_is_counted_and_apart_from_other_talk_with_the_same_person() {
    let mut desk = desk();
    open(&mut desk);
    desk.hear(What::Direct { id: 1, from: "bob".into(), text: "by the server".into(), kept: false });
    desk.effects.clear();
    desk.pass(2_000);
    talk(&mut desk, false, "past it");
    let direct = desk.state.talks.get(&bob()).unwrap();
    assert_eq!((direct.unread, direct.mentions), (2, 2));
    assert_eq!((said(&desk), desk.effects.contains(&Effect::Bell)), (vec!["Bob: past it".to_owned()], true));
    assert_eq!(desk.lines(&Place::person("bob")), ["bob: by the server"]);
}

#[test]
fn an_open_chat_is_not_let_go_for_others() {
    let mut desk = desk();
    open(&mut desk);
    for n in 0..100 {
        desk.hear(What::Direct { id: n, from: format!("u{n}").into(), text: "x".into(), kept: false });
    }
    assert!(desk.state.talks.get(&bob()).is_some());
}

#[test]
fn hostile_words_are_harmless() {
    let mut desk = desk();
    let bad = "a\u{1b}[2J\u{202e}b";
    desk.hear(What::DirectConnected { with: bad.into(), fingerprint: bad.repeat(9_999).into() });
    desk.hear(What::DirectTalk { with: bad.into(), own: false, text: bad.repeat(9_999).into() });
    desk.hear(What::DirectEnded { with: bad.into(), reason: bad.repeat(9_999).into() });
    for line in desk.lines(&Place::direct("ab")) {
        assert!(!line.chars().any(char::is_control) && !line.contains('\u{202e}') && line.len() < 40_000);
    }
}
