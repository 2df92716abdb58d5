//! `/register` and `/password`: what is asked, what is sent, and with what the client signs in afterwards.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::overlay::Overlay;
use crate::chat::test_client::TestClient;
use crate::chat::{Input, Remembered, ScreenEffect};
use crate::sign_in::SignInRefused;
use landline_common::Cause;

/// Types a password, and Enter.
fn answer(desk: &mut TestClient, password: &str) {
    assert!(matches!(desk.state.overlay(), Some(Overlay::Password(_))), "{:?}", desk.lobby());
    desk.enter(password);
}

/// The attempts to sign in of the next connection.
fn sign_in(desk: &mut TestClient) -> String {
    desk.step(Input::Key(Key::ctrl('r')));
    let connects = desk.effects.iter().rev().find_map(|effect| match effect {
        ScreenEffect::Connect(sign_in) => Some(format!("{sign_in:?}")),
        _ => None,
    });
    connects.expect("it connects")
}

fn made(desk: &mut TestClient) {
    desk.enter("/register");
    answer(desk, "correct horse");
    answer(desk, "correct horse");
}

#[test]
fn a_guest_makes_an_account_and_is_remembered_with_it() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.enter("/password");
    assert!(desk.state.overlay().is_none());
    assert_eq!(
        desk.lobby().last().unwrap(),
        "- You are a guest, without a password. /register makes an account of your name."
    );
    made(&mut desk);
    assert!(desk.state.overlay().is_none());
    assert_eq!(desk.take_sent(), ["/register"]);
    assert!(!desk.state.engine().has_account());
    desk.answer("/register", Cause::AccountMade.with_user("alice").into());
    assert!(desk.state.engine().has_account());
    assert!(desk.effects.contains(&ScreenEffect::Remember(Remembered::Account)));
    desk.enter("/register");
    assert!(desk.state.overlay().is_none(), "she has one");
    desk.cut();
    let attempts = sign_in(&mut desk);
    assert!(attempts.contains("login") && attempts.contains("correct horse") && !attempts.contains("resume"));
    // Nothing of it is anywhere on the screen, or comes back by the arrow.
    let state = format!("{:?}", desk.state.conversations());
    assert!(state.contains("/register") && !state.contains("horse"), "{state}");
}

#[test]
fn passwords_are_asked_over_the_talk_and_pasted_text_goes_there() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.enter("/register");
    desk.step(Input::Paste("correct horse\n".into()));
    desk.press(Key::plain(Code::Enter));
    desk.step(Input::Burst("correct horse".into()));
    desk.press(Key::plain(Code::Enter));
    let sent = desk.unanswered.len();
    assert_eq!((desk.take_sent(), sent), (vec!["/register".to_owned()], 1));
    desk.refuse("/register", Cause::AddressAccounts);
    assert!(!desk.state.engine().has_account());
    for key in [Key::plain(Code::Escape), Key::ctrl('c')] {
        desk.enter("/register");
        desk.type_in("correct");
        desk.press(key);
        assert!(desk.state.overlay().is_none() && desk.take_sent().is_empty());
        assert_eq!(desk.lobby().last().unwrap(), "- nothing was changed");
    }
    desk.enter("hello");
    assert_eq!(desk.take_sent(), ["lobby: hello"]);
}

#[test]
fn where_an_answer_was_lost_both_passwords_are_tried() {
    let mut desk = TestClient::signed_in(80, 24);
    made(&mut desk);
    desk.answer("/register", Cause::AccountMade.with_user("alice").into());
    desk.enter("/password");
    for password in ["correct horse", "battery staple", "battery staple"] {
        answer(&mut desk, password);
    }
    desk.cut();
    let attempts = sign_in(&mut desk);
    let (old, new) = (attempts.find("correct horse").unwrap(), attempts.find("battery staple").unwrap());
    assert!(old < new, "{attempts}");
    // The server has let her in by the second attempt.
    let (_, behind) = attempts.rsplit_once("label\\\":\\\"").expect("a label");
    desk.welcomed_by(behind.split('\\').next().expect("a label"));
    assert_eq!(desk.state.engine().waiting(), 0, "the change is not asked for again");
    desk.cut();
    let attempts = sign_in(&mut desk);
    assert!(attempts.contains("battery staple") && !attempts.contains("correct horse"), "{attempts}");
}

#[test]
fn where_the_old_password_still_counts_the_new_one_is_forgotten() {
    let mut desk = TestClient::signed_in(80, 24);
    made(&mut desk);
    desk.cut();
    let attempts = sign_in(&mut desk);
    assert!(attempts.contains("guest") && attempts.contains("login"), "{attempts}");
    desk.welcome();
    assert!(!desk.state.engine().has_account());
    assert!(desk.lobby().iter().any(|line| line.contains("nothing was changed")), "{:?}", desk.lobby());
    desk.cut();
    assert!(!sign_in(&mut desk).contains("correct horse"));
}

#[test]
fn a_session_that_the_operator_ended_is_not_begun_again_with_the_old_password() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.hear(Cause::PasswordReset.report().into());
    desk.cut();
    desk.pass_silently(60_000);
    assert!(!desk.effects.iter().any(|effect| matches!(effect, ScreenEffect::Connect(_))));
    assert!(
        desk.lines(&ConversationId::Server).iter().any(|line| line.contains("the operator has set a new password"))
    );
}

#[test]
fn a_password_that_no_longer_counts_is_asked_for_before_the_next_sign_in() {
    for reset in [true, false] {
        let mut desk = TestClient::signed_in(80, 24);
        made(&mut desk);
        desk.answer("/register", Cause::AccountMade.with_user("alice").into());
        if reset {
            desk.hear(Cause::PasswordReset.report().into());
            desk.cut();
        } else {
            desk.cut();
            let (why, cause) = ("Wrong name or password".to_owned(), Cause::WrongPassword);
            desk.step(Input::Refused(SignInRefused { why, cause, retry: false }));
        }
        assert!(desk.lines(&ConversationId::Server).last().unwrap().ends_with("Ctrl-R asks for the password"));
        desk.effects.clear();
        desk.press(Key::ctrl('r'));
        assert_eq!(desk.effects, [], "not with the old one");
        desk.press(Key::plain(Code::Escape));
        assert!(desk.state.overlay().is_none());
        desk.enter("/reconnect");
        answer(&mut desk, "battery staple");
        assert!(desk.state.overlay().is_none() && !format!("{:?}", desk.state.conversations()).contains("battery"));
        let attempts = format!("{:?}", desk.effects);
        assert!(attempts.contains("login") && attempts.contains("battery staple"), "{attempts}");
        assert!(!attempts.contains("correct horse") && !attempts.contains("resume"), "{attempts}");
    }
}

#[test]
fn without_a_connection_nothing_is_asked() {
    let mut desk = TestClient::signed_in(80, 24);
    desk.cut();
    desk.enter("/register");
    assert!(desk.state.overlay().is_none());
    assert_eq!(desk.lobby().last().unwrap(), "- there is no connection; try again when there is one");
}
