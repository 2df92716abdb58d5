//! Drafts, completion, pastes, and commands of the client.

use crate::chat::burst::{BurstClassifier, InputChunk};
use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::overlay::Overlay;
use crate::chat::test_client::TestClient;
use crate::chat::{Exit, Input, ScreenEffect};
use landline_common::EventKind;
use landline_common::event::Part;

const TAB: Key = Key::plain(Code::Tab);

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn draft(client: &TestClient) -> &str {
    client.state.conversations().viewed().draft.text()
}

#[test]
fn each_conversation_keeps_its_draft() {
    let mut client = client();
    client.type_in("half a th");
    client.press(Key::alt(Code::Char('2')));
    assert_eq!(draft(&client), "");
    client.press(Key::alt(Code::Char('1')));
    assert_eq!(draft(&client), "half a th");
}

#[test]
fn recent_speakers_are_completed_first() {
    let mut client = client();
    for (id, user) in [(1, "carol"), (2, "carla"), (3, "bob")] {
        client.receive_message(id, "lobby", user, "hi");
    }
    client.type_in("ca");
    client.press(TAB);
    assert_eq!(draft(&client), "carla: ");
    client.press(TAB);
    assert_eq!(draft(&client), "carol: ");
    client.press(Key::plain(Code::BackTab));
    assert_eq!(draft(&client), "carla: ");
    client.type_in("ask B");
    client.press(TAB);
    assert_eq!(draft(&client), "carla: ask bob ");
}

#[test]
fn d11_names_are_completed_after_opening_marks() {
    let mut client = client();
    client.receive_message(1, "lobby", "田中", "hi");
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
        client.type_in(typed);
        client.press(TAB);
        assert_eq!(draft(&client), completed);
        client.press(Key::ctrl('u'));
    }
    client.type_in("two lines");
    client.press(Key::ctrl('j'));
    client.type_in("b");
    client.press(TAB);
    assert_eq!(draft(&client), "two lines\nbob ");
}

#[test]
fn commands_and_their_arguments_are_completed() {
    let mut client = client();
    for (typed, completed) in [("/jo", "/join "), ("/join lo", "/join lobby "), ("/pm b", "/pm bob "), ("@b", "@bob ")]
    {
        client.type_in(typed);
        client.press(TAB);
        assert_eq!(draft(&client), completed);
        client.press(Key::ctrl('u'));
    }
    client.type_in("nobody-");
    client.press(TAB);
    assert_eq!(draft(&client), "nobody-");
}

#[test]
fn completing_a_room_requests_the_list_of_rooms() {
    let mut client = client();
    client.type_in("/join op");
    client.press(TAB);
    assert_eq!(client.take_sent(), ["/rooms"]);
    assert_eq!(draft(&client), "/join op");
    client.answer(
        "/rooms",
        EventKind::Rooms { rooms: vec![("lobby".into(), 2), ("ops".into(), 1)], part: Part::default() },
    );
    client.press(TAB);
    assert_eq!(client.take_sent(), [""; 0]);
    assert_eq!(draft(&client), "/join ops ");
    assert_eq!(client.lobby(), [""; 0], "the answer to a background request is not shown");
}

#[test]
fn tab_continues_with_newly_known_rooms() {
    let mut client = client();
    client.type_in("/join ");
    client.press(TAB);
    assert_eq!(draft(&client), "/join lobby ");
    client.answer(
        "/rooms",
        EventKind::Rooms { rooms: vec![("lobby".into(), 2), ("ops".into(), 1)], part: Part::default() },
    );
    client.press(TAB);
    assert_eq!(draft(&client), "/join ops ");
}

#[test]
fn a_mistyped_command_is_not_sent_and_stays_in_the_history() {
    let mut client = client();
    client.enter_line("/jion ops");
    assert_eq!(client.take_sent(), [""; 0]);
    assert!(client.lobby()[0].contains("Unknown command /jion. Did you"));
    assert!(client.lobby()[0].ends_with("↑ brings the line back."), "{:?}", client.lobby());
    assert_eq!(draft(&client), "");
    client.press(Key::plain(Code::Up));
    assert_eq!(draft(&client), "/jion ops");
    client.press(Key::ctrl('u'));
    client.enter_line("/claim");
    assert_eq!(client.lobby().last().unwrap(), "- Usage: /claim CODE. ↑ brings the line back.");
}

#[test]
fn a_refused_command_leaves_the_editor() {
    // An unknown command, one without an argument, two of the client, and two that are refused here.
    for refused in ["/login", "/join", "/query", "/save", "/format json", "/direct-say bob too early"] {
        let mut client = client();
        client.enter_line(refused);
        assert_eq!((draft(&client), client.lobby().len()), ("", 1), "{refused}");
        client.enter_line("/quit");
        assert_eq!(client.effects, [ScreenEffect::Quit(Exit::Left)], "{refused}");
    }
}

