//! Typing: drafts, completion, pastes.

use crate::chat::burst::{Arrived, Bursts};
use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::overlay::Overlay;
use crate::chat::test_client::TestClient;
use crate::chat::{Exit, Input, ScreenEffect};
use landline_common::EventKind;
use landline_common::event::Part;

const TAB: Key = Key::plain(Code::Tab);

fn desk() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn draft(desk: &TestClient) -> &str {
    desk.state.conversations().viewed().draft.text()
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
fn d11_names_are_completed_behind_what_opens() {
    let mut desk = desk();
    desk.said(1, "lobby", "田中", "hi");
    for (typed, completed) in [
        ("(b", "(bob "),
        ("see (@b", "see (@bob "),
        ("\"b", "\"bob "),
        ("「田", "「田中 "),
        ("見て@田", "見て@田中 "),
        ("¿B", "¿bob "),
        ("f(x,(b", "f(x,(bob "),
        ("/pm (b", "/pm (bob "),
    ] {
        desk.type_in(typed);
        desk.press(TAB);
        assert_eq!(draft(&desk), completed);
        desk.press(Key::ctrl('u'));
    }
    desk.type_in("two lines");
    desk.press(Key::ctrl('j'));
    desk.type_in("b");
    desk.press(TAB);
    assert_eq!(draft(&desk), "two lines\nbob ");
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
    desk.answer(
        "/rooms",
        EventKind::Rooms { rooms: vec![("lobby".into(), 2), ("ops".into(), 1)], part: Part::default() },
    );
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
    desk.answer(
        "/rooms",
        EventKind::Rooms { rooms: vec![("lobby".into(), 2), ("ops".into(), 1)], part: Part::default() },
    );
    desk.press(TAB);
    assert_eq!(draft(&desk), "/join ops ");
}

#[test]
fn a_mistyped_command_is_not_said_and_comes_back_by_the_arrow() {
    let mut desk = desk();
    desk.enter("/jion ops");
    assert_eq!(desk.take_sent(), [""; 0]);
    assert!(desk.lobby()[0].contains("Unknown command /jion. Did you"));
    assert!(desk.lobby()[0].ends_with("↑ brings the line back."), "{:?}", desk.lobby());
    assert_eq!(draft(&desk), "");
    desk.press(Key::plain(Code::Up));
    assert_eq!(draft(&desk), "/jion ops");
}

#[test]
fn nothing_is_typed_behind_a_refused_command() {
    // Unknown, without what it needs, of the client's own, and one that the state does not allow.
    for refused in ["/login", "/join", "/query", "/save", "/format json", "/direct-say bob too early"] {
        let mut desk = desk();
        desk.enter(refused);
        assert_eq!((draft(&desk), desk.lobby().len()), ("", 1), "{refused}");
        desk.enter("/quit");
        assert_eq!(desk.effects, [ScreenEffect::Quit(Exit::Left)], "{refused}");
    }
}

#[test]
fn talk_that_cannot_be_said_stays() {
    let mut desk = desk();
    desk.press(Key::alt(Code::Char('m')));
    for talk in ["meet at 5", "/say /quit is a word"] {
        desk.enter(talk);
        assert_eq!(draft(&desk), talk);
        desk.press(Key::ctrl('u'));
    }
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
fn a9_few_lines_are_pasted_into_the_draft_with_their_indentation() {
    let mut desk = desk();
    desk.step(Input::Paste("if x:\r\n\treturn\r\r".into()));
    assert_eq!((draft(&desk), desk.state.overlay()), ("if x:\n    return", None));
    desk.press(Key::plain(Code::Enter));
    assert_eq!(desk.take_sent(), ["lobby: if x:\n    return"]);
    assert_eq!(desk.lobby(), ["pending alice: if x:\n    return"]);
}

#[test]
fn a9_a_message_of_several_lines_is_typed() {
    for key in [Key::alt(Code::Enter), Key::ctrl('j')] {
        let mut desk = desk();
        desk.type_in("if x:");
        desk.press(key);
        desk.type_in("    /quit");
        assert_eq!(desk.take_sent(), [""; 0]);
        desk.press(Key::plain(Code::Enter));
        assert_eq!((desk.take_sent(), draft(&desk)), (vec!["lobby: if x:\n    /quit".to_owned()], ""));
        desk.press(Key::plain(Code::Up));
        assert_eq!(draft(&desk), "if x:\n    /quit");
    }
}

#[test]
fn a9_indentation_is_kept_and_commands_may_stand_behind_blanks() {
    let mut desk = desk();
    desk.enter("  third indented");
    desk.enter("/pm bob\n  def f():\n    pass");
    desk.enter("exit\nis what I said");
    desk.enter("  /all hi");
    let sent = desk.take_said();
    assert_eq!(
        sent,
        ["lobby:   third indented", "/pm bob   def f():\n    pass", "/all hi", "lobby: exit\nis what I said"]
    );
    desk.enter("/save x\ny");
    desk.enter("/quit\nnow");
    assert_eq!(desk.effects, []);
}

#[test]
fn a9_rows_come_before_what_was_sent_before() {
    let mut desk = desk();
    desk.enter("older");
    desk.type_in("one");
    desk.press(Key::ctrl('j'));
    desk.type_in("two");
    let up = |desk: &mut TestClient| desk.press(Key::plain(Code::Up));
    up(&mut desk);
    assert_eq!(desk.state.conversations().viewed().draft.before(), "one");
    up(&mut desk);
    assert_eq!(draft(&desk), "older");
    desk.press(Key::plain(Code::Down));
    assert_eq!(draft(&desk), "one\ntwo");
}

#[test]
fn d8_a_burst_of_keys_is_asked_about() {
    let mut desk = desk();
    desk.step(Input::Burst("if x:\r\treturn\r/quit\r".into()));
    assert!(desk.state.overlay().is_some() && desk.effects.is_empty() && desk.take_sent().is_empty());
    // It comes in pieces.
    desk.step(Input::Burst("/qu".into()));
    desk.step(Input::Burst("it\r".into()));
    desk.press(Key::plain(Code::Enter));
    assert_eq!(desk.take_sent(), ["lobby: if x:\n    return\n/quit\n/quit"]);
    assert_eq!(desk.effects, []);
    desk.step(Input::Burst("name\tage".into()));
    assert_eq!((draft(&desk), desk.state.overlay()), ("name age", None));
}

#[test]
fn many_lines_are_asked_about() {
    let text = "one\n/quit\n\nthree\n  four\n";
    let paste = |key: Key| {
        let mut desk = desk();
        desk.type_in("x ");
        desk.step(Input::Paste(text.into()));
        let Some(Overlay::Paste(pasted)) = desk.state.overlay() else { panic!("a question") };
        assert_eq!(pasted.message(), "one\n/quit\n\nthree\n  four");
        desk.press(Key::plain(Code::Up));
        assert!(desk.state.overlay().is_some(), "a mistyped key does nothing");
        desk.press(key);
        desk
    };
    assert_eq!(paste(Key::plain(Code::Enter)).take_sent(), ["lobby: x one\n/quit\n\nthree\n  four"]);
    let mut lines = paste(Key::alt(Code::Char('l')));
    assert_eq!(lines.take_said(), ["lobby: x one", "lobby: /quit", "lobby: three", "lobby:   four"]);
    assert_eq!(lines.effects, [], "a pasted line is never a command");
    let mut cancelled = paste(Key::plain(Code::Escape));
    assert_eq!((cancelled.take_sent(), draft(&cancelled)), (vec![], "x "));
    assert_eq!(draft(&paste(Key::alt(Code::Char('e')))), "x one\n/quit\n\nthree\n  four");
}

#[test]
fn a9_what_is_too_long_for_one_message_is_split_after_it_was_said() {
    let mut desk = desk();
    desk.step(Input::Paste("line\n".repeat(120)));
    let Some(Overlay::Paste(pasted)) = desk.state.overlay() else { panic!("a question") };
    let choices = desk.state.paste_choices(pasted);
    assert!(choices[0].1.starts_with("send as 3 messages: it is too long"), "{choices:?}");
    desk.press(Key::plain(Code::Enter));
    let lines = |n: usize| format!("lobby: {}", vec!["line"; n].join("\n"));
    assert_eq!(desk.take_said(), [lines(50), lines(50), lines(20)]);
}

#[test]
fn a_paste_goes_where_the_command_in_front_of_it_says() {
    for (key, sent) in [
        (Key::plain(Code::Enter), vec!["/pm bob one\n/quit\ntwo\nthree"]),
        (Key::alt(Code::Char('l')), vec!["/pm bob one", "/pm bob /quit", "/pm bob two", "/pm bob three"]),
    ] {
        let mut desk = desk();
        desk.type_in("/pm bob ");
        desk.step(Input::Paste("one\n/quit\ntwo\nthree".into()));
        desk.press(key);
        assert_eq!(desk.take_said(), sent);
    }
    let mut desk = desk();
    desk.type_in("/join ");
    desk.step(Input::Paste("one\ntwo\nthree\nfour".into()));
    desk.press(Key::alt(Code::Char('l')));
    assert_eq!((desk.take_sent(), draft(&desk)), (vec![], "/join one\ntwo\nthree\nfour"));
}

#[test]
fn what_goes_away_of_a_paste_is_said() {
    let losses = |text: &str| {
        let mut desk = desk();
        desk.step(Input::Paste(text.into()));
        let Some(Overlay::Paste(pasted)) = desk.state.overlay() else { panic!("a question") };
        (pasted.losses(), desk.state.paste_choices(pasted).iter().map(|(key, _)| *key).collect::<Vec<_>>())
    };
    assert_eq!(losses("a\n\n\tb\nc\nd"), (vec![], vec!["Enter", "Alt-l", "Alt-e", "Esc"]));
    let (hidden, _) = losses("a\u{1b}[31m\nb\nc\nd\u{200b}");
    assert_eq!(hidden, ["6 control characters are left out"]);
    let (cut, keys) = losses(&"words and words\n".repeat(9_000));
    assert!(cut[0].starts_with("only the first 64 KiB"), "{cut:?}");
    assert_eq!(keys, ["Enter", "Alt-l", "Esc"], "it does not fit into the input");
}

#[test]
fn a_huge_paste_is_refused_as_lines() {
    let mut desk = desk();
    desk.step(Input::Paste("line\n".repeat(5_000)));
    desk.press(Key::alt(Code::Char('l')));
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
    assert_eq!(desk.effects, [ScreenEffect::Quit(Exit::Left)]);
}

#[test]
fn conversations_are_opened_and_closed() {
    let mut desk = desk();
    desk.enter("/query Carol");
    assert_eq!((&*desk.state.conversations().viewed().title, draft(&desk)), ("Carol", ""));
    desk.enter("/close");
    assert_eq!(desk.state.conversations().viewed().place, ConversationId::room("lobby"));
    assert!(desk.state.conversations().get(&ConversationId::person("carol")).is_none());
}

#[test]
fn a_conversation_with_unsent_lines_is_not_closed() {
    let mut desk = desk();
    desk.enter("/query bob hi");
    desk.enter("/close");
    assert_eq!(desk.state.conversations().viewed().place, ConversationId::person("bob"));
    desk.answer("/pm bob", EventKind::Done { id: None, repeated: false });
    desk.press(Key::plain(Code::Up));
    desk.press(Key::plain(Code::Enter));
    assert_eq!(desk.state.conversations().viewed().place, ConversationId::room("lobby"));
}

#[test]
fn the_help_can_be_read_to_its_end() {
    let mut desk = desk();
    desk.press(Key::plain(Code::F(1)));
    for _ in 0..100 {
        desk.press(Key::plain(Code::PageDown));
    }
    let Some(Overlay::Help { first }) = desk.state.overlay() else { panic!("the help") };
    let (width, height) = desk.state.geometry().overlay();
    assert_eq!(first + height, crate::chat::help::rows(width, false).len());
    desk.press(Key::plain(Code::Escape));
    assert_eq!(desk.state.overlay(), None);
}

/// What the thread that reads keys makes of these, that came together.
fn together(desk: &mut TestClient, text: &str) {
    let key = |c: char| if c == '\r' { Key::plain(Code::Enter) } else { Key::plain(Code::Char(c)) };
    for arrived in Bursts::default().sort(text.chars().map(key).collect(), 0) {
        match arrived {
            Arrived::Keys(keys) => keys.into_iter().for_each(|key| desk.press(key)),
            Arrived::Text(text) => desk.step(Input::Burst(text)),
            Arrived::Wheel { back, rows } => desk.step(Input::Wheel { back, rows }),
        }
    }
}

#[test]
fn r3_enter_that_comes_together_with_the_next_line_sends_the_draft() {
    let mut desk = desk();
    desk.type_in("meet at 5");
    together(&mut desk, "\r/pm alice se");
    assert_eq!((desk.take_said(), draft(&desk)), (vec!["lobby: meet at 5".to_owned()], "/pm alice se"));
}

#[test]
fn r3_no_enter_is_lost_and_no_lines_are_joined() {
    let mut quick = desk();
    together(&mut quick, "talk 1\r/join j1\r/pm alice x\r");
    let Some(Overlay::Paste(pasted)) = quick.state.overlay() else { panic!("a question") };
    assert_eq!(pasted.message(), "talk 1\n/join j1\n/pm alice x");
    let mut one = desk();
    one.type_in("draft");
    one.step(Input::Burst("one line\r".into()));
    assert!(one.state.overlay().is_some() && draft(&one) == "draft");
    let mut pasted = desk();
    pasted.type_in("draft");
    pasted.step(Input::Paste("\npasted".into()));
    assert_eq!(draft(&pasted), "draft\npasted");
}

#[test]
fn r4_letters_answer_no_question_about_a_paste() {
    let mut desk = desk();
    desk.step(Input::Burst("one\rtwo\rthree\r/quit\r".into()));
    desk.type_in("let");
    assert_eq!((desk.take_sent(), draft(&desk)), (vec![], "one\ntwo\nthree\n/quit\nlet"));
    assert_eq!(desk.state.overlay(), None);
    desk.press(Key::ctrl('c'));
    desk.step(Input::Burst("words and words\r".repeat(4_000)));
    desk.type_in("let");
    assert!(desk.state.overlay().is_some() && draft(&desk).is_empty(), "it does not fit into the input");
}

#[test]
fn d10_the_wheel_scrolls_and_leaves_the_draft_alone() {
    let mut desk = TestClient::signed_in(80, 24);
    for i in 0..40 {
        desk.enter(&format!("line {i}"));
    }
    desk.type_in("a draft");
    desk.step(Input::Wheel { back: true, rows: 3 });
    assert_eq!(desk.state.conversations().viewed().draft.text(), "a draft");
    assert!(desk.state.conversations().viewed().scroll.is_some());
    desk.step(Input::Wheel { back: false, rows: 3 });
    assert!(desk.state.conversations().viewed().scroll.is_none());
    desk.press(Key::plain(Code::F(1)));
    desk.step(Input::Wheel { back: false, rows: 3 });
    assert!(matches!(desk.state.overlay(), Some(Overlay::Help { first: 3 })));
}

#[test]
fn a_line_that_begins_like_a_program_s_is_said() {
    let mut desk = desk();
    desk.enter("UDP_PORT: 5051 is taken");
    desk.enter("UDP_PORT: 5052 is taken");
    assert_eq!(desk.take_said(), ["lobby: UDP_PORT: 5051 is taken", "lobby: UDP_PORT: 5052 is taken"]);
    desk.enter("private life is good");
    assert!(desk.lobby().last().unwrap().contains("/say TEXT says any text"), "{:?}", desk.lobby());
}
