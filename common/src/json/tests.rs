use super::{read, write};
use crate::cause::{Cause, Details, Report};
use crate::command::Format;
use crate::event::{Event, EventKind, More, Part, Reply, SignInDetails, Text};
use crate::history::Location;
use crate::room_overview::{PinnedMessage, RoomOverview, ServerOverview, Standing};
use crate::time::OffsetDateTime;
use crate::whois::Whois;
use proptest::prelude::*;
use std::borrow::Cow;

fn line(what: EventKind<'_>) -> String {
    let mut out = Vec::new();
    write(&what.at(OffsetDateTime { unix_ms: 1_795_271_000_123, offset_s: 0 }), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn objects_have_the_documented_form() {
    let said = EventKind::Said { id: 42, room: "lobby".into(), user: "alice".into(), text: "hello".into() };
    assert_eq!(
        line(said),
        "{\"type\":\"message\",\"ts\":\"14:23\",\"at\":1795271000123,\"id\":42,\"room\":\"lobby\",\"user\":\"alice\",\"text\":\"hello\"}\n"
    );
    let lines = line(EventKind::Private { from: "bob".into(), text: "if x:\n    y".into() });
    assert!(lines.contains(r#""text":"if x:\n    y""#) && lines.matches('\n').count() == 1, "{lines}");
    assert_eq!(line(EventKind::Format(Format::Json)), "{\"type\":\"system\",\"event\":\"format\",\"text\":\"json\"}\n");
    assert!(
        line(EventKind::Connected { user: "bob".into(), encrypted: true })
            .contains("\"text\":\"bob has connected to the chatroom\"")
    );
    assert!(line(EventKind::error(404, "no such room")).contains("\"code\":404"));
    let no_such_user = line(Cause::NoSuchUser.with_user("bob").into());
    for field in [
        "\"type\":\"error\"",
        "\"event\":\"no_such_user\"",
        "\"cause\":\"no_such_user\"",
        "\"code\":404",
        "\"user\":\"bob\"",
    ] {
        assert!(no_such_user.contains(field), "{no_such_user}");
    }
    let entered = line(Cause::Entered.with_room("ops").into());
    assert!(entered.contains("\"event\":\"info\",\"cause\":\"entered\"") && entered.contains("You are in ops now"));
    let unknown = r#"{"type":"error","cause":"of_tomorrow","code":418,"text":"so it is"}"#;
    let EventKind::Report(report) = read(unknown).unwrap().what else { panic!() };
    assert_eq!((report.cause, report.code(), &*report.sentence()), (Cause::Other, Some(418), "so it is"));
}

#[test]
fn x2_a_page_has_each_name_once_and_the_next_command() {
    let part = Part { after: Some("ops".into()), more: Some(More { count: 412, next: "/rooms after zeta".into() }) };
    let page = line(EventKind::Rooms { rooms: vec![("zeta".into(), 1)], part });
    let fields = r#""after":"ops","more":412,"next":"/rooms after zeta","rooms":[["zeta",1]],"text":"and 412 more: /rooms after zeta"}"#;
    assert!(page.ends_with(&format!("{fields}\n")), "{page}");
    let whole = line(EventKind::Rooms { rooms: vec![("zeta".into(), 1)], part: Part::default() });
    assert!(whole.ends_with("\"rooms\":[[\"zeta\",1]],\"text\":\"Rooms: zeta (1)\"}\n"), "{whole}");
}

#[test]
fn a5_messages_of_the_server_itself_are_marked() {
    let id = 7;
    let user = || Text::from("Landline (server)");
    let text = || Text::from("lunch");
    let place = Location::Room("lobby".into());
    for what in [
        EventKind::Said { id, room: "lobby".into(), user: user(), text: text() },
        EventKind::SaidToAll { id, user: user(), text: text() },
        EventKind::Recalled { id, place, user: user(), text: text(), edited: false },
        EventKind::Edited { id, room: "lobby".into(), user: user(), text: text() },
    ] {
        let written = line(what);
        assert!(written.contains(r#""user":"Landline (server)","server":true"#), "{written}");
    }
    let of_a_user = line(EventKind::Said { id, room: "lobby".into(), user: "server1".into(), text: text() });
    assert!(!of_a_user.contains("\"server\""), "{of_a_user}");
}

#[test]
fn other_lines_are_no_events() {
    for text in ["", "[]", "5", "{}", "{\"type\":5}", "{\"type\":\"message\"}", "{\"type\":\"system\",\"event\":\"?\"}"]
    {
        assert_eq!(read(text), None, "{text}");
    }
}

fn text() -> impl Strategy<Value = Text<'static>> {
    any::<String>().prop_map(Cow::Owned)
}

fn texts() -> impl Strategy<Value = Vec<Text<'static>>> {
    prop::collection::vec(text(), 0..4)
}

fn names() -> impl Strategy<Value = Box<[Text<'static>]>> {
    texts().prop_map(Vec::into_boxed_slice)
}

fn place() -> impl Strategy<Value = Location<'static>> {
    prop_oneof![
        text().prop_map(Location::Room),
        Just(Location::Global),
        text().prop_map(|to| Location::DirectMessage { to })
    ]
}

fn grant() -> impl Strategy<Value = SignInDetails<'static>> {
    let some = || prop::option::of(text());
    (1..9u64, some(), some(), any::<[bool; 2]>(), texts(), prop::option::of(any::<(u64, u64)>())).prop_map(
        |(protocol, token, name_token, [resumed, encrypted], member_of, rate)| SignInDetails {
            protocol,
            token,
            name_token,
            resumed,
            member_of,
            rate,
            encrypted,
        },
    )
}

/// A report as `read` returns it, with its sentence.
fn report() -> impl Strategy<Value = Report<'static>> {
    let causes = [Cause::Entered, Cause::NoSuchUser, Cause::UnknownCommand, Cause::AlreadyHere, Cause::InvalidMode];
    let some = || prop::option::of(text());
    let number = || prop::option::of(any::<u64>());
    let about = (some(), some(), some(), (number(), number()), number(), number(), some(), some(), some());
    (prop::sample::select(causes.to_vec()), about, text()).prop_map(|(cause, about, text)| {
        let (user, by, room, (seconds, id), count, retry_ms, word, hint, reason) = about;
        let about = Box::new(Details { user, by, room, seconds, id, count, retry_ms, word, hint, reason });
        Report { cause, about, text: Some(text), code: None }
    })
}

fn reply() -> impl Strategy<Value = Option<Reply<'static>>> {
    prop::option::of((text(), any::<bool>()).prop_map(|(label, done)| Reply { label, done }))
}

