//! `/register` and `/password` in lines.

use super::*;

#[test]
fn on_a_terminal_passwords_are_asked_for() {
    let mut desk = TestClient::guest(PERSON);
    desk.type_in("/password");
    assert_eq!(desk.said, ["You are a guest, without a password. /register makes an account of your name."]);
    desk.type_in("/register");
    assert_eq!((&*desk.asked, desk.sent.len()), (&[Purpose::Register][..], 0));
    desk.step(PlainInput::Passwords(PasswordAnswer::Discard));
    assert_eq!((desk.said.last().map(String::as_str), desk.sent.len()), (Some("nothing was changed"), 0));
    desk.step(PlainInput::Passwords(PasswordAnswer::Register("correct horse".into())));
    desk.answer("/register", Cause::AccountMade.with_user("alice").into());
    assert_eq!((desk.take_sent(), desk.accounts), (vec!["/register".to_owned()], 1));
    desk.type_in("/password");
    assert_eq!(desk.asked, [Purpose::Register, Purpose::Change]);
    let (old, new) = ("correct horse".to_owned(), "battery staple".to_owned());
    desk.step(PlainInput::Passwords(PasswordAnswer::Change { old, new }));
    desk.down();
    desk.step(PlainInput::End);
    assert!(desk.said.iter().all(|said| !said.contains("horse") && !said.contains("staple")), "{:?}", desk.said);
}

#[test]
fn out_of_a_pipe_nothing_is_asked() {
    let mut desk = TestClient::guest(PIPE);
    desk.type_in("/register");
    let why = "a password is asked for on a terminal; programs send an object, with --json: /register";
    assert_eq!((&*desk.said, &*desk.asked, desk.sent.len()), (&[why.to_owned()][..], &[][..], 0));
}

#[test]
fn a_program_sets_passwords_by_objects_which_are_named_nowhere() {
    let mut desk = TestClient::guest(JSON);
    desk.type_in(r#"{"type":"register","password":"correct horse","label":"r"}"#);
    desk.answer("/register", Cause::AccountMade.with_user("alice").into());
    assert_eq!(desk.accounts, 1);
    desk.type_in(r#"{"type":"password","old":"correct horse","new":"battery staple","label":"p"}"#);
    desk.type_in(r#"{"type":"password","old":"correct horse","new":"battery staple","label":"p"}"#);
    desk.down();
    desk.step(PlainInput::End);
    desk.pass(60_000, false);
    assert!(desk.said.iter().any(|said| said.contains("the object password")), "{:?}", desk.said);
    assert!(desk.said.iter().all(|said| !said.contains("horse") && !said.contains("staple")), "{:?}", desk.said);
}
