//! Tests of `/register` and `/password` in plain lines.

use super::*;

#[test]
fn a_terminal_is_asked_for_passwords() {
    let mut client = TestClient::guest(PERSON);
    client.type_in("/password");
    assert_eq!(client.said, ["You are a guest, without a password. /register makes an account of your name."]);
    client.type_in("/register");
    assert_eq!((&*client.asked, client.sent.len()), (&[Purpose::Register][..], 0));
    client.step(PlainInput::Passwords(PasswordAnswer::Discard));
    assert_eq!(
        (client.said.last().map(String::as_str), client.sent.len()),
        (Some("cancelled; nothing was changed"), 0)
    );
    client.step(PlainInput::Passwords(PasswordAnswer::Register("correct horse".into())));
    client.answer("/register", Cause::AccountMade.with_user("alice").into());
    assert_eq!(client.take_sent(), ["/register"]);
    assert_eq!(client.remembered, [Remembered::Account]);
    client.type_in("/password");
    assert_eq!(client.asked, [Purpose::Register, Purpose::Change]);
    let old = "correct horse".to_owned();
    let new = "battery staple".to_owned();
    client.step(PlainInput::Passwords(PasswordAnswer::Change { old, new }));
    client.down();
    client.step(PlainInput::End);
    assert!(client.said.iter().all(|said| !said.contains("horse") && !said.contains("staple")), "{:?}", client.said);
}

#[test]
fn a_pipe_is_not_asked_for_passwords() {
    let mut client = TestClient::guest(PIPE);
    client.type_in("/register");
    let why =
        "cannot ask for a password: standard input is no terminal; programs send an object, with --json: /register";
    assert_eq!((&*client.said, &*client.asked, client.sent.len()), (&[why.to_owned()][..], &[][..], 0));
}

#[test]
fn passwords_in_objects_appear_in_no_notice() {
    let mut client = TestClient::guest(JSON);
    client.type_in(r#"{"type":"register","password":"correct horse","label":"r"}"#);
    client.answer("/register", Cause::AccountMade.with_user("alice").into());
    assert_eq!(client.remembered, [Remembered::Account]);
    client.type_in(r#"{"type":"password","old":"correct horse","new":"battery staple","label":"p"}"#);
    client.type_in(r#"{"type":"password","old":"correct horse","new":"battery staple","label":"p"}"#);
    client.down();
    client.step(PlainInput::End);
    client.pass(60_000, false);
    assert!(client.said.iter().any(|said| said.contains("the object password")), "{:?}", client.said);
    assert!(client.said.iter().all(|said| !said.contains("horse") && !said.contains("staple")), "{:?}", client.said);
}
