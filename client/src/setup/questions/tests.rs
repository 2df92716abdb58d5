use super::*;
use crate::chat::key::Code;
use proptest::prelude::*;

mod known_server;
mod replies;

fn offer(name: &str, last: u8, password: bool) -> Offer {
    Offer { name: name.into(), address: format!("10.0.0.{last}:12345"), people: 3, password, ..Offer::default() }
}

fn press(questions: &mut Questions, code: Code) -> Vec<SetupEffect> {
    questions.step(SetupInput::Key(Key::plain(code)))
}

fn type_in(questions: &mut Questions, text: &str) {
    text.chars().for_each(|c| assert_eq!(press(questions, Code::Char(c)), []));
}

fn known() -> KnownAnswers {
    KnownAnswers { name: "alice".into(), ..KnownAnswers::default() }
}

#[track_caller]
fn connects(effects: Vec<SetupEffect>) -> SignInChoice {
    match &effects[..] {
        [SetupEffect::Connect(choice)] => choice.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_times_enter_connects_as_a_guest() {
    let mut questions = Questions::new(known());
    questions.step(SetupInput::Found(vec![offer("Room 12", 1, false)]));
    for step in [Question::Name, Question::SignInMethod] {
        press(&mut questions, Code::Enter);
        assert_eq!(questions.question, step);
    }
    let choice = connects(press(&mut questions, Code::Enter));
    assert_eq!((&*choice.server, choice.name.as_str(), choice.password), ("10.0.0.1:12345", "alice", None));
}

#[test]
fn typed_text_begins_an_address() {
    let mut questions = Questions::new(known());
    type_in(&mut questions, "a b");
    press(&mut questions, Code::Enter);
    assert!(questions.question == Question::Address && questions.problem.is_some());
    questions.step(SetupInput::Key(Key::ctrl('u')));
    questions.step(SetupInput::Paste("10.9.9.9:7\nmore".into()));
    press(&mut questions, Code::Enter);
    assert_eq!((questions.question, questions.chosen().0), (Question::Name, "10.9.9.9:7"));
}

#[test]
fn the_selection_stays_while_servers_come_and_go() {
    let mut questions = Questions::new(known());
    let a = offer("a", 1, false);
    let b = offer("b", 2, false);
    let c = offer("c", 3, true);
    questions.step(SetupInput::Found(vec![b.clone()]));
    press(&mut questions, Code::Down);
    press(&mut questions, Code::Up);
    questions.step(SetupInput::Found(vec![a.clone(), b.clone(), c.clone()]));
    assert_eq!(questions.entries()[questions.at], MenuEntry::Found(b.clone()));
    for _ in 0..MAX_MISSED {
        assert_eq!(questions.entries().len(), 5, "datagrams get lost");
        questions.step(SetupInput::Found(vec![c.clone(), b.clone()]));
    }
    assert_eq!(questions.entries().len(), 4);
    assert_eq!(questions.entries()[questions.at], MenuEntry::Found(b));
}

#[test]
fn the_last_server_is_selected() {
    let last = "10.0.0.3:12345".to_owned();
    let mut questions = Questions::new(KnownAnswers { server: Some(last.clone()), ..known() });
    assert_eq!(questions.entries()[0], MenuEntry::LastServer(last));
    questions.step(SetupInput::Found(vec![offer("a", 1, false), offer("c", 3, false)]));
    assert_eq!(questions.entries().len(), 4, "it is not there twice");
    assert_eq!(questions.entries()[questions.at], MenuEntry::Found(offer("c", 3, false)));
}

#[test]
fn a_server_password_is_asked_for_before_connecting() {
    let mut questions = Questions::new(known());
    questions.step(SetupInput::Found(vec![offer("Room 12", 1, true)]));
    for _ in 0..3 {
        assert_eq!(press(&mut questions, Code::Enter), []);
    }
    assert!(questions.question == Question::ServerPassword && questions.is_secret());
    type_in(&mut questions, "sesame");
    assert_eq!(connects(press(&mut questions, Code::Enter)).server_password.as_deref(), Some("sesame"));
    questions.step(SetupInput::Refused("that is not this server's password".into(), Some(Cause::WrongServerPassword)));
    assert!(
        questions.question == Question::ServerPassword
            && questions.problem.is_some()
            && questions.field.text().is_empty()
    );
}

#[test]
fn a_refusal_asks_the_rejected_question_again() {
    for (cause, step) in [
        (None, Question::Server),
        (Some(Cause::NameTaken), Question::Name),
        (Some(Cause::NameRegistered), Question::SignInMethod),
        (Some(Cause::WrongServerPassword), Question::ServerPassword),
    ] {
        let mut questions = Questions::new(known());
        type_in(&mut questions, "host");
        (0..3).for_each(|_| _ = press(&mut questions, Code::Enter));
        assert_eq!(questions.question, Question::Connecting);
        assert_eq!(questions.step(SetupInput::Refused("no".into(), cause)), []);
        assert_eq!((questions.question, questions.problem.as_deref()), (step, Some("no")));
    }
}

#[test]
fn an_account_can_be_used_or_created() {
    for (downs, register) in [(1, false), (2, true)] {
        let mut questions = Questions::new(known());
        type_in(&mut questions, "host");
        (0..2).for_each(|_| _ = press(&mut questions, Code::Enter));
        (0..downs).for_each(|_| _ = press(&mut questions, Code::Down));
        press(&mut questions, Code::Enter);
        assert_eq!(questions.question, Question::Password);
        if register {
            type_in(&mut questions, "short");
            press(&mut questions, Code::Enter);
            assert!(questions.problem.take().unwrap().contains("8 to 72"));
            for again in ["correct hearse", "correct horse"] {
                assert!(questions.question == Question::Password && questions.is_secret());
                type_in(&mut questions, "correct horse");
                assert_eq!(press(&mut questions, Code::Enter), []);
                assert!(
                    questions.question == Question::PasswordAgain
                        && questions.is_secret()
                        && questions.field.text().is_empty()
                );
                type_in(&mut questions, again);
                if again == "correct hearse" {
                    assert_eq!(press(&mut questions, Code::Enter), []);
                    assert!(questions.problem.take().unwrap().contains("differ"));
                }
            }
        } else {
            type_in(&mut questions, "correct horse");
        }
        let choice = connects(press(&mut questions, Code::Enter));
        assert_eq!((choice.password.as_deref(), choice.register), (Some("correct horse"), register));
    }
}

#[test]
fn answers_of_the_command_line_are_not_asked_for() {
    let password = Some("pw".to_owned());
    let server_password = Some("door".to_owned());
    let mut questions = Questions::new(KnownAnswers { name_is_given: true, password, server_password, ..known() });
    questions.step(SetupInput::Found(vec![offer("Room 12", 1, true)]));
    let choice = connects(press(&mut questions, Code::Enter));
    assert_eq!((choice.password.as_deref(), choice.server_password.as_deref()), (Some("pw"), Some("door")));
    questions.step(SetupInput::Refused("in use".into(), Some(Cause::NameTaken)));
    assert_eq!(questions.question, Question::Name, "now it has to be");
}

#[test]
fn a_server_can_be_started_on_this_machine() {
    let mut questions = Questions::new(known());
    press(&mut questions, Code::Up);
    assert_eq!(press(&mut questions, Code::Enter), [SetupEffect::Start]);
    questions.step(SetupInput::Started(Err(NotStarted::Failed("port 12345 is taken".into()))));
    assert_eq!((questions.question, questions.problem.as_deref()), (Question::Server, Some("port 12345 is taken")));
    press(&mut questions, Code::Up);
    press(&mut questions, Code::Enter);
    questions.step(SetupInput::Started(Ok("127.0.0.1:12345".into())));
    assert_eq!((questions.question, questions.chosen().0), (Question::Name, "127.0.0.1:12345"));
}

#[test]
fn b4_an_early_enter_waits_for_the_first_search() {
    let mut questions = Questions::new(known());
    assert_eq!(press(&mut questions, Code::Enter), []);
    assert_eq!((questions.question, &questions.problem), (Question::Server, &None));
    questions.step(SetupInput::Found(vec![offer("Room 12", 1, false)]));
    assert_eq!((questions.question, questions.chosen().0), (Question::Name, "10.0.0.1:12345"));
    // No server answers: the entry for typing an address is not chosen, since the user did not select it.
    let mut alone = Questions::new(known());
    press(&mut alone, Code::Enter);
    alone.step(SetupInput::Found(Vec::new()));
    assert_eq!(alone.question, Question::Server);
    alone.step(SetupInput::Found(vec![offer("later", 1, false)]));
    assert_eq!(alone.question, Question::Server, "an Enter of long ago is forgotten");
    // Another key cancels the waiting Enter; a moved selection applies at once.
    let mut typing = Questions::new(known());
    press(&mut typing, Code::Enter);
    type_in(&mut typing, "ho");
    typing.step(SetupInput::Found(vec![offer("Room 12", 1, false)]));
    assert_eq!((typing.question, typing.field.text()), (Question::Address, "ho"));
    let mut moved = Questions::new(known());
    press(&mut moved, Code::Down);
    assert_eq!(press(&mut moved, Code::Enter), [SetupEffect::Start]);
}

#[test]
fn b4_an_empty_address_is_refused_with_advice() {
    let mut questions = Questions::new(known());
    questions.step(SetupInput::Found(Vec::new()));
    (0..2).for_each(|_| _ = press(&mut questions, Code::Enter));
    assert_eq!(questions.problem.as_deref(), Some("Type an address, for example 192.168.1.20"));
}

fn server_key(byte: u8) -> ServerKey {
    format!("{byte:02x}").repeat(32).parse().unwrap()
}

fn last_time(account: bool) -> KnownAnswers {
    let last_time = PreviousSession {
        server: "10.0.0.3:12345".into(),
        server_name: "Third floor".into(),
        server_id: "0f".into(),
        name: UserName::parse("dave").unwrap(),
        room: RoomName::parse("ops").unwrap(),
        account,
        key: Some(server_key(7)),
    };
    KnownAnswers {
        server: Some(last_time.server.clone()),
        previous_session: Some(last_time),
        account: account.then(|| "dave".into()),
        ..known()
    }
}

#[test]
fn b15_one_enter_continues_the_last_session() {
    let mut guest = Questions::new(last_time(false));
    guest.step(SetupInput::Found(vec![offer("a", 1, false), offer("Third floor", 3, false)]));
    assert_eq!((guest.at, &*guest.entries()[0].columns()[0]), (0, "ops on Third floor as dave (last time)"));
    let choice = connects(press(&mut guest, Code::Enter));
    assert_eq!((&*choice.server, choice.name.as_str(), choice.password), ("10.0.0.3:12345", "dave", None));
    assert_eq!(choice.previous_address, None);
    // The server's discovery may be switched off.
    let mut unseen = Questions::new(last_time(false));
    press(&mut unseen, Code::Enter);
    assert_eq!(connects(unseen.step(SetupInput::Found(Vec::new()))).server, "10.0.0.3:12345");
    let mut account = Questions::new(last_time(true));
    account.step(SetupInput::Found(vec![offer("Third floor", 3, false)]));
    press(&mut account, Code::Enter);
    assert_eq!(account.question, Question::Password);
    type_in(&mut account, "correct horse");
    assert_eq!(connects(press(&mut account, Code::Enter)).password.as_deref(), Some("correct horse"));
    let mut closed = Questions::new(last_time(false));
    closed.step(SetupInput::Found(vec![offer("Third floor", 3, true)]));
    press(&mut closed, Code::Enter);
    assert_eq!(closed.question, Question::ServerPassword);
}

#[test]
fn b15_a_refused_last_session_asks_for_another_name() {
    let mut guest = Questions::new(last_time(false));
    guest.step(SetupInput::Found(vec![offer("Third floor", 3, false)]));
    connects(press(&mut guest, Code::Enter));
    guest.step(SetupInput::Refused("taken".into(), Some(Cause::NameTaken)));
    assert_eq!((guest.question, guest.field.text()), (Question::Name, "dave"));
    let register = Questions::new(KnownAnswers { register: true, ..last_time(false) });
    assert!(!matches!(register.entries()[0], MenuEntry::ContinueLast(..)), "an account is to be made");
}

#[test]
fn b15_a_server_with_a_new_address_is_found_by_its_id() {
    let at = |last: u8, id: &str| Offer { id: id.into(), ..offer("Third floor", last, false) };
    let mut moved = Questions::new(last_time(false));
    moved.step(SetupInput::Found(vec![at(9, "0f")]));
    let shown = "ops on Third floor as dave (last time; now at 10.0.0.9:12345)";
    assert_eq!(&*moved.entries()[0].columns()[0], shown);
    let choice = connects(press(&mut moved, Code::Enter));
    assert_eq!((&*choice.server, choice.previous_address.as_deref()), ("10.0.0.9:12345", Some("10.0.0.3:12345")));
    assert_eq!((&*choice.server_id, choice.key), ("0f", Some(server_key(7))));
    // A copied id does not count while a server answers at the old address.
    let mut copied = Questions::new(last_time(false));
    copied.step(SetupInput::Found(vec![at(9, "0f"), at(3, "0f")]));
    assert_eq!(connects(press(&mut copied, Code::Enter)).server, "10.0.0.3:12345");
    // A server that was never met with TLS cannot prove that it is the same.
    let mut unproved = last_time(false);
    unproved.previous_session.as_mut().unwrap().key = None;
    let mut unproved = Questions::new(unproved);
    unproved.step(SetupInput::Found(vec![at(9, "0f")]));
    let entries = unproved.entries();
    assert_eq!(&*entries[0].columns()[0], "ops on Third floor as dave (last time)");
    assert!(matches!(&entries[1], MenuEntry::Found(offer) if offer.address == "10.0.0.9:12345"));
    press(&mut unproved, Code::Down);
    (0..2).for_each(|_| _ = press(&mut unproved, Code::Enter));
    let choice = connects(press(&mut unproved, Code::Enter));
    assert_eq!((&*choice.server, choice.previous_address, choice.key), ("10.0.0.9:12345", None, None));
    // Two servers without an id are not the same server.
    let mut nameless = last_time(false);
    nameless.previous_session.as_mut().unwrap().server_id.clear();
    let mut nameless = Questions::new(nameless);
    nameless.step(SetupInput::Found(vec![at(9, "")]));
    assert_eq!(connects(press(&mut nameless, Code::Enter)).server, "10.0.0.3:12345");
}

#[test]
fn a_server_with_a_new_address_must_prove_its_key_also_if_it_changes_its_id_meanwhile() {
    let at = |last: u8, id: &str| Offer { id: id.into(), ..offer("Third floor", last, false) };
    let mut account = Questions::new(last_time(true));
    account.step(SetupInput::Found(vec![at(9, "0f")]));
    press(&mut account, Code::Enter);
    account.step(SetupInput::Found(vec![at(9, "aa")]));
    type_in(&mut account, "correct horse");
    let choice = connects(press(&mut account, Code::Enter));
    assert_eq!((&*choice.server, choice.key), ("10.0.0.9:12345", Some(server_key(7))));
    // After a refusal, too; and another server need not have the key.
    account.step(SetupInput::Refused("wrong".into(), Some(Cause::WrongPassword)));
    type_in(&mut account, "correct horse");
    assert_eq!(connects(press(&mut account, Code::Enter)).key, Some(server_key(7)));
    account.step(SetupInput::Refused("not connected".into(), None));
    account.choose(1);
    assert_eq!(account.moved_from, None);
}

#[test]
fn a15_a_server_on_this_machine_is_joined_instead_of_started() {
    let joins = |questions: &Questions| questions.entries().last().unwrap().columns()[0].clone();
    let mut found = Questions::new(known());
    let here = Offer { on_this_machine: true, ..offer("Landline", 1, true) };
    found.step(SetupInput::Found(vec![here.clone()]));
    assert_eq!(joins(&found), "a Landline server already runs here on port 12345: join it");
    press(&mut found, Code::Up);
    assert_eq!(press(&mut found, Code::Enter), []);
    assert_eq!((found.question, found.chosen().0), (Question::Name, "10.0.0.1:12345"));
    let mut other = Questions::new(known());
    other.step(SetupInput::Found(vec![Offer { address: "10.0.0.1:22222".into(), ..here }]));
    assert_eq!(other.entries().last(), Some(&MenuEntry::StartServer), "its port is not in the way");
    // A server that discovery does not find is noticed when the user starts another one.
    let mut hidden = Questions::new(known());
    press(&mut hidden, Code::Up);
    assert_eq!(press(&mut hidden, Code::Enter), [SetupEffect::Start]);
    hidden.step(SetupInput::Started(Err(NotStarted::Running("127.0.0.1:12345".into()))));
    assert!(hidden.problem.as_ref().unwrap().contains("already runs on this machine"));
    press(&mut hidden, Code::Enter);
    assert_eq!((hidden.question, hidden.chosen().0), (Question::Name, "127.0.0.1:12345"));
}

#[test]
fn escape_goes_back_one_question_and_leaves_at_the_first() {
    let mut questions = Questions::new(known());
    type_in(&mut questions, "host");
    (0..3).for_each(|_| _ = press(&mut questions, Code::Enter));
    assert_eq!(press(&mut questions, Code::Escape), [SetupEffect::GiveUp]);
    assert_eq!(press(&mut questions, Code::Escape), []);
    assert_eq!((questions.question, press(&mut questions, Code::Escape)), (Question::Server, vec![SetupEffect::Leave]));
    assert_eq!(questions.step(SetupInput::Key(Key::ctrl('c'))), [SetupEffect::Leave]);
}

#[test]
fn lines_answer_the_questions_on_a_plain_terminal() {
    let line = |questions: &mut Questions, line: &str| questions.step(SetupInput::Line(line.into()));
    let mut questions = Questions::new(known());
    questions.step(SetupInput::Found(vec![offer("a", 1, false), offer("b", 2, false)]));
    assert_eq!(line(&mut questions, "a b"), []);
    assert!(questions.question == Question::Server && questions.problem.is_some());
    line(&mut questions, "2");
    assert_eq!((questions.question, questions.chosen().0), (Question::Name, "10.0.0.2:12345"));
    line(&mut questions, "bob");
    line(&mut questions, "9");
    assert!(questions.question == Question::SignInMethod && questions.problem.is_some());
    assert_eq!(connects(line(&mut questions, "")).name.as_str(), "bob");
    let mut questions = Questions::new(known());
    line(&mut questions, "somewhere");
    assert_eq!((questions.question, questions.chosen().0), (Question::Name, "somewhere:12345"));
}

fn input() -> impl Strategy<Value = SetupInput> {
    let code = prop::sample::select(vec![
        Code::Enter,
        Code::Escape,
        Code::Up,
        Code::Down,
        Code::Backspace,
        Code::Left,
        Code::Char('a'),
        Code::Char('1'),
        Code::Char('日'),
    ]);
    let cause = prop::sample::select(vec![
        Some(Cause::NameRegistered),
        Some(Cause::NameTaken),
        Some(Cause::WrongPassword),
        Some(Cause::WrongServerPassword),
        None,
    ]);
    prop_oneof![
        6 => code.prop_map(|code| SetupInput::Key(Key::plain(code))),
        1 => ".{0,30}".prop_map(SetupInput::Paste),
        1 => ".{0,10}".prop_map(SetupInput::Line),
        2 => prop::collection::vec(0u8..6, 0..4).prop_map(|n| SetupInput::Found(n.into_iter().map(|n| offer("x", n, n > 2)).collect())),
        1 => cause.prop_map(|cause| SetupInput::Refused("no".into(), cause)),
        1 => any::<bool>().prop_map(|well| SetupInput::Started(if well { Ok("h:1".into()) } else { Err(NotStarted::Failed("no".into())) })),
    ]
}

proptest! {
    #[test]
    fn an_entry_is_always_selected_and_only_complete_answers_connect(inputs in prop::collection::vec(input(), 0..60)) {
        let mut questions = Questions::new(known());
        for input in inputs {
            for effect in questions.step(input) {
                if let SetupEffect::Connect(choice) = effect {
                    prop_assert!(!choice.server.is_empty());
                    prop_assert_eq!(questions.question, Question::Connecting);
                }
            }
            let entries = questions.entries();
            prop_assert!(entries.is_empty() || questions.at < entries.len());
        }
    }
}
