//! Bad networks: nothing is lost, and nothing is there twice.

use crate::model::conversation::Place;
use crate::model::desk::Desk;
use crate::model::key::Key;
use crate::model::link::Phase;
use crate::model::{Effect, Exit, Input};
use landline_common::What;

fn desk() -> Desk {
    Desk::signed_in(80, 24)
}

fn cut(desk: &mut Desk) {
    desk.step(Input::Down("the connection broke".into()));
    desk.take_sent();
}

/// Waits for the next attempt, which succeeds.
fn back(desk: &mut Desk) {
    desk.effects.clear();
    desk.pass(31_000);
    assert!(desk.effects.contains(&Effect::Connect));
    desk.welcome();
}

#[test]
fn lines_typed_without_a_connection_go_out_in_order_after_what_was_missed() {
    let mut desk = desk();
    desk.said(10, "lobby", "bob", "before");
    cut(&mut desk);
    desk.enter("one");
    desk.enter("two");
    assert_eq!(desk.lobby(), ["bob: before", "unsent alice: one", "unsent alice: two"]);
    assert_eq!(desk.take_sent(), [""; 0]);
    back(&mut desk);
    assert_eq!(desk.take_sent()[0], "/history after 10");
    desk.recalled(11, "lobby", "bob", "missed");
    desk.recalled(10, "lobby", "bob", "before");
    desk.catch_up_nothing();
    desk.pass(6_000);
    let said: Vec<String> = desk.take_sent().into_iter().filter(|line| line.starts_with("/say")).collect();
    assert_eq!(said, ["/say one", "/say two"]);
    assert_eq!(desk.lobby(), ["bob: before", "bob: missed", "pending alice: one", "pending alice: two"]);
}

#[test]
fn a_line_that_did_arrive_is_not_sent_again() {
    let mut desk = desk();
    desk.said(10, "lobby", "bob", "before");
    desk.enter("arrived");
    desk.enter("lost");
    cut(&mut desk);
    assert_eq!(desk.lobby()[1..], ["unsure alice: arrived", "unsure alice: lost"]);
    back(&mut desk);
    desk.recalled(11, "lobby", "alice", "arrived");
    desk.take_sent();
    desk.catch_up_nothing();
    desk.pass(6_000);
    let said: Vec<String> = desk.take_sent().into_iter().filter(|line| line.starts_with("/say")).collect();
    assert_eq!(said, ["/say lost"]);
    desk.said(12, "lobby", "alice", "lost");
    assert_eq!(desk.lobby(), ["bob: before", "alice: arrived", "alice: lost"]);
}

#[test]
fn without_a_history_a_line_in_doubt_says_so() {
    let mut desk = desk();
    desk.enter("perhaps");
    cut(&mut desk);
    back(&mut desk);
    desk.hear(What::error(501, "not yet"));
    desk.pass(6_000);
    assert_eq!(desk.lobby(), ["failed alice: perhaps"]);
    assert!(!desk.take_sent().contains(&"/say perhaps".to_owned()));
    assert!(!desk.lobby().iter().any(|line| line.contains("not yet")), "nobody asked for the history");
}

#[test]
fn what_was_missed_is_counted_but_does_not_ring() {
    let mut desk = desk();
    desk.press(Key::alt(crate::model::key::Code::Char('3')));
    cut(&mut desk);
    back(&mut desk);
    desk.effects.clear();
    desk.recalled(11, "lobby", "bob", "alice?");
    desk.recalled(12, "lobby", "bob", "alice!");
    let lobby = desk.state.talks.get(&Place::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.mentions), (2, 2));
    assert_eq!(desk.effects, []);
}

#[test]
fn a_long_gap_is_fetched_page_by_page() {
    let mut desk = desk();
    desk.said(10, "lobby", "bob", "before");
    cut(&mut desk);
    desk.enter("mine");
    back(&mut desk);
    desk.recalled(11, "lobby", "bob", "a");
    desk.take_sent();
    desk.hear(What::RecallEnd { shown: 1, remark: "".into(), next: Some("/history after 11".into()) });
    assert!(desk.take_sent().starts_with(&["/history after 11".to_owned()]));
    desk.recalled(12, "lobby", "bob", "b");
    desk.catch_up_nothing();
    desk.pass(6_000);
    assert!(desk.take_sent().contains(&"/say mine".to_owned()));
    assert_eq!(desk.lobby(), ["bob: before", "bob: a", "bob: b", "pending alice: mine"]);
}

