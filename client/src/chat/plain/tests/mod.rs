mod passwords;
mod secrets;
mod test_client;

use super::*;
use crate::engine::Zone;
use landline_common::{Cause, EventKind, OffsetDateTime};
use proptest::prelude::*;
use test_client::TestClient;

const PIPE: PlainOptions = PlainOptions {
    interactive: false,
    json: false,
    say: false,
    mesh: false,
    patience_ms: 30_000,
    keepalive_ms: 10_000,
};
const PERSON: PlainOptions = PlainOptions { interactive: true, ..PIPE };
const JSON: PlainOptions = PlainOptions { json: true, ..PIPE };

#[test]
fn a_piped_line_is_sent_and_all_is_well_when_it_is_said() {
    let mut desk = TestClient::guest(PIPE);
    desk.type_in("hi");
    desk.step(PlainInput::End);
    assert_eq!(desk.take_sent(), ["lobby: hi"]);
    desk.pass(2_000, true);
    assert_eq!(desk.left, None, "it has not been answered");
    desk.said(1, "lobby", "bob", "hi");
    desk.said(2, "lobby", "alice", "hi");
    assert_eq!((desk.left.clone(), desk.shown), (None, 1), "only its label counts");
    desk.echo(3, "lobby", "hi");
    assert_eq!((desk.left, desk.shown), (Some(Ok(())), 1));
    assert_eq!(desk.said, [""; 0], "there is nothing to say about it");
}

#[test]
fn commands_are_dealt_with_when_they_are_answered() {
    for line in ["/pm bob psst", "/join ops", "/private bob x"] {
        let mut desk = TestClient::guest(PIPE);
        desk.type_in(line);
        desk.step(PlainInput::End);
        desk.pass(2_000, true);
        assert_eq!((desk.take_sent(), &desk.left), (vec![line.to_owned()], &None));
        desk.done(line);
        assert_eq!(desk.left, Some(Ok(())));
    }
}

#[test]
fn what_the_server_refuses_is_named_and_counts() {
    let mut desk = TestClient::guest(PIPE);
    for line in ["/pm nobody psst", "hello", "/nonsense"] {
        desk.type_in(line);
    }
    desk.step(PlainInput::End);
    desk.refuse("/pm nobody", Cause::NoSuchUser);
    desk.echo(1, "lobby", "hello");
    assert_eq!(desk.left, Some(Err("2 lines were refused".into())));
    assert!(desk.said.iter().any(|text| text == "refused: /pm nobody psst"), "{:?}", desk.said);
    assert!(desk.said.iter().any(|text| text.ends_with("Try /help.: /nonsense")), "{:?}", desk.said);
}

#[test]
fn saving_is_for_the_full_screen() {
    let mut desk = TestClient::guest(PERSON);
    desk.type_in("/save talk.txt");
    assert_eq!((desk.take_sent(), desk.said.len()), (vec![], 1));
    assert!(desk.said[0].contains("send it into a file"), "{:?}", desk.said);
}

#[test]
fn pipes_are_paced_and_wait_where_they_come_from() {
    let mut desk = TestClient::guest(PIPE);
    let mut typed = 0;
    while desk.plain.takes_lines() {
        desk.type_in(&format!("line {typed}"));
        typed += 1;
    }
    assert!((AHEAD..3 * AHEAD).contains(&typed), "{typed}");
    let mut sent = Vec::new();
    for id in 0..200 {
        for line in desk.take_sent() {
            let what = EventKind::Done { id: Some(id), repeated: false };
            desk.answer(&line, what);
            sent.push((desk.ms, line));
        }
        desk.pass(100, true);
    }
    assert_eq!(sent.len(), typed, "all of them went, in their order");
    assert!(sent.iter().enumerate().all(|(n, (_, line))| *line == format!("lobby: line {n}")));
    assert!(sent.windows(10).all(|window| window[9].0 - window[0].0 >= 5_500));
    assert!(desk.plain.takes_lines());
}