#[test]
fn a_refused_message_stays_in_the_editor() {
    let mut client = client();
    client.press(Key::alt(Code::Char('m')));
    for talk in ["meet at 5", "/say /quit is a word"] {
        client.enter_line(talk);
        assert_eq!(draft(&client), talk);
        client.press(Key::ctrl('u'));
    }
}

#[test]
fn a_message_too_long_stays_in_the_editor() {
    let mut client = client();
    client.step(Input::Paste("x".repeat(2_001)));
    client.press(Key::plain(Code::Enter));
    assert_eq!(draft(&client).len(), 2_001);
    assert_eq!(client.take_sent(), [""; 0]);
}

#[test]
fn a9_a_short_paste_goes_into_the_draft_with_its_indentation() {
    let mut client = client();
    client.step(Input::Paste("if x:\r\n\treturn\r\r".into()));
    assert_eq!((draft(&client), client.state.overlay()), ("if x:\n    return", None));
    client.press(Key::plain(Code::Enter));
    assert_eq!(client.take_sent(), ["lobby: if x:\n    return"]);
    assert_eq!(client.lobby(), ["pending alice: if x:\n    return"]);
}

#[test]
fn a9_a_message_of_several_lines_can_be_typed() {
    for key in [Key::alt(Code::Enter), Key::ctrl('j')] {
        let mut client = client();
        client.type_in("if x:");
        client.press(key);
        client.type_in("    /quit");
        assert_eq!(client.take_sent(), [""; 0]);
        client.press(Key::plain(Code::Enter));
        assert_eq!((client.take_sent(), draft(&client)), (vec!["lobby: if x:\n    /quit".to_owned()], ""));
        client.press(Key::plain(Code::Up));
        assert_eq!(draft(&client), "if x:\n    /quit");
    }
}

#[test]
fn a9_indentation_is_kept_and_blanks_before_a_command_are_ignored() {
    let mut client = client();
    client.enter_line("  third indented");
    client.enter_line("/pm bob\n  def f():\n    pass");
    client.enter_line("exit\nis what I said");
    client.enter_line("  /all hi");
    let sent = client.acknowledge_all();
    assert_eq!(
        sent,
        ["lobby:   third indented", "/pm bob   def f():\n    pass", "/all hi", "lobby: exit\nis what I said"]
    );
    client.enter_line("/save x\ny");
    client.enter_line("/quit\nnow");
    assert_eq!(client.effects, []);
}

#[test]
fn a9_up_moves_within_the_draft_before_the_history() {
    let mut client = client();
    client.enter_line("older");
    client.type_in("one");
    client.press(Key::ctrl('j'));
    client.type_in("two");
    let up = |client: &mut TestClient| client.press(Key::plain(Code::Up));
    up(&mut client);
    assert_eq!(client.state.conversations().viewed().draft.before(), "one");
    up(&mut client);
    assert_eq!(draft(&client), "older");
    client.press(Key::plain(Code::Down));
    assert_eq!(draft(&client), "one\ntwo");
}

#[test]
fn d8_a_paste_that_came_as_keys_leads_to_a_question() {
    let mut client = client();
    client.step(Input::Burst("if x:\r\treturn\r/quit\r".into()));
    assert!(client.state.overlay().is_some() && client.effects.is_empty() && client.take_sent().is_empty());
    // The rest of the paste arrives in pieces.
    client.step(Input::Burst("/qu".into()));
    client.step(Input::Burst("it\r".into()));
    client.press(Key::plain(Code::Enter));
    assert_eq!(client.take_sent(), ["lobby: if x:\n    return\n/quit\n/quit"]);
    assert_eq!(client.effects, []);
    client.step(Input::Burst("name\tage".into()));
    assert_eq!((draft(&client), client.state.overlay()), ("name age", None));
}

#[test]
fn a_long_paste_leads_to_a_question() {
    let text = "one\n/quit\n\nthree\n  four\n";
    let paste = |key: Key| {
        let mut client = client();
        client.type_in("x ");
        client.step(Input::Paste(text.into()));
        let Some(Overlay::Paste(pasted)) = client.state.overlay() else { panic!("no question about a paste") };
        assert_eq!(pasted.message(), "one\n/quit\n\nthree\n  four");
        client.press(Key::plain(Code::Up));
        assert!(client.state.overlay().is_some(), "a key that is no answer does nothing");
        client.press(key);
        client
    };
    assert_eq!(paste(Key::plain(Code::Enter)).take_sent(), ["lobby: x one\n/quit\n\nthree\n  four"]);
    let mut lines = paste(Key::alt(Code::Char('l')));
    assert_eq!(lines.acknowledge_all(), ["lobby: x one", "lobby: /quit", "lobby: three", "lobby:   four"]);
    assert_eq!(lines.effects, [], "a pasted line is never a command");
    let mut cancelled = paste(Key::plain(Code::Escape));
    assert_eq!((cancelled.take_sent(), draft(&cancelled)), (vec![], "x "));
    assert_eq!(draft(&paste(Key::alt(Code::Char('e')))), "x one\n/quit\n\nthree\n  four");
}

