//! Saving a conversation, and paths by Tab.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Input, ScreenEffect};
use landline_common::EventKind;

const TAB: Key = Key::plain(Code::Tab);

/// What the last Tab asked for.
fn asked(desk: &mut TestClient) -> Option<(String, String)> {
    match desk.effects.pop() {
        Some(ScreenEffect::ListFolder { folder, beginning }) => Some((folder, beginning)),
        _ => None,
    }
}

fn holds(desk: &mut TestClient, names: &[&str]) {
    desk.step(Input::Folder(names.iter().map(|name| (*name).to_owned()).collect()));
}

fn draft(desk: &TestClient) -> &str {
    desk.state.conversations().viewed().draft.text()
}

/// A line typed, Tab pressed, and what it asked for.
fn tab(line: &str) -> (TestClient, Option<(String, String)>) {
    let mut desk = TestClient::signed_in(80, 24);
    desk.type_in(line);
    desk.press(TAB);
    let asked = asked(&mut desk);
    (desk, asked)
}

#[test]
fn what_is_shown_is_saved_as_clean_text() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.said(1, "lobby", "bob", "hi\u{1b}[31m 日本");
    desk.hear(EventKind::Joined { user: "carol".into(), room: "lobby".into() });
    desk.enter("hello");
    desk.echo(2, "lobby", "hello");
    desk.cut();
    desk.enter("unsent");
    desk.effects.clear();
    desk.enter("/save ~/a file.txt");
    let [ScreenEffect::Save { path, text }] = &desk.effects[..] else { panic!("{:?}", desk.effects) };
    assert_eq!(path, "~/a file.txt");
    let (head, lines) = text.split_once("\n\n").expect("a heading");
    assert_eq!(head, "lobby on Landline, saved 2026-11-21 14:00");
    let lines: Vec<&str> = lines.lines().map(|line| line.strip_prefix("2026-11-21 14:00 ").expect("a time")).collect();
    assert!(lines[0].starts_with("— Welcome to Landline, alice."), "{lines:?}");
    assert_eq!(lines[1..], ["bob: hi 日本", "⇄ carol joined", "alice: hello", "alice: unsent (not sent yet)"]);
    assert_eq!(draft(&desk), "");
}

#[test]
fn what_was_said_in_several_rooms_says_where() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.enter("/join ops");
    desk.entered("ops");
    desk.said(5, "ops", "bob", "alice: look");
    desk.enter("/mentions");
    desk.effects.clear();
    desk.enter("/save x");
    let [ScreenEffect::Save { text, .. }] = &desk.effects[..] else { panic!("{:?}", desk.effects) };
    assert!(text.starts_with("mentions on Landline") && text.ends_with(" [ops] bob: alice: look\n"), "{text}");
}

#[test]
fn what_came_of_saving_is_told() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.step(Input::Saved(Ok("/home/alice/talk\u{1b}[2J.txt".into())));
    desk.step(Input::Saved(Err("there is no such folder".into())));
    desk.enter("/save");
    let lobby = desk.lobby();
    assert_eq!(lobby[0], "- saved in /home/alice/talk.txt");
    assert_eq!(lobby[1], "- not saved: there is no such folder; ↑ brings the line back");
    assert_eq!((&*lobby[2], draft(&desk)), ("- that is written: /save FILE", ""));
    assert!(!desk.effects.iter().any(|effect| matches!(effect, ScreenEffect::Save { .. })));
}

#[test]
fn tab_asks_for_the_folder_that_is_meant() {
    for (line, folder, beginning) in [
        ("/save ", "", ""),
        ("/save ta", "", "ta"),
        ("/SAVE  my talks/of al", "my talks/", "of al"),
        ("/save ~/", "~/", ""),
        ("/save /tmp/x", "/tmp/", "x"),
    ] {
        assert_eq!(tab(line).1, Some((folder.into(), beginning.into())), "{line}");
    }
    for line in ["hello /tm", "/pm bob /tm", "/query b", "/sav"] {
        assert_eq!(tab(line).1, None, "{line}");
    }
}

#[test]
fn one_that_fits_is_taken_and_many_are_gone_through() {
    let (mut desk, _) = tab("/save my t");
    holds(&mut desk, &["my talks/"]);
    assert_eq!(draft(&desk), "/save my talks/");
    desk.press(TAB);
    assert_eq!(asked(&mut desk), Some(("my talks/".into(), String::new())), "the next Tab goes on in there");
    holds(&mut desk, &["a", "b\u{1b}c", "d"]);
    assert_eq!(draft(&desk), "/save my talks/a");
    desk.press(TAB);
    assert_eq!(draft(&desk), "/save my talks/d", "what cannot be shown is not offered");
    desk.press(Key::plain(Code::BackTab));
    assert_eq!(asked(&mut desk), None);
    assert_eq!(draft(&desk), "/save my talks/a");
}

#[test]
fn an_answer_that_nobody_waits_for_any_more_changes_nothing() {
    let (mut desk, _) = tab("/save t");
    desk.type_in("x");
    holds(&mut desk, &["talks"]);
    assert_eq!(draft(&desk), "/save tx");
    holds(&mut desk, &["tx1"]);
    assert_eq!(draft(&desk), "/save tx");
    let (mut desk, _) = tab("/save t");
    desk.state.conversations_mut().view(&ConversationId::Server);
    holds(&mut desk, &["talks"]);
    assert_eq!(draft(&desk), "");
    let (mut desk, _) = tab("/save t");
    holds(&mut desk, &["other", "names"]);
    assert_eq!(draft(&desk), "/save t");
}