#[test]
fn the_room_says_how_talk_is_shown() {
    let mut desk = TestClient::guest(PERSON);
    desk.said(1, "lobby", "bob", "here");
    assert_eq!(desk.dialect, Some(Dialect::Lines));
    desk.type_in("/join Ops");
    desk.answer("/join", Cause::Entered.with_room("Ops").into());
    desk.said(2, "lobby", "bob", "there");
    assert_eq!(desk.dialect, Some(Dialect::Elsewhere));
    desk.said(3, "ops", "bob", "here");
    assert_eq!(desk.dialect, Some(Dialect::Lines));
    desk.type_in("/leave");
    desk.answer("/leave", Cause::LeftRoom.with_room("ops").into());
    desk.said(4, "lobby", "bob", "here again");
    assert_eq!(desk.dialect, Some(Dialect::Lines));
}

#[test]
fn a1_talk_is_bound_to_the_room_in_which_it_was_typed() {
    let mut desk = TestClient::guest(PIPE);
    for line in ["/join ops", "in ops", "/leave", "in the lobby"] {
        desk.type_in(line);
    }
    assert_eq!(desk.take_sent(), ["/join ops"]);
    desk.answer("/join", Cause::Entered.with_room("ops").into());
    desk.echo(1, "ops", "in ops");
    desk.answer("/leave", Cause::LeftRoom.with_room("ops").into());
    assert_eq!(desk.take_sent(), ["ops: in ops", "/leave ops", "lobby: in the lobby"]);
}

#[test]
fn a1_what_is_meant_for_a_room_that_does_not_open_goes_nowhere() {
    let mut desk = TestClient::guest(PIPE);
    for line in ["/join ops", "a secret for ops"] {
        desk.type_in(line);
    }
    desk.step(PlainInput::End);
    desk.refuse("/join", Cause::TooManyRooms);
    assert_eq!(desk.take_sent(), ["/join ops"]);
    assert_eq!(desk.left, Some(Err("2 lines were refused".into())));
    assert!(desk.said.contains(&"xq wvzt: a secret for ops".to_owned()), "{:?}", desk.said);
}

#[test]
fn a_server_that_keeps_the_user_out_of_the_room_ends_it() {
    let mut desk = TestClient::new(PIPE, "ops");
    let grant = Box::new(landline_common::event::SignInDetails { protocol: 2, ..Default::default() });
    let (user, server, room) = ("alice".into(), "S".into(), "lobby".into());
    desk.hear(EventKind::Welcome { user, server, room, account: true, grant });
    assert!(matches!(&desk.left, Some(Err(why)) if why.starts_with("cannot go into ops")), "{:?}", desk.left);
}

#[test]
fn d7_after_a_break_what_was_typed_goes_first_and_nothing_is_doubled() {
    let mut desk = TestClient::guest(PERSON);
    desk.said(5, "lobby", "bob", "before");
    desk.type_in("arrived");
    desk.type_in("did not arrive");
    assert_eq!(desk.take_sent(), ["lobby: arrived"]);
    desk.down();
    desk.type_in("typed meanwhile");
    assert!(desk.said[0].starts_with("no connection: reset; trying again in "), "{:?}", desk.said);
    desk.pass(3_000, true);
    assert_eq!(desk.connects, 1);
    desk.shown = 0;
    desk.welcome("lobby", false);
    assert_eq!(desk.take_sent(), ["lobby: arrived"]);
    desk.recalled(6, "alice", "arrived");
    desk.recalled(7, "bob", "missed");
    desk.said(8, "lobby", "bob", "live");
    desk.hear(EventKind::CaughtUp { room: "lobby".into(), count: 2, missed: true, more: false });
    assert_eq!(desk.shown, 2);
    desk.answer("lobby: arrived", EventKind::Done { id: Some(6), repeated: true });
    desk.echo(9, "lobby", "did not arrive");
    desk.echo(10, "lobby", "typed meanwhile");
    assert_eq!((desk.take_sent().len(), desk.shown), (2, 2));
}