#[test]
fn a9_a_paste_too_long_for_one_message_is_split() {
    let mut client = client();
    client.step(Input::Paste("line\n".repeat(120)));
    let Some(Overlay::Paste(pasted)) = client.state.overlay() else { panic!("no question about a paste") };
    let choices = client.state.paste_choices(pasted);
    assert!(choices[0].1.starts_with("send as 3 messages: it is too long"), "{choices:?}");
    client.press(Key::plain(Code::Enter));
    let lines = |n: usize| format!("lobby: {}", vec!["line"; n].join("\n"));
    assert_eq!(client.acknowledge_all(), [lines(50), lines(50), lines(20)]);
}

#[test]
fn a_paste_is_sent_by_the_command_in_the_draft() {
    for (key, sent) in [
        (Key::plain(Code::Enter), vec!["/pm bob one\n/quit\ntwo\nthree"]),
        (Key::alt(Code::Char('l')), vec!["/pm bob one", "/pm bob /quit", "/pm bob two", "/pm bob three"]),
    ] {
        let mut client = client();
        client.type_in("/pm bob ");
        client.step(Input::Paste("one\n/quit\ntwo\nthree".into()));
        client.press(key);
        assert_eq!(client.acknowledge_all(), sent);
    }
    let mut client = client();
    client.type_in("/join ");
    client.step(Input::Paste("one\ntwo\nthree\nfour".into()));
    client.press(Key::alt(Code::Char('l')));
    assert_eq!((client.take_sent(), draft(&client)), (vec![], "/join one\ntwo\nthree\nfour"));
}

#[test]
fn the_losses_of_a_paste_are_listed() {
    let losses = |text: &str| {
        let mut client = client();
        client.step(Input::Paste(text.into()));
        let Some(Overlay::Paste(pasted)) = client.state.overlay() else { panic!("no question about a paste") };
        (pasted.losses(), client.state.paste_choices(pasted).iter().map(|(key, _)| *key).collect::<Vec<_>>())
    };
    assert_eq!(losses("a\n\n\tb\nc\nd"), (vec![], vec!["Enter", "Alt-l", "Alt-e", "Esc"]));
    let (hidden, _) = losses("a\u{1b}[31m\nb\nc\nd\u{200b}");
    assert_eq!(hidden, ["6 control characters are left out"]);
    let (cut, keys) = losses(&"words and words\n".repeat(9_000));
    assert!(cut[0].starts_with("only the first 64 KiB"), "{cut:?}");
    assert_eq!(keys, ["Enter", "Alt-l", "Esc"], "the paste does not fit into the draft");
}

#[test]
fn a_huge_paste_is_not_sent_as_single_lines() {
    let mut client = client();
    client.step(Input::Paste("line\n".repeat(5_000)));
    client.press(Key::alt(Code::Char('l')));
    assert_eq!(client.take_sent(), [""; 0]);
    assert!(client.lobby()[0].contains("too many lines"));
}

#[test]
fn ctrl_c_clears_the_draft_and_then_quits() {
    let mut client = client();
    client.type_in("half");
    client.press(Key::ctrl('c'));
    assert_eq!((draft(&client), client.effects.len()), ("", 0));
    client.press(Key::plain(Code::Up));
    assert_eq!(draft(&client), "half", "the cleared draft is in the input history");
    client.press(Key::ctrl('c'));
    client.press(Key::ctrl('c'));
    assert_eq!(client.effects, [ScreenEffect::Quit(Exit::Left)]);
}

#[test]
fn query_opens_and_close_closes_a_conversation() {
    let mut client = client();
    client.enter_line("/query Carol");
    assert_eq!((&*client.state.conversations().viewed().title, draft(&client)), ("Carol", ""));
    client.enter_line("/close");
    assert_eq!(client.state.conversations().viewed().id, ConversationId::room("lobby"));
    assert!(client.state.conversations().get(&ConversationId::user("carol")).is_none());
}

