//! The lines of all events, in all dialects.

use super::*;
use crate::cause::Cause;
use crate::event::{More, SignInDetails};
use crate::qr::{USUAL_COLUMNS, lines_for_terminal};
use crate::room_overview::RoomOverview;
use crate::time::OffsetDateTime;
use proptest::prelude::*;

fn written(what: EventKind<'_>, dialect: Dialect, longest: usize) -> String {
    let mut out = Vec::new();
    write(&what.at(OffsetDateTime { unix_ms: 1_795_271_000_000, offset_s: 0 }), dialect, longest, &mut out);
    String::from_utf8(out).unwrap()
}

fn said() -> EventKind<'static> {
    EventKind::Said { id: 1, room: "ops".into(), user: "alice".into(), text: "hello".into() }
}

#[test]
fn encrypted_chats_are_keyword_lines_in_text_and_sentences_in_lantalk() {
    let line_and_sentence = |what: EventKind<'static>| {
        [Dialect::Lines, Dialect::LanTalk].map(|dialect| written(what.clone(), dialect, 999))
    };
    let connected = EventKind::DirectConnected { with: "bob".into(), fingerprint: "12345".into() };
    let [line, sentence] = line_and_sentence(connected);
    assert_eq!(line, "DIRECT_CONNECTED:bob:12345\n");
    assert!(sentence.starts_with("Encrypted chat with bob") && sentence.contains("12345 "), "{sentence}");
    let [line, sentence] = line_and_sentence(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    assert_eq!(line, "DIRECT_REQUEST_FROM:bob:00\n");
    assert!(sentence.ends_with("/accept bob or /reject bob\n"), "{sentence}");
    for what in [
        EventKind::DirectReady { user: "bob".into(), key: "00".into(), addresses: "10.0.0.1:5000".into() },
        EventKind::DirectRejected { by: "bob".into() },
        EventKind::DirectEnded { with: "bob".into(), reason: "bob left".into() },
    ] {
        let [line, sentence] = line_and_sentence(what);
        assert!(line.starts_with("DIRECT_") && !sentence.contains("DIRECT_"), "{line}{sentence}");
    }
    for dialect in [Dialect::Lines, Dialect::LanTalk] {
        let talk = |own| written(EventKind::DirectTalk { with: "bob".into(), own, text: "hi".into() }, dialect, 999);
        assert_eq!([talk(false), talk(true)], ["[Direct] bob: hi\n", "[Direct] to bob: hi\n"]);
    }
}

#[test]
fn talk_has_the_form_of_each_dialect() {
    for (dialect, room, all) in [
        (Dialect::Lines, "alice: hello\n", "[all] alice: hello\n"),
        (Dialect::Elsewhere, "[ops] alice: hello\n", "[all] alice: hello\n"),
        (Dialect::TcpChat, "alice - hello\n", "alice - hello\n"),
        (Dialect::Chat77, "alice: hello\n", "alice: hello\n"),
    ] {
        assert_eq!(written(said(), dialect, 1_000), room);
        let to_all = EventKind::SaidToAll { id: 1, user: "alice".into(), text: "hello".into() };
        assert_eq!(written(to_all, dialect, 1_000), all);
    }
}

#[test]
fn a_mesh_writes_the_lines_of_its_predecessor() {
    let user = || Text::from("alice");
    for (what, line) in [
        (said(), "14:23:20 alice: hello\n"),
        (recalled(Location::Room("mesh".into())), "14:23:20 alice: hi\n"),
        (EventKind::Joined { user: user(), room: "mesh".into() }, "alice joined chat\n"),
        (EventKind::Disconnected { user: user() }, "alice left chat\n"),
        (EventKind::info("so it is"), "INFO: so it is\n"),
    ] {
        assert_eq!(written(what, Dialect::Mesh, 1_000), line);
    }
}

fn recalled(place: Location<'static>) -> EventKind<'static> {
    EventKind::Recalled { id: 1, place, user: "alice".into(), text: "hi".into(), edited: false }
}

/// Messages of alice that `by` removed, from three minutes before the event.
fn deleted(count: u64, by: &'static str, room: Option<&'static str>) -> EventKind<'static> {
    let ids = (1..=count).collect();
    let room = room.map(Text::from);
    EventKind::Deleted { room, ids, user: "alice".into(), by: by.into(), said_ms: 1_795_271_000_000 - 180_000 }
}

