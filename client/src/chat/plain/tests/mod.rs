mod moderation;
mod passwords;
mod pipes;
mod secrets;
mod test_client;

use super::*;
use crate::engine::Zone;
use landline_common::{Cause, EventKind, OffsetDateTime, UserName};
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
fn a_piped_line_is_done_when_its_label_is_answered() {
    let mut client = TestClient::guest(PIPE);
    client.type_in("hi");
    client.step(PlainInput::End);
    assert_eq!(client.take_sent(), ["lobby: hi"]);
    client.pass(2_000, true);
    assert_eq!(client.left, None, "it has not been answered");
    client.said(1, "lobby", "bob", "hi");
    client.said(2, "lobby", "alice", "hi");
    assert_eq!((client.left.clone(), client.shown), (None, 1), "only its label counts");
    client.echo(3, "lobby", "hi");
    assert_eq!((client.left, client.shown), (Some(Ok(())), 1));
    assert_eq!(client.said, [""; 0], "there is nothing to say about it");
}

#[test]
fn a_command_is_done_when_it_is_answered() {
    for line in ["/pm bob psst", "/join ops", "/private bob x"] {
        let mut client = TestClient::guest(PIPE);
        client.type_in(line);
        client.step(PlainInput::End);
        client.pass(2_000, true);
        assert_eq!((client.take_sent(), &client.left), (vec![line.to_owned()], &None));
        client.done(line);
        assert_eq!(client.left, Some(Ok(())));
    }
}

#[test]
fn refused_lines_are_named_and_counted() {
    let mut client = TestClient::guest(PIPE);
    for line in ["/pm nobody psst", "hello", "/nonsense"] {
        client.type_in(line);
    }
    client.step(PlainInput::End);
    client.refuse("/pm nobody", Cause::NoSuchUser);
    client.echo(1, "lobby", "hello");
    assert_eq!(client.left, Some(Err("2 lines were refused".into())));
    assert!(client.said.iter().any(|text| text == "refused: /pm nobody psst"), "{:?}", client.said);
    assert!(client.said.iter().any(|text| text.ends_with("Try /help: /nonsense")), "{:?}", client.said);
}

#[test]
fn save_works_on_the_full_screen_only() {
    let mut client = TestClient::guest(PERSON);
    client.type_in("/save talk.txt");
    assert_eq!((client.take_sent(), client.said.len()), (vec![], 1));
    assert!(client.said[0].contains("redirect it"), "{:?}", client.said);
}

#[test]
fn a_pipe_is_read_only_as_fast_as_its_lines_are_sent() {
    let mut client = TestClient::guest(PIPE);
    let mut typed = 0;
    while client.plain.takes_lines() {
        client.type_in(&format!("line {typed}"));
        typed += 1;
    }
    assert!((MAX_AHEAD..3 * MAX_AHEAD).contains(&typed), "{typed}");
    let mut sent = Vec::new();
    for id in 0..200 {
        for line in client.take_sent() {
            let what = EventKind::Done { id: Some(id), repeated: false };
            client.answer(&line, what);
            sent.push((client.ms, line));
        }
        client.pass(100, true);
    }
    assert_eq!(sent.len(), typed, "all of them went, in their order");
    assert!(sent.iter().enumerate().all(|(n, (_, line))| *line == format!("lobby: line {n}")));
    assert!(sent.windows(10).all(|window| window[9].0 - window[0].0 >= 5_500));
    assert!(client.plain.takes_lines());
}

#[test]
fn messages_of_other_rooms_show_their_room() {
    let mut client = TestClient::guest(PERSON);
    client.said(1, "lobby", "bob", "here");
    assert_eq!(client.dialect, Some(Dialect::Lines));
    client.type_in("/join Ops");
    client.answer("/join", Cause::Entered.with_room("Ops").into());
    client.said(2, "lobby", "bob", "there");
    assert_eq!(client.dialect, Some(Dialect::Elsewhere));
    client.said(3, "ops", "bob", "here");
    assert_eq!(client.dialect, Some(Dialect::Lines));
    client.type_in("/leave");
    client.answer("/leave", Cause::LeftRoom.with_room("ops").into());
    client.said(4, "lobby", "bob", "here again");
    assert_eq!(client.dialect, Some(Dialect::Lines));
}