#[test]
fn pipes_give_up_after_a_while_and_name_what_was_not_sent() {
    let mut desk = TestClient::guest(PIPE);
    desk.type_in("out");
    desk.down();
    for _ in 0..60 {
        desk.pass(1_000, false);
        if desk.connects > 0 {
            desk.connects = 0;
            desk.step(PlainInput::Down { why: "no server answers".into(), loss: crate::sign_in::Loss::Server });
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
    let mut desk = TestClient::guest(PIPE);
    desk.type_in("/ping x");
    desk.step(PlainInput::End);
    desk.down();
    assert_eq!(desk.left, None);
    let mut desk = TestClient::guest(PIPE);
    desk.down();
    desk.step(PlainInput::End);
    assert_eq!(desk.left, Some(Ok(())));
}

#[test]
fn d1_a_dead_connection_is_noticed() {
    let mut desk = TestClient::guest(PERSON);
    desk.type_in("hello?");
    desk.pass(5_900, false);
    assert_eq!(desk.said, [""; 0]);
    desk.pass(200, false);
    assert!(desk.said[0].contains("does not answer"), "{:?}", desk.said);
    assert_eq!(desk.connects, 1, "and made again at once");
}

#[test]
fn a13_who_is_thrown_out_stays_out_and_is_told_why() {
    let mut desk = TestClient::guest(PERSON);
    desk.hear(Cause::Kicked.report().with_text("xq wvzt").with_reason("noise").into());
    desk.down();
    assert_eq!(desk.left, Some(Err("you were kicked: noise".into())));
}

#[test]
fn quitting_delivers_what_was_said_before() {
    let mut desk = TestClient::guest(PERSON);
    desk.type_in("bye");
    desk.type_in("exit");
    assert_eq!(desk.left, None);
    desk.type_in("nobody hears this");
    desk.echo(1, "lobby", "bye");
    assert_eq!((desk.left.clone(), desk.take_sent()), (Some(Ok(())), vec!["lobby: bye".to_owned()]));
}

#[test]
fn d5_quitting_without_a_connection_names_what_is_unsent() {
    let mut desk = TestClient::guest(PERSON);
    desk.down();
    desk.type_in("important");
    desk.type_in("/quit");
    assert_eq!(desk.left, Some(Err("1 line was not sent".into())));
    assert!(desk.said.contains(&"not sent: important".to_owned()), "{:?}", desk.said);
}

#[test]
fn d6_bare_words_from_a_pipe_are_talk_and_slashes_are_commands() {
    let mut desk = TestClient::guest(PIPE);
    let lines = ["message bob is not a command here", "broadcast storm", "whoelse", "logout", "alice: hi", "help"];
    for (id, line) in (1..).zip(lines) {
        desk.type_in(line);
        desk.echo(id, "lobby", line);
    }
    desk.type_in("/dev/sda1 is full");
    assert!(desk.said[0].ends_with("/dev/sda1 is full"), "{:?}", desk.said);
    assert_eq!(desk.left, None, "logout was talk");
}

#[test]
fn d6_with_say_every_line_is_talk() {
    let mut desk = TestClient::guest(PlainOptions { say: true, ..PIPE });
    let lines = ["/dev/sda1 is full", "/quit", "{\"type\":\"quit\"}", "exit", "/pm bob psst", "alice: hi"];
    for (id, line) in (1..).zip(lines) {
        desk.type_in(line);
        desk.echo(id, "lobby", line);
    }
    assert_eq!((desk.said.len(), desk.take_sent().len()), (0, 6));
}

#[test]
fn d6_what_follows_quit_in_a_pipe_is_named_as_unsent() {
    let mut desk = TestClient::guest(PIPE);
    for line in ["job 1", "/quit"] {
        desk.type_in(line);
    }
    desk.echo(1, "lobby", "job 1");
    assert_eq!((desk.left.clone(), desk.plain.takes_lines()), (None, true));
    desk.type_in("job 2 failed");
    desk.pass(400, true);
    assert_eq!(desk.left, Some(Err("1 line was not sent".into())));
    assert_eq!(desk.said, ["not sent: job 2 failed"]);
    let mut desk = TestClient::guest(PIPE);
    desk.type_in("/quit");
    desk.pass(400, true);
    assert_eq!(desk.left, Some(Ok(())), "nothing followed");
}

#[test]
fn d6_programs_write_command_objects_with_labels_of_their_own() {
    let mut desk = TestClient::guest(JSON);
    desk.type_in(r#"{"type":"say","room":"lobby","text":"two\nlines","label":"7"}"#);
    assert_eq!(desk.unanswered[0].0, "7");
    desk.type_in(r#"{"type":"users"}"#);
    desk.type_in("a plain line");
    desk.answer("lobby: two", EventKind::Said { id: 1, room: "lobby".into(), user: "alice".into(), text: "x".into() });
    let label = desk.unanswered[0].0.clone();
    assert!(desk.plain.is_own_label(&label) && !desk.plain.is_own_label("7"));
    desk.answer("/users", EventKind::Online { users: Vec::new(), part: Default::default() });
    desk.echo(2, "lobby", "a plain line");
    assert_eq!(desk.shown, 3);
    for wrong in [r#"{"type":"guest","user":"x"}"#, "{", r#"{"type":"format","format":"text"}"#] {
        desk.type_in(wrong);
    }
    assert_eq!(desk.said.len(), 3);
    desk.type_in(r#"{"type":"shout","label":"8"}"#);
    desk.answer("", Cause::BadObject.with_word("x").into());
    desk.type_in(r#"{"type":"quit"}"#);
    desk.pass(400, true);
    assert_eq!(desk.left, Some(Err("4 lines were refused".into())));
}

#[test]
fn r7_quit_and_objects_that_are_none_are_answered() {
    let mut desk = TestClient::guest(JSON);
    for wrong in [r#"{"type":5,"label":"a"}"#, r#"{"type":"guest","user":"x","label":"b"}"#, "{"] {
        desk.type_in(wrong);
    }
    desk.step(PlainInput::TooLong(r#"{"type":"say","text":"xxx…"#.into()));
    let is_bad =
        |event: &Event<'_>| matches!(&event.what, EventKind::Report(report) if report.cause == Cause::BadObject);
    assert!(desk.answers.iter().all(is_bad), "{:?}", desk.answers);
    desk.type_in(r#"{"type":"quit","label":"q"}"#);
    desk.pass(400, true);
    assert!(desk.left.is_some());
    assert_eq!(desk.answers.last().unwrap().what, EventKind::Done { id: None, repeated: false });
    let label = |event: &Event<'_>| event.reply.as_ref().map(|reply| (reply.label.to_string(), reply.done));
    let labels: Vec<_> = desk.answers.iter().map(label).collect();
    let with = |label: &str| Some((label.to_owned(), true));
    assert_eq!(labels, [with("a"), with("b"), None, None, with("q")]);
}

#[test]
fn unsent_lines_are_taken_back() {
    let mut desk = TestClient::guest(PERSON);
    desk.down();
    desk.type_in("waits");
    desk.type_in("/cancel");
    assert_eq!(desk.said.last().unwrap(), "taken back: waits");
    desk.type_in("/quit");
    assert_eq!(desk.left, Some(Ok(())));
}

#[test]
fn r5_a_line_that_a_lost_connection_had_is_not_taken_back() {
    let mut desk = TestClient::guest(PERSON);
    desk.type_in("handed over");
    desk.down();
    desk.type_in("/cancel");
    assert_eq!(desk.said.last().unwrap(), "may already have arrived, not taken back: handed over");
}

#[test]
fn what_nobody_typed_is_not_shown() {
    let mut desk = TestClient::guest(PIPE);
    desk.pass(30_000, true);
    assert_eq!(desk.shown, 0);
    desk.type_in("/ping mine");
    desk.answer("/ping mine", EventKind::Pong("mine".into()));
    assert_eq!(desk.shown, 1);
}

#[test]
fn what_a_user_missed_is_shown_to_people_who_come_back() {
    for (ways, missed, shown) in [(PERSON, true, 1), (PERSON, false, 0), (PIPE, true, 0), (JSON, true, 0)] {
        let mut desk = TestClient::new(ways, "lobby");
        desk.welcome("lobby", true);
        desk.shown = 0;
        desk.recalled(3, "bob", "hi");
        desk.hear(EventKind::CaughtUp { room: "lobby".into(), count: 1, missed, more: false });
        assert_eq!(desk.shown, shown, "{ways:?} {missed}");
    }
}

fn input() -> impl Strategy<Value = PlainInput> {
    let line = prop::sample::select(vec![
        "hi",
        "/join ops",
        "/leave",
        "/pm bob x",
        "/users",
        "exit",
        "/quit",
        "",
        "/nope",
        "/cancel",
        "/format text",
        "private bob hi",
        "/private hi",
    ]);
    let text = || prop::sample::select(vec!["hi", "ops", "x"]);
    let event = |what: EventKind<'static>| PlainInput::Event(Box::new(what.at(OffsetDateTime::default())));
    let answer = |what: EventKind<'static>, n: u64| {
        // The engine's labels with this seed.
        let label = format!("{:016x}-{n}", crate::engine::Rng::new(1).next()).into();
        let reply = Some(landline_common::Reply { label, done: true });
        PlainInput::Event(Box::new(Event { reply, ..what.at(OffsetDateTime::default()) }))
    };
    prop_oneof![
        line.prop_map(|line| PlainInput::Line(line.into())),
        Just(PlainInput::Tick),
        text().prop_map(move |room| event(Cause::Entered.with_room(room).into())),
        (1u64..20, text()).prop_map(move |(id, text)| event(EventKind::Said {
            id,
            room: "lobby".into(),
            user: "alice".into(),
            text: text.into()
        })),
        (1u64..20).prop_map(move |n| answer(EventKind::Done { id: None, repeated: false }, n)),
        (1u64..20).prop_map(move |n| answer(Cause::NoSuchUser.with_user("bob").into(), n)),
        (1u64..20).prop_map(move |n| answer(Cause::Throttled.report().into(), n)),
        text().prop_map(move |text| event(EventKind::error(403, text))),
        any::<bool>().prop_map(move |own| event(EventKind::DirectTalk { with: "bob".into(), own, text: "hi".into() })),
        Just(event(EventKind::DirectConnected { with: "bob".into(), fingerprint: "12345".into() })),
        Just(event(EventKind::DirectEnded { with: "bob".into(), reason: "lost".into() })),
        Just(event(EventKind::RecallEnd { count: 0, remark: "".into(), next: Some("/history after 3".into()) })),
        Just(event(EventKind::CaughtUp { room: "lobby".into(), count: 0, missed: true, more: true })),
        Just(event(EventKind::Welcome {
            user: "alice".into(),
            server: "S".into(),
            room: "ops".into(),
            account: true,
            grant: Default::default()
        })),
        text().prop_map(|why| PlainInput::Down { why: why.into(), loss: crate::sign_in::Loss::Network }),
        any::<bool>().prop_map(|again| PlainInput::Refused(crate::sign_in::SignInRefused {
            why: "no".into(),
            cause: Cause::NameTaken,
            again
        })),
        Just(PlainInput::End),
    ]
}

proptest! {
    #[test]
    fn nothing_breaks_it(inputs in prop::collection::vec((input(), 0u64..20_000), 0..60)) {
        let mut plain = Plain::new(crate::engine::Engine::new(crate::chat::test_client::alice(), 1), PIPE);
        let (mut ms, mut over) = (0, false);
        for (input, later) in inputs {
            ms += later;
            let acts = plain.step(input, Now { ms, wall: OffsetDateTime::default(), zone: Zone::default() });
            prop_assert!(!over || acts.is_empty(), "{:?} after the end", acts);
            over |= acts.iter().any(|act| matches!(act, Act::Leave(_)));
        }
    }
}
