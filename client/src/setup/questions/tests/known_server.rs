//! The questions at a server that is known already.

use super::*;

#[test]
fn at_a_known_server_only_the_rejected_answer_is_asked_for() {
    let refused = |cause| Questions::refused_at("h:1", known(), "no", Some(cause));
    for (cause, step) in [
        (Cause::NameRegistered, Question::Password),
        (Cause::WrongPassword, Question::Password),
        (Cause::NameTaken, Question::Name),
        (Cause::ServerPasswordNeeded, Question::ServerPassword),
    ] {
        let questions = refused(cause).expect("a question");
        assert_eq!((questions.question, questions.problem.as_deref()), (step, Some("no")), "{cause:?}");
        assert_eq!(questions.chosen(), ("h:1", "alice"));
    }
    for cause in [Cause::ServerFull, Cause::AddressBanned, Cause::Locked, Cause::AlreadyHere, Cause::Other] {
        assert!(refused(cause).is_none(), "{cause:?}: no answer changes that");
    }
    assert!(Questions::refused_at("h:1", known(), "no", None).is_none(), "no server was reached");
    let mut questions = refused(Cause::NameRegistered).unwrap();
    type_in(&mut questions, "correct horse");
    let choice = connects(press(&mut questions, Code::Enter));
    assert_eq!((&*choice.server, choice.password.as_deref(), choice.register), ("h:1", Some("correct horse"), false));
}

#[test]
fn at_a_known_server_a_new_account_needs_a_password_only() {
    let mut questions =
        Questions::at("h:1", KnownAnswers { register: true, ..known() }, UserName::parse(&known().name).ok());
    for step in [Question::Password, Question::PasswordAgain] {
        assert_eq!(questions.question, step);
        type_in(&mut questions, "correct horse");
        if step == Question::Password {
            assert_eq!(press(&mut questions, Code::Enter), []);
        }
    }
    let choice = connects(press(&mut questions, Code::Enter));
    assert!(choice.register && choice.password.as_deref() == Some("correct horse"));
    let nameless = Questions::at("h:1", KnownAnswers { name: "john-doe".into(), ..KnownAnswers::default() }, None);
    assert_eq!(nameless.question, Question::Name);
}
