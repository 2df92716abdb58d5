//! `/register` and `/password`: what is asked, what is sent, and with what the client signs in afterwards.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::overlay::Overlay;
use crate::chat::test_client::TestClient;
use crate::chat::{Input, Remembered, ScreenEffect};
use crate::sign_in::SignInRefused;
use landline_common::Cause;

/// Types a password, and Enter.
fn answer(client: &mut TestClient, password: &str) {
    assert!(matches!(client.state.overlay(), Some(Overlay::Password(_))), "{:?}", client.lobby());
    client.enter_line(password);
}

/// The attempts to sign in of the next connection.
fn sign_in(client: &mut TestClient) -> String {
    client.step(Input::Key(Key::ctrl('r')));
    let connects = client.effects.iter().rev().find_map(|effect| match effect {
        ScreenEffect::Connect(sign_in) => Some(format!("{sign_in:?}")),
        _ => None,
    });
    connects.expect("it connects")
}

fn made(client: &mut TestClient) {
    client.enter_line("/register");
    answer(client, "correct horse");
    answer(client, "correct horse");
}

#[test]
fn a_guest_makes_an_account_and_is_remembered_with_it() {
    let mut client = TestClient::signed_in(80, 24);
    client.enter_line("/password");
    assert!(client.state.overlay().is_none());
    assert_eq!(
        client.lobby().last().unwrap(),
        "- You are a guest, without a password. /register makes an account of your name."
    );
    made(&mut client);
    assert!(client.state.overlay().is_none());
    assert_eq!(client.take_sent(), ["/register"]);
    assert!(!client.state.engine().has_account());
    client.answer("/register", Cause::AccountMade.with_user("alice").into());
    assert!(client.state.engine().has_account());
    assert!(client.effects.contains(&ScreenEffect::Remember(Remembered::Account)));
    client.enter_line("/register");
    assert!(client.state.overlay().is_none(), "she has one");
    client.lose_connection();
    let attempts = sign_in(&mut client);
    assert!(attempts.contains("login") && attempts.contains("correct horse") && !attempts.contains("resume"));
    // Nothing of it is anywhere on the screen, or comes back by the arrow.
    let state = format!("{:?}", client.state.conversations());
    assert!(state.contains("/register") && !state.contains("horse"), "{state}");
}

#[test]
fn passwords_are_asked_over_the_talk_and_pasted_text_goes_there() {
    let mut client = TestClient::signed_in(80, 24);
    client.enter_line("/register");
    client.step(Input::Paste("correct horse\n".into()));
    client.press(Key::plain(Code::Enter));
    client.step(Input::Burst("correct horse".into()));
    client.press(Key::plain(Code::Enter));
    let sent = client.unanswered.len();
    assert_eq!((client.take_sent(), sent), (vec!["/register".to_owned()], 1));
    client.refuse("/register", Cause::AddressAccounts);
    assert!(!client.state.engine().has_account());
    for key in [Key::plain(Code::Escape), Key::ctrl('c')] {
        client.enter_line("/register");
        client.type_in("correct");
        client.press(key);
        assert!(client.state.overlay().is_none() && client.take_sent().is_empty());
        assert_eq!(client.lobby().last().unwrap(), "- nothing was changed");
    }
    client.enter_line("hello");
    assert_eq!(client.take_sent(), ["lobby: hello"]);
}

#[test]
fn where_an_answer_was_lost_both_passwords_are_tried() {
    let mut client = TestClient::signed_in(80, 24);
    made(&mut client);
    client.answer("/register", Cause::AccountMade.with_user("alice").into());
    client.enter_line("/password");
    for password in ["correct horse", "battery staple", "battery staple"] {
        answer(&mut client, password);
    }
    client.lose_connection();
    let attempts = sign_in(&mut client);
    let (old, new) = (attempts.find("correct horse").unwrap(), attempts.find("battery staple").unwrap());
    assert!(old < new, "{attempts}");
    // The server has let her in by the second attempt.
    let (_, behind) = attempts.rsplit_once("label\\\":\\\"").expect("a label");
    client.welcomed_by(behind.split('\\').next().expect("a label"));
    assert_eq!(client.state.engine().waiting(), 0, "the change is not asked for again");
    client.lose_connection();
    let attempts = sign_in(&mut client);
    assert!(attempts.contains("battery staple") && !attempts.contains("correct horse"), "{attempts}");
}

#[test]
fn where_the_old_password_still_counts_the_new_one_is_forgotten() {
    let mut client = TestClient::signed_in(80, 24);
    made(&mut client);
    client.lose_connection();
    let attempts = sign_in(&mut client);
    assert!(attempts.contains("guest") && attempts.contains("login"), "{attempts}");
    client.welcome();
    assert!(!client.state.engine().has_account());
    assert!(client.lobby().iter().any(|line| line.contains("nothing was changed")), "{:?}", client.lobby());
    client.lose_connection();
    assert!(!sign_in(&mut client).contains("correct horse"));
}

#[test]
fn a_session_that_the_operator_ended_is_not_begun_again_with_the_old_password() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive(Cause::PasswordReset.report().into());
    client.lose_connection();
    client.advance_silently(60_000);
    assert!(!client.effects.iter().any(|effect| matches!(effect, ScreenEffect::Connect(_))));
    assert!(
        client.lines(&ConversationId::Server).iter().any(|line| line.contains("the operator has set a new password"))
    );
}

#[test]
fn a_password_that_no_longer_counts_is_asked_for_before_the_next_sign_in() {
    for reset in [true, false] {
        let mut client = TestClient::signed_in(80, 24);
        made(&mut client);
        client.answer("/register", Cause::AccountMade.with_user("alice").into());
        if reset {
            client.receive(Cause::PasswordReset.report().into());
            client.lose_connection();
        } else {
            client.lose_connection();
            let (why, cause) = ("Wrong name or password".to_owned(), Cause::WrongPassword);
            client.step(Input::Refused(SignInRefused { why, cause, retry: false }));
        }
        assert!(client.lines(&ConversationId::Server).last().unwrap().ends_with("Ctrl-R asks for the password"));
        client.effects.clear();
        client.press(Key::ctrl('r'));
        assert_eq!(client.effects, [], "not with the old one");
        client.press(Key::plain(Code::Escape));
        assert!(client.state.overlay().is_none());
        client.enter_line("/reconnect");
        answer(&mut client, "battery staple");
        assert!(client.state.overlay().is_none() && !format!("{:?}", client.state.conversations()).contains("battery"));
        let attempts = format!("{:?}", client.effects);
        assert!(attempts.contains("login") && attempts.contains("battery staple"), "{attempts}");
        assert!(!attempts.contains("correct horse") && !attempts.contains("resume"), "{attempts}");
    }
}

#[test]
fn without_a_connection_nothing_is_asked() {
    let mut client = TestClient::signed_in(80, 24);
    client.lose_connection();
    client.enter_line("/register");
    assert!(client.state.overlay().is_none());
    assert_eq!(client.lobby().last().unwrap(), "- there is no connection; try again when there is one");
}
