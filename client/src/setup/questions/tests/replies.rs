//! Proposals that are replaced or taken, and answers that go back or leave.

use super::*;

#[test]
fn what_is_typed_replaces_the_proposal_and_keys_that_edit_keep_it() {
    let at_the_name = || Questions::at("h:1", KnownAnswers { name: "root".into(), ..KnownAnswers::default() }, None);
    let name = |welcome: &mut Questions| {
        press(welcome, Code::Enter);
        welcome.chosen().1.to_owned()
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
        let mut welcome = at_the_name();
        press(&mut welcome, key);
        type_in(&mut welcome, "x");
        assert_eq!(name(&mut welcome), edited);
    }
}

#[test]
fn the_account_of_another_name_is_not_proposed() {
    let mut welcome = Questions::at("h:1", KnownAnswers { account: Some("alice".into()), ..known() }, None);
    press(&mut welcome, Code::Enter);
    assert_eq!(welcome.entries()[welcome.at], MenuEntry::Account);
    press(&mut welcome, Code::Up);
    connects(press(&mut welcome, Code::Enter));
    welcome.step(SetupInput::Refused("taken".into(), Some(Cause::NameTaken)));
    type_in(&mut welcome, "bob");
    press(&mut welcome, Code::Enter);
    assert_eq!((welcome.chosen().1, &welcome.entries()[welcome.at]), ("bob", &MenuEntry::Guest));
}

#[test]
fn an_empty_answer_to_a_password_goes_back() {
    let line = |welcome: &mut Questions, line: &str| welcome.step(SetupInput::Line(line.into()));
    let mut welcome = Questions::at("h:1", known(), None);
    press(&mut welcome, Code::Enter);
    line(&mut welcome, "3");
    line(&mut welcome, "correct horse");
    for step in [Question::PasswordAgain, Question::Password, Question::SignInMethod] {
        assert_eq!(welcome.step, step);
        if step != Question::SignInMethod {
            assert_eq!(line(&mut welcome, ""), []);
        }
    }
    assert_eq!(connects(line(&mut welcome, "1")).password, None);
}

#[test]
fn quit_leaves_at_every_question_in_lines_but_a_password() {
    let line = |welcome: &mut Questions, line: &str| welcome.step(SetupInput::Line(line.into()));
    let mut welcome = Questions::new(known());
    welcome.step(SetupInput::Found(vec![offer("a", 1, false)]));
    for (answer, step) in [("", Question::Server), ("bob", Question::Name), ("2", Question::SignInMethod)] {
        assert_eq!((welcome.step, line(&mut welcome, "/quit")), (step, vec![SetupEffect::Leave]));
        line(&mut welcome, answer);
    }
    assert_eq!(welcome.step, Question::Password);
    assert_eq!(connects(line(&mut welcome, "/quit")).password.as_deref(), Some("/quit"));
}

#[test]
fn where_no_server_answered_address_and_name_are_proposed_again() {
    let mut welcome = Questions::new(known());
    welcome.step(SetupInput::Found(Vec::new()));
    type_in(&mut welcome, "hots:7");
    press(&mut welcome, Code::Enter);
    type_in(&mut welcome, "dora");
    (0..2).for_each(|_| _ = press(&mut welcome, Code::Enter));
    welcome.step(SetupInput::Refused("cannot find hots".into(), None));
    assert_eq!((welcome.step, &welcome.entries()[welcome.at]), (Question::Server, &MenuEntry::Address));
    press(&mut welcome, Code::Enter);
    assert_eq!((welcome.step, welcome.field.text()), (Question::Address, "hots:7"));
    press(&mut welcome, Code::Enter);
    assert_eq!((welcome.step, welcome.field.text()), (Question::Name, "dora"));
}

#[test]
fn a_typed_password_goes_to_no_other_server() {
    let mut welcome = Questions::new(KnownAnswers { account: Some("alice".into()), ..known() });
    welcome.step(SetupInput::Found(Vec::new()));
    let choice = |welcome: &mut Questions, address: &str, password: Option<&str>| {
        type_in(welcome, address);
        press(welcome, Code::Enter);
        press(welcome, Code::Enter);
        press(welcome, Code::Enter);
        if let Some(password) = password {
            type_in(welcome, password);
        }
        press(welcome, Code::Enter)
    };
    let first = connects(choice(&mut welcome, "a:1", Some("correct horse")));
    assert_eq!((&*first.server, first.password.as_deref()), ("a:1", Some("correct horse")));
    welcome.step(SetupInput::Refused("a does not answer".into(), None));
    press(&mut welcome, Code::Enter);
    welcome.field.set("");
    let wishes = choice(&mut welcome, "b:1", None);
    assert!(!format!("{wishes:?}").contains("horse"), "{wishes:?}");
    assert_ne!(welcome.step, Question::Connecting, "the questions go on");
}