fn part() -> impl Strategy<Value = Part<'static>> {
    let more = prop::option::of((any::<usize>(), text()).prop_map(|(count, next)| More { count, next }));
    (prop::option::of(text()), more).prop_map(|(after, more)| Part { after, more })
}

fn overview() -> impl Strategy<Value = RoomOverview> {
    let names = || prop::collection::vec("[a-z]{1,4}", 0..3);
    let hands = prop::collection::vec(("[a-z]{1,4}", ".*"), 0..3);
    let you = any::<(bool, bool, Option<u64>, bool, Option<u64>)>();
    let lists = (names(), names(), names(), names(), hands);
    let pin = prop::option::of((any::<u64>(), any::<i64>(), "[a-z]{1,4}", ".*"));
    let server =
        prop::option::of(any::<(bool, bool, Vec<(String, Option<u64>)>)>().prop_map(
            |(doors_closed, whispers_owners, banned)| ServerOverview { doors_closed, whispers_owners, banned },
        ));
    let of_server = (server, names());
    let set = any::<(Option<String>, [bool; 3], u64, u64)>();
    (set, lists, you, pin, of_server).prop_map(|(set, lists, you, pin, (server, server_owners))| {
        let (topic, [open, has_key, quiet], slow, more_hands) = set;
        let pin = pin.map(|(id, at, user, text)| PinnedMessage { id, at, user, text });
        let (owners, banned, muted, floor, hands) = lists;
        let you = Standing { owner: you.0, muted: you.1, seconds: you.2, floor: you.3, hand: you.4 };
        let rules = RoomOverview {
            owners,
            server_owners,
            topic,
            pin,
            open,
            has_key,
            quiet,
            slow,
            banned,
            muted,
            you,
            server,
            ..RoomOverview::default()
        };
        RoomOverview { hands, more_hands, floor, ..rules }
    })
}

