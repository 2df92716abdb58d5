//! Parsing and writing command objects.

use super::*;
use crate::command::{MessageRef, RoomAction};
use proptest::prelude::*;

fn parse(line: &str) -> Request<'_> {
    Request::parse(line).unwrap()
}

#[test]
fn objects_name_their_room_and_user() {
    let say = parse(r#"{"type":"say","room":"ops","text":"two\nlines","label":"7"}"#);
    assert_eq!(say.command(), Ok(Command::SayIn { room: "ops", text: "two\nlines" }));
    assert_eq!(say.answer_label().as_deref(), Some("7"));
    for (line, command) in [
        (r#"{"type":"say","room":"all","text":"hi"}"#, Command::All("hi")),
        (
            r#"{"type":"history","room":"ops","after":5}"#,
            Command::HistoryIn { room: "ops", ask: HistoryQuery::After(5) },
        ),
        (r#"{"type":"history","with":"bob"}"#, Command::History(HistoryQuery::With("bob"))),
        (r#"{"type":"history"}"#, Command::History(HistoryQuery::Last(20))),
        (r#"{"type":"rooms","after":"ops"}"#, Command::Rooms { after: Some("ops") }),
        (r#"{"type":"link","room":"ops"}"#, Command::Link(Some("ops"))),
        (r#"{"type":"block"}"#, Command::Blocked { after: None }),
        (r#"{"type":"accept"}"#, Command::Accept(None)),
        (r#"{"type":"ack","seq":9}"#, Command::Ack(9)),
        (r#"{"type":"register","password":" p w "}"#, Command::Register { password: Some("p w") }),
        (
            r#"{"type":"pm","to":"bob","text":"{\"type\":1}","unknown":[]}"#,
            Command::Message { to: "bob", text: r#"{"type":1}"# },
        ),
    ] {
        assert_eq!(parse(line).command(), Ok(command), "{line}");
    }
}

#[test]
fn what_is_no_command_says_why() {
    for line in [
        r#"{"type":"say","text":"x"}"#,
        r#"{"type":"say","room":"x"}"#,
        r#"{"type":"shout"}"#,
        "{}",
        r#"{"type":"history","last":0}"#,
        r#"{"type":"rooms","after":5}"#,
        r#"{"type":"history","last":5,"before":4}"#,
        r#"{"type":"format","format":"xml"}"#,
        r#"{"type":"register"}"#,
        r#"{"type":"password","new":"x"}"#,
    ] {
        assert_eq!(parse(line).command().unwrap_err().cause, Cause::BadObject, "{line}");
    }
    let long = format!(r#"{{"type":"ping","label":"{}"}}"#, "x".repeat(65));
    for line in ["{", "{\"type\":5}", "[1]", "{\"type\":\"say\"", &long, &"[".repeat(30_000)] {
        let (label, why) = Request::parse(line).unwrap_err();
        assert_eq!((label, why.cause), (None, Cause::BadObject), "{}", &line[..line.len().min(30)]);
    }
    let quoting = format!(r#"{{"type":"ack","seq":"{}"}}"#, "x".repeat(60_000));
    let why = Request::parse(&quoting).unwrap_err().1;
    assert!(why.sentence().len() < 300, "x2: an answer does not grow with the line");
    assert_eq!(Request::parse(r#"{"type":5,"label":"a"}"#).unwrap_err().0.as_deref(), Some("a"));
}

#[test]
fn sign_ins_are_read() {
    let sign_in = |line: &str| parse(line).sign_in();
    assert_eq!(
        sign_in(r#"{"type":"guest","user":"a"}"#),
        Some(Ok(SignIn::Guest { user: "a".into(), name_token: None }))
    );
    let with_token = SignIn::Guest { user: "a".into(), name_token: Some("t".into()) };
    assert_eq!(sign_in(r#"{"type":"guest","user":"a","name_token":"t"}"#), Some(Ok(with_token)));
    let (user, password) = ("a".into(), "p w".into());
    assert_eq!(sign_in(r#"{"type":"login","user":"a","password":" p w"}"#), Some(Ok(SignIn::Login { user, password })));
    assert!(sign_in(r#"{"type":"login","user":"a"}"#).unwrap().is_err());
    assert_eq!(sign_in(r#"{"type":"say"}"#), None);
    let rooms = parse(r#"{"type":"resume","token":"x","rooms":{"lobby":5,"ops":null}}"#).rooms.unwrap();
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), [("lobby".into(), Some(5)), ("ops".into(), None)]);
}

fn in_room<'a>(room: &'a str, action: RoomAction<'a>) -> Command<'a> {
    Command::InRoom { room: Some(room), action }
}

#[test]
fn a_message_to_take_back_and_a_place_are_named_in_one_way() {
    for (line, why) in [
        (r#"{"type":"delete","id":5}"#, "room is missing"),
        (r#"{"type":"delete","room":"ops","id":5,"to":"bob"}"#, "id or to, not both"),
        (r#"{"type":"edit","room":"ops","id":5}"#, "text is missing"),
        (r#"{"type":"transcript","room":"ops","after":"bob"}"#, "after is an id here"),
        (r#"{"type":"topic","room":"ops","text":"tea","everywhere":true}"#, "everywhere is for ban and unban"),
        (r#"{"type":"topic","text":"tea","everywhere":true}"#, "everywhere is for ban and unban"),
        (r#"{"type":"say","room":"ops","text":"tea","everywhere":true}"#, "everywhere is for ban and unban"),
        (r#"{"type":"ban","room":"ops","to":"bob","everywhere":true}"#, "room or everywhere, not both"),
    ] {
        let refusal = Request::parse(line).unwrap().command().unwrap_err();
        assert_eq!(refusal.about.word.as_deref(), Some(why), "{line}");
    }
    let topic = Request::parse(r#"{"type":"topic","room":"ops","everywhere":false}"#).unwrap();
    assert_eq!(topic.command(), Ok(in_room("ops", RoomAction::Topic(None))));
}

fn word() -> impl Strategy<Value = String> {
    "[a-z]{1,8}"
}

proptest! {
    #[test]
    fn objects_and_commands_are_inverse(a in word(), t in any::<String>(), n in 1..=u64::MAX, on in any::<bool>(), pick in any::<prop::sample::Index>()) {
        let after = on.then_some(&*t);
        let commands = [
            Command::SayIn { room: &a, text: &t }, Command::All(&t), Command::Online { after }, Command::Others { after },
            Command::Members { room: &a, after }, Command::Since { seconds: n, after }, Command::Message { to: &a, text: &t }, Command::Connect(&a),
            Command::Accept(None), Command::Accept(Some(&a)), Command::Reject(Some(&a)), Command::Chats { after },
            Command::Private { to: Some(&a), text: &t }, Command::End(None), Command::End(Some(&a)), Command::Direct(&a),
            Command::DirectText { to: &a, text: &t }, Command::DirectStop(&a), Command::DirectKey(&a), Command::Trust(&a),
            Command::DirectAccept { to: &a, key: &a, addresses: &t }, Command::Block(&a), Command::Away(None), Command::Whois(&a), Command::Nick(&a), Command::Away(Some(&t)), Command::Blocked { after }, Command::Unblock(&a),
            Command::Join(&a), Command::Leave(Some(&a)), Command::Rooms { after }, Command::Link(Some(&a)),
            Command::HistoryIn { room: &a, ask: HistoryQuery::Before(n) }, Command::Search { words: &t, before: Some(n) },
            Command::Ping(Some(&t)), Command::Ack(n), Command::Alive, Command::Quit,
            in_room(&a, RoomAction::Delete { message: MessageRef::OfUser(&a), minutes: on.then_some(n) }),
            in_room(&a, RoomAction::Delete { message: MessageRef::Id(n), minutes: None }),
            in_room(&a, RoomAction::Edit { text: &t, id: on.then_some(n) }), in_room(&a, RoomAction::Pin(MessageRef::Newest)),
            in_room(&a, RoomAction::Pin(MessageRef::Id(n))), in_room(&a, RoomAction::Unpin),
            in_room(&a, RoomAction::Transcript { after: on.then_some(n) }),
            Command::Register { password: Some(&a) }, Command::Password(Some(PasswordChange { old: &a, new: &a })),
        ];
        let command = *pick.get(&commands);
        let line = Request::of_command(&command, None).unwrap().to_line();
        prop_assert!(!line.contains('\n') && Request::is_object(&line));
        let read = Request::parse(&line).unwrap();
        prop_assert_eq!(read.command(), Ok(command), "{}", line);
    }

    #[test]
    fn any_line_is_read_without_a_panic(line in any::<String>(), fields in "\\{(\"(type|label|room|after|rooms)\":([0-9]|\"[a-z]\"|\\{\\}|null),?){0,4}\\}?") {
        for line in [&line, &fields] {
            if let Ok(request) = Request::parse(line) {
                let _ = (request.command(), request.sign_in());
            }
        }
    }
}

#[test]
fn f12_the_label_of_a_cut_object_is_read_where_it_is_certain() {
    let cut = |line: &str| label_in_beginning(line.as_bytes());
    let label = Some("7".to_owned());
    assert_eq!(cut(r#"{"label":"7","type":"say","text":"aaa"#), label);
    assert_eq!(cut(r#" {"type":"say", "rooms":{"label":"x"},"\u006cabel" : "7","text":"\u00"#), label);
    assert_eq!(cut(r#"{"label":"7","text"#), label);
    for uncertain in [
        r#"{"type":"say","text":"\"label\":\"7\""#,
        r#"{"rooms":{"label":"7"#,
        r#"{"rooms":[{"label":"7"},"#,
        r#"{"label":"7"#,
        r#"{"label":7,"text":"a"#,
        r#"{"label":"7","label":"8","text":"a"#,
        r#"{"label":"7",text:"a"#,
        r#"{"label":"7"}   "#,
        r#"["label","7""#,
        "",
    ] {
        assert_eq!(cut(uncertain), None, "{uncertain}");
    }
    let long = format!(r#"{{"label":"{}","text":"a"#, "x".repeat(65));
    assert_eq!(cut(&long), None);
    assert_eq!(label_in_beginning(b"{\"label\":\"7\",\"text\":\"\xc3"), label, "a character is cut");
}