#[test]
fn changes_of_messages_name_the_room_where_it_is_not_the_current_one() {
    let edited = || EventKind::Edited { id: 1, room: "ops".into(), user: "alice".into(), text: "hi".into() };
    for (what, dialect, line) in [
        (edited(), Dialect::Elsewhere, "[ops] alice (edited): hi\n"),
        (edited(), Dialect::TcpChat, "alice (edited) - hi\n"),
        (deleted(1, "bob", Some("ops")), Dialect::Elsewhere, "INFO: [ops] bob removed a message of alice (14:20)\n"),
        (deleted(1, "alice", Some("ops")), Dialect::LanTalk, "alice removed a message (14:20)\n"),
    ] {
        assert_eq!(written(what, dialect, 1_000), line);
    }
    assert!(crate::UserName::parse("alice (edited)").is_err(), "no user has such a name");
}

#[test]
fn events_are_written_as_the_lines_of_the_protocol() {
    let name = || Text::from("alice");
    for (what, line) in [
        (EventKind::Direct { id: 1, from: name(), text: "hi".into(), kept: false }, "[PM] alice: hi\n"),
        (EventKind::Direct { id: 1, from: name(), text: "hi".into(), kept: true }, "[PM 2026-11-21 14:23] alice: hi\n"),
        (recalled(Location::Room("ops".into())), "[ops 2026-11-21 14:23] alice: hi\n"),
        (recalled(Location::Global), "[all 2026-11-21 14:23] alice: hi\n"),
        (recalled(Location::DirectMessage { to: "bob".into() }), "[PM 2026-11-21 14:23] alice to bob: hi\n"),
        (
            EventKind::Rules { room: "ops".into(), rules: Box::new(RoomOverview::default()) },
            "INFO: ops is run by: the owners of the server\nINFO: Topic: none\n\
             INFO: Who may enter: invited users only; banned: none\n\
             INFO: Who may speak: all users; muted: none\n",
        ),
        (EventKind::RecallEnd { count: 0, remark: "".into(), next: None }, "INFO: no messages\n"),
        (
            EventKind::Transcribed { id: 7, room: "ops".into(), user: name(), text: "hi".into(), edited: true },
            "[7] 2026-11-21 14:23 alice (edited): hi\n",
        ),
        (EventKind::Edited { id: 7, room: "ops".into(), user: name(), text: "hi".into() }, "alice (edited): hi\n"),
        (deleted(1, "alice", Some("ops")), "INFO: alice removed a message (14:20)\n"),
        (deleted(1, "bob", Some("ops")), "INFO: bob removed a message of alice (14:20)\n"),
        (deleted(3, "bob", Some("ops")), "INFO: bob removed 3 messages of alice (since 14:20)\n"),
        (deleted(1, "bob", None), "INFO: [all] bob removed a message of alice (14:20)\n"),
        (
            EventKind::RecallEnd { count: 2, remark: "x".into(), next: Some("/history before 7".into()) },
            "INFO: 2 messages (x); more: /history before 7\n",
        ),
        (
            EventKind::Seen { seconds: 60, users: vec![name()], part: Part::default() },
            "Online in the last 60 s: alice\n",
        ),
        (
            EventKind::Gathered { room: None, came: 37, went: 12, users: vec![name(), "bob".into()] },
            "+37 joined, 12 left: alice, bob, …\n",
        ),
        (
            EventKind::Gathered { room: Some("ops".into()), came: 0, went: 1, users: vec![name()] },
            "+0 joined, 1 left ops: alice\n",
        ),
        (EventKind::Blocked { users: vec![], part: Part::default() }, "Blocked: none\n"),
        (EventKind::PrivateRequest { from: name() }, "PRIVATE_REQUEST_FROM:alice\n"),
        (EventKind::PrivateConnected { with: name() }, "PRIVATE_CONNECTED:alice\n"),
        (EventKind::PrivateRejected { by: name() }, "PRIVATE_REJECTED:alice\n"),
        (EventKind::PrivateEnded { with: name(), reason: "ended".into() }, "PRIVATE_ENDED:alice:ended\n"),
        (EventKind::Private { from: name(), text: "hi".into() }, "[Private] alice: hi\n"),
        (EventKind::Connected { user: name(), encrypted: false }, "alice has connected to the chatroom\n"),
        (EventKind::Disconnected { user: name() }, "alice has left the chatroom\n"),
        (EventKind::Renamed { from: name(), to: "bob".into() }, "alice is now bob\n"),
        (EventKind::Joined { user: name(), room: "ops".into() }, "alice joined ops\n"),
        (EventKind::Left { user: name(), room: "ops".into() }, "alice left ops\n"),
        (
            EventKind::Online { users: vec![name(), "bob".into()], unencrypted: Box::default(), part: Part::default() },
            "Online clients: alice, bob\n",
        ),
        (EventKind::PrivateChats { users: vec![], part: Part::default() }, "Private chats: none\n"),
        (EventKind::Rooms { rooms: vec![("ops".into(), 2)], part: Part::default() }, "Rooms: ops (2)\n"),
        (EventKind::info("done"), "INFO: done\n"),
        (EventKind::error(404, "no such user"), "ERROR: 404 no such user\n"),
        (EventKind::Error { code: None, text: "no".into() }, "ERROR: no\n"),
        (Cause::InvalidMode.report().into(), "ERROR: Invalid auth mode\n"),
        (Cause::AlreadyHere.report().into(), "This alias is already logged in\n"),
        (Cause::Kicked.report().with_reason("noise").into(), "INFO: You have been kicked.\nINFO: Reason: noise\n"),
        (EventKind::Done { id: None, repeated: false }, ""),
        (EventKind::Pong("x".into()), "PONG x\n"),
        (EventKind::Pong("".into()), "PONG\n"),
    ] {
        assert_eq!(written(what, Dialect::Lines, 4_096), line);
    }
}

