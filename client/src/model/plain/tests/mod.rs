mod desk;
mod directly;

use super::*;
use desk::Desk;
use landline_common::{Moment, What};
use proptest::prelude::*;

const PIPE: Ways = Ways { interactive: false, json: false, mesh: false, patience_ms: 30_000, keepalive_ms: 10_000 };
const PERSON: Ways = Ways { interactive: true, ..PIPE };

#[test]
fn a_piped_line_is_sent_and_all_is_well_when_it_comes_back() {
    let mut desk = Desk::guest(PIPE);
    desk.type_in("hi");
    desk.step(Input::End);
    assert_eq!(desk.take_sent(), ["/say hi"]);
    desk.pass(2_000, true);
    assert_eq!(desk.left, None, "it has not come back");
    desk.said(1, "lobby", "bob", "hi");
    assert_eq!((desk.left.clone(), desk.shown), (None, 1), "somebody else said that");
    desk.said(2, "lobby", "alice", "hi");
    assert_eq!((desk.left, desk.shown), (Some(Ok(())), 1));
    assert_eq!(desk.said, [""; 0], "there is nothing to say about it");
}

#[test]
fn direct_messages_and_commands_are_dealt_with_at_the_next_sign_of_life() {
    for line in ["/pm bob psst", "/join ops", "/private bob x"] {
        let mut desk = Desk::guest(PIPE);
        desk.type_in(line);
        desk.step(Input::End);
        assert_eq!((desk.take_sent(), desk.pings.len(), &desk.left), (vec![line.to_owned()], 1, &None));
        desk.pong();
        assert_eq!(desk.left, Some(Ok(())));
    }
}

#[test]
fn what_the_server_refuses_is_named_and_counts() {
    let mut desk = Desk::guest(PIPE);
    for line in ["/pm nobody psst", "hello", "/nonsense"] {
        desk.type_in(line);
    }
    desk.step(Input::End);
    desk.hear(landline_common::Cause::NoSuchUser.of_user("nobody").into());
    desk.said(1, "lobby", "alice", "hello");
    assert_eq!(desk.left, Some(Err("2 lines were refused".into())));
    assert!(desk.said.iter().any(|text| text == "refused: /pm nobody psst"), "{:?}", desk.said);
    assert!(desk.said.iter().any(|text| text.ends_with("anything: /nonsense")), "{:?}", desk.said);
}

#[test]
fn saving_is_for_the_full_screen() {
    let mut desk = Desk::guest(PERSON);
    desk.type_in("/save talk.txt");
    assert_eq!((desk.take_sent(), desk.said.len()), (vec![], 1));
    assert!(desk.said[0].contains("send it into a file"), "{:?}", desk.said);
}

#[test]
fn a_line_that_never_comes_back_is_given_up() {
    let mut desk = Desk::guest(PIPE);
    desk.type_in("lost");
    desk.step(Input::End);
    desk.pass(60_000, true);
    assert_eq!(
        (desk.left, &*desk.said),
        (Some(Err("1 line was refused".into())), &["the server did not take this: lost".into()][..])
    );
}

#[test]
fn pipes_are_paced_and_wait_where_they_come_from() {
    let mut desk = Desk::guest(PIPE);
    let mut typed = 0;
    while desk.plain.takes_lines() {
        desk.type_in(&format!("line {typed}"));
        typed += 1;
    }
    // Three lines were the sign-in.
    assert_eq!((desk.take_sent().len(), typed), (6, 6 + AHEAD));
    desk.pass(6_500, true);
    assert!((7..=9).contains(&desk.take_sent().len()));
    assert!(desk.plain.takes_lines());
}

#[test]
fn the_room_says_how_talk_is_shown() {
    let mut desk = Desk::guest(PERSON);
    desk.said(1, "lobby", "bob", "here");
    assert_eq!(desk.dialect, Some(Dialect::Lines));
    desk.type_in("/join Ops");
    desk.hear(What::info("You are in Ops now"));
    desk.said(2, "lobby", "bob", "there");
    assert_eq!(desk.dialect, Some(Dialect::Elsewhere));
    desk.said(3, "ops", "bob", "here");
    assert_eq!(desk.dialect, Some(Dialect::Lines));
    desk.hear(What::info("You left ops"));
    desk.said(4, "lobby", "bob", "here again");
    assert_eq!(desk.dialect, Some(Dialect::Lines));
}

