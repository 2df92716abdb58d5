//! Saving a conversation, and completing paths.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Input, ScreenEffect};
use landline_common::{Cause, EventKind};

const TAB: Key = Key::plain(Code::Tab);

/// Returns the folder and prefix that the last Tab requested.
fn requested_folder(client: &mut TestClient) -> Option<(String, String)> {
    match client.effects.pop() {
        Some(ScreenEffect::ListFolder { folder, prefix }) => Some((folder, prefix)),
        _ => None,
    }
}

/// The folder has these names.
fn folder_has(client: &mut TestClient, names: &[&str]) {
    client.step(Input::Folder(names.iter().map(|name| (*name).to_owned()).collect()));
}

fn draft(client: &TestClient) -> &str {
    client.state.conversations().viewed().draft.text()
}

/// Types a line and presses Tab. Returns the requested folder and prefix.
fn type_and_tab(line: &str) -> (TestClient, Option<(String, String)>) {
    let mut client = TestClient::signed_in(80, 24);
    client.type_in(line);
    client.press(TAB);
    let requested = requested_folder(&mut client);
    (client, requested)
}

#[test]
fn a_conversation_is_saved_as_clean_text() {
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
fn saved_mentions_name_their_rooms() {
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
fn the_result_of_saving_is_shown() {
    let mut client = TestClient::signed_in(80, 24);
    client.step(Input::Saved(Ok("/home/alice/talk\u{1b}[2J.txt".into())));
    client.step(Input::Saved(Err("there is no such folder".into())));
    client.enter_line("/save");
    let lobby = client.lobby();
    assert_eq!(lobby[0], "- saved in /home/alice/talk.txt");
    assert_eq!(lobby[1], "- not saved: there is no such folder; ↑ brings the line back");
    assert_eq!((&*lobby[2], draft(&client)), ("- Usage: /save FILE", ""));
    assert!(!client.effects.iter().any(|effect| matches!(effect, ScreenEffect::Save { .. })));
}

#[test]
fn tab_lists_the_folder_of_the_path() {
    for (line, folder, beginning) in [
        ("/save ", "", ""),
        ("/save ta", "", "ta"),
        ("/SAVE  my talks/of al", "my talks/", "of al"),
        ("/save ~/", "~/", ""),
        ("/save /tmp/x", "/tmp/", "x"),
    ] {
        assert_eq!(type_and_tab(line).1, Some((folder.into(), beginning.into())), "{line}");
    }
    for line in ["hello /tm", "/pm bob /tm", "/query b", "/sav"] {
        assert_eq!(type_and_tab(line).1, None, "{line}");
    }
}

#[test]
fn a_single_match_is_inserted_and_several_are_cycled() {
    let (mut client, _) = type_and_tab("/save my t");
    folder_has(&mut client, &["my talks/"]);
    assert_eq!(draft(&client), "/save my talks/");
    client.press(TAB);
    assert_eq!(
        requested_folder(&mut client),
        Some(("my talks/".into(), String::new())),
        "the next Tab lists the completed folder"
    );
    folder_has(&mut client, &["a", "b\u{1b}c", "d"]);
    assert_eq!(draft(&client), "/save my talks/a");
    client.press(TAB);
    assert_eq!(draft(&client), "/save my talks/d", "a name that cannot be shown is not offered");
    client.press(Key::plain(Code::BackTab));
    assert_eq!(requested_folder(&mut client), None);
    assert_eq!(draft(&client), "/save my talks/a");
}

#[test]
fn a_folder_list_is_ignored_after_the_line_has_changed() {
    let (mut client, _) = type_and_tab("/save t");
    client.type_in("x");
    folder_has(&mut client, &["talks"]);
    assert_eq!(draft(&client), "/save tx");
    folder_has(&mut client, &["tx1"]);
    assert_eq!(draft(&client), "/save tx");
    let (mut client, _) = type_and_tab("/save t");
    client.state.conversations_mut().view(&ConversationId::Server);
    folder_has(&mut client, &["talks"]);
    assert_eq!(draft(&client), "");
    let (mut client, _) = type_and_tab("/save t");
    folder_has(&mut client, &["other", "names"]);
    assert_eq!(draft(&client), "/save t");
}

#[test]
fn a_cycle_of_candidates_ends_when_an_event_shows_another_draft() {
    let mut client = TestClient::signed_in(80, 24);
    client.type_in("/save ");
    client.press(Key::plain(Code::Tab));
    client.step(Input::Folder(vec!["notes.txt".into(), "other.txt".into()]));
    client.receive(Cause::LeftRoom.with_room("lobby").into());
    client.press(Key::plain(Code::Tab));
    assert_eq!(draft(&client), "bob: ", "a new completion begins, of the one who spoke last");
}