#[test]
fn a1_a_message_goes_into_the_room_in_which_it_was_typed() {
    let mut client = TestClient::guest(PIPE);
    for line in ["/join ops", "in ops", "/leave", "in the lobby"] {
        client.type_in(line);
    }
    assert_eq!(client.take_sent(), ["/join ops"]);
    client.answer("/join", Cause::Entered.with_room("ops").into());
    client.echo(1, "ops", "in ops");
    client.answer("/leave", Cause::LeftRoom.with_room("ops").into());
    assert_eq!(client.take_sent(), ["ops: in ops", "/leave ops", "lobby: in the lobby"]);
}

#[test]
fn a1_a_message_for_a_refused_room_is_not_sent() {
    let mut client = TestClient::guest(PIPE);
    for line in ["/join ops", "a secret for ops"] {
        client.type_in(line);
    }
    client.step(PlainInput::End);
    client.refuse("/join", Cause::TooManyRooms);
    assert_eq!(client.take_sent(), ["/join ops"]);
    assert_eq!(client.left, Some(Err("2 lines were refused".into())));
    assert!(client.said.contains(&"xq wvzt: a secret for ops".to_owned()), "{:?}", client.said);
}

#[test]
fn a_refused_first_room_ends_the_program() {
    let mut client = TestClient::new(PIPE, "ops");
    let grant = Box::new(landline_common::event::SignInDetails { protocol: 2, ..Default::default() });
    let [user, server, room] = ["alice", "S", "lobby"].map(Into::into);
    client.hear(EventKind::Welcome { user, server, room, account: true, grant });
    assert!(matches!(&client.left, Some(Err(why)) if why.starts_with("cannot go into ops")), "{:?}", client.left);
}

#[test]
fn d7_unanswered_lines_are_sent_first_after_a_reconnection_and_only_once() {
    let mut client = TestClient::guest(PERSON);
    client.said(5, "lobby", "bob", "before");
    client.type_in("arrived");
    client.type_in("did not arrive");
    assert_eq!(client.take_sent(), ["lobby: arrived"]);
    client.down();
    client.type_in("typed meanwhile");
    assert!(client.said[0].starts_with("no connection: reset; trying again in "), "{:?}", client.said);
    client.pass(3_000, true);
    assert_eq!(client.connects, 1);
    client.shown = 0;
    client.welcome("lobby", false);
    assert_eq!(client.take_sent(), ["lobby: arrived"]);
    client.recalled(6, "alice", "arrived");
    client.recalled(7, "bob", "missed");
    client.said(8, "lobby", "bob", "live");
    client.hear(EventKind::CaughtUp { room: "lobby".into(), count: 2, missed: true, more: false });
    assert_eq!(client.shown, 2);
    client.answer("lobby: arrived", EventKind::Done { id: Some(6), repeated: true });
    client.echo(9, "lobby", "did not arrive");
    client.echo(10, "lobby", "typed meanwhile");
    assert_eq!((client.take_sent().len(), client.shown), (2, 2));
}

#[test]
fn a_pipe_gives_up_after_a_time_and_names_unsent_lines() {
    let mut client = TestClient::guest(PIPE);
    client.type_in("out");
    client.down();
    for _ in 0..60 {
        client.pass(1_000, false);
        if client.connects > 0 {
            client.connects = 0;
            client.step(PlainInput::Down { why: "no server answers".into(), loss: crate::sign_in::Loss::Server });
        }
        if client.left.is_some() {
            break;
        }
    }
    assert_eq!(client.left, Some(Err("no connection for 30 s: no server answers".into())));
    assert!((30_000..31_000).contains(&client.ms));
    assert!(client.said.contains(&"perhaps not sent: out".into()), "{:?}", client.said);
    assert!(client.said.last().unwrap().contains("the rest of standard input"), "{:?}", client.said);
}