#[test]
fn an_accounts_talk_waits_for_its_room() {
    let mut desk = Desk::new(PIPE, "ops");
    desk.welcome("lobby", true);
    desk.type_in("hello");
    assert_eq!(desk.take_sent(), ["/join ops"]);
    desk.hear(What::info("You are in ops now"));
    assert_eq!((desk.take_sent(), desk.shown), (vec!["/say hello".to_owned()], 0));

    let mut desk = Desk::new(PIPE, "ops");
    desk.welcome("lobby", true);
    desk.type_in("a secret for ops");
    desk.hear(What::error(503, "full"));
    assert_eq!(desk.left, Some(Err("cannot go into ops: full".into())));
    assert_eq!(desk.said[0], "not sent: a secret for ops");
}

#[test]
fn after_a_break_nothing_is_lost_and_nothing_doubled() {
    let mut desk = Desk::guest(PERSON);
    desk.said(5, "lobby", "bob", "before");
    desk.type_in("arrived");
    desk.type_in("did not arrive");
    desk.take_sent();
    desk.step(Input::Down("reset".into()));
    desk.type_in("typed meanwhile");
    assert!(desk.said[0].starts_with("no connection: reset; trying again in "), "{:?}", desk.said);
    desk.pass(3_000, true);
    assert_eq!(desk.connects, 1);
    desk.shown = 0;
    desk.welcome("lobby", false);
    assert_eq!(desk.take_sent(), ["/history after 5"], "first what was missed");
    desk.recalled(6, "alice", "arrived");
    desk.recalled(7, "bob", "missed");
    desk.said(8, "lobby", "bob", "live");
    desk.recalled(8, "bob", "live");
    desk.recall_end();
    assert_eq!(desk.shown, 2);
    assert_eq!(desk.take_sent(), ["/say did not arrive", "/say typed meanwhile"]);
}

#[test]
fn all_rooms_are_entered_again_the_current_one_last() {
    let mut desk = Desk::guest(PERSON);
    for room in ["ops", "dev"] {
        desk.type_in(&format!("/join {room}"));
        desk.hear(What::info(format!("You are in {room} now")));
    }
    desk.said(9, "dev", "bob", "x");
    desk.step(Input::Down("reset".into()));
    desk.type_in("for dev");
    desk.pass(3_000, false);
    desk.take_sent();
    desk.welcome("lobby", false);
    let mut sent = Vec::new();
    for _ in 0..8 {
        desk.pass(8_000, true);
        for line in desk.take_sent() {
            match line.strip_prefix("/join ") {
                Some(room) => desk.hear(What::info(format!("You are in {room} now"))),
                None if line.starts_with("/history") => desk.recall_end(),
                None => {}
            }
            sent.push(line);
        }
    }
    let expected = ["/history 200", "/join ops", "/history 200", "/join dev", "/history after 9", "/say for dev"];
    assert_eq!(sent, expected);
}

#[test]
fn pipes_give_up_after_a_while_and_name_what_was_not_sent() {
    let mut desk = Desk::guest(PIPE);
    desk.type_in("out");
    desk.step(Input::Down("reset".into()));
    for _ in 0..60 {
        desk.pass(1_000, false);
        if desk.connects > 0 {
            desk.connects = 0;
            desk.step(Input::Down("no server answers".into()));
        }
        if desk.left.is_some() {
            break;
        }
    }
    assert_eq!(desk.left, Some(Err("no connection for 30 s: no server answers".into())));
    assert!((30_000..31_000).contains(&desk.ms));
    assert!(desk.said.contains(&"perhaps not sent: out".into()), "{:?}", desk.said);
    assert!(desk.said.last().unwrap().contains("what else comes"), "{:?}", desk.said);
}

