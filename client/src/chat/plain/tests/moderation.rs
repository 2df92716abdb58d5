//! Rooms that an owner takes the user out of, and key words.

use super::test_client::TestClient;
use super::*;
use landline_common::Report;
use landline_common::cause::Details;

/// Returns a client in the lobby and in ops, where messages go.
fn in_ops(options: PlainOptions) -> TestClient {
    let mut client = TestClient::guest(options);
    client.type_in("/join ops");
    client.answer("/join ops", Cause::Entered.with_room("ops").into());
    client.take_sent();
    client
}

fn kick(client: &mut TestClient) {
    let about = Details { by: Some("bob".into()), room: Some("ops".into()), ..Details::default() };
    client.hear(Report { about: Box::new(about), ..Cause::KickedFromRoom.report() }.into());
}

#[test]
fn script_ends_when_it_is_taken_out_of_its_room() {
    let mut client = in_ops(PIPE);
    client.type_in("one");
    kick(&mut client);
    let why = "not in ops any more: bob took you out of the room";
    assert_eq!(client.left, Some(Err(why.into())), "the next line would go into the lobby");
}

#[test]
fn user_is_told_where_the_next_line_goes() {
    let mut client = in_ops(PERSON);
    kick(&mut client);
    assert_eq!((client.left.clone(), client.said.clone()), (None, vec!["what you type goes to lobby now".to_owned()]));
    client.type_in("hello");
    assert_eq!(client.take_sent(), ["lobby: hello"]);
}

#[test]
fn program_and_script_in_another_room_go_on() {
    let mut client = in_ops(JSON);
    kick(&mut client);
    assert_eq!((client.left.clone(), client.shown), (None, 2), "the notice is printed");
    let mut client = in_ops(PIPE);
    client.type_in("/join lobby");
    kick(&mut client);
    assert_eq!(client.left, None);
}

#[test]
fn key_words_and_codes_are_in_no_notice() {
    let secret = "sesame";
    for (line, sent, named) in [
        ("/join ops sesame", "/join ops sesame", "refused: /join ops"),
        ("/key sesame", "lobby: /key sesame", "refused: /key"),
        ("/claim sesame", "/claim sesame", "refused: /claim"),
    ] {
        let mut client = TestClient::guest(PIPE);
        client.type_in(line);
        client.refuse(sent, Cause::KeyNeeded);
        client.step(PlainInput::End);
        assert_eq!(client.said, [named]);
    }
    for object in [r#"{"type":"join","room":"ops","key":"sesame"}"#, r#"{"type":"claim","token":"sesame"}"#] {
        let mut client = TestClient::guest(JSON);
        client.type_in(object);
        client.refuse("/", Cause::WrongCode);
        client.step(PlainInput::End);
        assert!(!client.said.is_empty() && client.said.iter().all(|text| !text.contains(secret)), "{:?}", client.said);
    }
}