#[test]
fn address_of_the_page_has_a_code_for_users_of_a_terminal() {
    let link = || EventKind::Link { room: "ops".into(), url: "http://10.0.0.5:8080/#ops".into() };
    let line = "INFO: ops in a browser: http://10.0.0.5:8080/#ops\n";
    let code = lines_for_terminal("http://10.0.0.5:8080/#ops", USUAL_COLUMNS).join("\n");
    assert_eq!(written(link(), Dialect::Lines, 4_096), format!("{line}{code}\n"));
    for unframed in [Dialect::TcpChat, Dialect::Chat77] {
        assert_eq!(written(link(), unframed, 1_000), line);
    }
    assert_eq!(written(link(), Dialect::LanTalk, 4_096), line.replace("INFO: ", ""));
    assert_eq!(plain(&link().at(OffsetDateTime::default())), line.trim_end());
}

#[test]
fn reports_begin_with_their_kind() {
    for (report, start) in [
        (Cause::Entered.with_room("ops"), "INFO: "),
        (Cause::NoSuchUser.with_user("alice"), "ERROR: 404 "),
        (Cause::UnknownCommand.with_word("x"), "ERROR: 400 "),
    ] {
        let line = format!("{start}{}\n", report.sentence());
        assert_eq!(written(report.into(), Dialect::Lines, 4_096), line);
    }
}

#[test]
fn unframed_clients_get_bare_sign_in_answers() {
    let signed_in = |account, encrypted| EventKind::Welcome {
        user: "a".into(),
        server: "S".into(),
        room: "r".into(),
        account,
        grant: Box::new(SignInDetails { encrypted, ..SignInDetails::default() }),
    };
    let welcome = |account| signed_in(account, false);
    assert_eq!(written(welcome(false), Dialect::TcpChat, 1_000), "200\n");
    assert_eq!(written(welcome(true), Dialect::Chat77, 1_000), "AUTH_SUCCESS\n");
    let refused = EventKind::Refused(Cause::NameTaken.report().with_text("no"));
    assert_eq!(written(refused.clone(), Dialect::TcpChat, 1_000), "403\n");
    assert_eq!(written(refused, Dialect::Lines, 1_000), "403 no\n");
    let lines = [false, true].map(|account| written(welcome(account), Dialect::Lines, 1_000));
    assert_eq!(lines[0], "200 Welcome to S, a. You are in r; /help lists the commands.\n");
    assert_eq!(lines[1], format!("AUTH_SUCCESS\n{} {PASSWORD_SENT}\n", lines[0].trim_end()));
    assert_eq!(written(signed_in(true, true), Dialect::Lines, 1_000), format!("AUTH_SUCCESS\n{}", lines[0]));
}

#[test]
fn a_long_list_is_cut_between_names() {
    let users: Vec<Text<'_>> = (0..300).map(|i| format!("user-number-{i}").into()).collect();
    let text =
        written(EventKind::Online { users, unencrypted: Box::default(), part: Part::default() }, Dialect::Lines, 4_096);
    assert!(text.lines().count() > 1);
    for line in text.lines() {
        assert!(line.len() <= 4_096 && line.starts_with("Online clients: user-") && !line.ends_with(','));
    }
    assert_eq!(text.matches("user-").count(), 300);
}

