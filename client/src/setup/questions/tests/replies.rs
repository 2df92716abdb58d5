//! Tests of proposals, and of answers that go back or leave.

use super::*;

#[test]
fn typed_text_replaces_a_proposal_and_editing_keys_keep_it() {
    let at_the_name = || Questions::at("h:1", KnownAnswers { name: "root".into(), ..KnownAnswers::default() }, None);
    let name = |questions: &mut Questions| {
        press(questions, Code::Enter);
        questions.chosen().1.to_owned()
    };
    assert_eq!(name(&mut at_the_name()), "root");
    let mut typed = at_the_name();
    type_in(&mut typed, "dora");
    assert_eq!(name(&mut typed), "dora");
    let mut pasted = at_the_name();
    pasted.step(SetupInput::Paste("dora".into()));
    type_in(&mut pasted, "1");
    assert_eq!(name(&mut pasted), "dora1");
    for (key, edited) in [(Code::Backspace, "roox"), (Code::Right, "rootx"), (Code::Home, "xroot")] {
        let mut questions = at_the_name();
        press(&mut questions, key);
        type_in(&mut questions, "x");
        assert_eq!(name(&mut questions), edited);
    }
}

#[test]
fn an_account_is_proposed_for_its_own_name_only() {
    let mut questions = Questions::at("h:1", KnownAnswers { account: Some("alice".into()), ..known() }, None);
    press(&mut questions, Code::Enter);
    assert_eq!(questions.entries()[questions.at], MenuEntry::Account);
    press(&mut questions, Code::Up);
    connects(press(&mut questions, Code::Enter));
    questions.step(SetupInput::Refused("taken".into(), Some(Cause::NameTaken)));
    type_in(&mut questions, "bob");
    press(&mut questions, Code::Enter);
    assert_eq!((questions.chosen().1, &questions.entries()[questions.at]), ("bob", &MenuEntry::Guest));
}

#[test]
fn an_empty_answer_to_a_password_goes_back() {
    let line = |questions: &mut Questions, line: &str| questions.step(SetupInput::Line(line.into()));
    let mut questions = Questions::at("h:1", known(), None);
    press(&mut questions, Code::Enter);
    line(&mut questions, "3");
    line(&mut questions, "correct horse");
    for step in [Question::PasswordAgain, Question::Password, Question::SignInMethod] {
        assert_eq!(questions.question, step);
        if step != Question::SignInMethod {
            assert_eq!(line(&mut questions, ""), []);
        }
    }
    assert_eq!(connects(line(&mut questions, "1")).password, None);
}

#[test]
fn quit_leaves_at_every_plain_question_except_a_password() {
    let line = |questions: &mut Questions, line: &str| questions.step(SetupInput::Line(line.into()));
    let mut questions = Questions::new(known());
    questions.step(SetupInput::Found(vec![offer("a", 1, false)]));
    for (answer, step) in [("", Question::Server), ("bob", Question::Name), ("2", Question::SignInMethod)] {
        assert_eq!((questions.question, line(&mut questions, "/quit")), (step, vec![SetupEffect::Leave]));
        line(&mut questions, answer);
    }
    assert_eq!(questions.question, Question::Password);
    assert_eq!(connects(line(&mut questions, "/quit")).password.as_deref(), Some("/quit"));
}

#[test]
fn address_and_name_are_proposed_again_after_a_failed_connection() {
    let mut questions = Questions::new(known());
    questions.step(SetupInput::Found(Vec::new()));
    type_in(&mut questions, "hots:7");
    press(&mut questions, Code::Enter);
    type_in(&mut questions, "dora");
    (0..2).for_each(|_| _ = press(&mut questions, Code::Enter));
    questions.step(SetupInput::Refused("cannot find hots".into(), None));
    assert_eq!((questions.question, &questions.entries()[questions.at]), (Question::Server, &MenuEntry::Address));
    press(&mut questions, Code::Enter);
    assert_eq!((questions.question, questions.field.text()), (Question::Address, "hots:7"));
    press(&mut questions, Code::Enter);
    assert_eq!((questions.question, questions.field.text()), (Question::Name, "dora"));
}

#[test]
fn a_typed_password_is_not_sent_to_another_server() {
    let mut questions = Questions::new(KnownAnswers { account: Some("alice".into()), ..known() });
    questions.step(SetupInput::Found(Vec::new()));
    let choice = |questions: &mut Questions, address: &str, password: Option<&str>| {
        type_in(questions, address);
        press(questions, Code::Enter);
        press(questions, Code::Enter);
        press(questions, Code::Enter);
        if let Some(password) = password {
            type_in(questions, password);
        }
        press(questions, Code::Enter)
    };
    let first = connects(choice(&mut questions, "a:1", Some("correct horse")));
    assert_eq!((&*first.server, first.password.as_deref()), ("a:1", Some("correct horse")));
    questions.step(SetupInput::Refused("a does not answer".into(), None));
    press(&mut questions, Code::Enter);
    questions.field.set("");
    let effects = choice(&mut questions, "b:1", None);
    assert!(!format!("{effects:?}").contains("horse"), "{effects:?}");
    assert_ne!(questions.question, Question::Connecting, "the questions go on");
}