#[test]
fn a_pipe_that_has_ended_waits_for_unsent_lines_only() {
    let mut client = TestClient::guest(PIPE);
    client.type_in("/ping x");
    client.step(PlainInput::End);
    client.down();
    assert_eq!(client.left, None);
    let mut client = TestClient::guest(PIPE);
    client.down();
    client.step(PlainInput::End);
    assert_eq!(client.left, Some(Ok(())));
}

#[test]
fn d1_a_silent_connection_is_replaced() {
    let mut client = TestClient::guest(PERSON);
    client.type_in("hello?");
    client.pass(5_900, false);
    assert_eq!(client.said, [""; 0]);
    client.pass(200, false);
    assert!(client.said[0].contains("does not answer"), "{:?}", client.said);
    assert_eq!(client.connects, 1, "and made again at once");
}

#[test]
fn a13_a_kicked_user_is_not_reconnected_and_sees_the_reason() {
    let mut client = TestClient::guest(PERSON);
    client.hear(Cause::Kicked.report().with_text("xq wvzt").with_reason("noise").into());
    client.down();
    assert_eq!(client.left, Some(Err("you were kicked: noise".into())));
}

#[test]
fn quitting_sends_earlier_lines_first() {
    let mut client = TestClient::guest(PERSON);
    client.type_in("bye");
    client.type_in("exit");
    assert_eq!(client.left, None);
    client.type_in("nobody hears this");
    client.echo(1, "lobby", "bye");
    assert_eq!((client.left.clone(), client.take_sent()), (Some(Ok(())), vec!["lobby: bye".to_owned()]));
}

#[test]
fn d5_quitting_without_a_connection_names_unsent_lines() {
    let mut client = TestClient::guest(PERSON);
    client.down();
    client.type_in("important");
    client.type_in("/quit");
    assert_eq!(client.left, Some(Err("1 line was not sent".into())));
    assert!(client.said.contains(&"not sent: important".to_owned()), "{:?}", client.said);
}

#[test]
fn d6_lines_after_quit_in_a_pipe_are_named_as_unsent() {
    let mut client = TestClient::guest(PIPE);
    client.type_in("job 1");
    client.type_in("/quit");
    client.echo(1, "lobby", "job 1");
    assert_eq!((client.left.clone(), client.plain.takes_lines()), (None, true));
    client.type_in("job 2 failed");
    client.pass(400, true);
    assert_eq!(client.left, Some(Err("1 line was not sent".into())));
    assert_eq!(client.said, ["not sent: job 2 failed"]);
    let mut client = TestClient::guest(PIPE);
    client.type_in("/quit");
    client.pass(400, true);
    assert_eq!(client.left, Some(Ok(())), "nothing followed");
}