#[test]
fn x2_a_page_ends_with_the_command_for_the_next_page() {
    let part = || Part { after: None, more: Some(More { count: 412, next: "/rooms after zeta".into() }) };
    let page = || EventKind::Rooms { rooms: vec![("ops".into(), 2), ("zeta".into(), 1)], part: part() };
    let lines = "Rooms: ops (2), zeta (1)\nINFO: and 412 more: /rooms after zeta\n";
    for dialect in [Dialect::Lines, Dialect::Elsewhere, Dialect::Mesh, Dialect::TcpChat, Dialect::Chat77] {
        assert_eq!(written(page(), dialect, 1_000), lines);
    }
    assert_eq!(written(page(), Dialect::LanTalk, 1_000), lines.replace("INFO: ", ""));
    let event = page().at(OffsetDateTime::default());
    assert_eq!(plain(&event), "Rooms: ops (2), zeta (1), and 412 more: /rooms after zeta");
}

#[test]
fn the_prefix_of_a_list_is_no_valid_name() {
    let lists = [
        EventKind::Online { users: vec![], unencrypted: Box::default(), part: Part::default() },
        EventKind::Seen { seconds: 60, users: vec![], part: Part::default() },
        EventKind::Blocked { users: vec![], part: Part::default() },
        EventKind::Members { room: "ops".into(), users: vec![], unencrypted: Box::default(), part: Part::default() },
        EventKind::PrivateChats { users: vec![], part: Part::default() },
        EventKind::Rooms { rooms: vec![], part: Part::default() },
    ];
    for list in lists {
        let line = written(list, Dialect::Lines, 4_096);
        let (prefix, _) = line.split_once(": ").unwrap();
        assert!(crate::UserName::parse(prefix).is_err(), "{line}");
    }
}

const DIALECTS: [Dialect; 6] =
    [Dialect::Lines, Dialect::Elsewhere, Dialect::TcpChat, Dialect::Chat77, Dialect::Mesh, Dialect::LanTalk];

/// All events that carry a text of a user.
fn messages(name: &str, text: &str) -> Vec<EventKind<'static>> {
    let name = || Text::from(name.to_owned());
    let text = || Text::from(text.to_owned());
    let recalled = |place| EventKind::Recalled { id: 1, place, user: name(), text: text(), edited: true };
    vec![
        EventKind::Said { id: 1, room: name(), user: name(), text: text() },
        EventKind::SaidToAll { id: 1, user: name(), text: text() },
        EventKind::Direct { id: 1, from: name(), text: text(), kept: false },
        EventKind::Direct { id: 1, from: name(), text: text(), kept: true },
        recalled(Location::Room(name())),
        recalled(Location::Global),
        recalled(Location::DirectMessage { to: name() }),
        EventKind::Transcribed { id: 7, room: name(), user: name(), text: text(), edited: false },
        EventKind::Edited { id: 1, room: name(), user: name(), text: text() },
        EventKind::Private { from: name(), text: text() },
        EventKind::DirectTalk { with: name(), own: false, text: text() },
        EventKind::DirectTalk { with: name(), own: true, text: text() },
        EventKind::Info(text()),
        EventKind::Pong(text()),
        EventKind::error(400, text()),
    ]
}

#[test]
fn a9_each_line_of_a_message_has_the_prefix() {
    let code = "if x:\n    return\n\nINFO: you have been kicked";
    for (what, prefix) in messages("bob", code).into_iter().zip([
        "bob: ",
        "[all] bob: ",
        "[PM] bob: ",
        "[PM 2026-11-21 14:23] bob: ",
        "[bob 2026-11-21 14:23] bob (edited): ",
        "[all 2026-11-21 14:23] bob (edited): ",
        "[PM 2026-11-21 14:23] bob to bob (edited): ",
        "[7] 2026-11-21 14:23 bob: ",
        "bob (edited): ",
        "[Private] bob: ",
        "[Direct] bob: ",
        "[Direct] to bob: ",
        "INFO: ",
        "PONG ",
        "ERROR: 400 ",
    ]) {
        let lines: String = code.split('\n').map(|line| format!("{prefix}{line}\n")).collect();
        assert_eq!(written(what, Dialect::Lines, 4_096), lines);
    }
    let flat = "if x: return INFO: you have been kicked";
    let said = || EventKind::Said { id: 1, room: "ops".into(), user: "bob".into(), text: code.into() };
    assert_eq!(written(said(), Dialect::Chat77, 1_000), format!("bob: {flat}\n"));
    assert_eq!(written(said(), Dialect::TcpChat, 1_000), format!("bob - {flat}\n"));
    assert_eq!(written(said(), Dialect::Mesh, 1_000).matches("14:23:20 bob: ").count(), 4);
}