#[test]
fn a_conversation_with_unsent_lines_is_not_closed() {
    let mut client = client();
    client.enter_line("/query bob hi");
    client.enter_line("/close");
    assert_eq!(client.state.conversations().viewed().id, ConversationId::user("bob"));
    client.answer("/pm bob", EventKind::Done { id: None, repeated: false });
    client.press(Key::plain(Code::Up));
    client.press(Key::plain(Code::Enter));
    assert_eq!(client.state.conversations().viewed().id, ConversationId::room("lobby"));
}

#[test]
fn the_help_scrolls_to_its_end() {
    let mut client = client();
    client.press(Key::plain(Code::F(1)));
    for _ in 0..100 {
        client.press(Key::plain(Code::PageDown));
    }
    let Some(Overlay::Help { first }) = client.state.overlay() else { panic!("no help") };
    let (width, height) = client.state.geometry().overlay();
    assert_eq!(first + height, crate::chat::help::help_rows(width, false).len());
    client.press(Key::plain(Code::Escape));
    assert_eq!(client.state.overlay(), None);
}

/// Feeds a burst of keys, classified as by the thread that reads keys.
fn type_burst(client: &mut TestClient, text: &str) {
    let key = |c: char| if c == '\r' { Key::plain(Code::Enter) } else { Key::plain(Code::Char(c)) };
    for arrived in BurstClassifier::default().classify(text.chars().map(key).collect(), 0) {
        match arrived {
            InputChunk::Keys(keys) => keys.into_iter().for_each(|key| client.press(key)),
            InputChunk::Text(text) => client.step(Input::Burst(text)),
            InputChunk::Wheel { back, rows } => client.step(Input::Wheel { back, rows }),
        }
    }
}

#[test]
fn r3_enter_at_the_beginning_of_a_burst_sends_the_draft() {
    let mut client = client();
    client.type_in("meet at 5");
    type_burst(&mut client, "\r/pm alice se");
    assert_eq!((client.acknowledge_all(), draft(&client)), (vec!["lobby: meet at 5".to_owned()], "/pm alice se"));
}

#[test]
fn r3_a_paste_keeps_its_enters_and_joins_no_lines() {
    let mut quick = client();
    type_burst(&mut quick, "talk 1\r/join j1\r/pm alice x\r");
    let Some(Overlay::Paste(pasted)) = quick.state.overlay() else { panic!("no question about a paste") };
    assert_eq!(pasted.message(), "talk 1\n/join j1\n/pm alice x");
    let mut one = client();
    one.type_in("draft");
    one.step(Input::Burst("one line\r".into()));
    assert!(one.state.overlay().is_some() && draft(&one) == "draft");
    let mut pasted = client();
    pasted.type_in("draft");
    pasted.step(Input::Paste("\npasted".into()));
    assert_eq!(draft(&pasted), "draft\npasted");
}

#[test]
fn r4_characters_typed_during_the_question_go_into_the_draft() {
    let mut client = client();
    client.step(Input::Burst("one\rtwo\rthree\r/quit\r".into()));
    client.type_in("let");
    assert_eq!((client.take_sent(), draft(&client)), (vec![], "one\ntwo\nthree\n/quit\nlet"));
    assert_eq!(client.state.overlay(), None);
    client.press(Key::ctrl('c'));
    client.step(Input::Burst("words and words\r".repeat(4_000)));
    client.type_in("let");
    assert!(client.state.overlay().is_some() && draft(&client).is_empty(), "the paste does not fit into the draft");
}

#[test]
fn d10_the_wheel_scrolls_and_keeps_the_draft() {
    let mut client = TestClient::signed_in(80, 24);
    for i in 0..40 {
        client.enter_line(&format!("line {i}"));
    }
    client.type_in("a draft");
    client.step(Input::Wheel { back: true, rows: 3 });
    assert_eq!(client.state.conversations().viewed().draft.text(), "a draft");
    assert!(client.state.conversations().viewed().scroll.is_some());
    client.step(Input::Wheel { back: false, rows: 3 });
    assert!(client.state.conversations().viewed().scroll.is_none());
    client.press(Key::plain(Code::F(1)));
    client.step(Input::Wheel { back: false, rows: 3 });
    assert!(matches!(client.state.overlay(), Some(Overlay::Help { first: 3 })));
}

#[test]
fn a_line_like_one_of_a_predecessors_program_is_a_message() {
    let mut client = client();
    client.enter_line("UDP_PORT: 5051 is taken");
    client.enter_line("UDP_PORT: 5052 is taken");
    assert_eq!(client.acknowledge_all(), ["lobby: UDP_PORT: 5051 is taken", "lobby: UDP_PORT: 5052 is taken"]);
    client.enter_line("private life is good");
    assert!(client.lobby().last().unwrap().contains("/say TEXT says any text"), "{:?}", client.lobby());
}