#[test]
fn d6_programs_send_command_objects_with_their_own_labels() {
    let mut client = TestClient::guest(JSON);
    client.type_in(r#"{"type":"say","room":"lobby","text":"two\nlines","label":"7"}"#);
    assert_eq!(client.unanswered[0].0, "7");
    client.type_in(r#"{"type":"users"}"#);
    client.type_in("a plain line");
    let said = EventKind::Said { id: 1, room: "lobby".into(), user: "alice".into(), text: "x".into() };
    client.answer("lobby: two", said);
    let label = client.unanswered[0].0.clone();
    assert!(client.plain.is_own_label(&label) && !client.plain.is_own_label("7"));
    client.answer(
        "/users",
        EventKind::Online { users: Vec::new(), unencrypted: Box::default(), part: Default::default() },
    );
    client.echo(2, "lobby", "a plain line");
    assert_eq!(client.shown, 3);
    for wrong in [r#"{"type":"guest","user":"x"}"#, "{", r#"{"type":"format","format":"text"}"#] {
        client.type_in(wrong);
    }
    assert_eq!(client.said.len(), 3);
    client.type_in(r#"{"type":"shout","label":"8"}"#);
    client.answer("", Cause::BadObject.with_word("x").into());
    client.type_in(r#"{"type":"quit"}"#);
    client.pass(400, true);
    assert_eq!(client.left, Some(Err("4 lines were refused".into())));
}

#[test]
fn r7_quit_and_invalid_objects_are_answered() {
    let mut client = TestClient::guest(JSON);
    for wrong in [r#"{"type":5,"label":"a"}"#, r#"{"type":"guest","user":"x","label":"b"}"#, "{"] {
        client.type_in(wrong);
    }
    client.step(PlainInput::TooLong(r#"{"type":"say","text":"xxx…"#.into()));
    let is_bad =
        |event: &Event<'_>| matches!(&event.what, EventKind::Report(report) if report.cause == Cause::BadObject);
    assert!(client.answers.iter().all(is_bad), "{:?}", client.answers);
    client.type_in(r#"{"type":"quit","label":"q"}"#);
    client.pass(400, true);
    assert!(client.left.is_some());
    assert_eq!(client.answers.last().unwrap().what, EventKind::Done { id: None, repeated: false });
    let label = |event: &Event<'_>| event.reply.as_ref().map(|reply| (reply.label.to_string(), reply.done));
    let labels: Vec<_> = client.answers.iter().map(label).collect();
    let with = |label: &str| Some((label.to_owned(), true));
    assert_eq!(labels, [with("a"), with("b"), None, None, with("q")]);
}

#[test]
fn cancel_removes_unsent_lines() {
    let mut client = TestClient::guest(PERSON);
    client.down();
    client.type_in("waits");
    client.type_in("/cancel");
    assert_eq!(client.said.last().unwrap(), "cancelled: waits");
    client.type_in("/quit");
    assert_eq!(client.left, Some(Ok(())));
}

#[test]
fn r5_a_line_sent_over_a_lost_connection_is_not_cancelled() {
    let mut client = TestClient::guest(PERSON);
    client.type_in("handed over");
    client.down();
    client.type_in("/cancel");
    assert_eq!(client.said.last().unwrap(), "not cancelled, since it may have arrived: handed over");
}

#[test]
fn answers_to_background_requests_are_not_printed() {
    let mut client = TestClient::guest(PIPE);
    client.pass(30_000, true);
    assert_eq!(client.shown, 0);
    client.type_in("/ping mine");
    client.answer("/ping mine", EventKind::Pong("mine".into()));
    assert_eq!(client.shown, 1);
}

#[test]
fn missed_messages_are_printed_for_users_only() {
    for (ways, missed, shown) in [(PERSON, true, 1), (PERSON, false, 0), (PIPE, true, 0), (JSON, true, 0)] {
        let mut client = TestClient::new(ways, "lobby");
        client.welcome("lobby", true);
        client.shown = 0;
        client.recalled(3, "bob", "hi");
        client.hear(EventKind::CaughtUp { room: "lobby".into(), count: 1, missed, more: false });
        assert_eq!(client.shown, shown, "{ways:?} {missed}");
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
        any::<bool>().prop_map(|retry| {
            let why = "no".into();
            PlainInput::Refused(SignInRefused { why, cause: Cause::NameTaken, retry })
        }),
        Just(PlainInput::End),
    ]
}

proptest! {
    #[test]
    fn no_input_has_an_effect_after_the_end(inputs in prop::collection::vec((input(), 0u64..20_000), 0..60)) {
        let mut plain = Plain::new(crate::engine::Engine::new(crate::chat::test_client::alice(), 1), PIPE);
        let mut ms = 0;
        let mut over = false;
        for (input, later) in inputs {
            ms += later;
            let effects = plain.step(input, Now { ms, wall: OffsetDateTime::default(), zone: Zone::default() });
            prop_assert!(!over || effects.is_empty(), "{:?} after the end", effects);
            over |= effects.iter().any(|effect| matches!(effect, PlainEffect::Leave(_)));
        }
    }
}

#[test]
fn own_name_is_stored_also_if_the_lost_connection_hid_its_change() {
    let name = |text| Remembered::Name(UserName::parse(text).unwrap());
    let mut client = TestClient::guest(JSON);
    client.hear(EventKind::Renamed { from: "bob".into(), to: "robert".into() });
    client.hear(EventKind::Renamed { from: "alice".into(), to: "queen".into() });
    assert_eq!(client.remembered, [name("queen")]);
    client.down();
    client.pass(3_000, true);
    assert_eq!(client.connects, 1);
    client.welcome("lobby", false);
    assert_eq!(client.remembered, [name("queen"), name("alice")]);
}