fn any_what() -> impl Strategy<Value = EventKind<'static>> {
    let two = || (text(), text());
    prop_oneof![
        (text(), any::<bool>(), any::<Option<i64>>(), prop::option::of(text()), prop::collection::vec(text(), 0..3))
            .prop_map(|(user, account, since, away, rooms)| {
                let (client, room, address) = (away.clone(), away.clone(), away.clone());
                let (idle_minutes, last_seen) = (since.map(i64::unsigned_abs), since);
                let standing = rooms.clone();
                let encrypted = since.map(|since| since % 2 == 0);
                let times = Whois { since, idle_minutes, last_seen, encrypted, ..Whois::default() };
                EventKind::Whois(Box::new(Whois {
                    user,
                    account,
                    client,
                    away,
                    rooms,
                    room,
                    standing,
                    address,
                    ..times
                }))
            }),
        (any::<u64>(), text(), text(), text()).prop_map(|(id, room, user, text)| EventKind::Said {
            id,
            room,
            user,
            text
        }),
        (any::<u64>(), two()).prop_map(|(id, (user, text))| EventKind::SaidToAll { id, user, text }),
        (any::<u64>(), two(), any::<bool>()).prop_map(|(id, (from, text), kept)| EventKind::Direct {
            id,
            from,
            text,
            kept
        }),
        (any::<u64>(), place(), two(), any::<bool>())
            .prop_map(|(id, place, (user, text), edited)| { EventKind::Recalled { id, place, user, text, edited } }),
        (any::<u64>(), text(), two(), any::<bool>())
            .prop_map(|(id, room, (user, text), edited)| { EventKind::Transcribed { id, room, user, text, edited } }),
        (any::<u64>(), text(), two()).prop_map(|(id, room, (user, text))| EventKind::Edited { id, room, user, text }),
        (prop::option::of(text()), prop::collection::vec(any::<u64>(), 0..4), two(), any::<i32>())
            .prop_map(|(room, ids, (user, by), said)| EventKind::Deleted { room, ids, user, by, said_ms: said.into() }),
        (any::<usize>(), text(), prop::option::of(text())).prop_map(|(shown, remark, next)| EventKind::RecallEnd {
            count: shown,
            remark,
            next
        }),
        (prop::option::of(text()), any::<u32>(), any::<u32>(), texts()).prop_map(|(room, came, went, users)| {
            EventKind::Gathered { room, came: came as usize, went: went as usize, users }
        }),
        (any::<u64>(), texts(), part()).prop_map(|(seconds, users, part)| EventKind::Seen { seconds, users, part }),
        two().prop_map(|(room, url)| EventKind::Link { room, url }),
        (texts(), part()).prop_map(|(users, part)| EventKind::Blocked { users, part }),
        two().prop_map(|(from, text)| EventKind::Private { from, text }),
        text().prop_map(|from| EventKind::PrivateRequest { from }),
        text().prop_map(|with| EventKind::PrivateConnected { with }),
        text().prop_map(|by| EventKind::PrivateRejected { by }),
        two().prop_map(|(with, reason)| EventKind::PrivateEnded { with, reason }),
        two().prop_map(|(from, key)| EventKind::DirectRequest { from, key }),
        (text(), two()).prop_map(|(user, (key, addresses))| EventKind::DirectReady { user, key, addresses }),
        text().prop_map(|by| EventKind::DirectRejected { by }),
        two().prop_map(|(with, fingerprint)| EventKind::DirectConnected { with, fingerprint }),
        (two(), any::<bool>()).prop_map(|((with, text), own)| EventKind::DirectTalk { with, own, text }),
        two().prop_map(|(with, reason)| EventKind::DirectEnded { with, reason }),
        (text(), any::<bool>()).prop_map(|(user, encrypted)| EventKind::Connected { user, encrypted }),
        text().prop_map(|user| EventKind::Disconnected { user }),
        two().prop_map(|(from, to)| EventKind::Renamed { from, to }),
        two().prop_map(|(user, room)| EventKind::Joined { user, room }),
        two().prop_map(|(user, room)| EventKind::Left { user, room }),
        (text(), overview()).prop_map(|(room, rules)| EventKind::Rules { room, rules: Box::new(rules) }),
        (texts(), names(), part()).prop_map(|(users, unencrypted, part)| EventKind::Online {
            users,
            unencrypted,
            part
        }),
        (text(), texts(), names(), part()).prop_map(|(room, users, unencrypted, part)| EventKind::Members {
            room,
            users,
            unencrypted,
            part
        }),
        (texts(), part()).prop_map(|(users, part)| EventKind::PrivateChats { users, part }),
        (prop::collection::vec((text(), any::<usize>()), 0..4), part())
            .prop_map(|(rooms, part)| EventKind::Rooms { rooms, part }),
        text().prop_map(EventKind::Info),
        (prop::option::of(any::<u16>()), text()).prop_map(|(code, text)| EventKind::Error { code, text }),
        report().prop_map(EventKind::Report),
        (prop::option::of(any::<u64>()), any::<bool>()).prop_map(|(id, repeated)| EventKind::Done { id, repeated }),
        (text(), any::<u32>(), any::<bool>(), any::<bool>()).prop_map(|(room, shown, missed, more)| {
            EventKind::CaughtUp { room, count: shown as usize, missed, more }
        }),
        Just(EventKind::Ping),
        any::<bool>().prop_map(|needs_password| EventKind::AskAll { needs_password }),
        text().prop_map(EventKind::Pong),
        text().prop_map(EventKind::Ask),
        (text(), text(), text(), any::<bool>(), grant()).prop_map(|(user, server, room, account, grant)| {
            EventKind::Welcome { user, server, room, account, grant: Box::new(grant) }
        }),
        report().prop_map(|report| EventKind::Refused(Report {
            about: Box::new(Details { reason: None, ..*report.about }),
            ..report
        })),
    ]
}

proptest! {
    #[test]
    fn an_event_is_read_as_it_was_written(what in any_what(), unix_ms in any::<i32>(), reply in reply(),
            seq in prop::option::of(any::<u64>()), nonce in prop::option::of(text())) {
        let event = Event { reply, seq, nonce, ..what.at(OffsetDateTime { unix_ms: unix_ms.into(), offset_s: 0 }) };
        let mut out = Vec::new();
        write(&event, &mut out);
        let line = String::from_utf8(out).unwrap();
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(read(line.trim_end()), Some(event));
    }
}