#[test]
fn a_server_without_time_is_asked_again() {
    let mut desk = desk();
    desk.said(10, "lobby", "bob", "before");
    cut(&mut desk);
    desk.enter("mine");
    back(&mut desk);
    desk.take_sent();
    desk.hear(What::error(503, "too many people are looking things up; try again in a moment"));
    desk.pass_silently(400);
    assert!(desk.take_sent().contains(&"/history after 10".to_owned()));
    desk.catch_up_nothing();
    desk.pass_silently(6_000);
    assert!(desk.take_sent().contains(&"/say mine".to_owned()));
}

#[test]
fn all_rooms_are_entered_again() {
    let mut desk = desk();
    desk.enter("/join ops");
    desk.hear(What::info("You are in ops now"));
    desk.said(20, "ops", "bob", "in ops");
    desk.catch_up_nothing();
    cut(&mut desk);
    desk.enter("to ops");
    back(&mut desk);
    desk.catch_up_nothing();
    let sent = desk.take_sent();
    assert!(sent.contains(&"/join ops".to_owned()) && !sent.contains(&"/say to ops".to_owned()), "{sent:?}");
    desk.hear(What::info("You are in ops now"));
    desk.pass_silently(6_000);
    assert!(desk.take_sent().contains(&"/history after 20".to_owned()));
    desk.catch_up_nothing();
    desk.pass(6_000);
    assert!(desk.take_sent().contains(&"/say to ops".to_owned()));
}

#[test]
fn guests_direct_messages_in_doubt_are_not_repeated() {
    let mut desk = desk();
    desk.enter("/pm bob psst");
    cut(&mut desk);
    back(&mut desk);
    desk.catch_up_nothing();
    desk.pass(6_000);
    assert_eq!(desk.lines(&Place::person("bob"))[0], "failed alice: psst");
    assert!(!desk.take_sent().iter().any(|line| line.starts_with("/pm")));
}

#[test]
fn attempts_come_later_and_later_but_never_too_late() {
    let mut desk = desk();
    let mut waits = Vec::new();
    for _ in 0..200 {
        cut(&mut desk);
        let Phase::Waiting { until, .. } = desk.state.link.phase else { panic!("it waits") };
        waits.push(until - desk.ms);
        desk.ms = until;
        desk.step(Input::Tick);
    }
    assert!(waits.iter().all(|wait| (1_000..=30_000).contains(wait)), "{waits:?}");
    assert!(waits[0] <= 2_000 && waits[10..].iter().any(|wait| *wait > 20_000));
    assert!(waits[10..].iter().any(|wait| *wait < 8_000), "full jitter");
}

#[test]
fn a_silent_server_is_left() {
    let mut desk = desk();
    while !desk.effects.contains(&Effect::Disconnect) {
        assert!(desk.ms < 40_000);
        desk.pass_silently(200);
    }
    assert!(matches!(&desk.state.link.phase, Phase::Waiting { why, .. } if &**why == "the server does not answer"));
}

#[test]
fn a_server_that_answers_is_stayed_with() {
    let mut desk = desk();
    desk.pass(100_000);
    assert!(desk.state.link.is_up() && desk.state.latency().is_some());
}

#[test]
fn who_never_got_in_is_told_why_at_once() {
    let mut desk = Desk::new(80, 24);
    desk.step(Input::Refused { why: "that name is in use".into(), again: true });
    assert_eq!(desk.effects, [Effect::Quit(Exit::Refused("that name is in use".into()))]);
}

#[test]
fn a_wrong_password_is_not_tried_until_somebody_says_so() {
    let mut desk = desk();
    cut(&mut desk);
    desk.step(Input::Refused { why: "Invalid alias or password".into(), again: false });
    desk.effects.clear();
    desk.pass(100_000);
    assert_eq!(desk.effects, []);
    desk.press(Key::ctrl('r'));
    assert_eq!(desk.effects, [Effect::Connect]);
}

#[test]
fn who_was_kicked_does_not_come_back_by_itself() {
    let mut desk = desk();
    desk.hear(What::info("You have been kicked."));
    cut(&mut desk);
    desk.effects.clear();
    desk.pass(100_000);
    assert_eq!(desk.effects, []);
    desk.press(Key::ctrl('r'));
    assert_eq!(desk.effects, [Effect::Connect]);
}

#[test]
fn leaving_with_unsent_lines_is_asked_about() {
    let mut desk = desk();
    cut(&mut desk);
    desk.enter("unsent");
    desk.effects.clear();
    desk.press(Key::ctrl('c'));
    assert_eq!(desk.effects, []);
    desk.press(Key::ctrl('c'));
    assert_eq!(desk.effects, [Effect::Quit(Exit::Left)]);
}

#[test]
fn commands_typed_without_a_connection_are_sent_later() {
    let mut desk = desk();
    cut(&mut desk);
    desk.enter("/rooms");
    back(&mut desk);
    desk.pass(6_000);
    assert!(desk.take_sent().contains(&"/rooms".to_owned()));
}