#[test]
fn a_pipe_that_has_ended_waits_only_for_lines_that_are_to_be_sent() {
    let mut desk = Desk::guest(PIPE);
    desk.type_in("/ping x");
    desk.step(Input::End);
    desk.step(Input::Down("reset".into()));
    assert_eq!(desk.left, None);
    let mut desk = Desk::guest(PIPE);
    desk.step(Input::Down("reset".into()));
    desk.step(Input::End);
    assert_eq!(desk.left, Some(Ok(())));
}

#[test]
fn a_dead_connection_is_noticed() {
    let mut desk = Desk::guest(PERSON);
    desk.pass(24_000, false);
    assert_eq!(desk.said, [""; 0]);
    desk.pass(2_000, false);
    assert!(desk.said[0].contains("does not answer"), "{:?}", desk.said);
}

#[test]
fn who_is_thrown_out_stays_out() {
    let mut desk = Desk::guest(PERSON);
    desk.hear(What::info("You have been kicked."));
    desk.step(Input::Down("closed".into()));
    assert_eq!(desk.left, Some(Err("the server has thrown you out".into())));
}

#[test]
fn quitting_delivers_what_was_said_before() {
    let mut desk = Desk::guest(PERSON);
    desk.type_in("bye");
    desk.type_in("exit");
    assert_eq!(desk.left, None);
    desk.type_in("nobody hears this");
    desk.said(1, "lobby", "alice", "bye");
    assert_eq!((desk.left.clone(), desk.take_sent()), (Some(Ok(())), vec!["/say bye".to_owned()]));
}

#[test]
fn what_nobody_typed_is_not_shown() {
    let mut desk = Desk::guest(PIPE);
    desk.pass(30_000, true);
    assert_eq!(desk.shown, 0);
    desk.type_in("/ping mine");
    desk.hear(What::Pong("mine".into()));
    assert_eq!(desk.shown, 1);
}

fn input() -> impl Strategy<Value = Input> {
    let line = prop::sample::select(vec![
        "hi",
        "/join ops",
        "/pm bob x",
        "/users",
        "exit",
        "",
        "/nope",
        "/format text",
        "private bob hi",
    ]);
    let text = || prop::sample::select(vec!["hi", "You are in ops now", "You left ops", "Slow down", "x"]);
    let event = |what: What<'static>| Input::Event(Box::new(what.at(Moment::default())));
    prop_oneof![
        line.prop_map(|line| Input::Line(line.into())),
        Just(Input::Tick),
        text().prop_map(move |text| event(What::info(text))),
        (1u64..20, text()).prop_map(move |(id, text)| event(What::Said {
            id,
            room: "lobby".into(),
            user: "alice".into(),
            text: text.into()
        })),
        (1u64..9).prop_map(move |n| event(What::Pong(format!("landline-{n}").into()))),
        text().prop_map(move |text| event(What::error(403, text))),
        any::<bool>().prop_map(move |own| event(What::DirectTalk { with: "bob".into(), own, text: "hi".into() })),
        Just(event(What::DirectConnected { with: "bob".into(), fingerprint: "12345".into() })),
        Just(event(What::DirectEnded { with: "bob".into(), reason: "lost".into() })),
        Just(event(What::RecallEnd { shown: 0, remark: "".into(), next: Some("/history after 3".into()) })),
        Just(event(What::Welcome {
            user: "alice".into(),
            server: "S".into(),
            room: "lobby".into(),
            account: true,
            grant: Default::default()
        })),
        text().prop_map(|why| Input::Down(why.into())),
        any::<bool>().prop_map(|again| Input::Refused { why: "no".into(), again }),
        Just(Input::End),
    ]
}

proptest! {
    #[test]
    fn nothing_breaks_it(inputs in prop::collection::vec((input(), 0u64..20_000), 0..60)) {
        let mut plain = Plain::new("alice", "ops", PIPE, 1);
        let (mut ms, mut over) = (0, false);
        for (input, later) in inputs {
            ms += later;
            let acts = plain.step(input, Now { ms, wall: Moment::default() });
            prop_assert!(!over || acts.is_empty(), "{:?} after the end", acts);
            over |= acts.iter().any(|act| matches!(act, Act::Leave(_)));
        }
    }
}