#[test]
fn an_action_has_a_sign_that_no_name_has_on_each_line() {
    let action = "/me waves\nINFO: you have been kicked\nbob: hi";
    for (what, prefix) in messages("bob", action).into_iter().zip([
        "* bob ",
        "[all] * bob ",
        "[PM] * bob ",
        "[PM 2026-11-21 14:23] * bob ",
        "[bob 2026-11-21 14:23] * bob (edited) ",
        "[all 2026-11-21 14:23] * bob (edited) ",
        "[PM 2026-11-21 14:23] * bob to bob (edited) ",
        "[7] 2026-11-21 14:23 * bob ",
        "* bob (edited) ",
        "[Private] * bob ",
        "[Direct] * bob ",
    ]) {
        let lines: String = action[4..].split('\n').map(|line| format!("{prefix}{line}\n")).collect();
        assert_eq!(written(what, Dialect::Lines, 4_096), lines);
    }
    let said = || EventKind::Said { id: 1, room: "ops".into(), user: "bob".into(), text: "/me waves".into() };
    for (dialect, line) in [
        (Dialect::Elsewhere, "[ops] * bob waves\n"),
        (Dialect::TcpChat, "* bob waves\n"),
        (Dialect::Chat77, "* bob waves\n"),
        (Dialect::Mesh, "14:23:20 * bob waves\n"),
    ] {
        assert_eq!(written(said(), dialect, 1_000), line);
    }
    assert!(crate::UserName::parse("*").is_err() && crate::UserName::parse("* bob").is_err());
}

/// Texts and names with many line ends and forged prefixes.
fn forged() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => Just("\n".to_owned()),
        2 => prop::sample::select(vec!["INFO: ", "bob: ", "[PM] bob: ", "\r", "  ", "\u{2028}"]).prop_map(str::to_owned),
        2 => any::<String>(),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_forges_the_prefix_of_a_line(name in forged(), text in forged()) {
        for dialect in DIALECTS {
            for (what, short) in messages(&name, &text).into_iter().zip(messages(&name, "x")) {
                let short = written(short, dialect, 1_000);
                let prefix = short.strip_suffix("x\n").unwrap();
                if text.is_empty() {
                    continue;
                }
                let out = written(what, dialect, 1_000);
                prop_assert!(out.ends_with('\n') && !prefix.contains('\n'));
                let shown: Vec<&str> = out.split_terminator('\n').collect();
                let rest = shown.iter().map(|line| line.strip_prefix(prefix)).collect::<Option<Vec<&str>>>();
                prop_assert!(rest.is_some(), "{:?} in {:?}", prefix, out);
                let rest = rest.unwrap_or_default();
                match dialect {
                    Dialect::TcpChat | Dialect::Chat77 => prop_assert_eq!(rest.concat(), flatten(&text)),
                    Dialect::LanTalk => prop_assert_eq!(rest, [&*flatten(&text)]),
                    _ => prop_assert_eq!(rest, text.split('\n').collect::<Vec<_>>()),
                }
            }
        }
    }

    /// Each line of an action begins with the sign and the name of its author, whatever its text: so it is no line of
    /// another user, of another kind or of the server.
    #[test]
    fn no_action_forges_the_prefix_of_a_line(name in "[a-z]{1,9}", text in forged()) {
        let action = format!("/me {text}");
        if action_of(&action).is_none() {
            return Ok(());
        }
        for dialect in DIALECTS {
            for (what, short) in messages(&name, &action).into_iter().zip(messages(&name, "/me x")).take(9) {
                let short = written(short, dialect, 1_000);
                let prefix = short.strip_suffix("x\n").unwrap();
                prop_assert!(prefix.contains(&format!("* {name} ")), "{:?}", prefix);
                let out = written(what, dialect, 1_000);
                for line in out.split_terminator('\n') {
                    prop_assert!(line.starts_with(prefix), "{:?} in {:?}", prefix, out);
                }
            }
        }
    }

    #[test]
    fn a_long_unframed_message_is_cut_between_characters_and_each_part_has_the_prefix(text in "[a-zäöü€𝄞 ]{0,2000}") {
        let what = EventKind::Said { id: 1, room: "ops".into(), user: "alice".into(), text: text.clone().into() };
        let out = written(what, Dialect::Chat77, 1_000);
        let mut joined = String::new();
        for line in out.lines() {
            prop_assert!(line.len() <= 1_000);
            joined.push_str(line.strip_prefix("alice: ").unwrap());
        }
        prop_assert_eq!(joined, text);
    }
}
