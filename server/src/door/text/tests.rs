//! The answers of the text door, line by line.

use super::*;
use landline_common::limits::SIGN_IN_MISTAKES;

fn door(has_password: bool) -> TextDoor {
    TextDoor::new(ServerInfo { has_password })
}

fn guest(door: &mut TextDoor, line: &str) -> (String, String) {
    match door.handle_line(line, Framing::Lines) {
        DoorAction::Try(AuthRequest::Guest { name, room, .. }) => (name.to_string(), room.to_string()),
        other => panic!("{line}: {other:?}"),
    }
}

fn code(action: DoorAction) -> u16 {
    match action {
        DoorAction::Close(EventKind::Refused(report)) => report.code().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn replies(action: DoorAction) -> Vec<EventKind<'static>> {
    match action {
        DoorAction::Reply(events) => events,
        other => panic!("{other:?}"),
    }
}

#[test]
fn guest_line_is_split_at_the_last_underscore() {
    assert_eq!(guest(&mut door(false), "alice_lobby"), ("alice".into(), "lobby".into()));
    assert_eq!(guest(&mut door(false), "a_b_dev/x"), ("a_b".into(), "dev/x".into()));
    let mut greeted = door(false);
    greeted.greet();
    assert_eq!(guest(&mut greeted, "alice_lobby"), ("alice".into(), "lobby".into()));
}

#[test]
fn malformed_first_line_ends_the_connection() {
    for line in ["hello", "alice_", "_room", "a b_room", "alice_a:b", "../../etc_room", "a\u{1b}[31m_room", "a\0_r"] {
        assert_eq!(code(door(false).handle_line(line, Framing::Lines)), 400, "{line:?}");
    }
    assert_eq!(code(door(false).handle_line("INFO_room", Framing::Lines)), 403);
}

#[test]
fn malformed_line_after_the_greeting_is_answered_with_a_hint() {
    let mut door = door(false);
    door.greet();
    let invalid = EventKind::from(Cause::InvalidMode.report());
    let answer = [invalid.clone(), EventKind::info(HOW_TO_JOIN), ask(GREETING)];
    assert_eq!(replies(door.handle_line("hello", Framing::Lines)), answer);
    assert_eq!(replies(door.handle_line("hello", Framing::Unframed)), [invalid, ask(GREETING)]);
    assert_eq!(replies(door.handle_line("", Framing::Lines)), []);
    assert_eq!(replies(door.handle_line("register", Framing::Lines)), [ask("ALIAS?")]);
    assert_eq!(replies(door.handle_line("alice", Framing::Lines)), [ask("PASSWORD?")]);
    let name = UserName::parse("alice").unwrap();
    let attempt = AuthRequest::Register { name, password: "p w /x".into() };
    assert_eq!(door.handle_line(" p w /x ", Framing::Lines), DoorAction::Try(attempt));
    let done = EventKind::from(Cause::Registered.report());
    assert_eq!(replies(door.handle_result(AuthResult::Done)), [done, ask(GREETING)]);
}

#[test]
fn x1_fifth_malformed_line_ends_the_connection() {
    let mut door = door(false);
    door.greet();
    for _ in 1..SIGN_IN_MISTAKES {
        assert!(matches!(door.handle_line("hello", Framing::Lines), DoorAction::Reply(_)));
    }
    let DoorAction::Close(EventKind::Refused(report)) = door.handle_line("hello", Framing::Lines) else { panic!() };
    assert!(report.code() == Some(400) && report.sentence().starts_with("Too many wrong lines;"), "{report:?}");
}

#[test]
fn x12_password_at_the_greeting_is_not_a_guest_line_after_login_or_register() {
    for mode in ["LOGIN", "REGISTER"] {
        let mut door = door(false);
        for line in [mode, "hunter", "wrong"] {
            door.handle_line(line, Framing::Lines);
        }
        door.handle_result(AuthResult::WrongPassword);
        let invalid = EventKind::from(Cause::InvalidMode.report());
        assert_eq!(
            replies(door.handle_line("hunter_2000", Framing::Lines)),
            [invalid, EventKind::info(HOW_TO_LOG_IN), ask(GREETING)]
        );
        assert_eq!(replies(door.handle_line(mode, Framing::Lines)), [ask("ALIAS?")]);
    }
}

#[test]
fn empty_answers_are_refused() {
    let mut door = door(false);
    door.handle_line("LOGIN", Framing::Lines);
    door.handle_line("", Framing::Lines);
    let required = EventKind::from(Cause::CredentialsRequired.report());
    assert_eq!(replies(door.handle_line("secret", Framing::Lines)), [required, ask(GREETING)]);
}

#[test]
fn server_password_is_asked_before_names_are_checked() {
    let mut login = door(true);
    let first = EventKind::from(Cause::ServerPasswordFirst.report());
    assert_eq!(replies(login.handle_line("LOGIN", Framing::Lines)), [first, ask("PASSWORD?")]);
    assert_eq!(login.handle_line("pw", Framing::Lines), DoorAction::Try(AuthRequest::ServerPassword("pw".into())));
    assert_eq!(replies(login.handle_result(AuthResult::Done)), [ask("ALIAS?")]);

    let mut guest = door(true);
    assert_eq!(replies(guest.handle_line("alice_lobby", Framing::Lines)), [ask("PASSWORD?")]);
    assert!(matches!(guest.handle_line("pw", Framing::Lines),
        DoorAction::Try(AuthRequest::Guest { server_password: Some(pw), .. }) if pw == "pw"));
    assert_eq!(code(door(true).handle_line("alice_lobby", Framing::Unframed)), 403);
}

#[test]
fn x14_unframed_client_cannot_switch_formats() {
    let mut door = door(false);
    let fixed = EventKind::from(Cause::FormatFixed.report());
    assert_eq!(replies(door.handle_line("format json", Framing::Unframed)), [fixed, ask(GREETING)]);
    assert_eq!(door.rendering(), Rendering::TcpChat);
}

#[test]
fn rendering_follows_the_client() {
    let mut json = door(false);
    assert_eq!(replies(json.handle_line("format json", Framing::Lines)), [EventKind::Format(Format::Json)]);
    assert_eq!(json.rendering(), Rendering::Json);
    let mut tcp_chat = door(false);
    tcp_chat.handle_line("alice_room", Framing::Unframed);
    assert_eq!(tcp_chat.rendering(), Rendering::TcpChat);
    let mut chat77 = door(false);
    chat77.greet();
    chat77.handle_line("LOGIN", Framing::Unframed);
    assert_eq!(chat77.rendering(), Rendering::Chat77);
}
