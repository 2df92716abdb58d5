//! Saving a conversation, and paths by Tab.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Input, ScreenEffect};
use landline_common::EventKind;

const TAB: Key = Key::plain(Code::Tab);

/// What the last Tab asked for.
fn asked(client: &mut TestClient) -> Option<(String, String)> {
    match client.effects.pop() {
        Some(ScreenEffect::ListFolder { folder, prefix }) => Some((folder, prefix)),
        _ => None,
    }
}

fn holds(client: &mut TestClient, names: &[&str]) {
    client.step(Input::Folder(names.iter().map(|name| (*name).to_owned()).collect()));
}

fn draft(client: &TestClient) -> &str {
    client.state.conversations().viewed().draft.text()
}

/// A line typed, Tab pressed, and what it asked for.
fn tab(line: &str) -> (TestClient, Option<(String, String)>) {
    let mut client = TestClient::signed_in(80, 24);
    client.type_in(line);
    client.press(TAB);
    let asked = asked(&mut client);
    (client, asked)
}

#[test]
fn what_is_shown_is_saved_as_clean_text() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive_message(1, "lobby", "bob", "hi\u{1b}[31m 日本");
    client.receive(EventKind::Joined { user: "carol".into(), room: "lobby".into() });
    client.enter_line("hello");
    client.echo(2, "lobby", "hello");
    client.lose_connection();
    client.enter_line("unsent");
    client.effects.clear();
    client.enter_line("/save ~/a file.txt");
    let [ScreenEffect::Save { path, text }] = &client.effects[..] else { panic!("{:?}", client.effects) };
    assert_eq!(path, "~/a file.txt");
    let (head, lines) = text.split_once("\n\n").expect("a heading");
    assert_eq!(head, "lobby on Landline, saved 2026-11-21 14:00");
    let lines: Vec<&str> = lines.lines().map(|line| line.strip_prefix("2026-11-21 14:00 ").expect("a time")).collect();
    assert!(lines[0].starts_with("— Welcome to Landline, alice."), "{lines:?}");
    assert_eq!(lines[1..], ["bob: hi 日本", "⇄ carol joined", "alice: hello", "alice: unsent (not sent yet)"]);
    assert_eq!(draft(&client), "");
}

#[test]
fn what_was_said_in_several_rooms_says_where() {
    let mut client = TestClient::signed_in(80, 24);
    client.enter_line("/join ops");
    client.grant_join("ops");
    client.receive_message(5, "ops", "bob", "alice: look");
    client.enter_line("/mentions");
    client.effects.clear();
    client.enter_line("/save x");
    let [ScreenEffect::Save { text, .. }] = &client.effects[..] else { panic!("{:?}", client.effects) };
    assert!(text.starts_with("mentions on Landline") && text.ends_with(" [ops] bob: alice: look\n"), "{text}");
}

#[test]
fn what_came_of_saving_is_told() {
    let mut client = TestClient::signed_in(80, 24);
    client.step(Input::Saved(Ok("/home/alice/talk\u{1b}[2J.txt".into())));
    client.step(Input::Saved(Err("there is no such folder".into())));
    client.enter_line("/save");
    let lobby = client.lobby();
    assert_eq!(lobby[0], "- saved in /home/alice/talk.txt");
    assert_eq!(lobby[1], "- not saved: there is no such folder; ↑ brings the line back");
    assert_eq!((&*lobby[2], draft(&client)), ("- that is written: /save FILE", ""));
    assert!(!client.effects.iter().any(|effect| matches!(effect, ScreenEffect::Save { .. })));
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
    let (mut client, _) = tab("/save my t");
    holds(&mut client, &["my talks/"]);
    assert_eq!(draft(&client), "/save my talks/");
    client.press(TAB);
    assert_eq!(asked(&mut client), Some(("my talks/".into(), String::new())), "the next Tab goes on in there");
    holds(&mut client, &["a", "b\u{1b}c", "d"]);
    assert_eq!(draft(&client), "/save my talks/a");
    client.press(TAB);
    assert_eq!(draft(&client), "/save my talks/d", "what cannot be shown is not offered");
    client.press(Key::plain(Code::BackTab));
    assert_eq!(asked(&mut client), None);
    assert_eq!(draft(&client), "/save my talks/a");
}

#[test]
fn an_answer_that_nobody_waits_for_any_more_changes_nothing() {
    let (mut client, _) = tab("/save t");
    client.type_in("x");
    holds(&mut client, &["talks"]);
    assert_eq!(draft(&client), "/save tx");
    holds(&mut client, &["tx1"]);
    assert_eq!(draft(&client), "/save tx");
    let (mut client, _) = tab("/save t");
    client.state.conversations_mut().view(&ConversationId::Server);
    holds(&mut client, &["talks"]);
    assert_eq!(draft(&client), "");
    let (mut client, _) = tab("/save t");
    holds(&mut client, &["other", "names"]);
    assert_eq!(draft(&client), "/save t");
}
