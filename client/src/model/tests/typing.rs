//! Typing: drafts, completion, pastes.

use crate::model::conversation::Place;
use crate::model::desk::Desk;
use crate::model::key::{Code, Key};
use crate::model::overlay::Overlay;
use crate::model::{Effect, Exit, Input};
use landline_common::What;

const TAB: Key = Key::plain(Code::Tab);

fn desk() -> Desk {
    Desk::signed_in(80, 24)
}

fn draft(desk: &Desk) -> &str {
    desk.state.talks.viewed().draft.text()
}

#[test]
fn drafts_stay_where_they_were_typed() {
    let mut desk = desk();
    desk.type_in("half a th");
    desk.press(Key::alt(Code::Char('2')));
    assert_eq!(draft(&desk), "");
    desk.press(Key::alt(Code::Char('1')));
    assert_eq!(draft(&desk), "half a th");
}

#[test]
fn names_are_completed_by_who_spoke_last() {
    let mut desk = desk();
    for (id, user) in [(1, "carol"), (2, "carla"), (3, "bob")] {
        desk.said(id, "lobby", user, "hi");
    }
    desk.type_in("ca");
    desk.press(TAB);
    assert_eq!(draft(&desk), "carla: ");
    desk.press(TAB);
    assert_eq!(draft(&desk), "carol: ");
    desk.press(Key::plain(Code::BackTab));
    assert_eq!(draft(&desk), "carla: ");
    desk.type_in("ask B");
    desk.press(TAB);
    assert_eq!(draft(&desk), "carla: ask bob ");
}

#[test]
fn commands_and_their_arguments_are_completed() {
    let mut desk = desk();
    for (typed, completed) in [("/jo", "/join "), ("/join lo", "/join lobby "), ("/pm b", "/pm bob "), ("@b", "@bob ")]
    {
        desk.type_in(typed);
        desk.press(TAB);
        assert_eq!(draft(&desk), completed);
        desk.press(Key::ctrl('u'));
    }
    desk.type_in("nobody-");
    desk.press(TAB);
    assert_eq!(draft(&desk), "nobody-");
}

#[test]
fn rooms_are_asked_for_when_somebody_looks_for_one() {
    let mut desk = desk();
    desk.type_in("/join op");
    desk.press(TAB);
    assert_eq!(desk.take_sent(), ["/rooms"]);
    assert_eq!(draft(&desk), "/join op");
    desk.hear(What::Rooms { rooms: vec![("lobby".into(), 2), ("ops".into(), 1)] });
    desk.press(TAB);
    assert_eq!(desk.take_sent(), [""; 0]);
    assert_eq!(draft(&desk), "/join ops ");
    assert_eq!(desk.lobby(), [""; 0], "nobody asked to see the list");
}

#[test]
fn tab_goes_on_with_rooms_that_come_to_be_known() {
    let mut desk = desk();
    desk.type_in("/join ");
    desk.press(TAB);
    assert_eq!(draft(&desk), "/join lobby ");
    desk.hear(What::Rooms { rooms: vec![("lobby".into(), 2), ("ops".into(), 1)] });
    desk.press(TAB);
    assert_eq!(draft(&desk), "/join ops ");
}

#[test]
fn a_mistyped_command_is_not_said_and_stays() {
    let mut desk = desk();
    desk.enter("/jion ops");
    assert_eq!(draft(&desk), "/jion ops");
    assert_eq!(desk.take_sent(), [""; 0]);
    assert!(desk.lobby()[0].contains("there is no command /jion"));
}

#[test]
fn what_is_too_long_stays() {
    let mut desk = desk();
    desk.step(Input::Paste("x".repeat(2_001)));
    desk.press(Key::plain(Code::Enter));
    assert_eq!(draft(&desk).len(), 2_001);
    assert_eq!(desk.take_sent(), [""; 0]);
}

#[test]
fn few_lines_are_pasted_into_the_line() {
    let mut desk = desk();
    desk.step(Input::Paste("one\r\ntwo\rthree\n".into()));
    assert_eq!((draft(&desk), &desk.state.overlay), ("one two three", &None));
}

#[test]
fn many_lines_are_asked_about() {
    let text = "one\n/quit\n\nthree\nfour\n";
    let paste = |key: Key| {
        let mut desk = desk();
        desk.type_in("x ");
        desk.step(Input::Paste(text.into()));
        assert!(matches!(&desk.state.overlay, Some(Overlay::Paste { lines }) if lines.len() == 4));
        desk.press(Key::plain(Code::Char('z')));
        assert!(desk.state.overlay.is_some(), "a mistyped key does nothing");
        desk.press(key);
        desk
    };
    assert_eq!(paste(Key::plain(Code::Enter)).take_sent(), ["/say x one /quit three four"]);
    let mut lines = paste(Key::plain(Code::Char('l')));
    assert_eq!(lines.take_sent(), ["/say x one", "/say /quit", "/say three", "/say four"]);
    assert_eq!(lines.effects, [], "a pasted line is never a command");
    let mut cancelled = paste(Key::plain(Code::Escape));
    assert_eq!((cancelled.take_sent(), draft(&cancelled)), (vec![], "x "));
    assert_eq!(draft(&paste(Key::plain(Code::Char('e')))), "x one /quit three four");
}

#[test]
fn a_huge_paste_is_refused_as_lines() {
    let mut desk = desk();
    desk.step(Input::Paste("line\n".repeat(5_000)));
    desk.press(Key::plain(Code::Char('l')));
    assert_eq!(desk.take_sent(), [""; 0]);
    assert!(desk.lobby()[0].contains("too many lines"));
}

#[test]
fn ctrl_c_clears_and_then_leaves() {
    let mut desk = desk();
    desk.type_in("half");
    desk.press(Key::ctrl('c'));
    assert_eq!((draft(&desk), desk.effects.len()), ("", 0));
    desk.press(Key::plain(Code::Up));
    assert_eq!(draft(&desk), "half", "what was cleared is not lost");
    desk.press(Key::ctrl('c'));
    desk.press(Key::ctrl('c'));
    assert_eq!(desk.effects, [Effect::Quit(Exit::Left)]);
}

#[test]
fn conversations_are_opened_and_closed() {
    let mut desk = desk();
    desk.enter("/query Carol");
    assert_eq!((&*desk.state.talks.viewed().title, draft(&desk)), ("Carol", ""));
    desk.enter("/close");
    assert_eq!(desk.state.talks.viewed().place, Place::room("lobby"));
    assert!(desk.state.talks.get(&Place::person("carol")).is_none());
}

#[test]
fn a_conversation_with_unsent_lines_is_not_closed() {
    let mut desk = desk();
    desk.enter("/pm bob hi");
    desk.enter("/close");
    assert_eq!(desk.state.talks.viewed().place, Place::person("bob"));
    desk.pong();
    desk.press(Key::plain(Code::Enter));
    assert_eq!(desk.state.talks.viewed().place, Place::room("lobby"));
}

#[test]
fn the_help_can_be_read_to_its_end() {
    let mut desk = desk();
    desk.press(Key::plain(Code::F(1)));
    for _ in 0..100 {
        desk.press(Key::plain(Code::PageDown));
    }
    let Some(Overlay::Help { first }) = desk.state.overlay else { panic!("the help") };
    let (width, height) = desk.state.geometry().overlay();
    assert_eq!(first + height, crate::model::help::rows(width, false).len());
    desk.press(Key::plain(Code::Escape));
    assert_eq!(desk.state.overlay, None);
}
